"""Kruskal-Wallis test of several groups with Dunn's pairwise comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import group_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import CATEGORICAL, NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.noncentral import noncentral_f_interval
from analysis.logic.stats.rank_tests import dunn, kruskal_wallis, superiority

MAX_GROUPS = 40


class KruskalWallisParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC)
    groups: ColumnName = column("Groups", accepts=CATEGORICAL)
    correction: Correction = option("holm", "Correction of the pairwise tests")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: KruskalWallisParameters, context: RunContext) -> ProcedureOutput:
    data = frame.arrays(numeric=[parameters.outcome], categorical=[parameters.groups], limit=MAX_GROUPS)
    categories, codes = data.categories[parameters.groups], data.codes[parameters.groups]
    sizes = np.bincount(codes, minlength=len(categories))
    kept = [g for g in range(len(categories)) if sizes[g]]
    if len(kept) < 2:
        raise ProcedureError(
            "one_group", f"Column {parameters.groups!r} has fewer than two groups with an outcome.", "/groups"
        )
    if data.n < len(kept) + 1:
        raise too_few_rows(data.n, len(kept) + 1, "a comparison of groups")
    x = data.column(parameters.outcome)
    if np.ptp(x) == 0:
        raise constant_column(parameters.outcome, float(x[0]))
    place = np.full(len(categories), -1)
    place[kept] = np.arange(len(kept))
    codes, groups, n_group = place[codes], [categories[g] for g in kept], sizes[kept].astype(float)
    test, mean_ranks, variance = kruskal_wallis(x, codes, len(kept))
    builder = OutputBuilder(context, n=data.n)
    title, used = frame.column(parameters.outcome).title, [parameters.outcome, parameters.groups]
    epsilon = test.statistic / (data.n - 1)
    # The rank form of F has the usual noncentral interval; epsilon squared is its share of rank variance.
    df2 = data.n - len(kept)
    f = math.inf if epsilon >= 1 else epsilon / (1 - epsilon) * df2 / (len(kept) - 1)
    low, high = noncentral_f_interval(f, len(kept) - 1, df2, parameters.confidence)
    bounds = (min(epsilon, low / (low + data.n)), max(epsilon, high / (high + data.n)))
    builder.fact(
        fact_id("epsilon_squared", *used),
        f"Share of the rank variance of {title} between groups (epsilon squared)",
        epsilon,
        unit="share",
        interval=bounds,
        interval_level=parameters.confidence,
        interval_method="Noncentral F of the ranks",
        statistic=test.statistic,
        df=test.df,
        p=test.p,
        test="Kruskal-Wallis H with tie correction",
        columns=used,
    )
    rows = []
    for g, category in enumerate(groups):
        sample = x[codes == g]
        builder.fact(
            fact_id("median", parameters.outcome, category.value),
            f"Median of {title} in {category.label}",
            np.median(sample),
            n=sample.size,
            columns=used,
        )
        rows.append([category.label, sample.size, np.median(sample), mean_ranks[g]])
    builder.table(
        "groups",
        f"{title} by {frame.column(parameters.groups).title}",
        [
            text_column("group", "Group"),
            integer_column("n", "Rows"),
            number_column("median", "Median"),
            number_column("mean_rank", "Mean rank"),
        ],
        rows,
        row_drills=[group_drill(parameters.groups, c.value, parameters.outcome) for c in groups],
    )
    pairs = dunn(mean_ranks, n_group, variance)
    adjusted = adjust_p_values([p for *_, p in pairs], parameters.correction)
    pair_rows = []
    for done, ((i, j, z, p), p_adjusted) in enumerate(zip(pairs, adjusted, strict=True)):
        context.checkpoint("comparing", done, len(pairs))
        share, low, high = superiority(x[codes == i], x[codes == j], parameters.confidence)
        builder.fact(
            fact_id("superiority", parameters.outcome, groups[i].value, groups[j].value),
            f"Chance that {groups[i].label} exceeds {groups[j].label}",
            share,
            unit="share",
            n=int(n_group[i] + n_group[j]),
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Logit of Brunner-Munzel placements",
            statistic=z,
            p=p,
            adjusted_p=p_adjusted,
            test="Dunn's test",
            columns=used,
        )
        pair_rows.append([groups[i].label, groups[j].label, z, p, p_adjusted, share])
    builder.table(
        "pairs",
        "Pairs of groups (Dunn)",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            number_column("z", "z"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("superiority", "Chance of superiority"),
        ],
        pair_rows,
    )
    builder.chart(
        bars(
            "mean_ranks",
            f"Mean ranks of {title}",
            "Mean rank of each group; a higher bar means higher answers.",
            [{"group": row[0], "rank": row[3]} for row in rows],
            category="group",
            value="rank",
            category_title=frame.column(parameters.groups).title,
            value_title="Mean rank",
        )
    )
    builder.assume(
        "Large enough groups",
        bool(n_group.min() >= 5),
        f"The chi-square approximation wants 5 rows per group; the smallest has {int(n_group.min())}.",
    )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows without outcome or group are left out.", used)
    builder.notices(frame.notices)
    return builder.build(
        method="Kruskal-Wallis H with tie correction; Dunn's z tests of all pairs on the joint ranks.",
        missing_values="Rows without the outcome or the group are left out.",
        references=("Kruskal & Wallis (1952), JASA 47, 583-621", "Dunn (1964), Technometrics 6, 241-252"),
        multiple_testing=CORRECTION_NAMES[parameters.correction],
    )


def script(parameters: KruskalWallisParameters, context: ScriptContext) -> str:
    return f"""
from scipy import stats

outcome, groups = {literal(parameters.outcome)}, {literal(parameters.groups)}
values = pd.Series(number(outcome), index=data.index)
table = pd.DataFrame({{"x": values, "g": data[groups]}}).dropna()
parts = {{level: part["x"].to_numpy() for level, part in table.groupby("g", observed=True)}}
results = {{fact_id("epsilon_squared", outcome, groups): stats.kruskal(*parts.values()).statistic / (len(table) - 1)}}
for level, part in parts.items():
    results[fact_id("median", outcome, level)] = np.median(part)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2:
        return None
    groups = [c for c in chosen if c.measure is Measure.NOMINAL]
    outcomes = [c for c in chosen if c.measure in (Measure.ORDINAL, Measure.SCALE)]
    if len(groups) != 1 or len(outcomes) != 1:
        return None
    return Suggestion(
        0.65 if outcomes[0].measure is Measure.ORDINAL else 0.45,
        {"outcome": outcomes[0].name, "groups": groups[0].name},
        "Compares several groups by ranks, without assuming a shape.",
    )


PROCEDURE = Procedure(
    key="kruskal_wallis",
    title="Kruskal-Wallis test with Dunn's comparisons",
    question="Do several groups differ in how high they answer?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=KruskalWallisParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two to 40 groups.",),
    supports_weights=False,
    tags=("rank", "nonparametric", "Dunn"),
)
