"""The event-stream process: Server-Sent Events for any number of streams from one shared reader.

A small ASGI application of its own. Each stream is authenticated like a request; then all streams together cost
one query per ``POLL_SECONDS`` (rows whose version moved), however many clients listen.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.http import HttpRequest
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.api.problems import problem
from plugzero_api.kernel.errors import DomainError
from plugzero_api.kernel.models import FINAL_STATES, TaskRun
from plugzero_api.kernel.tasks.serializers import represent
from plugzero_api.kernel.tenancy import team_scope

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

POLL_SECONDS = 0.5
KEEP_ALIVE_SECONDS = 15.0
# A stream ends after this long and the client reconnects, which checks its rights anew.
MAX_STREAM_SECONDS = 600.0
_PATH = re.compile(r"^/api/v1/tasks/([0-9a-f-]{36})/events/$")
_FIELDS_READ_PER_QUERY = 900


class SharedReader:
    """Reads the versions of all watched rows at once and wakes the streams whose row moved."""

    def __init__(self) -> None:
        self._watchers: dict[UUID, set[asyncio.Queue[dict[str, Any]]]] = defaultdict(set)
        self._versions: dict[UUID, tuple[int, int]] = {}
        self._task: asyncio.Task[None] | None = None

    def watch(self, run: TaskRun) -> asyncio.Queue[dict[str, Any]]:
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=8)
        self._watchers[run.pk].add(queue)
        # What the stream already sent may be older than what others saw: the smaller version is safe.
        known = self._versions.get(run.pk)
        seen = (run.attempt, run.version)
        self._versions[run.pk] = min(known, seen) if known else seen
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        return queue

    def leave(self, run_id: UUID, queue: asyncio.Queue[dict[str, Any]]) -> None:
        self._watchers[run_id].discard(queue)
        if not self._watchers[run_id]:
            del self._watchers[run_id]
            self._versions.pop(run_id, None)

    async def _poll(self) -> None:
        while self._watchers:
            await asyncio.sleep(POLL_SECONDS)
            try:
                changed = await sync_to_async(_read_changed, thread_sensitive=True)(dict(self._versions))
            except (DatabaseError, InterfaceError):
                continue
            for run in changed:
                self._versions[run.pk] = (run.attempt, run.version)
                event = represent(run)
                for queue in self._watchers.get(run.pk, ()):
                    if queue.full():
                        queue.get_nowait()
                    queue.put_nowait(event)


def _read_changed(versions: dict[UUID, tuple[int, int]]) -> list[TaskRun]:
    close_old_connections()
    ids = list(versions)
    changed: list[UUID] = []
    for start in range(0, len(ids), _FIELDS_READ_PER_QUERY):
        chunk = ids[start : start + _FIELDS_READ_PER_QUERY]
        rows = TaskRun._base_manager.filter(pk__in=chunk).values_list("pk", "attempt", "version")
        changed += [pk for pk, attempt, version in rows if (attempt, version) != versions[pk]]
    return list(TaskRun._base_manager.filter(pk__in=changed)) if changed else []


class _Authenticator(APIView):
    """DRF's own authentication and permission, without a response."""

    permission_of = {"get": "tasks.view"}
    action = None


def _open(headers: dict[str, str], run_id: str, client: str) -> TaskRun | None:
    """The run, seen with the caller's rights. Raises what authentication and permissions raise."""
    close_old_connections()
    request = HttpRequest()
    request.method = "GET"
    request.META = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    request.META["REMOTE_ADDR"] = client
    view = _Authenticator()
    drf_request = view.initialize_request(request)
    view.request = drf_request
    view.perform_authentication(drf_request)
    view.check_permissions(drf_request)
    principal = drf_request.auth
    if not isinstance(principal, Principal) or principal.access is None:
        return None
    with team_scope(principal.access.team_id, restricted_to=principal.access.restricted_to):
        return TaskRun.objects.filter(pk=run_id).first()


class EventStream:
    """The ASGI application: ``GET /api/v1/tasks/{task_id}/events/`` and ``GET /health/live``."""

    def __init__(self) -> None:
        self.reader = SharedReader()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        cors = _cors(headers.get("origin", ""))
        if scope["path"] == "/health/live":
            await _answer(send, 200, {"status": "alive"}, cors)
            return
        match = _PATH.match(scope["path"])
        if match is None:
            await _answer(send, 404, problem(404, "not_found", "Nothing was found at this address"), cors)
            return
        if scope["method"] == "OPTIONS":
            await _answer(send, 204, None, cors)
            return
        try:
            client = (scope.get("client") or ("", 0))[0]
            run = await sync_to_async(_open, thread_sensitive=False)(headers, match[1], client)
        except DomainError as error:
            await _answer(
                send, error.status, problem(error.status, error.code, error.title, error.detail), cors
            )
            return
        except APIException as error:
            body = problem(error.status_code, "not_authenticated", "Sign in to do this", str(error.detail))
            await _answer(send, error.status_code, body, cors)
            return
        if run is None:
            await _answer(send, 404, problem(404, "task_not_found", "There is no such task run"), cors)
            return
        await self._stream(run, receive, send, cors)

    async def _stream(
        self, run: TaskRun, receive: Receive, send: Send, cors: list[tuple[bytes, bytes]]
    ) -> None:
        queue = self.reader.watch(run)
        gone = asyncio.create_task(_disconnected(receive))
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": 200,
                    "headers": [
                        (b"content-type", b"text/event-stream; charset=utf-8"),
                        (b"cache-control", b"no-store"),
                        (b"x-accel-buffering", b"no"),
                        *cors,
                    ],
                }
            )
            event = represent(run)
            await _send_event(send, event)
            loop = asyncio.get_running_loop()
            end = loop.time() + MAX_STREAM_SECONDS
            while event["state"] not in FINAL_STATES and loop.time() < end:
                waiting = asyncio.create_task(queue.get())
                done, _ = await asyncio.wait(
                    {waiting, gone}, timeout=KEEP_ALIVE_SECONDS, return_when="FIRST_COMPLETED"
                )
                if gone in done:
                    waiting.cancel()
                    return
                if waiting in done:
                    event = waiting.result()
                    await _send_event(send, event)
                else:
                    waiting.cancel()
                    await send({"type": "http.response.body", "body": b": keep-alive\n\n", "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            gone.cancel()
            self.reader.leave(run.pk, queue)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_event(send: Send, event: dict[str, Any]) -> None:
    body = f"event: task\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _answer(
    send: Send, status: int, body: dict[str, Any] | None, cors: list[tuple[bytes, bytes]]
) -> None:
    kind = b"application/json" if status < 400 else b"application/problem+json"
    headers = [
        (b"content-type", kind),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        *cors,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode() if body is not None else b""})


def _cors(origin: str) -> list[tuple[bytes, bytes]]:
    if origin not in settings.CORS_ALLOWED_ORIGINS:
        return []
    return [
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-headers", b"authorization, x-team-id"),
        (b"access-control-allow-methods", b"GET"),
        (b"access-control-max-age", b"3600"),
        (b"vary", b"Origin"),
    ]


async def _lifespan(receive: Receive, send: Send) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
