"""Raking and post-stratification to known population shares."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import bars, histogram
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, did_not_converge
from analysis.logic.frame import Arrays, Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.raking import RakedWeights, kish_design_effect, rake

MAX_CELLS = 5_000


class PopulationShare(BaseModel):
    """The population's share (or count) of one category, or of one combination of categories."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cell: dict[str, str | float | bool] = Field(min_length=1, max_length=6)
    share: float = Field(gt=0)


class WeightingParameters(Parameters):
    columns: ColumnNames = columns("Columns to weight by", accepts=CATEGORICAL, max_items=12)
    targets: tuple[PopulationShare, ...] = option(
        ...,
        "Population shares",
        help="Per category: cell {column: value} and its share or count. Cells over several columns at once give "
        "post-stratification; single columns give raking.",
        min_length=2,
        max_length=2_000,
    )
    lowest: float | None = option(None, "Lowest weight (of the mean)", gt=0, lt=1)
    highest: float | None = option(None, "Highest weight (of the mean)", gt=1, le=1_000)

    @model_validator(mode="after")
    def _cells(self) -> Self:
        used = {name for target in self.targets for name in target.cell}
        if used != set(self.columns):
            raise ValueError("the cells of targets must use exactly the columns chosen")
        return self


def _margins(
    frame: Frame, data: Arrays, parameters: WeightingParameters
) -> list[tuple[tuple[str, ...], np.ndarray, np.ndarray, list[str], list[dict[str, Any]]]]:
    """Per margin: its columns, a code per row, target shares, labels of its cells, and their values."""
    grouped: dict[tuple[str, ...], list[PopulationShare]] = {}
    for target in parameters.targets:
        grouped.setdefault(tuple(n for n in parameters.columns if n in target.cell), []).append(target)
    found = []
    for names, targets in grouped.items():
        sizes = [len(data.categories[name]) for name in names]
        flat = np.zeros(data.n, dtype=np.int64)
        for name, size in zip(names, sizes, strict=True):
            flat = flat * size + data.codes[name]
        index: dict[int, int] = {}
        labels: list[str] = []
        cells: list[dict[str, Any]] = []
        for target in targets:
            position, parts, values = 0, [], {}
            for name, size in zip(names, sizes, strict=True):
                wanted = fact_id(target.cell[name]).lower()
                match = [k for k, c in enumerate(data.categories[name]) if fact_id(c.value).lower() == wanted]
                if not match:
                    raise ProcedureError(
                        "empty_target",
                        f"No row has {name!r} = {target.cell[name]!r}, so its population share cannot be reached. "
                        "Join the category with another.",
                        "/targets",
                        {"column": name},
                    )
                position = position * size + match[0]
                parts.append(data.categories[name][match[0]].label)
                values[name] = data.categories[name][match[0]].value
            if position in index:
                raise ProcedureError(
                    "duplicate_target", f"The cell {' / '.join(parts)} is given twice.", "/targets"
                )
            index[position] = len(labels)
            labels.append(" / ".join(parts))
            cells.append(values)
        observed, counts = np.unique(flat, return_counts=True)
        unknown = [int(v) for v in observed if int(v) not in index]
        if unknown:
            rows = int(counts[np.isin(observed, unknown)].sum())
            raise ProcedureError(
                "missing_target",
                f"{rows:,} rows fall into {len(unknown)} cells of "
                f"{' x '.join(map(repr, names))} without a population share.",
                "/targets",
                {"columns": list(names), "cells": len(unknown)},
            )
        lookup = np.full(int(np.prod(sizes)), -1)
        for position, k in index.items():
            lookup[position] = k
        codes = lookup[flat]
        empty = [labels[k] for k in range(len(labels)) if not (codes == k).any()]
        if empty:
            raise ProcedureError(
                "empty_target",
                f"No row falls into the cell {empty[0]}; join it with another.",
                "/targets",
                {"cells": empty[:20]},
            )
        shares = np.array([target.share for target in targets])
        found.append((names, codes, shares / shares.sum(), labels, cells))
    return found


