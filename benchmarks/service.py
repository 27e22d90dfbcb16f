"""Speed of the service: polling a task run, dispatching a no-op, many event streams. Ratios in one run.

Usage:  scripts/with-services .venv/bin/python benchmarks/service.py        (PostgreSQL and Redis)
        .venv/bin/python benchmarks/service.py --embedded                   (SQLite, filesystem broker: dispatch only)
Needs wrk for the request rates. All traffic stays on the loopback interface.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WRK_SECONDS = 6
CONNECTIONS = 8


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(command: list[str], port: int = 0, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env={**os.environ, **env},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 30
        while port and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.1)
        yield child
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def gunicorn(port: int) -> list[str]:
    return [
        *("-m", "gunicorn", "plugzero_api.wsgi:application", "--bind", f"127.0.0.1:{port}", "--workers", "1"),
        *("--threads", "4", "--log-level", "error", "--no-control-socket"),
    ]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its living children."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [str(pid), *children]:
        parts = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        total += (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")
    return total


def requests_per_second(
    url: str, headers: dict[str, str], pid: int, status: int = 200
) -> tuple[float, float]:
    """(requests per second, CPU milliseconds per request) under wrk."""
    flags = [item for name, value in headers.items() for item in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{WRK_SECONDS}s", *flags, url]
    subprocess.run([*command[:3], "-d1s", *command[4:]], capture_output=True, check=True)
    before = cpu_seconds(pid)
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    spent = cpu_seconds(pid) - before
    count = int(re.search(r"(\d+) requests in", output)[1])  # type: ignore[index]
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])  # type: ignore[index]
    import requests

    answered = requests.get(url, headers=headers, timeout=10).status_code
    if answered != status or (status == 200 and "Non-2xx" in output):
        raise SystemExit(f"unexpected answers from {url}: {answered}\n{output}")
    return rate, spent / count * 1000


def latency_at(url: str, headers: dict[str, str], rate: int, seconds: int) -> list[float]:
    """Milliseconds of each answer at a constant rate of requests."""
    import requests

    results: list[float] = []
    lock = threading.Lock()
    start = time.perf_counter() + 0.2

    def client(offset: int, clients: int) -> None:
        session = requests.Session()
        for index in range(offset, rate * seconds, clients):
            due = start + index / rate
            time.sleep(max(0.0, due - time.perf_counter()))
            session.get(url, headers=headers, timeout=10).raise_for_status()
            with lock:
                results.append((time.perf_counter() - due) * 1000)

    threads = [threading.Thread(target=client, args=(number, 8)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


def polling(identity: dict[str, Any]) -> None:
    api, bare = free_port(), free_port()
    headers = {"Authorization": f"Bearer {identity['access']}"}
    path = f"http://127.0.0.1:{api}/api/v1/tasks/{identity['task_id']}/"
    with process(
        gunicorn(bare), bare, DJANGO_SETTINGS_MODULE="benchmarks.service_site.bare_settings"
    ) as server:
        reference, reference_cpu = requests_per_second(
            f"http://127.0.0.1:{bare}/row/{identity['task_id']}/", {}, server.pid
        )
    with process(gunicorn(api), api) as server:
        import requests

        tag = requests.get(path, headers=headers, timeout=10).headers["ETag"]
        rate, cpu = requests_per_second(path, headers, server.pid)
        unchanged, unchanged_cpu = requests_per_second(
            path, {**headers, "If-None-Match": tag}, server.pid, status=304
        )
        times = latency_at(path, headers, rate=100, seconds=10)
    print(f"bare Django view, one row      {reference:8.0f} req/s   {reference_cpu:5.2f} ms CPU")
    for name, found, spent, aim in (
        ("poll a task run with JWT", rate, cpu, "0.60; 1.5 ms"),
        ("the same, answered 304", unchanged, unchanged_cpu, "0.75"),
    ):
        ratio = found / reference
        print(f"{name:30} {found:8.0f} req/s   {spent:5.2f} ms CPU   ratio {ratio:.2f}   (aim {aim})")
    median, late = times[len(times) // 2], times[int(len(times) * 0.99)]
    print(f"at 100 requests per second     p50 {median:.1f} ms   p99 {late:.1f} ms   (aim p99 < 50)")


def dispatch(count: int = 200) -> float:
    """Median milliseconds from starting a no-op run to its SUCCESS, seen in the database."""
    import django

    django.setup()
    from accounts.models import Team
    from plugzero_api.kernel import tasks
    from plugzero_api.kernel.models import TaskRun

    team = Team.objects.get()
    worker = ["-m", "celery", "-A", "plugzero_api", "worker", "-Q", "default", "-c", "1", "-l", "ERROR"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    times = []
    with process([*worker, *quiet]):
        for index in range(count + 20):
            started = time.perf_counter()
            info = tasks.start("field_notes.noop", team_id=team.pk)
            rows = TaskRun._base_manager.filter(pk=info.task_id).values_list("state", flat=True)
            while rows.get() not in ("SUCCESS", "FAILURE"):
                time.sleep(0.0003)
                if time.perf_counter() - started > 60:
                    raise SystemExit("the worker does not answer")
            if index >= 20:
                times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def plain_celery(count: int = 200) -> float:
    """Median milliseconds from delay() of a no-op to its end, seen in Redis."""
    import redis

    from benchmarks.service_site.celery_noop import noop

    client = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=90)
    worker = ["-m", "celery", "-A", "benchmarks.service_site.celery_noop", "worker", "-c", "1", "-l", "ERROR"]
    times = []
    with process([*worker, "--without-gossip", "--without-mingle", "--without-heartbeat"]):
        for index in range(count + 20):
            started = time.perf_counter()
            noop.delay(str(index))
            if client.blpop([f"done:{index}"], timeout=60) is None:
                raise SystemExit("the plain Celery worker does not answer")
            if index >= 20:
                times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def streams(identity: dict[str, Any], count: int = 900) -> None:
    port = free_port()
    command = ["-m", "uvicorn", "plugzero_api.asgi:application", "--port", str(port), "--log-level", "error"]
    with process(command, port) as server:
        alive, cpu = asyncio.run(_listen(port, identity, count, server.pid))
    print(f"event streams on one process   {alive} of {count} told of a change; {cpu:.0f} % CPU while idle")


async def _listen(port: int, identity: dict[str, Any], count: int, pid: int) -> tuple[int, float]:
    request = (
        f"GET /api/v1/tasks/{identity['task_id']}/events/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Bearer {identity['access']}\r\n\r\n"
    ).encode()

    async def one() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        await reader.readuntil(b"\n\n")
        return reader, writer

    opened = []
    for start in range(0, count, 30):
        opened += await asyncio.gather(*[one() for _ in range(min(30, count - start))])
    before = cpu_seconds(pid)
    await asyncio.sleep(5)
    cpu = (cpu_seconds(pid) - before) / 5 * 100
    await asyncio.to_thread(_touch, identity["task_id"])

    async def told(reader: asyncio.StreamReader) -> bool:
        with contextlib.suppress(TimeoutError, asyncio.IncompleteReadError):
            return b"data:" in await asyncio.wait_for(reader.readuntil(b"\n\n"), 10)
        return False

    alive = sum(await asyncio.gather(*[told(reader) for reader, _ in opened]))
    for _, writer in opened:
        writer.close()
    return alive, cpu


def _touch(task_id: str) -> None:
    from django.db import connection
    from django.db.models import F

    from plugzero_api.kernel.models import TaskRun

    TaskRun._base_manager.filter(pk=task_id).update(version=F("version") + 1)
    connection.close()


def prepare() -> dict[str, Any]:
    """A signed-in user and a waiting task run."""
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, check=True)
    import django

    django.setup()
    from accounts import services as accounts
    from accounts.tests import factories
    from plugzero_api.kernel.models import TaskRun

    user_id, team_id = accounts.create_user_with_team(
        email="bench@example.com", password="a-long-pass-phrase-9", verified=True
    )
    from accounts.models import User

    run = TaskRun(team_id=team_id, created_by_id=user_id, kind="kernel.purge_finished_runs", queue="default")
    run.save(force_insert=True)
    header = factories.headers(User.objects.get(pk=user_id))["HTTP_AUTHORIZATION"]
    from django.db import connection

    connection.close()
    return {"access": header.removeprefix("Bearer "), "task_id": str(run.pk)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--embedded", action="store_true")
    embedded = parser.parse_args().embedded
    folder = tempfile.mkdtemp(prefix="plugzero-bench-")
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "plugzero_api.settings",
        "PLUGZERO_RUN_DIR": f"{folder}/run",
        "MEDIA_ROOT": f"{folder}/media",
        "TASK_TEAM_LIMIT_DEFAULT": "100000",
        "LOG_LEVEL": "ERROR",
    }
    # The outside micro-app brings the no-op task.
    outside = str(ROOT / "tests" / "outside_app")
    os.environ["PYTHONPATH"] = outside
    sys.path[:0] = [str(ROOT), outside]
    if embedded:
        os.environ |= {"DATABASE_URL": "", "REDIS_URL": ""}
    try:
        identity = prepare()
        if embedded:
            print(f"no-op task, embedded default   {dispatch(60):6.1f} ms   (aim 70)")
            return
        polling(identity)
        ours, plain = dispatch(), plain_celery()
        print(
            f"no-op task                     {ours:6.2f} ms   plain Celery {plain:.2f} ms   ratio {ours / plain:.2f}   (aim 2.0)"
        )
        streams(identity)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
