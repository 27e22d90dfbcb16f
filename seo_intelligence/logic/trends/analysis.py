"""What a series tells: growth, year over year, seasonality, change points, and a forecast with intervals.

Ordinal series (ranks) are summarised by medians and get no forecast; relative series of one request are
analysed within that request only. Short gaps are interpolated for the decomposition and said so
(`interpolated`); a series with more than a quarter of its periods missing is not analysed.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seo_intelligence.logic.trends.series import (
    SEASON_LENGTH,
    Granularity,
    Metric,
    Scale,
    Series,
    next_period,
)

MAX_MISSING_SHARE = 0.25
MIN_SEASONS = 2
STRONG_SEASONALITY = 0.4
_PERIODS_PER_YEAR = {Granularity.DAY: 365, Granularity.WEEK: 52, Granularity.MONTH: 12}
_MIN_SEGMENT = {Granularity.DAY: 7, Granularity.WEEK: 6, Granularity.MONTH: 4}


class SeriesTooShort(ValueError):
    """The series has too few values, or too many gaps, for this analysis."""


@dataclass(frozen=True, slots=True)
class Growth:
    """Change between two halves of a window: means (medians for ranks) and relative change.

    `relative` is None when the earlier level is zero or the scale is ordinal; `absolute` is in the unit of
    the series. For ranks a negative change is an improvement. `n_before` and `n_after` count the values
    behind each side.
    """

    before: float
    after: float
    absolute: float
    relative: float | None
    n_before: int
    n_after: int


@dataclass(frozen=True, slots=True)
class Seasonality:
    """Seasonal pattern: period in points, strength 0-1 (Hyndman and Athanasopoulos), mean effect per position.

    `peak` and `trough` are positions in the season: 0-6 (Monday first) for daily, 1-12 for monthly, 1-52 (ISO
    week) for weekly series.
    """

    period: int
    strength: float
    effects: tuple[float, ...]
    peak: int
    trough: int
    interpolated: int


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """A lasting change of level from `date` on; `shift` in the unit of the series, seasonality removed."""

    date: dt.date
    before: float
    after: float
    shift: float


@dataclass(frozen=True, slots=True)
class ForecastPoint:
    """Expected value of one future period with the bounds of the prediction interval."""

    date: dt.date
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """Forecast of `method` at coverage `level`, made from `n` values.

    `backtest_error` is the mean absolute error on a held-out tail divided by that of the seasonal naive
    forecast; below 1 the model is better than repeating the last season. None when the series is too short to
    hold out.
    """

    points: tuple[ForecastPoint, ...]
    level: float
    method: str
    n: int
    backtest_error: float | None


def growth(series: Series, window: int) -> Growth:
    """Compare the last `window` periods with the `window` before.

    Raises:
        SeriesTooShort: one of the halves has no value.
    """
    _, values = series.regular()
    after = [v for v in values[-window:] if v is not None]
    before = [v for v in values[-2 * window : -window] if v is not None]
    if not before or not after:
        raise SeriesTooShort(f"Two windows of {window} periods are needed.")
    return _growth(series, before, after)


def year_over_year(series: Series, window: int = 1) -> Growth:
    """Compare the last `window` periods with the same periods one year earlier.

    Raises:
        SeriesTooShort: there are no values one year earlier.
    """
    _, values = series.regular()
    year = 364 if series.key.granularity is Granularity.DAY else _PERIODS_PER_YEAR[series.key.granularity]
    end = len(values) - year
    after = [v for v in values[-window:] if v is not None]
    before = [v for v in values[max(0, end - window) : end] if v is not None] if end > 0 else []
    if not before or not after:
        raise SeriesTooShort("No values one year before the last ones.")
    return _growth(series, before, after)


def _growth(series: Series, before: Sequence[float], after: Sequence[float]) -> Growth:
    ordinal = series.key.scale is Scale.ORDINAL
    centre = median if ordinal else (lambda values: math.fsum(values) / len(values))
    first, second = float(centre(before)), float(centre(after))
    relative = None if ordinal or first == 0 else (second - first) / abs(first)
    return Growth(first, second, second - first, relative, len(before), len(after))


def _filled(series: Series, minimum: int) -> tuple[list[dt.date], NDArray[np.float64], int]:
    """Regular values with short gaps interpolated, and how many were."""
    dates, values = series.regular()
    missing = sum(v is None for v in values)
    if len(values) - missing < minimum:
        raise SeriesTooShort(f"{minimum} values are needed; the series has {len(values) - missing}.")
    if missing > MAX_MISSING_SHARE * len(values):
        raise SeriesTooShort(f"{missing} of {len(values)} periods have no value.")
    array = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    known = ~np.isnan(array)
    index = np.arange(len(array))
    array[~known] = np.interp(index[~known], index[known], array[known])
    return dates, array, missing


def _decompose(values: NDArray[np.float64], period: int) -> Any:
    from statsmodels.tsa.seasonal import STL

    return STL(values, period=period, robust=True).fit()


def _strength(part: NDArray[np.float64], residual: NDArray[np.float64]) -> float:
    total = float(np.var(part + residual))
    return 0.0 if total <= 1e-12 else max(0.0, 1.0 - float(np.var(residual)) / total)


def _position(date: dt.date, granularity: Granularity) -> int:
    if granularity is Granularity.DAY:
        return date.weekday()
    return date.month if granularity is Granularity.MONTH else min(date.isocalendar().week, 52)


def seasonality(series: Series) -> Seasonality:
    """Seasonal pattern by STL decomposition (Cleveland et al. 1990); at least two full seasons are needed.

    Raises:
        SeriesTooShort: fewer than two seasons of values, or too many gaps.
    """
    granularity = series.key.granularity
    period = SEASON_LENGTH[granularity]
    dates, values, filled = _filled(series, MIN_SEASONS * period + 1)
    parts = _decompose(values, period)
    seasonal = np.asarray(parts.seasonal)
    by_position: dict[int, list[float]] = {}
    for date, effect in zip(dates, seasonal, strict=True):
        by_position.setdefault(_position(date, granularity), []).append(float(effect))
    positions = sorted(by_position)
    effects = [math.fsum(by_position[p]) / len(by_position[p]) for p in positions]
    return Seasonality(
        period=period,
        strength=_strength(seasonal, np.asarray(parts.resid)),
        effects=tuple(effects),
        peak=positions[int(np.argmax(effects))],
        trough=positions[int(np.argmin(effects))],
        interpolated=filled,
    )


def change_points(series: Series, *, penalty: float = 3.0) -> list[ChangePoint]:
    """Lasting changes of level, by optimal partitioning of the deseasonalised series (PELT, Killick et al. 2012).

    The cost of a segment is its squared deviation in units of the noise (from the median absolute difference
    of neighbours); a further segment must save `penalty` * 2 * ln(n). Drifts are found as several small
    steps.

    Raises:
        SeriesTooShort: fewer than two minimal segments of values, or too many gaps.
    """
    granularity = series.key.granularity
    shortest = _MIN_SEGMENT[granularity]
    dates, values, _ = _filled(series, 2 * shortest)
    period = SEASON_LENGTH[granularity]
    if len(values) > MIN_SEASONS * period:
        parts = _decompose(values, period)
        if _strength(np.asarray(parts.seasonal), np.asarray(parts.resid)) >= STRONG_SEASONALITY:
            values = values - np.asarray(parts.seasonal)
    noise = float(np.median(np.abs(np.diff(values)))) / (0.6745 * math.sqrt(2))
    if noise <= 0:
        noise = float(np.std(np.diff(values))) / math.sqrt(2) or 1.0
    cuts = _partition(values / noise, shortest, penalty * 2 * math.log(len(values)))
    bounds = [0, *cuts, len(values)]
    levels = [float(np.mean(values[a:b])) for a, b in pairwise(bounds)]
    return [
        ChangePoint(dates[cut], levels[i], levels[i + 1], levels[i + 1] - levels[i])
        for i, cut in enumerate(cuts)
    ]


def _partition(values: NDArray[np.float64], shortest: int, penalty: float) -> list[int]:
    """Start indices of the second and later segments in the cheapest partition."""
    n = len(values)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    squares = np.concatenate([[0.0], np.cumsum(values**2)])
    best = np.full(n + 1, np.inf)
    best[0] = -penalty
    previous = np.zeros(n + 1, dtype=np.int64)
    candidates = np.array([0])
    for end in range(shortest, n + 1):
        usable = candidates[candidates <= end - shortest]
        cost = squares[end] - squares[usable] - (sums[end] - sums[usable]) ** 2 / (end - usable)
        total = best[usable] + cost + penalty
        at = int(np.argmin(total))
        best[end], previous[end] = total[at], usable[at]
        alive = usable[best[usable] + cost <= best[end] + penalty]
        later = candidates[candidates > end - shortest]
        candidates = np.concatenate([alive, later, [end]])
    cuts: list[int] = []
    at = n
    while at > 0:
        at = int(previous[at])
        if at > 0:
            cuts.append(at)
    return cuts[::-1]


def forecast(series: Series, horizon: int, *, level: float = 0.9) -> Forecast:
    """Expected values of the next `horizon` periods with prediction intervals at coverage `level`.

    Exponential smoothing state-space model (ETS with damped trend; Hyndman et al. 2008), with an additive
    season when at least two seasons are known and the season is strong. Counts are modelled on a log scale
    when all are positive, so that intervals stay above zero; other bounds are cut at zero, relative ones at
    100 too.

    Raises:
        SeriesTooShort: fewer than 12 values, or too many gaps.
        ValueError: the series is ordinal, or `horizon` or `level` are out of range.
    """
    if series.key.scale is Scale.ORDINAL or series.key.metric is Metric.RANK:
        raise ValueError("Ranks are ordinal and are not forecast.")
    if not 1 <= horizon <= 400 or not 0.5 <= level < 1:
        raise ValueError("horizon must be 1-400 and level 0.5 to below 1")
    dates, values, _ = _filled(series, 12)
    period = SEASON_LENGTH[series.key.granularity]
    top = 100.0 if series.key.scale is Scale.RELATIVE_WINDOW else math.inf
    mean, low, high, method = _project(values, horizon, level, period)
    points = []
    date = dates[-1]
    for m, lower, upper in zip(mean, low, high, strict=True):
        date = next_period(date, series.key.granularity)
        points.append(ForecastPoint(date, *(min(top, max(0.0, float(x))) for x in (m, lower, upper))))
    return Forecast(tuple(points), level, method, len(values), _backtest(values, horizon, level, period))


def _project(
    values: NDArray[np.float64], horizon: int, level: float, period: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], str]:
    import warnings

    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    seasonal = False
    if len(values) > MIN_SEASONS * period:
        parts = _decompose(values, period)
        seasonal = _strength(np.asarray(parts.seasonal), np.asarray(parts.resid)) >= STRONG_SEASONALITY
    spread = float(np.std(values))
    if spread <= 1e-9 * max(1.0, abs(float(values.mean()))):
        flat = np.full(horizon, values[-1])
        return flat, flat, flat, "constant"
    logged = bool((values > 0).all())
    data = pd.Series(np.log(values) if logged else values)  # prediction frames need an index
    model = ETSModel(
        data,
        error="add",
        trend="add",
        damped_trend=True,
        seasonal="add" if seasonal else None,
        seasonal_periods=period if seasonal else None,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = model.fit(disp=False, maxiter=200)
        frame = fitted.get_prediction(start=len(data), end=len(data) + horizon - 1).summary_frame(
            alpha=1 - level
        )
    mean, low, high = (np.asarray(frame[c], dtype=np.float64) for c in ("mean", "pi_lower", "pi_upper"))
    if logged:
        # The exponential of the mean of logs is the median, which is what a skewed count is best told by.
        mean, low, high = np.exp(mean), np.exp(low), np.exp(high)
    name = "ETS(A,Ad,A)" if seasonal else "ETS(A,Ad,N)"
    return mean, low, high, name + (" on logs" if logged else "")


def _backtest(values: NDArray[np.float64], horizon: int, level: float, period: int) -> float | None:
    held = min(horizon, max(1, len(values) // 5))
    train, test = values[:-held], values[-held:]
    if len(train) < 12:
        return None
    step = period if len(train) > period else 1
    naive = np.array([train[-step + (i % step)] for i in range(held)])
    scale = float(np.mean(np.abs(test - naive)))
    if scale == 0:
        return None
    mean, _, _, _ = _project(train, held, level, period)
    return float(np.mean(np.abs(test - mean))) / scale
