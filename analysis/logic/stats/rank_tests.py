"""Rank tests of independent and related samples with effect sizes.

Ties get mid-ranks; all statistics carry the tie correction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
CodeArray = npt.NDArray[np.integer]

#: Up to this many rows without ties the exact null distributions are used.
EXACT_ROWS = 50


def tie_sum(values: FloatArray) -> float:
    """Sum of t^3 - t over groups of t equal values."""
    _, counts = np.unique(values, return_counts=True)
    t = counts.astype(np.float64)
    return float((t**3 - t).sum())


@dataclass(frozen=True, slots=True)
class RankOutcome:
    """Statistic, z (NaN when exact or not of that kind), degrees of freedom and p."""

    statistic: float
    z: float
    df: tuple[float, ...]
    p: float
    exact: bool


def mann_whitney(a: FloatArray, b: FloatArray, alternative: str = "two-sided") -> RankOutcome:
    """U of `a`; exact without ties up to EXACT_ROWS rows per group, else normal with continuity correction."""
    from scipy import stats

    tied = np.unique(np.concatenate([a, b])).size < a.size + b.size
    exact = not tied and max(a.size, b.size) <= EXACT_ROWS
    test = stats.mannwhitneyu(a, b, alternative=alternative, method="exact" if exact else "asymptotic")
    n = a.size + b.size
    u = float(test.statistic)
    spread = math.sqrt(a.size * b.size / 12 * ((n + 1) - tie_sum(np.concatenate([a, b])) / (n * (n - 1))))
    z = (u - a.size * b.size / 2) / spread if spread > 0 else math.nan
    return RankOutcome(u, z, (), float(test.pvalue), exact)


def superiority(a: FloatArray, b: FloatArray, confidence: float) -> tuple[float, float, float]:
    """P(A > B) + P(A = B) / 2 with the logit interval of Brunner & Munzel's variance (placements)."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    joint = rankdata(np.concatenate([a, b]))
    place_a = (joint[: a.size] - rankdata(a)) / b.size
    place_b = 1 - (joint[a.size :] - rankdata(b)) / a.size
    share = float(place_a.mean())
    if a.size < 2 or b.size < 2 or not 0 < share < 1:
        return share, math.nan, math.nan
    error = math.sqrt(place_a.var(ddof=1) / a.size + place_b.var(ddof=1) / b.size)
    half = float(ndtri(0.5 + confidence / 2)) * error / (share * (1 - share))
    centre = math.log(share / (1 - share))
    return share, 1 / (1 + math.exp(half - centre)), 1 / (1 + math.exp(-half - centre))


def hodges_lehmann(
    a: FloatArray, b: FloatArray, confidence: float, limit: int = 4_000_000
) -> tuple[float, float, float]:
    """Median of all differences a - b with the interval from the normal quantile of U (Lehmann 1975).

    NaN when the pairs exceed `limit`.
    """
    from scipy.special import ndtri

    pairs = a.size * b.size
    if pairs > limit:
        return math.nan, math.nan, math.nan
    gaps = np.sort(np.subtract.outer(a, b).ravel())
    spread = math.sqrt(pairs * (a.size + b.size + 1) / 12)
    k = math.floor(pairs / 2 - float(ndtri(0.5 + confidence / 2)) * spread)
    low, high = (gaps[k], gaps[pairs - 1 - k]) if k >= 0 else (math.nan, math.nan)
    return float(np.median(gaps)), float(low), float(high)


def signed_rank(gaps: FloatArray, alternative: str = "two-sided") -> tuple[RankOutcome, float]:
    """Wilcoxon's signed-rank test of differences, zeros left out; also the matched-pairs rank-biserial r."""
    from scipy import stats

    used = gaps[gaps != 0]
    ranks = stats.rankdata(np.abs(used))
    tied = np.unique(np.abs(used)).size < used.size
    exact = not tied and used.size <= EXACT_ROWS
    test = stats.wilcoxon(
        used, alternative=alternative, method="exact" if exact else "approx", correction=not exact
    )
    positive, total = float(ranks[used > 0].sum()), float(ranks.sum())
    spread = math.sqrt(float((ranks**2).sum()) / 4)
    z = (positive - total / 2) / spread
    return RankOutcome(positive, z, (), float(test.pvalue), exact), 2 * positive / total - 1


