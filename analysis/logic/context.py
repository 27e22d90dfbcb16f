"""What a run brings with it besides data and parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def _silent(stage: str, done: int, total: int) -> None:
    """Progress sink of a run that nobody watches."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Seed, progress sink, thresholds and caps of one run.

    progress: called as progress(stage, done, total); it raises `RunCancelled` to stop the run.
    flag_below / suppress_below: bases under these are flagged / not published.
    threads, memory_bytes: caps the computation must respect.
    """

    seed: int = 20_240_229
    progress: Callable[[str, int, int], None] = field(default=_silent)
    flag_below: int = 30
    suppress_below: int = 5
    threads: int = 2
    memory_bytes: int = 512 * 1024**2
    confidence: float = 0.95

    def checkpoint(self, stage: str, done: int, total: int) -> None:
        """Report progress; call between chunks, replicates or models. Raises RunCancelled when cancelled."""
        self.progress(stage, done, total)

    def generator(self, stream: int = 0) -> np.random.Generator:
        """Random generator for an independent `stream` of this run's seed."""
        import numpy as np

        return np.random.default_rng([self.seed, stream])

    def is_small(self, n: float) -> bool:
        return n < self.flag_below

    def is_suppressed(self, n: float) -> bool:
        return n < self.suppress_below
