"""Keys for programs: they act as their maker in one team, within their scopes."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from plugzero_api.kernel.tenancy import TeamOwnedModel


class ApiKey(TeamOwnedModel):
    """The key itself is shown once; the row holds a visible prefix and an HMAC of the secret."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    last_used_ip = models.CharField(max_length=45, blank=True, default="")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"
