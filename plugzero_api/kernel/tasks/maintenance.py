"""The kernel's own scheduled work."""

from __future__ import annotations

from django.conf import settings
from django.db.models.functions import Now

from plugzero_api.kernel.clock import now_plus
from plugzero_api.kernel.models import FINAL_STATES, Counter, TaskRun
from plugzero_api.kernel.tasks.runtime import Run, micro_task


@micro_task("kernel.purge_finished_runs", queue="default", soft_limit=120)
def purge_finished_runs(run: Run) -> None:
    """Delete runs that ended long ago and counters whose window has passed, so no table grows without bound."""
    TaskRun.objects.filter(
        state__in=FINAL_STATES, finished_at__lt=now_plus(-86_400 * settings.TASK_RETENTION_DAYS)
    ).delete()
    Counter.objects.filter(expires_at__lt=Now()).delete()
