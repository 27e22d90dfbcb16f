"""Means of measures in the groups of a column, with significance letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import (
    CellType,
    ColumnMeta,
    Measure,
    ProcedureFamily,
    ProcedureOutput,
    Suggestion,
    TableColumn,
)
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import no_rows
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, equals, fact_id, text_column
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
from analysis.logic.procedures.segments import t_interval
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES
from analysis.logic.stats.contingency import column_letters, mean_letters
from analysis.logic.stats.moments import Moments, group_moments

MAX_GROUPS = 52


class ColumnMeansParameters(Parameters):
    measures: ColumnNames = columns(
        "Measures", accepts=NUMERIC, max_items=100, help="One row is made for each."
    )
    groups: ColumnName = column("Groups", accepts=CATEGORICAL, help="One column is made per group.")
    correction: Literal["none", "bonferroni", "holm", "bh"] = option(
        "bonferroni", "Correction for multiple testing"
    )
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: ColumnMeansParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    groups = frame.categories(parameters.groups, MAX_GROUPS)
    if not groups:
        raise no_rows(f"{parameters.groups!r} has no value")
    moments, overall, ungrouped = _collect(frame, parameters, len(groups))
    builder = OutputBuilder(context, n=frame.n - ungrouped, weighted_n=sum(g.weighted_n for g in groups))
    titles = [frame.column(name).title for name in parameters.measures]
    group_title = frame.column(parameters.groups).title
    large_enough = context.suppress_below <= moments.n.T
    variances = np.where(large_enough, np.square(moments.standard_error.T), np.nan)
    letters = mean_letters(
        moments.mean.T, variances, parameters.alpha, parameters.correction, moments.n.T - 1
    )
    for i, measure in enumerate(parameters.measures):
        points = []
        for g, group in enumerate(groups):
            mean, error, n = moments.mean[g, i], moments.standard_error[g, i], int(moments.n[g, i])
            low, high = t_interval(mean, error, n - 1, parameters.confidence)
            builder.fact(
                fact_id("mean", measure, group.value),
                f"Mean of {titles[i]} in {group.label}",
                mean if n else None,
                n=n,
                weighted_n=moments.weight[g, i],
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="t",
                columns=[measure, parameters.groups],
            )
            if n >= context.suppress_below:
                points.append({"group": group.label, "mean": mean, "low": low, "high": high})
        if points and i < 12:
            builder.chart(
                intervals(
                    fact_id("mean", measure),
                    f"{titles[i]} by {group_title}",
                    f"Mean of {titles[i]} in each group of {group_title} with its interval.",
                    points,
                    category="group",
                    value="mean",
                    low="low",
                    high="high",
                    category_title=group_title,
                    value_title=f"Mean of {titles[i]}",
                )
            )
    marks = column_letters(len(groups))
    drills = [{"column": name, "op": "not_missing"} for name in parameters.measures]

    def header(kind: CellType) -> list[TableColumn]:
        return [
            text_column("measure", "Measure"),
            *(
                TableColumn(
                    f"g{g}",
                    f"{group.label} ({marks[g]})",
                    kind,
                    group=group_title,
                    drill=equals(parameters.groups, group.value),
                )
                for g, group in enumerate(groups)
            ),
        ]

    hidden = moments.n < context.suppress_below
    in_a_group = {"column": parameters.groups, "op": "not_missing"}
    builder.table(
        "means",
        f"Means by {group_title}",
        [*header(CellType.NUMBER), TableColumn("total", "Total", CellType.NUMBER, drill=in_a_group)],
        [
            [
                title,
                *(None if hidden[g, i] else moments.mean[g, i] for g in range(len(groups))),
                overall.mean[0, i],
            ]
            for i, title in enumerate(titles)
        ],
        row_drills=drills,
    )
    builder.table(
        "letters",
        "Significant differences between groups",
        header(CellType.TEXT),
        [[title, *letters[i]] for i, title in enumerate(titles)],
        row_drills=drills,
        notes=[
            f"A letter: the mean is higher than in that group (p < {parameters.alpha:g}, {parameters.correction})."
        ],
    )
    builder.table(
        "std",
        "Standard deviations",
        header(CellType.NUMBER),
        [
            [title, *(None if hidden[g, i] else moments.std[g, i] for g in range(len(groups)))]
            for i, title in enumerate(titles)
        ],
        row_drills=drills,
    )
    builder.table(
        "bases",
        "Rows",
        header(CellType.INTEGER),
        [[title, *(int(moments.n[g, i]) for g in range(len(groups)))] for i, title in enumerate(titles)],
        row_drills=drills,
    )
    if ungrouped:
        builder.notice(
            "missing_left_out", f"{ungrouped:,} rows without a group are left out.", [parameters.groups]
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Means per group over all rows; pairs of groups compared by Welch's t test (unequal variances).",
        missing_values="Each measure uses the rows where it is present; rows without a group are left out.",
        weights="Means are weighted; tests use the linearised standard error.",
        multiple_testing=f"{CORRECTION_NAMES[parameters.correction]} Family: all pairs of groups within a measure.",
        references=("Welch (1947), Biometrika 34, 28-35",),
    )


def _collect(frame: Frame, parameters: ColumnMeansParameters, groups: int) -> tuple[Moments, Moments, int]:
    total, overall = (
        Moments.empty(groups, len(parameters.measures)),
        Moments.empty(1, len(parameters.measures)),
    )
    ungrouped = 0
    for chunk in frame.chunks(parameters.measures, [parameters.groups], stage="averaging"):
        codes = chunk.codes[:, 0]
        weights = None if frame.weight is None else chunk.weights
        total = total.merge(group_moments(chunk.x, codes, groups, weights))
        overall = overall.merge(group_moments(chunk.x, np.minimum(codes, 0), 1, weights))
        ungrouped += int((codes < 0).sum())
    return total, overall, ungrouped


def script(parameters: ColumnMeansParameters, context: ScriptContext) -> str:
    return f"""
groups = {literal(parameters.groups)}
results = {{}}
for measure in {literal(list(parameters.measures))}:
    values = number(measure)
    used = np.isfinite(values) & data[groups].notna().to_numpy()
    key = data.loc[used, groups].to_numpy()
    weight = pd.Series(weights[used]).groupby(key).sum()
    for group, mean in (pd.Series((weights * values)[used]).groupby(key).sum() / weight).items():
        results[fact_id("mean", measure, group)] = mean
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    groups = [c for c in chosen if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    measures = [c.name for c in chosen if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    if len(groups) != 1 or not measures or len(measures) + 1 != len(chosen):
        return None
    return Suggestion(
        0.88,
        {"measures": measures, "groups": groups[0].name},
        "Means of measures can be compared between groups.",
    )


PROCEDURE = Procedure(
    key="column_means",
    title="Column means with letters",
    question="In which groups are the means higher?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=ColumnMeansParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A grouping column with at most 52 groups.", "At least one numeric column."),
    tags=("mean", "welch", "significance letters"),
)
