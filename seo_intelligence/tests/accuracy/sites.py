"""Clean sites in three styles, served from memory.

Each answers as a well-kept site does: every check must stay silent on them. Defects are planted by changing one answer
or one fact of the site (`FakeSite.sub`, `head`, `main`, `add`, …).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from seo_intelligence.logic.page import FetchError, Hop, PreviousPage, Probe, ResourceFacts, TlsFacts
from seo_intelligence.tests.accuracy.prose import paragraph, sections

NOW = dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Encoding": "gzip",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=()",
}
SITEMAP_NS = "http://www.sitemaps.org/schemas/sitemap/0.9"
FILE_HEADERS = {"cache-control": "public, max-age=31536000", "etag": '"a1"', "content-encoding": "gzip"}


@dataclass
class Answer:
    """What the server says to one URL."""

    html: str = ""
    status: int | None = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(HEADERS))
    cookies: tuple[str, ...] = ()
    ttfb_ms: float = 120.0
    total_ms: float = 180.0
    error: FetchError | None = None
    retry_after_count: int = 0
    body: bytes | None = None

    @property
    def bytes(self) -> bytes:
        """The body as sent."""
        return self.html.encode() if self.body is None else self.body


@dataclass
class FakeSite:
    """A site in memory. `changed` collects the URLs that a planted defect touched."""

    home: str
    answers: dict[str, Answer] = field(default_factory=dict)
    robots: str = ""
    robots_status: int | None = 200
    robots_error: FetchError | None = None
    sitemaps: dict[str, bytes] = field(default_factory=dict)
    lastmods: dict[str, str] = field(default_factory=dict)
    alternates: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    probes: dict[str, Probe] = field(default_factory=dict)
    tls: TlsFacts | None = None
    resources: dict[str, ResourceFacts] = field(default_factory=dict)
    previous: dict[str, PreviousPage] = field(default_factory=dict)
    fixed_before: frozenset[tuple[str, str]] = frozenset()
    truncated: tuple[str, ...] = ()
    changed: set[str] = field(default_factory=set)

    def url(self, path: str) -> str:
        """Absolute address of a path of this site."""
        return path if "://" in path else "{0.scheme}://{0.netloc}".format(urlsplit(self.home)) + path

    def at(self, path: str) -> Answer:
        """The answer at a path; marks it as touched."""
        url = self.url(path)
        self.changed.add(url)
        return self.answers[url]

    def sub(self, path: str, old: str, new: str) -> None:
        """Replace text that must be there."""
        answer = self.at(path)
        assert old in answer.html, (path, old)
        answer.html = answer.html.replace(old, new, 1)

    def cut(self, path: str, start: str, end: str, new: str = "") -> None:
        """Replace everything from `start` to `end`, both included."""
        answer = self.at(path)
        a = answer.html.index(start)
        b = answer.html.index(end, a) + len(end)
        answer.html = answer.html[:a] + new + answer.html[b:]

    def head(self, path: str, html: str) -> None:
        """Add to the end of the head."""
        self.sub(path, "</head>", html + "</head>")

    def main(self, path: str, html: str) -> None:
        """Add to the end of the main content."""
        self.sub(path, "</main>", html + "</main>")

    def add(
        self, path: str, answer: Answer, *, link_from: str | None = None, anchor: str = "A further page here"
    ) -> str:
        """Put an answer at a new URL and, if asked, a link to it on a page."""
        url = self.url(path)
        self.answers[url] = answer
        self.changed.add(url)
        if link_from is not None:
            self.main(link_from, f'<p><a href="{path}">{anchor}</a></p>')
        return url

    def redirect(self, path: str, to: str, status: int = 301, *, link_from: str | None = None) -> str:
        """A redirect at a path."""
        answer = Answer(status=status, headers={"Location": to, "Content-Type": "text/html; charset=utf-8"})
        return self.add(path, answer, link_from=link_from)

    def sitemap_xml(self) -> bytes:
        """The sitemap that lists all pages of the clean site."""
        rows = []
        for url in self.lastmods:
            if url in self.unlisted:
                continue
            links = "".join(
                f'<xhtml:link rel="alternate" hreflang="{lang}" href="{href}"/>'
                for lang, href in self.alternates.get(url, [])
            )
            rows.append(f"<url><loc>{url}</loc><lastmod>{self.lastmods[url]}</lastmod>{links}</url>")
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{SITEMAP_NS}" '
            f'xmlns:xhtml="http://www.w3.org/1999/xhtml">{"".join(rows)}</urlset>'
        ).encode()


def _finish(site: FakeSite) -> FakeSite:
    home = site.home
    for n, url in enumerate(site.answers):
        day = dt.date(2026, 3, 1) + dt.timedelta(days=7 * (n % 12))
        site.lastmods.setdefault(url, day.isoformat())
    site.robots = site.robots or f"User-agent: *\nDisallow: /admin/\n\nSitemap: {home}sitemap.xml\n"
    http_home = home.replace("https://", "http://")
    bare = home.replace("://www.", "://")
    other = bare if "://www." in home else home.replace("://", "://www.")
    text = Probe(home, 200, home, word_count=300, link_count=20, schema_count=1)
    site.probes = {
        "not_found": Probe(home + "a-page-that-is-not-there-91723", 404),
        "http_home": Probe(http_home, 200, home, (Hop(http_home, 301, home),)),
        "other_host": Probe(other, 200, home, (Hop(other, 301, home),)),
        "llms_txt": Probe(
            home + "llms.txt", 200, text=f"# Site\n\n> About us.\n\n## Pages\n\n- [Home]({home}): start\n"
        ),
        "favicon": Probe(home + "favicon.ico", 200),
        "browser_home": text,
        "mobile_home": text,
        "googlebot_home": text,
        "agent:GPTBot": Probe(home, 200, home),
        "agent:OAI-SearchBot": Probe(home, 200, home),
    }
    site.tls = TlsFacts(NOW + dt.timedelta(days=75), protocol="TLSv1.3", alpn=("h2", "http/1.1"))
    return site


def _social(title: str, description: str, url: str, image: str, kind: str) -> str:
    return (
        f'<meta property="og:title" content="{title}"><meta property="og:type" content="{kind}">'
        f'<meta property="og:url" content="{url}"><meta property="og:image" content="{image}">'
        f'<meta property="og:description" content="{description}">'
        f'<meta name="twitter:card" content="summary_large_image">'
    )


def _ld(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def _file(site: FakeSite, path: str, kind: str, size: int, content_type: str, **facts: object) -> None:
    url = site.url(path)
    site.resources[url] = ResourceFacts(
        url,
        200,
        kind,
        url,
        size,
        size,
        content_type,
        dict(FILE_HEADERS),
        **facts,  # type: ignore[arg-type]
    )


# -- style 1: a shop with semantic HTML5 ---------------------------------------------------------------------
_PRODUCTS = (
    ("oak-table", "Solid oak dining table", "Solid oak dining table for six, oiled by hand", 890),
    ("ash-bench", "Ash bench with a back", "Ash bench with a straight back for hall and kitchen", 340),
    ("pine-shelf", "Wide pine wall shelf", "Wide pine wall shelf that carries forty books", 125),
    ("walnut-desk", "Walnut writing desk", "Walnut writing desk with two quiet drawers", 1150),
    ("beech-stool", "Round beech stool", "Round beech stool, stackable and light to carry", 95),
    ("larch-bed", "Larch bed frame", "Larch bed frame without any metal parts in it", 760),
    ("elm-chair", "Elm chair with arms", "Elm chair with arms and a seat of woven paper", 410),
    ("cherry-box", "Cherry tool box", "Cherry tool box with brass hinges and a strap", 68),
)


def shop() -> FakeSite:
    """A shop: header, nav, main, footer; JSON-LD; lazy images after the third."""
    site = FakeSite("https://www.nordwood.example/")
    nav = "".join(
        f'<li><a href="{href}">{name}</a></li>'
        for href, name in (
            ("/", "Home"),
            ("/tables/", "Tables and desks"),
            ("/seats/", "Seats"),
            ("/care/", "Care"),
        )
    )

    def page(
        path: str, title: str, description: str, h1: str, main: str, data: list[object], kind: str
    ) -> None:
        url = site.url(path)
        image = site.url("/img/share.jpg")
        crumbs = {
            "@context": "https://schema.org",
            "@type": "BreadcrumbList",
            "itemListElement": [
                {"@type": "ListItem", "position": 1, "name": "Home", "item": site.home},
                {"@type": "ListItem", "position": 2, "name": h1},
            ],
        }
        site.answers[url] = Answer(
            f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{description}">
<link rel="canonical" href="{url}">
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/css/site.css">
<script src="/js/site.js" defer></script>
{_social(title, description, url, image, kind)}
{"".join(_ld(d) for d in [*data, crumbs])}
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
<header><a href="/"><img src="/img/logo.svg" alt="Nordwood" width="120" height="40"></a>
<nav aria-label="Main"><ul>{nav}</ul></nav></header>
<main id="content">
<h1>{h1}</h1>
{main}
</main>
<footer><p>© 2026 Nordwood workshop</p><ul><li><a href="/about/">About the workshop</a></li>
<li><a href="/delivery/">Delivery and returns</a></li><li><a href="mailto:hello@nordwood.example">Write to us</a></li>
<li><a href="tel:+4930123456">Call us</a></li></ul></footer>
</body>
</html>"""
        )

    grid = "".join(
        f'<li><a href="/tables/{slug}">{name}</a></li>' for slug, name, _, _ in _PRODUCTS
    )  # fmt: skip
    page(
        "/", "Nordwood: furniture from local wood, made by hand",
        "Tables, seats and shelves from local wood, made by hand in our workshop and brought to you by our own van.",
        "Furniture that stays for a lifetime", f"<ul>{grid}</ul>" + sections("home", 3, 9, "Why wood, part"),
        [{"@context": "https://schema.org", "@type": "Organization", "name": "Nordwood", "url": site.home}], "website",
    )  # fmt: skip
    hubs = {
        "/tables/": ("Tables and desks in oak, walnut and ash", "Tables for every room"),
        "/seats/": ("Chairs, stools and benches for daily use", "Seats for long evenings"),
        "/care/": ("How to care for oiled and waxed furniture", "Simple care for wood"),
        "/about/": ("About the people in the Nordwood workshop", "The people behind it"),
        "/delivery/": ("Delivery, assembly and returns explained", "How your order arrives"),
    }
    for path, (title, h1) in hubs.items():
        page(
            path, title, f"{h1}: {paragraph('d' + path, 2)[:100].rstrip(' .,')}, told by our team.", h1,
            f"<ul>{grid}</ul>" + sections(path, 3, 9, "Part"), [], "website",
        )  # fmt: skip
    for slug, name, title, price in _PRODUCTS:
        path = f"/tables/{slug}"
        product = {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": name,
            "image": site.url(f"/img/{slug}.webp"),
            "description": title,
            "sku": slug,
            "offers": {
                "@type": "Offer", "price": f"{price}.00", "priceCurrency": "EUR",
                "availability": "https://schema.org/InStock", "url": site.url(path),
            },
        }  # fmt: skip
        gallery = "".join(
            f'<img src="/img/{slug}-{n}.webp" alt="{name}, view {n}" width="400" height="300"'
            f'{" loading=lazy" if n > 1 else ""}>' for n in range(1, 4)
        )  # fmt: skip
        related = "".join(f'<li><a href="/tables/{s}">{t}</a></li>' for s, t, _, _ in _PRODUCTS if s != slug)
        page(
            path, title, f"{title}. {paragraph('m' + slug, 1)} Ask our team about it.", name,
            f'<img src="/img/{slug}.webp" alt="{name} in a bright room" width="800" height="600" fetchpriority="high">'
            f"<p>{price} euro, ready in four weeks.</p>{gallery}{sections(slug, 3, 8, 'Detail')}<ul>{related}</ul>",
            [product], "product",
        )  # fmt: skip
        for n in range(4):
            name_of = f"/img/{slug}.webp" if not n else f"/img/{slug}-{n}.webp"
            width, height = (1600, 1200) if not n else (800, 600)
            _file(site, name_of, "image", 60_000, "image/webp", width=width, height=height)
    _file(site, "/css/site.css", "style", 9_000, "text/css", minified=True)
    _file(site, "/js/site.js", "script", 12_000, "text/javascript", minified=True)
    _file(site, "/img/share.jpg", "og-image", 90_000, "image/jpeg", width=1200, height=630)
    return _finish(site)


