"""Datasets: opening, publishing and versioning tables."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.contracts import ColumnProfile, ColumnSchema, DatasetHandle, DatasetRef, RepairReceipt
from data_ingestion.errors import DatasetNotFound, DatasetVersionNotFound, ProjectNotFound
from data_ingestion.models import Dataset, DatasetSource, DatasetVersion, Project
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.ids import uuid7

if TYPE_CHECKING:
    import pyarrow as pa

    from data_ingestion.logic.tables import IngestedTable


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version whose bytes are in storage and whose row is still to be written."""

    version_hash: str
    storage_name: str
    rejects_storage_name: str
    size: int
    row_count: int
    columns: tuple[ColumnSchema, ...]
    profile: tuple[ColumnProfile, ...]
    receipt: RepairReceipt | None


def get_dataset(dataset_id: UUID) -> Dataset:
    """A Dataset of the present team scope. Raises ``DatasetNotFound``."""
    dataset = Dataset.find(pk=dataset_id)
    if dataset is None:
        raise DatasetNotFound
    return dataset


def get_version(dataset: Dataset, number: int | None = None) -> DatasetVersion:
    """A version of the Dataset, the current one unless told. Raises ``DatasetVersionNotFound``."""
    version = DatasetVersion.find(dataset=dataset, number=number or dataset.current_version)
    if version is None:
        raise DatasetVersionNotFound(f"The dataset '{dataset.name}' has no version {number}.")
    return version


def open_dataset(*, team_id: UUID, dataset_id: UUID, version: int | None = None) -> DatasetHandle:
    """A Dataset version ready to be read. Raises ``DatasetNotFound`` or ``DatasetVersionNotFound``."""
    dataset = get_dataset(dataset_id)
    if dataset.team_id != team_id:
        raise DatasetNotFound
    row = get_version(dataset, version)
    return DatasetHandle(
        dataset_id=str(dataset.pk),
        project_id=str(dataset.project_id),
        name=dataset.name,
        version=row.number,
        version_hash=row.version_hash,
        path=storage.local_path(row.storage_name),
        row_count=row.row_count,
        columns=columns_of(row),
    )


def columns_of(version: DatasetVersion) -> tuple[ColumnSchema, ...]:
    return tuple(ColumnSchema.from_dict(column) for column in version.columns)


def version_hash_of(path: Path, columns: Sequence[ColumnSchema]) -> str:
    """Content hash of a version: its bytes and what its columns mean."""
    digest = hashlib.sha256(storage.hash_file(path).encode())
    digest.update(json.dumps([column.as_dict() for column in columns], sort_keys=True).encode())
    return digest.hexdigest()


def store_version(team_id: UUID, dataset_id: UUID, table: IngestedTable) -> StoredVersion:
    """Put a table's bytes into storage under their hash."""
    digest = version_hash_of(table.parquet_path, table.columns)
    name = storage.dataset_name(team_id, dataset_id, digest)
    size = table.parquet_path.stat().st_size
    storage.keep(table.parquet_path, name)
    rejects = ""
    if table.rejects_path is not None:
        rejects = storage.dataset_name(team_id, dataset_id, digest, "rejects.parquet")
        storage.keep(table.rejects_path, rejects)
    return StoredVersion(
        version_hash=digest,
        storage_name=name,
        rejects_storage_name=rejects,
        size=size,
        row_count=table.row_count,
        columns=table.columns,
        profile=table.profile,
        receipt=table.receipt,
    )


def write_version(
    dataset: Dataset,
    number: int,
    version: StoredVersion,
    *,
    created_by_id: UUID | None,
    note: str = "",
    recipe: dict[str, Any] | None = None,
    parent_number: int | None = None,
) -> DatasetVersion:
    """Write the row of a stored version and make it the current one. Call inside a transaction."""
    row = DatasetVersion.objects.create(
        team_id=dataset.team_id,
        dataset=dataset,
        number=number,
        version_hash=version.version_hash,
        storage_name=version.storage_name,
        rejects_storage_name=version.rejects_storage_name,
        size=version.size,
        row_count=version.row_count,
        column_count=len(version.columns),
        columns=[column.as_dict() for column in version.columns],
        profile=[profile.as_dict() for profile in version.profile],
        receipt=version.receipt.as_dict() if version.receipt else None,
        recipe=recipe,
        parent_number=parent_number,
        note=note[:300],
        created_by_id=created_by_id,
    )
    Dataset.objects.filter(pk=dataset.pk).update(current_version=number)
    dataset.current_version = number
    return row


