"""A crawl over a site in memory, through the real extraction and checks."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.registry import CheckRunner, CheckSettings, Threshold
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.extract.robots import allowed, parse_robots
from seo_intelligence.logic.extract.sitemaps import parse_sitemap
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Finding, Page, Site
from seo_intelligence.tests.accuracy.sites import NOW, Answer, FakeSite

_MISSING = Answer("<!doctype html><title>Not found</title><h1>Not found</h1>", status=404)
MAX_PAGES = 400


def _fetch(fake: FakeSite, url: str, depth: int | None, facts: Site, sitemaps: tuple[str, ...]) -> Fetch:
    answer = fake.answers.get(url, _MISSING)
    headers = (*answer.headers.items(), *(("Set-Cookie", cookie) for cookie in answer.cookies))
    return Fetch(
        url, answer.status, headers, answer.bytes, error=answer.error, ttfb_ms=answer.ttfb_ms,
        total_ms=answer.total_ms, depth=depth, robots_allowed=allowed(facts.robots, url, "Googlebot"),
        in_sitemaps=sitemaps, retry_after_count=answer.retry_after_count,
    )  # fmt: skip


def site_facts(fake: FakeSite) -> Site:
    """robots.txt, sitemaps, TLS and probes of a site in memory."""
    origin = "{0.scheme}://{0.netloc}/".format(urlsplit(fake.home))
    robots = parse_robots(origin + "robots.txt", fake.robots_status, fake.robots.encode(), fake.robots_error)
    files = fake.sitemaps or {origin + "sitemap.xml": fake.sitemap_xml()}
    sitemaps = tuple(
        parse_sitemap(url, 200 if body else 404, body, declared_in_robots=url in robots.sitemaps)
        for url, body in files.items()
    )
    return Site(
        fake.home, robots=robots, sitemaps=sitemaps, sitemaps_probed=True, tls=fake.tls, probes=fake.probes,
        resources=fake.resources, previous=fake.previous, fixed_before=fake.fixed_before,
    )  # fmt: skip


def audit(
    fake: FakeSite, thresholds: Mapping[str, Mapping[str, Threshold]] | None = None
) -> tuple[CrawlGraph, list[Finding]]:
    """Crawl breadth-first from the home page and the sitemaps, then run every check."""
    facts = site_facts(fake)
    scope = SiteScope(fake.home)
    graph = CrawlGraph(fake.home, fake.truncated)
    listed = {entry.url: sitemap.url for sitemap in facts.sitemaps for entry in sitemap.entries if entry.url}
    queue: deque[tuple[str, int | None]] = deque([(fake.home, 0)])
    queued = {fake.home}
    pages: list[Page] = []
    while True:
        while queue and len(pages) < MAX_PAGES:
            url, depth = queue.popleft()
            page = extract_page(
                _fetch(fake, url, depth, facts, (listed[url],) if url in listed else ()), scope
            )
            pages.append(page)
            targets = [link.url for link in page.doc.links if link.internal] if page.doc else []
            targets += [c.url for c in page.canonicals] + [h.url for h in page.hreflangs]
            targets += [*page.next_urls, *page.prev_urls, *(hop.location for hop in page.redirects)]
            for target in targets:
                if target and scope.internal(target) and target not in queued and target.startswith("http"):
                    queued.add(target)
                    queue.append((target, None if depth is None else depth + 1))
        fresh = [url for url in listed if url not in queued and scope.internal(url)]
        if not fresh or len(pages) >= MAX_PAGES:
            break
        queued.update(fresh)
        queue.extend((url, None) for url in fresh)
    facts.home = next(page for page in pages if page.url == fake.home)
    runner = CheckRunner(facts, CheckSettings(thresholds or {}, now=NOW))
    findings: list[Finding] = []
    for page in pages:
        findings.extend(runner.page(page))
        graph.add(page)
    graph.finish()
    findings.extend(runner.finish(graph))
    return graph, findings
