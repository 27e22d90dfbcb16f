"""Friedman test of several related ratings."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.rank_tests import bootstrap_interval, friedman, friedman_pairs


class FriedmanParameters(Parameters):
    conditions: ColumnNames = columns(
        "Ratings",
        accepts=NUMERIC,
        min_items=3,
        max_items=30,
        help="Columns on one scale, answered by the same rows.",
    )
    correction: Correction = option("holm", "Correction of the pairwise tests")
    replicates: int = option(500, "Bootstrap replicates", ge=100, le=5_000)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: FriedmanParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.conditions)
    data = frame.arrays(numeric=names)
    if data.n < 2:
        raise too_few_rows(data.n, 2, "a Friedman test")
    test, mean_ranks, w = friedman(data.x)
    if math.isnan(test.p):
        raise ProcedureError(
            "constant_difference",
            "Every row gives the same value to all ratings; there is nothing to rank.",
            "/conditions",
        )
    builder = OutputBuilder(context, n=data.n)
    titles = [frame.column(name).title for name in names]
    generator, draws = context.generator(), []
    for done in range(parameters.replicates):
        if done % 50 == 0:
            context.checkpoint("bootstrap", done, parameters.replicates)
        draws.append(friedman(data.x[generator.integers(0, data.n, data.n)])[2])
    low, high = bootstrap_interval(draws, parameters.confidence)
    builder.fact(
        "kendall_w",
        "Kendall's W: agreement on the order of the ratings",
        w,
        interval=(min(low, w), max(high, w)),
        interval_level=parameters.confidence,
        interval_method=f"Percentile bootstrap, {parameters.replicates} replicates",
        statistic=test.statistic,
        df=test.df,
        p=test.p,
        test="Friedman chi-square with tie correction",
        columns=names,
    )
    rows = []
    for k, (name, title) in enumerate(zip(names, titles, strict=True)):
        builder.fact(fact_id("mean_rank", name), f"Mean rank of {title}", mean_ranks[k], columns=[name])
        rows.append([title, data.n, np.median(data.x[:, k]), data.x[:, k].mean(), mean_ranks[k]])
    builder.table(
        "ratings",
        "Ratings by the same rows",
        [
            text_column("rating", "Rating"),
            integer_column("n", "Rows"),
            number_column("median", "Median"),
            number_column("mean", "Mean"),
            number_column("mean_rank", "Mean rank"),
        ],
        rows,
        row_drills=[complete_drill(names)] * len(rows),
    )
    pairs = friedman_pairs(data.x)
    adjusted = adjust_p_values([p for *_, p in pairs], parameters.correction)
    pair_rows = []
    for (i, j, z, p), p_adjusted in zip(pairs, adjusted, strict=True):
        gap = data.x[:, i] - data.x[:, j]
        builder.fact(
            fact_id("rank_difference", names[i], names[j]),
            f"Difference of mean ranks: {titles[i]} less {titles[j]}",
            mean_ranks[i] - mean_ranks[j],
            statistic=z,
            p=p,
            adjusted_p=p_adjusted,
            test="Dunn-type z of mean ranks",
            columns=[names[i], names[j]],
        )
        pair_rows.append(
            [
                titles[i],
                titles[j],
                mean_ranks[i] - mean_ranks[j],
                z,
                p,
                p_adjusted,
                (gap > 0).mean(),
                (gap < 0).mean(),
            ]
        )
    builder.table(
        "pairs",
        "Pairs of ratings",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            number_column("difference", "Difference of mean ranks"),
            number_column("z", "z"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("first_higher", "Share rating the first higher"),
            number_column("second_higher", "Share rating the second higher"),
        ],
        pair_rows,
    )
    builder.chart(
        bars(
            "mean_ranks",
            "Mean ranks of the ratings",
            "Mean rank of each rating within the rows; higher is rated higher.",
            [{"rating": row[0], "rank": row[4]} for row in rows],
            category="rating",
            value="rank",
            category_title="Rating",
            value_title="Mean rank",
        )
    )
    builder.assume(
        "Enough rows",
        data.n > 15 or len(names) > 4,
        f"Chi-square wants more than 15 rows or more than 4 ratings; there are {data.n:,} and {len(names)}.",
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows without all ratings are left out.", names)
    builder.notices(frame.notices)
    return builder.build(
        method="Friedman's chi-square on within-row ranks with tie correction; pairs by z tests of mean ranks.",
        missing_values="Rows that lack any of the ratings are left out.",
        references=(
            "Friedman (1937), JASA 32, 675-701",
            "Kendall & Babington Smith (1939), Ann. Math. Statist. 10, 275-287",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction],
        seed=context.seed,
    )


def script(parameters: FriedmanParameters, context: ScriptContext) -> str:
    return f"""
from scipy import stats

names = {literal(list(parameters.conditions))}
x = np.column_stack([number(name) for name in names])
x = x[~np.isnan(x).any(axis=1)]
results = {{"kendall_w": stats.friedmanchisquare(*x.T).statistic / (len(x) * (len(names) - 1))}}
for name, rank in zip(names, stats.rankdata(x, axis=1).mean(axis=0)):
    results[fact_id("mean_rank", name)] = rank
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure is not Measure.ORDINAL for c in chosen):
        return None
    return Suggestion(
        0.4, {"conditions": [c.name for c in chosen]}, "Compares several ratings of the same rows."
    )


PROCEDURE = Procedure(
    key="friedman",
    title="Friedman test",
    question="Do the same people rate several things differently?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=FriedmanParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least three columns on one scale.",),
    supports_weights=False,
    randomised=True,
    tags=("rank", "repeated", "nonparametric"),
)
