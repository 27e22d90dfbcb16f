"""Linear regression (ordinary or weighted least squares) with robust and clustered errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import histogram, intervals
from analysis.logic.context import RunContext
from analysis.logic.design import Design, Term
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, number_column, p_column, text_column
from analysis.logic.parameters import (
    ANY,
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
from analysis.logic.stats.regression import Covariance, LeastSquares, fit

COVARIANCE_NAMES = {
    "classical": "classical (equal variance of errors)",
    "hc0": "heteroscedasticity-consistent HC0",
    "hc1": "heteroscedasticity-consistent HC1",
    "hc2": "heteroscedasticity-consistent HC2",
    "hc3": "heteroscedasticity-consistent HC3",
    "cluster": "cluster-robust with small-sample correction",
    "linearised": "with-replacement linearised (Taylor)",
}


class LinearRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC)
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=100, default=()
    )
    factors: ColumnNames = columns(
        "Categorical predictors", accepts=CATEGORICAL, min_items=0, max_items=20, default=(),
        help="Each level is compared with the first.",
    )  # fmt: skip
    errors: Literal["auto", "classical", "hc0", "hc1", "hc2", "hc3", "cluster"] = option(
        "auto", "Standard errors", help="Automatic: classical without weights, linearised with weights."
    )
    cluster: ColumnName | None = column(
        "Clusters", accepts=ANY, default=None, help="Needed for clustered errors."
    )
    intercept: bool = option(True, "Intercept")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _consistent(self) -> LinearRegressionParameters:
        if not self.predictors and not self.factors:
            raise ValueError("choose at least one predictor")
        if (self.errors == "cluster") != (self.cluster is not None):
            raise ValueError("clustered errors and the cluster column go together")
        if self.outcome in (*self.predictors, *self.factors):
            raise ValueError("the outcome cannot also be a predictor")
        if set(self.predictors) & set(self.factors):
            raise ValueError("a column is either a numeric or a categorical predictor")
        return self


def compute(frame: Frame, parameters: LinearRegressionParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    design = Design(frame, parameters.outcome, parameters.predictors, parameters.factors, parameters.cluster)
    terms = design.terms
    covariance: Covariance = (
        ("linearised" if frame.weight is not None else "classical")
        if parameters.errors == "auto"
        else parameters.errors
    )
    clusters = 0
    if parameters.cluster is not None:
        clusters = len(frame.categories(parameters.cluster, design.cluster_limit))
        if clusters < 2:
            raise ProcedureError(
                "too_few_clusters", "Clustered errors need at least two clusters.", "/cluster"
            )
    model = fit(
        design.pieces,
        [t.name for t in terms],
        intercept=parameters.intercept,
        covariance=covariance,
        clusters=clusters,
    )
    builder = OutputBuilder(context, n=model.n, weighted_n=model.weight)
    _model_facts(builder, model, frame, parameters, covariance)
    _coefficients(builder, model, terms, frame, parameters, covariance)
    _diagnostics(builder, model, terms, frame, context, covariance, clusters)
    left_out = frame.n - model.n
    if left_out:
        builder.notice("missing_left_out", f"{left_out:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=_method(model, covariance),
        missing_values="Rows with a missing value in any of the columns are left out (listwise).",
        weights="Weighted least squares; automatic errors are linearised for sampling weights.",
        multiple_testing="p-values of coefficients are not corrected.",
        references=(
            "Chan, Golub & LeVeque (1983), American Statistician 37, 242-247",
            "MacKinnon & White (1985), J. Econometrics 29, 305-325 (HC0-HC3)",
            "Liang & Zeger (1986), Biometrika 73, 13-22 (clusters)",
            "Koenker (1981), J. Econometrics 17, 107-112",
        ),
    )


def _method(model: LeastSquares, covariance: str) -> str:
    ways = {
        "gram": "centred, scaled normal equations over all rows with one step of refinement",
        "qr": "Householder QR of centred, scaled rows, because the predictors are nearly collinear",
        "qr_extended": "Householder QR of centred, scaled rows in extended precision",
    }
    return (
        f"Least squares by {ways[model.method]}; condition number of the predictors' correlations "
        f"{model.condition:.3g}. Standard errors: {COVARIANCE_NAMES[covariance]}."
    )


def _model_facts(
    builder: OutputBuilder,
    model: LeastSquares,
    frame: Frame,
    parameters: LinearRegressionParameters,
    covariance: str,
) -> None:
    from scipy.special import fdtrc

    offset = 1 if model.intercept else 0
    p = model.coefficients.size - offset
    used = [parameters.outcome, *parameters.predictors, *parameters.factors]
    df_residual = model.n - p - offset
    r2 = model.r_squared
    builder.fact("r_squared", "Share of variance explained (R squared)", r2, columns=used)
    adjusted = 1 - (1 - r2) * (model.n - offset) / df_residual
    builder.fact("adjusted_r_squared", "Adjusted R squared", adjusted, columns=used)
    builder.fact("sigma", "Residual standard error", model.sigma, columns=used, df=[df_residual])
    slopes, block = model.coefficients[offset:], model.covariance[offset:, offset:]
    try:
        wald = float(slopes @ np.linalg.solve(block, slopes)) / p
    except np.linalg.LinAlgError:
        wald = math.nan
    name = "F test of all predictors" if covariance == "classical" else "Wald F test of all predictors"
    builder.fact(
        "f",
        name,
        wald,
        statistic=wald,
        df=[p, model.df],
        p=float(fdtrc(p, model.df, wald)) if math.isfinite(wald) and wald >= 0 else None,
        test=name,
        columns=used,
    )


def _coefficients(
    builder: OutputBuilder,
    model: LeastSquares,
    terms: Sequence[Term],
    frame: Frame,
    parameters: LinearRegressionParameters,
    covariance: str,
) -> None:
    from scipy.special import stdtr, stdtrit

    offset = 1 if model.intercept else 0
    errors = model.errors
    with np.errstate(divide="ignore", invalid="ignore"):
        t = model.coefficients / errors
    p = 2 * stdtr(model.df, -np.abs(t))
    half = stdtrit(model.df, 0.5 + parameters.confidence / 2) * errors
    low, high = model.coefficients - half, model.coefficients + half
    spread = np.sqrt(np.diag(model.scatter))
    betas = (
        model.coefficients[offset:] * spread[:-1] / spread[-1]
        if spread[-1] > 0
        else np.full(len(terms), np.nan)
    )
    vif = inflation(model)
    rows, drills, points = [], [], []
    everything = [None, *terms] if model.intercept else list(terms)
    for i, term in enumerate(everything):
        label = "Intercept" if term is None else term.label
        j = i - offset
        key = fact_id("coefficient", "intercept") if term is None else _term_id("coefficient", term)
        builder.fact(
            key,
            f"Coefficient of {label}",
            model.coefficients[i],
            interval=(low[i], high[i]),
            interval_level=parameters.confidence,
            interval_method=f"t, {covariance} errors",
            statistic=t[i],
            df=[model.df],
            p=p[i],
            test="t test",
            columns=[parameters.outcome] if term is None else [parameters.outcome, term.column],
        )
        beta = None if term is None else betas[j]
        if term is not None:
            builder.fact(
                _term_id("beta", term),
                f"Standardised coefficient of {label}",
                beta,
                columns=[parameters.outcome, term.column],
            )
            points.append(
                {"term": label, "coefficient": model.coefficients[i], "low": low[i], "high": high[i]}
            )
        rows.append(
            [
                label,
                model.coefficients[i],
                errors[i],
                low[i],
                high[i],
                t[i],
                p[i],
                beta,
                None if term is None else vif[j],
            ]
        )
        drills.append(None if term is None else {"column": term.column, "op": "not_missing"})
    builder.table(
        "coefficients",
        f"Coefficients for {frame.column(parameters.outcome).title}",
        [
            text_column("term", "Predictor"),
            number_column("coefficient", "Coefficient"),
            number_column("error", "Standard error"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("t", "t"),
            p_column("p", "p"),
            number_column("beta", "Standardised"),
            number_column("vif", "VIF"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "coefficients",
            f"What moves {frame.column(parameters.outcome).title}",
            "Coefficient of each predictor with its confidence interval.",
            points,
            category="term",
            value="coefficient",
            low="low",
            high="high",
            category_title="Predictor",
            value_title="Coefficient",
            reference=0.0,
        )
    )


def _term_id(statistic: str, term: Term) -> str:
    return (
        fact_id(statistic, term.column)
        if term.level is None
        else fact_id(statistic, term.column, term.level.value)
    )


def inflation(model: LeastSquares) -> np.ndarray:
    """Variance inflation factors, one per column of x."""
    block = model.scatter[:-1, :-1]
    spread = np.sqrt(np.diag(block))
    spread[spread == 0] = 1.0
    return np.asarray(np.diag(np.linalg.pinv(block / np.outer(spread, spread))))


def _diagnostics(
    builder: OutputBuilder,
    model: LeastSquares,
    terms: Sequence[Term],
    frame: Frame,
    context: RunContext,
    covariance: str,
    clusters: int,
) -> None:
    statistic, p = model.breusch_pagan
    if math.isfinite(p):
        equal = p >= 0.01
        builder.assume(
            "Equal variance of errors",
            equal,
            f"Breusch-Pagan (studentised) {statistic:.2f}, p = {p:.3g}.",
        )
        if not equal and covariance == "classical":
            builder.notice("unequal_variance", "The errors have unequal variance; use robust errors (HC3).")
    skew = model.residual_skewness
    if math.isfinite(skew):
        normal = model.n > 500 or (abs(skew) < 1 and abs(model.residual_kurtosis) < 3)
        builder.assume(
            "Residuals near normal, or many rows",
            normal,
            f"Skewness {skew:.2f}, excess kurtosis {model.residual_kurtosis:.2f}, {model.n:,} rows.",
        )
    worst = inflation(model)
    builder.assume(
        "Predictors not nearly collinear",
        bool(worst.max() < 10),
        f"Largest variance inflation factor {worst.max():.1f} ({terms[int(np.argmax(worst))].label}).",
    )
    if model.method == "qr" or (model.method == "qr_extended" and model.condition > 1e6):
        builder.notice(
            "ill_conditioned",
            f"The predictors are nearly collinear (condition {model.condition:.1e}); a QR decomposition was used, "
            "yet single coefficients are poorly determined.",
        )
    if covariance == "cluster" and clusters < 30:
        builder.notice("few_clusters", f"Clustered errors on {clusters} clusters are too small on average.")
    if covariance in ("hc2", "hc3") and model.largest_leverage > 0.5:
        builder.notice("high_leverage", f"Single rows have a leverage of up to {model.largest_leverage:.2f}.")
    if model.n < 10 * len(terms):
        builder.notice("few_rows_per_predictor", "There are fewer than ten rows per predictor.")
    if model.histogram.sum() > 0 and not context.is_suppressed(model.n):
        builder.chart(
            histogram(
                "residuals",
                "Standardised residuals",
                "Distribution of the residuals in units of their standard error.",
                np.linspace(-4, 4, 33).tolist(),
                model.histogram.tolist(),
                value_title="Standardised residual",
            )
        )


def script(parameters: LinearRegressionParameters, context: ScriptContext) -> str:
    errors = parameters.errors
    if errors == "auto":
        errors = "hc0" if context.weight is not None else "classical"
    cov_type = {"classical": "nonrobust", "cluster": "cluster"}.get(errors, errors.upper())
    return f"""
