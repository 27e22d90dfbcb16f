"""Atomic throttles, keyed by principal or by the caller's real address."""

from __future__ import annotations

import ipaddress
import math

from django.conf import settings
from django.http import HttpRequest

from plugzero_api.kernel.counters import raise_counter
from plugzero_api.kernel.errors import RateLimited


def client_address(request: HttpRequest) -> str:
    """The caller's address. X-Forwarded-For counts only as far as proxies of ours wrote it."""
    trusted = settings.PLUGZERO_TRUSTED_PROXIES
    remote = request.META.get("REMOTE_ADDR", "") or "unknown"
    if trusted:
        hops = [
            part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()
        ]
        if len(hops) >= trusted:
            remote = hops[-trusted]
    try:
        address = ipaddress.ip_address(remote)
    except ValueError:
        return "unknown"
    if address.version == 6:
        # One household or server has a whole /64; counting single addresses of it would limit nobody.
        return str(ipaddress.ip_network(f"{address}/64", strict=False).network_address)
    return str(address)


def limit(scope: str, key: str, *, rate: int, window: int, message: str = "") -> None:
    """Count one use; raise ``RateLimited`` with Retry-After beyond ``rate`` uses per ``window`` seconds."""
    count = raise_counter(f"throttle:{scope}:{key}", window=window)
    if count.value > rate:
        wait = max(1, math.ceil(count.seconds_left))
        raise RateLimited(message or f"Try again in {wait} seconds.", retry_after=wait)
