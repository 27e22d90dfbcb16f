"""Structure of the HTML."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Page, Site

_CATEGORY = "html_validity"


def _fault(page: Page, kind: str) -> Iterator[Hit]:
    found = document(page).markup.get(kind, ())
    if found:
        yield Hit({"elements": [e.snippet for e in found[:10]], "count": len(found)}, value=found[0].snippet)


@check(
    id="hv.doctype",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="No HTML5 doctype",
    means="Without the doctype browsers lay out the page as in the nineties.",
    fix="Start the page with <!doctype html>.",
)
def doctype(page: Page, ctx: Context) -> Iterator[Hit]:
    found = document(page).doctype
    if found is None or not (found == "html" or "about:legacy-compat" in found):
        yield Hit({"doctype": found})


@check(
    id="hv.charset",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Character set is not declared",
    means="Neither the header nor the first 1,024 bytes say the character set, so letters may break.",
    fix='Add <meta charset="utf-8"> as the first element of the head.',
)
def charset(page: Page, ctx: Context) -> Iterator[Hit]:
    if document(page).charset_declared is None:
        yield Hit({"content-type": page.headers.get("content-type")})


@check(
    id="hv.no_head",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="No head element",
    means="The source has no <head>, so the parser decides where it ends.",
    fix="Put title and meta tags into a head.",
)
def no_head(page: Page, ctx: Context) -> Iterator[Hit]:
    if document(page).heads == 0:
        yield Hit({"heads": 0})


@check(
    id="hv.no_body",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="No body element",
    means="The source has no <body>.",
    fix="Put the content into a body.",
)
def no_body(page: Page, ctx: Context) -> Iterator[Hit]:
    if document(page).bodies == 0 and "frames" not in document(page).markup:
        yield Hit({"bodies": 0})


@check(
    id="hv.multi_head",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Several head elements",
    means="Only the first head counts; what stands in others may be ignored.",
    fix="Keep one head.",
)
def multi_head(page: Page, ctx: Context) -> Iterator[Hit]:
    if document(page).heads > 1:
        yield Hit({"heads": document(page).heads})


@check(
    id="hv.multi_body",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Several body elements",
    means="The source opens the body more than once, often by a wrong include.",
    fix="Keep one body.",
)
def multi_body(page: Page, ctx: Context) -> Iterator[Hit]:
    if document(page).bodies > 1:
        yield Hit({"bodies": document(page).bodies})


@check(
    id="hv.invalid_head",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Element in the head closes it early",
    means="An element that does not belong into the head ends it, so what follows counts as body.",
    fix="Move the element into the body.",
)
def invalid_head(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "invalid_head")


@check(
    id="hv.meta_in_body",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Meta or canonical in the body",
    means="Engines ignore these elements outside the head.",
    fix="Move them into the head.",
)
def meta_in_body(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "meta_in_body")


@check(
    id="hv.dup_id",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Repeated id",
    means="An id stands more than once, so labels, links and scripts may meet the wrong element.",
    fix="Use each id once.",
)
def dup_id(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "dup_id")


@check(
    id="hv.frames",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Frameset",
    means="Pages in framesets are hardly indexed and have no address of their own.",
    fix="Build the page without frames.",
)
def frames(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "frames")


@check(
    id="hv.plugin",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Plug-in content",
    means="The page uses object, embed or applet content that browsers do not run any more.",
    fix="Replace it by HTML, video or images.",
)
def plugin(page: Page, ctx: Context) -> Iterator[Hit]:
    yield from _fault(page, "plugin")


@check(
    id="hv.favicon",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="No favicon",
    means="The site shows a grey globe in results and tabs.",
    fix="Add a favicon and link to it.",
)
def favicon(site: Site, ctx: Context) -> Iterator[Hit]:
    probe = site.probes.get("favicon")
    if probe is not None and probe.status != 200:
        yield Hit({"url": probe.url, "status": probe.status}, url=site.home_url)
