"""How the inherited endpoint suite exercises the routes of seo_intelligence."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from decimal import Decimal
from typing import Any

from django.utils import timezone

from data_ingestion import services as ingestion
from plugzero_api.kernel.testing.cases import EndpointCase, RawBody, Scene
from seo_intelligence.models import (
    AlertDelivery,
    AlertRule,
    AuditedPage,
    AuditSchedule,
    AuditStatus,
    CompetitorDomain,
    IssueCause,
    KeywordSeries,
    KeywordTarget,
    PageIssue,
    ProviderConnection,
    SeriesPoint,
    SiteAudit,
)
from seo_intelligence.services.crawling import crawl_folder, url_hash

READ = frozenset({"get"})
TARGET = "https://shop.example/"


def project(scene: Scene) -> Any:
    return scene.once(
        "project",
        lambda: (
            ingestion.create_project(team_id=scene.team_id, actor=None, name=f"Project {scene.canary}").pk
        ),
    )


def competitor(scene: Scene) -> CompetitorDomain:
    return scene.once(
        "competitor",
        lambda: CompetitorDomain.objects.create(
            project_id=project(scene), domain=f"{scene.canary}.example", url=TARGET, name=scene.canary
        ),
    )


def finished_audit(scene: Scene, **fields: Any) -> SiteAudit:
    """A finished audit with indexable pages, one cause and one issue."""
    audit = SiteAudit.objects.create(
        **{
            "project_id": project(scene),
            "target_url": f"https://{scene.canary}.example/",
            "home_url": f"https://{scene.canary}.example/",
            "audit_status": AuditStatus.COMPLETED,
            "score": Decimal("83.3333"),
            "pages_crawled": 6,
            "indexable_pages": 6,
            "checks_run": {"ti.missing": "1"},
            "started_at": timezone.now(),
            "finished_at": timezone.now(),
            **fields,
        }
    )
    pages = [
        AuditedPage(
            audit=audit,
            url=f"{audit.home_url}{n}",
            url_hash=url_hash(f"{audit.home_url}{n}"),
            status=200,
            is_html=True,
            is_indexable=True,
            pagerank=1 / 6,
            title=scene.canary,
            depth=1,
        )
        for n in range(6)
    ]
    AuditedPage.objects.bulk_create(pages)
    cause = IssueCause.objects.create(
        audit=audit,
        key="0123456789abcdef",
        check_id="ti.missing",
        category="titles",
        severity="error",
        cause_kind="page",
        pages_count=1,
        issues_count=1,
        points=Decimal("16.6667"),
        position=0,
    )
    PageIssue.objects.create(
        audit=audit,
        page=pages[0],
        cause=cause,
        key="0123456789abcdef",
        check_id="ti.missing",
        category="titles",
        severity="error",
        url=pages[0].url,
        evidence={"title": scene.canary},
    )
    return audit


def audit(scene: Scene) -> SiteAudit:
    return scene.once("audit", lambda: finished_audit(scene))


def earlier_audit(scene: Scene) -> SiteAudit:
    return scene.once("earlier_audit", lambda: finished_audit(scene))


def pending_audit(scene: Scene) -> SiteAudit:
    """An audit whose task waits."""
    from seo_intelligence.services import audits

    audit_id, _ = audits.start_audit(
        team_id=scene.team_id,
        actor=None,
        project_id=project(scene),
        options={"target_url": f"https://{scene.canary}.example/"},
    )
    assert audit_id is not None
    return SiteAudit.objects.get(pk=audit_id)


def resumable_audit(scene: Scene) -> SiteAudit:
    row = finished_audit(scene, is_resumable=True)
    crawl_folder(row).mkdir(parents=True, exist_ok=True)
    return row


def schedule(scene: Scene) -> AuditSchedule:
    return AuditSchedule.objects.create(
        project_id=project(scene),
        target_url=f"https://{scene.canary}.example/",
        recurrence="WEEKLY",
        next_at=timezone.now() + dt.timedelta(days=1),
    )


def keyword(scene: Scene) -> KeywordTarget:
    return scene.once(
        "keyword",
        lambda: KeywordTarget.objects.create(
            project_id=project(scene),
            query=f"shoes {scene.canary}",
            query_key=f"shoes {scene.canary}",
            intent="informational",
            intent_kind="abstain",
        ),
    )


def series(scene: Scene) -> KeywordSeries:
    row = KeywordSeries.objects.create(
        keyword=keyword(scene),
        metric="volume",
        unit="searches/month",
        scale="absolute",
        provider="dataforseo",
        granularity="month",
    )
    SeriesPoint.objects.create(
        series=row, date=dt.date(2026, 1, 1), value=10.0, point_status="ok", retrieved_at=timezone.now()
    )
    return row


def rule(scene: Scene) -> AlertRule:
    return AlertRule.objects.create(
        project_id=project(scene),
        alert_event="NEW_ERROR",
        delivery_channel="WEBHOOK",
        webhook_url=f"https://{scene.canary}.example/hook",
    )


def delivery(scene: Scene) -> dict[str, Any]:
    AlertDelivery.objects.create(rule=rule(scene), audit=audit(scene), content={"about": scene.canary})
    return {}


def export_file(scene: Scene) -> RawBody:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("Queries.csv", "Top queries,Clicks,Impressions,CTR,Position\nred shoes,1,20,5%,3\n")
    boundary = "----case"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="project"\r\n\r\n{project(scene)}\r\n'.encode(),
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="export.zip"\r\n'
        "Content-Type: application/zip\r\n\r\n".encode()
        + out.getvalue()
        + b"\r\n",
        f"--{boundary}--\r\n".encode(),
    ]
    return RawBody(b"".join(parts), f"multipart/form-data; boundary={boundary}")


def connection(scene: Scene) -> dict[str, Any]:
    ProviderConnection.objects.get_or_create(
        project_id=project(scene), provider="wikimedia", defaults={"team_id": scene.team_id}
    )
    return {"name": "wikimedia"}


def compared(scene: Scene) -> dict[str, Any]:
    """A project with an audited competitor; the query that compares them."""
    audit(scene)
    finished_audit(scene, competitor=competitor(scene), target_url="https://rival.example/")
    return {"project": project(scene), "audit": audit(scene).pk}


def _pk(make: Any) -> Any:
    return lambda scene: {"pk": make(scene).pk}


def _read(make: Any, **query: Any) -> EndpointCase:
    return EndpointCase(kwargs=_pk(make), query={"get": query["query"]} if query else {}, project_bound=READ)


def _detail(make: Any, change: Any) -> EndpointCase:
    return EndpointCase(
        kwargs=_pk(make),
        body={"patch": lambda scene: dict(change)},
        project_bound=frozenset({"get", "patch", "delete"}),
    )


def _by_project(scene: Scene) -> dict[str, Any]:
    return {"project": project(scene)}


def _start(scene: Scene) -> dict[str, Any]:
    return {"project": project(scene), "target_url": TARGET}


CASES: dict[str, EndpointCase] = {
    "seo-audit-list": EndpointCase(
        body={"post": _start}, query={"get": lambda s: {"project": audit(s).project_id}}
    ),
    "seo-audit-detail": EndpointCase(kwargs=_pk(audit), project_bound=frozenset({"get", "delete"})),
    "seo-audit-cancel": EndpointCase(kwargs=_pk(pending_audit), project_bound=frozenset({"post"})),
    "seo-audit-resume": EndpointCase(
        kwargs=_pk(resumable_audit),
        body={"post": lambda s: {"max_pages": 10}},
        project_bound=frozenset({"post"}),
    ),
    "seo-audit-overview": _read(audit),
    "seo-audit-diff": _read(audit, query=lambda s: {"with": earlier_audit(s).pk}),
    "seo-audit-links": _read(audit, query=lambda s: {"url": TARGET}),
    "seo-audit-graph": _read(audit, query=lambda s: {"nodes": 5}),
    "seo-audit-demand": _read(audit),
    "seo-audit-export": _read(audit, query=lambda s: {"as": "csv", "table": "pages"}),
    "seo-audit-pages": _read(audit, query=lambda s: {"status": 200}),
    "seo-audit-page": EndpointCase(
        kwargs=lambda s: {
            "pk": audit(s).pk,
            "page_id": AuditedPage.objects.filter(audit=audit(s)).first().pk,
        },
        project_bound=READ,
    ),
    "seo-audit-fixes": _read(audit),
    "seo-audit-issues": _read(
        audit, query=lambda s: {"cause": IssueCause.objects.filter(audit=audit(s)).first().pk}
    ),
    "seo-check-list": EndpointCase(),
    "seo-check-settings": EndpointCase(
        query={"get": _by_project},
        body={"put": lambda s: {"project": project(s), "disabled": ["ti.missing"]}},
    ),
    "seo-schedule-list": EndpointCase(
        body={"post": lambda s: {**_start(s), "recurrence": "WEEKLY"}},
        query={"get": lambda s: {"project": schedule(s).project_id}},
    ),
    "seo-schedule-detail": _detail(schedule, {"is_active": False}),
    "seo-competitor-list": EndpointCase(
        body={"post": lambda s: {"project": project(s), "url": "https://new-rival.example/"}},
        query={"get": lambda s: {"project": competitor(s).project_id}},
    ),
    "seo-competitor-detail": _detail(competitor, {"name": "Rival"}),
    "seo-competitor-audit": EndpointCase(
        kwargs=_pk(competitor), body={"post": lambda s: {"max_pages": 10}}, project_bound=frozenset({"post"})
    ),
    "seo-competitor-compare": EndpointCase(query={"get": compared}),
    "seo-keyword-list": EndpointCase(
        body={"post": lambda s: {"project": project(s), "query": "red shoes"}},
        query={"get": lambda s: {"project": keyword(s).project_id}},
    ),
    "seo-keyword-classify": EndpointCase(body={"post": lambda s: {"query": "red shoes"}}),
    "seo-keyword-fetch": EndpointCase(
        body={
            "post": lambda s: {
                "project": project(s),
                "provider": "wikimedia",
                "capability": "interest",
                "start": "2026-01-01",
                "end": "2026-01-31",
                "keywords": [str(keyword(s).pk)],
            }
        }
    ),
    "seo-keyword-import": EndpointCase(body={"post": export_file}),
    "seo-keyword-detail": _detail(keyword, {"intent": "commercial"}),
    "seo-keyword-series": _read(keyword),
    "seo-keyword-ideas": EndpointCase(
        kwargs=_pk(keyword),
        query={"get": lambda s: {"provider": "project", "limit": 5}},
        project_bound=READ,
    ),
    "seo-series-detail": _read(series),
    "seo-series-analysis": _read(series),
    "seo-provider-list": EndpointCase(query={"get": _by_project}),
    "seo-provider-detail": EndpointCase(
        kwargs=connection,
        query={"delete": _by_project},
        body={"put": lambda s: {"project": project(s), "calls_per_day": 10}},
    ),
    "seo-alert-rule-list": EndpointCase(
        body={
            "post": lambda s: {
                "project": project(s),
                "alert_event": "SCORE_DROP",
                "delivery_channel": "WEBHOOK",
                "webhook_url": "https://hooks.example/x",
            }
        },
        query={"get": lambda s: {"project": rule(s).project_id}},
    ),
    "seo-alert-rule-detail": _detail(rule, {"is_active": False}),
    "seo-alert-delivery-list": EndpointCase(query={"get": lambda s: {**delivery(s), "audit": audit(s).pk}}),
}
