"""The search for change points finds the optimum over all segmentations."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.logic.stats.series import pelt_mean_shifts


def objective(y: np.ndarray, cuts: list[int], penalty: float) -> float:
    bounds = [0, *cuts, y.size]
    parts = [y[a:b] for a, b in pairwise(bounds)]
    return sum(float(((part - part.mean()) ** 2).sum()) for part in parts) + penalty * len(cuts)


def least_objective(y: np.ndarray, penalty: float, smallest: int) -> float:
    """Dynamic programming over every end and every start, without pruning."""
    best = [-penalty] + [math.inf] * y.size
    for end in range(smallest, y.size + 1):
        best[end] = min(
            best[start] + float(((y[start:end] - y[start:end].mean()) ** 2).sum()) + penalty
            for start in range(end - smallest + 1)
        )
    return best[-1]


@settings(max_examples=150, deadline=None)
@given(
    levels=st.lists(st.integers(-6, 6), min_size=3, max_size=12),
    run=st.integers(1, 5),
    smallest=st.integers(1, 6),
    penalty=st.sampled_from([0.5, 2.0, 8.0]),
    seed=st.integers(0, 2**16),
)
def test_no_segmentation_beats_the_one_found(
    levels: list[int], run: int, smallest: int, penalty: float, seed: int
) -> None:
    y = np.repeat(np.array(levels, dtype=float), run)
    y += np.random.default_rng(seed).normal(size=y.size)
    if y.size < smallest:
        return
    cuts = pelt_mean_shifts(y, penalty, smallest)
    assert np.diff([0, *cuts, y.size]).min() >= smallest
    assert objective(y, cuts, penalty) <= least_objective(y, penalty, smallest) + 1e-8


def test_short_dips_are_kept_although_a_later_start_looks_better_meanwhile() -> None:
    # Pruning the start at once, as without a smallest length, loses the optimum on series like these.
    rng = np.random.default_rng(0)
    for _ in range(60):
        y = np.repeat(rng.normal(0, 3, 14), 3) + rng.normal(size=42)
        cuts = pelt_mean_shifts(y, 0.5, 5)
        assert objective(y, cuts, 0.5) <= least_objective(y, 0.5, 5) + 1e-8
