"""Pruning one grown tree equals growing and pruning it anew for every strength."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from analysis.logic.stats.pruning import collapse_alphas, pruned_predictions


@pytest.mark.parametrize("kind", [DecisionTreeClassifier, DecisionTreeRegressor])
@pytest.mark.parametrize("seed", range(6))
def test_predictions_are_those_of_refitted_trees(kind: type, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(600, 4))
    signal = x[:, 0] + (x[:, 1] > 0) * x[:, 2] + rng.normal(size=600)
    y = np.digitize(signal, [-1, 1]) if kind is DecisionTreeClassifier else signal
    w = rng.uniform(0.2, 3, 600)
    settings = {"max_depth": 6, "min_samples_leaf": 8, "random_state": seed}
    path = kind(**settings).cost_complexity_pruning_path(x, y, sample_weight=w).ccp_alphas
    alphas = np.append(np.sqrt(path[:-1] * path[1:]), path[-1] * 1.01)
    found = pruned_predictions(kind(**settings).fit(x, y, sample_weight=w), x[:200] + 0.01, alphas)
    for alpha, predicted in zip(alphas, found, strict=True):
        anew = kind(**settings, ccp_alpha=float(alpha)).fit(x, y, sample_weight=w)
        assert predicted == pytest.approx(anew.predict(x[:200] + 0.01), rel=1e-12)


def test_weakest_links_by_hand() -> None:
    # Root (risk 1) splits into leaf 1 (0.3) and node 2 (0.4), which splits into leaves of 0.15 and 0.2.
    left, right = np.array([1, -1, 3, -1, -1]), np.array([2, -1, 4, -1, -1])
    found = collapse_alphas(left, right, np.array([1.0, 0.3, 0.4, 0.15, 0.2]))
    # Node 2 first: 0.4 - 0.35 over one leaf; then the root: 1 - 0.7 over one leaf.
    assert found == pytest.approx([0.3, -np.inf, 0.05, -np.inf, -np.inf])
