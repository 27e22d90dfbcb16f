"""Internal consistency of a scale from its covariance matrix."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def cronbach_alpha(covariance: FloatArray) -> float:
    """Cronbach's (1951) alpha; NaN when the sum has no variance."""
    k, total = covariance.shape[0], float(covariance.sum())
    return k / (k - 1) * (1 - float(np.trace(covariance)) / total) if total > 0 and k > 1 else math.nan


def feldt_interval(alpha: float, n: float, items: int, confidence: float) -> tuple[float, float]:
    """Interval of alpha by Feldt's (1965) F distribution."""
    from scipy.special import fdtri

    df1, df2 = n - 1, (n - 1) * (items - 1)
    tail = (1 - confidence) / 2
    return 1 - (1 - alpha) * float(fdtri(df1, df2, 1 - tail)), 1 - (1 - alpha) * float(fdtri(df1, df2, tail))


def one_factor(
    correlation: FloatArray, tolerance: float = 1e-10, iterations: int = 5_000
) -> FloatArray | None:
    """Loadings of one common factor by maximum likelihood (uniquenesses optimised, Joreskog 1967).

    None when it does not converge or is a Heywood case (a uniqueness at its bound).
    """
    from scipy.optimize import minimize

    p = correlation.shape[0]
    if p < 3:
        return None
    start = np.log(np.clip(1 / np.diag(np.linalg.pinv(correlation)), 0.05, 0.95))

    def objective(log_unique: FloatArray) -> tuple[float, FloatArray]:
        unique = np.exp(log_unique)
        root = np.sqrt(unique)
        scaled = correlation / np.outer(root, root)
        values, vectors = np.linalg.eigh(scaled)
        rest = values[:-1]
        if (rest <= 0).any():
            return math.inf, np.zeros(p)
        value = float((rest - np.log(rest) - 1).sum())
        # d/d log(unique_i) of the sum over the discarded eigenvalues
        gradient = -((vectors[:, :-1] ** 2) * (rest - 1)).sum(axis=1)
        return value, gradient

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(math.log(0.005), 0.0)] * p,
        options={"maxiter": iterations, "ftol": tolerance * 1e-4, "gtol": tolerance * 100},
    )
    unique = np.exp(found.x)
    if not np.isfinite(found.fun) or (unique <= 0.00501).any():
        return None
    root = np.sqrt(unique)
    values, vectors = np.linalg.eigh(correlation / np.outer(root, root))
    loadings = root * vectors[:, -1] * math.sqrt(max(values[-1] - 1, 0.0))
    return loadings if loadings.sum() >= 0 else -loadings


def mcdonald_omega(covariance: FloatArray) -> tuple[float, FloatArray | None]:
    """Omega total of a one-factor model in covariance metric and its standardised loadings; NaN if none fits."""
    spread = np.sqrt(np.diag(covariance))
    loadings = one_factor(covariance / np.outer(spread, spread))
    if loadings is None:
        return math.nan, None
    common = float((loadings * spread).sum()) ** 2
    unique = float(((1 - loadings**2) * spread**2).sum())
    return common / (common + unique), loadings
