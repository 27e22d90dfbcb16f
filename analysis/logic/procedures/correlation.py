"""Correlations: Pearson, Spearman, Kendall and partial, as a matrix with intervals and tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Storage, Suggestion
from analysis.logic.charts import heatmap
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, collinear, constant_column, no_rows, too_few_rows
from analysis.logic.frame import CrossCounts, Frame
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, option
from analysis.logic.parameters import columns as column_list
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, adjust_p_values
from analysis.logic.stats.gram import Gram, PairwiseGram, correlation_of
from analysis.logic.stats.proportions import normal_quantile
from analysis.logic.stats.ranks import kendall_of_counts, midranks, midranks_of_counts, spearman_of_counts

FloatArray = npt.NDArray[np.float64]

#: A column with at most this many different values is handled by counts instead of rows.
DISCRETE_LEVELS = 200


class CorrelationParameters(Parameters):
    columns: ColumnNames = column_list("Columns", accepts=NUMERIC, min_items=2, max_items=60)
    method: Literal["pearson", "spearman", "kendall"] = option("pearson", "Coefficient")
    controls: ColumnNames = column_list(
        "Held constant", accepts=NUMERIC, min_items=0, max_items=30, default=(),
        help="Gives partial correlations (Pearson and Spearman).",
    )  # fmt: skip
    missing: Literal["pairwise", "listwise"] = option("pairwise", "Missing values")
    correction: Literal["none", "bonferroni", "holm", "bh"] = option(
        "holm", "Correction for multiple testing"
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _consistent(self) -> CorrelationParameters:
        if self.controls and self.method == "kendall":
            raise ValueError("partial correlations are offered for Pearson and Spearman")
        if set(self.controls) & set(self.columns):
            raise ValueError("a column cannot be correlated and held constant at once")
        return self


@dataclass(frozen=True, slots=True)
class Matrix:
    """Correlations with their bases, all (p, p). z: Kendall's normal deviate (else empty)."""

    r: FloatArray
    n: FloatArray
    effective: FloatArray
    z: FloatArray


