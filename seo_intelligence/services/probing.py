"""What is asked of a site besides its pages: robots.txt, sitemaps, certificate, well-known files, other agents.

Every request goes through the kernel's guarded fetch. A probe that fails is recorded with its reason; nothing
here raises for what a site does.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from plugzero_api.kernel.crawl import TlsReport
from plugzero_api.kernel.http import errors, fetch
from plugzero_api.kernel.http.fetch import FetchResult
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.image_size import image_size
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.extract.robots import parse_robots
from seo_intelligence.logic.extract.sitemaps import SitemapQueue, parse_sitemap
from seo_intelligence.logic.page import (
    Document,
    FetchError,
    Hop,
    Probe,
    ResourceFacts,
    RobotsFacts,
    Site,
    SitemapFacts,
    TlsFacts,
)

AGENTS: Mapping[str, str] = {
    "GPTBot": "Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)",
    "OAI-SearchBot": "Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)",
    "ClaudeBot": "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
    "PerplexityBot": "Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
}
BROWSER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
MOBILE = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
    "Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"

MAX_SITEMAP_FILES = 50
MAX_RESOURCES = 400
_MAX_BYTES = 5_000_000
_SITEMAP_BYTES = 60_000_000
_ROBOTS_BYTES = 512_000
_TIMEOUT = 15.0
_PARALLEL = 4
# Kinds whose body is looked at: images for their dimensions, scripts and styles for minification.
_BODY_BYTES: Mapping[str, int] = {
    "image": 262_144,
    "og-image": 262_144,
    "script": _MAX_BYTES,
    "style": _MAX_BYTES,
}
_TEXT_FILES = frozenset({"llms_txt"})
_ERRORS: Mapping[str, FetchError] = {
    "host_not_public": FetchError.DNS,
    "url_not_allowed": FetchError.BLOCKED_ADDRESS,
    "fetch_timeout": FetchError.TIMEOUT,
    "fetch_failed": FetchError.REFUSED,
    "certificate_invalid": FetchError.TLS,
    "too_many_redirects": FetchError.TOO_MANY_REDIRECTS,
    "redirect_loop": FetchError.REDIRECT_LOOP,
    "response_too_large": FetchError.TOO_LARGE,
    "robots": FetchError.ROBOTS,
}


def fetch_error(code: str) -> FetchError:
    """The audit's word for the code of a fetch that failed."""
    return _ERRORS.get(code, FetchError.OTHER)


@dataclass(frozen=True, slots=True)
class Asker:
    """How a site is asked: the user agent, and whether its certificate must be valid.

    A site with a faulty certificate is audited all the same, and the fault is a finding; nothing secret is
    sent.
    """

    user_agent: str
    verify: bool = True

    def get(self, url: str, *, max_bytes: int = _MAX_BYTES, user_agent: str = "") -> FetchResult:
        """One guarded GET; a longer answer is cut. Raises a subclass of the guard's ``FetchError``."""
        return fetch(
            url,
            max_bytes=max_bytes,
            total_timeout=_TIMEOUT,
            headers={"User-Agent": user_agent or self.user_agent},
            truncate=True,
            tls_context=None if self.verify else _lenient(),
        )


def _lenient() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def gather_site(home_url: str, asker: Asker, *, include_subdomains: bool) -> Site:
    """Robots.txt, sitemaps and probes of the site whose home page is `home_url`.

    The certificate comes from the crawl itself (`tls_facts`), resources from `check_resources`.
    """
    robots = _robots(home_url, asker)
    probes = _probes(home_url, asker, include_subdomains=include_subdomains)
    sitemaps = _sitemaps(home_url, robots, asker)
    return Site(
        home_url=home_url,
        include_subdomains=include_subdomains,
        user_agent=asker.user_agent,
        robots=robots,
        sitemaps=sitemaps,
        sitemaps_probed=True,
        probes=probes,
    )


def _robots(home_url: str, asker: Asker) -> RobotsFacts:
    url = _at(home_url, "/robots.txt")
    try:
        answer = asker.get(url, max_bytes=_ROBOTS_BYTES)
    except errors.FetchError as error:
        return parse_robots(url, None, b"", fetch_error(error.code))
    return parse_robots(url, answer.status, answer.body if answer.ok else b"")


def _sitemaps(home_url: str, robots: RobotsFacts, asker: Asker) -> tuple[SitemapFacts, ...]:
    queue = SitemapQueue(max_files=MAX_SITEMAP_FILES)
    declared = queue.accept(home_url, robots.sitemaps, 0)
    waiting = [(url, 0, True) for url in declared]
    if not waiting:
        guesses = queue.accept(home_url, ("/sitemap.xml", "/sitemap_index.xml"), 0)
        waiting = [(url, 0, False) for url in guesses]
    found: list[SitemapFacts] = []
    while waiting:
        url, depth, in_robots = waiting.pop(0)
        facts = _sitemap(url, asker, declared=in_robots)
        if facts is None or (not in_robots and depth == 0 and facts.status != 200):
            continue
        found.append(facts)
        waiting += [(child, depth + 1, in_robots) for child in queue.accept(url, facts.children, depth + 1)]
    return tuple(found)


def _sitemap(url: str, asker: Asker, *, declared: bool) -> SitemapFacts | None:
    try:
        answer = asker.get(url, max_bytes=_SITEMAP_BYTES)
    except errors.FetchError as error:
        if not declared:
            return None
        return SitemapFacts(url, None, "invalid", faults=(("fetch", error.code),), declared_in_robots=True)
    return parse_sitemap(url, answer.status, answer.body, declared_in_robots=declared)


