"""The state of one crawl inside its process and every decision about it. Knows Scrapy only as an engine to
wake."""

from __future__ import annotations

import asyncio
import datetime
import logging
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from types import FrameType
from typing import Any
from urllib.parse import urljoin, urlsplit

from plugzero_api.kernel.crawl import wire
from plugzero_api.kernel.crawl.client import Answer, BrokenAnswer, CrawlClient
from plugzero_api.kernel.crawl.contracts import (
    Cap,
    CapReached,
    CrawlEnded,
    CrawlEvent,
    CrawlRequest,
    CrawlStats,
    EndReason,
    PageFailed,
    PageFetched,
    PageSkipped,
    ScopeMode,
)
from plugzero_api.kernel.crawl.frontier import Frontier, QueuedUrl
from plugzero_api.kernel.crawl.pages import FetchedPage
from plugzero_api.kernel.crawl.politeness import (
    BUSY_STATUSES,
    FAULTY_STATUSES,
    HostState,
    parse_retry_after,
)
from plugzero_api.kernel.crawl.scope import ScopeRules
from plugzero_api.kernel.crawl.spider import Interrupted, SkipUrl
from plugzero_api.kernel.crawl.traps import TrapDetector, strip_session
from plugzero_api.kernel.http.errors import FetchError, FetchFailed, UrlNotAllowed
from plugzero_api.kernel.http.guard import Guard

log = logging.getLogger(__name__)

_BATCH_EVENTS = 64
_BATCH_BYTES = 4_000_000
_BATCH_SECONDS = 0.5
# The engine pauses while the parent has this much left to read.
_MAX_UNACKNOWLEDGED = 16
_MAX_SKIPS_REPORTED = 5_000
_MAX_TRACEBACKS = 20
_MAX_LINKS_PER_PAGE = 5_000
_CANONICAL_CACHE = 50_000
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class ProcessingTimeout(Exception):
    """A page took too long to extract."""