def compute(frame: Frame, parameters: CorrelationParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    names = list(parameters.columns)
    listwise = bool(parameters.controls) or parameters.missing == "listwise"
    if parameters.method == "pearson":
        matrix = _pearson(frame, names, list(parameters.controls), listwise)
    elif parameters.method == "spearman":
        matrix = _spearman(frame, names, list(parameters.controls), listwise, context)
    else:
        matrix = _kendall(frame, names, listwise, context)
    p = len(names)
    upper = [(i, j) for i in range(p) for j in range(i + 1, p)]
    if not any(matrix.n[i, j] > 0 for i, j in upper):
        raise no_rows("no pair of columns has a row in common")
    k = len(parameters.controls)
    raw = np.array([_p_value(matrix, i, j, k, parameters.method) for i, j in upper])
    adjusted = adjust_p_values(raw, parameters.correction)
    builder = OutputBuilder(context, n=int(matrix.n.max()), weighted_n=frame.weighted_n)
    _report(builder, frame, parameters, context, matrix, upper, raw, adjusted)
    for i, name in enumerate(names):
        others = [j for j in range(p) if j != i]
        if matrix.n[i, others].max() > 1 and np.isnan(matrix.r[i, others]).all():
            builder.notice("constant_column", f"{name!r} does not vary, so it has no correlations.", [name])
    if not listwise and np.ptp(matrix.n[np.triu_indices(p, 1)]) > 0:
        builder.notice("pairwise_bases", "The correlations rest on different rows, pair by pair.")
    builder.notices(frame.notices)
    return builder.build(
        method=_method(parameters),
        missing_values=(
            "Rows with a missing value in any column are left out."
            if listwise
            else "Each correlation uses the rows where both columns are present."
        ),
        weights="Coefficients are weighted; tests and intervals use Kish's effective base.",
        multiple_testing=f"{CORRECTION_NAMES[parameters.correction]} Family: all pairs in the matrix.",
        references=(
            "Fisher (1921), Metron 1, 3-32",
            "Bonett & Wright (2000), Psychometrika 65, 23-28",
            "Kendall (1970), Rank Correlation Methods",
        ),
    )


def _method(parameters: CorrelationParameters) -> str:
    base = {
        "pearson": "Pearson correlations from centred cross-products over all rows; t tests, Fisher z intervals.",
        "spearman": "Spearman correlations of midranks (from counts for scales); t tests, Bonett-Wright intervals.",
        "kendall": "Kendall's tau-b from joint counts or sorted pairs; normal test with tie-corrected variance.",
    }[parameters.method]
    return base + (" Partial: the held columns are regressed out of both." if parameters.controls else "")


def _pearson(frame: Frame, names: Sequence[str], controls: Sequence[str], listwise: bool) -> Matrix:
    chosen = [*names, *controls]
    efficiency = frame.effective_n / frame.n
    if not listwise:
        pairs = PairwiseGram.empty(len(chosen))
        for chunk in frame.chunks(chosen, stage="correlating"):
            pairs = pairs.merge(PairwiseGram.of(chunk.x, None if frame.weight is None else chunk.weights))
        return Matrix(pairs.correlation, pairs.n, pairs.n * efficiency, np.empty(0))
    gram = Gram.empty(len(chosen))
    for chunk in frame.chunks(chosen, complete=True, stage="correlating"):
        gram = gram.merge(Gram.of(chunk.x, None if frame.weight is None else chunk.weights))
    return _from_scatter(gram.scatter, gram.n, efficiency, names, controls)


def _from_scatter(
    scatter: FloatArray, n: int, efficiency: float, names: Sequence[str], controls: Sequence[str]
) -> Matrix:
    """Correlations of the first columns, with the rest regressed out."""
    p, k = len(names), len(controls)
    if n == 0:
        raise no_rows("every row has a missing value in at least one of the chosen columns")
    if n <= k + 2:
        raise too_few_rows(n, k + 3, "a partial correlation" if k else "a correlation")
    if k:
        for j, name in enumerate(controls):
            if scatter[p + j, p + j] <= 0:
                raise constant_column(name, "held constant")
        spread = np.sqrt(np.diag(scatter)[p:])
        block = scatter[p:, p:] / np.outer(spread, spread)
        values, vectors = np.linalg.eigh(block)
        if values[0] < 1e-12 * values[-1]:
            guilty = np.abs(vectors[:, 0]) > 1e-3
            raise collinear([name for name, bad in zip(controls, guilty, strict=True) if bad])
        cross = scatter[:p, p:] / spread
        residual = scatter[:p, :p] - cross @ np.linalg.solve(block, cross.T)
        # What is left of a column that the controls explain fully is rounding error.
        gone = np.diag(residual) < 1e-12 * np.diag(scatter)[:p]
        residual[gone, :] = 0.0
        residual[:, gone] = 0.0
        scatter = residual
    else:
        scatter = scatter[:p, :p]
    shape = (p, p)
    return Matrix(
        correlation_of(scatter), np.full(shape, float(n)), np.full(shape, n * efficiency), np.empty(0)
    )


def _is_discrete(frame: Frame, name: str) -> bool:
    meta = frame.column(name)
    if meta.storage not in (Storage.INTEGER, Storage.BOOLEAN) and meta.measure is not Measure.ORDINAL:
        return False
    if meta.storage is Storage.TEXT and not meta.value_labels:
        return False
    try:
        return len(frame.categories(name, DISCRETE_LEVELS)) > 0
    except ProcedureError:
        return False


def _scores(frame: Frame, name: str) -> FloatArray:
    """Number of each category of a discrete column, in category order."""
    meta = frame.column(name)
    categories = frame.categories(name, DISCRETE_LEVELS)
    if meta.storage is Storage.TEXT:
        order = {str(value): float(i) for i, (value, _) in enumerate(meta.value_labels)}
        return np.array([order.get(str(c.value), math.nan) for c in categories])
    return np.array([float(c.value) for c in categories])  # type: ignore[arg-type]


def _spearman(
    frame: Frame, names: Sequence[str], controls: Sequence[str], listwise: bool, context: RunContext
) -> Matrix:
    chosen = [*names, *controls]
    efficiency = frame.effective_n / frame.n
    frame.prefetch(chosen, DISCRETE_LEVELS)
    if all(_is_discrete(frame, name) for name in chosen) and not any(
        np.isnan(_scores(frame, name)).any() for name in chosen
    ):
        complete = all(
            sum(c.n for c in frame.categories(name, DISCRETE_LEVELS)) == frame.n for name in chosen
        )
        if complete:
            return _spearman_of_scales(frame, names, controls, efficiency)
        if not listwise:
            return _from_tables(frame, names, efficiency, "spearman")
    arrays = frame.arrays(chosen, complete=listwise)
    weights = None if frame.weight is None else arrays.weights
    if listwise or not np.isnan(arrays.x).any():
        ranks = np.column_stack([midranks(arrays.x[:, j], weights) for j in range(len(chosen))])
        gram = Gram.of(ranks, weights)
        return _from_scatter(gram.scatter, gram.n, efficiency, names, controls)
    p = len(names)
    r, n = np.eye(p), np.zeros((p, p))
    done = 0
    for i in range(p):
        n[i, i] = np.isfinite(arrays.x[:, i]).sum()
        for j in range(i + 1, p):
            context.checkpoint("ranking", done, p * (p - 1) // 2)
            done += 1
            both = np.isfinite(arrays.x[:, i]) & np.isfinite(arrays.x[:, j])
            n[i, j] = n[j, i] = both.sum()
            pair_weights = None if weights is None else weights[both]
            pair = np.column_stack([midranks(arrays.x[both, c], pair_weights) for c in (i, j)])
            r[i, j] = r[j, i] = Gram.of(pair, pair_weights).correlation[0, 1] if both.sum() > 1 else math.nan
    return Matrix(r, n, n * efficiency, np.empty(0))


def _spearman_of_scales(
    frame: Frame, names: Sequence[str], controls: Sequence[str], efficiency: float
) -> Matrix:
    """Without missing values all pairs share their midranks, so the joint counts give the whole scatter of ranks."""
    chosen = [*names, *controls]
    ranks, masses = [], []
    for name in chosen:
        order = np.argsort(_scores(frame, name))
        mass = np.array([c.weighted_n for c in frame.categories(name, DISCRETE_LEVELS)])
        rank = np.empty(mass.size)
        rank[order] = midranks_of_counts(mass[order])
        rank -= (rank @ mass) / mass.sum()
        ranks.append(rank)
        masses.append(mass)
    p = len(chosen)
    scatter = np.diag([float(rank**2 @ mass) for rank, mass in zip(ranks, masses, strict=True)])
    pairs = [(i, j) for i in range(p) for j in range(i + 1, p)]
    tables = frame.many_cross_counts(
        [(chosen[i], chosen[j]) for i, j in pairs], limit=DISCRETE_LEVELS, stage="ranking"
    )
    for (i, j), table in zip(pairs, tables, strict=True):
        scatter[i, j] = scatter[j, i] = ranks[i] @ table.weighted @ ranks[j]
    return _from_scatter(scatter, frame.n, efficiency, names, controls)


def _from_tables(frame: Frame, names: Sequence[str], efficiency: float, method: str) -> Matrix:
    """Spearman or Kendall from the joint counts of every pair, counted in one pass."""
    p = len(names)
    pairs = [(i, j) for i in range(p) for j in range(i + 1, p)]
    tables = frame.many_cross_counts(
        [(names[i], names[j]) for i, j in pairs], limit=DISCRETE_LEVELS, stage="ranking"
    )
    order = {name: np.argsort(_scores(frame, name)) for name in names}
    r, n = np.eye(p), np.zeros((p, p))
    z = np.full((p, p), math.nan)
    for (i, j), table in zip(pairs, tables, strict=True):
        counts = _sorted_table(table, order)
        n[i, j] = n[j, i] = table.n.sum()
        if method == "spearman":
            r[i, j] = spearman_of_counts(counts)
        else:
            r[i, j], z[i, j] = kendall_of_counts(counts * efficiency if frame.weight is not None else counts)
        r[j, i], z[j, i] = r[i, j], z[i, j]
    for i, name in enumerate(names):
        n[i, i] = sum(c.n for c in frame.categories(name, DISCRETE_LEVELS))
    return Matrix(r, n, n * efficiency, z if method == "kendall" else np.empty(0))


def _sorted_table(table: CrossCounts, order: dict[str, npt.NDArray[np.int64]]) -> FloatArray:
    rows, columns_ = table.columns
    weighted = table.weighted
    if weighted.sum() > 0:
        weighted = weighted * (table.n.sum() / weighted.sum())
    return weighted[np.ix_(order[rows], order[columns_])]


def _kendall(frame: Frame, names: Sequence[str], listwise: bool, context: RunContext) -> Matrix:
    from scipy.stats import kendalltau

    efficiency = frame.effective_n / frame.n
    frame.prefetch(names, DISCRETE_LEVELS)
    discrete = all(_is_discrete(frame, name) for name in names)
    if discrete and not listwise:
        return _from_tables(frame, names, efficiency, "kendall")
    if frame.weight is not None:
        raise ProcedureError(
            "weights_need_scales",
            f"Weighted Kendall correlations are given for columns with at most {DISCRETE_LEVELS} different whole "
            "numbers and pairwise missing values; use Spearman instead.",
            "/method",
        )
    arrays = frame.arrays(names, complete=listwise)
    p = len(names)
    r, n, z = np.eye(p), np.zeros((p, p)), np.full((p, p), math.nan)
    done = 0
    for i in range(p):
        n[i, i] = np.isfinite(arrays.x[:, i]).sum()
        for j in range(i + 1, p):
            context.checkpoint("ranking", done, p * (p - 1) // 2)
            done += 1
            both = np.isfinite(arrays.x[:, i]) & np.isfinite(arrays.x[:, j])
            n[i, j] = n[j, i] = both.sum()
            if both.sum() < 3:
                r[i, j] = r[j, i] = math.nan
                continue
            found = kendalltau(arrays.x[both, i], arrays.x[both, j], method="asymptotic")
            r[i, j] = r[j, i] = found.statistic
            z[i, j] = z[j, i] = _normal_of_p(found.pvalue, found.statistic)
    return Matrix(r, n, n, z)


def _normal_of_p(p: float, sign: float) -> float:
    from scipy.special import ndtri

    return math.nan if math.isnan(p) else math.copysign(-float(ndtri(p / 2)), sign)


def _p_value(matrix: Matrix, i: int, j: int, controls: int, method: str) -> float:
    from scipy.special import ndtr, stdtr

    r = matrix.r[i, j]
    if method == "kendall":
        return float(2 * ndtr(-abs(matrix.z[i, j])))
    df = matrix.effective[i, j] - 2 - controls
    if math.isnan(r) or df <= 0:
        return math.nan
    if abs(r) >= 1:
        return 0.0
    return float(2 * stdtr(df, -abs(r) * math.sqrt(df / (1 - r * r))))


def interval(r: float, n: float, confidence: float, method: str) -> tuple[float, float]:
    """Fisher z interval with the variance of the coefficient's kind; (nan, nan) for n <= 4."""
    if math.isnan(r) or n <= 4:
        return math.nan, math.nan
    if abs(r) >= 1:
        return r, r
    error = {
        "pearson": math.sqrt(1 / (n - 3)),
        "spearman": math.sqrt((1 + r * r / 2) / (n - 3)),
        "kendall": math.sqrt(0.437 / (n - 4)),
    }[method]
    half = normal_quantile(confidence) * error
    return math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half)


def _report(
    builder: OutputBuilder,
    frame: Frame,
    parameters: CorrelationParameters,
    context: RunContext,
    matrix: Matrix,
    upper: Sequence[tuple[int, int]],
    raw: FloatArray,
    adjusted: FloatArray,
) -> None:
    names = list(parameters.columns)
    titles = [frame.column(name).title for name in names]
    symbol = {"pearson": "r", "spearman": "rho", "kendall": "tau-b"}[parameters.method]
    kind = ("Partial " if parameters.controls else "") + {
        "pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall"
    }[parameters.method]  # fmt: skip
    rows, drills = [], []
    order = sorted(range(len(upper)), key=lambda m: -abs(np.nan_to_num(matrix.r[upper[m]])))
    k = len(parameters.controls)
    for m in order:
        i, j = upper[m]
        n = int(matrix.n[i, j])
        r = matrix.r[i, j]
        low, high = interval(r, matrix.effective[i, j] - k, parameters.confidence, parameters.method)
        builder.fact(
            fact_id(parameters.method, names[i], names[j]),
            f"{kind} correlation of {titles[i]} and {titles[j]}",
            r,
            n=n,
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Fisher z",
            p=raw[m],
            adjusted_p=adjusted[m],
            test="normal test" if parameters.method == "kendall" else "t test",
            columns=[names[i], names[j], *parameters.controls],
        )
        hidden = context.is_suppressed(n)
        rows.append(
            [titles[i], titles[j], n, *([None] * 5 if hidden else [r, low, high, raw[m], adjusted[m]])]
        )
        present = [names[i], names[j], *parameters.controls]
        drills.append({"and": [{"column": name, "op": "not_missing"} for name in present]})
    listwise = bool(parameters.controls) or parameters.missing == "listwise"
    if listwise:
        everything = {"and": [{"column": c, "op": "not_missing"} for c in (*names, *parameters.controls)]}
        drills = [everything] * len(rows)
    builder.table(
        "pairs",
        "Pairs, strongest first",
        [
            text_column("a", "Column"),
            text_column("b", "With"),
            integer_column("n", "Rows"),
            number_column("r", symbol),
            number_column("low", "Low"),
            number_column("high", "High"),
            p_column("p", "p"),
            p_column("adjusted_p", "Corrected p"),
        ],
        rows,
        row_drills=drills,
    )
    shown = np.where(matrix.n < context.suppress_below, np.nan, matrix.r)
    builder.table(
        "matrix",
        f"{kind} correlations",
        [text_column("column", "Column"), *(number_column(f"c{j}", title) for j, title in enumerate(titles))],
        [[title, *shown[i].tolist()] for i, title in enumerate(titles)],
    )
    builder.chart(
        heatmap(
            "matrix",
            f"{kind} correlations",
            f"{kind} correlation of each pair of columns.",
            [
                {"a": titles[i], "b": titles[j], "r": float(shown[i, j])}
                for i in range(len(names))
                for j in range(len(names))
            ],
            x="a",
            y="b",
            value="r",
            x_title="",
            y_title="",
            value_title=symbol,
            diverging=True,
            domain=(-1, 1),
        )
    )


def script(parameters: CorrelationParameters, context: ScriptContext) -> str:
    return f"""
from scipy.stats import kendalltau, rankdata

names, controls = {literal(list(parameters.columns))}, {literal(list(parameters.controls))}
method = {literal(parameters.method)}
values = np.column_stack([number(name) for name in names + controls])
present = np.isfinite(values)
LISTWISE = {literal(bool(parameters.controls) or parameters.missing == "listwise")}


def ranks(x, w):
    levels, code = np.unique(x, return_inverse=True)
    mass = np.bincount(code, w)
    return (np.cumsum(mass) - mass / 2 + 0.5)[code]


def tau_b(x, y, w):
    table = pd.Series(w).groupby([x, y]).sum().unstack(fill_value=0.0).to_numpy()
    score = 0.0
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            score += table[i, j] * (table[i + 1 :, j + 1 :].sum() - table[i + 1 :, :j].sum())
    n = table.sum()
    pairs = [(n * n - (table.sum(axis=axis) ** 2).sum()) / 2 for axis in (0, 1)]
    return score / (pairs[0] * pairs[1]) ** 0.5


results = {{}}
for i in range(len(names)):
    for j in range(i + 1, len(names)):
        picked = list(range(values.shape[1])) if LISTWISE else [i, j]
        used = present[:, picked].all(axis=1)
        x, w = values[used], weights[used]
        if method == "kendall":
            if WEIGHT is None:
                r = kendalltau(x[:, i], x[:, j]).statistic
            else:
                r = tau_b(x[:, i], x[:, j], w)
        else:
            columns = [i, j, *range(len(names), values.shape[1])]
            z = np.column_stack([ranks(x[:, c], w) if method == "spearman" else x[:, c] for c in columns])
            if controls:
                root = np.sqrt(w)[:, None]
                design = np.column_stack([np.ones(len(z)), z[:, 2:]]) * root
                z = z[:, :2] - np.column_stack([np.ones(len(z)), z[:, 2:]]) @ np.linalg.lstsq(
                    design, z[:, :2] * root, rcond=None
                )[0]
            c = np.cov(z[:, :2].T, aweights=w)
            r = c[0, 1] / (c[0, 0] * c[1, 1]) ** 0.5
        results[fact_id(method, names[i], names[j])] = r
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    ranked = any(c.measure is Measure.ORDINAL for c in chosen)
    return Suggestion(
        0.9 if len(chosen) == 2 else 0.75,
        {"columns": [c.name for c in chosen], "method": "spearman" if ranked else "pearson"},
        "Rating scales are correlated by rank." if ranked else "Numeric columns can be correlated.",
    )


PROCEDURE = Procedure(
    key="correlation",
    title="Correlations",
    question="Which columns go together, and how strongly?",
    family=ProcedureFamily.RELATE,
    version=1,
    parameters=CorrelationParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two numeric or rating columns.",),
    tags=("pearson", "spearman", "kendall", "partial", "matrix"),
)
