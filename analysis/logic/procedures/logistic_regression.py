"""Binary logistic regression with separation detected and explained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.frame import Frame
from analysis.logic.groups import levels_source
from analysis.logic.model_output import coefficient_table, effect_chart, fit_or_refuse, likelihood_facts
from analysis.logic.model_rows import ModelRows, ModelTerm, binary_outcome, read_rows, rows_source
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import (
    BINARY,
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
from analysis.logic.stats.likelihood import Logistic, area_under_curve


class LogisticRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=BINARY)
    positive: str | None = option(
        None, "Value to predict", help="A stored value; by default the higher of two."
    )
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=100, default=()
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


def compute(frame: Frame, parameters: LogisticRegressionParameters, context: RunContext) -> ProcedureOutput:
    rows = read_rows(frame, parameters.predictors, parameters.factors, categorical=[parameters.outcome])
    y, target = binary_outcome(rows.data, frame.column(parameters.outcome), parameters.positive)
    robust = frame.weight is not None
    model = Logistic(rows.with_constant, y, rows.weights)
    fitted = fit_or_refuse(
        model,
        rows,
        robust,
        "The logistic model",
        [y],
        lambda done, total: context.checkpoint("fitting", done, total),
    )
    change = rows.original_scale()
    estimate = change @ fitted.parameters
    errors = np.sqrt(np.diag(change @ fitted.covariance @ change.T))
    builder = OutputBuilder(context, n=rows.n, weighted_n=rows.data.weights.sum())
    terms = (ModelTerm(("constant",), "Constant", parameters.outcome), *rows.terms)
    points = coefficient_table(
        builder,
        terms,
        estimate,
        errors,
        effect="odds_ratio",
        effect_name="Odds ratio",
        confidence=parameters.confidence,
        title=f"Odds of {frame.column(parameters.outcome).title} = {target.label}",
    )
    effect_chart(builder, points[1:], "Odds ratio")
    share = float(rows.weights @ y) / rows.weights.sum()
    null = rows.n * (share * np.log(share) + (1 - share) * np.log(1 - share))
    likelihood_facts(builder, fitted, float(null), len(terms), 1, rows.n, robust)
    _prediction(builder, model.mean(fitted.parameters), y, rows)
    _marginal_effects(builder, rows, model.mean(fitted.parameters), estimate)
    _assumptions(builder, rows, y)
    if rows.data.dropped:
        builder.notice("missing", f"{rows.data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Maximum likelihood by Newton's method on standardised predictors; Wald intervals.",
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Pseudo-maximum likelihood with weights scaled to the number of rows; linearised sandwich errors.",
        references=(
            "Hosmer, Lemeshow & Sturdivant (2013), Applied Logistic Regression",
            "Albert & Anderson (1984), Biometrika 71, 1-10 (separation)",
            "Konis (2007), Linear programming algorithms for detecting separated data",
        ),
        multiple_testing="Each coefficient is tested on its own; p-values are not corrected.",
    )


def _prediction(builder: OutputBuilder, p: np.ndarray, y: np.ndarray, rows: ModelRows) -> None:
    w = rows.weights
    builder.fact("auc", "Area under the ROC curve", area_under_curve(y, p, w), unit="share")
    builder.fact(
        "brier", "Brier score (mean squared error of the probability)", float(w @ (p - y) ** 2) / w.sum()
    )
    said = p >= 0.5
    table = [[int((said == s)[y == t].sum()) for s in (False, True)] for t in (0, 1)]
    builder.fact(
        "accuracy",
        "Share classified correctly at 0.5",
        float(w @ (said == (y > 0.5))) / w.sum(),
        unit="share",
    )
    builder.table(
        "classification",
        "Classification at 0.5",
        [
            integer_column("outcome", "Outcome"),
            integer_column("predicted_0", "Predicted 0"),
            integer_column("predicted_1", "Predicted 1"),
        ],
        [[t, *table[t]] for t in (0, 1)],
    )
    order = np.argsort(p, kind="stable")
    bins = [part for part in np.array_split(order, 10) if part.size]
    calibration, points = [], []
    for k, part in enumerate(bins, start=1):
        weight = w[part]
        expected, observed = (
            float(np.average(p[part], weights=weight)),
            float(np.average(y[part], weights=weight)),
        )
        calibration.append([k, int(part.size), expected, observed])
        points += [
            {"group": k, "share": expected, "what": "Predicted"},
            {"group": k, "share": observed, "what": "Observed"},
        ]
    builder.table(
        "calibration",
        "Calibration by tenths of predicted probability",
        [
            integer_column("tenth", "Tenth"),
            integer_column("rows", "Rows"),
            percent_column("predicted", "Predicted"),
            percent_column("observed", "Observed"),
        ],
        calibration,
    )
    builder.chart(
        lines(
            "calibration",
            "Predicted and observed shares",
            "Mean predicted probability and observed share in tenths of the rows ordered by prediction.",
            points,
            x="group",
            y="share",
            x_title="Tenth of predicted probability",
            y_title="Share",
            x_kind="ordinal",
            colour="what",
            colour_title="",
            zero=True,
        )
    )


def _marginal_effects(builder: OutputBuilder, rows: ModelRows, p: np.ndarray, estimate: np.ndarray) -> None:
    slope = float(rows.weights @ (p * (1 - p))) / rows.weights.sum()
    out = []
    for term, b in zip(rows.terms, estimate[1:], strict=True):
        builder.fact(
            fact_id("marginal_effect", *term.id),
            f"Average marginal effect of {term.title} on the probability",
            slope * b,
            columns=[term.column],
        )
        out.append([term.title, slope * b])
    builder.table(
        "marginal_effects",
        "Average marginal effects",
        [text_column("term", "Term"), number_column("effect", "Change of the probability per unit")],
        out,
    )


def _assumptions(builder: OutputBuilder, rows: ModelRows, y: np.ndarray) -> None:
    rare = int(min(y.sum(), y.size - y.sum()))
    per = rare / max(1, len(rows.terms))
    builder.assume(
        "Ten events per term", per >= 10, f"{rare:,} rows of the rarer outcome for {len(rows.terms)} terms."
    )
    inverse = np.linalg.inv(np.corrcoef(rows.x, rowvar=False)) if len(rows.terms) > 1 else np.ones((1, 1))
    worst = float(np.diag(np.atleast_2d(inverse)).max())
    builder.assume(
        "No strong collinearity", worst < 10, f"The largest variance inflation factor is {worst:.1f}."
    )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )


def script(parameters: LogisticRegressionParameters, context: ScriptContext) -> str:
    return f"""
