"""Gabor-Granger: demand and revenue over tested prices."""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import Measure, ProcedureFamily, ProcedureOutput
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
)
from analysis.logic.parameters import ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.price import isotonic_falling
from analysis.logic.stats.proportions import wilson_interval
from analysis.logic.stats.rank_tests import bootstrap_interval

INTENT_MEASURES = (Measure.BINARY, Measure.ORDINAL, Measure.SCALE)


class GaborGrangerParameters(Parameters):
    intents: ColumnNames = columns(
        "Purchase intent, one column per price", accepts=INTENT_MEASURES, min_items=2, max_items=30
    )
    prices: tuple[float, ...] = option(
        ..., "Prices", help="In the order of the columns.", min_length=2, max_length=30
    )
    threshold: float = option(1.0, "Would buy from", help="Answers of at least this count as would buy.")
    unit_cost: float = option(0.0, "Cost per unit", help="For the price of highest profit.", ge=0)
    replicates: int = option(500, "Bootstrap replicates", ge=100, le=5_000)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _prices(self) -> Self:
        if len(self.prices) != len(self.intents):
            raise ValueError("prices must hold one price per intent column")
        if len(set(self.prices)) != len(self.prices) or min(self.prices) < 0:
            raise ValueError("prices must be different and not negative")
        return self


