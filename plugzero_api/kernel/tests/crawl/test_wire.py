from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugzero_api.kernel.crawl import wire
from plugzero_api.kernel.crawl.contracts import (
    Cap,
    CapReached,
    CrawlEnded,
    CrawlEvent,
    CrawlStats,
    EndReason,
    PageFailed,
    PageFetched,
    PageSkipped,
    RobotsFetched,
    SitemapFetched,
    TlsReport,
)

EVENTS: list[CrawlEvent] = [
    PageFetched(
        url="https://x.test/ü",
        depth=2,
        status=200,
        headers=(("A", "b"), ("A", "c")),
        fetched_at=1.5,
        ttfb=0.1,
        total=0.2,
        tls=TlsReport("expired", "TLSv1.3", 12.0, "CN=x", "CN=y"),
        redirect_chain=(("https://x.test/o", 301),),
        facts={"title": "\ud800 lone", "n": [1, 2.5, None]},
        body=b"\x00\xff body",
    ),
    PageFetched("https://x.test/2", 0, 204, (), 0.0, 0.0, 0.0, body=b""),
    PageFailed("https://x.test/3", 1, "fetch_failed", "x", 3, None, (("u", 302),)),
    PageSkipped("https://x.test/4", 1, "robots"),
    RobotsFetched("https://x.test/robots.txt", 200, "User-agent: *", False, 1.0, ("https://x.test/s",)),
    SitemapFetched("https://x.test/s", 200, "urlset", (("https://x.test/5", "2026"),)),
    CapReached(Cap.PAGES, 5),
    CrawlStats(1, 2, {"robots": 3}, 4, 5, 6.0, 7),
    CrawlEnded(EndReason.CAP_REACHED, False, True, (Cap.PAGES, Cap.DEPTH), CrawlStats(1)),
]


def test_every_event_survives_the_wire() -> None:
    assert wire.decode_events(wire.encode_events(EVENTS)) == EVENTS


@given(st.lists(st.integers(1, 40), max_size=12))
def test_frames_survive_any_fragmentation(cuts: list[int]) -> None:
    stream = (
        wire.frame(wire.BATCH, 7, b"payload")
        + wire.frame(wire.PULSE, 0, b"")
        + wire.frame(wire.ENDED, 9, b"x")
    )
    reader = wire.FrameReader()
    seen = []
    position = 0
    for cut in [*cuts, len(stream)]:
        seen += list(reader.feed(stream[position : position + cut]))
        position += cut
    assert seen == [(wire.BATCH, 7, b"payload"), (wire.PULSE, 0, b""), (wire.ENDED, 9, b"x")]


@given(st.binary(max_size=80))
def test_garbage_is_refused_not_executed(data: bytes) -> None:
    try:
        wire.decode_events(data)
    except wire.WireError:
        return
    assert data[4:6] == b"[]"


def test_oversized_frames_are_refused() -> None:
    with pytest.raises(wire.WireError):
        list(wire.FrameReader().feed(wire.HEADER.pack(1, 1, 2**32 - 1)))
