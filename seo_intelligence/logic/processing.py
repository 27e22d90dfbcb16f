"""What happens to a fetched page inside the crawl process: facts, page checks, a row for the list of pages.

An `AuditProcessor` is handed to the crawl runner as its page processor and `processed_links` as its link
extractor, so that each page is parsed once. Both run without Django. The result is JSON-ready: ``{"page":
..., "findings": [...], "row": {...}}`` (see `wire`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from seo_intelligence.logic import wire
from seo_intelligence.logic.checks.registry import CheckRunner, CheckSettings, Threshold
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.page import Document, Page, Site

MAX_ROW_ITEMS = 50
_ROW_HEADERS = (
    "server", "content-type", "content-encoding", "cache-control", "etag", "last-modified", "x-robots-tag", "vary",
    "location", "retry-after",
)  # fmt: skip


class FetchedPage(Protocol):
    """What the crawl runner offers of a page."""

    url: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    depth: int
    truncated: bool
    redirect_chain: tuple[tuple[str, int], ...]
    ttfb: float
    total: float
    wire_size: int
    http_version: str


class AuditProcessor:
    """Extracts and checks one page. Picklable; the check runner is built on first use in the crawl process."""

    def __init__(
        self,
        site: Site,
        *,
        thresholds: Mapping[str, Mapping[str, Threshold]] | None = None,
        disabled: frozenset[str] = frozenset(),
        now: dt.datetime | None = None,
    ) -> None:
        # Page checks look at the probes and robots.txt only; lists of sitemap entries stay with the audit.
        self.site = replace(site, sitemaps=(), resources={}, home=None)
        self.home_url = site.home_url
        self.scope = SiteScope(site.home_url, site.include_subdomains)
        self.thresholds = dict(thresholds or {})
        self.disabled = disabled
        self.now = now or dt.datetime.now(dt.UTC)
        self._runner: CheckRunner | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_runner": None}

    @property
    def runner(self) -> CheckRunner:
        """The page checks with the project's settings."""
        if self._runner is None:
            self._runner = CheckRunner(self.site, CheckSettings(self.thresholds, self.disabled, self.now))
        return self._runner

    def __call__(self, fetched: FetchedPage) -> dict[str, Any]:
        """Facts of a page for `PageFetched.facts`."""
        page = extract_page(
            Fetch(
                fetched.url,
                fetched.status,
                fetched.headers,
                fetched.body,
                ttfb_ms=fetched.ttfb * 1000,
                total_ms=fetched.total * 1000,
                transfer_bytes=fetched.wire_size,
                http_version=fetched.http_version,
                depth=fetched.depth,
                truncated_body=fetched.truncated,
            ),
            self.scope,
        )
        # The page that the home URL leads to is the home page, whatever its address.
        is_home = page.url == self.home_url or (fetched.depth == 0 and bool(fetched.redirect_chain))
        facts = self.facts(page, full=is_home)
        # For `processed_links`; absolute URLs need no base, so the runner's own parse is spared.
        fetched.__dict__["audit_links"] = followable(page)
        fetched.__dict__["base_url"] = page.url
        return facts

    def facts(self, page: Page, *, full: bool = False) -> dict[str, Any]:
        """Checks a page and packs it, with its row; `full` keeps all its elements (the home page)."""
        return {
            "page": wire.pack_page(page, full=full),
            "findings": [wire.pack_finding(finding) for finding in self.runner.page(page)],
            "row": page_row(page),
        }


def processed_links(fetched: Any) -> Iterator[str]:
    """Link extractor of the crawl: what the processor found on this page."""
    return iter(fetched.__dict__.pop("audit_links", ()))


def followable(page: Page) -> list[str]:
    """URLs that the crawl may visit next: links, canonical, pagination, alternates and meta refresh."""
    doc = page.doc or Document()
    urls = [link.url for link in doc.links if link.url and link.internal]
    urls += [c.url for c in page.canonicals if c.url]
    urls += [h.url for h in page.hreflangs if h.url]
    urls += [*page.next_urls, *page.prev_urls]
    if doc.meta_refresh:
        urls.append(doc.meta_refresh)
    return list(dict.fromkeys(urls))


def page_row(page: Page) -> dict[str, Any]:
    """The facts of a page that are shown in lists and exports, beyond those of `Page` itself."""
    doc = page.doc or Document()
    images = doc.images
    return {
        "headings": [[h.level, h.text[:300]] for h in doc.headings[:MAX_ROW_ITEMS]],
        "images": len(images),
        "images_without_alt": sum(image.alt is None for image in images),
        "links_internal": len({x.url for x in doc.links if x.url and x.internal}),
        "links_external": len({x.url for x in doc.links if x.url and not x.internal}),
        "resources": len(doc.resources),
        "structured_types": sorted(page.schema_types)[:MAX_ROW_ITEMS],
        "headers": {name: page.headers[name][:500] for name in _ROW_HEADERS if name in page.headers},
        "detected_language": doc.detected_lang or "",
        "dom_nodes": doc.dom_nodes,
        "excerpt": doc.text[:300],
    }
