"""One-sample t test: is a mean different from a given value?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column, too_few_rows
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
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.location import normality, t_test
from analysis.logic.stats.moments import column_moments
from analysis.logic.stats.noncentral import d_interval


class OneSampleTParameters(Parameters):
    outcomes: ColumnNames = columns("Outcomes", accepts=NUMERIC, max_items=50)
    reference: float = option(0.0, "Reference value", help="The mean is compared with this value.")
    alternative: Literal["two-sided", "greater", "less"] = option("two-sided", "Alternative")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: OneSampleTParameters, context: RunContext) -> ProcedureOutput:
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    rows, drills, points = [], [], []
    for done, name in enumerate(parameters.outcomes):
        context.checkpoint("testing", done, len(parameters.outcomes))
        meta = frame.column(name)
        data = frame.arrays(numeric=[name])
        x, weights = data.column(name), data.weights
        if data.n < 2:
            raise too_few_rows(data.n, 2, "a t test")
        moments = column_moments(data.x, None if frame.weight is None else weights)
        spread = float(moments.variance[0, 0])
        if not spread > 0:
            raise constant_column(name, float(x[0]))
        mean = float(moments.mean[0, 0])
        result = t_test(
            mean - parameters.reference,
            float(moments.standard_error[0, 0]),
            data.n - 1,
            parameters.alternative,
        )
        low, high = (bound + parameters.reference for bound in result.interval(parameters.confidence))
        d = result.difference / math.sqrt(spread)
        d_low, d_high = d_interval(d, float(moments.effective_n[0, 0]), None, parameters.confidence)
        builder.fact(
            fact_id("mean", name),
            f"Mean of {meta.title}",
            mean,
            n=data.n,
            weighted_n=weights.sum(),
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Student's t",
            statistic=result.t,
            df=(result.df,),
            p=result.p,
            test=f"One-sample t test against {parameters.reference:g} ({parameters.alternative})",
            columns=[name],
        )
        builder.fact(
            fact_id("cohens_d", name),
            f"Cohen's d of {meta.title} against {parameters.reference:g}",
            d,
            unit="standard deviations",
            n=data.n,
            interval=(d_low, d_high),
            interval_level=parameters.confidence,
            interval_method="Noncentral t",
            columns=[name],
        )
        rows.append(
            [meta.title, data.n, mean, math.sqrt(spread), low, high, result.t, result.df, result.p, d]
        )
        drills.append(complete_drill([name]))
        points.append({"outcome": meta.title, "mean": mean, "low": low, "high": high})
        builder.assume(f"Normal mean of {meta.title}", *normality(x))
        if data.dropped:
            builder.notice("missing", f"{data.dropped:,} rows without {name!r} are left out.", [name])
    builder.table(
        "one_sample_t",
        f"Means against {parameters.reference:g}",
        [
            text_column("outcome", "Outcome"),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("sd", "Standard deviation"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("t", "t"),
            number_column("df", "df"),
            p_column(),
            number_column("d", "Cohen's d"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "means",
            "Means with intervals",
            f"Mean of each outcome with its interval and the reference {parameters.reference:g}.",
            points,
            category="outcome",
            value="mean",
            low="low",
            high="high",
            category_title="Outcome",
            value_title="Mean",
            reference=parameters.reference,
        )
    )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    builder.notices(frame.notices)
    return builder.build(
        method="Student's one-sample t test; Cohen's d with the interval of the noncentral t distribution.",
        missing_values="Rows without the outcome are left out, outcome by outcome.",
        weights="Weighted mean with its linearised (with-replacement) standard error on n - 1 degrees of freedom.",
        references=(
            "Student (1908), Biometrika 6, 1-25",
            "Steiger & Fouladi (1997), What If There Were No Significance Tests?",
        ),
        multiple_testing="Each outcome is one test; p-values are not corrected."
        if len(parameters.outcomes) > 1
        else "",
    )


def script(parameters: OneSampleTParameters, context: ScriptContext) -> str:
    return f"""
results = {{}}
for name in {literal(list(parameters.outcomes))}:
    values = number(name)
    present = ~np.isnan(values)
    values, w = values[present], weights[present]
    n, mean = len(values), np.average(values, weights=w)
    sd = np.sqrt(n / (n - 1) * np.average((values - mean) ** 2, weights=w))
    results[fact_id("mean", name)] = mean
    results[fact_id("cohens_d", name)] = (mean - {literal(parameters.reference)}) / sd
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not chosen or any(c.measure is not Measure.SCALE for c in chosen):
        return None
    return Suggestion(0.3, {"outcomes": [c.name for c in chosen]}, "Compares a mean with a target value.")


PROCEDURE = Procedure(
    key="t_test_one_sample",
    title="One-sample t test",
    question="Does the mean differ from a given value?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=OneSampleTParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two rows with different values.",),
    tags=("mean", "benchmark"),
)
