"""Sizes, profiles and charts that the clustering procedures share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.logic.charts import heatmap
from analysis.logic.errors import constant_column, too_few_rows
from analysis.logic.frame import Arrays, Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)


def standardised(data: Arrays, names: Sequence[str], standardise: bool, needed: int) -> np.ndarray:
    """Columns with weighted mean 0 and variance 1; refuses constants and fewer rows than `needed`."""
    if data.n < needed:
        raise too_few_rows(data.n, needed, "clustering")
    for k, name in enumerate(names):
        if np.ptp(data.x[:, k]) == 0:
            raise constant_column(name, float(data.x[0, k]))
    centre = np.average(data.x, axis=0, weights=data.weights)
    z = data.x - centre
    if standardise:
        z = z / np.sqrt(np.average(z * z, axis=0, weights=data.weights))
    return z


def cluster_profile(
    builder: OutputBuilder, frame: Frame, data: Arrays, names: Sequence[str], labels: np.ndarray, k: int
) -> None:
    """Facts size.<c>, mean.<column>.<c>; the profile table; a heat map of how far means lie from the total."""
    titles = [frame.column(name).title for name in names]
    total = float(data.weights.sum())
    centre = np.average(data.x, axis=0, weights=data.weights)
    spread = np.sqrt(np.average((data.x - centre) ** 2, axis=0, weights=data.weights))
    rows, points = [], []
    for c in range(k):
        inside = labels == c
        n, weight = int(inside.sum()), float(data.weights[inside].sum())
        builder.fact(
            fact_id("size", c + 1),
            f"Share of cluster {c + 1}",
            weight / total,
            unit="share",
            n=n,
            weighted_n=weight,
            columns=names,
        )
        means = np.average(data.x[inside], axis=0, weights=data.weights[inside])
        for j, name in enumerate(names):
            builder.fact(
                fact_id("mean", name, c + 1),
                f"Mean of {titles[j]} in cluster {c + 1}",
                means[j],
                n=n,
                columns=[name],
            )
            points.append(
                {"variable": titles[j], "cluster": str(c + 1), "z": (means[j] - centre[j]) / spread[j]}
            )
        rows.append([f"Cluster {c + 1}", n, weight / total, *means])
    rows.append(["All", data.n, 1.0, *centre])
    builder.table(
        "profile",
        "Clusters",
        [
            text_column("cluster", "Cluster"),
            integer_column("rows", "Rows"),
            percent_column("share", "Share"),
            *[number_column(f"v{j}", title) for j, title in enumerate(titles)],
        ],
        rows,
    )
    builder.chart(
        heatmap(
            "profile",
            "Profile of the clusters",
            "How many standard deviations each cluster's mean lies above or below the mean of all rows.",
            points,
            x="cluster",
            y="variable",
            value="z",
            x_title="Cluster",
            y_title="Variable",
            value_title="Standard deviations",
            diverging=True,
        )
    )
