"""``manage.py runplatform``: the whole platform under one supervisor, stopped together by Ctrl-C.

API (gunicorn), event streams (uvicorn), two Celery workers (quick and heavy queues), the scheduler and, when it is
built, the dashboard. A process that dies is started again; the supervisor ends when told to.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

_RESTART_SECONDS = 2.0
_STOP_SECONDS = 30.0


@dataclass(slots=True)
class Service:
    """One child process: how to start it, and the address that answers when it is healthy."""

    name: str
    command: list[str]
    env: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None
    health_url: str = ""
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0


class Command(BaseCommand):
    help = "Run API, event streams, workers, scheduler and dashboard; Ctrl-C stops all."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the API; event streams use the next one"
        )
        parser.add_argument("--dashboard-port", type=int, default=3000)
        parser.add_argument("--no-dashboard", action="store_true")
        parser.add_argument("--prepare", action="store_true", help="migrate and collect static files first")
        parser.add_argument("--demo", action="store_true", help="with a demo project (development only)")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        services = platform_services(
            host, port, None if options["no_dashboard"] else options["dashboard_port"]
        )
        ports = [port, port + 1] + ([options["dashboard_port"]] if services[-1].name == "dashboard" else [])
        for number in ports:
            if _taken(host, number):
                raise CommandError(
                    f"Port {number} is taken by another program. Stop it, or choose another one: make run PORT=..."
                )
        if options["prepare"]:
            call_command("prepare", stdout=self.stdout)
        login = io.StringIO()
        if options["demo"]:
            call_command("load_demo", stdout=login)
        log_folder = settings.RUN_DIR / "logs"
        log_folder.mkdir(exist_ok=True)
        signal.signal(signal.SIGTERM, _interrupt)
        logs: dict[str, TextIO] = {
            service.name: (log_folder / f"{service.name}.log").open("a") for service in services
        }
        try:
            for service in services:
                _start(service, logs[service.name])
            self._wait_until_healthy(services)
            self._announce(host, port, services, login.getvalue().strip(), log_folder)
            _keep_running(services, logs, self.stdout.write)
        except KeyboardInterrupt:
            self.stdout.write("\nStopping ...")
        finally:
            _stop(services)
            for stream in logs.values():
                stream.close()
        self.stdout.write("Stopped.")

    def _wait_until_healthy(self, services: list[Service], patience: float = 90.0) -> None:
        end = time.monotonic() + patience
        for service in services:
            while service.health_url and not _answers(service.health_url):
                process = service.process
                if process is not None and process.poll() is not None:
                    raise CommandError(
                        f"{service.name} ended at start; see {settings.RUN_DIR}/logs/{service.name}.log"
                    )
                if time.monotonic() > end:
                    raise CommandError(f"{service.name} did not answer within {patience:.0f} seconds.")
                time.sleep(0.1)
            self.stdout.write(f"  {service.name} is up")

    def _announce(self, host: str, port: int, services: list[Service], login: str, log_folder: Path) -> None:
        lines = ["", "PlugZero Intelligence is running."]
        if services[-1].name == "dashboard":
            lines.append(f"  Dashboard   {services[-1].health_url}")
        lines += [
            f"  API         http://{host}:{port}/api/v1/",
            f"  API docs    http://{host}:{port}/api/docs/  (also /api/redoc/)",
            f"  Admin       http://{host}:{port}/{settings.PLUGZERO_ADMIN_PATH}",
            f"  Logs        {log_folder}",
        ]
        if login:
            lines.append(f"  Demo login  {login}")
        self.stdout.write("\n".join([*lines, "", "Ctrl-C stops everything."]))


def platform_services(host: str, port: int, dashboard_port: int | None) -> list[Service]:
    """The processes of one machine's installation, in the order they are started."""
    events_url = settings.PLUGZERO_EVENTS_URL or f"http://{host}:{port + 1}"
    env = {"PLUGZERO_EVENTS_URL": events_url}
    if dashboard_port and not os.environ.get("CORS_ALLOWED_ORIGINS"):
        env["CORS_ALLOWED_ORIGINS"] = f"http://{host}:{dashboard_port},http://localhost:{dashboard_port}"
        env["PLUGZERO_DASHBOARD_URL"] = f"http://{host}:{dashboard_port}"
    python = sys.executable
    celery = [python, "-m", "celery", "-A", "plugzero_api"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    services = [
        Service(
            "api",
            [
                *(python, "-m", "gunicorn", "plugzero_api.wsgi:application", "--bind", f"{host}:{port}"),
                *(
                    "--workers",
                    "2",
                    "--threads",
                    "4",
                    "--timeout",
                    "120",
                    "--graceful-timeout",
                    "20",
                    "--preload",
                ),
                *("--worker-tmp-dir", str(settings.RUN_DIR), "--log-level", "warning", "--no-control-socket"),
            ],
            env,
            health_url=f"http://{host}:{port}/health/ready",
        ),
        Service(
            "events",
            [
                *(python, "-m", "uvicorn", "plugzero_api.asgi:application", "--host", host),
                *("--port", str(port + 1), "--log-level", "warning", "--no-access-log"),
            ],
            env,
            health_url=f"http://{host}:{port + 1}/health/live",
        ),
        Service(
            "worker-quick", [*celery, "worker", "-Q", "default,ai", "-c", "1", "-n", "quick@%h", *quiet], env
        ),
        Service(
            "worker-heavy",
            [*celery, "worker", "-Q", "compute,crawl", "-c", "2", "-n", "heavy@%h", *quiet],
            env,
        ),
        Service("scheduler", [*celery, "beat", "-l", "WARNING", "--pidfile="], env),
    ]
    dashboard = settings.BASE_DIR / "plugzero-analytics"
    server = dashboard / ".next" / "standalone" / "server.js"
    node = shutil.which("node")
    if dashboard_port and node and server.exists():
        services.append(
            Service(
                "dashboard",
                [node, str(server)],
                {
                    "PORT": str(dashboard_port),
                    "HOSTNAME": host,
                    "PLUGZERO_API_URL": f"http://{host}:{port}",
                    "NEXT_TELEMETRY_DISABLED": "1",
                    "NODE_ENV": "production",
                },
                folder=server.parent,
                health_url=f"http://{host}:{dashboard_port}",
            )
        )
    return services


def _interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


def _taken(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _start(service: Service, log: TextIO) -> None:
    service.process = subprocess.Popen(
        service.command,
        env={**os.environ, **service.env},
        cwd=service.folder or settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # Ctrl-C reaches the supervisor alone, which then stops its children in order.
        start_new_session=True,
    )
    service.started_at = time.monotonic()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # nosec B310
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


def _keep_running(services: list[Service], logs: dict[str, TextIO], say: Callable[[str], object]) -> None:
    while True:
        time.sleep(0.5)
        for service in services:
            process = service.process
            if process is not None and process.poll() is not None:
                say(f"{service.name} ended with code {process.returncode}; starting it again.")
                if time.monotonic() - service.started_at < _RESTART_SECONDS:
                    time.sleep(_RESTART_SECONDS)
                _start(service, logs[service.name])


def _stop(services: list[Service]) -> None:
    """Ask all to end (workers drain what they can), then insist."""
    running = [service.process for service in services if service.process and service.process.poll() is None]
    for process in running:
        process.terminate()
    end = time.monotonic() + _STOP_SECONDS
    for process in running:
        try:
            process.wait(timeout=max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
