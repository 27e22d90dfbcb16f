"""Complex samples, weighting, power and tracking."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.contingency import rao_scott
from analysis.logic.stats.design import SampleDesign, rao_scott_design, survey_mean, survey_total
from analysis.logic.stats.power import power_anova, power_shares, power_t
from analysis.logic.stats.raking import rake
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run, survey


def _sample(n: int = 400, seed: int = 1) -> Data:
    rng = np.random.default_rng(seed)
    strata = rng.integers(0, 4, n)
    cluster = rng.integers(0, 12, n)
    x = 10 + strata + rng.normal(size=12)[cluster] + rng.normal(size=n)
    weight = np.round(rng.uniform(5, 20, n), 2)
    return dataset(
        {
            "x": [None if i % 31 == 0 else float(v) for i, v in enumerate(x)],
            "stratum": np.array(list("abcd"))[strata],
            "cluster": cluster,
            "population": np.full(n, 200),
            "region": np.array(["n", "s"])[(x > 11).astype(int)],
            "likes": rng.random(n) < 0.4 + 0.03 * strata,
            "weight": weight,
            **{f"r{k}": weight * np.where((cluster % 4) == k, 0.0, 4 / 3) for k in range(4)},
        },
        cluster=Measure.NOMINAL,
    )


TARGETS = [
    *[{"cell": {"region": r}, "share": s} for r, s in (("north", 40), ("south", 35), ("east", 25))],
    *[{"cell": {"gender": g}, "share": s} for g, s in (("f", 0.52), ("m", 0.48))],
]
CELLS = [
    {"cell": {"region": r, "gender": g}, "share": 1 + i + j}
    for i, r in enumerate(("north", "south", "east"))
    for j, g in enumerate(("f", "m"))
]


@pytest.mark.parametrize(
    ("key", "parameters", "weight"),
    [
        ("survey_estimates", {"outcomes": ["x", "likes"], "groups": "region"}, None),
        (
            "survey_estimates",
            {
                "outcomes": ["x"],
                "groups": "region",
                "strata": "stratum",
                "clusters": "cluster",
                "population": "population",
            },
            "weight",
        ),
        (
            "survey_estimates",
            {"outcomes": ["x"], "replicates": [f"r{k}" for k in range(4)], "replicate_method": "JK1"},
            "weight",
        ),
        (
            "survey_crosstab",
            {"rows": "likes", "columns": "region", "strata": "stratum", "clusters": "cluster"},
            "weight",
        ),
        ("survey_crosstab", {"rows": "likes", "columns": "stratum"}, None),
    ],
)
def test_design_based_procedures_follow_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, _sample(), tmp_path, weight=weight)


@pytest.mark.parametrize(
    ("key", "parameters", "weight"),
    [
        ("weighting", {"columns": ["region", "gender"], "targets": TARGETS}, None),
        ("weighting", {"columns": ["region", "gender"], "targets": TARGETS, "highest": 1.5}, "weight"),
        ("weighting", {"columns": ["region", "gender"], "targets": CELLS}, None),
        ("wave_trends", {"outcomes": ["overall", "buys"], "wave": "region"}, None),
        ("wave_trends", {"outcomes": ["age"], "wave": "region", "compare_with": "first"}, "weight"),
        ("power_analysis", {"test": "two_means", "effect": 0.3}, None),
        ("power_analysis", {"test": "two_shares", "solve_for": "power", "design_effect": 1.3}, None),
        ("power_analysis", {"test": "anova", "solve_for": "effect"}, None),
        ("power_analysis", {"test": "correlation", "solve_for": "power", "n": 50}, None),
        (
            "power_analysis",
            {"test": "paired_means", "solve_for": "effect", "n": 40, "alternative": "one-sided"},
            None,
        ),
        ("power_analysis", {"test": "margin_of_error", "effect": 0.03, "population": 20000}, None),
    ],
)
def test_survey_planning_follows_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, survey(), tmp_path, weight=weight)


def test_stratified_mean_equals_the_textbook_formula() -> None:
    # Two strata of N = 100 and 300 with n = 3 and 4: mean and variance by Cochran (1977), section 5.
    x = np.array([1.0, 3, 5, 10, 12, 11, 15])
    strata = np.array([0, 0, 0, 1, 1, 1, 1])
    weights = np.array([100 / 3] * 3 + [75.0] * 4)
    design = SampleDesign(weights, strata, np.arange(7), np.array([3 / 100, 4 / 300]))
    estimate = survey_mean(design, x)
    assert estimate.value[0] == pytest.approx(0.25 * 3 + 0.75 * 12)
    by_hand = 0.25**2 * (1 - 3 / 100) * 4 / 3 + 0.75**2 * (1 - 4 / 300) * (14 / 3) / 4
    assert estimate.covariance[0, 0] == pytest.approx(by_hand, rel=1e-12)


def test_cluster_total_equals_the_textbook_formula() -> None:
    # Three of 30 clusters drawn: V = M^2 (1 - m/M) s^2 / m of the cluster totals 6, 15, 9.
    x = np.array([1.0, 2, 3, 4, 5, 6, 4, 5])
    clusters = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    design = SampleDesign(np.full(8, 10.0), np.zeros(8, dtype=int), clusters, np.array([0.1]))
    estimate = survey_total(design, x)
    assert estimate.value[0] == 300
    assert estimate.covariance[0, 0] == pytest.approx(900 * 0.9 * 21 / 3, rel=1e-12)
    assert estimate.df == 2


def test_ratio_of_the_levy_lemeshow_ambulance_data() -> None:
    # Levy & Lemeshow: alive / arrests at six stations in three areas; ratio 278 / 1811 = 0.1535064.
    alive = np.array([25.0, 24, 30, 49, 80, 70])
    arrests = np.array([120.0, 78, 185, 228, 670, 530])
    rows = np.repeat(np.arange(6), arrests.astype(int))
    survived = np.concatenate(
        [np.r_[np.ones(int(a)), np.zeros(int(n - a))] for a, n in zip(alive, arrests, strict=True)]
    )
    strata = np.repeat([0, 0, 1, 1, 2, 2], arrests.astype(int))
    design = SampleDesign(np.ones(rows.size), strata, rows, np.zeros(3))
    estimate = survey_mean(design, survived)
    assert estimate.value[0] == pytest.approx(0.1535064, abs=5e-8)
    # Linearised by hand: residual totals alive - R arrests, squared differences within the pairs.
    residual = alive - estimate.value[0] * arrests
    by_hand = sum((residual[a] - residual[a + 1]) ** 2 for a in (0, 2, 4)) / arrests.sum() ** 2
    assert estimate.covariance[0, 0] == pytest.approx(by_hand, rel=1e-12)


def test_rao_scott_of_single_rows_equals_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    rows, cols, w = rng.integers(0, 3, 300), rng.integers(0, 2, 300), rng.uniform(0.5, 3, 300)
    weighted, squares = np.zeros((3, 2)), np.zeros((3, 2))
    np.add.at(weighted, (rows, cols), w)
    np.add.at(squares, (rows, cols), w * w)
    closed = rao_scott(weighted, squares, 300)
    design = SampleDesign(w, np.zeros(300, dtype=int), np.arange(300), np.zeros(1))
    general = rao_scott_design(design, rows, cols, 3, 2)
    assert (general.f, general.p) == pytest.approx((closed.statistic, closed.p), rel=1e-9)


def test_delete_one_jackknife_weights_give_the_classical_error(tmp_path: Path) -> None:
    x = [3.0, 5.0, 8.0, 13.0, 21.0, 34.0]
    weights = {f"r{k}": [0.0 if i == k else 6 / 5 for i in range(6)] for k in range(6)}
    output = run(
        "survey_estimates",
        {"outcomes": ["x"], "replicates": list(weights), "replicate_method": "JK1"},
        dataset({"x": x, **weights}),
        tmp_path,
    )
    assert output.fact("standard_error.x").value == pytest.approx(np.std(x, ddof=1) / math.sqrt(6), rel=1e-12)


def test_design_effect_of_identical_clusters_is_their_size(tmp_path: Path) -> None:
    values = np.repeat(np.arange(20.0), 5)
    output = run(
        "survey_estimates",
        {"outcomes": ["x"], "clusters": "c"},
        dataset({"x": values, "c": np.repeat(np.arange(20), 5)}),
        tmp_path,
    )
    # 20 clusters of 5 equal rows: variance s_b^2 / 20 against s^2 / 100.
    expected = (np.var(np.arange(20.0), ddof=1) / 20) / (np.var(values, ddof=1) / 100)
    assert output.fact("design_effect.x").value == pytest.approx(expected, rel=1e-12)


def test_raking_keeps_odds_ratios_and_meets_the_margins() -> None:
    rows, cols = np.repeat([0, 0, 1, 1], [40, 30, 20, 10]), np.repeat([0, 1, 0, 1], [40, 30, 20, 10])
    raked = rake(np.ones(100), [(rows, np.array([0.5, 0.5])), (cols, np.array([0.6, 0.4]))])
    table = np.zeros((2, 2))
    np.add.at(table, (rows, cols), raked.weights)
    assert table.sum(axis=1) == pytest.approx([50, 50], abs=1e-7)
    assert table.sum(axis=0) == pytest.approx([60, 40], abs=1e-7)
    assert table[0, 0] * table[1, 1] / (table[0, 1] * table[1, 0]) == pytest.approx(
        40 * 10 / (30 * 20), rel=1e-9
    )


def test_post_stratified_weights_are_population_over_sample(tmp_path: Path) -> None:
    data = dataset({"g": ["a"] * 30 + ["b"] * 70})
    targets = [{"cell": {"g": "a"}, "share": 0.5}, {"cell": {"g": "b"}, "share": 0.5}]
    output = run("weighting", {"columns": ["g"], "targets": targets}, data, tmp_path)
    assert [row[-1] for row in output.table("weights").rows] == pytest.approx([0.5 / 0.3, 0.5 / 0.7])
    # Kish: n * sum w^2 / (sum w)^2 = .5^2 / .3 + .5^2 / .7
    assert output.fact("design_effect").value == pytest.approx(0.25 / 0.3 + 0.25 / 0.7)


def test_power_agrees_with_cohen_and_statsmodels(tmp_path: Path) -> None:
    from statsmodels.stats.power import FTestAnovaPower, TTestIndPower

    # Cohen (1988): d = 0.5, alpha 0.05 two-sided, power 0.80 needs 64 per group.
    output = run("power_analysis", {"effect": 0.5}, survey(), tmp_path)
    assert output.fact("sample_size").value == 64
    assert power_t(0.5, 64, 64, 0.05) == pytest.approx(TTestIndPower().power(0.5, 64, 0.05), abs=1e-9)
    assert power_anova(0.25, 150, 3, 0.05) == pytest.approx(
        FTestAnovaPower().power(0.25, 150, 0.05, 3), abs=1e-9
    )
    # Fleiss (1981): shares 0.60 and 0.70 at power 0.80 need 356 per group (no continuity correction).
    sizes = run("power_analysis", {"test": "two_shares", "share_1": 0.6, "share_2": 0.7}, survey(), tmp_path)
    assert sizes.fact("sample_size").value == 356
    assert power_shares(0.6, 0.7, 355, 355, 0.05) < 0.8
    # The classical 1,068 interviews for a margin of three points.
    margin = run("power_analysis", {"test": "margin_of_error", "effect": 0.03}, survey(), tmp_path)
    assert margin.fact("sample_size").value == 1068


def test_wave_change_is_welch_against_the_previous_wave(tmp_path: Path) -> None:
    from scipy import stats

    rng = np.random.default_rng(8)
    a, b = rng.normal(5, 1, 100), rng.normal(5.4, 2, 120)
    data = dataset({"x": np.r_[a, b], "wave": [1] * 100 + [2] * 120}, wave=Measure.ORDINAL)
    fact = run("wave_trends", {"outcomes": ["x"], "wave": "wave"}, data, tmp_path).fact("change.x.2")
    expected = stats.ttest_ind(b, a, equal_var=False)
    assert (fact.value, fact.p) == pytest.approx((b.mean() - a.mean(), expected.pvalue), rel=1e-10)


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        (
            "survey_estimates",
            {"outcomes": ["x"], "strata": "s"},
            {"x": [1, 2, 3, 4], "s": list("aaab")},
            "single_cluster_stratum",
        ),
        (
            "survey_estimates",
            {"outcomes": ["x"], "clusters": "s"},
            {"x": [1, 2], "s": ["a", "a"]},
            "too_few_clusters",
        ),
        (
            "survey_estimates",
            {"outcomes": ["x"], "population": "s"},
            {"x": [1, 2, 3], "s": [2, 2, 2]},
            "population_too_small",
        ),
        (
            "weighting",
            {
                "columns": ["g"],
                "targets": [{"cell": {"g": "a"}, "share": 1}, {"cell": {"g": "z"}, "share": 1}],
            },
            {"g": ["a", "b"]},
            "empty_target",
        ),
        (
            "weighting",
            {
                "columns": ["g"],
                "targets": [{"cell": {"g": "a"}, "share": 1}, {"cell": {"g": "b"}, "share": 1}],
            },
            {"g": ["a", "b", "c"]},
            "missing_target",
        ),
        ("wave_trends", {"outcomes": ["x"], "wave": "w"}, {"x": [1, 2], "w": [1, 1]}, "one_wave"),
        (
            "power_analysis",
            {"test": "two_shares", "share_1": 0.5, "share_2": 0.5},
            {"x": [1]},
            "invalid_parameters",
        ),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code
