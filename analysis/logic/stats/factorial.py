"""Sums of squares of factorial designs by comparison of nested least-squares models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Effect:
    """A main effect, interaction or covariate: the names it involves and its columns of the model matrix."""

    names: tuple[str, ...]
    columns: FloatArray


def sum_to_zero(codes: IntArray, levels: int) -> FloatArray:
    """Effects coding: columns of levels 0..L-2, the last level is -1 in all of them."""
    block = (codes[:, None] == np.arange(levels - 1)[None, :]).astype(np.float64)
    block[codes == levels - 1] = -1.0
    return block


def factorial_effects(
    factors: dict[str, tuple[IntArray, int]], covariates: dict[str, FloatArray], order: int
) -> list[Effect]:
    """Covariates (centred), main effects, then interactions of factors up to `order`."""
    effects = [Effect((name,), (values - values.mean())[:, None]) for name, values in covariates.items()]
    main = {name: sum_to_zero(codes, levels) for name, (codes, levels) in factors.items()}
    for size in range(1, order + 1):
        for names in combinations(factors, size):
            block = main[names[0]]
            for name in names[1:]:
                block = (block[:, :, None] * main[name][:, None, :]).reshape(len(block), -1)
            effects.append(Effect(names, block))
    return effects


def residual_squares(blocks: list[FloatArray], y: FloatArray) -> float:
    """Residual sum of squares of y on a constant and the blocks (Householder QR)."""
    x = np.column_stack([np.ones(y.size), *blocks])
    q, _ = np.linalg.qr(x)
    residual = y - q @ (q.T @ y)
    residual -= q @ (q.T @ residual)
    return float(residual @ residual)


def effect_squares(effects: list[Effect], y: FloatArray, kind: int) -> tuple[list[float], float]:
    """Sum of squares per effect (type 2 or 3) and of the residual."""
    centred = y - y.mean()
    everything = [e.columns for e in effects]
    residual = residual_squares(everything, centred)
    found = []
    for effect in effects:
        if kind == 3:
            without = [e.columns for e in effects if e is not effect]
            found.append(residual_squares(without, centred) - residual)
            continue
        # Type 2: adjusted for every effect that does not contain this one.
        others = [e.columns for e in effects if e is not effect and not set(effect.names) < set(e.names)]
        found.append(residual_squares(others, centred) - residual_squares([*others, effect.columns], centred))
    return [max(0.0, value) for value in found], residual


@dataclass(frozen=True, slots=True)
class Sphericity:
    """Mauchly's W with its chi-square p, and the epsilons of Greenhouse-Geisser and Huynh-Feldt."""

    w: float
    p: float
    greenhouse_geisser: float
    huynh_feldt: float


def sphericity(x: FloatArray) -> Sphericity:
    """Of (rows, conditions) with at least three conditions and more rows than conditions."""
    from scipy.special import chdtrc

    n, k = x.shape
    # Orthonormal contrasts: the differences orthogonal to the mean of the conditions.
    contrast = np.linalg.qr(np.column_stack([np.ones(k), np.eye(k)[:, : k - 1]]))[0][:, 1:]
    s = contrast.T @ np.cov(x, rowvar=False) @ contrast
    d = k - 1
    trace, squares = float(np.trace(s)), float((s * s).sum())
    epsilon = trace**2 / (d * squares)
    huynh = min(1.0, (n * d * epsilon - 2) / (d * (n - 1 - d * epsilon)))
    determinant = float(np.linalg.det(s / (trace / d)))
    w = max(0.0, determinant)
    df = d * (d + 1) // 2 - 1
    statistic = -(n - 1 - (2 * d * d + d + 2) / (6 * d)) * np.log(w) if w > 0 else np.inf
    return Sphericity(w, float(chdtrc(df, max(0.0, statistic))) if df else 1.0, epsilon, max(huynh, epsilon))
