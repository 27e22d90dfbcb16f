"""Keep or remove columns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.recipe.base import Step, TableState


class SelectColumns(Step):
    """With ``keep`` the listed columns stay, in that order; without, they are removed."""

    kind: Literal["select"]
    columns: list[str] = Field(min_length=1)
    keep: bool = True
    summary = "Keep or remove columns"

    def apply(self, state: TableState) -> None:
        listed = [state.column(name) for name in dict.fromkeys(self.columns)]
        if not self.keep:
            gone = {column.name for column in listed}
            listed = [column for column in state.columns if column.name not in gone]
        if listed:
            state.select([(quote_name(column.name), column) for column in listed])
        else:
            state.columns = []
