"""Uploads become files and Datasets, or a clear refusal that leaves nothing half made."""

from __future__ import annotations

import gzip
import io
import os
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client

from data_ingestion.adapters import storage
from data_ingestion.models import Dataset, DatasetVersion, RawDataFile
from data_ingestion.services import files
from data_ingestion.tests.actions import (
    assert_problem,
    create_project,
    detail,
    done,
    finish,
    ingest,
    rows_of,
    stored_objects,
    upload,
)
from data_ingestion.tests.factories import CSV, make_file
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team


def test_an_upload_is_answered_at_once_and_its_task_ends_with_the_dataset(owner: Any) -> None:
    project = create_project(owner)
    response = upload(owner, project, CSV, "cities.csv")
    assert response.status_code == 202
    assert response.json()["state"] == "PENDING"
    listed = owner.client.get(f"files/?project={project}").json()["results"]
    assert [(row["original_name"], row["upload_status"]) for row in listed] == [("cities.csv", "STORED")]

    dataset = detail(owner, done(response))
    assert (dataset["name"], dataset["row_count"], dataset["column_count"]) == ("cities", 4, 3)
    assert dataset["dataset_source"] == "FILE"
    assert [(c["name"], c["physical_type"]) for c in dataset["columns"]] == [
        ("city", "text"),
        ("score", "integer"),
        ("vote", "boolean"),
    ]
    file = owner.client.get(f"files/{dataset['raw_file']}/").json()
    assert (file["upload_status"], file["source_kind"], file["size"]) == ("INGESTED", "delimited", len(CSV))


def test_the_original_bytes_come_back_unchanged_and_cannot_run_in_a_browser(owner: Any) -> None:
    content = b"\xff\xfe" + "<script>alert(1)</script>;é\n1;2\n".encode("utf-16-le")
    project = create_project(owner)
    upload(owner, project, content, 'a"b\r\n.html')
    row = owner.client.get("files/").json()["results"][0]
    response = owner.client.get(f"files/{row['id']}/download/")
    assert b"".join(response.streaming_content) == content
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    assert "\r" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["Cache-Control"] == "no-store"


def _bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9) as stream:
        for _ in range(130):
            stream.write(b"0" * (1 << 20))
    return packed.getvalue()


def _entities() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(
            "xl/workbook.xml",
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><workbook>&a;</workbook>',
        )
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b"city,score\n", "header.csv", "file_header_only"),
        (b"\n\n   \n", "blank.csv", "file_empty"),
        (bytes(range(256)) * 64, "junk.csv", "file_binary_junk"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "picture.csv", "file_kind_unsupported"),
        (b"%PDF-1.7\nbroken", "broken.pdf", "file_damaged"),
        (b"PK\x03\x04broken", "broken.xlsx", None),
        (_bomb(), "bomb.csv.gz", "archive_bomb"),
        (_entities(), "entities.xlsx", "xml_forbidden"),
        (gzip.compress(CSV * 50)[:-30], "cut.csv.gz", "file_truncated"),
        (b"PAR1" + bytes(100) + b"PAR1", "broken.parquet", None),
    ],
)
def test_unusable_files_end_with_a_code_and_leave_no_dataset(
    owner: Any, content: bytes, name: str, code: str | None
) -> None:
    row = finish(upload(owner, create_project(owner), content, name))
    assert row.state == "FAILURE"
    assert row.error_code != "internal_error"
    if code:
        assert row.error_code == code
    assert row.error_title and row.error_detail
    file = owner.client.get("files/").json()["results"][0]
    assert file["upload_status"] == "FAILED"
    assert file["error"] == {"code": row.error_code, "detail": row.error_detail}
    assert owner.client.get("datasets/").json()["count"] == 0
    assert stored_objects(owner, "datasets") == []
    assert not list(Path(django_settings.FILE_UPLOAD_TEMP_DIR).glob("ingest-*"))


def test_an_empty_file_is_refused_before_anything_is_stored(owner: Any) -> None:
    assert_problem(upload(owner, create_project(owner), b""), 400, "file_empty")
    assert owner.client.get("files/").json()["count"] == 0
    assert stored_objects(owner) == []


