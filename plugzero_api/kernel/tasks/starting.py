"""Starting, finding and cancelling runs: the part of the task kernel that services call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from plugzero_api.kernel import logs
from plugzero_api.kernel.models import ACTIVE_STATES, IdempotencyKey, TaskRun, TaskState
from plugzero_api.kernel.tasks import publisher, registry, rows
from plugzero_api.kernel.tasks.contracts import ResultRef, TaskRunInfo
from plugzero_api.kernel.tasks.errors import (
    IdempotencyKeyReused,
    TaskAlreadyFinished,
    TaskNotFound,
    TooManyActiveTasks,
)


def _info(run: TaskRun, *, replayed: bool = False) -> TaskRunInfo:
    return TaskRunInfo(
        task_id=run.pk, kind=run.kind, state=run.state, created_at=run.created_at, replayed=replayed
    )


def fingerprint_of(kind: str, args: Mapping[str, Any]) -> str:
    """What makes two requests the same: the kind and its arguments, order of keys aside."""
    canonical = json.dumps([kind, args], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()


def find_replay(*, team_id: UUID, key: str | None, fingerprint: str) -> TaskRunInfo | None:
    """The run an Idempotency-Key already started, or None. Raises ``IdempotencyKeyReused`` for other content."""
    if not key:
        return None
    known = IdempotencyKey.objects.filter(team_id=team_id, key=key).select_related("task_run").first()
    if known is None:
        return None
    if known.fingerprint != fingerprint:
        raise IdempotencyKeyReused("Use a new Idempotency-Key for a new request.")
    return _info(known.task_run, replayed=True)


def start(
    kind: str,
    *,
    team_id: UUID | None,
    user_id: UUID | None = None,
    args: Mapping[str, Any] | None = None,
    project_id: UUID | None = None,
    idempotency_key: str | None = None,
    fingerprint: str | None = None,
    run_after: datetime | None = None,
    expires_at: datetime | None = None,
) -> TaskRunInfo:
    """Write a run in the caller's transaction and publish it on commit.

    Raises ``UnknownTaskKind``, ``TooManyActiveTasks`` (429) or ``IdempotencyKeyReused`` (422). With an
    idempotency key already used for the same content, the earlier run is returned and nothing is started.
    """
    task_kind = registry.get_kind(kind)
    args = dict(args or {})
    fingerprint = fingerprint or fingerprint_of(kind, args)
    if team_id is not None:
        replay = find_replay(team_id=team_id, key=idempotency_key, fingerprint=fingerprint)
        if replay is not None:
            return replay
        _check_team_limit(team_id, task_kind.queue)
    run = TaskRun(
        team_id=team_id,
        created_by_id=user_id,
        project_id=project_id,
        kind=kind,
        queue=task_kind.queue,
        args=args,
        run_after=run_after,
        expires_at=expires_at,
        trace_id=logs.current_request_id() or "",
    )
    # Publication is expected to follow the commit; the reconciler looks after rows for which it did not.
    run.dispatched_at = Now() if run_after is None else None
    try:
        with transaction.atomic():
            run.save(force_insert=True)
            if team_id is not None and idempotency_key:
                IdempotencyKey.objects.create(
                    team_id=team_id, key=idempotency_key, fingerprint=fingerprint, task_run=run
                )
    except IntegrityError:
        if team_id is None or not idempotency_key:
            raise
        replay = find_replay(team_id=team_id, key=idempotency_key, fingerprint=fingerprint)
        if replay is None:
            raise
        return replay
    if run_after is None:
        transaction.on_commit(partial(publisher.submit, kind, run.pk, task_kind.queue), robust=True)
    return _info(run)


def _check_team_limit(team_id: UUID, queue: str) -> None:
    limit = settings.TASK_TEAM_LIMITS[queue]
    active = TaskRun._base_manager.filter(team_id=team_id, queue=queue, state__in=ACTIVE_STATES).count()
    if active >= limit:
        raise TooManyActiveTasks(
            f"{active} tasks of this team wait or run in the '{queue}' queue; the limit is {limit}. "
            "Wait for some to end or cancel them.",
            retry_after=15,
        )


def record_finished(
    kind: str,
    *,
    team_id: UUID,
    user_id: UUID | None,
    args: Mapping[str, Any],
    project_id: UUID | None,
    result: ResultRef,
) -> TaskRunInfo:
    """A run that succeeded without work, because its result was already stored: the client sees one contract."""
    now = Now()
    run = TaskRun(
        team_id=team_id,
        created_by_id=user_id,
        project_id=project_id,
        kind=kind,
        queue=registry.get_kind(kind).queue,
        args=dict(args),
        state=TaskState.SUCCESS,
        result_type=result.type,
        result_id=result.id,
        result_url=result.url,
        progress_current=1,
        progress_total=1,
        trace_id=logs.current_request_id() or "",
    )
    run.started_at = run.finished_at = now
    run.save(force_insert=True)
    return _info(run)


def is_active(*, task_id: UUID) -> bool:
    """Whether the run still waits or works."""
    return TaskRun.objects.filter(pk=task_id, state__in=ACTIVE_STATES).exists()


def get_run_info(*, task_id: UUID) -> TaskRunInfo:
    """A run of the current team scope. Raises ``TaskNotFound``."""
    run = TaskRun.objects.filter(pk=task_id).first()
    if run is None:
        raise TaskNotFound
    return _info(run)


def cancel(*, task_id: UUID) -> TaskRun:
    """Cancel a run of the current team scope: at once if it waits, at its next checkpoint if it runs.

    Raises ``TaskNotFound`` or ``TaskAlreadyFinished``.
    """
    if not TaskRun.objects.filter(pk=task_id).exists():
        raise TaskNotFound
    if not (rows.revoke_waiting(task_id) or rows.request_cancel(task_id)):
        # Between the two updates a waiting run may have been claimed and a claimed one released.
        rows.revoke_waiting(task_id)
    run = TaskRun.objects.get(pk=task_id)
    if run.state in (TaskState.SUCCESS, TaskState.FAILURE) or (
        run.state == TaskState.REVOKED and not run.cancel_requested
    ):
        raise TaskAlreadyFinished(f"The run ended as {run.state}.")
    return run
