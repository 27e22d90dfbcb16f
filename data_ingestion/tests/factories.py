"""Rows and stored objects for tests, made the way the services make them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pyarrow as pa

from data_ingestion.adapters import storage
from data_ingestion.logic.published import describe_table
from data_ingestion.models import Dataset, DatasetSource, Export, Project, RawDataFile, Upload
from data_ingestion.services.datasets import store_version, write_version
from plugzero_api.kernel.ids import uuid7

CSV = b"city,score,vote\nParis,1,yes\nOslo,2,no\nRome,3,yes\nOslo,4,no\n"


def make_project(team_id: UUID, name: str = "Study", **fields: Any) -> Project:
    project: Project = Project.objects.create(team_id=team_id, name=name, **fields)
    return project


def make_file(project: Project, *, content: bytes = CSV, name: str = "cities.csv") -> RawDataFile:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(content)
        sha256 = storage.hash_file(path)
        stored = storage.raw_name(project.team_id, sha256)
        storage.keep(path, stored)
    row: RawDataFile = RawDataFile.objects.create(
        team_id=project.team_id,
        project=project,
        original_name=name,
        sha256=sha256,
        size=len(content),
        storage_name=stored,
        source_kind="delimited",
    )
    return row


def make_dataset(
    project: Project,
    *,
    table: pa.Table | None = None,
    name: str = "Cities",
    rejects: bool = False,
    **fields: Any,
) -> Dataset:
    """A Dataset with one version; by default four rows of city (text), score (integer) and vote (text)."""
    if table is None:
        table = pa.table(
            {
                "city": ["Paris", "Oslo", "Rome", "Oslo"],
                "score": pa.array([1, 2, 3, 4], pa.int64()),
                "vote": ["yes", "no", "yes", "no"],
            }
        )
    dataset_id = uuid7()
    with TemporaryDirectory() as folder:
        described = describe_table(table, name=name, labels={}, work_dir=Path(folder))
        if rejects:
            from dataclasses import replace

            from data_ingestion.contracts import RejectedRow
            from data_ingestion.logic.rejects import write_rejects

            path = write_rejects([RejectedRow(5, "too few cells", "Bonn")], Path(folder) / "rejects.parquet")
            described = replace(described, rejects_path=path)
        stored = store_version(project.team_id, dataset_id, described)
    dataset: Dataset = Dataset.objects.create(
        id=dataset_id,
        team_id=project.team_id,
        project=project,
        name=name,
        **{"dataset_source": DatasetSource.FILE, **fields},
    )
    write_version(dataset, 1, stored, created_by_id=None)
    return dataset


def make_upload(project: Project, *, size: int = len(CSV), name: str = "cities.csv") -> Upload:
    upload: Upload = Upload.objects.create(
        team_id=project.team_id, project=project, original_name=name, size=size
    )
    return upload


def make_export(dataset: Dataset) -> Export:
    name = f"teams/{dataset.team_id}/exports/{uuid7()}.csv"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.csv"
        path.write_bytes(CSV)
        storage.keep(path, name)
    export: Export = Export.objects.create(
        team_id=dataset.team_id,
        project_id=dataset.project_id,
        dataset=dataset,
        version_number=1,
        export_format="csv",
        storage_name=name,
        file_name="cities.csv",
        size=len(CSV),
    )
    return export
