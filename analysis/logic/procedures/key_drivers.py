"""Key drivers: which predictors matter most for an outcome, with exact Shapley (LMG) shares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars, scatter
from analysis.logic.context import RunContext
from analysis.logic.design import complete_rows
from analysis.logic.errors import collinear, constant_column, no_rows, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnName, ColumnNames, Parameters, column, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.drivers import MAX_PREDICTORS, lmg, relative_weights
from analysis.logic.stats.gram import correlation_of

FloatArray = npt.NDArray[np.float64]

#: Rows are dealt into this many random groups, which the bootstrap resamples.
BOOTSTRAP_GROUPS = 1_000
#: Subset regressions spent on bootstrap intervals of the Shapley shares.
BOOTSTRAP_WORK = 1 << 23
FOREST_ROWS = 2_000
FOREST_TREES = 60


class KeyDriversParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC, help="For example overall satisfaction.")
    drivers: ColumnNames = columns("Drivers", accepts=NUMERIC, min_items=2, max_items=MAX_PREDICTORS)
    replicates: int = option(500, "Bootstrap replicates", ge=0, le=5_000, help="0 leaves out the intervals.")
    forest_check: bool = option(
        True, "Forest check", help="Compares with a random forest to reveal effects a linear model misses."
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _outcome_is_no_driver(self) -> KeyDriversParameters:
        if self.outcome in self.drivers:
            raise ValueError("the outcome cannot also be a driver")
        return self


@dataclass(frozen=True, slots=True)
class GroupedRows:
    """Augmented cross-products of (drivers, outcome, 1) about `shift` per random group; a sample of rows."""

    groups: FloatArray  # (groups, p + 2, p + 2)
    shift: FloatArray
    n: int
    low: FloatArray
    high: FloatArray
    sample: FloatArray
    sample_weights: FloatArray

    def scatter(self, counts: FloatArray | None = None) -> tuple[FloatArray, FloatArray, float]:
        """Scatter matrix, mean and weight of all groups, each repeated `counts` times."""
        total = self.groups.sum(axis=0) if counts is None else np.tensordot(counts, self.groups, axes=1)
        weight = float(total[-1, -1])
        mean = total[:-1, -1] / weight
        return total[:-1, :-1] - weight * np.outer(mean, mean), mean + self.shift, weight


def compute(frame: Frame, parameters: KeyDriversParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    names = [*parameters.drivers, parameters.outcome]
    p = len(parameters.drivers)
    n = complete_rows(frame, names)
    if not n:
        raise no_rows("every row has a missing value in at least one of the chosen columns")
    if n < p + 3:
        raise too_few_rows(n, p + 3, f"a model with {p} drivers")
    rows = _collect(frame, names, n, context)
    scatter_matrix, mean, weight = rows.scatter()
    _refuse_degenerate(scatter_matrix, mean, weight, names)
    correlation = correlation_of(scatter_matrix)
    r_xx, r_xy = correlation[:p, :p], correlation[:p, p]
    shares = lmg(r_xx, r_xy)
    johnson = relative_weights(r_xx, r_xy)
    r_squared = float(shares.sum())
    intervals = _bootstrap(rows, parameters, p, context)
    builder = OutputBuilder(context, n=n, weighted_n=weight)
    builder.fact(
        "r_squared",
        "Share of the outcome's variance explained by the drivers (R squared)",
        r_squared,
        interval=intervals.r_squared,
        interval_level=parameters.confidence,
        interval_method="percentile bootstrap",
        columns=names,
    )
    betas: FloatArray = np.asarray(np.linalg.solve(r_xx, r_xy), dtype=np.float64)
    performance = _performance(frame, parameters, mean, rows)
    _report(builder, frame, parameters, shares, johnson, betas, r_xy, performance, intervals, mean, n)
    if parameters.forest_check:
        _forest(builder, frame, parameters, rows, shares, context)
    if r_squared < 0.1:
        builder.notice(
            "weak_model", f"The drivers explain only {r_squared:.0%} of the outcome; others matter more."
        )
    if (betas < 0).any() and ((betas < 0) & (r_xy > 0)).any():
        turned = [name for name, b, r in zip(parameters.drivers, betas, r_xy, strict=True) if b < 0 < r]
        builder.notice(
            "suppression",
            "These drivers go with the outcome alone but against it beside the others; their direct effect is "
            "unclear: " + ", ".join(repr(name) for name in turned) + ".",
            turned,
        )
    if intervals.note:
        builder.notice("intervals_limited", intervals.note)
    if n < frame.n:
        builder.notice("missing_left_out", f"{frame.n - n:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Importance is the LMG (Shapley) share: the gain in R squared from a driver, averaged over all orderings, "
            f"computed exactly from all {2**p:,} subsets. Johnson's relative weights stand beside it. Intervals are "
            f"percentile bootstrap intervals over {rows.groups.shape[0]:,} random groups of rows."
        ),
        missing_values="Rows with a missing value in any of the columns are left out (listwise).",
        weights="Correlations are weighted; the bootstrap resamples weighted rows.",
        references=(
            "Lindeman, Merenda & Gold (1980), Introduction to Bivariate and Multivariate Analysis",
            "Groemping (2007), American Statistician 61, 139-147",
            "Johnson (2000), Multivariate Behavioral Research 35, 1-19",
            "Breiman (2001), Machine Learning 45, 5-32 (permutation check)",
        ),
        seed=context.seed,
    )


def _collect(frame: Frame, names: Sequence[str], n: int, context: RunContext) -> GroupedRows:
    columns_ = len(names)
    size = min(n, BOOTSTRAP_GROUPS)
    dealing, sampling = context.generator(1), context.generator(2)
    groups = np.zeros((size, columns_ + 1, columns_ + 1))
    shift: FloatArray | None = None
    low, high = np.full(columns_, np.inf), np.full(columns_, -np.inf)
    kept, kept_weights = [], []
    done = 0
    for chunk in frame.chunks(names, complete=True, stage="scanning"):
        rows = chunk.x.shape[0]
        if shift is None:
            shift = chunk.x.mean(axis=0)
        low, high = np.minimum(low, chunk.x.min(axis=0)), np.maximum(high, chunk.x.max(axis=0))
        # With few rows every row is a group of its own: the ordinary bootstrap.
        code = np.arange(done, done + rows) if n <= size else dealing.integers(0, size, rows)
        order = np.argsort(code, kind="stable")
        z = np.column_stack([chunk.x - shift, np.ones(rows)])[order]
        zw = z * chunk.weights[order, None]
        starts = np.concatenate(([0], np.cumsum(np.bincount(code, minlength=size))))
        for g in np.flatnonzero(np.diff(starts)):
            part = slice(starts[g], starts[g + 1])
            groups[g] += z[part].T @ zw[part]
        pick = sampling.random(rows) < FOREST_ROWS / n
        kept.append(chunk.x[pick])
        kept_weights.append(chunk.weights[pick])
        done += rows
    assert shift is not None
    return GroupedRows(groups, shift, n, low, high, np.concatenate(kept), np.concatenate(kept_weights))


def _refuse_degenerate(
    scatter_matrix: FloatArray, mean: FloatArray, weight: float, names: Sequence[str]
) -> None:
    for j, name in enumerate(names):
        if scatter_matrix[j, j] <= weight * (abs(mean[j]) * 1e-13) ** 2:
            raise constant_column(name, float(mean[j]))
    p = len(names) - 1
    values, vectors = np.linalg.eigh(correlation_of(scatter_matrix)[:p, :p])
    if values[0] < 1e-11:
        guilty = np.abs(vectors[:, 0])
        raise collinear([name for name, v in zip(names, guilty, strict=False) if v > 1e-3 * guilty.max()])


@dataclass(frozen=True, slots=True)
class Intervals:
    """Percentile intervals; rows of the arrays are drivers, columns low and high. NaN when not computed."""

    r_squared: tuple[float, float] | None
    shares: FloatArray
    johnson: FloatArray
    note: str = ""


def _bootstrap(rows: GroupedRows, parameters: KeyDriversParameters, p: int, context: RunContext) -> Intervals:
    empty = np.full((p, 2), math.nan)
    replicates = parameters.replicates
    if replicates < 50:
        note = "" if replicates == 0 else "Fewer than 50 replicates give no intervals."
        return Intervals(None, empty, empty, note)
    exact = min(replicates, BOOTSTRAP_WORK >> p)
    generator = context.generator(3)
    size = rows.groups.shape[0]
    shares: list[FloatArray] = []
    johnson: list[FloatArray] = []
    fits: list[float] = []
    for b in range(replicates):
        if b % 25 == 0:
            context.checkpoint("bootstrap", b, replicates)
        counts = generator.multinomial(size, np.full(size, 1 / size)).astype(np.float64)
        correlation = correlation_of(rows.scatter(counts)[0])
        if not np.isfinite(correlation).all() or np.linalg.eigvalsh(correlation[:p, :p])[0] < 1e-11:
            continue
        r_xx, r_xy = correlation[:p, :p], correlation[:p, p]
        weights = relative_weights(r_xx, r_xy)
        total = weights.sum()
        fits.append(total)
        johnson.append(weights / total)
        if exact >= 50 and len(shares) < exact:
            shares.append(lmg(r_xx, r_xy) / total)
    tail = 100 * (1 - parameters.confidence) / 2

    def percentiles(draws: list[FloatArray]) -> FloatArray:
        return np.percentile(np.array(draws), [tail, 100 - tail], axis=0).T if len(draws) >= 50 else empty

    note = ""
    if exact < 50:
        note = f"With {p} drivers a replicate takes {2**p:,} regressions: intervals are for relative weights only."
    elif exact < replicates:
        note = f"Intervals of the Shapley shares rest on {exact} replicates."
    bounds = np.percentile(fits, [tail, 100 - tail]) if len(fits) >= 50 else None
    return Intervals(
        None if bounds is None else (float(bounds[0]), float(bounds[1])),
        percentiles(shares),
        percentiles(johnson),
        note,
    )


def _performance(
    frame: Frame, parameters: KeyDriversParameters, mean: FloatArray, rows: GroupedRows
) -> list[tuple[float, float, float]]:
    """(performance 0..100, scale low, scale high) per driver, from the labelled or observed range."""
    found = []
    for j, name in enumerate(parameters.drivers):
        labelled = [v for v, _ in frame.column(name).value_labels if isinstance(v, (int, float))]
        low, high = min([*labelled, rows.low[j]]), max([*labelled, rows.high[j]])
        found.append((100 * (mean[j] - low) / (high - low), float(low), float(high)))
    return found


def _report(
    builder: OutputBuilder,
    frame: Frame,
    parameters: KeyDriversParameters,
    shares: FloatArray,
    johnson: FloatArray,
    betas: FloatArray,
    r_xy: FloatArray,
    performance: Sequence[tuple[float, float, float]],
    intervals: Intervals,
    mean: FloatArray,
    n: int,
) -> None:
    total = shares.sum()
    order = np.argsort(-shares, kind="stable")
    rows, points, quadrant = [], [], []
    everything = {
        "and": [{"column": c, "op": "not_missing"} for c in (*parameters.drivers, parameters.outcome)]
    }
    for rank, j in enumerate(order, start=1):
        name = parameters.drivers[j]
        title = frame.column(name).title
        share = shares[j] / total
        low, high = intervals.shares[j, 0], intervals.shares[j, 1]
        builder.fact(
            fact_id("importance", name),
            f"Importance of {title} (share of R squared)",
            share,
            unit="share",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="percentile bootstrap",
            columns=[name, parameters.outcome],
        )
        builder.fact(
            fact_id("relative_weight", name),
            f"Johnson's relative weight of {title} (share of R squared)",
            johnson[j] / johnson.sum(),
            unit="share",
            interval=(intervals.johnson[j, 0], intervals.johnson[j, 1]),
            interval_level=parameters.confidence,
            interval_method="percentile bootstrap",
            columns=[name, parameters.outcome],
        )
        builder.fact(
            fact_id("performance", name),
            f"Performance of {title} (0 to 100 between {performance[j][1]:g} and {performance[j][2]:g})",
            performance[j][0],
            columns=[name],
        )
        rows.append(
            [
                title,
                rank,
                share,
                low,
                high,
                shares[j],
                johnson[j] / johnson.sum(),
                betas[j],
                r_xy[j],
                mean[j],
                performance[j][0],
            ]
        )
        points.append({"driver": title, "importance": share, "low": low, "high": high})
        quadrant.append({"driver": title, "importance": share, "performance": performance[j][0]})
    builder.table(
        "drivers",
        f"Drivers of {frame.column(parameters.outcome).title}",
        [
            text_column("driver", "Driver"),
            integer_column("rank", "Rank"),
            percent_column("importance", "Importance"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
            number_column("lmg", "LMG"),
            percent_column("relative_weight", "Relative weight"),
            number_column("beta", "Standardised coefficient"),
            number_column("r", "Correlation"),
            number_column("mean", "Mean"),
            number_column("performance", "Performance"),
        ],
        rows,
        row_drills=[everything] * len(rows),
    )
    with_intervals = bool(np.isfinite(intervals.shares).all())
    builder.chart(
        bars(
            "importance",
            f"What drives {frame.column(parameters.outcome).title}",
            "Share of the explained variance that each driver accounts for.",
            points,
            category="driver",
            value="importance",
            category_title="Driver",
            value_title="Importance",
            value_format=".0%",
            low="low" if with_intervals else None,
            high="high" if with_intervals else None,
        )
    )
    builder.chart(
        scatter(
            "importance_performance",
            "Importance and performance",
            "Drivers by importance and performance; high importance with low performance calls for action.",
            quadrant,
            x="importance",
            y="performance",
            x_title="Importance (share of R squared)",
            y_title="Performance (0 to 100)",
            label="driver",
            x_reference=1 / len(parameters.drivers),
            y_reference=float(np.mean([p for p, _, _ in performance])),
        )
    )


def _forest(
    builder: OutputBuilder,
    frame: Frame,
    parameters: KeyDriversParameters,
    rows: GroupedRows,
    shares: FloatArray,
    context: RunContext,
) -> None:
    """Permutation importance of a random forest on held-out rows, as a background check of linearity."""
    if rows.sample.shape[0] < 100:
        builder.notice("forest_left_out", "The forest check needs at least 100 complete rows.")
        return
    from scipy.stats import spearmanr
    from sklearn.ensemble import RandomForestRegressor

    context.checkpoint("forest", 0, 1)
    x, y, w = rows.sample[:, :-1], rows.sample[:, -1], rows.sample_weights
    test = np.zeros(y.size, dtype=bool)
    test[context.generator(4).permutation(y.size)[: y.size // 4]] = True
    forest = RandomForestRegressor(
        n_estimators=FOREST_TREES,
        min_samples_leaf=5,
        max_features=max(1, math.ceil(x.shape[1] / 3)),
        random_state=context.seed % 2**32,
        n_jobs=1,
    ).fit(x[~test], y[~test], sample_weight=w[~test])
    baseline = _explained(y[test], forest.predict(x[test]), w[test])
    generator = context.generator(5)
    drops = np.empty(x.shape[1])
    for j in range(x.shape[1]):
        shuffled = x[test].copy()
        losses = []
        for _ in range(5):
            shuffled[:, j] = generator.permutation(x[test, j])
            losses.append(baseline - _explained(y[test], forest.predict(shuffled), w[test]))
        drops[j] = np.mean(losses)
    root = np.sqrt(w[~test])[:, None]
    design = np.column_stack([np.ones((~test).sum()), x[~test]])
    line = np.linalg.lstsq(design * root, y[~test] * root[:, 0], rcond=None)[0]
    linear = _explained(y[test], np.column_stack([np.ones(test.sum()), x[test]]) @ line, w[test])
    agreement = float(spearmanr(drops, shares).statistic) if len(shares) > 2 else math.nan
    builder.table(
        "forest",
        "Background check by a random forest",
        [text_column("driver", "Driver"), number_column("drop", "Loss of R squared when shuffled")],
        [[frame.column(name).title, drops[j]] for j, name in enumerate(parameters.drivers)],
        notes=[f"On {int(test.sum()):,} held-out rows of a sample of {y.size:,}."],
    )
    builder.fact(
        "forest_r_squared",
        "R squared of a random forest on held-out rows",
        baseline,
        n=int(test.sum()),
        approximate=True,
        columns=[*parameters.drivers, parameters.outcome],
    )
    builder.assume(
        "Effects are linear and additive",
        baseline <= linear + 0.05,
        f"Held-out R squared: forest {baseline:.2f}, linear {linear:.2f}; rank agreement {agreement:.2f}.",
    )
    if baseline > linear + 0.05:
        builder.notice(
            "non_linear",
            "A random forest predicts clearly better than the linear model: some effects are not linear or interact.",
        )


def _explained(y: FloatArray, predicted: FloatArray, w: FloatArray) -> float:
    centre = np.average(y, weights=w)
    total = np.average((y - centre) ** 2, weights=w)
    return float(1 - np.average((y - predicted) ** 2, weights=w) / total) if total > 0 else math.nan


def script(parameters: KeyDriversParameters, context: ScriptContext) -> str:
    return f"""
