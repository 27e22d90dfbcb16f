from decimal import Decimal

import pytest

from seo_intelligence.logic.competitors import (
    AuditedSite,
    SampledPage,
    SamplesNotComparable,
    compare_sites,
    sample_pages,
)
from seo_intelligence.logic.page import Finding, Severity

CATEGORIES = {"t.missing": "titles", "l.broken": "links", "s.hsts": "security"}
ALL = frozenset(CATEGORIES)


def site(domain, count, findings=(), checks=ALL):
    pages = [SampledPage(f"{domain}/{n}", n // 3, 1.0) for n in range(count)]
    return AuditedSite(domain, pages, [Finding(c, u, Severity.ERROR, {}) for c, u in findings], checks)


def test_scores_are_per_category_on_samples_of_the_same_size():
    ours = site("a", 10, [("t.missing", f"a/{n}") for n in range(5)])
    rival = site("b", 400, [("l.broken", f"b/{n}") for n in range(400)] + [("s.hsts", None)])
    first, second = compare_sites([ours, rival], CATEGORIES)
    assert (first.sample_pages, second.sample_pages, second.indexable_pages) == (10, 10, 400)
    half, all_pages = Decimal("91.6667"), Decimal("83.3333")  # 5 of 10 pages, and all, with one error
    assert first.by_category == {"titles": half, "links": Decimal(100), "security": Decimal(100)}
    assert second.by_category == {"titles": Decimal(100), "links": all_pages, "security": all_pages}
    assert (first.technical_score, second.technical_score) == (half, Decimal("71.4286"))


def test_checks_that_one_site_did_not_run_are_not_held_against_the_other():
    ours = site("a", 6, [("t.missing", "a/0")])
    rival = site("b", 6, checks=frozenset({"l.broken"}))
    assert [s.by_category for s in compare_sites([ours, rival], CATEGORIES)] == [{"links": Decimal(100)}] * 2


def test_too_small_a_site_is_refused_by_name():
    with pytest.raises(SamplesNotComparable, match="tiny"):
        compare_sites([site("a", 10), site("tiny", 2)], CATEGORIES)


def test_the_sample_is_breadth_first_with_orphans_last():
    pages = [
        SampledPage("/z", 0, 1),
        SampledPage("/orphan", None, 1),
        SampledPage("/b", 1, 1),
        SampledPage("/a", 1, 1),
    ]
    assert [p.url for p in sample_pages(pages, 3)] == ["/z", "/a", "/b"]
