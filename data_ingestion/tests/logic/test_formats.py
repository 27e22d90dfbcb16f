"""Every format in gives the right table; every format out can be read back."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from pathlib import Path

import docx
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pyreadstat
import pytest
from reportlab.lib import colors
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

from data_ingestion.contracts import ExportFormat, MeasureLevel, SemanticType
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.export import escape_formula, spss_names, write_export
from data_ingestion.logic.pipeline import ingest

PEOPLE = pd.DataFrame(
    {
        "q1": [1.0, 2.0, 5.0, 99.0, None],
        "name": ["ann", "bob", "cyd", "dee", ""],
        "weight": [1.5, 2.5, 3.5, 4.5, 5.5],
    }
)
LABELS = {1: "Very bad", 2: "Bad", 5: "Very good", 99: "Refused"}


def make(folder: Path, kind: str) -> Path:
    path = folder / f"people.{kind}"
    if kind == "sav" or kind == "zsav":
        pyreadstat.write_sav(
            PEOPLE,
            path,
            column_labels=["How was it?", "Name", "Weight"],
            variable_value_labels={"q1": LABELS},
            missing_ranges={"q1": [99]},
            variable_measure={"q1": "ordinal", "weight": "scale"},
            compress=kind == "zsav",
        )
    elif kind == "dta":
        pyreadstat.write_dta(
            PEOPLE,
            path,
            column_labels=["How was it?", "Name", "Weight"],
            variable_value_labels={"q1": LABELS},
        )
    elif kind == "parquet":
        PEOPLE.to_parquet(path)
    elif kind == "feather":
        PEOPLE.to_feather(path)
    elif kind == "arrows":
        with ipc.new_stream(path, pa.Schema.from_pandas(PEOPLE)) as writer:
            writer.write_table(pa.Table.from_pandas(PEOPLE))
    elif kind == "xlsx":
        PEOPLE.to_excel(path, index=False)
    elif kind == "json":
        PEOPLE.to_json(path, orient="records")
    elif kind == "jsonl":
        PEOPLE.to_json(path, orient="records", lines=True)
    else:
        path.write_bytes(gzip.compress(PEOPLE.to_csv(index=False).encode()))
    return path


@pytest.mark.parametrize(
    "kind", ["sav", "zsav", "dta", "parquet", "feather", "arrows", "xlsx", "json", "jsonl", "csv.gz"]
)
def test_format_gives_the_same_table(tmp_path, work_dir, rows_of, kind):
    path = make(tmp_path, kind)
    (table,) = ingest(path, original_name=path.name, work_dir=work_dir)
    rows = rows_of(table)
    assert table.row_count == len(rows) == 5
    assert [row["weight"] for row in rows] == [1.5, 2.5, 3.5, 4.5, 5.5]
    assert [row["name"] for row in rows] == ["ann", "bob", "cyd", "dee", None]
    missing_99 = kind in ("sav", "zsav")
    assert [row["q1"] for row in rows] == [1, 2, 5, None if missing_99 else 99, None]
    assert {path.suffix for path in work_dir.iterdir()} == {".parquet"}


def test_spss_labels_missing_codes_and_measure_are_kept(tmp_path, work_dir, rows_of):
    path = make(tmp_path, "sav")
    (table,) = ingest(path, original_name=path.name, work_dir=work_dir)
    column = table.columns[0]
    assert (column.name, column.label) == ("q1", "How was it?")
    assert column.value_labels == {"1": "Very bad", "2": "Bad", "5": "Very good", "99": "Refused"}
    assert column.missing_codes == ("99",)
    assert (column.semantic_type, column.measure_level) == (
        SemanticType.ORDERED_CATEGORY,
        MeasureLevel.ORDINAL,
    )
    assert [row["q1 (raw)"] for row in rows_of(table)] == [1, 2, 5, 99, None]
    assert [repair.count for repair in table.receipt.repairs if repair.kind == "missing_code"] == [1]


def test_every_sheet_becomes_a_table_and_titles_are_set_aside(tmp_path, work_dir, rows_of):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "People"
    for row in (
        ["Sales 2024"],
        [],
        ["name", "when", "share"],
        ["ann", dt.datetime(2024, 1, 31), 0.25],
        ["bob", dt.datetime(2024, 2, 1), 3],
    ):
        sheet.append(row)
    other = book.create_sheet("Codes")
    other.append(["code", "text"])
    other.append(["007", "x"])
    book.create_sheet("Empty")
    book.save(tmp_path / "b.xlsx")
    people, codes = ingest(tmp_path / "b.xlsx", original_name="b.xlsx", work_dir=work_dir)
    assert (people.name, people.source_name, codes.name) == ("b: People", "People", "b: Codes")
    assert rows_of(people) == [
        {"name": "ann", "when": dt.date(2024, 1, 31), "share": 0.25},
        {"name": "bob", "when": dt.date(2024, 2, 1), "share": 3.0},
    ]
    assert rows_of(codes) == [{"code": "007", "text": "x"}]


def test_nested_json_is_flattened(run, rows_of):
    data = {
        "meta": {"n": 2},
        "items": [
            {"id": 1, "user": {"name": "ann", "tags": ["a", "b"]}},
            {"id": 2, "user": {"name": None}, "x": True},
        ],
    }
    (table,) = run(json.dumps(data), "x.json")
    assert rows_of(table) == [
        {"id": 1, "user.name": "ann", "user.tags": "a; b", "x": None},
        {"id": 2, "user.name": None, "user.tags": None, "x": True},
    ]


def test_bad_json_lines_are_rejected_with_their_number(run):
    (table,) = run('{"a": 1}\nnot json\n{"a": 2}\n', "x.jsonl")
    assert (table.receipt.rows_in, table.receipt.rows_out, table.receipt.rows_rejected) == (3, 2, 1)
    assert pq.read_table(table.rejects_path).to_pylist() == [
        {"row": 2, "reason": "not_json", "raw": "not json"}
    ]


def test_parquet_with_nested_columns_and_dictionaries(tmp_path, work_dir, rows_of):
    table = pa.table(
        {
            "s": [{"a": 1, "b": {"c": "x"}}, {"a": 2, "b": {"c": "y"}}],
            "l": [[1, 2], None],
            "d": pa.array(["u", "v"]).dictionary_encode(),
            "t": pa.array([0, 1], pa.timestamp("us", tz="Europe/Berlin")),
        }
    )
    pq.write_table(table, tmp_path / "n.parquet")
    (found,) = ingest(tmp_path / "n.parquet", original_name="n.parquet", work_dir=work_dir)
    first = rows_of(found)[0]
    assert {k: first[k] for k in ("s.a", "s.b.c", "l", "d")} == {
        "s.a": 1,
        "s.b.c": "x",
        "l": "1; 2",
        "d": "u",
    }
    assert first["t"] == dt.datetime(1970, 1, 1)


def test_docx_gives_tables_and_text(tmp_path, work_dir, rows_of):
    document = docx.Document()
    document.add_heading("Findings")
    document.add_paragraph("People liked it.")
    table = document.add_table(rows=3, cols=2)
    for r, row in enumerate([("item", "price"), ("tea", "1.20"), ("mug", "7.50")]):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    document.save(tmp_path / "d.docx")
    prices, text = ingest(tmp_path / "d.docx", original_name="d.docx", work_dir=work_dir)
    assert rows_of(prices) == [{"item": "tea", "price": 1.2}, {"item": "mug", "price": 7.5}]
    assert [row["text"] for row in rows_of(text)] == ["Findings", "People liked it."]


def test_pdf_gives_tables_and_text(tmp_path, work_dir, rows_of):
    story = [
        Paragraph("A short report.", getSampleStyleSheet()["Normal"]),
        Table(
            [["item", "price"], ["tea", "1.20"], ["mug", "7.50"]],
            style=[("GRID", (0, 0), (-1, -1), 1, colors.black)],
        ),
    ]
    SimpleDocTemplate(str(tmp_path / "p.pdf")).build(story)
    prices, text = ingest(tmp_path / "p.pdf", original_name="p.pdf", work_dir=work_dir)
    assert rows_of(prices) == [{"item": "tea", "price": 1.2}, {"item": "mug", "price": 7.5}]
    assert "A short report." in {row["text"] for row in rows_of(text)}


# --- formats out ---------------------------------------------------------------------------------------------------

CSV = (
    "id,answer,score,when,ok,note\n"
    "1,Agree,1.5,2024-01-31,true,=1+1\n"
    "2,Disagree,,2024-02-01,false,+49 30\n"
    "3,Neutral,-2.5,,true,plain\n"
    "4,Agree,4,2024-02-03,,@cmd\n"
)


@pytest.fixture
def table(run):
    return run(CSV)[0]


@pytest.mark.parametrize("format", list(ExportFormat))
def test_export_comes_back_as_the_same_table(table, tmp_path, rows_of, format):
    target = tmp_path / f"out.{format.value}"
    assert write_export(table.parquet_path, table.columns, target, format=format) == 4
    again_dir = tmp_path / "again"
    again_dir.mkdir()
    again = ingest(target, original_name=target.name, work_dir=again_dir)[0]
    rows = rows_of(again)
    assert [row["id"] for row in rows] == [1, 2, 3, 4]
    assert [row["score"] for row in rows] == [1.5, None, -2.5, 4.0]
    assert [str(row["when"])[:10] for row in rows] == ["2024-01-31", "2024-02-01", "None", "2024-02-03"]
    if format is ExportFormat.SAV:
        codes = dict(again.columns[1].value_labels.items())
        assert [codes[str(row["answer"])] for row in rows] == ["Agree", "Disagree", "Neutral", "Agree"]
        assert again.columns[1].measure_level is MeasureLevel.ORDINAL
    else:
        assert [row["answer"] for row in rows] == ["Agree", "Disagree", "Neutral", "Agree"]


def test_formula_starts_are_escaped_in_csv_only_for_texts(table, tmp_path):
    target = tmp_path / "out.csv"
    write_export(table.parquet_path, table.columns, target, format=ExportFormat.CSV)
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8-sig"))))
    assert [row["note"] for row in rows] == ["'=1+1", "'+49 30", "plain", "'@cmd"]
    assert rows[2]["score"] == "-2.5"


def test_excel_holds_formula_texts_as_strings(table, tmp_path):
    target = tmp_path / "out.xlsx"
    write_export(table.parquet_path, table.columns, target, format=ExportFormat.XLSX)
    sheet = openpyxl.load_workbook(target)["Data"]
    assert sheet["F2"].value == "=1+1"
    assert sheet["F2"].data_type == "s"


@pytest.mark.parametrize("text", ["=a", "+1", "-1", "@x", "\tx", "\rx", "＝a"])
def test_formula_starts(text):
    assert escape_formula(text) == "'" + text


def test_stored_data_are_not_escaped(table, rows_of):
    assert rows_of(table)[0]["note"] == "=1+1"


def test_spss_names_are_valid_and_unique(run):
    (table,) = run("1st q,and,Größe in m²,1st_q," + "x" * 90 + "\n1,2,3,4,5\n6,7,8,9,10\n")
    names = spss_names(table.columns)
    assert names == ["v_1st_q", "and_", "Größe_in_m²", "v_1st_q_2", "x" * 56]


def test_export_to_a_full_disk_leaves_no_half_file(table, tmp_path, monkeypatch):
    from data_ingestion.logic import export

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "_write_csv", full)
    with pytest.raises(IngestError) as caught:
        write_export(table.parquet_path, table.columns, tmp_path / "o.csv", format=ExportFormat.CSV)
    assert caught.value.code == "storage_full"
    assert not list(tmp_path.glob("o.csv*"))


def test_feather_version_one(tmp_path, work_dir):
    path = tmp_path / "old.feather"
    feather.write_feather(pa.table({"a": [1, 2]}), path, version=1)
    (table,) = ingest(path, original_name="old.feather", work_dir=work_dir)
    assert table.row_count == 2
