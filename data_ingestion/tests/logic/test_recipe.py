"""Recipe steps, filters and formulas, union, version comparison and pages on a small table."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_ingestion.contracts import ColumnSchema, PhysicalType
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.expressions import FUNCTION_NAMES, compile_filter, compile_formula
from data_ingestion.logic.pipeline import ingest
from data_ingestion.logic.preview import read_page
from data_ingestion.logic.recipe import STEP_KINDS, TableSource, apply_recipe, parse_recipe, recipe_schema
from data_ingestion.logic.union import header_similarity, union_tables
from data_ingestion.logic.versions import compare_versions, content_hash

CSV = (
    "id,name,score,joined\n"
    "1, ann ,5,2024-01-01\n"
    "2,bob,0,2024-01-02\n"
    "3,cyd,,2024-02-01\n"
    "4,bob,3,2024-02-02\n"
    '5,"o\'neil; ""x""",99,2024-03-01\n'
)
OTHER = "ID;E-Mail;Score\n2;b@x.org;1.5\n4;d@x.org;9\n"


@pytest.fixture
def source(run) -> TableSource:
    (table,) = run(CSV)
    return TableSource(table.parquet_path, table.columns, "main")


@pytest.fixture
def other(tmp_path) -> TableSource:
    folder = tmp_path / "other"
    folder.mkdir()
    path = tmp_path / "other.csv"
    path.write_text(OTHER)
    (table,) = ingest(path, original_name="other.csv", work_dir=folder)
    return TableSource(table.parquet_path, table.columns, "other")


@pytest.fixture
def cook(source, other, tmp_path):
    def call(*steps):
        result = apply_recipe(
            source, parse_recipe(list(steps)), target=tmp_path / "v2.parquet", resolve=lambda i, v: other
        )
        page = read_page(result.parquet_path, result.columns)
        return result, [dict(zip(page.columns, row, strict=True)) for row in page.rows]

    return call


def column(rows, name):
    return [row[name] for row in rows]


STEPS = {
    "rename": ({"columns": {"name": "Name"}}, "Name", [" ann ", "bob", "cyd", "bob", 'o\'neil; "x"']),
    "trim": ({"columns": ["name"], "case": "upper"}, "name", ["ANN", "BOB", "CYD", "BOB", 'O\'NEIL; "X"']),
    "recode": (
        {"column": "name", "mapping": {"bob": "Robert", "cyd": None}},
        "name",
        [" ann ", "Robert", None, "Robert", 'o\'neil; "x"'],
    ),
    "map_missing": ({"columns": ["score"], "codes": ["99", "0.0"]}, "score", [5, None, None, 3, None]),
    "filter": ({"where": {"column": "score", "op": "ge", "value": 3}}, "id", [1, 4, 5]),
    "derive": ({"column": "d", "expression": "score * 2 + id"}, "d", [11.0, 2.0, None, 10.0, 203.0]),
    "retype": ({"column": "score", "to": "text"}, "score", ["5", "0", None, "3", "99"]),
    "split": ({"column": "name", "separator": ";", "into": ["a", "b"]}, "b", [None, None, None, None, '"x"']),
    "merge": (
        {"columns": ["id", "name"], "into": "m", "separator": "/"},
        "m",
        ["1/ ann ", "2/bob", "3/cyd", "4/bob", '5/o\'neil; "x"'],
    ),
    "drop_duplicates": ({"columns": ["name"]}, "id", [1, 2, 3, 5]),
    "select": ({"columns": ["score"], "keep": True}, "score", [5, 0, None, 3, 99]),
    "append": ({"datasets": [{"dataset_id": "o"}]}, "score", [5.0, 0.0, None, 3.0, 99.0, 1.5, 9.0]),
    "join": (
        {"dataset": {"dataset_id": "o"}, "left_on": ["id"], "right_on": ["ID"]},
        "E-Mail",
        [None, "b@x.org", None, "d@x.org", None],
    ),
}


@pytest.mark.parametrize(("kind", "case"), STEPS.items(), ids=STEPS.keys())
def test_step(cook, kind, case):
    parameters, name, expected = case
    result, rows = cook({"kind": kind, **parameters})
    assert column(rows, name) == expected
    assert result.row_count == len(expected)
    assert [c.name for c in result.columns] == [p.name for p in result.profile]
    assert result.reports[0].rows_before == 5
    assert result.reports[0].rows_after == len(expected)


