"""Resumable uploads: chunks at an offset, broken connections, and one file in the end."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.http import UnreadablePostError
from django.utils import timezone

from data_ingestion.models import Upload
from data_ingestion.services import files, uploads
from data_ingestion.tests.actions import (
    assert_problem,
    create_project,
    detail,
    done,
    stored_objects,
)
from data_ingestion.tests.factories import CSV
from data_ingestion.views.uploads import CHUNK_TYPE
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team


def begin(actor: Any, size: int = len(CSV), project: str | None = None) -> str:
    body = {"project": project or create_project(actor), "name": "cities.csv", "size": size}
    response = actor.client.post("uploads/", body)
    assert response.status_code == 201, response.content
    upload: str = response.json()["id"]
    return upload


def send(actor: Any, upload: str, content: bytes, offset: Any) -> Any:
    return actor.client.request(
        "PATCH", f"uploads/{upload}/", content, CONTENT_TYPE=CHUNK_TYPE, HTTP_UPLOAD_OFFSET=str(offset)
    )


def parts_of(upload: str) -> list[Path]:
    return list(Path(django_settings.FILE_UPLOAD_TEMP_DIR).glob(f"upload-*{upload}.part"))


@pytest.mark.django_db(transaction=True)
def test_chunks_become_the_file_and_its_dataset(member: Any) -> None:
    upload = begin(member)
    assert send(member, upload, CSV[:20], 0).json()["offset"] == 20
    assert member.client.get(f"uploads/{upload}/").json()["offset"] == 20
    assert send(member, upload, CSV[20:], 20).json()["offset"] == len(CSV)
    dataset = detail(member, done(member.client.post(f"uploads/{upload}/complete/")))
    assert (dataset["name"], dataset["row_count"]) == ("cities", 4)
    assert stored_objects(member, "raw")[0].read_bytes() == CSV
    assert parts_of(upload) == []
    assert_problem(member.client.get(f"uploads/{upload}/"), 404, "upload_not_found")


@pytest.mark.parametrize("offset", [0, 5, 21, len(CSV), 10**17])
def test_a_chunk_at_the_wrong_offset_is_told_the_right_one(owner: Any, offset: int) -> None:
    upload = begin(owner)
    send(owner, upload, CSV[:20], 0)
    problem = assert_problem(send(owner, upload, b"x", offset), 409, "upload_offset_mismatch")
    assert problem["offset"] == 20
    assert parts_of(upload)[0].read_bytes() == CSV[:20]


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "abc", "9" * 40, "٣"])
def test_an_offset_that_is_no_number_is_refused(owner: Any, offset: str) -> None:
    problem = assert_problem(send(owner, begin(owner), b"x", offset), 400, "invalid_input")
    assert problem["errors"][0]["pointer"] == "/Upload-Offset"


def test_more_bytes_than_announced_are_refused(owner: Any) -> None:
    upload = begin(owner, size=10)
    assert_problem(send(owner, upload, b"x" * 11, 0), 413, "payload_too_large")
    assert owner.client.get(f"uploads/{upload}/").json()["offset"] == 0


def test_a_chunk_larger_than_the_chunk_size_is_refused(owner: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(uploads, "CHUNK_BYTES", 16)
    assert_problem(send(owner, begin(owner), b"x" * 17, 0), 413, "payload_too_large")


def test_an_upload_completed_early_is_refused_and_can_go_on(owner: Any) -> None:
    upload = begin(owner)
    send(owner, upload, CSV[:20], 0)
    problem = assert_problem(owner.client.post(f"uploads/{upload}/complete/"), 409, "upload_incomplete")
    assert problem["offset"] == 20
    assert owner.client.get("files/").json()["count"] == 0
    send(owner, upload, CSV[20:], 20)
    assert owner.client.post(f"uploads/{upload}/complete/").status_code == 202


class _Breaking(io.BytesIO):
    """A connection that dies after the first block."""

    def read(self, size: int | None = -1) -> bytes:
        block = super().read(12 if self.tell() == 0 else 0)
        if not block:
            raise UnreadablePostError("Connection reset by peer")
        return block


def test_a_broken_connection_keeps_what_arrived(owner: Any) -> None:
    upload = begin(owner)
    with owner.scope():
        row = uploads.append_chunk(
            upload=uploads.get_upload(Upload.objects.get().pk),
            offset=0,
            stream=_Breaking(CSV),
            length=len(CSV),
        )
    assert row.offset == 12
    assert owner.client.get(f"uploads/{upload}/").json()["offset"] == 12
    assert send(owner, upload, CSV[12:], 12).json()["offset"] == len(CSV)
    assert detail(owner, done(owner.client.post(f"uploads/{upload}/complete/")))["row_count"] == 4


def test_a_full_disk_while_a_chunk_is_written_leaves_the_offset(owner: Any, monkeypatch: Any) -> None:
    upload = begin(owner)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert_problem(send(owner, upload, CSV, 0), 507, "storage_full")
    monkeypatch.undo()
    assert owner.client.get(f"uploads/{upload}/").json()["offset"] == 0
    assert send(owner, upload, CSV, 0).json()["offset"] == len(CSV)


def test_another_team_neither_sees_nor_feeds_nor_ends_an_upload(owner: Any, stranger: Any) -> None:
    upload = begin(owner)
    for response in (
        stranger.client.get(f"uploads/{upload}/"),
        send(stranger, upload, CSV, 0),
        stranger.client.post(f"uploads/{upload}/complete/"),
        stranger.client.delete(f"uploads/{upload}/"),
    ):
        assert_problem(response, 404, "upload_not_found")
    assert owner.client.get(f"uploads/{upload}/").json()["offset"] == 0


def test_a_restricted_member_does_not_see_uploads_of_hidden_projects(owner: Any, act_as: Any) -> None:
    hidden = begin(owner, project=create_project(owner, "Hidden"))
    restricted = act_as("MEMBER", project_ids=[create_project(owner, "Mine")])
    assert_problem(send(restricted, hidden, CSV, 0), 404, "upload_not_found")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"size": 0}, 400, "file_empty"),
        ({"size": -1}, 400, "invalid_input"),
        ({"size": 2**63}, 400, "invalid_input"),
        ({"size": "many"}, 400, "invalid_input"),
        ({"size": 2**40}, 413, "payload_too_large"),
        ({"name": "x" * 256}, 400, "invalid_input"),
        ({"name": ""}, 400, "invalid_input"),
        ({"offset": 3}, 400, "invalid_input"),
        ({"project": str(uuid7())}, 404, "project_not_found"),
    ],
)
def test_what_cannot_be_begun(owner: Any, change: dict[str, Any], status: int, code: str) -> None:
    body = {"project": create_project(owner), "name": "a.csv", "size": 10, **change}
    assert_problem(owner.client.post("uploads/", body), status, code)


def test_an_upload_that_would_pass_the_quota_is_refused_at_its_start(owner: Any) -> None:
    owner.team.limits = {"storage_bytes": 100}
    owner.team.save()
    body = {"project": create_project(owner), "name": "a.csv", "size": 101}
    assert owner.client.post("uploads/", body).json()["code"] == "plan_limit_reached"


def test_a_chunk_of_another_content_type_is_refused(owner: Any) -> None:
    response = owner.client.request(
        "PATCH", f"uploads/{begin(owner)}/", b"{}", CONTENT_TYPE="application/json", HTTP_UPLOAD_OFFSET="0"
    )
    assert_problem(response, 415, "unsupported_media_type")


def test_completing_again_under_the_same_key_gives_the_first_run(owner: Any) -> None:
    upload = begin(owner)
    send(owner, upload, CSV, 0)
    first = owner.client.post(f"uploads/{upload}/complete/", HTTP_IDEMPOTENCY_KEY="finish-1")
    again = owner.client.post(f"uploads/{upload}/complete/", HTTP_IDEMPOTENCY_KEY="finish-1")
    assert again.status_code == 202
    assert first.json()["task_id"] == again.json()["task_id"]
    assert owner.client.get("files/").json()["count"] == 1


@pytest.mark.django_db(transaction=True)
def test_completed_twice_at_once_it_becomes_one_file(owner: Any) -> None:
    upload = begin(owner)
    send(owner, upload, CSV, 0)

    def complete(_: int) -> int:
        try:
            return int(owner.client.post(f"uploads/{upload}/complete/").status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(complete, range(4)))
    assert codes == [202, 404, 404, 404]
    assert owner.client.get("files/").json()["count"] == 1


@pytest.mark.django_db(transaction=True)
def test_one_of_two_equal_chunks_at_once_is_taken(owner: Any) -> None:
    upload = begin(owner)

    def push(_: int) -> int:
        try:
            return int(send(owner, upload, CSV[:30], 0).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(push, range(4)))
    assert codes == [200, 409, 409, 409]
    assert owner.client.get(f"uploads/{upload}/").json()["offset"] == 30
    assert parts_of(upload)[0].read_bytes() == CSV[:30]


@pytest.mark.django_db(transaction=True)
def test_given_up_uploads_leave_no_bytes(owner: Any) -> None:
    upload = begin(owner)
    send(owner, upload, CSV[:9], 0)
    assert owner.client.delete(f"uploads/{upload}/").status_code == 204
    assert parts_of(upload) == []
    assert_problem(send(owner, upload, CSV, 0), 404, "upload_not_found")


@pytest.mark.django_db(transaction=True)
def test_the_sweep_gives_up_uploads_nobody_continued(owner: Any) -> None:
    stale, fresh = begin(owner), begin(owner)
    for upload in (stale, fresh):
        send(owner, upload, CSV[:9], 0)
    with every_team("test"):
        Upload.objects.filter(pk=stale).update(created_at=timezone.now() - timedelta(days=3))
        files.remove_orphans()
    assert parts_of(stale) == []
    assert_problem(owner.client.get(f"uploads/{stale}/"), 404, "upload_not_found")
    assert owner.client.get(f"uploads/{fresh}/").json()["offset"] == 9
