"""robots.txt of the site and what it hides."""

from __future__ import annotations

from collections.abc import Iterator

from seo_intelligence.logic.checks.registry import ERROR, NOTICE, WARNING, Context, Hit, check
from seo_intelligence.logic.extract.robots import MAX_BYTES, allowed
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Site

_CATEGORY = "robots"
MAIN_AGENT = "Googlebot"


@check(
    id="robots.missing",
    severity=NOTICE,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="No robots.txt",
    means="The site has no robots.txt; crawlers may fetch everything and find no sitemap in it.",
    fix="Add a robots.txt that names the sitemap.",
)
def missing(site: Site, ctx: Context) -> Iterator[Hit]:
    robots = site.robots
    if robots is not None and robots.status is not None and 400 <= robots.status < 500:
        yield Hit({"url": robots.url, "status": robots.status})


@check(
    id="robots.5xx",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="robots.txt fails or does not answer",
    means="Crawlers stop crawling the whole site while robots.txt cannot be read.",
    fix="Make /robots.txt answer 200, or 404 when there is none.",
)
def server_error(site: Site, ctx: Context) -> Iterator[Hit]:
    robots = site.robots
    if robots is not None and (
        robots.error is not None or (robots.status is not None and robots.status >= 500)
    ):
        error = robots.error.value if robots.error else None
        yield Hit({"url": robots.url, "status": robots.status, "error": error})


@check(
    id="robots.format",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="robots.txt has invalid lines",
    means="Crawlers ignore lines they cannot read, so rules may not work as meant.",
    fix="Correct the lines; every rule needs a User-agent before it and a path that starts with /.",
)
def format_faults(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.robots is not None:
        for line, code, text in site.robots.faults:
            yield Hit({"line": line, "fault": code, "text": text}, value=f"{code}:{line}")


@check(
    id="robots.size",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="robots.txt is too large",
    means="Crawlers read the first 500 KiB only; rules after that are ignored.",
    fix="Shorten the file with patterns.",
    thresholds={"max_bytes": MAX_BYTES},
)
def size(site: Site, ctx: Context) -> Iterator[Hit]:
    if site.robots is not None and site.robots.bytes > ctx.t["max_bytes"]:
        yield Hit({"bytes": site.robots.bytes})


@check(
    id="robots.block_all",
    severity=ERROR,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="robots.txt blocks the whole site",
    means="All crawlers, or Google's, may not fetch any page.",
    fix="Remove the Disallow: / line when the site shall be found.",
)
def block_all(site: Site, ctx: Context) -> Iterator[Hit]:
    robots = site.robots
    if robots is None or robots.status != 200:
        return
    for agent in ("*", MAIN_AGENT.lower()):
        lines = [
            r
            for r in robots.rules
            if agent in r.agents and r.directive == "disallow" and r.value in ("/", "/*")
        ]
        if lines and not allowed(robots, site.home_url, MAIN_AGENT if agent != "*" else "AnyBot"):
            yield Hit(
                {"agent": agent, "line": lines[0].line, "rule": f"Disallow: {lines[0].value}"}, value=agent
            )
            return


@check(
    id="robots.page_blocked",
    severity=NOTICE,
    category=_CATEGORY,
    phase="g",
    title="Linked page is blocked by robots.txt",
    means="The site links to the page but forbids crawlers to read it.",
    fix="Allow the page, or accept that its content is never indexed.",
)
def page_blocked(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    robots = ctx.site.robots
    if robots is None or robots.status != 200 or not robots.rules:
        return
    for url in sorted(graph.linked_urls()):
        if not allowed(robots, url, MAIN_AGENT):
            yield Hit({"agent": MAIN_AGENT}, url=url)


@check(
    id="robots.resource_blocked",
    severity=WARNING,
    category=_CATEGORY,
    scope="resource",
    phase="g",
    title="File needed by pages is blocked by robots.txt",
    means="Crawlers cannot load the script, style or image and may see a broken page.",
    fix="Allow the file in robots.txt.",
)
def resource_blocked(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    robots = ctx.site.robots
    if robots is None or robots.status != 200 or not robots.rules:
        return
    origin = ctx.site.home_url.rstrip("/").split("://", 1)[-1].split("/", 1)[0]
    for url, kind in graph.resource_urls().items():
        own = url.split("://", 1)[-1].split("/", 1)[0] == origin
        if own and kind in ("script", "style", "image") and not allowed(robots, url, MAIN_AGENT):
            for user in graph.resource_users(url):
                yield Hit({"kind": kind}, url=user, target=url, value=url)


@check(
    id="robots.no_sitemap",
    severity=WARNING,
    category=_CATEGORY,
    scope="site",
    phase="x",
    title="robots.txt names no sitemap",
    means="Crawlers learn of the sitemap from robots.txt; it has no Sitemap line.",
    fix="Add a line such as Sitemap: https://www.example.com/sitemap.xml.",
)
def no_sitemap(site: Site, ctx: Context) -> Iterator[Hit]:
    robots = site.robots
    if robots is not None and robots.status == 200 and not robots.sitemaps:
        yield Hit({"url": robots.url})


@check(
    id="robots.hides_noindex",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="robots.txt hides a noindex",
    means="The page says noindex, but robots.txt keeps crawlers from reading it, so it may stay indexed.",
    fix="Allow crawling until the page has left the index, or drop the noindex.",
)
def hides_noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    robots = ctx.site.robots
    for page in graph:
        if page.noindex and (not page.robots_allowed or not allowed(robots, page.url, MAIN_AGENT)):
            yield Hit({"robots": sorted(page.robots)}, url=page.url)
