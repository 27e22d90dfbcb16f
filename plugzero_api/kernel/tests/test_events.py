"""Server-Sent Events from the ASGI process: one shared reader, the caller's rights, an end with the run."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from plugzero_api.kernel.models import TaskRun, TaskState
from plugzero_api.kernel.tasks import events, rows

pytestmark = pytest.mark.django_db(transaction=True)


def a_run(owner: Any) -> TaskRun:
    run = TaskRun(team_id=owner.team_id, kind="kernel.purge_finished_runs", queue="default")
    run.save(force_insert=True)
    return run


async def listen(app: events.EventStream, path: str, headers: dict[str, str], sent: list[Any]) -> None:
    forever = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await forever.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "client": ("127.0.0.1", 1),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    await app(scope, receive, send)


def headers_of(actor: Any) -> dict[str, str]:
    return {
        name.removeprefix("HTTP_").replace("_", "-"): value for name, value in actor.client._headers.items()
    }


def events_in(sent: list[Any]) -> list[dict[str, Any]]:
    text = b"".join(message.get("body", b"") for message in sent).decode()
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ")]


def test_a_stream_tells_each_change_and_ends_with_the_run(owner: Any) -> None:
    run = a_run(owner)
    path, headers, sent = f"/api/v1/tasks/{run.pk}/events/", headers_of(owner), []

    async def scenario() -> None:
        stream = asyncio.create_task(listen(events.EventStream(), path, headers, sent))
        while not events_in(sent):
            await asyncio.sleep(0.05)
        await sync_to_async(rows.claim)(run, worker="w", hard_limit=60)
        while events_in(sent)[-1]["state"] != "STARTED":
            await asyncio.sleep(0.05)
        await sync_to_async(rows.finish)(run.pk, run.attempt, TaskState.SUCCESS)
        await asyncio.wait_for(stream, 10)

    asyncio.run(scenario())
    assert [event["state"] for event in events_in(sent)] == ["PENDING", "STARTED", "SUCCESS"]


@pytest.mark.parametrize("who", ["anonymous", "stranger"])
def test_nobody_else_may_listen(owner: Any, stranger: Any, who: str) -> None:
    run = a_run(owner)
    headers = headers_of(stranger) if who == "stranger" else {}
    sent: list[Any] = []
    asyncio.run(listen(events.EventStream(), f"/api/v1/tasks/{run.pk}/events/", headers, sent))
    assert sent[0]["status"] == (404 if who == "stranger" else 401)
    assert str(run.pk).encode() not in b"".join(message.get("body", b"") for message in sent)


def test_many_streams_cost_one_query_per_look(owner: Any, django_assert_max_num_queries: Any) -> None:
    runs = [a_run(owner) for _ in range(30)]
    versions = {run.pk: (run.attempt, run.version) for run in runs}
    with django_assert_max_num_queries(1):
        assert events._read_changed(versions) == []
