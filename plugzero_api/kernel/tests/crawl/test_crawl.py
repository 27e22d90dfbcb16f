"""The runner with its real crawl process against local sites."""

from __future__ import annotations

import datetime
import gzip
import itertools
import multiprocessing
import os
import signal
import socket
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import trustme

from plugzero_api.kernel.crawl import (
    Cap,
    CapReached,
    CrawlEnded,
    CrawlEvent,
    CrawlLimits,
    CrawlRequest,
    CrawlRequestInvalid,
    CrawlScope,
    CrawlStats,
    EndReason,
    PageFailed,
    PageFetched,
    PageSkipped,
    Politeness,
    RobotsFetched,
    ScopeMode,
    SitemapFetched,
    crawl,
    runner,
)
from plugzero_api.kernel.tests.crawl import extractors
from plugzero_api.kernel.tests.crawl.site import LocalSite, Reply, generated_site, page, redirect, running

FAST = Politeness.owner_permits(concurrency=4)


def wanted(
    site: LocalSite, job_dir: Path, *paths: str, host: str = "127.0.0.1", **changes: Any
) -> CrawlRequest:
    """A request that may reach exactly ``site``."""
    values: dict[str, Any] = {
        "start_urls": tuple(site.url(path, host) for path in paths or ("/",)),
        "job_dir": job_dir / "job",
        "politeness": FAST,
        "allow_hosts": (f"127.0.0.1:{site.port}",),
        **changes,
    }
    return CrawlRequest(**values)


class Outcome:
    def __init__(self, events: list[CrawlEvent]) -> None:
        self.events = events
        self.pages = [event for event in events if isinstance(event, PageFetched)]
        self.failed = [event for event in events if isinstance(event, PageFailed)]
        self.skipped = {(event.url, event.reason) for event in events if isinstance(event, PageSkipped)}
        self.skip_reasons = Counter(event.reason for event in events if isinstance(event, PageSkipped))
        self.robots = [event for event in events if isinstance(event, RobotsFetched)]
        self.sitemaps = [event for event in events if isinstance(event, SitemapFetched)]
        self.caps = {event.cap for event in events if isinstance(event, CapReached)}
        (self.ended,) = [event for event in events if isinstance(event, CrawlEnded)]
        assert events[-1] is self.ended

    def page(self, url: str) -> PageFetched:
        (found,) = [event for event in self.pages if event.url == url]
        return found


def run(request: CrawlRequest, **options: Any) -> Outcome:
    return Outcome([event for batch in crawl(request, **options) for event in batch])


# -- the crawl itself
# ----------------------------------------------------------------------------------------------


def test_every_page_is_fetched_once_breadth_first(tmp_path: Path) -> None:
    site = generated_site(60)
    with running(site):
        outcome = run(wanted(site, tmp_path, politeness=replace(FAST, concurrency_per_host=1)))
    assert outcome.ended.reason is EndReason.FINISHED and outcome.ended.complete
    assert len(outcome.pages) == 61
    assert max(Counter(site.paths()).values()) == 1
    depths = [event.depth for event in outcome.pages]
    assert depths == sorted(depths)
    assert outcome.ended.stats.fetched == 61 and outcome.ended.stats.queued == 0


def test_an_event_tells_everything_about_its_page(tmp_path: Path) -> None:
    site = LocalSite(
        {
            "/": page("/a", title="Start"),
            "/a": Reply(b"text", content_type="text/plain", headers={"X-A": "b"}),
        }
    )
    with running(site):
        outcome = run(wanted(site, tmp_path, page_processor=extractors.title_only))
        start, other = outcome.page(site.url()), outcome.page(site.url("/a"))
    assert (start.status, start.facts, start.depth, start.links, start.referrer) == (200, "Start", 0, 1, None)
    assert start.body == site.pages["/"].body and start.size == len(start.body)
    assert (other.facts, other.depth, other.referrer, other.content_type) == (
        None,
        1,
        site.url(),
        "text/plain",
    )
    assert ("X-A", "b") in other.headers
    assert 0 < other.ttfb <= other.total < 5 and abs(other.fetched_at - time.time()) < 60
    assert other.address == "127.0.0.1" and other.tls is None


def test_without_keep_body_only_facts_cross(tmp_path: Path) -> None:
    site = LocalSite({"/": page(title="Start")})
    with running(site):
        outcome = run(wanted(site, tmp_path, page_processor=extractors.title_only, keep_body=False))
    assert (outcome.pages[0].body, outcome.pages[0].facts) == (None, "Start")


