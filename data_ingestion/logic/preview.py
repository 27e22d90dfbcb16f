"""Pages of a Dataset straight from its Parquet file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from data_ingestion.contracts import ColumnSchema
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.expressions import compile_filter

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """Rows ``offset`` .. of the (filtered, sorted) table; ``total`` counts all matching rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    offset: int
    total: int


def read_page(
    path: Path,
    columns: Sequence[ColumnSchema],
    *,
    offset: int = 0,
    limit: int = 50,
    select: Sequence[str] | None = None,
    where: Mapping[str, Any] | None = None,
    sort: Sequence[str] = (),
    row_count: int | None = None,
) -> Page:
    """One page of the Parquet file at ``path`` with schema ``columns``; values are JSON-ready.

    ``select`` names the columns wanted, ``where`` is a filter tree (see ``expressions.compile_filter``), ``sort``
    lists column names, descending with a leading ``-``. ``row_count`` spares counting when there is no filter.
    Raises ``IngestError`` ``column_unknown`` or ``filter_invalid``, with JSON pointers into the query.
    """
    by_name = {column.name: column for column in columns}
    wanted = list(select) if select else list(by_name)
    order = []
    for entry in sort:
        name = entry if entry in by_name else entry.removeprefix("-")
        descending = name != entry
        _require(name, by_name, "/sort")
        order.append(f"{quote_name(name)} {'DESC' if descending else 'ASC'} NULLS LAST")
    for name in wanted:
        _require(name, by_name, "/column")
    if not 0 <= limit <= MAX_PAGE or offset < 0:
        raise IngestError("filter_invalid", f"limit must be 0 to {MAX_PAGE} and offset not negative.")
    condition = compile_filter(where, columns, pointer="/filter")
    parameters: dict[str, Any] = {**condition.parameters, "path": str(path)}
    listed = ", ".join(quote_name(name) for name in wanted)
    connection = duckdb.connect(config={"threads": "2", "memory_limit": "256MB"})
    try:
        sql = f"SELECT {listed} FROM read_parquet($path)"
        if where:
            sql += f" WHERE {condition.sql}"
        if order:
            sql += " ORDER BY " + ", ".join(order)
        if not where and not order:
            # The row number filter lets DuckDB skip whole row groups, so deep pages cost as little as the first.
            sql = (
                f"SELECT {listed} FROM read_parquet($path, file_row_number = true) "
                f"WHERE file_row_number >= {int(offset)} AND file_row_number < {int(offset) + int(limit)}"
            )
        else:
            sql += f" LIMIT {int(limit)} OFFSET {int(offset)}"
        rows = connection.execute(sql, parameters).fetchall()
        if where or row_count is None:
            test = f" WHERE {condition.sql}" if where else ""
            counted = connection.execute(
                f"SELECT count(*) FROM read_parquet($path){test}", parameters
            ).fetchone()
            row_count = int(counted[0]) if counted else 0
    finally:
        connection.close()
    return Page(tuple(wanted), tuple(tuple(json_value(v) for v in row) for row in rows), offset, row_count)


def _require(name: str, by_name: Mapping[str, ColumnSchema], pointer: str) -> None:
    if name not in by_name:
        detail = f"There is no column {name[:100]!r}."
        raise IngestError(
            "column_unknown", detail, column=name[:200], errors=[{"pointer": pointer, "detail": detail}]
        )


def json_value(value: Any) -> Any:
    """``value`` as JSON can carry it: ISO 8601 dates, no NaN or infinity (they become null)."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value.is_finite() else None
    return value
