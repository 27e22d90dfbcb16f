"""Principal components, factor extraction and rotation from a correlation matrix."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def eigen(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Eigenvalues falling and eigenvectors (p, p) in columns, each with its largest entry positive."""
    values, vectors = np.linalg.eigh(matrix)
    values, vectors = values[::-1], vectors[:, ::-1]
    return values, vectors * _signs(vectors)


def _signs(columns: FloatArray) -> FloatArray:
    largest = np.abs(columns).argmax(axis=0)
    return np.where(columns[largest, np.arange(columns.shape[1])] < 0, -1.0, 1.0)


def kaiser_meyer_olkin(r: FloatArray) -> tuple[float, FloatArray]:
    """Overall and per-column sampling adequacy (Kaiser 1974)."""
    inverse = np.linalg.inv(r)
    scale = np.sqrt(np.diag(inverse))
    partial = -inverse / np.outer(scale, scale)
    off = ~np.eye(len(r), dtype=bool)
    r2, p2 = np.where(off, r * r, 0.0), np.where(off, partial * partial, 0.0)
    return float(r2.sum() / (r2.sum() + p2.sum())), r2.sum(axis=0) / (r2.sum(axis=0) + p2.sum(axis=0))


def bartlett_sphericity(r: FloatArray, n: float) -> tuple[float, int, float]:
    """Chi-square, degrees of freedom and p of the test that the correlations are all zero (Bartlett 1951)."""
    from scipy.special import chdtrc

    p = len(r)
    _, logdet = np.linalg.slogdet(r)
    statistic = -(n - 1 - (2 * p + 5) / 6) * float(logdet)
    df = p * (p - 1) // 2
    return statistic, df, float(chdtrc(df, max(0.0, statistic)))


def parallel_eigenvalues(
    n: int, p: int, replicates: int, generator: np.random.Generator, quantile: float = 0.95
) -> FloatArray:
    """Quantile of the eigenvalues of correlation matrices of n independent normal rows (Horn 1965).

    Above 2,000 rows the matrices are drawn from their Wishart distribution instead of rows.
    """
    found = np.empty((replicates, p))
    for k in range(replicates):
        if n <= 2_000:
            matrix = np.corrcoef(generator.normal(size=(n, p)), rowvar=False)
        else:
            # Bartlett's decomposition of a Wishart matrix with n - 1 degrees of freedom.
            lower = np.tril(generator.normal(size=(p, p)), -1)
            lower[np.diag_indices(p)] = np.sqrt(generator.chisquare(n - 1 - np.arange(p)))
            wishart = lower @ lower.T
            scale = np.sqrt(np.diag(wishart))
            matrix = wishart / np.outer(scale, scale)
        found[k] = np.linalg.eigvalsh(matrix)[::-1]
    return np.quantile(found, quantile, axis=0)


@dataclass(frozen=True, slots=True)
class FactorSolution:
    """Unrotated loadings (p, m), uniquenesses, iterations and convergence."""

    loadings: FloatArray
    uniqueness: FloatArray
    iterations: int
    converged: bool


def principal_axis(
    r: FloatArray, factors: int, tolerance: float = 1e-8, max_iterations: int = 5_000
) -> FactorSolution:
    """Iterated principal-axis factoring from squared multiple correlations."""
    communality = 1 - 1 / np.diag(np.linalg.inv(r))
    reduced, loadings, done, change = r.copy(), np.zeros((len(r), factors)), 0, math.inf
    while done < max_iterations:
        done += 1
        np.fill_diagonal(reduced, communality)
        values, vectors = eigen(reduced)
        loadings = vectors[:, :factors] * np.sqrt(np.maximum(values[:factors], 0.0))
        fresh = (loadings**2).sum(axis=1)
        change = float(np.abs(fresh - communality).max())
        communality = fresh
        if change < tolerance or communality.max() > 1.5:
            break
    return FactorSolution(loadings, 1 - communality, done, change < tolerance)


def maximum_likelihood(r: FloatArray, factors: int) -> FactorSolution:
    """Maximum likelihood factors (Lawley & Maxwell) by profiling the loadings out of the uniquenesses."""
    from scipy.optimize import minimize

    p = len(r)

    def scaled(log_psi: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        root = np.exp(log_psi / 2)
        values, vectors = eigen(r / np.outer(root, root))
        return values, vectors, root

    def loss(log_psi: FloatArray) -> tuple[float, FloatArray]:
        values, vectors, root = scaled(log_psi)
        rest = np.maximum(values[factors:], 1e-12)
        value = float((rest - np.log(rest) - 1).sum())
        kept = vectors[:, :factors] * np.sqrt(np.maximum(values[:factors] - 1, 0.0))
        loadings = kept * root[:, None]
        model = loadings @ loadings.T + np.diag(root**2)
        return value, np.diag(model - r) / root**2

    start = np.log(np.clip((1 - 0.5 * factors / p) / np.diag(np.linalg.inv(r)), 0.01, 0.99))
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(math.log(0.005), 0.0)] * p,
                    options={"maxiter": 5_000, "ftol": 1e-15, "gtol": 1e-9})  # fmt: skip
    values, vectors, root = scaled(best.x)
    loadings = vectors[:, :factors] * np.sqrt(np.maximum(values[:factors] - 1, 0.0)) * root[:, None]
    return FactorSolution(
        loadings * _signs(loadings), np.exp(best.x), int(best.nit), bool(best.success or best.nit < 5_000)
    )


