"""Replace values."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from data_ingestion.contracts import PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState
from data_ingestion.logic.types.plan import measure_level


class Recode(Step):
    """``mapping`` maps old values (as text) to new ones (null = missing).

    ``others`` says what happens to values that are not listed. With ``into`` the result goes to a new column. When all
    new values are numbers and nothing else remains, the result is a number column.
    """

    kind: Literal["recode"]
    column: str
    mapping: dict[str, str | int | float | None] = Field(min_length=1, max_length=10_000)
    others: Literal["keep", "missing"] = "keep"
    into: str | None = Field(default=None, min_length=1, max_length=200)
    summary = "Replace values"

    def apply(self, state: TableState) -> None:
        column = state.column(self.column)
        name = quote_name(column.name)
        values = [value for value in self.mapping.values() if value is not None]
        if any(isinstance(value, bool) for value in values):
            raise IngestError("recipe_invalid", "New values are texts, numbers or null.", step=state.step)
        numeric_source = column.physical_type in (PhysicalType.INTEGER, PhysicalType.NUMBER)
        numbers = bool(values) and all(isinstance(value, int | float) for value in values)
        as_number = (numbers and (self.others == "missing" or numeric_source)) or (
            not values and numeric_source and self.others == "keep"
        )
        if as_number:
            whole = all(isinstance(value, int) for value in values) and (
                self.others == "missing" or column.physical_type is PhysicalType.INTEGER
            )
            physical = PhysicalType.INTEGER if whole else PhysicalType.NUMBER
            kind = "BIGINT" if whole else "DOUBLE"
            semantic = SemanticType.INTEGER if whole else SemanticType.NUMBER
        else:
            physical, kind, semantic = PhysicalType.TEXT, "VARCHAR", SemanticType.CATEGORY
        key = _key(name, column.physical_type)
        cases = " ".join(
            f"WHEN {state.bind(_normalised(old, column.physical_type))} THEN "
            + ("NULL" if new is None else f"CAST({state.bind(new if as_number else str(new))} AS {kind})")
            for old, new in self.mapping.items()
        )
        rest = f"CAST({name} AS {kind})" if self.others == "keep" else "NULL"
        sql = f"CASE {key} {cases} ELSE {rest} END"
        listed = ", ".join(state.bind(_normalised(old, column.physical_type)) for old in self.mapping)
        state.notes.append(f"{state.scalar(f'count(*) FILTER (WHERE {key} IN ({listed}))'):,} cells replaced")
        target = replace(
            column,
            name=self.into or column.name,
            label=(self.into if self.into else column.label),
            physical_type=physical,
            semantic_type=semantic,
            measure_level=measure_level(semantic, physical),
            value_labels={},
            raw_column=None,
            unit=None,
        )
        if self.into:
            state.require_free(self.into)
            state.change({}, added=[(sql, target)])
        else:
            state.change({column.name: (sql, target)})


def _key(name: str, physical: PhysicalType) -> str:
    """Numbers are matched by value (1 and 1.0 are the same), everything else by text."""
    if physical in (PhysicalType.INTEGER, PhysicalType.NUMBER):
        return f"CAST({name} AS DOUBLE)"
    return f"CAST({name} AS VARCHAR)"


def _normalised(old: str, physical: PhysicalType) -> str | float:
    if physical not in (PhysicalType.INTEGER, PhysicalType.NUMBER):
        return old
    try:
        return float(old)
    except ValueError as error:
        raise IngestError(
            "recipe_invalid", f"{old[:50]!r} is no number, but the column holds numbers."
        ) from error
