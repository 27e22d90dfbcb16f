"""Real servers and processes for the fault tests: a platform whose parts can be killed one by one.

The lane is chosen by FAULT_LANE: ``server`` (PostgreSQL and Redis, started and broken here) or ``embedded`` (SQLite and
the filesystem broker). Leases and intervals are shortened, so that "within lease + 10 s" is tested in seconds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LANE = os.environ.get("FAULT_LANE", "embedded")
SERVER_LANE = LANE == "server"
LEASE = 6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait until ``condition`` is true; fail saying ``what`` did not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Postgres:
    """A private PostgreSQL cluster that can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise RuntimeError("The server lane needs PostgreSQL: apt-get install postgresql")
        self.bin = found[-1].parent
        self.folder = folder / "postgres"
        self.folder.mkdir()
        self.port = free_port()
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres")
        self._call("initdb", "-D", f"{self.folder}/data", "-U", "plugzero", "--auth=trust", "-E", "UTF8")
        self.start()
        self._call("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "plugzero", "plugzero")
        self.url = f"postgres://plugzero@127.0.0.1:{self.port}/plugzero"

    def _call(self, program: str, *arguments: str) -> None:
        owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*owner, str(self.bin / program), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        self._call(
            "pg_ctl",
            "-D",
            f"{self.folder}/data",
            "-s",
            "-w",
            "-l",
            f"{self.folder}/log",
            "-o",
            options,
            "start",
        )

    def stop(self, mode: str = "immediate") -> None:
        self._call("pg_ctl", "-D", f"{self.folder}/data", "-s", "-w", "-m", mode, "stop")

    def restart(self) -> None:
        self.stop("fast")
        self.start()


class Redis:
    """A private Redis that can be killed, flushed and started again."""

    def __init__(self, folder: Path) -> None:
        server = shutil.which("redis-server") or shutil.which("valkey-server")
        if server is None:
            raise RuntimeError("The server lane needs Redis: apt-get install redis-server")
        self.server, self.folder, self.port = server, folder / "redis", free_port()
        self.folder.mkdir()
        self.process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self, *, append_only: bool = False) -> None:
        self.process = subprocess.Popen(
            [self.server, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder)]
            + ["--save", "", "--appendonly", "yes" if append_only else "no"],
            stdout=subprocess.DEVNULL,
        )
        wait_for(lambda: answers(self.port), 10, "Redis answering")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def flush(self) -> None:
        import redis

        redis.Redis(port=self.port).flushall()


class BlackHole:
    """A server that accepts connections and never says a word."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("127.0.0.1", port))
        self.socket.listen(128)

    def close(self) -> None:
        self.socket.close()


def answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False


class Process:
    """A child with its own process group, so that it can be signalled alone or as a whole."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], log: Path) -> None:
        self.name = name
        self.log = log.open("a")
        self.popen = subprocess.Popen(
            command,
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.popen.pid

    def children(self) -> list[int]:
        lists = Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for children in lists for pid in children.read_text().split()]

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def signal_group(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        self.signal_group(signal.SIGKILL)
        self.popen.wait()

    def ended(self) -> bool:
        return self.popen.poll() is not None


class Platform:
    """The platform's processes over one set of servers."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="plugzero-faults-"))
        self.folder.chmod(0o755)
        self.postgres = Postgres(self.folder) if SERVER_LANE else None
        self.redis = Redis(self.folder) if SERVER_LANE else None
        self.port = free_port()
        self.processes: list[Process] = []
        self.env = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "tests" / "outside_app"),
            "PLUGZERO_RUN_DIR": str(self.folder / "run"),
            "MEDIA_ROOT": str(self.folder / "media"),
            "TASK_LEASE_SECONDS": str(LEASE),
            "TASK_HEARTBEAT_SECONDS": "2",
            "TASK_RECONCILE_SECONDS": "1",
            "TASK_REPUBLISH_SECONDS": "4",
            "TASK_TEAM_LIMIT_DEFAULT": "100000",
            "TASK_DRAIN_SECONDS": "3",
            "DATABASE_URL": self.postgres.url if self.postgres else "",
            "REDIS_URL": self.redis.url if self.redis else "",
        }

    def _spawn(self, name: str, arguments: list[str], **env: str) -> Process:
        process = Process(
            name, [sys.executable, *arguments], {**self.env, **env}, self.folder / f"{name}.log"
        )
        self.processes.append(process)
        return process

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            env=self.env,
            cwd=ROOT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def worker(self, *, concurrency: int = 2, wait: bool = True, **env: str) -> Process:
        name = f"worker{len(self.processes)}"
        arguments = [
            "-m",
            "celery",
            "-A",
            "plugzero_api",
            "worker",
            "-Q",
            "default,compute",
            "-c",
            str(concurrency),
        ]
        quiet = [
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "-l",
            "WARNING",
            "-n",
            f"{name}@%h",
        ]
        process = self._spawn(name, [*arguments, *quiet], **env)
        if wait:
            wait_for(lambda: len(process.children()) >= concurrency, 30, "the worker's start")
        return process

    def scheduler(self) -> Process:
        return self._spawn(
            f"scheduler{len(self.processes)}",
            ["-m", "celery", "-A", "plugzero_api", "beat", "-l", "WARNING", "--pidfile="],
        )

    def api(self) -> Process:
        process = self._spawn(
            "api",
            [
                "-m",
                "gunicorn",
                "plugzero_api.wsgi:application",
                "--bind",
                f"127.0.0.1:{self.port}",
                "--workers",
                "2",
            ]
            + ["--threads", "4", "--log-level", "warning", "--no-control-socket"],
        )
        wait_for(lambda: answers(self.port), 30, "the API's start")
        return process

    def stop_processes(self) -> None:
        for process in self.processes:
            if not process.ended():
                process.signal_group(signal.SIGCONT)
                process.kill()
        self.processes.clear()

    def clear_broker(self) -> None:
        if self.redis is not None:
            self.redis.flush()
        for folder in (self.folder / "run" / "broker").glob("queue"):
            for message in folder.iterdir():
                message.unlink(missing_ok=True)

    def close(self) -> None:
        self.stop_processes()
        if self.redis is not None and self.redis.process is not None and self.redis.process.poll() is None:
            self.redis.kill()
        if self.postgres is not None:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def running_platform() -> Iterator[Platform]:
    platform = Platform()
    try:
        yield platform
    finally:
        platform.close()
