"""Keep the rows that meet a condition."""

from __future__ import annotations

from typing import Any, Literal

from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.expressions import compile_filter
from data_ingestion.logic.recipe.base import Step, TableState


class Filter(Step):
    """``where`` is a filter tree (see ``expressions.compile_filter``)."""

    kind: Literal["filter"]
    where: dict[str, Any]
    summary = "Keep the rows that meet a condition"
    changes_rows = True

    def apply(self, state: TableState) -> None:
        compiled = compile_filter(self.where, state.columns, prefix=f"{state.prefix}f")
        state.parameters.update(compiled.parameters)
        state.select([(quote_name(column.name), column) for column in state.columns], where=compiled.sql)
