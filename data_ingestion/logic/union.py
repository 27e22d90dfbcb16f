"""Union of tables whose headers are alike but not equal ("E-Mail", "email address", "e_mail")."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path

from data_ingestion.contracts import ColumnProfile, ColumnSchema, PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_name, quote_text, session
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.profile import profile_parquet
from data_ingestion.logic.store import copy_to_parquet
from data_ingestion.logic.tables import IngestLimits
from data_ingestion.logic.types.plan import measure_level

_SQL = {
    PhysicalType.INTEGER: "BIGINT",
    PhysicalType.NUMBER: "DOUBLE",
    PhysicalType.BOOLEAN: "BOOLEAN",
    PhysicalType.DATE: "DATE",
    PhysicalType.DATETIME: "TIMESTAMP",
    PhysicalType.TIME: "TIME",
    PhysicalType.TEXT: "VARCHAR",
}
_SIMILAR = 0.86
_SYNONYMS = {
    "mail": "email",
    "emailaddress": "email",
    "telephone": "phone",
    "tel": "phone",
    "phonenumber": "phone",
    "sex": "gender",
    "zip": "postcode",
    "zipcode": "postcode",
    "postalcode": "postcode",
    "qty": "quantity",
    "amt": "amount",
    "surname": "lastname",
    "familyname": "lastname",
    "forename": "firstname",
    "givenname": "firstname",
    "respondentid": "respondent",
    "respid": "respondent",
}


@dataclass(slots=True)
class MatchedColumns:
    """``columns`` of the union and, per table, which of its columns feeds each (None: missing there)."""

    columns: list[ColumnSchema]
    sources: list[list[ColumnSchema | None]]
    notes: list[str] = field(default_factory=list)


def folded_header(name: str) -> str:
    """A header reduced to what people compare: letters and digits, no accents, synonyms unified."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    plain = "".join(char for char in plain if char.isalnum())
    return _SYNONYMS.get(plain, plain)


def header_similarity(first: str, second: str) -> float:
    """0 to 1. Headers that differ in a number ("q1", "q2") are different questions and give 0."""
    a, b = folded_header(first), folded_header(second)
    if a == b:
        return 1.0
    if not a or not b or re.findall(r"\d+", a) != re.findall(r"\d+", b):
        return 0.0
    return SequenceMatcher(None, a, b, autojunk=False).ratio()


def match_columns(tables: Sequence[Sequence[ColumnSchema]]) -> MatchedColumns:
    """Match the columns of ``tables`` by exact, then folded, then similar headers; the first table leads."""
    merged: list[ColumnSchema] = list(tables[0])
    sources: list[list[ColumnSchema | None]] = [list(tables[0])]
    notes: list[str] = []
    for columns in tables[1:]:
        assigned = _assign(merged, columns)
        row: list[ColumnSchema | None] = [None] * len(merged)
        for column in columns:
            target = assigned.get(column.name)
            if target is None:
                taken = {other.name.casefold() for other in merged}
                name = column.name
                while name.casefold() in taken:
                    name += "_2"
                merged.append(replace(column, name=name))
                row.append(column)
                for earlier in sources:
                    earlier.append(None)
            else:
                row[target] = column
                if merged[target].name != column.name:
                    notes.append(f"{column.name!r} was matched with {merged[target].name!r}")
        sources.append(row)
    widened = []
    for index, column in enumerate(merged):
        kinds = {source.physical_type for row in sources if (source := row[index]) is not None}
        physical = _wider(kinds)
        if physical is not column.physical_type:
            notes.append(f"{column.name!r} became {physical.value}, because the tables disagree")
            semantic = (
                SemanticType.FREE_TEXT if physical is PhysicalType.TEXT else SemanticType(physical.value)
            )
            column = replace(
                column,
                physical_type=physical,
                semantic_type=semantic,
                measure_level=measure_level(semantic, physical),
                raw_column=None,
            )
        labels = dict(column.value_labels)
        for row in sources:
            source = row[index]
            if source is not None:
                labels = {**source.value_labels, **labels}
        pii = any(source.is_pii for row in sources if (source := row[index]) is not None)
        widened.append(replace(column, value_labels=labels, is_pii=pii))
    return MatchedColumns(widened, sources, notes)


