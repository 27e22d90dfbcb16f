"""Change points of the mean of a series."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import NUMERIC, TEMPORAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.location import welch
from analysis.logic.stats.series import noise_variance, pelt_mean_shifts
from analysis.logic.time_rows import filled, read_series, series_source


class ChangePointParameters(Parameters):
    time: ColumnName = column("Date", accepts=TEMPORAL)
    value: ColumnName | None = column("Value", accepts=NUMERIC, default=None)
    how: Literal["mean", "sum", "count"] = option("mean", "Per step")
    step: Literal["day", "week", "month", "quarter", "year"] = option("month", "Step")
    smallest: int = option(4, "Fewest steps between changes", ge=2, le=1_000)
    strictness: float = option(
        2.0, "Strictness", gt=0, le=50, help="Penalty per change in units of log(n) noise variances."
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: ChangePointParameters, context: RunContext) -> ProcedureOutput:
    series, n, weight = read_series(
        frame, parameters.time, parameters.value, parameters.step, parameters.how, 2 * parameters.smallest
    )
    builder = OutputBuilder(context, n=n, weighted_n=weight)
    y = filled(series, builder, parameters.value or parameters.time)
    if np.ptp(y) == 0:
        raise constant_column(parameters.value or parameters.time, float(y[0]))
    context.checkpoint("searching", 0, 1)
    noise = noise_variance(y) or float(np.var(np.diff(y))) / 2
    changes = pelt_mean_shifts(y, parameters.strictness * noise * math.log(y.size), parameters.smallest)
    days, used = [str(t) for t in series.times], [c for c in (parameters.time, parameters.value) if c]
    bounds = [0, *changes, y.size]
    builder.fact("changes", "Changes found", len(changes), base_rule=False, columns=used)
    rows, level = [], np.empty(y.size)
    for k in range(len(bounds) - 1):
        part = y[bounds[k] : bounds[k + 1]]
        level[bounds[k] : bounds[k + 1]] = part.mean()
        cells: list[float | None] = [None, None, None, None]
        if k:
            before = y[bounds[k - 1] : bounds[k]]
            spread = np.array([part.var(ddof=1) / part.size, before.var(ddof=1) / before.size])
            shift = float(part.mean() - before.mean())
            interval = None
            p = math.nan
            if spread.sum() > 0:
                test = welch(
                    np.array([part.mean(), before.mean()]),
                    spread,
                    np.array([part.size, before.size], dtype=float),
                )
                interval, p = test.interval(parameters.confidence), test.p
            builder.fact(
                fact_id("shift", days[bounds[k]]),
                f"Shift of the mean from {days[bounds[k]]}",
                shift,
                interval=interval,
                interval_level=parameters.confidence,
                interval_method="Welch's t given the place of the change",
                p=p,
                test="Welch's t test (not corrected for the search)",
                columns=used,
            )
            cells = [shift, *(interval or (None, None)), p]
        rows.append([days[bounds[k]], days[bounds[k + 1] - 1], part.size, part.mean(), *cells])
    builder.table(
        "segments",
        "Stretches of equal mean",
        [
            text_column("from", "From"),
            text_column("to", "To"),
            integer_column("steps", "Steps"),
            number_column("mean", "Mean"),
            number_column("shift", "Shift"),
            number_column("low", "Low"),
            number_column("high", "High"),
            p_column(),
        ],
        rows,
    )
    shown = range(max(0, y.size - 2_400), y.size)
    builder.chart(
        lines(
            "changes",
            "Series and its level",
            "Value of each step and the mean of the stretch it belongs to.",
            [
                {"date": days[i], "value": part[i], "what": name}
                for name, part in (("Value", y), ("Level", level))
                for i in shown
            ],
            x="date",
            y="value",
            x_title="Date",
            y_title="Value",
            x_kind="temporal",
            colour="what",
            colour_title="",
            points=False,
        )
    )
    rest = y - level
    lag = float(np.corrcoef(rest[1:], rest[:-1])[0, 1]) if np.ptp(rest) > 0 else 0.0
    builder.assume(
        "Independent steps within a stretch",
        abs(lag) < 0.3,
        f"Correlation of neighbouring remainders is {lag:.2f}; above 0.3 too many changes are found.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method="Exact search of mean shifts (PELT) with squared error; penalty = strictness x noise variance x log(n), "
        "noise from first differences.",
        missing_values="Rows without date or value are left out; empty steps are interpolated.",
        weights="Means, sums and counts per step are weighted.",
        references=("Killick, Fearnhead & Eckley (2012), JASA 107, 1590-1598",),
    )


def script(parameters: ChangePointParameters, context: ScriptContext) -> str:
    return f"""
{series_source(parameters.time, parameters.value, parameters.step, parameters.how)}
n, smallest = len(series), {parameters.smallest}
gaps = np.diff(series)
noise = (np.median(np.abs(gaps - np.median(gaps))) / 0.6744897501960817) ** 2 / 2 or np.var(gaps) / 2
penalty = {literal(parameters.strictness)} * noise * np.log(n)
best, last = [-penalty] + [np.inf] * n, [0] * (n + 1)
for end in range(smallest, n + 1):  # all ends against all starts
    for start in [0, *range(smallest, end - smallest + 1)]:
        part = series[start:end]
        cost = best[start] + ((part - part.mean()) ** 2).sum() + penalty
        if cost < best[end] - 1e-9 * abs(penalty):
            best[end], last[end] = cost, start
cuts, at = [], n
while at > 0:
    at = last[at]
    cuts.append(at)
bounds = [*cuts[::-1], n]
results = {{"changes": len(bounds) - 2}}
means = [series[a:b].mean() for a, b in zip(bounds, bounds[1:])]
for k in range(1, len(bounds) - 1):
    results[fact_id("shift", starts[bounds[k]])] = means[k] - means[k - 1]
"""


PROCEDURE = Procedure(
    key="change_points",
    title="Change points",
    question="When did the level of a figure change?",
    family=ProcedureFamily.TIME,
    version=2,
    parameters=ChangePointParameters,
    compute=compute,
    script=script,
    requirements=("A date column and at least eight steps.",),
    tags=("PELT", "break", "shift"),
)
