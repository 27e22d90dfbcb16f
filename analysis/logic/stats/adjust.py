"""Corrections of p-values for multiple testing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Correction = Literal["none", "bonferroni", "holm", "bh"]

CORRECTION_NAMES: dict[str, str] = {
    "none": "No correction for multiple testing.",
    "bonferroni": "Bonferroni: controls the chance of any false finding; strict.",
    "holm": "Holm's step-down: controls the chance of any false finding, more powerful than Bonferroni.",
    "bh": "Benjamini-Hochberg: controls the expected share of false findings.",
}


def adjust_p_values(
    p_values: Sequence[float] | npt.NDArray[np.float64], method: Correction
) -> npt.NDArray[np.float64]:
    """Adjusted p-values of one family of tests; NaN entries are left out of the family and stay NaN."""
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = p.copy()
    known = ~np.isnan(p)
    values = p[known]
    m = values.size
    if method == "none" or m == 0:
        return adjusted
    if method == "bonferroni":
        adjusted[known] = np.minimum(values * m, 1.0)
        return adjusted
    order = np.argsort(values, kind="stable")
    ranked = values[order]
    if method == "holm":
        stepped = np.maximum.accumulate(ranked * (m - np.arange(m)))
    elif method == "bh":
        stepped = np.minimum.accumulate((ranked * m / np.arange(1, m + 1))[::-1])[::-1]
    else:
        raise ValueError(f"unknown correction {method!r}")
    back = np.empty(m)
    back[order] = np.minimum(stepped, 1.0)
    adjusted[known] = back
    return adjusted
