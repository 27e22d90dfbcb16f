"""Rows the kernel owns: task runs, idempotency keys, schedules, leadership, atomic counters."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import TeamManager


class TaskState(models.TextChoices):
    """Celery's words. PENDING and RETRY wait, STARTED runs, the others are final."""

    PENDING = "PENDING"
    STARTED = "STARTED"
    RETRY = "RETRY"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"


WAITING_STATES = (TaskState.PENDING, TaskState.RETRY)
ACTIVE_STATES = (TaskState.PENDING, TaskState.RETRY, TaskState.STARTED)
FINAL_STATES = (TaskState.SUCCESS, TaskState.FAILURE, TaskState.REVOKED)


class TaskRun(models.Model):
    """One execution of a task kind; this row, not the broker, is the truth about it.

    ``attempt`` is the fence: it grows with every claim, and whoever holds an older number can write nothing.
    ``crashes`` counts claims whose worker vanished, ``retries`` those that failed on an upstream error.
    """

    restriction_field: ClassVar[str] = "project_id"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    team = models.ForeignKey(
        settings.PLUGZERO_TEAM_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    project_id = models.UUIDField(null=True)
    kind = models.CharField(max_length=100)
    queue = models.CharField(max_length=20)
    args = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=TaskState.choices, default=TaskState.PENDING)
    attempt = models.PositiveIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    retries = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    run_after = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    dispatched_at = models.DateTimeField(null=True)
    cancel_requested = models.BooleanField(default=False)
    progress_current = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(null=True)
    progress_stage = models.CharField(max_length=60, blank=True, default="")
    progress_message = models.CharField(max_length=300, blank=True, default="")
    version = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_title = models.CharField(max_length=200, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    result_type = models.CharField(max_length=60, blank=True, default="")
    result_id = models.CharField(max_length=64, blank=True, default="")
    result_url = models.CharField(max_length=300, blank=True, default="")
    trace_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[TeamManager] = TeamManager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["team", "-created_at"], name="taskrun_team_recent"),
            models.Index(fields=["state", "lease_until"], name="taskrun_state_lease"),
            models.Index(fields=["team", "queue", "state"], name="taskrun_team_active"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class IdempotencyKey(models.Model):
    """A client's promise that two requests are one; bound to the run the first of them started."""

    team = models.ForeignKey(settings.PLUGZERO_TEAM_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=128)
    fingerprint = models.CharField(max_length=64)
    task_run = models.ForeignKey(TaskRun, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key


class ScheduleState(models.Model):
    """When a schedule fires next. Whoever moves ``next_at`` forward by a conditional update starts the run."""

    name = models.CharField(max_length=120, primary_key=True)
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Leadership(models.Model):
    """Who does a job that only one process may do at a time (the reconciler), until when."""

    role = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.role


class Counter(models.Model):
    """A count within a time window, raised atomically: throttles and usage limits."""

    key = models.CharField(max_length=160, primary_key=True)
    count = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.key
