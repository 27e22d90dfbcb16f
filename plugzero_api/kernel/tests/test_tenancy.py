"""Team-owned rows are reached inside a team scope or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tenancy import TeamScopeMissing, every_team, team_scope


def a_run(team: Any, **fields: Any) -> TaskRun:
    run = TaskRun(team_id=team.pk, kind="kernel.purge_finished_runs", queue="default", **fields)
    run.save(force_insert=True)
    return run


def test_a_query_outside_a_scope_raises() -> None:
    with pytest.raises(TeamScopeMissing):
        TaskRun.objects.count()


def test_a_scope_shows_its_own_team_only(team: Any, other_team: Any) -> None:
    mine, _ = a_run(team), a_run(other_team)
    with team_scope(team.pk):
        assert [run.pk for run in TaskRun.objects.all()] == [mine.pk]


def test_a_scope_cannot_be_opened_inside_another_team_s(team: Any, other_team: Any) -> None:
    with team_scope(team.pk), pytest.raises(TeamScopeMissing), team_scope(other_team.pk):
        pass


def test_every_team_needs_a_reason(team: Any) -> None:
    with pytest.raises(ValueError), every_team(""):
        pass


def test_a_restricted_scope_hides_other_projects_and_is_inherited(team: Any) -> None:
    seen, hidden = uuid7(), uuid7()
    visible = a_run(team, project_id=seen)
    a_run(team, project_id=hidden)
    with team_scope(team.pk, restricted_to=frozenset({seen})), team_scope(team.pk):
        assert [run.pk for run in TaskRun.objects.all()] == [visible.pk]


def test_rows_of_another_team_cannot_be_written(team: Any, other_team: Any) -> None:
    from data_ingestion.models import Project

    with team_scope(team.pk):
        project = Project.objects.create(name="Mine")
        assert project.team_id == team.pk
        with pytest.raises(TeamScopeMissing):
            Project.objects.create(name="Theirs", team_id=other_team.pk)
        with pytest.raises(TeamScopeMissing):
            Project.objects.bulk_create([Project(name="Theirs", team_id=other_team.pk)])
    with team_scope(other_team.pk), pytest.raises(TeamScopeMissing):
        project.delete()


def test_the_scope_ends_with_its_block_also_after_an_error(team: Any) -> None:
    with pytest.raises(RuntimeError, match="boom"), team_scope(team.pk):
        raise RuntimeError("boom")
    with pytest.raises(TeamScopeMissing):
        TaskRun.objects.count()
