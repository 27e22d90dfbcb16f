"""How a micro-app tells the inherited endpoint suite to exercise its routes (``<app>/tests/endpoint_cases.py``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar
from uuid import UUID

from plugzero_api.kernel.plugins import installed_micro_apps
from plugzero_api.kernel.tenancy import team_scope

T = TypeVar("T")


@dataclass
class Scene:
    """A team, the user a request is made by, and what a case has made there.

    ``canary``: a text that is to appear in the names and contents of what is made, so that a leak shows.
    """

    team: Any
    user: Any
    canary: str
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def team_id(self) -> UUID:
        value: UUID = self.team.pk
        return value

    @property
    def user_id(self) -> UUID:
        value: UUID = self.user.pk
        return value

    def once(self, key: str, make: Callable[[], T]) -> T:
        """What ``make`` made first: the URL and the body of one case often need the same object."""
        if key not in self.memory:
            self.memory[key] = make()
        value: T = self.memory[key]
        return value


@dataclass(frozen=True)
class RawBody:
    """A body that is not JSON."""

    data: bytes
    content_type: str


Make = Callable[[Scene], Any]


@dataclass(frozen=True)
class EndpointCase:
    """One route. Its functions are called inside the scene's team scope; keys of the mappings are HTTP methods.

    kwargs: makes the object and returns the URL's arguments.
    body: a valid body per method; ids in it must come from the scene, since the suite swaps them for foreign ones.
    query: valid query parameters per method; ids in it likewise.
    headers: extra request headers (``{"HTTP_X": ...}``).
    project_bound: methods whose object lies in a project: a member restricted to other projects gets 404.
    """

    kwargs: Callable[[Scene], Mapping[str, Any]] | None = None
    body: Mapping[str, Make] = field(default_factory=dict)
    query: Mapping[str, Make] = field(default_factory=dict)
    headers: Mapping[str, Make] = field(default_factory=dict)
    project_bound: frozenset[str] = frozenset()


@dataclass(frozen=True)
class PreparedRequest:
    """The parts of a valid request in one scene."""

    kwargs: dict[str, Any]
    body: Any
    query: dict[str, Any]
    headers: dict[str, str]


def prepare(case: EndpointCase, method: str, scene: Scene) -> PreparedRequest:
    """Make what the case needs in ``scene``."""

    def call(make: Make | None, default: Any) -> Any:
        return make(scene) if make is not None else default

    with team_scope(scene.team_id):
        return PreparedRequest(
            kwargs=dict(call(case.kwargs, {})),
            body=call(case.body.get(method), None),
            query=dict(call(case.query.get(method), {})),
            headers=dict(call(case.headers.get(method), {})),
        )


def collect_cases() -> dict[str, EndpointCase]:
    """Route name -> case, over all installed micro-apps. A route name used twice is an error."""
    cases: dict[str, EndpointCase] = {}
    for config in installed_micro_apps():
        module_name = f"{config.name}.tests.endpoint_cases"
        if find_spec(f"{config.name}.tests") is None or find_spec(module_name) is None:
            continue
        for name, case in import_module(module_name).CASES.items():
            if name in cases:
                raise ValueError(f"Two endpoint cases are called {name!r}.")
            cases[name] = case
    return cases
