"""Hierarchical (agglomerative) clusters of rows with a dendrogram."""

from __future__ import annotations

from typing import Literal

import numpy as np

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import chart, field
from analysis.logic.cluster_output import cluster_profile, standardised
from analysis.logic.context import RunContext
from analysis.logic.errors import too_large
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, integer_column, number_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.clusters import by_size, mean_silhouette

MAX_ROWS = 8_000


class HierarchicalParameters(Parameters):
    variables: ColumnNames = columns("Variables", accepts=NUMERIC, min_items=1, max_items=60)
    linkage: Literal["ward", "average", "complete", "single"] = option("ward", "Linkage")
    clusters: int | None = option(
        None, "Clusters", ge=2, le=30, help="By default the number with the best silhouette."
    )
    largest: int = option(8, "Largest number tried", ge=2, le=20)
    standardise: bool = option(True, "Standardise")


def compute(frame: Frame, parameters: HierarchicalParameters, context: RunContext) -> ProcedureOutput:
    from scipy.cluster.hierarchy import cophenet, dendrogram, fcluster, linkage
    from scipy.spatial.distance import pdist

    names = list(parameters.variables)
    data = frame.arrays(numeric=names)
    tried = [parameters.clusters] if parameters.clusters else list(range(2, parameters.largest + 1))
    z = standardised(data, names, parameters.standardise, max(tried) + 1)
    if data.n > MAX_ROWS:
        raise too_large(
            f"Hierarchical clustering compares all pairs of rows, at most {MAX_ROWS:,} rows; there are {data.n:,}. "
            "Filter the rows or use k-means."
        )
    context.checkpoint("distances", 0, 3)
    distances = pdist(z)
    context.checkpoint("joining", 1, 3)
    tree = linkage(distances, parameters.linkage)
    context.checkpoint("choosing", 2, 3)
    found = []
    for k in tried:
        raw = fcluster(tree, k, "maxclust") - 1
        k_found = int(raw.max()) + 1
        labels = by_size(raw, data.weights, k_found)[raw]
        found.append((k_found, labels, mean_silhouette(z, labels, context.generator(k))))
    best = int(np.nanargmax([s if np.isfinite(s) else -2 for *_, s in found]))
    k, labels, width = found[best]
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    cophenetic = correlation_of(distances, cophenet(tree))
    builder.fact("clusters", "Clusters", k, base_rule=False)
    builder.fact("silhouette", "Mean silhouette width", width, columns=names, approximate=data.n > 3_000)
    builder.fact("cophenetic", "Cophenetic correlation of tree and distances", cophenetic, columns=names)
    cluster_profile(builder, frame, data, names, labels, k)
    builder.table(
        "selection",
        "Numbers of clusters tried",
        [integer_column("clusters", "Clusters"), number_column("silhouette", "Silhouette")],
        [[c, s] for c, _, s in found],
    )
    last = min(20, len(tree))
    builder.table(
        "joins",
        "Last joins",
        [
            integer_column("clusters", "Clusters left"),
            number_column("distance", "Distance"),
            integer_column("rows", "Rows joined"),
        ],
        [[step + 1, tree[-1 - step, 2], int(tree[-1 - step, 3])] for step in range(last)],
    )
    drawn = dendrogram(tree, truncate_mode="lastp", p=30, no_plot=True)
    points = [
        {"x": x, "distance": y, "join": join, "order": order}
        for join, (xs, ys) in enumerate(zip(drawn["icoord"], drawn["dcoord"], strict=True))
        for order, (x, y) in enumerate(zip(xs, ys, strict=True))
    ]
    builder.chart(
        chart(
            "dendrogram",
            "Dendrogram of the last joins",
            "Tree of the last 30 clusters; the height of a join is the distance between what is joined.",
            points,
            {
                "mark": {"type": "line", "interpolate": "linear"},
                "encoding": {
                    "x": field("x", "quantitative", None, axis=None),
                    "y": field("distance", "quantitative", "Distance"),
                    "detail": field("join", "nominal"),
                    "order": field("order", "quantitative"),
                },
            },
        )
    )
    builder.assume(
        "Clear clusters", width >= 0.25, f"Mean silhouette {width:.2f}; below 0.25 clusters overlap much."
    )
    builder.assume(
        "Tree keeps the distances",
        cophenetic >= 0.6,
        f"Cophenetic correlation {cophenetic:.2f}; Ward trees are often lower.",
    )
    if frame.weight is not None:
        builder.notice(
            "weights_profile_only", "The tree treats all rows alike; weights enter sizes and profiles only."
        )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows with a missing value are in no cluster.", names)
    builder.notices(frame.notices)
    return builder.build(
        method=f"Agglomerative clusters, {parameters.linkage} linkage, Euclidean distances; numbered by size.",
        missing_values="Rows with a missing value in any variable are left out.",
        weights="The tree is unweighted; sizes and profiles are weighted.",
        references=("Ward (1963), JASA 58, 236-244", "Sokal & Rohlf (1962), Taxon 11, 33-40"),
        seed=context.seed,
    )


def correlation_of(a: np.ndarray, b: np.ndarray, block: int = 1_000_000) -> float:
    """Pearson correlation of two long arrays in blocks; all pairs of rows leave no room for copies."""
    mean_a, mean_b = float(a.mean()), float(b.mean())
    sums = np.zeros(3)
    for start in range(0, a.size, block):
        u, v = a[start : start + block] - mean_a, b[start : start + block] - mean_b
        sums += u @ u, v @ v, u @ v
    return float(sums[2] / np.sqrt(sums[0] * sums[1])) if sums[0] > 0 and sums[1] > 0 else float("nan")


def script(parameters: HierarchicalParameters, context: ScriptContext) -> str:
    return f"""
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.metrics import silhouette_score

names = {literal(list(parameters.variables))}
x = np.column_stack([number(name) for name in names])
keep = ~np.isnan(x).any(axis=1)
x, w = x[keep], weights[keep]
z = x - np.average(x, axis=0, weights=w)
if {literal(parameters.standardise)}:
    z = z / np.sqrt(np.average(z * z, axis=0, weights=w))
distances = pdist(z)
tree = linkage(distances, {literal(parameters.linkage)})
results = {{"cophenetic": cophenet(tree, distances)[0]}}
widths = {{}}
for k in {literal([parameters.clusters] if parameters.clusters else list(range(2, parameters.largest + 1)))}:
    labels = fcluster(tree, k, "maxclust") - 1
    picked = np.arange(len(z))
    if len(z) > 3_000:
        picked = np.random.default_rng([SEED, k]).choice(len(z), 3_000, replace=False)
    distinct = len(np.unique(labels[picked]))
    widths[k] = silhouette_score(z[picked], labels[picked]) if 1 < distinct < len(picked) else -2.0
labels = fcluster(tree, max(widths, key=widths.get), "maxclust") - 1
sizes = np.bincount(labels, w)
results["clusters"] = len(sizes)
for c, label in enumerate(np.argsort(-sizes, kind="stable")):
    results[fact_id("size", c + 1)] = sizes[label] / w.sum()
    for name, mean in zip(names, np.average(x[labels == label], axis=0, weights=w[labels == label])):
        results[fact_id("mean", name, c + 1)] = mean
"""


PROCEDURE = Procedure(
    key="hierarchical_clusters",
    title="Hierarchical clusters",
    question="How do people join into groups, step by step?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=HierarchicalParameters,
    compute=compute,
    script=script,
    requirements=(f"At most {MAX_ROWS:,} rows.",),
    randomised=True,
    cost="heavy",
    tags=("dendrogram", "Ward", "cluster", "segmentation"),
)
