"""Segment aggregation."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


@pytest.mark.parametrize("weight", [None, "weight"])
def test_segments_follow_the_contract(tmp_path: Path, weight: str | None) -> None:
    check_procedure(
        "segments",
        {"segments": ["region", "gender"], "measures": ["age", "spend", "buys"]},
        survey(),
        tmp_path,
        weight=weight,
    )


def test_figures_of_a_small_table(tmp_path: Path) -> None:
    data = dataset({"g": ["a"] * 5 + ["b"] * 6 + [None], "x": [1, 2, 3, 4, 5, 10, 10, 10, 10, 10, None, 7]})
    output = run(
        "segments", {"segments": ["g"], "measures": ["x"], "order_by": "first_measure"}, data, tmp_path
    )
    b, a = output.table("segments").rows
    assert a == ("a", 5, 5.0, pytest.approx(5 / 11), 5, 3.0, 15.0, pytest.approx(2.5**0.5), 1.0, 5.0)
    assert b[4:7] == (5, 10.0, 50.0)
    # t(0.975, 4) = 2.776445; half width 2.776445 * sqrt(2.5 / 5)
    interval = output.fact("mean.x.a").interval
    assert interval is not None
    assert interval.high == pytest.approx(3 + 2.7764451 * 0.5**0.5, abs=1e-6)


def test_weighted_standard_error_is_the_linearised_one(tmp_path: Path) -> None:
    data = dataset({"g": ["a"] * 6, "x": [1.0, 2, 3, 4, 5, 9], "w": [1.0, 2, 1, 3, 1, 2]})
    output = run("segments", {"segments": ["g"], "measures": ["x"]}, data, tmp_path, weight="w")
    x, w = [1.0, 2, 3, 4, 5, 9], [1.0, 2, 1, 3, 1, 2]
    mean = sum(a * b for a, b in zip(x, w, strict=True)) / sum(w)
    variance = 6 / 5 * sum((b * (a - mean)) ** 2 for a, b in zip(x, w, strict=True)) / sum(w) ** 2
    interval = output.fact("mean.x.a").interval
    assert interval is not None
    assert interval.high - mean == pytest.approx(2.5705818 * variance**0.5, rel=1e-6)


def test_text_measures_are_refused_with_rows_and_values(tmp_path: Path) -> None:
    data = dataset({"g": ["a"] * 4, "x": ["1", "2", "three", "4"]})
    error = refusal("segments", {"segments": ["g"], "measures": ["x"]}, data, tmp_path)
    assert error.code == "text_where_numbers_needed"
    assert error.context["examples"] == [{"row": 3, "value": "three"}]
