"""Joint counts of many pairs of coded columns in few passes.

Columns are packed into blocks by mixed radix; one count over two blocks holds the tables of all pairs between
them, and two matrix products with 0/1 marginalisers take them out. Fifteen tables of five-point scales cost two
counts instead of fifteen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    """Columns that share one mixed-radix index of `widths`; starts[i] is the first marginal row of columns[i].

    offset is subtracted from the index, for the columns whose codes begin at 1.
    """

    columns: tuple[int, ...]
    widths: tuple[int, ...]
    offset: int
    cells: int
    marginaliser: FloatArray
    starts: tuple[int, ...]


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
    totals = {
        key: [np.zeros(_cells(blocks, key)) for _ in range(1 if weights is None else 3)] for key in wanted
    }
    for part, w in _slices(rows, weights):
        index = [_block_index(codes, block, part) for block in blocks]
        for (i, j), sums in totals.items():
            flat = index[i] if i == j else index[i] * blocks[j].cells + index[j]
            sums[0] += np.bincount(flat, minlength=sums[0].size)
            if w is not None:
                sums[1] += np.bincount(flat, w, minlength=sums[0].size)
                sums[2] += np.bincount(flat, w * w, minlength=sums[0].size)
    found: dict[int, PairTable] = {}
    for (i, j), members in wanted.items():
        margins = [_margins(blocks, i, j, total) for total in totals[(i, j)]]
        for k in members:
            a, b = pairs[k]
            first, second = (a, b) if home[a] == i and a in blocks[i].columns else (b, a)
            if i == j:
                first, second = a, b
            tables = [
                margin[
                    _start(blocks[i], first) : _start(blocks[i], first) + sizes[first],
                    _start(blocks[j], second) : _start(blocks[j], second) + sizes[second],
                ]
                for margin in margins
            ]
            if (first, second) != (a, b):
                tables = [table.T for table in tables]
            n = np.rint(tables[0]).astype(np.int64)
            plain = tables[0]
            found[k] = PairTable(
                n, plain if weights is None else tables[1], plain if weights is None else tables[2]
            )
    return [found[k] for k in range(len(pairs))]


def _start(block: _Block, column: int) -> int:
    return block.starts[block.columns.index(column)]


def _cells(blocks: Sequence[_Block], key: tuple[int, int]) -> int:
    i, j = key
    return blocks[i].cells if i == j else blocks[i].cells * blocks[j].cells


def _margins(blocks: Sequence[_Block], i: int, j: int, total: FloatArray) -> FloatArray:
    """Tables of every column of block i with every column of block j, side by side."""
    if i == j:
        return (blocks[i].marginaliser * total) @ blocks[i].marginaliser.T
    return blocks[i].marginaliser @ total.reshape(blocks[i].cells, blocks[j].cells) @ blocks[j].marginaliser.T


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
    cells = int(np.prod(widths))
    digits = np.unravel_index(np.arange(cells), widths)
    rows, starts, at, offset = [], [], 0, 0
    for digit, column, width in zip(digits, columns, widths, strict=True):
        starts.append(at)
        at += sizes[column]
        first = 1 if gaps[column] else 0
        rows.append((digit[None, :] == np.arange(first, first + sizes[column])[:, None]).astype(np.float64))
        offset = offset * width + (1 - first)
    return _Block(tuple(columns), widths, offset, cells, np.vstack(rows), tuple(starts))


def _slices(rows: int, weights: FloatArray | None) -> Iterator[tuple[slice, FloatArray | None]]:
    for start in range(0, rows, SLICE_ROWS):
        part = slice(start, min(start + SLICE_ROWS, rows))
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
