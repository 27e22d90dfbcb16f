"""Request and response bodies of analysis."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from analysis.contracts import CellType, ProcedureFamily
from analysis.models import AnalysisResult
from plugzero_api.kernel.api.serializers import StrictSerializer


class ProcedureSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    question = serializers.CharField(help_text="What it answers, in the analyst's words.")
    family = serializers.ChoiceField(choices=[family.value for family in ProcedureFamily])
    version = serializers.IntegerField()
    requirements = serializers.ListField(child=serializers.CharField())
    supports_weights = serializers.BooleanField()
    randomised = serializers.BooleanField()
    cost = serializers.CharField()
    parameters_schema = serializers.DictField(
        help_text="JSON Schema of the parameters, with x- keys for forms."
    )


class RunSerializer(StrictSerializer):
    dataset = serializers.UUIDField()
    version = serializers.IntegerField(required=False, min_value=1, max_value=2_147_483_647)
    procedure = serializers.CharField(max_length=60)
    parameters = serializers.DictField(default=dict)
    filter = serializers.DictField(required=False, allow_null=True, default=None)
    weight = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=500, trim_whitespace=False
    )
    seed = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=2**53 - 1
    )


class SuggestRequestSerializer(StrictSerializer):
    dataset = serializers.UUIDField()
    columns = serializers.ListField(
        child=serializers.CharField(max_length=10_000), min_length=1, max_length=50
    )


class SuggestionSerializer(serializers.Serializer[Any]):
    procedure = serializers.CharField()
    title = serializers.CharField()
    score = serializers.FloatField()
    parameters = serializers.DictField()
    reason = serializers.CharField()


class CompareSerializer(StrictSerializer):
    left = serializers.UUIDField()
    right = serializers.UUIDField()


class IntervalSerializer(serializers.Serializer[Any]):
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    level = serializers.FloatField()
    method = serializers.CharField()


class FactSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    value = serializers.JSONField()
    unit = serializers.CharField()
    n = serializers.IntegerField(allow_null=True)
    weighted_n = serializers.FloatField(allow_null=True)
    interval = IntervalSerializer(allow_null=True)
    statistic = serializers.FloatField(allow_null=True)
    df = serializers.ListField(child=serializers.FloatField())
    p = serializers.FloatField(allow_null=True)
    adjusted_p = serializers.FloatField(allow_null=True)
    test = serializers.CharField()
    source_columns = serializers.ListField(child=serializers.CharField())
    approximate = serializers.BooleanField()
    small_base = serializers.BooleanField()
    suppressed = serializers.BooleanField()


class TableColumnSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    # A declared field, which the metaclass takes out of the class: it does not replace Field.label.
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField(choices=[cell.value for cell in CellType])
    unit = serializers.CharField()
    group = serializers.CharField()
    drill = serializers.DictField(allow_null=True)


class TableSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    columns = TableColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.DictField())
    row_drills = serializers.ListField(child=serializers.DictField(allow_null=True))
    notes = serializers.ListField(child=serializers.CharField())


class ChartSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    spec = serializers.DictField(help_text="Vega-Lite v6.")


class AssumptionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    met = serializers.BooleanField(allow_null=True)
    detail = serializers.CharField()


class NoticeSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    message = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())


class MethodNoteSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    missing_values = serializers.CharField()
    references = serializers.ListField(child=serializers.CharField())
    weights = serializers.CharField()
    multiple_testing = serializers.CharField()


class OutputSerializer(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    weighted_n = serializers.FloatField(allow_null=True)
    method = MethodNoteSerializer()
    facts = FactSerializer(many=True)
    tables = TableSerializer(many=True)
    charts = ChartSerializer(many=True)
    assumptions = AssumptionSerializer(many=True)
    notices = NoticeSerializer(many=True)
    seed = serializers.IntegerField(allow_null=True)


class ResultSummarySerializer(serializers.Serializer[AnalysisResult]):
    id = serializers.UUIDField()
    project = serializers.UUIDField(source="project_id")
    dataset = serializers.UUIDField(source="dataset_id")
    dataset_name = serializers.CharField()
    dataset_version = serializers.IntegerField()
    procedure = serializers.CharField()
    procedure_version = serializers.IntegerField()
    parameters = serializers.DictField()
    filter = serializers.DictField(source="row_filter", allow_null=True)
    weight = serializers.CharField()
    seed = serializers.IntegerField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True, help_text="Time the computation took.")
    computed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ResultSerializer(ResultSummarySerializer):
    output = serializers.SerializerMethodField()

    @extend_schema_field(OutputSerializer)
    def get_output(self, result: AnalysisResult) -> Any:
        return result.output


class RowsSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    offset = serializers.IntegerField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())


class FactPairSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    left = FactSerializer(allow_null=True)
    right = FactSerializer(allow_null=True)
    difference = serializers.FloatField(allow_null=True, help_text="Right minus left.")


class ComparisonSerializer(serializers.Serializer[Any]):
    left = ResultSummarySerializer()
    right = ResultSummarySerializer()
    facts = FactPairSerializer(many=True)
