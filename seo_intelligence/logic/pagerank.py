"""Internal PageRank and in-link counts over the link table of a crawl.

The power method of Brin and Page (1998) with uniform teleport, on the sparse matrix of followed links between
crawled pages. A dangling page (no followed link to a crawled page) spreads its rank evenly, so ranks always
sum to 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

DAMPING = 0.85
TOLERANCE = 1e-12
MAX_ITERATIONS = 200


class InlinkCounts(NamedTuple):
    """Distinct linking pages per URL index, shape (n,): over all links, and over followed links only."""

    total: IntArray
    follow: IntArray


def _distinct(source: IntArray, target: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """Drop self links and repeated (source, target) pairs."""
    keep = source != target
    pairs = np.unique(source[keep] * max(size, 1) + target[keep])
    return pairs // max(size, 1), pairs % max(size, 1)


def inlink_counts(source: IntArray, target: IntArray, follow: BoolArray, size: int) -> InlinkCounts:
    """Count, for each of `size` URLs, the distinct other pages that link to it.

    `source` and `target` are URL indices of shape (m,), `follow` tells which links are followed.
    """
    _, any_target = _distinct(source, target, size)
    _, followed = _distinct(source[follow], target[follow], size)
    return InlinkCounts(
        np.bincount(any_target, minlength=size).astype(np.int64),
        np.bincount(followed, minlength=size).astype(np.int64),
    )


def pagerank(
    source: IntArray, target: IntArray, member: BoolArray, *, damping: float = DAMPING
) -> NDArray[np.float64]:
    """Internal PageRank of every URL index, shape (n,), summing to 1 over members and 0 elsewhere.

    `source` and `target` are followed links. Only links between members count (`member` is True for crawled
    pages), repeated links between two pages count once, self links not at all.
    """
    from scipy import sparse

    size = len(member)
    count = int(member.sum())
    ranks = np.zeros(size, dtype=np.float64)
    if count == 0:
        return ranks
    inside = member[source] & member[target]
    src, dst = _distinct(source[inside], target[inside], size)
    compact = np.cumsum(member) - 1
    src, dst = compact[src], compact[dst]
    out_degree = np.bincount(src, minlength=count)
    matrix = sparse.csr_matrix((1.0 / out_degree[src], (dst, src)), shape=(count, count))
    dangling = out_degree == 0
    rank = np.full(count, 1.0 / count)
    for _ in range(MAX_ITERATIONS):
        following = damping * (matrix @ rank + rank[dangling].sum() / count) + (1.0 - damping) / count
        following /= following.sum()
        change = float(np.abs(following - rank).sum())
        rank = following
        if change < TOLERANCE:
            break
    ranks[member] = rank
    return ranks