def _probes(home_url: str, asker: Asker, *, include_subdomains: bool) -> dict[str, Probe]:
    parts = urlsplit(home_url)
    host = parts.netloc
    user_agent = asker.user_agent
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    wanted: dict[str, tuple[str, str]] = {
        # The same address in every audit of the site, so that a repeated audit finds the same.
        "not_found": (_at(home_url, "/" + hashlib.sha256(home_url.encode()).hexdigest()[:24]), user_agent),
        "llms_txt": (_at(home_url, "/llms.txt"), user_agent),
        "favicon": (_at(home_url, "/favicon.ico"), user_agent),
        "browser_home": (home_url, BROWSER),
        "mobile_home": (home_url, MOBILE),
        "googlebot_home": (home_url, GOOGLEBOT),
        **{f"agent:{name}": (home_url, agent) for name, agent in AGENTS.items()},
    }
    if parts.port is None and not _is_address(parts.hostname or ""):
        wanted["other_host"] = (urlunsplit((parts.scheme, twin, "/", "", "")), user_agent)
        if parts.scheme == "https":
            wanted["http_home"] = (urlunsplit(("http", host, "/", "", "")), user_agent)
    scope = SiteScope(home_url, include_subdomains)
    with ThreadPoolExecutor(_PARALLEL) as pool:
        answers = pool.map(lambda item: _probe(item[0], item[1][0], item[1][1], asker, scope), wanted.items())
        return dict(zip(wanted, answers, strict=True))


def _probe(name: str, url: str, user_agent: str, asker: Asker, scope: SiteScope) -> Probe:
    try:
        answer = asker.get(url, user_agent=user_agent)
    except errors.FetchError as error:
        return Probe(url, error=fetch_error(error.code))
    if name in _TEXT_FILES:
        text = answer.body.decode("utf-8", "replace")[:200_000] if answer.ok else ""
        return Probe(url, answer.status, answer.url, _hops(answer), answer.headers, text)
    page = extract_page(Fetch(answer.url, answer.status, tuple(answer.headers.items()), answer.body), scope)
    doc = page.doc or Document()
    return Probe(
        url=url,
        status=answer.status,
        final_url=answer.url,
        redirects=_hops(answer),
        headers=answer.headers,
        text=doc.text[:50_000],
        title=page.title,
        word_count=page.word_count,
        link_count=len(doc.links),
        schema_count=len(doc.structured),
        simhash=page.simhash,
        shingles=page.shingles,
        is_challenge=page.is_challenge,
    )


def _hops(answer: FetchResult) -> tuple[Hop, ...]:
    targets = [hop.url for hop in answer.redirects[1:]] + [answer.url]
    return tuple(
        Hop(hop.url, hop.status, target) for hop, target in zip(answer.redirects, targets, strict=False)
    )


def tls_facts(report: TlsReport | None) -> TlsFacts | None:
    """The certificate of the home page's host as the crawl saw it; None for plain HTTP."""
    if report is None:
        return None
    expires = dt.datetime.fromtimestamp(report.not_after, tz=dt.UTC) if report.not_after is not None else None
    return TlsFacts(
        not_after=expires,
        name_matches=report.problem != "hostname_mismatch",
        self_signed=report.problem in ("self_signed", "untrusted"),
        protocol=report.protocol,
        accepts_old=(report.protocol,) if report.protocol in ("TLSv1", "TLSv1.1", "SSLv3") else (),
        error=report.problem or "",
    )


def check_resources(urls: Iterable[tuple[str, str]], *, user_agent: str) -> dict[str, ResourceFacts]:
    """Ask for files used by pages and targets of external links; `urls` are (URL, kind), at most 400 are asked.

    HEAD first, GET where a server refuses HEAD or does not tell the size of a file.
    """
    chosen = list(urls)[:MAX_RESOURCES]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        answers = pool.map(lambda item: _resource(item[0], item[1], user_agent), chosen)
        return {facts.url: facts for facts in answers}


def _resource(url: str, kind: str, user_agent: str) -> ResourceFacts:
    headers = {"User-Agent": user_agent}
    try:
        if kind in _BODY_BYTES:
            limit = _BODY_BYTES[kind]
            answer = fetch(url, total_timeout=_TIMEOUT, headers=headers, max_bytes=limit, truncate=True)
        else:
            answer = fetch(url, method="HEAD", total_timeout=_TIMEOUT, headers=headers)
        sizeless = kind not in ("external", "link") and "content-length" not in answer.headers
        if kind not in _BODY_BYTES and (answer.status in (400, 403, 404, 405, 501) or sizeless):
            answer = fetch(url, total_timeout=_TIMEOUT, headers=headers, max_bytes=_MAX_BYTES, truncate=True)
    except errors.FetchError as error:
        return ResourceFacts(url, kind=kind, error=fetch_error(error.code))
    length = answer.headers.get("content-length", "")
    encoded = bool(answer.headers.get("content-encoding"))
    size = int(length) if length.isdecimal() and len(length) < 15 else None
    dimensions = image_size(answer.body) if kind in ("image", "og-image") else None
    minified = None
    if answer.body and kind in ("script", "style"):
        lines = answer.body.count(b"\n") + 1
        minified = len(answer.body) / lines > 200
    return ResourceFacts(
        url=url,
        status=answer.status,
        kind=kind,
        final_url=answer.url,
        bytes=max(len(answer.body), size or 0) if answer.body and not encoded else len(answer.body) or size,
        transfer_bytes=size,
        content_type=answer.content_type,
        headers=answer.headers,
        width=dimensions[0] if dimensions else None,
        height=dimensions[1] if dimensions else None,
        minified=minified,
        redirects=_hops(answer),
    )


def _at(home_url: str, path: str) -> str:
    parts = urlsplit(home_url)
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal() or host == "localhost"
