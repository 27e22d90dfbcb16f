"""Reliability and the missing-data report."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.logic.stats.missingness import little_mcar, merge_patterns, normal_em, pattern_grams
from analysis.logic.stats.reliability import cronbach_alpha, feldt_interval, mcdonald_omega, one_factor
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


@pytest.mark.parametrize("weight", [None, "weight"])
def test_reliability_follows_the_contract(tmp_path: Path, weight: str | None) -> None:
    check_procedure(
        "reliability", {"items": ["service", "price", "overall"]}, survey(), tmp_path, weight=weight
    )


def test_alpha_of_a_small_matrix_by_hand() -> None:
    # Two items with variances 2 and 2 and covariance 1: 2 * (1 - 4/6) = 2/3
    assert cronbach_alpha(np.array([[2.0, 1.0], [1.0, 2.0]])) == pytest.approx(2 / 3)


def test_feldt_interval_by_its_definition() -> None:
    low, high = feldt_interval(0.8, 41, 5, 0.95)
    assert low == pytest.approx(1 - 0.2 * stats.f.ppf(0.975, 40, 160))
    assert high == pytest.approx(1 - 0.2 * stats.f.ppf(0.025, 40, 160))


def test_omega_recovers_a_known_factor_and_equals_alpha_for_equal_loadings() -> None:
    loadings = np.array([0.8, 0.7, 0.6, 0.5, 0.75])
    matrix = np.outer(loadings, loadings)
    np.fill_diagonal(matrix, 1.0)
    found = one_factor(matrix)
    assert found is not None
    np.testing.assert_allclose(found, loadings, atol=1e-5)
    omega, _ = mcdonald_omega(matrix)
    assert omega == pytest.approx(
        loadings.sum() ** 2 / (loadings.sum() ** 2 + (1 - loadings**2).sum()), abs=1e-6
    )
    equal = np.full((4, 4), 0.5)
    np.fill_diagonal(equal, 1.0)
    assert mcdonald_omega(equal)[0] == pytest.approx(cronbach_alpha(equal), abs=1e-6)


def test_one_factor_loadings_agree_with_scikit_learn() -> None:
    from sklearn.decomposition import FactorAnalysis

    rng = np.random.default_rng(12)
    x = rng.normal(size=(500, 1)) * [0.9, 0.7, 0.8, 0.4] + rng.normal(size=(500, 4)) * 0.6
    z = (x - x.mean(0)) / x.std(0)
    theirs = FactorAnalysis(1, tol=1e-10, max_iter=5_000).fit(z).components_[0]
    ours = one_factor(np.corrcoef(x.T))
    assert ours is not None
    np.testing.assert_allclose(ours, theirs * np.sign(theirs.sum()), atol=1e-3)


def test_a_reversed_item_is_noticed_and_can_be_turned(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    f = rng.normal(size=300)
    columns = {name: f + rng.normal(size=300) for name in "abc"} | {"d": -f + rng.normal(size=300)}
    plain = run("reliability", {"items": list("abcd")}, dataset(columns), tmp_path)
    assert ("negative_item", ("d",)) in {(n.code, n.columns) for n in plain.notices}
    turned = check_procedure(
        "reliability", {"items": list("abcd"), "reversed": ["d"]}, dataset(columns), tmp_path
    )
    assert turned.fact("alpha").value > 0.7 > plain.fact("alpha").value


def test_constant_items_are_refused(tmp_path: Path) -> None:
    error = refusal(
        "reliability", {"items": ["a", "b"]}, dataset({"a": [1.0] * 9, "b": list(range(9))}), tmp_path
    )
    assert (error.code, error.context["column"]) == ("constant_column", "a")


@pytest.mark.parametrize("weight", [None, "weight"])
def test_missing_report_follows_the_contract(tmp_path: Path, weight: str | None) -> None:
    check_procedure(
        "missing_data",
        {"columns": ["service", "age", "region", "overall"]},
        survey(),
        tmp_path,
        weight=weight,
    )


def incomplete(n: int, at_random: bool) -> np.ndarray:
    rng = np.random.default_rng(6)
    x = rng.normal(size=(n, 3)) + rng.normal(size=(n, 1))
    gone = rng.random(n) < 0.3 if at_random else x[:, 0] > 0.8
    x[gone, 1] = math.nan
    x[rng.random(n) < 0.1, 2] = math.nan
    return x


def test_littles_test_tells_random_from_dependent_missingness() -> None:
    assert little_mcar(pattern_grams(incomplete(600, True)), 3).p > 0.05
    assert little_mcar(pattern_grams(incomplete(600, False)), 3).p < 1e-6


def test_little_with_one_incomplete_column_is_the_two_sample_test_of_means() -> None:
    # With y observed in all rows and x in some, EM leaves y's estimates at their sample values, so that
    # d^2 = sum over the two groups of n_g (mean_g - mean)^2 / s^2 of y, on one degree of freedom.
    rng = np.random.default_rng(1)
    y = rng.normal(size=80)
    x = y + rng.normal(size=80)
    x[50:] = math.nan
    test = little_mcar(pattern_grams(np.column_stack([y, x])), 2)
    groups = (y[:50], y[50:])
    between = sum(g.size * (g.mean() - y.mean()) ** 2 for g in groups) / y.var(ddof=1)
    assert test.df == 1
    # The complete group also carries x, whose estimated mean is adjusted by regression: it adds nothing.
    assert test.statistic == pytest.approx(between, rel=1e-6)


def test_em_of_monotone_data_equals_the_regression_estimate() -> None:
    # Anderson (1957): mean of x = mean of its complete rows + slope * (mean of all y - mean of complete y)
    rng = np.random.default_rng(3)
    y = rng.normal(size=60)
    x = 2 * y + rng.normal(size=60)
    x[40:] = math.nan
    both = slice(0, 40)
    slope = np.cov(y[both], x[both])[0, 1] / y[both].var(ddof=1)
    estimate = normal_em(pattern_grams(np.column_stack([y, x])), 2)
    assert estimate.mean[1] == pytest.approx(x[both].mean() + slope * (y.mean() - y[both].mean()), abs=1e-7)


def test_pattern_statistics_merge() -> None:
    x = incomplete(200, True)
    whole = pattern_grams(x)
    parts = merge_patterns(pattern_grams(x[:70]), pattern_grams(x[70:]))
    assert whole.keys() == parts.keys()
    for pattern, gram in whole.items():
        assert parts[pattern].n == gram.n
        np.testing.assert_allclose(parts[pattern].scatter, gram.scatter, atol=1e-9)


def test_dependent_missingness_is_said_in_words(tmp_path: Path) -> None:
    x = incomplete(600, False)
    data = dataset({name: [None if math.isnan(v) else v for v in x[:, j]] for j, name in enumerate("abc")})
    output = run("missing_data", {"columns": list("abc")}, data, tmp_path)
    assert "not_missing_at_random" in {n.code for n in output.notices}
    assert output.fact("missing_share.b").value == pytest.approx(np.isnan(x[:, 1]).mean())