# -- style 2: a magazine with div-based markup and microdata-free articles -----------------------------------
_ARTICLES = (
    ("slow-mornings", "Slow mornings and how to keep them all year", "2026-02-03"),
    ("city-beekeeping", "Keeping bees on a city roof: the first summer", "2026-02-17"),
    ("letters-again", "Why we write letters again, and to whom", "2026-03-05"),
    ("night-trains", "Night trains are back: a short field report", "2026-03-21"),
    ("bread-at-home", "Bread at home without a machine or a scale", "2026-04-02"),
    ("quiet-rooms", "Quiet rooms: what schools learn from libraries", "2026-04-15"),
    ("river-swim", "A river swim before work in five easy steps", "2026-05-01"),
    ("repair-cafe", "Inside a repair cafe on a Saturday in May", "2026-05-20"),
    ("paper-maps", "Paper maps and the pleasure of getting lost", "2026-06-02"),
)


def magazine() -> FakeSite:
    """A magazine: WordPress-like divs and classes, Article JSON-LD in a graph, dates in the text."""
    site = FakeSite("https://lanternpost.example/")
    menu = "".join(
        f'<li class="menu-item"><a href="{site.url(href)}">{name}</a></li>'
        for href, name in (
            ("/", "Start"),
            ("/archive/", "All stories"),
            ("/authors/", "Our authors"),
            ("/contact/", "Contact"),
        )
    )

    def page(
        path: str, title: str, description: str, h1: str, inner: str, graph: list[object], kind: str
    ) -> None:
        url = site.url(path)
        document = {"@context": "https://schema.org", "@graph": graph}
        site.answers[url] = Answer(
            f"""<!DOCTYPE html>
<html lang="en-GB" class="no-js">
<head>
  <meta charset="UTF-8" />
  <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
  <meta name="robots" content="index, follow, max-image-preview:large, max-snippet:-1" />
  <title>{title}</title>
  <meta name="description" content="{description}" />
  <link rel="canonical" href="{url}" />
  <link rel="preconnect" href="https://cdn.lanternpost.example" />
  <link rel="stylesheet" id="theme-css" href="{site.url("/theme/style.min.css")}" media="all" />
  <link rel="alternate" type="application/rss+xml" title="Feed" href="{site.url("/feed/")}" />
  <link rel="icon" href="{site.url("/theme/icon.png")}" />
  {_social(title, description, url, site.url("/media/cover.jpg"), kind)}
  {_ld(document)}
  <noscript><style>.lazy{{display:none}}</style></noscript>
</head>
<body class="home page">
<div id="page" class="site">
  <a class="skip-link" href="#main">Skip to content</a>
  <div id="masthead" class="site-header"><div class="branding"><a href="{site.home}" rel="home">Lantern Post</a></div>
    <div class="navigation" role="navigation"><ul class="menu">{menu}</ul></div></div>
  <div id="main" class="content" role="main">
    <article class="post">
    <header><h1 class="entry-title">{h1}</h1></header>
    <div class="entry">{inner}</div>
    </article>
  </div>
  <div class="site-footer"><p>&copy; 2019&ndash;2026 Lantern Post</p>
    <form action="{site.url("/archive/")}" method="get"><label for="find">Find a story</label>
    <input type="search" id="find" name="story"><button type="submit">Find</button></form>
    <p><a href="{site.url("/privacy/")}">Privacy</a>
    <a href="https://other.example/press" target="_blank" rel="noopener">Press
    group</a></p></div>
</div>
<script src="{site.url("/theme/app.min.js")}" async></script>
</body>
</html>"""
        )

    stories = "".join(f'<li><a href="{site.url("/stories/" + s)}/">{t}</a></li>' for s, t, _ in _ARTICLES)
    plain = {
        "/": ("Lantern Post: slow stories for curious people", "Stories worth the time"),
        "/archive/": ("All stories of the Lantern Post in one list", "Everything we printed"),
        "/authors/": ("The authors who write for the Lantern Post", "Who writes here"),
        "/contact/": ("How to reach the desk of the Lantern Post", "Talk to our desk"),
        "/privacy/": ("What the Lantern Post knows about readers", "Your privacy with us"),
    }
    for path, (title, h1) in plain.items():
        page(
            path, title, f"{h1}. {paragraph('d' + path, 2)[:95].rstrip(' .,')} and more.", h1,
            f'<ul class="stories">{stories}</ul>{sections(path, 3, 9, "Chapter")}',
            [{"@type": "WebSite", "name": "Lantern Post", "url": site.home}], "website",
        )  # fmt: skip
    for slug, title, date in _ARTICLES:
        day = dt.date.fromisoformat(date)
        shown = f"{day.day} {day:%B} {day.year}"
        article = {
            "@type": "Article",
            "headline": title,
            "image": site.url("/media/cover.jpg"),
            "datePublished": f"{date}T08:00:00+00:00",
            "dateModified": f"{date}T08:00:00+00:00",
            "author": {"@type": "Person", "name": "Ada Quill"},
        }
        page(
            f"/stories/{slug}/", title, f"{paragraph('m' + slug, 2)[:120].rstrip(' .,')}, as told by Ada Quill.",
            title.split(":")[0].split(",")[0] + " for us all",
            f'<p class="byline">By <a rel="author" href="{site.url("/authors/")}">Ada Quill</a>, '
            f'<time class="entry-date" datetime="{date}">{shown}</time></p>{sections(slug, 4, 9, "Chapter")}'
            f'<ul class="more">{stories}</ul>',
            [article], "article",
        )  # fmt: skip
        site.lastmods[site.url(f"/stories/{slug}/")] = date
    site.answers[site.url("/feed/")] = Answer(
        "<?xml version='1.0'?><rss version='2.0'></rss>",
        headers={**HEADERS, "Content-Type": "application/rss+xml"},
    )
    site.unlisted.add(site.url("/feed/"))
    _file(site, "/theme/style.min.css", "style", 14_000, "text/css", minified=True)
    _file(site, "/theme/app.min.js", "script", 22_000, "text/javascript", minified=True)
    _file(site, "/media/cover.jpg", "og-image", 95_000, "image/jpeg", width=1600, height=900)
    return _finish(site)


