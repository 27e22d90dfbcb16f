"""Ordinal (proportional odds) logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import levels_source
from analysis.logic.model_output import coefficient_table, effect_chart, fit_or_refuse, likelihood_facts
from analysis.logic.model_rows import ModelRows, read_rows, rows_source
from analysis.logic.output import OutputBuilder, fact_id, number_column, text_column
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
from analysis.logic.stats.likelihood import CumulativeLogit, Logistic, maximise

MAX_OUTCOMES = 20


class OrdinalRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=(Measure.ORDINAL, Measure.SCALE, Measure.BINARY))
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


def compute(frame: Frame, parameters: OrdinalRegressionParameters, context: RunContext) -> ProcedureOutput:
    name = parameters.outcome
    rows = read_rows(frame, parameters.predictors, parameters.factors, categorical=[name])
    codes = rows.data.codes[name]
    present = [k for k in range(len(rows.data.categories[name])) if (codes == k).any()]
    if len(present) < 2:
        raise constant_column(name, rows.data.categories[name][present[0]].value)
    if len(present) > MAX_OUTCOMES:
        raise ProcedureError(
            "too_many_categories",
            f"Outcome {name!r} has {len(present)} ordered values; at most {MAX_OUTCOMES} can be modelled. "
            "Use linear regression or band the values.",
            "/outcome",
        )
    place = np.full(len(rows.data.categories[name]), -1)
    place[present] = np.arange(len(present))
    y, categories = place[codes], [rows.data.categories[name][k] for k in present]
    constants = len(present) - 1
    if rows.n <= constants + len(rows.terms):
        raise too_few_rows(rows.n, constants + len(rows.terms) + 1, "an ordinal model")
    robust = frame.weight is not None
    model = CumulativeLogit(rows.x, y, len(present), rows.weights)
    fitted = fit_or_refuse(
        model,
        rows,
        robust,
        "The ordinal model",
        [(y > k).astype(float) for k in range(constants)],
        lambda done, total: context.checkpoint("fitting", done, total),
    )
    change = rows.original_scale(constants)
    estimate = change @ fitted.parameters
    errors = np.sqrt(np.diag(change @ fitted.covariance @ change.T))
    builder = OutputBuilder(context, n=rows.n, weighted_n=rows.data.weights.sum())
    title = frame.column(name).title
    points = coefficient_table(
        builder,
        rows.terms,
        estimate[constants:],
        errors[constants:],
        effect="odds_ratio",
        effect_name="Odds ratio",
        confidence=parameters.confidence,
        title=f"Odds of a higher {title}",
    )
    effect_chart(builder, points, "Odds ratio")
    cuts = []
    for k in range(constants):
        label = f"{categories[k].label} | {categories[k + 1].label}"
        builder.fact(
            fact_id("threshold", categories[k].value), f"Threshold {label}", estimate[k], columns=[name]
        )
        cuts.append([label, estimate[k], errors[k]])
    builder.table(
        "thresholds",
        "Thresholds",
        [
            text_column("between", "Between"),
            number_column("threshold", "Threshold"),
            number_column("se", "Standard error"),
        ],
        cuts,
    )
    share = np.bincount(y, rows.weights) / rows.weights.sum()
    null = float(rows.n * (share * np.log(share)).sum())
    likelihood_facts(builder, fitted, null, constants + len(rows.terms), constants, rows.n, robust)
    _proportional_odds(builder, rows, y, constants)
    if rows.data.dropped:
        builder.notice("missing", f"{rows.data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Cumulative (proportional odds) logit by Newton's method with the exact Hessian; Wald intervals. "
        "Proportional odds checked by Brant's test.",
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Pseudo-maximum likelihood with weights scaled to the number of rows; linearised sandwich errors.",
        references=(
            "McCullagh (1980), J. Royal Statistical Society B 42, 109-142",
            "Brant (1990), Biometrics 46, 1171-1178",
        ),
        multiple_testing="Each coefficient is tested on its own; p-values are not corrected.",
    )


def _proportional_odds(builder: OutputBuilder, rows: ModelRows, y: np.ndarray, constants: int) -> None:
    """Brant's Wald test that the coefficients of the binary splits y > k are equal."""
    from scipy.special import chdtrc

    name = "Proportional odds"
    if constants < 2:
        return
    x, p = rows.with_constant, len(rows.terms)
    fits, means = [], []
    for k in range(constants):
        split = Logistic(x, (y > k).astype(float), rows.weights)
        try:
            fit = maximise(split, rows.weights, robust=False)
        except np.linalg.LinAlgError:
            fit = None
        if fit is None or not fit.converged or np.abs(fit.parameters).max() > 15:
            builder.assume(
                name, None, "A split of the scale is separated or too rare, so the test cannot be made."
            )
            return
        fits.append(fit)
        means.append(split.mean(fit.parameters))
    inverse = [np.linalg.inv((x * (rows.weights * m * (1 - m))[:, None]).T @ x) for m in means]
    covariance = np.zeros((constants * p, constants * p))
    for i in range(constants):
        for j in range(i, constants):
            w = rows.weights * (means[j] - means[i] * means[j])
            block = (inverse[i] @ ((x * w[:, None]).T @ x) @ inverse[j])[1:, 1:]
            covariance[i * p : (i + 1) * p, j * p : (j + 1) * p] = block
            covariance[j * p : (j + 1) * p, i * p : (i + 1) * p] = block.T
    contrast = np.hstack([np.tile(np.eye(p), (constants - 1, 1)), -np.eye((constants - 1) * p)])
    gap = contrast @ np.concatenate([f.parameters[1:] for f in fits])
    statistic = float(gap @ np.linalg.pinv(contrast @ covariance @ contrast.T) @ gap)
    df = p * (constants - 1)
    value = float(chdtrc(df, statistic)) if statistic >= 0 else np.nan
    builder.assume(
        name,
        None if np.isnan(value) else value >= 0.05,
        f"Brant's test: chi-square({df}) = {statistic:.2f}, p = {value:.3g}.",
    )


