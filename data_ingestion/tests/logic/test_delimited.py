"""Structure, dialect and repair of delimited text on small hand-made files."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_ingestion.logic.delimited import load
from data_ingestion.logic.delimited.reader import parse_text
from data_ingestion.logic.delimited.tokenizer import Dialect, cell_values, iter_records


def read(text: str):
    found = parse_text(text)
    return found.dialect, found.tables


@pytest.mark.parametrize(
    ("text", "delimiter", "header", "rows"),
    [
        ("a;b\n1;2,5\n3;4,5\n", ";", ["a", "b"], [["1", "2,5"], ["3", "4,5"]]),
        ("a\tb\n1\tx, y\n2\tz\n", "\t", ["a", "b"], [["1", "x, y"], ["2", "z"]]),
        ("a||b||c\n1||2||3\n4||5||6\n", "||", ["a", "b", "c"], [["1", "2", "3"], ["4", "5", "6"]]),
        ("sep=;\na;b\n1;2\n", ";", ["a", "b"], [["1", "2"]]),
        ("'a','b'\n'it''s','2'\n'x','3'\n", ",", ["a", "b"], [["it's", "2"], ["x", "3"]]),
        ('id,t\n1,"a\nb, c"\n2,"x ""y"""\n', ",", ["id", "t"], [["1", "a\nb, c"], ["2", 'x "y"']]),
        ('id,t\n1,"say \\"hi\\" now"\n2,"b"\n', ",", ["id", "t"], [["1", 'say "hi" now'], ["2", "b"]]),
        ("1,2\n3,4\n5,6\n", ",", None, [["1", "2"], ["3", "4"], ["5", "6"]]),
        ("name\nann\nbob\ncyd\n", ",", ["name"], [["ann"], ["bob"], ["cyd"]]),
        ("a,b\r1,2\r3,4\r", ",", ["a", "b"], [["1", "2"], ["3", "4"]]),
        (
            "Country,2018,2019\nDE,1.5,2.5\nFR,1.1,2.2\n",
            ",",
            ["Country", "2018", "2019"],
            [["DE", "1.5", "2.5"], ["FR", "1.1", "2.2"]],
        ),
    ],
)
def test_first_table_is_read(text, delimiter, header, rows):
    dialect, tables = read(text)
    assert dialect.delimiter == delimiter
    assert tables[0].header == header
    assert tables[0].rows == rows


def test_preamble_header_rows_and_footnotes_are_told_apart():
    text = "Survey 2024,,\n,,\nwho,2019,\n,mean,sd\nmen,1.5,0.2\nwomen,1.7,0.1\n,,\nSource: us,,\n"
    _, (table,) = read(text)
    assert table.preamble == ["Survey 2024,,", ",,"]
    assert table.labels == ["who", "2019 mean", "2019 sd"]
    assert table.rows == [["men", "1.5", "0.2"], ["women", "1.7", "0.1"]]
    assert [reject.reason for reject in table.rejects] == ["footnote", "footnote"]


def test_second_table_becomes_a_table_of_its_own():
    _, tables = read("a,b\n1,2\n3,4\n\nname,city,age\nx,Rome,3\ny,Paris,4\nz,Oslo,5\n")
    assert [table.header for table in tables] == [["a", "b"], ["name", "city", "age"]]
    assert [len(table.rows) for table in tables] == [2, 3]


def test_unprotected_delimiter_is_joined_back_and_receipted():
    _, (table,) = read("id,name,price\n1,Smith, John,3.5\n2,Ann,4.5\n3,Bob,5.5\n4,Cid,6.5\n")
    assert table.rows[0] == ["1", "Smith, John", "3.5"]
    (repair,) = [repair for repair in table.repairs if repair.kind == "ragged_row"]
    assert (repair.row, repair.before) == (2, "1,Smith, John,3.5")
    assert "fields joined" in repair.message


def test_unnamed_first_column_is_kept():
    _, (table,) = read("a,b\n1,x,3\n2,y,4\n3,z,5\n")
    assert table.header == ["", "a", "b"]
    assert table.rows[0] == ["1", "x", "3"]


cells = st.text(
    alphabet=st.characters(codec="utf-8", exclude_characters="\r\x00", exclude_categories=["Cs"]), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=8))
def test_tokenizer_agrees_with_the_standard_on_valid_csv(rows):
    """Whatever the standard library writes fully quoted is read back exactly, line ends inside cells included."""
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    dialect = Dialect(",")
    ambiguous = any('"' in cell for row in rows for cell in row)
    found = [cell_values(record, dialect) for record in iter_records(out.getvalue(), dialect)]
    if not ambiguous:
        assert found == rows
    else:
        assert "".join(c for row in found for c in row).count("\n") <= out.getvalue().count("\n")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_without_error_and_in_full_width(text):
    for table in parse_text(text).tables:
        assert all(len(row) == table.width for row in table.rows)
        assert table.header is None or len(table.header) == table.width
        assert table.rows_in == len(table.rows) + len(table.rejects)


