"""Unusual rows with reasons: robust z, Mahalanobis distance, isolation forest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import histogram
from analysis.logic.context import RunContext
from analysis.logic.errors import collinear, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, text_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.series import robust_z

LISTED = 200


class OutliersParameters(Parameters):
    variables: ColumnNames = columns("Variables", accepts=NUMERIC, max_items=60)
    method: Literal["robust_z", "mahalanobis", "isolation_forest"] = option("robust_z", "Method")
    threshold: float = option(3.5, "Robust z from", gt=1, le=20, help="For the method robust z.")
    alpha: float = option(0.001, "Chance level", gt=0, lt=0.2, help="For Mahalanobis distances.")
    share: float = option(0.01, "Share marked", gt=0, le=0.2, help="For the isolation forest.")


def compute(frame: Frame, parameters: OutliersParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.variables)
    data = frame.arrays(numeric=names)
    if data.n < 10:
        raise too_few_rows(data.n, 10, "a search for unusual rows")
    for k, name in enumerate(names):
        if np.ptp(data.x[:, k]) == 0:
            raise constant_column(name, float(data.x[0, k]))
    z = np.column_stack([robust_z(data.x[:, k]) for k in range(len(names))])
    if parameters.method == "robust_z":
        score, cut, label = np.abs(z).max(axis=1), parameters.threshold, "Largest robust z"
        marked = score > cut
    elif parameters.method == "mahalanobis":
        score, cut = _mahalanobis(data.x, names, parameters.alpha)
        marked, label = score > cut, "Squared Mahalanobis distance"
    else:
        score = _isolation(data.x, context)
        cut = float(np.quantile(score, 1 - parameters.share))
        marked, label = score > cut, "Anomaly score"
    titles = [frame.column(name).title for name in names]
    builder = OutputBuilder(context, n=data.n)
    found = np.flatnonzero(marked)
    builder.fact("outliers", "Unusual rows", int(found.size), columns=names, base_rule=False)
    builder.fact("share", "Share of unusual rows", found.size / data.n, unit="share", columns=names)
    builder.fact("cut", f"{label} from which a row is unusual", cut, base_rule=False)
    for k, name in enumerate(names):
        beyond = int((np.abs(z[:, k]) > parameters.threshold).sum())
        builder.fact(
            fact_id("beyond", name),
            f"Rows with robust z beyond {parameters.threshold:g} in {titles[k]}",
            beyond,
            columns=[name],
            base_rule=False,
        )
    order = found[np.argsort(-score[found], kind="stable")][:LISTED]
    centre = np.median(data.x, axis=0)
    rows = [
        [int(data.rows[i]), float(score[i]), _reason(data.x[i], z[i], centre, titles), *data.x[i]]
        for i in order
    ]
    builder.table(
        "outliers",
        "Unusual rows",
        [
            integer_column("row", "Row"),
            number_column("score", label),
            text_column("reason", "Why"),
            *[number_column(f"v{k}", title) for k, title in enumerate(titles)],
        ],
        rows,
        notes=[f"The {LISTED} most unusual are listed."] if found.size > LISTED else [],
    )
    counts, edges = np.histogram(score, bins=40)
    builder.chart(
        histogram(
            "scores",
            "Distribution of the scores",
            f"{label} of all rows; rows beyond {cut:.3g} are marked.",
            edges.tolist(),
            counts.tolist(),
            value_title=label,
        )
    )
    builder.notice("not_errors", "Unusual is not wrong: look at the rows before leaving any out.")
    if parameters.method == "mahalanobis":
        builder.assume(
            "Elliptical cloud",
            None,
            "Distances assume one roughly normal cloud; strong skew marks its long tail.",
        )
    if parameters.method == "isolation_forest":
        builder.notice(
            "share_set",
            "The forest only ranks rows; the share marked is the one asked for.",
        )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows with a missing value are not judged.", names)
    builder.notices(frame.notices)
    methods = {
        "robust_z": "Distance from the median in scaled median absolute deviations, per column.",
        "mahalanobis": "Squared Mahalanobis distance by the minimum covariance determinant, against chi-square.",
        "isolation_forest": "Isolation forest of 200 seeded trees; reasons from robust z of the row's values.",
    }
    return builder.build(
        method=methods[parameters.method],
        missing_values="Rows with a missing value in any variable are left out.",
        references=(
            "Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers",
            "Rousseeuw & Van Driessen (1999), Technometrics 41, 212-223",
            "Liu, Ting & Zhou (2008), ICDM 413-422",
        ),
        seed=context.seed,
    )


def _mahalanobis(x: np.ndarray, names: Sequence[str], alpha: float) -> tuple[np.ndarray, float]:
    from scipy.special import chdtri
    from sklearn.covariance import MinCovDet

    scaled = (x - np.median(x, axis=0)) / x.std(axis=0)
    correlation = np.atleast_2d(np.corrcoef(scaled, rowvar=False))
    values, vectors = np.linalg.eigh(correlation)
    if values[0] < 1e-10:
        raise collinear([name for name, v in zip(names, vectors[:, 0], strict=True) if abs(v) > 1e-6])
    cut = float(chdtri(x.shape[1], alpha))
    if x.shape[0] < 5 * x.shape[1]:
        centre, inverse = scaled.mean(axis=0), np.linalg.inv(np.atleast_2d(np.cov(scaled, rowvar=False)))
        gap = scaled - centre
        return np.einsum("ij,jk,ik->i", gap, inverse, gap), cut
    return np.asarray(MinCovDet(random_state=0).fit(scaled).mahalanobis(scaled)), cut


def _isolation(x: np.ndarray, context: RunContext) -> np.ndarray:
    from sklearn.ensemble import IsolationForest

    context.checkpoint("growing the forest", 0, 1)
    forest = IsolationForest(n_estimators=200, random_state=context.seed % 2**32, n_jobs=1).fit(x)
    return -np.asarray(forest.score_samples(x))


def _reason(values: np.ndarray, z: np.ndarray, centre: np.ndarray, titles: Sequence[str]) -> str:
    """The two most unusual values of a row in words, or that the combination is."""
    order = [k for k in np.argsort(-np.abs(z), kind="stable")[:2] if abs(z[k]) >= 2]
    if not order:
        return "Each value is common, but not together."
    parts = [
        f"{titles[k]} = {values[k]:.6g} is far {'above' if z[k] > 0 else 'below'} the median "
        f"{centre[k]:.6g} (z {z[k]:.1f})"
        for k in order
    ]
    return "; ".join(parts) + "."


def script(parameters: OutliersParameters, context: ScriptContext) -> str:
    return f"""
