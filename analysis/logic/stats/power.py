"""Power, sample size and detectable effect of the common tests.

t and F tests use the noncentral distributions; comparisons of shares the normal approximation with unpooled
variance under the alternative and pooled variance under the null (Fleiss 1981).
"""

from __future__ import annotations

import math
from collections.abc import Callable


def power_t(d: float, n1: float, n2: float | None, alpha: float, alternative: str = "two-sided") -> float:
    """Two groups of n1 and n2, or one sample / pairs of n1 when n2 is None; d in standard deviations."""
    from scipy.stats import nct
    from scipy.stats import t as student

    df = n1 - 1 if n2 is None else n1 + n2 - 2
    nc = d * (math.sqrt(n1) if n2 is None else math.sqrt(n1 * n2 / (n1 + n2)))
    if alternative == "two-sided":
        cut = float(student.isf(alpha / 2, df))
        return _tail(float(nct.sf(cut, df, nc)), nc - cut) + _tail(float(nct.cdf(-cut, df, nc)), -nc - cut)
    cut = float(student.isf(alpha, df))
    return _tail(float(nct.sf(cut, df, nc)), nc - cut)


def _tail(value: float, normal: float) -> float:
    """The noncentral t of extreme arguments may come back as NaN; its limit there is the normal."""
    from scipy.special import ndtr

    return value if math.isfinite(value) else float(ndtr(normal))


def power_shares(
    p1: float, p2: float, n1: float, n2: float, alpha: float, alternative: str = "two-sided"
) -> float:
    """Two independent shares."""
    from scipy.special import ndtr, ndtri

    pooled = (n1 * p1 + n2 * p2) / (n1 + n2)
    null = math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    alternative_error = math.sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    gap = abs(p1 - p2)
    z = float(ndtri(1 - (alpha / 2 if alternative == "two-sided" else alpha)))
    power = float(ndtr((gap - z * null) / alternative_error))
    if alternative == "two-sided":
        power += float(ndtr((-gap - z * null) / alternative_error))
    return power


def power_anova(f: float, n: float, groups: int, alpha: float) -> float:
    """One-way F with n rows in all; f is Cohen's effect size."""
    from scipy.special import ncfdtr
    from scipy.stats import f as fisher

    df1, df2 = groups - 1, n - groups
    return 1 - float(ncfdtr(df1, df2, f * f * n, float(fisher.isf(alpha, df1, df2))))


def power_correlation(r: float, n: float, alpha: float, alternative: str = "two-sided") -> float:
    """Pearson correlation by Fisher's z with its bias term."""
    from scipy.special import ndtr, ndtri

    if n <= 3:
        return math.nan
    centre = (math.atanh(r) + r / (2 * (n - 1))) * math.sqrt(n - 3)
    z = float(ndtri(1 - (alpha / 2 if alternative == "two-sided" else alpha)))
    power = float(ndtr(abs(centre) - z))
    return power + float(ndtr(-abs(centre) - z)) if alternative == "two-sided" else power


def margin_of_error(share: float, n: float, confidence: float, population: float | None = None) -> float:
    """Half width of the normal interval of a share, with finite population correction."""
    from scipy.special import ndtri

    correction = 1.0 if population is None else math.sqrt(max(0.0, (population - n) / (population - 1)))
    return float(ndtri(0.5 + confidence / 2)) * math.sqrt(share * (1 - share) / n) * correction


def smallest_n(
    power_at: Callable[[float], float], wanted: float, start: int, limit: int = 100_000_000
) -> int | None:
    """Smallest whole n from `start` with at least the wanted power; None above `limit`."""
    high = start
    while not power_at(high) >= wanted:
        high *= 2
        if high > limit:
            return None
    low = max(start, high // 2)
    while low < high:
        middle = (low + high) // 2
        if power_at(middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return high
