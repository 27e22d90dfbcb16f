"""Crosstab of two categorical columns with tests, residuals and column letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from analysis.contracts import (
    CellType,
    ColumnMeta,
    ProcedureFamily,
    ProcedureOutput,
    Scalar,
    Suggestion,
    TableColumn,
)
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import no_rows, too_many_categories
from analysis.logic.frame import CrossCounts, Frame
from analysis.logic.output import OutputBuilder, clean, equals, fact_id, text_column
from analysis.logic.parameters import CATEGORICAL, ColumnName, Parameters, column, option
from analysis.logic.partition import Origin, join_cross_counts
from analysis.logic.registry import Partition, Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES
from analysis.logic.stats.contingency import column_letters, fisher_exact
from analysis.logic.stats.crosstab import Crosstab, crosstab, effect_word

MAX_LEVELS = 100
MAX_CELL_FACTS = 400
FISHER_MAX_N = 20_000


class CrosstabParameters(Parameters):
    rows: ColumnName = column("Rows", accepts=CATEGORICAL, help="Answers to compare.")
    columns: ColumnName = column("Columns", accepts=CATEGORICAL, help="Groups to compare them between.")
    correction: Literal["none", "bonferroni", "holm", "bh"] = option(
        "bonferroni", "Correction for multiple testing", help="Applied to letters and to residuals."
    )
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


State = tuple[CrossCounts, Origin]


def compute(frame: Frame, parameters: CrosstabParameters, context: RunContext) -> ProcedureOutput:
    return finish(collect(frame, parameters, context), parameters, context)


def collect(frame: Frame, parameters: CrosstabParameters, context: RunContext) -> State:
    """The joint counts, which is all that the figures rest on."""
    frame.require_rows()
    counts = frame.cross_counts(parameters.rows, parameters.columns, limit=MAX_LEVELS)
    return counts, Origin.of(frame)


def merge(a: State, b: State) -> State:
    return join_cross_counts(a[1].metas, a[0], b[0]), a[1].join(b[1])


def finish(state: State, parameters: CrosstabParameters, context: RunContext) -> ProcedureOutput:
    counts, frame = state
    if max(counts.n.shape) > MAX_LEVELS:
        wide = counts.columns[int(np.argmax(counts.n.shape))]
        raise too_many_categories(wide, max(counts.n.shape), MAX_LEVELS)
    if not counts.n.sum():
        raise no_rows("no row has an answer in both columns")
    table = crosstab(
        counts.n,
        counts.weighted,
        counts.weight_squares,
        is_weighted=frame.weight is not None,
        alpha=parameters.alpha,
        correction=parameters.correction,
        confidence=parameters.confidence,
        smallest_base=context.suppress_below,
    )
    row_meta, column_meta = frame.column(parameters.rows), frame.column(parameters.columns)
    builder = OutputBuilder(context, n=int(counts.n.sum()), weighted_n=float(counts.weighted.sum()))
    _test_facts(builder, table, parameters, context, frame.weight is not None)
    _cell_facts(builder, table, counts, parameters, row_meta, column_meta)
    _tables(builder, table, counts, parameters, row_meta, column_meta, context)
    _chart(builder, table, counts, row_meta, column_meta, context)
    if counts.missing:
        builder.notice(
            "missing_left_out",
            f"{counts.missing:,} rows without an answer in both columns are left out.",
            [parameters.rows, parameters.columns],
        )
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Joint counts of all rows. Independence is tested by Pearson's chi-square without continuity "
            "correction, by the second-order Rao-Scott F test when weighted. Residuals are Haberman's adjusted "
            "standardised residuals. Column letters compare shares between columns by pooled z tests on "
            "effective bases."
        ),
        missing_values="Rows with a missing answer in either column are left out.",
        weights="Shares are weighted; tests and letters use weights through Kish's effective base.",
        multiple_testing=CORRECTION_NAMES[parameters.correction],
        references=(
            "Agresti (2013), Categorical Data Analysis",
            "Haberman (1973), Biometrics 29, 205-220",
            "Rao & Scott (1984), Annals of Statistics 12, 46-60",
            "Smithson (2003), Confidence Intervals (interval of V)",
            "Bergsma (2013), J. Korean Statistical Society 42, 323-328",
        ),
        seed=context.seed,
    )


def _test_facts(
    builder: OutputBuilder,
    table: Crosstab,
    parameters: CrosstabParameters,
    context: RunContext,
    weighted: bool,
) -> None:
    used = [parameters.rows, parameters.columns]
    if table.test is None or table.pearson is None or table.association is None or table.likelihood is None:
        builder.notice(
            "not_testable", "One of the columns has a single answer, so there is nothing to test.", used
        )
        return
    test, effect = table.test, table.association
    word = effect_word(effect.v, min(table.n.shape) - 1)
    builder.fact(
        "chi_square",
        f"Test of independence of {parameters.rows} and {parameters.columns}",
        test.statistic,
        statistic=test.statistic,
        df=test.df,
        p=test.p,
        test=test.name,
        columns=used,
    )
    if not weighted:
        builder.fact(
            "likelihood_ratio",
            "Likelihood-ratio test of independence",
            table.likelihood.statistic,
            statistic=table.likelihood.statistic,
            df=table.likelihood.df,
            p=table.likelihood.p,
            test=table.likelihood.name,
            columns=used,
        )
    builder.fact(
        "cramers_v",
        f"Cramer's V ({word} association)",
        effect.v,
        interval=effect.v_interval,
        interval_level=parameters.confidence,
        interval_method="noncentral chi-square",
        columns=used,
    )
    builder.fact("cramers_v_corrected", "Cramer's V corrected for bias", effect.v_corrected, columns=used)
    if effect.odds_ratio is not None:
        builder.fact(
            "odds_ratio",
            "Odds ratio of the first row in the first against the second column",
            effect.odds_ratio,
            interval=effect.odds_ratio_interval,
            interval_level=parameters.confidence,
            interval_method="Woolf logit",
            columns=used,
        )
    small = table.low_expected > 0.2 or (table.n.shape == (2, 2) and table.low_expected > 0)
    builder.assume(
        "Expected counts of at least 5 in 80% of cells",
        not small,
        f"{table.low_expected:.0%} of the cells expect fewer than 5.",
    )
    if not weighted and (small or table.n.shape == (2, 2)) and table.n.sum() <= FISHER_MAX_N:
        exact = fisher_exact(table.n, context.generator())
        builder.fact(
            "fisher_p",
            "Fisher's exact test of independence",
            exact.p,
            unit="p",
            p=exact.p,
            test=exact.name,
            columns=used,
            approximate=exact.approximate,
        )
    elif small:
        builder.notice(
            "low_expected_counts", "Many cells are nearly empty; the test is only approximate.", used
        )


def _cell_facts(
    builder: OutputBuilder,
    table: Crosstab,
    counts: CrossCounts,
    parameters: CrosstabParameters,
    row_meta: ColumnMeta,
    column_meta: ColumnMeta,
) -> None:
    if table.n.size > MAX_CELL_FACTS:
        builder.notice("cells_in_table_only", "The table is large; its cells are not listed as single facts.")
        return
    for i, row in enumerate(counts.categories[0]):
        for j, group in enumerate(counts.categories[1]):
            builder.fact(
                fact_id("column_share", row.value, group.value),
                f"Share of {row.label!r} ({row_meta.title}) among {group.label!r} ({column_meta.title})",
                table.column_shares[i, j],
                unit="share",
                n=int(table.n[:, j].sum()),
                weighted_n=float(table.weighted[:, j].sum()),
                statistic=None if table.residuals is None else table.residuals[i, j],
                adjusted_p=None if table.residual_p is None else table.residual_p[i, j],
                test="" if table.residuals is None else "Adjusted residual",
                columns=[parameters.rows, parameters.columns],
            )


def _tables(
    builder: OutputBuilder,
    table: Crosstab,
    counts: CrossCounts,
    parameters: CrosstabParameters,
    row_meta: ColumnMeta,
    column_meta: ColumnMeta,
    context: RunContext,
) -> None:
    rows, groups = counts.categories
    letters = column_letters(len(groups))
    drills = [equals(parameters.rows, row.value) for row in rows]
    answered = {"column": parameters.rows, "op": "not_missing"}
    bases = table.n.sum(axis=0)
    hidden = bases < context.suppress_below

    def columns(kind: CellType, total: bool, lettered: bool = False) -> list[TableColumn]:
        made = [text_column("answer", row_meta.title)]
        for j, group in enumerate(groups):
            label = f"{group.label} ({letters[j]})" if lettered else group.label
            made.append(
                TableColumn(
                    f"c{j}",
                    label,
                    kind,
                    group=column_meta.title,
                    drill=equals(parameters.columns, group.value),
                )
            )
        if total:
            made.append(
                TableColumn("total", "Total", kind, drill={"column": parameters.columns, "op": "not_missing"})
            )
        return made

    def body(cell: Callable[[int, int], object], total: Callable[[int], object] | None) -> list[list[Scalar]]:
        out = []
        for i, row in enumerate(rows):
            cells = [clean(cell(i, j)) for j in range(len(groups))]
            out.append([row.label, *cells, *([clean(total(i))] if total else [])])
        return out

    unweighted = [*body(lambda i, j: table.n[i, j], lambda i: table.n[i].sum())]
    builder.table(
        "counts",
        "Rows",
        columns(CellType.INTEGER, True),
        [*unweighted, ["Total", *bases.tolist(), int(bases.sum())]],
        row_drills=[*drills, answered],
    )
    if not np.array_equal(table.weighted, table.n):
        builder.table(
            "weighted_counts",
            "Weighted rows",
            columns(CellType.NUMBER, True),
            body(lambda i, j: table.weighted[i, j], lambda i: table.weighted[i].sum()),
            row_drills=drills,
        )
    total_weight = table.weighted.sum()
    builder.table(
        "column_percent",
        f"{row_meta.title} within {column_meta.title}",
        columns(CellType.PERCENT, True, lettered=True),
        body(
            lambda i, j: None if hidden[j] else table.column_shares[i, j],
            lambda i: table.weighted[i].sum() / total_weight,
        ),
        row_drills=drills,
        notes=["Columns with too few rows are left empty."] if hidden.any() else [],
    )
    builder.table(
        "letters",
        "Significant differences between columns",
        columns(CellType.TEXT, False, lettered=True),
        body(lambda i, j: table.letters[i][j], None),
        row_drills=drills,
        notes=[
            (
                f"A letter: the share is higher than in that column (p < {parameters.alpha:g}, "
                f"{parameters.correction}, pairs within a row)."
            )
        ],
    )
    row_hidden = table.n.sum(axis=1) < context.suppress_below
    builder.table(
        "row_percent",
        f"{column_meta.title} within {row_meta.title}",
        columns(CellType.PERCENT, False),
        body(lambda i, j: None if row_hidden[i] else table.row_shares[i, j], None),
        row_drills=drills,
    )
    builder.table(
        "total_percent",
        "Share of all rows",
        columns(CellType.PERCENT, True),
        body(lambda i, j: table.total_shares[i, j], lambda i: table.weighted[i].sum() / total_weight),
        row_drills=drills,
    )
    if table.residuals is not None and table.expected is not None and table.residual_p is not None:
        residuals, expected, p = table.residuals, table.expected, table.residual_p
        builder.table(
            "expected",
            "Expected under independence",
            columns(CellType.NUMBER, False),
            body(lambda i, j: expected[i, j], None),
            row_drills=drills,
        )
        builder.table(
            "residuals",
            "Adjusted standardised residuals",
            columns(CellType.NUMBER, False),
            body(lambda i, j: residuals[i, j], None),
            row_drills=drills,
            notes=["Beyond +-2 a cell differs from independence; see the corrected p-values."],
        )
        builder.table(
            "residual_p",
            "Corrected p of the residuals",
            columns(CellType.P_VALUE, False),
            body(lambda i, j: p[i, j], None),
            row_drills=drills,
        )


def _chart(
    builder: OutputBuilder,
    table: Crosstab,
    counts: CrossCounts,
    row_meta: ColumnMeta,
    column_meta: ColumnMeta,
    context: RunContext,
) -> None:
    if table.n.size > 600:
        return
    bases = table.n.sum(axis=0)
    points = [
        {"answer": row.label, "group": group.label, "share": table.column_shares[i, j]}
        for j, group in enumerate(counts.categories[1])
        if bases[j] >= context.suppress_below
        for i, row in enumerate(counts.categories[0])
    ]
    if not points:
        return
    builder.chart(
        bars(
            "column_percent",
            f"{row_meta.title} by {column_meta.title}",
            f"Share of each answer to {row_meta.title} within each group of {column_meta.title}.",
            points,
            category="group",
            value="share",
            category_title=column_meta.title,
            value_title="Share",
            colour="answer",
            colour_title=row_meta.title,
            stack="normalize",
            value_format=".0%",
        )
    )


def script(parameters: CrosstabParameters, context: ScriptContext) -> str:
    weighted = context.weight is not None
    body = f"""
