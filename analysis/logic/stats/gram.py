"""Mergeable centred weighted Gram matrices, complete-case and pairwise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gram:
    """n rows, weight W, mean (p,), scatter (p, p) = sum of w (x - mean)(x - mean)'."""

    n: int
    weight: float
    mean: FloatArray
    scatter: FloatArray

    @classmethod
    def empty(cls, columns: int) -> Gram:
        return cls(0, 0.0, np.zeros(columns), np.zeros((columns, columns)))

    @classmethod
    def of(cls, x: FloatArray, weights: FloatArray | None = None) -> Gram:
        """Gram of complete rows `x` (rows, columns)."""
        n = x.shape[0]
        if not n:
            return cls.empty(x.shape[1])
        if weights is None:
            total = float(n)
            mean = x.sum(axis=0) / total
            z = x - mean
            shift = z.sum(axis=0) / total
            scatter = z.T @ z
        else:
            total = float(weights.sum())
            mean = weights @ x / total
            z = x - mean
            shift = weights @ z / total
            scatter = z.T @ (z * weights[:, None])
        scatter -= total * np.outer(shift, shift)
        return cls(n, total, mean + shift, scatter)

    def merge(self, other: Gram) -> Gram:
        """Gram of the rows of both (Chan, Golub & LeVeque 1983)."""
        if not self.n:
            return other
        if not other.n:
            return self
        weight = self.weight + other.weight
        delta = other.mean - self.mean
        mean = self.mean + delta * (other.weight / weight)
        between = np.outer(delta, delta) * (self.weight * other.weight / weight)
        return Gram(self.n + other.n, weight, mean, self.scatter + other.scatter + between)

    @property
    def covariance(self) -> FloatArray:
        """Sample covariance with weights scaled to the number of rows."""
        return self.scatter / self.weight * (self.n / (self.n - 1))

    @property
    def correlation(self) -> FloatArray:
        return correlation_of(self.scatter)


@dataclass(frozen=True, slots=True)
class PairwiseGram:
    """Like Gram over the rows where both columns are present; all arrays are (p, p).

    n: rows per pair. weight: their weight. mean[i, j]: mean of column i over the pair's rows.
    square[i, j]: scatter of column i over them. cross: co-scatter.
    """

    n: FloatArray
    weight: FloatArray
    mean: FloatArray
    square: FloatArray
    cross: FloatArray

    @classmethod
    def empty(cls, columns: int) -> PairwiseGram:
        zero = np.zeros((columns, columns))
        return cls(zero, zero, zero, zero, zero)

    @classmethod
    def of(cls, x: FloatArray, weights: FloatArray | None = None) -> PairwiseGram:
        """Pairwise Gram of rows with NaN for missing."""
        sums = x.sum(axis=0)
        if not np.isnan(sums).any():
            gram = Gram.of(x, weights)
            shape = gram.scatter.shape
            return cls(
                np.full(shape, float(gram.n)),
                np.full(shape, gram.weight),
                np.repeat(gram.mean[:, None], shape[1], axis=1),
                np.repeat(np.diag(gram.scatter)[:, None], shape[1], axis=1),
                gram.scatter,
            )
        present = ~np.isnan(x)
        mask = present.astype(np.float64)
        counts = mask.sum(axis=0)
        centre = np.where(present, x, 0.0).sum(axis=0) / np.maximum(counts, 1.0)
        z = np.where(present, x - centre, 0.0)
        weighted = mask if weights is None else mask * weights[:, None]
        zw = z if weights is None else z * weights[:, None]
        n = mask.T @ mask
        weight = n if weights is None else mask.T @ weighted
        safe = np.where(weight > 0, weight, 1.0)
        total = zw.T @ mask
        shift = total / safe
        square = (z * zw).T @ mask - total * shift
        cross = z.T @ zw - total * shift.T
        return cls(
            n, weight, np.where(weight > 0, centre[:, None] + shift, 0.0), np.maximum(square, 0.0), cross
        )

    def merge(self, other: PairwiseGram) -> PairwiseGram:
        """Pairwise Gram of the rows of both."""
        weight = self.weight + other.weight
        safe = np.where(weight > 0, weight, 1.0)
        both = (self.weight > 0) & (other.weight > 0)
        delta = np.where(both, other.mean - self.mean, 0.0)
        factor = self.weight * other.weight / safe
        mean = np.where(self.weight > 0, self.mean + delta * (other.weight / safe), other.mean)
        return PairwiseGram(
            self.n + other.n,
            weight,
            mean,
            self.square + other.square + factor * delta**2,
            self.cross + other.cross + factor * delta * delta.T,
        )

    @property
    def correlation(self) -> FloatArray:
        """Pearson correlations; NaN where a pair has no spread or fewer than two rows."""
        with np.errstate(divide="ignore", invalid="ignore"):
            r = self.cross / np.sqrt(self.square * self.square.T)
        r[(self.n < 2) | (self.square <= 0) | (self.square.T <= 0)] = np.nan
        return np.clip(r, -1.0, 1.0)


def correlation_of(scatter: FloatArray) -> FloatArray:
    """Correlation matrix of a scatter or covariance matrix; NaN for columns without spread."""
    spread = np.sqrt(np.maximum(np.diag(scatter), 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        r = scatter / np.outer(spread, spread)
    r[spread == 0, :] = np.nan
    r[:, spread == 0] = np.nan
    np.fill_diagonal(r, np.where(spread > 0, 1.0, np.nan))
    return np.clip(r, -1.0, 1.0)
