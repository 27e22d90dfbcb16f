"""The data model of an audit: what was learnt about each page, about the site, and about the link graph.

Everything here is plain data in memory. The extractor fills a `Page`, the crawler hands it to the page
checks and then to `graph.CrawlGraph.add`, which keeps a slim copy (no link, image or element lists) and the
edges in flat arrays, so that 20,000 pages with two million links fit in a few hundred megabytes. Graph
checks may only read what survives `Page.slim`; page checks may read everything.

Conventions
-----------
* URLs are absolute and normalised (`logic.urls.normalise`), without fragment.
* A URL that redirects is a page of its own: `status` is the first answer (301), `redirects` the hops that
  were followed, `final_url`/`final_status` where they ended. The target has its own `Page` when it was
  crawled.
* Times are milliseconds, sizes are bytes after decompression unless the name says `transfer`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

# Sorted 32-bit shingle hashes as little-endian bytes (see `extract.text`).
Shingles = bytes


class Severity(StrEnum):
    """How much a finding matters: errors harm indexing or users now, notices are hints."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


class FetchError(StrEnum):
    """Why a request ended without an HTTP answer."""

    DNS = "dns"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    TLS = "tls"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    REDIRECT_LOOP = "redirect_loop"
    TOO_LARGE = "too_large"
    BLOCKED_ADDRESS = "blocked_address"
    ROBOTS = "robots"
    OTHER = "other"


class Position(StrEnum):
    """Region of the page in which an element stands."""

    HEADER = "header"
    NAV = "nav"
    MAIN = "main"
    ASIDE = "aside"
    FOOTER = "footer"


POSITIONS: tuple[Position, ...] = tuple(Position)


class Hop(NamedTuple):
    """One redirect answer: the URL asked, its 3xx status, and the absolute URL it pointed to."""

    url: str
    status: int
    location: str


class Link(NamedTuple):
    """An `<a>` or `<area>`: `url` is absolute without fragment, empty when the href is not an HTTP(S)
    address.
    """

    url: str
    href: str | None
    anchor: str
    rel: frozenset[str]
    position: Position
    fragment: str
    internal: bool
    target_blank: bool = False
    has_name: bool = True
    onclick: bool = False

    @property
    def nofollow(self) -> bool:
        """True when search engines are asked not to follow (nofollow, ugc or sponsored)."""
        return not self.rel.isdisjoint(("nofollow", "ugc", "sponsored"))


class Image(NamedTuple):
    """An `<img>`: `alt` is None when the attribute is absent; `order` counts images in document order from
    0.
    """

    url: str
    src: str
    alt: str | None
    width: str
    height: str
    style: str
    loading: str
    srcset: str
    sizes: str
    fetchpriority: str
    in_picture: bool
    position: Position
    order: int
    hidden: bool = False


class Resource(NamedTuple):
    """A file the page loads. `kind` is script, style, image, font, iframe, media, object, preload or icon."""

    url: str
    kind: str
    raw: str
    in_head: bool
    blocking: bool
    integrity: bool
    internal: bool


class Canonical(NamedTuple):
    """One canonical annotation. `source` is tag or header; `url` is empty when it cannot be resolved."""

    url: str
    href: str
    source: str
    in_head: bool
    has_hreflang: bool = False


class Hreflang(NamedTuple):
    """One alternate annotation. `source` is tag, header or sitemap."""

    lang: str
    url: str
    href: str
    source: str
    in_head: bool = True


class Heading(NamedTuple):
    """A heading h1 to h6. `text` falls back to the alt text of images inside (`alt_only` then)."""

    level: int
    text: str
    alt_only: bool = False


class Meta(NamedTuple):
    """A `<meta>` with a name, property or http-equiv (lower case in `key`)."""

    key: str
    content: str
    in_head: bool
    attr: str


class Form(NamedTuple):
    """A form: `action` absolute, `has_password` when a password field is inside."""

    action: str
    method: str
    has_password: bool


class Video(NamedTuple):
    """A `<video>` element."""

    src: str
    poster: bool
    captions: bool
    muted: bool


class Element(NamedTuple):
    """A short description of an element that a markup or accessibility check objects to."""

    kind: str
    snippet: str


class StructuredItem(NamedTuple):
    """One typed structured-data item. `types` without vocabulary prefix; `props` as parsed (JSON values)."""

    syntax: str
    types: tuple[str, ...]
    props: Mapping[str, Any]
    context_ok: bool = True
    top_level: bool = True


class StructuredError(NamedTuple):
    """A structured-data block that could not be read; `code` is parse, context or type."""

    syntax: str
    code: str
    detail: str