from scipy.stats import chi2_contingency

rows, columns = {literal(parameters.rows)}, {literal(parameters.columns)}
both = data[rows].notna() & data[columns].notna()
table = (
    pd.Series(weights[both.to_numpy()])
    .groupby([data.loc[both, rows].to_numpy(), data.loc[both, columns].to_numpy()])
    .sum()
    .unstack(fill_value=0.0)
)
results = {{}}
for column in table.columns:
    for row in table.index:
        results[fact_id("column_share", row, column)] = table.loc[row, column] / table[column].sum()
"""
    if weighted:
        body += """
used = weights[both.to_numpy()]
counts = table.to_numpy() * (used.sum() / (used**2).sum())
"""
    else:
        body += """
counts = table.to_numpy()
"""
    body += """
if min(counts.shape) > 1:
    test = chi2_contingency(counts, correction=False)
    results["cramers_v"] = (test.statistic / counts.sum() / (min(counts.shape) - 1)) ** 0.5
"""
    if not weighted:
        body += """
    results["chi_square"] = test.statistic
"""
    return body


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2 or any(c.measure not in CATEGORICAL for c in chosen):
        return None
    return Suggestion(
        0.95,
        {"rows": chosen[0].name, "columns": chosen[1].name},
        "Two categorical columns: how do they depend?",
    )


PROCEDURE = Procedure(
    key="crosstab",
    title="Crosstab",
    question="How do the answers to one question differ between groups?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=CrosstabParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two categorical columns with at most 100 different values each.",),
    partition=Partition(collect, merge, finish),
    tags=("chi-square", "fisher", "cramers v", "significance letters", "percent"),
)
