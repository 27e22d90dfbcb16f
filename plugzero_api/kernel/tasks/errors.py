"""Expected failures around task runs."""

from __future__ import annotations

from plugzero_api.kernel.errors import DomainError


class TaskNotFound(DomainError):
    code = "task_not_found"
    status = 404
    title = "There is no such task run"


class TaskAlreadyFinished(DomainError):
    code = "task_already_finished"
    status = 409
    title = "The task run has already ended"


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422
    title = "This Idempotency-Key was used with another request"


class TooManyActiveTasks(DomainError):
    code = "too_many_active_tasks"
    status = 429
    title = "The team has too many unfinished tasks of this kind"


class UpstreamUnavailable(DomainError):
    """An outside service failed in a way that may pass: the run is tried again after a back-off."""

    code = "upstream_unavailable"
    status = 502
    title = "An outside service did not answer properly"


class TaskTimeout(DomainError):
    code = "task_timeout"
    status = 504
    title = "The task took longer than it may"


class TaskCrashed(DomainError):
    code = "task_crashed"
    status = 500
    title = "The task stopped its worker each time it ran"


class TaskExpired(DomainError):
    code = "task_expired"
    status = 410
    title = "The task waited too long to start"


class TaskCancelled(Exception):
    """Raised inside a body at its next checkpoint after somebody cancelled the run."""


class LeaseLost(Exception):
    """Raised inside a body whose run was taken over: nothing it does from here on may take effect."""
