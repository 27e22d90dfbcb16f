"""A read compiled once: for the query that every request pays for.

Building SQL from a queryset costs more than running a lookup by key. ``PreparedRead`` lets the ORM write the
statement the first time and afterwards only exchanges the ids in it; converters of the columns are the ORM's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

_PLACES = [UUID(int=(0xFACADE << 100) + number) for number in range(1, 9)]


class PreparedRead:
    """``build(*ids)`` returns a ``values_list`` queryset; ``run(*ids)`` its rows for other ids, in one query."""

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], count: int) -> None:
        self._build, self._count = build, count
        self._compiled: dict[str, tuple[str, list[Any], list[int | None], Any, Any]] = {}

    def _compile(self) -> tuple[str, list[Any], list[int | None], Any, Any]:
        places = _PLACES[: self._count]
        compiler = self._build(*places).query.get_compiler(connection=connection)
        sql, parameters = compiler.as_sql()
        known = {_stored(place): index for index, place in enumerate(places)}
        positions = [known.get(_stored(value)) for value in parameters]
        if sorted(index for index in positions if index is not None) != list(range(self._count)):
            raise ValueError("Each id must stand in the query exactly once.")
        converters = compiler.get_converters([column[0] for column in compiler.select])
        return sql, list(parameters), positions, compiler, converters

    def run(self, *ids: UUID) -> list[tuple[Any, ...]]:
        vendor = connection.vendor
        if vendor not in self._compiled:
            self._compiled[vendor] = self._compile()
        sql, fixed, positions, compiler, converters = self._compiled[vendor]
        native = connection.features.has_native_uuid_field
        values = [
            fixed[place] if index is None else (ids[index] if native else ids[index].hex)
            for place, index in enumerate(positions)
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            rows = cursor.fetchall()
        if converters:
            return [tuple(row) for row in compiler.apply_converters(rows, converters)]
        return list(rows)


def _stored(value: Any) -> str:
    return value.hex if isinstance(value, UUID) else str(value)
