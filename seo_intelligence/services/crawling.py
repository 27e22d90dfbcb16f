"""The crawl of an audit: pages stream from the crawl process into the database and the spool."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings as django_settings
from django.utils import timezone

from accounts import services as accounts
from plugzero_api.kernel import crawl as crawling
from plugzero_api.kernel.tasks import Run
from seo_intelligence.adapters.spool import FactSpool
from seo_intelligence.logic import wire
from seo_intelligence.logic.extract.fetch import Fetch
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.page import FetchError, Hop, Page
from seo_intelligence.logic.processing import AuditProcessor, processed_links
from seo_intelligence.models import AuditedPage, ScopeMode, SiteAudit
from seo_intelligence.models.audits import MAX_URL
from seo_intelligence.services.probing import fetch_error, tls_facts

USER_AGENT = "PlugZeroBot/1.0"
MAX_MEMORY = 350_000_000
_SCOPES = {
    ScopeMode.HOST: crawling.ScopeMode.HOST,
    ScopeMode.SUBDOMAINS: crawling.ScopeMode.SUBDOMAINS,
    ScopeMode.FOLDER: crawling.ScopeMode.FOLDER,
}


@dataclass(slots=True)
class CrawlOutcome:
    """How a crawl ended: reason, caps met, counts, and what it saw of certificate and robots.txt."""

    reason: str = ""
    caps: list[str] = field(default_factory=list)
    resumable: bool = False
    fetched: int = 0
    failed: int = 0
    queued: int = 0
    bytes: int = 0
    seconds: float = 0.0
    skipped: Counter[str] = field(default_factory=Counter)
    robots_blocks_all: bool = False
    detail: str = ""
    tls: Any = None


def crawl_folder(audit: SiteAudit) -> Path:
    """Where the crawl keeps its queue and the spool until the audit is done."""
    return Path(django_settings.RUN_DIR) / "crawls" / str(audit.pk)


def spool_of(audit: SiteAudit) -> FactSpool:
    return FactSpool(crawl_folder(audit) / "facts.spool")


def url_hash(url: str) -> str:
    """Natural key of a page inside an audit."""
    return hashlib.sha256(url.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def user_agent_of(audit: SiteAudit) -> str:
    return audit.user_agent or USER_AGENT


def crawl_request(audit: SiteAudit, processor: AuditProcessor) -> crawling.CrawlRequest:
    """What the crawl runner is asked. Raises ``CrawlRequestInvalid``."""
    agent = user_agent_of(audit)
    shared: dict[str, Any] = {
        "user_agent": agent,
        "robots_token": agent.split("/")[0].split(" ")[0] or "PlugZeroBot",
        "obey_robots": audit.obey_robots,
        "min_delay": audit.crawl_delay,
    }
    politeness = (
        crawling.Politeness.owner_permits(**shared)
        if audit.owner_permits_speed
        else crawling.Politeness(**shared)
    )
    return crawling.CrawlRequest(
        start_urls=(audit.target_url,),
        job_dir=crawl_folder(audit),
        scope=crawling.CrawlScope(
            _SCOPES[ScopeMode(audit.scope_mode)], tuple(audit.include_patterns), tuple(audit.exclude_patterns)
        ),
        limits=crawling.CrawlLimits(
            max_pages=audit.max_pages,
            max_depth=audit.max_depth,
            max_seconds=float(audit.max_seconds),
            max_memory_bytes=MAX_MEMORY,
        ),
        politeness=politeness,
        link_extractor=processed_links,
        page_processor=processor,
        keep_body=False,
        use_sitemaps=audit.use_sitemaps,
    )


def crawl_site(run: Run, audit: SiteAudit, processor: AuditProcessor) -> CrawlOutcome:
    """Crawl (or go on crawling) and store every page. Raises ``TaskCancelled`` when the run is cancelled."""
    spool = spool_of(audit)
    request = crawl_request(audit, processor)
    request.job_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool.repair()
    outcome = CrawlOutcome()
    batches = crawling.crawl(request)
    try:
        for batch in batches:
            records = list(_records(batch, processor, outcome))
            spool.append(records)
            _store_pages(run, audit, records)
            run.progress(
                outcome.fetched,
                min(audit.max_pages, outcome.fetched + outcome.queued),
                stage="crawl",
                message=f"{outcome.fetched} pages fetched, {outcome.queued} waiting",
            )
    finally:
        batches.close()  # type: ignore[attr-defined]
    return outcome


def _records(
    batch: Iterable[crawling.CrawlEvent], processor: AuditProcessor, outcome: CrawlOutcome
) -> Iterator[dict[str, Any]]:
    """Spool records of a batch: one per URL that was answered, failed, or is kept out by robots.txt."""
    for event in batch:
        if isinstance(event, crawling.PageFetched):
            outcome.fetched += 1
            if event.tls is not None and outcome.tls is None:
                outcome.tls = tls_facts(event.tls)
            facts = (
                event.facts if isinstance(event.facts, dict) else processor.facts(_answered(event, processor))
            )
            # The runner counts attempts; the extractor saw only the last answer.
            if event.attempts > 1:
                facts["page"]["retry_after_count"] = event.attempts - 1
            yield facts
        elif isinstance(event, crawling.PageFailed):
            outcome.failed += 1
            yield processor.facts(_failed(event))
        elif isinstance(event, crawling.PageSkipped):
            outcome.skipped[event.reason] += 1
            if event.reason in ("robots", "robots_unreachable"):
                page = Page(event.url, error=FetchError.ROBOTS, robots_allowed=False, depth=event.depth)
                yield processor.facts(page)
        elif isinstance(event, crawling.RobotsFetched):
            outcome.robots_blocks_all = outcome.robots_blocks_all or event.disallows_all
        elif isinstance(event, crawling.CrawlStats):
            outcome.queued = event.queued
        elif isinstance(event, crawling.CrawlEnded):
            outcome.reason, outcome.detail = event.reason.value, event.detail
            outcome.caps = [cap.value for cap in event.caps]
            outcome.resumable = event.resumable
            stats = event.stats
            outcome.fetched, outcome.failed = stats.fetched, stats.failed
            outcome.queued, outcome.bytes, outcome.seconds = stats.queued, stats.bytes, stats.seconds
            outcome.skipped = Counter(stats.skipped)


def _answered(event: crawling.PageFetched, processor: AuditProcessor) -> Page:
    """A page that the crawl process did not extract: a redirect, or one whose extraction failed."""
    return extract_page(
        Fetch(
            event.url,
            event.status,
            event.headers,
            ttfb_ms=event.ttfb * 1000,
            total_ms=event.total * 1000,
            transfer_bytes=event.wire_size,
            http_version=event.http_version,
            depth=event.depth,
            truncated_body=event.truncated,
        ),
        processor.scope,
    )


def _failed(event: crawling.PageFailed) -> Page:
    chain = event.redirect_chain
    targets = [*(url for url, _ in chain[1:]), event.url]
    hops = tuple(Hop(url, status, target) for (url, status), target in zip(chain, targets, strict=False))
    return Page(event.url, error=fetch_error(event.reason), redirects=hops, depth=event.depth)


def _store_pages(run: Run, audit: SiteAudit, records: list[dict[str, Any]]) -> None:
    """Write the rows of a batch by their natural key, so that a batch delivered twice changes nothing."""
    if not records:
        return
    rows: dict[str, AuditedPage] = {}
    for record in records:
        row = page_model(audit, wire.unpack_page(_without_lists(record["page"])), record["row"])
        rows[row.url_hash] = row
    with run.fenced():
        known = set(
            AuditedPage.objects.filter(audit=audit, url_hash__in=list(rows)).values_list(
                "url_hash", flat=True
            )
        )
        fresh = [row for key, row in rows.items() if key not in known]
        AuditedPage.objects.bulk_create(fresh, batch_size=500)
        accounts.add_usage(team_id=audit.team_id, key="crawled_pages", by=len(fresh), enforce=False)
        SiteAudit.objects.filter(pk=audit.pk).update(
            pages_crawled=AuditedPage.objects.filter(audit=audit, status__isnull=False).count()
        )


def _without_lists(packed: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in packed.items() if key not in ("links", "resources", "doc", "headers")
    }


def page_model(audit: SiteAudit, page: Page, row: dict[str, Any]) -> AuditedPage:
    """The database row of a page, without what only the whole crawl can tell."""
    return AuditedPage(
        team_id=audit.team_id,
        audit_id=audit.pk,
        url=wire.clean_text(page.url[:MAX_URL]),
        url_hash=url_hash(page.url),
        status=page.status,
        fetch_error=page.error.value if page.error else "",
        final_url=(page.final_url if page.final_url != page.url else "")[:MAX_URL],
        redirects=wire.jsonable(page.redirects),
        content_type=wire.clean_text(page.content_type[:100]),
        size=page.bytes,
        transfer_size=page.transfer_bytes,
        ttfb_ms=page.ttfb_ms,
        total_ms=page.total_ms,
        depth=page.depth,
        is_html=page.is_html,
        is_indexable=page.indexable,
        title=wire.clean_text(page.title[:500]),
        description=wire.clean_text(page.description[:1000]),
        h1=wire.clean_text((page.h1[0] if page.h1 else "")[:500]),
        canonical=wire.clean_text(page.canonical[:MAX_URL]),
        robots=wire.jsonable(sorted(page.robots)[:20]),
        hreflangs=wire.jsonable([(h.lang, h.url) for h in page.hreflangs[:200]]),
        language=wire.clean_text(page.lang[:35]),
        word_count=page.word_count,
        text_hash=f"{page.text_hash & (2**64 - 1):016x}" if page.text_hash else "",
        simhash=f"{page.simhash & (2**64 - 1):016x}" if page.simhash else "",
        outlinks=page.outlink_count,
        facts=wire.jsonable(row),
        created_at=timezone.now(),
    )
