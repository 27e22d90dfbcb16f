"""CHAID trees: splits by chi-square (Kass 1980) with merging of like categories and Bonferroni correction."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(slots=True)
class ChaidNode:
    """A node: its rows, weighted outcome counts and, when split, the predictor, p and groups of codes."""

    rows: IntArray
    counts: FloatArray
    depth: int
    predictor: int | None = None
    statistic: float = math.nan
    df: int = 0
    p: float = math.nan
    groups: list[tuple[int, ...]] = field(default_factory=list)
    children: list[ChaidNode] = field(default_factory=list)


def chi_square(table: FloatArray) -> tuple[float, int, float]:
    """Pearson chi-square, degrees of freedom, p of a table, empty rows and columns left out."""
    from scipy.special import chdtrc

    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape) < 2:
        return 0.0, 0, 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    return statistic, df, float(chdtrc(df, statistic))


def merge_categories(table: FloatArray, ordered: bool, alpha_merge: float) -> list[tuple[int, ...]]:
    """Groups of row indices of `table` (categories, outcomes): the most alike join while their p exceeds alpha."""
    groups: list[tuple[int, ...]] = [(k,) for k in range(len(table)) if table[k].sum() > 0]
    sums = {g: table[list(g)].sum(axis=0) for g in groups}
    while len(groups) > 1:
        pairs = (
            [(i, i + 1) for i in range(len(groups) - 1)]
            if ordered
            else [(i, j) for i in range(len(groups)) for j in range(i + 1, len(groups))]
        )
        best, best_p = None, -1.0
        for i, j in pairs:
            p = chi_square(np.vstack([sums[groups[i]], sums[groups[j]]]))[2]
            if p > best_p:
                best, best_p = (i, j), p
        if best is None or best_p <= alpha_merge:
            break
        i, j = best
        joined = tuple(sorted((*groups[i], *groups[j])))
        sums[joined] = sums[groups[i]] + sums[groups[j]]
        groups = [g for k, g in enumerate(groups) if k not in (i, j)]
        groups.insert(i, joined)
    return groups


def bonferroni_factor(categories: int, groups: int, ordered: bool) -> float:
    """Ways to merge so many categories into so many groups (Kass 1980)."""
    if ordered:
        return float(math.comb(categories - 1, groups - 1))
    total = 0
    for i in range(groups):
        total += (-1) ** i * math.comb(groups, i) * (groups - i) ** categories
    return total / math.factorial(groups)


def grow(
    predictors: list[IntArray],
    ordered: list[bool],
    outcome: IntArray,
    outcomes: int,
    weights: FloatArray,
    *,
    alpha_split: float,
    alpha_merge: float,
    smallest_parent: int,
    smallest_child: int,
    depth: int,
) -> ChaidNode:
    """Grow the tree. predictors: codes per row (every value is a category, missing has its own)."""

    def node(rows: IntArray, level: int) -> ChaidNode:
        counts = np.bincount(outcome[rows], weights[rows], outcomes).astype(np.float64)
        found = ChaidNode(rows, counts, level)
        if level >= depth or rows.size < smallest_parent or (counts > 0).sum() < 2:
            return found
        best: tuple[float, float, int, list[tuple[int, ...]], int] | None = None
        for k, codes in enumerate(predictors):
            local = codes[rows]
            size = int(codes.max()) + 1
            flat = np.bincount(local * outcomes + outcome[rows], weights[rows], size * outcomes)
            table = flat.reshape(size, outcomes).astype(np.float64)
            groups = merge_categories(table, ordered[k], alpha_merge)
            if len(groups) < 2:
                continue
            bases = np.bincount(local, minlength=size)
            if any(sum(bases[c] for c in g) < smallest_child for g in groups):
                groups = _absorb_small(groups, bases, table, smallest_child, ordered[k])
                if len(groups) < 2:
                    continue
            statistic, df, p = chi_square(np.vstack([table[list(g)].sum(axis=0) for g in groups]))
            categories = int((bases > 0).sum())
            adjusted = min(1.0, p * bonferroni_factor(categories, len(groups), ordered[k]))
            if adjusted < alpha_split and (best is None or (adjusted, -statistic) < best[:2]):
                best = (adjusted, -statistic, k, groups, df)
        if best is None:
            return found
        found.p, found.statistic, found.predictor, found.groups, found.df = (
            best[0],
            -best[1],
            best[2],
            best[3],
            best[4],
        )
        local = predictors[found.predictor][rows]
        found.children = [node(rows[np.isin(local, g)], level + 1) for g in found.groups]
        return found

    return node(np.arange(outcome.size), 0)


def _absorb_small(
    groups: list[tuple[int, ...]], bases: IntArray, table: FloatArray, smallest: int, ordered: bool
) -> list[tuple[int, ...]]:
    """Join groups under the smallest size with the most alike (neighbouring, when ordered) group."""
    groups = list(groups)
    while len(groups) > 1:
        sizes = [sum(int(bases[c]) for c in g) for g in groups]
        small = int(np.argmin(sizes))
        if sizes[small] >= smallest:
            break
        others = [i for i in range(len(groups)) if i != small and (not ordered or abs(i - small) == 1)]
        closest = max(
            others,
            key=lambda i: chi_square(
                np.vstack([table[list(groups[small])].sum(axis=0), table[list(groups[i])].sum(axis=0)])
            )[2],
        )
        joined = tuple(sorted((*groups[small], *groups[closest])))
        at = min(small, closest)
        groups = [g for k, g in enumerate(groups) if k not in (small, closest)]
        groups.insert(at, joined)
    return groups


def leaves(
    node: ChaidNode, path: tuple[tuple[int, tuple[int, ...]], ...] = ()
) -> list[tuple[ChaidNode, tuple[tuple[int, tuple[int, ...]], ...]]]:
    """Leaves with the (predictor, codes) conditions that lead to them."""
    if not node.children:
        return [(node, path)]
    assert node.predictor is not None
    found = []
    for group, child in zip(node.groups, node.children, strict=True):
        found += leaves(child, (*path, (node.predictor, group)))
    return found
