"""Survey metrics of customer experience from weighted counts of answers.

The net promoter score is a difference of two shares of one sample; its variance is that of a score of
+1, 0, -1. Weighted samples use Kish's effective base.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NetScore:
    """Shares of promoters, passives, detractors and their net score (-1..1) with its standard error."""

    promoters: float
    passives: float
    detractors: float
    net: float
    standard_error: float

    def interval(self, confidence: float) -> tuple[float, float]:
        """Limits on the scale of Fisher's z of the net score: they stay within -1..1 and need no bootstrap."""
        from scipy.special import ndtri

        if not math.isfinite(self.standard_error):
            return math.nan, math.nan
        if abs(self.net) >= 1 or self.standard_error == 0:
            return self.net, self.net
        half = float(ndtri(0.5 + confidence / 2)) * self.standard_error / (1 - self.net**2)
        return math.tanh(math.atanh(self.net) - half), math.tanh(math.atanh(self.net) + half)


def net_promoter(scores: FloatArray, weighted: FloatArray, effective_n: float) -> NetScore:
    """From the distinct answers 0..10, their weighted counts and the effective base."""
    total = float(weighted.sum())
    promoters = float(weighted[scores >= 9].sum()) / total
    detractors = float(weighted[scores <= 6].sum()) / total
    net = promoters - detractors
    variance = promoters + detractors - net * net
    error = math.sqrt(max(0.0, variance) / effective_n) if effective_n > 0 else math.nan
    return NetScore(promoters, 1 - promoters - detractors, detractors, net, error)


def difference_of_nets(
    a: NetScore, b: NetScore, confidence: float
) -> tuple[float, float, float, float, float]:
    """Net score a less b: difference, low, high, z, p of independent samples (normal)."""
    from scipy.special import ndtr, ndtri

    gap, error = a.net - b.net, math.hypot(a.standard_error, b.standard_error)
    if not error > 0:
        return gap, math.nan, math.nan, math.nan, math.nan
    half = float(ndtri(0.5 + confidence / 2)) * error
    z = gap / error
    return gap, gap - half, gap + half, z, 2 * float(ndtr(-abs(z)))
