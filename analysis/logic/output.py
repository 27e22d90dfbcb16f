"""Collects what a procedure says and applies the rules that hold for all of them.

Small bases are flagged or suppressed here, non-finite figures become None with a notice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.contracts import (
    Assumption,
    CellType,
    Chart,
    Fact,
    FilterTree,
    Interval,
    MethodNote,
    Notice,
    ProcedureOutput,
    Scalar,
    Table,
    TableColumn,
)
from analysis.logic.context import RunContext


def fact_id(*parts: object) -> str:
    """Stable, collision-free id such as "mean.age" from a statistic and the names or values it is about.

    Only "%" and "." are escaped; whole floats are written as integers and midnight as its date, so that a
    stand-alone script (whose `fact_id` follows the same rules) arrives at the same id from pandas values.
    """
    return ".".join(_id_part(part) for part in parts)


def _id_part(part: object) -> str:
    if hasattr(part, "item"):
        part = part.item()
    if hasattr(part, "isoformat"):
        part = part.isoformat()
    if isinstance(part, float) and part.is_integer() and abs(part) < 1e15:
        part = int(part)
    text = str(part).removesuffix("T00:00:00")
    return text.replace("%", "%25").replace(".", "%2E")


def clean(value: Any) -> Scalar:
    """Plain Python scalar; NaN and infinities become None."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is str or kind is int:
        return value
    if value is None or isinstance(value, (bool, str)):
        return value
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, (bool, str, int, float)) or value is None:
        return value
    return str(value)


def _number(value: Any) -> float | None:
    cleaned = clean(value)
    return None if cleaned is None else float(cleaned)


def number_column(key: str, label: str, **extra: Any) -> TableColumn:
    return TableColumn(key, label, CellType.NUMBER, **extra)


def text_column(key: str, label: str, **extra: Any) -> TableColumn:
    return TableColumn(key, label, CellType.TEXT, **extra)


def integer_column(key: str, label: str, **extra: Any) -> TableColumn:
    return TableColumn(key, label, CellType.INTEGER, **extra)


def percent_column(key: str, label: str, **extra: Any) -> TableColumn:
    return TableColumn(key, label, CellType.PERCENT, **extra)


def p_column(key: str = "p", label: str = "p", **extra: Any) -> TableColumn:
    return TableColumn(key, label, CellType.P_VALUE, **extra)