def script(parameters: OrdinalRegressionParameters, context: ScriptContext) -> str:
    return f"""
from scipy.optimize import minimize
from scipy.special import expit
{rows_source(context, parameters.predictors, parameters.factors, categorical=[parameters.outcome])}
answers = data.loc[keep, {literal(parameters.outcome)}].to_numpy()
levels = [v for v in {levels_source(context, parameters.outcome)} if (answers == v).any()]
y = np.array([levels.index(v) for v in answers])
centre, spread, k = x.mean(axis=0), x.std(axis=0), len(levels) - 1
z = (x - centre) / spread


def loss(b):
    cuts = np.r_[-np.inf, np.cumsum(np.r_[b[0], np.exp(b[1:k])]), np.inf]
    eta = z @ b[k:]
    p = expit(cuts[y + 1] - eta) - expit(cuts[y] - eta)
    return -(w * np.log(np.maximum(p, 1e-300))).sum() / len(y)


share = np.cumsum(np.bincount(y, w))[:-1] / w.sum()
cuts = np.log(share / (1 - share))
start = np.r_[cuts[0], np.log(np.diff(cuts)), np.zeros(z.shape[1])]
b = start
for _ in range(4):
    b = minimize(loss, b, method="BFGS", options={{"gtol": 1e-9}}).x
results = {{"log_likelihood": -loss(b) * len(y)}}
for ids, value in zip(term_ids, b[k:] / spread):
    results[fact_id("coefficient", *ids)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or chosen[0].measure is not Measure.ORDINAL:
        return None
    numeric = [c.name for c in chosen[1:] if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    factors = [c.name for c in chosen[1:] if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(numeric) + len(factors) != len(chosen) - 1:
        return None
    return Suggestion(
        0.45,
        {"outcome": chosen[0].name, "predictors": numeric, "factors": factors},
        "Explains an ordered rating by several columns.",
    )


PROCEDURE = Procedure(
    key="ordinal_regression",
    title="Ordinal logistic regression",
    question="What moves people up or down an ordered scale?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=OrdinalRegressionParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("An outcome with 2 to 20 ordered values.",),
    tags=("proportional odds", "rating", "cumulative logit"),
)
