"""Reads strata, clusters and population sizes of a run into a `SampleDesign`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Arrays
from analysis.logic.output import OutputBuilder
from analysis.logic.stats.design import SampleDesign

CLUSTER_LIMIT = 1_000_000


def read_design(
    data: Arrays, strata: str | None, clusters: str | None, population: str | None, *, lonely: str = "refuse"
) -> SampleDesign:
    """Design of the rows of `data`, which must hold the columns named.

    population: column with the number of clusters (rows without clusters) in the population of the row's
    stratum. Raises ProcedureError for one cluster only, single-cluster strata (unless lonely="centre"), or
    population sizes that differ within a stratum or are too small.
    """
    n = data.n
    stratum = np.zeros(n, dtype=np.int64) if strata is None else _compact(data.codes[strata])
    inner = np.arange(n) if clusters is None else data.codes[clusters].astype(np.int64)
    # Equal cluster labels in different strata are different clusters.
    cluster = _compact(stratum * (int(inner.max()) + 1) + inner)
    design = SampleDesign(data.weights, stratum, cluster, np.zeros(int(stratum.max()) + 1))
    if design.cluster_count < 2 or design.degrees_of_freedom < 1:
        raise ProcedureError(
            "too_few_clusters",
            f"{design.cluster_count} clusters in {design.stratum_count} strata leave no degrees of freedom.",
            "/clusters" if clusters else "/strata",
        )
    if population is not None:
        design = SampleDesign(data.weights, stratum, cluster, _shares(data, design, population))
    single = design.single_cluster_strata
    if single.size and lonely == "refuse":
        raise ProcedureError(
            "single_cluster_stratum",
            f"{single.size} strata hold a single cluster, so their variance cannot be estimated. Join them with "
            "others, or choose to centre them at the overall mean.",
            "/strata",
            {"count": int(single.size)},
        )
    return design


def _compact(codes: np.ndarray) -> np.ndarray:
    return np.unique(codes, return_inverse=True)[1].ravel()


def _shares(data: Arrays, design: SampleDesign, population: str) -> np.ndarray:
    size = data.column(population)
    low = np.full(design.stratum_count, np.inf)
    high = np.full(design.stratum_count, -np.inf)
    np.minimum.at(low, design.strata, size)
    np.maximum.at(high, design.strata, size)
    if (high > low).any():
        raise ProcedureError(
            "population_differs", f"{population!r} must hold one population size per stratum.", "/population"
        )
    sampled = np.bincount(design.cluster_strata, minlength=design.stratum_count)
    if (low < sampled).any():
        raise ProcedureError(
            "population_too_small",
            f"{population!r} is smaller than the number of clusters sampled.",
            "/population",
        )
    return sampled / low


def describe_design(builder: OutputBuilder, design: SampleDesign, used: Sequence[str]) -> None:
    """Facts and assumptions that every design-based run states."""
    builder.fact("strata", "Strata", design.stratum_count, base_rule=False, columns=used)
    builder.fact(
        "clusters", "Clusters (primary sampling units)", design.cluster_count, base_rule=False, columns=used
    )
    builder.fact(
        "degrees_of_freedom",
        "Degrees of freedom of the design",
        design.degrees_of_freedom,
        base_rule=False,
        columns=used,
    )
    builder.assume(
        "Enough clusters",
        design.degrees_of_freedom >= 20,
        f"{design.degrees_of_freedom} degrees of freedom; below 20, linearised errors are themselves imprecise.",
    )
    single = design.single_cluster_strata.size
    if single:
        builder.notice(
            "single_cluster_strata",
            f"{single} strata hold one cluster; they are centred at the overall mean (conservative).",
            used,
        )
