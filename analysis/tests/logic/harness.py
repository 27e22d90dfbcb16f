"""Shared checks that every procedure must pass; used by `test_<procedure>.py` files.

def test_frequencies_follow_the_contract(tmp_path):
    check_procedure("frequencies", {"columns": ["colour"]}, survey(), tmp_path)
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.contracts import ColumnMeta, Measure, ProcedureOutput, Storage
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.registry import Procedure, find_procedure
from analysis.logic.script import ScriptContext

Data = tuple[pa.Table, tuple[ColumnMeta, ...]]


def meta_of(table: pa.Table, **measures: Measure) -> tuple[ColumnMeta, ...]:
    """Column metadata guessed from Arrow types; `measures` overrides the level per column."""
    metas = []
    for field in table.schema:
        kind = field.type
        if pa.types.is_boolean(kind):
            storage, measure = Storage.BOOLEAN, Measure.BINARY
        elif pa.types.is_integer(kind):
            storage, measure = Storage.INTEGER, Measure.SCALE
        elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            storage, measure = Storage.REAL, Measure.SCALE
        elif pa.types.is_date(kind):
            storage, measure = Storage.DATE, Measure.DATE
        elif pa.types.is_timestamp(kind):
            storage, measure = Storage.DATETIME, Measure.DATE
        else:
            storage, measure = Storage.TEXT, Measure.NOMINAL
        metas.append(ColumnMeta(field.name, storage, measures.get(field.name, measure)))
    return tuple(metas)


def dataset(columns: Mapping[str, Any], **measures: Measure) -> Data:
    """A small Dataset from plain sequences (None = missing)."""
    table = pa.table(
        {
            name: values if isinstance(values, pa.Array) else pa.array(values)
            for name, values in columns.items()
        }
    )
    return table, meta_of(table, **measures)


def survey(n: int = 400, seed: int = 7) -> Data:
    """A survey with known structure: ratings driven by service and price, weights, missing values, odd names."""
    rng = np.random.default_rng(seed)
    service = rng.integers(1, 8, n)
    price = rng.integers(1, 8, n)
    mood = rng.normal(size=n)
    overall = np.clip(np.round(0.6 * service + 0.3 * price + mood), 1, 7).astype(int)
    region = np.array(["north", "south", "east"])[rng.choice(3, n, p=[0.5, 0.3, 0.2])]
    table = pa.table(
        {
            "id": pa.array(range(1, n + 1)),
            "region": region,
            "gender": np.array(["f", "m"])[rng.integers(0, 2, n)],
            "service": pa.array([None if i % 41 == 0 else int(v) for i, v in enumerate(service)]),
            "price": price,
            "overall": overall,
            "age": pa.array(
                [None if i % 29 == 0 else float(v) for i, v in enumerate(rng.uniform(18, 80, n))]
            ),
            "spend": np.round(np.exp(rng.normal(3, 0.7, n)), 2),
            "buys": (overall + rng.normal(0, 1.5, n)) > 5,
            'odd "name"; DROP TABLE d --\U0001f600': rng.normal(size=n),
            "weight": np.round(rng.uniform(0.4, 2.5, n), 3),
        }
    )
    return table, meta_of(
        table, id=Measure.IDENTIFIER, service=Measure.ORDINAL, price=Measure.ORDINAL, overall=Measure.ORDINAL
    )


def write(data: Data, folder: Path, name: str = "dataset.parquet") -> Path:
    """The Dataset as Parquet file in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    pq.write_table(data[0], path)
    return path


def procedure(key: str) -> Procedure[Any]:
    found = find_procedure(key)
    assert found is not None, f"no procedure {key!r}"
    return found


def run(
    key: str,
    parameters: Mapping[str, Any],
    data: Data,
    folder: Path,
    *,
    filter: Mapping[str, Any] | None = None,
    weight: str | None = None,
    context: RunContext | None = None,
) -> ProcedureOutput:
    """Validate and compute."""
    chosen = procedure(key)
    checked = chosen.validate(parameters, data[1])
    context = context or RunContext()
    with Frame(write(data, folder), data[1], filter=filter, weight=weight, context=context) as frame:
        return chosen.run(frame, checked, context)


def refusal(
    key: str, parameters: Mapping[str, Any], data: Data, folder: Path, **options: Any
) -> ProcedureError:
    """The ProcedureError that the run ends in."""
    with pytest.raises(ProcedureError) as caught:
        run(key, parameters, data, folder, **options)
    return caught.value


def check_output(output: ProcedureOutput) -> dict[str, Any]:
    """JSON-safety, unique ids, sound charts and drills; returns the parsed JSON."""
    parsed: dict[str, Any] = json.loads(json.dumps(output.to_dict(), allow_nan=False))
    for kind in ("facts", "tables", "charts"):
        ids = [item["id"] for item in parsed[kind]]
        assert len(ids) == len(set(ids)), f"{kind} repeat ids"
    assert output.facts or output.tables, "nothing was said"
    assert output.method.text and output.method.missing_values
    for fact in output.facts:
        assert fact.name and fact.n is not None
        if fact.p is not None:
            assert 0 <= fact.p <= 1, fact
        if (
            fact.interval is not None
            and isinstance(fact.value, (int, float))
            and not isinstance(fact.value, bool)
        ):
            low, high = fact.interval.low, fact.interval.high
            slack = 1e-9 * (1 + abs(fact.value))
            assert low is None or low <= fact.value + slack, fact
            assert high is None or high >= fact.value - slack, fact
    for chart in parsed["charts"]:
        check_vega_lite(chart["spec"])
    return parsed


