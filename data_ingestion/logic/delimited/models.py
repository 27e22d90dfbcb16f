"""What the cells of each column look like, learnt from good records; used to put broken records right."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from data_ingestion.logic.delimited.cells import cell_kind, coarse_shape, fine_shape

_MAX_VALUES = 400


class ColumnModel:
    """Costs of texts in one column: 0 for a familiar value, up to about 5 for a text that cannot belong there."""

    def __init__(self, values: Sequence[str]) -> None:
        self.total = max(1, len(values))
        filled = [value for value in values if value.strip()]
        self.filled = len(filled)
        self.empty_share = 1 - len(filled) / self.total
        self.values = Counter(filled) if len(filled) <= 20_000 else Counter()
        self.fine = Counter(fine_shape(value) for value in filled)
        self.coarse = Counter(coarse_shape(value) for value in filled)
        self.kinds = Counter(cell_kind(value[:200]) for value in filled)
        self.distinct_share = len(self.values) / max(1, len(filled))
        lengths = [math.log1p(len(value)) for value in filled]
        self.mean = sum(lengths) / max(1, len(lengths))
        spread = sum((length - self.mean) ** 2 for length in lengths) / max(1, len(lengths))
        self.sd = max(0.15, math.sqrt(spread))
        self.cache: dict[str, float] = {}

    def cost(self, text: str) -> float:
        """How badly ``text`` fits this column."""
        found = self.cache.get(text)
        if found is None:
            found = self._cost(text)
            if len(self.cache) < 50_000:
                self.cache[text] = found
        return found

    def _cost(self, text: str) -> float:
        if not text.strip():
            return min(4.0, -math.log(self.empty_share + 0.5 / self.total)) * 0.8
        if not self.filled:
            return 1.5
        base = 0.3 * min(4.0, -math.log(1 - self.empty_share + 0.01))
        seen = self.values.get(text, 0)
        if seen and self.distinct_share < 0.8:
            return base
        fine = self.fine.get(fine_shape(text), 0) / self.filled
        if fine:
            return base + min(1.2, 0.12 - 0.35 * math.log(fine))
        coarse = self.coarse.get(coarse_shape(text), 0) / self.filled
        kind = self.kinds.get(cell_kind(text[:200]), 0) / self.filled
        distance = min(4.0, abs(math.log1p(len(text)) - self.mean) / self.sd)
        cost = 0.9 + 0.35 * distance
        if not coarse:
            cost += 0.5
        if kind < 0.02:
            cost += 2.2
        elif kind < 0.3:
            cost += 0.6
        return base + min(5.0, cost)


def learn_models(rows: Sequence[Sequence[str]], width: int, *, limit: int = 3000) -> list[ColumnModel]:
    """One model per column from up to ``limit`` rows of exactly ``width`` cells, spread over ``rows``."""
    good = [row for row in rows if len(row) == width]
    step = max(1, len(good) // limit)
    good = good[::step]
    return [ColumnModel([row[index] for row in good]) for index in range(width)]
