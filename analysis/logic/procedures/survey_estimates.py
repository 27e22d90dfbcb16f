"""Means, totals and shares of a complex sample with linearised or replicate standard errors."""

from __future__ import annotations

import math
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import Measure, ProcedureFamily, ProcedureOutput, Scalar
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill, group_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, text_column
from analysis.logic.parameters import (
    CATEGORICAL,
    NUMERIC,
    ColumnName,
    ColumnNames,
    Parameters,
    column,
    columns,
    option,
)
from analysis.logic.registry import Procedure
from analysis.logic.sampling import CLUSTER_LIMIT, describe_design, read_design
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.design import (
    Estimate,
    design_effect,
    replicate_factors,
    replicate_mean,
    survey_mean,
    survey_total,
)

STRATA_MEASURES = (Measure.NOMINAL, Measure.ORDINAL, Measure.BINARY, Measure.IDENTIFIER, Measure.SCALE)


class SurveyEstimatesParameters(Parameters):
    outcomes: ColumnNames = columns(
        "Outcomes", accepts=NUMERIC, max_items=40, help="A yes/no column gives a share."
    )
    groups: ColumnName | None = column("Domains", accepts=CATEGORICAL, default=None)
    strata: ColumnName | None = column("Strata", accepts=STRATA_MEASURES, default=None)
    clusters: ColumnName | None = column("Clusters", accepts=STRATA_MEASURES, default=None)
    population: ColumnName | None = column(
        "Population size", accepts=NUMERIC, default=None, help="Clusters in the population of each stratum."
    )
    replicates: ColumnNames = columns(
        "Replicate weights", accepts=NUMERIC, min_items=0, max_items=500, default=()
    )
    replicate_method: Literal["BRR", "Fay", "JK1", "JKn", "bootstrap"] = option("BRR", "Replication method")
    fay_rho: float = option(0.3, "Fay's factor", ge=0.0, lt=1.0)
    jkn_scales: tuple[float, ...] = option((), "JKn scales, one per replicate", max_length=500)
    lonely: Literal["refuse", "centre"] = option("refuse", "Strata with one cluster")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _design(self) -> Self:
        if self.replicates and (self.strata or self.clusters or self.population):
            raise ValueError("give either replicate weights or strata, clusters and population, not both")
        if self.replicates and len(self.replicates) < 2:
            raise ValueError("at least two replicate weights are needed")
        if (
            self.replicates
            and self.replicate_method == "JKn"
            and len(self.jkn_scales) != len(self.replicates)
        ):
            raise ValueError("JKn needs one scale per replicate weight")
        return self


