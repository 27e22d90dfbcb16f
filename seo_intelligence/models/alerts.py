"""Alerts: whom to tell when a score drops or a new error appears, and what was sent."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.fields import EncryptedTextField
from plugzero_api.kernel.tenancy import TeamOwnedModel
from seo_intelligence.models.audits import SiteAudit


class AlertEvent(models.TextChoices):
    SCORE_DROP = "SCORE_DROP", "The score fell"
    NEW_ERROR = "NEW_ERROR", "A new error appeared"


class DeliveryChannel(models.TextChoices):
    WEBHOOK = "WEBHOOK", "Signed HTTP request"
    EMAIL = "EMAIL", "E-mail to the rule's owner"


class DeliveryStatus(models.TextChoices):
    PENDING = "PENDING", "Waits"
    SENT = "SENT", "Sent"
    FAILED = "FAILED", "Could not be sent"


class AlertRule(TeamOwnedModel):
    """When and how to tell. ``threshold`` is the fall of the score in points, or the number of new errors."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    alert_event = models.CharField(max_length=10, choices=AlertEvent.choices)
    threshold = models.DecimalField(max_digits=7, decimal_places=2, default=1)
    delivery_channel = models.CharField(max_length=7, choices=DeliveryChannel.choices)
    webhook_url = models.CharField(max_length=2000, blank=True, default="")
    webhook_secret = EncryptedTextField(blank=True, default="")
    is_active = models.BooleanField(default=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.alert_event} by {self.delivery_channel}"


class AlertDelivery(TeamOwnedModel):
    """One message of a rule about an audit; written with the audit's result, sent by a task, once."""

    rule = models.ForeignKey(AlertRule, on_delete=models.CASCADE, related_name="deliveries")
    audit = models.ForeignKey(SiteAudit, on_delete=models.CASCADE, related_name="+")
    content = models.JSONField()
    delivery_status = models.CharField(
        max_length=7, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING
    )
    error = models.CharField(max_length=300, blank=True, default="")
    sent_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["rule", "audit"], name="seo_alert_once")
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.delivery_status}"
