"""One-way analysis of variance: classical or Welch, with Tukey-Kramer or Games-Howell comparisons."""

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
from analysis.logic.groups import group_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import CATEGORICAL, NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.location import (
    brown_forsythe,
    games_howell,
    normality,
    one_way,
    t_test,
    tukey_kramer,
    welch_anova,
)
from analysis.logic.stats.moments import group_moments
from analysis.logic.stats.noncentral import eta_squared_interval

MAX_GROUPS = 25


class OneWayAnovaParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC)
    groups: ColumnName = column("Groups", accepts=CATEGORICAL)
    variances: Literal["unequal", "equal"] = option(
        "unequal",
        "Variances",
        help="unequal: Welch's test with Games-Howell pairs. equal: the classical F with Tukey-Kramer pairs.",
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: OneWayAnovaParameters, context: RunContext) -> ProcedureOutput:
    weighted, equal = frame.weight is not None, parameters.variances == "equal"
    if weighted and equal:
        raise ProcedureError(
            "weights_not_supported",
            "The classical F test is not defined with survey weights; choose unequal variances (Welch).",
            "/variances",
        )
    data = frame.arrays(numeric=[parameters.outcome], categorical=[parameters.groups], limit=MAX_GROUPS)
    x, codes = data.column(parameters.outcome), data.codes[parameters.groups]
    all_groups = data.categories[parameters.groups]
    sizes = np.bincount(codes, minlength=len(all_groups))
    kept = np.flatnonzero(sizes)
    if kept.size < 2:
        raise ProcedureError(
            "one_group", f"Column {parameters.groups!r} has fewer than two groups with an outcome.", "/groups"
        )
    if sizes[kept].min() < 2 and not equal:
        raise too_few_rows(int(sizes[kept].min()), 2, "each group of Welch's analysis of variance")
    if data.n <= kept.size:
        raise too_few_rows(data.n, int(kept.size) + 1, f"an analysis of variance of {kept.size} groups")
    place = np.full(len(all_groups), -1)
    place[kept] = np.arange(kept.size)
    codes, groups = place[codes], [all_groups[g] for g in kept]
    m = group_moments(x[:, None], codes, kept.size, data.weights if weighted else None)
    n, mean, within = m.n[:, 0], m.mean[:, 0], m.m2[:, 0]
    if within.sum() <= 0:
        raise (
            constant_column(parameters.outcome, float(x[0]))
            if np.ptp(x) == 0
            else ProcedureError(
                "no_spread_within_groups",
                f"{parameters.outcome!r} does not vary within any group.",
                "/outcome",
            )
        )
    error = m.standard_error[:, 0]
    if not equal and not (error > 0).all():
        flat = [groups[g].label for g in np.flatnonzero(~(error > 0))]
        raise ProcedureError(
            "constant_group",
            f"{parameters.outcome!r} does not vary in {flat[0]!r}; Welch's test needs spread in every group. "
            "Choose equal variances or leave the group out.",
            "/groups",
            {"groups": flat},
        )
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    title, used = frame.column(parameters.outcome).title, [parameters.outcome, parameters.groups]
    base = m.weight[:, 0] * (data.n / m.weight.sum())  # weights scaled to the number of rows
    spread = within * (data.n / m.weight.sum())
    classical, between, inside = one_way(base, mean, spread)
    test = classical if equal else welch_anova(n, mean, error**2)
    eta = between / (between + inside)
    mean_square = inside / (data.n - kept.size)
    omega = (between - (kept.size - 1) * mean_square) / (between + inside + mean_square)
    low, high = eta_squared_interval(classical.f, classical.df1, classical.df2, parameters.confidence)
    builder.fact(
        fact_id("eta_squared", *used),
        f"Share of the variance of {title} between groups (eta squared)",
        eta,
        unit="share",
        interval=(min(low, eta), max(high, eta)),
        interval_level=parameters.confidence,
        interval_method="Noncentral F",
        statistic=test.f,
        df=(test.df1, test.df2),
        p=test.p,
        test="One-way analysis of variance" if equal else "Welch's analysis of variance",
        columns=used,
    )
    builder.fact(
        fact_id("omega_squared", *used),
        "Omega squared (bias-corrected)",
        max(0.0, omega),
        unit="share",
        columns=used,
    )
    rows, points = [], []
    for g, category in enumerate(groups):
        own = t_test(float(mean[g]), float(error[g]), float(n[g] - 1)) if n[g] > 1 and error[g] > 0 else None
        bounds = own.interval(parameters.confidence) if own else (math.nan, math.nan)
        builder.fact(
            fact_id("mean", parameters.outcome, category.value),
            f"Mean of {title} in {category.label}",
            mean[g],
            n=int(n[g]),
            weighted_n=m.weight[g, 0],
            interval=bounds,
            interval_level=parameters.confidence,
            interval_method="Student's t",
            columns=used,
        )
        rows.append(
            [category.label, int(n[g]), mean[g], math.sqrt(m.variance[g, 0]) if n[g] > 1 else None, *bounds]
        )
        points.append({"group": category.label, "mean": mean[g], "low": bounds[0], "high": bounds[1]})
    builder.table(
        "groups",
        f"{title} by {frame.column(parameters.groups).title}",
        [
            text_column("group", "Group"),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("sd", "Standard deviation"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
        row_drills=[group_drill(parameters.groups, c.value, parameters.outcome) for c in groups],
    )
    if equal:
        builder.table(
            "anova",
            "Analysis of variance",
            [
                text_column("source", "Source"),
                number_column("ss", "Sum of squares"),
                number_column("df", "df"),
                number_column("ms", "Mean square"),
                number_column("f", "F"),
                p_column(),
            ],
            [
                ["Between groups", between, test.df1, between / test.df1, test.f, test.p],
                ["Within groups", inside, test.df2, mean_square, None, None],
                ["Total", between + inside, data.n - 1, None, None, None],
            ],
        )
    context.checkpoint("comparing pairs", 0, 1)
    pairs = (
        tukey_kramer(n, mean, mean_square, test.df2, parameters.confidence)
        if equal
        else games_howell(n, mean, error**2, parameters.confidence)
    )
    method = "Tukey-Kramer" if equal else "Games-Howell"
    pair_rows = []
    for pair in pairs:
        a, b = groups[pair.i], groups[pair.j]
        builder.fact(
            fact_id("mean_difference", parameters.outcome, a.value, b.value),
            f"Difference of means of {title}: {a.label} less {b.label}",
            pair.difference,
            n=int(n[pair.i] + n[pair.j]),
            interval=(pair.low, pair.high),
            interval_level=parameters.confidence,
            interval_method=f"{method}, simultaneous",
            df=(pair.df,),
            adjusted_p=pair.p,
            test=method,
            columns=used,
        )
        pair_rows.append(
            [
                a.label,
                b.label,
                pair.difference,
                pair.low,
                pair.high,
                pair.p,
                pair.difference / math.sqrt(mean_square),
            ]
        )
    builder.table(
        "pairs",
        f"Pairs of groups ({method})",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            number_column("difference", "Difference"),
            number_column("low", "Low"),
            number_column("high", "High"),
            p_column("adjusted_p", "Adjusted p"),
            number_column("d", "Cohen's d"),
        ],
        pair_rows,
    )
    builder.chart(
        intervals(
            "means",
            f"Means of {title}",
            "Mean of each group with its interval.",
            points,
            category="group",
            value="mean",
            low="low",
            high="high",
            category_title=frame.column(parameters.groups).title,
            value_title=f"Mean of {title}",
        )
    )
    if not weighted:
        levene = brown_forsythe(x, codes, kept.size)
        builder.assume(
            "Equal variances",
            None if math.isnan(levene.p) else levene.p >= 0.05,
            f"Brown-Forsythe F({levene.df1:.0f}, {levene.df2:.0f}) = {levene.f:.3f}, p = {levene.p:.3g}. "
            f"{'The classical F needs it.' if equal else 'Welch does not need it.'}",
        )
        builder.assume("Normal means", *normality(x - mean[codes]))
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows without outcome or group are left out.", used)
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Classical one-way F on corrected two-pass sums of squares, Tukey-Kramer comparisons."
            if equal
            else "Welch's F for unequal variances, Games-Howell comparisons."
        ),
        missing_values="Rows without the outcome or the group are left out.",
        weights="Group means are weighted; their linearised standard errors enter Welch's F. Eta squared uses weights "
        "scaled to the number of rows.",
        references=(
            "Welch (1951), Biometrika 38, 330-336",
            "Games & Howell (1976), J. Educational Statistics 1, 113-125",
            "Kramer (1956), Biometrics 12, 307-310",
        ),
        multiple_testing=f"{method}: simultaneous over all pairs.",
    )


