"""What an accuracy case is, and how the cases of all modules in this package are found."""

from __future__ import annotations

import importlib
import math
import pkgutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from analysis.contracts import ProcedureOutput
from analysis.logic.context import RunContext
from analysis.tests.logic.harness import Data, run

#: A double holds between 15 and 17 digits; agreement beyond this is not counted.
MOST_DIGITS = 15.0


@dataclass(frozen=True, slots=True)
class Case:
    """One group of figures of one data set.

    procedure: key in the registry. certified: the values to be met. compute: gives as many values.
    least: digits that the worst of them must have. source: where the certified values come from.
    ceiling: what keeps any program from more digits, when something does.
    """

    procedure: str
    dataset: str
    figure: str
    certified: tuple[float, ...]
    compute: Callable[[], Sequence[float]]
    least: float
    source: str
    ceiling: str = ""

    def digits(self) -> float:
        """Correct digits of the worst figure (log relative error; absolute where the certified value is zero)."""
        found = self.compute()
        if len(found) != len(self.certified):
            raise AssertionError(
                f"{self.dataset}: {len(found)} figures for {len(self.certified)} certified values"
            )
        return min(log_relative_error(a, b) for a, b in zip(found, self.certified, strict=True))


def log_relative_error(computed: float, certified: float) -> float:
    """-log10 of the relative error, between 0 and MOST_DIGITS; NaN counts as 0."""
    if math.isnan(computed):
        return 0.0
    error = abs(computed - certified) / (abs(certified) or 1.0)
    return MOST_DIGITS if error == 0 else min(MOST_DIGITS, max(0.0, -math.log10(error)))


def output_of(
    key: str, parameters: Mapping[str, Any], data: Data, weight: str | None = None
) -> Callable[[], ProcedureOutput]:
    """The procedure run on a Parquet file of the data, once, when first asked for."""

    @cache
    def compute() -> ProcedureOutput:
        with tempfile.TemporaryDirectory() as folder:
            # Some reference sets have three rows; nothing is withheld here.
            return run(
                key, parameters, data, Path(folder), weight=weight, context=RunContext(suppress_below=0)
            )

    return compute


def number(value: object) -> float:
    """A fact's value as float; NaN when it is missing."""
    return float(value) if isinstance(value, (int, float)) else math.nan


def all_cases() -> list[Case]:
    """Cases of every module in this package, in order of procedure and data set."""
    package = importlib.import_module(__package__ or "analysis.tests.accuracy")
    found: list[Case] = []
    for module in pkgutil.iter_modules(package.__path__):
        if not module.name.startswith("test_"):
            found += getattr(importlib.import_module(f"{package.__name__}.{module.name}"), "CASES", [])
    return sorted(found, key=lambda case: (case.procedure, case.dataset, case.figure))
