"""Factorial analysis of variance and covariance with estimated marginal means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Category, Frame
from analysis.logic.groups import complete_drill
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    p_column,
    text_column,
)
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
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.factorial import (
    Effect,
    effect_squares,
    factorial_effects,
    residual_squares,
    sum_to_zero,
)
from analysis.logic.stats.location import brown_forsythe, f_test, normality, t_test
from analysis.logic.stats.noncentral import eta_squared_interval

ORDERS = {"none": 1, "two_way": 2, "all": 4}


class FactorialAnovaParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=NUMERIC)
    factors: ColumnNames = columns("Factors", accepts=CATEGORICAL, max_items=4)
    covariates: ColumnNames = columns("Covariates", accepts=NUMERIC, min_items=0, max_items=10, default=())
    interactions: Literal["all", "two_way", "none"] = option("all", "Interactions of the factors")
    squares: Literal["2", "3"] = option("3", "Type of sums of squares")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.outcome in (*self.factors, *self.covariates) or set(self.factors) & set(self.covariates):
            raise ValueError("outcome, factors and covariates must be different columns")
        return self


def compute(frame: Frame, parameters: FactorialAnovaParameters, context: RunContext) -> ProcedureOutput:
    names, covariates = list(parameters.factors), list(parameters.covariates)
    for name in names:
        frame.categories(name, 25)
    data = frame.arrays(numeric=[parameters.outcome, *covariates], categorical=names)
    y = data.column(parameters.outcome)
    if np.ptp(y) == 0:
        raise constant_column(parameters.outcome, float(y[0]))
    factors, levels = {}, {}
    for name in names:
        present = [k for k in range(len(data.categories[name])) if (data.codes[name] == k).any()]
        if len(present) < 2:
            raise constant_column(name, data.categories[name][present[0]].value)
        place = np.full(len(data.categories[name]), -1)
        place[present] = np.arange(len(present))
        factors[name] = (place[data.codes[name]], len(present))
        levels[name] = [data.categories[name][k] for k in present]
    for name in covariates:
        if np.ptp(data.column(name)) == 0:
            raise constant_column(name, float(data.column(name)[0]))
    order = min(len(names), ORDERS[parameters.interactions])
    cells = int(np.prod([factors[name][1] for name in names]))
    if order > 1 and cells > 400:
        raise ProcedureError(
            "too_many_cells", f"The factors make {cells} cells; at most 400 can be crossed.", "/factors"
        )
    effects = factorial_effects(factors, {c: data.column(c) for c in covariates}, order)
    x = np.column_stack([np.ones(data.n), *[e.columns for e in effects]])
    df2 = data.n - x.shape[1]
    if df2 < 1:
        raise too_few_rows(data.n, x.shape[1] + 1, f"a design with {x.shape[1]} parameters")
    scale = np.sqrt((x * x).sum(axis=0))
    if np.linalg.matrix_rank(x / scale) < x.shape[1]:
        raise ProcedureError(
            "empty_cells",
            "Some combinations of the factors have no rows (or a covariate is a combination of them), so not all "
            "effects can be told apart. Leave out interactions or join categories.",
            "/interactions",
        )
    context.checkpoint("fitting", 0, 1)
    squares, residual = effect_squares(effects, y, int(parameters.squares))
    if residual <= 1e-12 * float(((y - y.mean()) ** 2).sum()):
        raise ProcedureError(
            "no_spread_within_groups", f"{parameters.outcome!r} does not vary within the cells.", "/outcome"
        )
    builder = OutputBuilder(context, n=data.n)
    titles = {name: frame.column(name).title for name in (*names, *covariates)}
    rows = []
    for effect, ss in zip(effects, squares, strict=True):
        df1 = effect.columns.shape[1]
        test = f_test((ss / df1) / (residual / df2), df1, df2)
        eta = ss / (ss + residual)
        low, high = eta_squared_interval(test.f, df1, df2, parameters.confidence)
        label = " x ".join(titles[name] for name in effect.names)
        builder.fact(
            fact_id("partial_eta_squared", *effect.names),
            f"Partial eta squared of {label}",
            eta,
            unit="share",
            interval=(min(low, eta), max(high, eta)),
            interval_level=parameters.confidence,
            interval_method="Noncentral F",
            statistic=test.f,
            df=(df1, df2),
            p=test.p,
            test=f"F test, type {'I' * int(parameters.squares)} sums of squares",
            columns=[parameters.outcome, *effect.names],
        )
        rows.append([label, ss, df1, ss / df1, test.f, test.p, eta])
    total = float(((y - y.mean()) ** 2).sum())
    rows.append(["Residual", residual, df2, residual / df2, None, None, None])
    rows.append(["Total", total, data.n - 1, None, None, None, None])
    builder.fact("r_squared", "R squared", 1 - residual / total, unit="share")
    builder.table(
        "anova",
        f"Analysis of {'co' if covariates else ''}variance of {frame.column(parameters.outcome).title}",
        [
            text_column("source", "Source"),
            number_column("ss", "Sum of squares"),
            number_column("df", "df"),
            number_column("ms", "Mean square"),
            number_column("f", "F"),
            p_column(),
            number_column("eta", "Partial eta squared"),
        ],
        rows,
    )
    _marginal_means(builder, frame, x, y, effects, factors, levels, residual / df2, df2, parameters)
    cell = np.zeros(data.n, dtype=np.int64)
    for name in names:
        cell = cell * factors[name][1] + factors[name][0]
    _, cell = np.unique(cell, return_inverse=True)
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    errors = y - x @ beta
    counts = np.bincount(cell.ravel())
    if counts.min() >= 2:
        levene = brown_forsythe(errors, cell.ravel(), counts.size)
        builder.assume(
            "Equal variances in the cells",
            None if math.isnan(levene.p) else levene.p >= 0.05,
            f"Brown-Forsythe F({levene.df1:.0f}, {levene.df2:.0f}) = {levene.f:.3f}, p = {levene.p:.3g}.",
        )
    builder.assume("Normal residuals", *normality(errors))
    if covariates:
        _equal_slopes(
            builder, data.n, y, effects, factors, {c: data.column(c) for c in covariates}, residual, df2
        )
    builder.assume(
        "Independent rows", None, "Follows from how the data were collected; it cannot be tested here."
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Least squares with effects-coded factors; sums of squares by comparison of nested models; estimated "
        "marginal means weigh all cells equally and hold covariates at their mean.",
        missing_values="Rows with a missing value in any column used are left out.",
        references=(
            "Yates (1934), JASA 29, 51-66",
            "Searle, Speed & Milliken (1980), Amer. Statistician 34, 216-221",
        ),
        multiple_testing="Each effect is one test; p-values are not corrected.",
    )


def _marginal_means(
    builder: OutputBuilder,
    frame: Frame,
    x: np.ndarray,
    y: np.ndarray,
    effects: Sequence[Effect],
    factors: dict[str, tuple[np.ndarray, int]],
    levels: dict[str, list[Category]],
    mean_square: float,
    df: float,
    parameters: FactorialAnovaParameters,
) -> None:
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    inverse = np.linalg.inv(x.T @ x)
    starts, at = {}, 1
    for effect in effects:
        starts[effect.names] = at
        at += effect.columns.shape[1]
    rows, drills, points = [], [], []
    others = [parameters.outcome, *parameters.covariates]
    for name, (codes, size) in factors.items():
        for k, category in enumerate(levels[name]):
            row = np.zeros(x.shape[1])
            row[0] = 1.0
            if k == size - 1:
                row[starts[(name,)] : starts[(name,)] + size - 1] = -1.0
            else:
                row[starts[(name,)] + k] = 1.0
            mean = float(row @ beta)
            error = math.sqrt(mean_square * float(row @ inverse @ row))
            low, high = t_test(mean, error, df).interval(parameters.confidence)
            n = int((codes == k).sum())
            builder.fact(
                fact_id("marginal_mean", name, category.value),
                f"Estimated marginal mean for {frame.column(name).title} = {category.label}",
                mean,
                n=n,
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Student's t",
                columns=[parameters.outcome, name],
            )
            rows.append(
                [
                    frame.column(name).title,
                    category.label,
                    n,
                    float(y[codes == k].mean()),
                    mean,
                    error,
                    low,
                    high,
                ]
            )
            drills.append(
                complete_drill([*others, *[f for f in factors if f != name]], equals(name, category.value))
            )
            points.append(
                {
                    "level": f"{frame.column(name).title}: {category.label}",
                    "mean": mean,
                    "low": low,
                    "high": high,
                }
            )
    builder.table(
        "marginal_means",
        "Estimated marginal means",
        [
            text_column("factor", "Factor"),
            text_column("level", "Level"),
            integer_column("n", "Rows"),
            number_column("raw", "Raw mean"),
            number_column("mean", "Marginal mean"),
            number_column("se", "Standard error"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        intervals(
            "marginal_means",
            "Estimated marginal means",
            "Mean of each level with all other factors and covariates held equal.",
            points,
            category="level",
            value="mean",
            low="low",
            high="high",
            category_title="Level",
            value_title=frame.column(parameters.outcome).title,
        )
    )


def _equal_slopes(
    builder: OutputBuilder,
    n: int,
    y: np.ndarray,
    effects: Sequence[Effect],
    factors: dict[str, tuple[np.ndarray, int]],
    covariates: dict[str, np.ndarray],
    residual: float,
    df: int,
) -> None:
    """Whether covariates have the same slope at all levels of the factors."""
    blocks = [e.columns for e in effects]
    extra = [
        sum_to_zero(*factor) * (values - values.mean())[:, None]
        for factor in factors.values()
        for values in covariates.values()
    ]
    df1 = sum(block.shape[1] for block in extra)
    if df - df1 < 1:
        return
    full = residual_squares([*blocks, *extra], y - y.mean())
    test = f_test(((residual - full) / df1) / (full / (df - df1)), df1, df - df1)
    builder.assume(
        "Equal slopes of the covariates",
        test.p >= 0.05 if math.isfinite(test.p) else None,
        f"F({df1}, {df - df1}) = {test.f:.3f}, p = {test.p:.3g} for covariate by factor interactions.",
    )


def script(parameters: FactorialAnovaParameters, context: ScriptContext) -> str:
    names, covariates = list(parameters.factors), list(parameters.covariates)
    order = min(len(names), ORDERS[parameters.interactions])
    return f"""
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

