"""Frame: both ways of reading agree, filters select what they say, user text never becomes SQL."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.contracts import Measure
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.filters import OPS
from analysis.logic.frame import Frame
from analysis.logic.stats.joint_counts import count_pairs
from analysis.tests.logic.harness import Data, dataset, survey, write

#: Matches every row, so that DuckDB reads what is otherwise read directly.
EVERY_ROW = {"not": {"and": [{"column": "n", "op": "is_missing"}, {"column": "n", "op": "not_missing"}]}}


def mixed(rows: list[tuple[Any, ...]]) -> Data:
    n, r, b, t, w = zip(*rows, strict=True)
    table = pa.table(
        {
            "n": pa.array(n, pa.int16()),
            "r": pa.array(r, pa.float64()),
            "b": pa.array(b, pa.bool_()),
            "t": pa.array(t, pa.string()),
            "w": pa.array(w, pa.float64()),
        }
    )
    from analysis.tests.logic.harness import meta_of

    metas = meta_of(table, n=Measure.ORDINAL)
    metas = (
        replace(metas[0], missing_codes=(99,), value_labels=((3, "three"), (1, "one"))),
        metas[1],
        metas[2],
        replace(metas[3], missing_codes=("?",), value_labels=(("b", "Bee"),)),
        metas[4],
    )
    return table, metas


rows = st.lists(
    st.tuples(
        st.one_of(st.none(), st.sampled_from([1, 2, 3, 7, 99])),
        st.one_of(st.none(), st.sampled_from([0.0, -1.5, 2.5, math.nan, math.inf])),
        st.one_of(st.none(), st.booleans()),
        st.one_of(st.none(), st.sampled_from(["a", "b", "?", "", "$v0", "it's \U0001f600"])),
        st.one_of(st.none(), st.sampled_from([1.0, 0.5, 3.0, 0.0, -1.0, math.inf])),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows, st.booleans(), st.booleans())
def test_direct_reading_and_duckdb_see_the_same_rows(
    tmp_path: Path, drawn: list[tuple[Any, ...]], weighted: bool, complete: bool
) -> None:
    data = mixed(drawn)
    path = write(data, tmp_path)
    weight = "w" if weighted and any(r[4] is not None and 0 < r[4] < math.inf for r in drawn) else None
    with (
        Frame(path, data[1], weight=weight) as direct,
        Frame(path, data[1], weight=weight, filter=EVERY_ROW) as queried,
    ):
        assert direct.n == queried.n
        assert direct.weighted_n == pytest.approx(queried.weighted_n)
        for name in ("n", "b", "t"):
            assert direct.categories(name) == queried.categories(name)
        for pair in (("n", "t"), ("t", "b"), ("n", "n"), ("b", "n")):
            one, other = direct.cross_counts(*pair), queried.cross_counts(*pair)
            assert one.n.tolist() == other.n.tolist()
            np.testing.assert_allclose(one.weighted, other.weighted)
            np.testing.assert_allclose(one.weight_squares, other.weight_squares)
            assert one.missing == other.missing
        parts = []
        for frame in (direct, queried):
            chunks = list(frame.chunks(["n", "r", "b"], ["t", "n"], complete=complete))
            parts.append(
                [np.concatenate([getattr(c, f) for c in chunks]) for f in ("x", "codes", "weights")]
                if chunks
                else []
            )
        for a, b in zip(*parts, strict=True):
            np.testing.assert_array_equal(a, b)
        assert {n.code for n in direct.notices} == {n.code for n in queried.notices}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_packed_counts_equal_counting_each_pair(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=7))
    n = data.draw(st.integers(0, 300))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    codes = [rng.integers(data.draw(st.integers(0, 1)), k + 1, n).astype(np.uint8) for k in sizes]
    weights = rng.uniform(0.1, 3, n) if data.draw(st.booleans()) else None
    pairs = [(a, b) for a in range(len(sizes)) for b in range(len(sizes))]
    for (a, b), table in zip(pairs, count_pairs(codes, sizes, pairs, weights), strict=True):
        expected = np.zeros((sizes[a] + 1, sizes[b] + 1))
        squares = expected.copy()
        counted = expected.copy()
        w = np.ones(n) if weights is None else weights
        np.add.at(counted, (codes[a], codes[b]), 1)
        np.add.at(expected, (codes[a], codes[b]), w)
        np.add.at(squares, (codes[a], codes[b]), w * w)
        np.testing.assert_array_equal(table.n, counted[1:, 1:])
        np.testing.assert_allclose(table.weighted, expected[1:, 1:], atol=1e-9)
        np.testing.assert_allclose(table.weight_squares, squares[1:, 1:], atol=1e-9)


def table() -> Data:
    return dataset(
        {
            "i": [1, 2, 3, None],
            "x": [0.5, 1.5, None, 2.5],
            "t": ["Ann", "bob's", None, '"; DROP TABLE d'],
            "d": [dt.date(2024, 1, 1), dt.date(2024, 6, 1), None, dt.date(2025, 1, 1)],
            "b": [True, False, None, True],
        }
    )


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"column": "i", "op": "eq", "value": 2}, [2]),
        ({"column": "i", "op": "ne", "value": 2}, [1, 3]),
        ({"column": "i", "op": "lt", "value": 2.5}, [1, 2]),
        ({"column": "x", "op": "ge", "value": "1.5"}, [2, 4]),
        ({"column": "i", "op": "in", "value": [1, 3, 8]}, [1, 3]),
        ({"column": "i", "op": "not_in", "value": [1]}, [2, 3]),
        ({"column": "x", "op": "between", "value": [0.5, 1.5]}, [1, 2]),
        ({"column": "t", "op": "eq", "value": '"; DROP TABLE d'}, [4]),
        ({"column": "t", "op": "contains", "value": "B'S"}, [2]),
        ({"column": "t", "op": "starts_with", "value": "an"}, [1]),
        ({"column": "d", "op": "gt", "value": "2024-03-01"}, [2, 4]),
        ({"column": "b", "op": "eq", "value": True}, [1, 4]),
        ({"column": "i", "op": "is_missing"}, [4]),
        ({"column": "t", "op": "not_missing"}, [1, 2, 4]),
        (
            {"and": [{"column": "i", "op": "gt", "value": 1}, {"column": "b", "op": "eq", "value": False}]},
            [2],
        ),
        ({"or": [{"column": "i", "op": "eq", "value": 1}, {"column": "i", "op": "is_missing"}]}, [1, 4]),
        ({"not": {"column": "i", "op": "eq", "value": 1}}, [2, 3]),
    ],
)
def test_filters_select_rows(tmp_path: Path, tree: dict[str, Any], expected: list[int]) -> None:
    data = table()
    with Frame(write(data, tmp_path), data[1], filter=tree) as frame:
        _, page = frame.rows()
        found = [row["_row"] for row in page]
    assert found == expected


@pytest.mark.parametrize(
    ("tree", "pointer"),
    [
        ({}, "/filter"),
        ({"column": "i", "op": "like", "value": 1}, "/filter/op"),
        ({"column": "i", "op": "eq"}, "/filter"),
        ({"column": "i", "op": "eq", "value": "many"}, "/filter/value"),
        ({"column": "i", "op": "eq", "value": None}, "/filter/value"),
        ({"column": "i", "op": "eq", "value": float("inf")}, "/filter/value"),
        ({"column": "d", "op": "eq", "value": "yesterday"}, "/filter/value"),
        ({"column": "b", "op": "eq", "value": "perhaps"}, "/filter/value"),
        ({"column": "i", "op": "in", "value": []}, "/filter/value"),
        ({"column": "i", "op": "between", "value": [1]}, "/filter/value"),
        ({"column": "nope", "op": "eq", "value": 1}, "/filter/column"),
        ({"and": []}, "/filter/and"),
        ({"and": [{"column": "i", "op": "eq", "value": 1}, {"or": 3}]}, "/filter/and/1/or"),
        ({"column": "i", "op": "eq", "value": 1, "sql": "1=1"}, "/filter"),
    ],
)
def test_malformed_filters_are_pointed_at(tmp_path: Path, tree: dict[str, Any], pointer: str) -> None:
    data = table()
    with pytest.raises(ProcedureError) as caught:
        Frame(write(data, tmp_path), data[1], filter=tree)
    assert caught.value.pointer == pointer


def test_bottomless_filters_are_refused(tmp_path: Path) -> None:
    tree: dict[str, Any] = {"column": "i", "op": "eq", "value": 1}
    for _ in range(40):
        tree = {"not": tree}
    data = table()
    with pytest.raises(ProcedureError, match="too deep"):
        Frame(write(data, tmp_path), data[1], filter=tree)


@pytest.mark.parametrize(
    "name", ['a"b', "a'b", "a.b", "$v0", "c0", "rownum", "file_row_number", "\U0001f600", " ", "A"]
)
def test_any_column_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    data = dataset({name: [1, 2, 2], "a": [3.0, 4.0, 5.0]})
    for tree in (None, {"column": name, "op": "eq", "value": 2}):
        with Frame(write(data, tmp_path), data[1], filter=tree) as frame:
            assert [c.value for c in frame.categories(name)] == ([1, 2] if tree is None else [2])
            assert frame.arrays([name, "a"]).n == (3 if tree is None else 2)
            assert frame.rows([name])[1][-1][name] == 2


def test_the_connection_reaches_no_other_file(tmp_path: Path) -> None:
    data = table()
    with Frame(write(data, tmp_path), data[1]) as frame:
        for statement in ("SELECT * FROM read_csv('/etc/passwd')", "SET enable_external_access=true"):
            with pytest.raises(Exception, match=r"disabled|locked|Permission|Cannot"):
                frame.fetch(statement)


def test_a_deleted_or_rewritten_file_is_said_so(tmp_path: Path) -> None:
    data = table()
    with pytest.raises(ProcedureError) as caught:
        Frame(tmp_path / "gone.parquet", data[1])
    assert caught.value.code == "dataset_unavailable"
    path = write(dataset({"other": [1]}), tmp_path)
    with pytest.raises(ProcedureError) as caught:
        Frame(path, data[1])
    assert caught.value.code == "dataset_changed"


def test_rows_are_paged_in_file_order(tmp_path: Path) -> None:
    data = survey(100)
    with Frame(
        write(data, tmp_path), data[1], filter={"column": "region", "op": "eq", "value": "north"}
    ) as frame:
        total, first = frame.rows(["region"], limit=10)
        _, second = frame.rows(["region"], offset=10, limit=10)
    numbers = [row["_row"] for row in first + second]
    assert numbers == sorted(numbers) and len(set(numbers)) == 20
    assert total == sum(v == "north" for v in data[0].column("region").to_pylist())


def test_many_categories_are_coded_alike_by_both_readers(tmp_path: Path) -> None:
    values = [f"v{i % 300}" for i in range(900)]
    dates = [dt.date(2020, 1, 1) + dt.timedelta(days=i % 60) for i in range(900)]
    data = dataset({"n": list(range(900)), "t": values, "d": dates, "r": [i % 50 / 4 for i in range(900)]})
    path = write(data, tmp_path)
    with Frame(path, data[1]) as direct, Frame(path, data[1], filter=EVERY_ROW) as queried:
        for name in ("t", "d", "r"):
            one, other = direct.arrays(categorical=[name]), queried.arrays(categorical=[name])
            labels = [[a.categories[name][c].label for c in a.codes[name]] for a in (one, other)]
            assert labels[0] == labels[1]
            assert one.categories[name] == other.categories[name]
        coded = direct.arrays(categorical=["t"])
        assert [coded.categories["t"][c].value for c in coded.codes["t"]] == values


def test_rows_beyond_the_memory_cap_are_refused_before_reading(tmp_path: Path) -> None:
    data = survey(400)
    with (
        Frame(write(data, tmp_path), data[1], context=RunContext(memory_bytes=1_000)) as frame,
        pytest.raises(ProcedureError, match="MiB"),
    ):
        frame.arrays(["age"])


def test_every_operator_is_tested_above() -> None:
    words = "eq ne lt le gt ge in not_in between contains starts_with is_missing not_missing"
    assert set(OPS) == set(words.split())


def test_several_files_are_one_frame(tmp_path: Path) -> None:
    a, b = dataset({"g": ["x", "y"], "v": [1.0, 2.0]}), dataset({"g": ["y", "z"], "v": [3.0, None]})
    paths = [write(a, tmp_path, "a.parquet"), write(b, tmp_path, "b.parquet")]
    with Frame(paths, a[1]) as frame:
        assert frame.n == 4
        assert [(c.value, c.n) for c in frame.categories("g")] == [("x", 1), ("y", 2), ("z", 1)]
        assert np.concatenate([c.x[:, 0] for c in frame.chunks(["v"], complete=True)]).tolist() == [
            1.0,
            2.0,
            3.0,
        ]