def test_every_step_kind_is_tested_and_described():
    assert set(STEPS) == set(STEP_KINDS)
    assert all(entry["summary"] for entry in recipe_schema().values())


def test_steps_work_in_order_on_each_other(cook):
    result, rows = cook(
        {"kind": "trim"},
        {"kind": "rename", "columns": {"id": "score", "score": "id"}},
        {"kind": "filter", "where": {"column": "score", "op": "le", "value": 2}},
        {
            "kind": "recode",
            "column": "name",
            "mapping": {"ann": 1, "bob": 2},
            "others": "missing",
            "into": "code",
        },
    )
    assert column(rows, "id") == [5, 0]
    assert column(rows, "code") == [1, 2]
    assert result.columns[-1].physical_type is PhysicalType.INTEGER
    assert [report.rows_after for report in result.reports] == [5, 5, 2, 2]


def test_retype_counts_what_it_cannot_read_and_keeps_it(cook):
    result, rows = cook({"kind": "retype", "column": "name", "to": "number"})
    assert column(rows, "name") == [None] * 5
    assert column(rows, "name (raw)")[1] == "bob"
    assert "5 cells" in result.reports[0].notes[0]
    with pytest.raises(IngestError) as caught:
        cook({"kind": "retype", "column": "name", "to": "number", "strict": True})
    assert caught.value.code == "recipe_invalid"


def test_join_refuses_to_multiply_rows(source, tmp_path):
    steps = [{"kind": "join", "dataset": {"dataset_id": "self"}, "left_on": ["name"], "right_on": ["name"]}]
    with pytest.raises(IngestError, match="more than once"):
        apply_recipe(source, parse_recipe(steps), target=tmp_path / "x.parquet", resolve=lambda i, v: source)
    assert not (tmp_path / "x.parquet").exists()


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ([{"kind": "explode"}], "/0/kind"),
        ([{"kind": "trim"}, {"kind": "rename"}], "/1/columns"),
        ([{"kind": "trim", "colour": "red"}], "/0/colour"),
        (["trim"], "/0/kind"),
    ],
)
def test_invalid_recipe_points_at_the_mistake(raw, pointer):
    with pytest.raises(IngestError) as caught:
        parse_recipe(raw)
    assert caught.value.code == "recipe_invalid"
    assert caught.value.context["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "rename", "columns": {"id": "name"}},
        {"kind": "derive", "column": "id", "expression": "1"},
        {"kind": "select", "columns": ["id", "name", "score", "joined"], "keep": False},
        {"kind": "split", "column": "id", "separator": ",", "into": ["a", "b"]},
    ],
)
def test_step_that_does_not_fit_is_refused(cook, step):
    with pytest.raises(IngestError) as caught:
        cook(step)
    assert caught.value.code == "recipe_invalid"


def test_unknown_column_is_named(cook):
    with pytest.raises(IngestError) as caught:
        cook({"kind": "trim", "columns": ["nope"]})
    assert (caught.value.code, caught.value.context["column"]) == ("column_unknown", "nope")


HOSTILE = ["x'; DROP TABLE t; --", '"; SELECT 1; --', "$s1_p0", "{0}", "a\\", "\x00", "' OR 1=1 --"]


@pytest.mark.parametrize("text", HOSTILE)
def test_user_text_never_becomes_sql(cook, text):
    _, rows = cook({"kind": "filter", "where": {"column": "name", "op": "eq", "value": text}})
    assert rows == []
    _, rows = cook({"kind": "recode", "column": "name", "mapping": {"bob": text}})
    assert rows[1]["name"] == text
    name = text.replace("\x00", "") + "n"
    _, rows = cook(
        {"kind": "rename", "columns": {"name": name}},
        {"kind": "derive", "column": "k", "expression": f"length([{name}])"}
        if "]" not in name
        else {"kind": "trim"},
    )
    assert rows[1][name.strip()] == "bob"


# --- expressions ---------------------------------------------------------------------------------------------------

