"""Keywords, their series, the pages' performance, and the providers they come from."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.fields import EncryptedTextField
from plugzero_api.kernel.tenancy import TeamOwnedModel
from seo_intelligence.logic.keywords.intent import InformationalKind, Intent
from seo_intelligence.logic.trends.series import Granularity, Metric, PointStatus, Scale
from seo_intelligence.models.audits import MAX_URL


def _choices(kind: type) -> list[tuple[str, str]]:
    return [(item.value, item.value) for item in kind]  # type: ignore[attr-defined]


class IntentSource(models.TextChoices):
    RULES = "RULES", "Classified by rules"
    MANUAL = "MANUAL", "Set by a person"


class KeywordTarget(TeamOwnedModel):
    """A query the project wants to be found for, in one market and on one kind of device."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    query = models.CharField(max_length=200)
    query_key = models.CharField(max_length=200)
    country = models.CharField(max_length=2, blank=True, default="")
    language = models.CharField(max_length=35, default="en")
    device = models.CharField(max_length=8, blank=True, default="")
    landing_url = models.CharField(max_length=MAX_URL, blank=True, default="")
    intent = models.CharField(max_length=14, choices=_choices(Intent))
    intent_kind = models.CharField(max_length=12, choices=_choices(InformationalKind), blank=True, default="")
    intent_source = models.CharField(max_length=6, choices=IntentSource.choices, default=IntentSource.RULES)
    intent_signals = models.JSONField(default=list)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["query_key"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["project", "query_key", "country", "language", "device"], name="seo_keyword_once"
            )
        ]

    def __str__(self) -> str:
        return self.query


class KeywordSeries(TeamOwnedModel):
    """One series of a keyword: one metric, unit, scale, provider, place, language and device. Never mixed."""

    keyword = models.ForeignKey(KeywordTarget, on_delete=models.CASCADE, related_name="series")
    metric = models.CharField(max_length=12, choices=_choices(Metric))
    unit = models.CharField(max_length=40)
    scale = models.CharField(max_length=16, choices=_choices(Scale))
    provider = models.CharField(max_length=40)
    geo = models.CharField(max_length=2, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="")
    device = models.CharField(max_length=8, blank=True, default="")
    granularity = models.CharField(max_length=5, choices=_choices(Granularity))
    request = models.CharField(max_length=40, blank=True, default="")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["metric", "provider"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=[
                    "keyword", "metric", "unit", "scale", "provider", "geo", "language", "device", "granularity",
                    "request",
                ],
                name="seo_series_once",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.metric} by {self.provider}"


class SeriesPoint(TeamOwnedModel):
    """One measurement with its provenance; ``value`` is null exactly when ``point_status`` is not ``ok``."""

    series = models.ForeignKey(KeywordSeries, on_delete=models.CASCADE, related_name="points")
    date = models.DateField()
    value = models.FloatField(null=True)
    point_status = models.CharField(max_length=12, choices=_choices(PointStatus))
    is_estimate = models.BooleanField(default=False)
    detail = models.CharField(max_length=MAX_URL, blank=True, default="")
    retrieved_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["date"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["series", "date"], name="seo_point_once"),
            models.CheckConstraint(
                condition=models.Q(point_status="ok", value__isnull=False)
                | (~models.Q(point_status="ok") & models.Q(value__isnull=True)),
                name="seo_point_value_iff_ok",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.date} {self.value}"


class PagePerformance(TeamOwnedModel):
    """What a search engine measured for a page over a period: weights of the score and of demand."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=MAX_URL)
    url_hash = models.CharField(max_length=32)
    provider = models.CharField(max_length=40)
    clicks = models.PositiveIntegerField()
    impressions = models.PositiveIntegerField()
    position = models.FloatField(null=True)
    period_start = models.DateField(null=True)
    period_end = models.DateField(null=True)
    retrieved_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-impressions"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "url_hash", "provider"], name="seo_performance_once")
        ]

    def __str__(self) -> str:
        return self.url


class ProviderConnection(TeamOwnedModel):
    """A project's access to a provider. Credentials are encrypted and never leave the server."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    credentials = EncryptedTextField(blank=True, default="")
    calls_per_day = models.PositiveIntegerField(null=True)
    cost_per_month = models.DecimalField(max_digits=10, decimal_places=4, null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["provider"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "provider"], name="seo_connection_once")
        ]

    def __str__(self) -> str:
        return self.provider


class ProviderCharge(TeamOwnedModel):
    """The ledger: calls made to a provider and what they cost."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    provider = models.CharField(max_length=40)
    operation = models.CharField(max_length=40)
    calls = models.PositiveIntegerField()
    cost = models.DecimalField(max_digits=12, decimal_places=6)
    currency = models.CharField(max_length=3, default="USD")

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project", "provider", "-created_at"], name="seo_charge_recent")
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.operation}"
