"""A two-way table with its shares, tests, residuals and letters, from joint counts alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.logic.stats.adjust import Correction, adjust_p_values
from analysis.logic.stats.contingency import (
    Association,
    TestOutcome,
    adjusted_residuals,
    association,
    expected_counts,
    likelihood_ratio,
    pearson_chi_square,
    proportion_letters,
    rao_scott,
)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Crosstab:
    """Everything about one table; arrays are (rows, columns), shares are NaN over an empty base.

    scaled: weighted counts rescaled to the effective base, on which residuals and effect sizes rest
    (the plain counts without weights). test: Pearson, or Rao-Scott when weighted; None for a table with a
    single non-empty row or column.
    """

    n: npt.NDArray[np.int64]
    weighted: FloatArray
    column_bases: FloatArray
    row_shares: FloatArray
    column_shares: FloatArray
    total_shares: FloatArray
    scaled: FloatArray
    expected: FloatArray | None
    residuals: FloatArray | None
    residual_p: FloatArray | None
    letters: list[list[str]]
    test: TestOutcome | None
    pearson: TestOutcome | None
    likelihood: TestOutcome | None
    association: Association | None
    low_expected: float

    @property
    def testable(self) -> bool:
        return self.test is not None


def crosstab(
    n: npt.NDArray[np.int64],
    weighted: FloatArray,
    weight_squares: FloatArray,
    *,
    is_weighted: bool,
    alpha: float,
    correction: Correction,
    confidence: float,
    smallest_base: int,
    letters: bool = True,
) -> Crosstab:
    """Figures of a two-way table; `n` must have a positive total.

    Residual p-values are corrected over all cells, letters over the pairs of columns within a row.
    """
    total = float(weighted.sum())
    row_total, column_total = weighted.sum(axis=1, keepdims=True), weighted.sum(axis=0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        row_shares, column_shares = weighted / row_total, weighted / column_total
        squares = weight_squares.sum(axis=0)
        bases = np.where(squares > 0, column_total[0] ** 2 / squares, 0.0)
    effective = total**2 / float(weight_squares.sum())
    scaled = weighted * (effective / total) if is_weighted else weighted
    filled_rows, filled_columns = n.sum(axis=1) > 0, n.sum(axis=0) > 0
    marks = [[""] * n.shape[1] for _ in range(n.shape[0])]
    if letters and filled_columns.sum() > 1:
        bases_n = np.where(n.sum(axis=0) >= smallest_base, bases, 0.0)
        marks = proportion_letters(column_shares, bases_n, alpha, correction, smallest_base=1e-9)
    if filled_rows.sum() < 2 or filled_columns.sum() < 2:
        return Crosstab(
            n, weighted, bases, row_shares, column_shares, weighted / total, scaled,
            None, None, None, marks, None, None, None, None, 0.0,
        )  # fmt: skip
    core = np.ix_(filled_rows, filled_columns)
    observed = scaled[core]
    pearson, likelihood = pearson_chi_square(observed), likelihood_ratio(observed)
    test = rao_scott(weighted[core], weight_squares[core], int(n.sum())) if is_weighted else pearson
    expected, residuals = np.zeros(n.shape), np.full(n.shape, np.nan)
    expected[core] = expected_counts(observed)
    residuals[core] = adjusted_residuals(observed)
    p = two_sided_normal(residuals)
    return Crosstab(
        n,
        weighted,
        bases,
        row_shares,
        column_shares,
        weighted / total,
        scaled,
        expected,
        residuals,
        adjust_p_values(p.ravel(), correction).reshape(p.shape),
        marks,
        test,
        pearson,
        likelihood,
        association(pearson.statistic, observed, float(observed.sum()), confidence),
        float((expected[core] < 5).mean()),
    )


def two_sided_normal(z: FloatArray) -> FloatArray:
    """Two-sided p of standard normal values; NaN stays NaN."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(z)))


def effect_word(v: float, smaller: int) -> str:
    """Cohen's (1988) words for Cramer's V, via w = V * sqrt(min(r, c) - 1)."""
    w = v * math.sqrt(smaller)
    return "negligible" if w < 0.1 else "small" if w < 0.3 else "medium" if w < 0.5 else "large"
