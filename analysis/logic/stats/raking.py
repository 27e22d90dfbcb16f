"""Raking: weights whose weighted margins equal known population shares (Deming & Stephan 1940)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class RakedWeights:
    """Weights (mean as the base weights), iterations, largest remaining error of a margin share, rows trimmed."""

    weights: FloatArray
    iterations: int
    error: float
    trimmed: int


def rake(
    base: FloatArray,
    margins: Sequence[tuple[IntArray, FloatArray]],
    *,
    low: float | None = None,
    high: float | None = None,
    tolerance: float = 1e-10,
    max_iterations: int = 500,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> RakedWeights:
    """Iterative proportional fitting.

    margins: (codes per row, target shares that sum to 1). low / high: bounds of the final weight relative to
    the mean weight, applied after each cycle. The caller checks that every target category has rows.
    """
    weights = base.astype(np.float64).copy()
    total = float(base.sum())
    mean = total / base.size
    floor = None if low is None else low * mean
    ceiling = None if high is None else high * mean
    error, done = np.inf, 0
    for done in range(1, max_iterations + 1):
        checkpoint(done, max_iterations)
        for codes, target in margins:
            current = np.bincount(codes, weights, target.size)
            weights *= (target * total / current)[codes]
        if floor is not None or ceiling is not None:
            np.clip(weights, floor, ceiling, out=weights)
            weights *= total / weights.sum()
        error = max(float(np.abs(np.bincount(c, weights, t.size) / total - t).max()) for c, t in margins)
        if error < tolerance:
            break
    at_bound = np.zeros(base.size, dtype=bool)
    if floor is not None:
        at_bound |= weights <= floor * (1 + 1e-6)
    if ceiling is not None:
        at_bound |= weights >= ceiling * (1 - 1e-6)
    return RakedWeights(weights, done, error, int(at_bound.sum()))


def kish_design_effect(weights: FloatArray) -> float:
    """1 + squared coefficient of variation of the weights (Kish 1965)."""
    return float(weights.size * (weights @ weights) / weights.sum() ** 2)
