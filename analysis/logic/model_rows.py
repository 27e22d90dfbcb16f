"""Rows of a regression in memory: predictors with dummies, checked for constants and collinearity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.contracts import ColumnMeta
from analysis.logic.errors import ProcedureError, collinear, constant_column, too_few_rows
from analysis.logic.frame import Arrays, Category, Frame
from analysis.logic.groups import levels_source
from analysis.logic.output import fact_id
from analysis.logic.script import ScriptContext, literal

FloatArray = npt.NDArray[np.float64]
MAX_LEVELS = 60


@dataclass(frozen=True, slots=True)
class ModelTerm:
    """One column of the matrix: the id part used in fact ids, its title, and the Dataset column it is from."""

    id: tuple[object, ...]
    title: str
    column: str


@dataclass(frozen=True, slots=True)
class ModelRows:
    """`x` (rows, terms) without constant, standardised; `centre` and `scale` undo it. `weights` sum to the rows."""

    data: Arrays
    x: FloatArray
    centre: FloatArray
    scale: FloatArray
    terms: tuple[ModelTerm, ...]
    weights: FloatArray

    @property
    def n(self) -> int:
        return self.data.n

    @property
    def with_constant(self) -> FloatArray:
        return np.column_stack([np.ones(self.n), self.x])

    def original_scale(self, constants: int = 1) -> FloatArray:
        """Matrix from parameters (constants first) on the standardised scale to the original one.

        With several constants (thresholds) each moves by the same amount, with opposite sign as they stand on
        the other side of the inequality; see `CumulativeLogit`.
        """
        size = constants + len(self.terms)
        change = np.eye(size)
        for k in range(len(self.terms)):
            change[constants + k, constants + k] = 1 / self.scale[k]
            shift = self.centre[k] / self.scale[k]
            change[:constants, constants + k] = -shift if constants == 1 else shift
        return change


def read_rows(
    frame: Frame,
    predictors: Sequence[str],
    factors: Sequence[str],
    *,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    spare: int = 1,
) -> ModelRows:
    """Complete rows of predictors, factors (dummies against the first level) and further columns.

    Raises ProcedureError for constant or collinear predictors and fewer rows than parameters.
    """
    for name in (*factors, *categorical):
        frame.categories(name, MAX_LEVELS)
    data = frame.arrays(
        numeric=list(dict.fromkeys([*predictors, *numeric])),
        categorical=list(dict.fromkeys([*factors, *categorical])),
    )
    columns: list[FloatArray] = []
    terms: list[ModelTerm] = []
    for name in predictors:
        values = data.column(name)
        if np.ptp(values) == 0:
            raise constant_column(name, float(values[0]))
        columns.append(values)
        terms.append(ModelTerm((name,), frame.column(name).title, name))
    for name in factors:
        codes = data.codes[name]
        present = [k for k in range(len(data.categories[name])) if (codes == k).any()]
        if len(present) < 2:
            raise constant_column(name, data.categories[name][present[0]].value)
        for k in present[1:]:
            category = data.categories[name][k]
            columns.append((codes == k).astype(np.float64))
            terms.append(
                ModelTerm(
                    (name, category.value),
                    f"{frame.column(name).title}: {category.label} (against {data.categories[name][present[0]].label})",
                    name,
                )
            )
    if data.n <= len(terms) + spare:
        raise too_few_rows(data.n, len(terms) + spare + 1, f"a model with {len(terms)} terms")
    raw = np.column_stack(columns)
    centre, scale = raw.mean(axis=0), raw.std(axis=0)
    x = (raw - centre) / scale
    _refuse_collinear(x, terms)
    return ModelRows(data, x, centre, scale, tuple(terms), data.weights * (data.n / data.weights.sum()))


def _refuse_collinear(x: FloatArray, terms: Sequence[ModelTerm]) -> None:
    triangle = np.linalg.qr(x, mode="r")
    if np.abs(np.diag(triangle)).min() > 1e-9 * np.sqrt(len(x)):
        return
    _, _, right = np.linalg.svd(triangle)
    guilty = np.abs(right[-1]) > 1e-6
    raise collinear(list(dict.fromkeys(t.column for t, g in zip(terms, guilty, strict=True) if g)))


def binary_outcome(data: Arrays, meta: ColumnMeta, positive: str | None) -> tuple[FloatArray, Category]:
    """0/1 per row and the category that counts as 1 (by default the second).

    Raises ProcedureError("not_binary" | "constant_column" | "unknown_value").
    """
    name, codes = meta.name, data.codes[meta.name]
    present = [k for k in range(len(data.categories[name])) if (codes == k).any()]
    if positive is None:
        if len(present) == 1:
            raise constant_column(name, data.categories[name][present[0]].value)
        if len(present) > 2:
            raise ProcedureError(
                "not_binary",
                f"Outcome {name!r} has {len(present)} different values; name the one to predict.",
                "/positive",
                {"column": name},
            )
        chosen = present[1]
    else:
        wanted = fact_id(positive).lower()
        match = [k for k in present if fact_id(data.categories[name][k].value).lower() == wanted]
        if not match:
            raise ProcedureError("unknown_value", f"No row used has {name!r} = {positive!r}.", "/positive")
        if len(present) == 1:
            raise constant_column(name, data.categories[name][present[0]].value)
        chosen = match[0]
    return (codes == chosen).astype(np.float64), data.categories[name][chosen]


def rows_source(
    context: ScriptContext,
    predictors: Sequence[str],
    factors: Sequence[str],
    *,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
) -> str:
    """Source that assigns `keep` (complete rows), `x` (dummies, no constant), `term_ids` and `w` (sum = rows)."""
    orders = ", ".join(f"{literal(name)}: {levels_source(context, name)}" for name in factors)
    return f"""
numbers = {{name: number(name) for name in {literal(list(dict.fromkeys([*predictors, *numeric])))}}}
keep = np.ones(len(data), dtype=bool)
for values in numbers.values():
    keep &= ~np.isnan(values)
for name in {literal(list(dict.fromkeys([*factors, *categorical])))}:
    keep &= data[name].notna().to_numpy()
columns, term_ids = [], []
for name in {literal(list(predictors))}:
    columns.append(numbers[name][keep])
    term_ids.append((name,))
orders = {{{orders}}}
for name in {literal(list(factors))}:
    values = data.loc[keep, name].to_numpy()
    for level in [v for v in orders[name] if (values == v).any()][1:]:
        columns.append((values == level).astype(float))
        term_ids.append((name, level))
x = np.column_stack(columns)
w = weights[keep] * keep.sum() / weights[keep].sum()
"""
