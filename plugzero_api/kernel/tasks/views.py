"""``/api/v1/tasks/``: one resource for everything that outlives a request."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.conf import settings
from django.http import HttpResponseNotModified, HttpResponseRedirect
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformViewSet
from plugzero_api.kernel.errors import ServiceUnavailable
from plugzero_api.kernel.models import FINAL_STATES, TaskRun, TaskState
from plugzero_api.kernel.tasks import rows, starting
from plugzero_api.kernel.tasks.errors import TaskNotFound
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer, represent
from plugzero_api.kernel.tenancy import require_scope

_POLL_SECONDS = "1"


class TaskRunFilter(django_filters.FilterSet):
    state = django_filters.MultipleChoiceFilter(choices=TaskState.choices)
    kind = django_filters.CharFilter()
    project_id = django_filters.UUIDFilter()

    class Meta:
        model = TaskRun
        fields: list[str] = []


class TaskRunViewSet(mixins.ListModelMixin, PlatformViewSet):
    """The team's task runs, newest first."""

    permission_of = {
        "list": "tasks.view",
        "retrieve": "tasks.view",
        "events": "tasks.view",
        "cancel": "tasks.cancel",
    }
    queryset = TaskRun._base_manager.none()
    serializer_class = TaskRunSerializer
    filterset_class = TaskRunFilter

    def get_queryset(self) -> Any:
        return TaskRun.objects.order_by("-created_at")

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # Who asks for a stream accepts text/event-stream, which the process it is sent on to answers with.
        return super().perform_content_negotiation(request, force=force or self.action == "events")

    @extend_schema(
        responses={
            200: TaskRunSerializer,
            304: OpenApiResponse(description="Unchanged since the given ETag."),
        }
    )
    def retrieve(self, request: Request, pk: UUID) -> HttpResponseBase:
        """One run. Send the ETag back in If-None-Match; wait Retry-After seconds between polls."""
        run = rows.find_for_polling(pk, require_scope())
        if run is None:
            raise TaskNotFound
        headers = {"ETag": f'"{run.attempt}-{run.version}"', "Cache-Control": "private, no-cache"}
        if run.state not in FINAL_STATES:
            headers["Retry-After"] = _POLL_SECONDS
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return HttpResponseNotModified(headers=headers)
        return Response(represent(run), headers=headers)

    @extend_schema(request=None, responses={200: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Stop the run: at once while it waits, at its next checkpoint while it works."""
        return Response(represent(starting.cancel(task_id=pk)))

    @extend_schema(
        responses={
            307: OpenApiResponse(
                description="The stream's address; send the same Authorization header there."
            ),
        }
    )
    @action(detail=True, methods=["get"])
    def events(self, request: Request, pk: UUID) -> HttpResponseBase:
        """Server-Sent Events of the run. They come from a process of their own; this address leads there."""
        if not TaskRun.objects.filter(pk=pk).exists():
            raise TaskNotFound
        if not settings.PLUGZERO_EVENTS_URL:
            raise ServiceUnavailable(
                "No event stream is configured here; poll the run instead.", retry_after=1
            )
        response = HttpResponseRedirect(f"{settings.PLUGZERO_EVENTS_URL.rstrip('/')}{request.path}")
        response.status_code = 307
        return response
