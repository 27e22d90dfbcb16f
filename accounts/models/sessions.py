"""A sign-in on one device: the family all refresh tokens of that sign-in belong to."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from plugzero_api.kernel.ids import uuid7


class Session(models.Model):
    """``generation`` numbers the refresh tokens: only the newest is good, its predecessor for seconds more."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions")
    generation = models.PositiveIntegerField(default=1)
    rotated_at = models.DateTimeField(null=True)
    user_agent = models.CharField(max_length=300, blank=True, default="")
    ip_address = models.CharField(max_length=45, blank=True, default="")
    two_factor_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        ordering = ["-last_used_at"]
        indexes = [models.Index(fields=["expires_at"], name="session_expiry")]

    def __str__(self) -> str:
        return str(self.id)
