"""Correspondence analysis of a two-way table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import scatter
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.groups import group_drill
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal


class CorrespondenceParameters(Parameters):
    rows: ColumnName = column("Rows", accepts=CATEGORICAL)
    columns: ColumnName = column("Columns", accepts=CATEGORICAL)
    dimensions: int = option(2, "Dimensions", ge=1, le=10)


def compute(frame: Frame, parameters: CorrespondenceParameters, context: RunContext) -> ProcedureOutput:
    if parameters.rows == parameters.columns:
        raise ProcedureError("duplicate_column", "Rows and columns must be different columns.", "/columns")
    frame.require_rows()
    counts = frame.cross_counts(parameters.rows, parameters.columns, limit=200)
    keep_rows, keep_columns = counts.n.sum(axis=1) > 0, counts.n.sum(axis=0) > 0
    table = counts.weighted[np.ix_(keep_rows, keep_columns)]
    row_categories = [c for c, k in zip(counts.categories[0], keep_rows, strict=True) if k]
    column_categories = [c for c, k in zip(counts.categories[1], keep_columns, strict=True) if k]
    if min(table.shape, default=0) < 2:
        raise ProcedureError(
            "table_too_small",
            "Correspondence analysis needs at least two rows and two columns with answers.",
            "/rows",
        )
    p = table / table.sum()
    row_mass, column_mass = p.sum(axis=1), p.sum(axis=0)
    expected = np.outer(row_mass, column_mass)
    u, s, v = np.linalg.svd((p - expected) / np.sqrt(expected), full_matrices=False)
    limit = min(table.shape) - 1
    inertia = s[:limit] ** 2
    total = float(inertia.sum())
    if total < 1e-14:
        raise ProcedureError(
            "no_association", "The two questions are exactly unrelated; there is nothing to map.", "/columns"
        )
    dimensions = min(parameters.dimensions, limit)
    signs = np.where(u[np.abs(u[:, :dimensions]).argmax(axis=0), np.arange(dimensions)] < 0, -1.0, 1.0)
    row_points = u[:, :dimensions] / np.sqrt(row_mass)[:, None] * s[:dimensions] * signs
    column_points = v[:dimensions].T / np.sqrt(column_mass)[:, None] * s[:dimensions] * signs
    n = int(counts.n.sum())
    builder = OutputBuilder(context, n=n, weighted_n=table.sum())
    names = [parameters.rows, parameters.columns]
    builder.fact("total_inertia", "Total inertia (chi-square over base)", total, columns=names)
    cumulative, rows = 0.0, []
    for k in range(limit):
        cumulative += inertia[k] / total
        if k < 10:
            builder.fact(
                fact_id("inertia", k + 1), f"Inertia of dimension {k + 1}", inertia[k], columns=names
            )
        rows.append([k + 1, inertia[k], inertia[k] / total, cumulative])
    builder.table(
        "dimensions",
        "Dimensions",
        [
            integer_column("dimension", "Dimension"),
            number_column("inertia", "Inertia"),
            percent_column("share", "Share"),
            percent_column("cumulative", "Cumulative"),
        ],
        rows,
    )
    points = []
    for what, name, other, categories, coordinates, masses, margin in (
        ("Rows", names[0], names[1], row_categories, row_points, row_mass, counts.n.sum(axis=1)[keep_rows]),
        (
            "Columns",
            names[1],
            names[0],
            column_categories,
            column_points,
            column_mass,
            counts.n.sum(axis=0)[keep_columns],
        ),
    ):
        whole = (
            (coordinates**2).sum(axis=1)
            if dimensions == limit
            else _full_distance(p, row_mass, column_mass, what == "Rows")
        )
        cells = []
        for j, category in enumerate(categories):
            for k in range(dimensions):
                builder.fact(
                    fact_id("coordinate", name, category.value, k + 1),
                    f"Coordinate of {category.label} on dimension {k + 1}",
                    coordinates[j, k],
                    n=int(margin[j]),
                    columns=[name],
                )
            quality = float((coordinates[j] ** 2).sum() / whole[j]) if whole[j] > 0 else None
            contributions = masses[j] * coordinates[j] ** 2 / inertia[:dimensions]
            cells.append(
                [category.label, int(margin[j]), masses[j], *coordinates[j], *contributions, quality]
            )
            points.append(
                {
                    "label": category.label,
                    "x": coordinates[j, 0],
                    "y": coordinates[j, 1] if dimensions > 1 else 0.0,
                    "what": frame.column(name).title,
                }
            )
        builder.table(
            what.lower(),
            frame.column(name).title,
            [
                text_column("category", "Category"),
                integer_column("n", "Rows"),
                percent_column("mass", "Mass"),
                *[number_column(f"d{k + 1}", f"Dimension {k + 1}") for k in range(dimensions)],
                *[percent_column(f"contribution{k + 1}", f"Contribution {k + 1}") for k in range(dimensions)],
                percent_column("quality", "Quality"),
            ],
            cells,
            row_drills=[group_drill(name, c.value, other) for c in categories],
        )
    shares = inertia / total
    builder.chart(
        scatter(
            "map",
            f"Map of {frame.column(names[0]).title} and {frame.column(names[1]).title}",
            "Categories of both questions in the first two dimensions (principal coordinates).",
            points,
            x="x",
            y="y",
            x_title=f"Dimension 1 ({shares[0]:.0%})",
            y_title=f"Dimension 2 ({shares[1]:.0%})" if limit > 1 else "",
            label="label",
            colour="what",
            colour_title="",
            x_reference=0.0,
            y_reference=0.0,
        )
    )
    smallest = float((expected * n).min())
    builder.assume(
        "Enough answers per cell", smallest >= 1, f"The smallest expected count is {smallest:.2f}."
    )
    builder.notice(
        "reading",
        "Distances between rows, and between columns, can be read; between a row and a column only their direction.",
    )
    if counts.missing:
        builder.notice("missing", f"{counts.missing:,} rows without both answers are left out.", names)
    builder.notices(frame.notices)
    return builder.build(
        method="Singular value decomposition of the standardised residuals; principal coordinates of rows and columns.",
        missing_values="Rows without both answers are left out.",
        weights="The table is weighted.",
        references=("Greenacre (2017), Correspondence Analysis in Practice",),
    )


def _full_distance(p: np.ndarray, row_mass: np.ndarray, column_mass: np.ndarray, of_rows: bool) -> np.ndarray:
    """Squared chi-square distance of each profile from the mean profile."""
    if of_rows:
        return ((p / row_mass[:, None] - column_mass) ** 2 / column_mass).sum(axis=1)
    return ((p.T / column_mass[:, None] - row_mass) ** 2 / row_mass).sum(axis=1)


def script(parameters: CorrespondenceParameters, context: ScriptContext) -> str:
    return f"""