def compute(frame: Frame, parameters: GaborGrangerParameters, context: RunContext) -> ProcedureOutput:
    order = np.argsort(parameters.prices)
    prices = np.array(parameters.prices)[order]
    names = [parameters.intents[i] for i in order]
    data = frame.arrays(numeric=names, complete=False)
    answered = ~np.isnan(data.x)
    buys = np.where(answered, data.x >= parameters.threshold, False)
    if not buys.any():
        raise ProcedureError(
            "nobody_buys", f"No answer reaches {parameters.threshold:g} at any price.", "/threshold"
        )
    rows_with_any = answered.any(axis=1)
    weights = data.weights
    builder = OutputBuilder(context, n=int(rows_with_any.sum()), weighted_n=weights[rows_with_any].sum())

    def demand_of(chosen: np.ndarray, seen: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        base = w @ seen
        raw = np.divide(w @ chosen, base, out=np.full(base.size, np.nan), where=base > 0)
        return raw, isotonic_falling(np.nan_to_num(raw), np.maximum(base, 1e-12))

    raw, smooth = demand_of(buys, answered, weights)
    margin = prices - parameters.unit_cost
    best_revenue, best_profit = int(np.argmax(prices * smooth)), int(np.argmax(margin * smooth))
    generator = context.generator()
    draws: tuple[list[float], list[float]] = ([], [])
    at = np.flatnonzero(rows_with_any)
    for done in range(parameters.replicates):
        if done % 50 == 0:
            context.checkpoint("bootstrap", done, parameters.replicates)
        picked = at[generator.integers(0, at.size, at.size)]
        _, curve = demand_of(buys[picked], answered[picked], weights[picked])
        draws[0].append(float(prices[np.argmax(prices * curve)]))
        draws[1].append(float(prices[np.argmax(margin * curve)]))
    for key, label, best, drawn in (
        ("revenue_price", "Price of highest revenue", best_revenue, draws[0]),
        ("profit_price", "Price of highest profit", best_profit, draws[1]),
    ):
        if key == "profit_price" and parameters.unit_cost == 0:
            continue
        low, high = bootstrap_interval(drawn, parameters.confidence)
        builder.fact(
            key,
            label,
            prices[best],
            unit="price",
            interval=(min(low, prices[best]), max(high, prices[best])),
            interval_level=parameters.confidence,
            interval_method=f"Percentile bootstrap over the tested prices, {parameters.replicates} replicates",
            columns=names,
        )
    rows, drills, points = [], [], []
    for k, name in enumerate(names):
        w = weights[answered[:, k]]
        n = int(answered[:, k].sum())
        effective = float(w.sum() ** 2 / (w * w).sum()) if n else 0.0
        low, high = wilson_interval(float(raw[k]), effective, parameters.confidence)
        builder.fact(
            fact_id("demand", name),
            f"Share who would buy at {prices[k]:g}",
            raw[k],
            unit="share",
            n=n,
            weighted_n=w.sum(),
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[name],
        )
        elasticity = None
        if k and smooth[k] > 0 and smooth[k - 1] > 0 and prices[k - 1] > 0:
            elasticity = float(np.log(smooth[k] / smooth[k - 1]) / np.log(prices[k] / prices[k - 1]))
        rows.append(
            [
                prices[k],
                n,
                raw[k],
                low,
                high,
                smooth[k],
                100 * prices[k] * smooth[k],
                100 * margin[k] * smooth[k],
                elasticity,
            ]
        )
        drills.append({"column": name, "op": "not_missing"})
        points.append(
            {"price": prices[k], "demand": raw[k], "low": low, "high": high, "revenue": prices[k] * smooth[k]}
        )
    builder.table(
        "demand",
        "Demand and revenue by price",
        [
            number_column("price", "Price"),
            integer_column("n", "Rows asked"),
            percent_column("demand", "Would buy"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
            percent_column("smooth", "Would buy, never rising"),
            number_column("revenue", "Revenue per 100 people"),
            number_column("profit", "Profit per 100 people"),
            number_column("elasticity", "Elasticity from the price before"),
        ],
        rows,
        row_drills=drills,
    )
    builder.chart(
        lines(
            "demand",
            "Demand by price",
            "Share who would buy at each tested price, with intervals.",
            points,
            x="price",
            y="demand",
            x_title="Price",
            y_title="Would buy",
            low="low",
            high="high",
            zero=True,
        )
    )
    builder.chart(
        lines(
            "revenue",
            "Revenue per person by price",
            "Price times the share who would buy at it.",
            points,
            x="price",
            y="revenue",
            x_title="Price",
            y_title="Revenue per person",
            zero=True,
        )
    )
    rising = np.flatnonzero(np.diff(raw) > 1e-12)
    builder.assume(
        "Demand falls with price",
        rising.size == 0,
        "It does."
        if not rising.size
        else f"It rises {rising.size} times; the closest never-rising curve is used for revenue.",
    )
    if best_revenue in (0, prices.size - 1):
        builder.notice(
            "edge_price",
            "Revenue is highest at the end of the tested prices; the best price may lie beyond.",
            names,
        )
    gone = int((~rows_with_any).sum())
    if gone:
        builder.notice("missing", f"{gone:,} rows answer at no price and are left out.", names)
    builder.notices(frame.notices)
    return builder.build(
        method="Share who would buy at each price; revenue and profit on the closest never-rising demand curve "
        "(isotonic regression).",
        missing_values="Each price uses the rows that answered it.",
        weights="Shares are weighted; intervals use Kish's effective base; the bootstrap keeps each row's weight.",
        references=("Gabor & Granger (1966), Economica 33, 43-70",),
        seed=context.seed,
    )


def script(parameters: GaborGrangerParameters, context: ScriptContext) -> str:
    return f"""
from sklearn.isotonic import IsotonicRegression

names, prices = {literal(list(parameters.intents))}, np.array({literal(list(parameters.prices))})
results, shares, bases = {{}}, [], []
for name in names:
    x = number(name)
    seen = ~np.isnan(x)
    shares.append(np.average(x[seen] >= {literal(parameters.threshold)}, weights=weights[seen]))
    bases.append(weights[seen].sum())
    results[fact_id("demand", name)] = shares[-1]
order = np.argsort(prices)
shares, bases = np.array(shares)[order], np.array(bases)[order]
curve = IsotonicRegression(increasing=False).fit(prices[order], shares, sample_weight=bases).predict(prices[order])
results["revenue_price"] = prices[order][np.argmax(np.round(prices[order] * curve, 12))]
"""


PROCEDURE = Procedure(
    key="gabor_granger",
    title="Gabor-Granger pricing",
    question="At which price is revenue highest?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=GaborGrangerParameters,
    compute=compute,
    script=script,
    requirements=("One purchase-intent column per tested price.",),
    randomised=True,
    tags=("price", "demand", "elasticity"),
)
