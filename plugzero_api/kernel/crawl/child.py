"""The crawl process: ``python -m plugzero_api.kernel.crawl.child JOB_DIR``, started by the runner and by
nothing else.

It talks frames on standard output, hears frames on standard input, and ends when its parent is gone. It
knows no Django, no database and no secret: its environment was emptied by the parent before it began to
read hostile bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import pickle
import queue
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

from scrapy.crawler import AsyncCrawlerRunner

from plugzero_api.kernel.crawl import wire
from plugzero_api.kernel.crawl.client import CrawlClient
from plugzero_api.kernel.crawl.contracts import CrawlRequest, EndReason
from plugzero_api.kernel.crawl.frontier import Frontier
from plugzero_api.kernel.crawl.run import CrawlRun
from plugzero_api.kernel.crawl.spider import (
    CrawlSpider,
    FrontierScheduler,
    GuardedDownloadHandler,
    PolitenessMiddleware,
    Throttle,
)
from plugzero_api.kernel.http.addresses import AllowList
from plugzero_api.kernel.http.guard import Guard, system_resolver
from plugzero_api.kernel.processes import limit_address_space, raise_file_limit, resident_bytes

REQUEST_FILE = "request.pickle"
FRONTIER_FILE = "frontier.sqlite3"
_DNS_SECONDS = 300.0
_ORPHAN_GRACE = 15.0
_DELIVERY_SECONDS = 600.0
_HOSTS_AT_ONCE = 8
# Address space is several times resident memory (threads, mapped libraries); this is only the last resort.
_ADDRESS_SPACE_FACTOR = 4
_ADDRESS_SPACE_BASE = 1_500_000_000


class Pipe:
    """Frames out through a thread, so that a slow reader never blocks the event loop."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="frames", daemon=True)
        self._thread.start()

    def send(self, frame: bytes) -> None:
        self._waiting.put(frame)

    def close(self) -> None:
        """Wait until everything was written."""
        self._waiting.put(None)
        self._thread.join(_DELIVERY_SECONDS)

    def _write(self) -> None:
        try:
            while (frame := self._waiting.get()) is not None:
                self._stream.write(frame)
                self._stream.flush()
        except (OSError, ValueError):
            pass  # the parent is gone; the listener notices and ends the crawl


def settings(request: CrawlRequest) -> dict[str, object]:
    """Scrapy with our components and none of those that add state (cookies, cache, telnet) or work."""
    politeness = request.politeness
    per_host = max(1, politeness.concurrency_per_host)
    return {
        "TWISTED_REACTOR_ENABLED": False,
        "SCHEDULER": FrontierScheduler,
        "DOWNLOAD_HANDLERS": {
            "http": GuardedDownloadHandler,
            "https": GuardedDownloadHandler,
            "data": None,
            "file": None,
            "ftp": None,
            "s3": None,
        },
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {PolitenessMiddleware: 100},
        "SPIDER_MIDDLEWARES_BASE": {},
        "EXTENSIONS_BASE": {},
        "EXTENSIONS": {Throttle: 0} if politeness.autothrottle else {},
        "ITEM_PIPELINES": {},
        "AUTOTHROTTLE_ENABLED": politeness.autothrottle,
        "AUTOTHROTTLE_START_DELAY": max(0.25, politeness.min_delay),
        "AUTOTHROTTLE_MAX_DELAY": politeness.max_delay,
        "AUTOTHROTTLE_TARGET_CONCURRENCY": float(per_host),
        "DOWNLOAD_DELAY": politeness.min_delay,
        "DOWNLOAD_DELAY_JITTER": 0.5 if politeness.autothrottle else 0,
        "CONCURRENT_REQUESTS": per_host * _HOSTS_AT_ONCE,
        "CONCURRENT_REQUESTS_PER_DOMAIN": per_host,
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 16_000_000,
        "COOKIES_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "STATS_DUMP": False,
        "STATS_CLASS": "scrapy.statscollectors.DummyStatsCollector",
    }


class Listener:
    """Commands from the parent. A thread reads them, the main thread obeys them (SQLite belongs to one
    thread)."""

    def __init__(self, run: CrawlRun, stream: BinaryIO) -> None:
        self._run = run
        self._stream = stream
        self._commands: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.orphaned = False
        threading.Thread(target=self._read, name="commands", daemon=True).start()

    def attach(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """From now on obey on ``loop``; with None, on :meth:`wait_for_delivery`."""
        self._loop = loop
        if loop is not None:
            loop.call_soon(self._obey)

    def wait_for_delivery(self, seconds: float) -> None:
        """Block until every batch is acknowledged, the parent is gone, or ``seconds`` have passed."""
        deadline = time.monotonic() + seconds
        self._obey()
        while not self._run.delivered and not self.orphaned and time.monotonic() < deadline:
            with contextlib.suppress(queue.Empty):
                self._apply(*self._commands.get(timeout=0.5))

    def _read(self) -> None:
        reader = wire.FrameReader()
        descriptor = self._stream.fileno()
        while data := os.read(descriptor, 65536):
            for kind, sequence, _ in reader.feed(data):
                self._put(kind, sequence)
        self.orphaned = True
        self._put(wire.STOP, 0)
        # Nobody listens any more. Leave even if the main thread hangs in an extractor; the frontier is
        # consistent.
        time.sleep(_ORPHAN_GRACE)
        os._exit(3)

    def _put(self, kind: int, sequence: int) -> None:
        self._commands.put((kind, sequence))
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._obey)

    def _obey(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                self._apply(*self._commands.get_nowait())

    def _apply(self, kind: int, sequence: int) -> None:
        if kind == wire.ACK:
            self._run.acknowledge(sequence)
        elif kind == wire.STOP:
            self._run.end(EndReason.CANCELLED)


async def crawl(run: CrawlRun, listener: Listener) -> None:
    listener.attach(asyncio.get_running_loop())
    try:
        await AsyncCrawlerRunner(settings(run.request)).crawl(CrawlSpider, run=run)
    finally:
        listener.attach(None)
        run.detach()


def main(job_dir: Path) -> int:
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    # Whatever a library prints must not get between the frames.
    frames_out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    with (job_dir / REQUEST_FILE).open("rb") as stream:
        # Written by our own parent process, into a folder of mode 0700.
        request: CrawlRequest = pickle.load(stream)  # nosec B301
    limit_address_space(_ADDRESS_SPACE_BASE + _ADDRESS_SPACE_FACTOR * request.limits.max_memory_bytes)
    raise_file_limit(4096)
    # Page trees are freed by reference counting; frequent full collections would only walk the seen set.
    gc.set_threshold(50_000, 20, 50)

    frontier = Frontier(job_dir / FRONTIER_FILE, max_queued=request.limits.max_queued)
    guard = Guard(
        allow=AllowList.parse(request.allow_hosts),
        resolver=request.resolver or system_resolver,
        cache_seconds=_DNS_SECONDS,
    )
    client = CrawlClient(
        guard=guard,
        headers=(
            ("User-Agent", request.politeness.user_agent),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            *request.headers,
        ),
    )
    pipe = Pipe(frames_out)
    run = CrawlRun(
        request, frontier=frontier, guard=guard, client=client, send=pipe.send, resident_bytes=resident_bytes
    )
    run.send_spooled()
    listener = Listener(run, sys.stdin.buffer)
    if run.has_more() or run.sitemaps_wanted:
        asyncio.run(crawl(run, listener))
    ended = run.finish()
    listener.wait_for_delivery(_DELIVERY_SECONDS)
    frontier.close()
    pipe.send(wire.frame(wire.ENDED, 0, wire.encode_events([ended])))
    pipe.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
