"""``/api/v1/seo/checks/`` and ``check-settings/``"""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformView
from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.serializers import (
    CheckSerializer,
    CheckSettingsSerializer,
    CheckSettingsWriteSerializer,
)
from seo_intelligence.services import settings
from seo_intelligence.views.audits import identifier

PROJECT = OpenApiParameter("project", OpenApiTypes.UUID, required=True)


class ChecksView(PlatformView):
    """The catalogue of checks."""

    permission_of = {"get": "seo.view"}

    @extend_schema(responses=CheckSerializer(many=True), operation_id="seo_checks_list")
    def get(self, request: Request) -> Response:
        """Every check with its severity, meaning, fix and default thresholds."""
        return Response(CheckSerializer(all_checks().values(), many=True).data)


class CheckSettingsView(PlatformView):
    """A project's own thresholds and switched-off checks."""

    permission_of = {"get": "seo.view", "put": "seo.manage"}
    query_parameters = {"": ("project",)}

    @extend_schema(parameters=[PROJECT], responses=CheckSettingsSerializer)
    def get(self, request: Request) -> Response:
        row = settings.get_settings(project_id=identifier(request, "project"))
        return Response(CheckSettingsSerializer(row).data)

    @extend_schema(request=CheckSettingsWriteSerializer, responses=CheckSettingsSerializer)
    def put(self, request: Request) -> Response:
        """Replace the settings; what is not named has its default."""
        body = CheckSettingsWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        row = settings.update_settings(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values["project"],
            thresholds=values["thresholds"],
            disabled=values["disabled"],
        )
        return Response(CheckSettingsSerializer(row).data)
