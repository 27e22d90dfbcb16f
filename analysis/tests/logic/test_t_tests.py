"""t tests and equivalence tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.contracts import Measure
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey

# Student's (1908) sleep data: hours gained under two drugs by the same ten patients.
DRUG_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
DRUG_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("t_test_one_sample", {"outcomes": ["overall", "age"], "reference": 4}),
        ("t_test_independent", {"outcomes": ["overall", "age"], "groups": "gender", "correction": "holm"}),
        (
            "t_test_independent",
            {"outcomes": ["overall"], "groups": "region", "first_group": "south", "second_group": "east"},
        ),
        ("t_test_paired", {"first": "service", "second": "price"}),
        ("equivalence_test", {"outcome": "overall", "groups": "gender"}),
        ("equivalence_test", {"outcome": "service", "design": "paired", "second_outcome": "price"}),
        ("equivalence_test", {"outcome": "service", "design": "reference", "reference": 4}),
    ],
)
def test_t_tests_follow_the_contract(key: str, parameters: dict, weight: str | None, tmp_path: Path) -> None:
    check_procedure(key, parameters, survey(), tmp_path, weight=weight)


def test_sleep_data_give_the_published_paired_t(tmp_path: Path) -> None:
    data = dataset({"a": DRUG_1, "b": DRUG_2})
    fact = run("t_test_paired", {"first": "a", "second": "b"}, data, tmp_path).fact("mean_difference.a.b")
    assert fact.value == pytest.approx(-1.58)
    assert fact.statistic == pytest.approx(-4.0621277, abs=1e-7)
    assert fact.p == pytest.approx(0.002832890, abs=1e-9)
    assert fact.interval is not None
    assert (fact.interval.low, fact.interval.high) == pytest.approx((-2.4598858, -0.7001142), abs=1e-7)


def test_sleep_data_give_the_published_welch_t(tmp_path: Path) -> None:
    data = dataset({"extra": DRUG_1 + DRUG_2, "group": ["1"] * 10 + ["2"] * 10})
    fact = run("t_test_independent", {"outcomes": ["extra"], "groups": "group"}, data, tmp_path).fact(
        "mean_difference.extra"
    )
    assert fact.statistic == pytest.approx(-1.8608135, abs=1e-7)
    assert fact.df[0] == pytest.approx(17.776474, abs=1e-6)
    assert fact.p == pytest.approx(0.07939414, abs=1e-8)
    pooled = run(
        "t_test_independent", {"outcomes": ["extra"], "groups": "group", "variances": "equal"}, data, tmp_path
    ).fact("mean_difference.extra")
    assert pooled.p == pytest.approx(0.07918671, abs=1e-8)


def test_one_sample_agrees_with_scipy_on_every_alternative(tmp_path: Path) -> None:
    data = dataset({"a": DRUG_2})
    for alternative in ("two-sided", "greater", "less"):
        fact = run(
            "t_test_one_sample",
            {"outcomes": ["a"], "reference": 1, "alternative": alternative},
            data,
            tmp_path,
        ).fact("mean.a")
        expected = stats.ttest_1samp(DRUG_2, 1, alternative=alternative)
        assert (fact.statistic, fact.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-12)


def test_effect_size_limits_reproduce_the_observed_t_at_their_tails(tmp_path: Path) -> None:
    data = dataset({"a": DRUG_1, "b": DRUG_2})
    output = run("t_test_paired", {"first": "a", "second": "b"}, data, tmp_path)
    d = output.fact("cohens_dz.a.b").interval
    t = output.fact("mean_difference.a.b").statistic
    assert d is not None and d.low is not None and d.high is not None
    assert stats.nct.cdf(t, 9, d.low * np.sqrt(10)) == pytest.approx(0.975, abs=1e-7)
    assert stats.nct.cdf(t, 9, d.high * np.sqrt(10)) == pytest.approx(0.025, abs=1e-7)


def test_constant_weights_change_nothing(tmp_path: Path) -> None:
    data = dataset({"a": DRUG_1, "b": DRUG_2, "w": [2.5] * 10})
    plain = run("t_test_paired", {"first": "a", "second": "b"}, data, tmp_path).fact("mean_difference.a.b")
    weighted = run("t_test_paired", {"first": "a", "second": "b"}, data, tmp_path, weight="w").fact(
        "mean_difference.a.b"
    )
    assert weighted.p == pytest.approx(plain.p, rel=1e-12)


def test_equivalence_p_is_the_larger_one_sided_p(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(10, 1, 200), rng.normal(10.05, 1, 200)
    data = dataset({"x": np.r_[a, b], "g": ["a"] * 200 + ["b"] * 200})
    output = run(
        "equivalence_test",
        {"outcome": "x", "groups": "g", "low_bound": -0.4, "high_bound": 0.4},
        data,
        tmp_path,
    )
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    expected = CompareMeans(DescrStatsW(a), DescrStatsW(b)).ttost_ind(-0.4, 0.4, usevar="unequal")
    assert output.fact("mean_difference.x").p == pytest.approx(expected[0], rel=1e-10)
    assert output.fact("equivalent.x").value is True


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        ("t_test_one_sample", {"outcomes": ["x"]}, {"x": [1.0, 1.0, 1.0]}, "constant_column"),
        ("t_test_one_sample", {"outcomes": ["x"]}, {"x": [1.0]}, "too_few_rows"),
        ("t_test_one_sample", {"outcomes": ["x"]}, {"x": ["a", "2"]}, "text_where_numbers_needed"),
        ("t_test_one_sample", {"outcomes": ["x"]}, {"x": [None, None], "y": [1, 2]}, None),
        (
            "t_test_independent",
            {"outcomes": ["x"], "groups": "g"},
            {"x": [1, 2, 3, 4], "g": ["a", "b", "c", "a"]},
            "two_groups_needed",
        ),
        (
            "t_test_independent",
            {"outcomes": ["x"], "groups": "g"},
            {"x": [1, 2, 3], "g": ["a", "b", "b"]},
            "too_few_rows",
        ),
        (
            "t_test_independent",
            {"outcomes": ["x"], "groups": "g", "first_group": "z"},
            {"x": [1, 2, 3, 4], "g": ["a", "b", "b", "a"]},
            "unknown_group",
        ),
        (
            "t_test_paired",
            {"first": "x", "second": "y"},
            {"x": [1, 2, 3], "y": [2, 3, 4]},
            "constant_difference",
        ),
        ("equivalence_test", {"outcome": "x", "low_bound": 2}, {"x": [1, 2]}, "invalid_parameters"),
    ],
)
def test_bad_input_is_refused(
    key: str, parameters: dict, columns: dict, code: str | None, tmp_path: Path
) -> None:
    error = refusal(key, parameters, dataset(columns), tmp_path)
    assert error.code == (code or error.code)
    assert error.detail


def test_all_missing_outcome_is_refused(tmp_path: Path) -> None:
    data = dataset({"x": np.array([np.nan, np.nan, np.nan]), "g": ["a", "b", "a"]}, x=Measure.SCALE)
    assert (
        refusal("t_test_independent", {"outcomes": ["x"], "groups": "g"}, data, tmp_path).code
        == "all_missing"
    )
