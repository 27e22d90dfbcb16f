"""Looking after rows: whatever a crash, a flush or a wipe left behind is put right here.

Run by the scheduler every few seconds; one leader at a time, chosen by a conditional update.
"""

from __future__ import annotations

import logging
import os
import socket

from celery import current_app
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from plugzero_api.kernel import logs
from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.models import WAITING_STATES, Leadership, TaskRun, TaskState
from plugzero_api.kernel.tasks import publisher, registry, rows
from plugzero_api.kernel.tasks.errors import TaskCrashed, TaskExpired, TaskTimeout

logger = logging.getLogger(__name__)
_ROLE = "reconciler"
_PUBLISH_BATCH = 500


def lead(role: str = _ROLE, *, seconds: float | None = None, holder: str | None = None) -> bool:
    """Become or stay the leader of ``role`` for ``seconds``; False while another process leads."""
    holder = holder or f"{socket.gethostname()}:{os.getpid()}"
    seconds = seconds if seconds is not None else 3 * settings.TASK_RECONCILE_SECONDS
    rows_held = Leadership.objects.filter(role=role).filter(Q(holder=holder) | Q(until__lt=Now()))
    if rows_held.update(holder=holder, until=now_plus(seconds)):
        return True
    if Leadership.objects.filter(role=role).exists():
        return False
    try:
        with transaction.atomic():
            Leadership.objects.create(role=role, holder=holder, until=now_plus(seconds))
    except IntegrityError:
        return False
    return True


def reconcile() -> dict[str, int]:
    """One pass over the task rows; returns how many rows each rule moved."""
    return {
        "timed_out": _end_overdue(),
        "cancelled": _end_cancelled(),
        "released": _release_lost(),
        "expired": _end_expired(),
        "published": _publish_waiting(),
    }


def _end_overdue() -> int:
    """Runs past their hard limit whose worker could not say so itself."""
    ended = 0
    for row in TaskRun._base_manager.filter(state=TaskState.STARTED, deadline_at__lt=now_plus(-1)):
        ended += rows.finish(
            row.pk,
            row.attempt,
            TaskState.FAILURE,
            code=TaskTimeout.code,
            title=TaskTimeout.title,
            detail="It was stopped at its time limit. Try it on less data.",
        )
    return ended


def _end_cancelled() -> int:
    """Cancelled runs whose worker vanished before it reached a checkpoint."""
    return TaskRun._base_manager.filter(
        Q(state=TaskState.STARTED, lease_until__lt=Now()) | Q(state__in=WAITING_STATES),
        cancel_requested=True,
    ).update(state=TaskState.REVOKED, finished_at=Now(), lease_until=None, version=F("version") + 1)


def _release_lost() -> int:
    moved = 0
    for row in TaskRun._base_manager.filter(state=TaskState.STARTED, lease_until__lt=Now()):
        if row.crashes + 1 >= settings.TASK_MAX_CRASHES:
            moved += rows.finish(
                row.pk,
                row.attempt,
                TaskState.FAILURE,
                code=TaskCrashed.code,
                title=TaskCrashed.title,
                detail=f"It was tried {row.crashes + 1} times and stopped its worker each time, "
                "most often because it needs more memory than it may use.",
            )
        else:
            moved += rows.release(row.pk, row.attempt, crashed=True)
        logs.event(
            logger,
            "task.lease.lost",
            level=logging.WARNING,
            task_id=str(row.pk),
            kind=row.kind,
            worker=row.worker,
        )
    return moved


def _end_expired() -> int:
    return TaskRun._base_manager.filter(state__in=WAITING_STATES, expires_at__lt=Now()).update(
        state=TaskState.FAILURE,
        error_code=TaskExpired.code,
        error_title=TaskExpired.title,
        error_detail="No worker was free in time. Start it again.",
        finished_at=Now(),
        version=F("version") + 1,
    )


def _publish_waiting() -> int:
    """Publish again what the broker may have lost; a doubled message is dropped by the claim."""
    due = (
        TaskRun._base_manager.filter(state__in=WAITING_STATES)
        .filter(Q(run_after=None) | Q(run_after__lte=Now()))
        .filter(Q(dispatched_at=None) | Q(dispatched_at__lt=now_plus(-settings.TASK_REPUBLISH_SECONDS)))
        .order_by("created_at")
        .values_list("pk", "kind", "queue")[:_PUBLISH_BATCH]
    )
    published = 0
    for run_id, kind, queue in due:
        if kind not in registry.registered_kinds() or kind not in current_app.tasks:
            continue
        # Counted as dispatched first: if the broker hangs here, the next pass does not pile up on it.
        TaskRun._base_manager.filter(pk=run_id).update(dispatched_at=Now())
        try:
            publisher.publish(kind, run_id, queue)
        except Exception as error:
            logs.event(logger, "task.publish.failed", level=logging.WARNING, error=repr(error))
            TaskRun._base_manager.filter(pk=run_id).update(dispatched_at=None)
            break
        published += 1
    return published
