"""The scheduler process: Celery beat with schedules from the manifests and the reconciler in its loop.

Two of them may run: a schedule fires where the conditional update of its row succeeds, so it fires once.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta
from typing import Any

from celery.beat import Scheduler
from croniter import croniter
from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, transaction
from django.db.models.functions import Now

from plugzero_api.kernel import logs
from plugzero_api.kernel.clock import database_now
from plugzero_api.kernel.models import ScheduleState
from plugzero_api.kernel.plugins import Schedule, installed_micro_apps
from plugzero_api.kernel.tasks import reconciler
from plugzero_api.kernel.tasks.starting import start

logger = logging.getLogger(__name__)


def next_time(schedule: Schedule, after: datetime) -> datetime:
    """The first moment after ``after`` (UTC) at which the schedule is due."""
    if schedule.cron:
        result: datetime = croniter(schedule.cron, after).get_next(datetime)
        return result
    return after + (schedule.every or timedelta(days=1))


def fire_due(now: datetime) -> int:
    """Start the runs of all schedules that are due at ``now``; returns how many this process started."""
    states = {state.name: state for state in ScheduleState.objects.all()}
    fired = 0
    for config in installed_micro_apps():
        for schedule in config.manifest.schedules:
            state = states.get(schedule.name)
            if state is None:
                ScheduleState.objects.get_or_create(
                    name=schedule.name, defaults={"next_at": next_time(schedule, now)}
                )
                continue
            if state.next_at > now:
                continue
            with transaction.atomic():
                claimed = ScheduleState.objects.filter(name=schedule.name, next_at=state.next_at).update(
                    next_at=next_time(schedule, now), last_at=Now()
                )
                if claimed:
                    start(schedule.kind, team_id=None, args=schedule.args)
                    fired += 1
    return fired


class ManifestScheduler(Scheduler):
    """Celery beat's scheduler with our two duties per tick; Celery's own schedule stays empty."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reconcile_at = 0.0
        self._schedules_at = 0.0

    def setup_schedule(self) -> None:
        self.install_default_entries({})

    def tick(self, *_: Any, **__: Any) -> float:
        moment = time.monotonic()
        try:
            if moment >= self._reconcile_at:
                self._reconcile_at = moment + settings.TASK_RECONCILE_SECONDS
                if reconciler.lead():
                    reconciler.reconcile()
            if moment >= self._schedules_at:
                self._schedules_at = moment + 5.0
                fire_due(database_now())
        except (OperationalError, InterfaceError) as error:
            logs.event(logger, "scheduler.database_lost", level=logging.WARNING, error=repr(error))
        finally:
            close_old_connections()
        return 0.5
