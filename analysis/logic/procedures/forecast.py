"""Forecast by exponential smoothing (ETS) or ARIMA with prediction intervals."""

from __future__ import annotations

import math
import warnings
from typing import Any, Literal

import numpy as np

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, did_not_converge
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, number_column, text_column
from analysis.logic.parameters import NUMERIC, TEMPORAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.series import PERIODS, step_index, step_start
from analysis.logic.time_rows import filled, read_series, series_source

#: Candidates in the order tried; the lowest corrected AIC wins.
ETS_MODELS = (("add", None, False), ("add", "add", False), ("add", "add", True))
ARIMA_ORDERS = ((0, 1, 1), (1, 1, 0), (1, 1, 1), (0, 1, 0), (1, 0, 0), (2, 1, 1), (1, 1, 2), (0, 2, 1))


class ForecastParameters(Parameters):
    time: ColumnName = column("Date", accepts=TEMPORAL)
    value: ColumnName | None = column("Value", accepts=NUMERIC, default=None)
    how: Literal["mean", "sum", "count"] = option("mean", "Per step")
    step: Literal["day", "week", "month", "quarter", "year"] = option("month", "Step")
    method: Literal["ets", "arima"] = option("ets", "Method")
    horizon: int = option(12, "Steps ahead", ge=1, le=200)
    season: bool = option(True, "Season", help="Use a season when at least two full ones are there.")
    confidence: float = option(0.95, "Level of the prediction interval", ge=0.5, le=0.999)


def fit_best(y: np.ndarray, method: str, period: int, checkpoint: Any) -> tuple[Any, str]:
    """The candidate with the lowest corrected AIC and its name. Raises ProcedureError when none can be fitted."""
    import pandas as pd
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    # The optimisers magnify rounding; twelve digits make equal series give equal models on every machine.
    y = np.array([float(f"{value:.12g}") for value in y])
    fits = []
    candidates: tuple[Any, ...] = ETS_MODELS if method == "ets" else ARIMA_ORDERS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for done, candidate in enumerate(candidates):
            checkpoint("fitting", done, len(candidates))
            try:
                if method == "ets":
                    error, trend, damped = candidate
                    season = "add" if period > 1 else None
                    # The exact prediction intervals of ETS need an indexed series.
                    fit = ETSModel(
                        pd.Series(y),
                        error=error,
                        trend=trend,
                        damped_trend=damped,
                        seasonal=season,
                        seasonal_periods=period if season else None,
                    ).fit(disp=False, maxiter=2_000)
                    name = f"ETS(A,{'Ad' if damped else 'A' if trend else 'N'},{'A' if season else 'N'})"
                else:
                    seasonal = (0, 1, 1, period) if period > 1 else (0, 0, 0, 0)
                    constant = "c" if candidate[1] == 0 and period <= 1 else "n"
                    fit = SARIMAX(y, order=candidate, seasonal_order=seasonal, trend=constant).fit(
                        disp=False, maxiter=500
                    )
                    name = f"ARIMA{candidate}" + (f"(0, 1, 1)[{period}]" if period > 1 else "")
            except (ValueError, np.linalg.LinAlgError):
                continue
            if math.isfinite(fit.aicc):
                fits.append((float(fit.aicc), name, fit))
    if not fits:
        raise did_not_converge("Every candidate model", 2_000)
    best = min(fits, key=lambda item: item[0])
    return best[2], best[1]


