"""Request context, security headers, body limit, and the admin's own middleware chain."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from plugzero_api.kernel import logs, metrics
from plugzero_api.kernel.api.problems import http_problem
from plugzero_api.kernel.errors import PayloadTooLarge
from plugzero_api.kernel.ids import uuid7

GetResponse = Callable[[HttpRequest], HttpResponse]
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_MAX_QUERY_BYTES = 8192
_UPLOAD_PATHS = re.compile(r"^/api/v1/(files|uploads)/")

API_CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_CSP = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "worker-src 'self' blob:; object-src 'none'; frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)


class RequestContextMiddleware:
    """Gives each request its id (taken over from a caller that sent a sane one) and counts it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid7().hex
        started = time.perf_counter()
        with logs.context(request_id=request_id):
            response = self.get_response(request)
        response["X-Request-ID"] = request_id
        route = getattr(request.resolver_match, "route", "") if request.resolver_match else ""
        metrics.observe_request(
            request.method or "", route or "unmatched", response.status_code, time.perf_counter() - started
        )
        return response


class SecurityHeadersMiddleware:
    """Headers of every answer: nothing may frame us, guess types, or run what a page did not bring."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        pages = request.path.startswith((f"/{settings.PLUGZERO_ADMIN_PATH}", "/api/docs/", "/api/redoc/"))
        response.setdefault("Content-Security-Policy", PAGE_CSP if pages else API_CSP)
        response.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-site")
        return response


class BodyLimitMiddleware:
    """Refuses a body (or query) larger than any endpoint takes, before a byte of it is read."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = (
            settings.PLUGZERO_MAX_UPLOAD_BYTES
            if _UPLOAD_PATHS.match(request.path)
            else settings.PLUGZERO_MAX_BODY_BYTES
        )
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > limit:
            return http_problem(PayloadTooLarge(f"The limit here is {limit} bytes."))
        if len(request.META.get("QUERY_STRING", "")) > _MAX_QUERY_BYTES:
            return http_problem(PayloadTooLarge(f"The query may have {_MAX_QUERY_BYTES} bytes."))
        return self.get_response(request)
