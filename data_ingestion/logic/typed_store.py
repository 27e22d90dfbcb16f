"""Tables whose source already knows its types (SPSS, Stata, SAS, Parquet, Arrow): keep types, labels, missing codes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from data_ingestion.contracts import ColumnSchema, MeasureLevel, PhysicalType, Repair, SemanticType
from data_ingestion.logic.duck import quote_name, quote_text
from data_ingestion.logic.profile import profile_parquet
from data_ingestion.logic.store import StoredTable, copy_to_parquet, settled_schema, unique_names
from data_ingestion.logic.types import semantics
from data_ingestion.logic.types.plan import ColumnPlan, is_personal, measure_level, plan_text_column
from data_ingestion.logic.types.scales import order_scale

_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_SAMPLE_ROWS = 3000
_RANGE = re.compile(r"(-?[\d.eE+]+|-inf)\.\.(-?[\d.eE+]+|inf)")


def store_typed_relation(
    connection: duckdb.DuckDBPyConnection,
    *,
    relation: str,
    source_columns: Sequence[str],
    described: Sequence[dict[str, Any]],
    parquet_path: Path,
    whole_numbers: bool,
) -> StoredTable:
    """Write ``relation`` with its own types and profile it.

    ``described`` gives per column ``name`` and optionally ``label``, ``value_labels``, ``missing_codes``,
    ``measure_level``. With ``whole_numbers`` columns of doubles that hold only whole numbers become integers (the
    statistical formats have no integer type).
    """
    types = {
        row[0]: str(row[1]).upper()
        for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    }
    names = unique_names([str(entry["name"]) for entry in described])
    integral = _integral_columns(connection, relation, source_columns, types) if whole_numbers else set()
    samples = connection.execute(
        f"SELECT * FROM {relation} USING SAMPLE {_SAMPLE_ROWS} ROWS (reservoir, 7)"
    ).fetchall()
    position = {name: index for index, name in enumerate(types)}
    outputs: list[tuple[str, ColumnSchema, bool]] = []
    repairs: list[Repair] = []
    taken = {name.casefold() for name in names}
    for name, source, entry in zip(names, source_columns, described, strict=True):
        column = quote_name(source)
        physical, sql = _physical(types[source], column, integral=source in integral)
        values = [row[position[source]] for row in samples]
        schema, undecided = _schema(name, entry, physical, values)
        codes = [str(code) for code in entry.get("missing_codes") or ()]
        null_test = _missing_test(column, codes, physical) if codes else None
        hits = 0
        if null_test is not None:
            row = connection.execute(f"SELECT count(*) FROM {relation} WHERE {null_test}").fetchone()
            hits = int(row[0]) if row else 0
        if not hits or null_test is None:
            outputs.append((sql, schema, undecided))
            continue
        raw_name = f"{name} (raw)"
        while raw_name.casefold() in taken:
            raw_name += "'"
        outputs.append(
            (
                f"CASE WHEN {null_test} THEN NULL ELSE {sql} END",
                replace(schema, raw_column=raw_name),
                undecided,
            )
        )
        raw = replace(schema, name=raw_name, label=f"{schema.label} (with missing codes)", is_raw=True)
        outputs.append((sql, raw, False))
        repairs.append(
            Repair(
                kind="missing_code",
                message="Declared missing codes were read as missing; the codes are kept in the column beside.",
                column=name,
                before=", ".join(codes)[:200],
                count=hits,
            )
        )
    selected = ", ".join(f"{sql} AS {quote_name(schema.name)}" for sql, schema, _ in outputs)
    copy_to_parquet(connection, f"SELECT {selected} FROM {relation}", parquet_path)
    columns = tuple(schema for _, schema, _ in outputs)
    profile = profile_parquet(connection, parquet_path, columns)
    columns = tuple(
        settled_schema(connection, parquet_path, schema, found, undecided=undecided)
        for (_, schema, undecided), found in zip(outputs, profile, strict=True)
    )
    row_count = profile[0].count + profile[0].missing if profile else 0
    return StoredTable(row_count, columns, profile, tuple(repairs))


def _integral_columns(
    connection: duckdb.DuckDBPyConnection, relation: str, sources: Sequence[str], types: dict[str, str]
) -> set[str]:
    doubles = [source for source in sources if types[source] in ("DOUBLE", "FLOAT")]
    found: set[str] = set()
    for start in range(0, len(doubles), 200):
        part = doubles[start : start + 200]
        tests = ", ".join(
            f"bool_and(isfinite({name}) AND {name} = floor({name}) AND abs({name}) < 9e15)"
            for name in map(quote_name, part)
        )
        row = connection.execute(f"SELECT {tests} FROM {relation}").fetchone() or ()
        found |= {source for source, whole in zip(part, row, strict=True) if whole}
    return found


def _physical(kind: str, column: str, *, integral: bool) -> tuple[PhysicalType, str]:
    """(physical type, SQL) for a DuckDB type; what has no place of its own becomes text."""
    if kind in _INTEGERS or integral:
        return PhysicalType.INTEGER, f"CAST({column} AS BIGINT)"
    if kind in ("DOUBLE", "FLOAT") or kind.startswith("DECIMAL"):
        return PhysicalType.NUMBER, f"CAST({column} AS DOUBLE)"
    if kind == "BOOLEAN":
        return PhysicalType.BOOLEAN, column
    if kind == "DATE":
        return PhysicalType.DATE, column
    if kind == "TIMESTAMP WITH TIME ZONE":
        return PhysicalType.DATETIME, f"({column} AT TIME ZONE 'UTC')"
    if kind.startswith("TIMESTAMP"):
        return PhysicalType.DATETIME, f"CAST({column} AS TIMESTAMP)"
    if kind.startswith("TIME"):
        return PhysicalType.TIME, f"CAST({column} AS TIME)"
    text = f"CAST({column} AS VARCHAR)"
    return PhysicalType.TEXT, f"nullif({text}, '')"


def _schema(
    name: str, entry: dict[str, Any], physical: PhysicalType, values: Sequence[Any]
) -> tuple[ColumnSchema, bool]:
    label = str(entry.get("label") or name)
    value_labels = {str(code): str(text) for code, text in (entry.get("value_labels") or {}).items()}
    declared = entry.get("measure_level")
    measure = MeasureLevel(declared) if declared else None
    present = [value for value in values if value is not None and value == value]
    undecided = False
    if value_labels and measure is not MeasureLevel.SCALE:
        ordered = measure is MeasureLevel.ORDINAL or (
            measure is None and order_scale(value_labels.values()) is not None
        )
        semantic = SemanticType.ORDERED_CATEGORY if ordered else SemanticType.CATEGORY
        measure = measure or (MeasureLevel.ORDINAL if ordered else MeasureLevel.NOMINAL)
    elif physical in (PhysicalType.INTEGER, PhysicalType.NUMBER):
        integer = physical is PhysicalType.INTEGER
        numbers = list(dict.fromkeys(float(value) for value in present))
        semantic = semantics.number_meaning(name, numbers, integer=integer)
    elif physical is PhysicalType.TEXT:
        plan: ColumnPlan = plan_text_column(name, label, [str(value) for value in present])
        semantic, undecided = plan.semantic, plan.undecided
        separator = plan.separator
        schema = plan.schema()
        schema = replace(schema, value_labels=value_labels, separator=separator)
        return (replace(schema, measure_level=measure) if measure else schema), undecided
    else:
        semantic = SemanticType(physical.value)
    return (
        ColumnSchema(
            name=name,
            label=label,
            physical_type=physical,
            semantic_type=semantic,
            measure_level=measure or measure_level(semantic, physical),
            is_pii=is_personal(name, semantic) or is_personal(label, semantic),
            value_labels=value_labels,
            missing_codes=tuple(str(code) for code in entry.get("missing_codes") or ()),
        ),
        undecided,
    )


def _missing_test(column: str, codes: Sequence[str], physical: PhysicalType) -> str | None:
    """SQL that is true for cells holding a declared missing code (single values or ``low..high`` ranges)."""
    if physical is PhysicalType.TEXT:
        return f"trim({column}) IN ({', '.join(quote_text(code.strip()) for code in codes)})"
    if physical not in (PhysicalType.INTEGER, PhysicalType.NUMBER):
        return None
    tests = []
    for code in codes:
        if match := _RANGE.fullmatch(code):
            low, high = match[1], match[2]
            bounds = []
            if low != "-inf":
                bounds.append(f"{column} >= {float(low)!r}")
            if high != "inf":
                bounds.append(f"{column} <= {float(high)!r}")
            tests.append("(" + " AND ".join(bounds) + ")")
        else:
            try:
                tests.append(f"{column} = {float(code)!r}")
            except ValueError:
                continue
    return "(" + " OR ".join(tests) + ")" if tests else None