def compute(frame: Frame, parameters: WeightingParameters, context: RunContext) -> ProcedureOutput:
    data = frame.arrays(categorical=list(parameters.columns))
    margins = _margins(frame, data, parameters)
    result = rake(
        data.weights,
        [(codes, shares) for _, codes, shares, _, _ in margins],
        low=parameters.lowest,
        high=parameters.highest,
        checkpoint=lambda done, total: context.checkpoint("raking", done, total),
    )
    bounded = parameters.lowest is not None or parameters.highest is not None
    if result.error > 1e-6 and not bounded:
        raise did_not_converge(
            "Raking (margins contradict each other or empty cells block it)", result.iterations
        )
    builder = OutputBuilder(context, n=data.n, weighted_n=result.weights.sum())
    _facts(builder, data, result)
    rows, drills, points = [], [], []
    for names, codes, shares, labels, cells in margins:
        before = np.bincount(codes, data.weights, shares.size) / data.weights.sum()
        after = np.bincount(codes, result.weights, shares.size) / result.weights.sum()
        counts = np.bincount(codes, minlength=shares.size)
        title = " x ".join(frame.column(name).title for name in names)
        for k, label in enumerate(labels):
            values = [cells[k][name] for name in names]
            builder.fact(
                fact_id(
                    "weighted_share", *[part for pair in zip(names, values, strict=True) for part in pair]
                ),
                f"Share of {label} after weighting",
                after[k],
                unit="share",
                n=int(counts[k]),
                columns=names,
            )
            rows.append([title, label, int(counts[k]), before[k], shares[k], after[k], shares[k] / before[k]])
            parts = [equals(name, value) for name, value in zip(names, values, strict=True)]
            parts += [{"column": n, "op": "not_missing"} for n in parameters.columns if n not in names]
            drills.append(parts[0] if len(parts) == 1 else {"and": parts})
            points += [
                {"cell": f"{title}: {label}", "when": when, "share": value}
                for when, value in (("Before", before[k]), ("Target", shares[k]))
            ]
    builder.table(
        "margins",
        "Shares before and after weighting",
        [
            text_column("margin", "Margin"),
            text_column("cell", "Category"),
            integer_column("n", "Rows"),
            percent_column("before", "Before"),
            percent_column("target", "Population"),
            percent_column("after", "After"),
            number_column("ratio", "Population / before"),
        ],
        rows,
        row_drills=drills,
    )
    _cells(builder, frame, data, result, parameters)
    relative = result.weights / result.weights.mean()
    counts, edges = np.histogram(relative, bins=min(40, max(5, int(np.sqrt(data.n)))))
    builder.chart(
        histogram(
            "weights",
            "Distribution of the weights",
            "How many rows have each weight; a weight of one is the mean.",
            edges.tolist(),
            counts.tolist(),
            value_title="Weight (mean 1)",
        )
    )
    builder.chart(
        bars(
            "shares",
            "Sample and population",
            "Share of each category before weighting beside its population share.",
            points[:2_000],
            category="cell",
            value="share",
            category_title="Category",
            value_title="Share",
            colour="when",
            colour_title="",
            value_format=".0%",
        )
    )
    if result.error > 1e-6:
        builder.notice(
            "margins_not_reached",
            f"The bounds on weights leave margins missed by up to {100 * result.error:.2f} points; widen them.",
        )
    if data.dropped:
        builder.notice(
            "missing",
            f"{data.dropped:,} rows without all weighting columns get no weight.",
            list(parameters.columns),
        )
    extreme = float(relative.max() / relative.min())
    builder.assume(
        "No extreme weights",
        extreme < 20,
        f"The largest weight is {extreme:.1f} times the smallest; above 20 consider bounds.",
    )
    builder.assume(
        "Answers depend on the weighting columns only",
        None,
        "Weighting removes bias only so far as respondents resemble non-respondents within the cells.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method="Iterative proportional fitting of the base weights to the population shares"
        + (", weights clipped to their bounds in each cycle." if bounded else "."),
        missing_values="Rows without a value in any weighting column are left out.",
        weights="A weight column serves as base weight; without one every row starts at 1.",
        references=(
            "Deming & Stephan (1940), Ann. Math. Statist. 11, 427-444",
            "Kish (1965), Survey Sampling",
        ),
    )


