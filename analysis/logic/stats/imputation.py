"""Multiple imputation by chained equations and Rubin's rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def chained_imputations(
    x: FloatArray,
    weights: FloatArray,
    sets: int,
    cycles: int,
    generator: np.random.Generator,
    *,
    donors: int = 5,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[FloatArray]:
    """Completed copies of x (rows, columns; NaN missing) by predictive mean matching (Van Buuren 2018).

    Each incomplete column is regressed on all others with coefficients drawn from their posterior; a missing
    value takes the observed value of one of the `donors` rows with the nearest prediction, so no impossible
    values arise. One copy is made at a time, so memory does not grow with `sets`.
    """
    absent = np.isnan(x)
    order = [k for k in np.argsort(absent.sum(axis=0), kind="stable") if absent[:, k].any()]
    done, total = 0, sets * cycles
    for _ in range(sets):
        filled = x.copy()
        for k in order:
            observed = x[~absent[:, k], k]
            filled[absent[:, k], k] = generator.choice(observed, int(absent[:, k].sum()))
        for _ in range(cycles):
            checkpoint(done, total)
            done += 1
            for k in order:
                filled[absent[:, k], k] = _draw(filled, x[:, k], absent[:, k], k, weights, donors, generator)
        yield filled


def _draw(
    filled: FloatArray,
    target: FloatArray,
    absent: npt.NDArray[np.bool_],
    k: int,
    weights: FloatArray,
    donors: int,
    generator: np.random.Generator,
) -> FloatArray:
    others = np.delete(filled, k, axis=1)
    centre, scale = others.mean(axis=0), others.std(axis=0)
    design = np.column_stack([np.ones(len(others)), (others - centre) / np.where(scale > 0, scale, 1.0)])
    a, y, w = design[~absent], target[~absent], weights[~absent]
    gram = (a * w[:, None]).T @ a
    gram += 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
    beta = np.linalg.solve(gram, a.T @ (w * y))
    rest = y - a @ beta
    df = max(1, y.size - a.shape[1])
    sigma2 = float(w @ rest**2) / generator.chisquare(df)
    drawn = beta + np.linalg.solve(np.linalg.cholesky(gram).T, generator.normal(size=beta.size)) * math.sqrt(
        sigma2
    )
    predicted_observed, predicted_missing = a @ beta, design[absent] @ drawn
    ranks = np.argsort(predicted_observed, kind="stable")
    ordered = predicted_observed[ranks]
    place = np.searchsorted(ordered, predicted_missing)
    d = min(donors, ordered.size)
    start = np.clip(place - d // 2, 0, ordered.size - d)
    return y[ranks[start + generator.integers(0, d, start.size)]]


@dataclass(frozen=True, slots=True)
class Pooled:
    """Rubin's rules: estimate, standard error, degrees of freedom, fraction of missing information."""

    value: float
    standard_error: float
    df: float
    missing_information: float


def rubin(values: FloatArray, variances: FloatArray, complete_df: float) -> Pooled:
    """Pool estimates of m imputations; degrees of freedom of Barnard & Rubin (1999)."""
    m = values.size
    within, between = float(variances.mean()), float(values.var(ddof=1)) if m > 1 else 0.0
    total = within + (1 + 1 / m) * between
    if total <= 0:
        return Pooled(float(values.mean()), 0.0, complete_df, 0.0)
    share = (1 + 1 / m) * between / total
    observed = (complete_df + 1) / (complete_df + 3) * complete_df * (1 - share)
    if share <= 1e-12:
        return Pooled(float(values.mean()), math.sqrt(total), observed, 0.0)
    old = (m - 1) / share**2
    df = 1 / (1 / old + 1 / observed) if observed > 0 else old
    ratio = share / (1 - share) if share < 1 else math.inf
    fmi = (ratio + 2 / (df + 3)) / (ratio + 1) if math.isfinite(ratio) else 1.0
    return Pooled(float(values.mean()), math.sqrt(total), df, min(1.0, fmi))