# --- bulk loading --------------------------------------------------------------------------------------------------


@pytest.fixture
def small_is_bulk(monkeypatch):
    """Send even small files through the DuckDB path."""
    monkeypatch.setattr(load, "SMALL_BYTES", 0)


def bulk_csv(rows: int, changes: dict[int, str] | None = None, newline: str = "\n") -> str:
    lines = ["id,name,price,when"]
    lines += [f"{i},n{i % 7},{i / 4},2024-01-{1 + i % 28:02}" for i in range(rows)]
    for index, line in (changes or {}).items():
        lines[index + 1] = line
    return newline.join(lines) + newline


def test_bulk_types_and_counts(run, small_is_bulk, rows_of):
    (table,) = run(bulk_csv(5000))
    assert [column.physical_type.value for column in table.columns] == ["integer", "text", "number", "date"]
    assert table.row_count == table.receipt.rows_in == 5000
    assert table.profile[0].maximum == 4999
    assert rows_of(table)[4999]["price"] == 4999 / 4


def test_bulk_repairs_only_rejected_rows_in_their_place(run, small_is_bulk, rows_of):
    changes = {
        100: "100,n2,,25.0,2024-01-17",
        200: '200,"n4,50.0,2024-01-05',
        300: "300,a, b,75.0,2024-01-21",
    }
    (table,) = run(bulk_csv(5000, changes))
    rows = rows_of(table)
    assert [row["id"] for row in rows] == list(range(5000))
    assert rows[100]["price"] == 25.0
    assert rows[200]["name"] == '"n4'
    assert rows[300]["name"] == "a, b"
    assert rows[301]["name"] == "n0"
    kinds = {repair.row: repair.kind for repair in table.receipt.repairs if repair.row}
    assert kinds == {102: "ragged_row", 202: "quoting", 302: "ragged_row"}


def test_bulk_rejects_lines_that_are_no_rows(run, small_is_bulk):
    (table,) = run(bulk_csv(5000, {2500: "--- page break ---"}))
    assert (table.receipt.rows_in, table.receipt.rows_out, table.receipt.rows_rejected) == (5000, 4999, 1)
    import pyarrow.parquet as pq

    (reject,) = pq.read_table(table.rejects_path).to_pylist()
    assert reject == {"row": 2502, "reason": "not_a_table_row", "raw": "--- page break ---"}


@pytest.mark.parametrize("newline", ["\r\n", "\r"])
def test_bulk_line_ends(run, small_is_bulk, newline):
    (table,) = run(bulk_csv(5000, newline=newline))
    assert table.row_count == 5000
    assert table.profile[2].maximum == 4999 / 4


def test_bulk_of_another_encoding_and_delimiter(run, small_is_bulk, rows_of):
    text = "id;stadt\n" + "".join(f"{i};Köln\n" for i in range(4000))
    (table,) = run(text.encode("cp1252"))
    assert rows_of(table)[3999] == {"id": 3999, "stadt": "Köln"}
    assert table.receipt.dialect["encoding"] == "cp1252"


@pytest.mark.parametrize(
    ("late", "physical"),
    [("n.v.t.", "text"), ("12.5", "number"), ("007", "text"), ("99999999999999999999999", "text")],
)
def test_late_odd_cell_changes_the_column_type_and_nothing_is_lost(
    run, small_is_bulk, rows_of, monkeypatch, late, physical
):
    """The odd cell stands where no sample looks; the column must neither crash nor lose it."""
    monkeypatch.setattr(load, "_SAMPLE_BYTES", 20_000)
    monkeypatch.setattr(load, "_SAMPLE_PLACES", 0)
    rows = 60_000
    lines = ["id,value"] + [f"{i},{i % 50}" for i in range(rows)]
    lines[rows - 9_001] = f"{rows - 9_002},{late}"
    (table,) = run("\n".join(lines) + "\n")
    assert table.columns[1].physical_type.value == physical
    value = rows_of(table)[rows - 9_002]["value"]
    assert value == (float(late) if physical == "number" else late)
    assert table.profile[1].missing == 0
    (repair,) = [repair for repair in table.receipt.repairs if repair.kind == "type_changed"]
    assert (repair.column, repair.row, repair.count) == ("value", rows - 9_001, 1)
    assert late in repair.after


def test_odd_cell_inside_the_sample_is_receipted_too(run):
    lines = ["id,value"] + [f"{i},{i % 50}" for i in range(100)]
    lines[40] = "39,about ten"
    (table,) = run("\n".join(lines) + "\n")
    assert table.columns[1].physical_type.value == "text"
    (repair,) = [repair for repair in table.receipt.repairs if repair.kind == "type_changed"]
    assert (repair.row, repair.count, repair.after) == (40, 1, "text: about ten")


def test_bulk_leaves_only_the_tables_behind(run, small_is_bulk, work_dir):
    (table,) = run(bulk_csv(3000, {5: "5"}))
    assert {path.name for path in work_dir.iterdir()} == {"table-1.parquet"} | (
        {table.rejects_path.name} if table.rejects_path else set()
    )
