"""Counts within a window, raised atomically: one statement, so parallel requests cannot slip past a limit."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models.functions import Now

from plugzero_api.kernel.models import Counter

_UPSERT = {
    "postgresql": """
        INSERT INTO kernel_counter (key, count, expires_at)
        VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
        ON CONFLICT (key) DO UPDATE SET
            count = CASE WHEN kernel_counter.expires_at < clock_timestamp() THEN excluded.count
                         ELSE kernel_counter.count + excluded.count END,
            expires_at = CASE WHEN kernel_counter.expires_at < clock_timestamp() THEN excluded.expires_at
                              ELSE kernel_counter.expires_at END
        RETURNING count, EXTRACT(EPOCH FROM expires_at - clock_timestamp())
    """,
    "sqlite": """
        INSERT INTO kernel_counter (key, count, expires_at)
        VALUES (%s, %s, strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', printf('%%+d seconds', %s)))
        ON CONFLICT (key) DO UPDATE SET
            count = CASE WHEN expires_at < strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now') THEN excluded.count
                         ELSE count + excluded.count END,
            expires_at = CASE WHEN expires_at < strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now') THEN excluded.expires_at
                              ELSE expires_at END
        RETURNING count, (julianday(expires_at) - julianday('now')) * 86400.0
    """,
}


@dataclass(frozen=True, slots=True)
class Count:
    """The value after raising, and the seconds until the window ends."""

    value: int
    seconds_left: float


def raise_counter(key: str, *, window: int, by: int = 1) -> Count:
    """Add ``by`` to the counter ``key`` whose window is ``window`` seconds from its first count."""
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT[connection.vendor], [key[:160], by, window])
        value, left = cursor.fetchone()
    # Julian days are exact to some microseconds only.
    return Count(int(value), max(round(float(left), 3), 0.0))


def read_counter(key: str) -> int:
    """The present count, 0 when its window has passed."""
    value = (
        Counter.objects.filter(key=key[:160], expires_at__gte=Now()).values_list("count", flat=True).first()
    )
    return value or 0


def clear_counter(key: str) -> None:
    Counter.objects.filter(key=key[:160]).delete()
