"""Reads for this app's own views."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from plugzero_api.kernel.errors import NotFound
from seo_intelligence.logic.checks.registry import CATEGORIES, all_checks
from seo_intelligence.models import (
    AlertDelivery,
    AlertRule,
    AuditedPage,
    AuditSchedule,
    CompetitorDomain,
    IssueCause,
    KeywordSeries,
    KeywordTarget,
    PageIssue,
    SiteAudit,
)


class PageNotFound(NotFound):
    code = "page_not_found"
    title = "The audit has no such page"


def list_audits() -> QuerySet[SiteAudit]:
    return SiteAudit.objects.defer("site_facts", "checks_run").order_by("-created_at")


def list_pages(audit: SiteAudit) -> QuerySet[AuditedPage]:
    return AuditedPage.objects.filter(audit=audit).defer("facts").order_by("-pagerank", "url")


def get_page(audit: SiteAudit, page_id: UUID) -> AuditedPage:
    """Raises ``PageNotFound``."""
    page = AuditedPage.objects.filter(audit=audit, pk=page_id).first()
    if page is None:
        raise PageNotFound
    return page


def list_causes(audit: SiteAudit) -> QuerySet[IssueCause]:
    return IssueCause.objects.filter(audit=audit).order_by("position")


def list_issues(audit: SiteAudit) -> QuerySet[PageIssue]:
    return PageIssue.objects.filter(audit=audit).order_by("check_id", "url", "pk")


def list_schedules() -> QuerySet[AuditSchedule]:
    return AuditSchedule.objects.order_by("-created_at")


def list_competitors() -> QuerySet[CompetitorDomain]:
    return CompetitorDomain.objects.order_by("domain", "pk")


def list_keywords() -> QuerySet[KeywordTarget]:
    return KeywordTarget.objects.order_by("query_key", "pk")


def list_series(keyword: KeywordTarget) -> QuerySet[KeywordSeries]:
    return KeywordSeries.objects.filter(keyword=keyword).order_by("metric", "provider", "created_at")


def list_rules() -> QuerySet[AlertRule]:
    return AlertRule.objects.order_by("-created_at")


def list_deliveries() -> QuerySet[AlertDelivery]:
    """Deliveries of the rules that the present scope may see."""
    return AlertDelivery.objects.filter(rule__in=AlertRule.objects.all()).order_by("-created_at")


def overview(audit: SiteAudit) -> dict[str, Any]:
    """Issue map by category and severity, and how the pages spread over statuses, depths and templates."""
    ran: dict[str, int] = {}
    for check_id in audit.checks_run:
        spec = all_checks().get(check_id)
        if spec is not None:
            ran[spec.category] = ran.get(spec.category, 0) + 1
    rows: dict[str, dict[str, Any]] = {
        category: {
            "category": category,
            "title": CATEGORIES[category],
            "error": 0,
            "warning": 0,
            "notice": 0,
            "points": Decimal(0),
            "checks_run": count,
            "checks_failed": 0,
        }
        for category, count in ran.items()
    }
    counted = (
        IssueCause.objects.filter(audit=audit)
        .order_by()
        .values("category", "severity")
        .annotate(issues=Sum("issues_count"), points=Sum("points"))
    )
    for item in counted:
        row = rows.get(item["category"])
        if row is not None:
            row[item["severity"]] += item["issues"]
            row["points"] += item["points"]
    failed = (
        IssueCause.objects.filter(audit=audit)
        .order_by()
        .values("category")
        .annotate(checks=Count("check_id", distinct=True))
    )
    for item in failed:
        if item["category"] in rows:
            rows[item["category"]]["checks_failed"] = item["checks"]
    pages = AuditedPage.objects.filter(audit=audit).order_by()
    return {
        "categories": list(rows.values()),
        "statuses": _spread(pages, "status", "no answer"),
        "depths": _spread(pages.filter(is_html=True), "depth", "sitemap only"),
        "templates": _spread(pages.filter(is_html=True).exclude(template=""), "template", "", limit=50),
        "fixes": audit.fixes_count,
        "affected_pages": audit.affected_pages,
    }


def _spread(pages: QuerySet[AuditedPage], field: str, unknown: str, limit: int = 200) -> list[dict[str, Any]]:
    counted = pages.values(field).annotate(pages=Count("pk")).order_by("-pages", field)[:limit]
    return [
        {"label": unknown if row[field] is None else str(row[field]), "pages": row["pages"]}
        for row in counted
    ]
