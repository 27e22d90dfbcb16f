"""Tracking: wave-to-wave changes of means and shares with tests, and the trend over all waves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import lines
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import group_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import (
    ANY,
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
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.location import TTest, t_test, welch
from analysis.logic.stats.moments import Moments, group_moments

MAX_WAVES = 200


class WaveTrendsParameters(Parameters):
    outcomes: ColumnNames = columns(
        "Outcomes", accepts=NUMERIC, max_items=40, help="A yes/no column (0/1) gives a share per wave."
    )
    wave: ColumnName = column(
        "Wave", accepts=ANY, help="In the order of its labels, or by value (dates, numbers)."
    )
    compare_with: Literal["previous", "first"] = option("previous", "Compare each wave with")
    correction: Correction = option("holm", "Correction over waves")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def _difference(m: Moments, a: int, b: int) -> TTest | None:
    n, mean, error = m.n[[a, b], 0], m.mean[[a, b], 0], m.standard_error[[a, b], 0]
    if n.min() < 2 or not (error > 0).any():
        return None
    return welch(mean, error**2, n)


def compute(frame: Frame, parameters: WaveTrendsParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    builder = OutputBuilder(context, n=frame.n, weighted_n=frame.weighted_n)
    rows, drills, points = [], [], []
    for done, name in enumerate(parameters.outcomes):
        context.checkpoint("testing", done, len(parameters.outcomes))
        title = frame.column(name).title
        data = frame.arrays(numeric=[name], categorical=[parameters.wave], limit=MAX_WAVES)
        codes = data.codes[parameters.wave]
        sizes = np.bincount(codes, minlength=len(data.categories[parameters.wave]))
        kept = np.flatnonzero(sizes)
        if kept.size < 2:
            raise ProcedureError("one_wave", f"{name!r} was asked in fewer than two waves.", "/wave")
        if data.n <= kept.size:
            raise too_few_rows(data.n, int(kept.size) + 1, "a comparison of waves")
        place = np.full(sizes.size, -1)
        place[kept] = np.arange(kept.size)
        waves = [data.categories[parameters.wave][k] for k in kept]
        weights = None if frame.weight is None else data.weights
        m = group_moments(data.x, place[codes], kept.size, weights)
        tests = [
            _difference(m, w, w - 1 if parameters.compare_with == "previous" else 0) if w else None
            for w in range(kept.size)
        ]
        adjusted = adjust_p_values([math.nan if t is None else t.p for t in tests], parameters.correction)
        used = [name, parameters.wave]
        for w, wave in enumerate(waves):
            n, mean, error = int(m.n[w, 0]), float(m.mean[w, 0]), float(m.standard_error[w, 0])
            low, high = (
                t_test(mean, error, n - 1).interval(parameters.confidence) if error > 0 else (mean, mean)
            )
            builder.fact(
                fact_id("mean", name, wave.value),
                f"Mean of {title} in {wave.label}",
                mean,
                n=n,
                weighted_n=m.weight[w, 0],
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Student's t",
                columns=used,
            )
            test = tests[w]
            change: list[float | None] = [None, None, None, None, None]
            if test is not None:
                limits = test.interval(parameters.confidence)
                other = waves[w - 1] if parameters.compare_with == "previous" else waves[0]
                builder.fact(
                    fact_id("change", name, wave.value),
                    f"Change of {title}: {wave.label} against {other.label}",
                    test.difference,
                    n=n,
                    interval=limits,
                    interval_level=parameters.confidence,
                    interval_method="Welch's t",
                    statistic=test.t,
                    df=(test.df,),
                    p=test.p,
                    adjusted_p=adjusted[w],
                    test="Welch's t test",
                    columns=used,
                )
                change = [test.difference, *limits, test.p, adjusted[w]]
            rows.append([title, wave.label, n, mean, low, high, *change])
            drills.append(group_drill(parameters.wave, wave.value, name))
            points.append({"wave": wave.label, "mean": mean, "low": low, "high": high, "outcome": title})
        _trend(builder, name, title, m, parameters)
        if data.dropped:
            builder.notice("missing", f"{data.dropped:,} rows without {name!r} or wave are left out.", [name])
    builder.table(
        "waves",
        f"Waves, each against the {parameters.compare_with}",
        [
            text_column("outcome", "Outcome"),
            text_column("wave", frame.column(parameters.wave).title),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("change", "Change"),
            number_column("change_low", "Change, low"),
            number_column("change_high", "Change, high"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
        ],
        rows,
        row_drills=drills,
    )
    many = len(parameters.outcomes) > 1
    builder.chart(
        lines(
            "waves",
            "Means over the waves",
            "Mean of each outcome in every wave with its interval.",
            points[:4_000],
            x="wave",
            y="mean",
            x_title=frame.column(parameters.wave).title,
            y_title="Mean",
            x_kind="ordinal",
            colour="outcome" if many else None,
            colour_title="Outcome" if many else None,
            low="low",
            high="high",
        )
    )
    builder.assume(
        "Independent waves",
        None,
        "Each wave must be a fresh sample; panels of the same people need paired tests.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method="Welch's t test of each wave against the one compared with; trend as inverse-variance weighted line "
        "over the equally spaced waves.",
        missing_values="Rows without the outcome or the wave are left out, outcome by outcome.",
        weights="Weighted means with linearised standard errors.",
        references=("Welch (1947), Biometrika 34, 28-35",),
        multiple_testing=CORRECTION_NAMES[parameters.correction],
    )


def _trend(
    builder: OutputBuilder, name: str, title: str, m: Moments, parameters: WaveTrendsParameters
) -> None:
    """Slope per wave by weighted least squares on the wave means with known variances."""
    from scipy.special import ndtr, ndtri

    mean, error = m.mean[:, 0], m.standard_error[:, 0]
    if mean.size < 3 or not (np.isfinite(error) & (error > 0)).all():
        return
    w = 1 / error**2
    t = np.arange(mean.size, dtype=float)
    centre = (w * t).sum() / w.sum()
    slope = float((w * (t - centre) * mean).sum() / (w * (t - centre) ** 2).sum())
    spread = 1 / math.sqrt(float((w * (t - centre) ** 2).sum()))
    half = float(ndtri(0.5 + parameters.confidence / 2)) * spread
    builder.fact(
        fact_id("slope", name),
        f"Trend of {title} per wave",
        slope,
        n=int(m.n.sum()),
        interval=(slope - half, slope + half),
        interval_level=parameters.confidence,
        interval_method="Normal",
        statistic=slope / spread,
        p=2 * float(ndtr(-abs(slope / spread))),
        test="z test of the slope",
        columns=[name, parameters.wave],
    )


def script(parameters: WaveTrendsParameters, context: ScriptContext) -> str:
    return f"""
wave = {literal(parameters.wave)}
results = {{}}
for name in {literal(list(parameters.outcomes))}:
    table = pd.DataFrame({{"x": number(name), "wave": data[wave].to_numpy(), "w": weights}}).dropna()
    for level, part in table.groupby("wave"):
        results[fact_id("mean", name, level)] = np.average(part["x"], weights=part["w"])
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    waves = [c for c in chosen if c.measure is Measure.DATE or "wave" in f"{c.name} {c.label}".lower()]
    outcomes = [c for c in chosen if c not in waves and c.measure in NUMERIC]
    if len(waves) != 1 or not outcomes or len(outcomes) + 1 != len(chosen):
        return None
    return Suggestion(
        0.85 if waves[0].measure is not Measure.DATE else 0.4,
        {"outcomes": [c.name for c in outcomes], "wave": waves[0].name},
        "Follows figures from wave to wave.",
    )


PROCEDURE = Procedure(
    key="wave_trends",
    title="Wave-to-wave trends",
    question="What changed since the last wave?",
    family=ProcedureFamily.SURVEY,
    version=1,
    parameters=WaveTrendsParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A column that names the wave, with two waves or more.",),
    tags=("tracking", "tracker", "change", "trend"),
)
