"""Split a text column into several."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from data_ingestion.contracts import PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState


class Split(Step):
    """Parts between ``separator`` go to the new columns ``into``; the last takes whatever is left. The source stays."""

    kind: Literal["split"]
    column: str
    separator: str = Field(min_length=1, max_length=20)
    into: list[str] = Field(min_length=2, max_length=100)
    summary = "Split a text column into several"

    def apply(self, state: TableState) -> None:
        column = state.column(self.column)
        if column.physical_type is not PhysicalType.TEXT:
            raise IngestError("recipe_invalid", f"{self.column!r} is no text column.", step=state.step)
        if len({name.casefold() for name in self.into}) < len(self.into):
            raise IngestError("recipe_invalid", "The new columns need different names.", step=state.step)
        separator = state.bind(self.separator)
        parts = f"string_split({quote_name(column.name)}, {separator})"
        added = []
        for index, name in enumerate(self.into, start=1):
            state.require_free(name)
            if index < len(self.into):
                piece = f"{parts}[{index}]"
            else:
                piece = f"array_to_string({parts}[{index}:], {separator})"
            schema = replace(
                column,
                name=name,
                label=name,
                semantic_type=SemanticType.CATEGORY,
                value_labels={},
                separator=None,
                raw_column=None,
            )
            added.append((f"nullif(trim({piece}), '')", schema))
        state.change({}, added=added)
