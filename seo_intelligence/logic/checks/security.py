"""Transport security, headers, cookies, leaks and signs of a break-in."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from statistics import median
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.content import off_topic
from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page, Site
from seo_intelligence.logic.urls import host_of, is_local_host, registrable_domain

_CATEGORY = "security"
_ACTIVE = frozenset(("script", "style", "iframe", "object", "preload", "font"))
_PASSIVE = frozenset(("image", "media", "style-url", "icon"))
_MAX_AGE = re.compile(r"max-age\s*=\s*\"?(\d+)", re.IGNORECASE)
_UNSAFE_REFERRER = frozenset(("unsafe-url", "no-referrer-when-downgrade"))
# Scripts that change without notice by design cannot be pinned by a hash.
_UNPINNABLE = re.compile(
    r"\.(?:googletagmanager|google-analytics|googleadservices|googlesyndication|gstatic|google|facebook|stripe|paypal|"
    r"hotjar|hubspot|hs-scripts|intercom|cloudflareinsights|segment|clarity|linkedin|licdn|twitter|x|youtube|vimeo|"
    r"cookiebot|onetrust|usercentrics|recaptcha|hcaptcha|plausible|matomo|doubleclick|bing|tiktok|pinimg)\."
)


def _insecure(url: str) -> bool:
    """True for http addresses; loopback and private hosts count as trustworthy, as in browsers' secure contexts."""
    return url.startswith("http://") and not is_local_host(host_of(url))


