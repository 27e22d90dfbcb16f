"""Read certain codes as missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from data_ingestion.contracts import PhysicalType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.recipe.base import Step, TableState
from data_ingestion.logic.recipe.steps.recode import _key, _normalised


class MapMissing(Step):
    """``codes`` (as text, e.g. "99", "refused") become missing in ``columns``; numbers are matched by value."""

    kind: Literal["map_missing"]
    columns: list[str] = Field(min_length=1)
    codes: list[str] = Field(min_length=1, max_length=1_000)
    summary = "Read certain codes as missing"

    def apply(self, state: TableState) -> None:
        changes = {}
        for wanted in dict.fromkeys(self.columns):
            column = state.column(wanted)
            codes = self.codes
            if column.physical_type in (PhysicalType.INTEGER, PhysicalType.NUMBER):
                codes = [code for code in codes if _is_number(code)]
            if not codes:
                continue
            name = quote_name(column.name)
            key = _key(name, column.physical_type)
            listed = ", ".join(state.bind(_normalised(code, column.physical_type)) for code in codes)
            test = f"{key} IN ({listed})"
            state.notes.append(
                f"{column.name}: {state.scalar(f'count(*) FILTER (WHERE {test})'):,} cells became missing"
            )
            merged = tuple(dict.fromkeys([*column.missing_codes, *codes]))
            changes[column.name] = (
                f"CASE WHEN {test} THEN NULL ELSE {name} END",
                replace(column, missing_codes=merged),
            )
        state.change(changes)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
