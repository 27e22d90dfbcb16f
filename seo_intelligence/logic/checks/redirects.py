"""Redirects of internal URLs, and the forms under which the home page answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import FetchError, Page, Site
from seo_intelligence.logic.urls import host_of, is_local_host

_CATEGORY = "redirects"


def _chain(graph: CrawlGraph, page: Page) -> tuple[list[dict[str, object]], str, Page | None]:
    """Hops as evidence, the end URL and the page there."""
    hops, end, last = graph.resolve(page.url)
    return [{"url": h.url, "status": h.status, "to": h.location} for h in hops], end, last


@check(
    id="redir.internal_3xx",
    severity=NOTICE,
    category=_CATEGORY,
    title="Internal URL redirects",
    means="The URL is part of the site but answers with a redirect.",
    fix="Link to the final address directly.",
)
def internal_redirect(page: Page, ctx: Context) -> Iterator[Hit]:
    if page.is_redirect:
        yield Hit({"status": page.status, "to": page.final_url}, target=page.final_url)


@check(
    id="redir.temporary",
    severity=WARNING,
    category=_CATEGORY,
    title="Temporary redirect (302, 303, 307)",
    means="The redirect says the move is temporary, so the old URL may stay in the index.",
    fix="Use 301 or 308 when the move is permanent.",
)
def temporary(page: Page, ctx: Context) -> Iterator[Hit]:
    codes = [hop.status for hop in page.redirects if hop.status in (302, 303, 307)]
    if codes or page.status in (302, 303, 307):
        yield Hit({"status": codes[0] if codes else page.status, "to": page.final_url}, target=page.final_url)


@check(
    id="redir.chain",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Redirect chain",
    means="Several redirects follow each other before the page is reached; each costs time, and crawlers give up.",
    fix="Redirect straight to the final address.",
    thresholds={"min_hops": 2, "error_hops": 5},
)
def chain(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.is_redirect:
            hops, end, _ = _chain(graph, page)
            looped = len({h["url"] for h in hops}) < len(hops) or end in {h["url"] for h in hops}
            if len(hops) >= ctx.t["min_hops"] and not looped:
                level = ERROR if len(hops) >= ctx.t["error_hops"] else WARNING
                yield Hit({"hops": hops, "end": end}, url=page.url, target=end, value=end, severity=level)


@check(
    id="redir.loop",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Redirect loop",
    means="The redirects come back to an address already visited, so the page can never be opened.",
    fix="Correct the rule that sends visitors back.",
)
def loop(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if not page.is_redirect and page.error is not FetchError.REDIRECT_LOOP:
            continue
        hops, end, _ = _chain(graph, page)
        visited = [str(h["url"]) for h in hops]
        if page.error is FetchError.REDIRECT_LOOP or end in visited or len(set(visited)) < len(visited):
            yield Hit({"hops": hops}, url=page.url, target=end, value=min([*visited, page.url]))


@check(
    id="redir.too_many",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Too many redirects",
    means="More redirects follow each other than crawlers accept.",
    fix="Redirect straight to the final address.",
    thresholds={"max_hops": 10},
)
def too_many(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.is_redirect or page.error is FetchError.TOO_MANY_REDIRECTS:
            hops, end, _ = _chain(graph, page)
            looped = end in {h["url"] for h in hops}
            if page.error is FetchError.TOO_MANY_REDIRECTS or (len(hops) > ctx.t["max_hops"] and not looped):
                yield Hit({"hops": len(hops), "end": end}, url=page.url, target=end)


@check(
    id="redir.broken",
    severity=ERROR,
    category=_CATEGORY,
    phase="g",
    title="Redirect to a broken page",
    means="The redirect ends at an error or at nothing.",
    fix="Redirect to a page that exists, or answer 404 or 410 at once.",
)
def broken(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if not page.is_redirect:
            continue
        _, end, last = _chain(graph, page)
        status = last.status if last is not None and not last.is_redirect else page.final_status
        failed = last is not None and last.error is not None and last.error is not FetchError.ROBOTS
        failed = (
            failed and last is not page and last is not None and last.error is not FetchError.REDIRECT_LOOP
        )
        if (status is not None and status >= 400) or failed or not page.redirects:
            error = last.error.value if last is not None and last.error is not None else None
            yield Hit({"end": end, "status": status, "error": error}, url=page.url, target=end, value=end)


@check(
    id="redir.meta_refresh",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Redirect by meta refresh",
    means="The page sends visitors on with a meta tag; engines treat it as a weak redirect.",
    fix="Use a 301 or 308 redirect of the server.",
)
def meta_refresh(page: Page, ctx: Context) -> Iterator[Hit]:
    target = document(page).meta_refresh
    if target:
        yield Hit({"to": target}, target=target)


@check(
    id="redir.https_down",
    severity=ERROR,
    category=_CATEGORY,
    title="Redirect from https to http",
    means="A secure address sends visitors to an insecure one.",
    fix="Redirect to the https address.",
)
def https_down(page: Page, ctx: Context) -> Iterator[Hit]:
    for hop in page.redirects:
        if hop.url.startswith("https://") and hop.location.startswith("http://"):
            yield Hit({"from": hop.url, "to": hop.location, "status": hop.status}, target=hop.location)
            return


@check(
    id="redir.http_not_forced",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="http does not redirect to https",
    means="The insecure home page answers without a permanent redirect to the secure one.",
    fix="Redirect all http requests to https with 301 or 308.",
)
def http_not_forced(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.home_url.startswith("http://"):
        # The audited address itself: it was opened without being sent to https (local test servers aside).
        if not is_local_host(host_of(site.home_url)) and site.home is not None and site.home.status == 200:
            yield Hit({"probe": site.home_url, "status": 200, "end": site.home_url}, url=site.home_url)
        return
    probe = site.probes.get("http_home")
    if probe is None or probe.error is not None:
        return
    first = probe.redirects[0] if probe.redirects else None
    secure = (probe.final_url or probe.url).startswith("https://")
    if first is None or not secure or first.status not in (301, 308):
        yield Hit(
            {"probe": probe.url, "status": first.status if first else probe.status, "end": probe.final_url}
        )


@check(
    id="redir.www_both",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="Site answers with and without www",
    means="Both host names serve the site, which doubles every page.",
    fix="Redirect one host name to the other with 301 or 308.",
)
def www_both(site: Site, ctx: Context) -> Iterator[Hit]:
    probe = site.probes.get("other_host")
    if probe is not None and probe.status == 200 and not probe.is_challenge:
        end = urlsplit(probe.final_url or probe.url).netloc
        if end == urlsplit(probe.url).netloc and end != urlsplit(site.home_url).netloc:
            yield Hit({"probe": probe.url, "status": probe.status, "home": site.home_url})


def _both(graph: CrawlGraph, key_of: str) -> Iterator[Hit]:
    groups: dict[str, list[Page]] = defaultdict(list)
    for page in graph:
        if page.status == 200 and page.is_html:
            parts = urlsplit(page.url)
            path = parts.path.rstrip("/") if key_of == "slash" else parts.path.lower()
            groups[f"{parts.netloc}{path}?{parts.query}"].append(page)
    for pages in groups.values():
        urls = sorted({p.url for p in pages})
        if len(urls) < 2:
            continue
        # A canonical of one form to the other settles which is meant.
        if sum(1 for p in pages if not (p.canonical_elsewhere and p.canonical in urls)) >= 2:
            if len({p.canonical for p in pages if p.canonical}) == 1 and all(p.canonical for p in pages):
                continue
            yield Hit({"urls": urls[:10]}, url=urls[0], target=urls[1], value=urls[0])


@check(
    id="redir.slash_both",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="g",
    title="URL answers with and without trailing slash",
    means="Two addresses show the same page without saying which one counts.",
    fix="Redirect one form to the other, or set a canonical.",
)
def slash_both(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    yield from _both(graph, "slash")


@check(
    id="redir.case_both",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="g",
    title="URL answers in upper and lower case",
    means="Paths that differ only by case both answer, which doubles the page.",
    fix="Redirect to the lower-case form, or set a canonical.",
)
def case_both(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    yield from _both(graph, "case")
