"""Start-up checks: what the manifests say must be what the code does."""

from __future__ import annotations

from collections import Counter
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver

from plugzero_api.kernel.plugins import ROLES, installed_micro_apps
from plugzero_api.kernel.tasks.registry import registered_kinds


def load_conventional_module(package: str, name: str) -> Any | None:
    """Import ``package.name`` when the micro-app has it."""
    if find_spec(f"{package}.{name}") is None:
        return None
    return import_module(f"{package}.{name}")


def route_prefixes(patterns: list[URLPattern | URLResolver]) -> set[str]:
    """First path segment of each pattern."""
    return {str(pattern.pattern).lstrip("^").split("/")[0] for pattern in patterns}


@register()
def check_manifests(app_configs: Any, **_: Any) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    manifests = [config.manifest for config in installed_micro_apps()]
    for what, values in {
        "URL prefix": [prefix for m in manifests for prefix in m.url_prefixes],
        "permission": [permission.code for m in manifests for permission in m.permissions],
        "task": [task for m in manifests for task in m.tasks],
        "schedule": [schedule.name for m in manifests for schedule in m.schedules],
    }.items():
        for value, times in Counter(values).items():
            if times > 1:
                problems.append(Error(f"The {what} {value!r} is declared {times} times.", id="kernel.E001"))

    codes = {permission.code for m in manifests for permission in m.permissions}
    for config in installed_micro_apps():
        manifest = config.manifest
        problems += _check_app(config.name, manifest.slug, manifest, codes)
    return problems


def _check_app(package: str, slug: str, manifest: Any, codes: set[str]) -> list[CheckMessage]:
    problems: list[CheckMessage] = []
    load_conventional_module(package, "tasks")
    registered = {name for name in registered_kinds() if name.split(".")[0] == slug}
    if registered != set(manifest.tasks):
        difference = sorted(registered ^ set(manifest.tasks))
        problems.append(
            Error(
                f"{slug}: manifest and tasks module disagree about {', '.join(difference)}.", id="kernel.E002"
            )
        )
    if slug != "kernel":
        urls = load_conventional_module(package, "urls")
        mounted = route_prefixes(urls.urlpatterns) if urls else set()
        if mounted != set(manifest.url_prefixes):
            difference = sorted(mounted ^ set(manifest.url_prefixes))
            problems.append(
                Error(
                    f"{slug}: manifest and urls module disagree about {', '.join(difference)}.",
                    id="kernel.E003",
                )
            )
    problems += [
        Error(f"{slug}: permission {permission.code} names an unknown role.", id="kernel.E004")
        for permission in manifest.permissions
        if not permission.roles <= set(ROLES)
    ]
    problems += [
        Error(f"{slug}: navigation {item.key} needs an unknown permission.", id="kernel.E005")
        for item in manifest.navigation
        if item.permission not in codes
    ]
    for schedule in manifest.schedules:
        if schedule.kind not in registered_kinds():
            problems.append(
                Error(f"{slug}: schedule {schedule.name} starts an unknown task.", id="kernel.E006")
            )
        if (schedule.every is None) == (schedule.cron is None):
            problems.append(
                Error(f"{slug}: schedule {schedule.name} needs 'every' or 'cron'.", id="kernel.E007")
            )
    return problems
