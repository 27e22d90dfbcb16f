"""Crosstab of a complex sample with the Rao-Scott test of independence."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from analysis.contracts import ProcedureFamily, ProcedureOutput, TableColumn
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.procedures.survey_estimates import STRATA_MEASURES
from analysis.logic.registry import Procedure
from analysis.logic.sampling import CLUSTER_LIMIT, describe_design, read_design
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.design import rao_scott_design, survey_mean


class SurveyCrosstabParameters(Parameters):
    rows: ColumnName = column("Rows", accepts=CATEGORICAL)
    columns: ColumnName = column("Columns", accepts=CATEGORICAL)
    strata: ColumnName | None = column("Strata", accepts=STRATA_MEASURES, default=None)
    clusters: ColumnName | None = column("Clusters", accepts=STRATA_MEASURES, default=None)
    population: ColumnName | None = column("Population size", accepts=NUMERIC, default=None)
    lonely: Literal["refuse", "centre"] = option("refuse", "Strata with one cluster")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: SurveyCrosstabParameters, context: RunContext) -> ProcedureOutput:
    pair = [parameters.rows, parameters.columns]
    if pair[0] == pair[1]:
        raise ProcedureError("duplicate_column", "Rows and columns must be different columns.", "/columns")
    extra = [c for c in (parameters.strata, parameters.clusters) if c]
    data = frame.arrays(
        numeric=[parameters.population] if parameters.population else [],
        categorical=list(dict.fromkeys([*pair, *extra])),
        complete=False,
        limit=CLUSTER_LIMIT,
    )
    for name in pair:
        frame.categories(name, 40)
    design = read_design(
        data, parameters.strata, parameters.clusters, parameters.population, lonely=parameters.lonely
    )
    row_codes, column_codes = data.codes[pair[0]], data.codes[pair[1]]
    inside = (row_codes >= 0) & (column_codes >= 0)
    if not inside.any():
        raise ProcedureError("no_rows", "No row has an answer to both questions.")
    row_kept = [k for k in range(len(data.categories[pair[0]])) if (row_codes[inside] == k).any()]
    column_kept = [k for k in range(len(data.categories[pair[1]])) if (column_codes[inside] == k).any()]
    for kept, name in ((row_kept, pair[0]), (column_kept, pair[1])):
        if len(kept) < 2:
            raise ProcedureError(
                "constant_column", f"{name!r} has a single answer in the rows used.", "", {"column": name}
            )
    r_map, c_map = (
        np.full(len(data.categories[pair[0]]) + 1, -1),
        np.full(len(data.categories[pair[1]]) + 1, -1),
    )
    r_map[row_kept], c_map[column_kept] = np.arange(len(row_kept)), np.arange(len(column_kept))
    rows, cols = np.where(inside, r_map[row_codes], -1), np.where(inside, c_map[column_codes], -1)
    r_cats = [data.categories[pair[0]][k] for k in row_kept]
    c_cats = [data.categories[pair[1]][k] for k in column_kept]
    builder = OutputBuilder(context, n=int(inside.sum()), weighted_n=data.weights[inside].sum())
    describe_design(builder, design, extra)
    test = rao_scott_design(design, rows, cols, len(r_cats), len(c_cats))
    v = math.sqrt(test.chi_square / (inside.sum() * (min(len(r_cats), len(c_cats)) - 1)))
    builder.fact(
        fact_id("cramers_v", *pair),
        f"Cramer's V of {frame.column(pair[0]).title} and {frame.column(pair[1]).title} (weighted shares)",
        v,
        statistic=test.f,
        df=(test.df1, test.df2),
        p=test.p,
        test="Rao-Scott F (second order)",
        columns=pair,
    )
    builder.fact(
        fact_id("chi_square", *pair),
        "Chi-square of the weighted shares, uncorrected",
        test.chi_square,
        columns=pair,
    )
    table_rows, drills, points = [], [], []
    counts = np.zeros((len(r_cats), len(c_cats)), dtype=np.int64)
    np.add.at(counts, (rows[inside], cols[inside]), 1)
    shares = np.zeros(counts.shape)
    for j, column_category in enumerate(c_cats):
        context.checkpoint("estimating", j, len(c_cats))
        domain = cols == j
        indicators = (rows[:, None] == np.arange(len(r_cats))[None, :]).astype(float)
        estimate = survey_mean(design, indicators, domain)
        shares[:, j] = estimate.value
        for i, row_category in enumerate(r_cats):
            low, high = _logit_interval(
                float(estimate.value[i]),
                float(estimate.standard_error[i]),
                estimate.df,
                parameters.confidence,
            )
            builder.fact(
                fact_id("column_share", pair[0], row_category.value, pair[1], column_category.value),
                f"Share of {row_category.label} within {column_category.label}",
                estimate.value[i],
                unit="share",
                n=int(domain.sum()),
                weighted_n=data.weights[domain].sum(),
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Logit of the linearised share",
                columns=pair,
            )
            points.append(
                {
                    "row": row_category.label,
                    "column": column_category.label,
                    "share": estimate.value[i],
                    "low": low,
                    "high": high,
                }
            )
    for i, row_category in enumerate(r_cats):
        table_rows.append(
            [row_category.label, *[v for j in range(len(c_cats)) for v in (int(counts[i, j]), shares[i, j])]]
        )
        drills.append(equals(pair[0], row_category.value))
    columns: list[TableColumn] = [text_column("row", frame.column(pair[0]).title)]
    for j, category in enumerate(c_cats):
        drill = equals(pair[1], category.value)
        columns.append(number_column(f"n{j}", f"{category.label}: rows", group=category.label, drill=drill))
        columns.append(
            percent_column(f"share{j}", f"{category.label}: share", group=category.label, drill=drill)
        )
    builder.table(
        "crosstab",
        f"{frame.column(pair[0]).title} by {frame.column(pair[1]).title}",
        columns,
        table_rows,
        row_drills=drills,
        notes=["Shares are weighted and sum to one within a column."],
    )
    builder.chart(
        bars(
            "shares",
            f"{frame.column(pair[0]).title} by {frame.column(pair[1]).title}",
            "Weighted share of each row category within each column category, with design-based intervals.",
            points,
            category="row",
            value="share",
            category_title=frame.column(pair[0]).title,
            value_title="Share",
            colour="column",
            colour_title=frame.column(pair[1]).title,
            value_format=".0%",
            low="low",
            high="high",
        )
    )
    gone = data.n - int(inside.sum())
    if gone:
        builder.notice(
            "missing",
            f"{gone:,} rows without both answers are outside the table but stay in the design.",
            pair,
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Weighted shares with linearised errors; Rao-Scott second-order corrected chi-square as F.",
        missing_values="Rows without both answers are left out of the table and kept in the design.",
        weights="The weight column is the sampling weight.",
        references=(
            "Rao & Scott (1984), Annals of Statistics 12, 46-60",
            "Thomas & Rao (1987), JASA 82, 630-636",
        ),
    )


def _logit_interval(share: float, error: float, df: float, confidence: float) -> tuple[float, float]:
    from scipy.special import stdtrit

    if not 0 < share < 1 or error == 0:
        return share, share
    half = float(stdtrit(max(1.0, df), 0.5 + confidence / 2)) * error / (share * (1 - share))
    centre = math.log(share / (1 - share))
    return 1 / (1 + math.exp(min(700.0, half - centre))), 1 / (1 + math.exp(min(700.0, -half - centre)))


def script(parameters: SurveyCrosstabParameters, context: ScriptContext) -> str:
    return f"""
