"""The demo: real survey data behind a known login, never in production."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from django.core.management import call_command

from accounts.models import TeamMembership, User
from data_ingestion.models import Dataset, Project
from data_ingestion.services import demo
from plugzero_api.kernel.errors import PermissionDenied
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tasks.runtime import execute
from plugzero_api.kernel.tenancy import every_team


def test_the_demo_is_the_1996_election_study_ready_to_analyse(db: Any) -> None:
    assert demo.load_demo() is True
    run = TaskRun._base_manager.get(kind="data_ingestion.ingest_file")
    execute(run.pk)
    run.refresh_from_db()
    assert run.state == "SUCCESS"
    with every_team("test"):
        assert Project.objects.get().name == demo.PROJECT
        dataset = Dataset.objects.get()
        version = dataset.versions.get()
    assert (dataset.name, version.row_count, version.column_count) == ("anes96", 944, 11)
    kinds = {column["name"]: column["semantic_type"] for column in version.columns}
    assert kinds["vote"] == "category"
    assert kinds["age"] == "integer"


def test_loading_it_again_changes_nothing(db: Any) -> None:
    demo.load_demo()
    assert demo.load_demo() is False
    call_command("load_demo")
    assert User.objects.filter(email=demo.EMAIL).count() == 1
    with every_team("test"):
        assert TeamMembership.objects.filter(user__email=demo.EMAIL).count() == 1
        assert Project.objects.count() == 1


def test_the_published_password_is_refused_in_production(db: Any, settings: Any) -> None:
    settings.PRODUCTION = True
    with pytest.raises(PermissionDenied):
        demo.load_demo()
    assert not User.objects.filter(email=demo.EMAIL).exists()


def test_the_survey_keeps_every_respondent_and_answer(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    assert demo.write_survey(path) == 944
    frame = pd.read_csv(path)
    # Counts of the study's own documentation: 551 voted for Clinton, 393 for Dole.
    assert frame["vote"].value_counts().to_dict() == {"Clinton": 551, "Dole": 393}
    assert frame["party"].nunique() == 7
    assert frame["respondent"].is_unique
    assert not frame.isna().any().any()
