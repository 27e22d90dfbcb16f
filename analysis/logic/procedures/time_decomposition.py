"""Decomposition of a series into trend, season and remainder (STL)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, text_column
from analysis.logic.parameters import NUMERIC, TEMPORAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext
from analysis.logic.stats.series import PERIODS
from analysis.logic.time_rows import filled, read_series, series_source


class DecompositionParameters(Parameters):
    time: ColumnName = column("Date", accepts=TEMPORAL)
    value: ColumnName | None = column("Value", accepts=NUMERIC, default=None)
    how: Literal["mean", "sum", "count"] = option("mean", "Per step")
    step: Literal["day", "week", "month", "quarter", "year"] = option("month", "Step")
    period: int | None = option(
        None, "Steps of a season", ge=2, le=400, help="By default 7 days, 52 weeks, 12 months, 4 quarters."
    )
    robust: bool = option(True, "Resist outliers")


def compute(frame: Frame, parameters: DecompositionParameters, context: RunContext) -> ProcedureOutput:
    from statsmodels.tsa.seasonal import STL

    period = parameters.period or PERIODS[parameters.step]
    if period < 2:
        raise ProcedureError(
            "no_season", "Years have no season; give the period in steps or a shorter step.", "/period"
        )
    series, n, weight = read_series(
        frame, parameters.time, parameters.value, parameters.step, parameters.how, 2 * period + 1
    )
    builder = OutputBuilder(context, n=n, weighted_n=weight)
    y = filled(series, builder, parameters.value or parameters.time)
    if np.ptp(y) == 0:
        raise constant_column(parameters.value or parameters.time, float(y[0]))
    context.checkpoint("decomposing", 0, 1)
    fit = STL(y, period=period, robust=parameters.robust).fit()
    trend, season, rest = np.asarray(fit.trend), np.asarray(fit.seasonal), np.asarray(fit.resid)
    used = [c for c in (parameters.time, parameters.value) if c]

    def strength(part: np.ndarray) -> float:
        whole = float(np.var(part + rest))
        return max(0.0, 1 - float(np.var(rest)) / whole) if whole > 0 else 0.0

    builder.fact("trend_strength", "Strength of the trend (0 none, 1 all)", strength(trend), columns=used)
    builder.fact("season_strength", "Strength of the season (0 none, 1 all)", strength(season), columns=used)
    builder.fact(
        "trend_change",
        "Change of the trend from first to last step",
        float(trend[-1] - trend[0]),
        columns=used,
    )
    days = [str(t) for t in series.times]
    last = np.arange(y.size - period, y.size)
    best, worst = last[season[last].argmax()], last[season[last].argmin()]
    builder.fact("season_high", "Best step of the last season", days[best], columns=used)
    builder.fact("season_low", "Worst step of the last season", days[worst], columns=used)
    for i in range(y.size):
        if i in (0, y.size - 1):
            builder.fact(fact_id("trend", days[i]), f"Trend at {days[i]}", trend[i], n=n, columns=used)
    builder.table(
        "decomposition",
        "Decomposition",
        [
            text_column("step", "Step"),
            integer_column("rows", "Rows"),
            number_column("value", "Value"),
            number_column("trend", "Trend"),
            number_column("season", "Season"),
            number_column("remainder", "Remainder"),
        ],
        [
            [days[i], int(series.rows[i]), series.values[i], trend[i], season[i], rest[i]]
            for i in range(y.size)
        ],
    )
    shown = range(max(0, y.size - 1_200), y.size)
    builder.chart(
        lines(
            "decomposition",
            "Series and its parts",
            "Value, trend, season and remainder over time.",
            [
                {"date": days[i], "value": part[i], "part": name}
                for name, part in (("Value", y), ("Trend", trend), ("Season", season), ("Remainder", rest))
                for i in shown
            ],
            x="date",
            y="value",
            x_title="Date",
            y_title="Value",
            x_kind="temporal",
            colour="part",
            colour_title="Part",
            points=False,
        )
    )
    builder.assume(
        "Season of equal size",
        None,
        "An additive season is assumed; take logarithms when it grows with the level.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"STL decomposition by loess with a period of {period} steps{', robust' if parameters.robust else ''}.",
        missing_values="Rows without date or value are left out; empty steps are interpolated.",
        weights="Means, sums and counts per step are weighted.",
        references=(
            "Cleveland, Cleveland, McRae & Terpenning (1990), J. Official Statistics 6, 3-73",
            "Wang, Smith & Hyndman (2006), Data Mining and Knowledge Discovery 13, 335-364",
        ),
    )


def script(parameters: DecompositionParameters, context: ScriptContext) -> str:
    return f"""
from statsmodels.tsa.seasonal import STL
{series_source(parameters.time, parameters.value, parameters.step, parameters.how)}
fit = STL(series, period={parameters.period or PERIODS[parameters.step]}, robust={parameters.robust}).fit()
rest = np.var(fit.resid)
results = {{
    "trend_strength": max(0.0, 1 - rest / np.var(fit.trend + fit.resid)),
    "season_strength": max(0.0, 1 - rest / np.var(fit.seasonal + fit.resid)),
    "trend_change": fit.trend[-1] - fit.trend[0],
}}
"""


PROCEDURE = Procedure(
    key="time_decomposition",
    title="Trend and season",
    question="What is trend, what is season?",
    family=ProcedureFamily.TIME,
    version=1,
    parameters=DecompositionParameters,
    compute=compute,
    script=script,
    requirements=("A date column covering at least two seasons.",),
    tags=("STL", "seasonality", "trend"),
)
