"""Design-based variances of survey estimates: Taylor linearisation and replicate weights.

First-stage sampling is taken as with replacement within strata, with an optional finite population
correction; estimates are linearised into one score per row, so every estimate needs only the variance of a
total (Binder 1983).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class SampleDesign:
    """Row-level description of a sample: 0-based stratum and cluster of each row, and per stratum the sampled
    share of its clusters (zeros without finite population correction). Cluster ids are unique over strata."""

    weights: FloatArray
    strata: IntArray
    clusters: IntArray
    sampled_share: FloatArray

    @property
    def stratum_count(self) -> int:
        return self.sampled_share.size

    @property
    def cluster_count(self) -> int:
        return int(self.clusters.max()) + 1

    @property
    def degrees_of_freedom(self) -> int:
        """Clusters less strata."""
        return self.cluster_count - self.stratum_count

    @property
    def cluster_strata(self) -> IntArray:
        found = np.zeros(self.cluster_count, dtype=np.int64)
        found[self.clusters] = self.strata
        return found

    @property
    def single_cluster_strata(self) -> IntArray:
        """Strata with one cluster only, whose variance cannot be estimated from themselves."""
        sizes = np.bincount(self.cluster_strata, minlength=self.stratum_count)
        return np.flatnonzero((sizes == 1) & (self.sampled_share < 1))

    def total_covariance(self, scores: FloatArray) -> FloatArray:
        """Covariance (p, p) of the column totals of weighted scores (rows, p).

        Strata with one cluster are centred at the mean over all clusters (conservative).
        """
        z = np.atleast_2d(scores.T).T
        totals = np.column_stack(
            [np.bincount(self.clusters, z[:, k], self.cluster_count) for k in range(z.shape[1])]
        )
        stratum = self.cluster_strata
        sizes = np.bincount(stratum, minlength=self.stratum_count).astype(float)
        means = np.column_stack(
            [
                np.bincount(stratum, totals[:, k], self.stratum_count) / np.maximum(sizes, 1)
                for k in range(z.shape[1])
            ]
        )
        single = sizes == 1
        if single.any():
            means[single] = totals.mean(axis=0)
        centred = totals - means[stratum]
        factor = np.where(sizes > 1, sizes / np.maximum(sizes - 1, 1), 1.0) * (1 - self.sampled_share)
        return (centred * factor[stratum][:, None]).T @ centred


@dataclass(frozen=True, slots=True)
class Estimate:
    """Estimates (p,), covariance (p, p), degrees of freedom."""

    value: FloatArray
    covariance: FloatArray
    df: float

    @property
    def standard_error(self) -> FloatArray:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    def interval(self, k: int, confidence: float) -> tuple[float, float]:
        from scipy.special import stdtrit

        half = float(stdtrit(max(1.0, self.df), 0.5 + confidence / 2)) * float(self.standard_error[k])
        return float(self.value[k]) - half, float(self.value[k]) + half


def survey_mean(design: SampleDesign, x: FloatArray, domain: npt.NDArray[np.bool_] | None = None) -> Estimate:
    """Means of the columns of x (rows, p), over a domain when given (rows outside count in the design)."""
    z = np.atleast_2d(x.T).T
    inside = np.ones(len(z), dtype=bool) if domain is None else domain
    w = np.where(inside, design.weights, 0.0)
    total = w.sum()
    filled = np.where(inside[:, None], z, 0.0)
    mean = w @ filled / total
    return Estimate(
        mean,
        design.total_covariance((filled - mean) * w[:, None] / total),
        design.degrees_of_freedom,
    )


def survey_total(
    design: SampleDesign, x: FloatArray, domain: npt.NDArray[np.bool_] | None = None
) -> Estimate:
    """Population totals of the columns of x."""
    z = np.atleast_2d(x.T).T
    inside = np.ones(len(z), dtype=bool) if domain is None else domain
    scores = np.where(inside[:, None], z, 0.0) * design.weights[:, None]
    return Estimate(scores.sum(axis=0), design.total_covariance(scores), design.degrees_of_freedom)


def design_effect(
    design: SampleDesign, x: FloatArray, variance: float, domain: npt.NDArray[np.bool_]
) -> float:
    """Variance of a mean over that of a simple random sample (with replacement) of as many rows."""
    w, values = design.weights[domain], x[domain]
    n = values.size
    if n < 2:
        return math.nan
    mean = float(np.average(values, weights=w))
    spread = float(np.average((values - mean) ** 2, weights=w)) * n / (n - 1)
    return variance / (spread / n) if spread > 0 else math.nan


REPLICATE_METHODS = ("BRR", "Fay", "JK1", "JKn", "bootstrap")


def replicate_factors(
    method: str, replicates: int, rho: float = 0.3, scales: FloatArray | None = None
) -> FloatArray:
    """What each squared deviation of a replicate counts (R,).

    BRR 1/R; Fay 1/(R (1-rho)^2); JK1 (R-1)/R; bootstrap 1/(R-1); JKn takes `scales`, (n_h - 1)/n_h of the
    stratum each replicate drops a cluster from.
    """
    if method == "BRR":
        return np.full(replicates, 1 / replicates)
    if method == "Fay":
        return np.full(replicates, 1 / (replicates * (1 - rho) ** 2))
    if method == "JK1":
        return np.full(replicates, (replicates - 1) / replicates)
    if method == "bootstrap":
        return np.full(replicates, 1 / (replicates - 1))
    if scales is None or len(scales) != replicates:
        raise ValueError("JKn needs one scale per replicate")
    return np.asarray(scales, dtype=float)


def replicate_mean(
    x: FloatArray,
    weights: FloatArray,
    replicates: FloatArray,
    factors: FloatArray,
    domain: npt.NDArray[np.bool_],
) -> Estimate:
    """Mean of x over a domain with replicate weights (rows, R); deviations about the full-sample estimate."""
    w = weights[domain]
    value = float(np.average(x[domain], weights=w))
    r = replicates[domain]
    each = (r.T @ x[domain]) / r.sum(axis=0)
    return Estimate(
        np.array([value]), np.array([[float(factors @ (each - value) ** 2)]]), max(1, replicates.shape[1] - 1)
    )


@dataclass(frozen=True, slots=True)
class DesignTest:
    """Rao-Scott F with Satterthwaite degrees of freedom, and the uncorrected chi-square."""

    f: float
    df1: float
    df2: float
    p: float
    chi_square: float


def rao_scott_design(design: SampleDesign, rows: IntArray, columns: IntArray, r: int, c: int) -> DesignTest:
    """Independence of two categorical columns under the design (Rao & Scott 1984, second order; F of Thomas & Rao).

    rows, columns: 0-based codes, -1 outside the domain of complete rows.
    """
    from scipy.special import fdtrc

    inside = (rows >= 0) & (columns >= 0)
    cell = np.where(inside, rows * c + columns, 0)
    indicators = np.zeros((rows.size, r * c))
    indicators[np.flatnonzero(inside), cell[inside]] = 1.0
    estimate = survey_mean(design, indicators, inside)
    p, covariance = estimate.value, estimate.covariance
    n = int(inside.sum())
    table = p.reshape(r, c)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    chi_square = n * float(((table - expected) ** 2 / expected).sum())
    margins = [np.ones(r * c)]
    margins += [np.repeat(np.arange(r) == i, c).astype(float) for i in range(1, r)]
    margins += [np.tile(np.arange(c) == j, r).astype(float) for j in range(1, c)]
    basis = np.column_stack(margins)
    interaction = np.array(
        [np.outer(np.arange(r) == i, np.arange(c) == j).ravel() for i in range(1, r) for j in range(1, c)],
        dtype=float,
    ).T
    orthogonal, _ = np.linalg.qr(basis)
    contrast = interaction - orthogonal @ (orthogonal.T @ interaction)
    inverse = np.divide(1.0, p, out=np.zeros_like(p), where=p > 0)
    scaled = contrast * inverse[:, None]
    delta = np.linalg.lstsq(contrast.T @ scaled / n, scaled.T @ covariance @ scaled, rcond=None)[0]
    trace, square = float(np.trace(delta)), float(np.trace(delta @ delta))
    if not (trace > 0 and square > 0):
        return DesignTest(math.nan, math.nan, math.nan, math.nan, chi_square)
    df1 = trace**2 / square
    df2 = df1 * design.degrees_of_freedom
    f = chi_square / trace
    return DesignTest(f, df1, df2, float(fdtrc(df1, df2, f)), chi_square)
