"""Quantiles, distinct values and histograms of one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

QUARTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class Distribution:
    """quantiles at the asked probabilities; number of different values; histogram (len(edges) = len(counts) + 1).

    values, counts: every value with its weight when there are at most `discrete_limit` of them (else empty).
    approximate: quantiles come from a sketch.
    """

    quantiles: FloatArray
    distinct: int
    edges: FloatArray
    histogram: FloatArray
    values: FloatArray
    counts: FloatArray
    approximate: bool = False


def distribution(
    values: FloatArray,
    weights: FloatArray | None = None,
    probabilities: Sequence[float] = QUARTILES,
    discrete_limit: int = 30,
) -> Distribution:
    """Exact distribution figures of values without NaN (at least one); `values` is sorted in place if unweighted."""
    if weights is None:
        values.sort()
    else:
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[order]
    changes = np.flatnonzero(values[1:] != values[:-1])
    distinct = int(changes.size) + 1
    cumulative = None if weights is None else np.cumsum(weights)
    quantiles = sorted_quantiles(values, probabilities, cumulative)
    edges = histogram_edges(values, quantiles, probabilities, values.size)
    at = np.searchsorted(values, edges, side="left")
    at[-1] = values.size
    at[0] = 0
    histogram = (
        np.diff(at).astype(np.float64) if cumulative is None else np.diff(_weight_before(cumulative, at))
    )
    levels, counts = np.empty(0), np.empty(0)
    if distinct <= discrete_limit:
        ends = np.append(changes + 1, values.size)
        levels = values[ends - 1]
        at_ends = np.concatenate(([0], ends))
        counts = (
            np.diff(at_ends).astype(np.float64)
            if cumulative is None
            else np.diff(_weight_before(cumulative, at_ends))
        )
    return Distribution(quantiles, distinct, edges, histogram, levels, counts)


def distribution_of_counts(
    values: FloatArray,
    n: FloatArray,
    weighted: FloatArray,
    probabilities: Sequence[float] = QUARTILES,
    discrete_limit: int = 30,
) -> Distribution:
    """`distribution` of a column given as different values in rising order with rows and weight of each."""
    rows = int(n.sum())
    ends = np.cumsum(weighted) * (rows / weighted.sum())
    position = np.asarray(probabilities) * (rows - 1)
    low = np.floor(position)
    high = np.minimum(low + 1, rows - 1)
    tolerance = 1e-12 * rows
    at_low, at_high = (
        values[np.minimum(np.searchsorted(ends, at + 1 - tolerance), values.size - 1)] for at in (low, high)
    )
    quantiles = at_low + (position - low) * (at_high - at_low)
    edges = histogram_edges(values, quantiles, probabilities, rows)
    bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, edges.size - 2)
    histogram = np.bincount(bins, weighted, minlength=edges.size - 1).astype(np.float64)
    few = values.size <= discrete_limit
    return Distribution(
        quantiles,
        int(values.size),
        edges,
        histogram,
        values if few else np.empty(0),
        weighted.astype(np.float64) if few else np.empty(0),
    )


def _weight_before(cumulative: FloatArray, positions: npt.NDArray[np.integer]) -> FloatArray:
    return np.concatenate(([0.0], cumulative))[positions]


def sorted_quantiles(
    values: FloatArray, probabilities: Sequence[float], cumulative: FloatArray | None = None
) -> FloatArray:
    """Quantiles of sorted values by linear interpolation (Hyndman & Fan type 7).

    With cumulative weights: the same rule on weights scaled to the number of rows (as Harrell's wtd.quantile
    with normwt), which equals type 7 when all weights are equal.
    """
    n = values.size
    position = np.asarray(probabilities) * (n - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, n - 1)
    fraction = position - low
    if cumulative is not None:
        scaled = cumulative * (n / cumulative[-1])
        tolerance = 1e-12 * n
        low = np.minimum(np.searchsorted(scaled, low + 1 - tolerance), n - 1)
        high = np.minimum(np.searchsorted(scaled, high + 1 - tolerance), n - 1)
    return values[low] + fraction * (values[high] - values[low])


def histogram_edges(
    values: FloatArray, quantiles: FloatArray, probabilities: Sequence[float], rows: int, most: int = 40
) -> FloatArray:
    """Edges on round numbers: Freedman-Diaconis width, at most `most` bins, over the whole range of sorted values."""
    low, high = float(values[0]), float(values[-1])
    if low == high:
        half = abs(low) * 0.5 or 0.5
        return np.array([low - half, low + half])
    spread = quantiles[list(probabilities).index(0.75)] - quantiles[list(probabilities).index(0.25)]
    width = 2 * spread / rows ** (1 / 3) if spread > 0 else (high - low) / 20
    width = round_up(max(width, (high - low) / most))
    first = np.floor(low / width)
    count = int(np.floor(high / width) - first) + 1
    edges = (first + np.arange(count + 1)) * width
    # Rounding at extreme magnitudes can lose the width; plain spacing is always right.
    if count > 3 * most or not (edges[0] <= low and high <= edges[-1]) or np.any(np.diff(edges) <= 0):
        return np.linspace(low, high, most + 1)
    return edges


def round_up(width: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(width))
    for step in (1.0, 2.0, 2.5, 5.0, 10.0):
        if step * power >= width * (1 - 1e-12):
            return float(step * power)
    return float(10 * power)
