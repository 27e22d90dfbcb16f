"""Declarative row filters and their translation to SQL.

Tree: {"column": name, "op": op, "value": v} | {"and": [tree...]} | {"or": [tree...]} | {"not": tree}.
Ops: eq ne lt le gt ge in not_in between contains starts_with is_missing not_missing.
A missing value satisfies no comparison except `is_missing`; `ne`, `not_in` and `not` do not bring
missing values back for a comparison that was unknown (three-valued logic, as in SQL and R).
Values travel as bound parameters only, columns as generated names: no text of a user becomes SQL.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from analysis.contracts import Storage
from analysis.logic.errors import ProcedureError

COMPARISONS = {"eq": "=", "ne": "<>", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPS = (*COMPARISONS, "in", "not_in", "between", "contains", "starts_with", "is_missing", "not_missing")
MAX_DEPTH = 12
MAX_NODES = 500
MAX_VALUES = 10_000

#: (column name) -> (SQL of its value with missing codes as NULL, storage)
Resolve = Callable[[str], tuple[str, Storage]]
#: binds a value, returns its placeholder
Bind = Callable[[Any], str]


def _fault(detail: str, pointer: str) -> ProcedureError:
    return ProcedureError("invalid_filter", detail, pointer)


def compile_filter(tree: Mapping[str, Any], resolve: Resolve, bind: Bind, pointer: str = "/filter") -> str:
    """SQL condition for the tree. Raises ProcedureError("invalid_filter" | "unknown_column") with a pointer."""
    budget = [MAX_NODES]
    return _node(tree, resolve, bind, pointer, 0, budget)


def filter_columns(tree: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Names of the columns a well-formed filter refers to, each once."""
    names: dict[str, None] = {}

    def walk(node: Any) -> None:
        if not isinstance(node, Mapping):
            return
        if isinstance(node.get("column"), str):
            names[node["column"]] = None
        for key in ("and", "or"):
            for child in node.get(key) or ():
                walk(child)
        walk(node.get("not"))

    walk(tree)
    return tuple(names)


def _node(tree: Any, resolve: Resolve, bind: Bind, pointer: str, depth: int, budget: list[int]) -> str:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise _fault("The filter is too deep or too large.", pointer)
    if not isinstance(tree, Mapping):
        raise _fault("A filter is an object.", pointer)
    keys = set(tree)
    for word, joint in (("and", " AND "), ("or", " OR ")):
        if keys == {word}:
            children = tree[word]
            if not isinstance(children, Sequence) or isinstance(children, str) or not children:
                raise _fault(f"{word!r} needs a list of at least one filter.", f"{pointer}/{word}")
            parts = [
                _node(child, resolve, bind, f"{pointer}/{word}/{i}", depth + 1, budget)
                for i, child in enumerate(children)
            ]
            return "(" + joint.join(parts) + ")"
    if keys == {"not"}:
        return "(NOT " + _node(tree["not"], resolve, bind, f"{pointer}/not", depth + 1, budget) + ")"
    return _comparison(tree, resolve, bind, pointer)


def _comparison(tree: Mapping[str, Any], resolve: Resolve, bind: Bind, pointer: str) -> str:
    if not {"column", "op"} <= set(tree) <= {"column", "op", "value"}:
        raise _fault("A comparison has the keys column, op and value.", pointer)
    name, op = tree["column"], tree["op"]
    if not isinstance(name, str):
        raise _fault("column must be a name.", f"{pointer}/column")
    if op not in OPS:
        raise _fault(f"op must be one of {', '.join(OPS)}.", f"{pointer}/op")
    try:
        expression, storage = resolve(name)
    except KeyError:
        raise ProcedureError(
            "unknown_column", f"The Dataset has no column {name!r}.", f"{pointer}/column", {"column": name}
        ) from None
    if op == "is_missing":
        return f"({expression} IS NULL)"
    if op == "not_missing":
        return f"({expression} IS NOT NULL)"
    if "value" not in tree:
        raise _fault(f"{op!r} needs a value.", pointer)
    value, at = tree["value"], f"{pointer}/value"
    if op in COMPARISONS:
        return f"({expression} {COMPARISONS[op]} {bind(typed_value(value, storage, at))})"
    if op in ("in", "not_in"):
        values = _list(value, at)
        if not 0 < len(values) <= MAX_VALUES:
            raise _fault(f"{op!r} needs 1 to {MAX_VALUES:,} values.", at)
        places = ", ".join(bind(typed_value(v, storage, f"{at}/{i}")) for i, v in enumerate(values))
        return f"({expression} {'IN' if op == 'in' else 'NOT IN'} ({places}))"
    if op == "between":
        values = _list(value, at)
        if len(values) != 2:
            raise _fault("'between' needs two values.", at)
        low, high = (bind(typed_value(v, storage, f"{at}/{i}")) for i, v in enumerate(values))
        return f"({expression} BETWEEN {low} AND {high})"
    if not isinstance(value, str):
        raise _fault(f"{op!r} needs a text.", at)
    function = "contains" if op == "contains" else "starts_with"
    return f"{function}(lower(CAST({expression} AS VARCHAR)), lower({bind(value)}))"


def _list(value: Any, pointer: str) -> Sequence[Any]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise _fault("The value must be a list.", pointer)
    return value


def typed_value(value: Any, storage: Storage, pointer: str) -> Any:
    """The value as the column's Python type, or a fault."""
    if value is None or isinstance(value, (Mapping, list, tuple)):
        raise _fault("A single value is needed; use is_missing for missing values.", pointer)
    if storage in (Storage.INTEGER, Storage.REAL):
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                raise _fault(f"{value[:60]!r} is not a number.", pointer) from None
        if isinstance(value, float) and not math.isfinite(value):
            raise _fault("The number must be finite.", pointer)
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
            return float(value)
        return value
    if storage is Storage.BOOLEAN:
        if isinstance(value, bool) or value in (0, 1):
            return bool(value)
        if isinstance(value, str) and value.strip().lower() in ("true", "false"):
            return value.strip().lower() == "true"
        raise _fault("true or false is needed.", pointer)
    if storage in (Storage.DATE, Storage.DATETIME):
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            raise _fault(f"{str(value)[:60]!r} is not an ISO 8601 date.", pointer) from None
        return moment
    return str(value)
