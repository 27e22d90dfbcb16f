"""Wilcoxon signed-rank test of two related measurements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder, fact_id, integer_column, percent_column, text_column
from analysis.logic.parameters import NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.rank_tests import signed_rank, walsh_median


class SignedRankParameters(Parameters):
    first: ColumnName = column("First measurement", accepts=NUMERIC)
    second: ColumnName = column("Second measurement", accepts=NUMERIC)
    alternative: Literal["two-sided", "greater", "less"] = option("two-sided", "Alternative")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: SignedRankParameters, context: RunContext) -> ProcedureOutput:
    names = [parameters.first, parameters.second]
    if names[0] == names[1]:
        raise ProcedureError("duplicate_column", "The two measurements must be different columns.", "/second")
    data = frame.arrays(numeric=names)
    gaps = data.x[:, 0] - data.x[:, 1]
    used = int((gaps != 0).sum())
    if not used:
        raise ProcedureError(
            "constant_difference", f"{names[0]!r} and {names[1]!r} are equal in every row.", "/second"
        )
    if used < 2:
        raise too_few_rows(used, 2, "a signed-rank test (rows with equal values do not count)")
    builder = OutputBuilder(context, n=data.n)
    test, r = signed_rank(gaps, parameters.alternative)
    titles = [frame.column(name).title for name in names]
    half = _fisher_half_width(used, parameters.confidence)
    bounds = (
        (math.tanh(math.atanh(r) - half), math.tanh(math.atanh(r) + half))
        if abs(r) < 1 and math.isfinite(half)
        else None
    )
    builder.fact(
        fact_id("rank_biserial", *names),
        f"Matched-pairs rank-biserial correlation: {titles[0]} against {titles[1]}",
        r,
        interval=bounds,
        interval_level=parameters.confidence,
        interval_method="Fisher z with the null variance of the signed ranks",
        statistic=test.statistic,
        p=test.p,
        test=f"Wilcoxon signed-rank, {'exact' if test.exact else 'normal approximation'} ({parameters.alternative})",
        columns=names,
    )
    shift = walsh_median(gaps, parameters.confidence)
    if math.isfinite(shift[0]):
        builder.fact(
            fact_id("location_shift", *names),
            f"Median difference {titles[0]} less {titles[1]} (Hodges-Lehmann)",
            shift[0],
            interval=shift[1:],
            interval_level=parameters.confidence,
            interval_method="Walsh averages, normal quantile",
            columns=names,
        )
    counts = [int((gaps > 0).sum()), int((gaps < 0).sum()), int((gaps == 0).sum())]
    labels = [f"{titles[0]} higher", f"{titles[1]} higher", "Equal"]
    for key, label, count in zip(("higher", "lower", "equal"), labels, counts, strict=True):
        builder.fact(
            fact_id(key, *names), f"Share of rows: {label}", count / data.n, unit="share", columns=names
        )
    builder.table(
        "directions",
        f"{titles[0]} against {titles[1]}",
        [
            text_column("direction", "Direction"),
            integer_column("rows", "Rows"),
            percent_column("share", "Share"),
        ],
        [[label, count, count / data.n] for label, count in zip(labels, counts, strict=True)],
    )
    builder.chart(
        bars(
            "directions",
            f"{titles[0]} against {titles[1]}",
            "Share of rows in which the first, the second or neither measurement is higher.",
            [
                {"direction": label, "share": count / data.n}
                for label, count in zip(labels, counts, strict=True)
            ],
            category="direction",
            value="share",
            category_title="Direction",
            value_title="Share of rows",
            value_format=".0%",
        )
    )
    from scipy.stats import skew

    lean = float(skew(gaps)) if np.ptp(gaps) > 0 else 0.0
    builder.assume(
        "Symmetric differences",
        abs(lean) < 1,
        f"Skewness of the differences is {lean:.2f}; strong skew favours a sign test.",
    )
    if counts[2]:
        builder.notice("zeros", f"{counts[2]:,} rows with equal values are left out of the test.", names)
    if data.dropped:
        builder.notice(
            "missing", f"{data.dropped:,} rows lack one of the two measurements and are left out.", names
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Wilcoxon signed-rank test, zero differences left out; exact up to 50 rows without ties, otherwise "
        "normal with tie and continuity correction.",
        missing_values="Rows that lack either measurement are left out.",
        references=(
            "Wilcoxon (1945), Biometrics Bulletin 1, 80-83",
            "Kerby (2014), Comprehensive Psychology 3, 1",
        ),
    )


def _fisher_half_width(n: int, confidence: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(0.5 + confidence / 2)) * math.sqrt((2 * n + 1) * 2 / (3 * n * (n + 1)))


def script(parameters: SignedRankParameters, context: ScriptContext) -> str:
    return f"""
from scipy.stats import rankdata

first, second = {literal(parameters.first)}, {literal(parameters.second)}
gaps = number(first) - number(second)
gaps = gaps[~np.isnan(gaps)]
used = gaps[gaps != 0]
ranks = rankdata(np.abs(used))
results = {{
    fact_id("rank_biserial", first, second): (ranks[used > 0].sum() - ranks[used < 0].sum()) / ranks.sum(),
    fact_id("higher", first, second): (gaps > 0).mean(),
    fact_id("lower", first, second): (gaps < 0).mean(),
    fact_id("equal", first, second): (gaps == 0).mean(),
}}
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 2 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    both = all(c.measure is Measure.ORDINAL for c in chosen)
    return Suggestion(
        0.45 if both else 0.3,
        {"first": chosen[0].name, "second": chosen[1].name},
        "Compares two ratings of the same rows by ranks.",
    )


PROCEDURE = Procedure(
    key="wilcoxon_signed_rank",
    title="Wilcoxon signed-rank test",
    question="Do the same people rate one thing higher than another?",
    family=ProcedureFamily.COMPARE,
    version=1,
    parameters=SignedRankParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("Two columns on the same scale.",),
    supports_weights=False,
    tags=("rank", "paired", "nonparametric"),
)