def test_redirects_are_events_and_chains_are_kept(tmp_path: Path) -> None:
    site = LocalSite(
        {"/": page("/a"), "/a": redirect("/b"), "/b": redirect("/c?x=1#frag", "302 Found"), "/c?x=1": page()}
    )
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert outcome.page(site.url("/a")).redirect_to == site.url("/b")
        assert outcome.page(site.url("/c?x=1")).redirect_chain == (
            (site.url("/a"), 301),
            (site.url("/b"), 302),
        )


def test_redirect_loops_and_long_chains_end_with_a_reason(tmp_path: Path) -> None:
    def answer(path: str) -> Reply | None:
        return redirect(f"/hop/{int(path[5:]) + 1}") if path.startswith("/hop/") else None

    site = LocalSite(
        {
            "/": page("/self", "/x", "/hop/0"),
            "/self": redirect("/self"),
            "/x": redirect("/y"),
            "/y": redirect("/x"),
        },
        answer,
    )
    with running(site):
        outcome = run(wanted(site, tmp_path))
    reasons = Counter(event.reason for event in outcome.failed)
    assert reasons == {"redirect_loop": 2, "too_many_redirects": 1}
    assert "/hop/10" in site.paths() and "/hop/11" not in site.paths()


def test_start_url_that_moved_takes_the_scope_along(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/inner"), "/inner": page()})
    with running(site), running(LocalSite()) as old:
        old.pages["/"] = redirect(site.url("/"))
        allow = (f"127.0.0.1:{site.port}", f"127.0.0.1:{old.port}")
        outcome = run(wanted(old, tmp_path, allow_hosts=allow))
        assert outcome.page(site.url("/inner")).status == 200


def test_scope_patterns_and_depth_decide_what_is_fetched(tmp_path: Path) -> None:
    site = LocalSite(
        {
            "/": page("/in/a", "/out/b", "http://other.test/"),
            "/in/a": page("/in/a2"),
            "/in/a2": page("/in/a3"),
        }
    )
    with running(site):
        outcome = run(
            wanted(site, tmp_path, scope=CrawlScope(exclude=("/out/",)), limits=CrawlLimits(max_depth=2))
        )
        assert (site.url("/out/b"), "scope") in outcome.skipped and (
            "http://other.test/",
            "scope",
        ) in outcome.skipped
    assert set(site.paths()) == {"/robots.txt", "/", "/in/a", "/in/a2"}
    assert outcome.caps == {Cap.DEPTH}
    assert outcome.ended.reason is EndReason.FINISHED and not outcome.ended.complete


def test_listed_urls_are_fetched_and_nothing_else(tmp_path: Path) -> None:
    site = LocalSite({"/a": page("/c"), "/b": page("/c")})
    with running(site):
        run(wanted(site, tmp_path, "/a", "/b", scope=CrawlScope(ScopeMode.LISTED)))
    assert set(site.paths()) == {"/robots.txt", "/a", "/b"}


@pytest.mark.parametrize(
    ("limits", "cap"),
    [
        (CrawlLimits(max_pages=10), Cap.PAGES),
        (CrawlLimits(max_total_bytes=30_000), Cap.BYTES),
        (CrawlLimits(max_queued=20), Cap.QUEUE),
    ],
)
def test_a_cap_ends_the_crawl_and_is_reported(tmp_path: Path, limits: CrawlLimits, cap: Cap) -> None:
    site = generated_site(3000)
    with running(site):
        outcome = run(wanted(site, tmp_path, limits=limits))
    assert outcome.caps == {cap} and outcome.ended.caps == (cap,)
    assert not outcome.ended.complete
    if cap is Cap.PAGES:
        assert len(outcome.pages) == 10 and len(site.paths()) == 11
    if cap is not Cap.QUEUE:
        assert outcome.ended.reason is EndReason.CAP_REACHED and outcome.ended.resumable


def test_time_limit_ends_a_slow_crawl(tmp_path: Path) -> None:
    site = LocalSite(answer=lambda path: replace(page(path + "a"), delay=0.3))
    with running(site):
        started = time.monotonic()
        outcome = run(wanted(site, tmp_path, limits=CrawlLimits(max_seconds=1.5)))
    assert time.monotonic() - started < 6
    assert outcome.ended.caps == (Cap.TIME,)


def test_a_site_of_exactly_max_pages_is_complete(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/a"), "/a": page("/")})
    with running(site):
        outcome = run(wanted(site, tmp_path, limits=CrawlLimits(max_pages=2)))
    assert outcome.ended.reason is EndReason.FINISHED and outcome.ended.complete


# -- the guard inside the crawl
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://2130706433:{port}/",
        "http://0x7f.1:{port}/",
        "http://[::1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://user:secret@127.0.0.1:{port}/",
    ],
)
def test_private_and_forbidden_start_urls_end_with_their_reason_and_no_connection(
    tmp_path: Path, url: str
) -> None:
    site = LocalSite({"/": page()})
    with running(site):
        request = wanted(site, tmp_path, allow_hosts=("198.51.100.1:*",))
        outcome = run(replace(request, start_urls=(url.format(port=site.port),)))
    assert site.connections == 0
    assert [event.reason for event in outcome.failed] in (["host_not_public"], ["url_not_allowed"])
    assert outcome.ended.reason is EndReason.FINISHED


