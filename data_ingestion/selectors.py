"""Reads for this app's own views."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.fields import BigIntegerField

from data_ingestion.errors import DatasetNotFound, FileNotFound, ProjectNotFound
from data_ingestion.models import Dataset, DatasetVersion, Project, RawDataFile


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
