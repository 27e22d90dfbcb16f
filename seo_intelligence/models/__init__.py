"""Rows of seo_intelligence by concept: audits, keywords, alerts."""

from seo_intelligence.models.alerts import (
    AlertDelivery,
    AlertEvent,
    AlertRule,
    DeliveryChannel,
    DeliveryStatus,
)
from seo_intelligence.models.audits import (
    AuditedPage,
    AuditSchedule,
    AuditStatus,
    CheckSettingsRow,
    CompetitorDomain,
    IssueCause,
    PageIssue,
    Recurrence,
    ScopeMode,
    SiteAudit,
)
from seo_intelligence.models.keywords import (
    IntentSource,
    KeywordSeries,
    KeywordTarget,
    PagePerformance,
    ProviderCharge,
    ProviderConnection,
    SeriesPoint,
)

__all__ = [
    "AlertDelivery",
    "AlertEvent",
    "AlertRule",
    "AuditSchedule",
    "AuditStatus",
    "AuditedPage",
    "CheckSettingsRow",
    "CompetitorDomain",
    "DeliveryChannel",
    "DeliveryStatus",
    "IntentSource",
    "IssueCause",
    "KeywordSeries",
    "KeywordTarget",
    "PageIssue",
    "PagePerformance",
    "ProviderCharge",
    "ProviderConnection",
    "Recurrence",
    "ScopeMode",
    "SeriesPoint",
    "SiteAudit",
]
