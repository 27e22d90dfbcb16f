"""Exports in every format, read again and equal."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils import timezone

from data_ingestion.models import Dataset, Export
from data_ingestion.services import exports, files
from data_ingestion.tests.actions import assert_problem, done, finish, ingest, stored_objects
from data_ingestion.tests.factories import make_dataset, make_export, make_project
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team

TABLE = pa.table(
    {
        "city": ["Ærø", "=1+1", None, 'a "b",\nc'],
        "n": pa.array([1, None, -3, 4], pa.int64()),
        "share": [0.1, 1e-9, None, 3.0],
    }
)


@pytest.fixture
def dataset(owner: Any) -> Any:
    with owner.scope():
        return make_dataset(make_project(owner.team_id), table=TABLE, name='Cities "2024" / é')


def export(actor: Any, dataset: Any, export_format: str, **body: Any) -> Any:
    return actor.client.post(f"datasets/{dataset.pk}/export/", {"export_format": export_format, **body})


def download(actor: Any, response: Any) -> tuple[bytes, Any]:
    run = finish(response)
    assert run.state == "SUCCESS", (run.error_code, run.error_detail)
    answer = actor.client.get(run.result_url)
    assert answer.status_code == 200
    return b"".join(answer.streaming_content), answer


def test_parquet_and_json_lines_give_the_values_back(owner: Any, dataset: Any) -> None:
    content, _ = download(owner, export(owner, dataset, "parquet"))
    assert pq.read_table(io.BytesIO(content)).to_pydict() == TABLE.to_pydict()
    content, _ = download(owner, export(owner, dataset, "jsonl"))
    assert [json.loads(line) for line in content.decode().splitlines()] == TABLE.to_pylist()


def test_csv_gives_the_values_back_with_formulas_made_harmless(owner: Any, dataset: Any) -> None:
    content, _ = download(owner, export(owner, dataset, "csv"))
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["city"] for row in rows] == ["Ærø", "'=1+1", "", 'a "b",\nc']
    assert [row["n"] for row in rows] == ["1", "", "-3", "4"]
    assert [float(row["share"]) if row["share"] else None for row in rows] == [0.1, 1e-9, None, 3.0]


def test_excel_gives_the_values_back_and_no_formula(owner: Any, dataset: Any) -> None:
    import openpyxl

    content, _ = download(owner, export(owner, dataset, "xlsx"))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == [1, None, -3, 4]
    assert rows[1][0].lstrip("'") == "=1+1"
    assert all(cell.data_type != "f" for line in sheet.iter_rows() for cell in line)


def test_spss_gives_the_values_back(owner: Any, dataset: Any, tmp_path: Path) -> None:
    import pyreadstat

    content, _ = download(owner, export(owner, dataset, "sav"))
    path = tmp_path / "export.sav"
    path.write_bytes(content)
    frame, _ = pyreadstat.read_sav(str(path))
    assert frame["n"].tolist()[0] == 1
    assert pd.isna(frame["n"].tolist()[1])
    assert frame["city"].tolist()[0] == "Ærø"
    assert frame["share"].tolist()[3] == 3.0


@pytest.mark.parametrize("export_format", ["csv", "xlsx", "parquet", "sav", "jsonl"])
def test_an_export_uploaded_again_is_the_same_table(owner: Any, export_format: str) -> None:
    content = b"city,score,price\n" + b"".join(
        f"{city},{n},{n}.25\n".encode() for n, city in enumerate(["Oslo", "Rome", "Bonn", "Ely"] * 5)
    )
    original = ingest(owner, content)
    with owner.scope():
        row = Dataset.objects.get(pk=original)
    exported, _ = download(owner, export(owner, row, export_format))
    again = ingest(owner, exported, f"again.{export_format}")
    pages = [
        owner.client.get(f"datasets/{key}/preview/?column=city&column=score&column=price").json()["rows"]
        for key in (original, again)
    ]
    assert pages[0] == pages[1]


def test_downloads_are_attachments_that_cannot_run(owner: Any, dataset: Any) -> None:
    _, answer = download(owner, export(owner, dataset, "csv"))
    assert answer["Content-Disposition"].startswith("attachment")
    assert "v1.csv" in answer["Content-Disposition"]
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"export_format": "exe"}, 400, "invalid_input"),
        ({}, 400, "invalid_input"),
        ({"export_format": "csv", "path": "/etc"}, 400, "invalid_input"),
        ({"export_format": "csv", "version": 0}, 400, "invalid_input"),
        ({"export_format": "csv", "version": 7}, 404, "dataset_version_not_found"),
    ],
)
def test_faulty_requests(owner: Any, dataset: Any, body: dict[str, Any], status: int, code: str) -> None:
    assert_problem(owner.client.post(f"datasets/{dataset.pk}/export/", body), status, code)


def test_a_table_the_format_cannot_hold_is_refused_with_the_reason(owner: Any) -> None:
    with owner.scope():
        wide = pa.table({f"c{n}": pa.array([1], pa.int64()) for n in range(16_385)})
        dataset = make_dataset(make_project(owner.team_id), table=wide)
    run = finish(export(owner, dataset, "xlsx"))
    assert (run.state, run.error_code) == ("FAILURE", "export_invalid")
    assert "16,384" in run.error_detail
    assert stored_objects(owner, "exports") == []


def test_another_team_can_neither_make_nor_fetch_an_export(owner: Any, stranger: Any, dataset: Any) -> None:
    assert_problem(export(stranger, dataset, "csv"), 404, "dataset_not_found")
    run = finish(export(owner, dataset, "csv"))
    assert_problem(stranger.client.get(run.result_url), 404, "export_not_found")
    assert_problem(owner.client.get(f"exports/{uuid7()}/download/"), 404, "export_not_found")


def test_a_dataset_deleted_while_it_is_exported(owner: Any, dataset: Any, monkeypatch: Any) -> None:
    response = export(owner, dataset, "csv")
    real = exports.write_export

    def delete_meanwhile(*args: Any, **kwargs: Any) -> int:
        written = real(*args, **kwargs)
        Dataset.objects.all().delete()
        return written

    monkeypatch.setattr(exports, "write_export", delete_meanwhile)
    run = finish(response)
    assert (run.state, run.error_code) == ("FAILURE", "dataset_not_found")


def test_a_full_disk_at_export_is_told(owner: Any, dataset: Any, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports.storage, "keep", full)
    run = finish(export(owner, dataset, "csv"))
    assert (run.state, run.error_code) == ("FAILURE", "storage_full")


def test_old_exports_are_forgotten(owner: Any, dataset: Any) -> None:
    with owner.scope():
        old, young = make_export(dataset), make_export(dataset)
        Export.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    with every_team("test"):
        files.remove_orphans()
    assert_problem(owner.client.get(f"exports/{old.pk}/download/"), 404, "export_not_found")
    assert owner.client.get(f"exports/{young.pk}/download/").status_code == 200


def test_exporting_under_one_idempotency_key_is_one_run(owner: Any, dataset: Any) -> None:
    answers = [
        owner.client.post(
            f"datasets/{dataset.pk}/export/", {"export_format": "csv"}, HTTP_IDEMPOTENCY_KEY="export-1"
        )
        for _ in range(2)
    ]
    assert answers[0].json()["task_id"] == answers[1].json()["task_id"]
    done(answers[0])
    with owner.scope():
        assert Export.objects.count() == 1