rows, columns = {literal(parameters.rows)}, {literal(parameters.columns)}
table = data.assign(_w=weights).dropna(subset=[rows, columns]).pivot_table(
    index=rows, columns=columns, values="_w", aggfunc="sum", fill_value=0.0, observed=True)
n = int(data[[rows, columns]].notna().all(axis=1).sum())
p = table / table.to_numpy().sum()
expected = np.outer(p.sum(axis=1), p.sum(axis=0))
chi_square = n * ((p.to_numpy() - expected) ** 2 / expected).sum()
results = {{fact_id("chi_square", rows, columns): chi_square,
           fact_id("cramers_v", rows, columns): np.sqrt(chi_square / (n * (min(p.shape) - 1)))}}
for j in table.columns:
    for i in table.index:
        results[fact_id("column_share", rows, i, columns, j)] = table.loc[i, j] / table[j].sum()
"""


PROCEDURE = Procedure(
    key="survey_crosstab",
    title="Survey crosstab (Rao-Scott)",
    question="Are two questions related, given how the sample was drawn?",
    family=ProcedureFamily.SURVEY,
    version=1,
    parameters=SurveyCrosstabParameters,
    compute=compute,
    script=script,
    requirements=("Two categorical columns; strata or clusters where the sample has them.",),
    tags=("Rao-Scott", "complex sample", "independence"),
)
