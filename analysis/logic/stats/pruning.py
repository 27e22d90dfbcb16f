"""Cost-complexity pruning of a grown tree for many pruning strengths at once (Breiman et al. 1984, chapter 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


def collapse_alphas(left: IntArray, right: IntArray, risk: FloatArray) -> FloatArray:
    """Pruning strength from which each node is a leaf; -inf for nodes that are leaves already.

    left, right: children per node, -1 for leaves. risk: share of all weight in the node times its impurity.
    The weakest link goes first: the node whose branch lowers the risk least per leaf it adds.
    """
    size = left.size
    parent = np.full(size, -1)
    inner = np.flatnonzero(left >= 0)
    parent[left[inner]], parent[right[inner]] = inner, inner
    branch, leaves = risk.copy(), np.ones(size)
    # Children have higher numbers than their parents, so one pass from the end sums up the branches.
    for node in inner[::-1]:
        branch[node] = branch[left[node]] + branch[right[node]]
        leaves[node] = leaves[left[node]] + leaves[right[node]]
    found = np.where(left >= 0, np.inf, -np.inf)
    link = np.full(size, np.inf)
    link[inner] = (risk[inner] - branch[inner]) / (leaves[inner] - 1)
    while np.isfinite(link).any():
        node = int(link.argmin())
        alpha = float(link[node])
        pending = [node]
        while pending:
            at = pending.pop()
            if left[at] >= 0 and np.isinf(found[at]):
                found[at], link[at] = alpha, np.inf
                pending += [int(left[at]), int(right[at])]
        less, fewer = branch[node] - risk[node], leaves[node] - 1
        branch[node], leaves[node] = risk[node], 1
        above = int(parent[node])
        while above >= 0:
            branch[above] -= less
            leaves[above] -= fewer
            link[above] = (risk[above] - branch[above]) / (leaves[above] - 1)
            above = int(parent[above])
    return found


def pruned_predictions(model: Any, x: FloatArray, alphas: FloatArray) -> list[npt.NDArray[Any]]:
    """Predictions of an unpruned scikit-learn tree for the rows of x after pruning at each of `alphas`."""
    tree = model.tree_
    left, right = tree.children_left, tree.children_right
    weight = tree.weighted_n_node_samples
    collapse = collapse_alphas(left, right, weight * tree.impurity / weight[0])
    single = x.astype(np.float32)
    at = np.zeros(len(x), dtype=np.intp)
    path = [at]
    rows = np.arange(len(x))
    for _ in range(tree.max_depth):
        goes_left = single[rows, np.maximum(tree.feature[at], 0)] <= tree.threshold[at]
        down = np.where(goes_left, left[at], right[at])
        at = np.where(down >= 0, down, at)
        path.append(at)
    nodes = np.stack(path)
    stops = collapse[nodes]
    values = tree.value[:, 0, :]
    answer = model.classes_[values.argmax(axis=1)] if hasattr(model, "classes_") else values[:, 0]
    return [answer[nodes[(stops <= alpha).argmax(axis=0), rows]] for alpha in alphas]
