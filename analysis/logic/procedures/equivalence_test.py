"""Two one-sided t tests (TOST): are two means the same for all practical purposes?"""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import chart, field
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import two_groups, two_levels_source
from analysis.logic.output import OutputBuilder, fact_id, number_column, p_column, text_column
from analysis.logic.parameters import CATEGORICAL, NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.location import TTest, normality, t_test, welch
from analysis.logic.stats.moments import column_moments, group_moments


class EquivalenceParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC)
    design: Literal["groups", "paired", "reference"] = option(
        "groups",
        "Design",
        help="groups: two groups of rows; paired: two columns of the same rows; reference: against a fixed value.",
    )
    groups: ColumnName | None = column("Groups", accepts=CATEGORICAL, default=None)
    first_group: str | None = option(None, "First group")
    second_group: str | None = option(None, "Second group")
    second_outcome: ColumnName | None = column("Second measurement", accepts=NUMERIC, default=None)
    reference: float = option(0.0, "Reference value")
    low_bound: float = option(-0.5, "Lowest difference that still counts as equal")
    high_bound: float = option(0.5, "Highest difference that still counts as equal")
    alpha: float = option(0.05, "Significance level", gt=0.0, lt=0.5)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.low_bound >= self.high_bound:
            raise ValueError("low_bound must be below high_bound")
        if self.design == "groups" and self.groups is None:
            raise ValueError("the design 'groups' needs the parameter groups")
        if self.design == "paired" and self.second_outcome is None:
            raise ValueError("the design 'paired' needs the parameter second_outcome")
        return self


def _difference(
    frame: Frame, parameters: EquivalenceParameters, builder_notes: list[str]
) -> tuple[TTest, int, float, str, list[np.ndarray]]:
    """The t test of the difference, rows, weight, its description, and the samples to check for shape."""
    weighted = frame.weight is not None
    if parameters.design == "groups":
        assert parameters.groups is not None
        frame.require_rows()
        categories = frame.categories(parameters.groups)
        i, j = two_groups(categories, parameters.groups, parameters.first_group, parameters.second_group)
        data = frame.arrays(numeric=[parameters.outcome], categorical=[parameters.groups])
        codes = np.full(data.n, -1, dtype=np.int32)
        codes[data.codes[parameters.groups] == i] = 0
        codes[data.codes[parameters.groups] == j] = 1
        m = group_moments(data.x, codes, 2, data.weights if weighted else None)
        if m.n.min() < 2:
            raise too_few_rows(int(m.n.min()), 2, "each group of an equivalence test")
        if not (m.variance > 0).any():
            raise constant_column(parameters.outcome, float(m.mean[0, 0]))
        result = welch(m.mean[:, 0], m.standard_error[:, 0] ** 2, m.n[:, 0])
        if data.dropped:
            builder_notes.append(f"{data.dropped:,} rows without outcome or group are left out.")
        return (
            result,
            int(m.n.sum()),
            float(m.weight.sum()),
            f"{categories[i].label} less {categories[j].label}",
            [data.x[codes == g, 0] for g in (0, 1)],
        )
    names = [parameters.outcome]
    if parameters.design == "paired":
        assert parameters.second_outcome is not None
        if parameters.second_outcome == parameters.outcome:
            raise ProcedureError(
                "duplicate_column", "The two measurements must be different columns.", "/second_outcome"
            )
        names.append(parameters.second_outcome)
    data = frame.arrays(numeric=names)
    if data.n < 2:
        raise too_few_rows(data.n, 2, "an equivalence test")
    gap = data.x[:, 0] - (data.x[:, 1] if len(names) == 2 else parameters.reference)
    m = column_moments(gap[:, None], data.weights if weighted else None)
    if not m.variance[0, 0] > 0:
        raise constant_column(parameters.outcome, float(data.x[0, 0]))
    if data.dropped:
        builder_notes.append(f"{data.dropped:,} rows with a missing value are left out.")
    label = (
        f"{frame.column(names[0]).title} less {frame.column(names[1]).title}"
        if len(names) == 2
        else f"{frame.column(names[0]).title} less {parameters.reference:g}"
    )
    result = t_test(float(m.mean[0, 0]), float(m.standard_error[0, 0]), data.n - 1)
    return result, data.n, float(data.weights.sum()), label, [gap]