@pytest.mark.parametrize("resolver", [extractors.rebinding, extractors.mixed, extractors.unknown])
def test_rebinding_mixed_and_unknown_names_make_no_connection(
    tmp_path: Path, resolver: Callable[..., Any]
) -> None:
    site = LocalSite({"/": page()})
    with running(site):
        outcome = run(
            wanted(
                site,
                tmp_path,
                host="victim.test",
                resolver=resolver,
                allow_hosts=(f"198.51.100.7:{site.port}",),
                limits=CrawlLimits(page_timeout=0.5),
                politeness=replace(FAST, max_attempts=1),
            )
        )
    assert site.connections == 0
    assert [event.url for event in outcome.failed] == [site.url("/", "victim.test")]


def test_redirects_and_links_to_private_addresses_are_refused(tmp_path: Path) -> None:
    private = LocalSite({"/secret": page()})
    with running(private), running(LocalSite()) as site:
        site.pages["/"] = page("/jump", private.url("/secret"), "file:///etc/passwd")
        site.pages["/jump"] = redirect(private.url("/secret"))
        request = wanted(site, tmp_path, scope=CrawlScope(ScopeMode.HOST))
        run(replace(request, allow_hosts=(f"127.0.0.1:{site.port}", f"198.51.100.1:{private.port}")))
        assert site.paths().count("/jump") == 1
    assert private.connections == 0


def test_start_url_redirecting_to_a_private_address_is_refused_there(tmp_path: Path) -> None:
    private = LocalSite({"/secret": page()})
    with running(private), running(LocalSite()) as site:
        site.pages["/"] = redirect(private.url("/secret"))
        allow = (f"127.0.0.1:{site.port}", f"198.51.100.1:{private.port}")
        outcome = run(wanted(site, tmp_path, allow_hosts=allow))
        assert [(event.url, event.reason) for event in outcome.failed] == [
            (private.url("/secret"), "host_not_public")
        ]
    assert private.connections == 0


def test_no_cookie_secret_or_proxy_reaches_site_or_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = LocalSite()
    site = LocalSite({"/": replace(page("/a"), headers={"Set-Cookie": "sid=secret"}), "/a": page()})
    with running(proxy), running(site):
        monkeypatch.setenv("http_proxy", proxy.url())
        monkeypatch.setenv("ALL_PROXY", proxy.url())
        monkeypatch.setenv("SECRET_KEY", "very secret")
        monkeypatch.setenv("DATABASE_URL", "postgres://secret")
        outcome = run(wanted(site, tmp_path, page_processor=extractors.environment))
    assert proxy.connections == 0
    for hit in site.hits:
        assert set(hit.headers) == {"host", "user-agent", "accept", "accept-encoding"}
    facts = outcome.pages[0].facts
    assert not {"http_proxy", "ALL_PROXY", "SECRET_KEY", "DATABASE_URL"} & set(facts)


# -- hostile and broken servers
# --------------------------------------------------------------------------------------