def compute(frame: Frame, parameters: ForecastParameters, context: RunContext) -> ProcedureOutput:
    period = PERIODS[parameters.step]
    series, n, weight = read_series(
        frame, parameters.time, parameters.value, parameters.step, parameters.how, 10
    )
    builder = OutputBuilder(context, n=n, weighted_n=weight)
    y = filled(series, builder, parameters.value or parameters.time)
    if np.ptp(y) == 0:
        raise constant_column(parameters.value or parameters.time, float(y[0]))
    if not parameters.season or y.size < 2 * period + 2 or period > 24:
        period = 1
    if parameters.horizon > 2 * y.size:
        raise ProcedureError(
            "horizon_too_long", f"{parameters.horizon} steps cannot be forecast from {y.size}.", "/horizon"
        )
    fit, name = fit_best(y, parameters.method, period, context.checkpoint)
    mean, low, high = _predictions(fit, y.size, parameters)
    last = int(step_index(series.times[-1:].astype("datetime64[us]"), parameters.step)[0])
    ahead = [str(t) for t in step_start(last + 1 + np.arange(parameters.horizon), parameters.step)]
    used = [c for c in (parameters.time, parameters.value) if c]
    rows = []
    for i, day in enumerate(ahead):
        builder.fact(
            fact_id("forecast", day),
            f"Forecast for {day}",
            mean[i],
            interval=(low[i], high[i]),
            interval_level=parameters.confidence,
            interval_method="Prediction interval of the model",
            columns=used,
        )
        rows.append([day, mean[i], low[i], high[i]])
    builder.table(
        "forecast",
        f"Forecast by {name}",
        [
            text_column("step", "Step"),
            number_column("forecast", "Forecast"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
    )
    _quality(builder, y, parameters, period, context)
    residual = np.asarray(fit.resid)[max(1, period) :]
    builder.fact("aicc", f"Corrected AIC of {name}", float(fit.aicc), columns=used)
    builder.fact("model", "Model chosen", name, base_rule=False)
    _residual_check(builder, residual, period)
    days = [str(t) for t in series.times]
    points = [
        {"date": days[i], "value": y[i], "what": "Observed", "low": None, "high": None}
        for i in range(max(0, y.size - 1_000), y.size)
    ]
    points += [
        {"date": day, "value": mean[i], "what": "Forecast", "low": low[i], "high": high[i]}
        for i, day in enumerate(ahead)
    ]
    builder.chart(
        lines(
            "forecast",
            f"Forecast by {name}",
            "Observed values, forecast and its prediction interval.",
            points,
            x="date",
            y="value",
            x_title="Date",
            y_title="Value",
            x_kind="temporal",
            colour="what",
            colour_title="",
            low="low",
            high="high",
            points=False,
        )
    )
    builder.assume(
        "The future behaves like the past", None, "A forecast knows nothing of events outside the series."
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"{name}, the lowest corrected AIC among "
        f"{len(ETS_MODELS if parameters.method == 'ets' else ARIMA_ORDERS)} candidates; error out of sample from the "
        "last fifth of the series.",
        missing_values="Rows without date or value are left out; empty steps are interpolated.",
        weights="Means, sums and counts per step are weighted.",
        references=(
            "Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing",
            "Box & Jenkins (1970), Time Series Analysis",
            "Hyndman & Koehler (2006), Int. J. Forecasting 22, 679-688 (MASE)",
        ),
    )


def _predictions(
    fit: Any, n: int, parameters: ForecastParameters
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    alpha = 1 - parameters.confidence
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if parameters.method == "ets":
            found = fit.get_prediction(start=n, end=n + parameters.horizon - 1)
            frame = found.summary_frame(alpha=alpha)
            return (
                frame["mean"].to_numpy(),
                frame["pi_lower"].to_numpy(),
                frame["pi_upper"].to_numpy(),
            )
        found = fit.get_forecast(parameters.horizon)
        bounds = np.asarray(found.conf_int(alpha=alpha))
        return np.asarray(found.predicted_mean), bounds[:, 0], bounds[:, 1]


def _quality(
    builder: OutputBuilder, y: np.ndarray, parameters: ForecastParameters, period: int, context: RunContext
) -> None:
    """Mean absolute scaled error of a forecast of the last fifth from the rest."""
    test = max(1, min(parameters.horizon, y.size // 5))
    train = y[:-test]
    naive = np.abs(train[period:] - train[:-period]).mean() if train.size > period else 0.0
    if train.size < 8 or not naive > 0 or (period > 1 and train.size < 2 * period + 2):
        return
    fit, _ = fit_best(train, parameters.method, period, context.checkpoint)
    error = float(np.abs(np.asarray(fit.forecast(test)) - y[-test:]).mean())
    builder.fact("mase", "Error out of sample over that of the naive forecast (MASE)", error / naive)
    builder.assume(
        "Better than the naive forecast",
        error < naive,
        f"MASE {error / naive:.2f} over the last {test} steps.",
    )


def _residual_check(builder: OutputBuilder, residual: np.ndarray, period: int) -> None:
    """Ljung-Box test of the residuals."""
    from scipy.special import chdtrc

    lags = min(10 if period == 1 else 2 * period, residual.size // 5)
    if lags < 1 or np.ptp(residual) == 0:
        return
    z, n = residual - residual.mean(), residual.size
    r = np.array([z[k:] @ z[:-k] for k in range(1, lags + 1)]) / (z @ z)
    q = n * (n + 2) * float((r**2 / (n - np.arange(1, lags + 1))).sum())
    p = float(chdtrc(lags, q))
    builder.assume("Residuals without pattern", p >= 0.05, f"Ljung-Box Q({lags}) = {q:.2f}, p = {p:.3g}.")


def script(parameters: ForecastParameters, context: ScriptContext) -> str:
    return f"""
import warnings

from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.statespace.sarimax import SARIMAX

warnings.simplefilter("ignore")
{series_source(parameters.time, parameters.value, parameters.step, parameters.how)}
series = np.array([float(f"{{value:.12g}}") for value in series])  # as the platform rounds before fitting
period = {PERIODS[parameters.step]}
if not {literal(parameters.season)} or len(series) < 2 * period + 2 or period > 24:
    period = 1
fits = []
if {literal(parameters.method)} == "ets":
    for error, trend, damped in {literal(ETS_MODELS)}:
        seasonal = "add" if period > 1 else None
        fits.append(ETSModel(pd.Series(series), error=error, trend=trend, damped_trend=damped, seasonal=seasonal,
                             seasonal_periods=period if seasonal else None).fit(disp=False, maxiter=2_000))
else:
    for order in {literal(ARIMA_ORDERS)}:
        seasonal = (0, 1, 1, period) if period > 1 else (0, 0, 0, 0)
        trend = "c" if order[1] == 0 and period <= 1 else "n"
        fits.append(SARIMAX(series, order=order, seasonal_order=seasonal, trend=trend).fit(disp=False, maxiter=500))
best = min(fits, key=lambda fit: fit.aicc if np.isfinite(fit.aicc) else np.inf)
ahead = pd.period_range(whole[-1] + 1, periods={parameters.horizon}, freq=whole.freq)
results = {{"aicc": best.aicc}}
for period_ahead, value in zip(ahead, best.forecast({parameters.horizon})):
    results[fact_id("forecast", str(period_ahead.start_time.date()))] = value
"""


PROCEDURE = Procedure(
    key="forecast",
    title="Forecast (ETS, ARIMA)",
    question="Where is the figure heading?",
    family=ProcedureFamily.TIME,
    version=1,
    parameters=ForecastParameters,
    compute=compute,
    script=script,
    requirements=("A date column and at least ten steps.",),
    cost="heavy",
    tags=("exponential smoothing", "ARIMA", "prediction"),
)
