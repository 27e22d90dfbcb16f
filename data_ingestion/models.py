"""Projects own everything; RawDataFiles are what came in; Datasets are the versioned tables made from them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.tenancy import TeamOwnedModel


class Project(TeamOwnedModel):
    """The hub inside a team: files, datasets, results and audits hang on one."""

    restriction_field = "id"

    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="", max_length=2000)
    is_archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["team", "-created_at"], name="project_team_recent")
        ]

    def __str__(self) -> str:
        return self.name


class UploadStatus(models.TextChoices):
    STORED = "STORED", "Stored, not read yet"
    INGESTED = "INGESTED", "Read into datasets"
    FAILED = "FAILED", "Could not be read"


class RawDataFile(TeamOwnedModel):
    """Uploaded bytes, never altered. Equal bytes of one team are stored once, under their hash."""

    restriction_field = "project_id"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="files")
    original_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    storage_name = models.CharField(max_length=255)
    source_kind = models.CharField(max_length=20, blank=True, default="")
    source_url = models.CharField(max_length=2000, blank=True, default="")
    upload_status = models.CharField(max_length=10, choices=UploadStatus.choices, default=UploadStatus.STORED)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project", "-created_at"], name="file_project_recent"),
            models.Index(fields=["team", "sha256"], name="file_team_hash"),
        ]

    def __str__(self) -> str:
        return self.original_name


class DatasetSource(models.TextChoices):
    FILE = "FILE", "Uploaded file"
    URL = "URL", "Web address"
    DERIVED = "DERIVED", "Made from other datasets"
    PUBLISHED = "PUBLISHED", "Published by another part of the platform"


class Dataset(TeamOwnedModel):
    """A clean table with immutable versions; ``current_version`` is the one people see."""

    restriction_field = "project_id"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="datasets")
    name = models.CharField(max_length=200)
    dataset_source = models.CharField(
        max_length=10, choices=DatasetSource.choices, default=DatasetSource.FILE
    )
    raw_file = models.ForeignKey(RawDataFile, on_delete=models.SET_NULL, null=True, related_name="datasets")
    # The sheet, member or page of the file; for published tables the publisher's own key.
    source_name = models.CharField(max_length=200, blank=True, default="")
    current_version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project", "-created_at"], name="dataset_project_recent")
        ]

    def __str__(self) -> str:
        return self.name


class DatasetVersion(TeamOwnedModel):
    """One immutable state of a Dataset: a Parquet object, its columns, profile and repair receipt."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    version_hash = models.CharField(max_length=64)
    storage_name = models.CharField(max_length=255)
    rejects_storage_name = models.CharField(max_length=255, blank=True, default="")
    size = models.BigIntegerField()
    row_count = models.BigIntegerField()
    column_count = models.PositiveIntegerField()
    columns = models.JSONField()
    profile = models.JSONField()
    receipt = models.JSONField(null=True)
    # The recipe that made this version from ``parent_number`` and what each of its steps did; null for others.
    recipe = models.JSONField(null=True)
    parent_number = models.PositiveIntegerField(null=True)
    note = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-number"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["dataset", "number"], name="dataset_version_once")
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} v{self.number}"


class CleaningRecipe(TeamOwnedModel):
    """The steps a team keeps with a Dataset; applying them gives a new version."""

    dataset = models.OneToOneField(Dataset, on_delete=models.CASCADE, related_name="recipe")
    steps = models.JSONField(default=list)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"recipe of {self.dataset_id}"


class Upload(TeamOwnedModel):
    """A resumable upload in progress: ``offset`` bytes of ``size`` have arrived."""

    restriction_field = "project_id"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="uploads")
    original_name = models.CharField(max_length=255)
    size = models.BigIntegerField()
    offset = models.BigIntegerField(default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.original_name


class Export(TeamOwnedModel):
    """A Dataset version written in some format; the file is kept for a week."""

    restriction_field = "project_id"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="exports")
    version_number = models.PositiveIntegerField()
    export_format = models.CharField(max_length=10)
    storage_name = models.CharField(max_length=255)
    file_name = models.CharField(max_length=255)
    size = models.BigIntegerField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return self.file_name
