"""Datasets as files in the formats people ask for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from uuid import UUID

from django.conf import settings

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.contracts import ExportFormat
from data_ingestion.errors import DatasetRequestInvalid, ExportNotFound, NoRejectedRows
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.export import write_export
from data_ingestion.models import Dataset, Export
from data_ingestion.services.datasets import columns_of, get_dataset, get_version
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.ids import uuid7

EXPORT_TASK = "data_ingestion.export_dataset"


def start_export(
    *,
    dataset: Dataset,
    actor: Principal,
    export_format: str,
    version: int | None,
    idempotency_key: str | None,
) -> tasks.TaskRunInfo:
    """Start writing a version as a file. Raises ``DatasetVersionNotFound``."""
    number = get_version(dataset, version).number
    info = tasks.start(
        EXPORT_TASK,
        team_id=dataset.team_id,
        user_id=actor.user_id,
        args={"dataset_id": str(dataset.pk), "version": number, "export_format": export_format},
        project_id=dataset.project_id,
        idempotency_key=idempotency_key,
    )
    accounts.record_activity(
        actor=actor,
        team_id=dataset.team_id,
        action="dataset.exported",
        object_type="dataset",
        object_id=dataset.pk,
        object_label=f"{dataset.name} v{number} as {export_format}",
    )
    return info


def write_dataset(run: tasks.Run, *, dataset_id: UUID, version: int, export_format: str) -> tasks.ResultRef:
    """Write the file and keep it. Raises ``DatasetRequestInvalid`` where the format cannot hold the table."""
    dataset = get_dataset(dataset_id)
    source = get_version(dataset, version)
    export_id = uuid7()
    name = f"teams/{dataset.team_id}/exports/{export_id}.{export_format}"
    with tempfile.TemporaryDirectory(prefix="export-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        target = Path(folder) / f"export.{export_format}"
        try:
            write_export(
                storage.local_path(source.storage_name),
                columns_of(source),
                target,
                format=ExportFormat(export_format),
                progress=lambda stage, done, total: run.progress(done, total, stage=stage),
            )
        except IngestError as error:
            raise DatasetRequestInvalid(error) from error
        size = target.stat().st_size
        storage.keep(target, name)
    with run.completing() as complete:
        get_dataset(dataset_id)  # deleted meanwhile: nobody can ask for its export
        Export.objects.create(
            id=export_id,
            team_id=dataset.team_id,
            project_id=dataset.project_id,
            dataset=dataset,
            version_number=version,
            export_format=export_format,
            storage_name=name,
            file_name=f"{dataset.name[:180]}-v{version}.{export_format}",
            size=size,
        )
        result = tasks.ResultRef("export", str(export_id), f"/api/v1/exports/{export_id}/download/")
        complete(result)
    return result


def get_export(export_id: UUID) -> Export:
    """Raises ``ExportNotFound``."""
    export = Export.find(pk=export_id)
    if export is None:
        raise ExportNotFound
    return export


def rejects_path(dataset: Dataset, version: int | None) -> Path:
    """Parquet of the rows a version's file had and the version has not. Raises ``NoRejectedRows``."""
    row = get_version(dataset, version)
    if not row.rejects_storage_name:
        raise NoRejectedRows
    return storage.local_path(row.rejects_storage_name)
