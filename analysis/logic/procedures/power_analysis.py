"""Power, sample size and detectable effect."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, integer_column, number_column
from analysis.logic.parameters import Parameters, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.power import (
    margin_of_error,
    power_anova,
    power_correlation,
    power_shares,
    power_t,
    smallest_n,
)


class PowerParameters(Parameters):
    test: Literal[
        "two_means", "paired_means", "one_mean", "two_shares", "anova", "correlation", "margin_of_error"
    ] = option("two_means", "Test")
    solve_for: Literal["sample_size", "power", "effect"] = option("sample_size", "Solve for")
    effect: float = option(
        0.2,
        "Effect",
        gt=0,
        help="Cohen's d for means, f for ANOVA, r for a correlation, half width for a margin of error.",
    )
    share_1: float = option(0.5, "First share (or expected share)", gt=0, lt=1)
    share_2: float = option(0.55, "Second share", gt=0, lt=1)
    n: int = option(400, "Rows (per group for two groups, in all else)", ge=2, le=100_000_000)
    ratio: float = option(1.0, "Rows of the second group per row of the first", gt=0, le=100)
    groups: int = option(3, "Groups of the ANOVA", ge=2, le=100)
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    power: float = option(0.8, "Power wanted", gt=0.05, lt=1)
    alternative: Literal["two-sided", "one-sided"] = option("two-sided", "Alternative")
    design_effect: float = option(1.0, "Design effect", ge=1, le=50, help="Rows are multiplied by it.")
    population: int | None = option(None, "Population size", ge=2)
    confidence: float = option(0.95, "Confidence level of a margin of error", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.test == "two_shares" and self.share_1 == self.share_2 and self.solve_for != "effect":
            raise ValueError("the two shares must differ")
        if self.test == "correlation" and self.effect >= 1:
            raise ValueError("a correlation must be below 1")
        if self.test == "margin_of_error" and self.solve_for == "power":
            raise ValueError("a margin of error has no power; solve for sample_size or effect")
        if self.test == "margin_of_error" and self.effect >= 0.5 and self.solve_for == "sample_size":
            raise ValueError("the margin of error must be below 0.5")
        return self


def _power_at(parameters: PowerParameters, n: float, effect: float) -> float:
    """Power with n rows as drawn; the design effect shrinks them to effective rows."""
    base, sides = n / parameters.design_effect, parameters.alternative
    if parameters.test == "two_means":
        second = base * parameters.ratio
        return power_t(effect, base, second, parameters.alpha, sides) if base + second > 2 else math.nan
    if parameters.test in ("paired_means", "one_mean"):
        return power_t(effect, base, None, parameters.alpha, sides) if base > 1 else math.nan
    if parameters.test == "two_shares":
        return power_shares(
            parameters.share_1,
            parameters.share_1 + effect,
            base,
            base * parameters.ratio,
            parameters.alpha,
            sides,
        )
    if parameters.test == "anova":
        return (
            power_anova(effect, base, parameters.groups, parameters.alpha)
            if base > parameters.groups
            else math.nan
        )
    return power_correlation(effect, base, parameters.alpha, sides)


def _least(parameters: PowerParameters) -> int:
    least = {"two_means": 2, "anova": parameters.groups + 1, "correlation": 4}.get(parameters.test, 2)
    return math.ceil(least * parameters.design_effect) + 1


def _detectable(power_of: Callable[[float], float], wanted: float, top: float) -> float | None:
    from scipy.optimize import brentq

    if not power_of(top) >= wanted:
        return None
    return float(brentq(lambda e: power_of(e) - wanted, 1e-9, top, xtol=1e-12))


def compute(frame: Frame, parameters: PowerParameters, context: RunContext) -> ProcedureOutput:
    builder = OutputBuilder(context, n=frame.n)
    if parameters.test == "margin_of_error":
        _margin(builder, parameters)
    else:
        _test(builder, parameters, context)
    builder.assume(
        "Effect chosen beforehand",
        None,
        "The effect must be the smallest one that matters; power for an effect seen in the same data says nothing new.",
    )
    if parameters.design_effect > 1:
        builder.notice("design_effect", f"Rows include the design effect of {parameters.design_effect:g}.")
    return builder.build(
        method="Noncentral t and F distributions; normal approximation for shares; Fisher's z for a correlation.",
        missing_values="No rows of the Dataset are used.",
        references=(
            "Cohen (1988), Statistical Power Analysis for the Behavioral Sciences",
            "Fleiss (1981), Statistical Methods for Rates and Proportions",
        ),
    )


def _test(builder: OutputBuilder, parameters: PowerParameters, context: RunContext) -> None:
    shares = parameters.test == "two_shares"
    effect = parameters.share_2 - parameters.share_1 if shares else parameters.effect
    if parameters.solve_for == "effect":
        top = (
            (1 - parameters.share_1) * (1 - 1e-9)
            if shares
            else 1 - 1e-9
            if parameters.test == "correlation"
            else 100.0
        )
        found = _detectable(lambda e: _power_at(parameters, parameters.n, e), parameters.power, top)
        if found is None:
            raise ProcedureError(
                "n_too_small", f"With {parameters.n:,} rows no effect reaches that power.", "/n"
            )
        effect, n = found, parameters.n
    elif parameters.solve_for == "sample_size":
        needed = smallest_n(lambda n: _power_at(parameters, n, effect), parameters.power, _least(parameters))
        if needed is None:
            raise ProcedureError("n_too_large", "More than 100 million rows would be needed.", "/effect")
        n = needed
    else:
        n = parameters.n
    reached = _power_at(parameters, n, effect)
    if not math.isfinite(reached):
        raise ProcedureError("n_too_small", f"{n:,} rows are too few for this test.", "/n")
    two = parameters.test in ("two_means", "two_shares")
    builder.fact(
        "sample_size", "Rows needed" + (" in the first group" if two else ""), n, unit="rows", base_rule=False
    )
    if two:
        second = math.ceil(n * parameters.ratio)
        builder.fact(
            "sample_size_second", "Rows needed in the second group", second, unit="rows", base_rule=False
        )
    builder.fact("power", "Power", reached, unit="share", base_rule=False)
    builder.fact("effect", "Effect", effect, base_rule=False)
    grid = np.unique(np.geomspace(max(_least(parameters), n / 8), n * 4, 60).astype(int))
    points = [
        {"n": int(size), "power": value}
        for size in grid
        if math.isfinite(value := _power_at(parameters, float(size), effect))
    ]
    builder.chart(
        lines(
            "power",
            "Power by number of rows",
            f"Chance to find an effect of {effect:.3g} for growing samples.",
            points,
            x="n",
            y="power",
            x_title="Rows" + (" in the first group" if two else ""),
            y_title="Power",
            points=False,
            zero=True,
        )
    )
    rows: list[list[float | None]] = []
    for wanted in (0.5, 0.7, 0.8, 0.9, 0.95, 0.99):
        context.checkpoint("table", len(rows), 6)
        rows.append(
            [wanted, smallest_n(lambda size: _power_at(parameters, size, effect), wanted, _least(parameters))]
        )
    builder.table(
        "sizes",
        "Rows for other powers",
        [number_column("power", "Power"), integer_column("rows", "Rows")],
        rows,
    )


def _margin(builder: OutputBuilder, parameters: PowerParameters) -> None:
    def half(n: float) -> float:
        return margin_of_error(
            parameters.share_1, n / parameters.design_effect, parameters.confidence, parameters.population
        )

    if parameters.solve_for == "sample_size":
        needed = smallest_n(lambda n: -half(n), -parameters.effect, 1)
        if needed is None:
            raise ProcedureError("n_too_large", "More than 100 million rows would be needed.", "/effect")
        n = needed
    else:
        n = parameters.n
    if parameters.population is not None and n > parameters.population:
        raise ProcedureError("n_too_large", "More rows than the population has.", "/population")
    builder.fact("sample_size", "Rows needed", n, unit="rows", base_rule=False)
    builder.fact("effect", "Margin of error", half(n), unit="share", base_rule=False)
    sizes = [100, 200, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000]
    sizes = [s for s in sizes if parameters.population is None or s <= parameters.population] or [n]
    builder.table(
        "sizes",
        "Margin of error by rows",
        [integer_column("rows", "Rows"), number_column("margin", "Margin of error")],
        [[size, half(size)] for size in sizes],
    )
    builder.chart(
        lines(
            "margin",
            "Margin of error by number of rows",
            "Half width of the interval of a share for growing samples.",
            [{"n": size, "margin": half(size)} for size in sizes],
            x="n",
            y="margin",
            x_title="Rows",
            y_title="Margin of error",
            zero=True,
        )
    )


def script(parameters: PowerParameters, context: ScriptContext) -> str:
    given = literal(
        {
            "test": parameters.test,
            "solve_for": parameters.solve_for,
            "effect": parameters.effect,
            "p1": parameters.share_1,
            "p2": parameters.share_2,
            "n": parameters.n,
            "ratio": parameters.ratio,
            "k": parameters.groups,
            "alpha": parameters.alpha,
            "power": parameters.power,
            "two_sided": parameters.alternative == "two-sided",
            "deff": parameters.design_effect,
            "population": parameters.population,
            "confidence": parameters.confidence,
        }
    )
    return f"""
