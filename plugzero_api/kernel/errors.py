"""The one error family of the platform.

A ``DomainError`` is an expected failure: it has a stable ``code`` a client can branch on, an HTTP status, a
title that never changes for the code, and a ``detail`` sentence a user can act on. Views, tasks and services
raise it; the API turns it into ``application/problem+json`` and the task runtime into a ``FAILURE``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault inside a request body or query: ``pointer`` is an RFC 6901 JSON pointer."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """Base of all expected failures. Subclasses set ``code``, ``status`` and ``title``."""

    code: str = "domain_error"
    status: int = 400
    title: str = "The request could not be carried out"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Iterable[FieldError] = (),
        retry_after: int | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)
        self.retry_after = retry_after
        self.extra = extra


class NotFound(DomainError):
    code = "not_found"
    status = 404
    title = "Nothing was found at this address"


class PermissionDenied(DomainError):
    code = "permission_denied"
    status = 403
    title = "You may not do this in this team"


class Conflict(DomainError):
    code = "conflict"
    status = 409
    title = "The object is not in a state that allows this"


class InvalidInput(DomainError):
    code = "invalid_input"
    status = 400
    title = "The request has invalid values"


class RateLimited(DomainError):
    code = "rate_limited"
    status = 429
    title = "Too many requests"


class PayloadTooLarge(DomainError):
    code = "payload_too_large"
    status = 413
    title = "The request body is too large"


class StorageFull(DomainError):
    code = "storage_full"
    status = 507
    title = "There is no room left to store this"


class ServiceUnavailable(DomainError):
    code = "service_unavailable"
    status = 503
    title = "The service is temporarily unavailable"
