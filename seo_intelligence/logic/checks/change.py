"""What changed since the audit before, on pages that both visited."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.extract.text import fold
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page, PreviousPage

_CATEGORY = "change"


def _both(graph: CrawlGraph, ctx: Context) -> Iterator[tuple[Page, PreviousPage]]:
    for url, before in ctx.site.previous.items():
        page = graph.get(url)
        if page is not None and page.status is not None:
            yield page, before


def _both_ok(graph: CrawlGraph, ctx: Context) -> Iterator[tuple[Page, PreviousPage]]:
    for page, before in _both(graph, ctx):
        if page.status == 200 and before.status == 200 and page.is_html and not page.is_challenge:
            yield page, before


@check(
    id="df.became_noindex",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Page became noindex",
    means="The page could be indexed at the last audit and now says noindex.",
    fix="Remove the directive unless it is meant.",
)
def became_noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, before in _both_ok(graph, ctx):
        if page.noindex and not before.noindex:
            yield Hit({"robots": sorted(page.robots)}, url=page.url)


@check(
    id="df.became_4xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Page broke",
    means="The page answered at the last audit and now gives an error.",
    fix="Restore it, or redirect it to its successor.",
)
def became_4xx(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, before in _both(graph, ctx):
        if (
            (
                before.status is not None
                and before.status < 400
                and page.status is not None
                and page.status >= 400
            )
            and page.status != 429
            and not page.is_challenge
        ):
            yield Hit({"before": before.status, "now": page.status}, url=page.url)


@check(
    id="df.lost_canonical",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Page lost its canonical",
    means="The page had a canonical at the last audit and has none now.",
    fix="Restore the canonical.",
)
def lost_canonical(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, before in _both_ok(graph, ctx):
        if before.canonical and not page.canonicals:
            yield Hit({"before": before.canonical}, url=page.url)


def _changed(graph: CrawlGraph, ctx: Context, name: str) -> Iterator[Hit]:
    for page, before in _both_ok(graph, ctx):
        now = page.h1[0] if name == "h1" and page.h1 else "" if name == "h1" else getattr(page, name)
        then = getattr(before, name)
        if fold(now) != fold(then):
            yield Hit({"before": then[:300], "now": now[:300]}, url=page.url)


@check(
    id="df.title",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="Title changed",
    means="The title differs from the last audit.",
    fix="Nothing to do if meant.",
)
def title_changed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    yield from _changed(graph, ctx, "title")


@check(
    id="df.h1",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="H1 changed",
    means="The main heading differs from the last audit.",
    fix="Nothing to do if meant.",
)
def h1_changed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    yield from _changed(graph, ctx, "h1")


@check(
    id="df.desc",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="Meta description changed",
    means="The description differs from the last audit.",
    fix="Nothing to do if meant.",
)
def description_changed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    yield from _changed(graph, ctx, "description")


@check(
    id="df.schema",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="Structured data changed",
    means="The types of structured data differ from the last audit.",
    fix="Nothing to do if meant.",
)
def schema_changed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, before in _both_ok(graph, ctx):
        if page.schema_types != before.schema_types:
            lost, gained = before.schema_types - page.schema_types, page.schema_types - before.schema_types
            yield Hit({"lost": sorted(lost), "gained": sorted(gained)}, url=page.url)


@check(
    id="df.lost_inlinks",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Page lost internal links",
    means="Half or more of the internal links to the page are gone.",
    fix="Check the navigation and the pages that linked to it.",
    thresholds={"share": 0.5, "min_lost": 5},
)
def lost_inlinks(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, before in _both(graph, ctx):
        lost = before.inlinks - page.inlinks
        if lost >= ctx.t["min_lost"] and lost / before.inlinks >= ctx.t["share"]:
            yield Hit({"before": before.inlinks, "now": page.inlinks}, url=page.url)


@check(
    id="df.slower",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    scope="site",
    title="Site became slower",
    means="The time to the first byte (75th percentile over the pages both audits saw) grew by half or more.",
    fix="Look for what changed in the server or the templates.",
    thresholds={"growth": 0.5, "min_pages": 5, "min_ms": 100},
)
def slower(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pairs = [
        (b.ttfb_ms, p.ttfb_ms)
        for p, b in _both_ok(graph, ctx)
        if b.ttfb_ms is not None and p.ttfb_ms is not None
    ]
    if len(pairs) >= ctx.t["min_pages"]:
        before, now = (float(np.percentile(column, 75)) for column in zip(*pairs, strict=True))
        if now - before >= ctx.t["min_ms"] and now >= (1 + ctx.t["growth"]) * before:
            yield Hit({"before_ms": round(before), "now_ms": round(now), "pages": len(pairs)})


@check(
    id="df.vanished",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    absence=True,
    scored=False,
    title="URL vanished",
    means="The URL was found at the last audit and not at this one.",
    fix="Check whether it was removed on purpose.",
)
def vanished(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for url, before in ctx.site.previous.items():
        if graph.get(url) is None and before.status == 200:
            yield Hit({"before": before.status}, url=url)


@check(
    id="df.appeared",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="New URL",
    means="The URL was not found at the last audit.",
    fix="Nothing to do if meant.",
)
def appeared(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    # After a cut-short crawl the URL may have been there unseen.
    if ctx.site.previous and not ctx.site.previous_truncated:
        for page in graph:
            if page.url not in ctx.site.previous and page.status == 200:
                yield Hit({"status": page.status}, url=page.url)


@check(
    id="df.regressed",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="Fixed finding came back",
    means="The finding was fixed at an audit before and is there again.",
    fix="Find out which change brought it back, and add a test for it.",
)
def regressed(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for check_id, url in sorted(ctx.regressed):
        yield Hit({"check": check_id}, url=url, value=check_id)
