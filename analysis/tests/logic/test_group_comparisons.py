"""Rank tests, analyses of variance and tests of related shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.logic.stats.location import games_howell, one_way
from analysis.logic.stats.rank_tests import superiority
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey

# PlantGrowth (Dobson 1983), as shipped with R: dry weight of plants under a control and two treatments.
CONTROL = [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14]
TREATMENT_1 = [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69]
TREATMENT_2 = [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26]
PLANTS = {
    "weight": CONTROL + TREATMENT_1 + TREATMENT_2,
    "group": ["ctrl"] * 10 + ["trt1"] * 10 + ["trt2"] * 10,
}


def _binary_survey() -> tuple:
    rng = np.random.default_rng(5)
    base = rng.normal(size=300)
    return dataset({f"q{k}": (base + rng.normal(size=300) > 0.3 * k) for k in range(3)})


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("mann_whitney", {"outcomes": ["overall", "spend"], "groups": "gender", "correction": "bh"}),
        ("wilcoxon_signed_rank", {"first": "service", "second": "price"}),
        ("kruskal_wallis", {"outcome": "service", "groups": "region"}),
        ("friedman", {"conditions": ["service", "price", "overall"], "replicates": 100}),
        ("one_way_anova", {"outcome": "overall", "groups": "region"}),
        ("one_way_anova", {"outcome": "age", "groups": "region", "variances": "equal"}),
    ],
)
def test_comparisons_follow_the_contract(key: str, parameters: dict, tmp_path: Path) -> None:
    check_procedure(key, parameters, survey(), tmp_path)


def test_weighted_anova_follows_the_contract(tmp_path: Path) -> None:
    check_procedure(
        "one_way_anova", {"outcome": "age", "groups": "region"}, survey(), tmp_path, weight="weight"
    )


def test_related_proportions_follow_the_contract(tmp_path: Path) -> None:
    check_procedure("related_proportions", {"items": ["q0", "q1", "q2"]}, _binary_survey(), tmp_path)


def test_plant_growth_gives_the_published_anova(tmp_path: Path) -> None:
    fact = run(
        "one_way_anova",
        {"outcome": "weight", "groups": "group", "variances": "equal"},
        dataset(PLANTS),
        tmp_path,
    )
    eta = fact.fact("eta_squared.weight.group")
    assert eta.statistic == pytest.approx(4.846088, abs=1e-6)
    assert eta.p == pytest.approx(0.01590996, abs=1e-8)
    pair = fact.fact("mean_difference.weight.trt1.trt2")
    assert pair.value == pytest.approx(-0.865)
    assert pair.adjusted_p == pytest.approx(0.0120064, abs=1e-6)
    assert pair.interval is not None
    assert (pair.interval.low, pair.interval.high) == pytest.approx((-1.5562161, -0.1737839), abs=1e-6)


def test_plant_growth_gives_the_published_welch_and_kruskal(tmp_path: Path) -> None:
    welch = run("one_way_anova", {"outcome": "weight", "groups": "group"}, dataset(PLANTS), tmp_path)
    eta = welch.fact("eta_squared.weight.group")
    assert eta.statistic == pytest.approx(5.181, abs=5e-4)
    assert eta.df[1] == pytest.approx(17.128, abs=5e-4)
    assert eta.p == pytest.approx(0.01739, abs=5e-6)
    kruskal = run("kruskal_wallis", {"outcome": "weight", "groups": "group"}, dataset(PLANTS), tmp_path)
    epsilon = kruskal.fact("epsilon_squared.weight.group")
    assert epsilon.statistic == pytest.approx(7.9882, abs=5e-5)
    assert epsilon.p == pytest.approx(0.01842, abs=5e-6)


def test_games_howell_of_two_groups_is_welch() -> None:
    a, b = np.array(CONTROL), np.array(TREATMENT_2)
    n = np.array([10.0, 10.0])
    pair = games_howell(
        n, np.array([a.mean(), b.mean()]), np.array([a.var(ddof=1), b.var(ddof=1)]) / n, 0.95
    )[0]
    expected = stats.ttest_ind(a, b, equal_var=False)
    assert pair.p == pytest.approx(expected.pvalue, abs=1e-8)
    limits = expected.confidence_interval()
    assert (pair.low, pair.high) == pytest.approx((limits.low, limits.high), abs=1e-6)


def test_one_way_agrees_with_scipy_far_from_zero() -> None:
    parts = [np.array(v) + 1e8 for v in (CONTROL, TREATMENT_1, TREATMENT_2)]
    n, mean = np.array([10.0] * 3), np.array([p.mean() for p in parts])
    within = np.array([((p - p.mean()) ** 2).sum() for p in parts])
    assert one_way(n, mean, within)[0].f == pytest.approx(4.846088, rel=1e-6)


def test_mann_whitney_is_exact_in_small_samples(tmp_path: Path) -> None:
    # Hollander & Wolfe (1973), permeability of membranes; R: wilcox.test gives W = 35, p = 0.2544 (two-sided).
    x = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    y = [1.15, 0.88, 0.90, 0.74, 1.21]
    data = dataset({"v": x + y, "g": ["a"] * 10 + ["b"] * 5})
    fact = run("mann_whitney", {"outcomes": ["v"], "groups": "g"}, data, tmp_path).fact("superiority.v")
    assert fact.statistic == 35
    assert fact.p == pytest.approx(0.2544, abs=5e-5)
    assert fact.value == pytest.approx(0.7)
    greater = run(
        "mann_whitney", {"outcomes": ["v"], "groups": "g", "alternative": "greater"}, data, tmp_path
    ).fact("superiority.v")
    assert greater.p == pytest.approx(0.1272, abs=5e-5)


def test_signed_rank_gives_the_published_depression_result(tmp_path: Path) -> None:
    # Hollander & Wolfe (1973), Hamilton depression scale; R: V = 40, p = 0.01953 (greater).
    x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30]
    y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29]
    fact = run(
        "wilcoxon_signed_rank",
        {"first": "x", "second": "y", "alternative": "greater"},
        dataset({"x": x, "y": y}),
        tmp_path,
    ).fact("rank_biserial.x.y")
    assert fact.statistic == 40
    assert fact.p == pytest.approx(0.01953, abs=5e-6)
    assert fact.value == pytest.approx((40 - 5) / 45)


def test_friedman_gives_the_published_round_first_base_result(tmp_path: Path) -> None:
    # Hollander & Wolfe (1973), three ways of rounding first base, 22 players; R: 11.1429, p = 0.003805.
    times = [
        (5.40, 5.50, 5.55), (5.85, 5.70, 5.75), (5.20, 5.60, 5.50), (5.55, 5.50, 5.40), (5.90, 5.85, 5.70),
        (5.45, 5.55, 5.60), (5.40, 5.40, 5.35), (5.45, 5.50, 5.35), (5.25, 5.15, 5.00), (5.85, 5.80, 5.70),
        (5.25, 5.20, 5.10), (5.65, 5.55, 5.45), (5.60, 5.35, 5.45), (5.05, 5.00, 4.95), (5.50, 5.50, 5.40),
        (5.45, 5.55, 5.50), (5.55, 5.55, 5.35), (5.45, 5.50, 5.55), (5.50, 5.45, 5.25), (5.65, 5.60, 5.40),
        (5.70, 5.65, 5.55), (6.30, 6.30, 6.25),
    ]  # fmt: skip
    data = dataset({name: [row[k] for row in times] for k, name in enumerate(("out", "narrow", "wide"))})
    fact = run("friedman", {"conditions": ["out", "narrow", "wide"], "replicates": 100}, data, tmp_path).fact(
        "kendall_w"
    )
    assert fact.statistic == pytest.approx(11.1429, abs=5e-5)
    assert fact.p == pytest.approx(0.003805, abs=5e-7)
    assert fact.value == pytest.approx(11.142857 / 44, abs=1e-6)


def test_mcnemar_is_the_exact_binomial_of_the_changes(tmp_path: Path) -> None:
    # Agresti (1990): approval of a president in two surveys of the same 1600; 794, 150, 86, 570.
    data = dataset(
        {
            "first": [True] * 944 + [False] * 656,
            "second": [True] * 794 + [False] * 150 + [True] * 86 + [False] * 570,
        }
    )
    fact = run("related_proportions", {"items": ["first", "second"]}, data, tmp_path).fact(
        "share_difference.first.second"
    )
    assert fact.value == pytest.approx(0.04)
    assert fact.p == pytest.approx(stats.binomtest(150, 236).pvalue, rel=1e-10)


def test_cochran_q_agrees_with_statsmodels(tmp_path: Path) -> None:
    from statsmodels.stats.contingency_tables import cochrans_q

    table, metas = _binary_survey()
    expected = cochrans_q(
        np.column_stack([table[f"q{k}"].to_numpy(zero_copy_only=False) for k in range(3)]).astype(int)
    )
    fact = run("related_proportions", {"items": ["q0", "q1", "q2"]}, (table, metas), tmp_path).fact(
        "cochran_q"
    )
    assert (fact.statistic, fact.p) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-10)


def test_superiority_counts_ties_half() -> None:
    assert superiority(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0]), 0.95)[0] == pytest.approx(
        (0 + 0.5 + 1) / 3
    )


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        (
            "mann_whitney",
            {"outcomes": ["x"], "groups": "g"},
            {"x": [1, 1, 1, 1], "g": list("abab")},
            "constant_column",
        ),
        (
            "wilcoxon_signed_rank",
            {"first": "x", "second": "y"},
            {"x": [1, 2], "y": [1, 2]},
            "constant_difference",
        ),
        ("kruskal_wallis", {"outcome": "x", "groups": "g"}, {"x": [1, 2, 3], "g": list("aaa")}, "one_group"),
        (
            "one_way_anova",
            {"outcome": "x", "groups": "g"},
            {"x": [1, 2, 3], "g": list("aab")},
            "too_few_rows",
        ),
        (
            "one_way_anova",
            {"outcome": "x", "groups": "g"},
            {"x": [1, 1, 2, 2], "g": list("aabb")},
            "no_spread_within_groups",
        ),
        (
            "friedman",
            {"conditions": ["x", "y", "z"]},
            {"x": [1, 2], "y": [1, 2], "z": [1, 2]},
            "constant_difference",
        ),
        ("related_proportions", {"items": ["x", "y"]}, {"x": [1, 2, 3], "y": [0, 1, 0]}, "not_binary"),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code


def test_weights_are_refused_where_ranks_do_not_define_them(tmp_path: Path) -> None:
    error = refusal(
        "kruskal_wallis", {"outcome": "age", "groups": "region"}, survey(), tmp_path, weight="weight"
    )
    assert error.code == "weights_not_supported"