import statsmodels.api as sm

outcome = {literal(parameters.outcome)}
numeric, factors = {literal(list(parameters.predictors))}, {literal(list(parameters.factors))}
cluster = {literal(parameters.cluster)}
y = number(outcome)
columns, ids = [], []
used = np.isfinite(y)
for name in numeric:
    columns.append(number(name))
    used = used & np.isfinite(columns[-1])
    ids.append((name,))
LABELS = {literal({name: [v for v, _ in context.column(name).value_labels] for name in parameters.factors})}
for name in factors:
    used = used & data[name].notna().to_numpy()
    known = list(LABELS[name])
    present = sorted(data[name].dropna().unique())
    levels = [v for v in known if v in present] + [v for v in present if v not in known]
    for level in levels[1:]:
        columns.append((data[name] == level).to_numpy(dtype=float, na_value=0.0))
        ids.append((name, level))
if cluster is not None:
    used = used & data[cluster].notna().to_numpy()
x = np.column_stack(columns)[used]
if {parameters.intercept!r}:
    x = np.column_stack([np.ones(len(x)), x])
    ids.insert(0, ("intercept",))
options = {{"groups": pd.factorize(data.loc[used, cluster])[0]}} if cluster is not None else None
model = sm.WLS(y[used], x, weights[used]).fit(cov_type={cov_type!r}, cov_kwds=options)
results = {{"r_squared": model.rsquared}}
for parts, value in zip(ids, model.params):
    results[fact_id("coefficient", *parts)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or chosen[0].measure not in (Measure.SCALE, Measure.ORDINAL):
        return None
    numeric = [c.name for c in chosen[1:] if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    factors = [c.name for c in chosen[1:] if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(numeric) + len(factors) != len(chosen) - 1:
        return None
    return Suggestion(
        0.7 if len(chosen) > 2 else 0.5,
        {"outcome": chosen[0].name, "predictors": numeric, "factors": factors},
        "How do the others move the first column?",
    )


PROCEDURE = Procedure(
    key="linear_regression",
    title="Linear regression",
    question="How much does the outcome change with each predictor, all others equal?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=LinearRegressionParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A numeric outcome.", "More complete rows than coefficients."),
    tags=("ols", "wls", "robust", "hc3", "cluster"),
)
