"""Directives that keep pages out of the index or out of snippets."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page

_CATEGORY = "indexability"
_RICH_TYPES = frozenset(
    (
        "Article",
        "NewsArticle",
        "BlogPosting",
        "Product",
        "Recipe",
        "Event",
        "FAQPage",
        "HowTo",
        "JobPosting",
        "VideoObject",
        "Course",
        "Book",
        "SoftwareApplication",
        "LocalBusiness",
        "Review",
        "QAPage",
        "Movie",
        "Dataset",
    )
)


def _noindex(directives: frozenset[str]) -> bool:
    return "noindex" in directives or "none" in directives


@check(
    id="ix.noindex_meta",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="noindex in a meta tag",
    means="Search engines are asked to leave the page out.",
    fix="Remove the directive if the page shall be found.",
)
def noindex_meta(page: Page, ctx: Context) -> Iterator[Hit]:
    if _noindex(page.robots_meta):
        home = page.url == ctx.site.home_url
        yield Hit({"robots": sorted(page.robots_meta)}, severity=ERROR if home else None)


@check(
    id="ix.noindex_header",
    severity=NOTICE,
    category=_CATEGORY,
    title="noindex in the X-Robots-Tag header",
    means="Search engines are asked to leave the page out; the header is easily overlooked.",
    fix="Remove the header if the page shall be found.",
)
def noindex_header(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status == 200 and _noindex(page.robots_header):
        home = page.url == ctx.site.home_url
        value = page.headers.get("x-robots-tag", "")
        yield Hit({"x-robots-tag": value}, severity=ERROR if home else None, value=value)


@check(
    id="ix.noindex_sitewide",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="g",
    title="Most of the site says noindex",
    means="More than half of the pages ask to be left out, often a setting left over from staging.",
    fix="Remove the directive from the template or the server configuration.",
    thresholds={"share": 0.5, "min_pages": 5},
)
def noindex_sitewide(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pages = [p for p in graph if p.status == 200 and p.is_html]
    hidden = [p for p in pages if p.noindex]
    if len(pages) >= ctx.t["min_pages"] and len(hidden) / len(pages) > ctx.t["share"]:
        yield Hit({"noindex": len(hidden), "of": len(pages), "examples": [p.url for p in hidden[:5]]})


@check(
    id="ix.meta_header_clash",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Meta tag and header disagree on indexing",
    means="One says index or follow, the other the opposite; engines obey the stricter one.",
    fix="Set the directive in one place only.",
)
def meta_header_clash(page: Page, ctx: Context) -> Iterator[Hit]:
    meta, header = page.robots_meta, page.robots_header
    if not header or not meta:
        return
    noindex_differs = _noindex(meta) != _noindex(header)
    meta_nofollow = "nofollow" in meta or "none" in meta
    header_nofollow = "nofollow" in header or "none" in header
    explicit = {"follow", "all", "index"}
    nofollow_differs = meta_nofollow != header_nofollow and bool((meta | header) & explicit)
    if noindex_differs or nofollow_differs:
        yield Hit({"meta": sorted(meta), "header": sorted(header)})


@check(
    id="ix.nofollow_page",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Page says nofollow",
    means="No link of the page is followed, so pages behind it get no value from it.",
    fix="Remove nofollow from the robots directive.",
)
def nofollow_page(page: Page, ctx: Context) -> Iterator[Hit]:
    if "nofollow" in page.robots or "none" in page.robots:
        yield Hit({"robots": sorted(page.robots)})


@check(
    id="ix.nosnippet",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Snippets are forbidden",
    means="The page forbids text snippets, so results show only the title.",
    fix="Remove nosnippet or max-snippet:0.",
)
def nosnippet(page: Page, ctx: Context) -> Iterator[Hit]:
    found = sorted(page.robots & {"nosnippet", "max-snippet:0"})
    if found:
        yield Hit({"robots": found})


@check(
    id="ix.noimageindex",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Images are not indexed",
    means="The page forbids engines to index its images.",
    fix="Remove noimageindex if the images shall be found.",
)
def noimageindex(page: Page, ctx: Context) -> Iterator[Hit]:
    if "noimageindex" in page.robots:
        yield Hit({"robots": sorted(page.robots)})


@check(
    id="ix.unavailable_after",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Page has expired for search engines",
    means="The unavailable_after date has passed, so the page is dropped from results.",
    fix="Remove or move the date.",
)
def unavailable_after(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.unavailable_after is not None and page.unavailable_after < ctx.now:
        yield Hit({"unavailable_after": page.unavailable_after.isoformat()})


@check(
    id="ix.outside_head",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Head element stands outside the head",
    means="Title, description, robots, canonical or hreflang was read in the body, where engines ignore it.",
    fix="Move it into the head, and check for elements that close the head early.",
)
def outside_head(page: Page, ctx: Context) -> Iterator[Hit]:
    for kind, elements in document(page).markup.items():
        if kind.startswith("outside_head:"):
            name = kind.partition(":")[2]
            yield Hit({"element": name, "snippet": elements[0].snippet}, value=name)


@check(
    id="ix.schema_noindex",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Rich-result markup on a noindex page",
    means="The page carries markup for rich results but asks not to be indexed; one of the two is a mistake.",
    fix="Drop the noindex, or the markup.",
)
def schema_noindex(page: Page, ctx: Context) -> Iterator[Hit]:
    types = sorted(page.schema_types & _RICH_TYPES)
    if types and page.noindex:
        yield Hit({"types": types, "robots": sorted(page.robots)})