COLUMNS = (
    ColumnSchema(name="x", physical_type=PhysicalType.NUMBER),
    ColumnSchema(name="n", physical_type=PhysicalType.INTEGER),
    ColumnSchema(name="a b", physical_type=PhysicalType.TEXT),
    ColumnSchema(name="d", physical_type=PhysicalType.DATE),
    ColumnSchema(name="ok", physical_type=PhysicalType.BOOLEAN),
)


def evaluate(formula: str):
    import duckdb

    compiled = compile_formula(formula, COLUMNS).compiled
    row = duckdb.execute(
        f"SELECT {compiled.sql} FROM (SELECT 4.0::DOUBLE AS x, 7::BIGINT AS n, 'Tea' AS \"a b\", "
        "DATE '2024-03-05' AS d, TRUE AS ok)",
        compiled.parameters,
    ).fetchone()
    return row[0]


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-x ^ 2", -16.0),
        ("2 ^ -1", 0.5),
        ("n / 0", None),
        ("n % 4", 3.0),
        ("n / 2", 3.5),
        ("round(n / 3, 2)", 2.33),
        ("if(n > 5, 'big', 'small')", "big"),
        ("if(n < 5 or not ok, 1, 0)", 0.0),
        ("[a b] || '!'", "Tea!"),
        ("upper(left([a b], 2))", "TE"),
        ("concat([a b], n)", "Tea7"),
        ("length([a b])", 3.0),
        ("year(d)", 2024.0),
        ("weekday(d)", 2.0),
        ("d >= '2024-03-01'", True),
        ("sqrt(-1)", None),
        ("mean(x, n)", 5.5),
        ("count(x, n)", 2.0),
        ("max(x, n)", 7.0),
        ("coalesce(number('abc'), 9)", 9.0),
        ("is_missing(number([a b]))", True),
        ("'it''s'" if False else '"it\'s"', "it's"),
    ],
)
def test_formula_value(formula, value):
    assert evaluate(formula) == value


@pytest.mark.parametrize(
    "formula",
    [
        "",
        "1 +",
        "foo(1)",
        "x + [a b]",
        "if(x, 1, 2)",
        "if(ok, 1, 'a')",
        "1; drop table t",
        "x = 'a'",
        "round()",
        "((((",
        "year(x)",
        "'open",
    ],
)
def test_invalid_formula_is_refused(formula):
    with pytest.raises(IngestError) as caught:
        compile_formula(formula, COLUMNS)
    assert caught.value.code == "expression_invalid"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_no_text_makes_the_formula_parser_fail_otherwise(text):
    try:
        compile_formula(text, COLUMNS)
    except IngestError as error:
        assert error.code in {"expression_invalid", "column_unknown"}


def test_function_names_are_published():
    assert {"if", "coalesce", "round", "year"} <= set(FUNCTION_NAMES)


@pytest.mark.parametrize(
    "tree",
    [
        {"column": "x"},
        {"column": "x", "op": "like", "value": "a"},
        {"column": "x", "op": "eq", "value": "abc"},
        {"column": "x", "op": "eq", "value": None},
        {"column": "d", "op": "lt", "value": "soon"},
        {"column": "x", "op": "in", "value": "abc"},
        {"column": "x", "op": "between", "value": [1]},
        {"all": "x"},
        {"xor": []},
        [1],
        {"column": "x", "op": "eq", "value": float("nan")},
        {"column": "x", "op": "eq", "value": 1, "sql": "1=1"},
    ],
)
def test_invalid_filter_is_refused(tree):
    with pytest.raises(IngestError) as caught:
        compile_filter(tree, COLUMNS)
    assert caught.value.code == "filter_invalid"


def test_deeply_nested_filter_is_refused():
    tree: dict = {"column": "x", "op": "is_missing"}
    for _ in range(60):
        tree = {"not": tree}
    with pytest.raises(IngestError, match="deeply"):
        compile_filter(tree, COLUMNS)


