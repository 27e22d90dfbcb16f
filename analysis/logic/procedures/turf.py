"""TURF: which line of items reaches the most people."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    between,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.proportions import wilson_interval
from analysis.logic.stats.reach import best_sets, patterns, reach

ITEM_MEASURES = (Measure.BINARY, Measure.ORDINAL, Measure.SCALE)


class TurfParameters(Parameters):
    items: ColumnNames = columns("Items", accepts=ITEM_MEASURES, min_items=2, max_items=80)
    threshold: float = option(
        1.0,
        "Chosen from",
        help="An item counts as chosen when its value is at least this (yes = 1; top-2 box of 5 = 4).",
    )
    largest: int = option(5, "Largest set", ge=1, le=12)
    depth: int = option(1, "Depth", ge=1, le=10, help="How many chosen items of a set make a person reached.")
    must_have: ColumnNames = columns("Always in the set", min_items=0, max_items=10, default=())
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        if not set(self.must_have) <= set(self.items):
            raise ValueError("must_have names a column that is not among the items")
        if len(self.must_have) > self.largest:
            raise ValueError("must_have holds more items than the largest set")
        return self


def compute(frame: Frame, parameters: TurfParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.items)
    data = frame.arrays(numeric=names, complete=False)
    chosen = np.where(np.isnan(data.x), False, data.x >= parameters.threshold)
    blank = np.isnan(data.x).all(axis=1)
    if blank.any():
        chosen, weights = chosen[~blank], data.weights[~blank]
    else:
        weights = data.weights
    n = int(weights.size)
    if not chosen.any():
        raise ProcedureError(
            "nothing_chosen", f"No item reaches the value {parameters.threshold:g} in any row.", "/threshold"
        )
    builder = OutputBuilder(context, n=n, weighted_n=weights.sum())
    titles = [frame.column(name).title for name in names]
    efficiency = float(weights.sum() ** 2 / (weights * weights).sum()) / n
    unique, pattern_weights, _ = patterns(chosen, weights)
    rows, drills = [], []
    for k in np.argsort(-(weights @ chosen), kind="stable"):
        share, _ = reach(unique, pattern_weights, [k], 1)
        low, high = wilson_interval(share, n * efficiency, parameters.confidence)
        builder.fact(
            fact_id("share", names[k]),
            f"Share choosing {titles[k]}",
            share,
            unit="share",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[names[k]],
        )
        rows.append([titles[k], int(chosen[:, k].sum()), share, low, high])
        meta = frame.column(names[k])
        drills.append(
            between(names[k], parameters.threshold, None)
            if meta.storage.value in ("integer", "real")
            else None
        )
    builder.table(
        "items",
        "Items alone",
        [
            text_column("item", "Item"),
            integer_column("n", "Rows choosing it"),
            percent_column("share", "Share"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
        ],
        rows,
        row_drills=drills,
    )
    must = tuple(names.index(name) for name in parameters.must_have)
    largest = min(parameters.largest, len(names))
    set_rows, points, all_exact = [], [], True
    smallest = max(1, len(must), parameters.depth)
    for size in range(smallest, largest + 1):
        found, exact = best_sets(
            unique,
            pattern_weights,
            size,
            parameters.depth,
            must=must,
            checkpoint=partial(context.checkpoint, f"sets of {size}"),
        )
        all_exact &= exact
        share, frequency, items = found[0]
        low, high = wilson_interval(share, n * efficiency, parameters.confidence)
        builder.fact(
            fact_id("reach", size),
            f"Reach of the best {size} items: {', '.join(titles[i] for i in items)}",
            share,
            unit="share",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score (not corrected for choosing the best set)",
            columns=[names[i] for i in items],
            approximate=not exact,
        )
        builder.fact(
            fact_id("frequency", size),
            f"Mean number chosen of the best {size} items",
            frequency,
            columns=[names[i] for i in items],
            approximate=not exact,
        )
        points.append({"size": size, "reach": share, "low": low, "high": high})
        for rank, (share, frequency, items) in enumerate(found, start=1):
            set_rows.append([size, rank, ", ".join(titles[i] for i in items), share, frequency])
    if not set_rows:
        raise ProcedureError(
            "depth_too_large", "The depth is larger than the largest set; nobody could be reached.", "/depth"
        )
    builder.table(
        "sets",
        "Best sets",
        [
            integer_column("size", "Items"),
            integer_column("rank", "Rank"),
            text_column("items", "Set"),
            percent_column("reach", "Reach"),
            number_column("frequency", "Mean number chosen"),
        ],
        set_rows,
    )
    if parameters.depth == 1:
        _build_up(builder, unique, pattern_weights, names, titles, must, largest)
    builder.chart(
        lines(
            "reach",
            "Reach by number of items",
            "Share of people reached by the best set of each size, with intervals.",
            points,
            x="size",
            y="reach",
            x_title="Number of items",
            y_title="Reach",
            x_kind="ordinal",
            low="low",
            high="high",
            zero=True,
        )
    )
    if not all_exact:
        builder.notice(
            "beam_search",
            "Too many sets to try them all; a beam search of width 200 was used, so a slightly better set may exist.",
        )
    if blank.any():
        builder.notice("missing", f"{int(blank.sum()):,} rows answer none of the items and are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Reach of every set of items (up to 300,000 sets per size; beam search above); sets of equal reach are "
        "ordered by frequency.",
        missing_values="A missing answer counts as not chosen; rows without any answer are left out.",
        weights="Reach and frequency are weighted; intervals use Kish's effective base.",
        references=("Miaoulis, Parsons & Free (1990), Marketing Research 2(1), 30-40",),
    )


def _build_up(
    builder: OutputBuilder,
    unique: np.ndarray,
    weights: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    must: tuple[int, ...],
    largest: int,
) -> None:
    """The order in which items add most new people (greedy)."""
    picked, rows, before = list(must), [], 0.0
    if picked:
        before = reach(unique, weights, picked, 1)[0]
        rows.append([", ".join(titles[i] for i in picked), before, before])
    while len(picked) < largest:
        gains = [
            (-round(reach(unique, weights, [*picked, i], 1)[0], 12), i)
            for i in range(len(names))
            if i not in picked
        ]
        picked.append(min(gains)[1])
        now = reach(unique, weights, picked, 1)[0]
        rows.append([titles[picked[-1]], now - before, now])
        before = now
    builder.table(
        "build_up",
        "Items in the order of what they add",
        [
            text_column("item", "Item"),
            percent_column("added", "Adds"),
            percent_column("reach", "Reach so far"),
        ],
        rows,
    )


def script(parameters: TurfParameters, context: ScriptContext) -> str:
    return f"""
