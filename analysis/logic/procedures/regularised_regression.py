"""Ridge, lasso and elastic net with the penalty chosen by cross-validation."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import Measure, ProcedureFamily, ProcedureOutput
from analysis.logic.charts import bars, lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import levels_source
from analysis.logic.model_rows import binary_outcome, read_rows, rows_source
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

#: Mixes of the penalties: ridge has almost none of the lasso part, as coordinate descent needs a little.
MIX = {"lasso": 1.0, "elastic_net": 0.5}
OUTCOME_MEASURES = (Measure.SCALE, Measure.ORDINAL, Measure.BINARY, Measure.NOMINAL)


class RegularisedRegressionParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=OUTCOME_MEASURES)
    kind: Literal["linear", "logistic"] = option(
        "linear", "Outcome is", help="linear: a number; logistic: yes or no."
    )
    penalty: Literal["lasso", "ridge", "elastic_net"] = option("lasso", "Penalty")
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=200, default=()
    )
    factors: ColumnNames = columns(
        "Categorical predictors", accepts=CATEGORICAL, min_items=0, max_items=40, default=()
    )
    folds: int = option(5, "Folds", ge=3, le=20)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.predictors and not self.factors:
            raise ValueError("choose at least one predictor")
        if self.outcome in (*self.predictors, *self.factors):
            raise ValueError("the outcome cannot also be a predictor")
        if set(self.predictors) & set(self.factors):
            raise ValueError("a column is either a numeric or a categorical predictor")
        return self


def fit_path(
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    folds: list[tuple[np.ndarray, np.ndarray]],
    kind: str,
    penalty: str,
    context: RunContext,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Any, int]:
    """Strengths (falling), mean and standard error of the out-of-fold loss, the refitted model, best index."""
    strengths = strength_grid(x, y, w, kind, penalty)
    loss = np.zeros((len(folds), strengths.size))
    for f, (train, test) in enumerate(folds):
        for k, strength in enumerate(strengths):
            context.checkpoint("cross-validation", f * strengths.size + k, len(folds) * strengths.size)
            model = make_model(strength, kind, penalty, float(w[train].sum()))
            model.fit(x[train], y[train], sample_weight=w[train])
            if kind == "linear":
                each = (y[test] - model.predict(x[test])) ** 2
            else:
                p = np.clip(model.predict_proba(x[test])[:, 1], 1e-15, 1 - 1e-15)
                each = -(y[test] * np.log(p) + (1 - y[test]) * np.log(1 - p))
            loss[f, k] = np.average(each, weights=w[test])
    mean, error = loss.mean(axis=0), loss.std(axis=0, ddof=1) / np.sqrt(len(folds))
    best = int(np.argmin(mean))
    model = make_model(strengths[best], kind, penalty, float(w.sum()))
    model.fit(x, y, sample_weight=w)
    return strengths, mean, error, model, best


def strength_grid(x: np.ndarray, y: np.ndarray, w: np.ndarray, kind: str, penalty: str) -> np.ndarray:
    """Thirty strengths from the one that empties a lasso model down to a thousandth of it."""
    centred = y - np.average(y, weights=w)
    top = float(np.abs(x.T @ (w * centred)).max()) / w.sum() / MIX.get(penalty, 0.01)
    return np.geomspace(top, top / 1_000, 30)


def make_model(strength: float, kind: str, penalty: str, weight: float) -> Any:
    """A scikit-learn estimator; `strength` multiplies the penalty of the mean loss."""
    from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

    if kind == "linear":
        if penalty == "ridge":
            return Ridge(alpha=strength * weight)
        return ElasticNet(alpha=strength, l1_ratio=MIX[penalty], tol=1e-8, max_iter=20_000)
    if penalty == "ridge":
        return LogisticRegression(C=1 / (strength * weight), tol=1e-8, max_iter=5_000)
    return LogisticRegression(
        C=1 / (strength * weight),
        l1_ratio=MIX[penalty],
        solver="saga",
        tol=1e-5,
        max_iter=2_000,
        random_state=0,
    )


def compute(
    frame: Frame, parameters: RegularisedRegressionParameters, context: RunContext
) -> ProcedureOutput:
    logistic = parameters.kind == "logistic"
    rows = read_rows(
        frame,
        parameters.predictors,
        parameters.factors,
        numeric=[] if logistic else [parameters.outcome],
        categorical=[parameters.outcome] if logistic else [],
    )
    if logistic:
        y, _ = binary_outcome(rows.data, frame.column(parameters.outcome), None)
        if min(y.sum(), y.size - y.sum()) < parameters.folds:
            raise too_few_rows(
                int(min(y.sum(), y.size - y.sum())), parameters.folds, "cross-validation of each outcome"
            )
    else:
        y = rows.data.column(parameters.outcome)
        if np.ptp(y) == 0:
            raise constant_column(parameters.outcome, float(y[0]))
    if rows.n < 4 * parameters.folds:
        raise too_few_rows(rows.n, 4 * parameters.folds, f"cross-validation in {parameters.folds} folds")
    order = np.random.default_rng(context.seed).permutation(rows.n)
    parts = np.array_split(order, parameters.folds)
    folds = [(np.concatenate([p for p in parts if p is not part]), part) for part in parts]
    if logistic and any(np.ptp(y[train]) == 0 for train, _ in folds):
        raise ProcedureError(
            "outcome_too_rare", "The outcome is too rare for this number of folds.", "/folds"
        )
    strengths, mean, error, model, best = fit_path(
        rows.x, y, rows.weights, folds, parameters.kind, parameters.penalty, context
    )
    builder = OutputBuilder(context, n=rows.n, weighted_n=rows.data.weights.sum())
    coefficients = np.ravel(model.coef_)
    table, kept = [], 0
    for k in np.argsort(-np.abs(coefficients), kind="stable"):
        term, value = rows.terms[k], float(coefficients[k])
        kept += abs(value) > 1e-10
        builder.fact(
            fact_id("standardised", *term.id),
            f"Standardised coefficient of {term.title}",
            value,
            columns=[term.column],
        )
        builder.fact(
            fact_id("coefficient", *term.id),
            f"Coefficient of {term.title}",
            value / rows.scale[k],
            columns=[term.column],
        )
        table.append([term.title, value, value / rows.scale[k], "yes" if abs(value) > 1e-10 else "no"])
    w = rows.weights
    if logistic:
        share = float(w @ y) / w.sum()
        null = -(share * np.log(share) + (1 - share) * np.log(1 - share))
    else:
        null = float(w @ (y - np.average(y, weights=w)) ** 2) / w.sum()
    builder.fact("strength", "Penalty chosen", strengths[best])
    builder.fact("terms_kept", "Terms with a coefficient other than zero", kept, base_rule=False)
    builder.fact(
        "cross_validated_r2",
        "Share of the loss explained out of sample" + (" (deviance)" if logistic else " (variance)"),
        1 - mean[best] / null,
        unit="share",
        interval=(1 - (mean[best] + 1.96 * error[best]) / null, 1 - (mean[best] - 1.96 * error[best]) / null),
        interval_level=0.95,
        interval_method="Normal over folds",
    )
    builder.table(
        "coefficients",
        "Coefficients",
        [
            text_column("term", "Term"),
            number_column("standardised", "Standardised"),
            number_column("coefficient", "Per unit"),
            text_column("kept", "Kept"),
        ],
        table,
    )
    builder.chart(
        bars(
            "coefficients",
            "Standardised coefficients",
            "Coefficient of each term per standard deviation under the chosen penalty.",
            [{"term": row[0], "value": row[1]} for row in table[:60]],
            category="term",
            value="value",
            category_title="Term",
            value_title="Standardised coefficient",
        )
    )
    builder.chart(
        lines(
            "path",
            "Loss out of sample by penalty",
            "Mean cross-validated loss for each strength of the penalty, with one standard error.",
            [
                {"strength": float(np.log10(s)), "loss": m, "low": m - e, "high": m + e}
                for s, m, e in zip(strengths, mean, error, strict=True)
            ],
            x="strength",
            y="loss",
            x_title="Penalty (log 10)",
            y_title="Loss",
            low="low",
            high="high",
        )
    )
    builder.assume(
        "Penalty inside the grid",
        0 < best < strengths.size - 1,
        "The best penalty should not lie at the end of the grid.",
    )
    builder.assume(
        "No inference",
        None,
        "Penalised coefficients are biased towards zero; they have no valid p-values or intervals.",
    )
    if rows.data.dropped:
        builder.notice("missing", f"{rows.data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=f"{parameters.penalty.replace('_', ' ')} on standardised predictors, the constant unpenalised; penalty "
        f"with the least mean loss over {parameters.folds} seeded folds.",
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Weights enter the loss, scaled to the number of rows.",
        references=(
            "Tibshirani (1996), J. Royal Statistical Society B 58, 267-288",
            "Zou & Hastie (2005), J. Royal Statistical Society B 67, 301-320",
        ),
        seed=context.seed,
    )


def script(parameters: RegularisedRegressionParameters, context: ScriptContext) -> str:
    logistic = parameters.kind == "logistic"
    source = rows_source(
        context,
        parameters.predictors,
        parameters.factors,
        numeric=[] if logistic else [parameters.outcome],
        categorical=[parameters.outcome] if logistic else [],
    )
    name = literal(parameters.outcome)
    outcome = f"numbers[{name}][keep]"
    if logistic:
        levels = f"[v for v in {levels_source(context, parameters.outcome)} if (data.loc[keep, {name}] == v).any()]"
        outcome = f"(data.loc[keep, {name}].to_numpy() == {levels}[1]).astype(float)"
    ratio = literal(MIX.get(parameters.penalty, 0.01))
    return f"""
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
{source}
y = {outcome}
spread = x.std(axis=0)
z = (x - x.mean(axis=0)) / spread
top = np.abs(z.T @ (w * (y - np.average(y, weights=w)))).max() / w.sum() / {ratio}
strengths = np.geomspace(top, top / 1_000, 30)
parts = np.array_split(np.random.default_rng(SEED).permutation(len(y)), {parameters.folds})


