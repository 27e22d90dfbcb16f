"""Column profiles straight from a Parquet file: one aggregate pass, then small exact follow-ups."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from data_ingestion.contracts import ColumnProfile, ColumnSchema, PhysicalType
from data_ingestion.logic.duck import quote_name, quote_text

_NUMERIC = frozenset({PhysicalType.INTEGER, PhysicalType.NUMBER})
_TEMPORAL = frozenset({PhysicalType.DATE, PhysicalType.DATETIME, PhysicalType.TIME})
#: Up to this many (approximately counted) distinct values, distinct counts and top values are exact.
_EXACT_DISTINCT = 20_000
_TOP_VALUES = 10
_SAMPLES = 5
_BINS = 20
_MAX_TEXT = 200
#: Wide tables are profiled in slices so that one query never holds tens of thousands of aggregate states.
_COLUMNS_PER_QUERY = 100
#: Above this width the per-column follow-up queries would dominate; top values then come from the sketch.
_MAX_FOLLOW_UP_COLUMNS = 2_000


def profile_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: tuple[ColumnSchema, ...]
) -> tuple[ColumnProfile, ...]:
    """Profile every column of the Parquet file at ``path`` (schema ``columns``), in order.

    Mean and standard deviation (n - 1) are DuckDB's; quartiles are t-digest estimates (exact for small tables);
    distinct counts are exact up to about 20,000 values and HyperLogLog estimates above.
    """
    source = f"read_parquet({quote_text(str(path))})"
    row_count = int(_row(connection, f"SELECT count(*) FROM {source}")[0])
    profiles: list[ColumnProfile] = []
    follow_up = len(columns) <= _MAX_FOLLOW_UP_COLUMNS
    for start in range(0, len(columns), _COLUMNS_PER_QUERY):
        part = columns[start : start + _COLUMNS_PER_QUERY]
        sql = "SELECT " + ", ".join(_aggregates(column, row_count) for column in part) + f" FROM {source}"
        values = iter(_row(connection, sql))
        samples = _samples(connection, source, part)
        for index, column in enumerate(part):
            profiles.append(
                _profile(connection, source, column, values, row_count, samples[index], follow_up=follow_up)
            )
    return tuple(profiles)


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    return row if row is not None else ()


def _aggregates(column: ColumnSchema, row_count: int) -> str:
    name = quote_name(column.name)
    distinct = f"count(DISTINCT {name})" if row_count <= _EXACT_DISTINCT else f"approx_count_distinct({name})"
    parts = [f"count({name})", distinct]
    if column.physical_type in _NUMERIC:
        number = f"CAST({name} AS DOUBLE)"
        finite = f"FILTER (WHERE isfinite({number}))"
        quantile = "quantile_cont" if row_count <= _EXACT_DISTINCT else "approx_quantile"
        parts += [
            f"min({name}) {finite}",
            f"max({name}) {finite}",
            f"avg({number}) {finite}",
            # Welford on shifted values is DuckDB's stddev; it raises on overflow, which a profile must survive.
            f"CASE WHEN max(abs({number})) {finite} < 1e150 THEN stddev_samp(CASE WHEN isfinite({number}) "
            f"AND abs({number}) < 1e150 THEN {number} END) END",
            f"{quantile}({number}, [0.25, 0.5, 0.75]) {finite}",
        ]
    elif column.physical_type is PhysicalType.TEXT:
        parts += [f"min(left({name}, {_MAX_TEXT}))", f"max(left({name}, {_MAX_TEXT}))", f"avg(length({name}))"]
    else:
        parts += [f"min({name})", f"max({name})"]
    return ", ".join(parts)


def _profile(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    column: ColumnSchema,
    values: Any,
    row_count: int,
    samples: tuple[str, ...],
    *,
    follow_up: bool,
) -> ColumnProfile:
    count, distinct = int(next(values)), int(next(values))
    low, high = next(values), next(values)
    mean = sd = mean_length = None
    quartiles: tuple[float, float, float] | None = None
    histogram: tuple[tuple[float, float, int], ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    if column.physical_type in _NUMERIC:
        mean, sd = _finite(next(values)), _finite(next(values))
        found = next(values)
        if found is not None and all(_finite(item) is not None for item in found):
            quartiles = (float(found[0]), float(found[1]), float(found[2]))
        if follow_up and low is not None:
            histogram = _histogram(connection, source, column, float(low), float(high))
    elif column.physical_type is PhysicalType.TEXT:
        mean_length = _finite(next(values))
    exact = row_count <= _EXACT_DISTINCT
    if follow_up and count:
        if distinct <= _EXACT_DISTINCT:
            top, distinct = _top_exact(connection, source, column)
            exact = True
        elif column.physical_type is PhysicalType.TEXT and distinct < 0.5 * count:
            top = _top_sketch(connection, source, column)
    return ColumnProfile(
        name=column.name,
        count=count,
        missing=row_count - count,
        distinct=min(distinct, count),
        distinct_is_exact=exact,
        minimum=_edge(low),
        maximum=_edge(high),
        mean=mean,
        sd=sd,
        quartiles=quartiles,
        histogram=histogram,
        top_values=top,
        samples=samples,
        mean_length=mean_length,
    )


def _histogram(
    connection: duckdb.DuckDBPyConnection, source: str, column: ColumnSchema, low: float, high: float
) -> tuple[tuple[float, float, int], ...]:
    """Equal-width bins; integers with few values get one bin per value."""
    name = quote_name(column.name)
    if not (math.isfinite(low) and math.isfinite(high) and math.isfinite(high - low)):
        return ()
    bins = _BINS
    if column.physical_type is PhysicalType.INTEGER and high - low < _BINS:
        bins = int(high - low) + 1
        width = 1.0
    else:
        width = (high - low) / bins
    if width <= 0:
        total = int(_row(connection, f"SELECT count({name}) FROM {source}")[0])
        return ((low, high, total),)
    number = f"CAST({name} AS DOUBLE)"
    counted = dict(
        connection.execute(
            f"SELECT least(CAST(floor(({number} - $low) / $width) AS BIGINT), $last) AS bin, count(*) "
            f"FROM {source} WHERE isfinite({number}) GROUP BY bin",
            {"low": low, "width": width, "last": bins - 1},
        ).fetchall()
    )
    return tuple((low + i * width, low + (i + 1) * width, int(counted.get(i, 0))) for i in range(bins))


def _top_exact(
    connection: duckdb.DuckDBPyConnection, source: str, column: ColumnSchema
) -> tuple[tuple[tuple[str, int], ...], int]:
    name = quote_name(column.name)
    rows = connection.execute(
        f"SELECT v, n, count(*) OVER () FROM (SELECT {name} AS v, count(*) AS n FROM {source} "
        f"WHERE {name} IS NOT NULL GROUP BY {name}) ORDER BY n DESC, v LIMIT {_TOP_VALUES}"
    ).fetchall()
    return tuple((_text(value), int(n)) for value, n, _ in rows), int(rows[0][2]) if rows else 0


def _top_sketch(
    connection: duckdb.DuckDBPyConnection, source: str, column: ColumnSchema
) -> tuple[tuple[str, int], ...]:
    """Heavy hitters by the filtered space-saving sketch, then counted exactly."""
    name = quote_name(column.name)
    candidates = _row(connection, f"SELECT approx_top_k({name}, {_TOP_VALUES}) FROM {source}")[0] or []
    rows = connection.execute(
        f"SELECT {name}, count(*) FROM {source} WHERE {name} IN (SELECT unnest($1)) GROUP BY 1 ORDER BY 2 DESC, 1",
        [candidates],
    ).fetchall()
    return tuple((_text(value), int(n)) for value, n in rows if n > 1)


def _samples(
    connection: duckdb.DuckDBPyConnection, source: str, columns: tuple[ColumnSchema, ...]
) -> list[tuple[str, ...]]:
    """The first few different non-missing values near the top of the table."""
    names = ", ".join(quote_name(column.name) for column in columns)
    rows = connection.execute(f"SELECT {names} FROM {source} LIMIT 200").fetchall()
    found: list[tuple[str, ...]] = []
    for index in range(len(columns)):
        seen: dict[str, None] = {}
        for row in rows:
            if row[index] is not None:
                seen.setdefault(_text(row[index]))
                if len(seen) == _SAMPLES:
                    break
        found.append(tuple(seen))
    return found


def _finite(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _edge(value: Any) -> float | int | str | None:
    if value is None or isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float | Decimal):
        return _finite(value)
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return str(value)[:_MAX_TEXT]
