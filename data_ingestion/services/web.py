"""Files from the web: any http(s) address and public Google Sheets, through the guarded fetch."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from django.conf import settings

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.errors import FileEmpty, UrlNotUsable
from data_ingestion.models import RawDataFile
from data_ingestion.services.files import ingest_row
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.http import fetch_to_file

URL_TASK = "data_ingestion.ingest_url"
_SHEET = re.compile(r"^/spreadsheets/d/([\w-]{20,100})")


def download_address(url: str) -> str:
    """The address that gives the file itself: a Google Sheets page becomes its CSV export."""
    parts = urlsplit(url)
    sheet = _SHEET.match(parts.path)
    if parts.hostname != "docs.google.com" or sheet is None:
        return url
    tab = (parse_qs(parts.fragment) | parse_qs(parts.query)).get("gid", ["0"])[0]
    tab = tab if tab.isdigit() else "0"
    return f"https://docs.google.com/spreadsheets/d/{sheet[1]}/export?format=csv&gid={tab}"


def file_name_of(url: str) -> str:
    """A name for what an address gives; the kind is decided from the bytes anyway."""
    parts = urlsplit(url)
    if parts.hostname == "docs.google.com":
        return "google-sheet.csv"
    return unquote(PurePosixPath(parts.path).name)[:200] or (parts.hostname or "download")


def start_url_ingestion(
    *, actor: Principal, project_id: UUID, url: str, idempotency_key: str | None = None
) -> tasks.TaskRunInfo:
    """Start fetching and ingesting a file. Raises ``ProjectNotFound``."""
    project = get_project_row(project_id)
    return tasks.start(
        URL_TASK,
        team_id=project.team_id,
        user_id=actor.user_id,
        args={"project_id": str(project.pk), "url": url},
        project_id=project.pk,
        idempotency_key=idempotency_key,
    )


def ingest_url(run: tasks.Run, *, project_id: UUID, url: str) -> tasks.ResultRef:
    """Fetch a file, keep it as a RawDataFile and make Datasets from it.

    Raises what the guarded fetch raises, ``UrlNotUsable``, ``FileEmpty`` or ``FileUnusable``.
    """
    project = get_project_row(project_id)
    run.progress(0, None, stage="fetch", message=file_name_of(url))
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        path = Path(folder) / "download"
        result = fetch_to_file(
            download_address(url), path, max_bytes=settings.PLUGZERO_MAX_FETCH_BYTES, total_timeout=900
        )
        if result.status != 200:
            raise UrlNotUsable(f"The server answered {result.status}. Is the file public?")
        size = path.stat().st_size
        if size == 0:
            raise FileEmpty("The address gave an empty file.")
        accounts.check_plan_limit(team_id=project.team_id, key="storage_bytes", by=size)
        sha256 = storage.hash_file(path)
        name = storage.raw_name(project.team_id, sha256)
        storage.keep(path, name)
    with run.fenced():
        # One record per run, whatever attempt writes it: a run that lost its worker comes here again.
        before = RawDataFile.find(pk=run.id)
        row, _ = RawDataFile.objects.update_or_create(
            pk=run.id,
            defaults={
                "team_id": project.team_id,
                "project": project,
                "original_name": file_name_of(url),
                "sha256": sha256,
                "size": size,
                "storage_name": name,
                "source_url": url,
                "created_by_id": run.user_id,
            },
        )
        accounts.add_usage(
            team_id=project.team_id, key="storage_bytes", by=size - (before.size if before else 0)
        )
    return ingest_row(run, row)