def test_hostile_answers_end_with_a_reason_and_the_crawl_goes_on(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(100_000_000))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
    links = (
        "/drip",
        "/bomb",
        "/flood",
        "/reset",
        "/garbage",
        "/short",
        "/slow",
        "/encoding",
        "/chunks",
        "/fine",
    )
    site = LocalSite(
        {
            "/": page(*links),
            "/drip": Reply(b"x" * 1000, drip=0.05),
            "/bomb": Reply(bomb, headers={"Content-Encoding": "gzip"}),
            "/flood": Reply(raw=head + b"X-Flood: yyyyyyyyyyyyyyyyyy\r\n" * 10_000 + b"\r\n"),
            "/reset": Reply(reset=True),
            "/garbage": Reply(raw=b"220 smtp ready\r\n\r\n"),
            "/short": Reply(raw=head + b"Content-Length: 100\r\n\r\nshort"),
            "/slow": Reply(b"late", delay=30),
            "/encoding": Reply(b"not gzip", headers={"Content-Encoding": "gzip"}),
            "/chunks": Reply(raw=head + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx"),
            "/fine": page(),
        }
    )
    limits = CrawlLimits(page_timeout=1, max_page_bytes=1_000_000)
    with running(site):
        outcome = run(wanted(site, tmp_path, limits=limits, politeness=replace(FAST, max_attempts=1)))
        reasons = {event.url.rpartition("/")[2]: event.reason for event in outcome.failed}
        assert outcome.page(site.url("/fine")).status == 200
        cut = outcome.page(site.url("/bomb"))
    assert reasons == {
        "drip": "fetch_timeout",
        "flood": "response_too_large",
        "reset": "fetch_failed",
        "garbage": "fetch_failed",
        "short": "fetch_failed",
        "slow": "fetch_failed",
        "encoding": "undecodable_response",
        "chunks": "fetch_failed",
    }
    assert cut.truncated and cut.size == 1_000_000
    assert outcome.ended.stats.rss < 150_000_000


def test_ten_megabyte_pages_and_broken_encodings_are_crawled(tmp_path: Path) -> None:
    site = LocalSite(
        {
            "/": page("/big", "/nodes", "/broken"),
            "/big": Reply(b"<p>" + b"word " * 2_000_000),
            "/nodes": Reply(b"<i>x</i>" * 100_000 + b'<a href="/found">'),
            "/broken": Reply(b'\xff\xfe\x00<a href="/\xe4">', content_type="text/html; charset=klingon"),
            "/found": page(),
        }
    )
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert outcome.page(site.url("/big")).truncated
        assert outcome.page(site.url("/found")).status == 200
    assert all(event.processing_error is None for event in outcome.pages)


def test_failing_and_hanging_extractors_cost_one_page(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/bad", "/good"), "/bad": page(), "/good": page("/more"), "/more": page()})
    cases = (
        (extractors.failing, "KeyError"),
        (extractors.hanging, "timeout"),
        (extractors.unserialisable, "TypeError"),
    )
    for processor, problem in cases:
        with running(site):
            outcome = run(
                wanted(
                    site,
                    tmp_path / problem,
                    page_processor=processor,
                    limits=CrawlLimits(page_processing_timeout=0.5),
                )
            )
            assert problem in (outcome.page(site.url("/bad")).processing_error or "")
            assert outcome.page(site.url("/more")).processing_error is None


def test_catastrophic_scope_pattern_costs_pages_not_the_crawl(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/" + "a" * 40 + "!")})
    with running(site):
        outcome = run(
            wanted(
                site,
                tmp_path,
                scope=CrawlScope(exclude=(r"(a+)+$",)),
                limits=CrawlLimits(page_processing_timeout=0.5),
            )
        )
    assert outcome.pages[0].processing_error == "timeout"


def test_traps_are_left_with_a_reason(tmp_path: Path) -> None:
    def answer(path: str) -> Reply | None:
        if path.startswith("/loop/"):
            return page(path + "loop/")
        if path.startswith("/calendar/"):
            year = int(path.split("/")[2])
            return page(f"/calendar/{year + 1}/01/")
        if path.startswith("/list?"):
            number = int(path.split("=")[1])
            return page(f"/list?f={number * 2 + 1}", f"/list?f={number * 2 + 2}")
        return page("/shop?sid=" + os.urandom(4).hex(), "/shop") if path.startswith("/shop") else None

    site = LocalSite({"/": page("/loop/", "/calendar/2026/01/", "/list?f=0", "/shop?sid=1")}, answer)
    with running(site):
        outcome = run(wanted(site, tmp_path, limits=CrawlLimits(max_query_variants=20, max_depth=100)))
    assert outcome.ended.complete
    assert outcome.skip_reasons["trap:repeated_segments"] == 1
    assert outcome.skip_reasons["trap:calendar"] == 1
    assert outcome.skip_reasons["trap:query_variants"] > 0
    assert site.paths().count("/shop") == 1
    assert len(site.paths()) < 60


# -- politeness
# ------------------------------------------------------------------------------------------------------


def test_robots_txt_is_obeyed_and_reported(tmp_path: Path) -> None:
    robots = b"User-agent: PlugZeroBot\nDisallow: /private\nSitemap: http://x.test/s.xml\n"
    site = LocalSite(
        {"/robots.txt": Reply(robots, content_type="text/plain"), "/": page("/private/a", "/b"), "/b": page()}
    )
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert (site.url("/private/a"), "robots") in outcome.skipped
    assert "/private/a" not in site.paths()
    (report,) = outcome.robots
    assert (report.status, report.disallows_all, report.sitemaps) == (200, False, ("http://x.test/s.xml",))
    assert site.paths()[0] == "/robots.txt" and site.hits[0].headers["user-agent"] == "plugzerobot/1.0"


def test_robots_txt_that_forbids_all_is_a_finding_not_an_error(tmp_path: Path) -> None:
    site = LocalSite({"/robots.txt": Reply(b"User-agent: *\nDisallow: /"), "/": page()})
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert outcome.skipped == {(site.url(), "robots")}
    assert site.paths() == ["/robots.txt"]
    assert outcome.robots[0].disallows_all and outcome.ended.reason is EndReason.FINISHED


def test_failing_robots_txt_forbids_all(tmp_path: Path) -> None:
    site = LocalSite({"/robots.txt": Reply(status="500 Oops"), "/": page()})
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert outcome.skipped == {(site.url(), "robots_unreachable")}


def test_owner_may_ask_to_pass_over_robots_txt(tmp_path: Path) -> None:
    site = LocalSite({"/robots.txt": Reply(b"User-agent: *\nDisallow: /"), "/": page()})
    with running(site):
        outcome = run(wanted(site, tmp_path, politeness=replace(FAST, obey_robots=False)))
    assert len(outcome.pages) == 1


def test_crawl_delay_spaces_the_requests(tmp_path: Path) -> None:
    site = LocalSite(
        {
            "/robots.txt": Reply(b"User-agent: *\nCrawl-delay: 0.4"),
            "/": page("/a", "/b", "/c"),
            **{path: page() for path in ("/a", "/b", "/c")},
        }
    )
    with running(site):
        outcome = run(wanted(site, tmp_path))
    times = [hit.time for hit in site.hits if hit.path != "/robots.txt"]
    assert all(later - earlier > 0.35 for earlier, later in itertools.pairwise(times))
    assert outcome.robots[0].crawl_delay == 0.4


def test_polite_default_uses_one_connection_and_pauses(tmp_path: Path) -> None:
    names = [f"/{letter}" for letter in "abcdef"]
    site = LocalSite({"/": page(*names), **{name: replace(page(), delay=0.05) for name in names}})
    with running(site):
        run(wanted(site, tmp_path, politeness=Politeness()))
    assert site.max_concurrent == 1 and site.connections == 1
    times = [hit.time for hit in site.hits]
    assert times[-1] - times[0] > 0.5


def test_owner_permission_limits_connections_exactly(tmp_path: Path) -> None:
    names = [f"/{number}" for number in range(60)]
    site = LocalSite({"/": page(*names), **{name: replace(page(), delay=0.02) for name in names}})
    with running(site):
        run(wanted(site, tmp_path, politeness=Politeness.owner_permits(concurrency=3)))
    assert site.max_concurrent == 3 and site.connections <= 3


def test_retry_after_is_respected_and_the_page_fetched_in_the_end(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/a", "/b"), "/b": page()})
    refusals = iter([Reply(status="429 Slow down", headers={"Retry-After": "2"})])
    site.answer = lambda path: next(refusals, page()) if path == "/a" else None
    with running(site):
        outcome = run(wanted(site, tmp_path, politeness=replace(FAST, concurrency_per_host=1)))
        assert outcome.page(site.url("/a")).attempts == 2
    times = [hit.time for hit in site.hits]
    refused = next(hit.time for hit in site.hits if hit.path == "/a")
    assert all(moment <= refused or moment - refused >= 1.9 for moment in times)


def test_site_that_refuses_for_a_while_is_waited_for(tmp_path: Path) -> None:
    site = LocalSite()
    started = time.monotonic()

    def answer(path: str) -> Reply | None:
        if path == "/":
            return page(*[f"/{number}" for number in range(8)])
        if path == "/robots.txt":
            return None
        return page() if time.monotonic() - started > 4 else Reply(status="503 Busy")

    site.answer = answer
    with running(site):
        outcome = run(wanted(site, tmp_path, politeness=replace(FAST, max_attempts=2)))
    assert outcome.ended.complete and len(outcome.pages) == 9
    assert {event.status for event in outcome.pages} == {200}
    assert len(site.hits) < 40


def test_lasting_error_pages_are_reported_with_their_status(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/500", "/ok"), "/500": Reply(b"oops", status="500 Oops"), "/ok": page()})
    with running(site):
        outcome = run(wanted(site, tmp_path))
        assert (outcome.page(site.url("/500")).status, outcome.page(site.url("/500")).attempts) == (500, 2)


def test_server_that_dies_ends_the_crawl_resumably_and_resume_finishes_it(tmp_path: Path) -> None:
    site = generated_site(40)
    gone = {"dead": False}
    alive = site.answer
    assert alive is not None

    def answer(path: str) -> Reply | None:
        if len(site.hits) > 15 and not gone.get("revived"):
            gone["dead"] = True
        return Reply(reset=True) if gone["dead"] else alive(path)

    site.answer = answer
    with running(site):
        request = wanted(site, tmp_path, politeness=replace(FAST, patience=2))
        first = run(request)
        assert first.ended.reason is EndReason.HOST_UNAVAILABLE and first.ended.resumable
        assert first.pages and first.ended.stats.queued > 0
        gone.update(dead=False, revived=True)
        second = run(request)
    assert second.ended.complete
    fetched = [event.url for event in first.pages + second.pages]
    assert len(fetched) == len(set(fetched)) == 41


# -- life and death
# --------------------------------------------------------------------------------------------------


def test_cancel_stops_soon_and_resume_fetches_nothing_twice(tmp_path: Path) -> None:
    site = generated_site(400)
    slow = site.answer
    assert slow is not None
    site.answer = lambda path: replace(slow(path) or Reply(status="404 No"), delay=0.01)
    with running(site):
        request = wanted(site, tmp_path)
        seen: list[CrawlEvent] = []
        started = time.monotonic()
        for batch in crawl(request, should_stop=lambda: len(site.hits) > 60):
            seen += batch
        first = Outcome(seen)
        assert first.ended.reason is EndReason.CANCELLED and first.ended.resumable
        assert time.monotonic() - started < 10
        second = run(request)
    assert second.ended.complete
    fetched = [event.url for event in first.pages + second.pages]
    assert len(fetched) == len(set(fetched)) == 401
    again = [path for path, count in Counter(site.paths()).items() if count > 1 and path != "/robots.txt"]
    assert len(again) <= 4  # at most what was in flight when the stop came


def test_killed_child_is_restarted_and_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/a", "/bad", "/c"), **{path: page() for path in ("/a", "/bad", "/c")}})
    with running(site):
        outcome = run(wanted(site, tmp_path, page_processor=extractors.killing_the_process_once))
    assert outcome.ended.complete
    urls = [event.url for event in outcome.pages]
    assert len(urls) == len(set(urls)) == 4


def test_child_that_always_dies_gives_a_reason(tmp_path: Path) -> None:
    site = LocalSite({"/": page("/bad"), "/bad": page()})
    with running(site):
        outcome = run(wanted(site, tmp_path, page_processor=extractors.killing_the_process))
    assert outcome.ended.reason is EndReason.CHILD_DIED and outcome.ended.resumable
    assert "signal 9" in outcome.ended.detail


def test_memory_hog_is_stopped(tmp_path: Path) -> None:
    site = generated_site(500)
    limits = CrawlLimits(max_memory_bytes=150_000_000, restarts=0)
    with running(site):
        outcome = run(wanted(site, tmp_path, page_processor=extractors.hoarding, limits=limits))
    assert outcome.ended.reason in (EndReason.CAP_REACHED, EndReason.CHILD_DIED)
    assert outcome.ended.caps == (Cap.MEMORY,) or "memory" in outcome.ended.detail
    assert len(outcome.pages) < 100


def test_unacknowledged_events_come_again_after_the_parent_died(tmp_path: Path) -> None:
    site = generated_site(150)
    with running(site):
        request = wanted(site, tmp_path)
        stored: set[str] = set()
        batches = crawl(request)
        for batch in batches:
            if len(stored) > 60:
                break  # this batch is never stored: the worker was killed here
            stored |= {event.url for event in batch if isinstance(event, PageFetched)}
        batches.close()  # type: ignore[attr-defined]
        hits_before = Counter(site.paths())
        for batch in crawl(request):
            stored |= {event.url for event in batch if isinstance(event, PageFetched)}
        again = [path for path, n in (Counter(site.paths()) - hits_before).items() if n and hits_before[path]]
    assert len(stored) == 151
    assert len([path for path in again if path != "/robots.txt"]) <= FAST.concurrency_per_host


def test_abandoned_child_ends_by_itself(tmp_path: Path) -> None:
    site = generated_site(2000)
    with running(site):
        batches = crawl(wanted(site, tmp_path))
        next(batches)
        children = _children()
        assert len(children) == 1
        batches.close()  # type: ignore[attr-defined]
        assert _children() == []


def _children() -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if b"kernel.crawl.child" in command and parent == os.getpid():
                found.append(int(entry.name))
    return found


def _crawl_in_worker(request: CrawlRequest, results: Any) -> None:
    results.put(len(run(request).pages))


def test_works_inside_daemonic_workers(tmp_path: Path) -> None:
    """Celery's prefork workers are daemonic processes, which may not have multiprocessing children."""
    site = generated_site(20)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    with running(site):
        worker = context.Process(target=_crawl_in_worker, args=(wanted(site, tmp_path), results), daemon=True)
        worker.start()
        assert results.get(timeout=30) == 21
        worker.join(10)


def test_killed_worker_leaves_no_crawl_process_behind(tmp_path: Path) -> None:
    site = LocalSite(answer=lambda path: replace(page(path + "a", path + "b"), delay=0.05))
    context = multiprocessing.get_context("fork")
    with running(site):
        worker = context.Process(
            target=_crawl_in_worker, args=(wanted(site, tmp_path), context.Queue()), daemon=True
        )
        worker.start()
        deadline = time.monotonic() + 10
        while len(site.hits) < 5 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert worker.pid is not None
        os.kill(worker.pid, signal.SIGKILL)
        worker.join(10)
        time.sleep(2)
        hits = len(site.hits)
        time.sleep(1)
        assert len(site.hits) == hits > 0


@pytest.mark.parametrize(
    ("limit", "stop", "reason"),
    [("_STALL_SECONDS", False, EndReason.STALLED), ("_STOP_SECONDS", True, EndReason.CANCELLED)],
)
def test_child_that_hangs_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, stop: bool, reason: EndReason
) -> None:
    site = LocalSite(answer=lambda path: replace(page(path + "a"), delay=0.05))
    stopped: list[int] = []
    with running(site):
        batches = crawl(
            wanted(site, tmp_path, limits=CrawlLimits(restarts=0)), should_stop=lambda: stop and bool(stopped)
        )
        next(batches)
        (child,) = _children()
        os.kill(child, signal.SIGSTOP)
        monkeypatch.setattr(runner, limit, 1.5)
        stopped.append(child)
        outcome = Outcome([event for batch in batches for event in batch])
    assert outcome.ended.reason is reason and outcome.ended.resumable
    assert _children() == []


def test_finished_job_says_so_again_without_fetching(tmp_path: Path) -> None:
    site = LocalSite({"/": page()})
    with running(site):
        request = wanted(site, tmp_path)
        run(request)
        hits = len(site.hits)
        outcome = run(request)
    assert outcome.ended.complete and not outcome.pages and len(site.hits) == hits
    assert outcome.ended.stats.fetched == 1


def test_job_directory_of_another_crawl_is_refused(tmp_path: Path) -> None:
    site = LocalSite({"/": page(), "/other": page()})
    with running(site):
        run(wanted(site, tmp_path))
        with pytest.raises(CrawlRequestInvalid):
            run(wanted(site, tmp_path, "/other"))


def test_extractors_that_cannot_be_imported_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CrawlRequestInvalid):
        next(crawl(CrawlRequest(("http://x.test/",), tmp_path, page_processor=lambda page: None)))


def test_progress_is_reported(tmp_path: Path) -> None:
    site = LocalSite(answer=lambda path: replace(page(path + "a"), delay=0.2))
    with running(site):
        outcome = run(wanted(site, tmp_path, limits=CrawlLimits(max_pages=8)))
    reports = [event for event in outcome.events if isinstance(event, CrawlStats)]
    assert reports and reports[-1].fetched > 0 and reports[-1].rss > 10_000_000


# -- TLS
# -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "problem"), [("expired", "untrusted"), ("self_signed", "self_signed"), ("unknown", "untrusted")]
)
def test_bad_certificates_are_reported_and_the_site_is_crawled(
    tmp_path: Path, case: str, problem: str
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if case == "self_signed":
        _self_signed(context, tmp_path)
    else:
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
        trustme.CA().issue_cert("shop.test", not_after=past if case == "expired" else None).configure_cert(
            context
        )
    site = LocalSite({"/": page("/a"), "/a": page()})
    with running(site, context=context):
        outcome = run(wanted(site, tmp_path, host="shop.test", resolver=extractors.all_loopback))
    assert len(outcome.pages) == 2
    for event in outcome.pages:
        assert event.tls is not None and event.tls.problem == problem
        assert event.tls.protocol.startswith("TLSv1") and event.tls.not_after is not None
        assert (event.tls.not_after < time.time()) is (case == "expired")


@pytest.mark.parametrize(
    ("name", "expired", "problem"),
    [("shop.test", False, None), ("shop.test", True, "expired"), ("other.test", False, "hostname_mismatch")],
)
def test_certificates_of_a_trusted_authority_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, expired: bool, problem: str | None
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=2)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=past if expired else None).configure_cert(context)
    site = LocalSite({"/": page()})
    with running(site, context=context):
        outcome = run(wanted(site, tmp_path, host="shop.test", resolver=extractors.all_loopback))
    (event,) = outcome.pages
    assert event.tls is not None and event.tls.problem == problem


def _self_signed(context: ssl.SSLContext, folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "c.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "k.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context.load_cert_chain(folder / "c.pem", folder / "k.pem")


# -- sitemaps
# --------------------------------------------------------------------------------------------------------


def _urlset(*urls: str) -> bytes:
    return ("<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>").encode()


def _index(*urls: str) -> bytes:
    return (
        "<sitemapindex>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls) + "</sitemapindex>"
    ).encode()


def test_sitemaps_feed_the_crawl_and_hostile_ones_end_with_a_problem(tmp_path: Path) -> None:
    site = LocalSite({"/": page(), "/orphan": page(), "/from-gz": page()})
    with running(site):
        xml = "application/xml"
        site.pages |= {
            "/robots.txt": Reply(f"Sitemap: {site.url('/index.xml')}".encode()),
            "/index.xml": Reply(
                _index(
                    *[
                        site.url(f"/{name}")
                        for name in ("index.xml", "a.xml", "b.xml.gz", "bomb.xml.gz", "no.xml")
                    ]
                ),
                content_type=xml,
            ),
            "/a.xml": Reply(
                _urlset(site.url("/orphan"), "http://elsewhere.test/", "file:///etc/passwd"), content_type=xml
            ),
            "/b.xml.gz": Reply(gzip.compress(_urlset(site.url("/from-gz"))), content_type="application/gzip"),
            "/bomb.xml.gz": Reply(
                gzip.compress(b"<urlset>" + b" " * 200_000_000), content_type="application/gzip"
            ),
        }
        outcome = run(wanted(site, tmp_path, use_sitemaps=True))
        assert outcome.page(site.url("/orphan")).referrer == site.url("/a.xml")
        assert outcome.page(site.url("/from-gz")).status == 200
    problems = {event.url.rpartition("/")[2]: event.problem for event in outcome.sitemaps}
    assert problems == {
        "index.xml": None,
        "a.xml": None,
        "b.xml.gz": None,
        "bomb.xml.gz": "too_large",
        "no.xml": "status",
        "sitemap.xml": "status",
    }
    assert site.paths().count("/index.xml") == 1
    assert outcome.ended.complete


def test_sitemap_with_fifty_thousand_entries_is_read(tmp_path: Path) -> None:
    site = LocalSite({"/": page()}, lambda path: page() if path.startswith("/p") else None)
    with running(site):
        body = _urlset(*[site.url(f"/p{number}") for number in range(50_000)])
        site.pages["/sitemap.xml"] = Reply(body, content_type="application/xml")
        outcome = run(wanted(site, tmp_path, use_sitemaps=True, limits=CrawlLimits(max_pages=30)))
    assert len(outcome.sitemaps[0].entries) == 50_000
    assert outcome.ended.stats.queued > 49_000 and outcome.caps == {Cap.PAGES}


def test_host_that_is_not_there_is_given_up_soon(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    url = f"http://127.0.0.1:{closed}/"
    started = time.monotonic()
    outcome = run(CrawlRequest((url,), tmp_path / "job", allow_hosts=(f"127.0.0.1:{closed}",)))
    assert time.monotonic() - started < 20
    assert [(event.url, event.reason) for event in outcome.failed] == [(url, "fetch_failed")]


def test_closed_port_is_reported_like_a_silent_one(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    silent = LocalSite(answer=lambda path: Reply(delay=60))
    details = set()
    with running(silent):
        for number, port in enumerate((closed, silent.port)):
            request = CrawlRequest(
                (f"http://127.0.0.1:{port}/",),
                tmp_path / str(number),
                allow_hosts=(f"127.0.0.1:{port}",),
                limits=CrawlLimits(page_timeout=0.5),
                politeness=replace(FAST, max_attempts=1),
            )
            details |= {(event.reason, event.detail) for event in run(request).failed}
    assert len(details) == 1
