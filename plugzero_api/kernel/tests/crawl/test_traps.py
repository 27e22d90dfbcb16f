from __future__ import annotations

import pytest

from plugzero_api.kernel.crawl.traps import TrapDetector, strip_session


def detector(**changes: int) -> TrapDetector:
    return TrapDetector(this_year=2026, **changes)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://x.test/" + "a" * 2100, "url_too_long"),
        ("https://x.test/" + "/".join(f"s{number}" for number in range(31)), "path_too_deep"),
        ("https://x.test/a/b/a/b/a/b/", "repeated_segments"),
        ("https://x.test/img/img/img/img/", "repeated_segments"),
        ("https://x.test/en/shop/en/cart/en/help/en/", "repeated_segments"),
        ("https://x.test/calendar/2031/05/", "calendar"),
        ("https://x.test/events?year=1875&month=3", "calendar"),
        ("https://x.test/agenda/2099-01", "calendar"),
    ],
)
def test_endless_spaces_are_recognised(url: str, reason: str) -> None:
    assert detector().judge(url) == reason


@pytest.mark.parametrize(
    "url",
    [
        "https://x.test/",
        "https://x.test/a/b/a/b/",
        "https://x.test/2024/05/17/article-about-something",
        "https://x.test/calendar/2026/05/",
        "https://x.test/events?year=2027&month=3",
        "https://x.test/product-1875-blue",
        "https://x.test/p/1/1/1/1/1",
        "https://x.test/en/docs/en/guide",
        "https://x.test/1999/12",
        "https://x.test/models/9000/specs",
        "https://x.test/?page=2",
    ],
)
def test_ordinary_urls_pass(url: str) -> None:
    assert detector().judge(url) is None


def test_calendar_with_one_page_per_day_ends() -> None:
    judge = detector().judge
    verdicts = [
        judge(f"https://x.test/calendar/{year}/{month:02}/{day:02}")
        for year in (2025, 2026)
        for month in range(1, 13)
        for day in range(1, 29)
    ]
    assert verdicts[:100] == [None] * 100
    assert set(verdicts[200:]) == {"calendar"}


def test_query_variants_of_one_path_are_limited() -> None:
    judge = detector(max_query_variants=10).judge
    verdicts = [judge(f"https://x.test/list?color={number}") for number in range(12)]
    assert verdicts == [None] * 10 + ["query_variants"] * 2
    assert judge("https://x.test/other?color=1") is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.test/a?PHPSESSID=abc123", "https://x.test/a"),
        ("https://x.test/a?x=1&sid=99&y=2", "https://x.test/a?x=1&y=2"),
        ("https://x.test/a?x=1&SessionID=99", "https://x.test/a?x=1"),
        ("https://x.test/a;jsessionid=0A1B2C?x=1", "https://x.test/a?x=1"),
        ("https://x.test/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "https://x.test/a.aspx"),
        ("https://x.test/a?side=1&basid=2", "https://x.test/a?side=1&basid=2"),
        ("https://x.test/a?x=1", "https://x.test/a?x=1"),
        ("https://x.test/a?", "https://x.test/a"),
    ],
)
def test_session_ids_are_taken_out_of_the_url(url: str, expected: str) -> None:
    assert strip_session(url) == expected
