"""The database's clock: leases and deadlines are judged by it, never by a worker's own."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Now


def now_plus(seconds: float) -> Combinable:
    """An expression for the database's present time plus ``seconds`` (may be negative)."""
    return ExpressionWrapper(
        Now() + Value(timedelta(seconds=seconds), output_field=DurationField()), output_field=DateTimeField()
    )


def database_now() -> datetime:
    """The database's present time (one query)."""
    sql = (
        "SELECT clock_timestamp()"
        if connection.vendor == "postgresql"
        else "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql)
        value = cursor.fetchone()[0]
    if isinstance(value, datetime):
        return value
    from datetime import UTC

    return datetime.fromisoformat(value).replace(tzinfo=UTC)
