"""From the spooled facts of a crawl to issues, root causes, score and comparison: the second half of an audit.

The facts are read twice. The first pass builds the link graph and keeps every finding without its evidence,
which is what grouping and scoring need; the second writes the issues with their evidence, batch by batch. So
memory is bounded by the link graph and not by what the checks had to say.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import chain, islice
from typing import Any
from urllib.parse import urlsplit

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from data_ingestion import services as ingestion
from plugzero_api.kernel.tasks import Run
from seo_intelligence.logic import wire
from seo_intelligence.logic.checks.registry import CheckRunner, CheckSettings, all_checks
from seo_intelligence.logic.compare import (
    AuditScope,
    AuditSnapshot,
    Comparison,
    FindingKey,
    FindingState,
    compare_audits,
)
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Finding, Page, Severity, Site
from seo_intelligence.logic.root_causes import CauseKind, RootCause, fixes_summary, group_findings
from seo_intelligence.logic.score import HealthScore, ScoredPage, calculate_score
from seo_intelligence.logic.templates import assign_templates
from seo_intelligence.models import (
    AuditedPage,
    AuditStatus,
    IssueCause,
    PageIssue,
    PagePerformance,
    SiteAudit,
)
from seo_intelligence.models.audits import MAX_URL
from seo_intelligence.services.crawling import CrawlOutcome, spool_of, url_hash
from seo_intelligence.services.probing import check_resources

ISSUE_BATCH = 2_000
PUBLISH_BATCH = 5_000
MAX_EARLIER_AUDITS = 10
_TRUNCATING = frozenset({"host_unavailable", "child_died", "stalled", "cancelled"})
_SEVERITY_ORDER = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)


@dataclass(slots=True)
class Crawled:
    """A crawl in memory: the link graph, light findings in spool order, and how many came from pages."""

    graph: CrawlGraph
    site: Site
    findings: list[Finding] = field(default_factory=list)
    late: list[Finding] = field(default_factory=list)
    templates: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Judged:
    """What the findings come to."""

    causes: list[RootCause]
    cause_of: list[int]
    score: HealthScore[str]
    comparison: Comparison | None
    affected_pages: int
    fixes: int


def issue_key(check_id: str, url: str | None, target: str | None) -> str:
    """Identity of an issue from audit to audit: 16 hexadecimal digits."""
    return hashlib.sha256(
        f"{check_id}\x1f{url or ''}\x1f{target or ''}".encode("utf-8", "surrogatepass")
    ).hexdigest()[:16]


def caps_of(outcome: CrawlOutcome) -> list[str]:
    """Why the crawl did not see the whole site; empty when it did."""
    caps = list(outcome.caps)
    if outcome.reason in _TRUNCATING:
        caps.append(outcome.reason)
    return caps


def load_crawl(audit: SiteAudit, site: Site, caps: Sequence[str]) -> Crawled:
    """Build the link graph and collect the page findings without evidence."""
    listed = {entry.url: sitemap.url for sitemap in site.sitemaps for entry in sitemap.entries}
    crawled = Crawled(CrawlGraph(audit.home_url, caps), site)
    for record in _spooled(audit):
        page = wire.unpack_page(record["page"])
        if page.url in listed:
            page.in_sitemaps = (listed[page.url],)
        keep = page.url == audit.home_url
        if keep:
            site.home = page
        crawled.graph.add(page, keep_full=keep)
        crawled.findings += [wire.unpack_finding(row, evidence=False) for row in record["findings"]]
    crawled.graph.finish()
    html = {page.url: page.template for page in crawled.graph if page.is_html and page.is_ok}
    crawled.templates = assign_templates(html)
    return crawled


def _spooled(audit: SiteAudit) -> Iterator[dict[str, Any]]:
    """Spooled records, each URL once: the first that was stored, as in the table of pages."""
    seen: set[str] = set()
    for record in spool_of(audit).records():
        url = record["page"]["url"]
        if url not in seen:
            seen.add(url)
            yield record


def check_crawl(audit: SiteAudit, crawled: Crawled, settings: CheckSettings) -> None:
    """Run the checks that need the whole crawl or the site."""
    if audit.check_resources:
        graph = crawled.graph
        external = [(url, "external") for url in sorted(graph.external_targets())]
        files = sorted(graph.resource_urls().items())
        wanted = [item for pair in _alternate(external, files) for item in pair]
        crawled.site = replace(
            crawled.site, resources=check_resources(wanted, user_agent=crawled.site.user_agent)
        )
    runner = CheckRunner(crawled.site, settings)
    crawled.late = list(runner.finish(crawled.graph))
    crawled.findings += [replace(finding, evidence={}) for finding in crawled.late]


def forget_text(crawled: Crawled) -> None:
    """Drop what only the comparison of texts needed, once the checks have run."""
    for page in crawled.graph:
        page.shingles, page.ids, page.terms = b"", frozenset(), ()


def _alternate(left: list[tuple[str, str]], right: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    for i in range(max(len(left), len(right))):
        yield [*left[i : i + 1], *right[i : i + 1]]


def judge(audit: SiteAudit, crawled: Crawled, outcome: CrawlOutcome, caps: Sequence[str]) -> Judged:
    """Group, score and compare the findings."""
    findings = crawled.findings
    causes = group_findings(findings, crawled.templates)
    cause_of = [0] * len(findings)
    for number, cause in enumerate(causes):
        for index in cause.findings:
            cause_of[index] = number
    impressions = _impressions(audit)
    pages = [
        ScoredPage(page.url, page.pagerank, impressions.get(url_hash(page.url)) if impressions else None)
        for page in crawled.graph
        if page.indexable
    ]
    unscored = frozenset(check_id for check_id, spec in all_checks().items() if not spec.scored)
    keys = {id(finding): causes[number].key for finding, number in zip(findings, cause_of, strict=True)}
    score = calculate_score(
        pages,
        findings,
        lambda finding: keys[id(finding)],
        unscored=unscored,
        unvisited=outcome.queued,
        truncated=bool(caps),
    )
    affected, fixes = fixes_summary(causes, findings)
    comparison = _compare_with_previous(audit, crawled, caps)
    return Judged(causes, cause_of, score, comparison, affected, fixes)


def _impressions(audit: SiteAudit) -> dict[str, float]:
    rows = PagePerformance.objects.filter(project_id=audit.project_id).values_list("url_hash", "impressions")
    found: dict[str, float] = {}
    for key, impressions in rows:
        found[key] = max(float(impressions), found.get(key, 0.0))
    return found


# -- comparison with the audit before
# ---------------------------------------------------------------------------------
def audit_scope(audit: SiteAudit) -> AuditScope:
    """The settings that decide what an audit sees."""
    parts = urlsplit(audit.target_url)
    folder = parts.path.rpartition("/")[0] + "/" if audit.scope_mode == "folder" else "/"
    return AuditScope(
        host=(parts.hostname or "").removeprefix("www."),
        include_subdomains=audit.scope_mode == "subdomains",
        folder=folder,
        include=tuple(audit.include_patterns),
        exclude=tuple(audit.exclude_patterns),
        max_pages=audit.max_pages,
        max_depth=audit.max_depth,
        user_agent=audit.user_agent,
        obey_robots=audit.obey_robots,
    )


def snapshot(audit: SiteAudit) -> AuditSnapshot:
    """A finished audit as input to a comparison."""
    visited = AuditedPage.objects.filter(audit=audit, status__isnull=False).values_list("url", flat=True)
    rows = PageIssue.objects.filter(audit=audit).values_list("check_id", "url", "target")
    return AuditSnapshot(
        scope=audit_scope(audit),
        visited=frozenset(visited),
        checks=audit.checks_run,
        findings=frozenset(FindingKey(c, u or None, t) for c, u, t in rows.iterator(chunk_size=5_000)),
        truncated=bool(audit.caps),
    )


def _compare_with_previous(audit: SiteAudit, crawled: Crawled, caps: Sequence[str]) -> Comparison | None:
    previous = audit.previous
    if previous is None or previous.audit_status != AuditStatus.COMPLETED:
        return None
    if audit_scope(previous) != audit_scope(audit):
        return None
    current = AuditSnapshot(
        scope=audit_scope(audit),
        visited=frozenset(page.url[:MAX_URL] for page in crawled.graph if page.status is not None),
        checks=audit.checks_run,
        findings=frozenset(finding_key(finding) for finding in crawled.findings),
        truncated=bool(caps),
    )
    before = snapshot(previous)
    fresh = current.findings - before.findings
    return compare_audits(before, current, fixed_earlier(audit, previous, fresh))


def finding_key(finding: Finding) -> FindingKey:
    return FindingKey(
        finding.check_id,
        finding.url[:MAX_URL] if finding.url is not None else None,
        (finding.target or "")[:MAX_URL],
    )


def fixed_earlier(audit: SiteAudit, previous: SiteAudit, fresh: frozenset[FindingKey]) -> list[FindingKey]:
    """Those of the `fresh` findings that an audit before the previous one had."""
    if not fresh:
        return []
    earlier = (
        SiteAudit.objects.filter(
            project_id=audit.project_id,
            competitor_id=audit.competitor_id,
            target_url=audit.target_url,
            audit_status=AuditStatus.COMPLETED,
            created_at__lt=previous.created_at,
        )
        .order_by("-created_at")
        .values_list("pk", flat=True)[:MAX_EARLIER_AUDITS]
    )
    by_key = {issue_key(f.check_id, f.url, f.target): f for f in fresh}
    known = PageIssue.objects.filter(audit_id__in=list(earlier)).values_list("key", flat=True).distinct()
    return [by_key[key] for key in known.iterator(chunk_size=5_000) if key in by_key]


# -- writing
# ----------------------------------------------------------------------------------------------------------
def write_results(run: Run, audit: SiteAudit, crawled: Crawled, judged: Judged) -> None:
    """Replace the audit's issues and causes and complete its pages. Committed batch by batch; the audit's own row
    is written last, by the caller, with the end of the run."""
    page_ids = dict(AuditedPage.objects.filter(audit=audit).values_list("url_hash", "pk"))
    with run.fenced():
        PageIssue.objects.filter(audit=audit).delete()
        IssueCause.objects.filter(audit=audit).delete()
        cause_ids = _write_causes(audit, crawled, judged)
    total = len(crawled.findings)
    counts: dict[str, Counter[Severity]] = {}
    done = 0
    states = judged.comparison.states if judged.comparison else {}
    numbered = zip(_with_evidence(audit, crawled), judged.cause_of, strict=True)
    while batch := list(islice(numbered, ISSUE_BATCH)):
        rows = []
        for finding, number in batch:
            state = states.get(finding_key(finding)) if states else None
            rows.append(_issue_row(audit, finding, cause_ids[number], page_ids, state))
            if finding.url is not None:
                counts.setdefault(finding.url, Counter())[finding.severity] += 1
        with run.fenced():
            PageIssue.objects.bulk_create(rows, batch_size=500)
        done += len(batch)
        run.progress(done, total, stage="issues", message=f"{done} of {total} issues stored")
    with run.fenced():
        _complete_pages(crawled, page_ids, counts)


def _with_evidence(audit: SiteAudit, crawled: Crawled) -> Iterator[Finding]:
    """The findings again, in the order of `crawled.findings`, with their evidence."""
    pages = (wire.unpack_finding(row) for record in _spooled(audit) for row in record["findings"])
    return chain(pages, crawled.late)


def _write_causes(audit: SiteAudit, crawled: Crawled, judged: Judged) -> list[Any]:
    specs = all_checks()
    states = judged.comparison.states if judged.comparison else {}
    rows = []
    for position, cause in enumerate(judged.causes):
        fresh = 0
        if states:
            keys = (finding_key(crawled.findings[i]) for i in cause.findings)
            fresh = sum(states.get(key) in (FindingState.NEW, FindingState.REGRESSED) for key in keys)
        rows.append(
            IssueCause(
                team_id=audit.team_id,
                audit=audit,
                key=cause.key,
                check_id=cause.check_id,
                category=specs[cause.check_id].category,
                severity=cause.severity.value,
                cause_kind=cause.kind.value,
                subject=wire.clean_text(cause.subject)[:MAX_URL],
                pages_count=cause.pages,
                issues_count=len(cause.findings),
                new_count=fresh,
                template_share=cause.template_share,
                points=judged.score.points.get(cause.key, Decimal(0)),
                position=position,
            )
        )
    IssueCause.objects.bulk_create(rows, batch_size=500)
    return [row.pk for row in rows]


def _issue_row(
    audit: SiteAudit, finding: Finding, cause_id: Any, page_ids: dict[str, Any], state: FindingState | None
) -> PageIssue:
    return PageIssue(
        team_id=audit.team_id,
        audit_id=audit.pk,
        page_id=page_ids.get(url_hash(finding.url)) if finding.url is not None else None,
        cause_id=cause_id,
        key=issue_key(*finding_key(finding)),
        check_id=finding.check_id,
        category=all_checks()[finding.check_id].category,
        severity=finding.severity.value,
        url=wire.clean_text(finding.url or "")[:MAX_URL],
        target=wire.clean_text(finding.target or "")[:MAX_URL],
        value=wire.clean_text(finding.value or "")[:500],
        evidence=wire.jsonable(finding.evidence),
        is_proven=finding.proven,
        state=state.value if state else "",
    )


def _complete_pages(crawled: Crawled, page_ids: dict[str, Any], counts: dict[str, Counter[Severity]]) -> None:
    """Write what only the whole crawl tells of a page, in one prepared statement."""
    rows = []
    for page in crawled.graph:
        pk = page_ids.get(url_hash(page.url))
        if pk is None:
            continue
        own = counts.get(page.url, Counter())
        rows.append(
            (
                page.inlinks,
                page.inlinks_follow,
                page.pagerank,
                crawled.templates.get(page.url, "")[:300],
                bool(page.in_sitemaps),
                *(own[severity] for severity in _SEVERITY_ORDER),
                pk.hex if connection.vendor == "sqlite" else pk,
            )
        )
    table = AuditedPage._meta.db_table
    statement = (
        f"UPDATE {table} SET inlinks = %s, inlinks_follow = %s, pagerank = %s, template = %s, in_sitemap = %s, "  # nosec B608
        "errors_count = %s, warnings_count = %s, notices_count = %s WHERE id = %s"
    )
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)


def severity_counts(findings: Sequence[Finding]) -> dict[str, int]:
    """Columns of the audit's counts by severity."""
    counted = Counter(finding.severity for finding in findings)
    return {
        "errors_count": counted[Severity.ERROR],
        "warnings_count": counted[Severity.WARNING],
        "notices_count": counted[Severity.NOTICE],
    }