from itertools import combinations
from math import factorial

drivers, outcome = {literal(list(parameters.drivers))}, {literal(parameters.outcome)}
x = np.column_stack([number(name) for name in [*drivers, outcome]])
used = np.isfinite(x).all(axis=1)
r = np.cov(x[used].T, aweights=weights[used])
r = r / np.sqrt(np.outer(np.diag(r), np.diag(r)))
p = len(drivers)


def r_squared(subset):
    if not subset:
        return 0.0
    subset = list(subset)
    return float(r[p, subset] @ np.linalg.solve(r[np.ix_(subset, subset)], r[subset, p]))


values, vectors = np.linalg.eigh(r[:p, :p])
root = vectors * np.sqrt(values) @ vectors.T
johnson = root**2 @ np.linalg.solve(root, r[:p, p]) ** 2
results = {{"r_squared": r_squared(range(p))}}
for j, name in enumerate(drivers):
    results[fact_id("relative_weight", name)] = johnson[j] / johnson.sum()
    if p > 12:
        continue  # every subset is fitted anew here, which takes long for many drivers
    share = 0.0
    others = [i for i in range(p) if i != j]
    for size in range(p):
        weight = factorial(size) * factorial(p - size - 1) / factorial(p)
        for subset in combinations(others, size):
            share += weight * (r_squared((*subset, j)) - r_squared(subset))
    results[fact_id("importance", name)] = share / results["r_squared"]
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    numeric = (Measure.SCALE, Measure.ORDINAL)
    if not 3 <= len(chosen) <= MAX_PREDICTORS + 1 or any(c.measure not in numeric for c in chosen):
        return None
    ratings = sum(c.measure is Measure.ORDINAL for c in chosen)
    return Suggestion(
        0.85 if ratings == len(chosen) else 0.6,
        {"outcome": chosen[0].name, "drivers": [c.name for c in chosen[1:]]},
        "Which of the others matter most for the first column?",
    )


PROCEDURE = Procedure(
    key="key_drivers",
    title="Key drivers",
    question="What matters most for the outcome?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=KeyDriversParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A numeric outcome.", f"Two to {MAX_PREDICTORS} numeric drivers."),
    randomised=True,
    tags=("shapley", "lmg", "relative weights", "importance performance", "driver analysis"),
)
