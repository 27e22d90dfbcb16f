"""What a micro-app declares about itself: its Manifest, plain data on its ``AppConfig``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from django.apps import AppConfig, apps

OWNER, ADMIN, MEMBER, VIEWER = "OWNER", "ADMIN", "MEMBER", "VIEWER"
ROLES = (OWNER, ADMIN, MEMBER, VIEWER)

EVERYONE = frozenset(ROLES)
CONTRIBUTORS = frozenset({OWNER, ADMIN, MEMBER})
ADMINS = frozenset({OWNER, ADMIN})
OWNERS = frozenset({OWNER})


@dataclass(frozen=True, slots=True)
class Permission:
    """A right a role can have. ``code`` reads ``<resource>.<verb>`` and is unique over all micro-apps."""

    code: str
    title: str
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class NavigationItem:
    """An entry of the dashboard's navigation; shown to those who hold ``permission``."""

    key: str
    title: str
    path: str
    icon: str
    permission: str
    section: str = "workspace"
    order: int = 100


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the scheduler starts a team-less run of ``kind``: every so often, or by a five-field cron line (UTC)."""

    name: str
    kind: str
    every: timedelta | None = None
    cron: str | None = None
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that the platform knows of a micro-app before running any of its code.

    ``tasks`` and ``url_prefixes`` are checked at start-up against what the app's ``tasks`` and ``urls``
    modules really register, so that the manifest stays true.
    """

    slug: str
    title: str
    description: str
    url_prefixes: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    foundation: bool = False
    permissions: tuple[Permission, ...] = ()
    tasks: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    navigation: tuple[NavigationItem, ...] = ()


class MicroAppConfig(AppConfig):
    """Base of every micro-app's ``AppConfig``; subclasses add nothing but ``name`` and ``manifest``."""

    manifest: Manifest


def installed_micro_apps() -> Iterator[MicroAppConfig]:
    """The micro-apps of this process, in the order of INSTALLED_APPS."""
    for config in apps.get_app_configs():
        if isinstance(config, MicroAppConfig):
            yield config


def permission_matrix() -> dict[str, Permission]:
    """Permission code -> Permission, over the kernel and all installed micro-apps."""
    return {
        permission.code: permission
        for config in installed_micro_apps()
        for permission in config.manifest.permissions
    }


@cache
def permissions_of_role(role: str) -> frozenset[str]:
    """The codes that ``role`` holds; empty for an unknown role."""
    return frozenset(code for code, permission in permission_matrix().items() if role in permission.roles)
