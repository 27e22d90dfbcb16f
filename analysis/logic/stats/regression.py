"""Weighted least squares over chunks of rows.

Fast path: one pass for the centred Gram matrix, scaled to correlations, solved by Cholesky; its condition
number decides whether that is good enough. Ill-conditioned problems go through a second pass of Householder
QR on centred, scaled columns, chunk by chunk (in extended precision when small). Singular ones are refused
with the collinear columns named. A last pass over the residuals refines the coefficients once and gathers
what robust covariances and diagnostics need.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.logic.errors import collinear, constant_column, no_rows, too_few_rows, values_too_large
from analysis.logic.stats.gram import Gram

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Covariance = Literal["classical", "hc0", "hc1", "hc2", "hc3", "cluster", "linearised"]

#: Above this condition number of the correlation matrix the normal equations would cost over six digits.
GRAM_LIMIT = 1e6
#: Work (rows x columns^2) up to which an ill-conditioned problem is solved in extended precision ...
EXTENDED_WORK = 50_000_000
#: ... and up to which every problem is: it costs nothing noticeable and gives the input's last digit.
ALWAYS_EXTENDED_WORK = 1_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Some complete rows: x (rows, p), y (rows,), weights or None, cluster codes or None."""

    x: FloatArray
    y: FloatArray
    weights: FloatArray | None = None
    clusters: IntArray | None = None