import statsmodels.api as sm
{rows_source(context, parameters.predictors, parameters.factors, categorical=[parameters.outcome])}
answers = data.loc[keep, {literal(parameters.outcome)}].to_numpy()
levels = [v for v in {levels_source(context, parameters.outcome)} if (answers == v).any()]
positive = {literal(None if parameters.positive is None else fact_id(parameters.positive).lower())}
target = levels[1] if positive is None else next(v for v in levels if fact_id(v).lower() == positive)
y = (answers == target).astype(float)
fit = sm.GLM(y, sm.add_constant(x), family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-13, maxiter=100)
results = {{"log_likelihood": fit.llf}}
for ids, value in zip([("constant",), *term_ids], fit.params):
    results[fact_id("coefficient", *ids)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or chosen[0].measure is not Measure.BINARY:
        return None
    numeric = [c.name for c in chosen[1:] if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    factors = [c.name for c in chosen[1:] if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(numeric) + len(factors) != len(chosen) - 1:
        return None
    return Suggestion(
        0.7,
        {"outcome": chosen[0].name, "predictors": numeric, "factors": factors},
        "Explains a yes/no outcome by several columns.",
    )


PROCEDURE = Procedure(
    key="logistic_regression",
    title="Logistic regression",
    question="What makes a yes more likely?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=LogisticRegressionParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("An outcome with two values.",),
    tags=("logit", "odds ratio", "binary", "classification"),
)
