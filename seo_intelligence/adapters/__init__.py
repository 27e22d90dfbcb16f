"""Providers of keyword data, one module each, behind the classes of `base`.

To add a provider, write a module here with a `Provider` subclass; it is found by its name.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import lru_cache
from types import MappingProxyType

from seo_intelligence.adapters.base import Provider


@lru_cache(maxsize=1)
def providers() -> MappingProxyType[str, type[Provider]]:
    """Every provider class of this package by name."""
    found: dict[str, type[Provider]] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for item in vars(importlib.import_module(f"{__name__}.{module}")).values():
            if isinstance(item, type) and issubclass(item, Provider) and item is not Provider:
                found[item.name] = item
    return MappingProxyType(dict(sorted(found.items())))
