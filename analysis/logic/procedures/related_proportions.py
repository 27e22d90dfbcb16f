"""McNemar's and Cochran's tests: shares answered by the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Category, Frame
from analysis.logic.groups import complete_drill
from analysis.logic.output import (
    OutputBuilder,
    equals,
    fact_id,
    integer_column,
    number_column,
    p_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import BINARY, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.proportions import normal_quantile, wilson_interval


class RelatedProportionsParameters(Parameters):
    items: ColumnNames = columns(
        "Yes/no columns", accepts=BINARY, min_items=2, max_items=30, help="Answered by the same rows."
    )
    yes: str | None = option(
        None, "Value that means yes", help="A stored value; by default the higher of the two."
    )
    correction: Correction = option("holm", "Correction of the pairwise tests")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def _yes_position(categories: Sequence[Category], name: str, index: int, yes: str | None) -> int:
    if len(categories) > 2:
        raise ProcedureError(
            "not_binary",
            f"Column {name!r} has {len(categories)} different values; exactly two are needed.",
            f"/items/{index}",
            {"column": name},
        )
    if yes is None:
        if len(categories) < 2:
            raise ProcedureError(
                "constant_column",
                f"Column {name!r} has a single value; name the value that means yes.",
                "/yes",
                {"column": name},
            )
        return 1
    wanted = fact_id(yes).lower()
    for position, category in enumerate(categories):
        if fact_id(category.value).lower() == wanted:
            return position
    return -1


def compute(frame: Frame, parameters: RelatedProportionsParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.items)
    data = frame.arrays(categorical=names)
    positions = [
        _yes_position(data.categories[name], name, k, parameters.yes) for k, name in enumerate(names)
    ]
    if all(position < 0 for position in positions):
        raise ProcedureError("unknown_value", f"No column has the value {parameters.yes!r}.", "/yes")
    answers = np.column_stack(
        [data.codes[name] == position for name, position in zip(names, positions, strict=True)]
    )
    builder = OutputBuilder(context, n=data.n)
    titles = [frame.column(name).title for name in names]
    rows, drills, points = [], [], []
    for k, name in enumerate(names):
        share = float(answers[:, k].mean())
        low, high = wilson_interval(share, data.n, parameters.confidence)
        builder.fact(
            fact_id("share", name),
            f"Share saying yes to {titles[k]}",
            share,
            unit="share",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[name],
        )
        rows.append([titles[k], int(answers[:, k].sum()), share, low, high])
        position = positions[k]
        drills.append(
            complete_drill(
                [other for other in names if other != name],
                equals(name, data.categories[name][position].value),
            )
            if position >= 0
            else None
        )
        points.append({"item": titles[k], "share": share, "low": low, "high": high})
    builder.table(
        "shares",
        "Shares saying yes",
        [
            text_column("item", "Item"),
            integer_column("n", "Rows saying yes"),
            percent_column("share", "Share"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
        ],
        rows,
        row_drills=drills,
        notes=[f"Of the {data.n:,} rows that answered every item."],
    )
    if len(names) > 2:
        _cochran(builder, answers, names)
    _pairs(builder, answers, names, titles, parameters)
    builder.chart(
        bars(
            "shares",
            "Shares saying yes",
            "Share of rows saying yes to each item, with intervals.",
            points,
            category="item",
            value="share",
            category_title="Item",
            value_title="Share",
            value_format=".0%",
            low="low",
            high="high",
        )
    )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows without all items are left out.", names)
    builder.notices(frame.notices)
    return builder.build(
        method="McNemar's exact (binomial) test of each pair; Cochran's Q over three or more items; interval of the "
        "difference of related shares by Agresti & Min's adjusted Wald method.",
        missing_values="Rows that lack any of the items are left out.",
        references=(
            "McNemar (1947), Psychometrika 12, 153-157",
            "Cochran (1950), Biometrika 37, 256-266",
            "Agresti & Min (2005), Statistics in Medicine 24, 729-740",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction] if len(names) > 2 else "",
    )


def _cochran(builder: OutputBuilder, answers: np.ndarray, names: Sequence[str]) -> None:
    from scipy.special import chdtrc

    k = answers.shape[1]
    columns_total, rows_total = answers.sum(axis=0).astype(float), answers.sum(axis=1).astype(float)
    total = columns_total.sum()
    denominator = k * total - float((rows_total**2).sum())
    if denominator <= 0:
        builder.notice(
            "cochran_undefined", "Every row gives the same answer to all items; Cochran's Q is not defined."
        )
        return
    q = (k - 1) * (k * float((columns_total**2).sum()) - total**2) / denominator
    mixed = int(((rows_total > 0) & (rows_total < k)).sum())
    builder.fact(
        "cochran_q",
        "Cochran's Q over all items",
        q,
        statistic=q,
        df=(k - 1,),
        p=float(chdtrc(k - 1, q)),
        test="Cochran's Q",
        columns=names,
    )
    builder.fact(
        "serlin_eta_squared",
        "Effect size of the differences between items (Serlin's eta squared)",
        q / (answers.shape[0] * (k - 1)),
        unit="share",
        columns=names,
    )
    builder.assume(
        "Enough mixed rows",
        mixed * k >= 24,
        f"Q wants rows that differ between items times items >= 24; here {mixed * k}.",
    )


def _pairs(
    builder: OutputBuilder,
    answers: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    parameters: RelatedProportionsParameters,
) -> None:
    from scipy.stats import binom

    n = answers.shape[0]
    found = []
    for i, j in combinations(range(len(names)), 2):
        b = int((answers[:, i] & ~answers[:, j]).sum())
        c = int((~answers[:, i] & answers[:, j]).sum())
        p = min(1.0, 2 * float(binom.cdf(min(b, c), b + c, 0.5))) if b + c else 1.0
        found.append((i, j, b, c, p))
    adjusted = adjust_p_values([item[4] for item in found], parameters.correction)
    z = normal_quantile(parameters.confidence)
    rows = []
    for (i, j, b, c, p), p_adjusted in zip(found, adjusted, strict=True):
        difference = (b - c) / n
        centre, size = (b - c) / (n + 2), n + 2
        half = z / size * math.sqrt(b + c + 1 - (b - c) ** 2 / size)
        low, high = max(-1.0, centre - half), min(1.0, centre + half)
        builder.fact(
            fact_id("share_difference", names[i], names[j]),
            f"Difference of shares: {titles[i]} less {titles[j]}",
            difference,
            unit="share",
            interval=(min(low, difference), max(high, difference)),
            interval_level=parameters.confidence,
            interval_method="Agresti-Min",
            statistic=b,
            p=p,
            adjusted_p=p_adjusted if len(found) > 1 else None,
            test="McNemar's exact test",
            columns=[names[i], names[j]],
        )
        rows.append(
            [titles[i], titles[j], b, c, difference, low, high, p, p_adjusted, b / c if b and c else None]
        )
    builder.table(
        "pairs",
        "Pairs of items (McNemar)",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            integer_column("only_first", "Yes to the first only"),
            integer_column("only_second", "Yes to the second only"),
            percent_column("difference", "Difference of shares"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("odds", "Matched odds ratio"),
        ],
        rows,
    )


def script(parameters: RelatedProportionsParameters, context: ScriptContext) -> str:
    yes = None if parameters.yes is None else fact_id(parameters.yes).lower()
    return f"""
