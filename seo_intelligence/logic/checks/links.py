"""Links of pages, and how the pages hang together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import unquote

import numpy as np

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.extract.text import fold
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import FetchError, Link, Page, Position, Site
from seo_intelligence.logic.urls import host_of, is_local_host

_CATEGORY = "links"
_GENERIC = frozenset(
    (
        "click here",
        "here",
        "read more",
        "more",
        "learn more",
        "this",
        "link",
        "this link",
        "see more",
        "details",
        "view more",
        "find out more",
        "this page",
        "click",
        "click this",
        "right here",
        "more info",
        "continue reading",
        "more information",
        "download here",
        "view details",
        "show more",
        "hier",
        "hier klicken",
        "klicken sie hier",
        "mehr",
        "mehr erfahren",
        "weiterlesen",
        "mehr lesen",
        "mehr infos",
        "ici",
        "cliquez ici",
        "lire la suite",
        "en savoir plus",
        "plus",
        "voir plus",
        "aquí",
        "haga clic aquí",
        "clic aquí",
        "leer más",
        "más",
        "ver más",
        "más información",
        "saber más",
        "qui",
        "clicca qui",
        "leggi tutto",
        "scopri di più",
        "altro",
        "clique aqui",
        "aqui",
        "leia mais",
        "saiba mais",
        "ver mais",
        "klik hier",
        "lees meer",
        "meer",
        "lees verder",
        "läs mer",
        "klicka här",
        "læs mere",
        "klik her",
        "les mer",
        "klikk her",
        "lue lisää",
        "czytaj więcej",
        "kliknij tutaj",
        "více",
        "zjistit více",
        "tovább",
        "devamı",
        "tıklayın",
        "詳細",
        "こちら",
        "もっと見る",
        "点击这里",
        "更多",
        "더 보기",
        "подробнее",
        "читать далее",
        "здесь",
    )
)
_STAGING = re.compile(
    r"^(?:staging|stage|stg|dev|develop|test|testing|qa|uat|preprod|preview|sandbox|demo-staging|beta-staging)(?:[.-]|\d)|"
    r"[.-](?:staging|dev|test|preprod|uat)\.|\.(?:vercel\.app|netlify\.app|herokuapp\.com|ngrok\.io|ngrok-free\.app|"
    r"local|test|localhost|pages\.dev|web\.app|azurewebsites\.net|wpengine\.com|pantheonsite\.io|kinsta\.cloud)$",
    re.IGNORECASE,
)
_FILE_AS_PAGE = re.compile(r"\.(?:js|mjs|css|json|map|xml\.bak|woff2?|ts)$", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s,;<>()]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.IGNORECASE)
_TEL = re.compile(r"\+?\*?#?\d[\d\-.()*#]*(?:;[a-z-]+=[^;]*)*|\+[\d\-.()]+", re.IGNORECASE)


def _status(page: Page) -> tuple[bool, dict[str, object]]:
    """Whether a crawled page is broken, and the evidence."""
    error = page.error not in (None, FetchError.ROBOTS, FetchError.TOO_LARGE) and page.status is None
    bad = page.status is not None and page.status >= 400 and page.status not in (401, 403, 407, 429)
    return (bad and not page.is_challenge) or error, {
        "status": page.status,
        "error": page.error.value if page.error else None,
    }


def _distinct(graph: CrawlGraph, wanted: set[str]) -> Iterator[tuple[str, str, str]]:
    """Source, target and anchor of links to the wanted URLs, one per pair of pages."""
    seen: set[tuple[str, str]] = set()
    for edge in graph.edges_to(wanted):
        if (edge.source, edge.target) not in seen:
            seen.add((edge.source, edge.target))
            yield edge.source, edge.target, edge.anchor


@check(
    id="ln.broken_int",
    severity=ERROR,
    category=_CATEGORY,
    scope="link",
    phase="g",
    title="Broken internal link",
    means="The link leads to an error or to nothing.",
    fix="Correct or remove the link, or restore its target.",
)
def broken_internal(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    broken = {page.url: evidence for page in graph for bad, evidence in [_status(page)] if bad}
    for source, target, anchor in _distinct(graph, set(broken)):
        yield Hit({**broken[target], "anchor": anchor}, url=source, target=target, value=target)


@check(
    id="ln.broken_ext",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    phase="x",
    title="Broken external link",
    means="The link to another site leads to an error (a block of robots is only noted).",
    fix="Correct or remove the link.",
)
def broken_external(site: Site, ctx: Context) -> Iterator[Hit]:
    targets = ctx.crawl.external_targets()
    for url, users in targets.items():
        facts = site.resources.get(url)
        if facts is None:
            continue
        status = facts.status
        if status in (401, 403, 429, 999):
            evidence, level = {"status": status, "why": "blocked"}, NOTICE
        elif (status is not None and status >= 400) or (status is None and facts.error is not None):
            evidence, level = {"status": status, "error": facts.error.value if facts.error else None}, WARNING
        else:
            continue
        for user in users:
            yield Hit(evidence, url=user, target=url, value=url, severity=level)


@check(
    id="ln.to_redirect",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    phase="g",
    title="Internal link to a redirect",
    means="The link leads to an address that redirects, a detour for visitors and crawlers.",
    fix="Link to the final address.",
)
def to_redirect(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    redirects = {page.url: page for page in graph if page.is_redirect}
    for source, target, anchor in _distinct(graph, set(redirects)):
        page = redirects[target]
        evidence = {"status": page.status, "to": page.final_url, "anchor": anchor}
        yield Hit(evidence, url=source, target=target, value=target)


@check(
    id="ln.ext_redirect",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    phase="x",
    title="External link to a redirect",
    means="The link to another site redirects.",
    fix="Link to the final address when the move is permanent.",
)
def external_redirect(site: Site, ctx: Context) -> Iterator[Hit]:
    for url, users in ctx.crawl.external_targets().items():
        facts = site.resources.get(url)
        if facts is not None and facts.redirects:
            for user in users:
                yield Hit(
                    {"status": facts.redirects[0].status, "to": facts.final_url},
                    url=user,
                    target=url,
                    value=url,
                )


@check(
    id="ln.file_as_page",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    title="Link to a technical file",
    means="A link leads visitors to a script, style sheet or data file.",
    fix="Link to a page, or remove the link.",
)
def file_as_page(page: Page, ctx: Context) -> Iterator[Hit]:
    for url in sorted({link.url for link in document(page).links if link.internal}):
        if _FILE_AS_PAGE.search(url.partition("?")[0]):
            yield Hit({"url": url}, target=url, value=url)


def _pages_with_inlinks(graph: CrawlGraph) -> Iterator[Page]:
    for page in graph:
        if page.status == 200 and page.is_html and page.url != graph.home_url:
            yield page


@check(
    id="ln.orphan",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Orphan page",
    means="No page of the site links to it; it is known only from a sitemap or another source.",
    fix="Link to it from a fitting page.",
)
def orphan(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    redirected = {p.final_url for p in graph if p.is_redirect}
    for page in _pages_with_inlinks(graph):
        if (
            not page.inlinks
            and page.url not in redirected
            and not page.noindex
            and not page.canonical_elsewhere
        ):
            yield Hit({"inlinks": 0, "sitemaps": list(page.in_sitemaps[:3])}, url=page.url)


@check(
    id="ln.single_in",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Only one internal link",
    means="A single followed link leads to the page.",
    fix="Link to it from related pages.",
    thresholds={"min_site_pages": 10},
)
def single_inlink(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    if sum(1 for p in graph if p.indexable) < ctx.t["min_site_pages"]:
        return
    for page in _pages_with_inlinks(graph):
        if page.inlinks_follow == 1 and page.indexable:
            yield Hit({"inlinks": page.inlinks, "followed": 1}, url=page.url)


@check(
    id="ln.nofollow_in_only",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    absence=True,
    title="Only nofollow links to the page",
    means="All internal links to the page are nofollow, so it gets no value from the site.",
    fix="Remove nofollow from internal links.",
)
def nofollow_only(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in _pages_with_inlinks(graph):
        if page.inlinks and not page.inlinks_follow and page.indexable:
            yield Hit({"inlinks": page.inlinks}, url=page.url)


@check(
    id="ln.mixed_follow",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Followed and nofollow links mixed",
    means="Some internal links to the page are nofollow, others are not.",
    fix="Treat all links to the page alike.",
)
def mixed_follow(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    nofollowed: dict[str, set[str]] = defaultdict(set)
    followed: dict[str, set[str]] = defaultdict(set)
    for edge in graph.nofollow_edges():
        nofollowed[edge.target].add(edge.source)
    for edge in graph.edges_to(set(nofollowed)):
        if not edge.nofollow:
            followed[edge.target].add(edge.source)
    for target, sources in nofollowed.items():
        page = graph.get(target)
        if followed[target] and page is not None and page.status == 200:
            yield Hit({"nofollow": len(sources), "followed": len(followed[target])}, url=target)


@check(
    id="ln.nofollow_int",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    title="Internal nofollow link",
    means="A link to the site's own page says nofollow.",
    fix="Remove nofollow; close pages by noindex or a login instead.",
)
def nofollow_internal(page: Page, ctx: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for link in document(page).links:
        if link.internal and "nofollow" in link.rel and link.url not in seen:
            seen.add(link.url)
            yield Hit({"anchor": link.anchor, "rel": sorted(link.rel)}, target=link.url, value=link.url)


@check(
    id="ln.dead_end",
    severity=WARNING,
    category=_CATEGORY,
    audience="indexable",
    title="Page without links",
    means="The page links to no other page, so visitors and crawlers cannot go on.",
    fix="Add the navigation, or links to related pages.",
)
def dead_end(page: Page, ctx: Context) -> Iterator[Hit]:
    if not any(link.url and link.url != page.url for link in document(page).links):
        yield Hit({"links": 0})


@check(
    id="ln.too_many",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Very many links",
    means="The page has more links than visitors can use; each gets little weight.",
    fix="Keep the links that matter, or split the page.",
    thresholds={"max_unique_content": 100, "max_total": 3000},
)
def too_many(page: Page, ctx: Context) -> Iterator[Hit]:
    links = [link for link in document(page).links if link.url]
    content = {link.url for link in links if link.position is Position.MAIN}
    if len(links) > ctx.t["max_total"]:
        yield Hit({"links": len(links)}, severity=WARNING)
    elif len(content) > ctx.t["max_unique_content"]:
        yield Hit({"unique_content_links": len(content)})


def _each_once(links: tuple[Link, ...]) -> Iterator[Link]:
    seen: set[tuple[str, str]] = set()
    for link in links:
        key = (link.href or "", link.anchor)
        if key not in seen:
            seen.add(key)
            yield link


@check(
    id="ln.empty_anchor",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    audience="ok_html",
    title="Link without text",
    means="The link has no text, no alt text and no label, so nothing says where it leads.",
    fix="Add a text, an alt text for its image, or an aria-label.",
)
def empty_anchor(page: Page, ctx: Context) -> Iterator[Hit]:
    for link in _each_once(document(page).links):
        if link.href is not None and link.url and not link.has_name:
            yield Hit({"href": link.href, "position": link.position.value}, target=link.url, value=link.url)


@check(
    id="ln.generic_anchor",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    audience="ok_html",
    title="Link text says nothing",
    means='Texts such as "click here" or "read more" do not tell where the link leads.',
    fix="Name the target in the link text.",
)
def generic_anchor(page: Page, ctx: Context) -> Iterator[Hit]:
    for link in _each_once(document(page).links):
        if link.url and fold(link.anchor).strip(" .…»›>→!:") in _GENERIC:
            yield Hit({"anchor": link.anchor, "href": link.href}, target=link.url, value=fold(link.anchor))


@check(
    id="ln.not_crawlable",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    audience="ok_html",
    title="Link cannot be followed by crawlers",
    means="The link has no address but works by script, so crawlers do not follow it.",
    fix="Use <a href> with the address of the target.",
)
def not_crawlable(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    for link in _each_once(doc.links):
        href = (link.href or "").strip().lower()
        if link.href is None:
            why = "onclick without href" if link.onclick else "no href"
            if link.anchor or link.onclick:
                yield Hit({"anchor": link.anchor, "why": why})
        elif href.startswith("javascript:"):
            yield Hit({"anchor": link.anchor, "href": link.href, "why": "javascript:"})
        elif link.onclick and href in ("", "#"):
            yield Hit({"anchor": link.anchor, "href": link.href, "why": "onclick"})
    for element in doc.markup.get("onclick_nav", ()):
        yield Hit({"snippet": element.snippet, "why": "navigation by onclick"})


@check(
    id="ln.http",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    title="Internal link to http",
    means="A secure page links to an insecure address of the same site.",
    fix="Link to the https address.",
)
def insecure(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.url.startswith("https://"):
        for url in sorted(
            {x.url for x in document(page).links if x.internal and x.url.startswith("http://")}
        ):
            yield Hit({"url": url}, target=url, value=url)


@check(
    id="ln.localhost",
    severity=ERROR,
    category=_CATEGORY,
    scope="link",
    title="Link to a local address",
    means="The link leads to the developer's machine or a private network, where visitors cannot go.",
    fix="Link to the public address.",
)
def localhost(page: Page, ctx: Context) -> Iterator[Hit]:
    own = host_of(page.url)
    for link in _each_once(document(page).links):
        host = host_of(link.url) if link.url else host_of((link.href or "").strip())
        if host and host != own and is_local_host(host):
            yield Hit({"href": link.href, "anchor": link.anchor}, target=link.url or link.href, value=host)


@check(
    id="ln.staging",
    severity=WARNING,
    category=_CATEGORY,
    scope="link",
    title="Link to a staging host",
    means="The link leads to a test version of a site.",
    fix="Link to the live address.",
)
def staging(page: Page, ctx: Context) -> Iterator[Hit]:
    own = host_of(page.url)
    for host in sorted({host_of(x.url) for x in document(page).links if x.url}):
        if host and host != own and _STAGING.search(host) and host != host_of(ctx.site.home_url):
            example = next(x.url for x in document(page).links if host_of(x.url) == host)
            yield Hit({"url": example}, target=example, value=host)


@check(
    id="ln.fragment_broken",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    phase="g",
    title="Link to a missing part of a page",
    means="The part after # names no element of the target page.",
    fix="Correct the fragment, or add the id to the target.",
)
def fragment_broken(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    seen: set[tuple[str, str, str]] = set()
    for edge in graph.fragment_edges():
        fragment = edge.fragment
        key = (edge.source, edge.target, fragment)
        # #top is built into browsers; :~: is a text fragment; routes and parameters belong to scripts.
        if (
            key in seen
            or fragment.lower() == "top"
            or fragment.startswith((":~:", "!", "/"))
            or "=" in fragment
        ):
            continue
        seen.add(key)
        page = graph.get(edge.target)
        if page is None or page.status != 200 or not page.is_html:
            continue
        if fragment not in page.ids and unquote(fragment) not in page.ids:
            evidence = {"fragment": fragment, "anchor": edge.anchor}
            yield Hit(
                evidence,
                url=edge.source,
                target=f"{edge.target}#{fragment}",
                value=f"{edge.target}#{fragment}",
            )


@check(
    id="ln.tel_mailto",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    title="Malformed phone or mail link",
    means="The tel: or mailto: link has no valid number or address.",
    fix="Write tel:+49301234567 or mailto:name@example.com.",
)
def tel_mailto(page: Page, ctx: Context) -> Iterator[Hit]:
    for link in document(page).links:
        if link.url or not link.href:
            continue
        href = link.href.strip()
        scheme, _, rest = href.partition(":")
        rest = unquote(rest).strip()
        if scheme.lower() == "tel":
            number = rest.replace(" ", "")
            digits = sum(c.isdigit() for c in number)
            if not _TEL.fullmatch(number) or digits < 3 or (digits > 15 and ";" not in number):
                yield Hit({"href": href}, value=href)
        elif scheme.lower() == "mailto":
            addresses, _, query = rest.partition("?")
            parts = [a.strip() for a in addresses.split(",") if a.strip()]
            shared = not parts and ("to=" in query or "subject=" in query or "body=" in query)
            if not shared and (not parts or not all(_EMAIL.fullmatch(a) for a in parts)):
                yield Hit({"href": href}, value=href)


@check(
    id="ln.pr_sink",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Link weight is lost",
    means="Much of the site's internal link weight ends at a page that cannot be indexed.",
    fix="Link to indexable pages instead.",
    thresholds={"top_share": 0.1, "min_pages": 20},
)
def pagerank_sink(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    pages = [p for p in graph if p.pagerank > 0]
    if len(pages) < ctx.t["min_pages"]:
        return
    limit = float(np.quantile([p.pagerank for p in pages], 1 - float(ctx.t["top_share"])))
    for page in pages:
        lost = page.is_redirect or (page.status or 0) >= 400 or (page.status == 200 and page.noindex)
        if lost and page.pagerank > limit:
            yield Hit({"pagerank": round(page.pagerank, 6), "status": page.status}, url=page.url)
