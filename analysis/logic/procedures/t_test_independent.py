"""Two-sample t test (Welch or Student) of one or more outcomes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import group_drill, two_groups, two_levels_source
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    p_column,
    text_column,
)
from analysis.logic.parameters import (
    CATEGORICAL,
    NUMERIC,
    ColumnName,
    ColumnNames,
    Parameters,
    column,
    columns,
    option,
)
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.location import brown_forsythe, normality, student, t_test, welch
from analysis.logic.stats.moments import group_moments
from analysis.logic.stats.noncentral import d_interval


class IndependentTParameters(Parameters):
    outcomes: ColumnNames = columns("Outcomes", accepts=NUMERIC, max_items=50)
    groups: ColumnName = column("Groups", accepts=CATEGORICAL)
    first_group: str | None = option(
        None, "First group", help="A stored value; needed with more than two groups."
    )
    second_group: str | None = option(
        None, "Second group", help="A stored value; needed with more than two groups."
    )
    variances: Literal["unequal", "equal"] = option(
        "unequal", "Variances", help="unequal: Welch's test, safe in general. equal: Student's pooled test."
    )
    alternative: Literal["two-sided", "greater", "less"] = option("two-sided", "Alternative")
    correction: Correction = option("none", "Correction over outcomes")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: IndependentTParameters, context: RunContext) -> ProcedureOutput:
    if frame.weight is not None and parameters.variances == "equal":
        raise ProcedureError(
            "weights_not_supported",
            "The pooled t test is not defined with survey weights; choose unequal variances.",
            "/variances",
        )
    frame.require_rows()
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    categories = frame.categories(parameters.groups)
    i, j = two_groups(categories, parameters.groups, parameters.first_group, parameters.second_group)
    pair = [categories[i], categories[j]]
    name_of_test = "Student's t test" if parameters.variances == "equal" else "Welch's t test"
    found, group_rows, drills, points = [], [], [], []
    for done, name in enumerate(parameters.outcomes):
        context.checkpoint("testing", done, len(parameters.outcomes))
        title = frame.column(name).title
        data = frame.arrays(numeric=[name], categorical=[parameters.groups])
        codes = np.full(data.n, -1, dtype=np.int32)
        codes[data.codes[parameters.groups] == i] = 0
        codes[data.codes[parameters.groups] == j] = 1
        m = group_moments(data.x, codes, 2, None if frame.weight is None else data.weights)
        n, mean, variance = m.n[:, 0], m.mean[:, 0], m.variance[:, 0]
        if n.min() < 2:
            raise too_few_rows(int(n.min()), 2, f"each group of a t test of {name!r}")
        if not (variance > 0).any():
            raise constant_column(name, float(mean[0]))
        error = m.standard_error[:, 0]
        result = (
            student(mean, variance, n, parameters.alternative)
            if parameters.variances == "equal"
            else welch(mean, error**2, n, parameters.alternative)
        )
        pooled = math.sqrt(float(((n - 1) * variance).sum() / (n.sum() - 2)))
        d = result.difference / pooled
        base = m.effective_n[:, 0]
        correction = 1 - 3 / (4 * (n.sum() - 2) - 1)
        found.append(
            (
                name,
                title,
                result,
                d,
                d_interval(d, base[0], base[1], parameters.confidence),
                correction,
                n,
                mean,
            )
        )
        for g in (0, 1):
            own = t_test(float(mean[g]), float(error[g]), float(n[g] - 1)) if error[g] > 0 else None
            low, high = own.interval(parameters.confidence) if own else (float(mean[g]), float(mean[g]))
            builder.fact(
                fact_id("mean", name, pair[g].value),
                f"Mean of {title} in {pair[g].label}",
                mean[g],
                n=int(n[g]),
                weighted_n=m.weight[g, 0],
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Student's t",
                columns=[name, parameters.groups],
            )
            group_rows.append([title, pair[g].label, int(n[g]), mean[g], math.sqrt(variance[g]), low, high])
            drills.append(group_drill(parameters.groups, pair[g].value, name))
        if frame.weight is None:
            kept = codes >= 0
            levene = brown_forsythe(data.x[kept, 0], codes[kept], 2)
            builder.assume(
                f"Equal variances of {title}",
                None if math.isnan(levene.p) else levene.p >= 0.05,
                f"Brown-Forsythe F({levene.df1:.0f}, {levene.df2:.0f}) = {levene.f:.3f}, p = {levene.p:.3g}. "
                + (
                    "Welch's test does not need it."
                    if parameters.variances == "unequal"
                    else "Student's test needs it."
                ),
            )
            for g in (0, 1):
                builder.assume(
                    f"Normal mean of {title} in {pair[g].label}", *normality(data.x[codes == g, 0])
                )
        if data.dropped:
            builder.notice(
                "missing", f"{data.dropped:,} rows without {name!r} or group are left out.", [name]
            )
    adjusted = adjust_p_values([item[2].p for item in found], parameters.correction)
    rows = []
    for (name, title, result, d, d_limits, shrink, n, mean), p_adjusted in zip(found, adjusted, strict=True):
        low, high = result.interval(parameters.confidence)
        builder.fact(
            fact_id("mean_difference", name),
            f"Difference of the means of {title}: {pair[0].label} less {pair[1].label}",
            result.difference,
            n=int(n.sum()),
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method=name_of_test,
            statistic=result.t,
            df=(result.df,),
            p=result.p,
            adjusted_p=p_adjusted if parameters.correction != "none" else None,
            test=f"{name_of_test} ({parameters.alternative})",
            columns=[name, parameters.groups],
        )
        for key, label, factor in (("cohens_d", "Cohen's d", 1.0), ("hedges_g", "Hedges' g", shrink)):
            builder.fact(
                fact_id(key, name),
                f"{label} of {title}",
                d * factor,
                unit="standard deviations",
                n=int(n.sum()),
                interval=(d_limits[0] * factor, d_limits[1] * factor),
                interval_level=parameters.confidence,
                interval_method="Noncentral t",
                columns=[name, parameters.groups],
            )
        rows.append(
            [
                title,
                mean[0],
                mean[1],
                result.difference,
                low,
                high,
                result.t,
                result.df,
                result.p,
                p_adjusted,
                d,
            ]
        )
        points.append({"outcome": title, "difference": result.difference, "low": low, "high": high})
    builder.table(
        "t_test",
        f"{pair[0].label} against {pair[1].label}",
        [
            text_column("outcome", "Outcome"),
            number_column("first", f"Mean, {pair[0].label}"),
            number_column("second", f"Mean, {pair[1].label}"),
            number_column("difference", "Difference"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("t", "t"),
            number_column("df", "df"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("d", "Cohen's d"),
        ],
        rows,
    )
    builder.table(
        "groups",
        "Groups",
        [
            text_column("outcome", "Outcome"),
            text_column("group", frame.column(parameters.groups).title),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("sd", "Standard deviation"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        group_rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "differences",
            f"Differences of means: {pair[0].label} less {pair[1].label}",
            "Difference of the two groups' means for each outcome with its interval; zero means no difference.",
            points,
            category="outcome",
            value="difference",
            low="low",
            high="high",
            category_title="Outcome",
            value_title="Difference of means",
            reference=0.0,
        )
    )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"{name_of_test}; Cohen's d on the pooled standard deviation with the interval of the noncentral t "
        "distribution, Hedges' g with its small-sample factor.",
        missing_values="Rows without the outcome or the group are left out, outcome by outcome.",
        weights="Weighted means with linearised standard errors; effect-size intervals use Kish's effective bases.",
        references=(
            "Welch (1947), Biometrika 34, 28-35",
            "Hedges (1981), J. Educational Statistics 6, 107-128",
            "Brown & Forsythe (1974), JASA 69, 364-367",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction] if len(found) > 1 else "",
    )


def script(parameters: IndependentTParameters, context: ScriptContext) -> str:
    return f"""
