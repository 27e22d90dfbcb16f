"""The state machine of a TaskRun: each transition is one conditional update guarded by state and attempt.

    PENDING, RETRY -> STARTED -> SUCCESS | FAILURE | REVOKED | RETRY
    STARTED -> PENDING (worker lost or shut down)      PENDING, RETRY -> REVOKED | FAILURE (expired)

Every function returns whether the row was in the state the caller believed; a False is the answer to every
race (double delivery, lost lease, cancel against finish), never an error. Times are the database's.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.models import TaskRun, TaskState
from plugzero_api.kernel.prepared import PreparedRead
from plugzero_api.kernel.tasks.contracts import ResultRef
from plugzero_api.kernel.tenancy import TeamQuerySet, TeamScope


def _rows(run_id: UUID) -> TeamQuerySet[TaskRun]:
    return TaskRun._base_manager.filter(pk=run_id)  # type: ignore[return-value]


def _mine(run_id: UUID, attempt: int) -> TeamQuerySet[TaskRun]:
    return _rows(run_id).filter(attempt=attempt, state=TaskState.STARTED)


_FIELDS = [field.attname for field in TaskRun._meta.concrete_fields]
_polled = PreparedRead(
    lambda run_id, team_id: (
        TaskRun._base_manager.filter(pk=run_id, team_id=team_id).order_by().values_list(*_FIELDS)
    ),
    2,
)


_any_team = PreparedRead(
    lambda run_id: TaskRun._base_manager.filter(pk=run_id).order_by().values_list(*_FIELDS), 1
)


def find(run_id: UUID) -> TaskRun | None:
    """The run of whatever team: what a worker reads before it knows the scope."""
    found = _any_team.run(run_id)
    run: TaskRun | None = TaskRun.from_db(None, _FIELDS, found[0]) if found else None
    return run


def find_for_polling(run_id: UUID, scope: TeamScope) -> TaskRun | None:
    """The run if the scope may see it. Clients ask this about every second, so its SQL is built once."""
    if scope.team_id is None:
        return None
    found = _polled.run(run_id, scope.team_id)
    if not found:
        return None
    run: TaskRun = TaskRun.from_db(None, _FIELDS, found[0])
    hidden = scope.restricted_to is not None and run.project_id not in scope.restricted_to
    return None if hidden else run


def claim(run: TaskRun, *, worker: str, hard_limit: int) -> bool:
    """Take a waiting run whose time has come; on True ``run.attempt`` is the fence of this execution."""
    now = Now()
    taken = (
        _rows(run.pk)
        .filter(state__in=(TaskState.PENDING, TaskState.RETRY), attempt=run.attempt, cancel_requested=False)
        .filter(Q(run_after=None) | Q(run_after__lte=now))
        .update(
            state=TaskState.STARTED,
            attempt=run.attempt + 1,
            worker=worker,
            lease_until=now_plus(settings.TASK_LEASE_SECONDS),
            deadline_at=now_plus(hard_limit),
            started_at=now,
            version=F("version") + 1,
        )
    )
    if taken:
        run.attempt += 1
    return bool(taken)


def extend_lease(run_id: UUID, attempt: int) -> bool:
    return bool(_mine(run_id, attempt).update(lease_until=now_plus(settings.TASK_LEASE_SECONDS)))


def write_progress(
    run_id: UUID, attempt: int, *, current: int, total: int | None, stage: str, message: str
) -> bool:
    return bool(
        _mine(run_id, attempt).update(
            progress_current=current,
            progress_total=total,
            progress_stage=stage[:60],
            progress_message=message[:300],
            lease_until=now_plus(settings.TASK_LEASE_SECONDS),
            version=F("version") + 1,
        )
    )


def finish(
    run_id: UUID,
    attempt: int,
    state: TaskState,
    *,
    result: ResultRef | None = None,
    code: str = "",
    title: str = "",
    detail: str = "",
) -> bool:
    """End the run this attempt holds. With result rows: call it inside their transaction (fencing)."""
    values: dict[str, Any] = {
        "state": state,
        "finished_at": Now(),
        "lease_until": None,
        "error_code": code,
        "error_title": title[:200],
        "error_detail": detail[:4000],
        "version": F("version") + 1,
    }
    if result is not None:
        values |= {"result_type": result.type, "result_id": result.id, "result_url": result.url}
    return bool(_mine(run_id, attempt).update(**values))


def retry_later(run_id: UUID, attempt: int, *, delay: float, code: str, title: str, detail: str) -> bool:
    """Put the run back to wait ``delay`` seconds because something outside failed."""
    return bool(
        _mine(run_id, attempt).update(
            state=TaskState.RETRY,
            retries=F("retries") + 1,
            run_after=now_plus(delay),
            dispatched_at=None,
            lease_until=None,
            error_code=code,
            error_title=title[:200],
            error_detail=detail[:4000],
            version=F("version") + 1,
        )
    )


def release(run_id: UUID, attempt: int, *, crashed: bool) -> bool:
    """Give a started run back to the queue: its worker vanished (``crashed``) or was told to stop."""
    return bool(
        _mine(run_id, attempt).update(
            state=TaskState.PENDING,
            crashes=F("crashes") + (1 if crashed else 0),
            lease_until=None,
            dispatched_at=None,
            version=F("version") + 1,
        )
    )


def release_worker(worker: str) -> int:
    """Give back all runs of a worker that shuts down; the attempt is fenced but no crash is counted."""
    return TaskRun._base_manager.filter(worker=worker, state=TaskState.STARTED).update(
        state=TaskState.PENDING, lease_until=None, dispatched_at=None, version=F("version") + 1
    )


def revoke_waiting(run_id: UUID) -> bool:
    return bool(
        _rows(run_id)
        .filter(state__in=(TaskState.PENDING, TaskState.RETRY))
        .update(state=TaskState.REVOKED, cancel_requested=True, finished_at=Now(), version=F("version") + 1)
    )


def request_cancel(run_id: UUID) -> bool:
    return bool(
        _rows(run_id).filter(state=TaskState.STARTED).update(cancel_requested=True, version=F("version") + 1)
    )
