"""Sitemap files, and how they agree with the crawled pages."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.checks.robots import MAIN_AGENT
from seo_intelligence.logic.extract.dates import parse_date
from seo_intelligence.logic.extract.robots import allowed
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import FetchError, Page, Site
from seo_intelligence.logic.urls import host_of, same_site

_CATEGORY = "sitemaps"
_W3C_DATE = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2}))?)?)?"
)
_SIZE_FAULTS = ("too_large_bytes", "too_many_urls")


def _listed(site: Site) -> dict[str, str]:
    """URL to the first sitemap that lists it."""
    listed: dict[str, str] = {}
    for sitemap in site.sitemaps:
        for entry in sitemap.entries:
            if entry.url:
                listed.setdefault(entry.url, sitemap.url)
    return listed


def _listed_pages(graph: CrawlGraph, ctx: Context) -> Iterator[tuple[Page, str]]:
    for url, sitemap in _listed(ctx.site).items():
        page = graph.get(url)
        if page is not None:
            yield page, sitemap


@check(
    id="sm.missing",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="No sitemap found",
    means="Neither robots.txt nor the usual addresses give a sitemap.",
    fix="Publish a sitemap and name it in robots.txt.",
)
def missing(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.sitemaps_probed and not any(s.status == 200 for s in site.sitemaps):
        yield Hit({"tried": [s.url for s in site.sitemaps][:10]})


@check(
    id="sm.format",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Sitemap is not valid",
    means="The file is no well-formed sitemap (XML, namespace, addresses), or one named in robots.txt does not answer.",
    fix="Generate the file anew with the sitemaps.org namespace and absolute addresses.",
)
def invalid(site: Site, ctx: Context) -> Iterator[Hit]:
    for sitemap in site.sitemaps:
        faults = [{"fault": c, "detail": d} for c, d in sitemap.faults if c not in _SIZE_FAULTS]
        if sitemap.declared_in_robots and sitemap.status != 200:
            faults.append({"fault": "status", "detail": str(sitemap.status)})
        if faults:
            yield Hit({"sitemap": sitemap.url, "faults": faults[:10]}, target=sitemap.url, value=sitemap.url)


@check(
    id="sm.too_large",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Sitemap is too large",
    means="A sitemap may hold 50,000 addresses and 50 MB; the rest is ignored.",
    fix="Split it and list the parts in a sitemap index.",
    thresholds={"max_urls": 50_000, "max_bytes": 52_428_800},
)
def too_large(site: Site, ctx: Context) -> Iterator[Hit]:
    for sitemap in site.sitemaps:
        if sitemap.url_count > ctx.t["max_urls"] or sitemap.bytes > ctx.t["max_bytes"]:
            evidence = {"sitemap": sitemap.url, "urls": sitemap.url_count, "bytes": sitemap.bytes}
            yield Hit(evidence, target=sitemap.url, value=sitemap.url)


@check(
    id="sm.foreign_host",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Sitemap lists another host",
    means="Addresses on another host are ignored unless that host allows it.",
    fix="List only addresses of this site.",
)
def foreign_host(site: Site, ctx: Context) -> Iterator[Hit]:
    home = host_of(site.home_url)
    for sitemap in site.sitemaps:
        foreign = [
            e.raw
            for e in sitemap.entries
            if e.url and not same_site(host_of(e.url), home, include_subdomains=site.include_subdomains)
        ]
        if foreign:
            evidence = {"sitemap": sitemap.url, "count": len(foreign), "examples": foreign[:5]}
            yield Hit(evidence, target=sitemap.url, value=sitemap.url)


@check(
    id="sm.http_loc",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Sitemap of a secure site lists http addresses",
    means="The listed addresses redirect or show the insecure version.",
    fix="List the https addresses.",
)
def http_loc(site: Site, ctx: Context) -> Iterator[Hit]:
    if not site.home_url.startswith("https://"):
        return
    for sitemap in site.sitemaps:
        insecure = [e.raw for e in sitemap.entries if e.raw.startswith("http://")]
        if insecure:
            evidence = {"sitemap": sitemap.url, "count": len(insecure), "examples": insecure[:5]}
            yield Hit(evidence, target=sitemap.url, value=sitemap.url)


@check(
    id="sm.3xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Sitemap lists a redirect",
    means="The sitemap shall list final addresses; this one redirects.",
    fix="List the target instead.",
)
def redirected(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, sitemap in _listed_pages(graph, ctx):
        if page.is_redirect:
            yield Hit(
                {"sitemap": sitemap, "status": page.status, "to": page.final_url}, url=page.url, value=sitemap
            )


@check(
    id="sm.4xx_5xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Sitemap lists a broken URL",
    means="The listed address answers with an error or not at all.",
    fix="Remove it from the sitemap, or repair the page.",
)
def broken(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, sitemap in _listed_pages(graph, ctx):
        failed = page.error is not None and page.error not in (FetchError.ROBOTS, FetchError.TOO_LARGE)
        if (page.status is not None and page.status >= 400 and not page.is_challenge) or failed:
            error = page.error.value if page.error else None
            yield Hit(
                {"sitemap": sitemap, "status": page.status, "error": error}, url=page.url, value=sitemap
            )


@check(
    id="sm.noindex",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Sitemap lists a noindex page",
    means="The sitemap asks to index the page, the page asks not to.",
    fix="Remove it from the sitemap, or drop the noindex.",
)
def noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, sitemap in _listed_pages(graph, ctx):
        if page.status == 200 and page.noindex:
            yield Hit({"sitemap": sitemap, "robots": sorted(page.robots)}, url=page.url, value=sitemap)


@check(
    id="sm.noncanonical",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Sitemap lists a non-canonical page",
    means="The listed page names another address as its canonical version.",
    fix="List the canonical address.",
)
def noncanonical(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, sitemap in _listed_pages(graph, ctx):
        if page.status == 200 and page.canonical_elsewhere:
            yield Hit({"sitemap": sitemap, "canonical": page.canonical}, url=page.url, value=sitemap)


@check(
    id="sm.blocked",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Sitemap lists a blocked page",
    means="robots.txt forbids crawlers to read an address that the sitemap lists.",
    fix="Allow the page, or remove it from the sitemap.",
)
def blocked(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    robots = ctx.site.robots
    if robots is None or robots.status != 200 or not robots.rules:
        return
    for url, sitemap in _listed(ctx.site).items():
        if not allowed(robots, url, MAIN_AGENT):
            yield Hit({"sitemap": sitemap}, url=url, value=sitemap)


@check(
    id="sm.orphan",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Sitemap page has no internal links",
    means="The page is listed in the sitemap, but no page of the site links to it.",
    fix="Link to it from a fitting page, or remove it.",
)
def orphan(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    linked = graph.linked_urls()
    for url, sitemap in _listed(ctx.site).items():
        page = graph.get(url)
        if url == graph.home_url or (page is not None and (page.inlinks or page.status != 200)):
            continue
        if page is not None or (url not in linked and not graph.truncated):
            yield Hit({"sitemap": sitemap}, url=url, value=sitemap)


@check(
    id="sm.not_listed",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Indexable page is in no sitemap",
    means="The page can be indexed but the sitemap does not mention it.",
    fix="Add it to the sitemap, unless it shall not be found.",
)
def not_listed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    listed = _listed(ctx.site)
    if not listed:
        return
    for page in graph:
        if page.indexable and page.url not in listed:
            yield Hit({"sitemaps": len(ctx.site.sitemaps)}, url=page.url)


@check(
    id="sm.dup_entry",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="URL is listed more than once",
    means="The same address stands in several sitemaps or twice in one.",
    fix="List each address once.",
)
def duplicate_entry(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    places: dict[str, list[str]] = defaultdict(list)
    for sitemap in ctx.site.sitemaps:
        for entry in sitemap.entries:
            if entry.url:
                places[entry.url].append(sitemap.url)
    for url, sitemaps in places.items():
        if len(sitemaps) > 1:
            yield Hit({"sitemaps": sorted(set(sitemaps)), "times": len(sitemaps)}, url=url, value=sitemaps[0])


@check(
    id="sm.lastmod_bad",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Sitemap has invalid or future dates",
    means="Engines ignore lastmod values that are malformed or lie in the future.",
    fix="Write W3C dates such as 2026-05-31 of the last real change.",
)
def lastmod_bad(site: Site, ctx: Context) -> Iterator[Hit]:
    tomorrow = (ctx.now + dt.timedelta(days=1)).date()
    for sitemap in site.sitemaps:
        bad: list[dict[str, str]] = []
        for entry in sitemap.entries:
            if entry.lastmod:
                date = parse_date(entry.lastmod)
                if not _W3C_DATE.fullmatch(entry.lastmod) or (len(entry.lastmod) >= 10 and date is None):
                    bad.append({"url": entry.raw, "lastmod": entry.lastmod[:40], "why": "invalid"})
                elif date is not None and date > tomorrow:
                    bad.append({"url": entry.raw, "lastmod": entry.lastmod[:40], "why": "future"})
        if bad:
            evidence = {"sitemap": sitemap.url, "count": len(bad), "examples": bad[:5]}
            yield Hit(evidence, target=sitemap.url, value=sitemap.url)


@check(
    id="sm.lastmod_churn",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Nearly all sitemap dates are the same day",
    means="The dates show when the file was made, not when pages changed, so engines learn to ignore them.",
    fix="Write the date of each page's last real change.",
    thresholds={"share": 0.95, "min_urls": 10},
)
def lastmod_churn(site: Site, ctx: Context) -> Iterator[Hit]:
    days = Counter(e.lastmod[:10] for s in site.sitemaps for e in s.entries if len(e.lastmod) >= 10)
    total = sum(days.values())
    if total >= ctx.t["min_urls"]:
        day, count = days.most_common(1)[0]
        if count / total >= ctx.t["share"]:
            yield Hit({"day": day, "urls": count, "of": total}, value=day)


@check(
    id="sm.lastmod_drift",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Sitemap date contradicts the page's date",
    means="lastmod is far ahead of or behind the modification date that the page itself gives.",
    fix="Take both from the same source.",
    thresholds={"ahead_days": 30, "behind_days": 7},
)
def lastmod_drift(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for sitemap in ctx.site.sitemaps:
        for entry in sitemap.entries:
            page = graph.get(entry.url)
            date = parse_date(entry.lastmod) if len(entry.lastmod) >= 10 else None
            if page is None or date is None or page.date_modified is None:
                continue
            days = (date - page.date_modified).days
            if days > ctx.t["ahead_days"] or -days > ctx.t["behind_days"]:
                evidence = {
                    "lastmod": date.isoformat(),
                    "dateModified": page.date_modified.isoformat(),
                    "days": days,
                }
                yield Hit(evidence, url=page.url, value=sitemap.url)
