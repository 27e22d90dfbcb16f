import pytest

from seo_intelligence.logic.page import Finding, Severity
from seo_intelligence.logic.root_causes import group_findings
from seo_intelligence.logic.trends.demand import KeywordDemand, demand_by_page, rank_by_demand
from seo_intelligence.logic.trends.series import Metric


def test_issues_on_wanted_pages_come_first_and_unknown_demand_last():
    findings = [
        Finding("desc.missing", "/rare", Severity.WARNING, {}),
        Finding("title.missing", "/wanted", Severity.WARNING, {}),
        Finding("h1.missing", "/unknown", Severity.ERROR, {}),
    ]
    pages = demand_by_page(
        [
            KeywordDemand("shoes", "/wanted", 900.0, Metric.VOLUME),
            KeywordDemand("boots", "/wanted", 100.0, Metric.VOLUME),
            KeywordDemand("laces", "/rare", 10.0, Metric.VOLUME),
        ]
    )
    ranked = rank_by_demand(group_findings(findings, {}), findings, pages)
    assert [(r.cause.check_id, r.demand) for r in ranked] == [
        ("title.missing", 1000.0),
        ("desc.missing", 10.0),
        ("h1.missing", None),
    ]
    assert ranked[0].keywords == ("shoes", "boots")
    assert ranked[0].basis == (Metric.VOLUME,)


def test_measured_impressions_replace_estimated_volume_of_the_same_keyword():
    pages = demand_by_page(
        [
            KeywordDemand("Shoes", "/a", 5000.0, Metric.VOLUME, is_estimate=True),
            KeywordDemand("shoes", "/a", 300.0, Metric.IMPRESSIONS),
        ]
    )
    assert [(d.monthly, d.metric) for d in pages["/a"]] == [(300.0, Metric.IMPRESSIONS)]


def test_a_site_wide_finding_touches_all_demand():
    findings = [Finding("robots.block_all", None, Severity.ERROR, {})]
    pages = demand_by_page(
        [KeywordDemand("a", "/a", 1.0, Metric.VOLUME), KeywordDemand("b", "/b", 2.0, Metric.VOLUME)]
    )
    (ranked,) = rank_by_demand(group_findings(findings, {}), findings, pages)
    assert ranked.demand == 3.0


def test_interest_is_not_demand():
    with pytest.raises(ValueError, match="interest"):
        demand_by_page([KeywordDemand("a", "/a", 60.0, Metric.INTEREST)])
