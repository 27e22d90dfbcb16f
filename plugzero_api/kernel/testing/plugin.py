"""pytest plug-in for micro-apps: a team with one user per role, API clients, and the task runtime in process.

The kernel knows no users; how they are made is told by ``set_actors`` (the root conftest does).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import pytest
from django.test import Client

from plugzero_api.kernel.tenancy import team_scope


class Actors(Protocol):
    """What the app that owns users and teams offers to tests."""

    def create_team(self, name: str = ..., **fields: Any) -> Any: ...

    def create_user(self, email: str | None = ..., **fields: Any) -> Any: ...

    def create_member(self, team: Any, role: str = ..., **fields: Any) -> Any: ...

    def headers(self, user: Any, team: Any = ...) -> dict[str, str]: ...


_actors: list[Actors] = []


def set_actors(actors: Any) -> None:
    _actors[:] = [actors]


def actors() -> Actors:
    if not _actors:
        raise RuntimeError("Call plugzero_api.kernel.testing.plugin.set_actors() in the root conftest.")
    return _actors[0]


class ApiClient:
    """Django's test client speaking JSON as one user in one team; without a user it is anonymous."""

    def __init__(self, user: Any = None, team: Any = None) -> None:
        self.user, self.team = user, team
        self._client = Client(raise_request_exception=False)
        self._headers = actors().headers(user, team) if user is not None else {}

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """``path`` below /api/v1/ or absolute; ``body`` is sent as JSON, bytes with their own CONTENT_TYPE."""
        if not path.startswith("/"):
            path = f"/api/v1/{path}"
        data: Any = b""
        content_type = headers.pop("CONTENT_TYPE", "application/json")
        if isinstance(body, bytes):
            data = body
        elif body is not None:
            data = json.dumps(body, default=str)
        environment: dict[str, Any] = {**self._headers, **headers}
        return self._client.generic(method.upper(), path, data, content_type=content_type, **environment)

    def get(self, path: str, **headers: str) -> Any:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("POST", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("PUT", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("PATCH", path, {} if body is None else body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.request("DELETE", path, body, **headers)


@dataclass(frozen=True)
class TeamActor:
    """A user of a team with the client that speaks for them."""

    user: Any
    team: Any
    role: str
    client: ApiClient

    @property
    def team_id(self) -> UUID:
        value: UUID = self.team.pk
        return value

    @property
    def user_id(self) -> UUID:
        value: UUID = self.user.pk
        return value

    def scope(self) -> Any:
        return team_scope(self.team_id)


@pytest.fixture
def team(db: None) -> Any:
    return actors().create_team("Team A")


@pytest.fixture
def other_team(db: None) -> Any:
    return actors().create_team("Team B")


@pytest.fixture
def act_as(team: Any) -> Callable[..., TeamActor]:
    """``act_as("VIEWER")``: a new member of ``team`` with that role; ``act_as("OWNER", other_team)`` elsewhere."""

    def make(role: str = "OWNER", in_team: Any = None, **fields: Any) -> TeamActor:
        where = in_team or team
        user = actors().create_member(where, role, **fields)
        return TeamActor(user, where, role, ApiClient(user, where))

    return make


@pytest.fixture
def owner(act_as: Callable[..., TeamActor]) -> TeamActor:
    return act_as("OWNER")


@pytest.fixture
def member(act_as: Callable[..., TeamActor]) -> TeamActor:
    return act_as("MEMBER")


@pytest.fixture
def viewer(act_as: Callable[..., TeamActor]) -> TeamActor:
    return act_as("VIEWER")


@pytest.fixture
def stranger(act_as: Callable[..., TeamActor], other_team: Any) -> TeamActor:
    """The OWNER of another team."""
    return act_as("OWNER", other_team)


@pytest.fixture
def anonymous() -> ApiClient:
    return ApiClient()


@pytest.fixture
def run_task() -> Callable[[Any], Any]:
    """Execute a started run in this process, as a worker would; returns its row."""

    def run(task_id: UUID | str) -> Any:
        from plugzero_api.kernel.models import TaskRun
        from plugzero_api.kernel.tasks.runtime import execute

        execute(UUID(str(task_id)))
        return TaskRun._base_manager.get(pk=task_id)

    return run
