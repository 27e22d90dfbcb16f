"""Mann-Whitney U test of two independent groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import group_drill, two_groups, two_levels_source
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
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
from analysis.logic.stats.rank_tests import hodges_lehmann, mann_whitney, superiority


class MannWhitneyParameters(Parameters):
    outcomes: ColumnNames = columns("Outcomes", accepts=NUMERIC, max_items=50)
    groups: ColumnName = column("Groups", accepts=CATEGORICAL)
    first_group: str | None = option(
        None, "First group", help="A stored value; needed with more than two groups."
    )
    second_group: str | None = option(
        None, "Second group", help="A stored value; needed with more than two groups."
    )
    alternative: Literal["two-sided", "greater", "less"] = option("two-sided", "Alternative")
    correction: Correction = option("none", "Correction over outcomes")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: MannWhitneyParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    builder = OutputBuilder(context, n=frame.n)
    categories = frame.categories(parameters.groups)
    i, j = two_groups(categories, parameters.groups, parameters.first_group, parameters.second_group)
    pair = [categories[i], categories[j]]
    tests, samples = [], []
    for done, name in enumerate(parameters.outcomes):
        context.checkpoint("ranking", done, len(parameters.outcomes))
        data = frame.arrays(numeric=[name], categorical=[parameters.groups])
        codes, x = data.codes[parameters.groups], data.column(name)
        a, b = x[codes == i], x[codes == j]
        if min(a.size, b.size) < 2:
            raise too_few_rows(int(min(a.size, b.size)), 2, f"each group of a rank test of {name!r}")
        if np.ptp(np.concatenate([a, b])) == 0:
            raise constant_column(name, float(a[0]))
        samples.append((a, b))
        tests.append(mann_whitney(a, b, parameters.alternative))
        if data.dropped:
            builder.notice(
                "missing", f"{data.dropped:,} rows without {name!r} or group are left out.", [name]
            )
    adjusted = adjust_p_values([t.p for t in tests], parameters.correction)
    rows, drills, points = [], [], []
    for name, (a, b), test, p_adjusted in zip(parameters.outcomes, samples, tests, adjusted, strict=True):
        title, n = frame.column(name).title, a.size + b.size
        share, low, high = superiority(a, b, parameters.confidence)
        shift = hodges_lehmann(a, b, parameters.confidence)
        used = [name, parameters.groups]
        builder.fact(
            fact_id("superiority", name),
            f"Chance that a row of {pair[0].label} exceeds one of {pair[1].label} in {title}",
            share,
            unit="share",
            n=n,
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Logit of Brunner-Munzel placements",
            statistic=test.statistic,
            p=test.p,
            adjusted_p=p_adjusted if parameters.correction != "none" else None,
            test=f"Mann-Whitney U, {'exact' if test.exact else 'normal approximation'} ({parameters.alternative})",
            columns=used,
        )
        builder.fact(
            fact_id("rank_biserial", name),
            f"Rank-biserial correlation of {title}",
            2 * share - 1,
            n=n,
            interval=(2 * low - 1, 2 * high - 1),
            interval_level=parameters.confidence,
            interval_method="From the chance of superiority",
            columns=used,
        )
        if np.isfinite(shift[0]):
            builder.fact(
                fact_id("location_shift", name),
                f"Median difference of {title} (Hodges-Lehmann)",
                shift[0],
                n=n,
                interval=shift[1:],
                interval_level=parameters.confidence,
                interval_method="Ordered differences, normal quantile",
                columns=used,
            )
        for g, sample in zip(pair, (a, b), strict=True):
            builder.fact(
                fact_id("median", name, g.value),
                f"Median of {title} in {g.label}",
                np.median(sample),
                n=sample.size,
                columns=used,
            )
            rows.append(
                [
                    title,
                    g.label,
                    sample.size,
                    np.median(sample),
                    sample.mean(),
                    test.statistic,
                    test.p,
                    p_adjusted,
                    share,
                ]
            )
            drills.append(group_drill(parameters.groups, g.value, name))
        points.append({"outcome": title, "share": share, "low": low, "high": high})
    builder.table(
        "mann_whitney",
        f"{pair[0].label} against {pair[1].label}",
        [
            text_column("outcome", "Outcome"),
            text_column("group", "Group"),
            integer_column("n", "Rows"),
            number_column("median", "Median"),
            number_column("mean", "Mean"),
            number_column("u", "U of the first group"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("superiority", "Chance of superiority"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "superiority",
            f"How often {pair[0].label} exceeds {pair[1].label}",
            "Chance that a row of the first group exceeds one of the second; one half means no difference.",
            points,
            category="outcome",
            value="share",
            low="low",
            high="high",
            category_title="Outcome",
            value_title="Chance of superiority",
            reference=0.5,
        )
    )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    builder.assume(
        "Equal shapes",
        None,
        "Only needed to read the result as a shift of the median; the chance of superiority holds without.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method="Mann-Whitney U test; exact up to 50 rows per group without ties, otherwise normal with tie and "
        "continuity correction.",
        missing_values="Rows without the outcome or the group are left out, outcome by outcome.",
        references=(
            "Mann & Whitney (1947), Ann. Math. Statist. 18, 50-60",
            "Brunner & Munzel (2000), Biometrical J. 42, 17-25",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction] if len(tests) > 1 else "",
    )


def script(parameters: MannWhitneyParameters, context: ScriptContext) -> str:
    return f"""
from scipy import stats

groups = {literal(parameters.groups)}
{two_levels_source(context, parameters.groups, parameters.first_group, parameters.second_group)}
results = {{}}
for name in {literal(list(parameters.outcomes))}:
    values = number(name)
    parts = []
    for level in (first_level, second_level):
        inside = (data[groups] == level).fillna(False).to_numpy(dtype=bool) & ~np.isnan(values)
        parts.append(values[inside])
        results[fact_id("median", name, level)] = np.median(values[inside])
    share = stats.mannwhitneyu(*parts).statistic / (len(parts[0]) * len(parts[1]))
    results[fact_id("superiority", name)] = share
    results[fact_id("rank_biserial", name)] = 2 * share - 1
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    groups = [c for c in chosen if c.measure in (Measure.BINARY, Measure.NOMINAL)]
    outcomes = [c for c in chosen if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    if len(groups) != 1 or not outcomes or len(groups) + len(outcomes) != len(chosen):
        return None
    if groups[0].measure is not Measure.BINARY and len(groups[0].value_labels) != 2:
        return None
    ordinal = all(c.measure is Measure.ORDINAL for c in outcomes)
    return Suggestion(
        0.75 if ordinal else 0.5,
        {"outcomes": [c.name for c in outcomes], "groups": groups[0].name},
        "Compares two groups by ranks, without assuming a shape.",
    )


PROCEDURE = Procedure(
    key="mann_whitney",
    title="Mann-Whitney U test",
    question="Does one group tend to give higher answers than the other?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=MannWhitneyParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A grouping column and at least two rows per group.",),
    supports_weights=False,
    tags=("rank", "nonparametric", "ordinal", "Wilcoxon rank sum"),
)
