"""Confidence limits of noncentrality parameters: exact intervals of standardised effect sizes.

Method: inversion of the noncentral distribution (Steiger & Fouladi 1997; Smithson 2003).
"""

from __future__ import annotations

import math
from collections.abc import Callable


def _invert(cdf: Callable[[float], float], target: float, start: float, step: float, floor: float) -> float:
    """Noncentrality at which a cdf that falls with it equals `target`; `floor` when it never does."""
    from scipy.optimize import brentq

    low, high = start - step, start + step
    for _ in range(60):
        if low <= floor or cdf(low) >= target:
            break
        low -= step
        step *= 1.6
    low = max(low, floor)
    if cdf(low) < target:
        return low
    for _ in range(60):
        if cdf(high) <= target:
            break
        high += step
        step *= 1.6
    return float(brentq(lambda nc: cdf(nc) - target, low, high, xtol=1e-10, rtol=1e-12))


def noncentral_t_interval(t: float, df: float, confidence: float) -> tuple[float, float]:
    """Limits of the noncentrality of an observed t. Large samples use its normal limit (error < 1e-4).

    NaN without degrees of freedom, as with weights so uneven that their effective base is one row.
    """
    from scipy.special import ndtri
    from scipy.stats import nct

    tail = (1 - confidence) / 2
    if not (math.isfinite(t) and df > 0):
        return math.nan, math.nan
    if df > 2_000 or abs(t) > 35:
        half = float(ndtri(1 - tail)) * math.sqrt(1 + t * t / (2 * df))
        return t - half, t + half

    def cdf(nc: float) -> float:
        return float(nct.cdf(t, df, nc))

    return _invert(cdf, 1 - tail, t, 3.0, -math.inf), _invert(cdf, tail, t, 3.0, -math.inf)


def noncentral_f_interval(f: float, df1: float, df2: float, confidence: float) -> tuple[float, float]:
    """Limits of the noncentrality of an observed F (never below zero)."""
    from scipy.special import ncfdtr

    if not (math.isfinite(f) and f >= 0):
        return math.nan, math.nan
    tail = (1 - confidence) / 2

    def cdf(nc: float) -> float:
        return float(ncfdtr(df1, df2, nc, f))

    start = max(0.0, f * df1 - df1)
    step = 3 * math.sqrt(2 * df1 + 4 * start + 4)
    low, high = _invert(cdf, 1 - tail, start, step, 0.0), _invert(cdf, tail, start, step, 0.0)
    return low, high


def d_interval(d: float, n1: float, n2: float | None, confidence: float) -> tuple[float, float]:
    """Limits of Cohen's d: two groups of n1 and n2, or one sample / pairs of n1 when n2 is None."""
    scale = math.sqrt(n1) if n2 is None else math.sqrt(n1 * n2 / (n1 + n2))
    df = n1 - 1 if n2 is None else n1 + n2 - 2
    low, high = noncentral_t_interval(d * scale, df, confidence)
    return low / scale, high / scale


def eta_squared_interval(f: float, df1: float, df2: float, confidence: float) -> tuple[float, float]:
    """Limits of (partial) eta squared from its F."""
    low, high = noncentral_f_interval(f, df1, df2, confidence)
    total = df1 + df2 + 1
    return low / (low + total), high / (high + total)