from itertools import combinations
from math import comb

names, depth, must = {literal(list(parameters.items))}, {parameters.depth}, {literal(list(parameters.must_have))}
x = np.column_stack([number(name) for name in names])
answered = ~np.isnan(x).all(axis=1)
chosen, w = (np.nan_to_num(x, nan=-np.inf) >= {literal(parameters.threshold)})[answered], weights[answered]
results = {{fact_id("share", name): np.average(chosen[:, k], weights=w) for k, name in enumerate(names)}}
fixed = [names.index(name) for name in must]
free = [k for k in range(len(names)) if k not in fixed]
for size in range(max(1, len(fixed), depth), min({parameters.largest}, len(names)) + 1):
    if comb(len(free), size - len(fixed)) > 20_000:
        break  # the platform tries more sets than a plain loop can
    results[fact_id("reach", size)] = max(
        np.average(chosen[:, fixed + list(extra)].sum(axis=1) >= depth, weights=w)
        for extra in combinations(free, size - len(fixed)))
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure is not Measure.BINARY for c in chosen):
        return None
    return Suggestion(
        0.5, {"items": [c.name for c in chosen]}, "Finds the set of items that reaches most people."
    )


PROCEDURE = Procedure(
    key="turf",
    title="TURF",
    question="Which set of items reaches the most people?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=TurfParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two yes/no or rated items.",),
    tags=("reach", "frequency", "line optimisation"),
)
