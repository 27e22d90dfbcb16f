"""The planted defects: for every check at least one, and near misses that must stay silent.

A case changes a clean site and returns the URLs on which its check must fire (`None` stands for the site as a whole).
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from seo_intelligence.logic.extract.text import text_facts
from seo_intelligence.logic.page import FetchError, Hop, PreviousPage, Probe, ResourceFacts
from seo_intelligence.tests.accuracy.prose import paragraph, sections
from seo_intelligence.tests.accuracy.sites import FILE_HEADERS, HEADERS, NOW, SITEMAP_NS, Answer, FakeSite

Expected = Iterable[str | None]
Plant = Callable[[FakeSite], Expected]


@dataclass(frozen=True)
class Case:
    """One planted defect, or a near miss (`expected` empty) for a check."""

    check_id: str
    style: str
    name: str
    plant: Plant
    near_miss: bool = False


CASES: list[Case] = []
TABLE = "/tables/oak-table"
DESK = "/tables/walnut-desk"
STORY = "/stories/night-trains/"
MIB = 1024 * 1024


def defect(check_id: str, style: str = "shop", *, near_miss: bool = False) -> Callable[[Plant], Plant]:
    """Register a case."""

    def register(plant: Plant) -> Plant:
        CASES.append(Case(check_id, style, f"{check_id}/{len(CASES)}", plant, near_miss))
        return plant

    return register


def sub(
    check_id: str, old: str, new: str, *, path: str = TABLE, style: str = "shop", near_miss: bool = False
) -> None:
    """A defect made by replacing text on one page."""

    @defect(check_id, style, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.sub(path, old, new)
        return [site.url(path)]


def body(
    check_id: str, html: str, *, path: str = TABLE, style: str = "shop", near_miss: bool = False
) -> None:
    """A defect made by adding to the main content of one page."""

    @defect(check_id, style, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.main(path, html)
        return [site.url(path)]


def head(
    check_id: str, html: str, *, path: str = TABLE, style: str = "shop", near_miss: bool = False
) -> None:
    """A defect made by adding to the head of one page."""

    @defect(check_id, style, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.head(path, html)
        return [site.url(path)]


def answer(
    check_id: str, *, style: str = "shop", path: str = TABLE, near_miss: bool = False, **changes: object
) -> None:
    """A defect made by changing the answer of one page."""

    @defect(check_id, style, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        found = site.at(path)
        for name, value in changes.items():
            if name == "headers":
                value = {k: v for k, v in {**found.headers, **value}.items() if v is not None}  # type: ignore[dict-item]
            setattr(found, name, value)
        return [site.url(path)]


def probe(
    check_id: str, name: str, *, near_miss: bool = False, where: str | None = None, **changes: object
) -> None:
    """A defect in an extra request."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        found = site.probes.get(name) or Probe(site.home)
        site.probes[name] = replace(found, **changes)  # type: ignore[arg-type]
        return [site.home if where == "home" else None]


