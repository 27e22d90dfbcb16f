"""Coefficient tables and fit facts that the likelihood models share."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.logic.charts import intervals
from analysis.logic.errors import did_not_converge, perfect_separation
from analysis.logic.model_rows import ModelRows, ModelTerm
from analysis.logic.output import OutputBuilder, fact_id, number_column, p_column, text_column
from analysis.logic.stats.likelihood import Fitted, Model, maximise, separating_columns
from analysis.logic.stats.proportions import normal_quantile


def fit_or_refuse(
    model: Model,
    rows: ModelRows,
    robust: bool,
    what: str,
    separations: Sequence[np.ndarray],
    builder_checkpoint: object,
) -> Fitted:
    """Fit; when the estimates run away, say which columns separate the outcome.

    separations: binary outcomes (rows,) to search, one per comparison the model makes.
    """
    checkpoint = builder_checkpoint if callable(builder_checkpoint) else (lambda done, total: None)
    fitted: Fitted | None
    try:
        fitted = maximise(model, rows.weights, robust, checkpoint=checkpoint)
    except np.linalg.LinAlgError:
        fitted = None
    suspicious = fitted is None or not fitted.converged or bool((np.abs(fitted.parameters) > 12).any())
    if suspicious:
        for y in separations:
            guilty = separating_columns(rows.with_constant, y)
            if guilty:
                raise perfect_separation(list(dict.fromkeys(rows.terms[k - 1].column for k in guilty)))
    if fitted is None or not fitted.converged:
        raise did_not_converge(what, 60 if fitted is None else fitted.iterations)
    return fitted


def coefficient_table(
    builder: OutputBuilder,
    terms: Sequence[ModelTerm],
    estimate: np.ndarray,
    errors: np.ndarray,
    *,
    effect: str,
    effect_name: str,
    confidence: float,
    prefix: Sequence[object] = (),
    title: str = "Coefficients",
    table_id: str = "coefficients",
) -> list[dict[str, object]]:
    """Facts `coefficient.*` and `<effect>.*` (its exponential), a table; returns chart rows."""
    from scipy.special import ndtr

    z_limit = normal_quantile(confidence)
    rows, points = [], []
    for term, b, se in zip(terms, estimate, errors, strict=True):
        z = b / se if se > 0 else math.nan
        p = 2 * float(ndtr(-abs(z))) if math.isfinite(z) else math.nan
        low, high = b - z_limit * se, b + z_limit * se
        builder.fact(
            fact_id("coefficient", *prefix, *term.id),
            f"Coefficient of {term.title}",
            b,
            interval=(low, high),
            interval_level=confidence,
            interval_method="Wald",
            statistic=z,
            p=p,
            test="Wald z",
            columns=[term.column],
        )
        bounds = (math.exp(min(low, 700)), math.exp(min(high, 700)))
        builder.fact(
            fact_id(effect, *prefix, *term.id),
            f"{effect_name} of {term.title}",
            math.exp(min(b, 700)),
            interval=bounds,
            interval_level=confidence,
            interval_method="Wald on the log scale",
            p=p,
            test="Wald z",
            columns=[term.column],
        )
        rows.append([term.title, b, se, z, p, math.exp(min(b, 700)), *bounds])
        points.append(
            {"term": term.title, "effect": math.exp(min(b, 700)), "low": bounds[0], "high": bounds[1]}
        )
    builder.table(
        table_id,
        title,
        [
            text_column("term", "Term"),
            number_column("coefficient", "Coefficient"),
            number_column("se", "Standard error"),
            number_column("z", "z"),
            p_column(),
            number_column("effect", effect_name),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
    )
    return points


def effect_chart(builder: OutputBuilder, points: Sequence[dict[str, object]], effect_name: str) -> None:
    builder.chart(
        intervals(
            "effects",
            f"{effect_name}s",
            f"{effect_name} of each term with its interval; one means no effect.",
            points[:200],
            category="term",
            value="effect",
            low="low",
            high="high",
            category_title="Term",
            value_title=effect_name,
            reference=1.0,
        )
    )


def likelihood_facts(
    builder: OutputBuilder, fitted: Fitted, null: float, parameters: int, constants: int, n: int, robust: bool
) -> None:
    """Log-likelihoods, pseudo R squared, information criteria and the likelihood-ratio test of all terms."""
    from scipy.special import chdtrc

    ratio = max(0.0, 2 * (fitted.log_likelihood - null))
    df = parameters - constants
    builder.fact("log_likelihood", "Log-likelihood", fitted.log_likelihood)
    builder.fact(
        "mcfadden_r2",
        "McFadden's pseudo R squared",
        1 - fitted.log_likelihood / null,
        unit="share",
        statistic=None if robust else ratio,
        df=(df,),
        p=None if robust else float(chdtrc(df, ratio)),
        test="" if robust else "Likelihood ratio against the model without predictors",
    )
    builder.fact(
        "nagelkerke_r2",
        "Nagelkerke's pseudo R squared",
        (1 - math.exp(-ratio / n)) / (1 - math.exp(2 * null / n)),
        unit="share",
    )
    builder.fact("aic", "Akaike's information criterion", 2 * parameters - 2 * fitted.log_likelihood)
    builder.fact(
        "bic", "Bayesian information criterion", parameters * math.log(n) - 2 * fitted.log_likelihood
    )
