"""One set of servers per session, one clean task table per test, Django connected to the lane's database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest

from tests.faults.harness import ROOT, Platform, running_platform


@pytest.fixture(scope="session")
def servers() -> Iterator[Platform]:
    with running_platform() as platform:
        os.environ.update(platform.env)
        os.environ["DJANGO_SETTINGS_MODULE"] = "plugzero_api.settings"
        sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "outside_app")]
        platform.manage("migrate", "--verbosity", "0")
        import django

        django.setup()
        yield platform


@pytest.fixture
def platform(servers: Platform) -> Iterator[Platform]:
    from django.db import connection
    from field_notes.models import Note, Tick

    from plugzero_api.kernel.models import TaskRun

    yield servers
    servers.stop_processes()
    servers.clear_broker()
    connection.close()
    Note._base_manager.all().delete()
    Tick.objects.all().delete()
    TaskRun._base_manager.all().delete()


@pytest.fixture(scope="session")
def team(servers: Platform) -> tuple[UUID, UUID]:
    """(user id, team id) of an owner."""
    from accounts import services as accounts

    return accounts.create_user_with_team(
        email="faults@example.com", password="a-long-pass-phrase-9", name="Faults", verified=True
    )
