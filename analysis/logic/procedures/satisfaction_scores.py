"""Customer satisfaction (CSAT) and customer effort (CES) scores with intervals, by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Scalar, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill, group_drill
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import (
    CATEGORICAL,
    RATING,
    ColumnName,
    ColumnNames,
    Parameters,
    column,
    columns,
    option,
)
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.location import t_test
from analysis.logic.stats.moments import column_moments
from analysis.logic.stats.proportions import wilson_interval


class SatisfactionParameters(Parameters):
    ratings: ColumnNames = columns("Ratings", accepts=RATING, max_items=40)
    groups: ColumnName | None = column("Groups", accepts=CATEGORICAL, default=None)
    lowest: int = option(1, "Lowest answer of the scale", ge=-100, le=100)
    highest: int = option(5, "Highest answer of the scale", ge=-100, le=100)
    boxes: int = option(2, "Answers that count as satisfied", ge=1, le=10)
    good_end: Literal["high", "low"] = option(
        "high",
        "Good end",
        help="high: a high answer is good. low: a low answer is good (effort asked as 'how hard').",
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _scale(self) -> Self:
        if self.highest - self.lowest < self.boxes:
            raise ValueError("the scale must have more answers than count as satisfied")
        return self


def compute(frame: Frame, parameters: SatisfactionParameters, context: RunContext) -> ProcedureOutput:
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    weighted = frame.weight is not None
    span = parameters.highest - parameters.lowest
    rows, drills, points = [], [], []
    for done, name in enumerate(parameters.ratings):
        context.checkpoint("scoring", done, len(parameters.ratings))
        grouping = [] if parameters.groups is None else [parameters.groups]
        data = frame.arrays(numeric=[name], categorical=grouping, limit=60)
        x, title = data.column(name), frame.column(name).title
        wrong = (x < parameters.lowest) | (x > parameters.highest)
        if wrong.any():
            raise ProcedureError(
                "rating_out_of_range",
                f"{int(wrong.sum()):,} values of {name!r} lie outside {parameters.lowest} to {parameters.highest} "
                f"(row {int(data.rows[wrong][0])}: {float(x[wrong][0]):g}). Set the scale or declare missing codes.",
                f"/ratings/{done}",
                {"column": name, "count": int(wrong.sum())},
            )
        parts: list[tuple[str, Scalar, np.ndarray]] = [("All", None, np.ones(x.size, dtype=bool))]
        if parameters.groups is not None:
            codes = data.codes[parameters.groups]
            parts += [
                (c.label, c.value, codes == g)
                for g, c in enumerate(data.categories[parameters.groups])
                if (codes == g).any()
            ]
        for k, (label, value, inside) in enumerate(parts):
            answers, w = x[inside], data.weights[inside]
            good = (
                answers > parameters.highest - parameters.boxes
                if parameters.good_end == "high"
                else answers < parameters.lowest + parameters.boxes
            )
            share = float(w[good].sum() / w.sum())
            effective = float(w.sum() ** 2 / (w * w).sum())
            low, high = wilson_interval(share, effective, parameters.confidence)
            m = column_moments(answers[:, None], w if weighted else None)
            mean, error = float(m.mean[0, 0]), float(m.standard_error[0, 0])
            limits = (
                t_test(mean, error, answers.size - 1).interval(parameters.confidence)
                if error > 0
                else (mean, mean)
            )
            index = 100 * (mean - parameters.lowest) / span
            if parameters.good_end == "low":
                index = 100 - index
            at = [] if k == 0 else [value]
            n, used = answers.size, [name, *grouping]
            where = f" in {label}" if at else ""
            builder.fact(
                fact_id("satisfied", name, *at),
                f"Share satisfied with {title}{where}",
                share,
                unit="share",
                n=n,
                weighted_n=w.sum(),
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Wilson score",
                columns=used,
            )
            builder.fact(
                fact_id("mean", name, *at),
                f"Mean of {title}{where}",
                mean,
                n=n,
                weighted_n=w.sum(),
                interval=limits,
                interval_level=parameters.confidence,
                interval_method="Student's t",
                columns=used,
            )
            builder.fact(
                fact_id("index", name, *at),
                f"Index 0-100 of {title}{where}",
                index,
                unit="points",
                n=n,
                columns=used,
            )
            rows.append([title, label, n, share, low, high, mean, *limits, index])
            drills.append(
                group_drill(parameters.groups, value, name)
                if at and parameters.groups
                else complete_drill([name, *grouping])
            )
            points.append({"rating": title, "group": label, "share": share, "low": low, "high": high})
        if data.dropped:
            builder.notice(
                "missing", f"{data.dropped:,} rows without {name!r} or group are left out.", [name]
            )
    builder.table(
        "satisfaction",
        "Satisfaction scores",
        [
            text_column("rating", "Rating"),
            text_column("group", "Group"),
            integer_column("n", "Rows"),
            percent_column("satisfied", "Satisfied"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
            number_column("mean", "Mean"),
            number_column("mean_low", "Mean, low"),
            number_column("mean_high", "Mean, high"),
            number_column("index", "Index 0-100"),
        ],
        rows,
        row_drills=drills,
    )
    grouped = parameters.groups is not None
    builder.chart(
        bars(
            "satisfied",
            "Share satisfied",
            "Share of answers in the good end of the scale, with intervals.",
            points[:2_000],
            category="rating",
            value="share",
            category_title="Rating",
            value_title="Satisfied",
            colour="group" if grouped else None,
            colour_title="Group" if grouped else None,
            value_format=".0%",
            low="low",
            high="high",
        )
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"CSAT/CES as share of the {parameters.boxes} best answers of a {parameters.lowest} to "
        f"{parameters.highest} scale, Wilson interval; mean with t interval; index = place of the mean on the scale.",
        missing_values="Rows without the rating (or the group, when given) are left out, rating by rating.",
        weights="Shares and means are weighted; Wilson uses Kish's effective base, means linearised errors.",
        references=(
            "Dixon, Freeman & Toman (2010), Harvard Business Review 88(7), 116-122",
            "Wilson (1927), JASA 22, 209-212",
        ),
    )


def script(parameters: SatisfactionParameters, context: ScriptContext) -> str:
    return f"""
