"""Change the type of a column."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from data_ingestion.contracts import PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_name, quote_text
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState
from data_ingestion.logic.types.plan import measure_level

_TYPES = {
    "integer": (PhysicalType.INTEGER, "BIGINT"),
    "number": (PhysicalType.NUMBER, "DOUBLE"),
    "text": (PhysicalType.TEXT, "VARCHAR"),
    "date": (PhysicalType.DATE, "DATE"),
    "datetime": (PhysicalType.DATETIME, "TIMESTAMP"),
    "boolean": (PhysicalType.BOOLEAN, "BOOLEAN"),
}


class Retype(Step):
    """Read a column as another type.

    Text is cleaned first (group marks, currency, percent and unit words are dropped; ``decimal`` names the
    decimal mark; ``format`` is a strptime format for dates). Cells that cannot be read become missing, are
    counted in the report, and the original stays in a column beside; with ``strict`` they are an error instead.
    """

    kind: Literal["retype"]
    column: str
    to: Literal["integer", "number", "text", "date", "datetime", "boolean"]
    decimal: Literal["point", "comma"] = "point"
    format: str | None = None
    strict: bool = False
    summary = "Change the type of a column"

    def apply(self, state: TableState) -> None:
        column = state.column(self.column)
        physical, kind = _TYPES[self.to]
        name = quote_name(column.name)
        sql = self._sql(name, column.physical_type, kind, state)
        test = f"{name} IS NOT NULL AND ({sql}) IS NULL"
        lost = state.scalar(f"count(*) FILTER (WHERE {test})")
        if lost and self.strict:
            raise IngestError(
                "recipe_invalid",
                f"{lost:,} cells of {self.column!r} cannot be read as {self.to}.",
                step=state.step,
            )
        semantic = SemanticType.FREE_TEXT if physical is PhysicalType.TEXT else SemanticType(physical.value)
        schema = replace(
            column,
            physical_type=physical,
            semantic_type=semantic,
            measure_level=measure_level(semantic, physical),
            unit=None,
            value_labels=column.value_labels if physical in (PhysicalType.INTEGER, PhysicalType.TEXT) else {},
        )
        if not lost:
            state.change({column.name: (sql, schema)})
            return
        raw = f"{column.name} (raw)"
        number = 1
        while state.has(raw):
            number += 1
            raw = f"{column.name} (raw {number})"
        state.notes.append(
            f"{lost:,} cells cannot be read as {self.to}; they are missing and kept in {raw!r}"
        )
        state.change(
            {column.name: (sql, replace(schema, raw_column=raw))},
            added=[(name, replace(column, name=raw, label=f"{column.label} (as before)", is_raw=True))],
        )

    def _sql(self, name: str, source: PhysicalType, kind: str, state: TableState) -> str:
        if kind == "VARCHAR":
            return f"CAST({name} AS VARCHAR)"
        if source is not PhysicalType.TEXT:
            if kind == "BIGINT" and source is PhysicalType.NUMBER:
                # Rounding would change values silently: only whole numbers convert.
                return f"CASE WHEN {name} = floor({name}) THEN TRY_CAST({name} AS BIGINT) END"
            return f"TRY_CAST({name} AS {kind})"
        text = f"trim({name})"
        if kind in ("BIGINT", "DOUBLE"):
            kept = f"regexp_replace(replace({text}, '−', '-'), '[^0-9.,+eE-]', '', 'g')"
            kept = f"regexp_replace({kept}, '^[eE]+|[eE]+$', '', 'g')"
            if self.decimal == "point":
                clean = f"replace({kept}, ',', '')"
            else:
                clean = f"replace(replace({kept}, '.', ''), ',', '.')"
            number = f"TRY_CAST({clean} AS DOUBLE)"
            if kind == "BIGINT":
                return f"CASE WHEN {number} = floor({number}) THEN TRY_CAST({number} AS BIGINT) END"
            return number
        if kind in ("DATE", "TIMESTAMP") and self.format:
            return f"CAST(try_strptime({text}, {quote_text(self.format)}) AS {kind})"
        if kind == "BOOLEAN":
            return (
                f"CASE WHEN lower({text}) IN ('true', 'yes', 'y', 't', '1', 'ja', 'oui', 'si', 'sí') THEN TRUE "
                f"WHEN lower({text}) IN ('false', 'no', 'n', 'f', '0', 'nein', 'non') THEN FALSE END"
            )
        return f"TRY_CAST({text} AS {kind})"
