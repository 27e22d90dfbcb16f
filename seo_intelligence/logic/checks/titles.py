"""Titles of indexable pages."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.extract.text import fold
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page
from seo_intelligence.logic.urls import strip_www

_CATEGORY = "titles"
_SEPARATOR = re.compile(r"\s+[|·•–—»:-]\s+|\s*[|·•»]\s*")
_PLACEHOLDER = re.compile(
    r"^(?:untitled(?: (?:document|page))?|home(?:page)?|index|document|new page|page title|title|default|welcome|test|"
    r"startseite|accueil|inicio|unbenannt|react app|vite app|next\.js app|my (?:site|website|page)|wordpress|"
    r"lorem ipsum.*|\d+|[\W_]+)$",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"\{\{.*?\}\}|\{%.*?%\}|%%\w+%%|\[\[?[a-z_]+\]\]?|\$\{.*?\}|\{[a-z_.]+\}|<%.*?%>|\bundefined\b|\bnull\b|\bNaN\b"
)
_URL = re.compile(
    r"^(?:https?://|www\.)\S+$|^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|html?|php|aspx?|de|io|co\.uk)(?:/\S*)?$",
    re.IGNORECASE,
)


@check(
    id="ti.missing",
    severity=ERROR,
    category=_CATEGORY,
    audience="indexable",
    title="No title",
    means="The page has no title; engines make one up.",
    fix="Write a title of 30 to 60 characters that names the topic.",
)
def missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not page.title:
        yield Hit({"title": None})


@check(
    id="ti.long",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Title is too long",
    means="The title is cut off in results.",
    fix="Shorten it; put the important words first.",
    thresholds={"max_chars": 60, "max_px": 561},
)
def long(page: Page, ctx: Context) -> Iterator[Hit]:
    if len(page.title) > ctx.t["max_chars"] or page.title_px > ctx.t["max_px"]:
        yield Hit({"title": page.title, "chars": len(page.title), "px": page.title_px})


@check(
    id="ti.short",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Title is too short",
    means="The title leaves room unused and hardly says what the page is about.",
    fix="Name the topic, and what sets the page apart.",
    thresholds={"min_chars": 30, "min_px": 200},
)
def short(page: Page, ctx: Context) -> Iterator[Hit]:
    wide = page.title_px >= 2 * ctx.t["min_px"]
    if page.title and not wide and (len(page.title) < ctx.t["min_chars"] or page.title_px < ctx.t["min_px"]):
        yield Hit({"title": page.title, "chars": len(page.title), "px": page.title_px})


@check(
    id="ti.multiple",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Several titles",
    means="The head has more than one title element.",
    fix="Keep one.",
)
def multiple(page: Page, ctx: Context) -> Iterator[Hit]:
    if len(page.titles) > 1:
        yield Hit({"titles": list(page.titles[:5])})


def duplicates(graph: CrawlGraph, text_of: str) -> Iterator[tuple[str, list[Page]]]:
    """Groups of at least two indexable pages that share a field and a language."""
    groups: dict[tuple[str, str], list[Page]] = defaultdict(list)
    for page in graph:
        if page.indexable:
            value = page.title if text_of == "title" else page.description if text_of == "description" else ""
            if text_of == "h1":
                value = page.h1[0] if page.h1 else ""
            if value:
                groups[fold(value), page.lang.split("-")[0]].append(page)
    for pages in groups.values():
        if len(pages) > 1 and not _paginated(pages):
            shown = pages[0].title if text_of == "title" else pages[0].description
            yield (pages[0].h1[0] if text_of == "h1" else shown), pages


def _paginated(pages: list[Page]) -> bool:
    """Pages of one sequence, joined by rel next and prev, may share their texts."""
    linked = {url for page in pages for url in (*page.next_urls, *page.prev_urls)}
    return all(page.url in linked for page in pages)


@check(
    id="ti.dup",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Duplicate title",
    means="Several indexable pages share one title, so visitors and engines cannot tell them apart.",
    fix="Give each page its own title.",
)
def duplicate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for title, pages in duplicates(graph, "title"):
        for page in pages:
            other = pages[0] if page is not pages[0] else pages[1]
            yield Hit({"title": title, "pages": len(pages)}, url=page.url, target=other.url, value=title)


@check(
    id="ti.same_h1",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Title equals the H1",
    means="Title and H1 are the same words; two different ones would cover more ways to search.",
    fix="Vary one of them.",
)
def same_h1(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.title and page.h1 and fold(page.title) == fold(page.h1[0]):
        yield Hit({"title": page.title})


def _suffix(title: str) -> str:
    parts = _SEPARATOR.split(title)
    return fold(parts[-1]) if len(parts) > 1 else ""


@check(
    id="ti.boilerplate",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Titles are mostly boilerplate",
    means="Most of the title is a text that stands in the titles of most pages.",
    fix="Shorten the common part and put the page's own words first.",
    thresholds={"share_of_title": 0.6, "share_of_pages": 0.5, "min_pages": 5},
)
def boilerplate(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pages = [p for p in graph if p.indexable and p.title]
    if len(pages) < ctx.t["min_pages"] or len({fold(p.title) for p in pages}) < 2:
        return
    counts = Counter(part for p in pages for part in {fold(x) for x in _SEPARATOR.split(p.title) if x})
    common = {part for part, n in counts.items() if n / len(pages) > ctx.t["share_of_pages"]}
    for page in pages:
        parts = [fold(x) for x in _SEPARATOR.split(page.title) if x]
        shared = sum(len(part) for part in parts if part in common)
        total = sum(map(len, parts))
        # A title that is nothing but the site's name is the home page's business (or a duplicate).
        if total and shared / total >= ctx.t["share_of_title"] and shared < total:
            evidence = {
                "title": page.title,
                "shared": [p for p in parts if p in common],
                "share": round(shared / total, 2),
            }
            yield Hit(evidence, url=page.url, value=" | ".join(p for p in parts if p in common))


@check(
    id="ti.pattern_outlier",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Title breaks the site's pattern",
    means="Nearly all titles end with the same name, this one does not.",
    fix="Use the template's title pattern.",
    thresholds={"share": 0.7, "min_pages": 10},
)
def pattern_outlier(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pages = [p for p in graph if p.indexable and p.title]
    if len(pages) < ctx.t["min_pages"]:
        return
    suffixes = Counter(_suffix(p.title) for p in pages)
    suffix, count = suffixes.most_common(1)[0]
    if not suffix or count / len(pages) < ctx.t["share"] or count == len(pages):
        return
    for page in pages:
        if suffix not in fold(page.title) and page.url != graph.home_url:
            yield Hit({"title": page.title, "pattern": f"… {suffix}"}, url=page.url, value=suffix)


@check(
    id="ti.placeholder",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Title is a placeholder",
    means="The title is a default text, an address or an unfilled variable.",
    fix="Write a title for this page.",
)
def placeholder(page: Page, ctx: Context) -> Iterator[Hit]:
    title = page.title
    if not title:
        return
    name = urlsplit(page.url).netloc
    if (
        _PLACEHOLDER.match(title)
        or _VARIABLE.search(title)
        or _URL.match(title)
        or title.lower() in (page.url, name, strip_www(name))
    ):
        yield Hit({"title": title}, value=title)
