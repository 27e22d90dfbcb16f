"""Compute a new column from others."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_ingestion.contracts import ColumnSchema, PhysicalType, SemanticType
from data_ingestion.logic.expressions import compile_formula
from data_ingestion.logic.recipe.base import Step, TableState
from data_ingestion.logic.types.plan import measure_level


class Derive(Step):
    """``expression`` is a formula (see ``expressions.compile_formula``); ``column`` is the new column's name."""

    kind: Literal["derive"]
    column: str = Field(min_length=1, max_length=200)
    expression: str = Field(min_length=1, max_length=5_000)
    replace: bool = False
    summary = "Compute a column from others"

    def apply(self, state: TableState) -> None:
        formula = compile_formula(self.expression, state.columns, prefix=f"{state.prefix}e")
        state.parameters.update(formula.compiled.parameters)
        semantic = (
            SemanticType.CATEGORY
            if formula.physical_type is PhysicalType.TEXT
            else SemanticType(formula.physical_type.value)
        )
        sources = [state.column(name) for name in formula.columns]
        schema = ColumnSchema(
            name=self.column,
            label=self.column,
            physical_type=formula.physical_type,
            semantic_type=semantic,
            measure_level=measure_level(semantic, formula.physical_type),
            # What is computed from personal text may still identify a person.
            is_pii=formula.physical_type is PhysicalType.TEXT and any(source.is_pii for source in sources),
        )
        if self.replace and any(column.name == self.column for column in state.columns):
            state.change({self.column: (formula.compiled.sql, schema)})
        else:
            state.require_free(self.column)
            state.change({}, added=[(formula.compiled.sql, schema)])