rows, columns, wanted = {literal(parameters.rows)}, {literal(parameters.columns)}, {parameters.dimensions}
table = data.assign(_w=weights).dropna(subset=[rows, columns]).pivot_table(
    index=rows, columns=columns, values="_w", aggfunc="sum", fill_value=0.0, observed=True)
p = table.to_numpy() / table.to_numpy().sum()
r, c = p.sum(axis=1), p.sum(axis=0)
s = (p - np.outer(r, c)) / np.sqrt(np.outer(r, c))
values = np.sort(np.linalg.eigvalsh(s @ s.T))[::-1][:min(p.shape) - 1]
results = {{"total_inertia": (s**2).sum()}}
for k, value in enumerate(values[:10]):
    results[fact_id("inertia", k + 1)] = value
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2 or any(c.measure not in (Measure.NOMINAL, Measure.ORDINAL) for c in chosen):
        return None
    return Suggestion(
        0.4, {"rows": chosen[0].name, "columns": chosen[1].name}, "Maps which answers go together."
    )


PROCEDURE = Procedure(
    key="correspondence_analysis",
    title="Correspondence analysis",
    question="Which answers of two questions go together?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=CorrespondenceParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two categorical columns, each with two answers or more.",),
    tags=("perceptual map", "brand map", "association"),
)
