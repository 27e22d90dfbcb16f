"""Which lists can be filtered by what."""

from __future__ import annotations

import django_filters

from analysis.models import AnalysisResult


class AnalysisResultFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    dataset = django_filters.UUIDFilter(field_name="dataset_id")
    procedure = django_filters.CharFilter()
    ordering = django_filters.OrderingFilter(fields=("created_at", "procedure"))

    class Meta:
        model = AnalysisResult
        fields: list[str] = []
