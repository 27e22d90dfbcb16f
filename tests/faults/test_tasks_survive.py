"""Nothing is lost and nothing happens twice, whatever is killed.

"Nothing lost" means: every accepted run ends in one final state, every success has exactly one effect.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from tests.faults.harness import LEASE, ROOT, SERVER_LANE, BlackHole, Platform, wait_for

pytestmark = pytest.mark.faults
Team = tuple[UUID, UUID]
server_only = pytest.mark.skipif(not SERVER_LANE, reason="a fault of PostgreSQL or Redis")
embedded_only = pytest.mark.skipif(SERVER_LANE, reason="a fault of SQLite")
IN_FLIGHT = 200


def submit(team: Team, count: int, **args: Any) -> list[str]:
    """Start ``count`` tallies; returns their keys."""
    from plugzero_api.kernel import tasks

    keys = [f"k{index:04}" for index in range(count)]
    for key in keys:
        tasks.start("field_notes.tally", team_id=team[1], user_id=team[0], args={"key": key, **args})
    return keys


def states() -> Counter[str]:
    from plugzero_api.kernel.models import TaskRun

    return Counter(TaskRun._base_manager.filter(kind="field_notes.tally").values_list("state", flat=True))


def database_answers() -> bool:
    """Whether this process's connection works again; a broken one is given up."""
    from django.db import Error, connection

    try:
        connection.ensure_connection()
        states()
    except Error:
        connection.close()
        return False
    return True


def done() -> int:
    return states()["SUCCESS"]


def all_final() -> bool:
    return not set(states()) - {"SUCCESS", "FAILURE", "REVOKED"}


def assert_each_happened_once(keys: list[str]) -> None:
    from field_notes.models import Note

    effects = Counter(Note._base_manager.values_list("key", flat=True))
    assert states() == Counter({"SUCCESS": len(keys)})
    assert effects == Counter(dict.fromkeys(keys, 1))


def finish(keys: list[str], seconds: float = 90) -> None:
    wait_for(all_final, seconds, f"the end of all runs (now {states()})")
    assert_each_happened_once(keys)


def test_f1_killing_and_terminating_workers_in_mid_flight(platform: Platform, team: Team) -> None:
    workers = [platform.worker(concurrency=2) for _ in range(3)]
    platform.scheduler()
    keys = submit(team, 1000, seconds=0.02)
    wait_for(lambda: done() > 300, 60, "half of the work")
    workers[0].kill()
    workers[1].signal(signal.SIGTERM)
    for child in workers[2].children():
        os.kill(child, signal.SIGKILL)
    platform.worker(concurrency=2)
    finish(keys, 120)


@pytest.mark.parametrize("victim", ["child", "parent", "group"])
def test_f2_a_killed_worker_s_run_is_done_by_another_within_the_lease(
    platform: Platform, team: Team, victim: str
) -> None:
    worker = platform.worker(concurrency=1)
    platform.scheduler()
    keys = submit(team, 1, seconds=3, steps=30)
    wait_for(lambda: states()["STARTED"] == 1, 10, "the run's start")
    time.sleep(0.5)
    if victim == "child":
        os.kill(worker.children()[0], signal.SIGKILL)
    elif victim == "parent":
        children = worker.children()
        worker.signal(signal.SIGKILL)
        for child in children:
            os.kill(child, signal.SIGKILL)
    else:
        worker.kill()
    killed = time.monotonic()
    if victim != "child":
        platform.worker(concurrency=1)
    finish(keys, LEASE + 10 + 3)
    assert time.monotonic() - killed < LEASE + 10 + 3


def test_f3_a_deploy_hands_the_run_back_without_counting_a_crash(platform: Platform, team: Team) -> None:
    from plugzero_api.kernel.models import TaskRun

    worker = platform.worker(concurrency=1)
    platform.scheduler()
    keys = submit(team, 1, seconds=12, steps=120)
    wait_for(lambda: states()["STARTED"] == 1, 10, "the run's start")
    time.sleep(1)
    worker.signal(signal.SIGTERM)
    wait_for(worker.ended, 30, "the worker's end")
    wait_for(lambda: states()["PENDING"] == 1, 5, "the run's return to the queue")
    platform.worker(concurrency=1)
    finish(keys, 40)
    assert TaskRun._base_manager.get(kind="field_notes.tally").crashes == 0


