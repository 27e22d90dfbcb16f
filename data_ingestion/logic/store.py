"""From a relation of text columns to one typed, profiled Parquet file.

The types come from a sample as a hypothesis; the write applies them to *all* rows with guarded casts. When a row
does not fit, the column is planned again with the offending cells in the sample (an integer column may become a
number column) and in the end kept as text: no cell is lost and the receipt says what happened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from data_ingestion.contracts import ColumnProfile, ColumnSchema, PhysicalType, Repair, SemanticType
from data_ingestion.logic.duck import quote_name, quote_text
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.profile import profile_parquet
from data_ingestion.logic.types.numbers import PLAIN_PATTERN
from data_ingestion.logic.types.plan import ColumnPlan, plan_column, settle_text

_MAX_ATTEMPTS = 4
_EXAMPLES = 20
_SLICE = 200
_WIDE_BATCH = 2_000
_RAW_SUFFIX = " (raw)"
_MISFIT_ERRORS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.OutOfRangeException)


#: SQL of the source restricted to the given columns.
RelationOf = Callable[[Sequence[str]], str]


@dataclass(frozen=True, slots=True)
class StoredTable:
    """A written table with its schema, profile and the type repairs that were needed."""

    row_count: int
    columns: tuple[ColumnSchema, ...]
    profile: tuple[ColumnProfile, ...]
    repairs: tuple[Repair, ...]


def unique_names(labels: Sequence[str]) -> list[str]:
    """Column names from header texts: trimmed, never empty, at most 200 characters, unique without regard to case.

    Duplicates get `` (2)``, `` (3)`` ...; an empty header becomes ``column_<position>``.
    """
    names: list[str] = []
    taken: set[str] = set()
    for position, label in enumerate(labels, start=1):
        base = " ".join(label.replace("\x00", "").split())[:200] or f"column_{position}"
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base} ({number})"
        taken.add(name.casefold())
        names.append(name)
    return names


def store_text_relation(
    connection: duckdb.DuckDBPyConnection,
    *,
    relation: str | RelationOf,
    source_columns: Sequence[str],
    labels: Sequence[str],
    samples: Sequence[Sequence[str]],
    parquet_path: Path,
    before_write: Callable[[], None] | None = None,
) -> StoredTable:
    """Write ``relation`` (SQL whose columns ``source_columns`` are all VARCHAR) as typed Parquet and profile it.

    ``relation`` may be a function that gives the SQL for some of the columns. ``labels`` are the original headers and
    ``samples`` the sampled texts per column, both in column order.
    """
    names = unique_names(labels)
    if len(source_columns) <= _SLICE:
        sql = relation if isinstance(relation, str) else relation(source_columns)
        return _store_slice(
            connection, sql, source_columns, names, labels, samples, parquet_path, before_write
        )
    # Planning a query takes time quadratic in its columns: very wide tables are made of slices side by side.
    parts: list[Path] = []
    stored: list[StoredTable] = []
    try:
        for start in range(0, len(source_columns), _SLICE):
            chosen = slice(start, start + _SLICE)
            wanted = source_columns[chosen]
            if isinstance(relation, str):
                sql = f"(SELECT {', '.join(map(quote_name, wanted))} FROM {relation})"
            else:
                sql = relation(wanted)
            part = parquet_path.with_name(f"{parquet_path.name}.part{start}")
            parts.append(part)
            stored.append(
                _store_slice(
                    connection,
                    sql,
                    wanted,
                    names[chosen],
                    labels[chosen],
                    samples[chosen],
                    part,
                    before_write,
                )
            )
        _place_side_by_side(parts, parquet_path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return StoredTable(
        stored[0].row_count,
        tuple(column for table in stored for column in table.columns),
        tuple(profile for table in stored for profile in table.profile),
        tuple(repair for table in stored for repair in table.repairs),
    )


def _place_side_by_side(parts: Sequence[Path], target: Path) -> None:
    """One Parquet file with the columns of all ``parts`` (which have the same rows in the same order)."""
    files = [pq.ParquetFile(part) for part in parts]
    schema = pa.schema([field for file in files for field in file.schema_arrow])
    partial = target.with_name(target.name + ".partial")
    try:
        with pq.ParquetWriter(partial, schema, compression="snappy") as writer:
            streams = [file.iter_batches(batch_size=_WIDE_BATCH) for file in files]
            for batches in zip(*streams, strict=True):
                arrays = [array for batch in batches for array in batch.columns]
                writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        partial.replace(target)
    finally:
        for file in files:
            file.close()
        partial.unlink(missing_ok=True)


def _store_slice(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    source_columns: Sequence[str],
    names: Sequence[str],
    labels: Sequence[str],
    samples: Sequence[Sequence[str]],
    parquet_path: Path,
    before_write: Callable[[], None] | None,
) -> StoredTable:
    plans = [
        plan_column(name, label, sample) for name, label, sample in zip(names, labels, samples, strict=True)
    ]
    samples = [list(sample) for sample in samples]
    repairs: list[Repair] = []
    for attempt in range(_MAX_ATTEMPTS):
        if before_write is not None:
            before_write()
        try:
            _copy(connection, relation, source_columns, plans, parquet_path)
            break
        except _MISFIT_ERRORS as error:
            misfits = _find_misfits(connection, relation, source_columns, plans)
            if not misfits or attempt == _MAX_ATTEMPTS - 1:
                raise IngestError(
                    "file_damaged", "The table could not be read with consistent types."
                ) from error
            last_chance = attempt >= _MAX_ATTEMPTS - 2
            for index, examples, count in misfits:
                plan, repair = _replan(plans[index], samples[index], examples, count, as_text=last_chance)
                plans[index] = plan
                repairs.append(repair)
    columns = schemas_with_raw(plans)
    profile = profile_parquet(connection, parquet_path, columns)
    columns = tuple(
        settled_schema(connection, parquet_path, column, found, undecided=_is_undecided(column, plans))
        for column, found in zip(columns, profile, strict=True)
    )
    row_count = profile[0].count + profile[0].missing if profile else 0
    changed = {repair.column for repair in repairs}
    repairs.extend(
        _mixed_columns(
            connection, parquet_path, [p for p in plans if p.nearly_numeric and p.name not in changed]
        )
    )
    repairs.extend(_ambiguous_dates(plans))
    repairs.extend(_cleaning_repairs(plans))
    return StoredTable(row_count, columns, profile, tuple(repairs))


def _is_undecided(column: ColumnSchema, plans: Sequence[ColumnPlan]) -> bool:
    return any(plan.name == column.name and plan.undecided for plan in plans)


def _raw_name(plan: ColumnPlan, taken: set[str]) -> str:
    name = plan.name + _RAW_SUFFIX
    while name.casefold() in taken:
        name += "'"
    return name


def _output(plans: Sequence[ColumnPlan], source_columns: Sequence[str]) -> list[tuple[str, str]]:
    """(SQL, output name) per Parquet column; raw text columns follow the columns they belong to."""
    taken = {plan.name.casefold() for plan in plans}
    outputs: list[tuple[str, str]] = []
    for plan, source in zip(plans, source_columns, strict=True):
        column = quote_name(source)
        outputs.append((plan.sql(column), plan.name))
        if plan.keeps_raw:
            outputs.append((f"nullif({column}, '')", _raw_name(plan, taken)))
    return outputs


def schemas_with_raw(plans: Sequence[ColumnPlan]) -> tuple[ColumnSchema, ...]:
    """Schemas in Parquet column order, raw columns included."""
    taken = {plan.name.casefold() for plan in plans}
    columns: list[ColumnSchema] = []
    for plan in plans:
        if not plan.keeps_raw:
            columns.append(plan.schema())
            continue
        raw = _raw_name(plan, taken)
        schema = plan.schema(raw_column=raw)
        columns.append(schema)
        columns.append(
            ColumnSchema(
                name=raw,
                label=f"{plan.label} (as written)",
                semantic_type=SemanticType.FREE_TEXT,
                is_pii=schema.is_pii,
                is_raw=True,
            )
        )
    return tuple(columns)


def copy_to_parquet(
    connection: duckdb.DuckDBPyConnection, query: str, path: Path, parameters: dict[str, Any] | None = None
) -> None:
    """Run ``COPY (query) TO path`` through a temporary name, so that no half-made file is ever left at ``path``."""
    partial = path.with_name(path.name + ".partial")
    try:
        connection.execute(
            f"COPY ({query}) TO {quote_text(str(partial))} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 61440)",
            parameters or {},
        )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    source_columns: Sequence[str],
    plans: Sequence[ColumnPlan],
    path: Path,
) -> None:
    selected = ", ".join(f"{sql} AS {quote_name(name)}" for sql, name in _output(plans, source_columns))
    copy_to_parquet(connection, f"SELECT {selected} FROM {relation}", path)


def _find_misfits(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    source_columns: Sequence[str],
    plans: Sequence[ColumnPlan],
) -> list[tuple[int, list[tuple[int, str]], int]]:
    """(column index, examples as (1-based row, text), count) of every column with cells its plan cannot read."""
    typed = [i for i, plan in enumerate(plans) if plan.physical is not PhysicalType.TEXT]
    if not typed:
        return []
    tests = {}
    for index in typed:
        column = quote_name(source_columns[index])
        is_null = plans[index].as_text(plans[index].missing).sql(f"trim({column})")
        tests[index] = f"({is_null}) IS NOT NULL AND ({plans[index].sql(column, trial=True)}) IS NULL"
    counts = connection.execute(
        "SELECT " + ", ".join(f"count(*) FILTER (WHERE {tests[i]})" for i in typed) + f" FROM {relation}"
    ).fetchone()
    found: list[tuple[int, list[tuple[int, str]], int]] = []
    for index, count in zip(typed, counts or (), strict=True):
        if not count:
            continue
        column = quote_name(source_columns[index])
        examples = connection.execute(
            f"SELECT i, {column} FROM (SELECT row_number() OVER () AS i, * FROM {relation}) "
            f"WHERE {tests[index]} LIMIT {_EXAMPLES}"
        ).fetchall()
        found.append((index, [(int(row), str(text)) for row, text in examples], int(count)))
    return found


def _replan(
    plan: ColumnPlan, sample: Sequence[str], examples: list[tuple[int, str]], count: int, *, as_text: bool
) -> tuple[ColumnPlan, Repair]:
    assert isinstance(sample, list)
    sample.extend(text for _, text in examples)
    new = plan_column(plan.name, plan.label, sample)
    if (
        as_text
        or new == plan
        or (
            new.physical is plan.physical
            and new.number == plan.number
            and new.temporal == plan.temporal
            and new.missing == plan.missing
            and new.padded == plan.padded
        )
    ):
        new = plan.as_text()
    row, text = examples[0]
    message = (
        f"{count} cells do not read as {plan.physical.value}; the column is kept as {new.physical.value}."
    )
    repair = Repair(
        kind="type_changed",
        message=message,
        row=row,
        column=plan.name,
        before=plan.physical.value,
        after=f"{new.physical.value}: {text[:200]}",
        count=count,
    )
    return new, repair


def _mixed_columns(
    connection: duckdb.DuckDBPyConnection, path: Path, plans: Sequence[ColumnPlan]
) -> list[Repair]:
    """Columns of numbers that stayed text because of a few cells: say which."""
    repairs = []
    for plan in plans:
        name = quote_name(plan.name)
        found = connection.execute(
            f"SELECT min(file_row_number) + 1, arg_min({name}, file_row_number), count(*) "
            f"FROM read_parquet({quote_text(str(path))}, file_row_number = true) "
            f"WHERE NOT regexp_full_match(trim({name}), {quote_text(PLAIN_PATTERN)})"
        ).fetchone()
        if found and found[2]:
            repairs.append(
                Repair(
                    kind="type_changed",
                    message=f"{found[2]} cells of this column of numbers are no numbers; the column is kept as text.",
                    row=int(found[0]),
                    column=plan.name,
                    before="number",
                    after=f"text: {str(found[1])[:200]}",
                    count=int(found[2]),
                )
            )
    return repairs


def _ambiguous_dates(plans: Sequence[ColumnPlan]) -> list[Repair]:
    return [
        Repair(
            kind="ambiguous_date_order",
            message="Day and month could be swapped in every sampled value; read as "
            + plan.temporal.formats[0],
            column=plan.name,
        )
        for plan in plans
        if plan.temporal is not None and plan.temporal.ambiguous
    ]


def _cleaning_repairs(plans: Sequence[ColumnPlan]) -> list[Repair]:
    repairs = []
    for plan in plans:
        if plan.keeps_raw and plan.number is not None:
            how = (
                f"written with {plan.number.unit}"
                if plan.number.unit
                else f"with decimal {plan.number.style.value}"
            )
            repairs.append(
                Repair(
                    kind="number_cleaned",
                    message=f"Numbers {how} were read; the original text is kept in the column beside.",
                    column=plan.name,
                )
            )
        tokens = [token for token in plan.missing if token]
        if tokens:
            repairs.append(
                Repair(
                    kind="missing_token",
                    message="These texts were read as missing: " + ", ".join(tokens[:20]),
                    column=plan.name,
                )
            )
    return repairs


def settled_schema(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    column: ColumnSchema,
    profile: ColumnProfile,
    *,
    undecided: bool,
) -> ColumnSchema:
    """Decide category, scale, identifier or free text for a text column from its profile over all rows."""
    if not undecided or column.physical_type is not PhysicalType.TEXT or column.is_raw:
        return column
    if profile.distinct <= 50 and profile.distinct > len(profile.top_values):
        name = quote_name(column.name)
        rows = connection.execute(
            f"SELECT DISTINCT {name} FROM read_parquet({quote_text(str(path))}) WHERE {name} IS NOT NULL LIMIT 60"
        ).fetchall()
        values: Sequence[str] = [str(row[0]) for row in rows]
    elif profile.distinct <= 50:
        values = [value for value, _ in profile.top_values]
    else:
        values = profile.samples or [value for value, _ in profile.top_values]
    return settle_text(column, count=profile.count, distinct=profile.distinct, values=values)
