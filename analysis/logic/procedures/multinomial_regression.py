"""Multinomial logistic regression of an unordered outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import levels_source
from analysis.logic.model_output import coefficient_table, fit_or_refuse, likelihood_facts
from analysis.logic.model_rows import ModelTerm, read_rows, rows_source
from analysis.logic.output import OutputBuilder, fact_id
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
from analysis.logic.stats.likelihood import Multinomial

MAX_OUTCOMES = 12


class MultinomialRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=CATEGORICAL)
    reference: str | None = option(None, "Reference category", help="A stored value; by default the first.")
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=50, default=()
    )
    factors: ColumnNames = columns(
        "Categorical predictors", accepts=CATEGORICAL, min_items=0, max_items=20, default=()
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.predictors and not self.factors:
            raise ValueError("choose at least one predictor")
        if self.outcome in (*self.predictors, *self.factors):
            raise ValueError("the outcome cannot also be a predictor")
        if set(self.predictors) & set(self.factors):
            raise ValueError("a column is either a numeric or a categorical predictor")
        return self


def compute(
    frame: Frame, parameters: MultinomialRegressionParameters, context: RunContext
) -> ProcedureOutput:
    name = parameters.outcome
    rows = read_rows(frame, parameters.predictors, parameters.factors, categorical=[name])
    codes = rows.data.codes[name]
    present = [k for k in range(len(rows.data.categories[name])) if (codes == k).any()]
    if len(present) < 2:
        raise constant_column(name, rows.data.categories[name][present[0]].value)
    if len(present) > MAX_OUTCOMES:
        raise ProcedureError(
            "too_many_categories",
            f"Outcome {name!r} has {len(present)} categories; at most {MAX_OUTCOMES} can be modelled.",
            "/outcome",
        )
    if parameters.reference is not None:
        wanted = fact_id(parameters.reference).lower()
        match = [k for k in present if fact_id(rows.data.categories[name][k].value).lower() == wanted]
        if not match:
            raise ProcedureError(
                "unknown_value", f"No row used has {name!r} = {parameters.reference!r}.", "/reference"
            )
        present = [match[0], *[k for k in present if k != match[0]]]
    count = (len(present) - 1) * (len(rows.terms) + 1)
    if rows.n <= count:
        raise too_few_rows(rows.n, count + 1, f"a model with {count} parameters")
    place = np.full(len(rows.data.categories[name]), -1)
    place[present] = np.arange(len(present))
    y, categories = place[codes], [rows.data.categories[name][k] for k in present]
    robust = frame.weight is not None
    model = Multinomial(rows.with_constant, y, len(present), rows.weights)
    fitted = fit_or_refuse(
        model,
        rows,
        robust,
        "The multinomial model",
        [(y == j).astype(float) for j in range(len(present))],
        lambda done, total: context.checkpoint("fitting", done, total),
    )
    change = rows.original_scale()
    size = change.shape[0]
    builder = OutputBuilder(context, n=rows.n, weighted_n=rows.data.weights.sum())
    title = frame.column(name).title
    terms = (ModelTerm(("constant",), "Constant", name), *rows.terms)
    points: list[dict[str, object]] = []
    for j, category in enumerate(categories[1:]):
        part = slice(j * size, (j + 1) * size)
        found = coefficient_table(
            builder,
            terms,
            change @ fitted.parameters[part],
            np.sqrt(np.diag(change @ fitted.covariance[part, part] @ change.T)),
            effect="odds_ratio",
            effect_name="Odds ratio",
            confidence=parameters.confidence,
            prefix=[category.value],
            title=f"{title}: {category.label} against {categories[0].label}",
            table_id=fact_id("coefficients", category.value),
        )
        points += [{**point, "category": category.label} for point in found[1:]]
    share = np.bincount(y, rows.weights) / rows.weights.sum()
    likelihood_facts(
        builder,
        fitted,
        float(rows.n * (share * np.log(share)).sum()),
        count,
        len(present) - 1,
        rows.n,
        robust,
    )
    predicted = model.shares(fitted.parameters).argmax(axis=1)
    builder.fact(
        "accuracy",
        "Share classified correctly",
        float(rows.weights @ (predicted == y)) / rows.weights.sum(),
        unit="share",
    )
    builder.chart(
        intervals(
            "effects",
            f"Odds ratios against {categories[0].label}",
            "Odds ratio of each term for each outcome against the reference, with intervals; one means no effect.",
            points[:400],
            category="term",
            value="effect",
            low="low",
            high="high",
            category_title="Term",
            value_title="Odds ratio",
            reference=1.0,
            colour="category",
            colour_title=title,
        )
    )
    rarest = int(np.bincount(y).min())
    builder.assume(
        "Enough rows per outcome",
        rarest >= 10 * len(rows.terms),
        f"The rarest outcome has {rarest:,} rows for {len(rows.terms)} terms.",
    )
    builder.assume(
        "Independence of irrelevant alternatives",
        None,
        "Odds of two outcomes must not depend on which others are offered.",
    )
    if rows.data.dropped:
        builder.notice("missing", f"{rows.data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Maximum likelihood by Newton's method on standardised predictors; Wald intervals.",
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Pseudo-maximum likelihood with weights scaled to the number of rows; linearised sandwich errors.",
        references=(
            "Agresti (2013), Categorical Data Analysis",
            "McFadden (1974), Frontiers in Econometrics, 105-142",
        ),
        multiple_testing="Each coefficient is tested on its own; p-values are not corrected.",
    )


def script(parameters: MultinomialRegressionParameters, context: ScriptContext) -> str:
    reference = None if parameters.reference is None else fact_id(parameters.reference).lower()
    return f"""
