"""Net promoter score with interval, by group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Scalar, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, all_missing
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill, group_drill
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    p_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, RATING, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.experience import NetScore, difference_of_nets, net_promoter

MAX_GROUPS = 60


class NetPromoterParameters(Parameters):
    rating: ColumnName = column("Likelihood to recommend (0-10)", accepts=RATING)
    groups: ColumnName | None = column("Groups", accepts=CATEGORICAL, default=None)
    correction: Correction = option("holm", "Correction of the comparisons of groups")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: NetPromoterParameters, context: RunContext) -> ProcedureOutput:
    grouping = [] if parameters.groups is None else [parameters.groups]
    data = frame.arrays(numeric=[parameters.rating], categorical=grouping, limit=MAX_GROUPS)
    x, weights = data.column(parameters.rating), data.weights
    wrong = (x < 0) | (x > 10) | (x != np.round(x))
    if wrong.any():
        raise ProcedureError(
            "rating_out_of_range",
            f"{int(wrong.sum()):,} values of {parameters.rating!r} are not whole numbers from 0 to 10 "
            f"(row {int(data.rows[wrong][0])}: {float(x[wrong][0]):g}). Declare codes such as 99 as missing.",
            "/rating",
            {"count": int(wrong.sum())},
        )
    if not x.size:
        raise all_missing(parameters.rating)
    builder = OutputBuilder(context, n=data.n, weighted_n=weights.sum())
    title = frame.column(parameters.rating).title
    parts: list[tuple[str, Scalar, np.ndarray]] = [("All", None, np.ones(x.size, dtype=bool))]
    if parameters.groups is not None:
        codes = data.codes[parameters.groups]
        parts += [
            (c.label, c.value, codes == g)
            for g, c in enumerate(data.categories[parameters.groups])
            if (codes == g).any()
        ]
    rows, drills, points = [], [], []
    scores: list[NetScore] = []
    for label, value, inside in parts:
        w = weights[inside]
        effective = float(w.sum() ** 2 / (w * w).sum())
        score = net_promoter(x[inside], w, effective)
        scores.append(score)
        low, high = score.interval(parameters.confidence)
        at = [] if label == "All" and value is None else [value]
        n = int(inside.sum())
        used = [parameters.rating, *grouping]
        builder.fact(
            fact_id("nps", parameters.rating, *at),
            f"Net promoter score of {label}" if at else "Net promoter score",
            100 * score.net,
            unit="points",
            n=n,
            weighted_n=w.sum(),
            interval=(100 * low, 100 * high),
            interval_level=parameters.confidence,
            interval_method="Normal on Fisher's z scale",
            columns=used,
        )
        for key, name, share in (
            ("promoters", "promoters (9-10)", score.promoters),
            ("passives", "passives (7-8)", score.passives),
            ("detractors", "detractors (0-6)", score.detractors),
        ):
            builder.fact(
                fact_id(key, parameters.rating, *at),
                f"Share of {name} in {label}",
                share,
                unit="share",
                n=n,
                weighted_n=w.sum(),
                columns=used,
            )
            points.append({"group": label, "part": name, "share": share})
        rows.append(
            [
                label,
                n,
                score.promoters,
                score.passives,
                score.detractors,
                100 * score.net,
                100 * low,
                100 * high,
            ]
        )
        drills.append(
            group_drill(parameters.groups, value, parameters.rating)
            if at and parameters.groups
            else complete_drill([parameters.rating, *grouping])
        )
    builder.table(
        "nps",
        f"Net promoter score of {title}",
        [
            text_column("group", "Group"),
            integer_column("n", "Rows"),
            percent_column("promoters", "Promoters"),
            percent_column("passives", "Passives"),
            percent_column("detractors", "Detractors"),
            number_column("nps", "NPS"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
        row_drills=drills,
    )
    if len(parts) > 2:
        _compare(builder, parts[1:], scores[1:], parameters)
    builder.chart(
        bars(
            "composition",
            f"Promoters, passives and detractors of {title}",
            "Shares of promoters, passives and detractors, whole sample and groups.",
            points,
            category="group",
            value="share",
            category_title="Group",
            value_title="Share",
            colour="part",
            colour_title="Answer",
            stack="normalize",
            value_format=".0%",
        )
    )
    if data.dropped:
        builder.notice(
            "missing", f"{data.dropped:,} rows without rating or group are left out.", [parameters.rating]
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Share of 9-10 less share of 0-6, in points; variance of a +1/0/-1 score, limits on Fisher's z scale.",
        missing_values="Rows without the rating (or the group, when given) are left out.",
        weights="Shares are weighted; standard errors use Kish's effective base.",
        references=(
            "Reichheld (2003), Harvard Business Review 81(12), 46-54",
            "Rocks (2016), Amer. Statistician 70, 365-372",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction] if len(parts) > 2 else "",
    )


def _compare(
    builder: OutputBuilder,
    parts: Sequence[tuple[str, Scalar, np.ndarray]],
    scores: Sequence[NetScore],
    parameters: NetPromoterParameters,
) -> None:
    pairs = [(i, j) for i in range(len(parts)) for j in range(i + 1, len(parts))][:500]
    found = [difference_of_nets(scores[i], scores[j], parameters.confidence) for i, j in pairs]
    adjusted = adjust_p_values([item[4] for item in found], parameters.correction)
    rows = []
    for (i, j), (gap, low, high, z, p), p_adjusted in zip(pairs, found, adjusted, strict=True):
        builder.fact(
            fact_id("nps_difference", parameters.rating, parts[i][1], parts[j][1]),
            f"Difference of NPS: {parts[i][0]} less {parts[j][0]}",
            100 * gap,
            unit="points",
            n=int(min(parts[i][2].sum(), parts[j][2].sum())),
            interval=(100 * low, 100 * high),
            interval_level=parameters.confidence,
            interval_method="Normal",
            statistic=z,
            p=p,
            adjusted_p=p_adjusted,
            test="z test of two net scores",
            columns=[parameters.rating],
        )
        rows.append([parts[i][0], parts[j][0], 100 * gap, 100 * low, 100 * high, p, p_adjusted])
    builder.table(
        "differences",
        "Differences between groups",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            number_column("difference", "Difference"),
            number_column("low", "Low"),
            number_column("high", "High"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
        ],
        rows,
    )


def script(parameters: NetPromoterParameters, context: ScriptContext) -> str:
    return f"""
