"""Headings of indexable pages."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.checks.titles import duplicates
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page

_CATEGORY = "headings"


@check(
    id="h1.missing",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="No H1",
    means="The page has no main heading (or only an image without text in it).",
    fix="Add one H1 that names the topic.",
)
def missing(page: Page, ctx: Context) -> Iterator[Hit]:
    first = [h for h in document(page).headings if h.level == 1 and h.text]
    if not first:
        yield Hit({"h1": None})
    elif all(h.alt_only for h in first):
        yield Hit({"h1": first[0].text, "only": "alt text"}, severity=NOTICE)


@check(
    id="h1.multiple",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Several H1",
    means="The page has more than one main heading.",
    fix="Keep one H1 and use H2 for sections.",
)
def multiple(page: Page, ctx: Context) -> Iterator[Hit]:
    if len(page.h1) > 1:
        yield Hit({"h1": list(page.h1[:5])})


@check(
    id="h1.long",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="H1 is too long",
    means="The main heading is longer than readers take in at a glance.",
    fix="Shorten it.",
    thresholds={"max_chars": 70},
)
def long(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.indexable and page.h1 and len(page.h1[0]) > ctx.t["max_chars"]:
            yield Hit({"h1": page.h1[0], "chars": len(page.h1[0])}, url=page.url)


@check(
    id="h1.dup",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Duplicate H1",
    means="Several indexable pages share one main heading.",
    fix="Give each page its own.",
)
def duplicate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for text, pages in duplicates(graph, "h1"):
        for page in pages:
            other = pages[0] if page is not pages[0] else pages[1]
            yield Hit({"h1": text, "pages": len(pages)}, url=page.url, target=other.url, value=text)


@check(
    id="hd.skip",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Heading level is skipped",
    means="The outline jumps over a level, for example from H2 to H4.",
    fix="Use the next level.",
)
def skip(page: Page, ctx: Context) -> Iterator[Hit]:
    level = 0
    for heading in document(page).headings:
        if level and heading.level > level + 1:
            yield Hit({"from": f"h{level}", "to": f"h{heading.level}", "text": heading.text[:120]})
            return
        level = heading.level


@check(
    id="hd.h2_missing",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Long text without H2",
    means="A long text has no section headings.",
    fix="Divide it by H2 headings.",
    thresholds={"min_words": 300},
)
def h2_missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.word_count >= ctx.t["min_words"] and not any(h.level == 2 for h in document(page).headings):
        yield Hit({"words": page.word_count})


@check(
    id="hd.empty",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Heading without text",
    means="A heading element is empty.",
    fix="Give it a text, or remove it.",
)
def empty(page: Page, ctx: Context) -> Iterator[Hit]:
    for heading in document(page).headings:
        if not heading.text:
            yield Hit({"heading": f"h{heading.level}"})
            return