Source = Callable[[], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A fitted linear model. Index 0 of coefficients is the intercept when there is one.

    covariance: of the coefficients, of the kind asked for. df: residual degrees of freedom the t tests use.
    rss: weighted residual sum of squares. tss: about the mean (about zero without intercept).
    sigma: residual standard error with weights scaled to the number of rows. condition: of the scaled
    design's correlation matrix. method: "gram" | "qr" | "qr_extended". scatter: of (x, y) about the mean.
    breusch_pagan: (statistic, p) of the studentised test. histogram: standardised residuals in 32 bins of -4..4.
    """

    n: int
    weight: float
    coefficients: FloatArray
    covariance: FloatArray
    df: float
    rss: float
    tss: float
    sigma: float
    condition: float
    method: str
    intercept: bool
    scatter: FloatArray
    mean: FloatArray
    residual_skewness: float
    residual_kurtosis: float
    breusch_pagan: tuple[float, float]
    histogram: FloatArray
    largest_leverage: float

    @property
    def errors(self) -> FloatArray:
        return np.sqrt(np.maximum(np.diag(self.covariance), 0.0))

    @property
    def r_squared(self) -> float:
        return 1 - self.rss / self.tss if self.tss > 0 else math.nan


@dataclass(frozen=True, slots=True)
class _Solution:
    """Coefficients and inverse normal matrix in coordinates (1, x - mean) (x alone without intercept).

    Coefficients are in extended precision after an extended solution. rss is that of the QR, which does not
    suffer from cancellation in the residuals (None after the Gram path).
    """

    coefficients: npt.NDArray[np.floating]
    bread: FloatArray
    condition: float
    method: str
    rss: float | None = None


def gram_of(source: Source) -> Gram:
    """Gram matrix of (x, y) over all pieces."""
    total: Gram | None = None
    for piece in source():
        gram = Gram.of(np.column_stack([piece.x, piece.y]), piece.weights)
        total = gram if total is None else total.merge(gram)
    return Gram.empty(0) if total is None else total


def fit(
    source: Source,
    names: Sequence[str],
    *,
    intercept: bool = True,
    covariance: Covariance = "classical",
    clusters: int = 0,
    gram: Gram | None = None,
) -> LeastSquares:
    """Weighted least squares of y on the columns of x.

    source: gives the same pieces each time it is called. names: of the columns of x (for refusals).
    clusters: number of clusters when covariance is "cluster". gram: of (x, y) if already known.
    Raises ProcedureError too_few_rows, constant_column or collinear_columns.
    """
    gram = gram_of(source) if gram is None else gram
    p = len(names)
    k = p + (1 if intercept else 0)
    if not gram.n:
        raise no_rows("every row has a missing value in at least one of the chosen columns")
    if gram.n <= k:
        raise too_few_rows(gram.n, k + 1, f"a model with {k} coefficients")
    _refuse_constants(gram, names, intercept)
    centre = gram.mean if intercept else np.zeros(p + 1)
    scatter = gram.scatter if intercept else gram.scatter + gram.weight * np.outer(gram.mean, gram.mean)
    if not np.isfinite(scatter).all():
        at_fault = ~np.isfinite(np.diag(scatter)[:p])
        raise values_too_large([name for name, bad in zip(names, at_fault, strict=True) if bad])
    solution = _solve(source, gram, scatter, centre, names, intercept)
    coefficients, residual = _refine(source, solution, scatter, centre, intercept, covariance, clusters, gram)
    rss = residual.rss if solution.rss is None else solution.rss
    df_residual = gram.n - k
    variance = rss / gram.weight * gram.n / df_residual
    bread = solution.bread
    if covariance == "classical":
        # Weights are scaled to the number of rows, as precision weights of mean one.
        full, df = bread * (variance * gram.weight / gram.n), float(df_residual)
    elif covariance == "cluster":
        correction = clusters / (clusters - 1) * (gram.n - 1) / df_residual
        full, df = bread @ residual.meat @ bread * correction, float(clusters - 1)
    else:
        factor = {"hc1": gram.n / df_residual, "linearised": gram.n / (gram.n - 1)}.get(covariance, 1.0)
        full, df = bread @ residual.meat @ bread * factor, float(df_residual)
    back = np.eye(k)
    if intercept:
        back[0, 1:] = -centre[:-1]
        long = coefficients.astype(np.longdouble)
        long[0] += centre[-1] - np.dot(centre[:-1].astype(np.longdouble), long[1:])
        coefficients = long
    return LeastSquares(
        n=gram.n,
        weight=gram.weight,
        coefficients=coefficients.astype(np.float64),
        covariance=back @ full @ back.T,
        df=df,
        rss=rss,
        tss=float(scatter[-1, -1]),
        sigma=math.sqrt(variance),
        condition=solution.condition,
        method=solution.method,
        intercept=intercept,
        scatter=scatter,
        mean=gram.mean,
        residual_skewness=residual.skewness,
        residual_kurtosis=residual.kurtosis,
        breusch_pagan=residual.breusch_pagan,
        histogram=residual.histogram,
        largest_leverage=residual.largest_leverage,
    )


def fit_arrays(
    x: FloatArray,
    y: FloatArray,
    weights: FloatArray | None = None,
    *,
    intercept: bool = True,
    covariance: Covariance = "classical",
    names: Sequence[str] | None = None,
) -> LeastSquares:
    """`fit` for rows in memory."""
    piece = Piece(x, y, weights)
    labels = names or [f"x{i + 1}" for i in range(x.shape[1])]
    return fit(lambda: iter([piece]), labels, intercept=intercept, covariance=covariance)


def _refuse_constants(gram: Gram, names: Sequence[str], intercept: bool) -> None:
    if not intercept:
        return
    for j, name in enumerate(names):
        noise = gram.n * (abs(gram.mean[j]) * 2.3e-16) ** 2 * gram.weight
        if gram.scatter[j, j] <= noise:
            raise constant_column(name, float(gram.mean[j]))


def _solve(
    source: Source, gram: Gram, scatter: FloatArray, centre: FloatArray, names: Sequence[str], intercept: bool
) -> _Solution:
    p = len(names)
    offset = 1 if intercept else 0
    if p == 0:
        return _Solution(np.zeros(offset), np.full((offset, offset), 1 / gram.weight), 1.0, "gram")
    scale = np.sqrt(np.diag(scatter)[:p])
    scale[scale == 0] = 1.0
    correlation = scatter[:p, :p] / np.outer(scale, scale)
    eigenvalues = np.linalg.eigvalsh(correlation)
    condition = float(eigenvalues[-1] / eigenvalues[0]) if eigenvalues[0] > 0 else math.inf
    if condition > GRAM_LIMIT or gram.n * (p + offset + 1) ** 2 <= ALWAYS_EXTENDED_WORK:
        return _solve_qr(source, gram, centre, scale, names, intercept)
    factor = np.linalg.inv(np.linalg.cholesky(correlation))
    inverse = factor.T @ factor
    bread = np.zeros((p + offset, p + offset))
    bread[offset:, offset:] = inverse / np.outer(scale, scale)
    coefficients = np.zeros(p + offset)
    coefficients[offset:] = inverse @ (scatter[:p, p] / scale) / scale
    if intercept:
        bread[0, 0] = 1 / gram.weight
    return _Solution(coefficients, bread, condition, "gram")


def _solve_qr(
    source: Source, gram: Gram, centre: FloatArray, scale: FloatArray, names: Sequence[str], intercept: bool
) -> _Solution:
    """QR of the scaled rows, a chunk at a time: the triangle so far is stacked on the next chunk."""
    p = len(names)
    k = p + (1 if intercept else 0)
    extended = gram.n * (k + 1) ** 2 <= EXTENDED_WORK
    unit = scale / math.sqrt(gram.weight)
    triangle: npt.NDArray[np.floating] = np.zeros((0, k + 1))
    powers: dict[int, tuple[int, int]] | None = None
    for piece in source():
        if extended:
            if powers is None:
                powers = _powers(piece.x) if piece.x.shape[0] == gram.n else {}
            rows = _scaled_rows(piece, centre, unit, intercept, _with_exact_powers(piece.x, powers))
            triangle = _triangle_extended(np.vstack([triangle, rows]))
        else:
            rows = _scaled_rows(piece, centre, unit, intercept, piece.x)
            triangle = _triangle(np.vstack([triangle, rows]))
    upper = triangle[:k, :k].astype(np.float64)
    singular = np.linalg.svd(upper, compute_uv=False)
    if singular[-1] <= singular[0] * 2.3e-16 * max(100, math.sqrt(gram.n)):
        raise collinear(_dependent(upper, names, intercept))
    solved: npt.NDArray[np.floating]
    if extended:
        inverse_long = _triangle_inverse(triangle[:k, :k])
        solved = inverse_long @ triangle[:k, k]
        inverse = inverse_long.astype(np.float64)
    else:
        inverse = np.asarray(np.linalg.inv(upper), dtype=np.float64)
        solved = np.linalg.solve(upper, triangle[:k, k])
    # Divide by the very numbers the rows were divided by: a reciprocal would round differently.
    divisors = np.concatenate(([1.0], unit)) if intercept else unit
    bread = inverse @ inverse.T / np.outer(divisors, divisors)
    return _Solution(
        solved / divisors.astype(solved.dtype),
        bread,
        float(singular[0] / singular[-1]) ** 2,
        "qr_extended" if extended else "qr",
        float(triangle[k, k]) ** 2,
    )


def _scaled_rows(
    piece: Piece, centre: FloatArray, unit: FloatArray, intercept: bool, x: npt.NDArray[np.floating]
) -> npt.NDArray[np.floating]:
    """Centred, scaled rows of (1, x, y) in the precision of `x`, which stands for the piece's own."""
    kind = x.dtype
    columns = [(x - centre[:-1]) / unit, (piece.y.astype(kind) - centre[-1])[:, None]]
    if intercept:
        columns.insert(0, np.ones((x.shape[0], 1), dtype=kind))
    rows = np.hstack(columns)
    return rows if piece.weights is None else rows * np.sqrt(piece.weights.astype(kind))[:, None]


def _powers(x: FloatArray) -> dict[int, tuple[int, int]]:
    """Columns that are, up to their own rounding, a power of another column: index -> (base, exponent).

    In a polynomial the rounding of the powers alone costs digits that extended precision could keep.
    """
    found: dict[int, tuple[int, int]] = {}
    rows, columns = x.shape
    if rows < 3 or columns < 2 or columns > 30:
        return found
    sample = x[:: max(1, rows // 16)].astype(np.longdouble)
    for base in range(columns):
        if base in found or np.ptp(x[:, base]) == 0:
            continue
        for exponent in range(2, 16):
            power = sample[:, base] ** exponent
            for j in range(columns):
                close = np.abs(sample[:, j] - power) <= exponent * 2.3e-16 * np.abs(power)
                if j == base or j in found or not close.all():
                    continue
                whole = x[:, base].astype(np.longdouble) ** exponent
                if (np.abs(x[:, j] - whole) <= exponent * 2.3e-16 * np.abs(whole)).all():
                    found[j] = (base, exponent)
    # 0 and 1 are powers of themselves: an indicator column is no polynomial.
    return {j: (b, k) for j, (b, k) in found.items() if not np.isin(x[:, b], (-1, 0, 1)).all()}


def _with_exact_powers(x: FloatArray, powers: dict[int, tuple[int, int]]) -> npt.NDArray[np.floating]:
    long = x.astype(np.longdouble)
    for j, (base, exponent) in powers.items():
        long[:, j] = long[:, base] ** exponent
    return long


def _triangle(matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """R of LAPACK's Householder QR."""
    return np.asarray(np.linalg.qr(matrix, mode="r"))


def _triangle_extended(matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """R of a Householder QR in extended precision (LAPACK has none)."""
    work = matrix.astype(np.longdouble, copy=True)
    rows, columns = work.shape
    for j in range(min(rows, columns)):
        column = work[j:, j]
        norm = np.sqrt(np.dot(column, column))
        if norm == 0:
            continue
        reflector = column.copy()
        reflector[0] += norm if column[0] >= 0 else -norm
        square = np.dot(reflector, reflector)
        if square == 0:
            continue
        work[j:, j:] -= np.outer(reflector, (reflector @ work[j:, j:]) * (2 / square))
    return np.triu(work[:columns])


def _triangle_inverse(upper: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Inverse of an upper triangle by back substitution in its own precision."""
    size = upper.shape[0]
    inverse = np.zeros_like(upper)
    for j in range(size - 1, -1, -1):
        inverse[j, j] = 1 / upper[j, j]
        for i in range(j - 1, -1, -1):
            inverse[i, j] = -np.dot(upper[i, i + 1 : j + 1], inverse[i + 1 : j + 1, j]) / upper[i, i]
    return inverse


def _dependent(upper: FloatArray, names: Sequence[str], intercept: bool) -> list[str]:
    """Names of the columns that take part in the linear dependence of a singular triangle."""
    null = np.linalg.svd(upper)[2][-1]
    null = np.abs(null[1:] if intercept else null)
    chosen = [name for name, share in zip(names, null, strict=True) if share > 1e-3 * null.max()]
    return chosen or list(names)


@dataclass(frozen=True, slots=True)
class _Residuals:
    rss: float
    meat: FloatArray
    skewness: float
    kurtosis: float
    breusch_pagan: tuple[float, float]
    histogram: FloatArray
    largest_leverage: float


def _refine(
    source: Source,
    solution: _Solution,
    scatter: FloatArray,
    centre: FloatArray,
    intercept: bool,
    covariance: Covariance,
    clusters: int,
    gram: Gram,
) -> tuple[npt.NDArray[np.floating], _Residuals]:
    """One step of iterative refinement, then the sums over the residuals."""
    p = scatter.shape[0] - 1
    offset = 1 if intercept else 0
    coefficients, bread = solution.coefficients.astype(np.float64), solution.bread
    rough = max(float(scatter[p, p] - coefficients[offset:] @ scatter[:p, p]), 0.0)
    sigma = math.sqrt(rough / gram.weight) or 1.0
    gradient = np.zeros(p + offset)
    rss = third = fourth = square_sum = 0.0
    meat = np.zeros((p + offset, p + offset))
    scores = np.zeros((clusters, p + offset))
    cross = np.zeros(p + offset)
    histogram = np.zeros(32)
    leverage = 0.0
    leverage_wanted = covariance in ("hc2", "hc3")
    for piece in source():
        z = np.empty((piece.x.shape[0], p + offset), order="F")
        if intercept:
            z[:, 0] = 1.0
        np.subtract(piece.x, centre[:-1], out=z[:, offset:])
        residual = (piece.y - centre[-1]) - z @ coefficients
        weighted = residual if piece.weights is None else residual * piece.weights
        gradient += z.T @ weighted
        square = residual * residual
        mass = square if piece.weights is None else square * piece.weights
        rss += float(mass.sum())
        third += float((mass * residual).sum())
        fourth += float((mass * square).sum())
        square_sum += float((square * square).sum())
        cross += z.T @ square
        histogram += np.histogram(
            np.clip(residual / sigma, -3.999, 3.999), 32, (-4, 4), weights=piece.weights
        )[0]
        if covariance in ("hc0", "hc1", "hc2", "hc3", "linearised"):
            score = weighted
            if leverage_wanted:
                h = np.einsum("ij,jk,ik->i", z, bread, z, optimize=True)
                if piece.weights is not None:
                    h = h * piece.weights
                leverage = max(leverage, float(h.max(initial=0.0)))
                keep = np.maximum(1 - h, 1e-12)
                score = weighted / (np.sqrt(keep) if covariance == "hc2" else keep)
            scored = z * score[:, None]
            meat += scored.T @ scored
        elif covariance == "cluster" and piece.clusters is not None:
            for j in range(p + offset):
                scores[:, j] += np.bincount(piece.clusters, z[:, j] * weighted, minlength=clusters)
    if covariance == "cluster":
        meat = scores.T @ scores
    refined = solution.coefficients
    if solution.method == "gram":
        # The double-precision gradient is better than the Gram solution, but not than a QR one.
        refined = coefficients + bread @ gradient
    spread = rss / gram.weight
    skewness = third / gram.weight / spread**1.5 if spread > 0 else math.nan
    kurtosis = fourth / gram.weight / spread**2 - 3 if spread > 0 else math.nan
    breusch_pagan = _breusch_pagan(scatter, cross, square_sum, gram, intercept)
    return refined, _Residuals(rss, meat, skewness, kurtosis, breusch_pagan, histogram, leverage)


def _breusch_pagan(
    scatter: FloatArray, cross: FloatArray, fourth: float, gram: Gram, intercept: bool
) -> tuple[float, float]:
    """Koenker's studentised Breusch-Pagan test: n R^2 of the squared residuals on the regressors.

    Uses the unweighted scatter, so it is only given for unweighted models with intercept.
    """
    from scipy.special import chdtrc

    if not intercept or gram.weight != gram.n or scatter.shape[0] < 2:
        return math.nan, math.nan
    p = scatter.shape[0] - 1
    mean = cross[0] / gram.n
    total = fourth - gram.n * mean * mean
    if total <= 0:
        return math.nan, math.nan
    scale = np.sqrt(np.diag(scatter)[:p])
    explained = cross[1:] / scale
    solved = np.linalg.lstsq(scatter[:p, :p] / np.outer(scale, scale), explained, rcond=None)[0]
    statistic = gram.n * float(explained @ solved) / total
    return statistic, float(chdtrc(p, max(statistic, 0.0)))
