"""Exception tests: every cell of a table against everyone else (cell versus complement)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, FilterTree, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, no_rows
from analysis.logic.frame import CrossCounts, Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    p_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, adjust_p_values
from analysis.logic.stats.crosstab import two_sided_normal
from analysis.logic.stats.proportions import newcombe_difference

MAX_LEVELS = 60
MAX_CELLS = 20_000
MAX_LISTED = 200


class ExceptionsParameters(Parameters):
    questions: ColumnNames = columns("Questions", accepts=CATEGORICAL, max_items=60)
    groups: ColumnNames = columns("Groups", accepts=CATEGORICAL, max_items=20)
    correction: Literal["none", "bonferroni", "holm", "bh"] = option("bh", "Correction for multiple testing")
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    smallest_base: int = option(30, "Smallest base", ge=5, le=100_000, help="Smaller groups are not tested.")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class Cell:
    """One tested cell; shares are of the group and of everyone else."""

    question: str
    answer: str
    group_column: str
    group: str
    ids: tuple[object, object]
    n: int
    weighted_n: float
    share: float
    rest: float
    z: float
    interval: tuple[float, float]
    drill: FilterTree


def compute(frame: Frame, parameters: ExceptionsParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    pairs = [(q, g) for q in parameters.questions for g in parameters.groups if q != g]
    if not pairs:
        raise ProcedureError("same_column", "Questions and groups are the same single column.", "/groups")
    tables = frame.many_cross_counts(pairs, limit=MAX_LEVELS)
    if sum(t.n.size for t in tables) > MAX_CELLS:
        raise ProcedureError(
            "too_many_cells",
            f"More than {MAX_CELLS:,} cells would be tested; choose fewer columns.",
            "/questions",
        )
    cells: list[Cell] = []
    small = 0
    for table in tables:
        found, skipped = _cells(table, parameters, frame.weight is not None)
        cells += found
        small += skipped
    if not cells:
        raise no_rows(
            f"no group has at least {parameters.smallest_base:,} rows on both sides of a comparison"
        )
    z = np.array([c.z for c in cells])
    adjusted = adjust_p_values(two_sided_normal(z), parameters.correction)
    order = sorted(range(len(cells)), key=lambda i: (adjusted[i], -abs(cells[i].z)))
    flagged = [i for i in order if adjusted[i] < parameters.alpha]
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    builder.fact("tested", "Cells tested", len(cells), unit="cells", base_rule=False)
    builder.fact(
        "exceptions", "Cells that differ from everyone else", len(flagged), unit="cells", base_rule=False
    )
    _report(builder, frame, cells, adjusted, order[:MAX_LISTED], flagged, parameters)
    if small:
        builder.notice(
            "small_groups_skipped", f"{small} groups under {parameters.smallest_base} rows are not tested."
        )
    if len(cells) > MAX_LISTED:
        builder.notice("list_limited", f"The {MAX_LISTED} most telling of {len(cells):,} cells are listed.")
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Each group's share of each answer is compared with the share among all other rows that answered "
            "(pooled two-proportion z test on effective bases). Intervals of differences are Newcombe's."
        ),
        missing_values="Rows with a missing answer or group are left out, table by table.",
        weights="Shares are weighted; bases are Kish's effective ones.",
        multiple_testing=f"{CORRECTION_NAMES[parameters.correction]} Family: all cells tested in this run.",
        references=("Newcombe (1998), Statistics in Medicine 17, 873-890",),
    )


def _cells(table: CrossCounts, parameters: ExceptionsParameters, weighted: bool) -> tuple[list[Cell], int]:
    answers, groups = table.categories
    cells: list[Cell] = []
    skipped = 0
    total_n, total_w, total_q = table.n.sum(), table.weighted.sum(), table.weight_squares.sum()
    answer_w = table.weighted.sum(axis=1)
    for j, group in enumerate(groups):
        n, w, q = table.n[:, j].sum(), table.weighted[:, j].sum(), table.weight_squares[:, j].sum()
        if n < parameters.smallest_base or total_n - n < parameters.smallest_base:
            skipped += 1
            continue
        base, rest_base = w * w / q, (total_w - w) ** 2 / (total_q - q)
        for i, answer in enumerate(answers):
            share, rest = table.weighted[i, j] / w, (answer_w[i] - table.weighted[i, j]) / (total_w - w)
            pooled = (share * base + rest * rest_base) / (base + rest_base)
            spread = np.sqrt(pooled * (1 - pooled) * (1 / base + 1 / rest_base))
            if not spread > 0:
                continue
            question, by = table.columns
            cells.append(
                Cell(
                    question,
                    answer.label,
                    by,
                    group.label,
                    (answer.value, group.value),
                    int(n),
                    float(w),
                    float(share),
                    float(rest),
                    float((share - rest) / spread),
                    newcombe_difference(share, base, rest, rest_base, parameters.confidence),
                    {"and": [equals(question, answer.value), equals(by, group.value)]},
                )
            )
    return cells, skipped


def _report(
    builder: OutputBuilder,
    frame: Frame,
    cells: Sequence[Cell],
    adjusted: np.ndarray,
    listed: Sequence[int],
    flagged: Sequence[int],
    parameters: ExceptionsParameters,
) -> None:
    raw = two_sided_normal(np.array([c.z for c in cells]))
    rows, drills = [], []
    for i in listed:
        cell = cells[i]
        builder.fact(
            fact_id("difference", cell.question, cell.ids[0], cell.group_column, cell.ids[1]),
            f"{cell.group} ({frame.column(cell.group_column).title}) against all others: share of {cell.answer!r} "
            f"({frame.column(cell.question).title})",
            cell.share - cell.rest,
            unit="share",
            n=cell.n,
            weighted_n=cell.weighted_n,
            interval=cell.interval,
            interval_level=parameters.confidence,
            interval_method="Newcombe",
            statistic=cell.z,
            p=raw[i],
            adjusted_p=adjusted[i],
            test="Two-proportion z test against the complement",
            columns=[cell.question, cell.group_column],
        )
        mark = "" if adjusted[i] >= parameters.alpha else ("higher" if cell.z > 0 else "lower")
        rows.append(
            [
                frame.column(cell.question).title,
                cell.answer,
                frame.column(cell.group_column).title,
                cell.group,
                cell.n,
                cell.share,
                cell.rest,
                cell.share - cell.rest,
                cell.z,
                raw[i],
                adjusted[i],
                mark,
            ]
        )
        drills.append(cell.drill)
    builder.table(
        "exceptions",
        "Cells against everyone else",
        [
            text_column("question", "Question"),
            text_column("answer", "Answer"),
            text_column("by", "Group column"),
            text_column("group", "Group"),
            integer_column("base", "Rows in group"),
            percent_column("share", "Share in group"),
            percent_column("rest", "Share elsewhere"),
            percent_column("difference", "Difference"),
            number_column("z", "z"),
            p_column("p", "p"),
            p_column("adjusted_p", "Corrected p"),
            text_column("mark", "Exception"),
        ],
        rows,
        row_drills=drills,
    )
    shown = [cells[i] for i in flagged[:20]]
    if shown:
        builder.chart(
            bars(
                "exceptions",
                "Strongest exceptions",
                "Difference between the share in a group and among all others, for the strongest exceptions.",
                [
                    {"cell": f"{c.question}: {c.answer} / {c.group}", "difference": c.share - c.rest,
                     "low": c.interval[0], "high": c.interval[1]}
                    for c in shown
                ],
                category="cell",
                value="difference",
                category_title="Cell",
                value_title="Difference of shares",
                value_format="+.0%",
                low="low",
                high="high",
            )
        )  # fmt: skip


def script(parameters: ExceptionsParameters, context: ScriptContext) -> str:
    return f"""