class OutputBuilder:
    """Builds a `ProcedureOutput` in the order in which things are said."""

    def __init__(self, context: RunContext, *, n: int, weighted_n: float | None = None) -> None:
        self._context = context
        self._n = int(n)
        self._weighted_n = _number(weighted_n)
        self._facts: dict[str, Fact] = {}
        self._tables: list[Table] = []
        self._charts: list[Chart] = []
        self._assumptions: list[Assumption] = []
        self._notices: dict[tuple[str, tuple[str, ...], str], Notice] = {}
        self._undefined: list[str] = []

    def fact(
        self,
        id: str,
        name: str,
        value: Any,
        *,
        unit: str = "",
        n: int | None = None,
        weighted_n: float | None = None,
        interval: tuple[Any, Any] | None = None,
        interval_level: float | None = None,
        interval_method: str = "",
        statistic: Any = None,
        df: Sequence[Any] = (),
        p: Any = None,
        adjusted_p: Any = None,
        test: str = "",
        columns: Sequence[str] = (),
        approximate: bool = False,
        base_rule: bool = True,
    ) -> Fact:
        """Add a fact. `n` is its own base (default: the run's); `base_rule=False` exempts counts.

        Raises ValueError when the id is taken.
        """
        if id in self._facts:
            raise ValueError(f"fact id {id!r} used twice")
        base = self._n if n is None else int(n)
        suppressed = base_rule and self._context.is_suppressed(base)
        cleaned = clean(value)
        if cleaned is None and value is not None:
            self._undefined.append(name)
        bounds = None
        if interval is not None and not suppressed:
            low, high = _number(interval[0]), _number(interval[1])
            if low is not None or high is not None:
                level = self._context.confidence if interval_level is None else interval_level
                bounds = Interval(low, high, level, interval_method)
        fact = Fact(
            id=id,
            name=name,
            value=None if suppressed else cleaned,
            unit=unit,
            n=base,
            weighted_n=_number(weighted_n),
            interval=bounds,
            statistic=None if suppressed else _number(statistic),
            df=() if suppressed else tuple(float(v) for v in df if _number(v) is not None),
            p=None if suppressed else _number(p),
            adjusted_p=None if suppressed else _number(adjusted_p),
            test=test,
            source_columns=tuple(columns),
            approximate=approximate,
            small_base=base_rule and self._context.is_small(base),
            suppressed=suppressed,
        )
        self._facts[id] = fact
        return fact

    def table(
        self,
        id: str,
        title: str,
        columns: Sequence[TableColumn],
        rows: Iterable[Sequence[Any]],
        *,
        row_drills: Sequence[FilterTree | None] = (),
        notes: Sequence[str] = (),
    ) -> Table:
        """Add a table; cells are cleaned. Raises ValueError when a row or the drills do not fit."""
        cleaned = tuple(tuple(clean(cell) for cell in row) for row in rows)
        for row in cleaned:
            if len(row) != len(columns):
                raise ValueError(f"table {id!r}: a row has {len(row)} cells for {len(columns)} columns")
        if row_drills and len(row_drills) != len(cleaned):
            raise ValueError(f"table {id!r}: {len(row_drills)} drills for {len(cleaned)} rows")
        if len({c.key for c in columns}) != len(columns):
            raise ValueError(f"table {id!r}: column keys repeat")
        table = Table(id, title, tuple(columns), cleaned, tuple(row_drills), tuple(notes))
        self._tables.append(table)
        return table

    def chart(self, chart: Chart) -> None:
        self._charts.append(chart)

    def assume(self, name: str, met: bool | None, detail: str) -> None:
        self._assumptions.append(Assumption(name, None if met is None else bool(met), detail))

    def notice(self, code: str, message: str, columns: Sequence[str] = ()) -> None:
        notice = Notice(code, message, tuple(columns))
        self._notices[(code, notice.columns, message)] = notice

    def notices(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            self.notice(notice.code, notice.message, notice.columns)

    def build(
        self,
        *,
        method: str,
        missing_values: str,
        references: Sequence[str] = (),
        weights: str = "",
        multiple_testing: str = "",
        seed: int | None = None,
    ) -> ProcedureOutput:
        facts = tuple(self._facts.values())
        flagged = [f for f in facts if f.small_base and not f.suppressed]
        suppressed = [f for f in facts if f.suppressed]
        if flagged:
            self.notice(
                "small_base",
                f"{len(flagged)} figure{'s rest' if len(flagged) != 1 else ' rests'} on fewer than "
                f"{self._context.flag_below} rows; read {'them' if len(flagged) != 1 else 'it'} with care.",
            )
        if suppressed:
            self.notice(
                "suppressed",
                f"{len(suppressed)} figure{'s are' if len(suppressed) != 1 else ' is'} withheld: fewer than "
                f"{self._context.suppress_below} rows stand behind.",
            )
        if self._undefined:
            names = ", ".join(self._undefined[:5]) + (", ..." if len(self._undefined) > 5 else "")
            self.notice("undefined", f"Not defined on these data and left empty: {names}.")
        return ProcedureOutput(
            n=self._n,
            weighted_n=self._weighted_n,
            method=MethodNote(method, missing_values, tuple(references), weights, multiple_testing),
            facts=facts,
            tables=tuple(self._tables),
            charts=tuple(self._charts),
            assumptions=tuple(self._assumptions),
            notices=tuple(self._notices.values()),
            seed=seed,
        )


def equals(column: str, value: Scalar) -> Mapping[str, Any]:
    """Drill filter for one category; a missing category is `is_missing`."""
    if value is None:
        return {"column": column, "op": "is_missing"}
    return {"column": column, "op": "eq", "value": value}


def between(
    column: str, low: float | None, high: float | None, *, closed_high: bool = False
) -> Mapping[str, Any]:
    """Drill filter for low <= value < high (or <= high)."""
    parts: list[Mapping[str, Any]] = []
    if low is not None:
        parts.append({"column": column, "op": "ge", "value": low})
    if high is not None:
        parts.append({"column": column, "op": "le" if closed_high else "lt", "value": high})
    return parts[0] if len(parts) == 1 else {"and": parts}