from scipy import optimize, stats
from statsmodels.stats.power import FTestAnovaPower, TTestIndPower, TTestPower

given = {given}
test, alpha, sides = given["test"], given["alpha"], "two-sided" if given["two_sided"] else "larger"
tail = alpha / 2 if given["two_sided"] else alpha


def power(n, effect):
    n = n / given["deff"]
    if test == "two_means":
        return TTestIndPower().power(effect, n, alpha, given["ratio"], alternative=sides)
    if test in ("paired_means", "one_mean"):
        return TTestPower().power(effect, n, alpha, alternative=sides)
    if test == "anova":
        return FTestAnovaPower().power(effect, n, alpha, k_groups=given["k"])
    z = stats.norm.isf(tail)
    if test == "correlation":
        shift = abs(np.arctanh(effect) + effect / (2 * (n - 1))) * np.sqrt(n - 3)
        return stats.norm.sf(z - shift) + (stats.norm.cdf(-z - shift) if given["two_sided"] else 0)
    m, p1, p2 = n * given["ratio"], given["p1"], given["p1"] + effect
    pooled = (n * p1 + m * p2) / (n + m)
    null, real = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m)), np.sqrt(p1 * (1 - p1) / n + p2 * (1 - p2) / m)
    gap, other = abs(effect), 1.0 if given["two_sided"] else 0.0
    return stats.norm.cdf((gap - z * null) / real) + other * stats.norm.cdf((-gap - z * null) / real)


