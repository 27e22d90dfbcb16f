"""Price research from stated prices: price sensitivity curves and purchase intent curves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PriceCurves:
    """Weighted shares at each price of the grid; see `sensitivity_curves`."""

    prices: FloatArray
    too_cheap: FloatArray
    cheap: FloatArray
    expensive: FloatArray
    too_expensive: FloatArray

    @property
    def not_cheap(self) -> FloatArray:
        return 1 - self.cheap

    @property
    def not_expensive(self) -> FloatArray:
        return 1 - self.expensive


def sensitivity_curves(stated: FloatArray, weights: FloatArray) -> PriceCurves:
    """Curves of Van Westendorp's meter on the grid of all stated prices.

    stated: (rows, 4) too cheap, cheap, expensive, too expensive. At price p: too cheap and cheap are the
    shares whose stated price is >= p (they fall), expensive and too expensive those <= p (they rise).
    """
    grid = np.unique(stated)
    total = weights.sum()

    def share(values: FloatArray, rising: bool) -> FloatArray:
        order = np.argsort(values, kind="stable")
        cumulative = np.concatenate([[0.0], np.cumsum(weights[order])]) / total
        if rising:
            return cumulative[np.searchsorted(values[order], grid, side="right")]
        return 1 - cumulative[np.searchsorted(values[order], grid, side="left")]

    return PriceCurves(
        grid,
        share(stated[:, 0], False),
        share(stated[:, 1], False),
        share(stated[:, 2], True),
        share(stated[:, 3], True),
    )


def crossing(prices: FloatArray, falling: FloatArray, rising: FloatArray) -> float:
    """Price where a falling and a rising curve meet, linear between grid prices; NaN when they do not."""
    gap = rising - falling
    above = np.flatnonzero(gap >= 0)
    if not above.size:
        return math.nan
    first = int(above[0])
    if first == 0 or gap[first] == 0:
        # Curves that lie on each other for a while meet in the middle of that stretch.
        last = first
        while last + 1 < gap.size and gap[last + 1] == 0:
            last += 1
        return float((prices[first] + prices[last]) / 2) if gap[first] == 0 else float(prices[first])
    part = -gap[first - 1] / (gap[first] - gap[first - 1])
    return float(prices[first - 1] + part * (prices[first] - prices[first - 1]))


def price_points(curves: PriceCurves) -> dict[str, float]:
    """Optimal and indifference price and the ends of the acceptable range."""
    return {
        "optimal_price": crossing(curves.prices, curves.too_cheap, curves.too_expensive),
        "indifference_price": crossing(curves.prices, curves.cheap, curves.expensive),
        "marginal_cheapness": crossing(curves.prices, curves.too_cheap, curves.not_cheap),
        "marginal_expensiveness": crossing(curves.prices, curves.not_expensive, curves.too_expensive),
    }


def isotonic_falling(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Closest non-increasing sequence (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for value, weight in zip(values, weights, strict=True):
        blocks.append([float(value), float(weight), 1])
        while len(blocks) > 1 and blocks[-2][0] < blocks[-1][0]:
            v2, w2, n2 = blocks.pop()
            v1, w1, n1 = blocks.pop()
            blocks.append([(v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    return np.concatenate([np.full(int(n), v) for v, _, n in blocks])
