"""Hostile and broken files: each ends in a stable code and leaves no table behind, or is read without losing rows."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from pathlib import Path

import docx
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pypdfium2
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from data_ingestion.logic.delimited import load
from data_ingestion.logic.errors import INGEST_ERROR_TITLES, IngestError
from data_ingestion.logic.pipeline import ingest
from data_ingestion.logic.tables import IngestLimits


def xlsx(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def rewrite_zip(data: bytes, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            new.writestr(item.filename, change(item.filename, old.read(item.filename)))
    return out.getvalue()


def pdf(text: str | None, password: str | None = None) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, encrypt=StandardEncryption(password, canPrint=0) if password else None)
    if text:
        canvas.drawString(72, 720, text)
    else:
        canvas.rect(100, 100, 200, 200, fill=1)
    canvas.showPage()
    canvas.save()
    return out.getvalue()


def ole(stream_name: str) -> bytes:
    return (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600 + stream_name.encode("utf-16-le") + b"\x00" * 600
    )


def sheet_with(header: str) -> bytes:
    def change(name: str, body: bytes) -> bytes:
        if name == "xl/worksheets/sheet1.xml":
            return header.encode() + re.sub(rb"^<\?xml[^>]*\?>", b"", body)
        return body

    return rewrite_zip(xlsx([["a", "b"], [1, 2]]), change)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))
    + "]>"
)
XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'


def docx_with_entity() -> bytes:
    out = io.BytesIO()
    docx.Document().save(out)
    return rewrite_zip(
        out.getvalue(), lambda name, body: XXE.encode() + body[55:] if name == "word/document.xml" else body
    )


def zip_bomb_xlsx() -> bytes:
    big = b"<worksheet><sheetData>" + b"<row></row>" * 12_000_000 + b"</sheetData></worksheet>"
    return rewrite_zip(xlsx([["a"], [1]]), lambda name, body: big if name.endswith("sheet1.xml") else body)


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(1000))}), out)
    return out.getvalue()


CASES = {
    "empty file": (lambda: b"", "x.csv", "file_empty"),
    "only blank lines": (lambda: b"\n\n  \n", "x.csv", "file_empty"),
    "only a header": (lambda: b"id,name,score\n", "x.csv", "file_header_only"),
    "binary junk named csv": (lambda: bytes(range(256)) * 40, "x.csv", "file_binary_junk"),
    "image named csv": (lambda: b"\x89PNG\r\n\x1a\n" + b"\x00" * 100, "x.csv", "file_kind_unsupported"),
    "gzip bomb": (lambda: gzip.compress(b"0" * 150_000_000, 9), "x.csv.gz", "archive_bomb"),
    "cut gzip": (lambda: gzip.compress(b"a,b\n1,2\n" * 9999)[:-20], "x.csv.gz", "file_truncated"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(b"a,b\n1,2\n")), "x.gz", "file_kind_unsupported"),
    "xlsx bomb": (zip_bomb_xlsx, "x.xlsx", "archive_bomb"),
    "cut xlsx": (lambda: xlsx([["a"], [1]])[:-200], "x.xlsx", "file_truncated"),
    "billion laughs in xlsx": (lambda: sheet_with(LAUGHS), "x.xlsx", "xml_forbidden"),
    "external entity in xlsx": (lambda: sheet_with(XXE), "x.xlsx", "xml_forbidden"),
    "external entity in docx": (docx_with_entity, "x.docx", "xml_forbidden"),
    "encrypted xlsx": (lambda: ole("EncryptedPackage"), "x.xlsx", "file_encrypted"),
    "old Word file": (lambda: ole("WordDocument"), "x.doc", "file_kind_unsupported"),
    "damaged xls": (lambda: ole("Workbook"), "x.xls", "file_damaged"),
    "encrypted pdf": (lambda: pdf("secret", "pw"), "x.pdf", "file_encrypted"),
    "image-only pdf": (lambda: pdf(None), "x.pdf", "pdf_image_only"),
    "cut pdf": (lambda: pdf("hello")[:300], "x.pdf", "file_damaged"),
    "cut parquet": (lambda: parquet()[:-50], "x.parquet", "file_damaged"),
    "cut json": (lambda: b'[{"a": 1}, {"a"', "x.json", "file_truncated"),
    "deep json": (lambda: b"[" * 200_000, "x.json", "file_damaged"),
    "plain zip": (
        lambda: rewrite_zip(xlsx([["a"]]), lambda n, b: b).replace(b"xl/", b"yl/"),
        "x.zip",
        "file_kind_unsupported",
    ),
    "damaged sav": (lambda: b"$FL2@(#) SPSS" + b"\x00" * 500, "x.sav", "file_damaged"),
    "damaged arrow": (lambda: b"ARROW1\x00\x00" + b"\x07" * 400, "x.arrow", "file_damaged"),
}


@pytest.mark.parametrize(("make", "name", "code"), CASES.values(), ids=CASES.keys())
def test_bad_file_ends_in_its_code_and_leaves_nothing(run, work_dir, make, name, code):
    with pytest.raises(IngestError) as caught:
        run(make(), name)
    assert caught.value.code == code
    assert caught.value.title == INGEST_ERROR_TITLES[code]
    assert caught.value.detail.endswith((".", "?"))
    assert list(work_dir.iterdir()) == []


def test_too_many_columns_are_refused_by_count(run):
    with pytest.raises(IngestError) as caught:
        run(
            ",".join(f"c{i}" for i in range(60)) + "\n" + ",".join("1" * 60) + "\n",
            limits=IngestLimits(max_columns=50),
        )
    assert caught.value.code == "too_many_columns"
    assert caught.value.context == {"columns": 60, "limit": 50}


def test_twenty_thousand_columns_are_read(run):
    width = 20_000
    data = (
        ",".join(f"c{i}" for i in range(width))
        + "\n"
        + "\n".join(",".join("7" * width) for _ in range(3))
        + "\n"
    )
    (table,) = run(data)
    assert len(table.columns) == width
    assert table.row_count == 3
    assert table.profile[-1].mean == 7.0


def test_one_megabyte_line_is_a_row(run, rows_of):
    long = "x" * 1_000_000
    (table,) = run(f"id,text\n1,{long}\n2,short\n")
    assert [len(row["text"]) for row in rows_of(table)] == [1_000_000, 5]


def test_line_over_the_limit_is_refused(run, monkeypatch):
    monkeypatch.setattr(load, "SMALL_BYTES", 1000)
    with pytest.raises(IngestError) as caught:
        run("id,text\n1," + "x" * 50_000 + "\n", limits=IngestLimits(max_line_bytes=10_000))
    assert caught.value.code == "line_too_long"


def test_duplicate_empty_and_huge_headers_get_usable_names(run):
    (table,) = run("a,a,,A," + "h" * 10_000 + "\n1,2,3,4,5\n6,7,8,9,10\n")
    names = [column.name for column in table.columns]
    assert names[:4] == ["a", "a (2)", "column_3", "A (3)"]
    assert len(names[4]) == 200
    assert len({name.casefold() for name in names}) == 5


def test_nul_bytes_are_dropped_and_reported(run, rows_of):
    (table,) = run(b"id,name\n1,an\x00na\n2,bob\n")
    assert rows_of(table)[0]["name"] == "anna"
    assert "nul_bytes" in {repair.kind for repair in table.receipt.repairs}


def test_utf8_mixed_with_latin1_keeps_every_letter(run, rows_of):
    data = "id,city\n1,Zürich\n".encode() + "2,Köln\n".encode("latin-1") + "3,Malmö\n".encode()
    (table,) = run(data)
    assert [row["city"] for row in rows_of(table)] == ["Zürich", "Köln", "Malmö"]
    assert "encoding" in {repair.kind for repair in table.receipt.repairs}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "cp1252", "utf-32"])
def test_encodings_are_recognised(run, rows_of, encoding):
    text = "id,city\n" + "".join(f"{i},Orléans é\n" for i in range(30))
    (table,) = run(text.encode(encoding))
    assert rows_of(table)[0] == {"id": 0, "city": "Orléans é"}


def test_wrong_extension_does_not_matter(run, rows_of):
    (table,) = run(xlsx([["a", "b"], [1, "x"], [2, "y"]]), "really_an_excel_file.csv")
    assert rows_of(table) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    (table,) = run("a;b\n1;2\n3;4\n", "table.xlsx")
    assert rows_of(table)[1] == {"a": 3, "b": 4}


@pytest.mark.parametrize("lie", ["A1:B2", "A1", "A1:XFD1048576"])
def test_lying_dimension_hides_no_rows(run, lie):
    rows: list[list[object]] = [["id", "name"], *[[i, f"n{i}"] for i in range(500)]]
    data = rewrite_zip(
        xlsx(rows),
        lambda name, body: (
            re.sub(rb'<dimension ref="[^"]*"', f'<dimension ref="{lie}"'.encode(), body)
            if name.endswith("sheet1.xml")
            else body
        ),
    )
    (table,) = run(data, "x.xlsx")
    assert table.row_count == 500
    assert table.profile[0].maximum == 499


def test_memory_hungry_file_stops_in_the_child(run):
    with pytest.raises(IngestError) as caught:
        run(
            json.dumps([{"a": "x" * 1000}] * 60_000),
            "x.json",
            limits=IngestLimits(child_memory_bytes=150 * 1024 * 1024),
        )
    assert caught.value.code in {"parser_memory", "parser_crashed"}


def test_slow_parser_is_stopped(run):
    with pytest.raises(IngestError) as caught:
        run(
            json.dumps([{f"k{i}": i for i in range(50)}] * 60_000),
            "x.json",
            limits=IngestLimits(child_seconds=1),
        )
    assert caught.value.code == "parser_timeout"


def test_child_sees_no_secrets(monkeypatch, tmp_path, work_dir):
    """The parser's environment is built from nothing, so a parser flaw cannot read keys from it."""
    from data_ingestion.logic import sandbox

    monkeypatch.setenv("SECRET_KEY", "top-secret")
    seen = {}

    def fake_run(command, *, env, **options):
        seen.update(env)
        raise sandbox.subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(sandbox.subprocess, "run", fake_run)
    path = tmp_path / "x.json"
    path.write_text('[{"a": 1}]')
    with pytest.raises(IngestError):
        ingest(path, original_name="x.json", work_dir=work_dir)
    assert "SECRET_KEY" not in seen
    assert "top-secret" not in seen.values()


def test_disk_full_is_a_clear_error_and_leaves_no_half_table(run, work_dir, monkeypatch):
    from data_ingestion.logic import store

    def full(connection, query, path, parameters=None):
        path.with_name(path.name + ".partial").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "copy_to_parquet", full)
    with pytest.raises(IngestError) as caught:
        run("a,b\n1,2\n")
    assert caught.value.code == "storage_full"
    assert list(work_dir.iterdir()) == []


def test_cancel_from_progress_leaves_nothing(tmp_path: Path, work_dir: Path):
    class Cancelled(Exception):
        pass

    def progress(stage: str, current: int, total: int) -> None:
        if stage == "write":
            raise Cancelled

    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Cancelled):
        ingest(path, original_name="x.csv", work_dir=work_dir, progress=progress)
    assert list(work_dir.iterdir()) == []


def test_source_bytes_are_never_changed(run, tmp_path: Path):
    data = "id;näme\n1;2\n3\n".encode("cp1252")
    run(data)
    assert (tmp_path / "upload.bin").read_bytes() == data


def test_pdf_fixture_really_has_text():
    with pypdfium2.PdfDocument(pdf("hello")) as document:
        assert "hello" in document[0].get_textpage().get_text_bounded()
