"""Segment aggregation: numbers of rows, sums, means and spread of measures per segment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import no_rows, too_large
from analysis.logic.frame import Category, Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.partition import Origin, join_categories
from analysis.logic.registry import Partition, Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.moments import Moments, group_moments

MAX_SEGMENTS = 2_000
MAX_FACT_SEGMENTS = 60

Figure = Literal["mean", "sum", "std", "min", "max", "share"]


class SegmentsParameters(Parameters):
    segments: ColumnNames = columns(
        "Segments", accepts=CATEGORICAL, max_items=3, help="Every combination that occurs is a segment."
    )
    measures: ColumnNames = columns("Measures", accepts=NUMERIC, max_items=30)
    order_by: Literal["segment", "n", "first_measure"] = option("segment", "Order of segments")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class State:
    """Moments per cell of the grid of all segment categories, with rows, weight and rows outside it."""

    categories: tuple[tuple[Category, ...], ...]
    moments: Moments
    n: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    unassigned: int
    origin: Origin
    segment_names: tuple[str, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(len(c) for c in self.categories)


def compute(frame: Frame, parameters: SegmentsParameters, context: RunContext) -> ProcedureOutput:
    return finish(collect(frame, parameters, context), parameters, context)


def collect(frame: Frame, parameters: SegmentsParameters, context: RunContext) -> State:
    """One pass over the rows."""
    frame.require_rows()
    frame.prefetch(parameters.segments)
    categories = tuple(frame.categories(name) for name in parameters.segments)
    sizes = tuple(len(c) for c in categories)
    cells = _cells(sizes)
    total = Moments.empty(cells, len(parameters.measures))
    n = np.zeros(cells, dtype=np.int64)
    weight = np.zeros(cells)
    unassigned = 0
    for chunk in frame.chunks(parameters.measures, parameters.segments, stage="aggregating"):
        codes = chunk.codes[:, 0].astype(np.int64)
        known = (chunk.codes >= 0).all(axis=1)
        for j, size in enumerate(sizes[1:], start=1):
            codes = codes * size + chunk.codes[:, j]
        codes[~known] = -1
        unassigned += int((~known).sum())
        weights = None if frame.weight is None else chunk.weights
        total = total.merge(group_moments(chunk.x, codes, cells, weights))
        n += np.bincount(codes[known], minlength=cells)
        weight += np.bincount(codes[known], chunk.weights[known], minlength=cells)
    return State(categories, total, n, weight, unassigned, Origin.of(frame), parameters.segments)


def _cells(sizes: Sequence[int]) -> int:
    cells = int(np.prod(sizes))
    if not cells:
        raise no_rows("no row belongs to a segment")
    if cells > 1_000_000:
        raise too_large(f"The segment columns span {cells:,} combinations; choose fewer or coarser columns.")
    return cells


def merge(a: State, b: State) -> State:
    joined = [
        join_categories(a.origin.column(name), x, y)
        for name, x, y in zip(a.segment_names, a.categories, b.categories, strict=True)
    ]
    sizes = tuple(len(c) for c, _, _ in joined)
    cells = _cells(sizes)
    grids = [np.ravel_multi_index(np.ix_(*(to[side] for to in joined)), sizes).ravel() for side in (1, 2)]
    n, weight = np.zeros(cells, dtype=np.int64), np.zeros(cells)
    for state, grid in zip((a, b), grids, strict=True):
        n[grid] += state.n
        weight[grid] += state.weight
    moments = a.moments.spread(grids[0], cells).merge(b.moments.spread(grids[1], cells))
    return State(
        tuple(c for c, _, _ in joined),
        moments,
        n,
        weight,
        a.unassigned + b.unassigned,
        a.origin.join(b.origin),
        a.segment_names,
    )


def finish(state: State, parameters: SegmentsParameters, context: RunContext) -> ProcedureOutput:
    frame, categories, sizes = state.origin, state.categories, state.sizes
    moments, n, weight, unassigned = state.moments, state.n, state.weight, state.unassigned
    present = np.flatnonzero(n)
    if not present.size:
        raise no_rows("no row has an answer in all segment columns")
    if present.size > MAX_SEGMENTS:
        raise too_large(f"{present.size:,} segments occur; at most {MAX_SEGMENTS:,} can be listed.")
    order = _order(present, n, moments, parameters)
    builder = OutputBuilder(context, n=int(n.sum()), weighted_n=float(weight.sum()))
    _table(builder, frame, parameters, context, order, categories, sizes, moments, n, weight)
    _facts(builder, frame, parameters, order, categories, sizes, moments)
    _charts(builder, frame, parameters, context, order, categories, sizes, moments)
    if unassigned:
        builder.notice(
            "missing_left_out",
            f"{unassigned:,} rows without a value in the segment columns are left out.",
            parameters.segments,
        )
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "Corrected two-pass moments per segment over all rows. Intervals of means are t intervals on the "
            "linearised standard error (s/sqrt(n) without weights)."
        ),
        missing_values="Rows without a segment are left out; each measure uses the rows where it is present.",
        weights="Means, sums and spread are weighted; standard errors are with-replacement linearised.",
        references=("Chan, Golub & LeVeque (1983), American Statistician 37, 242-247",),
    )


def _order(
    present: npt.NDArray[np.int64],
    n: npt.NDArray[np.int64],
    moments: Moments,
    parameters: SegmentsParameters,
) -> list[int]:
    if parameters.order_by == "n":
        return [int(i) for i in present[np.argsort(-n[present], kind="stable")]]
    if parameters.order_by == "first_measure":
        return [int(i) for i in present[np.argsort(-moments.mean[present, 0], kind="stable")]]
    return [int(i) for i in present]


def _members(cell: int, categories: Sequence[Sequence[Category]], sizes: Sequence[int]) -> list[Category]:
    return [categories[j][int(i)] for j, i in enumerate(np.unravel_index(cell, tuple(sizes)))]


def _name(members: Sequence[Category]) -> str:
    return " / ".join(member.label for member in members)


def _table(
    builder: OutputBuilder,
    frame: Origin,
    parameters: SegmentsParameters,
    context: RunContext,
    order: Sequence[int],
    categories: Sequence[Sequence[Category]],
    sizes: Sequence[int],
    moments: Moments,
    n: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
) -> None:
    header = [text_column(f"s{j}", frame.column(name).title) for j, name in enumerate(parameters.segments)]
    header += [integer_column("n", "Rows"), number_column("weighted_n", "Weighted rows")]
    header += [percent_column("share", "Share of rows")]
    for j, name in enumerate(parameters.measures):
        group = frame.column(name).title
        header += [
            integer_column(f"n{j}", "Base", group=group, drill={"column": name, "op": "not_missing"}),
            number_column(f"mean{j}", "Mean", group=group),
            number_column(f"sum{j}", "Sum", group=group),
            number_column(f"std{j}", "Std. deviation", group=group),
            number_column(f"min{j}", "Minimum", group=group),
            number_column(f"max{j}", "Maximum", group=group),
        ]
    total = float(weight.sum())
    rows, drills = [], []
    for cell in order:
        members = _members(cell, categories, sizes)
        row: list[object] = [m.label for m in members] + [int(n[cell]), weight[cell], weight[cell] / total]
        for j in range(len(parameters.measures)):
            base = moments.n[cell, j]
            if context.is_suppressed(base):
                row += [int(base), None, None, None, None, None]
                continue
            row += [
                int(base),
                moments.mean[cell, j],
                moments.mean[cell, j] * moments.weight[cell, j],
                moments.std[cell, j],
                moments.low[cell, j],
                moments.high[cell, j],
            ]
        rows.append(row)
        conditions = [equals(name, m.value) for name, m in zip(parameters.segments, members, strict=True)]
        drills.append(conditions[0] if len(conditions) == 1 else {"and": conditions})
    builder.table("segments", "Segments", header, rows, row_drills=drills)


def _facts(
    builder: OutputBuilder,
    frame: Origin,
    parameters: SegmentsParameters,
    order: Sequence[int],
    categories: Sequence[Sequence[Category]],
    sizes: Sequence[int],
    moments: Moments,
) -> None:
    if len(order) > MAX_FACT_SEGMENTS:
        builder.notice(
            "segments_in_table_only", "There are many segments; facts are given for the first of them."
        )
    for cell in order[:MAX_FACT_SEGMENTS]:
        members = _members(cell, categories, sizes)
        for j, measure in enumerate(parameters.measures):
            mean, error, base = moments.mean[cell, j], moments.standard_error[cell, j], moments.n[cell, j]
            low, high = t_interval(mean, error, base - 1, parameters.confidence)
            builder.fact(
                fact_id("mean", measure, *(m.value for m in members)),
                f"Mean of {frame.column(measure).title} in {_name(members)}",
                mean if base else None,
                n=int(base),
                weighted_n=moments.weight[cell, j],
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="t",
                columns=[measure, *parameters.segments],
            )


def t_interval(mean: float, error: float, df: float, confidence: float) -> tuple[float, float]:
    """Interval mean -+ t * error; (nan, nan) without degrees of freedom."""
    from scipy.special import stdtrit

    if not df > 0:
        return float("nan"), float("nan")
    half = float(stdtrit(df, 0.5 + confidence / 2)) * error
    return mean - half, mean + half


def _charts(
    builder: OutputBuilder,
    frame: Origin,
    parameters: SegmentsParameters,
    context: RunContext,
    order: Sequence[int],
    categories: Sequence[Sequence[Category]],
    sizes: Sequence[int],
    moments: Moments,
) -> None:
    for j, measure in enumerate(parameters.measures[:12]):
        points = []
        for cell in order[:MAX_FACT_SEGMENTS]:
            if context.is_suppressed(moments.n[cell, j]):
                continue
            mean, error = moments.mean[cell, j], moments.standard_error[cell, j]
            low, high = t_interval(mean, error, moments.n[cell, j] - 1, parameters.confidence)
            points.append(
                {"segment": _name(_members(cell, categories, sizes)), "mean": mean, "low": low, "high": high}
            )
        if points:
            title = frame.column(measure).title
            builder.chart(
                intervals(
                    fact_id("mean", measure),
                    f"{title} by segment",
                    f"Mean of {title} in each segment with its {parameters.confidence:.0%} interval.",
                    points,
                    category="segment",
                    value="mean",
                    low="low",
                    high="high",
                    category_title="Segment",
                    value_title=f"Mean of {title}",
                )
            )


def script(parameters: SegmentsParameters, context: ScriptContext) -> str:
    return f"""