def check_vega_lite(spec: Mapping[str, Any]) -> None:
    """The parts of Vega-Lite v6 that charts here use: schema, inline data, marks, typed encodings of real fields."""
    assert spec["$schema"] == "https://vega.github.io/schema/vega-lite/v6.json"
    assert spec["title"] and spec["description"]
    values = spec["data"]["values"]
    assert isinstance(values, list)
    fields = {key for row in values for key in row}
    views = spec.get("layer") or spec.get("hconcat") or spec.get("vconcat") or [spec]
    marks = 0
    for view in views:
        for part in view.get("layer", [view]):
            marks += "mark" in part
            for name, encoding in {
                **spec.get("encoding", {}),
                **view.get("encoding", {}),
                **part.get("encoding", {}),
            }.items():
                for entry in encoding if isinstance(encoding, list) else [encoding]:
                    if "field" not in entry:
                        continue
                    if values:
                        assert entry["field"] in fields, (
                            f"{name} refers to {entry['field']!r}, data has {sorted(fields)}"
                        )
                    if not name.endswith("2"):
                        assert entry.get("type") in ("quantitative", "nominal", "ordinal", "temporal"), (
                            name,
                            entry,
                        )
    assert marks, "no mark"


def check_drills(output: ProcedureOutput, frame: Frame, count_key: str = "n") -> None:
    """Where a table has drills and a row-count column, the rows behind each row are as many as it says."""
    for table in output.tables:
        keys = [column.key for column in table.columns]
        if not table.row_drills or count_key not in keys:
            continue
        at = keys.index(count_key)
        for i, row in enumerate(table.rows):
            if table.row_drills[i] is not None and row[at] is not None:
                total, _ = frame.rows(filter=table.cell_filter(i, count_key), limit=1)
                assert total == row[at], (table.id, row)


def run_script(
    key: str,
    parameters: Mapping[str, Any],
    data: Data,
    folder: Path,
    *,
    filter: Mapping[str, Any] | None = None,
    weight: str | None = None,
    context: RunContext | None = None,
) -> dict[str, Any]:
    """Export the stand-alone script, run it in a fresh interpreter outside the repository, parse what it prints."""
    chosen = procedure(key)
    checked = chosen.validate(parameters, data[1])
    context = context or RunContext()
    export = ScriptContext(data[1], filter, weight, context.seed, "dataset.parquet", context.confidence)
    source = chosen.export_script(checked, export)
    compile(source, "script.py", "exec")
    path = write(data, folder)
    (folder / "script.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-W", "ignore", str(folder / "script.py"), str(path)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"script failed:\n{done.stderr}\n{source}"
    parsed: dict[str, Any] = json.loads(done.stdout)
    return parsed


def check_script(output: ProcedureOutput, printed: Mapping[str, Any], tolerance: float = 1e-8) -> None:
    """Every number the script prints is a fact of the result with the same value."""
    assert printed, "the script reproduces nothing"
    facts = {fact.id: fact for fact in output.facts}
    for name, value in printed.items():
        assert name in facts, f"script prints {name!r}, the result has {sorted(facts)[:20]}"
        expected = facts[name].value
        if facts[name].suppressed:
            continue
        if isinstance(expected, (int, float)) and not isinstance(expected, bool) and value is not None:
            assert math.isclose(float(value), float(expected), rel_tol=tolerance, abs_tol=tolerance), (
                name,
                value,
                expected,
            )
        else:
            assert value == expected, (name, value, expected)


def check_procedure(
    key: str,
    parameters: Mapping[str, Any],
    data: Data,
    folder: Path,
    *,
    filter: Mapping[str, Any] | None = None,
    weight: str | None = None,
    tolerance: float = 1e-8,
    key_facts: Sequence[str] = (),
) -> ProcedureOutput:
    """The whole contract: output is sound, drills fit, the script reproduces the figures, a rerun is equal."""
    chosen = procedure(key)
    schema = chosen.schema()
    json.dumps(schema)
    assert chosen.question.endswith("?") and schema["type"] == "object"
    output = run(key, parameters, data, folder, filter=filter, weight=weight)
    check_output(output)
    for wanted in key_facts:
        output.fact(wanted)
    again = run(key, parameters, data, folder, filter=filter, weight=weight)
    assert again.to_dict() == output.to_dict(), "a repeated run gives other figures"
    with Frame(folder / "dataset.parquet", data[1], filter=filter, weight=weight) as frame:
        check_drills(output, frame)
    printed = run_script(key, parameters, data, folder, filter=filter, weight=weight)
    check_script(output, printed, tolerance)
    return output
