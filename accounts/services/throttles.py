"""Limits on guessing and on mail, counted before the work they guard."""

from __future__ import annotations

import hashlib

from django.conf import settings

from accounts.origin import current_origin
from plugzero_api.kernel.api.throttling import limit
from plugzero_api.kernel.counters import clear_counter


def throttle(scope: str, *parts: object) -> None:
    """Count one use of ``scope`` for the key made of ``parts``; raises ``RateLimited`` beyond any of its tiers."""
    key = _key(parts)
    for tier, (uses, seconds) in enumerate(settings.PLUGZERO_THROTTLES[scope]):
        limit(f"{scope}.{tier}", key, rate=uses, window=seconds)


def throttle_address(scope: str) -> None:
    """The same, keyed by the caller's network address."""
    throttle(scope, current_origin().ip_address or "unknown")


def forgive(scope: str, *parts: object) -> None:
    """Forget the uses counted: what they guarded against did not happen."""
    key = _key(parts)
    for tier in range(len(settings.PLUGZERO_THROTTLES[scope])):
        clear_counter(f"throttle:{scope}.{tier}:{key}")


def _key(parts: tuple[object, ...]) -> str:
    # Hashed: counters are shown to staff, and addresses are nobody's business there.
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:40]
