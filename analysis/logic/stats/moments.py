"""Mergeable moments to order four, for all rows or per group.

Each piece of rows is reduced with a corrected two-pass sum about its own mean and pieces are merged by the
pairwise update of Chan, Golub & LeVeque (1983), to order four as in Pebay (2008), so that no large sums of
squares are ever subtracted. The same update merges pieces computed on different machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Sums about the mean; every array has shape (groups, columns).

    n: rows. weight: sum of w. mean. m2, m3, m4: sum of w (x - mean)^k. v0, v1, v2: sum of w^2 (x - mean)^k,
    from which the linearised variance of the mean comes. low, high: range (inf, -inf when empty).
    """

    n: FloatArray
    weight: FloatArray
    mean: FloatArray
    m2: FloatArray
    m3: FloatArray
    m4: FloatArray
    v0: FloatArray
    v1: FloatArray
    v2: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def empty(cls, groups: int, columns: int) -> Moments:
        zero = np.zeros((groups, columns))
        return cls(zero, zero, zero, zero, zero, zero, zero, zero, zero, zero + np.inf, zero - np.inf)

    def spread(self, into: npt.NDArray[np.integer], groups: int) -> Moments:
        """The same groups at the places `into` of a longer list of groups, the others empty."""
        wide = Moments.empty(groups, self.n.shape[1])
        out = {}
        for f in fields(self):
            out[f.name] = getattr(wide, f.name).copy()
            out[f.name][into] = getattr(self, f.name)
        return Moments(**out)

    @classmethod
    def beside(cls, parts: Sequence[Moments]) -> Moments:
        """Moments of the columns of all parts, side by side."""
        return cls(
            **{f.name: np.concatenate([getattr(p, f.name) for p in parts], axis=1) for f in fields(cls)}
        )

    def columns(self, start: int, stop: int) -> Moments:
        """Moments of some of the columns."""
        return Moments(**{f.name: getattr(self, f.name)[:, start:stop] for f in fields(self)})

    def merge(self, other: Moments) -> Moments:
        """Moments of the rows of both. Associative up to rounding."""
        a, b = self, other
        weight = a.weight + b.weight
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(weight > 0, b.weight / weight, 0.0)
        delta = np.where((a.weight > 0) & (b.weight > 0), b.mean - a.mean, 0.0)
        mean = np.where(a.weight > 0, a.mean + delta * share, b.mean)
        fa, fb = delta * share, -delta * (1 - share)  # how far the joint mean is from each mean
        m2 = a.m2 + b.m2 + a.weight * fa**2 + b.weight * fb**2
        m3 = a.m3 + b.m3 - 3 * (fa * a.m2 + fb * b.m2) - a.weight * fa**3 - b.weight * fb**3
        m4 = (
            a.m4
            + b.m4
            - 4 * (fa * a.m3 + fb * b.m3)
            + 6 * (fa**2 * a.m2 + fb**2 * b.m2)
            + a.weight * fa**4
            + b.weight * fb**4
        )
        return Moments(
            a.n + b.n,
            weight,
            mean,
            m2,
            m3,
            m4,
            a.v0 + b.v0,
            a.v1 - fa * a.v0 + b.v1 - fb * b.v0,
            a.v2 - 2 * fa * a.v1 + fa**2 * a.v0 + b.v2 - 2 * fb * b.v1 + fb**2 * b.v0,
            np.minimum(a.low, b.low),
            np.maximum(a.high, b.high),
        )

    @cached_property
    def variance(self) -> FloatArray:
        """Sample variance; weights are scaled to the number of rows: n/(n-1) * m2/W. NaN for n < 2."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.n > 1, self.m2 / self.weight * (self.n / (self.n - 1)), np.nan)

    @property
    def std(self) -> FloatArray:
        return np.sqrt(self.variance)

    @property
    def standard_error(self) -> FloatArray:
        """Of the mean; linearised (with-replacement) when weighted, s/sqrt(n) when not."""
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = self.n / (self.n - 1) * self.v2 / self.weight**2
            return np.where(self.n > 1, np.sqrt(variance), np.nan)

    @property
    def skewness(self) -> FloatArray:
        """Adjusted Fisher-Pearson coefficient G1 (as SPSS, Excel); NaN for n < 3 or no spread."""
        n = self.n
        with np.errstate(divide="ignore", invalid="ignore"):
            g1 = (self.m3 / self.weight) / (self.m2 / self.weight) ** 1.5
            return np.where((n > 2) & (self.m2 > 0), g1 * np.sqrt(n * (n - 1)) / (n - 2), np.nan)

    @property
    def kurtosis(self) -> FloatArray:
        """Adjusted excess kurtosis G2; NaN for n < 4 or no spread."""
        n = self.n
        with np.errstate(divide="ignore", invalid="ignore"):
            g2 = (self.m4 / self.weight) / (self.m2 / self.weight) ** 2 - 3
            adjusted = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6)
            return np.where((n > 3) & (self.m2 > 0), adjusted, np.nan)

    @property
    def effective_n(self) -> FloatArray:
        """Kish's effective base per cell."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.v0 > 0, self.weight**2 / self.v0, 0.0)


