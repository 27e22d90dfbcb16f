"""The activity log: rows are added, never changed or removed (database triggers see to it).

No foreign keys: the log must outlive the users and teams it tells of.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import TeamManager


class ActivityChain(models.Model):
    """The head of one hash chain: a team's, a user's (events outside teams), or the nil id's (no known user)."""

    id = models.UUIDField(primary_key=True, editable=False)
    sequence = models.BigIntegerField(default=0)
    head_hash = models.CharField(max_length=64, blank=True, default="")

    def __str__(self) -> str:
        return f"{self.id} at {self.sequence}"


class ActivityLog(models.Model):
    """One action. ``hash`` covers every column and ``previous_hash``, so a changed or missing row shows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    chain_id = models.UUIDField()
    sequence = models.BigIntegerField()
    team_id = models.UUIDField(null=True)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    api_key_id = models.UUIDField(null=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    object_label = models.CharField(max_length=200, blank=True, default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    ip_address = models.CharField(max_length=45, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    previous_hash = models.CharField(max_length=64, blank=True, default="")
    hash = models.CharField(max_length=64)

    objects: ClassVar[TeamManager] = TeamManager()

    class Meta:
        ordering = ["-created_at", "-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["chain_id", "sequence"], name="activity_sequence_once")
        ]
        indexes = [
            models.Index(fields=["team_id", "-created_at"], name="activity_team_recent"),
            models.Index(fields=["actor_id", "-created_at"], name="activity_actor_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_type} {self.object_id}"
