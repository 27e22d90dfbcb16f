"""Frequencies: shares, boxes, drills, script."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.contracts import Measure
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


def test_frequencies_follow_the_contract(tmp_path: Path) -> None:
    check_procedure("frequencies", {"columns": ["region", "overall", "service"]}, survey(), tmp_path)


def test_frequencies_follow_the_contract_when_weighted_and_filtered(tmp_path: Path) -> None:
    check_procedure(
        "frequencies",
        {"columns": ["gender", "buys"]},
        survey(),
        tmp_path,
        weight="weight",
        filter={
            "or": [
                {"column": "age", "op": "ge", "value": 40},
                {"column": "region", "op": "eq", "value": "east"},
            ]
        },
    )


def test_shares_are_of_those_who_answered(tmp_path: Path) -> None:
    data = dataset({"q": [1] * 6 + [2] * 3 + [5] * 1 + [None] * 5}, q=Measure.ORDINAL)
    output = run("frequencies", {"columns": ["q"], "boxes": 1}, data, tmp_path)
    assert output.fact("share.q.1").value == pytest.approx(0.6)
    assert output.fact("share.q.1").n == 10
    # Wilson interval of 6 in 10, Newcombe (1998) formula worked by hand: (0.3127, 0.8318)
    interval = output.fact("share.q.1").interval
    assert interval is not None
    assert (interval.low, interval.high) == (
        pytest.approx(0.31267, abs=1e-5),
        pytest.approx(0.83182, abs=1e-5),
    )
    assert output.fact("top_box.q").value == pytest.approx(0.1)
    assert output.tables[0].rows[-1][:2] == ("No answer", 5)


def test_fifty_thousand_levels_are_refused_with_the_count(tmp_path: Path) -> None:
    data = dataset({"q": [f"v{i}" for i in range(50_000)]})
    error = refusal("frequencies", {"columns": ["q"]}, data, tmp_path)
    assert error.code == "too_many_categories"
    assert error.context["count"] == 50_000


def test_an_unknown_column_is_pointed_at(tmp_path: Path) -> None:
    error = refusal("frequencies", {"columns": ["gender", "nope"]}, survey(), tmp_path)
    assert error.code == "invalid_parameters"
    assert error.pointer == "/columns/1"
