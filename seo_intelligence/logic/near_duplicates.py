"""Pairs of nearly equal texts among many pages.

Candidates come from two indexes: simhash in seven bands (two 64-bit hashes that differ in at most six bits agree in
one of seven bands, Manku et al. 2007), and shared minimal shingle hashes (two sets of Jaccard similarity s share their
smallest hash with probability s, Broder 1997), which finds pairs whose simhashes drifted apart. Every candidate is then
verified by the Jaccard similarity of its 3-word shingles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from seo_intelligence.logic.extract.text import jaccard

BANDS = 7
MAX_HAMMING = 6
MINIMA = 4
# A bucket beyond this size holds boilerplate; its members are compared with their neighbours in hash order only.
MAX_BUCKET = 400
NEIGHBOURS = 50


def _band_keys(hashes: np.ndarray) -> Iterator[np.ndarray]:
    edges = np.linspace(0, 64, BANDS + 1).astype(int)
    for low, high in pairwise(edges.tolist()):
        yield (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)


def _pairs_of_bucket(members: np.ndarray, hashes: np.ndarray, max_hamming: int) -> Iterator[tuple[int, int]]:
    for n, left in enumerate(members[:-1]):
        rest = members[n + 1 :]
        close = np.bitwise_count(hashes[rest] ^ hashes[left]) <= max_hamming
        for right in rest[close]:
            yield int(left), int(right)


def near_duplicate_pairs(
    simhashes: Sequence[int],
    shingles: Sequence[bytes],
    *,
    max_hamming: int = MAX_HAMMING,
    min_jaccard: float = 0.9,
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, similarity) with i < j and similarity >= `min_jaccard`.

    Pages already joined through others to one group are not compared again, so a group of n equal pages costs
    n comparisons and yields a spanning set of pairs.
    """
    hashes = np.array(simhashes, dtype=np.uint64)
    parent = list(range(len(hashes)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    tried: set[tuple[int, int]] = set()

    def verify(i: int, j: int) -> tuple[int, int, float] | None:
        left, right = find(i), find(j)
        if left == right or (i, j) in tried:
            return None
        sizes = sorted((len(shingles[i]), len(shingles[j])))
        # The Jaccard similarity cannot exceed the ratio of the sizes.
        if not sizes[0] or sizes[0] / sizes[1] < min_jaccard:
            return None
        tried.add((i, j))
        likeness = jaccard(shingles[i], shingles[j])
        if likeness < min_jaccard:
            return None
        parent[right] = left
        return i, j, likeness

    buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
    for index, data in enumerate(shingles):
        for value in np.frombuffer(data, dtype="<u4")[:MINIMA].tolist():
            buckets[0, value].append(index)
    for members in buckets.values():
        span = NEIGHBOURS if len(members) > MAX_BUCKET else len(members)
        for n, i in enumerate(members):
            for j in members[n + 1 : n + 1 + span]:
                found = verify(i, j)
                if found is not None:
                    yield found
    for keys in _band_keys(hashes):
        order = np.argsort(keys, kind="stable")
        starts = np.flatnonzero(np.diff(keys[order])) + 1
        for group in np.split(order, starts):
            if len(group) < 2:
                continue
            # Pages already known to be alike stand for each other.
            distinct = {(find(i), int(hashes[i])): i for i in reversed(np.sort(group).tolist())}
            kept = np.array(sorted(distinct.values()))
            for i, j in _pairs_of_bucket(kept, hashes, max_hamming):
                found = verify(i, j)
                if found is not None:
                    yield found
