"""What may leave the analysis app: facts, tables, charts and what is said about them.

Standard library only. Everything is frozen; `to_dict` gives JSON-safe values: a NaN or an infinity
never leaves, it becomes `None`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any

Scalar = str | int | float | bool | None
#: A filter tree: {"column", "op", "value"} | {"and": [...]} | {"or": [...]} | {"not": {...}}
FilterTree = Mapping[str, Any]


class Measure(StrEnum):
    """Level of measurement of a column, as the analyst means it."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SCALE = "scale"
    BINARY = "binary"
    DATE = "date"
    TEXT = "text"
    IDENTIFIER = "identifier"


class Storage(StrEnum):
    """How a column's values are stored in the Parquet file."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    REAL = "real"
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"


class ProcedureFamily(StrEnum):
    """Where a procedure stands in the catalogue."""

    DESCRIBE = "describe"
    TABLES = "tables"
    COMPARE = "compare"
    RELATE = "relate"
    MODEL = "model"
    STRUCTURE = "structure"
    MARKET = "market"
    SURVEY = "survey"
    TIME = "time"
    TEXT = "text"
    QUALITY = "quality"


@dataclass(frozen=True, slots=True)
class ColumnMeta:
    """What a procedure knows about one column of a Dataset.

    `value_labels` pairs a stored value with the text shown for it and gives the category order;
    `missing_codes` are stored values that mean "no answer" and are read as missing.
    """

    name: str
    storage: Storage
    measure: Measure
    label: str = ""
    value_labels: tuple[tuple[Scalar, str], ...] = ()
    missing_codes: tuple[Scalar, ...] = ()
    is_pii: bool = False

    @property
    def title(self) -> str:
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence (or prediction) interval; `level` is a share such as 0.95."""

    low: float | None
    high: float | None
    level: float = 0.95
    method: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One computed number, with all that is needed to quote it honestly.

    `id` is stable for equal parameters (a narrative cites facts by it). `n` counts rows, `weighted_n` sums
    weights. `p` belongs to `test`, whose value is `statistic` on `df` degrees of freedom. A suppressed fact
    has value None because its base is too small to publish.
    """

    id: str
    name: str
    value: Scalar
    unit: str = ""
    n: int | None = None
    weighted_n: float | None = None
    interval: Interval | None = None
    statistic: float | None = None
    df: tuple[float, ...] = ()
    p: float | None = None
    adjusted_p: float | None = None
    test: str = ""
    source_columns: tuple[str, ...] = ()
    approximate: bool = False
    small_base: bool = False
    suppressed: bool = False


class CellType(StrEnum):
    """How a table column is shown."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    PERCENT = "percent"  # a share in 0..1
    P_VALUE = "p_value"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class TableColumn:
    """One column of a result table. `drill` selects the rows of the Dataset that stand behind it."""

    key: str
    label: str
    type: CellType = CellType.NUMBER
    unit: str = ""
    group: str = ""
    drill: FilterTree | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A rectangular result. `rows[i][j]` belongs to `columns[j]`.

    The rows of the Dataset behind cell (i, j) are those of the run that satisfy
    `row_drills[i]` and `columns[j].drill`; see `cell_filter`.
    """

    id: str
    title: str
    columns: tuple[TableColumn, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    row_drills: tuple[FilterTree | None, ...] = ()
    notes: tuple[str, ...] = ()

    def cell_filter(self, row: int, column_key: str | None = None) -> FilterTree | None:
        """Filter for the Dataset rows behind a cell, or behind the whole row; None = every row of the run.

        Raises IndexError for an unknown row and KeyError for an unknown column key.
        """
        if not 0 <= row < len(self.rows):
            raise IndexError(row)
        parts: list[FilterTree] = []
        if self.row_drills and self.row_drills[row] is not None:
            parts.append(self.row_drills[row] or {})
        if column_key is not None:
            column = next((c for c in self.columns if c.key == column_key), None)
            if column is None:
                raise KeyError(column_key)
            if column.drill is not None:
                parts.append(column.drill)
        if not parts:
            return None
        return parts[0] if len(parts) == 1 else {"and": parts}


@dataclass(frozen=True, slots=True)
class Chart:
    """A Vega-Lite v6 specification with its data inline."""

    id: str
    title: str
    description: str
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Assumption:
    """An assumption of the method and whether it was found to hold (None = cannot be checked)."""

    name: str
    met: bool | None
    detail: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning in plain words. `code` is stable; `columns` names what it is about."""

    code: str
    message: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MethodNote:
    """How the figures were made: the method, its source, and what was done with missing values."""

    text: str
    missing_values: str
    references: tuple[str, ...] = ()
    weights: str = ""
    multiple_testing: str = ""


@dataclass(frozen=True, slots=True)
class ProcedureOutput:
    """Everything a procedure says. `n` and `weighted_n` are the base after filter and weight policy."""

    n: int
    weighted_n: float | None
    method: MethodNote
    facts: tuple[Fact, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    notices: tuple[Notice, ...] = ()
    seed: int | None = None

    def fact(self, fact_id: str) -> Fact:
        """The fact with this id; KeyError when there is none."""
        for fact in self.facts:
            if fact.id == fact_id:
                return fact
        raise KeyError(fact_id)

    def table(self, table_id: str) -> Table:
        """The table with this id; KeyError when there is none."""
        for table in self.tables:
            if table.id == table_id:
                return table
        raise KeyError(table_id)

    def to_dict(self) -> dict[str, Any]:
        return to_dict(self)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A procedure that fits chosen columns, with parameters to start from. `score` is in 0..1."""

    score: float
    parameters: Mapping[str, Any]
    reason: str


def json_safe(value: Any) -> Any:
    """Plain JSON value of anything a result holds; NaN and infinities become None.

    NumPy scalars and arrays are recognised by their `tolist` so that this module needs no NumPy.
    """
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if isinstance(value, Enum):
        return json_safe(value.value)
    if isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, decimal.Decimal):
        return json_safe(float(value))
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return to_dict(value)
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, (Sequence, set, frozenset)):
        return [json_safe(item) for item in value]
    if hasattr(value, "tolist"):
        return json_safe(value.tolist())
    raise TypeError(f"{type(value).__name__} has no JSON form")


def to_dict(value: Any) -> dict[str, Any]:
    """JSON-safe dict of a contract. Table rows become objects keyed by column key."""
    if isinstance(value, Table):
        keys = [column.key for column in value.columns]
        return {
            "id": value.id,
            "title": value.title,
            "columns": [to_dict(column) for column in value.columns],
            "rows": [dict(zip(keys, map(json_safe, row), strict=True)) for row in value.rows],
            "row_drills": [json_safe(drill) for drill in value.row_drills],
            "notes": list(value.notes),
        }
    return {item.name: json_safe(getattr(value, item.name)) for item in dataclasses.fields(value)}


def table_from_dict(value: Mapping[str, Any]) -> Table:
    """The `Table` that `to_dict` wrote, for drill-down on stored results."""
    columns = tuple(
        TableColumn(**{**column, "type": CellType(column["type"])}) for column in value["columns"]
    )
    return Table(
        id=value["id"],
        title=value["title"],
        columns=columns,
        rows=tuple(tuple(row[column.key] for column in columns) for row in value["rows"]),
        row_drills=tuple(value["row_drills"]),
        notes=tuple(value["notes"]),
    )
