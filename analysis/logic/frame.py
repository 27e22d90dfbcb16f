"""`Frame`: the rows of one run, read straight from Parquet by DuckDB.

A Frame is one or more Parquet files of equal columns, seen through a filter, a weight column and the
column metadata (missing codes, value labels). Rows are never copied into Python unless a procedure asks
for arrays; scans, group-bys and drill-downs run in DuckDB under memory and thread caps.

No text of a user is ever part of a SQL statement: columns have generated names (c0, c1, ...) and values
travel as bound parameters.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import numpy as np
import numpy.typing as npt

from analysis.contracts import ColumnMeta, Measure, Notice, Scalar, Storage
from analysis.logic.context import RunContext
from analysis.logic.errors import (
    ProcedureError,
    all_missing,
    bad_weights,
    dates_where_numbers,
    no_rows,
    text_where_numbers,
    too_large,
    too_many_categories,
)
from analysis.logic.filters import compile_filter, typed_value
from analysis.logic.parquet_columns import MAX_SPAN, Coder, ParquetColumns, numbers_of
from analysis.logic.stats.joint_counts import count_pairs

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
CodeArray = npt.NDArray[np.int32]

CHUNK_ROWS = 65_536
MAX_CATEGORIES = 500
_LIST_POSITION_LIMIT = 24


@dataclass(frozen=True, slots=True)
class Category:
    """One observed value of a categorical column with its base."""

    value: Scalar
    label: str
    n: int
    weighted_n: float


@dataclass(frozen=True, slots=True)
class CrossCounts:
    """Joint counts of two or more categorical columns; arrays have one axis per column.

    `n` counts rows, `weighted` sums weights, `weight_squares` sums squared weights (for effective bases).
    Rows with a missing value in any of the columns are left out and counted in `missing`.
    """

    columns: tuple[str, ...]
    categories: tuple[tuple[Category, ...], ...]
    n: IntArray
    weighted: FloatArray
    weight_squares: FloatArray
    missing: int


@dataclass(frozen=True, slots=True)
class Arrays:
    """Rows in memory. `x` is (rows, numeric columns) with NaN for missing; codes are -1 for missing.

    `rows` are 1-based row numbers in the Dataset. `dropped` counts the rows left out for missing values
    (all of them with complete=True), `missing` counts them per column.
    """

    numeric: tuple[str, ...]
    x: FloatArray
    codes: Mapping[str, CodeArray]
    categories: Mapping[str, tuple[Category, ...]]
    weights: FloatArray
    rows: IntArray
    dropped: int
    missing: Mapping[str, int]

    @property
    def n(self) -> int:
        return int(self.weights.size)

    def column(self, name: str) -> FloatArray:
        """The values of one numeric column."""
        return self.x[:, self.numeric.index(name)]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows: `x` (rows, numeric columns), codes (rows, categorical columns), weights (rows,)."""

    x: FloatArray
    codes: CodeArray
    weights: FloatArray


