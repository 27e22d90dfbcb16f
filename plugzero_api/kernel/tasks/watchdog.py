"""A worker that is alive but deaf starts itself anew.

After a broker outage Celery can be left without a working consumer: an acknowledgement that failed on the broken
connection still counts against the prefetch limit, so nothing is read any more, and nothing is reported. The sign is
plain from outside: messages wait in this worker's queues while it has nothing to do.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from typing import Any

from celery import current_app
from celery.signals import worker_ready
from celery.worker import state
from kombu.exceptions import OperationalError

from plugzero_api.kernel import logs
from plugzero_api.kernel.processes import children_of

logger = logging.getLogger(__name__)
CHECK_SECONDS = 5.0
# Deaf at this many looks in a row.
PATIENCE = 2


@worker_ready.connect
def _watch(sender: Any, **_: Any) -> None:
    threading.Thread(target=_run, name="task-watchdog", daemon=True).start()


def _run() -> None:
    deaf, seen = 0, -1
    while True:
        time.sleep(CHECK_SECONDS)
        received = sum(state.total_count.values())
        idle = not state.active_requests and not state.reserved_requests and received == seen
        deaf = deaf + 1 if idle and _messages_wait() else 0
        seen = received
        if deaf >= PATIENCE:
            logs.event(logger, "task.worker.deaf", level=logging.WARNING)
            _start_anew()


def _messages_wait() -> bool:
    """Whether the broker holds messages for this worker, asked over a connection of its own."""
    connection = current_app.connection_for_read()
    faults: tuple[type[BaseException], ...] = (OperationalError, OSError, *connection.connection_errors)
    try:
        with connection:
            channel: Any = connection.default_channel
            return any(
                channel.queue_declare(queue=name, passive=True).message_count
                for name in current_app.amqp.queues.consume_from
            )
    except faults:
        return False


def _start_anew() -> None:
    """Replace this process by a fresh worker under the same process id; its idle children end."""
    for child in children_of(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    os.execv(sys.executable, sys.orig_argv)
