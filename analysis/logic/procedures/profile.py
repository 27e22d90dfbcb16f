"""Descriptive profile: every column's distribution, missing values and what to watch, with correlations."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.contracts import (
    Chart,
    ColumnMeta,
    Measure,
    ProcedureFamily,
    ProcedureOutput,
    Storage,
    Suggestion,
)
from analysis.logic.charts import bars, heatmap, histogram
from analysis.logic.context import RunContext
from analysis.logic.frame import Category, Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import ANY, ColumnNames, Parameters, columns, option
from analysis.logic.procedures.segments import t_interval
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.gram import PairwiseGram
from analysis.logic.stats.moments import Moments, column_moments, moments_of_counts
from analysis.logic.stats.quantiles import QUARTILES, Distribution, distribution, distribution_of_counts

MAX_COLUMNS = 500
MAX_CHARTS = 40
TOP_VALUES = 10


class ProfileParameters(Parameters):
    columns: ColumnNames | None = columns(
        "Columns", accepts=ANY, max_items=MAX_COLUMNS, default=None, help="Leave empty for all columns."
    )
    correlations: bool = option(True, "Correlations", help="Pearson correlations between numeric columns.")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class TextProfile:
    """Counts of a column that is not numeric. `top` holds (value, rows, weight) of the most frequent values."""

    n: int
    distinct: int
    top: tuple[tuple[object, int, float], ...]
    low: object
    high: object
    number_like: int
    date_like: int


def is_numeric(meta: ColumnMeta) -> bool:
    """Whether the profile treats a column as a quantity."""
    return (
        meta.storage in (Storage.INTEGER, Storage.REAL, Storage.BOOLEAN)
        and meta.measure is not Measure.IDENTIFIER
    )


def compute(frame: Frame, parameters: ProfileParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    metas = [
        frame.column(name) for name in parameters.columns or [c.name for c in frame.columns][:MAX_COLUMNS]
    ]
    numeric = [m.name for m in metas if is_numeric(m)]
    frame.prefetch([m.name for m in metas if m.storage in (Storage.INTEGER, Storage.BOOLEAN, Storage.TEXT)])
    moments, gram = _scan(frame, numeric, parameters.correlations)
    shapes = _distributions(frame, numeric, moments, context)
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    builder.fact("rows", "Rows", frame.n, unit="rows", base_rule=False)
    builder.fact("columns", "Columns", len(metas), unit="columns", base_rule=False)
    if frame.weight is not None:
        builder.fact("effective_n", "Effective base (Kish)", frame.effective_n, unit="rows", base_rule=False)
    rows, drills, drawn = [], [], []
    for done, meta in enumerate(metas):
        context.checkpoint("profiling", done, len(metas))
        drills.append({"column": meta.name, "op": "not_missing"})
        if meta.name in numeric:
            at = numeric.index(meta.name)
            shape = shapes.get(meta.name)
            rows.append(_numeric_row(builder, frame, meta, moments, at, shape, parameters, context))
            drawn.append(_numeric_chart(meta, shape) if shape is not None else None)
        else:
            text = _text_profile(frame, meta)
            rows.append(_text_row(builder, frame, meta, text, context))
            drawn.append(_text_chart(meta, text, frame, context))
    _profile_table(builder, rows, drills)
    shown = [chart for chart in drawn if chart is not None]
    for chart in shown[:MAX_CHARTS]:
        builder.chart(chart)
    if len(shown) > MAX_CHARTS:
        builder.notice("charts_limited", f"Charts are drawn for the first {MAX_CHARTS} columns.")
    if gram is not None:
        _correlations(builder, frame, numeric, gram, context)
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Corrected two-pass moments over all rows, merged chunk by chunk; quantiles by linear interpolation "
            "between order statistics (type 7); skewness and kurtosis as adjusted sample coefficients; pairwise "
            "Pearson correlations."
        ),
        missing_values="Each figure uses the rows where its column (or pair of columns) is present.",
        weights=(
            "Means, spread, quantiles and correlations are weighted (weights scaled to the number of rows); "
            "intervals use the linearised standard error."
        ),
        references=(
            "Chan, Golub & LeVeque (1983), American Statistician 37, 242-247",
            "Pebay (2008), Sandia Report SAND2008-6212",
            "Hyndman & Fan (1996), American Statistician 50, 361-365",
        ),
    )


def _scan(frame: Frame, numeric: Sequence[str], correlations: bool) -> tuple[Moments, PairwiseGram | None]:
    """Moments of every column and cross-products of every pair, in one pass.

    Columns whose values are counted already need no rows for their moments.
    """
    gram = PairwiseGram.empty(len(numeric)) if correlations and len(numeric) > 1 else None
    if not numeric:
        return Moments.empty(1, 0), None
    from_counts = {
        j: c for j, name in enumerate(numeric) if frame.weight is None and (c := frame.counted(name))
    }
    from_rows = [j for j in range(len(numeric)) if j not in from_counts]
    moments = Moments.empty(1, len(from_rows))
    if gram is not None or from_rows:
        wanted = list(range(len(numeric))) if gram is not None else from_rows
        picked = [wanted.index(j) for j in from_rows]
        for chunk in frame.chunks([numeric[j] for j in wanted], stage="scanning"):
            weights = None if frame.weight is None else chunk.weights
            moments = moments.merge(column_moments(chunk.x[:, picked], weights))
            if gram is not None:
                gram = gram.merge(PairwiseGram.of(chunk.x, weights))
    parts = []
    for j in range(len(numeric)):
        if j in from_counts:
            values = np.array([float(c.value) for c in from_counts[j]])  # type: ignore[arg-type]
            parts.append(moments_of_counts(values, np.array([float(c.n) for c in from_counts[j]])))
        else:
            at = from_rows.index(j)
            parts.append(moments.columns(at, at + 1))
    return Moments.beside(parts), gram


def _distributions(
    frame: Frame, numeric: Sequence[str], moments: Moments, context: RunContext
) -> dict[str, Distribution]:
    """Distribution of each numeric column: from counts, from sorted values, or sketched when beyond the memory cap."""
    found: dict[str, Distribution] = {}
    for done, name in enumerate(numeric):
        context.checkpoint("sorting", done, len(numeric))
        n = int(moments.n[0, done])
        if not n:
            continue
        counted = frame.counted(name)
        if counted is not None:
            order = np.argsort([float(c.value) for c in counted])  # type: ignore[arg-type]
            ordered = [counted[int(i)] for i in order]
            found[name] = distribution_of_counts(
                np.array([float(c.value) for c in ordered]),  # type: ignore[arg-type]
                np.array([float(c.n) for c in ordered]),
                np.array([c.weighted_n for c in ordered]),
            )
        elif n * 8 * (3 if frame.weight is None else 6) > context.memory_bytes:
            found[name] = _sketched(frame, name)
        else:
            values, weights = frame.present_values(name)
            found[name] = distribution(values, weights)
    return found


def _sketched(frame: Frame, name: str) -> Distribution:
    number = frame.number_sql(name)
    probabilities = ", ".join(str(q) for q in QUARTILES)
    quantiles, distinct = frame.fetch(
        f"SELECT approx_quantile({number}, [{probabilities}]), approx_count_distinct({number}) "
        f"{frame.source_sql(f'{number} IS NOT NULL')}"
    )[0]
    empty = np.empty(0)
    return Distribution(np.array(quantiles), int(distinct), empty, empty, empty, empty, approximate=True)


def _text_profile(frame: Frame, meta: ColumnMeta) -> TextProfile:
    counted = frame.counted(meta.name)
    return _by_query(frame, meta) if counted is None else _by_counts(meta, counted)


def _by_counts(meta: ColumnMeta, counted: Sequence[Category]) -> TextProfile:
    """Profile of a column whose categories are already counted."""
    if not counted:
        return TextProfile(0, 0, (), None, None, 0, 0)
    ranked = sorted(counted, key=lambda c: (-c.n, str(c.value)))
    texts = meta.storage is Storage.TEXT
    return TextProfile(
        sum(c.n for c in counted),
        len(counted),
        tuple((c.value, c.n, c.weighted_n) for c in ranked[:TOP_VALUES]),
        min(str(c.value) for c in counted),
        max(str(c.value) for c in counted),
        sum(c.n for c in counted if texts and _reads_as_number(str(c.value))),
        sum(c.n for c in counted if texts and _reads_as_date(str(c.value))),
    )


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _reads_as_date(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _by_query(frame: Frame, meta: ColumnMeta) -> TextProfile:
    value = frame.value_sql(meta.name)
    total = "count(*)" if frame.weight is None else f"fsum({frame.weight_sql})"
    is_text = meta.storage is Storage.TEXT
    number_like = (
        "sum(CASE WHEN TRY_CAST(v AS DOUBLE) IS NOT NULL THEN n ELSE 0 END) OVER ()" if is_text else "0"
    )
    date_like = (
        "sum(CASE WHEN TRY_CAST(v AS TIMESTAMP) IS NOT NULL THEN n ELSE 0 END) OVER ()" if is_text else "0"
    )
    rows = frame.fetch(
        f"SELECT v, n, t, count(*) OVER (), sum(n) OVER (), min(v) OVER (), max(v) OVER (), {number_like}, "
        f"{date_like} FROM (SELECT {value} AS v, count(*) AS n, {total} AS t "
        f"{frame.source_sql(f'{value} IS NOT NULL')} GROUP BY v) ORDER BY n DESC, v LIMIT {TOP_VALUES}"
    )
    if not rows:
        return TextProfile(0, 0, (), None, None, 0, 0)
    first = rows[0]
    return TextProfile(
        int(first[4]),
        int(first[3]),
        tuple((_written(row[0]), int(row[1]), float(row[2])) for row in rows),
        _written(first[5]),
        _written(first[6]),
        int(first[7]),
        int(first[8]),
    )


def _written(value: object) -> object:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _profile_table(builder: OutputBuilder, rows: list[list[object]], drills: list[dict[str, str]]) -> None:
    builder.table(
        "profile",
        "Columns",
        [
            text_column("column", "Column"),
            text_column("measure", "Measure"),
            integer_column("n", "Rows with a value"),
            integer_column("missing", "Missing"),
            percent_column("missing_share", "Missing share"),
            integer_column("distinct", "Different values"),
            number_column("mean", "Mean"),
            number_column("std", "Std. deviation"),
            text_column("min", "Minimum"),
            number_column("p5", "5th percentile"),
            number_column("p25", "Lower quartile"),
            number_column("median", "Median"),
            number_column("p75", "Upper quartile"),
            number_column("p95", "95th percentile"),
            text_column("max", "Maximum"),
            number_column("skewness", "Skewness"),
            number_column("kurtosis", "Excess kurtosis"),
            text_column("top", "Most frequent value"),
            percent_column("top_share", "Its share"),
        ],
        rows,
        row_drills=drills,
    )


def _missing_fact(builder: OutputBuilder, frame: Frame, meta: ColumnMeta, n: int) -> None:
    share = 1 - n / frame.n
    builder.fact(
        fact_id("missing_share", meta.name),
        f"Share of rows without a value in {meta.title}",
        share,
        unit="share",
        columns=[meta.name],
        base_rule=False,
    )
    if not n:
        builder.notice("all_missing", f"{meta.name!r} has no value at all.", [meta.name])
    elif share > 0.5:
        builder.notice("mostly_missing", f"{meta.name!r} is missing in {share:.0%} of the rows.", [meta.name])


def _numeric_row(
    builder: OutputBuilder,
    frame: Frame,
    meta: ColumnMeta,
    moments: Moments,
    at: int,
    shape: Distribution | None,
    parameters: ProfileParameters,
    context: RunContext,
) -> list[object]:
    n = int(moments.n[0, at])
    _missing_fact(builder, frame, meta, n)
    blank: list[object] = [meta.title, str(meta.measure), n, frame.n - n, 1 - n / frame.n]
    if shape is None:
        return [*blank, 0, *[None] * 13]
    mean, std = moments.mean[0, at], moments.std[0, at]
    low, high = moments.low[0, at], moments.high[0, at]
    base = {"n": n, "weighted_n": moments.weight[0, at], "columns": [meta.name]}
    error = moments.standard_error[0, at]
    builder.fact(
        fact_id("mean", meta.name),
        f"Mean of {meta.title}",
        mean,
        interval=t_interval(mean, error, n - 1, parameters.confidence),
        interval_level=parameters.confidence,
        interval_method="t",
        **base,
    )
    builder.fact(fact_id("std", meta.name), f"Standard deviation of {meta.title}", std, **base)
    builder.fact(
        fact_id("median", meta.name),
        f"Median of {meta.title}",
        shape.quantiles[2],
        approximate=shape.approximate,
        **base,
    )
    builder.fact(
        fact_id("distinct", meta.name),
        f"Different values of {meta.title}",
        shape.distinct,
        approximate=shape.approximate,
        base_rule=False,
        columns=[meta.name],
        n=n,
    )
    if low == high and n > 1:
        builder.notice("constant_column", f"{meta.name!r} has the single value {low:g}.", [meta.name])
    if abs(moments.skewness[0, at]) > 3:
        builder.notice(
            "very_skewed", f"{meta.name!r} is very skewed; its median says more than its mean.", [meta.name]
        )
    if context.is_suppressed(n):
        return [*blank, shape.distinct, *[None] * 13]
    top, share = None, None
    if shape.values.size:
        best = int(np.argmax(shape.counts))
        top, share = f"{shape.values[best]:g}", shape.counts[best] / shape.counts.sum()
    return [
        *blank,
        shape.distinct,
        mean,
        std,
        f"{low:.10g}",
        *shape.quantiles.tolist(),
        f"{high:.10g}",
        moments.skewness[0, at],
        moments.kurtosis[0, at],
        top,
        share,
    ]


def _text_row(
    builder: OutputBuilder, frame: Frame, meta: ColumnMeta, text: TextProfile, context: RunContext
) -> list[object]:
    _missing_fact(builder, frame, meta, text.n)
    builder.fact(
        fact_id("distinct", meta.name),
        f"Different values of {meta.title}",
        text.distinct,
        base_rule=False,
        columns=[meta.name],
        n=text.n,
    )
    if text.distinct == 1 and text.n > 1:
        builder.notice("constant_column", f"{meta.name!r} has a single value.", [meta.name])
    for count, what in ((text.number_like, "numbers"), (text.date_like, "dates")):
        if text.n // 2 < count < text.n:
            builder.notice(
                "mixed_values",
                f"{meta.name!r} looks like {what}, but {text.n - count:,} of {text.n:,} values are not.",
                [meta.name],
            )
            break
    labels = {str(value): label for value, label in meta.value_labels}
    top, share = None, None
    # A value of a single person must not be shown, nor any of a personal column.
    if text.top and not meta.is_pii and text.top[0][1] >= context.suppress_below:
        total = _present_weight(frame, meta, text)
        value, _, weight = text.top[0]
        top, share = labels.get(str(value), str(value))[:200], weight / total
        builder.fact(
            fact_id("top_share", meta.name),
            f"Share of the most frequent value of {meta.title}, {top!r}",
            share,
            unit="share",
            n=text.n,
            columns=[meta.name],
        )
    dates = meta.storage in (Storage.DATE, Storage.DATETIME)
    low, high = (str(text.low), str(text.high)) if dates and text.n and not meta.is_pii else (None, None)
    blank: list[object] = [meta.title, str(meta.measure), text.n, frame.n - text.n, 1 - text.n / frame.n]
    return [*blank, text.distinct, None, None, low, *[None] * 5, high, None, None, top, share]


def _present_weight(frame: Frame, meta: ColumnMeta, text: TextProfile) -> float:
    if frame.weight is None:
        return float(text.n)
    present = f"{frame.value_sql(meta.name)} IS NOT NULL"
    return float(frame.fetch(f"SELECT fsum({frame.weight_sql}) {frame.source_sql(present)}")[0][0])


def _numeric_chart(meta: ColumnMeta, shape: Distribution) -> Chart | None:
    if shape.values.size:
        labels = {str(value): label for value, label in meta.value_labels}
        points = [
            {"value": labels.get(f"{value:g}", f"{value:g}"), "rows": float(count)}
            for value, count in zip(shape.values, shape.counts, strict=True)
        ]
        return bars(
            fact_id("distribution", meta.name),
            meta.title,
            f"Rows per value of {meta.title}.",
            points,
            category="value",
            value="rows",
            category_title=meta.title,
            value_title="Rows",
        )
    if not shape.histogram.size:
        return None
    return histogram(
        fact_id("distribution", meta.name),
        meta.title,
        f"Histogram of {meta.title}.",
        shape.edges.tolist(),
        shape.histogram.tolist(),
        value_title=meta.title,
    )


def _text_chart(meta: ColumnMeta, text: TextProfile, frame: Frame, context: RunContext) -> Chart | None:
    shown = [item for item in text.top if item[1] >= context.suppress_below]
    if not shown or meta.is_pii or text.distinct > 1_000:
        return None
    labels = {str(value): label for value, label in meta.value_labels}
    return bars(
        fact_id("distribution", meta.name),
        meta.title,
        f"The most frequent values of {meta.title}.",
        [{"value": labels.get(str(v), str(v))[:80], "rows": weight} for v, _, weight in shown],
        category="value",
        value="rows",
        category_title=meta.title,
        value_title="Rows",
    )


def _correlations(
    builder: OutputBuilder, frame: Frame, numeric: Sequence[str], gram: PairwiseGram, context: RunContext
) -> None:
    r: npt.NDArray[np.float64] = gram.correlation
    titles = [frame.column(name).title for name in numeric]
    r[gram.n < context.suppress_below] = np.nan
    header = [text_column("column", "Column")]
    header += [number_column(f"c{j}", title) for j, title in enumerate(titles)]
    builder.table(
        "correlations",
        "Pearson correlations",
        header,
        [[title, *r[i].tolist()] for i, title in enumerate(titles)],
        row_drills=[{"column": name, "op": "not_missing"} for name in numeric],
    )
    strongest = [
        (abs(r[i, j]), i, j)
        for i in range(len(numeric))
        for j in range(i + 1, len(numeric))
        if r[i, j] == r[i, j]
    ]
    strongest.sort(reverse=True)
    for _, i, j in strongest[:20]:
        builder.fact(
            fact_id("pearson", numeric[i], numeric[j]),
            f"Correlation of {titles[i]} and {titles[j]}",
            r[i, j],
            n=int(gram.n[i, j]),
            columns=[numeric[i], numeric[j]],
        )
    if len(numeric) <= 40:
        builder.chart(
            heatmap(
                "correlations",
                "Correlations",
                "Pearson correlation of each pair of numeric columns.",
                [
                    {"a": titles[i], "b": titles[j], "r": float(r[i, j])}
                    for i in range(len(numeric))
                    for j in range(len(numeric))
                ],
                x="a",
                y="b",
                value="r",
                x_title="",
                y_title="",
                value_title="r",
                diverging=True,
                domain=(-1, 1),
            )
        )


def script(parameters: ProfileParameters, context: ScriptContext) -> str:
    chosen = [context.column(name) for name in parameters.columns or ()] or list(context.columns)[
        :MAX_COLUMNS
    ]
    numeric = [m.name for m in chosen if is_numeric(m)]
    others = [m.name for m in chosen if not is_numeric(m)]
    return f"""
