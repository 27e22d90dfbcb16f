"""Clusters of rows: k-means, choice of k, latent classes, silhouettes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]

#: Rows on which the starts of k-means compete.
START_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class KMeansFit:
    labels: IntArray
    centres: FloatArray
    inertia: float
    iterations: int


def by_size(labels: IntArray, weights: FloatArray, k: int) -> IntArray:
    """New number of each cluster, largest weight first."""
    order = np.argsort(-np.bincount(labels, weights, k), kind="stable")
    new = np.empty(k, dtype=np.int64)
    new[order] = np.arange(k)
    return new


def k_means(x: FloatArray, weights: FloatArray, k: int, seed: int, starts: int = 10) -> KMeansFit:
    """Lloyd's algorithm from seeded k-means++ starts (scikit-learn); clusters are numbered by size.

    Above START_ROWS rows the starts run on a seeded sample and the best of them is finished on all rows.
    """
    from sklearn.cluster import KMeans

    state = seed % 2**32
    if len(x) > START_ROWS:
        picked = np.random.default_rng([seed, k, 1]).choice(len(x), START_ROWS, replace=False)
        first = KMeans(k, n_init=starts, random_state=state, max_iter=300, tol=1e-6)
        first.fit(x[picked], sample_weight=weights[picked])
        model = KMeans(k, init=first.cluster_centers_, n_init=1, max_iter=300, tol=1e-6)
    else:
        model = KMeans(k, n_init=starts, random_state=state, max_iter=300, tol=1e-6)
    labels = model.fit_predict(x, sample_weight=weights)
    new = by_size(labels, weights, k)
    centres = np.empty_like(model.cluster_centers_)
    centres[new] = model.cluster_centers_
    return KMeansFit(new[labels], centres, float(model.inertia_), int(model.n_iter_))


def mean_silhouette(
    x: FloatArray, labels: IntArray, generator: np.random.Generator, limit: int = 3_000
) -> float:
    """Mean silhouette width of all rows, or of a seeded sample above `limit`; NaN for one cluster."""
    from sklearn.metrics import silhouette_score

    if labels.size > limit:
        picked = generator.choice(labels.size, limit, replace=False)
        x, labels = x[picked], labels[picked]
    if np.unique(labels).size < 2 or np.unique(labels).size >= labels.size:
        return math.nan
    return float(silhouette_score(x, labels))


def calinski_harabasz(x: FloatArray, labels: IntArray, weights: FloatArray) -> float:
    """Weighted variance ratio of clusters."""
    k = int(labels.max()) + 1
    scaled = weights * (weights.size / weights.sum())
    size = np.bincount(labels, scaled, k)
    centre = np.average(x, axis=0, weights=scaled)
    means = np.column_stack([np.bincount(labels, scaled * x[:, j], k) / size for j in range(x.shape[1])])
    between = float((size[:, None] * (means - centre) ** 2).sum())
    within = float((scaled[:, None] * (x - means[labels]) ** 2).sum())
    return between / (k - 1) / (within / (x.shape[0] - k)) if within > 0 else math.inf


@dataclass(frozen=True, slots=True)
class LatentClasses:
    """Class sizes (k,), response probabilities per item (k, levels), posteriors (rows, k), log-likelihood."""

    sizes: FloatArray
    responses: list[FloatArray]
    posterior: FloatArray
    log_likelihood: float
    iterations: int
    converged: bool

    @property
    def parameters(self) -> int:
        return self.sizes.size - 1 + sum(r.shape[0] * (r.shape[1] - 1) for r in self.responses)


def latent_classes(
    codes: IntArray,
    levels: list[int],
    weights: FloatArray,
    k: int,
    generator: np.random.Generator,
    *,
    starts: int = 10,
    max_iterations: int = 2_000,
    checkpoint: Callable[[int, int], None] = lambda done, total: None,
) -> LatentClasses:
    """EM of the latent class model (Goodman 1974) from random starts; codes -1 are missing at random.

    codes: (patterns, items), weights per pattern. Classes are numbered by size.
    """
    total = float(weights.sum())
    indicators = []
    for j, size in enumerate(levels):
        block = np.zeros((len(codes), size))
        seen = codes[:, j] >= 0
        block[np.flatnonzero(seen), codes[seen, j]] = 1.0
        indicators.append(block)
    best: LatentClasses | None = None
    for start in range(starts):
        checkpoint(start, starts)
        sizes = np.full(k, 1 / k)
        responses = [generator.dirichlet(np.full(size, 2.0), k) for size in levels]
        before, converged, done, posterior = -math.inf, False, 0, np.zeros((len(codes), k))
        for done in range(1, max_iterations + 1):
            logs = np.log(np.maximum(sizes, 1e-300))[None, :] + sum(
                block @ np.log(np.maximum(response, 1e-300)).T
                for block, response in zip(indicators, responses, strict=True)
            )
            top = logs.max(axis=1, keepdims=True)
            e = np.exp(logs - top)
            likelihood = float(weights @ (np.log(e.sum(axis=1)) + top[:, 0]))
            posterior = e / e.sum(axis=1, keepdims=True)
            if likelihood - before < 1e-10 * abs(likelihood) and done > 5:
                converged = True
                break
            before = likelihood
            weighted = posterior * weights[:, None]
            sizes = weighted.sum(axis=0) / total
            for j, block in enumerate(indicators):
                joint = weighted.T @ block
                responses[j] = joint / np.maximum(joint.sum(axis=1, keepdims=True), 1e-300)
        if best is None or likelihood > best.log_likelihood:
            best = LatentClasses(sizes, list(responses), posterior, likelihood, done, converged)
    assert best is not None
    order = np.argsort(-best.sizes, kind="stable")
    return LatentClasses(
        best.sizes[order],
        [r[order] for r in best.responses],
        best.posterior[:, order],
        best.log_likelihood,
        best.iterations,
        best.converged,
    )


def relative_entropy(posterior: FloatArray, weights: FloatArray) -> float:
    """1 = rows fall clearly into one class, 0 = not at all."""
    k = posterior.shape[1]
    if k < 2:
        return 1.0
    each = -(posterior * np.log(np.maximum(posterior, 1e-300))).sum(axis=1)
    return 1 - float(weights @ each) / (weights.sum() * math.log(k))
