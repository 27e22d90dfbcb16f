"""Principal component analysis with parallel analysis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import heatmap, lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.components import eigen, parallel_eigenvalues
from analysis.logic.stats.gram import Gram


class PrincipalComponentsParameters(Parameters):
    variables: ColumnNames = columns("Variables", accepts=NUMERIC, min_items=2, max_items=200)
    components: int | None = option(
        None, "Components", ge=1, le=50, help="By default as many as parallel analysis keeps."
    )
    standardise: bool = option(True, "Standardise", help="Off: components of the covariances.")
    replicates: int = option(100, "Replicates of the parallel analysis", ge=20, le=2_000)


def compute(frame: Frame, parameters: PrincipalComponentsParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.variables)
    frame.require_rows()
    gram = Gram.empty(len(names))
    for chunk in frame.chunks(names, complete=True):
        gram = gram.merge(Gram.of(chunk.x, None if frame.weight is None else chunk.weights))
    if gram.n <= 2:
        raise too_few_rows(gram.n, 3, "a component analysis")
    flat = [name for name, value in zip(names, np.diag(gram.scatter), strict=True) if not value > 0]
    if flat:
        raise constant_column(flat[0], float(gram.mean[names.index(flat[0])]))
    correlation = gram.correlation
    matrix = correlation if parameters.standardise else gram.covariance
    values, vectors = eigen(matrix)
    values = np.maximum(values, 0.0)
    total = float(values.sum())
    context.checkpoint("parallel analysis", 0, 1)
    chance = parallel_eigenvalues(gram.n, len(names), parameters.replicates, context.generator())
    observed = eigen(correlation)[0]
    suggested = 0
    while suggested < len(names) and observed[suggested] > chance[suggested]:
        suggested += 1
    kept = parameters.components or max(1, suggested)
    if kept > len(names):
        raise ProcedureError("too_many_components", f"There are only {len(names)} variables.", "/components")
    builder = OutputBuilder(context, n=gram.n, weighted_n=gram.weight)
    titles = [frame.column(name).title for name in names]
    cumulative, rows = 0.0, []
    for k, value in enumerate(values):
        cumulative += value / total
        builder.fact(fact_id("eigenvalue", k + 1), f"Eigenvalue of component {k + 1}", value, columns=names)
        if k < 50:
            rows.append(
                [k + 1, value, value / total, cumulative, chance[k] if parameters.standardise else None]
            )
    builder.fact(
        "suggested_components", "Components above chance (parallel analysis)", suggested, base_rule=False
    )
    builder.fact(
        "variance_explained",
        f"Variance explained by {kept} components",
        float(values[:kept].sum()) / total,
        unit="share",
        columns=names,
    )
    builder.table(
        "eigenvalues",
        "Eigenvalues",
        [
            integer_column("component", "Component"),
            number_column("eigenvalue", "Eigenvalue"),
            percent_column("share", "Variance"),
            percent_column("cumulative", "Cumulative"),
            number_column("chance", "By chance (95%)"),
        ],
        rows,
    )
    scale = np.ones(len(names)) if parameters.standardise else np.sqrt(np.diag(matrix))
    loadings = vectors[:, :kept] * np.sqrt(values[:kept]) / scale[:, None]
    for j, name in enumerate(names):
        for k in range(kept):
            builder.fact(
                fact_id("loading", name, k + 1),
                f"Loading of {titles[j]} on component {k + 1}",
                loadings[j, k],
                columns=[name],
            )
    builder.table(
        "loadings",
        "Loadings (correlations of variables with components)",
        [
            text_column("variable", "Variable"),
            *[number_column(f"c{k + 1}", f"Component {k + 1}") for k in range(kept)],
            percent_column("communality", "Explained"),
        ],
        [[titles[j], *loadings[j], float((loadings[j] ** 2).sum())] for j in range(len(names))],
    )
    scree = [
        {"component": k + 1, "value": float(observed[k]), "what": "Data"} for k in range(min(30, len(names)))
    ]
    scree += [
        {"component": k + 1, "value": float(chance[k]), "what": "Chance"} for k in range(min(30, len(names)))
    ]
    builder.chart(
        lines(
            "scree",
            "Eigenvalues and chance",
            "Eigenvalue of each component beside the 95th percentile of unrelated data of the same size.",
            scree,
            x="component",
            y="value",
            x_title="Component",
            y_title="Eigenvalue",
            x_kind="ordinal",
            colour="what",
            colour_title="",
            zero=True,
        )
    )
    builder.chart(
        heatmap(
            "loadings",
            "Loadings",
            "Correlation of each variable with each component kept.",
            [
                {"variable": titles[j], "component": str(k + 1), "loading": loadings[j, k]}
                for j in range(len(names))
                for k in range(min(kept, 20))
            ],
            x="component",
            y="variable",
            value="loading",
            x_title="Component",
            y_title="Variable",
            value_title="Loading",
            diverging=True,
            domain=(-1.0, 1.0),
        )
    )
    builder.assume(
        "Enough rows",
        gram.n >= 5 * len(names),
        f"{gram.n:,} rows for {len(names)} variables (5 per variable).",
    )
    if suggested == 0:
        builder.notice(
            "no_structure", "No component explains more than chance would; the variables hardly correlate."
        )
    if frame.n > gram.n:
        builder.notice("missing", f"{frame.n - gram.n:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=f"Eigenvectors of the {'correlation' if parameters.standardise else 'covariance'} matrix; number of "
        f"components by parallel analysis ({parameters.replicates} replicates, 95th percentile).",
        missing_values="Rows with a missing value in any variable are left out.",
        weights="The matrix is weighted; parallel analysis uses the number of rows.",
        references=(
            "Hotelling (1933), J. Educational Psychology 24, 417-441",
            "Horn (1965), Psychometrika 30, 179-185",
        ),
        seed=context.seed,
    )


def script(parameters: PrincipalComponentsParameters, context: ScriptContext) -> str:
    return f"""
names, standardise = {literal(list(parameters.variables))}, {literal(parameters.standardise)}
x = np.column_stack([number(name) for name in names])
keep = ~np.isnan(x).any(axis=1)
x, w = x[keep], weights[keep]
n = len(x)
z = x - np.average(x, axis=0, weights=w)
cov = (z * w[:, None]).T @ z / w.sum() * n / (n - 1)
scale = np.sqrt(np.diag(cov))
matrix = cov / np.outer(scale, scale) if standardise else cov
_, values, vectors = np.linalg.svd(matrix)
results = {{fact_id("eigenvalue", k + 1): value for k, value in enumerate(values)}}
kept = {literal(parameters.components)} or 1
loadings = vectors[:kept].T * np.sqrt(values[:kept]) / (1.0 if standardise else scale[:, None])
for k in range(kept):
    sign = np.sign(vectors[k][np.abs(vectors[k]).argmax()])
    for name, value in zip(names, loadings[:, k] * sign):
        results[fact_id("loading", name, k + 1)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 4 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    return Suggestion(
        0.4, {"variables": [c.name for c in chosen]}, "Summarises many related columns in a few."
    )


PROCEDURE = Procedure(
    key="principal_components",
    title="Principal component analysis",
    question="How few dimensions carry most of the information?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=PrincipalComponentsParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two numeric columns.",),
    randomised=True,
    tags=("PCA", "dimension reduction", "scree", "parallel analysis"),
)
