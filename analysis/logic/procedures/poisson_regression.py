"""Poisson regression of counts, with exposure and a check of overdispersion."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column
from analysis.logic.frame import Frame
from analysis.logic.model_output import coefficient_table, effect_chart, fit_or_refuse, likelihood_facts
from analysis.logic.model_rows import ModelTerm, read_rows, rows_source
from analysis.logic.output import OutputBuilder
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
from analysis.logic.stats.likelihood import Poisson


class PoissonRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome (a count)", accepts=NUMERIC)
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=100, default=()
    )
    factors: ColumnNames = columns(
        "Categorical predictors", accepts=CATEGORICAL, min_items=0, max_items=20, default=()
    )
    exposure: ColumnName | None = column(
        "Exposure", accepts=NUMERIC, default=None, help="Time or size over which the count was made."
    )
    errors: Literal["auto", "model", "robust"] = option(
        "auto", "Standard errors", help="auto: robust when the counts are overdispersed or weighted."
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


def compute(frame: Frame, parameters: PoissonRegressionParameters, context: RunContext) -> ProcedureOutput:
    extra = [parameters.outcome, *([parameters.exposure] if parameters.exposure else [])]
    rows = read_rows(frame, parameters.predictors, parameters.factors, numeric=extra)
    y = rows.data.column(parameters.outcome)
    wrong = (y < 0) | (y != np.round(y))
    if wrong.any():
        raise ProcedureError(
            "not_a_count",
            f"{int(wrong.sum()):,} values of {parameters.outcome!r} are not counts (row "
            f"{int(rows.data.rows[wrong][0])}: "
            f"{float(y[wrong][0]):g}); whole numbers from zero are needed.",
            "/outcome",
        )
    if np.ptp(y) == 0:
        raise constant_column(parameters.outcome, float(y[0]))
    offset = np.zeros(rows.n)
    if parameters.exposure:
        exposure = rows.data.column(parameters.exposure)
        if (exposure <= 0).any():
            raise ProcedureError("bad_exposure", "The exposure must be above zero in every row.", "/exposure")
        offset = np.log(exposure)
    model = Poisson(rows.with_constant, y, rows.weights, offset)
    weighted = frame.weight is not None
    fitted = fit_or_refuse(
        model,
        rows,
        weighted,
        "The Poisson model",
        [(y > 0).astype(float)],
        lambda done, total: context.checkpoint("fitting", done, total),
    )
    mean = model.mean(fitted.parameters)
    df = rows.n - len(rows.terms) - 1
    dispersion = float(rows.weights @ ((y - mean) ** 2 / mean)) / df
    robust = weighted or parameters.errors == "robust" or (parameters.errors == "auto" and dispersion > 1.5)
    if robust and not weighted:
        fitted = fit_or_refuse(model, rows, True, "The Poisson model", [], None)
    change = rows.original_scale()
    builder = OutputBuilder(context, n=rows.n, weighted_n=rows.data.weights.sum())
    terms = (ModelTerm(("constant",), "Constant", parameters.outcome), *rows.terms)
    points = coefficient_table(
        builder,
        terms,
        change @ fitted.parameters,
        np.sqrt(np.diag(change @ fitted.covariance @ change.T)),
        effect="rate_ratio",
        effect_name="Rate ratio",
        confidence=parameters.confidence,
        title=f"Rate of {frame.column(parameters.outcome).title}",
    )
    effect_chart(builder, points[1:], "Rate ratio")
    rate = float(rows.weights @ y) / float(rows.weights @ np.exp(offset))
    null = Poisson(rows.with_constant, y, rows.weights, offset).value(
        np.concatenate([[np.log(rate)], np.zeros(len(rows.terms))])
    )
    likelihood_facts(builder, fitted, null, len(terms), 1, rows.n, robust)
    builder.fact("dispersion", "Dispersion (Pearson chi-square per degree of freedom)", dispersion)
    builder.assume(
        "Variance equal to the mean",
        dispersion <= 1.5,
        f"Dispersion {dispersion:.2f}. "
        + ("Robust errors are used." if robust else "Model errors are used."),
    )
    zeros, expected = float((y == 0).mean()), float(np.exp(-mean).mean())
    builder.assume(
        "No excess of zeros",
        zeros <= expected + 0.1,
        f"{zeros:.1%} of the rows are zero; the model expects {expected:.1%}.",
    )
    if rows.data.dropped:
        builder.notice("missing", f"{rows.data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Poisson maximum likelihood with log link by Newton's method; "
        + ("sandwich errors." if robust else "errors from the information."),
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Pseudo-maximum likelihood with weights scaled to the number of rows; linearised sandwich errors.",
        references=(
            "McCullagh & Nelder (1989), Generalized Linear Models",
            "Gourieroux, Monfort & Trognon (1984), Econometrica 52, 701-720",
        ),
        multiple_testing="Each coefficient is tested on its own; p-values are not corrected.",
    )


def script(parameters: PoissonRegressionParameters, context: ScriptContext) -> str:
    extra = [parameters.outcome, *([parameters.exposure] if parameters.exposure else [])]
    return f"""
import statsmodels.api as sm
{rows_source(context, parameters.predictors, parameters.factors, numeric=extra)}
y, exposure = numbers[{literal(parameters.outcome)}][keep], {literal(parameters.exposure)}
offset = np.zeros(len(y)) if exposure is None else np.log(numbers[exposure][keep])
family = sm.families.Poisson()
fit = sm.GLM(y, sm.add_constant(x), family=family, offset=offset, freq_weights=w).fit(tol=1e-13, maxiter=100)
results = {{"log_likelihood": fit.llf}}
for ids, value in zip([("constant",), *term_ids], fit.params):
    results[fact_id("coefficient", *ids)] = value
"""


PROCEDURE = Procedure(
    key="poisson_regression",
    title="Poisson regression",
    question="What raises or lowers a count?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=PoissonRegressionParameters,
    compute=compute,
    script=script,
    requirements=("An outcome in whole numbers from zero.",),
    tags=("count", "rate ratio", "log-linear"),
)