def _assign(merged: Sequence[ColumnSchema], columns: Sequence[ColumnSchema]) -> dict[str, int]:
    """Best pairs first; every column is used at most once. Raw columns only match exactly."""
    assigned: dict[str, int] = {}
    used: set[int] = set()
    by_name = {column.name: index for index, column in enumerate(merged)}
    for column in columns:
        if column.name in by_name:
            assigned[column.name] = by_name[column.name]
            used.add(by_name[column.name])
    pairs = []
    for column in columns:
        if column.name in assigned or column.is_raw:
            continue
        for index, other in enumerate(merged):
            if index not in used and not other.is_raw:
                score = header_similarity(column.name, other.name)
                if score >= _SIMILAR:
                    pairs.append((score, -index, column.name))
    for _, negative, name in sorted(pairs, reverse=True):
        if name not in assigned and -negative not in used:
            assigned[name] = -negative
            used.add(-negative)
    return assigned


def _wider(kinds: set[PhysicalType]) -> PhysicalType:
    if len(kinds) == 1:
        return next(iter(kinds))
    if kinds == {PhysicalType.INTEGER, PhysicalType.NUMBER}:
        return PhysicalType.NUMBER
    if kinds == {PhysicalType.DATE, PhysicalType.DATETIME}:
        return PhysicalType.DATETIME
    return PhysicalType.TEXT


def union_select(
    selects: Sequence[str],
    matched: MatchedColumns,
    *,
    names: Sequence[str] | None,
    source_column: str | None,
    bind: Callable[[object], str],
) -> tuple[str, list[ColumnSchema]]:
    """SQL of the union in table order, and its schema; with ``source_column`` each row says where it came from."""
    parts = []
    for number, (select, row) in enumerate(zip(selects, matched.sources, strict=True)):
        listed = []
        for column, source in zip(matched.columns, row, strict=True):
            kind = _SQL[column.physical_type]
            value = "NULL" if source is None else quote_name(source.name)
            listed.append(f"CAST({value} AS {kind}) AS {quote_name(column.name)}")
        if source_column and names is not None:
            listed.append(f"CAST({bind(names[number])} AS VARCHAR) AS {quote_name(source_column)}")
        parts.append(f"SELECT {', '.join(listed)} FROM ({select})")
    columns = list(matched.columns)
    if source_column and names is not None:
        columns.append(
            ColumnSchema(name=source_column, label=source_column, semantic_type=SemanticType.CATEGORY)
        )
    return " UNION ALL ".join(parts), columns


def union_tables(
    tables: Sequence[tuple[str, Path, Sequence[ColumnSchema]]],
    target: Path,
    *,
    source_column: str = "source_file",
    limits: IngestLimits | None = None,
) -> tuple[int, tuple[ColumnSchema, ...], tuple[ColumnProfile, ...], list[str]]:
    """Union of (name, Parquet path, schema) tables, e.g. all files of a project, written to ``target``.

    Returns (rows, schema, profile, notes on what was matched or widened).
    """
    if not tables:
        raise IngestError("recipe_invalid", "There is no table to unite.")
    matched = match_columns([list(columns) for _, _, columns in tables])
    taken = {column.name.casefold() for column in matched.columns}
    while source_column.casefold() in taken:
        source_column += "_2"
    parameters: dict[str, object] = {}

    def bind(value: object) -> str:
        parameters[f"u{len(parameters)}"] = value
        return f"$u{len(parameters) - 1}"

    selects = [f"SELECT * FROM read_parquet({quote_text(str(path))})" for _, path, _ in tables]
    sql, columns = union_select(
        selects, matched, names=[name for name, _, _ in tables], source_column=source_column, bind=bind
    )
    limits = limits or IngestLimits()
    with session(limits, target.parent) as connection:
        copy_to_parquet(connection, sql, target, parameters)
        schema = tuple(columns)
        profile = profile_parquet(connection, target, schema)
    rows = profile[0].count + profile[0].missing
    return rows, schema, profile, matched.notes