def _facts(builder: OutputBuilder, data: Arrays, result: RakedWeights) -> None:
    relative = result.weights / result.weights.mean()
    effect = kish_design_effect(result.weights)
    for key, name, value in (
        ("design_effect", "Design effect of the weights (Kish)", effect),
        ("effective_n", "Effective base", data.n / effect),
        ("efficiency", "Weighting efficiency", 1 / effect),
        ("smallest_weight", "Smallest weight (mean 1)", relative.min()),
        ("largest_weight", "Largest weight (mean 1)", relative.max()),
    ):
        builder.fact(key, name, value, base_rule=False)
    builder.fact("iterations", "Cycles until the margins fitted", result.iterations, base_rule=False)
    builder.fact("trimmed_rows", "Rows at a bound of the weights", result.trimmed, base_rule=False)


def _cells(
    builder: OutputBuilder, frame: Frame, data: Arrays, result: RakedWeights, parameters: WeightingParameters
) -> None:
    """One weight per combination of categories: a raked weight depends on nothing else."""
    if frame.weight is not None:
        return
    codes = np.column_stack([data.codes[name] for name in parameters.columns])
    unique, first, counts = np.unique(codes, axis=0, return_index=True, return_counts=True)
    if len(unique) > MAX_CELLS:
        builder.notice(
            "too_many_cells", f"The {len(unique):,} combinations of categories are too many to list."
        )
        return
    relative = result.weights / result.weights.mean()
    rows, drills = [], []
    for combination, at, count in zip(unique, first, counts, strict=True):
        picked = [data.categories[name][k] for name, k in zip(parameters.columns, combination, strict=True)]
        rows.append([*[c.label for c in picked], int(count), relative[at]])
        parts = [equals(name, c.value) for name, c in zip(parameters.columns, picked, strict=True)]
        drills.append(parts[0] if len(parts) == 1 else {"and": parts})
    builder.table(
        "weights",
        "Weight of each combination (mean 1)",
        [
            *[text_column(f"c{k}", frame.column(name).title) for k, name in enumerate(parameters.columns)],
            integer_column("n", "Rows"),
            number_column("weight", "Weight"),
        ],
        rows,
        row_drills=drills,
    )


def script(parameters: WeightingParameters, context: ScriptContext) -> str:
    targets = [[dict(t.cell), t.share] for t in parameters.targets]
    return f"""
columns, targets = {literal(list(parameters.columns))}, {literal(targets)}
complete = data[columns].notna().all(axis=1).to_numpy()
table, w = data.loc[complete, columns].map(lambda v: fact_id(v).lower()), weights[complete].astype(float)
margins = {{}}
for cell, share in targets:
    margins.setdefault(tuple(n for n in columns if n in cell), []).append(
        (np.logical_and.reduce([(table[n] == fact_id(v).lower()).to_numpy() for n, v in cell.items()]), share, cell))
total, mean = w.sum(), w.mean()
low, high = {literal(parameters.lowest)}, {literal(parameters.highest)}
for _ in range(500):
    for cells in margins.values():
        whole = sum(share for _, share, _ in cells)
        for inside, share, _ in cells:
            w[inside] *= share / whole * total / w[inside].sum()
    if low is not None or high is not None:
        w = np.clip(w, None if low is None else low * mean, None if high is None else high * mean)
        w *= total / w.sum()
effect = len(w) * (w**2).sum() / w.sum() ** 2
results = {{"design_effect": effect, "effective_n": len(w) / effect, "largest_weight": w.max() / w.mean()}}
for names, cells in margins.items():
    for inside, _, cell in cells:
        first = data.loc[complete, list(names)].iloc[np.flatnonzero(inside)[0]]
        results[fact_id("weighted_share", *[part for n in names for part in (n, first[n])])] = w[inside].sum() / w.sum()
"""


PROCEDURE = Procedure(
    key="weighting",
    title="Raking and post-stratification",
    question="Which weights make the sample match the population?",
    family=ProcedureFamily.SURVEY,
    version=1,
    parameters=WeightingParameters,
    compute=compute,
    script=script,
    requirements=("Population shares for every category of the weighting columns.",),
    tags=("raking", "rim weighting", "post-stratification", "design effect"),
)