# --- pages ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "ids", "total"),
    [
        ({}, [1, 2, 3, 4, 5], 5),
        ({"offset": 3, "limit": 1}, [4], 5),
        ({"offset": 99}, [], 5),
        ({"sort": ["-score", "id"]}, [5, 1, 4, 2, 3], 5),
        ({"where": {"column": "name", "op": "contains", "value": "BO"}}, [2, 4], 2),
        ({"where": {"column": "score", "op": "is_missing"}}, [3], 1),
        ({"where": {"column": "score", "op": "ne", "value": 5}}, [2, 4, 5], 3),
        (
            {
                "where": {
                    "any": [
                        {"column": "id", "op": "in", "value": [1, 5]},
                        {"column": "joined", "op": "between", "value": ["2024-02-01", "2024-02-01"]},
                    ]
                }
            },
            [1, 3, 5],
            3,
        ),
        ({"where": {"not": {"column": "id", "op": "le", "value": 4}}}, [5], 1),
        (
            {"where": {"column": "name", "op": "not_in", "value": ["bob"]}, "limit": 2, "sort": ["-id"]},
            [5, 3],
            3,
        ),
    ],
)
def test_page(source, options, ids, total):
    page = read_page(source.path, source.columns, select=["id"], **options)
    assert [row[0] for row in page.rows] == ids
    assert page.total == total


def test_page_values_are_json_ready(source):
    page = read_page(source.path, source.columns, select=["joined", "score"], limit=1)
    assert page.rows == (("2024-01-01", 5),)


@pytest.mark.parametrize("options", [{"select": ["zzz"]}, {"sort": ["zzz"]}, {"limit": 5000}, {"offset": -1}])
def test_bad_page_is_refused(source, options):
    with pytest.raises(IngestError):
        read_page(source.path, source.columns, **options)


# --- union and versions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "alike"),
    [
        ("E-Mail", "email", True),
        ("e_mail address", "E-mail Address", True),
        ("Satisfaction", "Satisfacton", True),
        ("q1", "q2", False),
        ("age", "wage", False),
        ("Zip code", "postcode", True),
        ("first name", "last name", False),
    ],
)
def test_header_similarity(first, second, alike):
    assert (header_similarity(first, second) >= 0.86) is alike


def test_union_matches_headers_widens_types_and_names_the_source(source, other, tmp_path):
    rows, columns, _, notes = union_tables(
        [("main", source.path, source.columns), ("other", other.path, other.columns)], tmp_path / "u.parquet"
    )
    assert rows == 7
    assert [c.name for c in columns] == ["id", "name", "score", "joined", "E-Mail", "source_file"]
    assert columns[2].physical_type is PhysicalType.NUMBER
    page = read_page(tmp_path / "u.parquet", columns, select=["id", "source_file"])
    assert page.rows[-1] == (4, "other")
    assert any("'Score' was matched with 'score'" in note for note in notes)


def test_comparison_by_position_and_by_key(source, cook, tmp_path):
    changed, _ = cook({"kind": "recode", "column": "score", "mapping": {"0": 1}})
    found = compare_versions((source.path, source.columns), (changed.parquet_path, changed.columns))
    assert [(c.column, c.changed, c.examples) for c in found.cells] == [("score", 1, ((2, 0, 1),))]
    assert (found.rows_added, found.columns_added) == (None, ())
    filtered, _ = cook(
        {"kind": "filter", "where": {"column": "id", "op": "ne", "value": 3}},
        {"kind": "retype", "column": "score", "to": "text"},
    )
    found = compare_versions((source.path, source.columns), (filtered.parquet_path, filtered.columns))
    assert found.cells is None
    found = compare_versions(
        (source.path, source.columns), (filtered.parquet_path, filtered.columns), key="id"
    )
    assert (found.rows_added, found.rows_removed, found.cells) == (0, 1, ())
    assert found.columns_retyped == (("score", "integer", "text"),)
    with pytest.raises(IngestError, match="not unique"):
        compare_versions((source.path, source.columns), (source.path, source.columns), key="name")


def test_same_recipe_gives_the_same_content_hash(cook):
    first, _ = cook({"kind": "trim"})
    one = content_hash(first.parquet_path)
    second, _ = cook({"kind": "trim"})
    assert content_hash(second.parquet_path) == one
    third, _ = cook({"kind": "trim", "case": "upper"})
    assert content_hash(third.parquet_path) != one