from scipy import stats

groups = {literal(parameters.groups)}
{two_levels_source(context, parameters.groups, parameters.first_group, parameters.second_group)}
results = {{}}
for name in {literal(list(parameters.outcomes))}:
    values = number(name)
    parts, bases = [], []
    for level in (first_level, second_level):
        inside = (data[groups] == level).fillna(False).to_numpy(dtype=bool) & ~np.isnan(values)
        parts.append(values[inside])
        bases.append(weights[inside])
        results[fact_id("mean", name, level)] = np.average(parts[-1], weights=bases[-1])
    if WEIGHT is None:
        test = stats.ttest_ind(*parts, equal_var={literal(parameters.variances == "equal")})
        limits = test.confidence_interval(0.95)
        results[fact_id("mean_difference", name)] = (limits.low + limits.high) / 2
        pooled = np.sqrt(sum((len(v) - 1) * v.var(ddof=1) for v in parts) / (len(parts[0]) + len(parts[1]) - 2))
        results[fact_id("cohens_d", name)] = (parts[0].mean() - parts[1].mean()) / pooled
    else:
        results[fact_id("mean_difference", name)] = np.subtract(
            *[np.average(v, weights=w) for v, w in zip(parts, bases)])
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    groups = [c for c in chosen if c.measure in (Measure.BINARY, Measure.NOMINAL)]
    outcomes = [c for c in chosen if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    if len(groups) != 1 or not outcomes or len(groups) + len(outcomes) != len(chosen):
        return None
    two = groups[0].measure is Measure.BINARY or len(groups[0].value_labels) == 2
    return Suggestion(
        0.8 if two else 0.4,
        {"outcomes": [c.name for c in outcomes], "groups": groups[0].name},
        "Compares the means of two groups.",
    )


PROCEDURE = Procedure(
    key="t_test_independent",
    title="Two-sample t test (Welch, Student)",
    question="Do two groups differ in their mean?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=IndependentTParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A grouping column and at least two rows per group.",),
    tags=("mean", "difference", "Welch", "Student"),
)
