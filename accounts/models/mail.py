"""Mail to be sent: written in the transaction of what it tells about, sent by a task."""

from __future__ import annotations

from django.db import models

from plugzero_api.kernel.fields import EncryptedTextField
from plugzero_api.kernel.ids import uuid7


class OutgoingMail(models.Model):
    """``content`` (JSON of the template's values, with one-time tokens) is encrypted, and emptied once sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recipient = models.EmailField(max_length=254)
    template = models.CharField(max_length=60)
    content = EncryptedTextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.template} {self.id}"
