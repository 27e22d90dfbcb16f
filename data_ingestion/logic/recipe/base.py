"""What every recipe step shares: the table it works on and how it changes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import duckdb
from pydantic import BaseModel, ConfigDict

from data_ingestion.contracts import ColumnSchema
from data_ingestion.logic.duck import quote_name, quote_text
from data_ingestion.logic.errors import IngestError

_QUOTED = re.compile(r"\"(?:[^\"]|\"\")*\"|'(?:[^']|'')*'")
_PLACEHOLDER = re.compile(r"\$(\w+)")


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table that a step may bring in: its Parquet file, schema and name."""

    path: Path
    columns: tuple[ColumnSchema, ...]
    name: str = ""


#: ``resolve(dataset_id, version)`` gives the table of another Dataset; raises ``IngestError`` when it may not be read.
Resolver = Callable[[str, int | None], TableSource]


@dataclass(slots=True)
class TableState:
    """The table between two steps: a SELECT over Parquet files with bound parameters, and its schema."""

    connection: duckdb.DuckDBPyConnection
    sql: str
    columns: list[ColumnSchema]
    resolve: Resolver
    name: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        """Prefix that keeps the parameters of this step apart from those of the others."""
        return f"s{self.step}_"

    def column(self, name: str) -> ColumnSchema:
        """The schema of ``name``; raises ``IngestError`` ``column_unknown``."""
        for column in self.columns:
            if column.name == name:
                return column
        raise IngestError(
            "column_unknown", f"Step {self.step}: there is no column {name!r}.", column=name, step=self.step
        )

    def has(self, name: str) -> bool:
        """Whether a column of this name (without regard to case) exists."""
        return any(column.name.casefold() == name.casefold() for column in self.columns)

    def require_free(self, name: str) -> None:
        """Raise when ``name`` is taken."""
        if self.has(name):
            raise IngestError(
                "recipe_invalid", f"Step {self.step}: a column {name!r} exists already.", step=self.step
            )

    def bind(self, value: Any) -> str:
        """Bind ``value`` and return its placeholder."""
        name = f"{self.prefix}p{len(self.parameters)}"
        self.parameters[name] = value
        return f"${name}"

    def select(
        self, expressions: Sequence[tuple[str, ColumnSchema]], *, where: str = "", tail: str = ""
    ) -> None:
        """Replace the table by ``SELECT`` of (SQL, schema) pairs over it."""
        listed = ", ".join(f"{sql} AS {quote_name(column.name)}" for sql, column in expressions)
        self.sql = (
            f"SELECT {listed} FROM ({self.sql}) AS t{self.step}{f' WHERE {where}' if where else ''}{tail}"
        )
        self.columns = [column for _, column in expressions]

    def change(
        self,
        changes: Mapping[str, tuple[str, ColumnSchema]],
        *,
        added: Sequence[tuple[str, ColumnSchema]] = (),
    ) -> None:
        """Replace single columns (by name) by (SQL, schema); ``added`` columns go to the end."""
        expressions = [changes.get(column.name, (quote_name(column.name), column)) for column in self.columns]
        self.select([*expressions, *added])

    def used_parameters(self, sql: str) -> dict[str, Any]:
        """The bound values that ``sql`` refers to; DuckDB refuses any others."""
        outside_quotes = _QUOTED.sub("", sql)
        return {
            name: self.parameters[name]
            for name in _PLACEHOLDER.findall(outside_quotes)
            if name in self.parameters
        }

    def scalar(self, expression: str) -> int:
        """An aggregate over the table as it is now."""
        sql = f"SELECT {expression} FROM ({self.sql})"
        row = self.connection.execute(sql, self.used_parameters(sql)).fetchone()
        return int(row[0] or 0) if row else 0


class Step(BaseModel):
    """Base of all steps. ``kind`` is a literal that names the step; ``summary`` describes it to people."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_max_length=10_000)
    summary: ClassVar[str] = ""
    changes_rows: ClassVar[bool] = False

    def apply(self, state: TableState) -> None:
        """Change ``state``; raise ``IngestError`` when the step does not fit the table."""
        raise NotImplementedError


def parquet_relation(path: Path) -> str:
    """``SELECT`` over a Parquet file."""
    return f"SELECT * FROM read_parquet({quote_text(str(path))})"


def renamed(column: ColumnSchema, name: str) -> ColumnSchema:
    """``column`` under another name; a label that only repeated the name follows."""
    label = name if column.label in ("", column.name) else column.label
    return replace(column, name=name, label=label)
