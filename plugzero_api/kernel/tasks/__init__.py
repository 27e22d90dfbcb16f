"""Task runs: everything that outlives a request.

Micro-apps use ``@micro_task`` to declare a kind, ``start()`` to start a run inside their own transaction, and the
``Run`` handed to the body for progress, cancellation and the fenced commit of results.
"""

from plugzero_api.kernel.tasks import maintenance, watchdog
from plugzero_api.kernel.tasks.contracts import ResultRef, TaskRunInfo
from plugzero_api.kernel.tasks.errors import LeaseLost, TaskCancelled, UpstreamUnavailable
from plugzero_api.kernel.tasks.runtime import Run, micro_task
from plugzero_api.kernel.tasks.starting import (
    cancel,
    find_replay,
    fingerprint_of,
    get_run_info,
    is_active,
    record_finished,
    start,
)

__all__ = [
    "LeaseLost",
    "ResultRef",
    "Run",
    "TaskCancelled",
    "TaskRunInfo",
    "UpstreamUnavailable",
    "cancel",
    "find_replay",
    "fingerprint_of",
    "get_run_info",
    "is_active",
    "maintenance",
    "micro_task",
    "record_finished",
    "start",
    "watchdog",
]
