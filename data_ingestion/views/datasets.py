"""``/api/v1/datasets/``"""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from data_ingestion import selectors
from data_ingestion.filters import DatasetFilter
from data_ingestion.logic.preview import MAX_PAGE
from data_ingestion.logic.recipe import recipe_schema
from data_ingestion.models import Dataset
from data_ingestion.serializers import (
    DatasetDetailSerializer,
    DatasetProfileSerializer,
    DatasetRenameSerializer,
    DatasetSerializer,
    DatasetVersionSerializer,
    ExportCreateSerializer,
    PreviewSerializer,
    RecipeApplySerializer,
    RecipeSerializer,
    RecipeWriteSerializer,
    RestoreSerializer,
    StepKindSerializer,
    UnionSerializer,
    VersionDifferenceSerializer,
)
from data_ingestion.services import cleaning, datasets, exports
from plugzero_api.kernel.api.parameters import whole_number
from plugzero_api.kernel.api.views import PlatformView, PlatformViewSet, accepted
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer

VERSION_PARAMETER = OpenApiParameter(
    "version", int, description="A version number; the current one unless given."
)


def requested_version(request: Request) -> int | None:
    """The ``version`` query parameter. Raises ``InvalidInput``."""
    if "version" not in request.query_params:
        return None
    return whole_number(request, "version", default=None, maximum=2**31 - 1, minimum=1)


class DatasetViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Clean tables with immutable versions."""

    permission_of = {
        "list": "datasets.view",
        "retrieve": "datasets.view",
        "partial_update": "datasets.update",
        "destroy": "datasets.delete",
        "profile": "datasets.view",
        "versions": "datasets.view",
        "preview": "datasets.view",
        "rejects": "datasets.view",
        "compare": "datasets.view",
        "recipe": "datasets.view",
        "save_recipe": "datasets.update",
        "apply_recipe": "datasets.update",
        "undo_repairs": "datasets.update",
        "restore": "datasets.update",
        "export": "datasets.export",
        "unite": "datasets.update",
    }
    query_parameters = {
        "profile": ("version",),
        "rejects": ("version",),
        "preview": ("version", "offset", "limit", "column", "sort", "filter"),
        "compare": ("left", "right", "key"),
    }
    queryset = Dataset._base_manager.none()
    serializer_class = DatasetSerializer
    filterset_class = DatasetFilter

    def get_queryset(self) -> Any:
        return selectors.list_datasets()

    @extend_schema(responses=DatasetDetailSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """The Dataset with the columns of its current version."""
        return Response(self._detail(pk))

    def _detail(self, pk: UUID) -> dict[str, Any]:
        dataset = selectors.get_dataset(pk)
        version = datasets.get_version(dataset)
        body = DatasetSerializer(dataset).data
        return {**body, "version_hash": version.version_hash, "columns": version.columns}

    @extend_schema(request=DatasetRenameSerializer, responses=DatasetDetailSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        """Rename the Dataset."""
        dataset = datasets.get_dataset(pk)
        body = DatasetRenameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        datasets.rename_dataset(dataset=dataset, actor=self.principal, name=body.validated_data["name"])
        return Response(self._detail(pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        datasets.delete_dataset(dataset=datasets.get_dataset(pk), actor=self.principal)
        return Response(status=204)

    @extend_schema(parameters=[VERSION_PARAMETER], responses=DatasetProfileSerializer)
    @action(detail=True, methods=["get"])
    def profile(self, request: Request, pk: UUID) -> Response:
        """Statistics of every column over all rows, and the repair receipt."""
        version = datasets.get_version(datasets.get_dataset(pk), requested_version(request))
        return Response(
            {
                "version": version.number,
                "row_count": version.row_count,
                "columns": version.profile,
                "receipt": version.receipt,
            }
        )

    @extend_schema(responses=DatasetVersionSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def versions(self, request: Request, pk: UUID) -> Response:
        """All versions, newest first."""
        rows = selectors.list_versions(datasets.get_dataset(pk))
        # With many=True the stubs still ask for a single row.
        return Response(DatasetVersionSerializer(rows, many=True).data)  # type: ignore[arg-type]

    @extend_schema(
        parameters=[
            VERSION_PARAMETER,
            OpenApiParameter("offset", int),
            OpenApiParameter("limit", int, description="At most 1000; 50 unless given."),
            OpenApiParameter("column", str, many=True, description="Only these columns; repeat for several."),
            OpenApiParameter(
                "sort", str, many=True, description="Column name, descending with a leading '-'."
            ),
            OpenApiParameter(
                "filter", str, description="Filter tree as JSON: {column, op, value}, and, or, not."
            ),
        ],
        responses=PreviewSerializer,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def preview(self, request: Request, pk: UUID) -> Response:
        """Rows of a version, straight from its Parquet file."""
        version = datasets.get_version(datasets.get_dataset(pk), requested_version(request))
        query = request.query_params
        page = selectors.read_rows(
            version,
            offset=whole_number(request, "offset", default=0, maximum=10**12),
            limit=whole_number(request, "limit", default=50, maximum=MAX_PAGE),
            columns=query.getlist("column"),
            sort=query.getlist("sort"),
            where=json_object(request, "filter"),
        )
        return Response(
            {
                "version": version.number,
                "columns": page.columns,
                "rows": page.rows,
                "offset": page.offset,
                "total": page.total,
            }
        )

    @extend_schema(parameters=[VERSION_PARAMETER], responses={(200, "text/csv"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def rejects(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Rows of the file that are not in the version: number, reason, raw text."""
        dataset = datasets.get_dataset(pk)
        path = exports.rejects_path(dataset, requested_version(request))
        response = StreamingHttpResponse(
            selectors.rejects_as_csv(path), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="rejects-{dataset.pk}.csv"'
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        parameters=[
            OpenApiParameter("left", int, required=True),
            OpenApiParameter("right", int, required=True),
            OpenApiParameter("key", str, description="Column that identifies rows; by position without it."),
        ],
        responses=VersionDifferenceSerializer,
    )
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def compare(self, request: Request, pk: UUID) -> Response:
        """What differs between two versions."""
        dataset = datasets.get_dataset(pk)
        left = whole_number(request, "left", default=None, maximum=2**31 - 1, minimum=1)
        right = whole_number(request, "right", default=None, maximum=2**31 - 1, minimum=1)
        difference = cleaning.compare(dataset, left=left, right=right, key=request.query_params.get("key"))
        return Response({"left": left, "right": right, "difference": difference.as_dict()})

    @extend_schema(responses=RecipeSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def recipe(self, request: Request, pk: UUID) -> Response:
        """The cleaning steps kept with the Dataset."""
        return Response(selectors.recipe_of(datasets.get_dataset(pk)))

    @extend_schema(request=RecipeWriteSerializer, responses=RecipeSerializer)
    @action(detail=True, methods=["put"])
    def save_recipe(self, request: Request, pk: UUID) -> Response:
        """Keep steps without applying them."""
        dataset = datasets.get_dataset(pk)
        body = RecipeWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        cleaning.save_recipe(dataset=dataset, actor=self.principal, steps=body.validated_data["steps"])
        return Response(selectors.recipe_of(dataset))

    @extend_schema(request=RecipeApplySerializer, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def apply_recipe(self, request: Request, pk: UUID) -> Response:
        """Apply steps to a version; the task ends with the Dataset's next version."""
        dataset = datasets.get_dataset(pk)
        body = RecipeApplySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = cleaning.start_recipe(
            dataset=dataset,
            actor=self.principal,
            idempotency_key=self.idempotency_key(),
            **body.validated_data,
        )
        return accepted(info)

    @extend_schema(request=None, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def undo_repairs(self, request: Request, pk: UUID) -> Response:
        """A new version with every cell as the text that stands in the file."""
        info = cleaning.start_undo(
            dataset=datasets.get_dataset(pk), actor=self.principal, idempotency_key=self.idempotency_key()
        )
        return accepted(info)

    @extend_schema(request=RestoreSerializer, responses={201: DatasetVersionSerializer})
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: UUID) -> Response:
        """Make an older version the newest again."""
        dataset = datasets.get_dataset(pk)
        body = RestoreSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        row = cleaning.restore_version(
            dataset=dataset, actor=self.principal, number=body.validated_data["number"]
        )
        return Response(DatasetVersionSerializer(row).data, status=201)

    @extend_schema(request=ExportCreateSerializer, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def export(self, request: Request, pk: UUID) -> Response:
        """Write a version as CSV, Excel, Parquet, SPSS or JSON Lines; the task ends with the file's address."""
        dataset = datasets.get_dataset(pk)
        body = ExportCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = exports.start_export(
            dataset=dataset,
            actor=self.principal,
            idempotency_key=self.idempotency_key(),
            **body.validated_data,
        )
        return accepted(info)

    @extend_schema(request=UnionSerializer, responses={202: TaskRunSerializer})
    @action(detail=False, methods=["post"])
    def unite(self, request: Request) -> Response:
        """One Dataset with the rows of several; headers are matched fuzzily."""
        body = UnionSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = cleaning.start_union(
            actor=self.principal,
            project_id=body.validated_data["project"],
            name=body.validated_data["name"],
            dataset_ids=body.validated_data["datasets"],
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)


class StepKindListView(PlatformView):
    """The cleaning steps there are, with the schema of each."""

    permission_of = {"get": "datasets.view"}

    @extend_schema(responses=StepKindSerializer(many=True), operation_id="datasets_steps_list")
    def get(self, request: Request) -> Response:
        return Response(
            [
                {"kind": kind, "summary": item["summary"], "parameters_schema": item["schema"]}
                for kind, item in recipe_schema().items()
            ]
        )


def json_object(request: Request, name: str) -> dict[str, Any] | None:
    """A query parameter holding a JSON object. Raises ``InvalidInput``."""
    raw = request.query_params.get(name)
    if not raw:
        return None
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        message = f"{name} must be a JSON object."
        raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid", message)])
    return value
