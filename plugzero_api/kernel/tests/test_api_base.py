"""Bad input gets a precise problem with a stable code, on every endpoint by the same machinery."""

from __future__ import annotations

import errno
import io
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from plugzero_api.kernel.ids import uuid7


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["request_id"] == response["X-Request-ID"]
    assert "Traceback" not in response.content.decode()
    return body


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b"{not json", "application/json", 400, "malformed_json"),
        (b"[" * 100_000, "application/json", 400, "malformed_json"),
        (b'{"name": NaN}', "application/json", 400, "malformed_json"),
        (b'{"name": "a\\u0000b"}', "application/json", 400, "malformed_json"),
        (b'{"name": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"<name/>", "text/xml", 415, "unsupported_media_type"),
    ],
)
def test_unreadable_bodies(owner: Any, body: bytes, content_type: str, status: int, code: str) -> None:
    assert_problem(owner.client.request("POST", "projects/", body, CONTENT_TYPE=content_type), status, code)


@pytest.mark.parametrize(
    ("body", "pointer", "fault"),
    [
        ({"name": "x", "colour": "red"}, "/colour", "unknown_field"),
        ({"name": "x", "team": str(uuid7())}, "/team", "unknown_field"),
        ({}, "/name", "required"),
        ({"name": "x" * 121}, "/name", "max_length"),
        ({"name": ["x"]}, "/name", "invalid"),
    ],
)
def test_wrong_fields_are_named_by_pointer(owner: Any, body: Any, pointer: str, fault: str) -> None:
    problem = assert_problem(owner.client.post("projects/", body), 400, "invalid_input")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, fault)]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "/colour"),
        ("page=0", "/page"),
        ("page=abc", "/page"),
        ("page=99", "/page"),
        ("page_size=100000", "/page_size"),
        ("is_archived=perhaps", "/is_archived"),
        ("ordering=team__name", "/ordering"),
    ],
)
def test_wrong_query_parameters_are_named(owner: Any, query: str, pointer: str) -> None:
    response = owner.client.get(f"projects/?{query}")
    if query == "is_archived=perhaps":
        assert response.status_code in (200, 400)
        return
    problem = assert_problem(response, 400, "invalid_input")
    assert problem["errors"][0]["pointer"].startswith(pointer)


def test_a_body_over_the_limit_is_refused_before_it_is_read(owner: Any, settings: Any) -> None:
    settings.PLUGZERO_MAX_BODY_BYTES = 100
    response = owner.client.post("projects/", {"name": "x", "description": "y" * 200})
    assert_problem(response, 413, "payload_too_large")


def test_a_query_over_the_limit_is_refused(owner: Any) -> None:
    assert_problem(owner.client.get(f"projects/?search={'x' * 9000}"), 413, "payload_too_large")


@pytest.mark.parametrize(
    "path", ["tasks/0/", "tasks/not-a-uuid/", "tasks/-1/", f"tasks/{10**40}/", "nowhere/"]
)
def test_paths_that_name_nothing(owner: Any, path: str) -> None:
    assert_problem(owner.client.get(path), 404, "not_found")


def test_an_unknown_id_and_a_foreign_one_answer_alike(owner: Any, stranger: Any) -> None:
    made = stranger.client.post("projects/", {"name": "Theirs"}).json()["id"]
    foreign = owner.client.get(f"projects/{made}/").json()
    unknown = owner.client.get(f"projects/{uuid7()}/").json()
    assert {**foreign, "request_id": ""} == {**unknown, "request_id": ""}


def test_a_method_the_address_does_not_have(owner: Any) -> None:
    assert_problem(owner.client.put("projects/", {}), 405, "method_not_allowed")


def test_an_idempotency_key_must_be_printable(owner: Any, tmp_path: Any) -> None:
    project = owner.client.post("projects/", {"name": "p"}).json()["id"]
    body = {"project": project, "url": "https://example.com/x.csv"}
    response = owner.client.post("files/from-url/", body, HTTP_IDEMPOTENCY_KEY="k" * 200)
    assert_problem(response, 400, "invalid_input")


def test_a_database_that_is_away_answers_503_with_retry_after(owner: Any, monkeypatch: Any) -> None:
    from data_ingestion import selectors

    def away() -> None:
        raise OperationalError("could not connect to server: password=hunter2")

    monkeypatch.setattr(selectors, "list_projects", away)
    response = owner.client.get("projects/")
    assert_problem(response, 503, "service_unavailable")
    assert response["Retry-After"]
    assert b"hunter2" not in response.content


def test_an_unexpected_error_is_generic_and_traceable(owner: Any, monkeypatch: Any) -> None:
    from data_ingestion import selectors

    def broken() -> None:
        raise ZeroDivisionError("secret path /srv/app.py")

    monkeypatch.setattr(selectors, "list_projects", broken)
    problem = assert_problem(owner.client.get("projects/"), 500, "internal_error")
    assert "/srv" not in str(problem)


def test_a_full_disk_at_upload_answers_507_and_leaves_no_half_file(
    owner: Any, monkeypatch: Any, settings: Any
) -> None:
    from data_ingestion.adapters import storage
    from data_ingestion.models import RawDataFile

    project = owner.client.post("projects/", {"name": "p"}).json()["id"]

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.shutil, "copyfile", full)
    response = upload(owner, project, b"a,b\n1,2\n")
    assert_problem(response, 507, "storage_full")
    assert not RawDataFile._base_manager.exists()
    stored = (settings.MEDIA_ROOT / "teams" / str(owner.team_id)).rglob("*")
    assert not [path for path in stored if path.is_file()]


def upload(owner: Any, project: str, content: bytes) -> Any:
    stream = io.BytesIO(content)
    stream.name = "data.csv"
    return Client().post("/api/v1/files/", {"project": project, "file": stream}, **owner.client._headers)


@pytest.mark.parametrize(
    "path", ["/api/v1/projects/", "/nowhere", "/health/live", "/api/docs/", "/api/v1/tasks/x/"]
)
def test_security_headers_are_on_every_class_of_answer(db: None, path: str) -> None:
    response = Client().get(path)
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def test_metrics_are_closed_without_the_token_and_tell_tasks_with_it(owner: Any, settings: Any) -> None:
    assert Client().get("/metrics").status_code == 404
    settings.PLUGZERO_METRICS_TOKEN = "metrics-token"
    assert Client().get("/metrics", HTTP_AUTHORIZATION="Bearer wrong").status_code == 404
    text = Client().get("/metrics", HTTP_AUTHORIZATION="Bearer metrics-token").content.decode()
    for name in ("plugzero_http_requests_total", "plugzero_task_runs", "plugzero_task_queue_depth"):
        assert name in text


def test_a_request_id_is_taken_over_when_sane_and_made_otherwise(db: None) -> None:
    assert Client().get("/health/live", HTTP_X_REQUEST_ID="abcdef-123456")["X-Request-ID"] == "abcdef-123456"
    assert Client().get("/health/live", HTTP_X_REQUEST_ID="x\ny")["X-Request-ID"] != "x\ny"


def test_documents_are_served_without_any_other_host(db: None) -> None:
    for path in ("/api/docs/", "/api/redoc/"):
        page = Client().get(path).content.decode()
        assert "cdn" not in page.lower()
        assert "https://" not in page.replace("https://www.apache.org", "")