def test_the_bytes_decide_what_a_file_is(owner: Any) -> None:
    dataset = detail(owner, ingest(owner, CSV, "report.xlsx"))
    assert dataset["row_count"] == 4
    assert owner.client.get(f"files/{dataset['raw_file']}/").json()["source_kind"] == "delimited"


def workbook(sheets: dict[str, list[str]]) -> bytes:
    """An Excel file with columns city and score in each sheet."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, cities in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(["city", "score"])
        for city in cities:
            sheet.append([city, 1])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def test_every_sheet_of_a_workbook_becomes_a_dataset(owner: Any) -> None:
    ingest(owner, workbook({"North": ["Oslo"], "South": ["Rome", "Athens"]}), "regions.xlsx")
    listed = owner.client.get("datasets/?ordering=name").json()["results"]
    assert [(row["name"], row["source_name"], row["row_count"]) for row in listed] == [
        ("regions: North", "North", 1),
        ("regions: South", "South", 2),
    ]


@pytest.mark.parametrize("size", ["2147483648", str(10**15)])
def test_a_body_over_the_limit_is_refused_before_it_is_read(owner: Any, settings: Any, size: str) -> None:
    settings.PLUGZERO_MAX_UPLOAD_BYTES = 1 << 30
    response = owner.client.request(
        "POST",
        "files/",
        b"--x\r\n",
        CONTENT_TYPE="multipart/form-data; boundary=x",
        CONTENT_LENGTH=size,
    )
    assert_problem(response, 413, "payload_too_large")


@pytest.mark.parametrize("cut", [1, 8, 40, 60])
def test_a_body_cut_off_half_way_is_no_file(owner: Any, cut: int) -> None:
    project = create_project(owner)
    body = (
        f'--x\r\nContent-Disposition: form-data; name="project"\r\n\r\n{project}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    ).encode()
    whole = body + CSV + b"\r\n--x--\r\n"
    short = whole[: len(whole) - 4 - cut]
    response = owner.client.request("POST", "files/", short, CONTENT_TYPE="multipart/form-data; boundary=x")
    assert_problem(response, 400, "file_incomplete")
    assert owner.client.get("files/").json()["count"] == 0
    whole_response = owner.client.request(
        "POST", "files/", whole, CONTENT_TYPE="multipart/form-data; boundary=x"
    )
    assert whole_response.status_code == 202


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/project"),
        ({"project": "no-uuid"}, "/project"),
        ({"project": None, "owner": "me"}, "/owner"),
    ],
)
def test_wrong_form_fields_are_named(owner: Any, fields: dict[str, Any], pointer: str) -> None:
    if fields.get("project", "") is None:
        fields = {**fields, "project": create_project(owner)}
    stream = io.BytesIO(CSV)
    stream.name = "a.csv"
    response = Client().post("/api/v1/files/", {**fields, "file": stream}, **owner.client._headers)
    problem = assert_problem(response, 400, "invalid_input")
    assert pointer in [error["pointer"] for error in problem["errors"]]


def test_a_text_instead_of_a_file_is_refused(owner: Any) -> None:
    response = Client().post(
        "/api/v1/files/", {"project": create_project(owner), "file": "a,b"}, **owner.client._headers
    )
    assert assert_problem(response, 400, "invalid_input")["errors"][0]["pointer"] == "/file"


def test_uploading_to_a_foreign_project_is_like_uploading_to_none(owner: Any, stranger: Any) -> None:
    foreign = upload(owner, create_project(stranger))
    unknown = upload(owner, str(uuid7()))
    assert_problem(foreign, 404, "project_not_found")
    assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert stored_objects(owner) == []


def test_equal_bytes_are_one_object_with_two_records(owner: Any) -> None:
    project = create_project(owner)
    first, second = (done(upload(owner, project, CSV, name)) for name in ("a.csv", "b.csv"))
    assert first != second
    rows = owner.client.get("files/").json()["results"]
    assert sorted(row["original_name"] for row in rows) == ["a.csv", "b.csv"]
    assert len({row["sha256"] for row in rows}) == 1
    assert len(stored_objects(owner, "raw")) == 1

    assert owner.client.delete(f"files/{rows[0]['id']}/").status_code == 204
    assert len(stored_objects(owner, "raw")) == 1
    kept = owner.client.get(f"files/{rows[1]['id']}/download/")
    assert b"".join(kept.streaming_content) == CSV


def test_two_teams_never_share_an_object(owner: Any, stranger: Any) -> None:
    for actor in (owner, stranger):
        ingest(actor)
    assert stored_objects(owner, "raw")[0] != stored_objects(stranger, "raw")[0]


@pytest.mark.django_db(transaction=True)
def test_the_last_record_takes_the_bytes_with_it_and_datasets_stay(owner: Any) -> None:
    dataset = ingest(owner)
    file = detail(owner, dataset)["raw_file"]
    assert owner.client.delete(f"files/{file}/").status_code == 204
    assert stored_objects(owner, "raw") == []
    assert detail(owner, dataset)["raw_file"] is None
    assert len(rows_of(owner, dataset)) == 4


@pytest.mark.django_db(transaction=True)
def test_a_restricted_member_cannot_delete_bytes_another_project_needs(owner: Any, act_as: Any) -> None:
    mine, hidden = create_project(owner, "Mine"), create_project(owner, "Hidden")
    upload(owner, hidden)
    restricted = act_as("MEMBER", project_ids=[mine])
    assert upload(restricted, mine).status_code == 202
    own = restricted.client.get("files/").json()["results"]
    assert len(own) == 1
    assert restricted.client.delete(f"files/{own[0]['id']}/").status_code == 204
    assert len(stored_objects(owner, "raw")) == 1


def test_restricted_members_see_and_use_only_their_projects(owner: Any, act_as: Any) -> None:
    mine, hidden = create_project(owner, "Mine"), create_project(owner, "Hidden")
    seen, unseen = ingest(owner, project=mine), ingest(owner, project=hidden)
    restricted = act_as("MEMBER", project_ids=[mine])
    assert [row["id"] for row in restricted.client.get("datasets/").json()["results"]] == [seen]
    assert [row["id"] for row in restricted.client.get("projects/").json()["results"]] == [mine]
    assert_problem(restricted.client.get(f"datasets/{unseen}/preview/"), 404, "dataset_not_found")
    assert_problem(upload(restricted, hidden), 404, "project_not_found")
    steps = [{"kind": "append", "datasets": [{"dataset_id": unseen}]}]
    row = finish(restricted.client.post(f"datasets/{seen}/recipe/apply/", {"steps": steps}))
    assert (row.state, row.error_code) == ("FAILURE", "recipe_invalid")


def test_a_repeated_idempotency_key_gives_the_first_run(owner: Any) -> None:
    project = create_project(owner)
    first = upload(owner, project, HTTP_IDEMPOTENCY_KEY="upload-1")
    again = upload(owner, project, HTTP_IDEMPOTENCY_KEY="upload-1")
    assert first.status_code == again.status_code == 202
    assert first.json()["task_id"] == again.json()["task_id"]
    assert owner.client.get("files/").json()["count"] == 1
    other = upload(owner, project, b"a,b\n1,2\n", HTTP_IDEMPOTENCY_KEY="upload-1")
    assert_problem(other, 422, "idempotency_key_reused")


@pytest.mark.django_db(transaction=True)
def test_equal_uploads_with_one_key_at_once_are_one_file(owner: Any) -> None:
    project = create_project(owner)

    def send(_: int) -> str:
        try:
            answer = upload(owner, project, HTTP_IDEMPOTENCY_KEY="at-once")
            assert answer.status_code == 202, answer.content
            return str(answer.json()["task_id"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        runs = set(pool.map(send, range(6)))
    assert len(runs) == 1
    assert owner.client.get("files/").json()["count"] == 1
    assert len(stored_objects(owner, "raw")) == 1


@pytest.mark.django_db(transaction=True)
def test_parallel_uploads_cannot_pass_the_storage_quota_together(owner: Any) -> None:
    content = CSV * 10
    owner.team.limits = {"storage_bytes": 5 * len(content) + 1}
    owner.team.save()
    project = create_project(owner)

    def send(number: int) -> int:
        try:
            return int(upload(owner, project, content, f"{number}.csv").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        codes = sorted(pool.map(send, range(20)))
    assert codes.count(202) == 5
    assert set(codes) == {202, 403} or set(codes) == {202, 402} or set(codes) == {202, 409}, codes
    assert owner.client.get("files/").json()["count"] == 5


def test_deleting_a_file_gives_its_room_back(owner: Any) -> None:
    owner.team.limits = {"storage_bytes": len(CSV)}
    owner.team.save()
    project = create_project(owner)
    assert upload(owner, project).status_code == 202
    refused = upload(owner, project, b"x,y\n1,2\n")
    assert refused.json()["code"] == "plan_limit_reached"
    file = owner.client.get("files/").json()["results"][0]["id"]
    owner.client.delete(f"files/{file}/")
    assert upload(owner, project, b"x,y\n1,2\n").status_code == 202


def test_deleting_a_project_gives_its_room_back(owner: Any) -> None:
    owner.team.limits = {"storage_bytes": len(CSV), "projects": 1}
    owner.team.save()
    project = create_project(owner)
    assert owner.client.post("projects/", {"name": "Second"}).json()["code"] == "plan_limit_reached"
    assert upload(owner, project).status_code == 202
    assert owner.client.delete(f"projects/{project}/").status_code == 204
    assert upload(owner, create_project(owner)).status_code == 202


@pytest.mark.parametrize("step", ["first version", "second version", "file row", "commit"])
def test_a_fault_anywhere_after_storing_leaves_no_half_made_dataset(
    owner: Any, monkeypatch: Any, step: str
) -> None:
    response = upload(owner, create_project(owner), workbook({"North": ["Oslo"], "South": ["Rome"]}))
    real = files.write_version
    calls: list[int] = []

    def fault(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if step == "first version" or (step == "second version" and len(calls) == 2):
            raise RuntimeError("the power went out")
        return real(*args, **kwargs)

    monkeypatch.setattr(files, "write_version", fault)
    if step == "file row":
        monkeypatch.setattr(files.tasks, "ResultRef", _broken)
    if step == "commit":
        from plugzero_api.kernel.tasks import rows

        finish_row = rows.finish

        def lost(*args: Any, **kwargs: Any) -> bool:
            return False if args[2] == "SUCCESS" else finish_row(*args, **kwargs)

        monkeypatch.setattr(rows, "finish", lost)
    row = finish(response)
    assert row.state != "SUCCESS"
    with owner.scope():
        assert not Dataset.objects.exists()
        assert not DatasetVersion.objects.exists()
        assert RawDataFile.objects.get().upload_status == "STORED"


def _broken(*_: Any, **__: Any) -> None:
    raise RuntimeError("the power went out")


def test_a_full_disk_while_reading_is_told_and_leaves_nothing(owner: Any, monkeypatch: Any) -> None:
    response = upload(owner, create_project(owner))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "store_version", full)
    row = finish(response)
    assert (row.state, row.error_code) == ("FAILURE", "storage_full")
    assert stored_objects(owner, "datasets") == []
    assert owner.client.get("datasets/").json()["count"] == 0


def test_a_file_deleted_while_it_is_read_gives_no_dataset(owner: Any, monkeypatch: Any) -> None:
    response = upload(owner, create_project(owner))
    real = files.store_version

    def delete_meanwhile(*args: Any) -> Any:
        RawDataFile.objects.all().delete()
        return real(*args)

    monkeypatch.setattr(files, "store_version", delete_meanwhile)
    row = finish(response)
    assert (row.state, row.error_code) == ("FAILURE", "file_not_found")
    assert owner.client.get("datasets/").json()["count"] == 0


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_ingestion_leaves_no_dataset(owner: Any, monkeypatch: Any) -> None:
    response = upload(owner, create_project(owner))
    task = response.json()["task_id"]

    def cancel(*args: Any, **kwargs: Any) -> Any:
        assert owner.client.post(f"tasks/{task}/cancel/").status_code == 200
        kwargs["progress"]("types", 0, 1)
        raise AssertionError("the run went on after it was cancelled")

    monkeypatch.setattr(files, "ingest", cancel)
    assert finish(response).state == "REVOKED"
    assert owner.client.get("datasets/").json()["count"] == 0


def test_a_second_delivery_of_the_message_makes_no_second_dataset(owner: Any, run_task: Any) -> None:
    response = upload(owner, create_project(owner))
    done(response)
    run_task(response.json()["task_id"])
    assert owner.client.get("datasets/").json()["count"] == 1


def test_the_sweep_removes_what_nothing_names_and_keeps_the_rest(owner: Any) -> None:
    project, doomed = create_project(owner), create_project(owner, "Doomed")
    kept = ingest(owner, project=project)
    ingest(owner, b"x,y\n1,2\n3,4\n", project=doomed)
    assert owner.client.delete(f"projects/{doomed}/").status_code == 204
    assert len(stored_objects(owner)) == 4
    with every_team("test"):
        assert files.remove_orphans() == 0  # too young: they might belong to an open transaction
    for path in stored_objects(owner):
        os.utime(path, (time.time() - 2 * 86_400,) * 2)
    with every_team("test"):
        files.remove_orphans()
    assert len(stored_objects(owner)) == 2
    assert len(rows_of(owner, kept)) == 4


def test_an_object_that_is_taken_up_again_survives_a_sweep_that_already_listed_the_names(owner: Any) -> None:
    with owner.scope():
        from data_ingestion.tests.factories import make_project

        row = make_file(make_project(owner.team_id))
        old = Path(storage.local_path(row.storage_name))
        row.delete()
    os.utime(old, (time.time() - 3 * 86_400,) * 2)
    assert upload(owner, create_project(owner)).status_code == 202
    storage.remove_unnamed(set())
    assert old.exists()


def test_the_sweep_clears_what_killed_workers_left_behind(owner: Any) -> None:
    folder = Path(django_settings.FILE_UPLOAD_TEMP_DIR)
    old, young = folder / "ingest-killed", folder / "ingest-working"
    for path in (old, young):
        path.mkdir(exist_ok=True)
        (path / "table.parquet").write_bytes(b"x")
    os.utime(old, (time.time() - 30 * 86_400,) * 2)
    with every_team("test"):
        files.remove_orphans()
    assert not old.exists()
    assert young.exists()
    (young / "table.parquet").unlink()
    young.rmdir()


def test_files_are_filtered_searched_and_paged(owner: Any) -> None:
    project = create_project(owner)
    for name in ("alpha.csv", "beta.csv", "alphabet.csv"):
        upload(owner, project, CSV, name)
    found = owner.client.get(f"files/?project={project}&search=alpha&ordering=original_name").json()
    assert [row["original_name"] for row in found["results"]] == ["alpha.csv", "alphabet.csv"]
    assert owner.client.get("files/?upload_status=INGESTED").json()["count"] == 0
    assert_problem(owner.client.get("files/?upload_status=LOST"), 400, "invalid_input")


def test_viewers_may_look_but_not_upload_or_download(viewer: Any, owner: Any) -> None:
    project = create_project(owner)
    upload(owner, project)
    file = viewer.client.get("files/").json()["results"][0]["id"]
    assert_problem(upload(viewer, project), 403, "permission_denied")
    assert_problem(viewer.client.get(f"files/{file}/download/"), 403, "permission_denied")


def test_a_starter_who_lost_the_right_meanwhile_gets_no_dataset(owner: Any, act_as: Any) -> None:
    from accounts.models import TeamMembership

    leaver = act_as("MEMBER")
    response = upload(leaver, create_project(owner))
    with every_team("test"):
        TeamMembership.objects.filter(user_id=leaver.user_id).update(role="VIEWER")
    row = finish(response)
    assert (row.state, row.error_code) == ("REVOKED", "starter_lost_access")
    assert owner.client.get("datasets/").json()["count"] == 0


def test_progress_is_told_stage_by_stage(owner: Any, monkeypatch: Any) -> None:
    stages: list[str] = []
    real = files._report

    def listen(run: Any, stage: str, current: int, total: int) -> None:
        stages.append(stage)
        real(run, stage, current, total)

    monkeypatch.setattr(files, "_report", listen)
    row = finish(upload(owner, create_project(owner)))
    assert row.state == "SUCCESS"
    assert stages[0] == "encoding"
    assert "write" in stages