def half_width(n):
    size = given["population"]
    correction = 1 if size is None else np.sqrt(max(0, (size - n / given["deff"]) / (size - 1)))
    error = np.sqrt(given["p1"] * (1 - given["p1"]) / (n / given["deff"]))
    return stats.norm.ppf(0.5 + given["confidence"] / 2) * error * correction


effect, n = given["p2"] - given["p1"] if test == "two_shares" else given["effect"], given["n"]
if test == "margin_of_error":
    if given["solve_for"] == "sample_size":
        n = 1
        while half_width(n) > effect:
            n = n + max(1, n // 1_000)
        while n > 1 and half_width(n - 1) <= effect:
            n -= 1
    results = {{"sample_size": n, "effect": half_width(n)}}
else:
    if given["solve_for"] == "effect":
        top = (1 - given["p1"]) * 0.999999 if test == "two_shares" else 0.999999 if test == "correlation" else 5.0
        effect = optimize.brentq(lambda e: np.nan_to_num(power(n, e), nan=1.0) - given["power"], 1e-6, top, xtol=1e-12)
    results = {{"effect": effect}}
    if given["solve_for"] == "power":
        results["power"] = power(n, effect)
"""


PROCEDURE = Procedure(
    key="power_analysis",
    title="Power and sample size",
    question="How many interviews are needed?",
    family=ProcedureFamily.SURVEY,
    version=1,
    parameters=PowerParameters,
    compute=compute,
    script=script,
    requirements=("None: the Dataset's rows are not used.",),
    supports_weights=False,
    tags=("sample size", "margin of error", "detectable effect"),
)
