"""k-means: optimum on small data, and starts on a sample of large data."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from analysis.logic.stats.clusters import START_ROWS, calinski_harabasz, k_means
from analysis.tests.logic.harness import check_procedure, dataset


def within(x: np.ndarray, w: np.ndarray, labels: np.ndarray) -> float:
    total = 0.0
    for c in np.unique(labels):
        inside = labels == c
        centre = np.average(x[inside], axis=0, weights=w[inside])
        total += float(w[inside] @ ((x[inside] - centre) ** 2).sum(axis=1))
    return total


@pytest.mark.parametrize("k", [2, 3])
def test_the_partition_is_the_best_of_all(k: int) -> None:
    rng = np.random.default_rng(k)
    x, w = rng.normal(size=(8, 2)), rng.uniform(0.5, 2, 8)
    best = min(
        within(x, w, np.array(labels)) for labels in product(range(k), repeat=8) if len(set(labels)) == k
    )
    fit = k_means(x, w, k, 3, starts=30)
    assert fit.inertia == pytest.approx(best, rel=1e-10)
    assert within(x, w, np.asarray(fit.labels)) == pytest.approx(best, rel=1e-10)
    sizes = np.bincount(fit.labels, w)
    assert (np.diff(sizes) <= 0).all()


def test_variance_ratio_by_hand() -> None:
    # Groups {0, 2} and {10, 12}: between 100, within 4 on 2 degrees of freedom.
    x = np.array([[0.0], [2], [10], [12]])
    assert calinski_harabasz(x, np.array([0, 0, 1, 1]), np.ones(4)) == pytest.approx(50.0)


def test_large_data_are_finished_on_all_rows_and_the_script_agrees(tmp_path: Path) -> None:
    n = START_ROWS + 5_000
    rng = np.random.default_rng(8)
    kind = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    x = np.array([[0.0, 0.0], [5.0, 0.0], [0.0, 5.0]])[kind] + rng.normal(size=(n, 2))
    data = dataset({"x": x[:, 0], "y": x[:, 1]})
    output = check_procedure("k_means", {"variables": ["x", "y"], "clusters": 3, "starts": 3}, data, tmp_path)
    assert [output.fact(f"size.{c}").value for c in (1, 2, 3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    assert sum(output.fact(f"size.{c}").n for c in (1, 2, 3)) == n
