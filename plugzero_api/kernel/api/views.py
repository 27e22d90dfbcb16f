"""Base views: they open the team scope, refuse unknown parameters, and answer with problems and 202s."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any, ClassVar, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework import viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from plugzero_api.kernel import logs
from plugzero_api.kernel.access import Access, Principal
from plugzero_api.kernel.api.filters import refuse_unknown_parameters
from plugzero_api.kernel.errors import FieldError, InvalidInput, NotFound
from plugzero_api.kernel.tasks.contracts import TaskRunInfo
from plugzero_api.kernel.tenancy import team_scope

MAX_IDEMPOTENCY_KEY = 128


class PlatformView(APIView):
    """Base of every API view. Subclasses declare ``permission_of`` and, where used, ``query_parameters``."""

    permission_of: ClassVar[Mapping[str, str]] = {}
    # action -> names of the query parameters it takes beside filters and pagination
    query_parameters: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # The path parameters that are ids; one that is no UUID names nothing.
    _scope: ExitStack

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with ExitStack() as self._scope:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        principal = request.auth
        if isinstance(principal, Principal) and principal.access is not None:
            access = principal.access
            self._scope.enter_context(team_scope(access.team_id, restricted_to=access.restricted_to))
            logs.bind(team_id=str(access.team_id))
        # A method the view does not have ends as 405, whatever else is wrong with the request.
        if request.method and hasattr(self, request.method.lower()):
            refuse_unknown_parameters(request, self)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        # Answers are for their asker alone; a view that can be revalidated has set its own header.
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    @property
    def principal(self) -> Principal:
        """The signed-in identity. Only for actions that are not PUBLIC."""
        return cast(Principal, self.request.auth)

    @property
    def access(self) -> Access:
        """The team the request acts in. Only for actions that need a team permission."""
        access = self.principal.access
        if access is None:
            raise NotFound
        return access

    def idempotency_key(self) -> str | None:
        """The Idempotency-Key header, checked. Raises ``InvalidInput``."""
        key = self.request.headers.get("Idempotency-Key")
        if key is not None and not (0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable()):
            message = f"Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} printable characters."
            raise InvalidInput(message, errors=[FieldError("/Idempotency-Key", "invalid", message)])
        return key


class PlatformViewSet(PlatformView, viewsets.GenericViewSet[Any]):
    """Base of viewsets: looks objects up by UUID inside the team scope."""

    lookup_value_converter = "uuid"


def accepted(info: TaskRunInfo) -> Response:
    """``202`` for a started run: its address in ``Location``, the run itself as the body."""
    from plugzero_api.kernel.models import TaskRun
    from plugzero_api.kernel.tasks.serializers import TaskRunSerializer

    run = TaskRun.objects.get(pk=info.task_id)
    return Response(
        TaskRunSerializer(run).data,
        status=202,
        headers={"Location": task_url(info.task_id), "Retry-After": "1"},
    )


def task_url(task_id: UUID) -> str:
    return reverse("task-detail", kwargs={"pk": task_id})
