"""Audits, competitors, keywords and alerts for staff."""

from __future__ import annotations

from django.contrib import admin

from plugzero_api.kernel.admin import EveryTeamAdmin, ReadOnlyAdmin
from seo_intelligence.models import (
    AlertDelivery,
    AlertRule,
    AuditSchedule,
    CompetitorDomain,
    KeywordTarget,
    ProviderCharge,
    SiteAudit,
)


@admin.register(SiteAudit)
class SiteAuditAdmin(ReadOnlyAdmin):
    list_display = (
        "target_url",
        "team",
        "audit_status",
        "score",
        "pages_crawled",
        "error_code",
        "created_at",
    )
    list_filter = ("audit_status", "error_code", "end_reason")
    search_fields = ("target_url", "id__exact")
    list_select_related = ("team",)
    date_hierarchy = "created_at"


@admin.register(AuditSchedule)
class AuditScheduleAdmin(EveryTeamAdmin):
    list_display = ("target_url", "team", "recurrence", "is_active", "next_at", "last_error")
    list_filter = ("recurrence", "is_active")
    search_fields = ("target_url", "id__exact")
    list_select_related = ("team",)
    raw_id_fields = ("team", "project", "created_by")


@admin.register(CompetitorDomain)
class CompetitorDomainAdmin(ReadOnlyAdmin):
    list_display = ("domain", "team", "name", "created_at")
    search_fields = ("domain", "id__exact")
    list_select_related = ("team",)


@admin.register(KeywordTarget)
class KeywordTargetAdmin(ReadOnlyAdmin):
    list_display = ("query", "team", "country", "language", "device", "intent", "intent_source")
    list_filter = ("intent", "intent_source", "country")
    search_fields = ("query_key", "id__exact")
    list_select_related = ("team",)


@admin.register(ProviderCharge)
class ProviderChargeAdmin(ReadOnlyAdmin):
    list_display = ("provider", "operation", "team", "calls", "cost", "currency", "created_at")
    list_filter = ("provider", "operation")
    list_select_related = ("team",)
    date_hierarchy = "created_at"


@admin.register(AlertRule)
class AlertRuleAdmin(ReadOnlyAdmin):
    list_display = ("alert_event", "delivery_channel", "team", "threshold", "is_active", "created_at")
    list_filter = ("alert_event", "delivery_channel", "is_active")
    list_select_related = ("team",)
    exclude = ("webhook_secret",)


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("rule", "team", "delivery_status", "error", "created_at", "sent_at")
    list_filter = ("delivery_status",)
    list_select_related = ("team", "rule")
