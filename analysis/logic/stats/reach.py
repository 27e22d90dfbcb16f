"""Total unduplicated reach and frequency: which sets of items reach most people.

Rows with equal answer patterns are merged first, so the search works on patterns, not rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def patterns(chosen: BoolArray, weights: FloatArray) -> tuple[BoolArray, FloatArray, npt.NDArray[np.int64]]:
    """Distinct rows of `chosen` (rows, items), their weight and their number of rows."""
    unique, inverse, counts = np.unique(chosen, axis=0, return_inverse=True, return_counts=True)
    return (
        unique.astype(bool),
        np.bincount(inverse.ravel(), weights).astype(np.float64),
        counts.astype(np.int64),
    )


def reach(chosen: BoolArray, weights: FloatArray, items: Iterable[int], depth: int) -> tuple[float, float]:
    """Share reached (at least `depth` of the items chosen) and mean number chosen per person."""
    hits = chosen[:, list(items)].sum(axis=1)
    total = float(weights.sum())
    return float(weights[hits >= depth].sum()) / total, float(weights @ hits) / total


def best_sets(
    chosen: BoolArray,
    weights: FloatArray,
    size: int,
    depth: int,
    *,
    must: tuple[int, ...] = (),
    keep: int = 10,
    limit: int = 300_000,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[tuple[float, float, tuple[int, ...]]], bool]:
    """Best sets of `size` items by reach, then frequency: (reach, frequency, items), and whether it is exhaustive.

    Every set is tried up to `limit` sets; above, a beam search of width 200 extends the best smaller sets.
    """
    items = chosen.shape[1]
    free = [i for i in range(items) if i not in must]
    extra = size - len(must)
    total = float(weights.sum())
    frequency = weights @ chosen / total
    as_float = chosen.astype(np.float32)

    def score(sets: npt.NDArray[np.int64]) -> FloatArray:
        out = np.empty(len(sets))
        step = max(1, 8_000_000 // max(1, chosen.shape[0]))
        for at in range(0, len(sets), step):
            block = sets[at : at + step]
            hits = np.zeros((chosen.shape[0], len(block)), dtype=np.float32)
            for k in range(block.shape[1]):
                hits += as_float[:, block[:, k]]
            out[at : at + step] = weights @ (hits >= depth) / total
        return out

    def ranked(sets: npt.NDArray[np.int64], count: int) -> list[tuple[float, float, tuple[int, ...]]]:
        shares = score(sets)
        freq = frequency[sets].sum(axis=1)
        order = np.lexsort((-freq, -np.round(shares, 12)))[:count]
        return [(float(shares[i]), float(freq[i]), tuple(sorted(int(v) for v in sets[i]))) for i in order]

    def merge(
        best: list[tuple[float, float, tuple[int, ...]]],
        found: list[tuple[float, float, tuple[int, ...]]],
        count: int,
    ) -> list[tuple[float, float, tuple[int, ...]]]:
        joined = {entry[2]: entry for entry in [*best, *found]}
        return sorted(joined.values(), key=lambda e: (-round(e[0], 12), -round(e[1], 12), e[2]))[:count]

    best: list[tuple[float, float, tuple[int, ...]]] = []
    ways = math.comb(len(free), extra)
    if ways <= limit:
        stream = combinations(free, extra)
        done = 0
        while block := list(islice(stream, 20_000)):
            checkpoint(done, ways)
            sets = np.array([(*must, *chosen_items) for chosen_items in block], dtype=np.int64).reshape(
                len(block), size
            )
            best = merge(best, ranked(sets, keep), keep)
            done += len(block)
        return best, True
    beam: list[tuple[int, ...]] = [tuple(sorted(must))]
    for level in range(len(must), size):
        checkpoint(level, size)
        candidates = sorted({tuple(sorted((*entry, i))) for entry in beam for i in free if i not in entry})
        sets = np.array(candidates, dtype=np.int64)
        wanted = keep if level == size - 1 else 200
        best = ranked(sets, wanted)
        beam = [entry[2] for entry in best]
    return best[:keep], False
