"""Canonical annotations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.extract.robots import allowed
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Canonical, Page
from seo_intelligence.logic.urls import host_of, is_absolute, registrable_domain

_CATEGORY = "canonicals"
TRACKING = frozenset(
    ("gclid", "fbclid", "msclkid", "dclid", "yclid", "mc_cid", "mc_eid", "igshid", "_hsenc", "_hsmi")
)


def _usable(page: Page) -> tuple[Canonical, ...]:
    return tuple(c for c in page.canonicals if c.in_head)


def is_tracking_parameter(key: str) -> bool:
    """True for parameters that only record where a visitor came from."""
    return key.lower().startswith("utm_") or key.lower() in TRACKING


@check(
    id="can.missing",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="No canonical",
    means="The page does not say which address is its canonical one; variants with parameters may compete with it.",
    fix="Add a canonical link to the page's own address.",
)
def missing(page: Page, ctx: Context) -> Iterator[Hit]:
    if not page.canonicals:
        yield Hit({"canonical": None})


@check(
    id="can.multiple",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Several canonical tags",
    means="More than one canonical tag stands in the page; engines may ignore all.",
    fix="Keep one.",
)
def multiple(page: Page, ctx: Context) -> Iterator[Hit]:
    tags = [c.href for c in page.canonicals if c.source == "tag"]
    if len(tags) > 1:
        yield Hit({"canonicals": tags[:10]})


@check(
    id="can.conflict",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonicals contradict each other",
    means="Tags, or tag and Link header, name different addresses.",
    fix="Name one address in one place.",
)
def conflict(page: Page, ctx: Context) -> Iterator[Hit]:
    targets = {c.url for c in page.canonicals if c.url}
    if len(targets) > 1:
        yield Hit({"canonicals": [{"source": c.source, "href": c.href} for c in page.canonicals][:10]})


@check(
    id="can.relative",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonical is not absolute",
    means="A relative canonical depends on the base address and easily points to the wrong page.",
    fix="Write the full address with https:// and host.",
)
def relative(page: Page, ctx: Context) -> Iterator[Hit]:
    for canonical in page.canonicals:
        if canonical.url and not is_absolute(canonical.href):
            yield Hit({"href": canonical.href})
            return


@check(
    id="can.fragment",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonical contains a fragment",
    means="The part after # is no address of its own.",
    fix="Remove the fragment.",
)
def fragment(page: Page, ctx: Context) -> Iterator[Hit]:
    for canonical in page.canonicals:
        if "#" in canonical.href:
            yield Hit({"href": canonical.href})
            return


@check(
    id="can.invalid",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonical is invalid",
    means="The canonical is empty, unreadable, or carries an hreflang attribute, so it is ignored.",
    fix="Write one absolute address without other attributes.",
)
def invalid(page: Page, ctx: Context) -> Iterator[Hit]:
    for canonical in page.canonicals:
        if not canonical.url or canonical.has_hreflang:
            why = (
                "hreflang attribute"
                if canonical.url
                else ("unreadable" if canonical.href.strip() else "empty")
            )
            yield Hit({"href": canonical.href, "why": why})
            return


def _targets(graph: CrawlGraph) -> Iterator[tuple[Page, Page]]:
    """Pages that name another, crawled page as canonical."""
    for page in graph:
        if page.status == 200 and page.canonical_elsewhere:
            target = graph.get(page.canonical)
            if target is not None:
                yield page, target


@check(
    id="can.to_3xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Canonical points to a redirect",
    means="The canonical address redirects, which contradicts it.",
    fix="Name the final address.",
)
def to_redirect(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, target in _targets(graph):
        if target.is_redirect:
            evidence = {"canonical": target.url, "status": target.status, "to": target.final_url}
            yield Hit(evidence, url=page.url, target=target.url, value=target.url)


@check(
    id="can.to_4xx_5xx",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Canonical points to a broken page",
    means="The canonical address answers with an error.",
    fix="Name an address that works.",
)
def to_error(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, target in _targets(graph):
        if (target.status is not None and target.status >= 400) or (
            target.error is not None and not target.status
        ):
            evidence = {"canonical": target.url, "status": target.status}
            yield Hit(evidence, url=page.url, target=target.url, value=target.url)


@check(
    id="can.to_noindex",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Canonical points to a page that cannot be indexed",
    means="The canonical page says noindex or is blocked by robots.txt.",
    fix="Let the canonical page be indexed, or name another.",
)
def to_noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.status != 200 or not page.canonical_elsewhere:
            continue
        target = graph.get(page.canonical)
        hidden = target is not None and target.status == 200 and target.noindex
        same_host = host_of(page.canonical) == host_of(page.url)
        blocked = same_host and not allowed(ctx.site.robots, page.canonical, "Googlebot")
        if hidden or blocked:
            why = "noindex" if hidden else "robots.txt"
            yield Hit(
                {"canonical": page.canonical, "why": why},
                url=page.url,
                target=page.canonical,
                value=page.canonical,
            )


def _follow(graph: CrawlGraph, page: Page) -> list[str]:
    path = [page.url]
    current: Page | None = page
    while current is not None and current.canonical_elsewhere and len(path) < 20:
        path.append(current.canonical)
        if path[-1] in path[:-1]:
            break
        current = graph.get(current.canonical)
    return path


@check(
    id="can.chain",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Canonical chain",
    means="The canonical page names yet another page as canonical.",
    fix="Name the last page of the chain directly.",
)
def chain(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, target in _targets(graph):
        path = _follow(graph, page)
        if target.canonical_elsewhere and len(set(path)) == len(path):
            yield Hit({"path": path}, url=page.url, target=path[-1], value=path[-1])


@check(
    id="can.loop",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Canonical loop",
    means="Pages name each other as canonical in a circle, so none counts.",
    fix="Choose one page and let all name it, itself included.",
)
def loop(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, _ in _targets(graph):
        path = _follow(graph, page)
        if path[-1] == page.url:
            yield Hit({"path": path}, url=page.url, target=path[1], value=min(path))


@check(
    id="can.to_other",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    scored=False,
    title="Page is canonicalised",
    means="The page names another address as canonical and will not be indexed itself.",
    fix="Nothing to do if meant.",
)
def to_other(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.status == 200 and page.is_html and page.canonical_elsewhere:
            yield Hit(
                {"canonical": page.canonical}, url=page.url, target=page.canonical, value=page.canonical
            )


@check(
    id="can.http_https",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonical has another scheme",
    means="A secure page names its insecure version as canonical, or the other way round.",
    fix="Name the https address.",
)
def scheme_differs(page: Page, ctx: Context) -> Iterator[Hit]:
    for canonical in page.canonicals:
        if canonical.url and canonical.url.split(":", 1)[0] != page.url.split(":", 1)[0]:
            yield Hit({"canonical": canonical.href}, target=canonical.url)
            return


@check(
    id="can.cross_domain",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Canonical points to another domain",
    means="The page gives its ranking to another domain.",
    fix="Check that this is meant.",
)
def cross_domain(page: Page, ctx: Context) -> Iterator[Hit]:
    own = registrable_domain(host_of(page.url))
    for canonical in page.canonicals:
        if canonical.url and registrable_domain(host_of(canonical.url)) != own:
            yield Hit(
                {"canonical": canonical.url},
                target=canonical.url,
                value=registrable_domain(host_of(canonical.url)),
            )
            return


@check(
    id="can.unlinked",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Canonical page is not linked",
    means="No page of the site links to the canonical address.",
    fix="Link to the canonical address instead of its variants.",
)
def unlinked(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    linked = graph.linked_urls()
    done: set[str] = set()
    own = host_of(graph.home_url)
    for page in graph:
        target = page.canonical
        if page.status == 200 and page.canonical_elsewhere and target not in done and host_of(target) == own:
            done.add(target)
            if target not in linked and target != graph.home_url:
                yield Hit({"canonical": target}, url=page.url, target=target, value=target)


def _form(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    last = parts.path.rsplit("/", 1)[-1]
    slash = "" if parts.path == "/" or "." in last else ("slash" if parts.path.endswith("/") else "no slash")
    tracked = any(is_tracking_parameter(key) for key, _ in parse_qsl(parts.query))
    return {
        "scheme": parts.scheme,
        "www": "www" if (parts.hostname or "").startswith("www.") else "no www",
        "slash": slash,
        "tracking": "tracking" if tracked else "clean",
    }


@check(
    id="can.form_drift",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="g",
    title="Canonicals are written in varying forms",
    means="Over the site canonicals vary in scheme, www, trailing slash or tracking parameters.",
    fix="Generate all canonicals by one rule.",
    thresholds={"min_pages": 4},
)
def form_drift(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    forms: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    pages = [p for p in graph if p.status == 200 and p.canonical]
    own = registrable_domain(host_of(graph.home_url))
    pages = [p for p in pages if registrable_domain(host_of(p.canonical)) == own]
    if len(pages) < ctx.t["min_pages"]:
        return
    for page in pages:
        for aspect, value in _form(page.canonical).items():
            # A site may use both slash forms on purpose; only a canonical unlike its own page's form is drift.
            if value and (aspect != "slash" or _form(page.url)["slash"] != value):
                forms[aspect][value].append(page.url)
    for aspect, values in sorted(forms.items()):
        drifting = values if aspect == "slash" else values if len(values) > 1 else {}
        if not drifting:
            continue
        counts = Counter({value: len(urls) for value, urls in values.items()})
        rare = min(counts, key=lambda value: (counts[value], value))
        evidence = {"aspect": aspect, "counts": dict(counts), "examples": sorted(values[rare])[:5]}
        yield Hit(evidence, url=sorted(values[rare])[0], value=aspect)


@check(
    id="can.home_from_deep",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Many pages name the home page as canonical",
    means="Deep pages give themselves up for the home page, usually a template mistake.",
    fix="Let each page name its own address.",
    thresholds={"min_pages": 5},
)
def home_from_deep(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    roots = {graph.home_url, "{0.scheme}://{0.netloc}/".format(urlsplit(graph.home_url))}
    deep = [
        p
        for p in graph
        if p.status == 200 and p.canonical in roots and p.url not in roots and urlsplit(p.url).path != "/"
    ]
    if len(deep) >= ctx.t["min_pages"]:
        for page in deep:
            yield Hit({"canonical": page.canonical, "pages": len(deep)}, url=page.url, value=page.canonical)
