"""Frequencies of categorical columns with top- and bottom-box shares."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.contracts import (
    CellType,
    ColumnMeta,
    Measure,
    ProcedureFamily,
    ProcedureOutput,
    Suggestion,
    TableColumn,
)
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import all_missing
from analysis.logic.frame import Category, Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.proportions import wilson_interval


class FrequenciesParameters(Parameters):
    columns: ColumnNames = columns(
        "Questions", accepts=CATEGORICAL, max_items=50, help="One table is made for each."
    )
    boxes: int = option(
        2, "Boxes", ge=1, le=5, help="How many of the highest and lowest answers of a rating form a box."
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: FrequenciesParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    efficiency = frame.effective_n / frame.n
    answered = False
    for done, name in enumerate(parameters.columns):
        context.checkpoint("counting", done, len(parameters.columns))
        meta = frame.column(name)
        categories = frame.categories(name)
        base = sum(c.n for c in categories)
        weighted_base = sum(c.weighted_n for c in categories)
        if not base:
            builder.notice("all_missing", f"{name!r} has no answers.", [name])
            continue
        answered = True
        rows, drills, points = [], [], []
        cumulative = 0.0
        for category in categories:
            share = category.weighted_n / weighted_base
            cumulative += share
            low, high = wilson_interval(share, base * efficiency, parameters.confidence)
            builder.fact(
                fact_id("share", name, category.value),
                f"Share answering {category.label!r} to {meta.title}",
                share,
                unit="share",
                n=base,
                weighted_n=weighted_base,
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Wilson score",
                columns=[name],
            )
            rows.append([category.label, category.n, category.weighted_n, share, cumulative, low, high])
            drills.append(equals(name, category.value))
            points.append({"answer": category.label, "share": share, "low": low, "high": high})
        missing = frame.n - base
        rows.append(["No answer", missing, frame.weighted_n - weighted_base, None, None, None, None])
        drills.append(equals(name, None))
        builder.table(
            fact_id("frequencies", name),
            meta.title,
            [
                text_column("answer", "Answer"),
                integer_column("n", "Rows"),
                number_column("weighted_n", "Weighted rows"),
                percent_column("share", "Share"),
                percent_column("cumulative", "Cumulative share"),
                percent_column("low", "Low"),
                TableColumn("high", "High", CellType.PERCENT),
            ],
            rows,
            row_drills=drills,
            notes=["Shares are of the rows that have an answer."],
        )
        if meta.measure is Measure.ORDINAL and len(categories) > parameters.boxes:
            _boxes(builder, name, meta, categories, parameters, efficiency)
        if len(categories) <= 60:
            builder.chart(
                bars(
                    fact_id("frequencies", name),
                    meta.title,
                    f"Share of each answer to {meta.title}.",
                    points,
                    category="answer",
                    value="share",
                    category_title=meta.title,
                    value_title="Share",
                    value_format=".0%",
                    low="low",
                    high="high",
                )
            )
    if not answered:
        raise all_missing(parameters.columns[0])
    builder.notices(frame.notices)
    return builder.build(
        method="Shares of the rows with an answer; Wilson score intervals, with Kish's effective base when weighted.",
        missing_values="Missing answers are shown and left out of the shares, column by column.",
        weights="Shares are weighted; rows are counted unweighted beside them.",
        references=("Wilson (1927), JASA 22, 209-212", "Kish (1965), Survey Sampling"),
    )


def _boxes(
    builder: OutputBuilder,
    name: str,
    meta: ColumnMeta,
    categories: Sequence[Category],
    parameters: FrequenciesParameters,
    efficiency: float,
) -> None:
    base = sum(c.n for c in categories)
    total = sum(c.weighted_n for c in categories)
    k = parameters.boxes
    for key, label, chosen in (("top_box", "Top", categories[-k:]), ("bottom_box", "Bottom", categories[:k])):
        share = sum(c.weighted_n for c in chosen) / total
        builder.fact(
            fact_id(key, name),
            f"{label}-{k} box of {meta.title}",
            share,
            unit="share",
            n=base,
            weighted_n=total,
            interval=wilson_interval(share, base * efficiency, parameters.confidence),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[name],
        )


def script(parameters: FrequenciesParameters, context: ScriptContext) -> str:
    return f"""
results = {{}}
for name in {literal(list(parameters.columns))}:
    weighted = pd.Series(weights, index=data.index).groupby(data[name]).sum()
    for value, share in (weighted / weighted.sum()).items():
        results[fact_id("share", name, value)] = share
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not chosen or any(c.measure not in CATEGORICAL for c in chosen):
        return None
    return Suggestion(
        0.9 if len(chosen) == 1 else 0.4,
        {"columns": [c.name for c in chosen]},
        "Answers to closed questions are counted first.",
    )


PROCEDURE = Procedure(
    key="frequencies",
    title="Frequencies and top-2-box",
    question="How many gave each answer?",
    family=ProcedureFamily.DESCRIBE,
    version=1,
    parameters=FrequenciesParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least one categorical column with up to 500 different values.",),
    tags=("top-2-box", "counts", "share"),
)
