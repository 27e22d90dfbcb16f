"""Remove repeated rows."""

from __future__ import annotations

from typing import Literal

from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.recipe.base import Step, TableState


class DropDuplicates(Step):
    """Of rows that agree in ``columns`` (all when none is named) the first or last stays; the order of rows is kept."""

    kind: Literal["drop_duplicates"]
    columns: list[str] = []
    keep: Literal["first", "last"] = "first"
    summary = "Remove repeated rows"
    changes_rows = True

    def apply(self, state: TableState) -> None:
        keys = [
            quote_name(state.column(name).name) for name in (self.columns or [c.name for c in state.columns])
        ]
        names = ", ".join(quote_name(column.name) for column in state.columns)
        order = "ASC" if self.keep == "first" else "DESC"
        number, rank = f"__row_{state.step}", f"__rank_{state.step}"
        numbered = f"SELECT *, row_number() OVER () AS {number} FROM ({state.sql})"
        window = f"PARTITION BY {', '.join(keys)} ORDER BY {number} {order}"
        ranked = f"SELECT *, row_number() OVER ({window}) AS {rank} FROM ({numbered})"
        state.sql = f"SELECT {names} FROM ({ranked}) WHERE {rank} = 1 ORDER BY {number}"
