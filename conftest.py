"""Shared test set-up: the kernel's plug-in, with accounts' users and teams."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest_plugins = ["plugzero_api.kernel.testing.plugin"]


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Bytes may hold the time they were made (gzip): every process of a run must give a test the same name."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True, scope="session")
def _actors() -> None:
    from accounts.tests import factories
    from plugzero_api.kernel.testing.plugin import set_actors

    set_actors(factories)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    tmp_path_factory: pytest.TempPathFactory, django_db_modify_db_settings_parallel_suffix: None
) -> None:
    """A file instead of SQLite's shared memory, whose locks do not wait: threads then meet the real thing."""
    from django.db import connection

    if connection.vendor == "sqlite":
        connection.settings_dict["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture(autouse=True, scope="session")
def _log_can_be_flushed() -> Iterator[None]:
    """Transactional tests end by emptying all tables; for that moment the activity log's triggers are taken off."""
    from django.db import connection
    from django.test import TransactionTestCase

    from accounts import append_only

    tear_down = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def without_triggers(self: TransactionTestCase) -> None:
        append_only.remove(connection)
        try:
            tear_down(self)
        finally:
            append_only.install(connection)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", without_triggers)
        yield
