"""Request and response bodies of projects, files and datasets."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from data_ingestion.contracts import ExportFormat, MeasureLevel, PhysicalType, SemanticType
from data_ingestion.models import (
    Dataset,
    DatasetSource,
    DatasetVersion,
    Project,
    RawDataFile,
    Upload,
    UploadStatus,
)
from data_ingestion.services.uploads import CHUNK_BYTES
from plugzero_api.kernel.api.serializers import StrictSerializer


class ProjectSerializer(serializers.Serializer[Project]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    description = serializers.CharField()
    is_archived = serializers.BooleanField()
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    dataset_count = serializers.IntegerField()
    file_count = serializers.IntegerField()


class ProjectWriteSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    is_archived = serializers.BooleanField(required=False)


class ProjectCreateSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class FileErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class RawDataFileSerializer(serializers.Serializer[RawDataFile]):
    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    original_name = serializers.CharField()
    sha256 = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    source_kind = serializers.CharField(help_text="True kind, decided from the bytes; empty until read.")
    source_url = serializers.CharField()
    upload_status = serializers.ChoiceField(choices=UploadStatus.choices)
    error = serializers.SerializerMethodField()
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    created_at = serializers.DateTimeField()

    @extend_schema_field(FileErrorSerializer(allow_null=True))
    def get_error(self, row: RawDataFile) -> dict[str, str] | None:
        return {"code": row.error_code, "detail": row.error_detail} if row.error_code else None


class FileUploadSerializer(StrictSerializer):
    project = serializers.UUIDField()
    file = serializers.FileField(allow_empty_file=True)


class ColumnSchemaSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    # A declared field, which the metaclass takes out of the class: it does not replace Field.label.
    label = serializers.CharField()  # type: ignore[assignment]
    physical_type = serializers.ChoiceField(choices=[item.value for item in PhysicalType])
    semantic_type = serializers.ChoiceField(choices=[item.value for item in SemanticType])
    measure_level = serializers.ChoiceField(choices=[item.value for item in MeasureLevel])
    is_pii = serializers.BooleanField()
    value_labels = serializers.DictField(child=serializers.CharField())
    missing_codes = serializers.ListField(child=serializers.CharField())
    raw_column = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    separator = serializers.CharField(allow_null=True)
    is_raw = serializers.BooleanField()


class DatasetSerializer(serializers.Serializer[Dataset]):
    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    name = serializers.CharField()
    dataset_source = serializers.ChoiceField(choices=DatasetSource.choices)
    raw_file = serializers.UUIDField(source="raw_file_id", allow_null=True)
    source_name = serializers.CharField()
    current_version = serializers.IntegerField()
    row_count = serializers.IntegerField()
    column_count = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes of the current version's Parquet file.")
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class DatasetDetailSerializer(DatasetSerializer):
    version_hash = serializers.CharField()
    columns = ColumnSchemaSerializer(many=True)


class DatasetRenameSerializer(StrictSerializer):
    name = serializers.CharField(max_length=200)


class DatasetVersionSerializer(serializers.Serializer[DatasetVersion]):
    number = serializers.IntegerField()
    version_hash = serializers.CharField()
    row_count = serializers.IntegerField()
    column_count = serializers.IntegerField()
    size = serializers.IntegerField(help_text="Bytes.")
    note = serializers.CharField()
    has_rejects = serializers.SerializerMethodField()
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    created_at = serializers.DateTimeField()

    def get_has_rejects(self, row: DatasetVersion) -> bool:
        return bool(row.rejects_storage_name)


class ColumnProfileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    count = serializers.IntegerField(help_text="Values that are there; count + missing = rows.")
    missing = serializers.IntegerField()
    distinct = serializers.IntegerField()
    distinct_is_exact = serializers.BooleanField()
    minimum = serializers.JSONField()
    maximum = serializers.JSONField()
    mean = serializers.FloatField(allow_null=True)
    sd = serializers.FloatField(allow_null=True)
    quartiles = serializers.ListField(child=serializers.FloatField(), allow_null=True)
    histogram = serializers.JSONField(help_text="Bins as [from, to, count].")
    top_values = serializers.JSONField(help_text="Pairs [value, count], most frequent first.")
    samples = serializers.ListField(child=serializers.CharField())
    mean_length = serializers.FloatField(allow_null=True)


class RepairSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    message = serializers.CharField()
    row = serializers.IntegerField(allow_null=True)
    column = serializers.CharField(allow_null=True)
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()


class ReceiptSerializer(serializers.Serializer[Any]):
    rows_in = serializers.IntegerField()
    rows_out = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    repairs = RepairSerializer(many=True)
    repair_count = serializers.IntegerField()
    dialect = serializers.DictField()


class DatasetProfileSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    row_count = serializers.IntegerField()
    columns = ColumnProfileSerializer(many=True)
    receipt = ReceiptSerializer(allow_null=True)


class UrlFileSerializer(StrictSerializer):
    project = serializers.UUIDField()
    url = serializers.CharField(max_length=2000)


class UploadSerializer(serializers.Serializer[Upload]):
    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    name = serializers.CharField(source="original_name")
    size = serializers.IntegerField()
    offset = serializers.IntegerField(help_text="Bytes that have arrived; the next chunk starts here.")
    chunk_bytes = serializers.SerializerMethodField(help_text="Largest chunk the server takes.")
    created_at = serializers.DateTimeField()

    def get_chunk_bytes(self, upload: Upload) -> int:
        return CHUNK_BYTES


class UploadCreateSerializer(StrictSerializer):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=255)
    size = serializers.IntegerField(min_value=0, max_value=2**62)


class PreviewSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))
    offset = serializers.IntegerField()
    total = serializers.IntegerField(help_text="Rows that match the filter.")


class RecipeSerializer(serializers.Serializer[Any]):
    steps = serializers.ListField(child=serializers.DictField())
    updated_by = serializers.UUIDField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class RecipeWriteSerializer(StrictSerializer):
    steps = serializers.ListField(child=serializers.DictField(), max_length=100)


class RecipeApplySerializer(RecipeWriteSerializer):
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**31 - 1
    )


class StepKindSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    summary = serializers.CharField()
    parameters_schema = serializers.DictField(help_text="JSON Schema of the step.")


class ExportCreateSerializer(StrictSerializer):
    export_format = serializers.ChoiceField(choices=[item.value for item in ExportFormat])
    version = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=2**31 - 1
    )


class RestoreSerializer(StrictSerializer):
    number = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class UnionSerializer(StrictSerializer):
    project = serializers.UUIDField()
    name = serializers.CharField(max_length=200)
    datasets = serializers.ListField(child=serializers.UUIDField(), min_length=2, max_length=100)


class VersionDifferenceSerializer(serializers.Serializer[Any]):
    left = serializers.IntegerField()
    right = serializers.IntegerField()
    difference = serializers.DictField()