def test_f4_a_run_that_kills_its_worker_is_given_up_and_others_flow(platform: Platform, team: Team) -> None:
    from plugzero_api.kernel import tasks
    from plugzero_api.kernel.models import TaskRun

    platform.worker(concurrency=2)
    platform.scheduler()
    poison = tasks.start("field_notes.crash", team_id=team[1], user_id=team[0])
    keys = submit(team, 40, seconds=0.02)
    wait_for(lambda: done() == len(keys), 30, "the other runs")
    row = TaskRun._base_manager.filter(pk=poison.task_id)
    wait_for(lambda: row.get().state == "FAILURE", 3 * (LEASE + 10), "the poisonous run's end")
    assert row.get().error_code == "task_crashed"
    assert row.get().attempt == 3


@server_only
@pytest.mark.parametrize("append_only", [False, True])
def test_f5_broker_killed_and_restarted(platform: Platform, team: Team, append_only: bool) -> None:
    assert platform.redis is not None
    platform.worker(concurrency=2)
    platform.scheduler()
    keys = submit(team, IN_FLIGHT, seconds=0.05)
    wait_for(lambda: done() > 30, 30, "some work")
    platform.redis.kill()
    time.sleep(1)
    platform.redis.start(append_only=append_only)
    finish(keys, 90)


def test_f6_wiped_broker(platform: Platform, team: Team) -> None:
    keys = submit(team, IN_FLIGHT)
    time.sleep(1)
    platform.clear_broker()
    platform.worker(concurrency=2)
    platform.scheduler()
    finish(keys, 60)


@server_only
@pytest.mark.parametrize("fault", ["down", "black hole"])
def test_f7_f8_submitting_while_the_broker_is_away_answers_202_at_once(
    platform: Platform, team: Team, fault: str
) -> None:
    assert platform.redis is not None
    platform.api()
    session = signed_in(platform)
    platform.redis.kill()
    hole = BlackHole(platform.redis.port) if fault == "black hole" else None
    times, keys = [], [f"k{index:04}" for index in range(20)]
    for key in keys:
        started = time.perf_counter()
        answer = session.post(f"{api(platform)}/field-notes/", json={"key": key}, timeout=30)
        times.append(time.perf_counter() - started)
        assert answer.status_code == 202, answer.text
    assert statistics.median(times) < 0.5
    assert max(times) < 1.5
    if hole is not None:
        hole.close()
    platform.redis.start()
    platform.worker(concurrency=2)
    platform.scheduler()
    finish(keys, 60)


@server_only
def test_f9_requests_and_runs_survive_a_database_restart(platform: Platform, team: Team) -> None:
    assert platform.postgres is not None
    platform.api()
    platform.worker(concurrency=2)
    platform.scheduler()
    session = signed_in(platform)
    keys = submit(team, IN_FLIGHT, seconds=0.05)
    answers: Counter[int] = Counter()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            answers[session.get(f"{api(platform)}/tasks/?page_size=1", timeout=30).status_code] += 1

    with ThreadPoolExecutor(4) as pool:
        readers = [pool.submit(read) for _ in range(4)]
        time.sleep(1)
        platform.postgres.restart()
        time.sleep(3)
        stop.set()
        for reader in readers:
            reader.result()
    assert answers[200] > 100
    # While the server is down it says so (503 with Retry-After); nothing else may come back.
    assert set(answers) <= {200, 503}, answers
    wait_for(database_answers, 10, "this process's reconnection")
    finish(keys, 90)


