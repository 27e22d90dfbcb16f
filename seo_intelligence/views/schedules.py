"""``/api/v1/seo/schedules/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformViewSet
from seo_intelligence import selectors
from seo_intelligence.filters import AuditScheduleFilter
from seo_intelligence.models import AuditSchedule
from seo_intelligence.serializers import (
    AuditScheduleChangeSerializer,
    AuditScheduleSerializer,
    AuditScheduleWriteSerializer,
)
from seo_intelligence.services import schedules


class AuditScheduleViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Audits that come back weekly, monthly or by a cron line (UTC)."""

    permission_of = {
        "list": "seo.view",
        "create": "seo.audit",
        "retrieve": "seo.view",
        "partial_update": "seo.audit",
        "destroy": "seo.audit",
    }
    queryset = AuditSchedule._base_manager.none()
    serializer_class = AuditScheduleSerializer
    filterset_class = AuditScheduleFilter

    def get_queryset(self) -> Any:
        return selectors.list_schedules()

    @extend_schema(responses=AuditScheduleSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(AuditScheduleSerializer(schedules.get_schedule(pk)).data)

    @extend_schema(request=AuditScheduleWriteSerializer, responses={201: AuditScheduleSerializer})
    def create(self, request: Request) -> Response:
        body = AuditScheduleWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        schedule = schedules.create_schedule(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values.pop("project"),
            values=values,
        )
        return Response(AuditScheduleSerializer(schedule).data, status=201)

    @extend_schema(request=AuditScheduleChangeSerializer, responses=AuditScheduleSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        schedule = schedules.get_schedule(pk)
        body = AuditScheduleChangeSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = schedules.update_schedule(
            schedule=schedule, actor=self.principal, changes=body.validated_data
        )
        return Response(AuditScheduleSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete the schedule; its audits stay."""
        schedules.delete_schedule(schedule=schedules.get_schedule(pk), actor=self.principal)
        return Response(status=204)