names, method = {literal(list(parameters.variables))}, {literal(parameters.method)}
x = np.column_stack([number(name) for name in names])
x = x[~np.isnan(x).any(axis=1)]
gap = np.abs(x - np.median(x, axis=0))
spread = np.median(gap, axis=0) / 0.6744897501960817
spread = np.where(spread > 0, spread, gap.mean(axis=0) * np.sqrt(np.pi / 2))
z = gap / spread
beyond = (z > {literal(parameters.threshold)}).sum(axis=0)
results = {{fact_id("beyond", name): int(count) for name, count in zip(names, beyond)}}
if method == "robust_z":
    results["outliers"] = int((z.max(axis=1) > {literal(parameters.threshold)}).sum())
elif method == "mahalanobis" and len(x) >= 5 * len(names):
    from scipy.stats import chi2
    from sklearn.covariance import MinCovDet
    scaled = (x - np.median(x, axis=0)) / x.std(axis=0)
    distance = MinCovDet(random_state=0).fit(scaled).mahalanobis(scaled)
    results["outliers"] = int((distance > chi2.isf({literal(parameters.alpha)}, len(names))).sum())
elif method == "isolation_forest":
    from sklearn.ensemble import IsolationForest
    score = -IsolationForest(n_estimators=200, random_state=SEED % 2**32).fit(x).score_samples(x)
    results["outliers"] = int((score > np.quantile(score, 1 - {literal(parameters.share)})).sum())
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not chosen or any(c.measure is not Measure.SCALE for c in chosen):
        return None
    return Suggestion(0.25, {"variables": [c.name for c in chosen]}, "Finds rows that do not fit the others.")


PROCEDURE = Procedure(
    key="outliers",
    title="Unusual rows",
    question="Which rows do not fit the others, and why?",
    family=ProcedureFamily.QUALITY,
    version=1,
    parameters=OutliersParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least ten complete rows.",),
    supports_weights=False,
    randomised=True,
    tags=("outlier", "anomaly", "isolation forest", "Mahalanobis"),
)