def compute(frame: Frame, parameters: SurveyEstimatesParameters, context: RunContext) -> ProcedureOutput:
    outcomes = list(parameters.outcomes)
    extra = [c for c in (parameters.strata, parameters.clusters) if c]
    domain_columns = [parameters.groups] if parameters.groups else []
    numeric = [*outcomes, *([parameters.population] if parameters.population else []), *parameters.replicates]
    data = frame.arrays(
        numeric=list(dict.fromkeys(numeric)),
        categorical=list(dict.fromkeys([*extra, *domain_columns])),
        complete=False,
        limit=CLUSTER_LIMIT,
    )
    for name in extra:
        if data.missing[name]:
            raise ProcedureError(
                "design_missing",
                f"{data.missing[name]:,} rows have no value in the design column {name!r}; every row needs one.",
                "/strata" if name == parameters.strata else "/clusters",
            )
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    design = read_design(
        data, parameters.strata, parameters.clusters, parameters.population, lonely=parameters.lonely
    )
    replicated = bool(parameters.replicates)
    factors = weights = None
    if replicated:
        weights = np.column_stack([data.column(name) for name in parameters.replicates])
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ProcedureError(
                "bad_weights",
                "Replicate weights must be present and not negative in every row.",
                "/replicates",
            )
        factors = replicate_factors(
            parameters.replicate_method, weights.shape[1], parameters.fay_rho, np.array(parameters.jkn_scales)
        )
    else:
        describe_design(builder, design, extra)
    domains: list[tuple[str, Scalar, np.ndarray]] = [("All", None, np.ones(data.n, dtype=bool))]
    if parameters.groups:
        frame.categories(parameters.groups, 200)
        codes = data.codes[parameters.groups]
        domains += [(c.label, c.value, codes == g) for g, c in enumerate(data.categories[parameters.groups])]
    rows, drills, points = [], [], []
    for done, name in enumerate(outcomes):
        context.checkpoint("estimating", done, len(outcomes))
        x, title = data.column(name), frame.column(name).title
        present = ~np.isnan(x)
        for label, value, inside in domains:
            domain = inside & present
            if not domain.any():
                continue
            at = [] if value is None else [value]
            where = f" in {label}" if at else ""
            total: Estimate | None = None
            if replicated:
                assert weights is not None and factors is not None
                mean = replicate_mean(np.nan_to_num(x), data.weights, weights, factors, domain)
            else:
                mean = survey_mean(design, np.nan_to_num(x), domain)
                total = survey_total(design, np.nan_to_num(x), domain)
            variance = float(mean.covariance[0, 0])
            deff = design_effect(design, x, variance, domain)
            n, weight = int(domain.sum()), float(data.weights[domain].sum())
            used = [name, *domain_columns, *extra]
            low, high = mean.interval(0, parameters.confidence)
            builder.fact(
                fact_id("mean", name, *at),
                f"Mean of {title}{where}",
                mean.value[0],
                n=n,
                weighted_n=weight,
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method=f"t with {mean.df:g} degrees of freedom",
                df=(mean.df,),
                columns=used,
            )
            error = math.sqrt(variance)
            builder.fact(
                fact_id("standard_error", name, *at),
                f"Standard error of the mean of {title}{where}",
                error,
                n=n,
                columns=used,
            )
            builder.fact(
                fact_id("design_effect", name, *at),
                f"Design effect of {title}{where}",
                deff,
                n=n,
                columns=used,
            )
            if total is not None:
                builder.fact(
                    fact_id("total", name, *at),
                    f"Population total of {title}{where}",
                    total.value[0],
                    n=n,
                    weighted_n=weight,
                    interval=total.interval(0, parameters.confidence),
                    interval_level=parameters.confidence,
                    interval_method=f"t with {total.df:g} degrees of freedom",
                    columns=used,
                )
                builder.fact(
                    fact_id("total_standard_error", name, *at),
                    f"Standard error of the total of {title}{where}",
                    total.standard_error[0],
                    n=n,
                    columns=used,
                )
            rows.append(
                [
                    title,
                    label,
                    n,
                    mean.value[0],
                    error,
                    low,
                    high,
                    deff,
                    None if total is None else total.value[0],
                ]
            )
            drills.append(
                group_drill(parameters.groups, value, name)
                if at and parameters.groups
                else complete_drill([name])
            )
            points.append({"what": f"{title}{where}", "mean": mean.value[0], "low": low, "high": high})
    builder.table(
        "estimates",
        "Design-based estimates",
        [
            text_column("outcome", "Outcome"),
            text_column("domain", "Domain"),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("se", "Standard error"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("deff", "Design effect"),
            number_column("total", "Total"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "means",
            "Design-based means",
            "Mean of each outcome and domain with its design-based interval.",
            points[:500],
            category="what",
            value="mean",
            low="low",
            high="high",
            category_title="Outcome",
            value_title="Mean",
        )
    )
    builder.assume(
        "First-stage sampling within strata",
        None,
        "Variation below the first stage is contained in that between clusters.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"{parameters.replicate_method} replicate weights, deviations about the full-sample estimate."
        if replicated
        else "Taylor linearisation with the strata, clusters and population sizes given; domains keep the design.",
        missing_values="Rows without an outcome are outside its domain but stay in the design.",
        weights="The weight column is the sampling weight; totals need weights that sum to the population.",
        references=(
            "Binder (1983), International Statistical Review 51, 279-292",
            "Lumley (2004), J. Statistical Software 9(8)",
            "Wolter (2007), Introduction to Variance Estimation",
        ),
    )


def script(parameters: SurveyEstimatesParameters, context: ScriptContext) -> str:
    return f"""
groups, strata, clusters = {literal(parameters.groups)}, {literal(parameters.strata)}, {literal(parameters.clusters)}
population, replicates = {literal(parameters.population)}, {literal(list(parameters.replicates))}
results = {{}}
frame = pd.DataFrame({{"w": weights, "h": 0 if strata is None else data[strata].to_numpy(),
                      "c": np.arange(len(data)) if clusters is None else data[clusters].to_numpy()}})
frame["f"] = 0.0
if population is not None:
    frame["f"] = frame.groupby("h")["c"].transform("nunique") / number(population)


def variance(scores):
    totals = frame.assign(z=scores).groupby(["h", "c"]).agg(z=("z", "sum"), f=("f", "first")).reset_index()
    out, overall = 0.0, totals["z"].mean()
    for _, part in totals.groupby("h"):
        m = len(part)
        centre = part["z"].mean() if m > 1 else overall
        out += (m / (m - 1) if m > 1 else 1) * (1 - part["f"].iloc[0]) * ((part["z"] - centre) ** 2).sum()
    return out


for name in {literal(list(parameters.outcomes))}:
    x = number(name)
    kinds = [] if groups is None else data[groups].dropna().unique()
    levels = [((v,), (data[groups] == v).fillna(False).to_numpy(dtype=bool)) for v in kinds]
    for level, inside in [((), np.ones(len(x), dtype=bool)), *levels]:
        inside = inside & ~np.isnan(x)
        if not inside.any():
            continue
        w, values = np.where(inside, weights, 0.0), np.nan_to_num(x)
        mean = np.average(values, weights=w)
        results[fact_id("mean", name, *level)] = mean
        if not replicates:
            results[fact_id("standard_error", name, *level)] = np.sqrt(variance(w * (values - mean) * inside / w.sum()))
            results[fact_id("total", name, *level)] = w @ values
            results[fact_id("total_standard_error", name, *level)] = np.sqrt(variance(w * values))
"""


PROCEDURE = Procedure(
    key="survey_estimates",
    title="Survey means and totals (strata, clusters, replicate weights)",
    question="What are the estimates and honest errors of a complex sample?",
    family=ProcedureFamily.SURVEY,
    version=1,
    parameters=SurveyEstimatesParameters,
    compute=compute,
    script=script,
    requirements=("Columns that say how the sample was drawn, or replicate weights.",),
    tags=("Taylor", "linearisation", "design effect", "jackknife", "BRR"),
)
