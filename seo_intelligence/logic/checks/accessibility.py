"""Accessibility faults that also concern search engines."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Page, Position

_CATEGORY = "accessibility"


def _fault(page: Page, kind: str) -> Iterator[Hit]:
    found = document(page).markup.get(kind, ())
    if found:
        yield Hit({"elements": [e.snippet for e in found[:10]], "count": len(found)}, value=found[0].snippet)


@check(
    id="ax.label",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Form field without label",
    means="Screen readers cannot say what to type.",
    fix="Add a label, or aria-label.",
)
def label(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "label")


@check(
    id="ax.button_name",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Button without name",
    means="Screen readers cannot say what the button does.",
    fix="Add a text or aria-label.",
)
def button_name(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "button_name")


@check(
    id="ax.link_name",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Link without name",
    means="Screen readers cannot say where the link leads.",
    fix="Add a text, an alt text or aria-label.",
)
def link_name(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "link_name")


@check(
    id="ax.html_lang",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    scored=False,
    title="Language for screen readers missing",
    means="Screen readers choose the voice by the lang attribute.",
    fix='Add lang, such as <html lang="en">.',
)
def html_lang(page: Page, ctx: Context) -> Iterator[Hit]:
    if not (document(page).html_lang or "").strip():
        yield Hit({"lang": document(page).html_lang})


@check(
    id="ax.title",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    scored=False,
    title="Page without title for screen readers",
    means="The title is the first thing that screen readers say.",
    fix="Add a title.",
)
def title(page: Page, ctx: Context) -> Iterator[Hit]:
    if not page.title:
        yield Hit({"title": None})


@check(
    id="ax.landmark_main",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="No main landmark",
    means="Assistive technology and extractors cannot jump to the content.",
    fix="Put the content into a main element.",
)
def landmark_main(page: Page, ctx: Context) -> Iterator[Hit]:
    if not document(page).has_main:
        yield Hit({"main": False})


@check(
    id="ax.skip",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="No skip link",
    means="Keyboard users must pass the whole navigation on every page.",
    fix="Start the page with a link to the main content.",
    thresholds={"min_navigation_links": 5},
)
def skip(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    before = 0
    for link in doc.links:
        if link.position is Position.MAIN:
            break
        before += 1
    if before >= ctx.t["min_navigation_links"] and not doc.has_skip_link:
        yield Hit({"links_before_content": before})


@check(
    id="ax.table_th",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Table without header cells",
    means="Screen readers cannot say which column a cell belongs to.",
    fix="Use th for header cells.",
)
def table_th(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "table_th")


@check(
    id="ax.list",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Broken list",
    means="A list contains other elements than items, or an item stands outside a list.",
    fix="Put li elements directly into ul or ol.",
)
def lists(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "list")


@check(
    id="ax.tabindex",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Positive tabindex",
    means="Numbers above zero break the order in which the keyboard moves.",
    fix='Use tabindex="0" or none.',
)
def tabindex(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "tabindex")


@check(
    id="ax.iframe_title",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Frame without title",
    means="Screen readers cannot say what the embedded content is.",
    fix="Add a title to the iframe.",
)
def iframe_title(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "iframe_title")
