"""Which lists can be filtered by what."""

from __future__ import annotations

import django_filters

from seo_intelligence.logic.compare import FindingState
from seo_intelligence.logic.keywords.intent import Intent
from seo_intelligence.logic.page import Severity
from seo_intelligence.logic.root_causes import CauseKind
from seo_intelligence.models import (
    AlertDelivery,
    AlertRule,
    AuditedPage,
    AuditSchedule,
    AuditStatus,
    CompetitorDomain,
    DeliveryStatus,
    IssueCause,
    KeywordTarget,
    PageIssue,
    SiteAudit,
)

SEVERITIES = [(item.value, item.value) for item in Severity]


class SiteAuditFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    competitor = django_filters.UUIDFilter(field_name="competitor_id")
    schedule = django_filters.UUIDFilter(field_name="schedule_id")
    own = django_filters.BooleanFilter(field_name="competitor", lookup_expr="isnull")
    audit_status = django_filters.ChoiceFilter(choices=AuditStatus.choices)
    search = django_filters.CharFilter(field_name="target_url", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=("created_at", "finished_at", "score"))

    class Meta:
        model = SiteAudit
        fields: list[str] = []


class AuditedPageFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(field_name="url", lookup_expr="icontains")
    status = django_filters.NumberFilter(field_name="status")
    status_min = django_filters.NumberFilter(field_name="status", lookup_expr="gte")
    status_max = django_filters.NumberFilter(field_name="status", lookup_expr="lte")
    is_indexable = django_filters.BooleanFilter()
    is_html = django_filters.BooleanFilter()
    in_sitemap = django_filters.BooleanFilter()
    template = django_filters.CharFilter(field_name="template")
    depth = django_filters.NumberFilter(field_name="depth")
    depth_min = django_filters.NumberFilter(field_name="depth", lookup_expr="gte")
    has_errors = django_filters.BooleanFilter(method="filter_errors")
    words_max = django_filters.NumberFilter(field_name="word_count", lookup_expr="lte")
    ordering = django_filters.OrderingFilter(
        fields=(
            "url", "status", "depth", "pagerank", "inlinks", "outlinks", "word_count", "size", "ttfb_ms",
            "errors_count", "warnings_count",
        )
    )  # fmt: skip

    class Meta:
        model = AuditedPage
        fields: list[str] = []

    def filter_errors(self, queryset: object, name: str, value: bool) -> object:
        condition = {"errors_count__gt": 0} if value else {"errors_count": 0}
        return queryset.filter(**condition)  # type: ignore[attr-defined]


class IssueCauseFilter(django_filters.FilterSet):
    severity = django_filters.ChoiceFilter(choices=SEVERITIES)
    category = django_filters.CharFilter()
    check_id = django_filters.CharFilter()
    cause_kind = django_filters.ChoiceFilter(choices=[(k.value, k.value) for k in CauseKind])
    ordering = django_filters.OrderingFilter(fields=("position", "points", "pages_count", "issues_count"))

    class Meta:
        model = IssueCause
        fields: list[str] = []


class PageIssueFilter(django_filters.FilterSet):
    severity = django_filters.ChoiceFilter(choices=SEVERITIES)
    category = django_filters.CharFilter()
    check_id = django_filters.CharFilter()
    cause = django_filters.UUIDFilter(field_name="cause_id")
    page = django_filters.UUIDFilter(field_name="page_id")
    state = django_filters.ChoiceFilter(choices=[(s.value, s.value) for s in FindingState])
    is_proven = django_filters.BooleanFilter()
    search = django_filters.CharFilter(field_name="url", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=("check_id", "url", "severity"))

    class Meta:
        model = PageIssue
        fields: list[str] = []


class AuditScheduleFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    is_active = django_filters.BooleanFilter()

    class Meta:
        model = AuditSchedule
        fields: list[str] = []


class CompetitorFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")

    class Meta:
        model = CompetitorDomain
        fields: list[str] = []


class KeywordFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    intent = django_filters.ChoiceFilter(choices=[(i.value, i.value) for i in Intent])
    country = django_filters.CharFilter()
    device = django_filters.CharFilter()
    search = django_filters.CharFilter(field_name="query_key", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=("query_key", "created_at", "intent"))

    class Meta:
        model = KeywordTarget
        fields: list[str] = []


class AlertRuleFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")

    class Meta:
        model = AlertRule
        fields: list[str] = []


class AlertDeliveryFilter(django_filters.FilterSet):
    rule = django_filters.UUIDFilter(field_name="rule_id")
    audit = django_filters.UUIDFilter(field_name="audit_id")
    delivery_status = django_filters.ChoiceFilter(choices=DeliveryStatus.choices)

    class Meta:
        model = AlertDelivery
        fields: list[str] = []
