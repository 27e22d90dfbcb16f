"""Shared test set-up: the kernel's plug-in, with accounts' users and teams."""

from __future__ import annotations

import pytest

pytest_plugins = ["plugzero_api.kernel.testing.plugin"]


@pytest.fixture(autouse=True, scope="session")
def _actors() -> None:
    from accounts.tests import factories
    from plugzero_api.kernel.testing.plugin import set_actors

    set_actors(factories)
