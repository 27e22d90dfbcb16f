"""Intervals and tests of proportions."""

from __future__ import annotations

import math


def normal_quantile(confidence: float) -> float:
    """Two-sided standard normal quantile, e.g. 1.959964 for 0.95."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2))


def wilson_interval(share: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion (Wilson 1927); `n` may be an effective base. (nan, nan) for n = 0."""
    if n <= 0 or not math.isfinite(share):
        return math.nan, math.nan
    z = normal_quantile(confidence)
    centre = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def newcombe_difference(
    share: float, n: float, other: float, other_n: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Interval of share - other from two Wilson intervals (Newcombe 1998, method 10)."""
    low, high = wilson_interval(share, n, confidence)
    other_low, other_high = wilson_interval(other, other_n, confidence)
    difference = share - other
    return (
        difference - math.hypot(share - low, other_high - other),
        difference + math.hypot(high - share, other - other_low),
    )
