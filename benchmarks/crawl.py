"""Crawl speed and memory on a locally generated site.

    python benchmarks/crawl.py [--pages 2000] [--concurrency 16]

Prints pages per second and the crawl process's peak resident memory for two jobs: following links only, and
following links while a page processor extracts what a typical content check needs. The site is served by
another process; crawl and extraction share one. Politeness is off, as an owner may permit on their own
site.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from django.conf import settings

from plugzero_api.kernel.crawl import (
    CrawlEnded,
    CrawlLimits,
    CrawlRequest,
    CrawlStats,
    PageFetched,
    Politeness,
    crawl,
)
from plugzero_api.kernel.tests.crawl.extractors import extract_content
from plugzero_api.kernel.tests.crawl.site import generated_site, running


def serve(pages: int, port: Any, ready: Event, done: Event) -> None:
    with running(generated_site(pages)) as site:
        port.value = site.port
        ready.set()
        done.wait()


def measure(label: str, pages: int, concurrency: int, processor: Any) -> None:
    port = multiprocessing.Value("i", 0)
    ready, done = multiprocessing.Event(), multiprocessing.Event()
    server = multiprocessing.Process(target=serve, args=(pages, port, ready, done))
    server.start()
    ready.wait(30)
    try:
        with tempfile.TemporaryDirectory() as folder:
            request = CrawlRequest(
                start_urls=(f"http://127.0.0.1:{port.value}/",),
                job_dir=Path(folder),
                limits=CrawlLimits(max_pages=pages * 2),
                politeness=Politeness.owner_permits(concurrency=concurrency),
                page_processor=processor,
                keep_body=False,
                allow_hosts=(f"127.0.0.1:{port.value}",),
            )
            started = time.monotonic()
            fetched = peak = 0
            ended: CrawlEnded | None = None
            for batch in crawl(request):
                for event in batch:
                    if isinstance(event, PageFetched):
                        fetched += 1
                    elif isinstance(event, CrawlStats):
                        peak = max(peak, event.rss)
                    elif isinstance(event, CrawlEnded):
                        ended = event
            wall = time.monotonic() - started
    finally:
        done.set()
        server.join()
    assert ended is not None and ended.complete and fetched >= pages, ended
    peak = max(peak, ended.stats.rss)
    print(
        f"{label:<22} {fetched:>6} pages  {fetched / ended.stats.seconds:>7.0f} pages/s"
        f"  ({fetched / wall:.0f} with process start)  peak {peak / 1e6:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=16)
    arguments = parser.parse_args()
    settings.configure(PLUGZERO_FETCH_ALLOW_HOSTS=[])
    measure("crawl", arguments.pages, arguments.concurrency, None)
    measure("crawl and extract", arguments.pages, arguments.concurrency, extract_content)


if __name__ == "__main__":
    main()
