"""Bring in columns of another Dataset by a key."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from data_ingestion.contracts import PhysicalType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState, parquet_relation
from data_ingestion.logic.recipe.steps.append import DatasetVersion

_NUMERIC = (PhysicalType.INTEGER, PhysicalType.NUMBER)


class Join(Step):
    """Match rows where ``left_on`` equals ``right_on`` (pairwise) and add the other columns of ``dataset``.

    ``how`` "left" keeps all rows, "inner" only matched ones. A key that is repeated in the other Dataset would multiply
    rows; it is refused unless ``allow_multiply``. Names that collide get the suffix.
    """

    kind: Literal["join"]
    dataset: DatasetVersion
    left_on: list[str] = Field(min_length=1, max_length=10)
    right_on: list[str] = Field(min_length=1, max_length=10)
    how: Literal["left", "inner"] = "left"
    columns: list[str] = []
    suffix: str = Field(default="_2", min_length=1, max_length=50)
    allow_multiply: bool = False
    summary = "Bring in columns of another Dataset by a key"
    changes_rows = True

    def apply(self, state: TableState) -> None:
        if len(self.left_on) != len(self.right_on):
            raise IngestError(
                "recipe_invalid", "Both sides need the same number of key columns.", step=state.step
            )
        other = state.resolve(self.dataset.dataset_id, self.dataset.version)
        by_name = {column.name: column for column in other.columns}
        for name in (*self.right_on, *self.columns):
            if name not in by_name:
                raise IngestError(
                    "column_unknown",
                    f"The other Dataset has no column {name!r}.",
                    column=name,
                    step=state.step,
                )
        right = f"({parquet_relation(other.path)})"
        keys = ", ".join(quote_name(name) for name in self.right_on)
        if not self.allow_multiply:
            present = " AND ".join(f"{quote_name(name)} IS NOT NULL" for name in self.right_on)
            row = state.connection.execute(
                f"SELECT count(*) FROM (SELECT {keys} FROM {right} WHERE {present} GROUP BY {keys} HAVING count(*) > 1)"
            ).fetchone()
            if row and row[0]:
                raise IngestError(
                    "recipe_invalid",
                    f"{row[0]:,} keys occur more than once in the other Dataset and would multiply rows.",
                    step=state.step,
                )
        conditions = []
        for left_name, right_name in zip(self.left_on, self.right_on, strict=True):
            left_type, right_type = state.column(left_name).physical_type, by_name[right_name].physical_type
            left_sql, right_sql = f"l.{quote_name(left_name)}", f"r.{quote_name(right_name)}"
            if left_type is not right_type and not (left_type in _NUMERIC and right_type in _NUMERIC):
                left_sql, right_sql = f"CAST({left_sql} AS VARCHAR)", f"CAST({right_sql} AS VARCHAR)"
            conditions.append(f"{left_sql} = {right_sql}")
        taken = {column.name.casefold() for column in state.columns}
        wanted = [by_name[name] for name in self.columns] or [
            c for c in other.columns if c.name not in self.right_on
        ]
        listed = [(f"l.{quote_name(column.name)}", column) for column in state.columns]
        for column in wanted:
            name = column.name
            while name.casefold() in taken:
                name += self.suffix
            taken.add(name.casefold())
            listed.append((f"r.{quote_name(column.name)}", replace(column, name=name, raw_column=None)))
        selected = ", ".join(f"{sql} AS {quote_name(column.name)}" for sql, column in listed)
        number = f"__row_{state.step}"
        kind = "LEFT" if self.how == "left" else "INNER"
        state.sql = (
            f"SELECT {selected} FROM (SELECT *, row_number() OVER () AS {number} FROM ({state.sql})) AS l "
            f"{kind} JOIN {right} AS r ON {' AND '.join(conditions)} ORDER BY l.{number}"
        )
        state.columns = [column for _, column in listed]