results = {{"rows": len(data)}}
for name in {literal(numeric)}:
    values = number(name)
    used = np.isfinite(values)
    x, w = values[used], weights[used]
    results[fact_id("missing_share", name)] = 1 - used.sum() / len(data)
    if not len(x):
        continue
    mean = np.average(x, weights=w)
    results[fact_id("mean", name)] = mean
    if len(x) > 1:
        results[fact_id("std", name)] = (np.average((x - mean) ** 2, weights=w) * len(x) / (len(x) - 1)) ** 0.5
    if WEIGHT is None:
        results[fact_id("median", name)] = np.median(x)
    results[fact_id("distinct", name)] = len(np.unique(x))
for name in {literal(others)}:
    results[fact_id("missing_share", name)] = data[name].isna().mean()
    results[fact_id("distinct", name)] = data[name].nunique()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not chosen:
        return Suggestion(0.8, {}, "A first look at all columns.")
    return Suggestion(0.35, {"columns": [c.name for c in chosen]}, "A first look at the chosen columns.")


PROCEDURE = Procedure(
    key="profile",
    title="Descriptive profile",
    question="What is in each column, and what should I watch out for?",
    family=ProcedureFamily.DESCRIBE,
    version=1,
    parameters=ProfileParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Any Dataset with at least one row.",),
    tags=("mean", "median", "histogram", "missing", "quality", "correlation"),
)
