"""Files from the web: through the guard, from a local server, and Google Sheets by their page's address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest

from data_ingestion.models import Dataset, RawDataFile
from data_ingestion.services import web
from data_ingestion.tests.actions import (
    assert_problem,
    create_project,
    detail,
    done,
    finish,
    rows_of,
    stored_objects,
)
from data_ingestion.tests.factories import CSV
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.models import TaskRun

ANSWERS: dict[str, tuple[int, dict[str, str], bytes]] = {
    "/cities.csv": (200, {"Content-Type": "text/csv"}, CSV),
    "/my%20file.csv": (200, {}, CSV),
    "/page.html": (200, {"Content-Type": "text/html"}, b"<html><body>no table</body></html>"),
    "/gone.csv": (404, {}, b"not here"),
    "/empty.csv": (200, {}, b""),
    "/moved.csv": (302, {"Location": "/cities.csv"}, b""),
    "/inside.csv": (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""),
    "/big.csv": (200, {}, b"a,b\n" + b"1,2\n" * 5000),
}


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = ANSWERS.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def site(settings: Any) -> Iterator[str]:
    """The address of a local web server the guard lets through."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PLUGZERO_FETCH_ALLOW_HOSTS = [f"127.0.0.1:{server.server_port}"]
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def import_url(actor: Any, url: str, project: str | None = None, **headers: str) -> Any:
    body = {"project": project or create_project(actor), "url": url}
    return actor.client.post("files/from-url/", body, **headers)


@pytest.mark.parametrize("path", ["/cities.csv", "/moved.csv"])
def test_a_file_behind_an_address_becomes_a_dataset(member: Any, site: str, path: str) -> None:
    dataset = detail(member, done(import_url(member, f"{site}{path}")))
    assert (dataset["row_count"], dataset["dataset_source"]) == (4, "URL")
    file = member.client.get(f"files/{dataset['raw_file']}/").json()
    assert (file["source_url"], file["upload_status"]) == (f"{site}{path}", "INGESTED")
    assert rows_of(member, dataset["id"])[0][:2] == ["Paris", 1]


def test_the_file_is_named_after_the_address(owner: Any, site: str) -> None:
    done(import_url(owner, f"{site}/my%20file.csv"))
    assert owner.client.get("files/").json()["results"][0]["original_name"] == "my file.csv"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/gone.csv", "unexpected_status"),
        ("/empty.csv", "file_empty"),
        ("/inside.csv", None),
    ],
)
def test_addresses_that_give_no_file_fail_with_the_reason(
    owner: Any, site: str, path: str, code: str | None
) -> None:
    run = finish(import_url(owner, f"{site}{path}"))
    assert run.state == "FAILURE"
    assert run.error_code != "internal_error"
    assert code is None or run.error_code == code
    assert owner.client.get("files/").json()["count"] == 0
    assert owner.client.get("datasets/").json()["count"] == 0
    assert stored_objects(owner) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x.csv",
        "http://localhost/x.csv",
        "http://[::1]/x.csv",
        "http://10.0.0.5/x.csv",
        "http://169.254.169.254/latest/meta-data/",
        "http://2130706433/x.csv",
        "file:///etc/passwd",
        "ftp://example.com/x.csv",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "not an address",
    ],
)
def test_private_addresses_and_other_schemes_are_refused(owner: Any, url: str) -> None:
    response = import_url(owner, url)
    if response.status_code == 202:
        run = finish(response)
        assert run.state == "FAILURE"
        assert run.error_code in {"url_not_allowed", "host_not_public"}, run.error_code
    else:
        assert response.status_code in (400, 422)
    assert owner.client.get("files/").json()["count"] == 0


def test_a_download_over_the_limit_is_stopped(owner: Any, site: str, settings: Any) -> None:
    settings.PLUGZERO_MAX_FETCH_BYTES = 1000
    run = finish(import_url(owner, f"{site}/big.csv"))
    assert (run.state, run.error_code) == ("FAILURE", "response_too_large")
    assert stored_objects(owner) == []


def test_a_download_that_would_pass_the_quota_is_refused(owner: Any, site: str) -> None:
    owner.team.limits = {"storage_bytes": 10}
    owner.team.save()
    run = finish(import_url(owner, f"{site}/cities.csv"))
    assert (run.state, run.error_code) == ("FAILURE", "plan_limit_reached")
    assert stored_objects(owner) == []


def test_a_run_that_lost_its_worker_half_way_keeps_one_file(owner: Any, site: str, monkeypatch: Any) -> None:
    response = import_url(owner, f"{site}/cities.csv")
    real = web.ingest_row

    def killed(*_: Any) -> None:
        raise SystemExit(9)

    monkeypatch.setattr(web, "ingest_row", killed)
    with pytest.raises(SystemExit):
        finish(response)
    TaskRun._base_manager.filter(pk=response.json()["task_id"]).update(state="PENDING")
    monkeypatch.setattr(web, "ingest_row", real)
    done(response)
    with owner.scope():
        assert RawDataFile.objects.count() == 1
        assert Dataset.objects.count() == 1
    from accounts.services.limits import usage_of

    assert usage_of(team_id=owner.team_id, key="storage_bytes") == len(CSV)


def test_faulty_requests(owner: Any, stranger: Any) -> None:
    project = create_project(owner)
    assert_problem(import_url(owner, "http://x/" + "y" * 2000, project), 400, "invalid_input")
    assert_problem(import_url(owner, "", project), 400, "invalid_input")
    for other in (create_project(stranger), str(uuid7())):
        assert_problem(import_url(owner, "https://example.com/a.csv", other), 404, "project_not_found")


def test_one_idempotency_key_is_one_run(owner: Any) -> None:
    project = create_project(owner)
    first, again = (
        import_url(owner, "https://example.com/a.csv", project, HTTP_IDEMPOTENCY_KEY="url-1")
        for _ in range(2)
    )
    assert first.json()["task_id"] == again.json()["task_id"]
    assert UUID(first.json()["task_id"])


SHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
EXPORT = f"https://docs.google.com/spreadsheets/d/{SHEET}/export?format=csv&gid="


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=42", f"{EXPORT}42"),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit?gid=7#gid=42", f"{EXPORT}7"),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit?usp=sharing", f"{EXPORT}0"),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}", f"{EXPORT}0"),
        (f"https://docs.google.com/spreadsheets/d/{SHEET}/edit#gid=1%26x=http://evil", f"{EXPORT}0"),
        ("https://docs.google.com/document/d/abc", "https://docs.google.com/document/d/abc"),
        (
            f"https://evil.example/spreadsheets/d/{SHEET}/edit",
            f"https://evil.example/spreadsheets/d/{SHEET}/edit",
        ),
        ("https://example.com/a.csv", "https://example.com/a.csv"),
    ],
)
def test_the_page_of_a_google_sheet_stands_for_its_csv(url: str, expected: str) -> None:
    assert web.download_address(url) == expected


def test_ingesting_marks_a_page_without_a_table_as_failed(owner: Any, site: str) -> None:
    run = finish(import_url(owner, f"{site}/page.html"))
    file = owner.client.get("files/").json()["results"][0]
    assert (run.state, file["upload_status"]) in {("FAILURE", "FAILED"), ("SUCCESS", "INGESTED")}
    assert (file["error"] is None) == (run.state == "SUCCESS")
