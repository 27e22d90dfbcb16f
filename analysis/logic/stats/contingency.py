"""Tests and measures of association of contingency tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.logic.stats.adjust import Correction, adjust_p_values

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """A test statistic, its degrees of freedom and p."""

    statistic: float
    df: tuple[float, ...]
    p: float
    name: str
    approximate: bool = False

    __test__ = False  # not a test class, whatever its name suggests to pytest


def expected_counts(table: FloatArray) -> FloatArray:
    """Counts expected under independence; the table must have a positive total."""
    return np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()


def pearson_chi_square(table: FloatArray) -> TestOutcome:
    """Pearson's chi-square without continuity correction; rows and columns must be non-empty."""
    from scipy.special import chdtrc

    expected = expected_counts(table)
    statistic = float(((table - expected) ** 2 / expected).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return TestOutcome(statistic, (df,), float(chdtrc(df, statistic)), "Pearson chi-square")


def likelihood_ratio(table: FloatArray) -> TestOutcome:
    """Likelihood-ratio chi-square G2."""
    from scipy.special import chdtrc, xlogy

    expected = expected_counts(table)
    statistic = max(0.0, float(2 * (xlogy(table, table) - xlogy(table, expected)).sum()))
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return TestOutcome(statistic, (df,), float(chdtrc(df, statistic)), "Likelihood-ratio chi-square")


def rao_scott(weighted: FloatArray, weight_squares: FloatArray, n: int) -> TestOutcome:
    """Second-order Rao-Scott F test of independence for a weighted sample of single rows.

    weighted: sums of weights per cell; weight_squares: sums of squared weights per cell; n: rows.
    The covariance of the cell shares is the with-replacement linearisation; the correction is that of
    Rao & Scott (1984), Thomas & Rao (1987): F = X2 / trace, df1 = trace^2 / trace of square, df2 = df1 (n - 1).
    """
    from scipy.special import fdtrc

    rows, columns = weighted.shape
    total = weighted.sum()
    p = (weighted / total).ravel()
    q = (weight_squares / total**2).ravel()
    covariance = np.diag(q) - np.outer(q, p) - np.outer(p, q) + q.sum() * np.outer(p, p)
    covariance *= n / (n - 1)
    margins = _main_effects(rows, columns)
    interaction = np.array(
        [
            np.outer(np.arange(rows) == i, np.arange(columns) == j).ravel()
            for i in range(1, rows)
            for j in range(1, columns)
        ],
        dtype=float,
    ).T
    basis, _ = np.linalg.qr(margins)
    contrast = interaction - basis @ (basis.T @ interaction)
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p > 0)
    scaled = contrast * inverse[:, None]
    denominator = contrast.T @ scaled / n
    numerator = scaled.T @ covariance @ scaled
    delta = np.linalg.lstsq(denominator, numerator, rcond=None)[0]
    trace = float(np.trace(delta))
    square = float(np.trace(delta @ delta))
    if not (trace > 0 and square > 0):
        return TestOutcome(math.nan, (), math.nan, "Rao-Scott F")
    chi_square = pearson_chi_square(weighted * (n / total)).statistic
    df1 = trace**2 / square
    df2 = df1 * (n - 1)
    statistic = chi_square / trace
    return TestOutcome(statistic, (df1, df2), float(fdtrc(df1, df2, statistic)), "Rao-Scott F (second order)")


def _main_effects(rows: int, columns: int) -> FloatArray:
    """Design of the additive model over the cells in row-major order."""
    parts = [np.ones(rows * columns)]
    parts += [np.repeat(np.arange(rows) == i, columns).astype(float) for i in range(1, rows)]
    parts += [np.tile(np.arange(columns) == j, rows).astype(float) for j in range(1, columns)]
    return np.column_stack(parts)