tests, results = [], {{}}
for question in {literal(list(parameters.questions))}:
    for group in {literal(list(parameters.groups))}:
        if question == group:
            continue
        both = (data[question].notna() & data[group].notna()).to_numpy()
        answers, groups, w = data.loc[both, question].to_numpy(), data.loc[both, group].to_numpy(), weights[both]
        for g in pd.unique(groups):
            inside = groups == g
            if min(inside.sum(), (~inside).sum()) < {int(parameters.smallest_base)}:
                continue
            for a in pd.unique(answers):
                difference = np.average(answers[inside] == a, weights=w[inside]) - np.average(
                    answers[~inside] == a, weights=w[~inside]
                )
                tests.append((fact_id("difference", question, a, group, g), difference))
if len(tests) <= {MAX_LISTED}:
    results = dict(tests)
results["tested"] = len(tests)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure not in CATEGORICAL for c in chosen):
        return None
    names = [c.name for c in chosen]
    return Suggestion(
        0.6, {"questions": names[:-1], "groups": names[-1:]}, "Find the groups that answer differently."
    )


PROCEDURE = Procedure(
    key="exceptions",
    title="Exception tests",
    question="Which groups answer differently from everyone else?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=ExceptionsParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Categorical columns with at most 60 different values each.",),
    tags=("cell versus complement", "flag", "significance"),
)
