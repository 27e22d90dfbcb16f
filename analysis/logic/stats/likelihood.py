"""Maximum likelihood of generalised linear, multinomial and cumulative logit models by Newton's method.

Weights enter the likelihood scaled to the number of rows; with weights the covariance is the
with-replacement linearised sandwich, without them the inverse of the observed information.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


class Model(Protocol):
    """A log-likelihood: value, per-row scores (rows, k) unweighted, and Hessian (k, k) at parameters (k,)."""

    def start(self) -> FloatArray: ...
    def value(self, b: FloatArray) -> float: ...
    def scores(self, b: FloatArray) -> FloatArray: ...
    def hessian(self, b: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True)
class Fitted:
    parameters: FloatArray
    covariance: FloatArray
    log_likelihood: float
    iterations: int
    converged: bool

    @property
    def errors(self) -> FloatArray:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))


def maximise(
    model: Model,
    weights: FloatArray,
    robust: bool,
    *,
    max_iterations: int = 60,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> Fitted:
    """Newton with step halving. Raises numpy.linalg.LinAlgError when the information is singular."""
    b = model.start()
    value = model.value(b)
    converged, done = False, 0
    for done in range(1, max_iterations + 1):
        checkpoint(done, max_iterations)
        gradient = weights @ model.scores(b)
        step = np.linalg.solve(-model.hessian(b), gradient)
        factor, moved = 1.0, value
        while factor > 1e-8:
            moved = model.value(b + factor * step)
            if moved >= value - 1e-13 * abs(value):
                break
            factor /= 2
        b = b + factor * step
        small = abs(float(gradient @ step)) < 1e-18 * max(1.0, abs(moved)) or abs(
            moved - value
        ) <= 1e-15 * abs(value)
        value = moved
        if small:
            converged = True
            break
    inverse = np.linalg.inv(-model.hessian(b))
    covariance: npt.NDArray[np.floating] = inverse
    if robust:
        n = weights.size
        s = model.scores(b) * weights[:, None]
        covariance = inverse @ (s.T @ s) @ inverse * (n / (n - 1))
    return Fitted(
        b,
        np.asarray(covariance, dtype=np.float64),
        value,
        done,
        converged and bool(np.isfinite(covariance).all()),
    )


@dataclass(frozen=True, slots=True)
class Logistic:
    """Binary outcome y (rows,) of 0/1; x (rows, p) includes the constant."""

    x: FloatArray
    y: FloatArray
    weights: FloatArray

    def start(self) -> FloatArray:
        return np.zeros(self.x.shape[1])

    def value(self, b: FloatArray) -> float:
        eta = self.x @ b
        return float(self.weights @ (self.y * eta - np.logaddexp(0.0, eta)))

    def mean(self, b: FloatArray) -> FloatArray:
        from scipy.special import expit

        return np.asarray(expit(self.x @ b))

    def scores(self, b: FloatArray) -> FloatArray:
        return (self.y - self.mean(b))[:, None] * self.x

    def hessian(self, b: FloatArray) -> FloatArray:
        p = self.mean(b)
        return -(self.x * (self.weights * p * (1 - p))[:, None]).T @ self.x


@dataclass(frozen=True, slots=True)
class Poisson:
    """Counts y with log link and offset (log exposure)."""

    x: FloatArray
    y: FloatArray
    weights: FloatArray
    offset: FloatArray

    def start(self) -> FloatArray:
        b = np.zeros(self.x.shape[1])
        b[0] = math.log(max(1e-12, float(self.weights @ self.y) / float(self.weights @ np.exp(self.offset))))
        return b

    def mean(self, b: FloatArray) -> FloatArray:
        return np.exp(np.minimum(self.x @ b + self.offset, 700.0))

    def value(self, b: FloatArray) -> float:
        from scipy.special import gammaln

        eta = self.x @ b + self.offset
        return float(self.weights @ (self.y * eta - np.exp(np.minimum(eta, 700.0)) - gammaln(self.y + 1)))

    def scores(self, b: FloatArray) -> FloatArray:
        return (self.y - self.mean(b))[:, None] * self.x

    def hessian(self, b: FloatArray) -> FloatArray:
        return -(self.x * (self.weights * self.mean(b))[:, None]).T @ self.x


@dataclass(frozen=True, slots=True)
class Multinomial:
    """Outcome codes 0..J-1, code 0 the reference; parameters are stacked per category (J-1, p)."""

    x: FloatArray
    y: IntArray
    categories: int
    weights: FloatArray

    def start(self) -> FloatArray:
        return np.zeros((self.categories - 1) * self.x.shape[1])

    def shares(self, b: FloatArray) -> FloatArray:
        eta = np.column_stack([np.zeros(len(self.x)), self.x @ b.reshape(self.categories - 1, -1).T])
        eta -= eta.max(axis=1, keepdims=True)
        e = np.exp(eta)
        return np.asarray(e / e.sum(axis=1, keepdims=True))

    def value(self, b: FloatArray) -> float:
        p = self.shares(b)[np.arange(self.y.size), self.y]
        return float(self.weights @ np.log(np.maximum(p, 1e-300)))

    def scores(self, b: FloatArray) -> FloatArray:
        p = self.shares(b)
        residual = -p
        residual[np.arange(self.y.size), self.y] += 1
        return np.hstack([residual[:, [j]] * self.x for j in range(1, self.categories)])

    def hessian(self, b: FloatArray) -> FloatArray:
        p, k = self.shares(b), self.x.shape[1]
        out = np.empty((b.size, b.size))
        for i in range(1, self.categories):
            for j in range(i, self.categories):
                w = self.weights * p[:, i] * ((1.0 if i == j else 0.0) - p[:, j])
                block = -(self.x * w[:, None]).T @ self.x
                out[(i - 1) * k : i * k, (j - 1) * k : j * k] = block
                out[(j - 1) * k : j * k, (i - 1) * k : i * k] = block.T
        return out


@dataclass(frozen=True, slots=True)
class CumulativeLogit:
    """Ordered outcome codes 0..K-1: P(y <= k) = logistic(threshold_k - x b); x has no constant.

    Parameters: K-1 thresholds, then the p coefficients.
    """

    x: FloatArray
    y: IntArray
    categories: int
    weights: FloatArray

    def start(self) -> FloatArray:
        share = np.cumsum(np.bincount(self.y, self.weights, self.categories))[:-1] / self.weights.sum()
        return np.concatenate([np.log(share / (1 - share)), np.zeros(self.x.shape[1])])

    def _bounds(self, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        k = self.categories - 1
        cuts = np.concatenate([[-np.inf], b[:k], [np.inf]])
        eta = self.x @ b[k:]
        return cuts[self.y + 1] - eta, cuts[self.y] - eta

    def _likelihood(self, b: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        from scipy.special import expit

        high, low = self._bounds(b)
        # Differences in the upper tail are taken there, where they do not cancel.
        flip = low > 0
        p = np.where(flip, expit(-low) - expit(-high), expit(high) - expit(low))
        return np.maximum(p, 1e-300), high, low

    def value(self, b: FloatArray) -> float:
        if (np.diff(b[: self.categories - 1]) <= 0).any():
            return -math.inf
        return float(self.weights @ np.log(self._likelihood(b)[0]))

    def _jacobian(self) -> tuple[FloatArray, FloatArray]:
        n, k = self.y.size, self.categories - 1
        upper, lower = np.zeros((n, k)), np.zeros((n, k))
        inside = self.y < k
        upper[np.flatnonzero(inside), self.y[inside]] = 1.0
        above = self.y > 0
        lower[np.flatnonzero(above), self.y[above] - 1] = 1.0
        return np.hstack([upper, -self.x * 1.0]), np.hstack([lower, -self.x * 1.0])

    def scores(self, b: FloatArray) -> FloatArray:
        from scipy.special import expit

        p, high, low = self._likelihood(b)
        fh, fl = expit(high) * expit(-high), expit(low) * expit(-low)
        upper, lower = self._jacobian()
        return (fh / p)[:, None] * upper - (fl / p)[:, None] * lower

    def hessian(self, b: FloatArray) -> FloatArray:
        from scipy.special import expit

        p, high, low = self._likelihood(b)
        sh, sl = expit(high), expit(low)
        fh, fl = sh * expit(-high), sl * expit(-low)
        upper, lower = self._jacobian()
        aa = fh * (1 - 2 * sh) / p - (fh / p) ** 2
        bb = -fl * (1 - 2 * sl) / p - (fl / p) ** 2
        ab = fh * fl / p**2
        w = self.weights
        cross = (upper * (w * ab)[:, None]).T @ lower
        return (upper * (w * aa)[:, None]).T @ upper + (lower * (w * bb)[:, None]).T @ lower + cross + cross.T


def separating_columns(x: FloatArray, y: FloatArray, limit: int = 20_000) -> list[int]:
    """Columns of a direction that separates a binary outcome (completely or quasi-completely); [] when none.

    Linear programme of Konis (2007) on the distinct rows: maximise the sum of signed scores subject to none
    being negative. x includes the constant in column 0.
    """
    from scipy.optimize import linprog

    signed = np.unique(np.where(y[:, None] > 0, x, -x), axis=0)
    if len(signed) > limit:
        signed = signed[np.linspace(0, len(signed) - 1, limit).astype(int)]
    scale = np.maximum(np.abs(signed).max(axis=0), 1e-300)
    found = linprog(
        -(signed / scale).sum(axis=0), A_ub=-signed / scale, b_ub=np.zeros(len(signed)), bounds=(-1, 1)
    )
    if found.status != 0 or -found.fun < 1e-7:
        return []
    return [int(k) for k in np.flatnonzero(np.abs(found.x) > 1e-7) if k > 0]


def area_under_curve(y: FloatArray, score: FloatArray, weights: FloatArray) -> float:
    """Chance that a row with y = 1 scores above one with y = 0, ties half; weighted."""
    order = np.argsort(score, kind="stable")
    s, positive, negative = score[order], (weights * y)[order], (weights * (1 - y))[order]
    start = np.flatnonzero(np.concatenate([[True], np.diff(s) > 0]))
    pos, neg = np.add.reduceat(positive, start), np.add.reduceat(negative, start)
    below = np.concatenate([[0.0], np.cumsum(neg)[:-1]])
    return float((pos * (below + neg / 2)).sum() / (pos.sum() * neg.sum()))