import statsmodels.api as sm
from scipy.optimize import minimize
{rows_source(context, parameters.predictors, parameters.factors, categorical=[parameters.outcome])}
answers = data.loc[keep, {literal(parameters.outcome)}].to_numpy()
levels = [v for v in {levels_source(context, parameters.outcome)} if (answers == v).any()]
reference = {literal(reference)}
if reference is not None:
    levels.sort(key=lambda v: fact_id(v).lower() != reference)
y = np.array([levels.index(v) for v in answers])
spread = x.std(axis=0)
design = sm.add_constant((x - x.mean(axis=0)) / spread)
size = design.shape[1]


def loss(flat):
    u = np.column_stack([np.zeros(len(y)), design @ flat.reshape(-1, size).T])
    u -= u.max(axis=1, keepdims=True)
    p = np.exp(u) / np.exp(u).sum(axis=1, keepdims=True)
    residual = p.copy()
    residual[np.arange(len(y)), y] -= 1
    value = -(w * np.log(p[np.arange(len(y)), y])).sum()
    return value / len(y), ((residual[:, 1:] * w[:, None]).T @ design).ravel() / len(y)


if WEIGHT is None:
    flat = sm.MNLogit(y, design).fit(disp=0, method="newton", maxiter=100, tol=1e-12).params.T.ravel()
else:
    flat = minimize(loss, np.zeros((len(levels) - 1) * size), jac=True, method="BFGS", options={{"gtol": 1e-11}}).x
results = {{"log_likelihood": -loss(flat)[0] * len(y)}}
for level, b in zip(levels[1:], flat.reshape(-1, size)):
    for ids, value in zip(term_ids, b[1:] / spread):
        results[fact_id("coefficient", level, *ids)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or chosen[0].measure is not Measure.NOMINAL:
        return None
    numeric = [c.name for c in chosen[1:] if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    factors = [c.name for c in chosen[1:] if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if not numeric or len(numeric) + len(factors) != len(chosen) - 1:
        return None
    return Suggestion(
        0.4,
        {"outcome": chosen[0].name, "predictors": numeric, "factors": factors},
        "Explains a choice among several by other columns.",
    )


PROCEDURE = Procedure(
    key="multinomial_regression",
    title="Multinomial logistic regression",
    question="What makes people choose one category over another?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=MultinomialRegressionParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A categorical outcome with up to 12 categories.",),
    tags=("logit", "nominal", "choice"),
)
