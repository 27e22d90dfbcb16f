"""Joint counts of many pairs of coded columns in few passes.

Columns are packed into blocks by mixed radix; one count over two blocks holds the tables of all pairs between
them, and sums over the other digits take them out. Fifteen tables of five-point scales cost two counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

SLICE_ROWS = 131_072
MOST_CELLS = 1 << 19


@dataclass(frozen=True, slots=True)
class PairTable:
    """n, sum of weights and of squared weights per cell of one pair."""

    n: IntArray
    weighted: FloatArray
    weight_squares: FloatArray


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns that share one mixed-radix index of `widths`.

    gaps: which columns have a digit 0 for missing. offset is subtracted from the index, for the others, whose
    codes begin at 1.
    """

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    gaps: tuple[bool, ...]
    offset: int

    @property
    def cells(self) -> int:
        return int(np.prod(self.widths))

    def first_of(self, column: int) -> int:
        """The digit of the column's first category."""
        return int(self.gaps[self.columns.index(column)])


def count_pairs(
    codes: Sequence[npt.NDArray[np.unsignedinteger]],
    sizes: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    weights: FloatArray | None = None,
) -> list[PairTable]:
    """Joint counts for each pair of columns.

    codes: one array of equal length per column, 0 for missing, 1.. for the categories. sizes: number of
    categories per column.
    """
    rows = codes[0].size if codes else 0
    # A column without missing values needs no cell for them; fewer cells pack more columns together.
    gaps = [bool(rows and code.min() == 0) for code in codes]
    blocks = _pack(sizes, gaps, max(64, min(MOST_CELLS, rows)))
    home = {column: b for b, block in enumerate(blocks) for column in block.columns}
    wanted: dict[tuple[int, int], list[int]] = {}
    for k, (a, b) in enumerate(pairs):
        key = (home[a], home[b]) if home[a] <= home[b] else (home[b], home[a])
        wanted.setdefault(key, []).append(k)
    totals: dict[tuple[int, int], list[npt.NDArray[Any]]] = {
        key: [
            np.zeros(_cells(blocks, key), dtype=np.int64 if k == 0 else np.float64)
            for k in range(1 if weights is None else 3)
        ]
        for key in wanted
    }
    # Adding up a table costs as much as counting that many rows, so slices grow with the tables.
    most = max((sums[0].size for sums in totals.values()), default=0)
    for part, w in _slices(rows, max(SLICE_ROWS, min(2 * most, 1 << 20)), weights):
        index = [_block_index(codes, block, part) for block in blocks]
        for (i, j), sums in totals.items():
            flat = index[i] if i == j else index[i] * blocks[j].cells + index[j]
            sums[0] += np.bincount(flat, minlength=sums[0].size)
            if w is not None:
                sums[1] += np.bincount(flat, w, minlength=sums[0].size)
                sums[2] += np.bincount(flat, w * w, minlength=sums[0].size)
    found: dict[int, PairTable] = {}
    for (i, j), members in wanted.items():
        reduced: dict[int, list[npt.NDArray[Any]]] = {}
        for k in members:
            a, b = pairs[k]
            swapped = home[a] > home[b]
            first, second = (b, a) if swapped else (a, b)
            if i == j:
                tables = [_within(blocks[i], first, second, total) for total in totals[(i, j)]]
            else:
                if first not in reduced:
                    reduced[first] = [
                        _reduce(blocks[i], first, total.reshape(blocks[i].cells, -1))
                        for total in totals[(i, j)]
                    ]
                tables = [_reduce(blocks[j], second, part.T).T for part in reduced[first]]
            tables = [table[blocks[i].first_of(first) :, blocks[j].first_of(second) :] for table in tables]
            n, *rest = [table.T if swapped else table for table in tables]
            plain = n.astype(np.float64)
            found[k] = PairTable(n, *(rest or [plain, plain]))
    return [found[k] for k in range(len(pairs))]


def _cells(blocks: Sequence[_Block], key: tuple[int, int]) -> int:
    i, j = key
    return blocks[i].cells if i == j else blocks[i].cells * blocks[j].cells


def _reduce(block: _Block, column: int, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sum of a (cells of the block, anything) table over all digits but the column's."""
    at = block.columns.index(column)
    before, after = int(np.prod(block.widths[:at])), int(np.prod(block.widths[at + 1 :]))
    return table.reshape(before, block.widths[at], after, table.shape[1]).sum(axis=(0, 2))


def _within(block: _Block, first: int, second: int, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Table of two columns of one block."""
    a, b = block.columns.index(first), block.columns.index(second)
    if a == b:
        return np.diag(_reduce(block, first, table[:, None])[:, 0])
    others = tuple(axis for axis in range(len(block.widths)) if axis not in (a, b))
    both = table.reshape(block.widths).sum(axis=others)
    return both if a < b else both.T


def _pack(sizes: Sequence[int], gaps: Sequence[bool], most: int) -> list[_Block]:
    """Blocks of columns in order, each of at most about sqrt(most) cells (a single column may be larger)."""
    side = int(most**0.5)
    groups: list[list[int]] = []
    cells = 1
    for column in range(len(sizes)):
        width = max(1, sizes[column] + gaps[column])
        if groups and cells * width <= side:
            groups[-1].append(column)
            cells *= width
        else:
            groups.append([column])
            cells = width
    return [_block(group, sizes, gaps) for group in groups]


def _block(columns: Sequence[int], sizes: Sequence[int], gaps: Sequence[bool]) -> _Block:
    widths = tuple(max(1, sizes[column] + gaps[column]) for column in columns)
    offset = 0
    for column, width in zip(columns, widths, strict=True):
        offset = offset * width + (0 if gaps[column] else 1)
    return _Block(tuple(columns), widths, tuple(gaps[column] for column in columns), offset)


def _slices(rows: int, step: int, weights: FloatArray | None) -> Iterator[tuple[slice, FloatArray | None]]:
    for start in range(0, rows, step):
        part = slice(start, min(start + step, rows))
        yield part, None if weights is None else weights[part]


def _block_index(
    codes: Sequence[npt.NDArray[np.unsignedinteger]], block: _Block, part: slice
) -> npt.NDArray[np.int64]:
    index = codes[block.columns[0]][part].astype(np.int64)
    for column, width in zip(block.columns[1:], block.widths[1:], strict=True):
        index *= width
        index += codes[column][part]
    if block.offset:
        index -= block.offset
    return index