segments = {literal(list(parameters.segments))}
results = {{}}
for measure in {literal(list(parameters.measures))}:
    values = number(measure)
    used = np.isfinite(values) & data[segments].notna().all(axis=1).to_numpy()
    keys = [data.loc[used, name].to_numpy() for name in segments]
    weight = pd.Series(weights[used]).groupby(keys).sum()
    total = pd.Series((weights * values)[used]).groupby(keys).sum()
    for key, mean in (total / weight).head({MAX_FACT_SEGMENTS}).items():
        results[fact_id("mean", measure, *(key if isinstance(key, tuple) else (key,)))] = mean
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    groups = [c.name for c in chosen if c.measure in CATEGORICAL]
    measures = [c.name for c in chosen if c.measure is Measure.SCALE]
    if not groups or not measures or len(groups) > 3 or len(groups) + len(measures) != len(chosen):
        return None
    return Suggestion(
        0.85, {"segments": groups, "measures": measures}, "A measure can be summed up per segment."
    )


PROCEDURE = Procedure(
    key="segments",
    title="Segment aggregation",
    question="How large are the segments, and what are their sums and means?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=SegmentsParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("One to three categorical columns.", "At least one numeric column."),
    partition=Partition(collect, merge, finish),
    tags=("group by", "mean", "sum", "pivot"),
)