# -- style 3: a bilingual service site with hreflang ---------------------------------------------------------
_SERVICES = (
    (
        "planning",
        "Planung",
        "Planning a house extension, from sketch to permit",
        "Planung für Ihren Anbau, von der Skizze an",
    ),
    (
        "roofs",
        "Dach",
        "Roof repairs and new roofs for older houses",
        "Dach und Fach: Reparatur für alte Häuser",
    ),
    (
        "windows",
        "Fenster",
        "Windows that keep the warmth and let in light",
        "Fenster, die Wärme halten und Licht geben",
    ),
    (
        "heating",
        "Heizung",
        "Heating with air and water instead of oil",
        "Heizung mit Luft und Wasser statt mit Öl",
    ),
    (
        "gardens",
        "Garten",
        "Gardens and terraces that need little water",
        "Garten und Terrasse mit wenig Wasser",
    ),
)


def services() -> FakeSite:
    """A bilingual site: hreflang in pages and sitemap, minimal markup without optional quotes."""
    site = FakeSite("https://www.halden-bau.example/")

    def pair(path: str) -> list[tuple[str, str]]:
        return [
            ("en", site.url("/en" + path)),
            ("de", site.url("/de" + path)),
            ("x-default", site.url("/en" + path)),
        ]

    menus = {
        lang: "".join(f"<a href=/{lang}/{slug}/>{(en if lang == 'en' else de)}</a> " for slug, de, en, _ in
                      ((s[0], s[1], s[0].title(), s[3]) for s in _SERVICES))
        for lang in ("en", "de")
    }  # fmt: skip

    def page(lang: str, path: str, title: str, description: str, h1: str, body: str) -> None:
        url = site.url(f"/{lang}{path}")
        alternates = "".join(f"<link rel=alternate hreflang={code} href={href}>" for code, href in pair(path))
        other = "de" if lang == "en" else "en"
        name = {"en": "Deutsch", "de": "English"}[lang]
        skip, copy = {"en": ("To the content", "Halden Bau"), "de": ("Zum Inhalt", "Halden Bau GmbH")}[lang]
        site.answers[url] = Answer(
            f"""<!DOCTYPE html><html lang={lang}><head><meta charset=utf-8><title>{title}</title>
<meta name=viewport content="width=device-width,initial-scale=1"><meta name=description content="{description}">
<link rel=canonical href={url}>{alternates}<link rel=stylesheet href=/a/b.css>
{_social(title, description, url, site.url("/a/share.png"), "website")}</head><body>
<a href=#m>{skip}</a><header><nav>{menus[lang]} <a href=/{other}{path} hreflang={other}>{name}</a></nav></header>
<main id=m><h1>{h1}</h1>{body}</main><footer>© 2026 {copy} <a href=/{lang}/>{copy}, Start</a>
<a href=/{lang}/imprint/>{"Imprint and law" if lang == "en" else "Impressum und Recht"}</a></footer></body></html>"""
        )
        site.alternates[url] = pair(path)

    for lang in ("en", "de"):
        german = lang == "de"
        extra = {
            "/": ("Halden Bau: building and repair in the valley", "Halden Bau: Bauen und Sanieren im Tal"),
            "/imprint/": (
                "Imprint and legal notes of Halden Bau",
                "Impressum und Rechtliches von Halden Bau",
            ),
        }
        heads = {
            "/": ("Good houses take time", "Gute Häuser brauchen Zeit"),
            "/imprint/": ("Who is behind this site", "Wer hinter dieser Seite steht"),
        }
        for path, titles in extra.items():
            key = f"{lang}{path}"
            text = paragraph("d" + key, 3, german=german)[:140].rsplit(" ", 1)[0].rstrip(" .,")
            h1 = heads[path][german]
            page(
                lang,
                path,
                titles[german],
                f"{text}.",
                h1,
                sections(key, 3, 11, "Teil" if german else "Part", german=german),
            )
        for slug, de, en_title, de_title in _SERVICES:
            key = f"{lang}/{slug}"
            text = paragraph("d" + key, 3, german=german)[:140].rsplit(" ", 1)[0].rstrip(" .,")
            h1 = f"{de} aus einer Hand" if german else f"{slug.title()} from one hand"
            body = sections(key, 3, 11, "Teil" if german else "Part", german=german)
            page(lang, f"/{slug}/", de_title if german else en_title, f"{text}.", h1, body)
    site.answers = {site.url("/en/"): site.answers[site.url("/en/")], **site.answers}
    site.home = site.url("/en/")
    root = "https://www.halden-bau.example/"
    clean = _finish(replace(site, home=root))
    clean.answers[root] = Answer(status=301, headers={"Location": root + "en/"})
    clean.home = root + "en/"
    _file(replace(clean, home=root), "/a/b.css", "style", 4_000, "text/css", minified=True)
    _file(replace(clean, home=root), "/a/share.png", "og-image", 80_000, "image/png", width=1200, height=630)
    return clean


STYLES: dict[str, Callable[[], FakeSite]] = {"shop": shop, "magazine": magazine, "services": services}