@server_only
def test_f10_database_down_for_a_while(platform: Platform, team: Team) -> None:
    import requests

    assert platform.postgres is not None
    platform.api()
    platform.worker(concurrency=2)
    platform.scheduler()
    keys = submit(team, 4, seconds=4, steps=40)
    wait_for(lambda: states()["STARTED"] >= 1, 10, "the runs' start")
    platform.postgres.stop()
    try:
        base = f"http://127.0.0.1:{platform.port}"
        assert requests.get(f"{base}/health/live", timeout=5).status_code == 200
        ready = requests.get(f"{base}/health/ready", timeout=20)
        assert ready.status_code == 503
        assert ready.headers["Retry-After"]
        assert "Traceback" not in ready.text
        time.sleep(10)
    finally:
        platform.postgres.start()
    wait_for(database_answers, 10, "this process's reconnection")
    finish(keys, 90)


@embedded_only
def test_f12_sqlite_locked_by_another_writer_loses_no_accepted_run(platform: Platform, team: Team) -> None:
    import sqlite3

    platform.api()
    session = signed_in(platform)
    other = sqlite3.connect(platform.folder / "run" / "plugzero.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(8, other.rollback)
    accepted: list[str] = []

    def post(key: str) -> None:
        answer = session.post(f"{api(platform)}/field-notes/", json={"key": key}, timeout=60)
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 202:
            accepted.append(key)

    with ThreadPoolExecutor(4) as pool:
        posts = [pool.submit(post, f"k{index}") for index in range(4)]
        time.sleep(8)
        other.rollback()
        for outcome in posts:
            outcome.result()
    platform.worker(concurrency=1)
    platform.scheduler()
    finish(accepted, 60)


@pytest.mark.parametrize("seconds", ["30", "-3600"])
def test_f13_a_worker_with_a_wrong_clock_does_nothing_twice(
    platform: Platform, team: Team, seconds: str
) -> None:
    skew = {
        "PYTHONPATH": f"{ROOT}/tests/faults/skewed_clock:{platform.env['PYTHONPATH']}",
        "CLOCK_SKEW": seconds,
    }
    platform.worker(concurrency=1, **skew)
    platform.worker(concurrency=1)
    platform.scheduler()
    keys = submit(team, IN_FLIGHT, seconds=0.02)
    finish(keys, 60)


def test_f14_a_run_stuck_in_c_code_ends_at_its_hard_limit(platform: Platform, team: Team) -> None:
    from plugzero_api.kernel import tasks
    from plugzero_api.kernel.models import TaskRun

    platform.worker(concurrency=1)
    platform.scheduler()
    info = tasks.start("field_notes.hang", team_id=team[1], user_id=team[0])
    row = TaskRun._base_manager.filter(pk=info.task_id)
    wait_for(lambda: row.get().state == "STARTED", 10, "the run's start")
    wait_for(lambda: row.get().state == "FAILURE", 4 + 5, "the run's end")
    assert row.get().error_code == "task_timeout"
    keys = submit(team, 5)
    finish(keys, 20)


def test_f15_a_message_delivered_five_times_has_one_effect(platform: Platform, team: Team) -> None:
    from plugzero_api.kernel.models import TaskRun
    from plugzero_api.kernel.tasks import publisher

    keys = submit(team, IN_FLIGHT // 4, seconds=0.02)
    for run_id in TaskRun._base_manager.values_list("pk", flat=True):
        for _ in range(4):
            publisher.publish("field_notes.tally", run_id, "default")
    platform.worker(concurrency=2)
    platform.worker(concurrency=2)
    platform.scheduler()
    finish(keys, 60)


def test_f16_one_idempotency_key_used_twenty_times_at_once(platform: Platform, team: Team) -> None:
    platform.api()
    session = signed_in(platform)
    headers = {"Idempotency-Key": "same-key-for-all"}

    def post(_: int) -> Any:
        return session.post(
            f"{api(platform)}/field-notes/", json={"key": "once"}, headers=headers, timeout=60
        )

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    other = session.post(f"{api(platform)}/field-notes/", json={"key": "other"}, headers=headers, timeout=30)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    platform.worker(concurrency=1)
    platform.scheduler()
    finish(["once"], 30)


def test_f17_two_schedulers_fire_each_schedule_once(platform: Platform, team: Team) -> None:
    from field_notes.models import Tick

    from plugzero_api.kernel.models import ScheduleState

    ScheduleState.objects.all().delete()
    platform.worker(concurrency=1)
    for _ in range(2):
        platform.scheduler()
    started = time.monotonic()
    wait_for(lambda: Tick.objects.count() >= 2, 40, "two ticks")
    elapsed = time.monotonic() - started
    # Every six seconds, looked at every five: never more often than once per interval.
    assert Tick.objects.count() <= elapsed // 6 + 1


def test_f17_a_killed_scheduler_is_replaced(platform: Platform, team: Team) -> None:
    first = platform.scheduler()
    time.sleep(3)
    keys = submit(team, IN_FLIGHT)
    platform.clear_broker()
    first.kill()
    platform.scheduler()
    platform.worker(concurrency=2)
    finish(keys, 60)


def test_f20_web_process_killed_between_commit_and_publication(platform: Platform, team: Team) -> None:
    script = (
        "import django, os, signal; django.setup()\n"
        "from plugzero_api.kernel import tasks\n"
        "from plugzero_api.kernel.tasks import publisher\n"
        "publisher.submit = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"tasks.start('field_notes.tally', team_id='{team[1]}', user_id='{team[0]}', args={{'key': 'k'}})\n"
    )
    env = {**platform.env, "DJANGO_SETTINGS_MODULE": "plugzero_api.settings"}
    died = subprocess.run([sys.executable, "-c", script], env=env, cwd=ROOT, capture_output=True, text=True)
    assert died.returncode == -signal.SIGKILL, died.stderr
    platform.worker(concurrency=1)
    platform.scheduler()
    finish(["k"], 40)


def test_f21_rows_and_messages_of_another_release(platform: Platform, team: Team) -> None:
    from celery import current_app

    from plugzero_api.kernel.models import TaskRun

    unknown = TaskRun(team_id=team[1], kind="field_notes.of_tomorrow", queue="default", args={})
    unknown.save(force_insert=True)
    current_app.tasks["field_notes.tally"].apply_async(args=(str(unknown.pk),), queue="default")
    keys = submit(team, 1)
    row = TaskRun._base_manager.get(kind="field_notes.tally")
    current_app.tasks["field_notes.tally"].apply_async(
        args=(str(row.pk),), kwargs={"later": 1}, queue="default"
    )
    worker = platform.worker(concurrency=1)
    platform.scheduler()
    finish(keys, 30)
    wait_for(lambda: TaskRun._base_manager.get(pk=unknown.pk).state == "FAILURE", 20, "the unknown run's end")
    assert TaskRun._base_manager.get(pk=unknown.pk).error_code == "unknown_task_kind"
    assert not worker.ended()


def test_a_worker_paused_beyond_its_lease_changes_nothing_when_it_wakes(
    platform: Platform, team: Team
) -> None:
    paused = platform.worker(concurrency=1)
    platform.scheduler()
    keys = submit(team, 1, seconds=3, steps=30)
    wait_for(lambda: states()["STARTED"] == 1, 10, "the run's start")
    paused.signal_group(signal.SIGSTOP)
    platform.worker(concurrency=1)
    finish(keys, LEASE + 20)
    paused.signal_group(signal.SIGCONT)
    time.sleep(5)
    assert_each_happened_once(keys)


def test_everything_killed_and_started_again(platform: Platform, team: Team) -> None:
    keys = submit(team, IN_FLIGHT, seconds=0.02)
    for _ in range(3):
        parts = [platform.worker(concurrency=2), platform.scheduler()]
        time.sleep(2 + random.random() * 2)
        for part in parts:
            part.kill()
    platform.worker(concurrency=2)
    platform.scheduler()
    finish(keys, 90)


def api(platform: Platform) -> str:
    return f"http://127.0.0.1:{platform.port}/api/v1"


def signed_in(platform: Platform) -> Any:
    import requests

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=32))
    tokens = session.post(
        f"{api(platform)}/auth/login/",
        json={"email": "faults@example.com", "password": "a-long-pass-phrase-9"},
        timeout=30,
    )
    assert tokens.status_code == 200, tokens.text
    session.headers["Authorization"] = f"Bearer {tokens.json()['access']}"
    return session
