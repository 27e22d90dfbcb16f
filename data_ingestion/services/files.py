"""Files: keeping what came in, starting and doing its ingestion."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.errors import FileEmpty, FileNotFound, FileUnusable, UploadNotFound
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.pipeline import ingest
from data_ingestion.logic.tables import IngestedTable
from data_ingestion.models import (
    Dataset,
    DatasetSource,
    DatasetVersion,
    Export,
    Project,
    RawDataFile,
    UploadStatus,
)
from data_ingestion.services import uploads
from data_ingestion.services.datasets import StoredVersion, store_version, write_version
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.ids import uuid7

INGEST_TASK = "data_ingestion.ingest_file"
EXPORT_DAYS = 7
# Longer than any upload or task may last.
STALE_WORK_DAYS = 3


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
    idempotency_key: str | None = None,
) -> tasks.TaskRunInfo:
    """Keep the uploaded file at ``path`` as a RawDataFile and start its ingestion.

    Raises ``ProjectNotFound``, ``FileEmpty``, ``PlanLimitReached`` or ``StorageFull``; then no record is kept.
    """
    project = get_project_row(project_id)
    fingerprint = _fingerprint(project_id, original_name, storage.hash_file(path))
    replay = tasks.find_replay(team_id=project.team_id, key=idempotency_key, fingerprint=fingerprint)
    if replay is not None:
        return replay
    return _keep_and_start(
        actor=actor,
        project=project,
        path=path,
        original_name=original_name,
        idempotency_key=idempotency_key,
        fingerprint=fingerprint,
    )


def finish_upload(
    *, team_id: UUID, actor: Principal, upload_id: UUID, idempotency_key: str | None
) -> tasks.TaskRunInfo:
    """Keep a complete resumable upload as a RawDataFile and start its ingestion; of two calls one does it.

    A call repeated under its Idempotency-Key gets the run of the first, although the upload is gone by then.
    Raises ``UploadNotFound``, ``UploadIncomplete`` and what ``start_ingestion`` raises.
    """
    fingerprint = tasks.fingerprint_of(INGEST_TASK, {"upload": str(upload_id)})
    replay = tasks.find_replay(team_id=team_id, key=idempotency_key, fingerprint=fingerprint)
    if replay is not None:
        return replay
    upload = uploads.get_upload(upload_id)
    project = get_project_row(upload.project_id)
    path = uploads.complete_upload(upload)
    try:
        return _keep_and_start(
            actor=actor,
            project=project,
            path=path,
            original_name=upload.original_name,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
            before_commit=partial(uploads.take_upload, upload),
        )
    except FileNotFoundError:
        # Another request completed the upload and removed its bytes while this one was reading them.
        raise UploadNotFound from None


def _keep_and_start(
    *,
    actor: Principal,
    project: Project,
    path: Path,
    original_name: str,
    idempotency_key: str | None,
    fingerprint: str,
    before_commit: Callable[[], None] | None = None,
) -> tasks.TaskRunInfo:
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty("The file has no content. Choose another file.")
    accounts.check_plan_limit(team_id=project.team_id, key="storage_bytes", by=size)
    sha256 = storage.hash_file(path)
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
            created_by_id=actor.user_id,
        )
        info = tasks.start(
            INGEST_TASK,
            team_id=project.team_id,
            user_id=actor.user_id,
            args={"file_id": str(row.pk)},
            project_id=project.pk,
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )
        if info.replayed:
            # The same request arrived twice at once and the other one was first.
            row.delete()
            return info
        if before_commit is not None:
            before_commit()
        accounts.add_usage(team_id=project.team_id, key="storage_bytes", by=size)
        accounts.record_activity(
            actor=actor,
            team_id=project.team_id,
            action="file.uploaded",
            object_type="file",
            object_id=row.pk,
            object_label=row.original_name,
        )
    return info


def _fingerprint(project_id: UUID, original_name: str, sha256: str) -> str:
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
        stored: list[tuple[UUID, str, StoredVersion]] = []
        try:
            tables = ingest(
                storage.local_path(row.storage_name),
                original_name=row.original_name,
                work_dir=Path(folder),
                progress=partial(_report, run),
            )
            for table in tables:
                dataset_id = uuid7()
                stored.append((dataset_id, table.source_name, _store(row.team_id, dataset_id, table)))
        except IngestError as error:
            with run.fenced():
                RawDataFile.objects.filter(pk=row.pk).update(
                    upload_status=UploadStatus.FAILED, error_code=error.code, error_detail=error.detail
                )
            raise FileUnusable(error) from error
        with run.completing() as complete:
            # A file deleted meanwhile takes its ingestion with it.
            kept = RawDataFile.objects.select_for_update().filter(pk=row.pk)
            if kept.first() is None:
                raise FileNotFound("The file was deleted while it was being read.")
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
            kept.update(
                upload_status=UploadStatus.INGESTED,
                source_kind=tables[0].source_kind.value,
                error_code="",
                error_detail="",
            )
            first = stored[0][0]
            result = tasks.ResultRef("dataset", str(first), f"/api/v1/datasets/{first}/")
            complete(result)
        return result


def _store(team_id: UUID, dataset_id: UUID, table: IngestedTable) -> StoredVersion:
    try:
        return store_version(team_id, dataset_id, table)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise IngestError("storage_full", "There is no space left to keep the table.") from error
        raise


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
        accounts.add_usage(team_id=row.team_id, key="storage_bytes", by=-row.size)
        # Asked of the whole team: the bytes may also belong to a project this member cannot see.
        shared = RawDataFile._base_manager.filter(team_id=row.team_id, storage_name=row.storage_name)
        if not shared.exists():
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
    storage.remove_stale_work(STALE_WORK_DAYS * 86_400)
    return storage.remove_unnamed(named)
