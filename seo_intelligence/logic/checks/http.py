"""Answers of the server: errors, authentication, soft 404, media types, sizes, crawl traps."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.extract.text import jaccard
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import FetchError, Page, Site
from seo_intelligence.logic.urls import path_segments

MIB = 1024 * 1024
_MANAGED = re.compile(r"/(?:cdn-cgi|\.well-known/(?:traffic-advice|vercel)|_vercel|__cf)/", re.IGNORECASE)
_NOT_FOUND = re.compile(
    r"^\s*404\b|\berror 404\b|\b404 (?:error|[-–|:])|"
    r"\b(?:not found|page (?:does not|doesn['’]t) exist|no longer (?:exists|available)|can(?:not|['’]t) be found|"
    r"couldn['’]t find|nicht gefunden|existiert nicht|introuvable|no encontrad[ao]|non trovat[ao]|não encontrad[ao]|"
    r"niet gevonden)\b",
    re.IGNORECASE,
)
_EXTENSION_TYPES = {
    "html": ("text/html", "application/xhtml+xml"),
    "htm": ("text/html", "application/xhtml+xml"),
    "pdf": ("application/pdf",),
    "xml": ("application/xml", "text/xml", "application/rss+xml", "application/atom+xml"),
    "json": ("application/json", "application/ld+json", "application/manifest+json"),
    "css": ("text/css",),
    "js": ("text/javascript", "application/javascript", "application/x-javascript"),
    "png": ("image/png",),
    "jpg": ("image/jpeg",),
    "jpeg": ("image/jpeg",),
    "gif": ("image/gif",),
    "svg": ("image/svg+xml",),
    "webp": ("image/webp",),
    "txt": ("text/plain",),
}


def _managed(url: str) -> bool:
    return bool(_MANAGED.search(url))


@check(
    id="http.dns",
    severity=ERROR,
    category="http",
    title="Host name does not resolve",
    means="The host of this URL has no address, so nobody can open the page.",
    fix="Correct the host name in the links, or restore the DNS record.",
)
def dns(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.error is FetchError.DNS:
        yield Hit({"error": "dns"}, value=urlsplit(page.url).netloc)


@check(
    id="http.timeout",
    severity=ERROR,
    category="http",
    title="No answer in time",
    means="The server did not answer within the time limit, also after retries.",
    fix="Find out why the URL is slow or hangs; look at the server's log and load.",
)
def timeout(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.error is FetchError.TIMEOUT:
        yield Hit({"error": "timeout"})


@check(
    id="http.refused",
    severity=ERROR,
    category="http",
    title="Connection refused or reset",
    means="The server refused or dropped the connection.",
    fix="Check that the service listens on this port and that no firewall drops crawlers.",
)
def refused(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.error is FetchError.REFUSED:
        yield Hit({"error": "refused"})


@check(
    id="http.tls_fail",
    severity=ERROR,
    category="http",
    title="TLS handshake or certificate error",
    means="A secure connection could not be made; browsers show a full-page warning.",
    fix="Install a valid certificate with its full chain for this host.",
)
def tls_fail(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.error is FetchError.TLS:
        yield Hit({"error": "tls"}, value=urlsplit(page.url).netloc)


@check(
    id="http.5xx",
    severity=ERROR,
    category="http",
    title="Server error (5xx)",
    means="The server failed to produce the page. Repeated errors make crawlers slow down and drop URLs.",
    fix="Fix the error in the application or the server; see its log for this URL.",
)
def server_error(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status is not None and 500 <= page.status <= 599 and not page.is_challenge:
        yield Hit({"status": page.status}, value=str(page.status))


@check(
    id="http.4xx",
    severity=ERROR,
    category="http",
    title="Client error (4xx)",
    means="The URL answers that the page does not exist or cannot be served.",
    fix="Restore the page, redirect it to its successor, or remove the links to it.",
)
def client_error(page: Page, ctx: Context) -> Iterator[Hit]:
    if (
        page.status is not None
        and 400 <= page.status <= 499
        and page.status not in (401, 403, 407, 429)
        and not _managed(page.url)
    ):
        yield Hit({"status": page.status}, value=str(page.status))


@check(
    id="http.auth",
    severity=WARNING,
    category="http",
    title="Internal page asks for a login (401/403)",
    means="A linked page of the site is closed to visitors and crawlers.",
    fix="Open the page, or stop linking to it from public pages.",
)
def auth(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status in (401, 403) and not page.is_challenge and not _managed(page.url):
        yield Hit({"status": page.status}, value=str(page.status))


@check(
    id="http.429",
    severity=WARNING,
    category="http",
    title="Too many requests (429)",
    means="The server limits the rate of requests; crawlers see less of the site.",
    fix="Raise the limit for known crawlers, or lower the audit's speed.",
    thresholds={"max_retry_after": 3},
)
def too_many_requests(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status == 429 or page.retry_after_count > ctx.t["max_retry_after"]:
        yield Hit({"status": page.status, "retry_after_waits": page.retry_after_count})


@check(
    id="http.challenge",
    severity=WARNING,
    category="http",
    scope="site",
    scored=False,
    title="Bot challenge instead of content",
    means="A protection service answered with a challenge, so this audit did not see the real page.",
    fix="Allow the audit's user agent or address in the protection service, then audit again.",
)
def challenge(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.is_challenge:
        yield Hit({"status": page.status, "marker": document(page).challenge_text}, value="challenge")


@check(
    id="http.soft_404",
    severity=WARNING,
    category="http",
    title="Error page answered with 200 (soft 404)",
    means="The page says that nothing was found, or equals the site's own error page, but the status says success.",
    fix="Answer 404 or 410 for pages that do not exist.",
    thresholds={"similarity": 0.9, "max_words": 400},
)
def soft_404(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status != 200 or not page.is_html or page.is_challenge:
        return
    heading = page.h1[0] if page.h1 else ""
    for place, text in (("title", page.title), ("h1", heading)):
        match = _NOT_FOUND.search(text)
        if match and page.word_count <= ctx.t["max_words"] and len(text) < 90:
            yield Hit({"place": place, "text": text[:120], "words": page.word_count}, value="wording")
            return
    probe = ctx.site.probes.get("not_found")
    if (
        probe is not None
        and probe.status == 200
        and page.url != ctx.site.home_url
        and probe.final_url != page.url
    ):
        likeness = jaccard(page.shingles, probe.shingles)
        if likeness >= ctx.t["similarity"] and page.word_count >= 5:
            yield Hit({"similarity_to_error_page": round(likeness, 3)}, value="error page")


@check(
    id="http.no_real_404",
    severity=ERROR,
    category="http",
    scope="site",
    phase="x",
    title="Unknown URLs do not answer 404",
    means="A random URL that cannot exist answers 200, so crawlers can find endless empty pages.",
    fix="Answer 404 (or 410) with the error page.",
)
def no_real_404(site: Site, ctx: Context) -> Iterator[Hit]:
    probe = site.probes.get("not_found")
    if (
        probe is not None
        and probe.status is not None
        and 200 <= probe.status < 300
        and not probe.is_challenge
    ):
        yield Hit({"probe": probe.url, "status": probe.status, "final_url": probe.final_url or probe.url})


@check(
    id="http.media_mismatch",
    severity=NOTICE,
    category="http",
    title="Content type does not fit the URL",
    means="The Content-Type header is missing or contradicts the file extension.",
    fix="Send the right Content-Type for the file.",
)
def media_mismatch(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status != 200:
        return
    last = urlsplit(page.url).path.rsplit("/", 1)[-1]
    extension = last.rsplit(".", 1)[-1].lower() if "." in last else ""
    expected = _EXTENSION_TYPES.get(extension)
    if not page.content_type:
        yield Hit({"content_type": None}, value="missing")
    elif expected is not None and page.content_type not in expected:
        yield Hit({"content_type": page.content_type, "extension": extension}, value=extension)


@check(
    id="http.managed_infra",
    severity=NOTICE,
    category="http",
    scored=False,
    title="URL of the hosting provider's own service",
    means="The URL belongs to the provider (for example /cdn-cgi/), not to the site; its errors are not the site's.",
    fix="Nothing to do; exclude the path from audits if it disturbs.",
)
def managed_infra(page: Page, ctx: Context) -> Iterator[Hit]:
    if _managed(page.url) and (page.status is None or page.status >= 400):
        yield Hit({"status": page.status})


@check(
    id="crawl.depth",
    severity=NOTICE,
    category="http",
    phase="g",
    title="Page is many clicks from the home page",
    means="Pages deep in the site are crawled less often and found less by visitors.",
    fix="Link to the page from a category, hub or related page nearer to the home page.",
    thresholds={"max_depth": 3},
)
def depth(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.depth is not None and page.depth > ctx.t["max_depth"] and page.is_html and page.status == 200:
            yield Hit({"depth": page.depth}, url=page.url)


@check(
    id="crawl.trap",
    severity=WARNING,
    category="http",
    scope="site",
    phase="g",
    title="Crawler trap",
    means="One path gives very many query variants, or a path segment repeats; crawlers waste their visits there.",
    fix="Make links relative to the root, drop useless parameters, or disallow the pattern in robots.txt.",
    thresholds={"max_query_variants": 50, "segment_repeats": 3},
)
def trap(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    variants: dict[str, list[str]] = defaultdict(list)
    repeated: dict[str, list[str]] = defaultdict(list)
    for url in graph.linked_urls() | set(graph.pages):
        parts = urlsplit(url)
        if parts.query:
            variants[f"{parts.scheme}://{parts.netloc}{parts.path}"].append(url)
        segments = Counter(path_segments(url))
        if segments:
            segment, count = segments.most_common(1)[0]
            if count >= ctx.t["segment_repeats"]:
                repeated[segment].append(url)
    for path, urls in sorted(variants.items()):
        if len(urls) > ctx.t["max_query_variants"]:
            yield Hit(
                {"path": path, "variants": len(urls), "examples": sorted(urls)[:5]}, url=path, value=path
            )
    for segment, urls in sorted(repeated.items()):
        example = sorted(urls)
        yield Hit(
            {"segment": segment, "urls": len(urls), "examples": example[:5]}, url=example[0], value=segment
        )


@check(
    id="crawl.truncated",
    severity=NOTICE,
    category="http",
    scope="site",
    phase="g",
    scored=False,
    title="The audit stopped at a limit",
    means="Not all pages were visited, so findings about something missing are not proven.",
    fix="Raise the limits of the audit to see the whole site.",
)
def truncated(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    if graph.truncated:
        yield Hit({"limits": sorted(graph.truncated), "pages": len(graph)})


@check(
    id="crawl.html_2mb",
    severity=ERROR,
    category="http",
    title="HTML is too large",
    means="Crawlers read only the first part of very large pages, and they are slow to load.",
    fix="Move inline data, scripts, styles and images out of the HTML, or split the page.",
    thresholds={"error_bytes": 2 * MIB, "warning_bytes": MIB},
)
def html_size(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.is_html and page.bytes > ctx.t["warning_bytes"]:
        yield Hit({"bytes": page.bytes}, severity=ERROR if page.bytes > ctx.t["error_bytes"] else WARNING)


@check(
    id="crawl.resource_2mb",
    severity=WARNING,
    category="http",
    scope="resource",
    phase="x",
    title="Script, style or other file is too large",
    means="Files beyond the limit are not read fully by crawlers and delay the page.",
    fix="Split, compress or remove the file.",
    thresholds={"max_bytes": 2 * MIB},
)
def resource_size(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts in site.resources.values():
        if (
            facts.kind in ("script", "style", "font", "preload", "object")
            and (facts.bytes or 0) > ctx.t["max_bytes"]
        ) and facts.content_type != "application/pdf":
            for user in ctx.crawl.resource_users(facts.url):
                yield Hit(
                    {"bytes": facts.bytes, "kind": facts.kind},
                    url=user,
                    target=facts.url,
                    value=facts.url,
                )


@check(
    id="crawl.pdf_size",
    severity=ERROR,
    category="http",
    scope="resource",
    phase="x",
    title="PDF is too large",
    means="Search engines do not index PDF files beyond their limit.",
    fix="Compress or split the PDF.",
    thresholds={"error_bytes": 60 * MIB, "warning_bytes": 30 * MIB},
)
def pdf_size(site: Site, ctx: Context) -> Iterator[Hit]:
    sizes = {r.url: r.bytes or 0 for r in site.resources.values() if r.content_type == "application/pdf"}
    sizes.update({p.url: p.bytes for p in ctx.crawl if p.content_type == "application/pdf"})
    for url, size in sorted(sizes.items()):
        if size > ctx.t["warning_bytes"]:
            level = ERROR if size > ctx.t["error_bytes"] else WARNING
            yield Hit({"bytes": size}, url=url, target=url, severity=level)


_SCHEME = re.compile(r"^\s*([a-zA-Z][a-zA-Z0-9+.\-]*):")
_GOOD_SCHEMES = frozenset(
    [
        "http",
        "https",
        "mailto",
        "tel",
        "sms",
        "ftp",
        "javascript",
        "data",
        "blob",
        "about",
        "geo",
        "whatsapp",
        "skype",
        "viber",
        "tg",
        "intent",
        "callto",
        "facetime",
        "webcal",
        "market",
        "itms-apps",
        "fax",
        "file",
        "maps",
        "bitcoin",
        "magnet",
        "msteams",
        "slack",
        "zoommtg",
        "weixin",
        "line",
    ]
)


@lru_cache(maxsize=65536)
def bad_href(href: str) -> str:
    """Why an href is malformed, or an empty string."""
    text = href.strip()
    if "\\" in text:
        return "backslash"
    scheme = _SCHEME.match(text)
    if scheme and scheme.group(1).lower() not in _GOOD_SCHEMES and "/" not in text.split(":", 1)[0]:
        # "localhost:8000/x" and "example.com:80" are meant as hosts, still no valid links.
        return "unknown scheme"
    if scheme and scheme.group(1).lower() in ("http", "https"):
        rest = text[scheme.end() :]
        if not rest.startswith("//") or rest.startswith("///"):
            return "malformed scheme"
        try:
            parts = urlsplit(text)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return "unparsable"
        if not host or any(c in host for c in " ,;<>\"'{}|^`"):
            return "invalid host"
        if host in ("http", "https"):
            return "doubled scheme"
    elif re.match(r"^(?:https?[/;]|https?:?/[^/]|htt?ps?;|ttps?:|www\.)", text, re.IGNORECASE):
        return "missing or broken scheme"
    elif re.search(r"%(?![0-9a-fA-F]{2})", text.split("?")[0]) and not scheme:
        return "invalid escape"
    return ""


@check(
    id="crawl.bad_url",
    severity=ERROR,
    category="http",
    scope="link",
    title="Malformed link address",
    means="The href cannot be read as an address, so neither visitors nor crawlers reach the target.",
    fix="Write a complete https:// address or a path that starts with /.",
)
def bad_url(page: Page, ctx: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for link in document(page).links:
        if link.href and link.href not in seen:
            seen.add(link.href)
            reason = bad_href(link.href)
            if reason:
                yield Hit(
                    {"href": link.href[:200], "reason": reason, "anchor": link.anchor[:80]},
                    target=link.href[:500],
                    value=link.href[:500],
                )
