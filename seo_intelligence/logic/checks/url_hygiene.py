"""Form of addresses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from seo_intelligence.logic.checks.canonicals import is_tracking_parameter
from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page
from seo_intelligence.logic.urls import path_segments

_CATEGORY = "url_hygiene"
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_SESSION = re.compile(
    r"(?:^|[?&;/])(?:sid|phpsessid|jsessionid|sessionid|session_id|sess|aspsessionid\w*|cfid|cftoken|zenid|oscsid)=[\w.!-]{4,}",
    re.IGNORECASE,
)
_SEARCH = re.compile(r"/(?:search|suche|recherche|buscar|zoeken)(?:/|\?|$)", re.IGNORECASE)
_SEARCH_PARAMETERS = frozenset(
    ("q", "s", "query", "search", "keyword", "keywords", "searchterm", "suche", "term")
)


def _own(page: Page) -> bool:
    """Pages whose address is worth judging."""
    return page.status == 200 and page.is_html


@check(
    id="ur.upper",
    severity=NOTICE,
    category=_CATEGORY,
    title="Capital letters in the path",
    means="Paths are case-sensitive, so capitals easily make a second address of the page.",
    fix="Use lower case and redirect the old form.",
)
def upper(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page) and re.search(r"[A-Z]", _ESCAPE.sub("", urlsplit(page.url).path)):
        yield Hit({"path": urlsplit(page.url).path})


@check(
    id="ur.underscore",
    severity=NOTICE,
    category=_CATEGORY,
    title="Underscore in the path",
    means="Engines read words joined by an underscore as one word.",
    fix="Use hyphens for new pages.",
)
def underscore(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page) and "_" in urlsplit(page.url).path:
        yield Hit({"path": urlsplit(page.url).path})


@check(
    id="ur.space",
    severity=WARNING,
    category=_CATEGORY,
    title="Space in the address",
    means="Spaces are escaped or break the address when it is shared.",
    fix="Use hyphens and redirect the old form.",
)
def space(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page) and ("%20" in page.url or " " in page.url or "+" in urlsplit(page.url).path):
        yield Hit({"url": page.url})


@check(
    id="ur.non_ascii",
    severity=NOTICE,
    category=_CATEGORY,
    scope="page",
    phase="g",
    title="Unescaped letters in the address",
    means="The address is linked with letters outside ASCII that are not escaped.",
    fix="Escape them, or use ASCII words.",
)
def non_ascii(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for url, href in graph.non_ascii_hrefs():
        page = graph.get(url)
        if page is None or _own(page):
            yield Hit({"href": href}, url=url)


@check(
    id="ur.slashes",
    severity=WARNING,
    category=_CATEGORY,
    title="Doubled slash in the path",
    means="The path contains //, usually a mistake when addresses are joined.",
    fix="Remove the doubled slash and redirect.",
)
def slashes(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page) and "//" in urlsplit(page.url).path:
        yield Hit({"path": urlsplit(page.url).path})


@check(
    id="ur.repeat",
    severity=WARNING,
    category=_CATEGORY,
    title="Repeated segment in the path",
    means="A path segment stands twice, often the sign of wrong relative links.",
    fix="Correct the links that lead there.",
)
def repeat(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page):
        # Short numbers repeat by chance, as in dates.
        counts = Counter(s for s in path_segments(page.url) if not s.isdigit())
        repeated = sorted(segment for segment, n in counts.items() if n > 1)
        if repeated:
            yield Hit({"segments": repeated}, value=repeated[0])


@check(
    id="ur.long",
    severity=NOTICE,
    category=_CATEGORY,
    title="Long address",
    means="Long addresses are hard to read and share.",
    fix="Shorten the path.",
    thresholds={"max_chars": 115, "warning_chars": 200},
)
def long(page: Page, ctx: Context) -> Iterator[Hit]:
    if _own(page) and len(page.url) > ctx.t["max_chars"]:
        yield Hit(
            {"chars": len(page.url)}, severity=WARNING if len(page.url) > ctx.t["warning_chars"] else NOTICE
        )


@check(
    id="ur.params",
    severity=NOTICE,
    category=_CATEGORY,
    title="Many parameters",
    means="Addresses with many parameters multiply the pages that crawlers see.",
    fix="Use paths for what makes a page, and canonicals for variants.",
    thresholds={"max_parameters": 3},
)
def params(page: Page, ctx: Context) -> Iterator[Hit]:
    names = [key for key, _ in parse_qsl(urlsplit(page.url).query, keep_blank_values=True)]
    if _own(page) and len(names) > ctx.t["max_parameters"]:
        yield Hit({"parameters": names[:20]})


@check(
    id="ur.tracking",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    title="Tracking parameter on an internal link",
    means="The parameter overwrites where the visit came from and doubles the page.",
    fix="Remove it from internal links.",
)
def tracking(page: Page, ctx: Context) -> Iterator[Hit]:
    for url in sorted({link.url for link in document(page).links if link.internal and "?" in link.url}):
        found = sorted(
            {k for k, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True) if is_tracking_parameter(k)}
        )
        if found:
            yield Hit({"url": url, "parameters": found}, target=url, value=url)


@check(
    id="ur.session",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    title="Session id in the address",
    means="Each visit gets addresses of its own, so crawlers see the same pages without end.",
    fix="Keep sessions in cookies.",
)
def session(page: Page, ctx: Context) -> Iterator[Hit]:
    for url in sorted({link.url for link in document(page).links if link.internal}):
        match = _SESSION.search(url.split("://", 1)[-1])
        if match:
            yield Hit({"url": url}, target=url, value=match.group(0).split("=")[0].strip("?&;/").lower())


@check(
    id="ur.search",
    severity=NOTICE,
    category=_CATEGORY,
    audience="indexable",
    title="Internal search page can be indexed",
    means="Search results of the site itself are unwanted in search engines and endless in number.",
    fix="Add noindex, or disallow the search path.",
)
def search(page: Page, ctx: Context) -> Iterator[Hit]:
    parts = urlsplit(page.url)
    keys = {key.lower() for key, value in parse_qsl(parts.query) if value}
    on_path = bool(_SEARCH.search(parts.path))
    if (on_path and (parts.query or len(path_segments(page.url)) > 1)) or keys & _SEARCH_PARAMETERS:
        yield Hit({"url": page.url})


def _style(segment: str) -> str:
    stem = segment.rsplit(".", 1)[0] if "." in segment else segment
    if re.search(r"[A-Z]", _ESCAPE.sub("", stem)):
        return "capitals"
    if "_" in stem:
        return "underscores"
    if "-" in stem:
        return "hyphens"
    return "plain"


@check(
    id="ur.outlier",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Address breaks the site's convention",
    means="The pages beside it are named in another way (hyphens, case, ending).",
    fix="Name the page like the others and redirect the old address.",
    thresholds={"share": 0.8, "min_pages": 8},
)
def outlier(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    folders: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for page in graph:
        segments = path_segments(page.url)
        if page.indexable and segments:
            last = segments[-1]
            ending = last.rsplit(".", 1)[1].lower() if "." in last else ""
            folders["/".join(segments[:-1])].append((page.url, _style(last), ending))
    for entries in folders.values():
        if len(entries) < ctx.t["min_pages"]:
            continue
        styles = Counter(style for _, style, _ in entries if style != "plain")
        endings = Counter(ending for _, _, ending in entries)
        usual_style, styled = styles.most_common(1)[0] if styles else ("plain", 0)
        usual_ending, ended = endings.most_common(1)[0]
        for url, style, ending in entries:
            # One-word names fit every convention.
            odd = style not in ("plain", usual_style) and styled / max(1, styles.total()) >= ctx.t["share"]
            if odd or (ending != usual_ending and ended / len(entries) >= ctx.t["share"]):
                evidence = {
                    "style": style,
                    "usual": usual_style,
                    "ending": ending,
                    "usual_ending": usual_ending,
                }
                yield Hit(evidence, url=url)