def fisher_exact(
    table: npt.NDArray[np.int64], generator: np.random.Generator, resamples: int = 20_000
) -> TestOutcome:
    """Fisher's exact test: exact for 2 x 2, seeded Monte Carlo over tables with the same margins otherwise.

    The Monte Carlo p counts the observed table itself (Phipson & Smyth 2010), so it is never zero.
    """
    from scipy import stats
    from scipy.special import gammaln

    if table.shape == (2, 2):
        p = float(stats.fisher_exact(table).pvalue)
        return TestOutcome(math.nan, (), min(1.0, p), "Fisher's exact test")
    row, column = table.sum(axis=1), table.sum(axis=0)
    observed = gammaln(table + 1.0).sum()
    distribution = stats.random_table(row, column, seed=generator)
    extreme, done = 0, 0
    while done < resamples:
        size = min(2_000, resamples - done)
        drawn = distribution.rvs(size=size)
        extreme += int((gammaln(drawn + 1.0).sum(axis=(1, 2)) >= observed - 1e-7).sum())
        done += size
    p = (extreme + 1) / (resamples + 1)
    return TestOutcome(
        math.nan, (), p, f"Fisher's exact test ({resamples:,} Monte Carlo tables)", approximate=True
    )


@dataclass(frozen=True, slots=True)
class Association:
    """Cramer's V with interval; phi and odds ratio with interval for 2 x 2 (else None)."""

    v: float
    v_interval: tuple[float, float]
    v_corrected: float
    odds_ratio: float | None
    odds_ratio_interval: tuple[float, float] | None


def association(chi_square: float, table: FloatArray, n: float, confidence: float) -> Association:
    """Effect sizes from a (possibly rescaled) table whose total is the base `n` of the statistic.

    The interval of V inverts the noncentral chi-square (Smithson 2003); the corrected V is Bergsma's (2013).
    """
    rows, columns = table.shape
    smaller = min(rows, columns) - 1
    df = (rows - 1) * (columns - 1)
    v = math.sqrt(chi_square / (n * smaller))
    low, high = noncentral_chi_square_interval(chi_square, df, confidence)
    interval = (
        0.0 if low == 0 else min(v, math.sqrt((low + df) / (n * smaller))),
        min(1.0, max(v, math.sqrt((high + df) / (n * smaller)))),
    )
    phi2 = max(0.0, chi_square / n - df / (n - 1)) if n > 1 else 0.0
    # Extreme weights can bring the effective base down to a single row.
    r, c = (side - (side - 1) ** 2 / (n - 1) if n > 1 else 0.0 for side in (rows, columns))
    corrected = math.sqrt(phi2 / (min(r, c) - 1)) if min(r, c) > 1 else math.nan
    odds, odds_interval = None, None
    if table.shape == (2, 2) and (table > 0).all():
        from analysis.logic.stats.proportions import normal_quantile

        a, b, c2, d = table.ravel()
        odds = float(a * d / (b * c2))
        half = normal_quantile(confidence) * math.sqrt(1 / a + 1 / b + 1 / c2 + 1 / d)
        odds_interval = (odds * math.exp(-half), odds * math.exp(half))
    return Association(v, interval, corrected, odds, odds_interval)


def noncentral_chi_square_interval(statistic: float, df: float, confidence: float) -> tuple[float, float]:
    """Confidence limits of the noncentrality parameter given an observed chi-square."""
    from scipy.optimize import brentq
    from scipy.special import chndtr

    tail = (1 - confidence) / 2
    top = statistic + 10 * math.sqrt(2 * df + 4 * statistic + 10) + 50

    def solve(target: float) -> float:
        if chndtr(statistic, df, 0.0) <= target:
            return 0.0
        if chndtr(statistic, df, top) >= target:
            return top
        return float(brentq(lambda nc: chndtr(statistic, df, nc) - target, 0.0, top, xtol=1e-10))

    return solve(1 - tail), solve(tail)


def adjusted_residuals(table: FloatArray) -> FloatArray:
    """Haberman's adjusted standardised residuals; about standard normal under independence."""
    total = table.sum()
    expected = expected_counts(table)
    row, column = table.sum(axis=1, keepdims=True) / total, table.sum(axis=0, keepdims=True) / total
    spread = np.sqrt(expected * (1 - row) * (1 - column))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, (table - expected) / spread, np.nan)


def column_letters(count: int) -> list[str]:
    """A, B, ..., Z, AA, AB, ... for `count` columns."""
    letters = []
    for index in range(count):
        text, rest = "", index
        while True:
            text = chr(ord("A") + rest % 26) + text
            rest = rest // 26 - 1
            if rest < 0:
                break
        letters.append(text)
    return letters