@dataclass(slots=True)
class Document:
    """The heavy facts of an HTML page, used by page checks and dropped by `Page.slim`.

    `text` is the main text; `full_text` counts all visible text. `markup` maps the kind of a markup or
    accessibility fault (see `extract.markup`) to the first offending elements.
    """

    text: str = ""
    text_chars: int = 0
    links: tuple[Link, ...] = ()
    images: tuple[Image, ...] = ()
    resources: tuple[Resource, ...] = ()
    forms: tuple[Form, ...] = ()
    videos: tuple[Video, ...] = ()
    metas: tuple[Meta, ...] = ()
    headings: tuple[Heading, ...] = ()
    structured: tuple[StructuredItem, ...] = ()
    structured_errors: tuple[StructuredError, ...] = ()
    markup: Mapping[str, tuple[Element, ...]] = field(default_factory=dict)
    doctype: str | None = None
    charset_declared: str | None = None
    html_lang: str | None = None
    detected_lang: str | None = None
    detected_confidence: float = 0.0
    hidden_chars: int = 0
    hidden_links: int = 0
    meta_refresh: str | None = None
    visible_dates: tuple[dt.date, ...] = ()
    copyright_year: int | None = None
    inline_svg_bytes: int = 0
    max_dom_depth: int = 0
    max_children: int = 0
    dom_nodes: int = 0
    font_faces_without_display: int = 0
    preconnects: frozenset[str] = frozenset()
    secrets: tuple[Element, ...] = ()
    top_terms: tuple[tuple[str, int], ...] = ()
    has_main: bool = False
    has_skip_link: bool = False
    heads: int = 1
    bodies: int = 1
    html_chars: int = 0
    challenge_text: str = ""
    sentences: int = 0
    syllables: int = 0


