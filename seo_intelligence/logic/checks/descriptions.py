"""Meta descriptions of indexable pages."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.checks.titles import duplicates
from seo_intelligence.logic.extract.text import fold
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page

_CATEGORY = "descriptions"


@check(
    id="md.missing",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="No meta description",
    means="Engines choose a piece of the text for the snippet.",
    fix="Write a description of 70 to 155 characters that invites a visit.",
)
def missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not page.description:
        yield Hit({"description": None})


@check(
    id="md.long",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Meta description is too long",
    means="The description is cut off in results.",
    fix="Shorten it; put the important words first.",
    thresholds={"max_chars": 155, "max_px": 985},
)
def long(page: Page, ctx: Context) -> Iterator[Hit]:
    if len(page.description) > ctx.t["max_chars"] or page.description_px > ctx.t["max_px"]:
        yield Hit(
            {"description": page.description[:400], "chars": len(page.description), "px": page.description_px}
        )


@check(
    id="md.short",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Meta description is too short",
    means="The description leaves room unused.",
    fix="Say what the visitor finds on the page.",
    thresholds={"min_chars": 70, "min_px": 400},
)
def short(page: Page, ctx: Context) -> Iterator[Hit]:
    wide = page.description_px >= 2 * ctx.t["min_px"]
    if (
        page.description
        and not wide
        and (len(page.description) < ctx.t["min_chars"] or page.description_px < ctx.t["min_px"])
    ):
        yield Hit(
            {"description": page.description, "chars": len(page.description), "px": page.description_px}
        )


@check(
    id="md.multiple",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Several meta descriptions",
    means="The head has more than one description.",
    fix="Keep one.",
)
def multiple(page: Page, ctx: Context) -> Iterator[Hit]:
    if len(page.descriptions) > 1:
        yield Hit({"descriptions": [d[:200] for d in page.descriptions[:5]]})


@check(
    id="md.dup",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Duplicate meta description",
    means="Several indexable pages share one description.",
    fix="Write a description for each page.",
)
def duplicate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for text, pages in duplicates(graph, "description"):
        for page in pages:
            other = pages[0] if page is not pages[0] else pages[1]
            yield Hit({"description": text, "pages": len(pages)}, url=page.url, target=other.url, value=text)


@check(
    id="md.same_title",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Description equals the title",
    means="The description repeats the title and adds nothing.",
    fix="Say what the visitor finds on the page.",
)
def same_title(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.description and fold(page.description) == fold(page.title):
        yield Hit({"description": page.description})
