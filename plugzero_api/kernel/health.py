"""Liveness, readiness and metrics endpoints: plain views, so that they work when little else does."""

from __future__ import annotations

import hmac
import time

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest

from plugzero_api.kernel.api.problems import http_problem
from plugzero_api.kernel.errors import NotFound, ServiceUnavailable

_STARTED = time.monotonic()


def live(request: HttpRequest) -> HttpResponse:
    """200 while the process can answer at all; says nothing of what it depends on."""
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers; 503 otherwise. Details only for who shows the metrics token."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return http_problem(ServiceUnavailable("The database does not answer.", retry_after=5))
    body: dict[str, object] = {"status": "ready"}
    if _may_see_details(request):
        body["database"] = connection.vendor
        body["storage"] = type(default_storage).__name__
        body["uptime_seconds"] = round(time.monotonic() - _STARTED)
    return JsonResponse(body)


def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text for the bearer of PLUGZERO_METRICS_TOKEN; for all others there is nothing here."""
    if not _may_see_details(request):
        return http_problem(NotFound())
    registry: CollectorRegistry = REGISTRY
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_see_details(request: HttpRequest) -> bool:
    token = settings.PLUGZERO_METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())