rating, groups = {literal(parameters.rating)}, {literal(parameters.groups)}
table = pd.DataFrame({{"x": number(rating), "w": weights}})
table["g"] = 0 if groups is None else data[groups].to_numpy()
table = table.dropna()
results = {{}}
parts = [((), table)] + ([] if groups is None else [((level,), part) for level, part in table.groupby("g")])
for level, part in parts:
    promoters = part.loc[part["x"] >= 9, "w"].sum() / part["w"].sum()
    detractors = part.loc[part["x"] <= 6, "w"].sum() / part["w"].sum()
    results[fact_id("nps", rating, *level)] = 100 * (promoters - detractors)
    results[fact_id("promoters", rating, *level)] = promoters
    results[fact_id("detractors", rating, *level)] = detractors
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if not 1 <= len(chosen) <= 2 or chosen[0].measure not in (Measure.ORDINAL, Measure.SCALE):
        return None
    words = f"{chosen[0].name} {chosen[0].label}".lower()
    if not any(word in words for word in ("nps", "recommend", "promoter")):
        return None
    groups = {"groups": chosen[1].name} if len(chosen) == 2 and chosen[1].measure in CATEGORICAL else {}
    return Suggestion(0.95, {"rating": chosen[0].name, **groups}, "The name says likelihood to recommend.")


PROCEDURE = Procedure(
    key="net_promoter_score",
    title="Net promoter score",
    question="How many more promoters than detractors are there, and where?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=NetPromoterParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A rating in whole numbers from 0 to 10.",),
    tags=("NPS", "loyalty", "recommend"),
)
