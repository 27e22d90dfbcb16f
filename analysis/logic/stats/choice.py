"""Conditional (McFadden) logit of choices from sets, by Newton's method with clustered errors."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class ChoiceModel:
    """Coefficients (p,), covariance (p, p), log-likelihoods and iterations; `converged` False = do not use."""

    coefficients: FloatArray
    covariance: FloatArray
    log_likelihood: float
    null_log_likelihood: float
    iterations: int
    converged: bool

    @property
    def mcfadden(self) -> float:
        return 1 - self.log_likelihood / self.null_log_likelihood


def fit_choices(
    x: FloatArray,
    sets: IntArray,
    chosen: npt.NDArray[np.bool_],
    weights: FloatArray,
    clusters: IntArray | None = None,
    *,
    max_iterations: int = 50,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> ChoiceModel:
    """Fit by Newton's method.

    x: (alternatives, p). sets: 0-based id of each alternative's choice set, exactly one chosen per set.
    weights: one per set. clusters: id per set for the sandwich covariance; None = inverse information.
    Raises numpy.linalg.LinAlgError when the information is singular.
    """
    n_sets = int(sets.max()) + 1
    beta = np.zeros(x.shape[1])
    sizes = np.bincount(sets, minlength=n_sets)
    null = -float(weights @ np.log(sizes))
    w = weights[sets]

    def evaluate(b: FloatArray) -> tuple[float, FloatArray]:
        utility = x @ b
        top = np.full(n_sets, -np.inf)
        np.maximum.at(top, sets, utility)
        e = np.exp(utility - top[sets])
        total = np.bincount(sets, e, minlength=n_sets)
        share = e / total[sets]
        ll = float(
            (
                weights * (np.bincount(sets[chosen], (utility - top[sets])[chosen], n_sets) - np.log(total))
            ).sum()
        )
        return ll, share

    ll, share = evaluate(beta)
    converged, done = False, 0
    information = np.eye(x.shape[1])
    for done in range(1, max_iterations + 1):
        checkpoint(done, max_iterations)
        residual = chosen - share
        gradient = x.T @ (w * residual)
        mean = _set_sums(x * share[:, None], sets, n_sets)
        information = (x * (w * share)[:, None]).T @ x - (mean * weights[:, None]).T @ mean
        step = np.linalg.solve(information, gradient)
        factor = 1.0
        while True:
            new_ll, new_share = evaluate(beta + factor * step)
            if new_ll >= ll - 1e-12 * abs(ll) or factor < 1e-6:
                break
            factor /= 2
        beta, ll, share = beta + factor * step, new_ll, new_share
        if float(gradient @ step) < 1e-16 * max(1.0, abs(ll)):
            converged = True
            break
        if np.abs(beta).max() > 30 * max(1.0, 1 / max(1e-12, float(np.abs(x).max()))):
            break
    residual = chosen - share
    mean = _set_sums(x * share[:, None], sets, n_sets)
    information = (x * (w * share)[:, None]).T @ x - (mean * weights[:, None]).T @ mean
    inverse = np.linalg.inv(information)
    covariance: npt.NDArray[np.floating] = inverse
    if clusters is not None:
        per_set = _set_sums(x * (w * residual)[:, None], sets, n_sets)
        groups = int(clusters.max()) + 1
        scores = _set_sums(per_set, clusters, groups)
        covariance = inverse @ (scores.T @ scores) @ inverse * (groups / max(1, groups - 1))
    return ChoiceModel(
        beta, np.asarray(covariance, dtype=np.float64), ll, null, done, converged and math.isfinite(ll)
    )


def _set_sums(values: FloatArray, sets: IntArray, n_sets: int) -> FloatArray:
    return np.column_stack(
        [np.bincount(sets, values[:, k], minlength=n_sets) for k in range(values.shape[1])]
    )


def logit_shares(utilities: FloatArray) -> FloatArray:
    """Shares of preference of alternatives (last axis) from their utilities."""
    e = np.exp(utilities - utilities.max(axis=-1, keepdims=True))
    shares: FloatArray = e / e.sum(axis=-1, keepdims=True)
    return shares


#: Source for stand-alone scripts: maximises the same likelihood with SciPy's quasi-Newton method.
CHOICE_SCRIPT = """
from scipy.optimize import minimize


def fit_choices(x, y, key, w):
    \"\"\"Conditional logit: x (alternatives, p), y 1 for chosen, key = its set, w = weight per set.\"\"\"
    def loss(b):
        u = x @ b
        u = u - u.max()
        e = np.exp(u)
        total = np.bincount(key, e)
        gradient = x.T @ (w[key] * (e / total[key] - y))
        return (w * (np.log(total) - np.bincount(key, u * y))).sum() / w.sum(), gradient / w.sum()

    start = minimize(loss, np.zeros(x.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-7}).x
    return minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-10}).x
"""
