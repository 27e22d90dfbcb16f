"""The state machine of a task run: one final state, one effect, whatever order things happen in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError
from django.utils import timezone

from plugzero_api.kernel import tasks
from plugzero_api.kernel.errors import Conflict
from plugzero_api.kernel.models import Leadership, ScheduleState, TaskRun, TaskState
from plugzero_api.kernel.plugins import Schedule
from plugzero_api.kernel.tasks import beat, publisher, reconciler, registry, rows
from plugzero_api.kernel.tasks.errors import (
    IdempotencyKeyReused,
    LeaseLost,
    TaskAlreadyFinished,
    TooManyActiveTasks,
    UpstreamUnavailable,
)
from plugzero_api.kernel.tasks.runtime import Run, execute, micro_task

KIND = "kernel_test.work"


@pytest.fixture
def define() -> Iterator[Callable[..., None]]:
    """``define(body, **limits)``: a task kind for one test."""

    def make(body: Callable[..., Any], **options: Any) -> None:
        registry.unregister(KIND)
        micro_task(KIND, **options)(body)

    yield make
    registry.unregister(KIND)


def start(owner: Any, **options: Any) -> TaskRun:
    info = tasks.start(KIND, team_id=owner.team_id, user_id=owner.user_id, **options)
    row: TaskRun = TaskRun._base_manager.get(pk=info.task_id)
    return row


def state_of(row: TaskRun) -> tuple[str, str]:
    row.refresh_from_db()
    return row.state, row.error_code


def test_a_run_succeeds_and_names_its_result(define: Any, owner: Any) -> None:
    define(lambda run, **args: tasks.ResultRef("thing", args["key"], "/things/1/"))
    row = start(owner, args={"key": "1"})
    execute(row.pk)
    assert state_of(row) == ("SUCCESS", "")
    assert (row.result_type, row.result_id, row.attempt) == ("thing", "1", 1)
    assert row.started_at and row.finished_at


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (Conflict("Not now."), ("FAILURE", "conflict")),
        (RuntimeError("bug"), ("FAILURE", "internal_error")),
        (SoftTimeLimitExceeded(), ("FAILURE", "task_timeout")),
        (tasks.TaskCancelled(), ("REVOKED", "")),
        (UpstreamUnavailable("503"), ("RETRY", "upstream_unavailable")),
        (OperationalError("server closed the connection"), ("PENDING", "")),
    ],
)
def test_how_each_end_of_a_body_is_recorded(define: Any, owner: Any, error: Exception, expected: Any) -> None:
    def body(run: Run) -> None:
        raise error

    define(body)
    row = start(owner)
    execute(row.pk)
    assert state_of(row) == expected


def test_a_bug_s_text_never_reaches_the_client(define: Any, owner: Any) -> None:
    def body(run: Run) -> None:
        raise RuntimeError("password=hunter2 at /srv/secret.py")

    define(body)
    row = start(owner)
    execute(row.pk)
    row.refresh_from_db()
    assert "hunter2" not in row.error_detail and "/srv" not in row.error_detail


def test_a_second_delivery_of_a_message_does_nothing(define: Any, owner: Any) -> None:
    calls: list[int] = []
    define(lambda run: calls.append(run.attempt))
    row = start(owner)
    execute(row.pk)
    execute(row.pk)
    assert calls == [1]


def test_retries_stop_at_their_limit(define: Any, owner: Any) -> None:
    def body(run: Run) -> None:
        raise UpstreamUnavailable("503", retry_after=0)

    define(body, max_retries=2)
    row = start(owner)
    for _ in range(3):
        TaskRun._base_manager.filter(pk=row.pk).update(run_after=None)
        execute(row.pk)
    assert state_of(row) == ("FAILURE", "upstream_unavailable")
    assert row.retries == 2


def test_a_run_waiting_for_its_time_is_not_claimed(define: Any, owner: Any) -> None:
    define(lambda run: None)
    row = start(owner, run_after=timezone.now() + timedelta(hours=1))
    execute(row.pk)
    assert state_of(row) == ("PENDING", "")


def test_a_taken_over_attempt_can_commit_nothing(define: Any, owner: Any) -> None:
    from data_ingestion.models import Project

    def body(run: Run) -> None:
        rows.release(run.id, run.attempt, crashed=True)
        with run.completing() as complete:
            Project.objects.create(name="ghost")
            complete(None)

    define(body)
    row = start(owner)
    execute(row.pk)
    assert state_of(row) == ("PENDING", "")
    assert not Project._base_manager.filter(name="ghost").exists()


def test_result_rows_and_final_state_come_together(define: Any, owner: Any) -> None:
    from data_ingestion.models import Project

    def body(run: Run) -> None:
        with run.completing() as complete:
            Project.objects.create(name="half")
            complete(None)
            raise RuntimeError("after the rows, before the commit")

    define(body)
    row = start(owner)
    execute(row.pk)
    assert state_of(row) == ("FAILURE", "internal_error")
    assert not Project._base_manager.filter(name="half").exists()


@pytest.mark.django_db(transaction=True)
def test_cancelling_stops_a_running_body_at_its_next_checkpoint(define: Any, owner: Any) -> None:
    reached: list[str] = []

    def body(run: Run) -> None:
        with owner.scope():
            tasks.cancel(task_id=run.id)
        reached.append("before")
        run.progress(1, 2, stage="next")
        reached.append("after")

    define(body)
    row = start(owner)
    execute(row.pk)
    assert state_of(row) == ("REVOKED", "")
    assert reached == ["before"]


def test_cancelling_a_waiting_run_is_immediate_and_a_finished_one_refused(define: Any, owner: Any) -> None:
    define(lambda run: None)
    waiting, finished = start(owner), start(owner)
    execute(finished.pk)
    with owner.scope():
        assert tasks.cancel(task_id=waiting.pk).state == TaskState.REVOKED
        with pytest.raises(TaskAlreadyFinished):
            tasks.cancel(task_id=finished.pk)
    execute(waiting.pk)
    assert state_of(waiting) == ("REVOKED", "")


@pytest.mark.django_db(transaction=True)
def test_progress_is_written_and_its_lease_checked(define: Any, owner: Any) -> None:
    seen: list[tuple[int, int | None, str]] = []

    def body(run: Run) -> None:
        run.progress(3, 10, stage="reading", message="row 3")
        row = TaskRun._base_manager.get(pk=run.id)
        seen.append((row.progress_current, row.progress_total, row.progress_stage))
        run.lost.set()
        run.progress(4, 10, stage="reading")

    define(body)
    row = start(owner)
    execute(row.pk)
    assert seen == [(3, 10, "reading")]
    assert state_of(row) == ("STARTED", "")


def test_starter_who_lost_the_right_gets_a_revoked_run_that_touched_nothing(define: Any, act_as: Any) -> None:
    called: list[bool] = []
    viewer = act_as("VIEWER")
    define(lambda run: called.append(True), permission="projects.create")
    row = start(viewer)
    execute(row.pk)
    assert state_of(row) == ("REVOKED", "starter_lost_access")
    assert called == []


def test_the_same_idempotency_key_starts_one_run_and_other_content_is_refused(
    define: Any, owner: Any
) -> None:
    define(lambda run, **args: None)
    first = start(owner, args={"a": 1}, idempotency_key="key-1")
    again = start(owner, args={"a": 1}, idempotency_key="key-1")
    assert first.pk == again.pk
    with pytest.raises(IdempotencyKeyReused):
        start(owner, args={"a": 2}, idempotency_key="key-1")


def test_a_team_with_too_many_unfinished_runs_is_told_when_to_come_back(
    define: Any, owner: Any, settings: Any
) -> None:
    settings.TASK_TEAM_LIMITS = {**settings.TASK_TEAM_LIMITS, "default": 2}
    define(lambda run: None)
    start(owner)
    start(owner)
    with pytest.raises(TooManyActiveTasks) as refused:
        start(owner)
    assert refused.value.status == 429
    assert refused.value.retry_after


def overdue(row: TaskRun, **columns: Any) -> None:
    past = timezone.now() - timedelta(hours=1)
    TaskRun._base_manager.filter(pk=row.pk).update(**dict.fromkeys(columns, past))


def test_reconciler_gives_a_lost_run_back_and_gives_up_after_three(define: Any, owner: Any) -> None:
    define(lambda run: None)
    row = start(owner)
    for crash in (1, 2):
        assert rows.claim(row, worker="gone", hard_limit=60)
        overdue(row, lease_until=True)
        reconciler.reconcile()
        assert state_of(row) == ("PENDING", "")
        assert row.crashes == crash
    assert rows.claim(row, worker="gone", hard_limit=60)
    overdue(row, lease_until=True)
    reconciler.reconcile()
    assert state_of(row) == ("FAILURE", "task_crashed")


def test_reconciler_ends_runs_past_their_limit_expired_and_cancelled_ones(define: Any, owner: Any) -> None:
    define(lambda run: None)
    stuck, expired, cancelled = start(owner), start(owner), start(owner)
    rows.claim(stuck, worker="w", hard_limit=1)
    overdue(stuck, deadline_at=True)
    overdue(expired, expires_at=True)
    rows.claim(cancelled, worker="w", hard_limit=600)
    rows.request_cancel(cancelled.pk)
    overdue(cancelled, lease_until=True)
    reconciler.reconcile()
    assert state_of(stuck) == ("FAILURE", "task_timeout")
    assert state_of(expired) == ("FAILURE", "task_expired")
    assert state_of(cancelled) == ("REVOKED", "")


def test_reconciler_publishes_lost_messages_and_survives_a_broker_that_is_away(
    define: Any, owner: Any, monkeypatch: Any
) -> None:
    define(lambda run: None)
    row = start(owner)
    TaskRun._base_manager.filter(pk=row.pk).update(dispatched_at=None)
    sent: list[Any] = []

    def away(*message: Any) -> None:
        raise ConnectionError("refused")

    monkeypatch.setattr(publisher, "publish", away)
    assert reconciler.reconcile()["published"] == 0
    monkeypatch.setattr(publisher, "publish", lambda *message: sent.append(message))
    assert reconciler.reconcile()["published"] == 1
    assert sent == [(KIND, row.pk, "default")]
    assert reconciler.reconcile()["published"] == 0


def test_one_leader_at_a_time(db: None) -> None:
    assert reconciler.lead("test", seconds=60, holder="a")
    assert not reconciler.lead("test", seconds=60, holder="b")
    assert reconciler.lead("test", seconds=60, holder="a")
    Leadership.objects.filter(role="test").update(until=timezone.now() - timedelta(seconds=1))
    assert reconciler.lead("test", seconds=60, holder="b")


def test_a_due_schedule_fires_once_and_moves_on(db: None) -> None:
    now = timezone.now()
    beat.fire_due(now)
    name = "kernel.purge_finished_runs"
    ScheduleState.objects.filter(name=name).update(next_at=now - timedelta(minutes=1))
    fired = beat.fire_due(now)
    assert fired >= 1
    assert TaskRun._base_manager.filter(kind=name).count() == 1
    beat.fire_due(now)
    assert TaskRun._base_manager.filter(kind=name).count() == 1


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule("a", "k", every=timedelta(minutes=10)), "2024-02-29T23:10:00+00:00"),
        (Schedule("b", "k", cron="0 6 * * 1"), "2024-03-04T06:00:00+00:00"),
    ],
)
def test_next_time_of_a_schedule(schedule: Schedule, expected: str) -> None:
    from datetime import datetime

    after = datetime.fromisoformat("2024-02-29T23:00:00+00:00")
    assert beat.next_time(schedule, after).isoformat() == expected


def test_a_lease_is_not_extended_by_an_old_attempt(define: Any, owner: Any) -> None:
    define(lambda run: None)
    row = start(owner)
    rows.claim(row, worker="w", hard_limit=60)
    assert rows.extend_lease(row.pk, 1)
    assert not rows.extend_lease(row.pk, 0)


def test_a_shutting_down_worker_hands_back_only_its_own_runs_uncounted(define: Any, owner: Any) -> None:
    define(lambda run: None)
    mine, other = start(owner), start(owner)
    rows.claim(mine, worker="me", hard_limit=60)
    rows.claim(other, worker="you", hard_limit=60)
    assert rows.release_worker("me") == 1
    assert (*state_of(mine), mine.crashes) == ("PENDING", "", 0)
    assert state_of(other) == ("STARTED", "")


def test_lease_lost_inside_a_fenced_batch(define: Any, owner: Any) -> None:
    define(lambda run: None)
    row = start(owner)
    rows.claim(row, worker="w", hard_limit=60)
    run = Run(row)
    rows.release(row.pk, row.attempt, crashed=True)
    with pytest.raises(LeaseLost), run.fenced():
        pass


def test_polling_answers_an_etag_and_says_when_to_come_back(define: Any, owner: Any) -> None:
    define(lambda run: None)
    row = start(owner)
    first = owner.client.get(f"tasks/{row.pk}/")
    assert first["Retry-After"] == "1"
    assert first["Cache-Control"] == "private, no-cache"
    unchanged = owner.client.get(f"tasks/{row.pk}/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert unchanged.status_code == 304
    execute(row.pk)
    changed = owner.client.get(f"tasks/{row.pk}/", HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200
    assert not changed.has_header("Retry-After")


def test_asking_for_a_stream_leads_to_the_process_that_streams(
    define: Any, owner: Any, settings: Any
) -> None:
    settings.PLUGZERO_EVENTS_URL = "https://events.example.com/"
    define(lambda run: None)
    row = start(owner)
    answer = owner.client.get(f"tasks/{row.pk}/events/", HTTP_ACCEPT="text/event-stream")
    assert answer.status_code == 307
    assert answer["Location"] == f"https://events.example.com/api/v1/tasks/{row.pk}/events/"


def test_polling_costs_two_queries(define: Any, owner: Any, django_assert_num_queries: Any) -> None:
    define(lambda run: None)
    row = start(owner)
    with django_assert_num_queries(2):
        owner.client.get(f"tasks/{row.pk}/")
