"""``/api/v1/projects/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from data_ingestion import selectors
from data_ingestion.filters import ProjectFilter
from data_ingestion.models import Project
from data_ingestion.serializers import ProjectCreateSerializer, ProjectSerializer, ProjectWriteSerializer
from data_ingestion.services import projects
from plugzero_api.kernel.api.views import PlatformViewSet


class ProjectViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Projects of the team. Everything else hangs on one."""

    permission_of = {
        "list": "projects.view",
        "retrieve": "projects.view",
        "create": "projects.create",
        "partial_update": "projects.update",
        "destroy": "projects.delete",
    }
    queryset = Project._base_manager.none()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilter

    def get_queryset(self) -> Any:
        return selectors.list_projects()

    @extend_schema(responses=ProjectSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(ProjectSerializer(selectors.get_project(pk)).data)

    @extend_schema(request=ProjectCreateSerializer, responses={201: ProjectSerializer})
    def create(self, request: Request) -> Response:
        body = ProjectCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        project = projects.create_project(
            team_id=self.access.team_id, actor=self.principal, **body.validated_data
        )
        return Response(ProjectSerializer(selectors.get_project(project.pk)).data, status=201)

    @extend_schema(request=ProjectWriteSerializer, responses=ProjectSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        project = projects.get_project_row(pk)
        body = ProjectWriteSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        projects.update_project(project=project, actor=self.principal, changes=body.validated_data)
        return Response(ProjectSerializer(selectors.get_project(pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete the project with its files, datasets and results."""
        projects.delete_project(project=projects.get_project_row(pk), actor=self.principal)
        return Response(status=204)
