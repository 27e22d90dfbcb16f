"""The Scrapy side of a crawl: scheduler, download handler, politeness middleware, throttle and spider.

Each is one of Scrapy's replaceable components, and all share the one :class:`CrawlRun` that the child
process built. Scrapy keeps what it is good at: the engine, download slots with delays, AutoThrottle and
back-pressure.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.scheduler import BaseScheduler
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.throttle import AutoThrottle
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

from plugzero_api.kernel.crawl.contracts import RobotsFetched, SitemapFetched
from plugzero_api.kernel.crawl.frontier import QueuedUrl
from plugzero_api.kernel.crawl.politeness import MAX_ROBOTS_BYTES, RobotsRules
from plugzero_api.kernel.crawl.sitemaps import MAX_BYTES as MAX_SITEMAP_BYTES
from plugzero_api.kernel.crawl.sitemaps import parse_sitemap
from plugzero_api.kernel.http.decoding import DecodingError, StreamDecoder
from plugzero_api.kernel.http.errors import FetchError, FetchFailed

if TYPE_CHECKING:
    from plugzero_api.kernel.crawl.client import Answer
    from plugzero_api.kernel.crawl.run import CrawlRun

log = logging.getLogger(__name__)

_MAX_SITEMAPS = 200
_MAX_AUXILIARY_REDIRECTS = 5


class SkipUrl(IgnoreRequest):
    """The URL must not be fetched; ``reason`` goes into the event."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Interrupted(IgnoreRequest):
    """The crawl is ending; the URL stays queued."""


class FrontierScheduler(BaseScheduler):
    """Hands the frontier's URLs to the engine, as long as limits and the parent's pace allow."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> FrontierScheduler:
        return cls(crawler)

    def has_pending_requests(self) -> bool:
        run: CrawlRun = self._crawler.spider.run
        return run.has_more()

    def enqueue_request(self, request: Request) -> bool:
        raise RuntimeError("URLs enter through the frontier")

    def next_request(self) -> Request | None:
        run: CrawlRun = self._crawler.spider.run
        item = run.next_item()
        if item is None:
            return None
        spider = self._crawler.spider
        return Request(
            item.url, callback=spider.parse, errback=spider.failed, meta={"item": item}, dont_filter=True
        )


class GuardedDownloadHandler(BaseDownloadHandler):
    """Fetches through the guarded client. Vetting happens here, at the last step before the network, so no
    other component can bring in an address that was not judged. Pauses that a host asked for are
    kept here too."""

    lazy = False

    async def download_request(self, request: Request) -> Response:
        run: CrawlRun = self.crawler.spider.run
        url = run.guard.vet(request.url)
        # Scrapy's slots count a transfer only once its coroutine runs, so without a reactor a burst passes
        # them.
        async with run.connection_of(url.host):
            await run.wait_for_host(url.url)
            try:
                answer = await run.client.fetch(
                    url,
                    max_bytes=request.meta.get("max_bytes", run.request.limits.max_page_bytes),
                    timeout=run.request.limits.page_timeout,
                )
            except FetchError as error:
                run.note_failure(url.url, error)
                raise
            run.note_answer(url.url, answer)
        request.meta["answer"] = answer
        request.meta["download_latency"] = answer.ttfb
        return Response(request.url, status=answer.status, body=answer.body)


class PolitenessMiddleware:
    """Reads each host's robots.txt once and refuses what it forbids."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler
        self._robots: dict[str, asyncio.Task[RobotsRules]] = {}

    @classmethod
    def from_crawler(cls, crawler: Any) -> PolitenessMiddleware:
        middleware = cls(crawler)
        crawler.politeness = middleware
        return middleware

    async def process_request(self, request: Request) -> None:
        run: CrawlRun = self._crawler.spider.run
        if "auxiliary" in request.meta or not run.request.politeness.obey_robots:
            return
        rules = await self.rules_for(request.url)
        if not rules.allows(request.url):
            raise SkipUrl("robots_unreachable" if rules.forbid_all else "robots")

    async def rules_for(self, url: str) -> RobotsRules:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        task = self._robots.get(origin)
        if task is None:
            task = asyncio.ensure_future(self._read_robots(origin))
            self._robots[origin] = task
        return await asyncio.shield(task)

    async def _read_robots(self, origin: str) -> RobotsRules:
        run: CrawlRun = self._crawler.spider.run
        token = run.request.politeness.robots_token
        url = f"{origin}/robots.txt"
        try:
            answer = await fetch_auxiliary(self._crawler, url, max_bytes=MAX_ROBOTS_BYTES)
        except FetchError as error:
            if run.ending:
                raise Interrupted from None
            run.emit(RobotsFetched(url, 0, "", disallows_all=False, detail=error.code))
            # A host that cannot be reached will say so for each page, with the page's own reason.
            return RobotsRules(token, forbid_all=error.code == "fetch_timeout")
        rules = RobotsRules.from_answer(token, answer.status, answer.body)
        run.emit(
            RobotsFetched(
                url=url,
                status=answer.status,
                body=answer.body.decode("utf-8-sig", "replace") if answer.status < 300 else "",
                disallows_all=not (rules.allows(f"{origin}/") or rules.allows(f"{origin}/any/page")),
                crawl_delay=rules.crawl_delay,
                sitemaps=rules.sitemaps,
            )
        )
        if rules.crawl_delay:
            run.set_crawl_delay(urlsplit(origin).hostname or "", rules.crawl_delay)
        return rules


