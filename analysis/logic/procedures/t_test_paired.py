"""Paired t test: two measurements of the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    p_column,
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.gram import Gram
from analysis.logic.stats.location import normality, t_test
from analysis.logic.stats.moments import column_moments
from analysis.logic.stats.noncentral import d_interval


class PairedTParameters(Parameters):
    first: ColumnName = column("First measurement", accepts=NUMERIC)
    second: ColumnName = column("Second measurement", accepts=NUMERIC)
    alternative: Literal["two-sided", "greater", "less"] = option("two-sided", "Alternative")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: PairedTParameters, context: RunContext) -> ProcedureOutput:
    names = [parameters.first, parameters.second]
    if names[0] == names[1]:
        raise ProcedureError("duplicate_column", "The two measurements must be different columns.", "/second")
    data = frame.arrays(numeric=names)
    if data.n < 2:
        raise too_few_rows(data.n, 2, "a paired t test")
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    weights = None if frame.weight is None else data.weights
    difference = (data.x[:, 0] - data.x[:, 1])[:, None]
    both, single = column_moments(data.x, weights), column_moments(difference, weights)
    spread = float(single.variance[0, 0])
    if not spread > 0:
        raise ProcedureError(
            "constant_difference",
            f"{names[0]!r} and {names[1]!r} differ by the same amount in every row; there is nothing to test.",
            "/second",
        )
    result = t_test(
        float(single.mean[0, 0]), float(single.standard_error[0, 0]), data.n - 1, parameters.alternative
    )
    low, high = result.interval(parameters.confidence)
    correlation = float(Gram.of(data.x, weights).correlation[0, 1]) if (both.variance > 0).all() else math.nan
    titles = [frame.column(name).title for name in names]
    rows, points = [], []
    for k, name in enumerate(names):
        own = (
            t_test(float(both.mean[0, k]), float(both.standard_error[0, k]), data.n - 1)
            if both.variance[0, k] > 0
            else None
        )
        bounds = own.interval(parameters.confidence) if own else (both.mean[0, k], both.mean[0, k])
        builder.fact(
            fact_id("mean", name),
            f"Mean of {titles[k]}",
            both.mean[0, k],
            interval=bounds,
            interval_level=parameters.confidence,
            interval_method="Student's t",
            columns=[name],
        )
        rows.append([titles[k], data.n, both.mean[0, k], both.std[0, k], *bounds, None, None])
        points.append({"what": titles[k], "mean": both.mean[0, k], "low": bounds[0], "high": bounds[1]})
    rows.append(["Difference", data.n, result.difference, math.sqrt(spread), low, high, result.t, result.p])
    points.append({"what": "Difference", "mean": result.difference, "low": low, "high": high})
    builder.fact(
        fact_id("mean_difference", *names),
        f"Mean difference: {titles[0]} less {titles[1]}",
        result.difference,
        interval=(low, high),
        interval_level=parameters.confidence,
        interval_method="Student's t",
        statistic=result.t,
        df=(result.df,),
        p=result.p,
        test=f"Paired t test ({parameters.alternative})",
        columns=names,
    )
    d = result.difference / math.sqrt(spread)
    builder.fact(
        fact_id("cohens_dz", *names),
        "Cohen's d of the differences (dz)",
        d,
        unit="standard deviations",
        interval=d_interval(d, float(single.effective_n[0, 0]), None, parameters.confidence),
        interval_level=parameters.confidence,
        interval_method="Noncentral t",
        columns=names,
    )
    builder.fact(
        fact_id("correlation", *names),
        f"Correlation of {titles[0]} and {titles[1]}",
        correlation,
        columns=names,
    )
    builder.table(
        "paired_t",
        f"{titles[0]} against {titles[1]}",
        [
            text_column("what", "Measurement"),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("sd", "Standard deviation"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("t", "t"),
            p_column(),
        ],
        rows,
        row_drills=[complete_drill(names)] * 3,
    )
    builder.chart(
        intervals(
            "paired_means",
            f"{titles[0]} and {titles[1]}",
            "Means of both measurements and of their difference, with intervals.",
            points,
            category="what",
            value="mean",
            low="low",
            high="high",
            category_title="Measurement",
            value_title="Mean",
            reference=0.0,
        )
    )
    builder.assume("Normal mean of the differences", *normality(difference[:, 0]))
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    if data.dropped:
        builder.notice(
            "missing", f"{data.dropped:,} rows lack one of the two measurements and are left out.", names
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Student's t test of the row-wise differences.",
        missing_values="Rows that lack either measurement are left out.",
        weights="Weighted mean difference with its linearised standard error.",
        references=("Student (1908), Biometrika 6, 1-25",),
    )


def script(parameters: PairedTParameters, context: ScriptContext) -> str:
    return f"""
first, second = {literal(parameters.first)}, {literal(parameters.second)}
a, b = number(first), number(second)
present = ~(np.isnan(a) | np.isnan(b))
a, b, w = a[present], b[present], weights[present]
n, gap = len(a), a - b
mean = np.average(gap, weights=w)
results = {{
    fact_id("mean", first): np.average(a, weights=w),
    fact_id("mean", second): np.average(b, weights=w),
    fact_id("mean_difference", first, second): mean,
    fact_id("cohens_dz", first, second): mean / np.sqrt(n / (n - 1) * np.average((gap - mean) ** 2, weights=w)),
    fact_id("correlation", first, second): (c := np.cov(a, b, aweights=w))[0, 1] / np.sqrt(c[0, 0] * c[1, 1]),
}}
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    return Suggestion(
        0.4,
        {"first": chosen[0].name, "second": chosen[1].name},
        "Compares two measurements of the same rows.",
    )


PROCEDURE = Procedure(
    key="t_test_paired",
    title="Paired t test",
    question="Do two measurements of the same people differ in their mean?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=PairedTParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two numeric columns on the same scale.",),
    tags=("mean", "before after", "repeated"),
)
