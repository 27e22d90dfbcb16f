"""Sending a run's id to the broker, off the caller's thread and with a small time budget.

A broker that is down or hangs must cost the caller nothing: the row is already committed, and the reconciler
publishes again whatever did not arrive.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from uuid import UUID

from celery import current_app
from django.db import close_old_connections

from plugzero_api.kernel import logs

logger = logging.getLogger(__name__)
_BACKLOG = 10_000


def publish(kind: str, run_id: UUID, queue_name: str) -> None:
    """Put one message on the broker; raises what the transport raises."""
    current_app.tasks[kind].apply_async(
        args=(str(run_id),), queue=queue_name, task_id=str(run_id), retry=False, ignore_result=True
    )


class _Publisher:
    def __init__(self) -> None:
        self._queue: queue.Queue[tuple[str, UUID, str]] = queue.Queue(maxsize=_BACKLOG)
        self._lock = threading.Lock()
        self._pid = 0

    def submit(self, kind: str, run_id: UUID, queue_name: str) -> None:
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    # A forked child has the parent's queue but not its thread.
                    self._queue = queue.Queue(maxsize=_BACKLOG)
                    threading.Thread(target=self._run, name="task-publisher", daemon=True).start()
                    self._pid = os.getpid()
        try:
            self._queue.put_nowait((kind, run_id, queue_name))
        except queue.Full:
            logs.event(logger, "task.publish.deferred", task_id=str(run_id), reason="backlog full")

    def _run(self) -> None:
        while True:
            kind, run_id, queue_name = self._queue.get()
            try:
                publish(kind, run_id, queue_name)
            except Exception as error:
                # Any transport fault means the same: the reconciler will publish this run again.
                logs.event(
                    logger,
                    "task.publish.failed",
                    level=logging.WARNING,
                    task_id=str(run_id),
                    error=repr(error),
                )
                _mark_undispatched(run_id)


def _mark_undispatched(run_id: UUID) -> None:
    from plugzero_api.kernel.models import TaskRun

    try:
        TaskRun._base_manager.filter(pk=run_id).update(dispatched_at=None)
    except Exception as error:
        logs.event(logger, "task.publish.unmarked", task_id=str(run_id), error=repr(error))
    finally:
        close_old_connections()


_publisher = _Publisher()
submit = _publisher.submit
