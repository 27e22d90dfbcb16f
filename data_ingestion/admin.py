"""Projects, files and datasets for staff."""

from __future__ import annotations

from django.contrib import admin

from data_ingestion.models import Dataset, DatasetVersion, Project, RawDataFile
from plugzero_api.kernel.admin import EveryTeamAdmin, ReadOnlyAdmin


@admin.register(Project)
class ProjectAdmin(EveryTeamAdmin):
    list_display = ("name", "team", "is_archived", "created_at")
    list_filter = ("is_archived",)
    search_fields = ("name", "id__exact")
    list_select_related = ("team",)
    raw_id_fields = ("team", "created_by")


@admin.register(RawDataFile)
class RawDataFileAdmin(ReadOnlyAdmin):
    list_display = (
        "original_name",
        "team",
        "size",
        "source_kind",
        "upload_status",
        "error_code",
        "created_at",
    )
    list_filter = ("upload_status", "source_kind", "error_code")
    search_fields = ("original_name", "sha256", "id__exact")
    list_select_related = ("team",)


@admin.register(Dataset)
class DatasetAdmin(ReadOnlyAdmin):
    list_display = ("name", "team", "dataset_source", "current_version", "created_at")
    list_filter = ("dataset_source",)
    search_fields = ("name", "id__exact")
    list_select_related = ("team",)


@admin.register(DatasetVersion)
class DatasetVersionAdmin(ReadOnlyAdmin):
    list_display = ("dataset", "number", "team", "row_count", "size", "created_at")
    search_fields = ("dataset__name", "version_hash")
    list_select_related = ("dataset", "team")
