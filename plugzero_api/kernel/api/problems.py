"""RFC 9457 problem details: every error of the API leaves through here.

``{type, title, status, code, detail, request_id, errors: [{pointer, code, detail}]}``
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from plugzero_api.kernel import logs
from plugzero_api.kernel.errors import (
    DomainError,
    FieldError,
    NotFound,
    PayloadTooLarge,
    PermissionDenied,
    ServiceUnavailable,
    StorageFull,
)

logger = logging.getLogger(__name__)
CONTENT_TYPE = "application/problem+json"
_DISK_FULL_ERRNOS = {28, 122}

_TITLES = {
    400: "The request has invalid values",
    401: "Sign in to do this",
    403: "You may not do this in this team",
    404: "Nothing was found at this address",
    405: "This address does not answer to that method",
    406: "This address cannot answer in the asked format",
    415: "The body's content type is not accepted here",
    429: "Too many requests",
}
_CODES = {
    "parse_error": "malformed_json",
    "authentication_failed": "not_authenticated",
}


def problem(
    status: int,
    code: str,
    title: str,
    detail: str = "",
    *,
    errors: tuple[FieldError, ...] = (),
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of a problem answer."""
    return {
        "type": f"urn:plugzero:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail or title,
        "request_id": logs.current_request_id() or "",
        "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in errors],
        **(extra or {}),
    }


def problem_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: expected failures become problems, the unexpected is logged and kept generic."""
    body, headers = _body_of(exc)
    if body is None:
        logger.error("api.request.failed", exc_info=exc)
        body = problem(
            500, "internal_error", "Something went wrong on our side", "Please report it with the request id."
        )
    from rest_framework.views import set_rollback

    set_rollback()
    response = Response(body, status=body["status"], headers=headers, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    return response


def _body_of(exc: Exception) -> tuple[dict[str, Any] | None, dict[str, str]]:
    headers: dict[str, str] = {}
    if isinstance(exc, Http404):
        exc = NotFound()
    elif isinstance(exc, DjangoPermissionDenied):
        exc = PermissionDenied()
    elif isinstance(exc, RequestDataTooBig):
        exc = PayloadTooLarge()
    elif isinstance(exc, OperationalError | InterfaceError):
        logs.event(logger, "api.database.unavailable", level=logging.WARNING, error=repr(exc))
        if "disk" in str(exc).lower() and "full" in str(exc).lower():
            exc = StorageFull("The database has no room left. Nothing was changed.")
        else:
            exc = ServiceUnavailable(
                "The database does not answer right now. Try again shortly.", retry_after=5
            )
    elif isinstance(exc, OSError) and exc.errno in _DISK_FULL_ERRNOS:
        exc = StorageFull("The disk is full. Nothing was stored.")

    if isinstance(exc, DomainError):
        if exc.retry_after is not None:
            headers["Retry-After"] = str(exc.retry_after)
        return problem(
            exc.status, exc.code, exc.title, exc.detail, errors=exc.errors, extra=exc.extra
        ), headers
    if isinstance(exc, exceptions.ValidationError):
        errors = tuple(_field_errors(exc.get_full_details(), ""))
        detail = errors[0].detail if len(errors) == 1 else f"{len(errors)} values are invalid."
        return problem(400, "invalid_input", _TITLES[400], detail, errors=errors), headers
    if isinstance(exc, exceptions.APIException):
        challenge = getattr(exc, "auth_header", None)
        if challenge:
            headers["WWW-Authenticate"] = challenge
        wait = getattr(exc, "wait", None)
        if wait:
            headers["Retry-After"] = str(int(wait) + 1)
        status = exc.status_code
        code = str(exc.get_codes()) if isinstance(exc.get_codes(), str) else "invalid_input"
        title = _TITLES.get(status, str(exc.default_detail))
        return problem(status, _CODES.get(code, code), title, str(exc.detail)), headers
    if isinstance(exc, SuspiciousOperation):
        return problem(400, "invalid_input", _TITLES[400]), headers
    return None, headers


def _field_errors(details: Any, pointer: str) -> Iterator[FieldError]:
    if isinstance(details, dict) and set(details) == {"message", "code"} and isinstance(details["code"], str):
        yield FieldError(pointer, details["code"], str(details["message"]))
    elif isinstance(details, dict):
        for key, value in details.items():
            step = "" if key == "non_field_errors" else f"/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from _field_errors(value, pointer + step)
    elif isinstance(details, list):
        for index, value in enumerate(details):
            leaf = isinstance(value, dict) and set(value) == {"message", "code"}
            yield from _field_errors(value, pointer if leaf else f"{pointer}/{index}")


def http_problem(error: DomainError) -> HttpResponse:
    """A problem answer outside DRF (middleware, plain views)."""
    body = problem(
        error.status, error.code, error.title, error.detail, errors=error.errors, extra=error.extra
    )
    response = JsonResponse(body, status=error.status, content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def not_found_view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: the same shape everywhere."""
    return http_problem(NotFound("There is nothing at this address."))


def bad_request_view(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    body = problem(400, "bad_request", "The request could not be understood")
    return JsonResponse(body, status=400, content_type=CONTENT_TYPE)


def server_error_view(request: HttpRequest) -> HttpResponse:
    body = problem(
        500, "internal_error", "Something went wrong on our side", "Please report it with the request id."
    )
    return JsonResponse(body, status=500, content_type=CONTENT_TYPE)
