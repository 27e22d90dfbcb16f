"""Running one analysis over the parts of a Dataset and joining their statistics.

A part is a range of rows (`Frame(part=...)`). Every part is reduced to sufficient statistics where it is read;
statistics travel, rows do not. The joined figures are those of one run over all rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from analysis.contracts import ColumnMeta, Notice, ProcedureOutput
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, no_rows
from analysis.logic.frame import Category, CrossCounts, Frame, order_categories
from analysis.logic.parameters import Parameters
from analysis.logic.registry import Procedure

P = TypeVar("P", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said about the rows besides their figures: columns, weight, notices."""

    metas: Mapping[str, ColumnMeta]
    weight: str | None
    notices: tuple[Notice, ...]

    @classmethod
    def of(cls, frame: Frame) -> Origin:
        """Take this after the figures, so that the notices are complete."""
        return cls({c.name: c for c in frame.columns}, frame.weight, frame.notices)

    def column(self, name: str) -> ColumnMeta:
        return self.metas[name]

    def join(self, other: Origin) -> Origin:
        """Notices that differ between parts (such as their counts) are all kept."""
        return replace(self, notices=tuple(dict.fromkeys((*self.notices, *other.notices))))


def row_parts(rows: int, size: int) -> Iterator[tuple[int, int]]:
    """Ranges (first, end) of at most `size` rows, 0-based, that cover `rows` rows."""
    for start in range(0, rows, size):
        yield start, min(start + size, rows)


def join_categories(
    meta: ColumnMeta, a: Sequence[Category], b: Sequence[Category]
) -> tuple[tuple[Category, ...], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Categories of both with their bases added, and the new index of each category of `a` and of `b`."""
    bases: dict[Any, list[float]] = {}
    for category in (*a, *b):
        base = bases.setdefault(category.value, [0, 0.0])
        base[0] += category.n
        base[1] += category.weighted_n
    joined = order_categories(meta, [(value, int(n), weight) for value, (n, weight) in bases.items()])
    index = {category.value: i for i, category in enumerate(joined)}
    into_a = np.array([index[c.value] for c in a], dtype=np.int64)
    into_b = np.array([index[c.value] for c in b], dtype=np.int64)
    return joined, into_a, into_b


def join_cross_counts(metas: Mapping[str, ColumnMeta], a: CrossCounts, b: CrossCounts) -> CrossCounts:
    """Joint counts of the rows of both parts."""
    joined = [
        join_categories(metas[name], x, y)
        for name, x, y in zip(a.columns, a.categories, b.categories, strict=True)
    ]
    shape = tuple(len(categories) for categories, _, _ in joined)

    def added(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        total = np.zeros(shape, dtype=x.dtype)
        total[np.ix_(*(to for _, to, _ in joined))] += x
        total[np.ix_(*(to for _, _, to in joined))] += y
        return total

    return CrossCounts(
        a.columns,
        tuple(categories for categories, _, _ in joined),
        added(a.n, b.n),
        added(a.weighted, b.weighted),
        added(a.weight_squares, b.weight_squares),
        a.missing + b.missing,
    )


def collect_part(procedure: Procedure[P], frame: Frame, parameters: P, context: RunContext) -> Any:
    """Statistics of one part, or None when it has no row to offer (another part may have).

    Raises ProcedureError("not_mergeable") for a procedure without partition.
    """
    if procedure.partition is None:
        raise ProcedureError("not_mergeable", f"{procedure.title} cannot be computed in parts.")
    if not frame.n:
        return None
    try:
        return procedure.partition.collect(frame, parameters, context)
    except ProcedureError as error:
        if error.code in ("no_rows", "bad_weights"):
            return None
        raise


def finish_parts(
    procedure: Procedure[P], states: Sequence[Any], parameters: P, context: RunContext
) -> ProcedureOutput:
    """The output from the statistics of all parts. Raises ProcedureError("no_rows") when none has any."""
    assert procedure.partition is not None
    present = [state for state in states if state is not None]
    if not present:
        raise no_rows("no part of the Dataset has a usable row")
    total = present[0]
    for state in present[1:]:
        total = procedure.partition.merge(total, state)
    return procedure.partition.finish(total, parameters, context)