@check(
    id="se.http_page",
    severity=ERROR,
    category=_CATEGORY,
    title="Page is served over http",
    means="Anyone on the way can read or change the page; browsers mark it as not secure.",
    fix="Serve the page over https and redirect http to it.",
)
def http_page(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.status == 200 and page.is_html and _insecure(page.url):
        yield Hit({"scheme": "http"})


def _mixed(page: Page, kinds: frozenset[str]) -> list[str]:
    if not page.url.startswith("https://"):
        return []
    return sorted(
        {r.url for r in document(page).resources if r.kind in kinds and r.url.startswith("http://")}
    )


@check(
    id="se.mixed_active",
    severity=ERROR,
    category=_CATEGORY,
    audience="ok_html",
    title="Active mixed content",
    means="A secure page loads scripts, styles or frames over http; browsers block them.",
    fix="Load them over https.",
)
def mixed_active(page: Page, ctx: Context) -> Iterator[Hit]:
    for url in _mixed(page, _ACTIVE):
        yield Hit({"url": url}, target=url, value=url)


@check(
    id="se.mixed_passive",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Passive mixed content",
    means="A secure page loads images or media over http, which spoils its security.",
    fix="Load them over https.",
)
def mixed_passive(page: Page, ctx: Context) -> Iterator[Hit]:
    for url in _mixed(page, _PASSIVE):
        yield Hit({"url": url}, target=url, value=url)


@check(
    id="se.cert_expiry",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Certificate expires soon or has expired",
    means="Browsers refuse the site once the certificate has expired.",
    fix="Renew it, best automatically.",
    thresholds={"error_days": 14, "warning_days": 30},
)
def cert_expiry(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.tls is not None and site.tls.not_after is not None:
        days = (site.tls.not_after - ctx.now).total_seconds() / 86_400
        if days < ctx.t["warning_days"]:
            level = ERROR if days < ctx.t["error_days"] else WARNING
            yield Hit(
                {"not_after": site.tls.not_after.isoformat(), "days_left": round(days, 1)}, severity=level
            )


@check(
    id="se.cert_name",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Certificate is not valid for the host",
    means="The certificate names other hosts or is not issued by a trusted authority; browsers show a warning.",
    fix="Install a certificate for this host from a trusted authority.",
)
def cert_name(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.tls is not None and (not site.tls.name_matches or site.tls.self_signed):
        yield Hit({"name_matches": site.tls.name_matches, "self_signed": site.tls.self_signed})


@check(
    id="se.tls_old",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Old TLS versions accepted",
    means="TLS 1.0 and 1.1 (and SSL) are broken and refused by browsers.",
    fix="Accept TLS 1.2 and 1.3 only.",
)
def tls_old(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.tls is not None and (site.tls.accepts_old or site.tls.protocol in ("SSLv3", "TLSv1", "TLSv1.1")):
        yield Hit({"versions": list(site.tls.accepts_old) or [site.tls.protocol]})


def _home_headers(site: Site) -> dict[str, str] | None:
    home = site.home
    return dict(home.headers) if home is not None and home.status == 200 and not home.is_challenge else None


def _meta_http_equiv(site: Site, name: str) -> str:
    home = site.home
    metas = home.doc.metas if home is not None and home.doc is not None else ()
    return next((m.content for m in metas if m.key == name and m.attr == "http-equiv"), "")


@check(
    id="se.hsts",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="HSTS missing or short",
    means="Browsers are not told to use https always, so the first request may be insecure.",
    fix="Send Strict-Transport-Security with a max-age of half a year or more.",
    thresholds={"min_max_age": 15_552_000},
)
def hsts(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if headers is None or not site.home_url.startswith("https://"):
        return
    value = headers.get("strict-transport-security", "")
    match = _MAX_AGE.search(value)
    if match is None or int(match.group(1)) < ctx.t["min_max_age"]:
        yield Hit({"strict-transport-security": value or None}, url=site.home_url)


@check(
    id="se.csp",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="No Content-Security-Policy, or a weak one",
    means="Without a policy injected scripts run freely; unsafe-inline allows them too.",
    fix="Send a policy without unsafe-inline for scripts.",
)
def csp(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if headers is None:
        return
    value = headers.get("content-security-policy", "") or _meta_http_equiv(site, "content-security-policy")
    directives = {p.split()[0].lower(): p.lower() for p in value.split(";") if p.strip()}
    scripts = directives.get("script-src", directives.get("default-src", ""))
    # A nonce or hash makes browsers ignore unsafe-inline.
    pinned = "'nonce-" in scripts or "'sha256-" in scripts or "'strict-dynamic'" in scripts
    if not value:
        yield Hit({"content-security-policy": None}, url=site.home_url, value="absent")
    elif "'unsafe-inline'" in scripts and not pinned:
        yield Hit({"content-security-policy": value[:300]}, url=site.home_url, value="unsafe-inline")


@check(
    id="se.xcto",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="X-Content-Type-Options is not nosniff",
    means="Browsers may guess file types and run files that are no scripts.",
    fix="Send X-Content-Type-Options: nosniff.",
)
def content_type_options(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if headers is not None and headers.get("x-content-type-options", "").strip().lower() != "nosniff":
        yield Hit({"x-content-type-options": headers.get("x-content-type-options")}, url=site.home_url)


@check(
    id="se.frame",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="Page may be framed by others",
    means="Other sites can show the page in a frame and trick visitors into clicks.",
    fix="Send frame-ancestors in the Content-Security-Policy, or X-Frame-Options.",
)
def frame(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if (
        headers is not None
        and "frame-ancestors" not in headers.get("content-security-policy", "").lower()
        and headers.get("x-frame-options", "").strip().lower() not in ("deny", "sameorigin")
    ):
        yield Hit({"x-frame-options": headers.get("x-frame-options")}, url=site.home_url)


@check(
    id="se.referrer",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="No safe Referrer-Policy",
    means="Other sites may learn the full addresses that visitors come from.",
    fix="Send Referrer-Policy: strict-origin-when-cross-origin.",
)
def referrer(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if headers is None:
        return
    value = headers.get("referrer-policy", "") or _meta_http_equiv(site, "referrer")
    home = site.home
    metas = home.doc.metas if home is not None and home.doc is not None else ()
    value = value or next((m.content for m in metas if m.key == "referrer"), "")
    policy = value.split(",")[-1].strip().lower()
    if not policy or policy in _UNSAFE_REFERRER:
        yield Hit({"referrer-policy": value or None}, url=site.home_url)


@check(
    id="se.permissions",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    on="site",
    title="No Permissions-Policy",
    means="Embedded content may ask for camera, microphone or location.",
    fix="Send a Permissions-Policy that switches off what the site does not use.",
)
def permissions(site: Site, ctx: Context) -> Iterator[Hit]:
    headers = _home_headers(site)
    if headers is not None and not headers.get("permissions-policy"):
        yield Hit({"permissions-policy": None}, url=site.home_url)


@check(
    id="se.form_http",
    severity=ERROR,
    category=_CATEGORY,
    title="Form on an insecure page",
    means="What visitors type can be read or changed on the way.",
    fix="Serve the page over https.",
)
def form_http(page: Page, ctx: Context) -> Iterator[Hit]:
    forms = document(page).forms
    if forms and page.status == 200 and _insecure(page.url):
        yield Hit({"actions": [f.action for f in forms[:5]], "password": any(f.has_password for f in forms)})


@check(
    id="se.form_insecure",
    severity=ERROR,
    category=_CATEGORY,
    title="Form sends to http",
    means="The form's data leave over an insecure connection.",
    fix="Send the form to an https address.",
)
def form_insecure(page: Page, ctx: Context) -> Iterator[Hit]:
    for form in document(page).forms:
        own_form = form.action.split("?")[0] == page.url.split("?")[0] and not page.url.startswith("https://")
        if (
            page.status == 200
            and form.action.startswith("http://")
            and not own_form
            and (page.url.startswith("https://") or _insecure(form.action))
        ):
            yield Hit({"action": form.action, "method": form.method}, target=form.action, value=form.action)


@check(
    id="se.proto_relative",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    audience="ok_html",
    title="Protocol-relative address",
    means="Addresses that start with // take over an insecure protocol from the page.",
    fix="Write https://.",
)
def protocol_relative(page: Page, ctx: Context) -> Iterator[Hit]:
    found = sorted({r.raw for r in document(page).resources if r.raw.startswith("//")})
    for raw in found:
        yield Hit({"url": raw[:300]}, target=raw, value=raw[:300])


@check(
    id="se.noopener",
    severity=NOTICE,
    category=_CATEGORY,
    scope="link",
    audience="ok_html",
    title="External link in a new tab without noopener",
    means="In browsers before 2021 the opened page can control this one.",
    fix='Add rel="noopener".',
)
def noopener(page: Page, ctx: Context) -> Iterator[Hit]:
    seen: set[str] = set()
    for link in document(page).links:
        if (
            link.target_blank
            and link.url
            and not link.internal
            and link.rel.isdisjoint(("noopener", "noreferrer"))
        ) and link.url not in seen:
            seen.add(link.url)
            yield Hit({"anchor": link.anchor}, target=link.url, value=link.url)


@check(
    id="se.cookie_flags",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    on="graph",
    title="Cookie without protection",
    means="A cookie lacks Secure, HttpOnly or SameSite, so scripts or other sites may use it.",
    fix="Set the attributes when the cookie is made.",
)
def cookie_flags(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    places: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for page in graph:
        for cookie in page.set_cookies:
            name, _, rest = cookie.partition("=")
            attributes = {part.strip().split("=")[0].lower() for part in rest.split(";")[1:]}
            missing = [a for a in ("Secure", "HttpOnly", "SameSite") if a.lower() not in attributes]
            if "Secure" in missing and page.url.startswith("http://"):
                missing.remove("Secure")
            if missing:
                places[name.strip(), tuple(missing)].append(page.url)
    for (name, lacking), urls in sorted(places.items()):
        yield Hit({"cookie": name, "missing": list(lacking), "pages": len(urls)}, url=urls[0], value=name)


@check(
    id="se.sri",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    audience="ok_html",
    title="Foreign script without integrity",
    means="A script of another host runs unchecked; if that host is broken into, so is this page.",
    fix="Add an integrity hash, or host the script.",
)
def sri(page: Page, ctx: Context) -> Iterator[Hit]:
    own = registrable_domain(host_of(page.url))
    seen: set[str] = set()
    for r in document(page).resources:
        if r.kind != "script" or r.integrity or not r.url or r.url in seen:
            continue
        host = host_of(r.url)
        if registrable_domain(host) != own and not _UNPINNABLE.search("." + host):
            seen.add(r.url)
            yield Hit({"script": r.url}, target=r.url, value=r.url)


@check(
    id="se.secret",
    severity=ERROR,
    category=_CATEGORY,
    title="Secret key in the page",
    means="A key or password stands in the source that everyone can read.",
    fix="Revoke the key at once, and keep keys on the server.",
)
def secret(page: Page, ctx: Context) -> Iterator[Hit]:
    for element in document(page).secrets:
        yield Hit({"kind": element.kind, "match": element.snippet}, value=element.snippet)


@check(
    id="se.dir_listing",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    title="Directory listing",
    means="The server shows the files of a directory to everyone.",
    fix="Switch off listings, or add an index page.",
)
def dir_listing(page: Page, ctx: Context) -> Iterator[Hit]:
    heading = page.h1[0] if page.h1 else ""
    if page.status == 200 and any(
        t.startswith(("Index of /", "Directory listing for /")) for t in (page.title, heading)
    ):
        yield Hit({"title": page.title or heading}, value=urlsplit(page.url).path)


@check(
    id="se.injected",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Signs of injected code or spam",
    means="An obfuscated script, or a spam page unlike the rest of the site, points to a break-in.",
    fix="Find out how it came there, remove it, and change all passwords.",
    thresholds={"min_spam_terms": 3, "min_pages": 5},
)
def injected(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.status == 200 and page.obfuscated_scripts:
            yield Hit({"obfuscated_scripts": page.obfuscated_scripts}, url=page.url, value="script")
    pages = [p for p in graph if p.status == 200 and p.is_html]
    if len(pages) < ctx.t["min_pages"] or median(p.spam_terms for p in pages) > 0:
        return
    foreign = {page.url for page, _ in off_topic(graph, int(ctx.t["min_pages"]))}
    for page in pages:
        spam = page.spam_terms
        if spam >= 2 * ctx.t["min_spam_terms"] or (spam >= ctx.t["min_spam_terms"] and page.url in foreign):
            yield Hit({"spam_terms": spam, "terms": list(page.terms[:5])}, url=page.url, value="spam")
