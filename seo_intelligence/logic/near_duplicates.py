"""Pairs of nearly equal texts among many pages.

Candidates come from two indexes: simhash in seven bands (two 64-bit hashes that differ in at most six bits
agree in one of seven bands, Manku et al. 2007), and shared minimal shingle hashes (two sets of Jaccard
similarity s share their smallest hash with probability s, Broder 1997), which finds pairs whose simhashes
drifted apart. Candidates whose sketches of the 16 smallest shingle hashes share fewer than ten are dropped,
which hardly ever happens at a similarity of 0.9. The rest is verified by the Jaccard similarity of the 3-word
shingles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seo_intelligence.logic.extract.text import jaccard

BANDS = 7
MAX_HAMMING = 6
MINIMA = 4
SKETCH = 16
MIN_SHARED = 10
# Two of the shared hashes may fall on one bit of the 64-bit signature.
MIN_SHARED_BITS = MIN_SHARED - 2
# A bucket beyond this size holds boilerplate; its members are compared with their neighbours in simhash order.
MAX_BUCKET = 2000
NEIGHBOURS = 100

Indices = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Sketches = NDArray[np.uint32]


def _sketches(shingles: Sequence[bytes]) -> Sketches:
    """The smallest hashes of each set, one row per page. Short sets are filled with values that match nothing."""
    table = np.empty((len(shingles), SKETCH), dtype=np.uint32)
    for row, data in enumerate(shingles):
        values = np.frombuffer(data, dtype="<u4", count=min(SKETCH, len(data) // 4))
        table[row, : len(values)] = values
        if len(values) < SKETCH:
            # Equal short sets must still pass: repeat their own values.
            table[row, len(values) :] = np.resize(values, SKETCH - len(values)) if len(values) else 0
    return table


def _signatures(sketches: Sketches) -> Hashes:
    """The sketch as a 64-bit set (one bit per hash, modulo 64): one operation tells most unlike pages apart."""
    bits: Hashes = np.bitwise_or.reduce(np.uint64(1) << (sketches % np.uint32(64)).astype(np.uint64), axis=1)
    return bits


def _band_groups(hashes: Hashes) -> Iterator[Indices]:
    """Pages that agree in one band of the simhash."""
    edges = np.linspace(0, 64, BANDS + 1).astype(int).tolist()
    for low, high in pairwise(edges):
        keys = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
        order = np.argsort(keys, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def _minima_groups(shingles: Sequence[bytes]) -> Iterator[Indices]:
    """Pages that share one of their smallest shingle hashes."""
    buckets: dict[int, list[int]] = defaultdict(list)
    for index, data in enumerate(shingles):
        for value in np.frombuffer(data, dtype="<u4", count=min(MINIMA, len(data) // 4)).tolist():
            buckets[value].append(index)
    for members in buckets.values():
        yield np.array(members, dtype=np.int64)


def _alike(signatures: Hashes, signature: np.uint64) -> NDArray[np.bool_]:
    # Short texts set few bits; then all of them must agree.
    needed = min(MIN_SHARED_BITS, int(signature).bit_count())
    alike: NDArray[np.bool_] = np.bitwise_count(signatures & signature) >= needed
    return alike


def _likely_pairs(
    group: Indices, hashes: Hashes, sketches: Sketches, signatures: Hashes, max_hamming: int | None
) -> Iterator[tuple[int, int]]:
    """Pairs of a group that pass the Hamming limit (if any) and share enough of their sketches."""
    group = np.sort(group)
    span = len(group)
    if span > MAX_BUCKET:
        group, span = group[np.argsort(hashes[group], kind="stable")], NEIGHBOURS
    for n in range(len(group) - 1):
        left, rest = group[n], group[n + 1 : n + 1 + span]
        if max_hamming is not None:
            rest = rest[np.bitwise_count(hashes[rest] ^ hashes[left]) <= max_hamming]
        rest = rest[_alike(signatures[rest], signatures[left])]
        if len(rest):
            shared = (sketches[rest][:, :, None] == sketches[left]).any(axis=2).sum(axis=1)
            for right in rest[shared >= MIN_SHARED].tolist():
                yield (int(left), right) if left < right else (right, int(left))


def near_duplicate_pairs(
    simhashes: Sequence[int],
    shingles: Sequence[bytes],
    *,
    max_hamming: int = MAX_HAMMING,
    min_jaccard: float = 0.9,
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, similarity) with i < j and similarity >= `min_jaccard`.

    Pages already joined through others to one group are not compared again, so a group of n equal pages costs
    about n comparisons and yields a spanning set of pairs.
    """
    hashes: Hashes = np.array(simhashes, dtype=np.uint64)
    sketches = _sketches(shingles)
    signatures = _signatures(sketches)
    parent = list(range(len(hashes)))

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    def sources() -> Iterator[tuple[Indices, int | None]]:
        for group in _minima_groups(shingles):
            yield group, None
        for group in _band_groups(hashes):
            yield group, max_hamming

    for group, limit in sources():
        if len(group) < 2:
            continue
        # Pages with one simhash already known to be alike stand for each other.
        distinct = {(find(i), int(hashes[i])): i for i in reversed(group.tolist())}
        if len(distinct) < 2:
            continue
        kept = np.array(sorted(distinct.values()), dtype=np.int64)
        for i, j in _likely_pairs(kept, hashes, sketches, signatures, limit):
            left, right = find(i), find(j)
            sizes = sorted((len(shingles[i]), len(shingles[j])))
            # The Jaccard similarity cannot exceed the ratio of the sizes.
            if left == right or not sizes[0] or sizes[0] / sizes[1] < min_jaccard:
                continue
            likeness = jaccard(shingles[i], shingles[j])
            if likeness >= min_jaccard:
                parent[right] = left
                yield i, j, likeness
