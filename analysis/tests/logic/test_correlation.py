"""Correlations: against scipy, hand-worked tables, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.contracts import Measure
from analysis.logic.stats.ranks import kendall_of_counts, midranks, spearman_of_counts
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize("missing", ["pairwise", "listwise"])
@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlations_follow_the_contract(
    tmp_path: Path, method: str, missing: str, weight: str | None
) -> None:
    check_procedure(
        "correlation",
        {"columns": ["service", "overall", "age"], "method": method, "missing": missing},
        survey(150),
        tmp_path,
        weight=weight,
    )


@pytest.mark.parametrize(
    ("parameters", "weight"),
    [
        ({"columns": ["overall", "price", "service"], "method": "kendall"}, None),
        ({"columns": ["overall", "price", "service"], "method": "kendall"}, "weight"),
        ({"columns": ["overall", "age"], "method": "kendall", "missing": "listwise"}, None),
        ({"columns": ["overall", "price"], "method": "spearman"}, "weight"),
        ({"columns": ["overall", "price"], "controls": ["service", "age"]}, "weight"),
        ({"columns": ["overall", "price"], "controls": ["service"], "method": "spearman"}, None),
    ],
)
def test_rank_and_partial_correlations_follow_the_contract(
    tmp_path: Path, parameters: dict[str, object], weight: str | None
) -> None:
    check_procedure("correlation", parameters, survey(150), tmp_path, weight=weight)


def test_counts_give_the_same_as_rows() -> None:
    rng = np.random.default_rng(8)
    a = rng.integers(1, 6, 300)
    b = np.clip(a + rng.integers(-2, 3, 300), 1, 7)
    table = np.zeros((5, 7))
    np.add.at(table, (a - 1, b - 1), 1)
    assert spearman_of_counts(table) == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-13)
    tau, z = kendall_of_counts(table)
    expected = stats.kendalltau(a, b, method="asymptotic")
    assert tau == pytest.approx(expected.statistic, abs=1e-13)
    assert 2 * stats.norm.sf(abs(z)) == pytest.approx(expected.pvalue, rel=1e-9)


def test_midranks_are_those_of_scipy() -> None:
    values = np.array([3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5])
    np.testing.assert_allclose(midranks(values), stats.rankdata(values))
    np.testing.assert_allclose(midranks(values, np.full(11, 2.0)), 2 * stats.rankdata(values) - 0.5)


def test_a_weight_counts_like_repeated_rows_in_the_coefficient(tmp_path: Path) -> None:
    x, y, w = [1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 7, 5], [1, 2, 1, 3, 1, 2]
    weighted = run(
        "correlation", {"columns": ["x", "y"]}, dataset({"x": x, "y": y, "w": w}), tmp_path, weight="w"
    )
    expected = np.corrcoef(np.repeat(x, w), np.repeat(y, w))[0, 1]
    assert weighted.fact("pearson.x.y").value == pytest.approx(expected)


def test_p_and_interval_of_pearson_are_those_of_scipy(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=40)
    y = x + rng.normal(size=40)
    fact = run("correlation", {"columns": ["x", "y"]}, dataset({"x": x, "y": y}), tmp_path).fact(
        "pearson.x.y"
    )
    expected = stats.pearsonr(x, y)
    assert fact.value == pytest.approx(expected.statistic)
    assert fact.p == pytest.approx(expected.pvalue)
    assert fact.interval is not None
    assert (fact.interval.low, fact.interval.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))


def test_labelled_text_is_ranked_in_the_order_of_its_labels(tmp_path: Path) -> None:
    from dataclasses import replace

    table, metas = dataset(
        {"q": ["low", "mid", "high", "mid"] * 10, "x": [1, 2, 3, 2] * 10},
        q=Measure.ORDINAL,
        x=Measure.ORDINAL,
    )
    metas = (replace(metas[0], value_labels=(("low", "Low"), ("mid", "Mid"), ("high", "High"))), metas[1])
    for method in ("spearman", "kendall", "pearson"):
        output = check_procedure(
            "correlation", {"columns": ["q", "x"], "method": method}, (table, metas), tmp_path
        )
        assert output.fact(f"{method}.q.x").value == pytest.approx(1.0)


def test_constant_columns_get_no_correlation_but_a_notice(tmp_path: Path) -> None:
    output = run(
        "correlation", {"columns": ["x", "c"]}, dataset({"x": list(range(40)), "c": [1] * 40}), tmp_path
    )
    assert output.fact("pearson.x.c").value is None
    assert "constant_column" in {n.code for n in output.notices}


@pytest.mark.parametrize(
    ("columns", "parameters", "code"),
    [
        ({"x": [1, 2, 3], "y": ["a", "b", "c"]}, {"columns": ["x", "y"]}, "text_where_numbers_needed"),
        ({"x": [1, None], "y": [None, 2]}, {"columns": ["x", "y"]}, "no_rows"),
        (
            {"x": [1, 2, 3], "y": [3, 2, 1], "z": [1, 5, 2]},
            {"columns": ["x", "y"], "controls": ["z"]},
            "too_few_rows",
        ),
        (
            {"x": range(9), "y": [3, 2, 1] * 3, "z": [1, 5, 2] * 3, "v": [2, 10, 4] * 3},
            {"columns": ["x", "y"], "controls": ["z", "v"]},
            "collinear_columns",
        ),
        ({"x": [1, 2], "y": [1, 2]}, {"columns": ["x"]}, "invalid_parameters"),
        ({"x": [1, 2], "y": [1, 2]}, {"columns": ["x", "x"]}, "invalid_parameters"),
        ({"x": [1, 2], "y": [1, 2]}, {"columns": ["x", "y"], "confidence": 1.5}, "invalid_parameters"),
    ],
)
def test_impossible_correlations_are_refused(
    tmp_path: Path, columns: dict[str, object], parameters: dict[str, object], code: str
) -> None:
    data = dataset({k: list(v) for k, v in columns.items()})  # type: ignore[call-overload]
    assert refusal("correlation", parameters, data, tmp_path).code == code


def test_a_column_the_controls_explain_has_no_partial_correlation(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    z, y = rng.normal(size=50), rng.normal(size=50)
    data = dataset({"x": 2 * z + 1, "y": y, "z": z})
    output = run("correlation", {"columns": ["x", "y"], "controls": ["z"]}, data, tmp_path)
    assert output.fact("pearson.x.y").value is None
