"""One view that reads one row and answers it as JSON."""

from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.urls import path

from plugzero_api.kernel.models import TaskRun


def row(request: HttpRequest, pk: UUID) -> JsonResponse:
    run = TaskRun._base_manager.get(pk=pk)
    return JsonResponse({"task_id": str(run.pk), "state": run.state, "kind": run.kind})


urlpatterns = [path("row/<uuid:pk>/", row)]
