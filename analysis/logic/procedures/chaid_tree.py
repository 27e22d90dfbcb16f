"""CHAID segmentation tree of a categorical outcome."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Scalar, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column
from analysis.logic.frame import Frame
from analysis.logic.groups import levels_source
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    p_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import (
    CATEGORICAL,
    ColumnName,
    ColumnNames,
    Parameters,
    column,
    columns,
    option,
)
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats import chaid
from analysis.logic.stats.chaid import ChaidNode, grow, leaves
from analysis.logic.stats.proportions import wilson_interval


class ChaidParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=CATEGORICAL)
    predictors: ColumnNames = columns("Predictors", accepts=CATEGORICAL, max_items=60)
    alpha_split: float = option(0.05, "Significance to split", gt=0, lt=0.5)
    alpha_merge: float = option(0.05, "Significance to keep categories apart", gt=0, lt=0.5)
    smallest_parent: int = option(100, "Fewest rows to split", ge=4, le=1_000_000)
    smallest_child: int = option(50, "Fewest rows of a segment", ge=2, le=1_000_000)
    depth: int = option(3, "Levels", ge=1, le=8)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.outcome in self.predictors:
            raise ValueError("the outcome cannot also be a predictor")
        return self


def compute(frame: Frame, parameters: ChaidParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.predictors)
    frame.categories(parameters.outcome, 20)
    for name in names:
        frame.categories(name, 30)
    data = frame.arrays(categorical=[parameters.outcome, *names], complete=False)
    known = data.codes[parameters.outcome] >= 0
    outcome = data.codes[parameters.outcome][known]
    categories = data.categories[parameters.outcome]
    if np.unique(outcome).size < 2:
        raise constant_column(parameters.outcome, categories[int(outcome[0])].value)
    weights = data.weights[known]
    scaled = weights * (weights.size / weights.sum())
    predictors, ordered = [], []
    for name in names:
        codes = data.codes[name][known].astype(np.int64)
        # Missing is a category of its own; it cannot take part in an order.
        gone = (codes < 0).any()
        predictors.append(np.where(codes < 0, len(data.categories[name]), codes))
        ordered.append(frame.column(name).measure is Measure.ORDINAL and not gone)
    context.checkpoint("growing", 0, 1)
    root = grow(
        predictors,
        ordered,
        outcome,
        len(categories),
        scaled,
        alpha_split=parameters.alpha_split,
        alpha_merge=parameters.alpha_merge,
        smallest_parent=parameters.smallest_parent,
        smallest_child=parameters.smallest_child,
        depth=parameters.depth,
    )
    builder = OutputBuilder(context, n=int(known.sum()), weighted_n=weights.sum())
    title = frame.column(parameters.outcome).title
    base = root.counts / root.counts.sum()
    segments, drills, points = [], [], []
    found = leaves(root)
    for number, (leaf, path) in enumerate(found, start=1):
        labels: list[str] = []
        conditions: list[Any] = [{"column": parameters.outcome, "op": "not_missing"}]
        for predictor, group in path:
            name = names[predictor]
            own = data.categories[name]
            values = [None if c == len(own) else own[c].value for c in group]
            shown = ", ".join("missing" if c == len(own) else own[c].label for c in group)
            labels.append(f"{frame.column(name).title}: {shown}")
            conditions.append(_one_of(name, values))
        share = leaf.counts / leaf.counts.sum()
        top = int(share.argmax())
        w = weights[leaf.rows]
        efficiency = float(w.sum() ** 2 / (w * w).sum())
        for k, category in enumerate(categories):
            low, high = wilson_interval(float(share[k]), efficiency, parameters.confidence)
            builder.fact(
                fact_id("share", number, category.value),
                f"Share of {category.label} in segment {number}",
                share[k],
                unit="share",
                n=int(leaf.rows.size),
                weighted_n=w.sum(),
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Wilson score (not corrected for the search)",
                columns=[parameters.outcome, *names],
            )
            points.append({"segment": str(number), "answer": category.label, "share": share[k]})
        segments.append(
            [number, " and ".join(labels) or "All", int(leaf.rows.size), categories[top].label, *share]
        )
        drills.append(conditions[0] if len(conditions) == 1 else {"and": conditions})
    builder.table(
        "segments",
        "Segments",
        [
            integer_column("segment", "Segment"),
            text_column("rule", "Rule"),
            integer_column("n", "Rows"),
            text_column("top", "Most frequent"),
            *[percent_column(f"share{k}", c.label) for k, c in enumerate(categories)],
        ],
        segments,
        row_drills=drills,
        notes=[
            ", ".join(f"{c.label}: {v:.1%}" for c, v in zip(categories, base, strict=True)) + " among all."
        ],
    )
    builder.table(
        "splits",
        "Splits",
        [
            integer_column("level", "Level"),
            text_column("predictor", "Split by"),
            integer_column("rows", "Rows"),
            integer_column("segments", "Into"),
            number_column("chi_square", "Chi-square"),
            number_column("df", "df"),
            p_column("adjusted_p", "Adjusted p"),
        ],
        [
            [
                s.depth + 1,
                frame.column(names[predictor]).title,
                int(s.rows.size),
                len(s.groups),
                s.statistic,
                s.df,
                s.p,
            ]
            for s, predictor in _splits(root)
        ],
    )
    correct = sum(float(leaf.counts.max()) for leaf, _ in found) / float(root.counts.sum())
    builder.fact("segments", "Segments", len(found), base_rule=False)
    builder.fact("accuracy", "Share classified correctly (same rows)", correct, unit="share")
    if root.predictor is not None:
        builder.fact(
            "first_split",
            f"Chi-square of the first split, by {frame.column(names[root.predictor]).title}",
            root.statistic,
            statistic=root.statistic,
            df=(root.df,),
            adjusted_p=root.p,
            test="Pearson chi-square of the merged categories, Kass's Bonferroni factor",
            columns=[parameters.outcome, names[root.predictor]],
        )
    else:
        builder.notice("no_split", f"No predictor separates {title} significantly; there is one segment.")
    builder.chart(
        bars(
            "segments",
            f"{title} by segment",
            "Share of each answer within the segments.",
            points[:2_000],
            category="segment",
            value="share",
            category_title="Segment",
            value_title="Share",
            colour="answer",
            colour_title=title,
            stack="normalize",
            value_format=".0%",
        )
    )
    builder.assume(
        "Rules found and judged on the same rows",
        None,
        "Shares of segments found by search look better than they are; check on new data.",
    )
    unknown = int((~known).sum())
    if unknown:
        builder.notice("missing", f"{unknown:,} rows without an outcome are left out.", [parameters.outcome])
    builder.notices(frame.notices)
    return builder.build(
        method="CHAID: categories that do not differ are merged, the predictor with the smallest Bonferroni-adjusted "
        "chi-square p splits, ordered predictors only join neighbours.",
        missing_values="A missing predictor is a category of its own; rows without an outcome are left out.",
        weights="Counts are weighted, scaled to the number of rows.",
        references=("Kass (1980), Applied Statistics 29, 119-127",),
        multiple_testing="Bonferroni over the ways to merge categories; not over predictors.",
    )


def _one_of(name: str, values: Sequence[Scalar]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    known = [v for v in values if v is not None]
    if known:
        parts.append({"column": name, "op": "in", "value": known})
    if len(known) < len(values):
        parts.append({"column": name, "op": "is_missing"})
    return parts[0] if len(parts) == 1 else {"or": parts}


def _splits(node: ChaidNode) -> list[tuple[ChaidNode, int]]:
    """Split nodes with the position of their predictor, parents first."""
    if node.predictor is None:
        return []
    return [(node, node.predictor), *[split for child in node.children for split in _splits(child)]]


def script(parameters: ChaidParameters, context: ScriptContext) -> str:
    # No public library grows CHAID trees, so the script carries the algorithm itself.
    source = inspect.getsource(chaid).replace("from __future__ import annotations\n", "")
    source = source.replace("children: list[ChaidNode]", "children: list")
    orders = ", ".join(
        f"{literal(name)}: {levels_source(context, name)}"
        for name in (parameters.outcome, *parameters.predictors)
    )
    ordinal = [name for name in parameters.predictors if context.column(name).measure is Measure.ORDINAL]
    return f"""
{source}

