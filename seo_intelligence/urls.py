"""Addresses of seo_intelligence under /api/v1/."""

from typing import Any

from django.urls import URLPattern, path

from seo_intelligence.views.alerts import AlertDeliveryViewSet, AlertRuleViewSet
from seo_intelligence.views.audits import (
    AuditFixViewSet,
    AuditIssueViewSet,
    AuditPageViewSet,
    SiteAuditViewSet,
)
from seo_intelligence.views.checks import CheckSettingsView, ChecksView
from seo_intelligence.views.competitors import CompetitorViewSet
from seo_intelligence.views.keywords import ExportImportView, KeywordViewSet, ProviderViewSet, SeriesViewSet
from seo_intelligence.views.schedules import AuditScheduleViewSet

_list: dict[str, Any] = {"get": "list"}
_collection: dict[str, Any] = {"get": "list", "post": "create"}
_detail: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}


# A plain list that is the whole answer: no pages, no filters.
_whole: dict[str, Any] = {"pagination_class": None, "filterset_class": None}


def _audit(name: str, method: str = "get", **options: Any) -> URLPattern:
    view = SiteAuditViewSet.as_view({method: name}, **options)
    return path(f"seo/audits/<uuid:pk>/{name}/", view, name=f"seo-audit-{name}")


urlpatterns: list[URLPattern] = [
    path("seo/audits/", SiteAuditViewSet.as_view(_collection), name="seo-audit-list"),
    path(
        "seo/audits/<uuid:pk>/",
        SiteAuditViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="seo-audit-detail",
    ),
    _audit("cancel", "post"),
    _audit("resume", "post"),
    _audit("overview"),
    _audit("diff"),
    _audit("links"),
    _audit("graph"),
    _audit("demand", **_whole),
    _audit("export"),
    path("seo/audits/<uuid:pk>/pages/", AuditPageViewSet.as_view(_list), name="seo-audit-pages"),
    path(
        "seo/audits/<uuid:pk>/pages/<uuid:page_id>/",
        SiteAuditViewSet.as_view({"get": "page"}),
        name="seo-audit-page",
    ),
    path("seo/audits/<uuid:pk>/fixes/", AuditFixViewSet.as_view(_list), name="seo-audit-fixes"),
    path("seo/audits/<uuid:pk>/issues/", AuditIssueViewSet.as_view(_list), name="seo-audit-issues"),
    path("seo/checks/", ChecksView.as_view(), name="seo-check-list"),
    path("seo/check-settings/", CheckSettingsView.as_view(), name="seo-check-settings"),
    path("seo/schedules/", AuditScheduleViewSet.as_view(_collection), name="seo-schedule-list"),
    path("seo/schedules/<uuid:pk>/", AuditScheduleViewSet.as_view(_detail), name="seo-schedule-detail"),
    path("seo/competitors/", CompetitorViewSet.as_view(_collection), name="seo-competitor-list"),
    path(
        "seo/competitors/compare/",
        CompetitorViewSet.as_view({"get": "compare"}),
        name="seo-competitor-compare",
    ),
    path("seo/competitors/<uuid:pk>/", CompetitorViewSet.as_view(_detail), name="seo-competitor-detail"),
    path(
        "seo/competitors/<uuid:pk>/audit/",
        CompetitorViewSet.as_view({"post": "audit"}),
        name="seo-competitor-audit",
    ),
    path("seo/keywords/", KeywordViewSet.as_view(_collection), name="seo-keyword-list"),
    path("seo/keywords/classify/", KeywordViewSet.as_view({"post": "classify"}), name="seo-keyword-classify"),
    path("seo/keywords/fetch/", KeywordViewSet.as_view({"post": "fetch"}), name="seo-keyword-fetch"),
    path("seo/keywords/import/", ExportImportView.as_view(), name="seo-keyword-import"),
    path("seo/keywords/<uuid:pk>/", KeywordViewSet.as_view(_detail), name="seo-keyword-detail"),
    path(
        "seo/keywords/<uuid:pk>/series/",
        KeywordViewSet.as_view({"get": "series"}, **_whole),
        name="seo-keyword-series",
    ),
    path(
        "seo/keywords/<uuid:pk>/ideas/",
        KeywordViewSet.as_view({"get": "ideas"}, **_whole),
        name="seo-keyword-ideas",
    ),
    path("seo/series/<uuid:pk>/", SeriesViewSet.as_view({"get": "retrieve"}), name="seo-series-detail"),
    path(
        "seo/series/<uuid:pk>/analysis/",
        SeriesViewSet.as_view({"get": "analysis"}),
        name="seo-series-analysis",
    ),
    path("seo/providers/", ProviderViewSet.as_view(_list), name="seo-provider-list"),
    path(
        "seo/providers/<slug:name>/",
        ProviderViewSet.as_view({"put": "update", "delete": "destroy"}),
        name="seo-provider-detail",
    ),
    path("seo/alert-rules/", AlertRuleViewSet.as_view(_collection), name="seo-alert-rule-list"),
    path("seo/alert-rules/<uuid:pk>/", AlertRuleViewSet.as_view(_detail), name="seo-alert-rule-detail"),
    path("seo/alert-deliveries/", AlertDeliveryViewSet.as_view(_list), name="seo-alert-delivery-list"),
]
