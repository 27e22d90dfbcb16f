"""Reads for this app's own views."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.parquet as pq
from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields import BigIntegerField

from data_ingestion.adapters import storage
from data_ingestion.contracts import ColumnSchema
from data_ingestion.errors import DatasetNotFound, DatasetRequestInvalid, FileNotFound, ProjectNotFound
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.export import escape_formula
from data_ingestion.logic.preview import Page, read_page
from data_ingestion.models import CleaningRecipe, Dataset, DatasetVersion, Project, RawDataFile


def list_projects() -> QuerySet[Project]:
    return Project.objects.annotate(
        dataset_count=Count("datasets", distinct=True), file_count=Count("files", distinct=True)
    ).order_by("-created_at")


def get_project(project_id: UUID) -> Project:
    project = list_projects().filter(pk=project_id).first()
    if project is None:
        raise ProjectNotFound
    return project


def list_files() -> QuerySet[RawDataFile]:
    return RawDataFile.objects.order_by("-created_at")


def get_file(file_id: UUID) -> RawDataFile:
    row = list_files().filter(pk=file_id).first()
    if row is None:
        raise FileNotFound
    return row


def list_datasets() -> QuerySet[Dataset]:
    """Datasets with the figures of their current version, in one query."""
    current = DatasetVersion._base_manager.filter(dataset=OuterRef("pk"), number=OuterRef("current_version"))

    def of_current(field: str, output: Any) -> Subquery:
        return Subquery(current.values(field)[:1], output_field=output())

    return Dataset.objects.annotate(
        row_count=of_current("row_count", BigIntegerField),
        column_count=of_current("column_count", IntegerField),
        size=of_current("size", BigIntegerField),
    ).order_by("-created_at")


def get_dataset(dataset_id: UUID) -> Dataset:
    dataset = list_datasets().filter(pk=dataset_id).first()
    if dataset is None:
        raise DatasetNotFound
    return dataset


def list_versions(dataset: Dataset) -> QuerySet[DatasetVersion]:
    return DatasetVersion.objects.filter(dataset=dataset).order_by(F("number").desc())


def read_rows(
    version: DatasetVersion,
    *,
    offset: int,
    limit: int,
    columns: list[str],
    sort: list[str],
    where: dict[str, Any] | None,
) -> Page:
    """A page of a version's rows. Raises ``DatasetRequestInvalid``."""
    try:
        return read_page(
            storage.local_path(version.storage_name),
            [ColumnSchema.from_dict(column) for column in version.columns],
            offset=offset,
            limit=limit,
            select=columns,
            where=where,
            sort=sort,
            row_count=version.row_count,
        )
    except IngestError as error:
        raise DatasetRequestInvalid(error) from error


def rejects_as_csv(path: Path) -> Iterator[str]:
    """Rejected rows as CSV text, batch by batch, safe to open in a spreadsheet."""
    line = io.StringIO(newline="")
    writer = csv.writer(line)
    writer.writerow(["row", "reason", "raw"])
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=["row", "reason", "raw"]):
            for record in batch.to_pylist():
                writer.writerow([record["row"], record["reason"], escape_formula(record["raw"] or "")])
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()


def recipe_of(dataset: Dataset) -> dict[str, Any]:
    """The Dataset's kept steps; no steps when nobody saved any."""
    recipe = CleaningRecipe.find(dataset=dataset)
    if recipe is None:
        return {"steps": [], "updated_by": None, "updated_at": None}
    return {"steps": recipe.steps, "updated_by": recipe.updated_by_id, "updated_at": recipe.updated_at}
