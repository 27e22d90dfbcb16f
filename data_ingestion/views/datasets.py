"""``/api/v1/datasets/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from data_ingestion import selectors
from data_ingestion.filters import DatasetFilter
from data_ingestion.models import Dataset
from data_ingestion.serializers import (
    DatasetDetailSerializer,
    DatasetProfileSerializer,
    DatasetRenameSerializer,
    DatasetSerializer,
    DatasetVersionSerializer,
)
from data_ingestion.services import datasets
from plugzero_api.kernel.api.views import PlatformViewSet
from plugzero_api.kernel.errors import FieldError, InvalidInput

VERSION_PARAMETER = OpenApiParameter(
    "version", int, description="A version number; the current one unless given."
)


def requested_version(request: Request) -> int | None:
    """The ``version`` query parameter. Raises ``InvalidInput``."""
    raw = request.query_params.get("version")
    if raw is None:
        return None
    if raw.isascii() and raw.isdigit() and 0 < len(raw) <= 9 and int(raw) > 0:
        return int(raw)
    message = "version must be a positive whole number."
    raise InvalidInput(message, errors=[FieldError("/version", "invalid", message)])


class DatasetViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Clean tables with immutable versions."""

    permission_of = {
        "list": "datasets.view",
        "retrieve": "datasets.view",
        "partial_update": "datasets.update",
        "destroy": "datasets.delete",
        "profile": "datasets.view",
        "versions": "datasets.view",
    }
    query_parameters = {"profile": ("version",)}
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
        return Response(DatasetVersionSerializer(rows, many=True).data)