from statsmodels.stats.contingency_tables import cochrans_q

names, yes = {literal(list(parameters.items))}, {literal(yes)}
order = {_order(parameters, context)}
complete = data[names].dropna()
answers = {{}}
for name in names:
    values = sorted(complete[name].unique(), key=lambda v: (order[name].get(fact_id(v), len(order[name])), v))
    wanted = values[-1] if yes is None else next((v for v in values if fact_id(v).lower() == yes), None)
    answers[name] = (complete[name] == wanted).to_numpy(dtype=bool)
results = {{fact_id("share", name): column.mean() for name, column in answers.items()}}
for i, a in enumerate(names):
    for b in names[i + 1:]:
        results[fact_id("share_difference", a, b)] = answers[a].mean() - answers[b].mean()
if len(names) > 2:
    results["cochran_q"] = cochrans_q(np.column_stack(list(answers.values())).astype(float)).statistic
"""


def _order(parameters: RelatedProportionsParameters, context: ScriptContext) -> str:
    return literal(
        {
            name: {fact_id(value): i for i, (value, _) in enumerate(context.column(name).value_labels)}
            for name in parameters.items
        }
    )


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 2 or any(c.measure is not Measure.BINARY for c in chosen):
        return None
    return Suggestion(0.6, {"items": [c.name for c in chosen]}, "Compares shares answered by the same rows.")


PROCEDURE = Procedure(
    key="related_proportions",
    title="McNemar and Cochran Q tests",
    question="Do the same people say yes to one thing more often than to another?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=RelatedProportionsParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two columns with two values each.",),
    supports_weights=False,
    tags=("McNemar", "Cochran", "proportions", "paired"),
)