def compute(frame: Frame, parameters: EquivalenceParameters, context: RunContext) -> ProcedureOutput:
    notes: list[str] = []
    result, n, weight, label, samples = _difference(frame, parameters, notes)
    builder = OutputBuilder(context, n=n, weighted_n=weight)
    above = t_test(result.difference - parameters.low_bound, result.standard_error, result.df, "greater")
    below = t_test(result.difference - parameters.high_bound, result.standard_error, result.df, "less")
    worst = above if above.p >= below.p else below
    level = 1 - 2 * parameters.alpha
    low, high = result.interval(level)
    equivalent = worst.p < parameters.alpha
    used = [c for c in (parameters.outcome, parameters.groups, parameters.second_outcome) if c]
    builder.fact(
        fact_id("mean_difference", parameters.outcome),
        f"Difference: {label}",
        result.difference,
        interval=(low, high),
        interval_level=level,
        interval_method="t, level 1 - 2 alpha",
        statistic=worst.t,
        df=(worst.df,),
        p=worst.p,
        test="Two one-sided t tests",
        columns=used,
    )
    for key, name, test in (
        ("above_low", "above the low bound", above),
        ("below_high", "below the high bound", below),
    ):
        builder.fact(
            fact_id(key, parameters.outcome),
            f"p that the difference lies {name}",
            test.p,
            statistic=test.t,
            df=(test.df,),
            p=test.p,
            test="One-sided t test",
            columns=used,
        )
    builder.fact(
        fact_id("equivalent", parameters.outcome),
        f"Equivalent within {parameters.low_bound:g} to {parameters.high_bound:g}",
        equivalent,
        columns=used,
    )
    builder.table(
        "tost",
        f"Equivalence: {label}",
        [
            text_column("hypothesis", "Hypothesis"),
            number_column("bound", "Bound"),
            number_column("t", "t"),
            number_column("df", "df"),
            p_column(),
        ],
        [
            ["Difference is above the low bound", parameters.low_bound, above.t, above.df, above.p],
            ["Difference is below the high bound", parameters.high_bound, below.t, below.df, below.p],
            ["Difference is not zero (ordinary t test)", 0.0, result.t, result.df, result.p],
        ],
    )
    builder.chart(
        chart(
            "equivalence",
            f"Equivalence of means: {label}",
            f"The {level:.0%} interval of the difference beside the bounds of practical equality.",
            [
                {
                    "what": label,
                    "difference": result.difference,
                    "low": low,
                    "high": high,
                    "from": parameters.low_bound,
                    "to": parameters.high_bound,
                }
            ],
            {
                "encoding": {"y": field("what", "nominal", "Comparison")},
                "layer": [
                    {
                        "mark": {"type": "bar", "opacity": 0.2},
                        "encoding": {"x": field("from", "quantitative", "Difference"), "x2": {"field": "to"}},
                    },
                    {
                        "mark": {"type": "rule", "strokeWidth": 3},
                        "encoding": {
                            "x": field("low", "quantitative", "Difference"),
                            "x2": {"field": "high"},
                        },
                    },
                    {
                        "mark": {"type": "point", "filled": True, "size": 80},
                        "encoding": {"x": field("difference", "quantitative", "Difference")},
                    },
                ],
            },
        )
    )
    if equivalent:
        sentence = "The difference is small enough to count as none."
    elif result.p < parameters.alpha:
        sentence = "The means differ, and the difference is not shown to be negligible."
    else:
        sentence = "Undecided: neither a difference nor equivalence is shown; a larger sample is needed."
    builder.notice("conclusion", sentence, used)
    for k, sample in enumerate(samples):
        builder.assume(f"Normal mean of sample {k + 1}", *normality(sample))
    builder.assume(
        "Bounds chosen beforehand",
        None,
        "The bounds must come from what matters in practice, not from the data.",
    )
    for note in notes:
        builder.notice("missing", note, used)
    builder.notices(frame.notices)
    return builder.build(
        method="Two one-sided t tests (Welch for two groups); equivalence holds when the interval of level "
        "1 - 2 alpha lies within the bounds.",
        missing_values="Rows with a missing value in a column used are left out.",
        weights="Weighted means with linearised standard errors.",
        references=("Schuirmann (1987), J. Pharmacokinetics and Biopharmaceutics 15, 657-680",),
    )


def script(parameters: EquivalenceParameters, context: ScriptContext) -> str:
    outcome = literal(parameters.outcome)
    if parameters.design == "groups":
        assert parameters.groups is not None
        head = f"""
{two_levels_source(context, parameters.groups, parameters.first_group, parameters.second_group)}
values = number({outcome})
parts, errors, sizes = [], [], []
for level in (first_level, second_level):
    inside = (data[{literal(parameters.groups)}] == level).fillna(False).to_numpy(dtype=bool) & ~np.isnan(values)
    x, w = values[inside], weights[inside]
    parts.append(np.average(x, weights=w))
    errors.append(len(x) / (len(x) - 1) * (w**2 * (x - parts[-1]) ** 2).sum() / w.sum() ** 2)
    sizes.append(len(x) - 1)
difference, se = parts[0] - parts[1], np.sqrt(sum(errors))
df = sum(errors) ** 2 / sum(e**2 / v for e, v in zip(errors, sizes))
"""
    else:
        other = (
            f"number({literal(parameters.second_outcome)})"
            if parameters.design == "paired"
            else literal(parameters.reference)
        )
        head = f"""
gap = number({outcome}) - {other}
present = ~np.isnan(gap)
gap, w = gap[present], weights[present]
difference, df = np.average(gap, weights=w), len(gap) - 1
se = np.sqrt(len(gap) / df * (w**2 * (gap - difference) ** 2).sum() / w.sum() ** 2)
"""
    return f"""
from scipy import stats
{head}
name = {outcome}
above = stats.t.sf((difference - {literal(parameters.low_bound)}) / se, df)
below = stats.t.cdf((difference - {literal(parameters.high_bound)}) / se, df)
results = {{
    fact_id("mean_difference", name): difference,
    fact_id("above_low", name): above,
    fact_id("below_high", name): below,
    fact_id("equivalent", name): bool(max(above, below) < {literal(parameters.alpha)}),
}}
"""


PROCEDURE = Procedure(
    key="equivalence_test",
    title="Equivalence test (TOST)",
    question="Are two means the same for all practical purposes?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=EquivalenceParameters,
    compute=compute,
    script=script,
    requirements=("Bounds within which a difference does not matter.",),
    tags=("TOST", "no difference", "equivalence"),
)
