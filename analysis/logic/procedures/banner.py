"""Banner tab book: many questions by many groups, with tests and letters."""

from __future__ import annotations

from collections.abc import Sequence
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
from analysis.logic.charts import heatmap
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import CrossCounts, Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    p_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, adjust_p_values
from analysis.logic.stats.contingency import column_letters
from analysis.logic.stats.crosstab import Crosstab, crosstab, effect_word

MAX_LEVELS = 100
MAX_BANNER_POINTS = 150


class BannerParameters(Parameters):
    questions: ColumnNames = columns("Questions", accepts=CATEGORICAL, max_items=60, help="Rows of the book.")
    banner: ColumnNames = columns("Banner", accepts=CATEGORICAL, max_items=12, help="Columns of every table.")
    correction: Literal["none", "bonferroni", "holm", "bh"] = option("bonferroni", "Correction of letters")
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: BannerParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    pairs = [(q, b) for q in parameters.questions for b in parameters.banner if q != b]
    if not pairs:
        raise ProcedureError("same_column", "Questions and banner are the same single column.", "/banner")
    frame.prefetch([*parameters.questions, *parameters.banner], MAX_LEVELS)
    points = sum(len(frame.categories(name, MAX_LEVELS)) for name in parameters.banner)
    if points > MAX_BANNER_POINTS:
        raise ProcedureError(
            "banner_too_wide",
            f"The banner would have {points} columns; at most {MAX_BANNER_POINTS} fit.",
            "/banner",
            {"points": points},
        )
    counted = frame.many_cross_counts(pairs, limit=MAX_LEVELS)
    tables: dict[tuple[str, str], tuple[CrossCounts, Crosstab]] = {}
    for done, (pair, counts) in enumerate(zip(pairs, counted, strict=True)):
        context.checkpoint("testing", done, len(pairs))
        if counts.n.sum():
            tables[pair] = (
                counts,
                crosstab(
                    counts.n,
                    counts.weighted,
                    counts.weight_squares,
                    is_weighted=frame.weight is not None,
                    alpha=parameters.alpha,
                    correction=parameters.correction,
                    confidence=parameters.confidence,
                    smallest_base=context.suppress_below,
                ),
            )
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    _tests(builder, frame, tables, parameters)
    for question in parameters.questions:
        _page(builder, frame, question, tables, parameters, context)
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "All tables are counted in one pass over all rows. Every question is tested against every banner column "
            "(Pearson's chi-square; Rao-Scott F when weighted); letters compare the columns within one banner group "
            "by pooled z tests."
        ),
        missing_values="Rows with a missing answer in question or banner column are left out, table by table.",
        weights="Shares are weighted; tests rest on Kish's effective bases.",
        multiple_testing=(
            f"Letters: {CORRECTION_NAMES[parameters.correction]} Tests of tables: corrected by Holm over the book."
        ),
        references=(
            "Rao & Scott (1984), Annals of Statistics 12, 46-60",
            "Holm (1979), Scand. J. Statistics 6, 65-70",
        ),
    )


def _tests(
    builder: OutputBuilder,
    frame: Frame,
    tables: dict[tuple[str, str], tuple[CrossCounts, Crosstab]],
    parameters: BannerParameters,
) -> None:
    keys = list(tables)
    adjusted = adjust_p_values([_p(tables[key][1]) for key in keys], "holm")
    rows, drills, points = [], [], []
    for key, holm in zip(keys, adjusted, strict=True):
        counts, table = tables[key]
        if table.test is None or table.association is None:
            continue
        question, banner = key
        builder.fact(
            fact_id("cramers_v", question, banner),
            f"Cramer's V of {frame.column(question).title} and {frame.column(banner).title}",
            table.association.v,
            n=int(counts.n.sum()),
            weighted_n=float(counts.weighted.sum()),
            interval=table.association.v_interval,
            interval_level=parameters.confidence,
            interval_method="noncentral chi-square",
            statistic=table.test.statistic,
            df=table.test.df,
            p=table.test.p,
            adjusted_p=holm,
            test=table.test.name,
            columns=[question, banner],
        )
        v = table.association.v
        rows.append(
            [
                frame.column(question).title,
                frame.column(banner).title,
                int(counts.n.sum()),
                table.test.statistic,
                table.test.p,
                holm,
                v,
                effect_word(v, min(counts.n.shape) - 1),
            ]
        )
        drills.append({"and": [{"column": c, "op": "not_missing"} for c in key]})
        points.append(
            {"question": frame.column(question).title, "banner": frame.column(banner).title, "v": v}
        )
    builder.table(
        "tests",
        "Which tables show differences",
        [
            text_column("question", "Question"),
            text_column("banner", "Banner"),
            integer_column("n", "Rows"),
            number_column("statistic", "Statistic"),
            p_column("p", "p"),
            p_column("adjusted_p", "Corrected p"),
            number_column("v", "Cramer's V"),
            text_column("effect", "Association"),
        ],
        rows,
        row_drills=drills,
    )
    if len(points) > 1:
        builder.chart(
            heatmap(
                "association",
                "Association of questions and banner",
                "Cramer's V of every question with every banner column.",
                points,
                x="banner",
                y="question",
                value="v",
                x_title="Banner",
                y_title="Question",
                value_title="Cramer's V",
                domain=(0, 1),
            )
        )


