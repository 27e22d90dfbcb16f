"""An offer to join a team, sent to one e-mail address."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from accounts.models.teams import Role
from plugzero_api.kernel.tenancy import TeamOwnedModel


class Invitation(TeamOwnedModel):
    """Open while none of ``accepted_at`` and ``revoked_at`` is set and ``expires_at`` lies ahead."""

    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=10, choices=Role.choices)
    project_ids = models.JSONField(null=True, blank=True, default=None)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "email"],
                condition=models.Q(accepted_at__isnull=True, revoked_at__isnull=True),
                name="invitation_open_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.role} for {self.email}"
