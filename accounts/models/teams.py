"""The tenant, who is in it with which role, and what it has used of its plan."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel import plugins
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import TeamManager


class Role(models.TextChoices):
    OWNER = plugins.OWNER
    ADMIN = plugins.ADMIN
    MEMBER = plugins.MEMBER
    VIEWER = plugins.VIEWER


class Team(models.Model):
    """``limits`` overrides single plan limits of the installation: {"projects": 50, "members": null}."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=120)
    is_personal = models.BooleanField(default=False)
    requires_two_factor = models.BooleanField(default=False)
    limits = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class TeamMembership(models.Model):
    """A user in a team. ``project_ids`` null: all projects of the team; a list: only those."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role.choices)
    project_ids = models.JSONField(null=True, blank=True, default=None)
    is_suspended = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TeamManager] = TeamManager()

    class Meta:
        ordering = ["created_at"]
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.role} {self.user_id} in {self.team_id}"


class UsageCounter(models.Model):
    """What a team has used of one plan limit; ``period`` is ``YYYY-MM`` for monthly limits, else empty."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=40)
    period = models.CharField(max_length=7, blank=True, default="")
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key", "period"], name="usage_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.period} {self.used}"
