"""Results and runs for staff."""

from __future__ import annotations

from django.contrib import admin

from analysis.models import AnalysisResult, AnalysisRun
from plugzero_api.kernel.admin import ReadOnlyAdmin


@admin.register(AnalysisResult)
class AnalysisResultAdmin(ReadOnlyAdmin):
    list_display = ("procedure", "dataset_name", "dataset_version", "team", "seconds", "computed_at")
    list_filter = ("procedure",)
    search_fields = ("dataset_name", "key", "id__exact")
    list_select_related = ("team",)
    exclude = ("output",)


@admin.register(AnalysisRun)
class AnalysisRunAdmin(ReadOnlyAdmin):
    list_display = ("id", "result", "team", "created_by", "created_at")
    list_select_related = ("result", "team", "created_by")
