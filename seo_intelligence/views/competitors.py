"""``/api/v1/seo/competitors/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformViewSet, accepted
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer
from seo_intelligence import selectors
from seo_intelligence.filters import CompetitorFilter
from seo_intelligence.models import CompetitorDomain
from seo_intelligence.serializers import (
    CompetitorAuditSerializer,
    CompetitorComparisonSerializer,
    CompetitorRenameSerializer,
    CompetitorSerializer,
    CompetitorWriteSerializer,
)
from seo_intelligence.services import audits, comparing
from seo_intelligence.views.audits import identifier


class CompetitorViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Rival sites, audited with the same checks."""

    permission_of = {
        "list": "seo.view",
        "create": "seo.manage",
        "retrieve": "seo.view",
        "partial_update": "seo.manage",
        "destroy": "seo.manage",
        "audit": "seo.audit",
        "compare": "seo.view",
    }
    query_parameters = {"compare": ("project", "audit")}
    queryset = CompetitorDomain._base_manager.none()
    serializer_class = CompetitorSerializer
    filterset_class = CompetitorFilter

    def get_queryset(self) -> Any:
        return selectors.list_competitors()

    @extend_schema(responses=CompetitorSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(CompetitorSerializer(comparing.get_competitor(pk)).data)

    @extend_schema(request=CompetitorWriteSerializer, responses={201: CompetitorSerializer})
    def create(self, request: Request) -> Response:
        body = CompetitorWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        competitor = comparing.add_competitor(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values["project"],
            url=values["url"],
            name=values["name"],
        )
        return Response(CompetitorSerializer(competitor).data, status=201)

    @extend_schema(request=CompetitorRenameSerializer, responses=CompetitorSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        competitor = comparing.get_competitor(pk)
        body = CompetitorRenameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        changed = comparing.rename_competitor(
            competitor=competitor, actor=self.principal, name=body.validated_data["name"]
        )
        return Response(CompetitorSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete the competitor with its audits."""
        comparing.delete_competitor(competitor=comparing.get_competitor(pk), actor=self.principal)
        return Response(status=204)

    @extend_schema(request=CompetitorAuditSerializer, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def audit(self, request: Request, pk: UUID) -> Response:
        """Audit the competitor, politely. Takes an Idempotency-Key."""
        competitor = comparing.get_competitor(pk)
        body = CompetitorAuditSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        info = comparing.audit_competitor(
            competitor=competitor,
            actor=self.principal,
            max_pages=body.validated_data["max_pages"],
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)

    @extend_schema(
        parameters=[
            OpenApiParameter("project", OpenApiTypes.UUID, required=True),
            OpenApiParameter("audit", OpenApiTypes.UUID, description="Own audit; the latest unless given."),
        ],
        responses=CompetitorComparisonSerializer,
    )
    @action(detail=False, methods=["get"])
    def compare(self, request: Request) -> Response:
        """Technical scores per category, side by side on equally large samples."""
        project_id = identifier(request, "project")
        own = None
        if "audit" in request.query_params:
            own = audits.get_finished_audit(identifier(request, "audit"))
        return Response(
            CompetitorComparisonSerializer(
                comparing.compare_with_competitors(project_id=project_id, audit=own)
            ).data
        )
