"""Missing-data report: where, how much, in which patterns, and whether at random (Little's test)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, FilterTree, ProcedureFamily, ProcedureOutput, Storage, Suggestion
from analysis.logic.charts import bars, heatmap
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import ANY, ColumnNames, Parameters, option
from analysis.logic.parameters import columns as column_list
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.gram import Gram
from analysis.logic.stats.missingness import Pattern, little_mcar, merge_patterns, pattern_grams

MAX_PATTERNS_LISTED = 50
MAX_PATTERNS_TESTED = 2_000


class MissingDataParameters(Parameters):
    columns: ColumnNames = column_list("Columns", accepts=ANY, min_items=1, max_items=60)
    little: bool = option(True, "Little's test", help="On the numeric columns among them.")


def compute(frame: Frame, parameters: MissingDataParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    names = list(parameters.columns)
    patterns = _patterns(frame, names)
    n = frame.n
    missing = np.array([sum(c for flags, c, _ in patterns if flags[j]) for j in range(len(names))])
    weight = np.array([sum(w for flags, _, w in patterns if flags[j]) for j in range(len(names))])
    complete = sum(c for flags, c, _ in patterns if not any(flags))
    complete_weight = sum(w for flags, _, w in patterns if not any(flags))
    builder = OutputBuilder(context, n=n, weighted_n=frame.weighted_n)
    builder.fact(
        "complete_share",
        "Share of rows without any missing value",
        complete_weight / frame.weighted_n,
        unit="share",
        columns=names,
    )
    builder.fact("complete_rows", "Rows without any missing value", complete, unit="rows", base_rule=False)
    builder.fact(
        "patterns", "Different patterns of missing values", len(patterns), unit="patterns", base_rule=False
    )
    titles = [frame.column(name).title for name in names]
    for j, name in enumerate(names):
        builder.fact(
            fact_id("missing_share", name),
            f"Share of rows without a value in {titles[j]}",
            weight[j] / frame.weighted_n,
            unit="share",
            columns=[name],
        )
        if missing[j] == n:
            builder.notice("all_missing", f"{name!r} has no value at all.", [name])
    _tables(builder, names, titles, patterns, missing, weight, frame)
    if parameters.little:
        _little(builder, frame, names, context)
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Counts of missing values by column, pair and pattern over all rows. Little's test compares the means "
            "of each pattern with maximum likelihood estimates (EM for the multivariate normal)."
        ),
        missing_values="This report is about them: missing codes and empty values count as missing.",
        weights="Shares are weighted; Little's test is not.",
        references=(
            "Little (1988), JASA 83, 1198-1202",
            "Little & Rubin (2019), Statistical Analysis with Missing Data",
        ),
    )


def _patterns(frame: Frame, names: Sequence[str]) -> list[tuple[tuple[bool, ...], int, float]]:
    """(missing flags, rows, weight) per pattern, most frequent first."""
    flags = ", ".join(f"{frame.value_sql(name)} IS NULL AS m{j}" for j, name in enumerate(names))
    keys = ", ".join(f"m{j}" for j in range(len(names)))
    fetched = frame.fetch(
        f"SELECT {keys}, count(*) AS n, fsum(w) FROM "
        f"(SELECT {flags}, CAST({frame.weight_sql} AS DOUBLE) AS w {frame.source_sql()}) GROUP BY {keys} "
        f"ORDER BY n DESC, {keys}"
    )
    return [(tuple(bool(v) for v in row[:-2]), int(row[-2]), float(row[-1])) for row in fetched]


def _tables(
    builder: OutputBuilder,
    names: Sequence[str],
    titles: Sequence[str],
    patterns: Sequence[tuple[tuple[bool, ...], int, float]],
    missing: np.ndarray,
    weight: np.ndarray,
    frame: Frame,
) -> None:
    order = sorted(range(len(names)), key=lambda j: -weight[j])
    builder.table(
        "columns",
        "Missing values by column",
        [
            text_column("column", "Column"),
            integer_column("n", "Rows missing"),
            percent_column("share", "Share missing"),
        ],
        [[titles[j], int(missing[j]), weight[j] / frame.weighted_n] for j in order],
        row_drills=[{"column": names[j], "op": "is_missing"} for j in order],
    )
    listed = patterns[:MAX_PATTERNS_LISTED]
    builder.table(
        "patterns",
        "Patterns",
        [
            text_column("missing", "Missing in"),
            integer_column("n", "Rows"),
            percent_column("share", "Share of rows"),
        ],
        [
            [
                ", ".join(t for t, m in zip(titles, flags, strict=True) if m) or "(complete)",
                n,
                w / frame.weighted_n,
            ]
            for flags, n, w in listed
        ],
        row_drills=[_pattern_filter(names, flags) for flags, _, _ in listed],
        notes=[f"{len(patterns) - len(listed)} rarer patterns are not listed."]
        if len(patterns) > len(listed)
        else [],
    )
    if len(names) <= 60:
        builder.chart(
            bars(
                "missing",
                "Missing values",
                "Share of rows without a value, by column.",
                [{"column": titles[j], "share": weight[j] / frame.weighted_n} for j in order],
                category="column",
                value="share",
                category_title="Column",
                value_title="Share missing",
                value_format=".1%",
            )
        )
    _together(builder, titles, patterns, missing, frame.n)


def _pattern_filter(names: Sequence[str], flags: Sequence[bool]) -> FilterTree:
    return {
        "and": [
            {"column": name, "op": "is_missing" if gone else "not_missing"}
            for name, gone in zip(names, flags, strict=True)
        ]
    }


def _together(
    builder: OutputBuilder,
    titles: Sequence[str],
    patterns: Sequence[tuple[tuple[bool, ...], int, float]],
    missing: np.ndarray,
    n: int,
) -> None:
    """Correlation of missingness between the columns that are sometimes missing."""
    partly = [j for j in range(len(titles)) if 0 < missing[j] < n]
    if len(partly) < 2:
        return
    flags = np.array([[f[j] for j in partly] for f, _, _ in patterns], dtype=float)
    counts = np.array([c for _, c, _ in patterns], dtype=float)
    r = Gram.of(flags, counts).correlation
    builder.table(
        "together",
        "Correlation of missingness",
        [text_column("column", "Column"), *(number_column(f"c{j}", titles[j]) for j in partly)],
        [[titles[j], *r[i].tolist()] for i, j in enumerate(partly)],
        notes=["Near 1: missing in the same rows."],
    )
    if len(partly) <= 30:
        builder.chart(
            heatmap(
                "together",
                "Missing together",
                "Correlation of the missingness of each pair of columns.",
                [
                    {"a": titles[a], "b": titles[b], "r": float(r[i, j])}
                    for i, a in enumerate(partly)
                    for j, b in enumerate(partly)
                ],
                x="a",
                y="b",
                value="r",
                x_title="",
                y_title="",
                value_title="Correlation",
                diverging=True,
                domain=(-1, 1),
            )
        )


def _little(builder: OutputBuilder, frame: Frame, names: Sequence[str], context: RunContext) -> None:
    numeric = [
        n for n in names if frame.column(n).storage in (Storage.INTEGER, Storage.REAL, Storage.BOOLEAN)
    ]
    if len(numeric) < 2:
        builder.notice("little_not_possible", "Little's test needs at least two numeric columns.")
        return
    grams: dict[Pattern, Gram] = {}
    for chunk in frame.chunks(numeric, stage="patterns"):
        grams = merge_patterns(grams, pattern_grams(chunk.x))
        if len(grams) > MAX_PATTERNS_TESTED:
            builder.notice(
                "little_not_possible", f"Over {MAX_PATTERNS_TESTED:,} patterns; Little's test is left out."
            )
            return
    never = [name for j, name in enumerate(numeric) if not any(p[j] for p in grams)]
    if len(grams) < 2 or never:
        why = f"{never[0]!r} has no value" if never else "all rows have the same pattern"
        builder.notice("little_not_possible", f"Little's test is not possible: {why}.")
        return
    try:
        test = little_mcar(grams, len(numeric))
    except ProcedureError as error:
        builder.notice("little_not_possible", f"Little's test is not possible: {error.detail}")
        return
    if math.isnan(test.p):
        builder.notice("little_not_possible", "Little's test has no degrees of freedom here.")
        return
    builder.fact(
        "little",
        "Little's test of missing completely at random",
        test.statistic,
        statistic=test.statistic,
        df=[test.df],
        p=test.p,
        test="Little's MCAR chi-square",
        n=sum(g.n for g in grams.values()),
        columns=numeric,
    )
    builder.assume(
        "Values missing completely at random",
        test.p >= 0.05,
        f"Chi-square {test.statistic:.2f} on {test.df} df over {test.patterns} patterns, p = {test.p:.3g}.",
    )
    if test.p < 0.05:
        builder.notice(
            "not_missing_at_random",
            "Rows with missing values differ from the others; leaving them out may bias results. "
            "Consider multiple imputation.",
            numeric,
        )


def script(parameters: MissingDataParameters, context: ScriptContext) -> str:
    return f"""
names = {literal(list(parameters.columns))}
gone = data[names].isna()
results = {{"complete_share": np.average(~gone.any(axis=1), weights=weights), "patterns": len(gone.drop_duplicates())}}
for name in names:
    results[fact_id("missing_share", name)] = np.average(gone[name], weights=weights)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not chosen:
        return None
    return Suggestion(0.25, {"columns": [c.name for c in chosen][:60]}, "Check how complete the columns are.")


PROCEDURE = Procedure(
    key="missing_data",
    title="Missing-data report",
    question="What is missing, in which patterns, and does it matter?",
    family=ProcedureFamily.QUALITY,
    version=1,
    parameters=MissingDataParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Any columns; Little's test needs two numeric ones.",),
    tags=("mcar", "little", "nonresponse", "completeness"),
)
