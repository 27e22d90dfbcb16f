"""Which micro-apps this installation runs. Settings call it, so nothing here may need settings.

In-tree micro-apps are the top-level packages whose ``apps.py`` has a ``MicroAppConfig``; packages from outside
join through the entry-point group ``plugzero.micro_apps`` (value: dotted path of the ``AppConfig``).
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from plugzero_api.kernel.plugins import MicroAppConfig

ENTRY_POINT_GROUP = "plugzero.micro_apps"


def _config_class(module_name: str) -> type[MicroAppConfig] | None:
    module = import_module(module_name)
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, MicroAppConfig) and value.__module__ == module_name:
            return value
    return None


def in_tree_configs(root: Path) -> list[type[MicroAppConfig]]:
    """The ``MicroAppConfig`` of each top-level package under ``root`` that has one, by name."""
    found = []
    for path in sorted(root.glob("*/apps.py")):
        config = _config_class(f"{path.parent.name}.apps")
        if config is not None:
            found.append(config)
    return found


def outside_configs() -> list[type[MicroAppConfig]]:
    """The ``MicroAppConfig`` classes that installed distributions offer."""
    found = []
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        config = entry.load()
        if not (isinstance(config, type) and issubclass(config, MicroAppConfig)):
            raise ImproperlyConfigured(f"Entry point {entry.name} ({entry.value}) is not a MicroAppConfig.")
        found.append(config)
    return found


def enabled_apps(root: Path, disabled: Iterable[str] = ()) -> list[str]:
    """Dotted ``AppConfig`` paths in dependency order, without ``disabled``.

    Raises ``ImproperlyConfigured`` for an unknown or foundation app in ``disabled``, a slug used twice, or a
    required app that is missing or switched off.
    """
    configs: dict[str, type[MicroAppConfig]] = {}
    for config in [*in_tree_configs(root), *outside_configs()]:
        slug = config.manifest.slug
        if slug in configs:
            raise ImproperlyConfigured(f"Two micro-apps use the slug {slug!r}.")
        configs[slug] = config
    for slug in disabled:
        if slug not in configs:
            raise ImproperlyConfigured(f"PLUGZERO_DISABLED_APPS names {slug!r}, which is not installed.")
        if configs[slug].manifest.foundation:
            raise ImproperlyConfigured(f"{slug!r} is a foundation app and cannot be switched off.")
        del configs[slug]

    ordered: list[str] = []

    def visit(slug: str, wanted_by: str) -> None:
        if slug in ordered:
            return
        if slug not in configs:
            raise ImproperlyConfigured(
                f"{wanted_by!r} requires the micro-app {slug!r}, which is not enabled."
            )
        if slug in visiting:
            raise ImproperlyConfigured(f"The micro-apps {sorted(visiting)} require each other in a circle.")
        visiting.add(slug)
        for required in configs[slug].manifest.requires:
            visit(required, slug)
        visiting.discard(slug)
        ordered.append(slug)

    visiting: set[str] = set()
    for slug in sorted(configs, key=lambda name: (not configs[name].manifest.foundation, name)):
        visit(slug, slug)
    return [f"{configs[slug].__module__}.{configs[slug].__qualname__}" for slug in ordered]
