"""Running a task body in a Celery worker: claim, heartbeat, checkpoints, fenced commit, one final state."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from celery import shared_task
from celery.signals import worker_process_init, worker_shutting_down
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.utils.module_loading import import_string

from plugzero_api.kernel import logs
from plugzero_api.kernel.errors import DomainError, StorageFull
from plugzero_api.kernel.models import TaskRun, TaskState
from plugzero_api.kernel.processes import children_of
from plugzero_api.kernel.tasks import registry, rows
from plugzero_api.kernel.tasks.contracts import ResultRef
from plugzero_api.kernel.tasks.errors import (
    LeaseLost,
    TaskCancelled,
    TaskTimeout,
    UpstreamUnavailable,
)
from plugzero_api.kernel.tenancy import every_team, team_scope

logger = logging.getLogger(__name__)
DATABASE_ERRORS = (OperationalError, InterfaceError)
_PROGRESS_INTERVAL = 0.5
_BACKOFF_BASE, _BACKOFF_CAP = 2.0, 300.0

Body = TypeVar("Body", bound=Callable[..., Any])


def worker_name() -> str:
    """Names the worker process (the prefork parent), so that its shutdown can give back its children's runs."""
    return f"{socket.gethostname()}:{_worker_pid}"


_worker_pid = os.getpid()


@worker_process_init.connect
def _remember_parent(**_: Any) -> None:
    global _worker_pid
    _worker_pid = os.getppid()
    # The parent's sockets and heartbeat thread do not survive the fork.
    connection.close()


@worker_shutting_down.connect
def _limit_drain(**_: Any) -> None:
    """A deploy may wait this long for running tasks; what is not done by then goes back to the queue.

    Celery's own soft shutdown terminates the pool's children first and can then wait for a lock one of them held.
    """
    threading.Thread(target=_end_after_drain, name="task-drain", daemon=True).start()