class CrawlRun:
    def __init__(
        self,
        request: CrawlRequest,
        *,
        frontier: Frontier,
        guard: Guard,
        client: CrawlClient,
        send: Callable[[bytes], None],
        resident_bytes: Callable[[], int],
    ) -> None:
        self.request = request
        self.frontier = frontier
        self.guard = guard
        self.client = client
        self.crawl_delays: dict[str, float] = {}
        # Limits that left URLs out for good outlive a resume; those that only stopped an earlier run do not.
        self.caps: list[Cap] = [Cap(cap) for cap in frontier.get("caps", []) if cap in (Cap.DEPTH, Cap.QUEUE)]
        self.end_reason: EndReason | None = None
        self.start_urls: tuple[str, ...] = ()
        self._send = send
        self._resident_bytes = resident_bytes
        self._crawler: Any = None
        self._ticker: asyncio.Future[None] | None = None
        self._closing: asyncio.Future[Any] | None = None
        self._stop = asyncio.Event()
        self._in_flight = 0
        self._hosts: dict[str, HostState] = {}
        self._connections: dict[str, asyncio.Semaphore] = {}
        self._events: list[CrawlEvent] = []
        self._event_bytes = 0
        self._tracebacks = 0
        self._unacknowledged: set[int] = set()
        self._canonical: dict[str, str | None] = {}
        stats = frontier.get("stats") or {}
        self._fetched: int = stats.get("fetched", 0)
        self._failed: int = stats.get("failed", 0)
        self._bytes: int = stats.get("bytes", 0)
        self._skipped: Counter[str] = Counter(stats.get("skipped", {}))
        self._seconds_before: float = stats.get("seconds", 0.0)
        self._started = time.monotonic()
        self._last_flush = self._started
        self._traps = TrapDetector(
            this_year=datetime.datetime.now(datetime.UTC).year,
            max_query_variants=request.limits.max_query_variants,
        )
        self._scope = ScopeRules.compile(request.scope, ())
        self._seed()

    def _seed(self) -> None:
        """Queue the start URLs; on resume rebuild what follows from the URLs known so far."""
        starts: list[str] = []
        for text in self.request.start_urls:
            try:
                starts.append(strip_session(self.guard.vet(text).url))
            except UrlNotAllowed as error:
                if self.frontier.remember("invalid:" + text) and not self.frontier.get("seeded"):
                    self._failed += 1
                    self.emit(PageFailed(text, 0, error.code, error.detail))
        self.start_urls = tuple(dict.fromkeys(starts))
        for url in (*self.start_urls, *self.frontier.get("adopted", [])):
            self._scope.adopt(url)
        if self.frontier.get("seeded"):
            for url in self.frontier.urls():
                self._traps.judge(url)
        else:
            for url in self.start_urls:
                self.frontier.add(url, 0)
            self.frontier.set("seeded", True)

    # -- for the scheduler
    # -------------------------------------------------------------------------------------

    @property
    def ending(self) -> bool:
        return self.end_reason is not None

    def has_more(self) -> bool:
        """False once nothing more will be handed out, so that the engine may end when it is idle."""
        return not self.ending and self.frontier.queued > self._in_flight and not self._at_page_limit()

    def next_item(self) -> QueuedUrl | None:
        if self.ending or len(self._unacknowledged) >= _MAX_UNACKNOWLEDGED or self._at_page_limit():
            return None
        item = self.frontier.next()
        if item is not None:
            self._in_flight += 1
        return item

    def _at_page_limit(self) -> bool:
        return self._fetched + self._in_flight >= self.request.limits.max_pages

    # -- answers
    # -----------------------------------------------------------------------------------------------

    def on_answer(self, item: QueuedUrl, answer: Answer) -> None:
        self._in_flight -= 1
        item.attempts += 1
        if self.ending and answer.status in BUSY_STATUSES:
            self.frontier.release(item)
            return
        if self.should_retry_answer(item.url, answer, item.attempts):
            self.frontier.retry(item)
            return
        self._bytes += len(answer.body)
        redirect_to = self._follow_redirect(item, answer)
        facts: Any = None
        links = 0
        problem: str | None = None
        content_type = (answer.header("content-type") or "").partition(";")[0].strip().lower()
        if answer.status not in _REDIRECTS:
            facts, links, problem = self._process(item, answer, content_type)
        self._fetched += 1
        self.emit(
            PageFetched(
                url=item.url,
                depth=item.depth,
                status=answer.status,
                headers=answer.headers,
                fetched_at=time.time(),
                ttfb=answer.ttfb,
                total=answer.total,
                content_type=content_type,
                size=len(answer.body),
                wire_size=answer.wire_size,
                truncated=answer.truncated,
                http_version=answer.http_version,
                address=answer.address,
                tls=answer.tls,
                redirect_to=redirect_to,
                redirect_chain=item.chain,
                referrer=item.referrer,
                attempts=item.attempts,
                links=links,
                processing_error=problem,
                facts=facts,
                body=answer.body if self.request.keep_body else None,
            ),
            size=len(answer.body) if self.request.keep_body else 0,
        )
        self.frontier.finish(item)
        self._flush_if_due()
        if self._bytes >= self.request.limits.max_total_bytes:
            self.cap(Cap.BYTES)

    def on_failure(self, item: QueuedUrl, error: BaseException) -> None:
        self._in_flight -= 1
        if isinstance(error, SkipUrl):
            self._skip(item.url, item.depth, error.reason, item.referrer)
            self.frontier.finish(item)
            self._flush_if_due()
            return
        if isinstance(error, Interrupted) or (self.ending and isinstance(error, FetchFailed)):
            self.frontier.release(item)
            return
        item.attempts += 1
        if isinstance(error, FetchError):
            if self.should_retry_failure(item.url, error, item.attempts):
                self.frontier.retry(item)
                return
            if self.ending:
                self.frontier.release(item)
                return
            reason, detail = error.code, error.detail
        else:
            log.error("unexpected failure for %s", item.url, exc_info=error)
            reason, detail = "internal_error", type(error).__name__
        self._failed += 1
        self.emit(PageFailed(item.url, item.depth, reason, detail, item.attempts, item.referrer, item.chain))
        self.frontier.finish(item)
        self._flush_if_due()

    def on_defect(self, item: QueuedUrl, error: Exception) -> None:
        """A fault of ours while handling ``item``: it must not stay in the queue as if it were under way."""
        log.error("defect while handling %s", item.url, exc_info=error)
        self._failed += 1
        self.emit(PageFailed(item.url, item.depth, "internal_error", type(error).__name__, item.attempts))
        self.frontier.finish(item)

    def _process(self, item: QueuedUrl, answer: Answer, content_type: str) -> tuple[Any, int, str | None]:
        page = FetchedPage(
            url=item.url,
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            content_type=content_type,
            depth=item.depth,
            truncated=answer.truncated,
            redirect_chain=item.chain,
            ttfb=answer.ttfb,
            total=answer.total,
            wire_size=answer.wire_size,
            http_version=answer.http_version,
        )
        facts: Any = None
        found = 0
        try:
            with _time_limit(self.request.limits.page_processing_timeout):
                if self.request.page_processor is not None:
                    facts = self.request.page_processor(page)
                if (
                    self.request.link_extractor is not None
                    and self.request.scope.mode is not ScopeMode.LISTED
                    and answer.status < 400
                ):
                    seen: set[str] = set()
                    for reference in self.request.link_extractor(page):
                        if reference in seen:
                            continue
                        seen.add(reference)
                        found += 1
                        if found > _MAX_LINKS_PER_PAGE:
                            break
                        self.discover(reference, base=page.base_url, depth=item.depth + 1, referrer=item.url)
        except ProcessingTimeout:
            return None, found, "timeout"
        except Exception as error:
            # Extractors meet every malformed page of the web: one page's failure is that page's finding.
            self._tracebacks += 1
            if self._tracebacks <= _MAX_TRACEBACKS:
                log.warning("extraction failed for %s", item.url, exc_info=True)
            return None, found, f"{type(error).__name__}: {error}"[:500]
        return facts, found, None

    def _follow_redirect(self, item: QueuedUrl, answer: Answer) -> str | None:
        location = answer.header("location")
        if answer.status not in _REDIRECTS or not location:
            return None
        try:
            target = strip_session(self.guard.vet_redirect(self.guard.vet(item.url), location).url)
        except UrlNotAllowed:
            self._skip(location[:2000], item.depth, "url_not_allowed", item.url)
            return location[:2000]
        chain = (*item.chain, (item.url, answer.status))
        if target == item.url or any(hop == target for hop, _ in chain):
            self._failed += 1
            self.emit(PageFailed(target, item.depth, "redirect_loop", "", 1, item.url, chain))
            return target
        if len(chain) > self.request.limits.max_redirects:
            self._failed += 1
            self.emit(PageFailed(target, item.depth, "too_many_redirects", "", 1, item.url, chain))
            return target
        if not self._scope.contains(target):
            if item.depth == 0 or self.request.scope.mode is ScopeMode.LISTED:
                self._adopt(target)
            else:
                self._skip(target, item.depth, "scope", item.url)
                return target
        self.frontier.add(target, item.depth, item.url, chain)
        return target

    def _adopt(self, url: str) -> None:
        self._scope.adopt(url)
        self.frontier.set("adopted", [*self.frontier.get("adopted", []), url])

    def discover(self, reference: str, *, base: str, depth: int, referrer: str) -> None:
        """Judge one link and queue it if it belongs to the crawl and is new."""
        url = self._canonical_url(reference, base)
        if url is None or not self.frontier.is_new(url):
            return
        if depth > self.request.limits.max_depth:
            if self._scope.contains(url):
                self._count_skip("depth")
                self.cap(Cap.DEPTH)
            return
        if not self._scope.contains(url):
            self.frontier.remember(url)
            self._skip(url, depth, "scope", referrer)
            return
        trap = self._traps.judge(url)
        if trap is not None:
            self.frontier.remember(url)
            self._skip(url, depth, f"trap:{trap}", referrer)
            return
        if self.frontier.full:
            self._count_skip("queue")
            self.cap(Cap.QUEUE)
            return
        self.frontier.add(url, depth, referrer)

    def _canonical_url(self, reference: str, base: str) -> str | None:
        try:
            joined = urljoin(base, reference.strip()).partition("#")[0]
        except ValueError:
            return None
        try:
            return self._canonical[joined]
        except KeyError:
            pass
        try:
            full = self.guard.vet(joined.replace(" ", "%20")).url
            url: str | None = strip_session(full)
            if url != full:
                self._count_skip("trap:session_id")
        except UrlNotAllowed:
            url = None
            if joined.startswith(("http:", "https:")) and self.frontier.remember("invalid:" + joined):
                self._skip(joined[:2000], 0, "url_not_allowed", base)
        if len(self._canonical) >= _CANONICAL_CACHE:
            self._canonical.clear()
        self._canonical[joined] = url
        return url

    # -- hosts
    # -------------------------------------------------------------------------------------------------

    def _host(self, url: str) -> HostState:
        host = urlsplit(url).netloc
        state = self._hosts.get(host)
        if state is None:
            state = self._hosts[host] = HostState(self.request.politeness)
        return state

    def connection_of(self, host: str) -> asyncio.Semaphore:
        """Holds as many permits as ``host`` may be sent requests at a time."""
        permits = self._connections.get(host)
        if permits is None:
            permits = asyncio.Semaphore(max(1, self.request.politeness.concurrency_per_host))
            self._connections[host] = permits
        return permits

    async def wait_for_host(self, url: str) -> None:
        """Return when ``url``'s host may be asked; raises :class:`Interrupted` when the crawl ends first."""
        state = self._host(url)
        while True:
            if self.ending:
                raise Interrupted
            pause = state.not_before - time.monotonic()
            if pause <= 0:
                return
            try:
                await asyncio.wait_for(self._stop.wait(), pause)
            except TimeoutError:
                continue

    def note_answer(self, url: str, answer: Answer) -> None:
        """Record how the host answered, before the next request to it is let through."""
        if answer.status in BUSY_STATUSES:
            pause = parse_retry_after(answer.header("retry-after"), time.time())
            self._host(url).busy(url, time.monotonic(), pause)
        elif answer.status not in FAULTY_STATUSES:
            self._host(url).answered()

    def note_failure(self, url: str, error: FetchError) -> None:
        """Record that the host did not answer. Our own refusals and unusable answers say nothing about it."""
        if not self.ending and isinstance(error, FetchFailed) and not isinstance(error, BrokenAnswer):
            self._host(url).busy(url, time.monotonic(), None, silent=True)

    def should_retry_answer(self, url: str, answer: Answer, attempts: int) -> bool:
        """Decide about another attempt. May end the crawl."""
        if answer.status in BUSY_STATUSES:
            return self._retry_or_give_up(url, attempts)
        return answer.status in FAULTY_STATUSES and attempts < min(2, self.request.politeness.max_attempts)

    def should_retry_failure(self, url: str, error: FetchError, attempts: int) -> bool:
        """The same for a request without a usable answer. Refusals by our own guard are final."""
        if self.ending or not isinstance(error, FetchFailed):
            return False
        if isinstance(error, BrokenAnswer):
            return attempts < min(2, self.request.politeness.max_attempts)
        return self._retry_or_give_up(url, attempts)

    def _retry_or_give_up(self, url: str, attempts: int) -> bool:
        state = self._host(url)
        now = time.monotonic()
        if state.down and state.exhausted(now):
            log.warning("giving up on %s", urlsplit(url).netloc)
            self.end(EndReason.HOST_UNAVAILABLE)
            return False
        return not self.ending and state.may_retry(attempts, now)

    def set_crawl_delay(self, host: str, delay: float) -> None:
        delay = min(delay, self.request.politeness.max_delay)
        self.crawl_delays[host] = delay
        downloader = self._crawler.engine.downloader
        downloader.per_slot_settings[host] = {"delay": delay, "concurrency": 1}
        slot = downloader.slots.get(host)
        if slot is not None:
            slot.delay = max(slot.delay, delay)
            slot.concurrency = 1

    # -- events
    # ------------------------------------------------------------------------------------------------

    def emit(self, event: CrawlEvent, *, size: int = 0) -> None:
        self._events.append(event)
        self._event_bytes += size

    def _count_skip(self, reason: str) -> None:
        self._skipped[reason] += 1

    def _skip(self, url: str, depth: int, reason: str, referrer: str | None) -> None:
        self._count_skip(reason)
        if self._skipped[reason] <= _MAX_SKIPS_REPORTED:
            self.emit(PageSkipped(url, depth, reason, referrer))

    def _flush_if_due(self) -> None:
        if (
            len(self._events) >= _BATCH_EVENTS
            or self._event_bytes >= _BATCH_BYTES
            or time.monotonic() - self._last_flush >= _BATCH_SECONDS
        ):
            self.flush()

    def flush(self) -> None:
        """Commit the queue with the events so far and send them."""
        self._last_flush = time.monotonic()
        self.frontier.set("stats", asdict(self.stats()))
        self.frontier.set("caps", list(self.caps))
        if not self._events:
            self.frontier.commit()
            return
        try:
            payload = wire.encode_events(self._events)
        except (TypeError, ValueError, RecursionError):
            payload = wire.encode_events([_encodable(event) for event in self._events])
        self._events = []
        self._event_bytes = 0
        sequence = self.frontier.commit(payload)
        self._unacknowledged.add(sequence)
        self._send(wire.frame(wire.BATCH, sequence, payload))

    def send_spooled(self) -> None:
        """Send again what an earlier run had sent without an acknowledgement."""
        for sequence in self.frontier.spooled():
            self._unacknowledged.add(sequence)
            self._send(wire.frame(wire.BATCH, sequence, self.frontier.payload(sequence)))

    def acknowledge(self, sequence: int) -> None:
        self.frontier.acknowledge(sequence)
        self._unacknowledged = {number for number in self._unacknowledged if number > sequence}
        self._wake()

    @property
    def delivered(self) -> bool:
        return not self._unacknowledged

    def stats(self) -> CrawlStats:
        return CrawlStats(
            fetched=self._fetched,
            failed=self._failed,
            skipped=dict(self._skipped),
            queued=self.frontier.queued,
            bytes=self._bytes,
            seconds=self._seconds_before + time.monotonic() - self._started,
            rss=self._resident_bytes(),
        )

    # -- life
    # --------------------------------------------------------------------------------------------------

    def attach(self, crawler: Any) -> None:
        self._crawler = crawler

    async def engine_started(self) -> None:
        self._ticker = asyncio.ensure_future(self._tick())

    async def _tick(self) -> None:
        """Once per half second: flush, limits of time and memory, proof of life."""
        limits = self.request.limits
        while True:
            await asyncio.sleep(_BATCH_SECONDS)
            stats = self.stats()
            if self._events:
                self.flush()
            self._send(wire.frame(wire.PULSE, 0, wire.encode_events([stats])))
            if stats.seconds >= limits.max_seconds:
                self.cap(Cap.TIME)
            if stats.rss >= limits.max_memory_bytes:
                self.cap(Cap.MEMORY)
            self._wake()

    def _wake(self) -> None:
        """Let the engine ask the scheduler again; it would do so by itself only every five seconds."""
        engine = self._crawler.engine if self._crawler is not None else None
        slot = getattr(engine, "_slot", None)
        if slot is not None and not self.ending:
            slot.nextcall.schedule()

    def detach(self) -> None:
        """The engine has stopped; from here on nothing may be scheduled."""
        self._crawler = None
        if self._ticker is not None:
            self._ticker.cancel()

    @property
    def sitemaps_wanted(self) -> bool:
        return self.request.use_sitemaps and not self.frontier.get("sitemaps_done")

    def cap(self, cap: Cap) -> None:
        """A limit was met. Depth and queue limits only leave URLs out; the others end the crawl."""
        if cap not in self.caps:
            self.caps.append(cap)
            self.emit(CapReached(cap, self.frontier.queued))
        if cap not in (Cap.DEPTH, Cap.QUEUE):
            self.end(EndReason.CAP_REACHED)

    def end(self, reason: EndReason) -> None:
        """Stop handing out URLs, drop what is in flight and close the engine."""
        if self.ending:
            return
        self.end_reason = reason
        self._stop.set()
        self.client.close()
        if self._crawler is not None and self._crawler.engine is not None:
            self._closing = asyncio.ensure_future(
                self._crawler.engine.close_spider_async(reason=reason.value)
            )

    def finish(self) -> CrawlEnded:
        """After the engine has stopped: the last batch, and what to tell the parent."""
        if self.end_reason is None:
            if self.frontier.queued:
                if Cap.PAGES not in self.caps:
                    self.caps.append(Cap.PAGES)
                    self.emit(CapReached(Cap.PAGES, self.frontier.queued))
                self.end_reason = EndReason.CAP_REACHED
            else:
                self.end_reason = EndReason.FINISHED
        self.flush()
        queued = self.frontier.queued
        return CrawlEnded(
            reason=self.end_reason,
            complete=self.end_reason is EndReason.FINISHED and not self.caps,
            resumable=queued > 0,
            caps=tuple(self.caps),
            stats=self.stats(),
        )


def _encodable(event: CrawlEvent) -> CrawlEvent:
    """``event``, without its facts if they are something that JSON cannot hold."""
    try:
        wire.encode_events([event])
    except (TypeError, ValueError, RecursionError) as error:
        assert isinstance(event, PageFetched)
        return replace(event, facts=None, processing_error=f"{type(error).__name__}: {error}"[:500])
    return event


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Interrupt pure Python (and regular expressions) after ``seconds``; only in the main thread of the
    child."""

    def expire(_signal: int, _frame: FrameType | None) -> None:
        raise ProcessingTimeout

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
