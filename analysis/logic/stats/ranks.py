"""Rank correlation from joint counts (rating scales) or from rows (continuous values)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def midranks_of_counts(counts: FloatArray) -> FloatArray:
    """Midrank of each level of an ordered scale, from the (weighted) number of rows per level."""
    return np.cumsum(counts) - counts / 2 + 0.5


def midranks(values: FloatArray, weights: FloatArray | None = None) -> FloatArray:
    """Midranks of values without NaN; with weights a tie block of weight t after weight c ranks c + t/2 + 1/2."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    block = np.zeros(values.size, dtype=np.int64)
    block[starts[1:]] = 1
    block = np.cumsum(block)
    mass = (
        np.diff(np.append(starts, values.size)).astype(np.float64)
        if weights is None
        else np.add.reduceat(weights[order], starts)
    )
    ranks = np.empty(values.size)
    ranks[order] = midranks_of_counts(mass)[block]
    return ranks


def spearman_of_counts(table: FloatArray) -> float:
    """Spearman's rho with midranks from a joint (weighted) count table in scale order; NaN without spread."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    total = rows.sum()
    if not total:
        return math.nan
    a, b = midranks_of_counts(rows), midranks_of_counts(columns)
    a = a - (rows @ a) / total
    b = b - (columns @ b) / total
    spread = (rows @ (a * a)) * (columns @ (b * b))
    return float(np.clip(a @ table @ b / math.sqrt(spread), -1, 1)) if spread > 0 else math.nan


def kendall_of_counts(table: FloatArray) -> tuple[float, float]:
    """Kendall's tau-b and its z under independence (tie-corrected variance) from a joint count table.

    The variance is that of Kendall (1970) with ties; the table should be scaled to the effective base when
    weighted. (nan, nan) when a margin has a single level or fewer than three rows.
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    n = rows.sum()
    # Weight of all cells strictly below and right of each cell, and below and left.
    below = np.zeros_like(table)
    below[:-1] = np.cumsum(table[::-1], axis=0)[::-1][1:]
    right = np.zeros_like(table)
    right[:, :-1] = np.cumsum(below[:, ::-1], axis=1)[:, ::-1][:, 1:]
    left = np.zeros_like(table)
    left[:, 1:] = np.cumsum(below, axis=1)[:, :-1]
    difference = float((table * right).sum() - (table * left).sum())
    pairs = (n * n - (rows**2).sum()) / 2, (n * n - (columns**2).sum()) / 2
    if min(pairs) <= 0 or n <= 2:
        return math.nan, math.nan
    tau = difference / math.sqrt(pairs[0] * pairs[1])

    def ties(margin: FloatArray) -> tuple[float, float, float]:
        return (
            float((margin * (margin - 1) * (2 * margin + 5)).sum()),
            float((margin * (margin - 1)).sum()),
            float((margin * (margin - 1) * (margin - 2)).sum()),
        )

    (a0, a1, a2), (b0, b1, b2) = ties(rows), ties(columns)
    variance = (n * (n - 1) * (2 * n + 5) - a0 - b0) / 18
    variance += a1 * b1 / (2 * n * (n - 1)) + a2 * b2 / (9 * n * (n - 1) * (n - 2))
    return float(np.clip(tau, -1, 1)), difference / math.sqrt(variance) if variance > 0 else math.nan
