"""Which lists can be filtered by what."""

from __future__ import annotations

import django_filters

from data_ingestion.models import Dataset, DatasetSource, Project, RawDataFile, UploadStatus


class ProjectFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains")
    is_archived = django_filters.BooleanFilter()
    ordering = django_filters.OrderingFilter(fields=("name", "created_at", "updated_at"))

    class Meta:
        model = Project
        fields: list[str] = []


class RawDataFileFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    upload_status = django_filters.ChoiceFilter(choices=UploadStatus.choices)
    search = django_filters.CharFilter(field_name="original_name", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=("original_name", "size", "created_at"))

    class Meta:
        model = RawDataFile
        fields: list[str] = []


class DatasetFilter(django_filters.FilterSet):
    project = django_filters.UUIDFilter(field_name="project_id")
    raw_file = django_filters.UUIDFilter(field_name="raw_file_id")
    dataset_source = django_filters.ChoiceFilter(choices=DatasetSource.choices)
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=("name", "created_at", "updated_at"))

    class Meta:
        model = Dataset
        fields: list[str] = []
