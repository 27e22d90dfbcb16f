"""k-means segmentation with the number of clusters chosen by silhouette."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import lines
from analysis.logic.cluster_output import cluster_profile, standardised
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, integer_column, number_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.clusters import START_ROWS, calinski_harabasz, k_means, mean_silhouette


class KMeansParameters(Parameters):
    variables: ColumnNames = columns("Variables", accepts=NUMERIC, min_items=1, max_items=60)
    clusters: int | None = option(
        None, "Clusters", ge=2, le=30, help="By default the number with the best silhouette."
    )
    largest: int = option(8, "Largest number tried", ge=2, le=20)
    standardise: bool = option(True, "Standardise")
    starts: int = option(10, "Starts", ge=1, le=100)


def compute(frame: Frame, parameters: KMeansParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.variables)
    data = frame.arrays(numeric=names)
    tried = [parameters.clusters] if parameters.clusters else list(range(2, parameters.largest + 1))
    z = standardised(data, names, parameters.standardise, max(tried) + 1)
    distinct = len(np.unique(z[:100_000], axis=0))
    if distinct < max(tried):
        raise ProcedureError(
            "too_few_distinct_rows",
            f"Only {distinct} different rows; they cannot make {max(tried)} clusters.",
            "/clusters",
        )
    fits, quality = [], []
    for done, k in enumerate(tried):
        context.checkpoint("clustering", done, len(tried))
        fit = k_means(z, data.weights, k, context.seed, parameters.starts)
        fits.append(fit)
        quality.append(
            (
                mean_silhouette(z, fit.labels, context.generator(k)),
                calinski_harabasz(z, fit.labels, data.weights),
            )
        )
    best = int(np.nanargmax([s for s, _ in quality])) if len(tried) > 1 else 0
    fit, k = fits[best], tried[best]
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    whole = float(data.weights @ (z * z).sum(axis=1))
    builder.fact("clusters", "Clusters", k, base_rule=False)
    builder.fact(
        "silhouette", "Mean silhouette width", quality[best][0], columns=names, approximate=data.n > 3_000
    )
    builder.fact(
        "variance_explained",
        "Variance between clusters",
        1 - fit.inertia / whole,
        unit="share",
        columns=names,
    )
    cluster_profile(builder, frame, data, names, fit.labels, k)
    builder.table(
        "selection",
        "Numbers of clusters tried",
        [
            integer_column("clusters", "Clusters"),
            number_column("silhouette", "Silhouette"),
            number_column("ratio", "Variance ratio (Calinski-Harabasz)"),
            number_column("within", "Sum of squares within"),
        ],
        [[c, s, r, f.inertia] for c, (s, r), f in zip(tried, quality, fits, strict=True)],
    )
    if len(tried) > 1:
        builder.chart(
            lines(
                "selection",
                "Silhouette by number of clusters",
                "Mean silhouette width for each number of clusters; higher is clearer.",
                [{"k": c, "silhouette": s} for c, (s, _) in zip(tried, quality, strict=True)],
                x="k",
                y="silhouette",
                x_title="Clusters",
                y_title="Silhouette",
                x_kind="ordinal",
                zero=True,
            )
        )
    builder.assume(
        "Clear clusters",
        quality[best][0] >= 0.25,
        f"Mean silhouette {quality[best][0]:.2f}; below 0.25 clusters overlap much.",
    )
    smallest = float(np.bincount(fit.labels, data.weights, k).min() / data.weights.sum())
    builder.assume(
        "No tiny cluster", smallest >= 0.05, f"The smallest cluster holds {smallest:.1%} of the rows."
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows with a missing value are in no cluster.", names)
    builder.notices(frame.notices)
    return builder.build(
        method=f"k-means (k-means++ starts: {parameters.starts}, on at most {START_ROWS:,} rows, the best finished on "
        f"all) on {'standardised ' if parameters.standardise else ''}variables; clusters numbered by size; "
        "silhouettes on at most 3,000 rows.",
        missing_values="Rows with a missing value in any variable are left out.",
        weights="Weights enter the centres and the sums of squares; silhouettes are unweighted.",
        references=(
            "Arthur & Vassilvitskii (2007), SODA 1027-1035",
            "Rousseeuw (1987), J. Comput. Appl. Math. 20, 53-65",
        ),
        seed=context.seed,
    )


def script(parameters: KMeansParameters, context: ScriptContext) -> str:
    return f"""
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

names = {literal(list(parameters.variables))}
x = np.column_stack([number(name) for name in names])
keep = ~np.isnan(x).any(axis=1)
x, w = x[keep], weights[keep]
z = x - np.average(x, axis=0, weights=w)
if {literal(parameters.standardise)}:
    z = z / np.sqrt(np.average(z * z, axis=0, weights=w))
tried = {literal([parameters.clusters] if parameters.clusters else list(range(2, parameters.largest + 1)))}
found = {{}}
for k in tried:
    settings = {{"max_iter": 300, "tol": 1e-6}}
    model = KMeans(k, n_init={parameters.starts}, random_state=SEED % 2**32, **settings)
    if len(z) > {START_ROWS}:
        picked = np.random.default_rng([SEED, k, 1]).choice(len(z), {START_ROWS}, replace=False)
        model.fit(z[picked], sample_weight=w[picked])
        model = KMeans(k, init=model.cluster_centers_, n_init=1, **settings)
    labels = model.fit_predict(z, sample_weight=w)
    picked = np.arange(len(z))
    if len(z) > 3_000:
        picked = np.random.default_rng([SEED, k]).choice(len(z), 3_000, replace=False)
    found[k] = (silhouette_score(z[picked], labels[picked]), labels)
k = max(found, key=lambda k: found[k][0])
width, labels = found[k]
sizes = np.bincount(labels, w)
results = {{"clusters": k, "silhouette": width}}
for c, label in enumerate(np.argsort(-sizes, kind="stable")):
    results[fact_id("size", c + 1)] = sizes[label] / w.sum()
    for name, mean in zip(names, np.average(x[labels == label], axis=0, weights=w[labels == label])):
        results[fact_id("mean", name, c + 1)] = mean
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    return Suggestion(0.35, {"variables": [c.name for c in chosen]}, "Groups people with like answers.")


PROCEDURE = Procedure(
    key="k_means",
    title="k-means segmentation",
    question="Into which groups do people fall?",
    family=ProcedureFamily.STRUCTURE,
    version=2,
    parameters=KMeansParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Numeric columns without too many missing values.",),
    randomised=True,
    cost="heavy",
    tags=("cluster", "segmentation", "silhouette"),
)