def store_links(audit: SiteAudit, graph: CrawlGraph) -> str:
    """Keep the internal links as a Parquet object; returns its storage name."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[Any]] = {
        name: [] for name in ("source", "target", "anchor", "nofollow", "position")
    }
    schema = pa.schema(
        [
            ("source", pa.string()),
            ("target", pa.string()),
            ("anchor", pa.string()),
            ("nofollow", pa.bool_()),
            ("position", pa.string()),
        ]
    )
    buffer = io.BytesIO()
    with pq.ParquetWriter(buffer, schema, compression="zstd") as writer:
        for number, edge in enumerate(graph.edges(), 1):
            columns["source"].append(edge.source)
            columns["target"].append(edge.target)
            columns["anchor"].append(edge.anchor[:300])
            columns["nofollow"].append(edge.nofollow)
            columns["position"].append(edge.position.value)
            if number % 100_000 == 0:
                writer.write_table(pa.table(columns, schema=schema))
                columns = {name: [] for name in columns}
        writer.write_table(pa.table(columns, schema=schema))
    name = f"seo/{audit.team_id}/{audit.pk}/links.parquet"
    default_storage.delete(name)
    return default_storage.save(name, ContentFile(buffer.getvalue()))


def publish_pages(audit: SiteAudit, graph: CrawlGraph, templates: dict[str, str]) -> ingestion.DatasetRef:
    """Publish the pages as a Dataset; audits of one address are versions of one Dataset."""
    import pyarrow as pa

    schema = pa.schema(
        [
            ("url", pa.string()),
            ("status", pa.int16()),
            ("depth", pa.int16()),
            ("is_html", pa.bool_()),
            ("is_indexable", pa.bool_()),
            ("in_sitemap", pa.bool_()),
            ("template", pa.string()),
            ("title", pa.string()),
            ("title_px", pa.int32()),
            ("description", pa.string()),
            ("h1", pa.string()),
            ("language", pa.string()),
            ("canonical", pa.string()),
            ("word_count", pa.int32()),
            ("size_bytes", pa.int64()),
            ("ttfb_ms", pa.float64()),
            ("total_ms", pa.float64()),
            ("inlinks", pa.int32()),
            ("outlinks", pa.int32()),
            ("pagerank", pa.float64()),
        ]
    )

    def cells(page: Page) -> tuple[Any, ...]:
        return (
            page.url,
            page.status,
            page.depth,
            page.is_html,
            page.indexable,
            bool(page.in_sitemaps),
            templates.get(page.url, ""),
            wire.clean_text(page.title),
            page.title_px,
            wire.clean_text(page.description),
            wire.clean_text(page.h1[0] if page.h1 else ""),
            page.lang,
            page.canonical,
            page.word_count,
            page.bytes,
            page.ttfb_ms,
            page.total_ms,
            page.inlinks,
            page.outlink_count,
            page.pagerank,
        )

    def batches() -> Iterator[Any]:
        rows = map(cells, graph)
        while chunk := list(islice(rows, PUBLISH_BATCH)):
            columns = [
                pa.array(column, type=f.type)
                for column, f in zip(zip(*chunk, strict=True), schema, strict=True)
            ]
            yield pa.record_batch(columns, schema=schema)

    host = urlsplit(audit.home_url).hostname or "site"
    return ingestion.publish_table(
        team_id=audit.team_id,
        project_id=audit.project_id,
        name=f"Audited pages of {host}",
        source=f"seo_intelligence.pages:{hashlib.sha256(audit.target_url.encode()).hexdigest()[:16]}",
        table=pa.RecordBatchReader.from_batches(schema, batches()),
        user_id=audit.created_by_id,
    )


def result_columns(
    audit: SiteAudit, crawled: Crawled, judged: Judged, outcome: CrawlOutcome, caps: Sequence[str]
) -> dict[str, Any]:
    """Columns of the finished audit."""
    score = judged.score
    interval = score.interval
    counts = judged.comparison.counts() if judged.comparison else {}
    return {
        "audit_status": AuditStatus.COMPLETED,
        "error_code": "",
        "error_detail": "",
        "home_url": crawled.graph.home_url,
        "pages_crawled": sum(page.status is not None for page in crawled.graph),
        "pages_failed": sum(page.status is None and page.robots_allowed for page in crawled.graph),
        "pages_skipped": dict(outcome.skipped),
        "pages_unvisited": outcome.queued,
        "indexable_pages": score.indexable_pages,
        "bytes_fetched": outcome.bytes,
        "crawl_seconds": outcome.seconds,
        "end_reason": outcome.reason,
        "caps": list(caps),
        "is_resumable": outcome.resumable,
        "site_facts": site_summary(crawled.site),
        "score": score.score,
        "score_low": interval.low if interval else None,
        "score_high": interval.high if interval else None,
        "score_reason": score.reason,
        "formula_version": score.formula_version,
        "affected_pages": judged.affected_pages,
        "fixes_count": judged.fixes,
        "state_counts": {state.value: number for state, number in counts.items()},
        "finished_at": timezone.now(),
        **severity_counts(crawled.findings),
    }


def site_summary(site: Site) -> dict[str, Any]:
    """What is shown of robots.txt, sitemaps, certificate and probes."""
    robots, tls = site.robots, site.tls
    return wire.jsonable(
        {
            "robots": {
                "url": robots.url,
                "status": robots.status,
                "size": robots.bytes,
                "sitemaps": robots.sitemaps,
                "faults": robots.faults[:50],
            }
            if robots
            else None,
            "sitemaps": [
                {
                    "url": s.url,
                    "status": s.status,
                    "kind": s.kind,
                    "urls": s.url_count,
                    "faults": s.faults[:20],
                }
                for s in site.sitemaps
            ],
            "tls": {
                "protocol": tls.protocol,
                "not_after": tls.not_after,
                "name_matches": tls.name_matches,
                "self_signed": tls.self_signed,
                "error": tls.error,
            }
            if tls
            else None,
            "probes": {
                name: {"url": p.url, "status": p.status, "error": p.error, "challenge": p.is_challenge}
                for name, p in site.probes.items()
            },
        }
    )


def cause_kinds() -> tuple[str, ...]:
    """Names of the kinds of causes, for filters."""
    return tuple(kind.value for kind in CauseKind)