def likelihood_fit(r: FloatArray, solution: FactorSolution, n: float) -> tuple[float, int, float, float]:
    """Chi-square (Bartlett-corrected), degrees of freedom, p and RMSEA of a factor model."""
    from scipy.special import chdtrc

    p, m = solution.loadings.shape
    model = solution.loadings @ solution.loadings.T + np.diag(solution.uniqueness)
    df = ((p - m) ** 2 - p - m) // 2
    if df <= 0:
        return math.nan, df, math.nan, math.nan
    loss = float(
        np.linalg.slogdet(model)[1] - np.linalg.slogdet(r)[1] + np.trace(np.linalg.solve(model, r)) - p
    )
    statistic = max(0.0, (n - 1 - (2 * p + 5) / 6 - 2 * m / 3) * loss)
    rmsea = math.sqrt(max(0.0, (loss - df / (n - 1)) / df))
    return statistic, df, float(chdtrc(df, statistic)), rmsea


def varimax(loadings: FloatArray, sweeps: int = 500) -> tuple[FloatArray, FloatArray]:
    """Kaiser-normalised varimax by planar rotations (Kaiser 1958): rotated loadings and the rotation matrix."""
    scale = np.sqrt(np.maximum((loadings**2).sum(axis=1, keepdims=True), 1e-300))
    a = loadings / scale
    p, m = a.shape
    rotation = np.eye(m)
    for _ in range(sweeps):
        largest = 0.0
        for i in range(m):
            for j in range(i + 1, m):
                x, y = a[:, i], a[:, j]
                u, v = x * x - y * y, 2 * x * y
                sine = 2 * (u @ v) - 2 * u.sum() * v.sum() / p
                cosine = (u * u - v * v).sum() - (u.sum() ** 2 - v.sum() ** 2) / p
                angle = math.atan2(sine, cosine) / 4
                turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
                a[:, [i, j]] = a[:, [i, j]] @ turn
                rotation[:, [i, j]] = rotation[:, [i, j]] @ turn
                largest = max(largest, abs(angle))
        if largest < 1e-12:
            break
    return loadings @ rotation, rotation


def promax(loadings: FloatArray, power: int = 4) -> tuple[FloatArray, FloatArray]:
    """Promax from varimax: pattern loadings and the correlations of the factors."""
    rotated, _ = varimax(loadings)
    target = rotated * np.abs(rotated) ** (power - 1)
    change = np.linalg.lstsq(rotated, target, rcond=None)[0]
    change *= np.sqrt(np.diag(np.linalg.inv(change.T @ change)))
    inverse = np.linalg.inv(change)
    return rotated @ change, inverse @ inverse.T


def oblimin(loadings: FloatArray, max_iterations: int = 5_000) -> tuple[FloatArray, FloatArray]:
    """Direct quartimin (oblimin, gamma 0) by gradient projection (Jennrich 2002): pattern and correlations."""
    scale = np.sqrt(np.maximum((loadings**2).sum(axis=1, keepdims=True), 1e-300))
    a = loadings / scale
    m = a.shape[1]
    # Varimax is a better start than the unrotated axes, which can be a saddle point.
    t, step = varimax(loadings)[1], 1.0
    ones = np.ones((m, m)) - np.eye(m)

    def criterion(pattern: FloatArray) -> tuple[float, FloatArray]:
        square = pattern**2
        return float((square * (square @ ones)).sum() / 4), pattern * (square @ ones)

    pattern = a @ np.linalg.inv(t).T
    value, gradient = criterion(pattern)
    for _ in range(max_iterations):
        g = -(pattern.T @ gradient @ np.linalg.inv(t)).T
        projected = g - t * (t * g).sum(axis=0)
        size = float(np.sqrt((projected**2).sum()))
        if size < 1e-9:
            break
        step *= 2
        for _ in range(30):
            moved = t - step * projected
            moved /= np.sqrt((moved**2).sum(axis=0))
            candidate = a @ np.linalg.inv(moved).T
            new_value, new_gradient = criterion(candidate)
            if value - new_value > 0.5 * size**2 * step:
                break
            step /= 2
        t, pattern, value, gradient = moved, candidate, new_value, new_gradient
    return pattern * scale, t.T @ t


def ordered_factors(
    loadings: FloatArray, correlations: FloatArray | None
) -> tuple[FloatArray, FloatArray | None]:
    """Factors by falling sum of squared loadings, each with its largest loading positive."""
    order = np.argsort(-(loadings**2).sum(axis=0), kind="stable")
    loadings = loadings[:, order]
    signs = _signs(loadings)
    if correlations is not None:
        correlations = correlations[np.ix_(order, order)] * np.outer(signs, signs)
    return loadings * signs, correlations