def script(parameters: OneWayAnovaParameters, context: ScriptContext) -> str:
    return f"""
outcome, groups = {literal(parameters.outcome)}, {literal(parameters.groups)}
table = pd.DataFrame({{"x": number(outcome), "g": data[groups].to_numpy(), "w": weights}}).dropna()
scale = len(table) / table["w"].sum()
results, between, within, centre = {{}}, 0.0, 0.0, np.average(table["x"], weights=table["w"])
for level, part in table.groupby("g"):
    mean = np.average(part["x"], weights=part["w"])
    results[fact_id("mean", outcome, level)] = mean
    between += scale * part["w"].sum() * (mean - centre) ** 2
    within += scale * (part["w"] * (part["x"] - mean) ** 2).sum()
results[fact_id("eta_squared", outcome, groups)] = between / (between + within)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2:
        return None
    groups = [c for c in chosen if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    outcomes = [c for c in chosen if c.measure in (Measure.ORDINAL, Measure.SCALE)]
    if len(groups) != 1 or len(outcomes) != 1:
        return None
    many = groups[0].measure is Measure.NOMINAL and len(groups[0].value_labels) != 2
    return Suggestion(
        0.75 if many else 0.3,
        {"outcome": outcomes[0].name, "groups": groups[0].name},
        "Compares the means of several groups.",
    )


PROCEDURE = Procedure(
    key="one_way_anova",
    title="One-way ANOVA (Welch, classical) with pairwise comparisons",
    question="Do several groups differ in their mean?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=OneWayAnovaParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two to 25 groups.",),
    tags=("ANOVA", "Welch", "Tukey", "Games-Howell", "mean"),
)