@dataclass(slots=True)
class Page:
    """One crawled URL. Fields below `doc` are filled by `CrawlGraph.finish`."""

    url: str
    status: int | None = None
    error: FetchError | None = None
    final_url: str = ""
    final_status: int | None = None
    redirects: tuple[Hop, ...] = ()
    ttfb_ms: float | None = None
    total_ms: float | None = None
    bytes: int = 0
    transfer_bytes: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    set_cookies: tuple[str, ...] = ()
    content_type: str = ""
    http_version: str = ""
    truncated_body: bool = False
    retry_after_count: int = 0
    is_html: bool = False
    is_challenge: bool = False
    robots_allowed: bool = True
    # -- light facts, kept for the graph checks
    titles: tuple[str, ...] = ()
    title_px: int = 0
    descriptions: tuple[str, ...] = ()
    description_px: int = 0
    h1: tuple[str, ...] = ()
    lang: str = ""
    canonicals: tuple[Canonical, ...] = ()
    hreflangs: tuple[Hreflang, ...] = ()
    robots_meta: frozenset[str] = frozenset()
    robots_header: frozenset[str] = frozenset()
    unavailable_after: dt.datetime | None = None
    next_urls: tuple[str, ...] = ()
    prev_urls: tuple[str, ...] = ()
    word_count: int = 0
    text_hash: int = 0
    simhash: int = 0
    shingles: Shingles = b""
    template: str = ""
    schema_types: frozenset[str] = frozenset()
    date_published: dt.date | None = None
    date_modified: dt.date | None = None
    ids: frozenset[str] = frozenset()
    outlink_count: int = 0
    external_hosts: frozenset[str] = frozenset()
    affiliate_links: int = 0
    terms: tuple[str, ...] = ()
    spam_terms: int = 0
    obfuscated_scripts: int = 0
    doc: Document | None = None
    # -- place in the crawl and in the link graph
    depth: int | None = None
    in_sitemaps: tuple[str, ...] = ()
    inlinks: int = 0
    inlinks_follow: int = 0
    pagerank: float = 0.0

    @property
    def is_redirect(self) -> bool:
        """True for a 3xx answer with a target."""
        return self.status is not None and 300 <= self.status < 400 and self.status != 304

    @property
    def is_ok(self) -> bool:
        """True for a 2xx answer."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def title(self) -> str:
        """The first title, or an empty string."""
        return self.titles[0] if self.titles else ""

    @property
    def description(self) -> str:
        """The first meta description, or an empty string."""
        return self.descriptions[0] if self.descriptions else ""

    @property
    def robots(self) -> frozenset[str]:
        """Directives of the robots meta tags and the X-Robots-Tag header together."""
        return self.robots_meta | self.robots_header if self.robots_header else self.robots_meta

    @property
    def noindex(self) -> bool:
        """True when meta or header say noindex (or none)."""
        robots = self.robots
        return "noindex" in robots or "none" in robots

    @property
    def canonical(self) -> str:
        """The canonical in force: empty when absent, unusable, or contradictory (engines then ignore all)."""
        targets = {c.url for c in self.canonicals if c.url and c.in_head}
        return next(iter(targets)) if len(targets) == 1 else ""

    @property
    def canonical_elsewhere(self) -> bool:
        """True when the page names another URL as its canonical version."""
        canonical = self.canonical
        return bool(canonical) and canonical != self.url

    @property
    def indexable(self) -> bool:
        """200, HTML, allowed by robots.txt, no noindex, not canonicalised elsewhere, not a bot challenge."""
        return (
            self.status == 200
            and self.is_html
            and not self.is_challenge
            and self.robots_allowed
            and not self.noindex
            and not self.canonical_elsewhere
        )

    def slim(self) -> Page:
        """Drop the element lists and headers in place (after the page checks ran) and return the page."""
        self.doc = None
        self.headers = {}
        return self


@dataclass(frozen=True, slots=True)
class RobotsRule:
    """One line of a robots.txt group."""

    line: int
    directive: str
    value: str
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RobotsFacts:
    """What the robots.txt of the site says. `text` is the body (at most 500 KiB are read, as crawlers do)."""

    url: str
    status: int | None
    bytes: int = 0
    text: str = ""
    error: FetchError | None = None
    rules: tuple[RobotsRule, ...] = ()
    sitemaps: tuple[str, ...] = ()
    faults: tuple[tuple[int, str, str], ...] = ()
    content_signals: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


class SitemapEntry(NamedTuple):
    """One `<url>` of a sitemap. `alternates` holds (hreflang, url) pairs."""

    url: str
    raw: str
    lastmod: str
    alternates: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class SitemapFacts:
    """One sitemap file. `kind` is urlset, index, text or invalid; `faults` are (code, detail) pairs."""

    url: str
    status: int | None
    kind: str
    bytes: int = 0
    entries: tuple[SitemapEntry, ...] = ()
    children: tuple[str, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    declared_in_robots: bool = False
    url_count: int = 0


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """The certificate and protocol of the site's host."""

    not_after: dt.datetime | None = None
    name_matches: bool = True
    self_signed: bool = False
    protocol: str = ""
    accepts_old: tuple[str, ...] = ()
    alpn: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One extra request made outside the crawl. `text` holds the main text for pages, the body for text
    files.
    """

    url: str
    status: int | None = None
    final_url: str = ""
    redirects: tuple[Hop, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    title: str = ""
    word_count: int = 0
    link_count: int = 0
    schema_count: int = 0
    simhash: int = 0
    shingles: Shingles = b""
    is_challenge: bool = False
    error: FetchError | None = None


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """Answer of a file used by pages (second phase): image, script, style, font, PDF or external link
    target.
    """

    url: str
    status: int | None = None
    kind: str = ""
    final_url: str = ""
    bytes: int | None = None
    transfer_bytes: int | None = None
    content_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    width: int | None = None
    height: int | None = None
    minified: bool | None = None
    library: str = ""
    library_version: str = ""
    redirects: tuple[Hop, ...] = ()
    error: FetchError | None = None


@dataclass(frozen=True, slots=True)
class PreviousPage:
    """What the audit before this one knew about a URL."""

    status: int | None
    noindex: bool = False
    canonical: str = ""
    title: str = ""
    h1: str = ""
    description: str = ""
    schema_types: frozenset[str] = frozenset()
    inlinks: int = 0
    ttfb_ms: float | None = None


@dataclass(slots=True)
class Site:
    """Facts about the audited site that belong to no single page.

    `probes` keys: `not_found` (random URL), `http_home`, `other_host` (www or apex counterpart), `llms_txt`,
    `favicon`, `browser_home`, `googlebot_home`, `mobile_home`, and `agent:<name>` for AI user agents.
    """

    home_url: str
    include_subdomains: bool = False
    user_agent: str = ""
    robots: RobotsFacts | None = None
    sitemaps: tuple[SitemapFacts, ...] = ()
    sitemaps_probed: bool = False
    tls: TlsFacts | None = None
    probes: Mapping[str, Probe] = field(default_factory=dict)
    resources: Mapping[str, ResourceFacts] = field(default_factory=dict)
    home: Page | None = None
    previous: Mapping[str, PreviousPage] = field(default_factory=dict)
    previous_truncated: bool = False
    fixed_before: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect found by a check.

    `url` is the page concerned (None for the whole site), `target` the other end when there is one (link
    target, resource, duplicate partner), `value` the shared value by which findings of one cause are
    grouped, `evidence` the exact values seen (JSON-ready), `proven` False when the crawl was cut short and
    the defect is an absence.
    """

    check_id: str
    url: str | None
    severity: Severity
    evidence: Mapping[str, Any]
    value: str | None = None
    target: str | None = None
    proven: bool = True
