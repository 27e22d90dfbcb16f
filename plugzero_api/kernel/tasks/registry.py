"""Task kinds: what ``@micro_task`` registers. Tasks are started by kind, through this registry only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plugzero_api.kernel.errors import DomainError


class UnknownTaskKind(DomainError):
    code = "unknown_task_kind"
    status = 404
    title = "This installation has no such task"


@dataclass(frozen=True, slots=True)
class TaskKind:
    """``body(run, **args)`` does the work; limits are seconds of wall time."""

    name: str
    body: Callable[..., Any]
    queue: str
    soft_limit: int
    hard_limit: int
    max_retries: int
    permission: str | None


_kinds: dict[str, TaskKind] = {}


def register(kind: TaskKind) -> None:
    known = _kinds.get(kind.name)
    if known is not None and known.body.__qualname__ != kind.body.__qualname__:
        raise ValueError(f"Two tasks are called {kind.name!r}.")
    _kinds[kind.name] = kind


def unregister(name: str) -> None:
    _kinds.pop(name, None)


def get_kind(name: str) -> TaskKind:
    """Raises ``UnknownTaskKind``."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownTaskKind(f"There is no task {name!r}; its micro-app may be switched off.") from None


def registered_kinds() -> dict[str, TaskKind]:
    return dict(_kinds)
