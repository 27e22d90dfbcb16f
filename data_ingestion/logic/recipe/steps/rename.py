"""Give columns other names."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState, renamed


class Rename(Step):
    """``columns`` maps old names to new ones; swapping two names is allowed."""

    kind: Literal["rename"]
    columns: dict[str, str] = Field(min_length=1)
    summary = "Give columns other names"

    def apply(self, state: TableState) -> None:
        for old, new in self.columns.items():
            state.column(old)
            if not new.strip() or len(new) > 200:
                raise IngestError("recipe_invalid", "A column name has 1 to 200 characters.", step=state.step)
        names = [self.columns.get(column.name, column.name).strip() for column in state.columns]
        if len({name.casefold() for name in names}) < len(names):
            raise IngestError("recipe_invalid", "Two columns would have the same name.", step=state.step)
        state.select(
            [
                (quote_name(column.name), renamed(column, name))
                for column, name in zip(state.columns, names, strict=True)
            ]
        )