def _p(table: Crosstab) -> float:
    return float("nan") if table.test is None else table.test.p


def _page(
    builder: OutputBuilder,
    frame: Frame,
    question: str,
    tables: dict[tuple[str, str], tuple[CrossCounts, Crosstab]],
    parameters: BannerParameters,
    context: RunContext,
) -> None:
    answers = frame.categories(question, MAX_LEVELS)
    if not answers:
        builder.notice("all_missing", f"{question!r} has no answers.", [question])
        return
    meta = frame.column(question)
    header = [text_column("answer", meta.title), TableColumn("total", "Total", CellType.PERCENT)]
    marks = [text_column("answer", meta.title)]
    base = sum(a.weighted_n for a in answers)
    shares: list[list[Scalar]] = [[a.label, a.weighted_n / base] for a in answers]
    letters: list[list[Scalar]] = [[a.label] for a in answers]
    bases: list[Scalar] = ["Rows", sum(a.n for a in answers)]
    for b, banner in enumerate(parameters.banner):
        if (question, banner) not in tables:
            continue
        counts, table = tables[(question, banner)]
        names = column_letters(counts.n.shape[1])
        for j, group in enumerate(counts.categories[1]):
            drill = equals(banner, group.value)
            label, title = f"{group.label} ({names[j]})", frame.column(banner).title
            header.append(TableColumn(f"b{b}_{j}", label, CellType.PERCENT, group=title, drill=drill))
            marks.append(TableColumn(f"b{b}_{j}", label, CellType.TEXT, group=title, drill=drill))
            rows_in_group = int(counts.n[:, j].sum())
            bases.append(rows_in_group)
            for i in range(len(answers)):
                share = table.column_shares[i, j]
                hidden = context.is_suppressed(rows_in_group) or not np.isfinite(share)
                shares[i].append(None if hidden else float(share))
                letters[i].append(table.letters[i][j])
    drills = [equals(question, a.value) for a in answers]
    builder.table(fact_id("page", question), meta.title, header, shares, row_drills=drills)
    builder.table(
        fact_id("letters", question),
        f"{meta.title}: significant differences",
        marks,
        letters,
        row_drills=drills,
    )
    builder.table(
        fact_id("bases", question),
        f"{meta.title}: rows",
        [
            text_column("answer", ""),
            *(TableColumn(c.key, c.label, CellType.INTEGER, group=c.group) for c in header[1:]),
        ],
        [bases],
    )


def script(parameters: BannerParameters, context: ScriptContext) -> str:
    scale = "used.sum() / (used**2).sum()" if context.weight is not None else "1.0"
    return f"""
from scipy.stats import chi2_contingency

results = {{}}
for question in {literal(list(parameters.questions))}:
    for banner in {literal(list(parameters.banner))}:
        both = (data[question].notna() & data[banner].notna()).to_numpy()
        if question == banner or not both.any():
            continue
        used = weights[both]
        keys = [data.loc[both, question].to_numpy(), data.loc[both, banner].to_numpy()]
        table = pd.Series(used).groupby(keys).sum().unstack(fill_value=0.0).to_numpy() * ({scale})
        if min(table.shape) > 1:
            test = chi2_contingency(table, correction=False)
            v = (test.statistic / table.sum() / (min(table.shape) - 1)) ** 0.5
            results[fact_id("cramers_v", question, banner)] = v
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure not in CATEGORICAL for c in chosen):
        return None
    names = [c.name for c in chosen]
    return Suggestion(
        0.8, {"questions": names[:-1], "banner": names[-1:]}, "Several categorical columns make a tab book."
    )


PROCEDURE = Procedure(
    key="banner",
    title="Banner tab book",
    question="How do all questions differ between all groups?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=BannerParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Categorical columns with at most 100 different values each.",),
    tags=("tabs", "cross tabulation", "significance letters"),
)
