"""What procedures that compare groups share: choice of two groups, drills of complete rows, level order in scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.contracts import FilterTree, Scalar
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Category
from analysis.logic.output import equals, fact_id
from analysis.logic.script import ScriptContext, literal


def two_groups(
    categories: Sequence[Category], column: str, first: str | None, second: str | None
) -> tuple[int, int]:
    """Positions of the two groups to compare.

    `first` and `second` are stored values written as text. Raises ProcedureError("two_groups_needed") when
    they are not given and the column does not have exactly two values, ("unknown_group") for a value that
    does not occur.
    """
    names = [fact_id(c.value) for c in categories]
    chosen: list[int] = []
    for pointer, wanted in (("/first_group", first), ("/second_group", second)):
        if wanted is None:
            continue
        wanted = fact_id(wanted)
        matches = [i for i, name in enumerate(names) if name.lower() == wanted.lower()]
        if not matches:
            raise ProcedureError(
                "unknown_group",
                f"Column {column!r} has no value {wanted!r} among the rows used.",
                pointer,
                {"column": column, "values": names[:50]},
            )
        chosen.append(matches[0])
    if len(chosen) == 2 and chosen[0] != chosen[1]:
        return chosen[0], chosen[1]
    if len(chosen) == 2:
        raise ProcedureError("same_group", "The two groups must differ.", "/second_group")
    if len(categories) != 2:
        raise ProcedureError(
            "two_groups_needed",
            f"Column {column!r} has {len(categories)} groups; name the two to compare.",
            "/groups",
            {"column": column, "values": names[:50]},
        )
    if chosen:
        other = 1 - chosen[0]
        return (chosen[0], other) if first is not None else (other, chosen[0])
    return 0, 1


def complete_drill(columns: Sequence[str], drill: FilterTree | None = None) -> Mapping[str, Any]:
    """Drill filter for the rows in which all `columns` are present, within `drill`."""
    parts: list[Any] = [] if drill is None else [drill]
    parts += [{"column": name, "op": "not_missing"} for name in columns]
    return parts[0] if len(parts) == 1 else {"and": parts}


def group_drill(groups: str, value: Scalar, *columns: str) -> Mapping[str, Any]:
    """Drill filter for the rows of one group in which `columns` are present."""
    return complete_drill(columns, equals(groups, value))


def levels_source(context: ScriptContext, name: str) -> str:
    """Source of an expression: the column's values in category order (labels first, then by value)."""
    order = [fact_id(value) for value, _ in context.column(name).value_labels]
    if not order:
        return f"sorted(data[{literal(name)}].dropna().unique())"
    listed = literal({value: i for i, value in enumerate(order)})
    return (
        f"sorted(data[{literal(name)}].dropna().unique(), "
        f"key=lambda v: ({listed}.get(fact_id(v), {len(order)}), v))"
    )


def two_levels_source(context: ScriptContext, name: str, first: str | None, second: str | None) -> str:
    """Source that assigns `first_level` and `second_level` by the rules of `two_groups`."""
    return f"""
levels = {levels_source(context, name)}
named = {{fact_id(level).lower(): level for level in levels}}
first_level = named.get({literal(None if first is None else fact_id(first).lower())})
second_level = named.get({literal(None if second is None else fact_id(second).lower())})
if first_level is None:
    first_level = next(v for v in levels if second_level is None or v != second_level)
if second_level is None:
    second_level = next(v for v in levels if v != first_level)
"""