def file(
    check_id: str,
    path: str,
    *,
    near_miss: bool = False,
    style: str = "shop",
    on: str = TABLE,
    **changes: object,
) -> None:
    """A defect of a file; `on` is a page that uses it."""

    @defect(check_id, style, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        url = site.url(path)
        site.resources[url] = replace(site.resources[url], **changes)  # type: ignore[arg-type]
        users = [
            u
            for u, a in site.answers.items()
            if f'"{path}"' in a.html or f'"{url}"' in a.html or f"={path}>" in a.html
        ]
        site.changed.update(users)
        return users


def robots(check_id: str, text: str, *, near_miss: bool = False, expected: Expected = (None,)) -> None:
    """A defect of robots.txt."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.robots = text.replace("{home}", site.home)
        return [site.url(u) if u else None for u in expected]


# -- HTTP ----------------------------------------------------------------------------------------------------
for _error in ("dns", "timeout", "refused", "tls"):
    answer(
        f"http.{'tls_fail' if _error == 'tls' else _error}", status=None, error=FetchError(_error), html=""
    )
answer("http.5xx", status=500)
answer("http.5xx", status=503, style="services", path="/de/roofs/")
answer("http.4xx", status=404)
answer("http.4xx", status=410, style="magazine", path=STORY)
answer("http.auth", status=403)
answer("http.auth", status=401)
answer("http.429", status=429)
answer("http.429", retry_after_count=5)
answer("http.429", retry_after_count=2, near_miss=True)
answer(
    "http.challenge",
    status=403,
    html="<html><head><title>Just a moment...</title></head><body></body></html>",
)
sub("http.soft_404", "<h1>Solid oak dining table</h1>", "<h1>Page not found</h1>", near_miss=False)
sub("http.soft_404", "<h1>Solid oak dining table</h1>", "<h1>Oak table 404 for six</h1>", near_miss=True)


@defect("http.soft_404", "magazine")
def _soft_404_like_error_page(site: FakeSite) -> Expected:
    text = paragraph("sorry", 12)
    facts = text_facts(f"We are sorry {text}")
    site.probes["not_found"] = Probe(
        site.url("/zz91"), 200, site.url("/zz91"), simhash=facts.simhash, shingles=facts.shingles
    )
    site.cut(
        STORY,
        '<div id="main"',
        "</article>",
        f'<div id="main" role="main"><article><h1>We are sorry</h1><p>{text}</p></article>',
    )
    return [site.url(STORY)]


probe("http.no_real_404", "not_found", status=200)
answer("http.media_mismatch", headers={"Content-Type": None})


@defect("http.media_mismatch")
def _media_mismatch(site: FakeSite) -> Expected:
    return [
        site.add(
            "/files/plan.pdf",
            Answer("plain", headers={**HEADERS, "Content-Type": "text/html"}),
            link_from=TABLE,
        )
    ]


@defect("http.managed_infra")
def _managed(site: FakeSite) -> Expected:
    return [site.add("/cdn-cgi/l/email-protection", Answer(status=404), link_from=TABLE)]


def _copy(site: FakeSite, source: str, path: str, word: str) -> Answer:
    """A page like another one, with an address, texts and title of its own."""
    old = site.answers[site.url(source)].html
    html = old.replace(site.url(source), site.url(path)).replace("<title>", f"<title>{word} ")
    html = html.replace('content="', f'content="{word} ', 0)
    start, end = html.index("<h1"), html.index("</main>") if "</main>" in html else html.index("</article>")
    fresh = f"<h1>{word} pages and more</h1>{sections(path, 3, 9, word)}"
    description = f"{word}: {paragraph('c' + path, 2)[:100].rstrip(' .,')} and so on."
    html = html[:start] + fresh + html[end:]
    a = html.index('name="description" content="') if 'name="description" content="' in html else -1
    if a >= 0:
        b = html.index('"', a + 28)
        html = html[: a + 28] + description + html[b:]
    return Answer(html)


@defect("crawl.depth")
def _depth(site: FakeSite) -> Expected:
    path, urls = TABLE, []
    for word in ("Spruce", "Maple", "Alder", "Poplar"):
        following = f"/wood-{word.lower()}"
        urls.append(site.add(following, _copy(site, "/care/", following, word), link_from=path))
        path = following
    return urls[2:]


@defect("crawl.trap")
def _trap_calendar(site: FakeSite) -> Expected:
    links = "".join(f'<a href="/care/?day={n}">Day number {n}</a> ' for n in range(60))
    site.main("/care/", links)
    return [site.url("/care/")]


@defect("crawl.trap")
def _trap_repeat(site: FakeSite) -> Expected:
    return [site.add("/care/care/care/", Answer(status=404), link_from=TABLE)]


@defect("crawl.truncated")
def _truncated(site: FakeSite) -> Expected:
    site.truncated = ("pages",)
    return [None]


body("crawl.html_2mb", f"<!-- {'x' * (2 * MIB)} -->")
body("crawl.html_2mb", f"<!-- {'x' * (MIB // 2)} -->", near_miss=True)
file("crawl.resource_2mb", "/js/site.js", bytes=3 * MIB, transfer_bytes=900_000)


@defect("crawl.pdf_size")
def _pdf(site: FakeSite) -> Expected:
    url = site.url("/files/catalogue.pdf")
    site.resources[url] = ResourceFacts(
        url, 200, "object", url, 70 * MIB, 70 * MIB, "application/pdf", dict(FILE_HEADERS)
    )
    return [url]


for _href in (
    "http//broken.example",
    "https://exa mple.com/x",
    "htp://shop.example/a",
    "\\\\server\\file",
    "https://https://a.example/",
):
    body("crawl.bad_url", f'<p><a href="{_href}">A list of suppliers</a></p>')
body("crawl.bad_url", '<p><a href="/search?q=a|b">Compare both kinds of wood</a></p>', near_miss=True)

# -- redirects -----------------------------------------------------------------------------------------------


@defect("redir.internal_3xx")
def _redirect(site: FakeSite) -> Expected:
    return [site.redirect("/old-table", TABLE, link_from=DESK)]


@defect("redir.temporary")
def _temporary(site: FakeSite) -> Expected:
    return [site.redirect("/old-table", TABLE, 302, link_from=DESK)]


@defect("redir.chain")
def _chain(site: FakeSite) -> Expected:
    site.redirect("/b", TABLE)
    return [site.redirect("/a", "/b", link_from=DESK)]


@defect("redir.loop")
def _loop(site: FakeSite) -> Expected:
    site.redirect("/b", "/a")
    return [site.redirect("/a", "/b", link_from=DESK), site.url("/b")]


@defect("redir.loop")
def _self_loop(site: FakeSite) -> Expected:
    return [site.redirect("/a", "/a", link_from=DESK)]


@defect("redir.too_many")
def _too_many(site: FakeSite) -> Expected:
    for n in range(12):
        site.redirect(f"/hop{n}", f"/hop{n + 1}" if n < 11 else TABLE)
    site.main(DESK, '<p><a href="/hop0">An older table here</a></p>')
    return [site.url("/hop0"), site.url("/hop1")]


@defect("redir.broken")
def _redirect_broken(site: FakeSite) -> Expected:
    return [site.redirect("/a", "/gone", link_from=DESK)]


head("redir.meta_refresh", '<meta http-equiv="refresh" content="0; url=/care/">')
head("redir.meta_refresh", '<meta http-equiv="refresh" content="300">', near_miss=True)


@defect("redir.https_down")
def _https_down(site: FakeSite) -> Expected:
    return [site.redirect("/a", "http://www.nordwood.example/care/", link_from=DESK)]


probe(
    "redir.http_not_forced", "http_home", redirects=(), status=200, final_url="http://www.nordwood.example/"
)
probe("redir.http_not_forced", "http_home", redirects=(Hop("http://a.example/", 302, "https://a.example/"),))
probe(
    "redir.www_both",
    "other_host",
    redirects=(),
    status=200,
    final_url="https://nordwood.example/",
    url="https://nordwood.example/",
)


@defect("redir.slash_both")
def _slash(site: FakeSite) -> Expected:
    for path in ("/wood", "/wood/"):
        made = _copy(site, "/care/", "/wood", "Timber")
        made.html = made.html.replace(f'<link rel="canonical" href="{site.url("/wood")}">', "")
        site.add(path, made, link_from=TABLE)
    return [site.url("/wood")]


@defect("redir.slash_both", near_miss=True)
def _slash_canonical(site: FakeSite) -> Expected:
    for path in ("/wood", "/wood/"):
        site.add(path, _copy(site, "/care/", "/wood", "Timber"), link_from=TABLE)
    return []


@defect("redir.case_both")
def _case(site: FakeSite) -> Expected:
    for path in ("/wood", "/Wood"):
        made = _copy(site, "/care/", "/wood", "Timber")
        made.html = made.html.replace(f'<link rel="canonical" href="{site.url("/wood")}">', "")
        site.add(path, made, link_from=TABLE)
    return [site.url("/Wood")]


# -- robots.txt ----------------------------------------------------------------------------------------------
@defect("robots.missing")
def _robots_missing(site: FakeSite) -> Expected:
    site.robots_status = 404
    return [None]


@defect("robots.5xx")
def _robots_5xx(site: FakeSite) -> Expected:
    site.robots_status = 503
    return [None]


@defect("robots.5xx")
def _robots_timeout(site: FakeSite) -> Expected:
    site.robots_status, site.robots_error = None, FetchError.TIMEOUT
    return [None]


_MAP = "\nSitemap: {home}sitemap.xml\n"
robots("robots.format", f"User-agent: *\nDisalow: /x/\n{_MAP}")
robots("robots.format", f"Disallow: /x/\nUser-agent: *\nAllow: /\n{_MAP}")
robots("robots.format", f"User-agent: *\nDisallow: private\n{_MAP}")
robots(
    "robots.format",
    f"# rules\nUser-agent: *\nDisallow: /*?sort=\nDisallow: /*.tmp$\nCrawl-delay: 2\n{_MAP}",
    near_miss=True,
)
robots(
    "robots.size",
    "User-agent: *\n" + "".join(f"Disallow: /path-{n}/{'x' * 80}\n" for n in range(6000)) + _MAP,
)
robots("robots.block_all", f"User-agent: *\nDisallow: /\n{_MAP}")
robots("robots.block_all", f"User-agent: Googlebot\nDisallow: /\n\nUser-agent: *\nDisallow:\n{_MAP}")
robots(
    "robots.block_all", f"User-agent: BadBot\nDisallow: /\n\nUser-agent: *\nDisallow:\n{_MAP}", near_miss=True
)
robots("robots.page_blocked", f"User-agent: *\nDisallow: /care/\n{_MAP}", expected=("/care/",))
robots("robots.no_sitemap", "User-agent: *\nDisallow: /admin/\n")


@defect("robots.resource_blocked")
def _resource_blocked(site: FakeSite) -> Expected:
    site.robots = f"User-agent: *\nDisallow: /css/\n\nSitemap: {site.home}sitemap.xml\n"
    return list(site.answers)


@defect("robots.hides_noindex")
def _hides_noindex(site: FakeSite) -> Expected:
    site.robots = f"User-agent: *\nDisallow: /care/\n\nSitemap: {site.home}sitemap.xml\n"
    site.head("/care/", '<meta name="robots" content="noindex">')
    return [site.url("/care/")]


# -- sitemaps ------------------------------------------------------------------------------------------------
def sitemap(check_id: str, change: Callable[[bytes, FakeSite], bytes], *, where: str | None = None) -> None:
    """A defect of the sitemap file."""

    @defect(check_id)
    def plant(site: FakeSite) -> Expected:
        site.sitemaps = {site.home + "sitemap.xml": change(site.sitemap_xml(), site)}
        site.changed.add(site.home)
        return [site.url(where) if where else None]


def _row(loc: str, lastmod: str = "2026-05-01") -> bytes:
    return f"<url><loc>{loc}</loc><lastmod>{lastmod}</lastmod></url></urlset>".encode()


def _insert(xml: bytes, loc: str, lastmod: str = "2026-05-01") -> bytes:
    return xml.replace(b"</urlset>", _row(loc, lastmod))


@defect("sm.missing")
def _sitemap_missing(site: FakeSite) -> Expected:
    site.robots = "User-agent: *\nDisallow: /admin/\n"
    site.sitemaps = {site.home + "sitemap.xml": b""}
    return [None]


sitemap("sm.format", lambda xml, site: xml.replace(b"</urlset>", b"<url><loc>"))
sitemap("sm.format", lambda xml, site: xml.replace(SITEMAP_NS.encode(), b"http://example.com/schema"))
sitemap("sm.format", lambda xml, site: b"<!doctype html><html><body>Not here</body></html>")
sitemap("sm.format", lambda xml, site: gzip.compress(xml)[:40])
sitemap(
    "sm.too_large",
    lambda xml, site: xml.replace(
        b"</urlset>",
        b"".join(b"<url><loc>https://www.nordwood.example/?n=%d</loc></url>" % n for n in range(50_001))
        + b"</urlset>",
    ),
)
sitemap("sm.foreign_host", lambda xml, site: _insert(xml, "https://another.example/page"))
sitemap("sm.http_loc", lambda xml, site: _insert(xml, "http://www.nordwood.example/care/"))
sitemap("sm.lastmod_bad", lambda xml, site: _insert(xml, site.url("/care/?x"), "31.05.2026"))
sitemap("sm.lastmod_bad", lambda xml, site: _insert(xml, site.url("/care/?x"), "2031-01-01"))
sitemap("sm.dup_entry", lambda xml, site: _insert(xml, site.url("/care/")), where="/care/")


@defect("sm.lastmod_churn")
def _churn(site: FakeSite) -> Expected:
    site.lastmods = dict.fromkeys(site.lastmods, "2026-06-14")
    return [None]


@defect("sm.3xx")
def _sitemap_redirect(site: FakeSite) -> Expected:
    site.answers[site.url(TABLE)] = Answer(status=301, headers={"Location": "/care/"})
    site.changed.add(site.url(TABLE))
    return [site.url(TABLE)]


answer("sm.4xx_5xx", status=500)
head("sm.noindex", '<meta name="robots" content="noindex">')
sub(
    "sm.noncanonical",
    f'rel="canonical" href="https://www.nordwood.example{TABLE}"',
    f'rel="canonical" href="https://www.nordwood.example{DESK}"',
)
robots("sm.blocked", f"User-agent: *\nDisallow: /care/\n{_MAP}", expected=("/care/",))


@defect("sm.not_listed")
def _not_listed(site: FakeSite) -> Expected:
    site.unlisted.add(site.url(TABLE))
    return [site.url(TABLE)]


@defect("sm.lastmod_drift", "magazine")
def _drift(site: FakeSite) -> Expected:
    site.lastmods[site.url(STORY)] = "2026-06-10"
    return [site.url(STORY)]


# -- indexability --------------------------------------------------------------------------------------------
head("ix.noindex_meta", '<meta name="robots" content="noindex, follow">')
head("ix.noindex_meta", '<meta name="googlebot" content="none">')
head("ix.noindex_meta", '<meta name="robots" content="index, follow">', near_miss=True)
answer("ix.noindex_header", headers={"X-Robots-Tag": "noindex"})
answer("ix.noindex_header", headers={"X-Robots-Tag": "googlebot: noindex, nofollow"})
answer("ix.noindex_header", headers={"X-Robots-Tag": "otherbot: noindex"}, near_miss=True)


@defect("ix.noindex_sitewide")
def _noindex_sitewide(site: FakeSite) -> Expected:
    for url in list(site.answers)[1:10]:
        site.head(url, '<meta name="robots" content="noindex">')
    return [None]


@defect("ix.meta_header_clash")
def _clash(site: FakeSite) -> Expected:
    site.head(TABLE, '<meta name="robots" content="index, follow">')
    site.at(TABLE).headers["X-Robots-Tag"] = "noindex"
    return [site.url(TABLE)]


head("ix.nofollow_page", '<meta name="robots" content="nofollow">')
head("ix.nosnippet", '<meta name="robots" content="max-snippet:0">')
head("ix.nosnippet", '<meta name="robots" content="nosnippet">')
head("ix.noimageindex", '<meta name="robots" content="noimageindex">')
head("ix.unavailable_after", '<meta name="robots" content="unavailable_after: 2025-01-01">')
head("ix.unavailable_after", '<meta name="robots" content="unavailable_after: 2027-01-01">', near_miss=True)
body("ix.outside_head", '<meta name="robots" content="noindex">')
body("ix.outside_head", '<link rel="canonical" href="https://www.nordwood.example/tables/oak-table">')
head("ix.schema_noindex", '<meta name="robots" content="noindex">')

# -- canonicals ----------------------------------------------------------------------------------------------
_OWN = f'<link rel="canonical" href="https://www.nordwood.example{TABLE}">'
_ORIGIN = "https://www.nordwood.example"


def canonical(check_id: str, href: str, *, near_miss: bool = False) -> None:
    """A page with another canonical."""
    sub(check_id, _OWN, f'<link rel="canonical" href="{href}">', near_miss=near_miss)


sub("can.missing", _OWN, "")
head("can.multiple", _OWN)
head("can.conflict", f'<link rel="canonical" href="{_ORIGIN}{DESK}">')
answer("can.conflict", headers={"Link": f'<{_ORIGIN}{DESK}>; rel="canonical"'})
answer("can.conflict", headers={"Link": f'<{_ORIGIN}{TABLE}>; rel="canonical"'}, near_miss=True)
canonical("can.relative", TABLE)
canonical("can.fragment", f"{_ORIGIN}{TABLE}#top")
canonical("can.invalid", "")
canonical("can.invalid", "https://")
sub("can.invalid", _OWN, _OWN.replace("<link ", '<link hreflang="en" '))
canonical("can.to_other", f"{_ORIGIN}{DESK}")
canonical("can.http_https", f"http://www.nordwood.example{TABLE}")
canonical("can.cross_domain", "https://another.example/table")
canonical("can.unlinked", f"{_ORIGIN}/tables/never-linked")


@defect("can.to_3xx")
def _canonical_redirect(site: FakeSite) -> Expected:
    site.redirect("/t", DESK)
    site.sub(TABLE, _OWN, f'<link rel="canonical" href="{_ORIGIN}/t">')
    return [site.url(TABLE)]


canonical("can.to_4xx_5xx", f"{_ORIGIN}/nowhere")


@defect("can.to_noindex")
def _canonical_noindex(site: FakeSite) -> Expected:
    site.head(DESK, '<meta name="robots" content="noindex">')
    site.sub(TABLE, _OWN, f'<link rel="canonical" href="{_ORIGIN}{DESK}">')
    return [site.url(TABLE)]


def _point(site: FakeSite, path: str, to: str) -> str:
    own = f'rel="canonical" href="{site.url(path)}"'
    site.sub(path, own, f'rel="canonical" href="{site.url(to)}"')
    return site.url(path)


@defect("can.chain")
def _canonical_chain(site: FakeSite) -> Expected:
    _point(site, DESK, "/care/")
    return [_point(site, TABLE, DESK)]


@defect("can.loop")
def _canonical_loop(site: FakeSite) -> Expected:
    return [_point(site, DESK, TABLE), _point(site, TABLE, DESK)]


@defect("can.form_drift")
def _drifting(site: FakeSite) -> Expected:
    for path in ("/care/", "/about/"):
        site.sub(
            path,
            f'rel="canonical" href="{site.url(path)}"',
            f'rel="canonical" href="https://nordwood.example{path}"',
        )
    return [site.url("/about/")]


@defect("can.home_from_deep")
def _home_from_deep(site: FakeSite) -> Expected:
    paths = [TABLE, DESK, "/tables/ash-bench", "/tables/pine-shelf", "/tables/beech-stool"]
    return [_point(site, path, "/") for path in paths]


# -- hreflang ------------------------------------------------------------------------------------------------
_EN, _DE = "/en/roofs/", "/de/roofs/"
_BASE = "https://www.halden-bau.example"
_EN_TAG = f"<link rel=alternate hreflang=en href={_BASE}{_EN}>"
_DE_TAG = f"<link rel=alternate hreflang=de href={_BASE}{_DE}>"


def alternate(check_id: str, old: str, new: str, *, near_miss: bool = False) -> None:
    """A page with other hreflang tags; the sitemap stays without them."""

    @defect(check_id, "services", near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.alternates.clear()
        site.sub(_EN, old, new)
        return [site.url(_EN)]


alternate("hl.bad_code", _EN_TAG, _EN_TAG.replace("=en ", "=en-UK "))
alternate("hl.bad_code", _EN_TAG, _EN_TAG.replace("=en ", "=english "))
alternate("hl.bad_code", _EN_TAG, _EN_TAG.replace("=en ", "=en-GB "), near_miss=True)
alternate("hl.relative", _DE_TAG, f"<link rel=alternate hreflang=de href={_DE}>")
alternate("hl.no_self", _EN_TAG, "")
alternate("hl.no_xdefault", f"<link rel=alternate hreflang=x-default href={_BASE}{_EN}>", "")
alternate("hl.dup_lang", _DE_TAG, _DE_TAG + f"<link rel=alternate hreflang=de href={_BASE}/de/windows/>")


@defect("hl.no_return", "services")
def _no_return(site: FakeSite) -> Expected:
    site.alternates.clear()
    site.sub(_DE, _EN_TAG, "")
    site.sub(_DE, f"<link rel=alternate hreflang=x-default href={_BASE}{_EN}>", "")
    return [site.url(_EN)]


@defect("hl.to_3xx", "services")
def _alternate_redirect(site: FakeSite) -> Expected:
    site.redirect("/de/dach/", _DE)
    site.sub(_EN, _DE_TAG, _DE_TAG.replace(_DE, "/de/dach/"))
    return [site.url(_EN)]


@defect("hl.to_error", "services")
def _alternate_error(site: FakeSite) -> Expected:
    site.sub(_EN, _DE_TAG, _DE_TAG.replace(_DE, "/de/dach/"))
    return [site.url(_EN)]


@defect("hl.to_noncanonical", "services")
def _alternate_noncanonical(site: FakeSite) -> Expected:
    site.sub(_DE, f"<link rel=canonical href={_BASE}{_DE}>", f"<link rel=canonical href={_BASE}/de/windows/>")
    return [site.url(_EN)]


@defect("hl.to_noindex", "services")
def _alternate_noindex(site: FakeSite) -> Expected:
    site.head(_DE, "<meta name=robots content=noindex>")
    return [site.url(_EN)]


@defect("hl.multi_lang_url", "services")
def _multi_lang(site: FakeSite) -> Expected:
    site.alternates.clear()
    site.sub(_DE, _DE_TAG, _DE_TAG.replace("=de ", "=fr "))
    site.changed.add(site.url(_DE))
    return [site.url(_DE)]


@defect("hl.lang_clash", "services")
def _lang_clash(site: FakeSite) -> Expected:
    site.sub(_EN, "<html lang=en>", "<html lang=fr>")
    return [site.url(_EN)]


@defect("hl.sitemap_clash", "services")
def _sitemap_clash(site: FakeSite) -> Expected:
    site.alternates[site.url(_EN)] = [("en", site.url(_EN)), ("fr", site.url("/fr/roofs/"))]
    return [site.url(_EN)]


sub("lang.missing", '<html lang="en">', "<html>")
sub("lang.invalid", '<html lang="en">', '<html lang="en_US">')
sub("lang.invalid", '<html lang="en">', '<html lang="en-UK">')
sub("lang.invalid", '<html lang="en">', '<html lang="en-GB">', near_miss=True)
sub("lang.content_clash", "<html lang=de>", "<html lang=es>", style="services", path="/de/roofs/")

# -- titles, descriptions, headings --------------------------------------------------------------------------
_TITLE = "<title>Solid oak dining table for six, oiled by hand</title>"
_NAME = '<meta name="description" content="'


def title(check_id: str, text: str, *, near_miss: bool = False) -> None:
    """A page with another title."""
    sub(check_id, _TITLE, f"<title>{text}</title>", near_miss=near_miss)


sub("ti.missing", _TITLE, "")
title("ti.missing", "  ")
title("ti.long", "Solid oak dining table for six people, oiled by hand in the north")
title("ti.long", "WWWWWWWWW MMMMMMMMMM WWWWWWWWWWW MMMMMMMM WWWW")
title("ti.long", "Oak dining table for six people, oiled by hand in the north", near_miss=True)
title("ti.short", "Oak table")
head("ti.multiple", "<title>A second title for the very same page</title>")
body("ti.multiple", "<svg><title>Icon of a table</title><path d='M0 0'/></svg>", near_miss=True)
title("ti.same_h1", "Solid oak dining table")
for _text in ("Untitled document", "{{ page.title }} and other tables", "nordwood.example", "Home"):
    title("ti.placeholder", _text)


@defect("ti.dup")
def _title_dup(site: FakeSite) -> Expected:
    site.sub(DESK, "<title>Walnut writing desk with two quiet drawers</title>", _TITLE)
    site.changed.add(site.url(TABLE))
    return [site.url(TABLE), site.url(DESK)]


@defect("ti.boilerplate")
def _boilerplate(site: FakeSite) -> Expected:
    for url in list(site.answers):
        answer_ = site.at(url)
        start, end = answer_.html.index("<title>") + 7, answer_.html.index("</title>")
        word = answer_.html[start:end].split()[0]
        answer_.html = (
            answer_.html[:start] + f"{word} | Nordwood, furniture from local wood" + answer_.html[end:]
        )
    return list(site.answers)


@defect("ti.pattern_outlier")
def _pattern(site: FakeSite) -> Expected:
    for url in list(site.answers):
        if url != site.url(TABLE):
            site.sub(url, "</title>", " | Nordwood</title>")
    site.changed.add(site.url(TABLE))
    return [site.url(TABLE)]


def describe(check_id: str, text: str | None, *, near_miss: bool = False) -> None:
    """A page with another description."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.cut(TABLE, _NAME, ">", "" if text is None else f'{_NAME}{text}">')
        return [site.url(TABLE)]


describe("md.missing", None)
describe("md.missing", " ")
describe("md.long", "Oak " * 45 + "table")
describe("md.short", "An oak table for six.")
describe("md.same_title", "Solid oak dining table for six, oiled by hand")
head(
    "md.multiple",
    f'{_NAME}A second description that also stands in the head of this page, long enough to pass.">',
)


@defect("md.dup")
def _description_dup(site: FakeSite) -> Expected:
    text = "The same description for two pages of the shop, long enough to be accepted as one that fits the rules."
    for path in (TABLE, DESK):
        site.cut(path, _NAME, ">", f'{_NAME}{text}">')
    return [site.url(TABLE), site.url(DESK)]


_H1 = "<h1>Solid oak dining table</h1>"
sub("h1.missing", _H1, "")
sub("h1.missing", _H1, "<h1> </h1>")
sub("h1.multiple", _H1, _H1 + "<h1>Made by hand</h1>")
sub(
    "h1.long", _H1, "<h1>Solid oak dining table for six people, oiled by hand and delivered to your home</h1>"
)
sub("h1.dup", "<h1>Solid oak dining table</h1>", "<h1>Walnut writing desk</h1>")
sub("hd.skip", "<h2>Detail 1</h2>", "<h4>Detail 1</h4>")
sub("hd.empty", "<h2>Detail 1</h2>", "<h2></h2>")


@defect("hd.h2_missing", "magazine")
def _no_h2(site: FakeSite) -> Expected:
    found = site.at(STORY)
    found.html = found.html.replace("<h2>", "<p>").replace("</h2>", "</p>")
    return [site.url(STORY)]


# -- content -------------------------------------------------------------------------------------------------
def _main_text(site: FakeSite, path: str, html: str) -> None:
    site.cut(path, "<section>", "</ul>", html)


@defect("ct.thin")
def _thin(site: FakeSite) -> Expected:
    _main_text(site, TABLE, "<h2>Detail</h2><p>A short note.</p>")
    return [site.url(TABLE)]


@defect("ct.thin_vs_norm", "magazine")
def _thin_norm(site: FakeSite) -> Expected:
    html = site.at(STORY).html
    start, end = html.index("<section>"), html.rindex("</section>") + 10
    site.at(STORY).html = html[:start] + f"<h2>Chapter</h2><p>{paragraph('short', 4)}</p>" + html[end:]
    return [site.url(STORY)]


@defect("ct.exact_dup")
def _exact(site: FakeSite) -> Expected:
    path = "/tables/oak-table-copy"
    made = Answer(site.answers[site.url(TABLE)].html.replace(site.url(TABLE), site.url(path)))
    site.changed.add(site.url(TABLE))
    return [site.add(path, made, link_from=DESK), site.url(TABLE)]


@defect("ct.exact_dup", near_miss=True)
def _exact_canonical(site: FakeSite) -> Expected:
    site.add("/tables/oak-table-copy", Answer(site.answers[site.url(TABLE)].html), link_from=DESK)
    return []


for _style, _source, _link in (("shop", "/about/", DESK), ("magazine", "/privacy/", "/stories/repair-cafe/")):

    @defect("ct.near_dup", _style)
    def _near(site: FakeSite, source: str = _source, link: str = _link) -> Expected:
        path = source.rstrip("/") + "-b/"
        html = site.answers[site.url(source)].html.replace(site.url(source), site.url(path))
        html = html.replace("Part 1", "Opening").replace("Chapter 1", "Opening")
        site.changed.add(site.url(source))
        url = site.add(path, Answer(html))
        site.changed.add(site.url(link))
        found = site.answers[site.url(link)]
        close = "</main>" if "</main>" in found.html else "</article>"
        found.html = found.html.replace(close, f'<p><a href="{path}">Another version of it</a></p>{close}')
        return [url, site.url(source)]


body("ct.text_ratio", f"<div {' '.join(f'data-x{n}={n * 7919}' for n in range(3500))}></div>")
body("ct.lorem", "<p>Lorem ipsum dolor sit amet, consectetur adipiscing elit.</p>")
body("ct.mojibake", "<p>MÃ¼ller and the cafÃ© around the corner.</p>")
body("ct.mojibake", "<p>Itâ€™s a pity.</p>")
body("ct.mojibake", "<p>Müller, café, naïve, “quoted” – São Paulo, Ångström, 25 °C.</p>", near_miss=True)
body("ct.hidden", f'<div style="display:none">{paragraph("hidden", 3)}</div>')
body(
    "ct.hidden", '<div style="position:absolute;left:-9999px">' + "cheap oak tables and desks " * 4 + "</div>"
)
body("ct.stuffing", f"<p>{'cheap oakwood tables ' * 30}</p>")
body(
    "ct.readability",
    "<p>" + "Notwithstanding heterogeneous organisational considerations, comprehensive administrative "
    "harmonisation necessitates interdisciplinary communication regarding institutional responsibilities and "
    "constitutional accountability. " * 12 + "</p>",
)


@defect("ct.stale", "magazine")
def _stale(site: FakeSite) -> Expected:
    found = site.at(STORY)
    found.html = found.html.replace("2026-03-21", "2025-03-21").replace("21 March 2026", "21 March 2025")
    site.lastmods[site.url(STORY)] = "2025-03-21"
    return [site.url(STORY)]


sub("ct.copyright_old", "© 2026", "© 2023")
sub("ct.copyright_old", "&copy; 2019&ndash;2026", "&copy; 2011&ndash;2019", path=STORY, style="magazine")


@defect("ct.date_clash", "magazine")
def _date_clash(site: FakeSite) -> Expected:
    site.sub(STORY, 'datetime="2026-03-21"', 'datetime="2026-01-02"')
    site.sub(STORY, "21 March 2026", "2 January 2026")
    return [site.url(STORY)]


_SPAM_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>
<body><table><tr><td><div class="x1"><div class="x2"><p>{text}</p>{links}</div></div></td></tr></table></body></html>"""


@defect("ct.doorway")
def _doorway(site: FakeSite) -> Expected:
    words = "bitcoin broker leverage wallet trading signals crypto payout jackpot deposit bonus"
    text = " ".join(f"{words} {n}" for n in range(20))
    links = "".join(
        f'<a href="https://deals.example/offer?affid=77&n={n}">Broker offer number {n}</a>' for n in range(8)
    )
    page = Answer(
        _SPAM_PAGE.format(title="Best crypto broker signals and wallets today", text=text, links=links)
    )
    return [site.add("/best-broker", page, link_from=TABLE)]


# -- links ---------------------------------------------------------------------------------------------------
body("ln.broken_int", '<p><a href="/no-such-page">Our older tables</a></p>')


def external(check_id: str, *, near_miss: bool = False, **facts: object) -> None:
    """A link to another site with the given answer."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        site.main(TABLE, '<p><a href="https://other.example/wood">A study of wood</a></p>')
        url = "https://other.example/wood"
        site.resources[url] = ResourceFacts(url, kind="link", **facts)  # type: ignore[arg-type]
        return [site.url(TABLE)]


external("ln.broken_ext", status=404)
external("ln.broken_ext", error=FetchError.DNS)
external("ln.broken_ext", status=200, near_miss=True)
external(
    "ln.ext_redirect",
    status=200,
    redirects=(Hop("https://other.example/wood", 301, "https://other.example/w"),),
)


@defect("ln.to_redirect")
def _link_to_redirect(site: FakeSite) -> Expected:
    site.redirect("/old", "/care/", link_from=TABLE)
    return [site.url(TABLE)]


body("ln.file_as_page", '<p><a href="/js/data.json">The list of woods</a></p>')


@defect("sm.orphan")
@defect("ln.orphan")
def _orphan(site: FakeSite) -> Expected:
    url = site.add("/lonely/", _copy(site, "/care/", "/lonely/", "Lonely"))
    site.sitemaps = {site.home + "sitemap.xml": _insert(site.sitemap_xml(), url)}
    return [url]


@defect("ln.single_in")
def _single(site: FakeSite) -> Expected:
    return [site.add("/wood/", _copy(site, "/care/", "/wood/", "Timber"), link_from=TABLE)]


@defect("ln.nofollow_in_only")
def _nofollow_only(site: FakeSite) -> Expected:
    url = site.add("/wood/", _copy(site, "/care/", "/wood/", "Timber"))
    for path in (TABLE, DESK):
        site.main(path, '<p><a rel="nofollow" href="/wood/">About our timber</a></p>')
    return [url]


@defect("ln.mixed_follow")
def _mixed(site: FakeSite) -> Expected:
    site.main(TABLE, '<p><a rel="nofollow" href="/care/">How to care for it</a></p>')
    site.changed.add(site.url("/care/"))
    return [site.url("/care/")]


@defect("ln.nofollow_int")
def _nofollow_internal(site: FakeSite) -> Expected:
    site.main(TABLE, '<p><a rel="nofollow" href="/care/">How to care for it</a></p>')
    site.changed.add(site.url("/care/"))
    return [site.url(TABLE)]


@defect("ln.dead_end")
def _dead_end(site: FakeSite) -> Expected:
    found = site.at(TABLE)
    import re

    found.html = re.sub(r"<a [^>]*>(.*?)</a>", r"\1", found.html, flags=re.DOTALL)
    return [site.url(TABLE)]


body(
    "ln.too_many",
    "".join(f'<p><a href="https://other.example/{n}">Supplier number {n}</a></p>' for n in range(120)),
)
body("ln.empty_anchor", '<p><a href="/care/"></a></p>')
body(
    "ln.empty_anchor",
    '<p><a href="/care/"><img src="/img/logo.svg" alt="" width="9" height="9" loading="lazy"></a></p>',
)
body("ln.empty_anchor", '<p><a href="/care/" aria-label="How to care"></a></p>', near_miss=True)
for _text in ("click here", "Read more…", "hier klicken"):
    body("ln.generic_anchor", f'<p><a href="/care/">{_text}</a></p>')
body("ln.not_crawlable", '<p><a href="javascript:void(0)">Open the list</a></p>')
body("ln.not_crawlable", "<p><a onclick=\"go('/care/')\">Care for it</a></p>")
body("ln.not_crawlable", "<p><span onclick=\"location.href='/care/'\">Care for it</span></p>")
body("ln.http", '<p><a href="http://www.nordwood.example/care/">How to care</a></p>')
body("ln.localhost", '<p><a href="http://localhost:3000/care">How to care</a></p>')
body("ln.localhost", '<p><a href="http://192.168.1.20/care">How to care</a></p>')
body("ln.staging", '<p><a href="https://staging.nordwood.example/care">How to care</a></p>')
body("ln.fragment_broken", '<p><a href="/care/#oil-it">How to oil it</a></p>')
body("ln.fragment_broken", '<p><a href="/care/#content">How to care for it</a></p>', near_miss=True)
body("ln.tel_mailto", '<p><a href="mailto:hello(at)nordwood">Mail to us</a></p>')
body("ln.tel_mailto", '<p><a href="tel:call-us">Call the shop</a></p>')
body(
    "ln.tel_mailto",
    '<p><a href="mailto:?subject=Look">Share by mail</a> <a href="tel:+49-30-1234">Call</a></p>',
    near_miss=True,
)


@defect("ln.pr_sink")
def _sink(site: FakeSite) -> Expected:
    for letter in "abcdefgh":
        path = f"/extra-{letter}/"
        site.add(path, _copy(site, "/care/", path, f"Extra{letter}"), link_from="/care/")
    site.head("/care/", '<meta name="robots" content="noindex">')
    return [site.url("/care/")]


body(
    "ln.fragment_broken",
    '<a name="oil"></a><p><a href="/tables/oak-table#oil">How to oil it</a></p>',
    near_miss=True,
)


# -- pagination ----------------------------------------------------------------------------------------------
def _series(site: FakeSite, count: int = 3) -> list[str]:
    """A well-formed sequence of pages linked from the care page."""
    words = ("First", "Second", "Third", "Fourth")
    paths = [f"/care/list?page={n + 1}" for n in range(count)]
    urls = []
    for n, path in enumerate(paths):
        made = _copy(site, "/care/", path, words[n])
        links, tags = "", ""
        for rel, m in (("prev", n - 1), ("next", n + 1)):
            if 0 <= m < count:
                tags += f'<link rel="{rel}" href="{site.url(paths[m])}">'
                links += f'<p><a href="{paths[m]}">{words[m]} part of the list</a></p>'
        made.html = made.html.replace("</head>", tags + "</head>").replace("</main>", links + "</main>")
        urls.append(site.add(path, made))
    for path in (TABLE, "/care/"):
        site.main(path, f'<p><a href="{paths[0]}">The whole list</a></p>')
    return urls


@defect("pg.sequence", near_miss=True)
def _series_clean(site: FakeSite) -> Expected:
    _series(site)
    return []


@defect("pg.non200")
def _pg_non200(site: FakeSite) -> Expected:
    urls = _series(site)
    site.head(urls[2], f'<link rel="next" href="{site.url("/care/list?page=4")}">')
    return [urls[2]]


@defect("pg.noindex")
def _pg_noindex(site: FakeSite) -> Expected:
    urls = _series(site)
    site.head(urls[1], '<meta name="robots" content="noindex">')
    return [urls[0], urls[2]]


@defect("pg.not_linked")
def _pg_not_linked(site: FakeSite) -> Expected:
    urls = _series(site)
    site.sub(urls[0], '<p><a href="/care/list?page=2">Second part of the list</a></p>', "")
    return [urls[0]]


@defect("pg.loop")
def _pg_loop(site: FakeSite) -> Expected:
    urls = _series(site)
    site.head(urls[2], f'<link rel="next" href="{urls[0]}">')
    return [urls[0]]


@defect("pg.sequence")
def _pg_sequence(site: FakeSite) -> Expected:
    urls = _series(site)
    site.sub(urls[2], f'<link rel="prev" href="{urls[1]}">', f'<link rel="prev" href="{urls[0]}">')
    return [urls[1]]


@defect("pg.canon_to_first")
def _pg_canonical(site: FakeSite) -> Expected:
    urls = _series(site)
    site.sub(urls[1], f'rel="canonical" href="{urls[1]}"', f'rel="canonical" href="{urls[0]}"')
    return [urls[1]]


# -- images --------------------------------------------------------------------------------------------------
_HERO = "/img/oak-table.webp"
file("im.broken", _HERO, status=404)
file("im.redirect", _HERO, redirects=(Hop("https://a.example/1", 301, "https://a.example/2"),))
sub("im.alt_missing", 'alt="Solid oak dining table, view 1" ', "")
sub("im.alt_missing", 'alt="Solid oak dining table, view 1" ', 'alt="" ', near_miss=True)
sub("im.alt_long", 'alt="Solid oak dining table, view 1"', f'alt="{paragraph("alt", 3)}"')
file("im.large", _HERO, bytes=180_000)
sub(
    "im.no_dimensions",
    'alt="Solid oak dining table, view 1" width="400" height="300"',
    'alt="Solid oak dining table, view 1"',
)
file("im.aspect", _HERO, width=1000, height=1000)
file("im.legacy_format", _HERO, content_type="image/jpeg", bytes=150_000)
file("im.gif_video", _HERO, content_type="image/gif", bytes=250_000)
body("im.no_srcset", f'<img src="{_HERO}" alt="Oak again" width="200" height="150" loading="lazy">')
sub("im.lazy_above", 'fetchpriority="high"', 'loading="lazy"')
sub("im.eager_below", 'height="300" loading=lazy>', 'height="300">')
body("im.picture_no_img", '<picture><source srcset="/img/a.webp" type="image/webp"></picture>')
body(
    "im.svg_inline",
    "<svg>"
    + "".join(f'<path d="M{n} {n} L{n * 3} {n * 7} Z" fill="#336699"/>' for n in range(600))
    + "</svg>",
)
_TRACK = '<track kind="captions" src="/media/a.vtt">'
body("vd.no_poster", f'<video src="/media/a.mp4" controls>{_TRACK}</video>')
body("vd.no_captions", '<video src="/media/a.mp4" poster="/img/oak-table.webp" controls></video>')
body(
    "vd.no_captions",
    '<video src="/media/a.mp4" poster="/img/oak-table.webp" muted loop></video>',
    near_miss=True,
)


# -- structured data -----------------------------------------------------------------------------------------
def ld(check_id: str, data: object, *, near_miss: bool = False, path: str = "/care/") -> None:
    """A page with one more JSON-LD block."""
    text = data if isinstance(data, str) else json.dumps(data)
    head(check_id, f'<script type="application/ld+json">{text}</script>', path=path, near_miss=near_miss)


_CTX = {"@context": "https://schema.org"}
_EVENT = {
    **_CTX, "@type": "Event", "name": "Open day", "startDate": "2026-09-01T10:00", "endDate": "2026-09-01T16:00",
    "location": {"@type": "Place", "name": "Workshop", "address": "Mill Lane 3"}, "image": "https://www.nordwood.example/i.jpg",
    "description": "A day in the workshop",
}  # fmt: skip
ld("sd.parse", '{"@context": "https://schema.org", "@type": "Event", "name": "Open day",}')
ld("sd.context", {"@context": "https://example.org", "@type": "Thing", "name": "x"})
ld("sd.context", {**_CTX, "name": "no type", "url": "https://a.example/"})
ld("sd.required", {k: v for k, v in _EVENT.items() if k != "startDate"})
ld("sd.required", {**_CTX, "@type": "Recipe", "name": "Oil", "author": "Ada", "description": "x"})
ld("sd.required", _EVENT, near_miss=True)
ld("sd.recommended", {k: v for k, v in _EVENT.items() if k != "image"})
ld("sd.type_value", {**_EVENT, "startDate": "next Friday"})
ld(
    "sd.type_value",
    {
        **_EVENT,
        "offers": {"@type": "Offer", "price": "12,50 €", "priceCurrency": "EUR", "availability": "InStock"},
    },
)
ld("sd.deprecated", {**_CTX, "@type": "HowTo", "name": "Oil a table"})
sub("sd.required", '"name": "Solid oak dining table", "image"', '"image"')
body(
    "sd.required",
    '<div itemscope itemtype="https://schema.org/Event"><span itemprop="name">Open day</span></div>',
    path="/care/",
)


@defect("sd.none")
def _sd_none(site: FakeSite) -> Expected:
    import re

    found = site.at(TABLE)
    found.html = re.sub(r'<script type="application/ld\+json">.*?</script>', "", found.html)
    return [site.url(TABLE)]


@defect("sd.coverage_gap")
def _coverage(site: FakeSite) -> Expected:
    site.cut(TABLE, '<script type="application/ld+json">', "</script>")
    return [site.url(TABLE)]


_RATED = '"aggregateRating": {"@type": "AggregateRating", "ratingValue": "4.7", "reviewCount": 312}, "sku"'
sub("sd.rating_scope", '"sku"', _RATED)


@defect("sd.rating_scope", near_miss=True)
def _rating_shown(site: FakeSite) -> Expected:
    site.sub(TABLE, '"sku"', _RATED)
    site.main(TABLE, "<p>4.7 of 5 stars from 312 reviews</p>")
    return []


ld(
    "sd.multi_conflict",
    {
        **_CTX,
        "@type": "Product",
        "name": "Solid oak dining table",
        "image": "https://www.nordwood.example/i.jpg",
        "description": "x",
        "sku": "oak-table",
        "offers": {"@type": "Offer", "price": "990.00", "priceCurrency": "EUR", "availability": "InStock"},
    },
    path=TABLE,
)
sub("sd.breadcrumb", '"position": 2, "name": "Solid oak dining table"', '"position": 2')


@defect("sd.breadcrumb", "services")
def _no_breadcrumb(site: FakeSite) -> Expected:
    path = "/en/roofs/slate/old/"
    made = Answer(
        site.answers[site.url(_EN)].html.replace(site.url(_EN), site.url(path)).replace("<h1>", "<h1>Slate: ")
    )
    return [site.add(path, made, link_from=_EN)]


# -- social --------------------------------------------------------------------------------------------------
@defect("og.missing")
def _og_missing(site: FakeSite) -> Expected:
    import re

    found = site.at(TABLE)
    found.html = re.sub(r'<meta property="og:[^>]*>', "", found.html)
    return [site.url(TABLE)]


sub("og.incomplete", f'<meta property="og:image" content="{_ORIGIN}/img/share.jpg">', "")
sub("og.url_canonical", f'og:url" content="{_ORIGIN}{TABLE}"', f'og:url" content="{_ORIGIN}{DESK}"')
file("og.image_broken", "/img/share.jpg", status=404)
file("og.image_small", "/img/share.jpg", width=300, height=200)
sub("tw.missing", '<meta name="twitter:card" content="summary_large_image">', "")
sub("tw.bad_card", 'content="summary_large_image"', 'content="photo"')

# -- performance ---------------------------------------------------------------------------------------------
answer("pf.ttfb", ttfb_ms=950.0)
answer("pf.ttfb", ttfb_ms=700.0, near_miss=True)
answer("pf.slow_total", total_ms=4200.0)
answer("pf.no_compress", headers={"Content-Encoding": None})
answer("pf.no_compress", headers={"Content-Encoding": "br"}, near_miss=True)
file(
    "pf.asset_no_compress",
    "/js/site.js",
    headers={k: v for k, v in FILE_HEADERS.items() if k != "content-encoding"},
)
file("pf.no_cache", "/js/site.js", headers={**FILE_HEADERS, "cache-control": "max-age=600"})
file("pf.no_cache", "/css/site.css", headers={**FILE_HEADERS, "cache-control": "no-store"})
file("pf.no_validator", "/js/site.js", headers={k: v for k, v in FILE_HEADERS.items() if k != "etag"})
file("pf.page_weight", _HERO, bytes=2_000_000, transfer_bytes=2_000_000)
file("pf.js_css_2mb", "/js/site.js", bytes=5_000_000, transfer_bytes=3_000_000)
head("pf.js_css_count", "".join(f'<script src="/js/part-{n}.js" defer></script>' for n in range(110)))
file("pf.unminified", "/js/site.js", minified=False)
body(
    "pf.dom",
    "<ul>" + "".join(f"<li>Item {n}</li>" for n in range(50)) + "</ul>" + "<div><p>x</p></div>" * 900,
)
body("pf.dom", "<div>" * 40 + "deep" + "</div>" * 40)
head("pf.blocking", "".join(f'<script src="/js/b{n}.js"></script>' for n in range(4)))
head("pf.blocking", "".join(f'<script src="/js/b{n}.js" defer></script>' for n in range(4)), near_miss=True)
head("pf.font_swap", "<style>@font-face{font-family:A;src:url(/a.woff2)}</style>")
head(
    "pf.font_swap",
    "<style>@font-face{font-family:A;src:url(/a.woff2);font-display:swap}</style>",
    near_miss=True,
)
head(
    "pf.preconnect",
    "".join(
        f'<link rel="stylesheet" href="https://c{n}.cdn{n}.example/a.css" media="print">' for n in range(3)
    ),
)
body(
    "pf.lcp_hint",
    '<img src="/img/more.webp" alt="One more" width="300" height="200" loading="lazy">',
    near_miss=True,
)
sub("pf.lcp_hint", ' fetchpriority="high"', "")


@defect("pf.http1")
def _http1(site: FakeSite) -> Expected:
    assert site.tls is not None
    site.tls = replace(site.tls, alpn=("http/1.1",))
    return [None]


head("pf.legacy_js", '<script src="/js/jquery-1.12.4.min.js" defer></script>')
head("pf.legacy_js", '<script src="/js/jquery-3.7.1.min.js" defer></script>', near_miss=True)


# -- security ------------------------------------------------------------------------------------------------
@defect("se.http_page")
def _http_page(site: FakeSite) -> Expected:
    url = site.add("http://www.nordwood.example/wood", _copy(site, "/care/", "/wood", "Timber"))
    site.main(TABLE, f'<p><a href="{url}">About our timber</a></p>')
    return [url]


@defect("se.form_http")
def _form_http(site: FakeSite) -> Expected:
    made = _copy(site, "/care/", "/wood", "Timber")
    made.html = made.html.replace(
        "</main>", '<form action="https://www.nordwood.example/x"><button>Go on</button></form></main>'
    )
    url = site.add("http://www.nordwood.example/wood", made)
    site.main(TABLE, f'<p><a href="{url}">About our timber</a></p>')
    return [url]


body("se.mixed_active", '<iframe title="Map" src="http://maps.example/embed"></iframe>')
head("se.mixed_active", '<script src="http://cdn.example/a.js" defer></script>')
body("se.mixed_passive", '<img src="http://pics.example/a.webp" alt="A" width="9" height="9" loading="lazy">')


def tls(check_id: str, **changes: object) -> None:
    """A defect of the certificate or protocol."""

    @defect(check_id)
    def plant(site: FakeSite) -> Expected:
        assert site.tls is not None
        site.tls = replace(site.tls, **changes)  # type: ignore[arg-type]
        return [None]


tls("se.cert_expiry", not_after=NOW + dt.timedelta(days=6))
tls("se.cert_expiry", not_after=NOW - dt.timedelta(days=1))
tls("se.cert_name", name_matches=False)
tls("se.cert_name", self_signed=True)
tls("se.tls_old", accepts_old=("TLSv1", "TLSv1.1"))

for _id, _header, _value in (
    ("se.hsts", "Strict-Transport-Security", None), ("se.hsts", "Strict-Transport-Security", "max-age=300"),
    ("se.csp", "Content-Security-Policy", None),
    ("se.csp", "Content-Security-Policy", "script-src 'self' 'unsafe-inline'"),
    ("se.xcto", "X-Content-Type-Options", None), ("se.referrer", "Referrer-Policy", None),
    ("se.referrer", "Referrer-Policy", "unsafe-url"), ("se.permissions", "Permissions-Policy", None),
):  # fmt: skip
    answer(_id, path="/", headers={_header: _value})
answer(
    "se.frame", path="/", headers={"X-Frame-Options": None, "Content-Security-Policy": "default-src 'self'"}
)

body("se.form_insecure", '<form action="http://www.nordwood.example/order"><button>Order</button></form>')
head("se.proto_relative", '<script src="//www.nordwood.example/js/x.js" defer></script>')
body("se.noopener", '<p><a target="_blank" href="https://other.example/x">A study</a></p>')
answer("se.cookie_flags", cookies=("session=abc; Path=/; Secure; SameSite=Lax",))
answer("se.cookie_flags", cookies=("session=abc; Path=/; Secure; HttpOnly; SameSite=Lax",), near_miss=True)
head("se.sri", '<script src="https://cdn.library.example/a.js" defer></script>')
head(
    "se.sri",
    '<script src="https://cdn.library.example/a.js" integrity="sha384-x" crossorigin defer></script>',
    near_miss=True,
)
body("se.secret", "<script>const key = 'AKIA" + "IOSFODNN7EXAMPLE';</script>")
body("se.secret", "<script>const db = 'postgres://admin:" + "hunter2@db.internal/shop';</script>")


body("se.secret", f"<script>const cloud = 'AIza{'Sy4' * 11}xy';</script>")
body(
    "se.secret",
    f'<script src="https://maps.googleapis.com/maps/api/js?key=AIza{"Sy4" * 11}xy" defer></script>',
    near_miss=True,
)


@defect("se.dir_listing")
def _listing(site: FakeSite) -> Expected:
    name = "Index of /files"
    html = (
        f"<html><head><title>{name}</title></head><body><h1>{name}</h1><a href='../'>Parent</a></body></html>"
    )
    return [site.add("/files/", Answer(html), link_from=TABLE)]


body("se.injected", "<script>eval(function(p,a,c,k,e,d){return p}('0 1',2,2,'a|b'.split('|'),0,{}))</script>")


@defect("se.injected")
def _spam(site: FakeSite) -> Expected:
    text = "Buy cheap viagra and cialis, online casino bonus, payday loan, free spins, replica watches. " * 6
    page = Answer(
        _SPAM_PAGE.format(title="Cheap pills and casino bonus for everyone now", text=text, links="")
    )
    return [site.add("/xx", page, link_from=TABLE)]


# -- mobile --------------------------------------------------------------------------------------------------
_VIEWPORT = '<meta name="viewport" content="width=device-width, initial-scale=1">'
sub("mo.viewport", _VIEWPORT, "")
sub("mo.viewport", _VIEWPORT, '<meta name="viewport" content="initial-scale=1">')
sub("mo.no_zoom", "initial-scale=1", "initial-scale=1, user-scalable=no")
sub("mo.no_zoom", "initial-scale=1", "initial-scale=1, maximum-scale=1")
sub("mo.no_zoom", "initial-scale=1", "initial-scale=1, maximum-scale=5", near_miss=True)
probe("mo.parity", "mobile_home", where="home", word_count=120)


# -- URLs ----------------------------------------------------------------------------------------------------
def address(check_id: str, path: str, *, near_miss: bool = False, href: str | None = None) -> None:
    """A page at an odd address."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        url = site.add(path, _copy(site, "/care/", path, "Timber"))
        for source in (TABLE, DESK):
            site.main(source, f'<p><a href="{href or path}">About our timber</a></p>')
        return [url]


address("ur.upper", "/Our-Wood/")
address("ur.upper", "/our-wood/caf%C3%A9/", near_miss=True)
address("ur.underscore", "/our_wood/")
address("ur.underscore", "/our-wood/?sort_by=name", near_miss=True)
address("ur.space", "/our%20wood/")
address("ur.non_ascii", "/caf%C3%A9/", href="/café/")
address("ur.slashes", "/our//wood/")
address("ur.repeat", "/our/wood/our/wood-list/")
address("ur.long", "/" + "very-long-name-" * 8 + "x/")
address("ur.params", "/our-wood/?a=1&b=2&c=3&d=4")
address("ur.search", "/search/?q=oak")
body("ur.tracking", '<p><a href="/care/?utm_source=home">How to care for it</a></p>')
body("ur.session", '<p><a href="/care/?PHPSESSID=8f3a9c1d22ab">How to care for it</a></p>')
body("ur.session", '<p><a href="/care/?sid=8f3a9c1d22ab44">How to care for it</a></p>')


@defect("ur.outlier")
def _outlier(site: FakeSite) -> Expected:
    path = "/tables/NewTableModel"
    return [site.add(path, _copy(site, TABLE, path, "Newest"), link_from=TABLE)]


# -- HTML validity -------------------------------------------------------------------------------------------
sub("hv.doctype", "<!doctype html>\n", "")
sub(
    "hv.doctype",
    "<!doctype html>",
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">',
)


@defect("hv.charset")
def _charset(site: FakeSite) -> Expected:
    site.sub(TABLE, '<meta charset="utf-8">\n', "")
    site.at(TABLE).headers["Content-Type"] = "text/html"
    return [site.url(TABLE)]


sub("hv.no_head", "<head>", "")
sub("hv.no_body", "<body>", "")
sub("hv.multi_head", "</head>", "</head><head></head>")
sub("hv.multi_body", "<main", "<body><main")
sub("hv.invalid_head", '<link rel="icon"', '<div class="banner">Sale</div><link rel="icon"')
sub(
    "hv.invalid_head",
    '<link rel="icon"',
    '<noscript><link rel="stylesheet" href="/n.css"></noscript><link rel="icon"',
    near_miss=True,
)
body("hv.meta_in_body", '<meta name="author" content="Ada">')
body(
    "hv.meta_in_body",
    '<div itemscope itemtype="https://schema.org/Thing"><meta itemprop="name" content="x"></div>',
    near_miss=True,
)
body("hv.dup_id", '<p id="content">Twice</p>')
sub("hv.frames", "<body>", '<frameset cols="50%,50%"><frame src="/care/"></frameset><body>')
body("hv.plugin", '<object type="application/x-shockwave-flash" data="/a.swf"></object>')
probe("hv.favicon", "favicon", status=404, where="home")

# -- accessibility -------------------------------------------------------------------------------------------
_FORM = '<form action="https://www.nordwood.example/x">{}</form>'
body("ax.label", _FORM.format('<input type="text" name="city"><button>Send it</button>'))
body(
    "ax.label",
    _FORM.format('<label>City <input type="text" name="city"></label><button>Send it</button>'),
    near_miss=True,
)
body("ax.button_name", _FORM.format("<button></button>"))
body("ax.button_name", _FORM.format('<button aria-label="Send"><svg></svg></button>'), near_miss=True)
body("ax.link_name", '<p><a href="/care/"><i class="icon"></i></a></p>')
sub("ax.html_lang", '<html lang="en">', "<html>")
sub("ax.title", _TITLE, "")


@defect("ax.landmark_main")
def _no_main(site: FakeSite) -> Expected:
    site.sub(TABLE, '<main id="content">', '<div id="content">')
    site.sub(TABLE, "</main>", "</div>")
    return [site.url(TABLE)]


sub("ax.skip", '<a class="skip" href="#content">Skip to the content</a>', "")
_ROWS = "".join(f"<tr><td>Row {n}</td><td>{n}</td></tr>" for n in range(3))
body("ax.table_th", f"<table>{_ROWS}</table>")
body("ax.table_th", f"<table><tr><th>Name</th><th>Size</th></tr>{_ROWS}</table>", near_miss=True)
body("ax.list", "<ul><div>Not an item</div></ul>")
body("ax.tabindex", '<p tabindex="3">Odd order</p>')
body("ax.tabindex", '<p tabindex="0">Fine</p>', near_miss=True)
body("ax.iframe_title", '<iframe src="https://www.nordwood.example/map"></iframe>')


# -- AI ----------------------------------------------------------------------------------------------------
for _id, _agent in (
    ("ai.search_blocked", "OAI-SearchBot"), ("ai.user_blocked", "ChatGPT-User"), ("ai.training_policy", "GPTBot"),
    ("ai.archive_blocked", "CCBot"),
):  # fmt: skip
    robots(_id, f"User-agent: {_agent}\nDisallow: /\n\nUser-agent: *\nDisallow: /admin/\n{_MAP}")
    robots(
        _id,
        f"User-agent: {_agent}\nDisallow: /admin/\n\nUser-agent: *\nDisallow: /admin/\n{_MAP}",
        near_miss=True,
    )
probe("ai.edge_block", "agent:GPTBot", status=403)
robots(
    "ai.signal_clash",
    f"User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nContent-Signal: ai-train=yes\nAllow: /\n{_MAP}",
)
probe("ai.llms_missing", "llms_txt", status=404)
probe("ai.llms_format", "llms_txt", text="Just some words about the shop.")
body("ai.token_weight", f"<div {' '.join(f'data-x{n}={n * 7919}' for n in range(3500))}></div>")
head("ai.noai", '<meta name="robots" content="noai, noimageai">')


@defect("ai.cloaking")
def _cloaking(site: FakeSite) -> Expected:
    for name, seed in (("browser_home", "a"), ("googlebot_home", "b")):
        site.probes[name] = replace(site.probes[name], shingles=text_facts(paragraph(seed, 30)).shingles)
    return [site.home]


@defect("ai.author_date", "magazine")
def _no_author(site: FakeSite) -> Expected:
    site.cut(STORY, ', "author"', "}", "")
    site.sub(STORY, 'rel="author" ', "")
    return [site.url(STORY)]


# -- change --------------------------------------------------------------------------------------------------
def before(
    check_id: str,
    *,
    near_miss: bool = False,
    change: Callable[[FakeSite], None] | None = None,
    **facts: object,
) -> None:
    """A page that was different at the audit before."""

    @defect(check_id, near_miss=near_miss)
    def plant(site: FakeSite) -> Expected:
        html = site.answers[site.url(TABLE)].html
        start = html.index('name="description" content="') + 28
        same = PreviousPage(
            200, canonical=site.url(TABLE), title=_TITLE[7:-8], h1=_H1[4:-5],
            description=html[start : html.index('"', start)],
            schema_types=frozenset(("Product", "BreadcrumbList")), inlinks=13, ttfb_ms=120.0,
        )  # fmt: skip
        site.previous = {site.url(TABLE): replace(same, **facts)}  # type: ignore[arg-type]
        site.changed.update(site.answers)
        if change is not None:
            change(site)
        return [site.url(TABLE)]


def _noindex(site: FakeSite) -> None:
    site.head(TABLE, '<meta name="robots" content="noindex">')


def _break(site: FakeSite) -> None:
    site.at(TABLE).status = 404


before("df.became_noindex", change=_noindex)
before("df.became_4xx", change=_break)
before("df.lost_canonical", change=lambda site: site.sub(TABLE, _OWN, ""))
before("df.title", title="Another title at that time")
before("df.h1", h1="Another heading")
before("df.desc", description="Another text")
before("df.schema", schema_types=frozenset(("BreadcrumbList",)))
before("df.lost_inlinks", inlinks=60)
for _id in ("df.title", "df.h1", "df.desc", "df.schema", "df.lost_inlinks", "df.became_noindex"):
    before(_id, near_miss=True)


@defect("df.slower")
def _slower(site: FakeSite) -> Expected:
    site.previous = {url: PreviousPage(200, ttfb_ms=100.0) for url in site.answers}
    for url in site.answers:
        site.at(url).ttfb_ms = 400.0
    return [None]


@defect("df.vanished")
def _vanished(site: FakeSite) -> Expected:
    site.previous = {site.url("/gone/"): PreviousPage(200)}
    site.changed.update([*site.answers, site.url("/gone/")])
    return [site.url("/gone/")]


@defect("df.appeared")
def _appeared(site: FakeSite) -> Expected:
    site.previous = {url: PreviousPage(200) for url in site.answers if url != site.url(TABLE)}
    site.changed.update(site.answers)
    return [site.url(TABLE)]


@defect("df.regressed")
def _regressed(site: FakeSite) -> Expected:
    site.fixed_before = frozenset({("h1.missing", site.url(TABLE))})
    site.sub(TABLE, _H1, "")
    return [site.url(TABLE)]