groups, boxes = {literal(parameters.groups)}, {parameters.boxes}
low, high = {parameters.lowest}, {parameters.highest}
results = {{}}
for name in {literal(list(parameters.ratings))}:
    table = pd.DataFrame({{"x": number(name), "w": weights}})
    table["g"] = 0 if groups is None else data[groups].to_numpy()
    table = table.dropna()
    parts = [] if groups is None else [((v,), p) for v, p in table.groupby("g")]
    for level, part in [((), table), *parts]:
        good = part["x"] > high - boxes if {literal(parameters.good_end)} == "high" else part["x"] < low + boxes
        results[fact_id("satisfied", name, *level)] = np.average(good, weights=part["w"])
        results[fact_id("mean", name, *level)] = np.average(part["x"], weights=part["w"])
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    ratings = [c for c in chosen if c.measure is Measure.ORDINAL]
    words = " ".join(f"{c.name} {c.label}".lower() for c in ratings)
    if not ratings or not any(word in words for word in ("satisf", "csat", "ces", "effort", "easy")):
        return None
    highest = max((len(c.value_labels) for c in ratings), default=0) or 5
    return Suggestion(
        0.85,
        {"ratings": [c.name for c in ratings], "highest": highest},
        "The names say satisfaction or effort.",
    )


PROCEDURE = Procedure(
    key="satisfaction_scores",
    title="CSAT and CES",
    question="How many are satisfied, or find it easy?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=SatisfactionParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Ratings on one scale.",),
    tags=("CSAT", "CES", "satisfaction", "effort", "top-2-box"),
)
