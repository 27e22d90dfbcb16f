"""Reliability of a scale: Cronbach's alpha, McDonald's omega, item statistics."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column, no_rows, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, number_column, text_column
from analysis.logic.parameters import RATING, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.gram import Gram, correlation_of
from analysis.logic.stats.reliability import cronbach_alpha, feldt_interval, mcdonald_omega


class ReliabilityParameters(Parameters):
    items: ColumnNames = columns("Items", accepts=RATING, min_items=2, max_items=100)
    reversed: ColumnNames = columns(
        "Reversed items", accepts=RATING, min_items=0, default=(), help="Items worded the other way round."
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _reversed_are_items(self) -> ReliabilityParameters:
        if not set(self.reversed) <= set(self.items):
            raise ValueError("reversed items must be among the items")
        return self


def compute(frame: Frame, parameters: ReliabilityParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    items = list(parameters.items)
    gram = Gram.empty(len(items))
    for chunk in frame.chunks(items, complete=True, stage="scanning"):
        gram = gram.merge(Gram.of(chunk.x, None if frame.weight is None else chunk.weights))
    if not gram.n:
        raise no_rows("every row has a missing value in at least one item")
    if gram.n < 3:
        raise too_few_rows(gram.n, 3, "reliability")
    sign = np.array([-1.0 if name in parameters.reversed else 1.0 for name in items])
    covariance = gram.covariance * np.outer(sign, sign)
    for j, name in enumerate(items):
        if covariance[j, j] <= 0:
            raise constant_column(name, float(gram.mean[j]))
    effective = gram.n * frame.effective_n / frame.n
    alpha = cronbach_alpha(covariance)
    omega, loadings = mcdonald_omega(covariance)
    k = len(items)
    correlation = correlation_of(covariance)
    builder = OutputBuilder(context, n=gram.n, weighted_n=gram.weight)
    builder.fact(
        "alpha",
        "Cronbach's alpha",
        alpha,
        interval=feldt_interval(alpha, effective, k, parameters.confidence),
        interval_level=parameters.confidence,
        interval_method="Feldt F",
        columns=items,
    )
    builder.fact(
        "alpha_standardised", "Alpha of standardised items", cronbach_alpha(correlation), columns=items
    )
    off_diagonal = correlation[np.triu_indices(k, 1)]
    builder.fact("mean_correlation", "Mean correlation between items", off_diagonal.mean(), columns=items)
    if math.isfinite(omega):
        builder.fact("omega", "McDonald's omega (one factor)", omega, columns=items)
    else:
        why = "three items are needed" if k < 3 else "a one-factor model does not fit these items"
        builder.notice("omega_not_possible", f"Omega is not given: {why}.")
    _items(builder, frame, items, gram, covariance, loadings)
    if gram.n < frame.n:
        builder.notice("missing_left_out", f"{frame.n - gram.n:,} rows with a missing item are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "From the covariance matrix of the items over all complete rows: alpha with Feldt's interval; omega from "
            "a one-factor maximum likelihood model; item-rest correlations; alpha without each item."
        ),
        missing_values="Rows with a missing value in any item are left out (listwise).",
        weights="Covariances are weighted; the interval uses Kish's effective base.",
        references=(
            "Cronbach (1951), Psychometrika 16, 297-334",
            "Feldt (1965), Psychometrika 30, 357-370",
            "McDonald (1999), Test Theory",
        ),
    )


def _items(
    builder: OutputBuilder,
    frame: Frame,
    items: Sequence[str],
    gram: Gram,
    covariance: np.ndarray,
    loadings: np.ndarray | None,
) -> None:
    k = len(items)
    titles = [frame.column(name).title for name in items]
    rows, points = [], []
    for j, name in enumerate(items):
        others = [i for i in range(k) if i != j]
        rest_variance = covariance[np.ix_(others, others)].sum()
        rest = (
            covariance[j, others].sum() / math.sqrt(covariance[j, j] * rest_variance)
            if rest_variance > 0
            else math.nan
        )
        dropped = cronbach_alpha(covariance[np.ix_(others, others)]) if k > 2 else math.nan
        builder.fact(
            fact_id("item_rest", name),
            f"Correlation of {titles[j]} with the other items",
            rest,
            columns=[name],
        )
        if rest < 0:
            builder.notice(
                "negative_item", f"{name!r} runs against the other items; it may have to be reversed.", [name]
            )
        loading = None if loadings is None else loadings[j]
        rows.append([titles[j], gram.mean[j], math.sqrt(covariance[j, j]), rest, dropped, loading])
        points.append({"item": titles[j], "rest": rest})
    builder.table(
        "items",
        "Items",
        [
            text_column("item", "Item"),
            number_column("mean", "Mean"),
            number_column("std", "Std. deviation"),
            number_column("item_rest", "Correlation with the rest"),
            number_column("alpha_without", "Alpha without it"),
            number_column("loading", "Loading"),
        ],
        rows,
        row_drills=[{"and": [{"column": name, "op": "not_missing"} for name in items]}] * k,
    )
    builder.chart(
        bars(
            "items",
            "Items and the rest of the scale",
            "Correlation of each item with the sum of the others.",
            points,
            category="item",
            value="rest",
            category_title="Item",
            value_title="Correlation with the rest",
        )
    )


def script(parameters: ReliabilityParameters, context: ScriptContext) -> str:
    return f"""
items, turned = {literal(list(parameters.items))}, {literal(list(parameters.reversed))}
x = np.column_stack([number(name) * (-1 if name in turned else 1) for name in items])
used = np.isfinite(x).all(axis=1)
x, w = x[used], weights[used]
n = len(x)
covariance = np.cov(x.T, aweights=w, ddof=0) * n / (n - 1)
k = len(items)


def alpha(matrix):
    return len(matrix) / (len(matrix) - 1) * (1 - np.trace(matrix) / matrix.sum())


spread = np.sqrt(np.diag(covariance))
results = {{"alpha": alpha(covariance), "alpha_standardised": alpha(covariance / np.outer(spread, spread))}}
for j, name in enumerate(items):
    rest = np.delete(x, j, axis=1).sum(axis=1)
    c = np.cov(x[:, j], rest, aweights=w)
    results[fact_id("item_rest", name)] = c[0, 1] / (c[0, 0] * c[1, 1]) ** 0.5
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure is not Measure.ORDINAL for c in chosen):
        return None
    return Suggestion(0.6, {"items": [c.name for c in chosen]}, "Rating items may form one scale.")


PROCEDURE = Procedure(
    key="reliability",
    title="Scale reliability",
    question="Do these items measure one thing consistently?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=ReliabilityParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two numeric items; omega needs three.",),
    tags=("cronbach", "alpha", "omega", "scale"),
)