def fit(strength, rows):
    total = w[rows].sum()
    if {literal(logistic)}:
        options = dict(C=1 / (strength * total))
        if {literal(parameters.penalty == "ridge")}:
            options |= dict(tol=1e-8, max_iter=5_000)
        else:
            options |= dict(l1_ratio={ratio}, solver="saga", tol=1e-5, max_iter=2_000, random_state=0)
        model = LogisticRegression(**options)
    elif {literal(parameters.penalty == "ridge")}:
        model = Ridge(alpha=strength * total)
    else:
        model = ElasticNet(alpha=strength, l1_ratio={ratio}, tol=1e-8, max_iter=20_000)
    return model.fit(z[rows], y[rows], sample_weight=w[rows])


loss = np.zeros((len(parts), len(strengths)))
for i, test in enumerate(parts):
    train = np.concatenate([part for part in parts if part is not test])
    for k, strength in enumerate(strengths):
        model = fit(strength, train)
        if {literal(logistic)}:
            p = np.clip(model.predict_proba(z[test])[:, 1], 1e-15, 1 - 1e-15)
            each = -(y[test] * np.log(p) + (1 - y[test]) * np.log(1 - p))
        else:
            each = (y[test] - model.predict(z[test])) ** 2
        loss[i, k] = np.average(each, weights=w[test])
best = np.argmin(loss.mean(axis=0))
results = {{"strength": strengths[best]}}
for ids, value in zip(term_ids, np.ravel(fit(strengths[best], np.arange(len(y))).coef_) / spread):
    results[fact_id("coefficient", *ids)] = value
"""


PROCEDURE = Procedure(
    key="regularised_regression",
    title="Regularised regression (lasso, ridge, elastic net)",
    question="Which few of many columns predict the outcome?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=RegularisedRegressionParameters,
    compute=compute,
    script=script,
    requirements=("At least four rows per fold.",),
    randomised=True,
    cost="heavy",
    tags=("lasso", "ridge", "elastic net", "variable selection"),
)
