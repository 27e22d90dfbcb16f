"""One-time links sent by e-mail: the row keeps a hash, the mail the token."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from plugzero_api.kernel.ids import uuid7


class LinkPurpose(models.TextChoices):
    VERIFY_EMAIL = "verify_email"
    RESET_PASSWORD = "reset_password"
    CHANGE_EMAIL_OLD = "change_email_old"
    CHANGE_EMAIL_NEW = "change_email_new"


class EmailLink(models.Model):
    """``email`` is the address the link was made for; the link dies when the account has another one."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=20, choices=LinkPurpose.choices)
    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(max_length=254)
    # The two confirmations of one change of address share a group.
    group_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "purpose"], name="emaillink_user_purpose")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.id}"
