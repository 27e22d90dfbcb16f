"""t tests, analyses of variance and their comparisons from group summaries.

Summaries are rows, means and variances per group; a weighted summary carries the squared standard error
of its mean instead of variance / rows, so that equal weights give the classical figures.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TTest:
    """Difference (or mean less reference), its standard error, t, degrees of freedom, two-sided p."""

    difference: float
    standard_error: float
    t: float
    df: float
    p: float

    def interval(self, confidence: float) -> tuple[float, float]:
        from scipy.special import stdtrit

        half = float(stdtrit(self.df, 0.5 + confidence / 2)) * self.standard_error
        return self.difference - half, self.difference + half


def t_test(difference: float, standard_error: float, df: float, alternative: str = "two-sided") -> TTest:
    """t test of a difference against zero; alternative "two-sided", "greater" or "less"."""
    from scipy.special import stdtr

    t = difference / standard_error
    if alternative == "greater":
        p = float(stdtr(df, -t))
    elif alternative == "less":
        p = float(stdtr(df, t))
    else:
        p = 2 * float(stdtr(df, -abs(t)))
    return TTest(difference, standard_error, t, df, min(1.0, p))


def student(mean: FloatArray, variance: FloatArray, n: FloatArray, alternative: str = "two-sided") -> TTest:
    """Two groups with pooled variance; arrays of two."""
    df = float(n.sum() - 2)
    pooled = float(((n - 1) * variance).sum() / df)
    return t_test(float(mean[0] - mean[1]), math.sqrt(pooled * float((1 / n).sum())), df, alternative)


def welch(
    mean: FloatArray, squared_error: FloatArray, n: FloatArray, alternative: str = "two-sided"
) -> TTest:
    """Two groups with their own variances (Welch 1947); squared_error = squared standard error of each mean."""
    total = float(squared_error.sum())
    df = total**2 / float((squared_error**2 / (n - 1)).sum())
    return t_test(float(mean[0] - mean[1]), math.sqrt(total), df, alternative)


@dataclass(frozen=True, slots=True)
class FTest:
    f: float
    df1: float
    df2: float
    p: float


def f_test(f: float, df1: float, df2: float) -> FTest:
    from scipy.special import fdtrc

    return FTest(f, df1, df2, float(fdtrc(df1, df2, f)) if f >= 0 else math.nan)


def one_way(n: FloatArray, mean: FloatArray, within: FloatArray) -> tuple[FTest, float, float]:
    """Classical F of groups; within = sum of squares about each group mean. Returns F, SS between, SS within."""
    total = float(n.sum())
    grand = float((n * mean).sum() / total)
    grand += float((n * (mean - grand)).sum() / total)
    between = float((n * (mean - grand) ** 2).sum())
    inside = float(within.sum())
    df1, df2 = n.size - 1, total - n.size
    return f_test((between / df1) / (inside / df2), df1, df2), between, inside


def welch_anova(n: FloatArray, mean: FloatArray, squared_error: FloatArray) -> FTest:
    """Welch's (1951) F for unequal variances."""
    k = n.size
    w = 1 / squared_error
    total = w.sum()
    centre = (w * mean).sum() / total
    spread = ((1 - w / total) ** 2 / (n - 1)).sum()
    numerator = (w * (mean - centre) ** 2).sum() / (k - 1)
    f = numerator / (1 + 2 * (k - 2) / (k * k - 1) * spread)
    return f_test(float(f), k - 1, float((k * k - 1) / (3 * spread)))


@dataclass(frozen=True, slots=True)
class Comparison:
    """One pair (i, j): mean_i - mean_j, standard error, simultaneous p and interval."""

    i: int
    j: int
    difference: float
    standard_error: float
    df: float
    p: float
    low: float
    high: float


def _range_comparisons(
    mean: FloatArray, error: npt.NDArray[np.float64], df: npt.NDArray[np.float64], confidence: float
) -> list[Comparison]:
    """Pairs by the studentised range; error and df are (k, k)."""
    from scipy.stats import studentized_range

    k = mean.size
    quantiles: dict[float, float] = {}
    found = []
    for i in range(k):
        for j in range(i + 1, k):
            difference, se, v = float(mean[i] - mean[j]), float(error[i, j]), float(df[i, j])
            q = abs(difference) / se * math.sqrt(2)
            usable = min(v, 1e5)  # beyond that the range is that of normal variables
            if usable not in quantiles:
                quantiles[usable] = float(studentized_range.ppf(confidence, k, usable)) / math.sqrt(2)
            p = min(1.0, max(0.0, float(studentized_range.sf(q, k, usable))))
            half = quantiles[usable] * se
            found.append(Comparison(i, j, difference, se, v, p, difference - half, difference + half))
    return found


def tukey_kramer(
    n: FloatArray, mean: FloatArray, mean_square: float, df: float, confidence: float
) -> list[Comparison]:
    """Tukey-Kramer honestly significant differences of all pairs."""
    error = np.sqrt(mean_square * (1 / n[:, None] + 1 / n[None, :]))
    return _range_comparisons(mean, error, np.full((n.size, n.size), df), confidence)


def games_howell(
    n: FloatArray, mean: FloatArray, squared_error: FloatArray, confidence: float
) -> list[Comparison]:
    """Games & Howell (1976): all pairs without assuming equal variances."""
    total = squared_error[:, None] + squared_error[None, :]
    term = squared_error**2 / (n - 1)
    return _range_comparisons(mean, np.sqrt(total), total**2 / (term[:, None] + term[None, :]), confidence)


def brown_forsythe(x: FloatArray, codes: npt.NDArray[np.integer], groups: int) -> FTest:
    """Levene's test about the medians (Brown & Forsythe 1974): equal variances?"""
    n = np.bincount(codes, minlength=groups).astype(float)
    medians = np.array([np.median(x[codes == g]) for g in range(groups)])
    spread = np.abs(x - medians[codes])
    mean = np.bincount(codes, spread, minlength=groups) / n
    within = np.bincount(codes, (spread - mean[codes]) ** 2, minlength=groups).astype(np.float64)
    if within.sum() <= 0:
        return FTest(math.nan, groups - 1, float(n.sum() - groups), math.nan)
    return one_way(n, mean, within)[0]


def normality(x: FloatArray) -> tuple[bool | None, str]:
    """Whether the normal shape needed for a mean's t distribution can be relied on, in a sentence.

    Shapiro-Wilk (alpha 0.01) decides below 50 rows; above, the central limit theorem does unless the skewness
    is so strong that Cochran's rule n > 25 skew^2 fails.
    """
    from scipy import stats

    n = x.size
    if n < 3 or np.ptp(x) == 0:
        return None, "Too few different values to judge the shape."
    if n < 50:
        p = float(stats.shapiro(x).pvalue)
        return p >= 0.01, f"Shapiro-Wilk p = {p:.3g} in {n} rows."
    skew = float(stats.skew(x))
    return n > 25 * skew * skew, (
        f"{n:,} rows with skewness {skew:.2f}: the mean is "
        f"{'close to normal (n > 25 skew^2)' if n > 25 * skew * skew else 'not yet close to normal (n <= 25 skew^2)'}."
    )
