"""Dataset versions: content hash and comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_ingestion.contracts import ColumnSchema
from data_ingestion.logic.duck import quote_name, quote_text, session
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.preview import json_value
from data_ingestion.logic.tables import IngestLimits

_EXAMPLES = 20


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """Changed cells of one column with a few (row or key, before, after) examples."""

    column: str
    changed: int
    examples: tuple[tuple[Any, Any, Any], ...]


@dataclass(frozen=True, slots=True)
class VersionDifference:
    """What differs between two versions. ``cells`` is None when rows cannot be paired (no key, other row count)."""

    rows_before: int
    rows_after: int
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    columns_retyped: tuple[tuple[str, str, str], ...]
    rows_added: int | None
    rows_removed: int | None
    cells: tuple[ColumnChange, ...] | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "columns_added": list(self.columns_added),
            "columns_removed": list(self.columns_removed),
            "columns_retyped": [
                {"column": name, "before": before, "after": after}
                for name, before, after in self.columns_retyped
            ],
            "rows_added": self.rows_added,
            "rows_removed": self.rows_removed,
            "cells": None
            if self.cells is None
            else [
                {
                    "column": change.column,
                    "changed": change.changed,
                    "examples": [
                        {"row": row, "before": before, "after": after}
                        for row, before, after in change.examples
                    ],
                }
                for change in self.cells
            ],
        }


def compare_versions(
    before: tuple[Path, Sequence[ColumnSchema]],
    after: tuple[Path, Sequence[ColumnSchema]],
    *,
    key: str | None = None,
    work_dir: Path | None = None,
    limits: IngestLimits | None = None,
) -> VersionDifference:
    """Compare two versions. Rows are paired by ``key`` (a column with unique values), else by position when the number
    of rows is the same. Cells are compared as text, so a retyped but equal value is no change."""
    old_path, old_columns = before
    new_path, new_columns = after
    old, new = {c.name: c for c in old_columns}, {c.name: c for c in new_columns}
    shared = [name for name in new if name in old]
    if key is not None and key not in shared:
        raise IngestError("column_unknown", f"Both versions need the key column {key!r}.", column=key)
    left = f"read_parquet({quote_text(str(old_path))}, file_row_number = true)"
    right = f"read_parquet({quote_text(str(new_path))}, file_row_number = true)"
    with session(limits or IngestLimits(), work_dir) as connection:

        def number(sql: str) -> int:
            row = connection.execute(sql).fetchone()
            return int(row[0] or 0) if row else 0

        rows_before, rows_after = (
            number(f"SELECT count(*) FROM {left}"),
            number(f"SELECT count(*) FROM {right}"),
        )
        pair = "file_row_number"
        added = removed = None
        if key is not None:
            pair = quote_name(key)
            for side in (left, right):
                if number(
                    f"SELECT count(*) FROM (SELECT {pair} FROM {side} GROUP BY {pair} HAVING count(*) > 1)"
                ):
                    raise IngestError("recipe_invalid", f"The values of {key!r} are not unique.", column=key)
            added = number(f"SELECT count(*) FROM {right} AS b ANTI JOIN {left} AS a ON a.{pair} = b.{pair}")
            removed = number(
                f"SELECT count(*) FROM {left} AS a ANTI JOIN {right} AS b ON a.{pair} = b.{pair}"
            )
        changes: list[ColumnChange] | None = None
        if key is not None or rows_before == rows_after:
            changes = []
            joined = f"{left} AS a JOIN {right} AS b ON a.{pair} = b.{pair}"
            for name in shared:
                if name == key:
                    continue
                x, y = f"a.{quote_name(name)}", f"b.{quote_name(name)}"
                if old[name].physical_type is not new[name].physical_type:
                    x, y = f"CAST({x} AS VARCHAR)", f"CAST({y} AS VARCHAR)"
                test = f"{x} IS DISTINCT FROM {y}"
                count = number(f"SELECT count(*) FROM {joined} WHERE {test}")
                if not count:
                    continue
                shown = f"a.{pair}" if key is not None else "a.file_row_number + 1"
                rows = connection.execute(
                    f"SELECT {shown}, a.{quote_name(name)}, b.{quote_name(name)} FROM {joined} WHERE {test} "
                    f"ORDER BY 1 LIMIT {_EXAMPLES}"
                ).fetchall()
                examples = tuple((json_value(r), json_value(x), json_value(y)) for r, x, y in rows)
                changes.append(ColumnChange(name, count, examples))
    return VersionDifference(
        rows_before=rows_before,
        rows_after=rows_after,
        columns_added=tuple(name for name in new if name not in old),
        columns_removed=tuple(name for name in old if name not in new),
        columns_retyped=tuple(
            (name, old[name].physical_type.value, new[name].physical_type.value)
            for name in shared
            if old[name].physical_type is not new[name].physical_type
        ),
        rows_added=added,
        rows_removed=removed,
        cells=None if changes is None else tuple(changes),
    )
