"""Files: keeping what came in, starting and doing its ingestion."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.errors import FileEmpty, FileNotFound, FileUnusable
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.pipeline import ingest
from data_ingestion.models import Dataset, DatasetSource, DatasetVersion, Export, RawDataFile, UploadStatus
from data_ingestion.services import uploads
from data_ingestion.services.datasets import StoredVersion, store_version, write_version
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.ids import uuid7

INGEST_TASK = "data_ingestion.ingest_file"
EXPORT_DAYS = 7


def get_file(file_id: UUID) -> RawDataFile:
    """A file of the present team scope. Raises ``FileNotFound``."""
    row = RawDataFile.find(pk=file_id)
    if row is None:
        raise FileNotFound
    return row


def start_ingestion(
    *,
    actor: Principal,
    project_id: UUID,
    path: Path,
    original_name: str,
    source_url: str = "",
    idempotency_key: str | None = None,
) -> tasks.TaskRunInfo:
    """Keep the uploaded file at ``path`` as a RawDataFile and start its ingestion.

    Raises ``ProjectNotFound``, ``FileEmpty``, ``PlanLimitReached`` or ``StorageFull``; then nothing is kept.
    """
    project = get_project_row(project_id)
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty("The file has no content. Choose another file.")
    sha256 = storage.hash_file(path)
    fingerprint = tasks_fingerprint(project_id, original_name, sha256)
    replay = tasks.find_replay(team_id=project.team_id, key=idempotency_key, fingerprint=fingerprint)
    if replay is not None:
        return replay
    accounts.check_plan_limit(team_id=project.team_id, key="storage_bytes", by=size)
    name = storage.raw_name(project.team_id, sha256)
    storage.keep(path, name)
    with transaction.atomic():
        row = RawDataFile.objects.create(
            team_id=project.team_id,
            project=project,
            original_name=original_name[:255],
            sha256=sha256,
            size=size,
            storage_name=name,
            source_url=source_url,
            created_by_id=actor.user_id,
        )
        accounts.record_activity(
            actor=actor,
            team_id=project.team_id,
            action="file.uploaded",
            object_type="file",
            object_id=row.pk,
            object_label=row.original_name,
        )
        return tasks.start(
            INGEST_TASK,
            team_id=project.team_id,
            user_id=actor.user_id,
            args={"file_id": str(row.pk)},
            project_id=project.pk,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )


def tasks_fingerprint(project_id: UUID, original_name: str, sha256: str) -> str:
    """What makes two uploads one request: the same bytes under the same name into the same project."""
    return tasks.fingerprint_of(
        INGEST_TASK, {"project": str(project_id), "name": original_name, "sha": sha256}
    )


def ingest_stored_file(run: tasks.Run, *, file_id: UUID) -> tasks.ResultRef:
    """Make Datasets from a stored file: one per table in it. All of them appear, or none.

    Raises ``FileUnusable`` with the engine's code; the file's row then says why.
    """
    return ingest_row(run, get_file(file_id))


def ingest_row(run: tasks.Run, row: RawDataFile) -> tasks.ResultRef:
    """See ``ingest_stored_file``."""
    with tempfile.TemporaryDirectory(prefix="ingest-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        try:
            tables = ingest(
                storage.local_path(row.storage_name),
                original_name=row.original_name,
                work_dir=Path(folder),
                progress=partial(_report, run),
            )
        except IngestError as error:
            with run.fenced():
                RawDataFile.objects.filter(pk=row.pk).update(
                    upload_status=UploadStatus.FAILED, error_code=error.code, error_detail=error.detail
                )
            raise FileUnusable(error) from error
        stored: list[tuple[UUID, str, StoredVersion]] = []
        for table in tables:
            dataset_id = uuid7()
            stored.append((dataset_id, table.source_name, store_version(row.team_id, dataset_id, table)))
        with run.completing() as complete:
            for (dataset_id, source_name, version), table in zip(stored, tables, strict=True):
                dataset = Dataset.objects.create(
                    id=dataset_id,
                    team_id=row.team_id,
                    project_id=row.project_id,
                    name=table.name[:200],
                    dataset_source=DatasetSource.URL if row.source_url else DatasetSource.FILE,
                    raw_file=row,
                    source_name=source_name[:200],
                    created_by_id=row.created_by_id,
                )
                write_version(dataset, 1, version, created_by_id=row.created_by_id)
            RawDataFile.objects.filter(pk=row.pk).update(
                upload_status=UploadStatus.INGESTED,
                source_kind=tables[0].source_kind.value,
                error_code="",
                error_detail="",
            )
            first = stored[0][0]
            result = tasks.ResultRef("dataset", str(first), f"/api/v1/datasets/{first}/")
            complete(result)
        return result


def delete_file(*, row: RawDataFile, actor: Principal) -> None:
    """Forget a file; Datasets made from it stay. Its bytes go when no other record shares them."""
    with transaction.atomic():
        accounts.record_activity(
            actor=actor,
            team_id=row.team_id,
            action="file.deleted",
            object_type="file",
            object_id=row.pk,
            object_label=row.original_name,
        )
        row.delete()
        if not RawDataFile.objects.filter(storage_name=row.storage_name).exists():
            transaction.on_commit(partial(storage.remove, row.storage_name))


def _report(run: tasks.Run, stage: str, current: int, total: int) -> None:
    run.progress(current, total, stage=stage)


def remove_orphans() -> int:
    """Delete stored objects no row names any more (deleted projects, lost attempts). Returns how many."""
    named = set(RawDataFile.objects.values_list("storage_name", flat=True))
    named |= set(DatasetVersion.objects.values_list("storage_name", flat=True))
    named |= set(DatasetVersion.objects.values_list("rejects_storage_name", flat=True))
    old = now_plus(-EXPORT_DAYS * 86_400)
    Export.objects.filter(created_at__lt=old).delete()
    named |= set(Export.objects.values_list("storage_name", flat=True))
    uploads.remove_stale()
    return storage.remove_unnamed(named)
