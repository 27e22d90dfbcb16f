"""``/api/v1/analysis/run/``, ``results/`` and ``compare/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.filters import AnalysisResultFilter
from analysis.models import AnalysisResult
from analysis.serializers import (
    CompareSerializer,
    ComparisonSerializer,
    ResultSerializer,
    ResultSummarySerializer,
    RowsSerializer,
    RunSerializer,
)
from analysis.services import results, runs
from plugzero_api.kernel.api.parameters import whole_number
from plugzero_api.kernel.api.views import PlatformView, PlatformViewSet, accepted
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer

_EXPORTS = {
    "json": ("application/json", results.as_json),
    "csv": ("text/csv; charset=utf-8", results.as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", results.as_xlsx),
}
_MAX_ROWS = 500


class RunView(PlatformView):
    """Run a procedure on a Dataset."""

    permission_of = {"post": "analysis.run"}

    @extend_schema(request=RunSerializer, responses={202: TaskRunSerializer}, operation_id="analysis_run")
    def post(self, request: Request) -> Response:
        """Start a run; an equal one that was computed before answers as an already finished task.

        Takes an Idempotency-Key.
        """
        body = RunSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        info = runs.start_run(
            team_id=self.access.team_id,
            actor=self.principal,
            dataset_id=values["dataset"],
            version=values.get("version"),
            procedure_key=values["procedure"],
            parameters=values["parameters"],
            row_filter=values["filter"],
            weight=values["weight"],
            seed=values["seed"],
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)


class ResultViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Stored results with their facts, tables and charts."""

    permission_of = {
        "list": "analysis.view",
        "retrieve": "analysis.view",
        "rows": "analysis.view",
        "export": "analysis.export",
        "script": "analysis.export",
        "destroy": "analysis.delete",
    }
    query_parameters = {"rows": ("table", "row", "column", "offset", "limit"), "export": ("as",)}
    queryset = AnalysisResult._base_manager.none()
    serializer_class = ResultSummarySerializer
    filterset_class = AnalysisResultFilter

    def get_queryset(self) -> Any:
        return AnalysisResult.objects.filter(output__isnull=False).defer("output").order_by("-created_at")

    @extend_schema(responses=ResultSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(ResultSerializer(results.get_result(pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        results.delete_result(result=results.get_result(pk), actor=self.principal)
        return Response(status=204)

    @extend_schema(
        parameters=[
            OpenApiParameter("table", str, required=True, description="Id of a table of the result."),
            OpenApiParameter("row", int, required=True, description="Row of that table, counted from 0."),
            OpenApiParameter("column", str, description="Key of a column; without it, the whole row's rows."),
            OpenApiParameter("offset", int),
            OpenApiParameter("limit", int, description=f"At most {_MAX_ROWS}; 50 unless given."),
        ],
        responses=RowsSerializer,
    )
    @action(detail=True, methods=["get"])
    def rows(self, request: Request, pk: UUID) -> Response:
        """The Dataset rows behind a cell."""
        result = results.get_result(pk)
        condition = results.cell_filter(
            result,
            table_id=request.query_params.get("table", ""),
            row=whole_number(request, "row", default=None, maximum=10_000_000),
            column=request.query_params.get("column"),
        )
        offset = whole_number(request, "offset", default=0, maximum=10**12 - 1)
        limit = whole_number(request, "limit", default=50, maximum=_MAX_ROWS)
        count, page = results.rows_behind(result, condition=condition, offset=offset, limit=limit)
        columns = list(page[0]) if page else []
        return Response({"count": count, "offset": offset, "columns": columns, "rows": page})

    @extend_schema(
        parameters=[OpenApiParameter("as", str, enum=sorted(_EXPORTS), description="json unless given.")],
        responses={200: OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["get"])
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The result as JSON, CSV or Excel."""
        result = results.get_result(pk)
        wanted = request.query_params.get("as", "json")
        if wanted not in _EXPORTS:
            message = f"as must be one of {', '.join(sorted(_EXPORTS))}."
            raise InvalidInput(message, errors=[FieldError("/as", "invalid_choice", message)])
        content_type, write = _EXPORTS[wanted]
        return _attachment(write(result), content_type, f"{result.procedure}-{result.pk}.{wanted}")

    @extend_schema(responses={(200, "text/x-python"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def script(self, request: Request, pk: UUID) -> HttpResponseBase:
        """A stand-alone Python program that reproduces the result from the Dataset's Parquet export."""
        result = results.get_result(pk)
        return _attachment(
            results.script_of(result).encode(),
            "text/x-python; charset=utf-8",
            f"{result.procedure}-{result.pk}.py",
        )


class CompareView(PlatformView):
    """Two results of one procedure, fact by fact."""

    permission_of = {"post": "analysis.view"}

    @extend_schema(request=CompareSerializer, responses=ComparisonSerializer, operation_id="analysis_compare")
    def post(self, request: Request) -> Response:
        body = CompareSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        left = results.get_result(body.validated_data["left"])
        right = results.get_result(body.validated_data["right"])
        return Response(
            {
                "left": ResultSummarySerializer(left).data,
                "right": ResultSummarySerializer(right).data,
                "facts": results.compare_results(left, right),
            }
        )


def _attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store"
    return response
