"""Van Westendorp's price sensitivity meter with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, ProcedureFamily, ProcedureOutput, Suggestion
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
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.price import price_points, sensitivity_curves
from analysis.logic.stats.rank_tests import bootstrap_interval

POINT_NAMES = {
    "optimal_price": "Optimal price point",
    "indifference_price": "Indifference price point",
    "marginal_cheapness": "Point of marginal cheapness",
    "marginal_expensiveness": "Point of marginal expensiveness",
}


class VanWestendorpParameters(Parameters):
    too_cheap: ColumnName = column("Too cheap", accepts=NUMERIC)
    cheap: ColumnName = column("Cheap (a bargain)", accepts=NUMERIC)
    expensive: ColumnName = column("Expensive", accepts=NUMERIC)
    too_expensive: ColumnName = column("Too expensive", accepts=NUMERIC)
    replicates: int = option(500, "Bootstrap replicates", ge=100, le=5_000)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def _columns(parameters: VanWestendorpParameters) -> list[str]:
    return [parameters.too_cheap, parameters.cheap, parameters.expensive, parameters.too_expensive]


def compute(frame: Frame, parameters: VanWestendorpParameters, context: RunContext) -> ProcedureOutput:
    names = _columns(parameters)
    if len(set(names)) < 4:
        raise ProcedureError("duplicate_column", "The four prices must be four different columns.", "/cheap")
    data = frame.arrays(numeric=names)
    if (data.x < 0).any():
        row = int(data.rows[(data.x < 0).any(axis=1)][0])
        raise ProcedureError(
            "negative_price", f"Prices must not be negative (row {row}).", "/too_cheap", {"row": row}
        )
    ordered = (np.diff(data.x, axis=1) >= 0).all(axis=1)
    if not ordered.any():
        raise ProcedureError(
            "prices_out_of_order",
            "No row states its prices in the order too cheap <= cheap <= expensive <= too expensive.",
            "/too_cheap",
        )
    x, weights = data.x[ordered], data.weights[ordered]
    builder = OutputBuilder(context, n=x.shape[0], weighted_n=weights.sum())
    if np.ptp(x) == 0:
        raise ProcedureError("constant_column", "All stated prices are equal.", "/too_cheap")
    curves = sensitivity_curves(x, weights)
    points = price_points(curves)
    generator = context.generator()
    draws: dict[str, list[float]] = {key: [] for key in points}
    for done in range(parameters.replicates):
        if done % 25 == 0:
            context.checkpoint("bootstrap", done, parameters.replicates)
        picked = generator.integers(0, x.shape[0], x.shape[0])
        for key, value in price_points(sensitivity_curves(x[picked], weights[picked])).items():
            draws[key].append(value)
    rows = []
    for key, value in points.items():
        low, high = bootstrap_interval(draws[key], parameters.confidence)
        low, high = min(low, value), max(high, value)
        builder.fact(
            fact_id(key),
            POINT_NAMES[key],
            value,
            unit="price",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method=f"Percentile bootstrap, {parameters.replicates} replicates",
            columns=names,
        )
        rows.append([POINT_NAMES[key], value, low, high])
    builder.table(
        "price_points",
        "Price points",
        [
            text_column("point", "Point"),
            number_column("price", "Price"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
        notes=["The acceptable range runs from marginal cheapness to marginal expensiveness."],
    )
    builder.table(
        "stated",
        "Stated prices",
        [
            text_column("question", "Question"),
            integer_column("rows", "Rows"),
            number_column("mean", "Mean"),
            number_column("median", "Median"),
        ],
        [
            [frame.column(name).title, x.shape[0], np.average(x[:, k], weights=weights), np.median(x[:, k])]
            for k, name in enumerate(names)
        ],
    )
    shown = np.unique(np.linspace(0, curves.prices.size - 1, 200).round().astype(int))
    series = [
        ("Too cheap", curves.too_cheap),
        ("Not cheap", curves.not_cheap),
        ("Not expensive", curves.not_expensive),
        ("Too expensive", curves.too_expensive),
    ]
    builder.table(
        "curves",
        "Curves",
        [
            number_column("price", "Price"),
            *[percent_column(f"s{k}", label) for k, (label, _) in enumerate(series)],
        ],
        [[curves.prices[i], *[values[i] for _, values in series]] for i in shown],
    )
    builder.chart(
        lines(
            "curves",
            "Price sensitivity meter",
            "Share finding each price too cheap, not cheap, not expensive and too expensive.",
            [
                {"price": curves.prices[i], "share": values[i], "curve": label}
                for label, values in series
                for i in shown
            ],
            x="price",
            y="share",
            x_title="Price",
            y_title="Share",
            colour="curve",
            colour_title="Curve",
            points=False,
            zero=True,
        )
    )
    disordered = int((~ordered).sum())
    builder.assume(
        "Prices in order",
        disordered <= 0.1 * data.n,
        f"{disordered:,} of {data.n:,} rows state the prices out of order and are left out.",
    )
    builder.assume(
        "Stated prices are willingness to pay",
        None,
        "The meter shows how prices are perceived; it does not measure demand or competition.",
    )
    if data.dropped:
        builder.notice(
            "missing", f"{data.dropped:,} rows lack one of the four prices and are left out.", names
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Cumulative curves over all stated prices; crossings by linear interpolation. Optimal: too cheap x too "
        "expensive; indifference: cheap x expensive; range: too cheap x not cheap to not expensive x too expensive.",
        missing_values="Rows without all four prices, or with prices out of order, are left out.",
        weights="Curves are weighted; the bootstrap draws rows with their weights.",
        references=("Van Westendorp (1976), Proc. 29th ESOMAR Congress, 139-167",),
        seed=context.seed,
    )


def script(parameters: VanWestendorpParameters, context: ScriptContext) -> str:
    return f"""
