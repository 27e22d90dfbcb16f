"""All API operations of this installation, read from the URL resolver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

API_ROOT = "api/v1/"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """A method of a route. ``permission`` is a code, PUBLIC, SIGNED_IN, or None where nobody declared one."""

    name: str
    route: str
    method: str
    action: str | None
    view: Any
    permission: str | None

    @property
    def id(self) -> str:
        return f"{self.method.upper()} {self.name or self.route}"


def api_operations() -> list[Operation]:
    """Every method of every route below ``/api/v1/``."""
    found = [
        operation
        for pattern, route in _walk(get_resolver().url_patterns, "")
        if route.startswith(API_ROOT)
        for operation in _operations(pattern, route)
    ]
    return sorted(found, key=lambda operation: (operation.route, operation.method))


def _walk(patterns: list[Any], prefix: str) -> Iterator[tuple[URLPattern, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield pattern, route


def _operations(pattern: URLPattern, route: str) -> Iterator[Operation]:
    callback: Any = pattern.callback
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    actions: dict[str, str | None] = getattr(callback, "actions", None) or {
        method: None for method in _METHODS if hasattr(view, method)
    }
    for method, action in actions.items():
        if method not in _METHODS:
            # The framework adds HEAD to a viewset's table the first time it answers.
            continue
        permission = getattr(view, "permission_of", {}).get(action or method)
        yield Operation(pattern.name or "", route, method, action, view, permission)
