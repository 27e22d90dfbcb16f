"""Importance of predictors from a covariance matrix: exact Shapley (LMG) shares and Johnson's weights."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MAX_PREDICTORS = 22


def all_subsets_r_squared(correlation: FloatArray, with_outcome: FloatArray) -> FloatArray:
    """R^2 of the regression on every subset of predictors; index = bit mask, length 2^p.

    correlation: (p, p), nonsingular; with_outcome: (p,). Predictors are swept in one after the other, all
    subsets of those before at once, keeping only the Schur complement of those still to come: about 6 * 2^p
    operations instead of one regression per subset.
    """
    p = with_outcome.size
    rest = correlation[None, :, :]
    outcome = with_outcome[None, :]
    unexplained = np.ones(1)
    for _ in range(p):
        pivot = rest[:, 0, 0]
        column = rest[:, 1:, 0] / pivot[:, None]
        first = outcome[:, 0]
        swept = rest[:, 1:, 1:] - column[:, :, None] * rest[:, 0, None, 1:]
        swept_outcome = outcome[:, 1:] - column * first[:, None]
        swept_unexplained = unexplained - first * first / pivot
        rest = np.concatenate([rest[:, 1:, 1:], swept])
        outcome = np.concatenate([outcome[:, 1:], swept_outcome])
        unexplained = np.concatenate([unexplained, swept_unexplained])
    return 1 - unexplained


def lmg(correlation: FloatArray, with_outcome: FloatArray) -> FloatArray:
    """LMG (Shapley) share of R^2 of each predictor: its gain averaged over all orderings (Lindeman et al. 1980).

    The shares add up to R^2. Raises ValueError above MAX_PREDICTORS.
    """
    p = with_outcome.size
    if p > MAX_PREDICTORS:
        raise ValueError(f"{p} predictors; exact Shapley values go to {MAX_PREDICTORS}")
    r_squared = all_subsets_r_squared(correlation, with_outcome)
    by_size = np.array([1 / (p * math.comb(p - 1, size)) for size in range(p)])
    sizes = np.zeros(1, dtype=np.int8)
    for _ in range(p - 1):
        sizes = np.concatenate([sizes, sizes + 1])
    weights = by_size[sizes].astype(np.float64)
    shares = np.empty(p)
    for i in range(p):
        folded = r_squared.reshape(-1, 2, 1 << i)
        gain = (folded[:, 1, :] - folded[:, 0, :]).ravel()
        shares[i] = weights @ gain
    return shares


def relative_weights(correlation: FloatArray, with_outcome: FloatArray) -> FloatArray:
    """Johnson's (2000) relative weights; they add up to R^2."""
    values, vectors = np.linalg.eigh(correlation)
    root = (vectors * np.sqrt(values)) @ vectors.T
    beta = np.linalg.solve(root, with_outcome)
    return np.asarray((root**2) @ (beta**2))
