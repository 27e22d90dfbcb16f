import random
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seo_intelligence.logic.page import Finding, Severity
from seo_intelligence.logic.score import ScoredPage, calculate_score, page_weights

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTICE


def found(check_id, url, severity=E, proven=True):
    return Finding(check_id, url, severity, {}, proven=proven)


def by_check(finding):
    return finding.check_id


def test_a_clean_site_scores_one_hundred():
    result = calculate_score([ScoredPage("/", 1.0)], [], by_check)
    assert result.score == Decimal(100)
    assert result.points == {}


def test_points_follow_severity_and_rank():
    pages = [ScoredPage("/", 0.75), ScoredPage("/a", 0.25)]
    result = calculate_score(pages, [found("x", "/", E), found("y", "/a", W), found("z", "/a", N)], by_check)
    # 75 * 20/120 on the home page, 25 * 6/107 and 25 * 1/107 on the other
    assert result.points == {"x": Decimal("12.5"), "y": Decimal("1.4019"), "z": Decimal("0.2336")}
    assert result.score == Decimal("85.8645")


def test_a_page_never_loses_more_than_itself_and_the_loss_is_shared_by_severity():
    result = calculate_score([ScoredPage("/", 1.0)], [found(f"c{n}", "/") for n in range(20)], by_check)
    assert result.score == Decimal(20)
    assert set(result.points.values()) == {Decimal(4)}


def test_a_check_that_fails_often_on_one_page_counts_once():
    once = calculate_score([ScoredPage("/", 1.0)], [found("alt", "/", W)], by_check)
    often = calculate_score([ScoredPage("/", 1.0)], [found("alt", "/", W)] * 40, by_check)
    assert once == often


def test_a_site_wide_finding_counts_on_every_page():
    pages = [ScoredPage("/", 0.6), ScoredPage("/a", 0.4)]
    assert calculate_score(pages, [found("robots", None, E)], by_check).score == Decimal("83.3333")


def test_findings_on_pages_that_are_not_indexable_cost_nothing():
    result = calculate_score([ScoredPage("/", 1.0)], [found("http.4xx", "/gone")], by_check)
    assert result.score == Decimal(100)


def test_unscored_checks_cost_nothing():
    result = calculate_score(
        [ScoredPage("/", 1.0)], [found("ai", None)], by_check, unscored=frozenset({"ai"})
    )
    assert result.score == Decimal(100)


def test_known_impressions_give_a_page_more_weight():
    weights = page_weights([ScoredPage("/", 0.5, 999.0), ScoredPage("/a", 0.5, 0.0)])
    assert weights["/"] / weights["/a"] == pytest.approx(4.0)


def test_a_site_without_indexable_pages_has_no_score():
    result = calculate_score([], [found("robots", None)], by_check)
    assert result.score is None
    assert result.reason == "no_indexable_pages"


CHECKS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
URLS = st.sampled_from([None, *(f"/{i}" for i in range(7))])
FINDINGS = st.lists(st.builds(found, CHECKS, URLS, st.sampled_from([E, W, N])), max_size=60)
RANKS = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=7)


@settings(max_examples=200, deadline=None)
@given(FINDINGS, RANKS)
def test_points_always_sum_to_exactly_what_is_missing(findings, ranks):
    pages = [ScoredPage(f"/{i}", rank) for i, rank in enumerate(ranks)]
    result = calculate_score(pages, findings, by_check)
    assert sum(result.points.values(), Decimal(0)) == 100 - result.score
    assert all(value >= 0 for value in result.points.values())
    assert 0 <= result.score <= 100


@settings(max_examples=50, deadline=None)
@given(FINDINGS, RANKS, st.randoms())
def test_the_order_of_pages_and_findings_does_not_matter(findings, ranks, rng):
    pages = [ScoredPage(f"/{i}", rank) for i, rank in enumerate(ranks)]
    shuffled_pages, shuffled = pages[:], findings[:]
    rng.shuffle(shuffled_pages)
    rng.shuffle(shuffled)
    assert calculate_score(pages, findings, by_check) == calculate_score(shuffled_pages, shuffled, by_check)


def test_a_truncated_crawl_has_an_interval_that_widens_with_what_was_not_seen():
    rng = random.Random(7)
    pages = [ScoredPage(f"/{i}", 1.0) for i in range(100)]
    findings = [found("x", f"/{i}") for i in range(100) if rng.random() < 0.3]
    few = calculate_score(pages, findings, by_check, unvisited=10, truncated=True).interval
    many = calculate_score(pages, findings, by_check, unvisited=900, truncated=True).interval
    assert few.low < calculate_score(pages, findings, by_check).score < few.high
    assert many.low < few.low and many.high > few.high
    assert many.unvisited_share == Decimal("0.9")


def test_unproven_findings_are_left_out_of_the_upper_end():
    result = calculate_score(
        [ScoredPage("/", 1.0)], [found("orphan", "/", E, proven=False)], by_check, unvisited=0, truncated=True
    )
    assert result.score == Decimal("83.3333")
    assert (result.interval.low, result.interval.high) == (Decimal("83.3333"), Decimal(100))
