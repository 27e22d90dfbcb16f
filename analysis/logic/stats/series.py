"""Time series: regular series from rows, change points, robust outlier scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

#: Seasonal period by step of the series.
PERIODS = {"day": 7, "week": 52, "month": 12, "quarter": 4, "year": 1}
UNITS = {"day": "D", "week": "W", "month": "M", "quarter": "M", "year": "Y"}


@dataclass(frozen=True, slots=True)
class Series:
    """Values per step (NaN where no row fell) and rows per step; `times` are the first days of the steps."""

    times: npt.NDArray[np.datetime64]
    values: FloatArray
    rows: npt.NDArray[np.int64]


def step_index(times: npt.NDArray[np.datetime64], step: str) -> npt.NDArray[np.int64]:
    """Number of the step each time falls into (weeks start on Monday)."""
    if step == "week":
        return (times.astype("datetime64[D]").astype(np.int64) + 3) // 7
    if step == "quarter":
        return times.astype("datetime64[M]").astype(np.int64) // 3
    return times.astype(f"datetime64[{UNITS[step]}]").astype(np.int64)


def step_start(index: npt.NDArray[np.int64], step: str) -> npt.NDArray[np.datetime64]:
    """First day of each step."""
    if step == "week":
        return (index * 7 - 3).astype("datetime64[D]")
    if step == "quarter":
        return (index * 3).astype("datetime64[M]").astype("datetime64[D]")
    return index.astype(f"datetime64[{UNITS[step]}]").astype("datetime64[D]")


def regular_series(
    times: npt.NDArray[np.datetime64], values: FloatArray, weights: FloatArray, step: str, how: str
) -> Series:
    """Weighted mean, weighted sum or count of rows per step, with all steps between first and last."""
    index = step_index(times, step)
    first, size = int(index.min()), int(index.max() - index.min()) + 1
    place = index - first
    rows = np.bincount(place, minlength=size)
    w = np.bincount(place, weights, size).astype(np.float64)
    if how == "count":
        out: FloatArray = w
    else:
        total = np.bincount(place, weights * values, size)
        with np.errstate(invalid="ignore", divide="ignore"):
            out = np.where(rows > 0, total / w, np.nan) if how == "mean" else np.where(rows > 0, total, 0.0)
    return Series(step_start(first + np.arange(size), step), out, rows)


def pelt_mean_shifts(values: FloatArray, penalty: float, smallest: int) -> list[int]:
    """Starts of new segments that minimise squared error plus a penalty per change (Killick et al. 2012).

    smallest: fewest values of a segment. A start that a later one beats is dropped only once that later one may
    itself begin a segment, `smallest` values on; dropping it at once would lose the optimum.
    """
    n = values.size
    y = values - values.mean()
    s1, s2 = np.concatenate([[0.0], np.cumsum(y)]), np.concatenate([[0.0], np.cumsum(y * y)])
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    last = np.zeros(n + 1, dtype=np.int64)
    starts = np.array([0], dtype=np.int64)
    expiry = np.array([n + 1], dtype=np.int64)
    for end in range(smallest, n + 1):
        if end >= 2 * smallest:
            starts, expiry = np.append(starts, end - smallest), np.append(expiry, n + 1)
        alive = expiry > end
        starts, expiry = starts[alive], expiry[alive]
        total = s1[end] - s1[starts]
        scores = best[starts] + (s2[end] - s2[starts]) - total * total / (end - starts)
        k = int(np.argmin(scores))
        best[end], last[end] = scores[k] + penalty, starts[k]
        beaten = scores >= best[end]
        expiry[beaten] = np.minimum(expiry[beaten], end + smallest)
    found: list[int] = []
    at = n
    while at > 0:
        at = int(last[at])
        if at > 0:
            found.append(at)
    return found[::-1]


def noise_variance(values: FloatArray) -> float:
    """Variance of the noise from first differences, robust to shifts of the mean (MAD)."""
    gaps = np.diff(values)
    return float((np.median(np.abs(gaps - np.median(gaps))) / 0.6744897501960817) ** 2 / 2)


def robust_z(x: FloatArray) -> FloatArray:
    """Distance from the median in robust standard deviations; falls back to the mean absolute deviation
    (Iglewicz & Hoaglin 1993) when more than half of the values are equal. Zeros when all are equal."""
    centre = np.median(x)
    spread = float(np.median(np.abs(x - centre))) / 0.6744897501960817
    if spread <= 0:
        spread = float(np.mean(np.abs(x - centre))) * math.sqrt(math.pi / 2)
    return np.zeros_like(x) if spread <= 0 else (x - centre) / spread
