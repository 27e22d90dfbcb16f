"""One analysis over the parts of a Dataset gives the figures of one run over all rows."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.partition import collect_part, finish_parts, row_parts
from analysis.logic.registry import procedures
from analysis.tests.logic.harness import procedure, run, survey, write

RUNS: dict[str, dict[str, Any]] = {
    "crosstab": {"rows": "overall", "columns": "region"},
    "segments": {"segments": ["region", "service"], "measures": ["age", "spend"]},
}


def in_parts(key: str, folder: Path, size: int, **options: Any) -> Any:
    data, chosen, context = survey(), procedure(key), RunContext()
    path = write(data, folder)
    parameters = chosen.validate(RUNS[key], data[1])
    states = []
    for part in row_parts(data[0].num_rows, size):
        with Frame(path, data[1], part=part, context=context, **options) as frame:
            states.append(pickle.loads(pickle.dumps(collect_part(chosen, frame, parameters, context))))
    return finish_parts(chosen, states, parameters, context)


def assert_same(a: Any, b: Any, path: str = "") -> None:
    if isinstance(a, dict):
        assert a.keys() == b.keys(), path
        for key in a:
            assert_same(a[key], b[key], f"{path}/{key}")
    elif isinstance(a, list):
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{path}/{i}")
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-9, abs=1e-12), path
    else:
        assert a == b, path


@pytest.mark.parametrize("size", [7, 150, 1_000])
@pytest.mark.parametrize(
    "options", [{}, {"weight": "weight"}, {"filter": {"column": "age", "op": "gt", "value": 40}}]
)
@pytest.mark.parametrize("key", sorted(RUNS))
def test_parts_give_the_figures_of_the_whole(
    tmp_path: Path, key: str, options: dict[str, Any], size: int
) -> None:
    whole = run(key, RUNS[key], survey(), tmp_path, **options)
    assert_same(in_parts(key, tmp_path, size, **options).to_dict(), whole.to_dict())


def test_every_mergeable_procedure_is_tested_here() -> None:
    assert {key for key, found in procedures().items() if found.partition is not None} == set(RUNS)


def test_no_usable_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProcedureError) as caught:
        in_parts("crosstab", tmp_path, 50, filter={"column": "age", "op": "gt", "value": 400})
    assert caught.value.code == "no_rows"


def test_a_procedure_that_needs_all_rows_says_so(tmp_path: Path) -> None:
    data = survey(50)
    chosen = procedure("key_drivers")
    parameters = chosen.validate({"outcome": "overall", "drivers": ["service", "price"]}, data[1])
    with Frame(write(data, tmp_path), data[1]) as frame, pytest.raises(ProcedureError) as caught:
        collect_part(chosen, frame, parameters, RunContext())
    assert caught.value.code == "not_mergeable"
