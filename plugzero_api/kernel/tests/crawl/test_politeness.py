from __future__ import annotations

import pytest

from plugzero_api.kernel.crawl.contracts import Politeness
from plugzero_api.kernel.crawl.politeness import HostState, RobotsRules, parse_retry_after


def test_pauses_double_and_are_forgotten_after_an_answer() -> None:
    state = HostState(Politeness())
    pauses = []
    now = 100.0
    for _ in range(8):
        state.busy("u", now, None)
        pauses.append(state.not_before - now)
        now = state.not_before
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]
    state.answered()
    state.busy("u", now, None)
    assert state.not_before - now == 1


def test_retry_after_is_kept_when_longer_and_bounded() -> None:
    state = HostState(Politeness(max_retry_after=120))
    state.busy("u", 0, 30)
    assert state.not_before == 30
    state.busy("u", 30, 100_000)
    assert state.not_before == 150


def test_answers_to_requests_sent_before_the_pause_do_not_lengthen_it() -> None:
    state = HostState(Politeness())
    state.busy("u", 0, 10)
    state.busy("v", 0.1, 10)
    assert state.not_before == 10


def test_a_host_that_is_down_as_a_whole_is_waited_for_until_patience_ends() -> None:
    state = HostState(Politeness(max_attempts=2, patience=300))
    state.answered()
    for url in "abc":
        state.busy(url, 1000, None)
    assert state.may_retry(attempts=50, now=1200)
    assert not state.may_retry(attempts=50, now=1301)
    assert state.exhausted(1301)


def test_host_that_never_answered_is_not_waited_for_long() -> None:
    state = HostState(Politeness())
    for _ in range(6):
        state.busy("u", state.not_before, None, silent=True)
    assert state.not_before == 1 + 5 * 2


def test_one_bad_page_is_no_outage() -> None:
    state = HostState(Politeness(max_attempts=2))
    state.answered()
    for attempt in range(5):
        state.busy("bad", 1000 + attempt, None)
    assert not state.down and not state.may_retry(attempts=2, now=1010)


def test_a_host_that_never_answered_gets_its_attempts_only() -> None:
    state = HostState(Politeness(max_attempts=2))
    state.busy("u", 0, None)
    assert state.may_retry(attempts=1, now=1)
    assert not state.may_retry(attempts=2, now=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_retry_after_header_is_read(value: str | None, expected: float | None) -> None:
    assert parse_retry_after(value, now=1445412450.0) == expected  # 2015-10-21 07:27:30 UTC


ROBOTS = b"""User-agent: *
Disallow: /private
User-agent: PlugZeroBot
Crawl-delay: 2.5
Disallow: /only-us
Allow: /only-us/except
Sitemap: https://x.test/map.xml
"""


def test_our_group_of_robots_txt_applies() -> None:
    rules = RobotsRules.from_answer("PlugZeroBot", 200, ROBOTS)
    assert rules.allows("https://x.test/private")
    assert not rules.allows("https://x.test/only-us/a")
    assert rules.allows("https://x.test/only-us/except")
    assert rules.crawl_delay == 2.5
    assert rules.sitemaps == ("https://x.test/map.xml",)
    assert not RobotsRules.from_answer("OtherBot", 200, ROBOTS).allows("https://x.test/private")


@pytest.mark.parametrize(
    ("status", "allowed"), [(404, True), (403, True), (410, True), (429, False), (500, False), (503, False)]
)
def test_missing_robots_txt_allows_and_failing_forbids(status: int, allowed: bool) -> None:
    assert RobotsRules.from_answer("PlugZeroBot", status, b"").allows("https://x.test/") is allowed


@pytest.mark.parametrize(
    "body", [b"\xff\xfe\x00", b"<html>not robots</html>", b"\x00" * 1000, b"Disallow: /\n"]
)
def test_broken_robots_txt_allows(body: bytes) -> None:
    assert RobotsRules.from_answer("PlugZeroBot", 200, body).allows("https://x.test/a")
