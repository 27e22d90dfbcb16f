"""What a user does over HTTP, in the words of the tests."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.test import Client

from data_ingestion.tests.factories import CSV
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tasks.runtime import execute


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The answer is this problem; returns its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    assert body["detail"]
    return body


def create_project(actor: Any, name: str = "Study") -> str:
    response = actor.client.post("projects/", {"name": name})
    assert response.status_code == 201, response.content
    project: str = response.json()["id"]
    return project


def upload(actor: Any, project: str, content: bytes = CSV, name: str = "data.csv", **headers: str) -> Any:
    """POST a multipart upload, as a browser does."""
    stream = io.BytesIO(content)
    stream.name = name
    return Client(raise_request_exception=False).post(
        "/api/v1/files/", {"project": project, "file": stream}, **actor.client._headers, **headers
    )


def finish(response: Any) -> TaskRun:
    """Run the accepted task as a worker would; returns its row, whatever came of it."""
    assert response.status_code == 202, response.content
    task_id = UUID(response.json()["task_id"])
    execute(task_id)
    row: TaskRun = TaskRun._base_manager.get(pk=task_id)
    return row


def done(response: Any) -> str:
    """Run the accepted task, which must succeed; returns the id of its result."""
    row = finish(response)
    assert row.state == "SUCCESS", (row.error_code, row.error_detail)
    return row.result_id


def ingest(actor: Any, content: bytes = CSV, name: str = "data.csv", project: str | None = None) -> str:
    """Upload a file and read it; returns the (first) Dataset's id."""
    return done(upload(actor, project or create_project(actor), content, name))


def detail(actor: Any, dataset: str) -> dict[str, Any]:
    response = actor.client.get(f"datasets/{dataset}/")
    assert response.status_code == 200, response.content
    body: dict[str, Any] = response.json()
    return body


def rows_of(actor: Any, dataset: str, query: str = "") -> list[list[Any]]:
    response = actor.client.get(f"datasets/{dataset}/preview/?limit=1000{query}")
    assert response.status_code == 200, response.content
    rows: list[list[Any]] = response.json()["rows"]
    return rows


def stored_objects(actor: Any, kind: str = "") -> list[Path]:
    """Files in storage that belong to the actor's team; ``kind`` is raw, datasets or exports."""
    root = Path(settings.MEDIA_ROOT) / "teams" / str(actor.team_id) / kind
    return sorted(path for path in root.rglob("*") if path.is_file())
