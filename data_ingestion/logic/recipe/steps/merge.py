"""Join the texts of several columns into one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_ingestion.contracts import ColumnSchema, PhysicalType, SemanticType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.recipe.base import Step, TableState


class Merge(Step):
    """``into`` holds the texts of ``columns`` joined by ``separator``, without missing cells."""

    kind: Literal["merge"]
    columns: list[str] = Field(min_length=2, max_length=100)
    into: str = Field(min_length=1, max_length=200)
    separator: str = Field(default=" ", max_length=20)
    drop: bool = False
    summary = "Join the texts of several columns into one"

    def apply(self, state: TableState) -> None:
        sources = [state.column(name) for name in self.columns]
        listed = ", ".join(f"CAST({quote_name(column.name)} AS VARCHAR)" for column in sources)
        sql = f"nullif(concat_ws({state.bind(self.separator)}, {listed}), '')"
        schema = ColumnSchema(
            name=self.into,
            label=self.into,
            physical_type=PhysicalType.TEXT,
            semantic_type=SemanticType.FREE_TEXT,
            is_pii=any(column.is_pii for column in sources),
        )
        gone = {column.name for column in sources} if self.drop else set()
        kept = [column for column in state.columns if column.name not in gone]
        if any(column.name.casefold() == self.into.casefold() for column in kept):
            state.require_free(self.into)
        state.select([*((quote_name(column.name), column) for column in kept), (sql, schema)])
