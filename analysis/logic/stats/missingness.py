"""Missing-value patterns: maximum likelihood under a normal model and Little's test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.logic.errors import did_not_converge
from analysis.logic.stats.gram import Gram

FloatArray = npt.NDArray[np.float64]
Pattern = tuple[bool, ...]  # True = observed


def pattern_grams(x: FloatArray) -> dict[Pattern, Gram]:
    """Gram of the observed columns for each missing-value pattern of the rows; all-missing rows left out."""
    present = ~np.isnan(x)
    packed = np.packbits(present, axis=1)
    _, first, inverse = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    grams: dict[Pattern, Gram] = {}
    for group, at in enumerate(first):
        pattern = tuple(bool(v) for v in present[at])
        if any(pattern):
            rows = x[inverse.ravel() == group]
            grams[pattern] = Gram.of(rows[:, list(pattern)])
    return grams


def merge_patterns(a: Mapping[Pattern, Gram], b: Mapping[Pattern, Gram]) -> dict[Pattern, Gram]:
    """Pattern Grams of the rows of both."""
    merged = dict(a)
    for pattern, gram in b.items():
        merged[pattern] = merged[pattern].merge(gram) if pattern in merged else gram
    return merged


@dataclass(frozen=True, slots=True)
class NormalEstimate:
    """Maximum likelihood mean and covariance from incomplete rows (EM), and the iterations it took."""

    mean: FloatArray
    covariance: FloatArray
    n: int
    iterations: int


def normal_em(
    patterns: Mapping[Pattern, Gram], columns: int, *, tolerance: float = 1e-9, limit: int = 2_000
) -> NormalEstimate:
    """EM of the multivariate normal (Little & Rubin 2019, section 11.2) on pattern statistics.

    Its cost does not depend on the number of rows. Raises ProcedureError("did_not_converge").
    """
    n = sum(g.n for g in patterns.values())
    mean, spread = np.zeros(columns), np.zeros(columns)
    for j in range(columns):
        with_j = [(g, sum(p[:j])) for p, g in patterns.items() if p[j]]
        total = sum(g.n for g, _ in with_j)
        mean[j] = sum(g.n * g.mean[at] for g, at in with_j) / total
        spread[j] = sum(g.scatter[at, at] + g.n * (g.mean[at] - mean[j]) ** 2 for g, at in with_j) / total
    scale = np.sqrt(np.where(spread > 0, spread, 1.0))
    centre = mean.copy()
    mu, sigma = np.zeros(columns), np.diag(np.where(spread > 0, 1.0, 0.0))
    for iteration in range(1, limit + 1):
        first, second = np.zeros(columns), np.zeros((columns, columns))
        for pattern, gram in patterns.items():
            seen = np.array(pattern)
            hidden = ~seen
            unit = scale[seen]
            observed = (gram.mean - centre[seen]) / unit
            filled = np.zeros(columns)
            filled[seen] = observed
            into = np.zeros((columns, int(seen.sum())))
            into[seen] = np.eye(int(seen.sum()))
            if hidden.any():
                slopes = np.linalg.lstsq(sigma[np.ix_(seen, seen)], sigma[np.ix_(seen, hidden)], rcond=None)[
                    0
                ].T
                filled[hidden] = mu[hidden] + slopes @ (observed - mu[seen])
                into[hidden] = slopes
                rest = sigma[np.ix_(hidden, hidden)] - slopes @ sigma[np.ix_(seen, hidden)]
                second[np.ix_(hidden, hidden)] += gram.n * rest
            first += gram.n * filled
            second += into @ (gram.scatter / np.outer(unit, unit)) @ into.T + gram.n * np.outer(
                filled, filled
            )
        new_mu = first / n
        new_sigma = second / n - np.outer(new_mu, new_mu)
        change = max(float(np.abs(new_mu - mu).max()), float(np.abs(new_sigma - sigma).max()))
        mu, sigma = new_mu, (new_sigma + new_sigma.T) / 2
        if change < tolerance:
            return NormalEstimate(centre + mu * scale, sigma * np.outer(scale, scale), n, iteration)
    raise did_not_converge("Maximum likelihood for incomplete rows", limit)


@dataclass(frozen=True, slots=True)
class LittleTest:
    """Little's (1988) chi-square of missing completely at random."""

    statistic: float
    df: int
    p: float
    patterns: int


def little_mcar(patterns: Mapping[Pattern, Gram], columns: int) -> LittleTest:
    """Little's test from pattern statistics; NaN p when there is a single pattern.

    The covariance is the maximum likelihood one times n / (n - 1), as in Little (1988).
    """
    from scipy.special import chdtrc

    estimate = normal_em(patterns, columns)
    covariance = estimate.covariance * estimate.n / (estimate.n - 1)
    statistic = 0.0
    df = -columns
    for pattern, gram in patterns.items():
        seen = np.array(pattern)
        d = gram.mean - estimate.mean[seen]
        block = covariance[np.ix_(seen, seen)]
        statistic += gram.n * float(d @ np.linalg.lstsq(block, d, rcond=None)[0])
        df += int(seen.sum())
    if df <= 0:
        return LittleTest(math.nan, 0, math.nan, len(patterns))
    return LittleTest(statistic, df, float(chdtrc(df, statistic)), len(patterns))
