"""Speed and weight as the crawler sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.page import Page, Position, ResourceFacts, Site
from seo_intelligence.logic.urls import host_of, registrable_domain

_CATEGORY = "performance"
_MAX_AGE = re.compile(r"(?:s-maxage|max-age)\s*=\s*\"?(\d+)")
_ENCODINGS = ("gzip", "br", "zstd", "deflate")
_SRCSET_WIDTH = re.compile(r"\s(\d+)w\b")
_LIBRARY = re.compile(
    r"(jquery(?:-ui|-migrate)?|bootstrap|angular|moment|lodash|underscore|prototype|mootools|yui|dojo|backbone|handlebars)"
    r"(?:[.@/-](?:v?)|/)(\d+(?:\.\d+){1,2})",
    re.IGNORECASE,
)
# Oldest version without a known hole or end of support.
_MINIMUM = {
    "jquery": (3, 5, 0),
    "jquery-ui": (1, 13, 0),
    "jquery-migrate": (3, 0, 0),
    "bootstrap": (4, 3, 1),
    "angular": (2, 0, 0),
    "lodash": (4, 17, 21),
    "underscore": (1, 12, 1),
    "moment": (2, 29, 4),
    "prototype": (99,),
    "mootools": (99,),
    "yui": (99,),
    "dojo": (1, 14, 0),
    "backbone": (1, 2, 0),
    "handlebars": (4, 7, 7),
}


@check(
    id="pf.ttfb",
    severity=WARNING,
    category=_CATEGORY,
    title="Server answers slowly",
    means="The first byte arrives late, which delays everything else on the page.",
    fix="Cache pages, speed up queries, or move the server nearer to visitors.",
    thresholds={"warning_ms": 800, "error_ms": 1800},
)
def ttfb(page: Page, ctx: Context) -> Iterator[Hit]:
    if (
        page.is_html
        and page.status == 200
        and page.ttfb_ms is not None
        and page.ttfb_ms > ctx.t["warning_ms"]
    ):
        level = ERROR if page.ttfb_ms > ctx.t["error_ms"] else WARNING
        yield Hit({"ttfb_ms": round(page.ttfb_ms)}, severity=level)


@check(
    id="pf.slow_total",
    severity=WARNING,
    category=_CATEGORY,
    title="HTML downloads slowly",
    means="The whole HTML took long to arrive.",
    fix="Shrink the page and speed up the server.",
    thresholds={"max_ms": 3000},
)
def slow_total(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.is_html and page.status == 200 and page.total_ms is not None and page.total_ms > ctx.t["max_ms"]:
        yield Hit({"total_ms": round(page.total_ms)})


@check(
    id="pf.no_compress",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    audience="ok_html",
    title="HTML is not compressed",
    means="The page is sent without gzip, Brotli or Zstandard.",
    fix="Switch on compression in the server.",
    thresholds={"min_bytes": 1400},
)
def no_compress(page: Page, ctx: Context) -> Iterator[Hit]:
    encoding = page.headers.get("content-encoding", "").lower()
    if (
        page.bytes > ctx.t["min_bytes"]
        and not any(e in encoding for e in _ENCODINGS)
        and (page.transfer_bytes is None or page.transfer_bytes >= 0.98 * page.bytes)
    ):
        # Some clients drop the header after decoding; then the sizes tell.
        yield Hit({"content-encoding": encoding or None, "bytes": page.bytes})


def _files(site: Site, ctx: Context, kinds: tuple[str, ...]) -> Iterator[tuple[ResourceFacts, list[str]]]:
    own = registrable_domain(host_of(site.home_url))
    for facts in site.resources.values():
        if facts.kind in kinds and facts.status == 200 and registrable_domain(host_of(facts.url)) == own:
            yield facts, ctx.crawl.resource_users(facts.url)


@check(
    id="pf.asset_no_compress",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Script or style is not compressed",
    means="The file is sent without gzip, Brotli or Zstandard.",
    fix="Switch on compression for scripts and styles.",
    thresholds={"min_bytes": 1400},
)
def asset_no_compress(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx, ("script", "style")):
        encoding = facts.headers.get("content-encoding", "").lower()
        if (facts.bytes or 0) > ctx.t["min_bytes"] and not any(e in encoding for e in _ENCODINGS):
            for user in users:
                yield Hit({"bytes": facts.bytes}, url=user, target=facts.url, value=facts.url)


@check(
    id="pf.no_cache",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Static file is hardly cached",
    means="Browsers fetch the file again on each visit.",
    fix="Send Cache-Control with a max-age of a day or more.",
    thresholds={"min_max_age": 86_400},
)
def no_cache(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx, ("script", "style", "image", "font")):
        control = facts.headers.get("cache-control", "").lower()
        match = _MAX_AGE.search(control)
        short = match is None or int(match.group(1)) < ctx.t["min_max_age"]
        expires = not control and "expires" in facts.headers
        if (
            "no-store" in control
            or "no-cache" in control
            or (short and not expires and "immutable" not in control)
        ):
            for user in users:
                yield Hit({"cache-control": control or None}, url=user, target=facts.url, value=facts.url)


@check(
    id="pf.no_validator",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Static file cannot be revalidated",
    means="The file has neither ETag nor Last-Modified, so it is loaded anew when it expires.",
    fix="Send ETag or Last-Modified.",
)
def no_validator(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx, ("script", "style", "image", "font")):
        if not facts.headers.get("etag") and not facts.headers.get("last-modified"):
            for user in users:
                yield Hit({"etag": None, "last-modified": None}, url=user, target=facts.url, value=facts.url)


def _weights(ctx: Context, site: Site, kinds: tuple[str, ...]) -> Iterator[tuple[Page, int, int]]:
    """Pages with the bytes and number of their files of some kinds."""
    totals: dict[str, list[int]] = {}
    for facts in site.resources.values():
        if facts.kind in kinds and facts.status == 200:
            for user in ctx.crawl.resource_users(facts.url):
                total = totals.setdefault(user, [0, 0])
                total[0] += facts.transfer_bytes if facts.transfer_bytes is not None else facts.bytes or 0
                total[1] += 1
    for url, (size, count) in totals.items():
        page = ctx.crawl.get(url)
        if page is not None:
            yield page, size, count


@check(
    id="pf.page_weight",
    severity=WARNING,
    category=_CATEGORY,
    phase="x",
    title="Page is heavy",
    means="HTML and files together are large, slow and costly on mobile networks.",
    fix="Shrink images, remove unused scripts, load less at the start.",
    thresholds={"warning_bytes": 1_600_000, "error_bytes": 5_000_000},
)
def page_weight(site: Site, ctx: Context) -> Iterator[Hit]:
    for page, size, count in _weights(ctx, site, ("script", "style", "image", "font", "media")):
        total = size + (page.transfer_bytes or page.bytes)
        if total > ctx.t["warning_bytes"]:
            level = ERROR if total > ctx.t["error_bytes"] else WARNING
            yield Hit({"bytes": total, "files": count}, url=page.url, severity=level)


@check(
    id="pf.js_css_2mb",
    severity=WARNING,
    category=_CATEGORY,
    phase="x",
    title="Scripts and styles are heavy",
    means="Scripts and styles of the page exceed two megabytes.",
    fix="Remove unused code and split bundles.",
    thresholds={"max_bytes": 2_097_152},
)
def js_css_weight(site: Site, ctx: Context) -> Iterator[Hit]:
    for page, size, count in _weights(ctx, site, ("script", "style")):
        if size > ctx.t["max_bytes"]:
            yield Hit({"bytes": size, "files": count}, url=page.url)


@check(
    id="pf.js_css_count",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Very many scripts and styles",
    means="The page loads more than a hundred script and style files.",
    fix="Bundle them, and remove those not used.",
    thresholds={"max_files": 100},
)
def js_css_count(page: Page, ctx: Context) -> Iterator[Hit]:
    files = {r.url for r in document(page).resources if r.kind in ("script", "style")}
    if len(files) > ctx.t["max_files"]:
        yield Hit({"files": len(files)})


@check(
    id="pf.unminified",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    phase="x",
    title="Script or style is not minified",
    means="The file carries white space and comments that browsers do not need.",
    fix="Minify it in the build.",
    thresholds={"min_bytes": 2000},
)
def unminified(site: Site, ctx: Context) -> Iterator[Hit]:
    for facts, users in _files(site, ctx, ("script", "style")):
        if facts.minified is False and (facts.bytes or 0) >= ctx.t["min_bytes"]:
            for user in users:
                yield Hit({"bytes": facts.bytes}, url=user, target=facts.url, value=facts.url)


@check(
    id="pf.dom",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Very large DOM",
    means="Many, deep or wide elements make the page slow to lay out.",
    fix="Simplify the markup; load long lists in parts.",
    thresholds={"max_nodes": 1500, "warning_nodes": 3000, "max_depth": 32, "max_children": 60},
)
def dom(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    deep = doc.max_dom_depth > ctx.t["max_depth"]
    if doc.dom_nodes > ctx.t["max_nodes"] or deep or doc.max_children > ctx.t["max_children"]:
        level = WARNING if doc.dom_nodes > ctx.t["warning_nodes"] else NOTICE
        evidence = {"nodes": doc.dom_nodes, "depth": doc.max_dom_depth, "children": doc.max_children}
        yield Hit(evidence, severity=level)


@check(
    id="pf.blocking",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Many files block rendering",
    means="Several scripts or styles in the head must load before anything is shown.",
    fix="Use defer or async for scripts, and join styles.",
    thresholds={"max_files": 3},
)
def blocking(page: Page, ctx: Context) -> Iterator[Hit]:
    files = [r.raw for r in document(page).resources if r.blocking]
    if len(files) > ctx.t["max_files"]:
        yield Hit({"files": files[:15], "count": len(files)})


@check(
    id="pf.font_swap",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Font hides text while loading",
    means="An @font-face without font-display keeps text invisible until the font arrives.",
    fix="Add font-display: swap.",
)
def font_swap(page: Page, ctx: Context) -> Iterator[Hit]:
    count = document(page).font_faces_without_display
    google = [
        r.raw
        for r in document(page).resources
        if r.kind == "style" and "fonts.googleapis.com" in r.raw and "display=" not in r.raw
    ]
    if count or google:
        yield Hit({"font_faces": count, "stylesheets": google[:3]})


@check(
    id="pf.preconnect",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="No early connections",
    means="The page loads from several other hosts but opens no connection early.",
    fix="Add preconnect for the most important hosts, or use fewer.",
    thresholds={"min_origins": 3},
)
def preconnect(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    kinds = ("script", "style", "font", "image")
    hosts = sorted({host_of(r.url) for r in doc.resources if r.url and not r.internal and r.kind in kinds})
    if len(hosts) >= ctx.t["min_origins"] and not doc.preconnects & set(hosts) and not doc.preconnects:
        yield Hit({"hosts": hosts[:10]})


@check(
    id="pf.lcp_hint",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Main image is not loaded first",
    means="The large image at the top is lazy or has no priority, so it appears late.",
    fix='Add fetchpriority="high" to it, and no loading="lazy".',
    thresholds={"min_width": 600},
)
def lcp_hint(page: Page, ctx: Context) -> Iterator[Hit]:
    doc = document(page)
    preloaded = {r.url for r in doc.resources if r.kind == "preload"}
    for image in doc.images[:3]:
        if image.position is not Position.MAIN or image.hidden or image.url.endswith(".svg"):
            continue
        widths = [int(w) for w in _SRCSET_WIDTH.findall(image.srcset)]
        if image.width.isdigit():
            widths.append(int(image.width))
        # Without a declared width only a lazy image is a sure sign; small images are no candidates.
        large = bool(widths) and max(widths) >= ctx.t["min_width"]
        lazy = image.loading == "lazy" and (large or not widths)
        if lazy or (large and image.fetchpriority != "high" and image.url not in preloaded):
            evidence = {
                "src": image.src,
                "loading": image.loading or None,
                "fetchpriority": image.fetchpriority or None,
            }
            yield Hit(evidence, target=image.url)
        return


@check(
    id="pf.http1",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Only HTTP/1.1",
    means="The server offers neither HTTP/2 nor HTTP/3, so files load one after the other.",
    fix="Switch on HTTP/2 in the server.",
)
def http1(site: Site, ctx: Context) -> Iterator[Hit]:
    tls = site.tls
    if tls is not None and not tls.error and tls.alpn and not {"h2", "h3"} & set(tls.alpn):
        yield Hit({"alpn": list(tls.alpn)})


@check(
    id="pf.legacy_js",
    severity=NOTICE,
    category=_CATEGORY,
    scope="resource",
    audience="ok_html",
    title="Old or doubled script library",
    means="A library of an old version (with known holes), or the same library twice.",
    fix="Update the library, and load it once.",
)
def legacy_js(page: Page, ctx: Context) -> Iterator[Hit]:
    versions: dict[str, set[tuple[int, ...]]] = {}
    for resource in document(page).resources:
        match = _LIBRARY.search(resource.raw) if resource.kind == "script" else None
        if match:
            name = match.group(1).lower()
            version = tuple(int(part) for part in match.group(2).split("."))
            versions.setdefault(name, set()).add(version)
            if version < _MINIMUM[name]:
                yield Hit(
                    {"library": name, "version": match.group(2)}, target=resource.url, value=resource.url
                )
    for name, found in versions.items():
        if len(found) > 1:
            yield Hit({"library": name, "versions": sorted(".".join(map(str, v)) for v in found)}, value=name)