factors, covariates = {literal(names)}, {literal(covariates)}
table = pd.DataFrame({{f"f{{k}}": data[name].to_numpy() for k, name in enumerate(factors)}})
for k, name in enumerate(covariates):
    table[f"c{{k}}"] = number(name)
table["y"] = number({literal(parameters.outcome)})
table = table.dropna()
for k in range(len(factors)):
    table[f"f{{k}}"] = table[f"f{{k}}"].astype(str)
terms = " + ".join(f"C(f{{k}}, Sum)" for k in range(len(factors)))
formula = "y ~ " + " + ".join([f"c{{k}}" for k in range(len(covariates))] + [f"({{terms}})**{order}"])
anova = anova_lm(smf.ols(formula, table).fit(), typ={parameters.squares})
results = {{}}
for label, row in anova.iterrows():
    if label in ("Intercept", "Residual"):
        continue
    used = [factors[int(part[3:part.index(",")])] if part.startswith("C(") else covariates[int(part[1:])]
            for part in label.split(":")]
    ss, rest = row["sum_sq"], anova.loc["Residual", "sum_sq"]
    results[fact_id("partial_eta_squared", *used)] = ss / (ss + rest)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    outcome = [c for c in chosen if c.measure is Measure.SCALE]
    factors = [c for c in chosen if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(outcome) != 1 or not 2 <= len(factors) <= 4 or len(chosen) != 1 + len(factors):
        return None
    return Suggestion(
        0.65,
        {"outcome": outcome[0].name, "factors": [c.name for c in factors]},
        "Explains a mean by several groupings at once.",
    )


PROCEDURE = Procedure(
    key="factorial_anova",
    title="Factorial ANOVA and ANCOVA",
    question="Which groupings, and which of their combinations, change the mean?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=FactorialAnovaParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("One to four factors; every combination needs rows when interactions are asked for.",),
    supports_weights=False,
    tags=("ANOVA", "ANCOVA", "interaction", "covariate", "marginal means"),
)