def walsh_median(gaps: FloatArray, confidence: float, limit: int = 3_000) -> tuple[float, float, float]:
    """Pseudo-median of differences with the normal-quantile interval over Walsh averages; NaN above `limit` rows."""
    from scipy.special import ndtri

    n = gaps.size
    if n > limit:
        return math.nan, math.nan, math.nan
    i, j = np.triu_indices(n)
    walsh = np.sort((gaps[i] + gaps[j]) / 2)
    k = math.floor(
        n * (n + 1) / 4 - float(ndtri(0.5 + confidence / 2)) * math.sqrt(n * (n + 1) * (2 * n + 1) / 24)
    )
    low, high = (walsh[k], walsh[walsh.size - 1 - k]) if k >= 0 else (math.nan, math.nan)
    return float(np.median(walsh)), float(low), float(high)


def kruskal_wallis(x: FloatArray, codes: CodeArray, groups: int) -> tuple[RankOutcome, FloatArray, float]:
    """H with tie correction, mean ranks per group, and the tie-corrected variance of a rank."""
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    n = x.size
    ranks = rankdata(x)
    sizes = np.bincount(codes, minlength=groups).astype(float)
    mean = np.bincount(codes, ranks, minlength=groups) / sizes
    variance = n * (n + 1) / 12 - tie_sum(x) / (12 * (n - 1))
    h = float((sizes * (mean - (n + 1) / 2) ** 2).sum()) / variance
    return RankOutcome(h, math.nan, (groups - 1,), float(chdtrc(groups - 1, h)), False), mean, variance


def dunn(mean_ranks: FloatArray, sizes: FloatArray, variance: float) -> list[tuple[int, int, float, float]]:
    """Dunn's (1964) z and two-sided p of every pair of groups: (i, j, z, p)."""
    from scipy.special import ndtr

    found = []
    for i in range(sizes.size):
        for j in range(i + 1, sizes.size):
            z = float((mean_ranks[i] - mean_ranks[j]) / math.sqrt(variance * (1 / sizes[i] + 1 / sizes[j])))
            found.append((i, j, z, 2 * float(ndtr(-abs(z)))))
    return found


def friedman(x: FloatArray) -> tuple[RankOutcome, FloatArray, float]:
    """Friedman's chi-square of (rows, conditions) with tie correction, mean ranks, and Kendall's W."""
    from scipy.special import chdtrc
    from scipy.stats import rankdata

    n, k = x.shape
    ranks = rankdata(x, axis=1)
    mean = ranks.mean(axis=0)
    scatter = float(((ranks - (k + 1) / 2) ** 2).sum())
    if scatter <= 0:
        return RankOutcome(math.nan, math.nan, (k - 1,), math.nan, False), mean, math.nan
    q = n * n * (k - 1) * float(((mean - (k + 1) / 2) ** 2).sum()) / scatter
    return RankOutcome(q, math.nan, (k - 1,), float(chdtrc(k - 1, q)), False), mean, q / (n * (k - 1))


def friedman_pairs(x: FloatArray) -> list[tuple[int, int, float, float]]:
    """Pairs of conditions by their mean ranks (Dunn-type z with the tie-corrected variance)."""
    from scipy.special import ndtr
    from scipy.stats import rankdata

    n, k = x.shape
    ranks = rankdata(x, axis=1)
    mean = ranks.mean(axis=0)
    variance = float(((ranks - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))
    error = math.sqrt(2 * variance / n)
    return [
        (i, j, z := float((mean[i] - mean[j]) / error), 2 * float(ndtr(-abs(z))))
        for i in range(k)
        for j in range(i + 1, k)
    ]


def bootstrap_interval(draws: Sequence[float] | FloatArray, confidence: float) -> tuple[float, float]:
    """Percentile limits of finite bootstrap draws; NaN when there are fewer than 20."""
    finite = np.asarray(draws, dtype=float)
    finite = finite[np.isfinite(finite)]
    if finite.size < 20:
        return math.nan, math.nan
    low, high = np.quantile(finite, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