async def fetch_auxiliary(crawler: Any, url: str, *, max_bytes: int) -> Answer:
    """Fetch a robots.txt or sitemap through the same guard, slots and pauses; busy hosts are asked again.
    Raises ``FetchError``. A redirect that leads nowhere counts as a missing file."""
    run: CrawlRun = crawler.spider.run
    attempts = hops = 0
    while True:
        attempts += 1
        vetted = run.guard.vet(url)
        request = Request(vetted.url, callback=NO_CALLBACK, meta={"auxiliary": True, "max_bytes": max_bytes})
        try:
            await crawler.engine.download_async(request)
        except FetchError as error:
            # One more try; a host that is really gone says so for each page.
            if attempts > 1 or not run.should_retry_failure(vetted.url, error, attempts):
                raise
            continue
        except IgnoreRequest:
            raise FetchFailed from None
        answer: Answer = request.meta["answer"]
        if run.should_retry_answer(vetted.url, answer, attempts):
            continue
        location = answer.header("location")
        if 300 <= answer.status < 400 and location and hops < _MAX_AUXILIARY_REDIRECTS:
            hops += 1
            attempts = 0
            url = run.guard.vet_redirect(vetted, location).url
            continue
        return answer


class Throttle(AutoThrottle):
    """AutoThrottle that never goes below the Crawl-delay of the host's robots.txt."""

    def _adjust_delay(self, slot: Any, latency: float, response: Response) -> None:
        super()._adjust_delay(slot, latency, response)
        run: CrawlRun = self.crawler.spider.run
        floor = run.crawl_delays.get(urlsplit(response.url).hostname or "")
        if floor is not None:
            slot.delay = max(slot.delay, floor)


class CrawlSpider(scrapy.Spider):
    """Turns answers into events and links into queue entries; all decisions are the run's."""

    name = "crawl"

    def __init__(self, run: CrawlRun, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> CrawlSpider:
        spider: CrawlSpider = super().from_crawler(crawler, *args, **kwargs)
        spider.run.attach(crawler)
        crawler.signals.connect(spider.run.engine_started, signal=signals.engine_started)
        return spider

    async def start(self) -> AsyncIterator[Any]:
        if self.run.sitemaps_wanted:
            try:
                await read_sitemaps(self.crawler)
            except IgnoreRequest:
                log.info("sitemaps left unread: the crawl is ending")
        return
        yield  # an asynchronous generator by its form; URLs come from the frontier

    def parse(self, response: Response) -> None:
        item: QueuedUrl = response.request.meta["item"]
        try:
            self.run.on_answer(item, response.request.meta["answer"])
        except Exception as error:
            self.run.on_defect(item, error)

    def failed(self, failure: Any) -> None:
        item: QueuedUrl = failure.request.meta["item"]
        try:
            self.run.on_failure(item, failure.value)
        except Exception as error:
            self.run.on_defect(item, error)


async def read_sitemaps(crawler: Any) -> None:
    """Read the sitemaps that robots.txt names, and /sitemap.xml, with the files their indexes name."""
    run: CrawlRun = crawler.spider.run
    waiting: list[str] = []
    for origin in dict.fromkeys(_origin(url) for url in run.start_urls):
        rules = await crawler.politeness.rules_for(origin + "/")
        waiting += [*rules.sitemaps, f"{origin}/sitemap.xml"]
    seen: set[str] = set()
    tally: Counter[str] = Counter()
    while waiting and len(seen) < _MAX_SITEMAPS and not run.ending:
        try:
            url = run.guard.vet(waiting.pop(0).strip()).url
        except FetchError:
            continue
        if url in seen:
            continue
        seen.add(url)
        try:
            answer = await fetch_auxiliary(crawler, url, max_bytes=MAX_SITEMAP_BYTES)
        except FetchError as error:
            run.emit(SitemapFetched(url, 0, "unknown", problem=error.code))
            continue
        if answer.status != 200:
            run.emit(SitemapFetched(url, answer.status, "unknown", problem="status"))
            continue
        body, problem = _inflated(answer.body)
        if answer.truncated:
            problem = "too_large"
        sitemap = parse_sitemap(body)
        run.emit(SitemapFetched(url, 200, sitemap.kind, sitemap.entries, problem or sitemap.problem))
        for loc, _ in sitemap.entries:
            if sitemap.kind == "index":
                waiting.append(loc)
            elif tally.total() < run.request.limits.max_queued:
                tally[url] += 1
                run.discover(loc, base=url, depth=1, referrer=url)
        await asyncio.sleep(0)
    run.frontier.set("sitemaps_done", True)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _inflated(body: bytes) -> tuple[bytes, str | None]:
    """Undo .gz files served as such, up to the protocol's 50 MB."""
    if body[:2] != b"\x1f\x8b":
        return body, None
    out = bytearray()
    try:
        for piece in _pieces(body):
            out += piece
            if len(out) > MAX_SITEMAP_BYTES:
                return bytes(out[:MAX_SITEMAP_BYTES]), "too_large"
    except DecodingError:
        return bytes(out), "damaged_gzip"
    return bytes(out), None


def _pieces(body: bytes) -> Iterator[bytes]:
    decoder = StreamDecoder("gzip")
    yield from decoder.feed(body)
    decoder.finish()
