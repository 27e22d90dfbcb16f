"""Stored results, and who asked for them when."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.tenancy import TeamOwnedModel


class AnalysisResult(TeamOwnedModel):
    """The output of one computation. ``key`` names it: Dataset version, procedure version, all that shapes it.

    The row appears when the computation starts (``output`` null, ``task_id`` computing it), so that two equal
    requests share one computation.
    """

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    dataset_id = models.UUIDField()
    dataset_name = models.CharField(max_length=200)
    dataset_version = models.PositiveIntegerField()
    version_hash = models.CharField(max_length=64)
    procedure = models.CharField(max_length=60)
    procedure_version = models.PositiveIntegerField()
    parameters = models.JSONField()
    row_filter = models.JSONField(null=True)
    weight = models.CharField(max_length=500, blank=True, default="")
    seed = models.BigIntegerField(null=True)
    task_id = models.UUIDField()
    output = models.JSONField(null=True)
    seconds = models.FloatField(null=True)
    computed_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["team", "key"], name="analysis_result_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["dataset_id", "-created_at"], name="analysis_result_dataset")
        ]

    def __str__(self) -> str:
        return f"{self.procedure} on {self.dataset_name}"


class AnalysisRun(TeamOwnedModel):
    """One request for a result: the history of who ran what; several runs may share a result."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    result = models.ForeignKey(AnalysisResult, on_delete=models.CASCADE, related_name="runs")
    task_id = models.UUIDField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]

    def __str__(self) -> str:
        return str(self.pk)