def _end_after_drain() -> None:
    time.sleep(settings.TASK_DRAIN_SECONDS)
    _give_back_runs()
    for child in children_of(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    os._exit(0)


def _give_back_runs() -> None:
    """The runs of this worker return to the queue; their attempt is fenced and not held against them."""
    try:
        released = rows.release_worker(worker_name())
        logs.event(logger, "task.worker.drained", worker=worker_name(), released=released)
    except DATABASE_ERRORS as error:
        # Their leases will run out instead.
        logs.event(logger, "task.worker.drained", level=logging.WARNING, error=repr(error))


class Run:
    """The handle a task body has on its own run. Times out, cancels and commits through it."""

    def __init__(self, row: TaskRun) -> None:
        self.id: UUID = row.pk
        self.attempt: int = row.attempt
        self.team_id: UUID | None = row.team_id
        self.user_id: UUID | None = row.created_by_id
        self.project_id: UUID | None = row.project_id
        self.retries: int = row.retries
        self.lost = threading.Event()
        self.completed = False
        self._last_write = 0.0
        self._last_stage = ""

    def progress(self, current: int, total: int | None = None, *, stage: str = "", message: str = "") -> None:
        """A checkpoint: tells the client how far the run is, and stops a cancelled or taken-over run.

        Writes at most twice a second (always on a new stage). Raises ``TaskCancelled`` or ``LeaseLost``.
        Call it outside transactions: inside one, nothing is written and only the lease flag is checked.
        """
        if self.lost.is_set():
            raise LeaseLost
        now = time.monotonic()
        finished = total is not None and current >= total
        if connection.in_atomic_block or (
            now - self._last_write < _PROGRESS_INTERVAL and stage == self._last_stage and not finished
        ):
            return
        self._last_write, self._last_stage = now, stage
        cancelled = (
            TaskRun._base_manager.filter(pk=self.id, attempt=self.attempt)
            .values_list("cancel_requested", flat=True)
            .first()
        )
        if cancelled:
            raise TaskCancelled
        if not rows.write_progress(
            self.id, self.attempt, current=current, total=total, stage=stage, message=message
        ):
            raise LeaseLost

    @contextmanager
    def fenced(self) -> Iterator[None]:
        """A transaction that commits only while this attempt holds the run. Raises ``LeaseLost``."""
        with transaction.atomic():
            if not rows.extend_lease(self.id, self.attempt):
                raise LeaseLost
            yield

    @contextmanager
    def completing(self) -> Iterator[Callable[[ResultRef | None], None]]:
        """One transaction for the result rows and the final state: both happen or neither.

        ``with run.completing() as complete: ...write rows...; complete(ResultRef(...))``
        """
        results: list[ResultRef | None] = []
        with self.fenced():
            yield results.append
            if not rows.finish(
                self.id, self.attempt, TaskState.SUCCESS, result=results[-1] if results else None
            ):
                raise LeaseLost
        self.completed = True


def micro_task(
    name: str,
    *,
    queue: str = "default",
    soft_limit: int = 300,
    hard_limit: int | None = None,
    max_retries: int = 5,
    permission: str | None = None,
) -> Callable[[Body], Body]:
    """Declare a task kind. The body takes ``(run, **args)`` and returns a ``ResultRef``, or None.

    ``permission``: the right its starter must still hold when it begins; a run whose starter lost it (or left
    the team) ends as REVOKED without having touched anything.
    """
    if queue not in settings.TASK_QUEUES:
        raise ValueError(f"{queue!r} is not one of the queues {settings.TASK_QUEUES}.")
    hard = hard_limit or soft_limit + 30

    def decorate(body: Body) -> Body:
        registry.register(registry.TaskKind(name, body, queue, soft_limit, hard, max_retries, permission))

        @shared_task(
            name=name, soft_time_limit=soft_limit, time_limit=hard, ignore_result=True, acks_late=True
        )
        def entry(run_id: str, **_: Any) -> None:
            # Arguments of a newer release are ignored: the row has all that matters.
            execute(UUID(run_id))

        body.celery_task = entry  # type: ignore[attr-defined]
        return body

    return decorate


def execute(run_id: UUID) -> None:
    """Run one task run if it is still waiting; every way out leaves the row in exactly one state."""
    # Health-check a pooled or persistent connection before use, as Django does per request.
    if not connection.in_atomic_block:
        close_old_connections()
    row = rows.find(run_id)
    if row is None:
        logs.event(logger, "task.message.stale", task_id=str(run_id))
        return
    try:
        kind = registry.get_kind(row.kind)
    except registry.UnknownTaskKind as error:
        if rows.claim(row, worker=worker_name(), hard_limit=60):
            rows.finish(
                row.pk,
                row.attempt,
                TaskState.FAILURE,
                code=error.code,
                title=error.title,
                detail=error.detail,
            )
        return
    if not rows.claim(row, worker=worker_name(), hard_limit=kind.hard_limit):
        return
    run = Run(row)
    with logs.context(request_id=row.trace_id or None, task_id=str(row.pk), team_id=str(row.team_id or "")):
        started = time.monotonic()
        _heart.watch(run)
        try:
            outcome = _run_body(kind, run, row.args)
        finally:
            _heart.forget()
        logs.event(
            logger,
            "task.finished",
            kind=row.kind,
            outcome=outcome,
            attempt=run.attempt,
            seconds=round(time.monotonic() - started, 3),
        )


def _run_body(kind: registry.TaskKind, run: Run, args: dict[str, Any]) -> str:
    finish = partial(_persist, rows.finish, run.id, run.attempt)
    try:
        scope = _scope_of(kind, run)
        if scope is None:
            finish(
                TaskState.REVOKED,
                code="starter_lost_access",
                title="Whoever started the run may no longer do so",
            )
            return "REVOKED"
        with scope:
            result = kind.body(run, **args)
        if not run.completed:
            finish(TaskState.SUCCESS, result=result if isinstance(result, ResultRef) else None)
        return "SUCCESS"
    except TaskCancelled:
        finish(TaskState.REVOKED)
        return "REVOKED"
    except LeaseLost:
        return "LEASE_LOST"
    except UpstreamUnavailable as error:
        if run.retries >= kind.max_retries:
            finish(TaskState.FAILURE, code=error.code, title=error.title, detail=error.detail)
            return "FAILURE"
        delay = error.retry_after or _backoff(run.retries)
        _persist(
            rows.retry_later,
            run.id,
            run.attempt,
            delay=delay,
            code=error.code,
            title=error.title,
            detail=error.detail,
        )
        return "RETRY"
    except DomainError as error:
        finish(TaskState.FAILURE, code=error.code, title=error.title, detail=error.detail)
        return "FAILURE"
    except SoftTimeLimitExceeded:
        finish(
            TaskState.FAILURE,
            code=TaskTimeout.code,
            title=TaskTimeout.title,
            detail=f"It was stopped after {kind.soft_limit} seconds. Try it on less data.",
        )
        return "FAILURE"
    except DATABASE_ERRORS as error:
        # Not the task's fault: it goes back to the queue as soon as the database answers again.
        logs.event(logger, "task.database_lost", level=logging.WARNING, error=repr(error))
        _persist(rows.release, run.id, run.attempt, crashed=False)
        return "RELEASED"
    except Exception as error:
        logger.exception("task.failed", extra={"fields": {"kind": kind.name}})
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            full = StorageFull("There is no room left to store the result. Nothing was kept.")
            finish(TaskState.FAILURE, code=full.code, title=full.title, detail=full.detail)
            return "FAILURE"
        finish(
            TaskState.FAILURE,
            code="internal_error",
            title="Something went wrong on our side",
            detail=f"Please report it with the request id {logs.current_request_id() or run.id}.",
        )
        return "FAILURE"


def _scope_of(kind: registry.TaskKind, run: Run) -> Any:
    """The team scope to run in, or None when the run's starter may no longer do this."""
    if run.team_id is None:
        return every_team(f"scheduled task {kind.name}")
    restricted_to = None
    if run.user_id is not None:
        access = import_string(settings.PLUGZERO_ACCESS_OF_USER)(user_id=run.user_id, team_id=run.team_id)
        if access is None or (kind.permission and kind.permission not in access.permissions):
            return None
        restricted_to = access.restricted_to
        if restricted_to is not None and run.project_id is not None and run.project_id not in restricted_to:
            return None
    return team_scope(run.team_id, restricted_to=restricted_to)


def _persist(transition: Callable[..., bool], *args: Any, **kwargs: Any) -> None:
    """Write a transition although the database may be away: keep trying until the lease has surely passed."""
    give_up = time.monotonic() + 2 * settings.TASK_LEASE_SECONDS
    pause = 0.2
    while True:
        try:
            transition(*args, **kwargs)
            return
        except DATABASE_ERRORS as error:
            if time.monotonic() > give_up or connection.in_atomic_block:
                logs.event(logger, "task.transition.abandoned", level=logging.ERROR, error=repr(error))
                return
            connection.close()
            time.sleep(pause)
            pause = min(pause * 2, 5.0)


def _backoff(retries: int) -> float:
    """Full jitter: uniform up to an exponentially growing cap, in seconds."""
    return random.uniform(1.0, min(_BACKOFF_CAP, _BACKOFF_BASE * 2 ** (retries + 1)))


class _Heart:
    """One thread per worker process that extends the lease of the run being executed, if that takes long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._since = 0.0
        self._pid = 0

    def watch(self, run: Run) -> None:
        with self._lock:
            self._run, self._since = run, time.monotonic()
            if self._pid != os.getpid():
                self._pid = os.getpid()
                threading.Thread(target=self._beat, name="task-heartbeat", daemon=True).start()

    def forget(self) -> None:
        with self._lock:
            self._run = None

    def _beat(self) -> None:
        interval = settings.TASK_HEARTBEAT_SECONDS
        while True:
            time.sleep(min(1.0, interval / 3))
            with self._lock:
                run, due = self._run, time.monotonic() - self._since >= interval
                if run is None or not due:
                    continue
                self._since = time.monotonic()
            try:
                if not rows.extend_lease(run.id, run.attempt):
                    run.lost.set()
            except DATABASE_ERRORS as error:
                logs.event(logger, "task.heartbeat.missed", level=logging.WARNING, error=repr(error))
            finally:
                connection.close()


_heart = _Heart()