x = np.column_stack([number(name) for name in {literal(_columns(parameters))}])
good = ~np.isnan(x).any(axis=1) & (np.diff(x, axis=1) >= 0).all(axis=1)
x, w = x[good], weights[good]
grid = np.unique(x)
share = lambda hit: (hit * w[:, None]).sum(axis=0) / w.sum()
too_cheap, cheap = share(x[:, [0]] >= grid), share(x[:, [1]] >= grid)
expensive, too_expensive = share(x[:, [2]] <= grid), share(x[:, [3]] <= grid)


def crossing(falling, rising):
    gap = np.round(rising - falling, 14)
    first = np.flatnonzero(gap >= 0)
    if not len(first):
        return None
    i = first[0]
    if gap[i] == 0:
        last = i
        while last + 1 < len(gap) and gap[last + 1] == 0:
            last += 1
        return (grid[i] + grid[last]) / 2
    return grid[0] if i == 0 else np.interp(0, gap[i - 1:i + 1], grid[i - 1:i + 1])


results = {{
    "optimal_price": crossing(too_cheap, too_expensive),
    "indifference_price": crossing(cheap, expensive),
    "marginal_cheapness": crossing(too_cheap, 1 - cheap),
    "marginal_expensiveness": crossing(1 - expensive, too_expensive),
}}
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 4 or any(c.measure not in NUMERIC for c in chosen):
        return None
    keys: dict[str, str] = {}
    for c in chosen:
        words = f"{c.name} {c.label}".lower().replace("_", " ")
        too = "too" in words
        side = (
            "expensive" if "expens" in words else "cheap" if ("cheap" in words or "bargain" in words) else ""
        )
        if side:
            keys[f"too_{side}" if too else side] = c.name
    if len(keys) != 4:
        return None
    return Suggestion(0.95, keys, "Four price questions were chosen.")


PROCEDURE = Procedure(
    key="van_westendorp",
    title="Van Westendorp price sensitivity meter",
    question="Which price range do people find acceptable?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=VanWestendorpParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Four stated prices per row.",),
    randomised=True,
    tags=("price", "PSM", "sensitivity"),
)
