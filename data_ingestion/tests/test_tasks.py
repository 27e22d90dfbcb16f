"""Task kinds of data_ingestion: what they are declared to be."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from django.apps import apps

from data_ingestion import tasks as task_module
from plugzero_api.kernel.tasks import registry
from plugzero_api.kernel.tasks.runtime import execute

MANIFEST = apps.get_app_config("data_ingestion").manifest


@pytest.mark.parametrize("name", MANIFEST.tasks)
def test_every_task_of_the_manifest_is_registered_with_limits_and_a_right(name: str) -> None:
    kind = registry.get_kind(name)
    assert 0 < kind.soft_limit < kind.hard_limit
    rights = {permission.code for permission in MANIFEST.permissions}
    scheduled = {schedule.kind for schedule in MANIFEST.schedules}
    assert (kind.permission in rights) or (kind.permission is None and name in scheduled)


def test_every_task_of_the_module_is_in_the_manifest() -> None:
    declared = {
        value.celery_task.name
        for _, value in inspect.getmembers(task_module)
        if hasattr(value, "celery_task")
    }
    assert declared == set(MANIFEST.tasks)


def test_the_sweep_runs_as_a_scheduled_task_without_a_team(db: Any) -> None:
    from plugzero_api.kernel import tasks
    from plugzero_api.kernel.models import TaskRun

    info = tasks.start("data_ingestion.remove_orphans", team_id=None)
    execute(info.task_id)
    row = TaskRun._base_manager.get(pk=info.task_id)
    assert (row.state, row.error_code) == ("SUCCESS", "")