outcome, names, ordinal = {literal(parameters.outcome)}, {literal(list(parameters.predictors))}, {literal(ordinal)}
levels = {{{orders}}}
known = data[outcome].notna().to_numpy()
data, w = data[known], weights[known] * known.sum() / weights[known].sum()


def coded(name):
    lookup = {{fact_id(level): k for k, level in enumerate(levels[name])}}
    values = data[name].map(fact_id, na_action="ignore").map(lookup)
    return values.astype(float).fillna(len(lookup)).to_numpy().astype(int)


predictors = [coded(name) for name in names]
ordered = [name in ordinal and not data[name].isna().any() for name in names]
root = grow(predictors, ordered, coded(outcome), len(levels[outcome]), w,
            alpha_split={literal(parameters.alpha_split)}, alpha_merge={literal(parameters.alpha_merge)},
            smallest_parent={parameters.smallest_parent}, smallest_child={parameters.smallest_child},
            depth={parameters.depth})
found = leaves(root)
results = {{"segments": len(found)}}
for number_of, (leaf, _) in enumerate(found, start=1):
    for level, count in zip(levels[outcome], leaf.counts):
        results[fact_id("share", number_of, level)] = count / leaf.counts.sum()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure not in CATEGORICAL for c in chosen):
        return None
    if chosen[0].measure is not Measure.BINARY:
        return None
    return Suggestion(
        0.4,
        {"outcome": chosen[0].name, "predictors": [c.name for c in chosen[1:]]},
        "Finds segments that differ most.",
    )


PROCEDURE = Procedure(
    key="chaid_tree",
    title="CHAID tree",
    question="Which segments differ most in an answer?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=ChaidParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A categorical outcome with up to 20 answers and categorical predictors.",),
    tags=("CHAID", "segmentation", "decision tree"),
)