class Frame:
    """The rows of one run. Use as a context manager; not safe for use by several threads at once."""

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        columns: Sequence[ColumnMeta],
        *,
        filter: Mapping[str, Any] | None = None,
        weight: str | None = None,
        context: RunContext | None = None,
        part: tuple[int, int] | None = None,
    ) -> None:
        """Open the files. `part` limits the run to the rows first..end-1 of a single file.

        Raises ProcedureError for an invalid filter (pointer "/filter..."), an unusable weight column
        (pointer "/weight") or a file that does not hold the columns.
        """
        self.context = context or RunContext()
        self.paths = [str(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths)]
        self.columns = tuple(columns)
        self.weight = weight
        self.filter = filter
        self._part = part
        self._notices: dict[tuple[str, tuple[str, ...]], Notice] = {}
        self._by_name = {c.name: c for c in columns}
        self._numbers: dict[str, str] = {}
        self._category_cache: dict[str, tuple[Category, ...]] = {}
        self._enums: dict[str, str] = {}
        self._values: dict[str, Any] = {}
        self._position: dict[str, int] = {}
        self._conditions: list[str] = []
        self._weight_sql = "1.0"
        self._codes: dict[str, npt.NDArray[np.unsignedinteger]] = {}
        self._row_weights: FloatArray | None = None
        self._uncodable: set[str] = set()
        self._open()
        try:
            if part is not None:
                self._limit_to(part)
            if filter is not None:
                self._conditions.append(compile_filter(filter, self._resolve, self._bind))
            if weight is not None:
                self._use_weight(weight)
        except BaseException:
            self.close()
            raise

    # -- opening -----------------------------------------------------------------------------------

    def _open(self) -> None:
        if not self.paths:
            raise ProcedureError("dataset_unavailable", "The Dataset has no files.")
        try:
            self._file = ParquetColumns(self.paths)
        except FileNotFoundError:
            raise ProcedureError(
                "dataset_unavailable",
                "The Dataset's file is gone; it was deleted or replaced during the run.",
            ) from None
        names = self._file.schema.names
        self._position = {name: i for i, name in enumerate(names)}
        absent = [c.name for c in self.columns if c.name not in self._position]
        if absent:
            raise ProcedureError(
                "dataset_changed",
                f"The Dataset's file no longer has the column {absent[0]!r}.",
                "",
                {"columns": absent},
            )
        self._has_row_numbers = not any(name.lower() in ("file_row_number", "filename") for name in names)

    def _limit_to(self, part: tuple[int, int]) -> None:
        if not self._has_row_numbers or len(self.paths) != 1:
            raise ProcedureError("not_mergeable", "This Dataset cannot be split into ranges of rows.")
        first, end = (self._bind(int(bound)) for bound in part)
        self._conditions.append(f"(rownum >= {first} AND rownum < {end})")

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": max(1, self.context.threads),
                "memory_limit": f"{max(64, self.context.memory_bytes // 1024**2)}MiB",
            },
        )
        files = "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in self.paths) + "]"
        names = ", ".join(f"c{i}" for i in range(len(self._position)))
        numbered = self._has_row_numbers
        # The view renames by position, so that no column name of a user is ever part of a statement.
        connection.execute(
            f"CREATE VIEW d({names}{', rownum' if numbered else ''}) AS SELECT * FROM "
            f"read_parquet({files}{', file_row_number=true' if numbered else ''})"
        )
        connection.execute(f"SET allowed_paths={files}")
        connection.execute("SET enable_external_access=false")
        connection.execute("SET lock_configuration=true")
        return connection

    def close(self) -> None:
        """Free the connection and everything cached."""
        if "_connection" in self.__dict__:
            self._connection.close()
        self._codes.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- SQL pieces --------------------------------------------------------------------------------

    def _bind(self, value: Any) -> str:
        name = f"v{len(self._values)}"
        self._values[name] = value
        return f"${name}"

    def column(self, name: str) -> ColumnMeta:
        """Metadata of a column; ProcedureError("unknown_column") when there is none."""
        try:
            return self._by_name[name]
        except KeyError:
            raise ProcedureError(
                "unknown_column", f"The Dataset has no column {name!r}.", "", {"column": name}
            ) from None

    def _resolve(self, name: str) -> tuple[str, Storage]:
        return self.value_sql(name), self._by_name[name].storage

    def value_sql(self, name: str) -> str:
        """SQL of the stored value with missing codes and NaN as NULL. Raises KeyError for an unknown column."""
        meta = self._by_name[name]
        raw = f"c{self._position[name]}"
        if meta.storage is Storage.TEXT:
            raw = f"CAST({raw} AS VARCHAR)"
        codes = [code for code in meta.missing_codes if code is not None]
        conditions = []
        if meta.storage is Storage.REAL:
            conditions.append(f"isnan({raw})")
        places = []
        for code in codes:
            try:
                places.append(self._bind(typed_value(code, meta.storage, "")))
            except ProcedureError:
                continue  # a code that cannot be a value of this column marks nothing
        if places:
            conditions.append(f"{raw} IN ({', '.join(places)})")
        if not conditions:
            return raw
        return f"(CASE WHEN {' OR '.join(conditions)} THEN NULL ELSE {raw} END)"

    def number_sql(self, name: str) -> str:
        """SQL of the value as finite DOUBLE or NULL.

        Booleans count 0/1; ordinal text counts the position of its label, 1 for the first; other text is
        accepted only when every value reads as a number. Infinite values are missing, with a notice.
        Raises ProcedureError("text_where_numbers_needed" | "dates_where_numbers_needed").
        """
        if name not in self._numbers:
            self._numbers[name] = self._number_sql(self.column(name))
        return self._numbers[name]

    def _number_sql(self, meta: ColumnMeta) -> str:
        value = self.value_sql(meta.name)
        if meta.storage in (Storage.DATE, Storage.DATETIME):
            raise dates_where_numbers(meta.name)
        if meta.storage is Storage.BOOLEAN:
            return f"CAST(CAST({value} AS TINYINT) AS DOUBLE)"
        if meta.storage is Storage.INTEGER:
            return f"CAST({value} AS DOUBLE)"
        if meta.storage is Storage.REAL:
            if self._may_be_infinite(meta.name):
                infinite = self._scalar(f"SELECT count_if(isinf({value})) {self._from()}")
                if infinite:
                    self._note(
                        "infinite_values",
                        f"{infinite:,} infinite values of {meta.name!r} are read as missing.",
                        meta,
                    )
            raw = f"CAST({value} AS DOUBLE)"
            return f"(CASE WHEN isfinite({raw}) THEN {raw} END)"
        return self._text_as_number(meta, value)

    def _text_as_number(self, meta: ColumnMeta, value: str) -> str:
        if meta.measure is Measure.ORDINAL and meta.value_labels:
            order = [str(v) for v, _ in meta.value_labels]
            self._note(
                "scored_labels",
                f"{meta.name!r} is scored 1 to {len(order)} in the order of its labels.",
                meta,
            )
            return f"CAST(list_position({self._bind(order)}, {value}) AS DOUBLE)"
        bad = f"({value} IS NOT NULL AND NOT isfinite(TRY_CAST({value} AS DOUBLE)) IS TRUE)"
        count = int(self._scalar(f"SELECT count_if({bad}) {self._from()}") or 0)
        if count:
            number = "rownum + 1" if self._has_row_numbers else "0"
            examples = self.fetch(f"SELECT {number}, {value} {self._from(bad)} ORDER BY 1 LIMIT 5")
            raise text_where_numbers(meta.name, count, [(int(row), str(text)) for row, text in examples])
        self._note(
            "text_read_as_numbers", f"{meta.name!r} is stored as text; all its values read as numbers.", meta
        )
        return f"TRY_CAST({value} AS DOUBLE)"

    def _may_be_infinite(self, name: str) -> bool:
        """False when the Parquet statistics of all row groups prove the column finite."""
        found = self._file.range(name)
        return found is None or not (math.isfinite(found[0]) and math.isfinite(found[1]))

    def _use_weight(self, name: str) -> None:
        if name not in self._by_name:
            raise ProcedureError(
                "unknown_column", f"The Dataset has no column {name!r}.", "/weight", {"column": name}
            )
        try:
            weight = self.number_sql(name)
        except ProcedureError as error:
            raise ProcedureError(error.code, error.detail, "/weight", error.context) from None
        total, missing, negative, zero, largest, smallest = self.fetch(
            f"SELECT count(*), count_if({weight} IS NULL), count_if({weight} < 0), count_if({weight} = 0), "
            f"max({weight}), min({weight}) FILTER ({weight} > 0) {self._from()}"
        )[0]
        good = total - missing - negative - zero
        if total and not good:
            refusal = bad_weights(name, "no row has a positive finite weight")
            refusal.pointer = "/weight"
            raise refusal
        for count, what in ((missing, "missing"), (negative, "negative"), (zero, "zero")):
            if count:
                self._note(
                    f"weights_{what}",
                    f"{count:,} of {total:,} rows have a {what} weight and are left out.",
                    self._by_name[name],
                )
        if good and largest > 0 and smallest and largest / smallest > 1e3:
            self._note(
                "weights_extreme",
                f"Weights of {name!r} range from {smallest:.3g} to {largest:.3g}; few rows may dominate.",
                self._by_name[name],
            )
        if missing + negative + zero:
            self._conditions.append(f"({weight} > 0)")
        self._weight_sql = weight

    def _note(self, code: str, message: str, meta: ColumnMeta) -> None:
        self._notices[(code, (meta.name,))] = Notice(code, message, (meta.name,))

    def _from(self, *conditions: str) -> str:
        wanted = [*self._conditions, *conditions]
        return "FROM d" + (f" WHERE {' AND '.join(wanted)}" if wanted else "")

    def _used(self, sql: str) -> dict[str, Any]:
        """The bound values a statement refers to (DuckDB refuses superfluous ones)."""
        return {name: self._values[name] for name in set(re.findall(r"\$(v\d+)", sql))}

    def fetch(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement made of this Frame's own pieces (`value_sql`, `number_sql`, `source_sql`)."""
        used = self._used(sql)
        return self._connection.execute(sql, used or None).fetchall()

    def fetch_arrays(self, sql: str) -> dict[str, Any]:
        """Columns of a statement as NumPy arrays (masked where NULL)."""
        used = self._used(sql)
        return self._connection.execute(sql, used or None).fetchnumpy()

    def source_sql(self, *conditions: str) -> str:
        """The FROM and WHERE clause of this Frame's rows, with further conditions."""
        return self._from(*conditions)

    @property
    def weight_sql(self) -> str:
        """SQL of the row weight; "1.0" without a weight column."""
        return self._weight_sql

    def _scalar(self, sql: str) -> Any:
        return self.fetch(sql)[0][0]

    def _batches(self, sql: str, rows: int) -> Iterator[Any]:
        relation = self._connection.sql(sql, params=self._used(sql))
        yield from relation.to_arrow_reader(rows)

    # -- bases -------------------------------------------------------------------------------------

    @cached_property
    def _bases(self) -> tuple[int, float, float]:
        weight = self._weight_sql
        if self.weight is None:
            n = int(self._scalar(f"SELECT count(*) {self._from()}")) if self._conditions else self._file.rows
            return n, float(n), float(n)
        n, total, squares = self.fetch(
            f"SELECT count(*), fsum({weight}), fsum({weight} * {weight}) {self._from()}"
        )[0]
        return int(n), float(total or 0.0), float(squares or 0.0)

    @property
    def n(self) -> int:
        """Rows after filter and weight policy."""
        return self._bases[0]

    @property
    def weighted_n(self) -> float:
        """Sum of weights (equal to `n` without a weight column)."""
        return self._bases[1]

    @property
    def effective_n(self) -> float:
        """Kish's effective base: squared sum of weights over the sum of squared weights."""
        _, total, squares = self._bases
        return total * total / squares if squares else 0.0

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What had to be done to filter, weight and values so far."""
        return tuple(self._notices.values())

    def require_rows(self, needed: int = 1) -> None:
        """Raise ProcedureError("no_rows") when fewer than `needed` rows are left."""
        if self.n >= needed:
            return
        if self.n == 0:
            why = "the filter matches none" if self.filter is not None else "the Dataset is empty"
            raise no_rows(why)
        raise ProcedureError(
            "too_few_rows",
            f"Only {self.n:,} row{'s are' if self.n != 1 else ' is'} left; at least {needed:,} are needed.",
            context={"n": self.n, "needed": needed},
        )

    # -- categories and counts ---------------------------------------------------------------------

    def category_count(self, name: str) -> int:
        """Number of different values of a column, missing left out."""
        return int(self._scalar(f"SELECT count(DISTINCT {self._value(name)}) {self._from()}"))

    def _value(self, name: str) -> str:
        self.column(name)
        return self.value_sql(name)

    def categories(self, name: str, limit: int = MAX_CATEGORIES) -> tuple[Category, ...]:
        """Observed categories in the order of the value labels, then by value.

        Raises ProcedureError("too_many_categories") above `limit`.
        """
        self.column(name)
        if name not in self._category_cache:
            self.prefetch([name], limit)
        cached = self._category_cache.get(name)
        if cached is None:
            value = self._value(name)
            present = self._from(f"{value} IS NOT NULL")
            fetched = self.fetch(
                f"SELECT {value} AS v, count(*), {self._sum_sql(self._weight_sql)} {present} "
                f"GROUP BY v LIMIT {max(limit, MAX_CATEGORIES) + 1}"
            )
            if len(fetched) > limit:
                raise too_many_categories(name, self.category_count(name), limit)
            cached = order_categories(self.column(name), fetched)
            self._category_cache[name] = cached
        if len(cached) > limit:
            raise too_many_categories(name, len(cached), limit)
        return cached

    def counted(self, name: str) -> tuple[Category, ...] | None:
        """The categories of a column if they were counted already (see `prefetch`), else None."""
        return self._category_cache.get(name)

    def _sum_sql(self, weight: str) -> str:
        return "CAST(count(*) AS DOUBLE)" if self.weight is None else f"fsum({weight})"

    def cross_counts(self, *names: str, limit: int = MAX_CATEGORIES) -> CrossCounts:
        """Joint counts of categorical columns over rows where none of them is missing."""
        return self.many_cross_counts([names], limit=limit)[0]

    def many_cross_counts(
        self, groups: Sequence[Sequence[str]], limit: int = MAX_CATEGORIES, stage: str = "counting"
    ) -> list[CrossCounts]:
        """Joint counts for many groups of columns in one scan.

        Raises ProcedureError("too_large") when a table has more than ten million cells.
        """
        names = list(dict.fromkeys(name for group in groups for name in group))
        coded = self.prefetch(names, limit)
        categories = {name: self.categories(name, limit) for name in names}
        place = {name: i for i, name in enumerate(names)}
        shapes = [tuple(len(categories[name]) for name in group) for group in groups]
        for group, shape in zip(groups, shapes, strict=True):
            if math.prod(shape) > 10_000_000:
                raise too_large(
                    f"A table of {' x '.join(map(repr, group))} would have {math.prod(shape):,} cells."
                )
        if coded and all(len(group) == 2 for group in groups):
            self.context.checkpoint(stage, 0, 1)
            tables = count_pairs(
                [self._codes[name] for name in names],
                [len(categories[name]) for name in names],
                [(place[group[0]], place[group[1]]) for group in groups],
                self._row_weights,
            )
            rows = self._codes[names[0]].size
            return [
                CrossCounts(
                    tuple(group),
                    tuple(categories[name] for name in group),
                    table.n,
                    table.weighted,
                    table.weight_squares,
                    rows - int(table.n.sum()),
                )
                for group, table in zip(groups, tables, strict=True)
            ]
        counts = [np.zeros(math.prod(shape), dtype=np.int64) for shape in shapes]
        sums = [np.zeros(math.prod(shape)) for shape in shapes]
        squares = [np.zeros(math.prod(shape)) for shape in shapes]
        used = 0
        weighted = self.weight is not None
        for chunk in self.chunks(categorical=names, stage=stage, limit=limit):
            used += len(chunk.weights)
            for t, group in enumerate(groups):
                flat, valid = _flat_codes(chunk.codes, [place[name] for name in group], shapes[t])
                weights = chunk.weights if valid is None else chunk.weights[valid]
                size = counts[t].size
                counts[t] += np.bincount(flat, minlength=size)
                if weighted:
                    sums[t] += np.bincount(flat, weights, minlength=size)
                    squares[t] += np.bincount(flat, weights * weights, minlength=size)
        result = []
        for t, group in enumerate(groups):
            n = counts[t].reshape(shapes[t])
            result.append(
                CrossCounts(
                    tuple(group),
                    tuple(categories[name] for name in group),
                    n,
                    sums[t].reshape(shapes[t]) if weighted else n.astype(np.float64),
                    squares[t].reshape(shapes[t]) if weighted else n.astype(np.float64),
                    used - int(n.sum()),
                )
            )
        return result

    # -- rows as arrays ----------------------------------------------------------------------------

    def prefetch(self, names: Sequence[str], limit: int = MAX_CATEGORIES) -> bool:
        """Read categorical columns together, once, and keep their codes (one or two bytes per row).

        Returns whether all of them are now in memory. Columns of other types, runs with a row filter and data
        larger than a quarter of the memory cap are counted by DuckDB instead; the figures are the same.
        """
        wanted = [name for name in dict.fromkeys(names) if name not in self._codes]
        if not wanted:
            return True
        if self._selects_rows or not self._weight_is_readable:
            return False
        if self._file.rows * (2 * (len(wanted) + len(self._codes)) + 8) > self.context.memory_bytes / 4:
            return False
        coders = {name: self._coder(name, limit) for name in wanted if name not in self._uncodable}
        usable = {name: coder for name, coder in coders.items() if coder is not None}
        if usable:
            self._read_codes(usable)
        return all(name in self._codes for name in wanted)

    @property
    def _selects_rows(self) -> bool:
        return self.filter is not None or self._part is not None

    @property
    def _weight_is_readable(self) -> bool:
        if self.weight is None:
            return True
        storage = self.column(self.weight).storage
        return storage is not Storage.TEXT and self._file.readable(self.weight, storage)

    def _coder(self, name: str, limit: int) -> Coder | None:
        """How to code a column while reading, or None when DuckDB has to."""
        meta = self.column(name)
        if not self._file.readable(name, meta.storage) or meta.storage is Storage.REAL:
            self._uncodable.add(name)
            return None
        missing = []
        for code in meta.missing_codes:
            try:
                missing.append(typed_value(code, meta.storage, ""))
            except ProcedureError:
                continue
        low, size = 0, 2
        if meta.storage is Storage.INTEGER:
            found = self._file.range(name)
            if found is None or found[1] - found[0] >= MAX_SPAN or abs(found[0]) > 2**62:
                self._uncodable.add(name)
                return None
            low, size = int(found[0]), int(found[1] - found[0]) + 1
            missing = [m for m in missing if float(m).is_integer() and low <= m < low + size]
        return Coder(meta.storage, low, size, missing, limit)

    def _read_codes(self, coders: Mapping[str, Coder]) -> None:
        names = list(coders)
        columns = [*names, *([] if self.weight is None else [self.weight])]
        columns = list(dict.fromkeys(columns))
        texts = [name for name, coder in coders.items() if coder.storage is Storage.TEXT]
        parts: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {name: [] for name in names}
        weights: list[FloatArray] = []
        done, total = 0, max(1, self._file.rows)
        for _, batch in self._file.batches(columns, texts, CHUNK_ROWS):
            keep = None
            if self.weight is not None:
                w = self._weights_of(batch.column(columns.index(self.weight)))
                keep = w > 0
                weights.append(w[keep])
            for name in [n for n in names if n not in self._uncodable]:
                codes = coders[name].code(batch.column(columns.index(name)))
                if codes is None:
                    self._uncodable.add(name)
                else:
                    parts[name].append(codes if keep is None else codes[keep])
            done += batch.num_rows
            self.context.checkpoint("reading", done, total)
        if self.weight is not None and self._row_weights is None:
            self._row_weights = np.concatenate(weights) if weights else np.empty(0)
        for name in names:
            if name not in self._uncodable:
                codes = np.concatenate(parts.pop(name)) if parts[name] else np.empty(0, dtype=np.uint8)
                self._keep_codes(name, coders[name], codes)

    def _weights_of(self, array: Any) -> FloatArray:
        """Row weights of a batch, zero where the weight policy leaves the row out."""
        assert self.weight is not None
        missing = [code for code in self.column(self.weight).missing_codes if isinstance(code, (int, float))]
        values = numbers_of(array, missing)
        return np.where(np.isfinite(values) & (values > 0), values, 0.0)

    def _keep_codes(self, name: str, coder: Coder, codes: npt.NDArray[np.unsignedinteger]) -> None:
        """Count a column's provisional codes and keep them as 0 = missing, 1.. = categories in their order."""
        values = coder.values
        n = np.zeros(len(values) + 1, dtype=np.int64)
        weighted = np.zeros(len(values) + 1)
        for start in range(0, codes.size, CHUNK_ROWS):  # in slices that stay in the processor's cache
            part = codes[start : start + CHUNK_ROWS]
            n += np.bincount(part, minlength=n.size)
            if self._row_weights is not None:
                weighted += np.bincount(part, self._row_weights[start : start + CHUNK_ROWS], n.size)
        if self._row_weights is None:
            weighted = n.astype(np.float64)
        counted = [(v, int(a), float(b)) for v, a, b in zip(values, n[1:], weighted[1:], strict=True) if a]
        categories = order_categories(self.column(name), counted)
        index = {category.value: i for i, category in enumerate(categories, start=1)}
        order = [index.get(value, 0) for value in values]
        if order != list(range(1, len(values) + 1)):
            lookup = np.array([0, *order], dtype=np.uint8 if len(categories) < 255 else np.uint16)
            codes = lookup[codes]
        self._category_cache[name] = categories
        self._codes[name] = codes

    def _code_sql(self, name: str, limit: int) -> tuple[str, npt.NDArray[np.int32] | None]:
        """SQL of an integer code and the lookup table from it to the category index (None = identity).

        The SQL gives -1 for missing; the lookup table is indexed with the code.
        """
        categories = self.categories(name, limit)
        meta, value = self.column(name), self._value(name)
        values = [c.value for c in categories]
        if not values:
            return "CAST(-1 AS INTEGER)", None
        if meta.storage is Storage.BOOLEAN:
            lookup = np.array([values.index(v) if v in values else -1 for v in (False, True)], dtype=np.int32)
            return f"COALESCE(CAST({value} AS INTEGER), -1)", lookup
        if meta.storage is Storage.INTEGER:
            low, high = min(values), max(values)  # type: ignore[type-var]
            span = int(high) - int(low)  # type: ignore[arg-type]
            if span < 100_000:
                lookup = np.full(span + 1, -1, dtype=np.int32)
                lookup[np.array([int(v) - int(low) for v in values])] = np.arange(len(values))  # type: ignore[arg-type]
                identity = bool(np.array_equal(lookup, np.arange(span + 1)))
                return f"COALESCE(CAST({value} - {self._bind(int(low))} AS INTEGER), -1)", (  # type: ignore[arg-type]
                    None if identity else lookup
                )
        if len(values) <= _LIST_POSITION_LIMIT:
            typed = [typed_value(v, meta.storage, "") for v in values]
            return f"COALESCE(CAST(list_position({self._bind(typed)}, {value}) AS INTEGER) - 1, -1)", None
        return self._enum_code(name, value, categories)

    def _enum_code(
        self, name: str, value: str, categories: Sequence[Category]
    ) -> tuple[str, npt.NDArray[np.int32] | None]:
        if name not in self._enums:
            kind = f"k{self._position[name]}"
            index = {c.value: i for i, c in enumerate(categories)}
            written = self.fetch(
                f"SELECT v, CAST(v AS VARCHAR) FROM (SELECT DISTINCT {value} AS v {self._from()}) WHERE v IS NOT NULL"
            )
            listed = self._bind([text for _, text in sorted((index[_plain(v)], text) for v, text in written)])
            self._connection.execute("CREATE OR REPLACE TEMP TABLE enum_values(i INTEGER, v VARCHAR)")
            sql = (
                "INSERT INTO enum_values "
                f"SELECT generate_subscripts(x, 1), unnest(x) FROM (SELECT {listed}::VARCHAR[] AS x)"
            )
            self._connection.execute(sql, self._used(sql))
            self._connection.execute(f"CREATE TYPE {kind} AS ENUM (SELECT v FROM enum_values ORDER BY i)")
            self._enums[name] = kind
        kind = self._enums[name]
        return f"COALESCE(CAST(enum_code(TRY_CAST(CAST({value} AS VARCHAR) AS {kind})) AS INTEGER), -1)", None

    def chunks(
        self,
        numeric: Sequence[str] = (),
        categorical: Sequence[str] = (),
        *,
        complete: bool = False,
        stage: str = "reading",
        rows: int = CHUNK_ROWS,
        limit: int = MAX_CATEGORIES,
    ) -> Iterator[Chunk]:
        """Rows in pieces of about `rows`; NaN and -1 stand for missing. Reports progress per piece.

        complete=True leaves out rows with a missing value in any of the columns (in SQL).
        """
        for names, codes, weights, _ in self._read(numeric, categorical, complete, stage, rows, limit, False):
            yield Chunk(names, codes, weights)

    def _read(
        self,
        numeric: Sequence[str],
        categorical: Sequence[str],
        complete: bool,
        stage: str,
        rows: int,
        limit: int,
        with_rows: bool,
    ) -> Iterator[tuple[FloatArray, CodeArray, FloatArray, IntArray]]:
        if self._reads_directly(numeric, categorical, limit):
            yield from self._read_directly(numeric, categorical, complete, stage, rows, with_rows)
            return
        numbers = [self.number_sql(name) for name in numeric]
        coded = [self._code_sql(name, limit) for name in categorical]
        conditions: list[str] = []
        if complete:
            conditions = [f"{sql} IS NOT NULL" for sql in numbers]
            conditions += [f"{self._value(name)} IS NOT NULL" for name in categorical]
        pieces = [f"COALESCE({sql}, CAST('nan' AS DOUBLE)) AS x{i}" for i, sql in enumerate(numbers)]
        pieces += [f"{sql} AS k{i}" for i, (sql, _) in enumerate(coded)]
        if self.weight is not None:
            pieces.append(f"{self._weight_sql} AS w")
        if with_rows:
            pieces.append("rownum AS r" if self._has_row_numbers else "CAST(0 AS BIGINT) AS r")
        if not pieces:
            pieces = ["1 AS one"]
        sql = f"SELECT {', '.join(pieces)} {self._from(*conditions)}"
        total, done = max(1, self.n), 0
        for batch in self._batches(sql, rows):
            size = batch.num_rows
            if not size:
                continue
            x = np.empty((size, len(numbers)), order="F")
            for i in range(len(numbers)):
                x[:, i] = batch.column(i).to_numpy(zero_copy_only=False)
            codes = np.empty((size, len(coded)), dtype=np.int32, order="F")
            for i, (_, lookup) in enumerate(coded):
                raw = batch.column(len(numbers) + i).to_numpy(zero_copy_only=False)
                codes[:, i] = raw if lookup is None else np.where(raw < 0, -1, lookup[raw])
            at = len(numbers) + len(coded)
            if self.weight is not None:
                weights = np.asarray(batch.column(at).to_numpy(zero_copy_only=False), dtype=np.float64)
                at += 1
            else:
                weights = np.ones(size)
            row_numbers = (
                batch.column(at).to_numpy(zero_copy_only=False) + 1 if with_rows else np.empty(0, np.int64)
            )
            done += size
            self.context.checkpoint(stage, min(done, total), total)
            yield x, codes, weights, row_numbers

    def _reads_directly(self, numeric: Sequence[str], categorical: Sequence[str], limit: int) -> bool:
        """Whether the columns can be read from the file without DuckDB."""
        if self._selects_rows or not self._weight_is_readable:
            return False
        for name in numeric:
            if self.column(name).storage is Storage.TEXT or not self._file.readable(
                name, self.column(name).storage
            ):
                return False
            self.number_sql(name)  # notices of infinite values
        if not categorical:
            return True
        for name in categorical:
            self.categories(name, limit)
        return self.prefetch(categorical, limit)

    def _read_directly(
        self,
        numeric: Sequence[str],
        categorical: Sequence[str],
        complete: bool,
        stage: str,
        rows: int,
        with_rows: bool,
    ) -> Iterator[tuple[FloatArray, CodeArray, FloatArray, IntArray]]:
        columns = list(dict.fromkeys([*numeric, *([] if self.weight is None else [self.weight])]))
        missing = {
            name: [code for code in self.column(name).missing_codes if isinstance(code, (int, float))]
            for name in numeric
        }
        cached = [self._codes[name] for name in categorical]
        at, total = 0, max(1, self.n)
        if not columns:
            batches: Iterator[tuple[int, Any]] = iter(
                [(i, min(rows, self._file.rows - i)) for i in range(0, self._file.rows, rows)]
            )
        else:
            batches = self._file.batches(columns, [], rows)
        for first, batch in batches:
            size = batch if isinstance(batch, int) else batch.num_rows
            x = np.empty((size, len(numeric)), order="F")
            for i, name in enumerate(numeric):
                x[:, i] = numbers_of(batch.column(columns.index(name)), missing[name])
                if self.column(name).storage is Storage.REAL and self._may_be_infinite(name):
                    x[np.isinf(x[:, i]), i] = np.nan
            row_numbers = np.arange(first + 1, first + size + 1) if with_rows else np.empty(0, np.int64)
            if self.weight is None:
                weights = np.ones(size)
            else:
                weights = self._weights_of(batch.column(columns.index(self.weight)))
                keep = weights > 0
                if not keep.all():
                    x, weights = np.asfortranarray(x[keep]), weights[keep]
                    row_numbers = row_numbers[keep] if with_rows else row_numbers
            used = weights.size
            codes = np.empty((used, len(cached)), dtype=np.int32, order="F")
            for i, stored in enumerate(cached):
                np.subtract(stored[at : at + used], 1, out=codes[:, i], dtype=np.int32, casting="unsafe")
            at += used
            if complete:
                whole = np.ones(used, dtype=bool)
                for i in range(len(numeric)):
                    whole &= ~np.isnan(x[:, i])
                if cached:
                    whole &= (codes >= 0).all(axis=1)
                if not whole.all():
                    x, codes, weights = np.asfortranarray(x[whole]), codes[whole], weights[whole]
                    row_numbers = row_numbers[whole] if with_rows else row_numbers
            self.context.checkpoint(stage, min(at, total), total)
            if weights.size:
                yield x, codes, weights, row_numbers

    def present_values(self, name: str) -> tuple[FloatArray, FloatArray | None]:
        """All values of one numeric column, missing ones left out, with their weights (None without weight).

        The arrays are the caller's own.
        """
        parts = list(self._read([name], [], True, "reading", CHUNK_ROWS, MAX_CATEGORIES, False))
        values = np.concatenate([p[0][:, 0] for p in parts]) if parts else np.empty(0)
        if self.weight is None:
            return values, None
        return values, np.concatenate([p[2] for p in parts]) if parts else np.empty(0)

    def arrays(
        self,
        numeric: Sequence[str] = (),
        categorical: Sequence[str] = (),
        *,
        complete: bool = True,
        stage: str = "reading",
        limit: int = MAX_CATEGORIES,
    ) -> Arrays:
        """All rows in memory, for methods that need the rows themselves.

        complete=True drops rows with any missing value (listwise). Raises ProcedureError for text where
        numbers are needed, a column without a single value, no complete row, or more than the memory cap.
        """
        self.require_rows()
        needed = self.n * 8 * (len(numeric) + len(categorical) / 2 + 2)
        if needed > self.context.memory_bytes:
            raise too_large(
                f"This method keeps all rows in memory and would need {needed / 1024**2:,.0f} MiB; the cap is "
                f"{self.context.memory_bytes / 1024**2:,.0f} MiB. Filter the rows or choose fewer columns."
            )
        parts = list(self._read(numeric, categorical, False, stage, CHUNK_ROWS, limit, True))
        x = np.concatenate([p[0] for p in parts]) if parts else np.empty((0, len(numeric)))
        codes = np.concatenate([p[1] for p in parts]) if parts else np.empty((0, len(categorical)), np.int32)
        weights = np.concatenate([p[2] for p in parts]) if parts else np.empty(0)
        rows = np.concatenate([p[3] for p in parts]) if parts else np.empty(0, np.int64)
        absent_x, absent_k = np.isnan(x), codes < 0
        missing = {name: int(absent_x[:, i].sum()) for i, name in enumerate(numeric)}
        missing |= {name: int(absent_k[:, i].sum()) for i, name in enumerate(categorical)}
        for name, count in missing.items():
            if count == len(weights):
                raise all_missing(name)
        dropped = 0
        incomplete = absent_x.any(axis=1) | absent_k.any(axis=1)
        if complete and incomplete.any():
            dropped = int(incomplete.sum())
            if dropped == len(weights):
                raise no_rows("every row has a missing value in at least one of the chosen columns")
            keep = ~incomplete
            x, codes, weights, rows = x[keep], codes[keep], weights[keep], rows[keep]
        return Arrays(
            tuple(numeric),
            x,
            {name: np.ascontiguousarray(codes[:, i]) for i, name in enumerate(categorical)},
            {name: self.categories(name, limit) for name in categorical},
            weights,
            rows,
            dropped,
            missing,
        )

    def texts(self, name: str) -> tuple[list[str | None], IntArray, FloatArray]:
        """Texts of a column (None = missing), their 1-based row numbers and weights."""
        self.require_rows()
        value = f"CAST({self._value(name)} AS VARCHAR)"
        number = "rownum + 1" if self._has_row_numbers else "0"
        weight = f"CAST({self._weight_sql} AS DOUBLE)"
        fetched = self.fetch_arrays(
            f"SELECT {value} AS t, CAST({number} AS BIGINT) AS r, {weight} AS w {self._from()}"
        )
        texts = fetched["t"]
        masked = (
            np.ma.getmaskarray(texts) if isinstance(texts, np.ma.MaskedArray) else np.zeros(len(texts), bool)
        )
        listed = [
            None if gone or text is None else str(text)
            for text, gone in zip(np.ma.getdata(texts), masked, strict=True)
        ]
        return listed, np.asarray(fetched["r"]), np.asarray(fetched["w"])

    def dates(self, name: str) -> tuple[npt.NDArray[np.datetime64], FloatArray]:
        """Timestamps (datetime64[us], NaT = missing) and weights; text columns must hold ISO dates.

        Raises ProcedureError("not_a_date", ...) naming the first rows that are not dates.
        """
        meta, value = self.column(name), self._value(name)
        if meta.storage in (Storage.INTEGER, Storage.REAL, Storage.BOOLEAN):
            raise ProcedureError(
                "not_a_date", f"Column {name!r} holds numbers, not dates.", "", {"column": name}
            )
        moment = f"TRY_CAST({value} AS TIMESTAMP)"
        if meta.storage is Storage.TEXT:
            bad = f"({value} IS NOT NULL AND {moment} IS NULL)"
            count = int(self._scalar(f"SELECT count_if({bad}) {self._from()}") or 0)
            if count:
                number = "rownum + 1" if self._has_row_numbers else "0"
                examples = self.fetch(f"SELECT {number}, {value} {self._from(bad)} ORDER BY 1 LIMIT 5")
                shown = "; ".join(f"row {row}: {str(text)[:60]!r}" for row, text in examples)
                raise ProcedureError(
                    "not_a_date",
                    f"Column {name!r} must hold dates, but {count:,} values are not ({shown}).",
                    context={"column": name, "count": count},
                )
        fetched = self.fetch_arrays(
            f"SELECT {moment} AS t, CAST({self._weight_sql} AS DOUBLE) AS w {self._from()}"
        )
        times = np.ma.getdata(fetched["t"]).astype("datetime64[us]")
        times[np.ma.getmaskarray(fetched["t"])] = np.datetime64("NaT")
        return times, np.asarray(fetched["w"])

    def rows(
        self,
        columns: Sequence[str] | None = None,
        *,
        filter: Mapping[str, Any] | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[int, list[dict[str, Scalar]]]:
        """One page of rows behind a cell, in file order, and how many there are in all.

        `filter` is added to the Frame's own (a cell's `Table.cell_filter`). Values are shown as stored;
        "_row" is the 1-based row number.
        """
        names = [c.name for c in self.columns] if columns is None else list(columns)
        conditions = [] if filter is None else [compile_filter(filter, self._resolve, self._bind)]
        total = int(self._scalar(f"SELECT count(*) {self._from(*conditions)}"))
        for name in names:
            self.column(name)
        picked = "".join(f", c{self._position[name]}" for name in names)
        number = "rownum + 1" if self._has_row_numbers else "0"
        page = self.fetch(
            f"SELECT {number} AS r{picked} {self._from(*conditions)} "
            f"ORDER BY r LIMIT {int(limit)} OFFSET {int(offset)}"
        )
        return total, [
            {"_row": int(row[0]), **{name: _plain(v) for name, v in zip(names, row[1:], strict=True)}}
            for row in page
        ]


def order_categories(meta: ColumnMeta, counted: Iterable[tuple[Any, int, float]]) -> tuple[Category, ...]:
    """Categories from (stored value, rows, weight): in the order of the value labels, then by value."""
    labels = {_comparable(value): (i, label) for i, (value, label) in enumerate(meta.value_labels)}
    found = []
    for value, n, weighted in counted:
        plain = _plain(value)
        rank, label = labels.get(_comparable(plain), (len(labels), ""))
        category = Category(plain, label or _as_label(plain), int(n), float(weighted or 0.0))
        found.append((rank, value, category))
    found.sort(key=lambda item: (item[0], item[1]))
    return tuple(item[2] for item in found)


def _flat_codes(
    codes: CodeArray, places: Sequence[int], shape: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_] | None]:
    """Row-major cell index of each row, and the mask of rows kept when some are missing."""
    columns = [codes[:, place] for place in places]
    valid: npt.NDArray[np.bool_] | None = None
    if any(column.size and column.min() < 0 for column in columns):
        valid = np.logical_and.reduce([column >= 0 for column in columns])
        columns = [column[valid] for column in columns]
    flat = columns[0].astype(np.int64)
    for column, size in zip(columns[1:], shape[1:], strict=True):
        flat *= size
        flat += column
    return flat, valid


def _plain(value: Any) -> Scalar:
    """A DuckDB value as JSON scalar."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (dt.date, dt.datetime, dt.time)):
        return value.isoformat()
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else None


def _comparable(value: Scalar) -> Scalar:
    """1, 1.0 and "1" name the same category in a label list read from JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"{float(value):.17g}"
    text = str(value)
    try:
        return f"{float(text):.17g}"
    except ValueError:
        return text.lower() if text.lower() in ("true", "false") else text


def _as_label(value: Scalar) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, float):
        return f"{value:.10g}"
    text = str(value)
    return text if text else "(empty)"
