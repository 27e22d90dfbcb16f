"""Column profiles straight from a Parquet file: one aggregate pass, then small exact follow-ups."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

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
_HELD_ROWS = 20_000


def profile_parquet(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: tuple[ColumnSchema, ...]
) -> tuple[ColumnProfile, ...]:
    """Profile every column of the Parquet file at ``path`` (schema ``columns``), in order.

    Mean and standard deviation (n - 1) are DuckDB's; quartiles are t-digest estimates (exact for small tables);
    distinct counts are exact up to about 20,000 values and HyperLogLog estimates above.
    """
    source = f"read_parquet({quote_text(str(path))})"
    row_count = pq.read_metadata(path).num_rows
    profiles: list[ColumnProfile] = []
    for start in range(0, len(columns), _COLUMNS_PER_QUERY):
        part = columns[start : start + _COLUMNS_PER_QUERY]
        if row_count <= _HELD_ROWS:
            # Small tables are profiled from memory: planning hundreds of aggregates would cost far more.
            held = pq.read_table(path, columns=[column.name for column in part])
            profiles += [_profile_held(column, held.column(index)) for index, column in enumerate(part)]
            continue
        values = iter(_aggregate_row(connection, source, part))
        samples = _samples(connection, source, part)
        profiles += [
            _profile(connection, source, column, values, row_count, samples[index])
            for index, column in enumerate(part)
        ]
    return tuple(profiles)


def _aggregate_row(
    connection: duckdb.DuckDBPyConnection, source: str, part: tuple[ColumnSchema, ...]
) -> tuple[Any, ...]:
    """The aggregates of ``part``; columns with NaN, infinities or overflow are asked again without those cells."""

    def ask(finite_only: bool) -> tuple[Any, ...]:
        listed = ", ".join(_aggregates(column, finite_only=finite_only) for column in part)
        return _row(connection, f"SELECT {listed} FROM {source}")

    try:
        values = ask(finite_only=False)
    except duckdb.OutOfRangeException:
        return ask(finite_only=True)
    if any(isinstance(value, float) and not math.isfinite(value) for value in values):
        return ask(finite_only=True)
    return values


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    row = connection.execute(sql).fetchone()
    return row if row is not None else ()


def _aggregates(column: ColumnSchema, *, finite_only: bool) -> str:
    name = quote_name(column.name)
    parts = [f"count({name})", f"approx_count_distinct({name})"]
    if column.physical_type in _NUMERIC:
        number = name
        if finite_only:
            number = f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) AND abs({name}) < 1e150 THEN {name} END"
        parts += [
            f"min({number})",
            f"max({number})",
            f"avg({number})",
            f"stddev_samp({number})",
            f"approx_quantile(CAST({number} AS DOUBLE), [0.25, 0.5, 0.75])",
        ]
    elif column.physical_type is PhysicalType.TEXT:
        parts += [f"min({name})", f"max({name})", f"avg(length({name}))"]
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
        if low is not None:
            histogram = _histogram(connection, source, column, float(low), float(high))
    elif column.physical_type is PhysicalType.TEXT:
        mean_length = _finite(next(values))
    exact = False
    if count:
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


def _profile_held(column: ColumnSchema, held: pa.ChunkedArray) -> ColumnProfile:
    """Profile of a column that is in memory; the numbers are exact."""
    present = held.drop_null()
    count = len(present)
    top, distinct = _top_held(present)
    low: Any = None
    high: Any = None
    mean = sd = mean_length = None
    quartiles: tuple[float, float, float] | None = None
    histogram: tuple[tuple[float, float, int], ...] = ()
    if column.physical_type in _NUMERIC:
        numbers = present.to_numpy().astype("float64")
        numbers = numbers[np.isfinite(numbers) & (np.abs(numbers) < 1e150)]
        if len(numbers):
            low, high = float(numbers.min()), float(numbers.max())
            if column.physical_type is PhysicalType.INTEGER:
                low, high = pc.min(present).as_py(), pc.max(present).as_py()
            mean = float(numbers.mean())
            sd = float(numbers.std(ddof=1)) if len(numbers) > 1 else None
            first, middle, third = (float(q) for q in np.quantile(numbers, [0.25, 0.5, 0.75]))
            quartiles = (first, middle, third)
            bins, width = _bins(column, float(low), float(high))
            if bins:
                placed = np.minimum(np.floor((numbers - float(low)) / (width or 1.0)), bins - 1).astype(
                    "int64"
                )
                histogram = _bars(float(low), width, np.bincount(placed, minlength=bins).tolist())
    elif count and column.physical_type is not PhysicalType.BOOLEAN:
        low, high = pc.min(present).as_py(), pc.max(present).as_py()
        if column.physical_type is PhysicalType.TEXT:
            mean_length = _finite(pc.mean(pc.utf8_length(present)).as_py())
    elif count:
        low, high = pc.min(present).as_py(), pc.max(present).as_py()
    seen = dict.fromkeys(_text(value) for value in present.slice(0, 200).to_pylist())
    return ColumnProfile(
        name=column.name,
        count=count,
        missing=len(held) - count,
        distinct=distinct,
        minimum=_edge(low),
        maximum=_edge(high),
        mean=mean,
        sd=sd,
        quartiles=quartiles,
        histogram=histogram,
        top_values=top,
        samples=tuple(seen)[:_SAMPLES],
        mean_length=mean_length,
    )


def _bins(column: ColumnSchema, low: float, high: float) -> tuple[int, float]:
    """(number of bins, width): equal widths; integers with few values get one bin per value, a constant one bin."""
    if not math.isfinite(high - low):
        return 0, 0.0
    if high == low:
        return 1, 0.0
    if column.physical_type is PhysicalType.INTEGER and high - low < _BINS:
        return int(high - low) + 1, 1.0
    return _BINS, (high - low) / _BINS


def _bars(low: float, width: float, counts: Sequence[int]) -> tuple[tuple[float, float, int], ...]:
    return tuple((low + i * width, low + (i + 1) * width, int(count)) for i, count in enumerate(counts))


def _histogram(
    connection: duckdb.DuckDBPyConnection, source: str, column: ColumnSchema, low: float, high: float
) -> tuple[tuple[float, float, int], ...]:
    name = quote_name(column.name)
    bins, width = _bins(column, low, high)
    if not bins:
        return ()
    number = f"CAST({name} AS DOUBLE)"
    counted = dict(
        connection.execute(
            f"SELECT greatest(0, least(CAST(floor(({number} - $low) / $width) AS BIGINT), $last)) AS bin, count(*) "
            f"FROM {source} WHERE isfinite({number}) AND {number} BETWEEN $low AND $high GROUP BY bin",
            {"low": low, "high": high, "width": width or 1.0, "last": bins - 1},
        ).fetchall()
    )
    return _bars(low, width, [int(counted.get(i, 0)) for i in range(bins)])


def _top_held(present: pa.ChunkedArray) -> tuple[tuple[tuple[str, int], ...], int]:
    if pa.types.is_time(present.type):
        present = present.cast(pa.string())
    counted = pc.value_counts(present)
    pairs = [(_text(item["values"]), int(item["counts"])) for item in _largest(counted)]
    return tuple(pairs), len(counted)


def _largest(counted: pa.StructArray) -> list[dict[str, Any]]:
    """The most frequent values, equal counts in order of value."""
    counts = counted.field("counts")
    if len(counted) > _TOP_VALUES:
        floor = pc.min(pc.array_take(counts, pc.select_k_unstable(counts, _TOP_VALUES, [("", "descending")])))
        counted = counted.filter(pc.greater_equal(counts, floor))
    items: list[dict[str, Any]] = counted.to_pylist()
    return sorted(items, key=lambda item: (-item["counts"], item["values"]))[:_TOP_VALUES]


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
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
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
