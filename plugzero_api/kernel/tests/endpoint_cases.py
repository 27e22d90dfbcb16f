"""The kernel's own routes for the inherited endpoint suite."""

from __future__ import annotations

from typing import Any

from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.testing.cases import EndpointCase, Scene


def a_run(scene: Scene) -> TaskRun:
    def make() -> TaskRun:
        run: TaskRun = TaskRun.objects.create(
            kind="kernel.purge_finished_runs",
            queue="default",
            created_by=scene.user,
            progress_message=scene.canary,
        )
        return run

    return scene.once("task run", make)


def _kwargs(scene: Scene) -> dict[str, Any]:
    return {"pk": a_run(scene).pk}


def _listed(scene: Scene) -> dict[str, Any]:
    a_run(scene)
    return {}


CASES = {
    "meta": EndpointCase(),
    "task-list": EndpointCase(
        kwargs=None, query={"get": lambda scene: {"state": "PENDING", **_listed(scene)}}
    ),
    "task-detail": EndpointCase(kwargs=_kwargs),
    "task-cancel": EndpointCase(kwargs=_kwargs),
    "task-events": EndpointCase(kwargs=_kwargs),
}