def proportion_letters(
    shares: FloatArray, bases: FloatArray, alpha: float, correction: Correction, smallest_base: float = 5
) -> list[list[str]]:
    """Letters of the columns that a cell's share is significantly higher than.

    shares: (rows, columns) column shares; bases: (columns,) effective bases. Pairs of columns are compared
    by the pooled two-proportion z test, corrected over all pairs within a row. Columns under `smallest_base`
    take no part. Returns letters[row][column], joined in order.
    """
    z, pairs = _proportion_z(shares, bases, smallest_base)
    return _letters(z, pairs, shares.shape, alpha, correction)


def _proportion_z(
    shares: FloatArray, bases: FloatArray, smallest_base: float
) -> tuple[FloatArray, list[tuple[int, int]]]:
    columns = shares.shape[1]
    fit = [j for j in range(columns) if bases[j] >= smallest_base]
    pairs = [(a, b) for i, a in enumerate(fit) for b in fit[i + 1 :]]
    z = np.full((shares.shape[0], len(pairs)), np.nan)
    for k, (a, b) in enumerate(pairs):
        pooled = (shares[:, a] * bases[a] + shares[:, b] * bases[b]) / (bases[a] + bases[b])
        spread = np.sqrt(pooled * (1 - pooled) * (1 / bases[a] + 1 / bases[b]))
        with np.errstate(divide="ignore", invalid="ignore"):
            z[:, k] = np.where(spread > 0, (shares[:, a] - shares[:, b]) / spread, np.nan)
    return z, pairs


def _letters(
    z: FloatArray,
    pairs: list[tuple[int, int]],
    shape: tuple[int, ...],
    alpha: float,
    correction: Correction,
) -> list[list[str]]:
    from scipy.special import ndtr

    names = column_letters(shape[1])
    out = [[""] * shape[1] for _ in range(shape[0])]
    for row in range(shape[0]):
        p = adjust_p_values(2 * ndtr(-np.abs(z[row])), correction)
        beaten: dict[int, list[int]] = {}
        for k, (a, b) in enumerate(pairs):
            if p[k] < alpha:
                winner, loser = (a, b) if z[row, k] > 0 else (b, a)
                beaten.setdefault(winner, []).append(loser)
        for winner, losers in beaten.items():
            out[row][winner] = " ".join(names[j] for j in sorted(losers))
    return out


def mean_letters(
    means: FloatArray,
    variances: FloatArray,
    alpha: float,
    correction: Correction,
    df: FloatArray,
) -> list[list[str]]:
    """Letters of the columns that a cell's mean is significantly higher than (Welch t tests).

    means, variances (squared standard errors), df (rows of the column less one): all (rows, columns);
    NaN cells take no part. The correction covers all pairs within a row.
    """
    from scipy.special import stdtr

    rows, columns = means.shape
    names = column_letters(columns)
    out = [[""] * columns for _ in range(rows)]
    for row in range(rows):
        fit = [j for j in range(columns) if np.isfinite(variances[row, j]) and df[row, j] > 0]
        pairs = [(a, b) for i, a in enumerate(fit) for b in fit[i + 1 :]]
        p = np.full(len(pairs), np.nan)
        for k, (a, b) in enumerate(pairs):
            va, vb = variances[row, a], variances[row, b]
            if va + vb <= 0:
                continue
            t = (means[row, a] - means[row, b]) / math.sqrt(va + vb)
            welch = (va + vb) ** 2 / (va**2 / df[row, a] + vb**2 / df[row, b])
            p[k] = 2 * stdtr(welch, -abs(t))
        p = adjust_p_values(p, correction)
        beaten: dict[int, list[int]] = {}
        for k, (a, b) in enumerate(pairs):
            if p[k] < alpha:
                winner, loser = (a, b) if means[row, a] > means[row, b] else (b, a)
                beaten.setdefault(winner, []).append(loser)
        for winner, losers in beaten.items():
            out[row][winner] = " ".join(names[j] for j in sorted(losers))
    return out
