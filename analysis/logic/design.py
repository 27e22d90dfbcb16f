"""Design matrices of models: numeric predictors and dummy-coded categorical ones, chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analysis.logic.errors import constant_column
from analysis.logic.frame import Category, Frame
from analysis.logic.stats.regression import Piece

MAX_FACTOR_LEVELS = 60


@dataclass(frozen=True, slots=True)
class Term:
    """One column of the design: a numeric column, or one level of a factor against its first level."""

    name: str
    label: str
    column: str
    level: Category | None = None


@dataclass(frozen=True, slots=True)
class Design:
    """How rows become (x, y). Factors are coded against their first category."""

    frame: Frame
    outcome: str
    numeric: tuple[str, ...]
    factors: tuple[str, ...]
    cluster: str | None = None
    cluster_limit: int = 100_000
    _kept: list[Piece] = field(default_factory=list)

    @property
    def terms(self) -> list[Term]:
        """Columns of x in order."""
        terms = [Term(name, self.frame.column(name).title, name) for name in self.numeric]
        for factor in self.factors:
            categories = self.frame.categories(factor, MAX_FACTOR_LEVELS)
            if len(categories) < 2:
                raise constant_column(factor, categories[0].label if categories else None)
            title = self.frame.column(factor).title
            terms += [
                Term(f"{factor}={c.value}", f"{title}: {c.label} (against {categories[0].label})", factor, c)
                for c in categories[1:]
            ]
        return terms

    def pieces(self) -> Iterator[Piece]:
        """Complete rows, a chunk at a time. Can be iterated again; small designs are read only once."""
        if self._kept:
            yield from self._kept
            return
        columns = (
            len(self.numeric)
            + 2
            + sum(len(self.frame.categories(f, MAX_FACTOR_LEVELS)) for f in self.factors)
        )
        keep = self.frame.n * columns * 8 <= self.frame.context.memory_bytes / 4
        kept: list[Piece] = []
        for piece in self._read():
            if keep:
                kept.append(piece)
            yield piece
        self._kept.extend(kept)

    def _read(self) -> Iterator[Piece]:
        coded = [*self.factors, *([] if self.cluster is None else [self.cluster])]
        limit = self.cluster_limit if self.cluster else MAX_FACTOR_LEVELS
        sizes = [len(self.frame.categories(factor, MAX_FACTOR_LEVELS)) for factor in self.factors]
        chunks = self.frame.chunks(
            [self.outcome, *self.numeric], coded, complete=True, stage="fitting", limit=limit
        )
        for chunk in chunks:
            x = chunk.x[:, 1:]
            if self.factors:
                x = np.column_stack([x, *(dummies(chunk.codes[:, j], size) for j, size in enumerate(sizes))])
            clusters = None if self.cluster is None else chunk.codes[:, -1].astype(np.int64)
            weights = None if self.frame.weight is None else chunk.weights
            yield Piece(x, np.ascontiguousarray(chunk.x[:, 0]), weights, clusters)


def dummies(codes: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.float64]:
    """Indicator columns of levels 1..size-1."""
    return (codes[:, None] == np.arange(1, size)[None, :]).astype(np.float64)


def complete_rows(frame: Frame, numeric: Sequence[str], categorical: Sequence[str] = ()) -> int:
    """Rows that are present in all the columns."""
    conditions = [f"{frame.number_sql(name)} IS NOT NULL" for name in numeric]
    conditions += [f"{frame.value_sql(name)} IS NOT NULL" for name in categorical]
    return int(frame.fetch(f"SELECT count(*) {frame.source_sql(*conditions)}")[0][0])
