"""Audits that come back by themselves: weekly, monthly, or by a cron line in UTC."""

from __future__ import annotations

import calendar
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from croniter import croniter
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel import logs
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import DomainError, FieldError, InvalidInput
from plugzero_api.kernel.tenancy import team_scope
from seo_intelligence.errors import ScheduleNotFound
from seo_intelligence.models import AuditSchedule, Recurrence
from seo_intelligence.services import alerts, audits

logger = logging.getLogger(__name__)
SHORTEST = timedelta(hours=1)
"""Runs of a cron line must be at least this far apart."""


def next_time(recurrence: str, cron: str, after: datetime) -> datetime:
    """The first moment after `after` at which the schedule is due (UTC)."""
    if recurrence == Recurrence.WEEKLY:
        return after + timedelta(days=7)
    if recurrence == Recurrence.MONTHLY:
        year, month = (after.year + 1, 1) if after.month == 12 else (after.year, after.month + 1)
        # The 31st becomes the last day of a shorter month.
        return after.replace(year=year, month=month, day=min(after.day, calendar.monthrange(year, month)[1]))
    result: datetime = croniter(cron, after).get_next(datetime)
    return result


def check_cron(line: str) -> None:
    """Raise ``InvalidInput`` for a line that is not five fields of cron or fires more often than hourly."""
    problem = ""
    if len(line.split()) != 5 or not croniter.is_valid(line):
        problem = "Give five fields: minute, hour, day of month, month, day of week."
    else:
        times = croniter(line, datetime(2026, 1, 1, tzinfo=timezone.get_default_timezone()))
        moments = [times.get_next(datetime) for _ in range(50)]
        if any(later - earlier < SHORTEST for earlier, later in pairwise(moments)):
            problem = "Audits must be at least one hour apart."
    if problem:
        raise InvalidInput(problem, errors=[FieldError("/cron", "invalid_cron", problem)])


def get_schedule(schedule_id: UUID) -> AuditSchedule:
    """Raises ``ScheduleNotFound``."""
    schedule = AuditSchedule.find(pk=schedule_id)
    if schedule is None:
        raise ScheduleNotFound
    return schedule


def _check(recurrence: str, cron: str) -> None:
    if recurrence == Recurrence.CRON:
        check_cron(cron)
    elif cron:
        message = "A cron line goes with the recurrence CRON only."
        raise InvalidInput(message, errors=[FieldError("/cron", "invalid", message)])


def create_schedule(
    *, team_id: UUID, actor: Principal, project_id: UUID, values: Mapping[str, Any]
) -> AuditSchedule:
    """Raises ``ProjectNotFound``, ``AuditTargetInvalid`` or ``InvalidInput``."""
    ingestion.get_project(project_id=project_id)
    recurrence, cron = values["recurrence"], values.get("cron", "")
    _check(recurrence, cron)
    options = audits.checked_options(values)
    with transaction.atomic():
        schedule = AuditSchedule.objects.create(
            team_id=team_id,
            project_id=project_id,
            recurrence=recurrence,
            cron=cron,
            is_active=values.get("is_active", True),
            next_at=values.get("first_at") or next_time(recurrence, cron, timezone.now()),
            created_by_id=actor.user_id,
            **options,
        )
        _record(schedule, actor, "created")
    return schedule


def update_schedule(
    *, schedule: AuditSchedule, actor: Principal, changes: Mapping[str, Any]
) -> AuditSchedule:
    """Raises ``AuditTargetInvalid`` or ``InvalidInput``."""
    recurrence = changes.get("recurrence", schedule.recurrence)
    cron = changes.get("cron", schedule.cron if recurrence == Recurrence.CRON else "")
    _check(recurrence, cron)
    columns = audits.checked_options(changes)
    columns |= {"recurrence": recurrence, "cron": cron}
    if "is_active" in changes:
        columns["is_active"] = changes["is_active"]
    if (recurrence, cron) != (schedule.recurrence, schedule.cron) or changes.get("is_active"):
        columns["next_at"] = next_time(recurrence, cron, timezone.now())
    if changes.get("first_at"):
        columns["next_at"] = changes["first_at"]
    with transaction.atomic():
        for name, value in columns.items():
            setattr(schedule, name, value)
        schedule.save(update_fields=list(columns))
        _record(schedule, actor, "updated")
    return schedule


def delete_schedule(*, schedule: AuditSchedule, actor: Principal) -> None:
    with transaction.atomic():
        _record(schedule, actor, "deleted")
        schedule.delete()


def _record(schedule: AuditSchedule, actor: Principal, verb: str) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=schedule.team_id,
        action=f"audit_schedule.{verb}",
        object_type="audit_schedule",
        object_id=schedule.pk,
        object_label=schedule.target_url,
    )


def start_due_audits(now: datetime | None = None) -> int:
    """Start the audits that are due; returns how many. Runs over all teams; two at once start each audit once.

    A schedule that cannot start (plan limit, audit still running, project gone quiet) keeps the reason and
    waits for its next time.
    """
    now = now or timezone.now()
    audits.settle_abandoned()
    alerts.restart_pending()
    started = 0
    for schedule in AuditSchedule.objects.filter(is_active=True, next_at__lte=now).order_by("next_at"):
        following = next_time(
            schedule.recurrence, schedule.cron, max(schedule.next_at, now - timedelta(days=1))
        )
        while following <= now:
            following = next_time(schedule.recurrence, schedule.cron, following)
        claimed = AuditSchedule.objects.filter(pk=schedule.pk, next_at=schedule.next_at).update(
            next_at=following, last_at=now, last_error=""
        )
        if claimed:
            started += _start(schedule)
    return started


def _start(schedule: AuditSchedule) -> bool:
    options = {name: getattr(schedule, name) for name in audits.OPTION_FIELDS}
    try:
        with team_scope(schedule.team_id):
            audits.start_audit(
                team_id=schedule.team_id,
                actor=None,
                project_id=schedule.project_id,
                options=options,
                schedule=schedule,
            )
    except DomainError as error:
        AuditSchedule.objects.filter(pk=schedule.pk).update(last_error=error.detail[:300])
        logs.event(logger, "seo.schedule.refused", schedule_id=str(schedule.pk), code=error.code)
        return False
    return True