def publish_table(
    *,
    team_id: UUID,
    project_id: UUID,
    name: str,
    source: str,
    table: pa.Table | pa.RecordBatchReader,
    labels: dict[str, str] | None = None,
    user_id: UUID | None = None,
) -> DatasetRef:
    """Publish a table computed elsewhere as a Dataset.

    ``source`` is the publisher's stable key (say ``seo.audit:<id>``): publishing again under the same key in the
    same project adds a version instead of a second Dataset. Raises ``ProjectNotFound``.
    """
    project = get_project_row(project_id)
    if project.team_id != team_id:
        raise ProjectNotFound

    def published() -> Dataset | None:
        return Dataset.find(project=project, dataset_source=DatasetSource.PUBLISHED, source_name=source[:200])

    known = published()
    dataset_id = known.pk if known else uuid7()
    stored = _store(team_id, dataset_id, table, name=name, labels=labels or {})
    with transaction.atomic():
        # Publishers of one project queue here, so that one key never gets two Datasets.
        if Project.objects.select_for_update().filter(pk=project.pk).first() is None:
            raise ProjectNotFound
        dataset = published() or Dataset.objects.create(
            id=dataset_id,
            team_id=team_id,
            project=project,
            name=name[:200],
            dataset_source=DatasetSource.PUBLISHED,
            source_name=source[:200],
            current_version=0,
            created_by_id=user_id,
        )
        return _write(lock_dataset(dataset.pk), stored, user_id=user_id)


def append_to_dataset(
    *, team_id: UUID, dataset_id: UUID, table: pa.Table, user_id: UUID | None = None
) -> DatasetRef:
    """A new version with the rows of ``table`` after the present ones; columns are matched by name.

    Raises ``DatasetNotFound``.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    while True:
        handle = open_dataset(team_id=team_id, dataset_id=dataset_id)
        joined = pa.concat_tables([pq.read_table(handle.path), table], promote_options="permissive")
        labels = {column.name: column.label for column in handle.columns if column.label}
        stored = _store(team_id, dataset_id, joined, name=handle.name, labels=labels)
        with transaction.atomic():
            dataset = lock_dataset(dataset_id)
            if dataset.current_version == handle.version:
                return _write(dataset, stored, user_id=user_id, note=f"{table.num_rows} rows appended")
        # Somebody added a version meanwhile: start from that one, so that its rows are not lost.


def lock_dataset(dataset_id: UUID) -> Dataset:
    """The Dataset, locked until the caller's transaction ends. Raises ``DatasetNotFound`` when it is gone."""
    dataset: Dataset | None = Dataset.objects.select_for_update().filter(pk=dataset_id).first()
    if dataset is None:
        raise DatasetNotFound
    return dataset


def next_number(dataset: Dataset) -> int:
    """The number of the version that comes next; the Dataset must be locked."""
    newest = DatasetVersion.objects.filter(dataset=dataset).aggregate(newest=Max("number"))["newest"]
    return int(newest or 0) + 1


def _store(
    team_id: UUID, dataset_id: UUID, table: Any, *, name: str, labels: dict[str, str]
) -> StoredVersion:
    from data_ingestion.logic.published import describe_table

    with tempfile.TemporaryDirectory(prefix="publish-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        described = describe_table(table, name=name, labels=labels, work_dir=Path(folder))
        return store_version(team_id, dataset_id, described)


def _write(dataset: Dataset, stored: StoredVersion, *, user_id: UUID | None, note: str = "") -> DatasetRef:
    row = write_version(dataset, next_number(dataset), stored, created_by_id=user_id, note=note)
    return DatasetRef(dataset_id=str(dataset.pk), version=row.number, row_count=row.row_count)


def rename_dataset(*, dataset: Dataset, actor: Principal, name: str) -> Dataset:
    before = dataset.name
    with transaction.atomic():
        dataset.name = name
        dataset.save(update_fields=["name", "updated_at"])
        accounts.record_activity(
            actor=actor,
            team_id=dataset.team_id,
            action="dataset.renamed",
            object_type="dataset",
            object_id=dataset.pk,
            object_label=name,
            before={"name": before},
            after={"name": name},
        )
    return dataset


def delete_dataset(*, dataset: Dataset, actor: Principal) -> None:
    """Delete a Dataset with all versions; their objects go with the next orphan sweep."""
    with transaction.atomic():
        accounts.record_activity(
            actor=actor,
            team_id=dataset.team_id,
            action="dataset.deleted",
            object_type="dataset",
            object_id=dataset.pk,
            object_label=dataset.name,
        )
        dataset.delete()