def column_moments(x: FloatArray, weights: FloatArray | None = None) -> Moments:
    """Moments of each column of `x` (rows, columns), NaN skipped; shape (1, columns)."""
    columns = x.shape[1]
    out = {
        name: np.zeros((1, columns)) for name in ("n", "weight", "mean", "m2", "m3", "m4", "v0", "v1", "v2")
    }
    low, high = np.full((1, columns), np.inf), np.full((1, columns), -np.inf)
    for j in range(columns):
        values, w = x[:, j], weights
        total = float(values.sum())
        if total != total:  # a NaN somewhere
            keep = ~np.isnan(values)
            values = values[keep]
            w = None if weights is None else weights[keep]
            total = float(values.sum())
        n = values.size
        if not n:
            continue
        if w is None:
            mean = total / n
            d = values - mean
            shift = float(d.sum()) / n
            square = d * d
            m2 = float(square.sum()) - n * shift * shift
            cells = (
                float(n),
                float(n),
                mean + shift,
                m2,
                float(np.dot(square, d)),
                float(np.dot(square, square)),
                float(n),
                0.0,
                m2,
            )
        else:
            weight = float(w.sum())
            mean = float(np.dot(w, values)) / weight
            d = values - mean
            shift = float(np.dot(w, d)) / weight
            d -= shift
            square = d * d
            ws, ww = w * square, w * w
            cells = (
                float(n),
                weight,
                mean + shift,
                float(ws.sum()),
                float(np.dot(ws, d)),
                float(np.dot(ws, square)),
                float(ww.sum()),
                float(np.dot(ww, d)),
                float(np.dot(ww, square)),
            )
        for name, cell in zip(out, cells, strict=True):
            out[name][0, j] = cell
        low[0, j], high[0, j] = values.min(), values.max()
    return Moments(**out, low=low, high=high)


def moments_of_counts(values: FloatArray, counts: FloatArray) -> Moments:
    """Moments of one unweighted column given as different values and the rows of each; shape (1, 1)."""
    n = float(counts.sum())
    if not n:
        return Moments.empty(1, 1)
    mean = float(counts @ values) / n
    d = values - mean
    shift = float(counts @ d) / n
    d -= shift
    m2, m3, m4 = (float(counts @ d**k) for k in (2, 3, 4))
    cells = (n, n, mean + shift, m2, m3, m4, n, 0.0, m2, values[counts > 0].min(), values[counts > 0].max())
    return Moments(*(np.full((1, 1), float(cell)) for cell in cells))


def group_moments(
    x: FloatArray, codes: npt.NDArray[np.integer], groups: int, weights: FloatArray | None = None
) -> Moments:
    """Moments per group: `codes` (rows,) in 0..groups-1, rows with code -1 or NaN are left out."""
    columns = x.shape[1]
    out = {
        name: np.zeros((groups, columns))
        for name in ("n", "weight", "mean", "m2", "m3", "m4", "v0", "v1", "v2")
    }
    low, high = np.full((groups, columns), np.inf), np.full((groups, columns), -np.inf)
    for j in range(columns):
        values, code, w = x[:, j], codes, weights
        keep = ~np.isnan(values) & (code >= 0)
        if not keep.all():
            values, code = values[keep], code[keep]
            w = None if weights is None else weights[keep]

        def total(terms: FloatArray | None, code: npt.NDArray[np.integer] = code) -> FloatArray:
            return np.bincount(code, terms, minlength=groups).astype(np.float64)

        n = total(None)
        weight = n if w is None else total(w)
        safe = np.where(weight > 0, weight, 1.0)
        mean = total(values if w is None else w * values) / safe
        d = values - mean[code]
        shift = total(d if w is None else w * d) / safe
        d -= shift[code]
        square = d * d
        ws = square if w is None else w * square
        out["n"][:, j], out["weight"][:, j], out["mean"][:, j] = n, weight, mean + shift
        out["m2"][:, j], out["m3"][:, j], out["m4"][:, j] = total(ws), total(ws * d), total(ws * square)
        if w is None:
            out["v0"][:, j], out["v2"][:, j] = n, out["m2"][:, j]
        else:
            ww = w * w
            out["v0"][:, j], out["v1"][:, j], out["v2"][:, j] = total(ww), total(ww * d), total(ww * square)
        np.minimum.at(low[:, j], code, values)
        np.maximum.at(high[:, j], code, values)
    return Moments(**out, low=low, high=high)
