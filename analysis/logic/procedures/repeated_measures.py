"""Repeated-measures analysis of variance of several measurements of the same rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.groups import complete_drill
from analysis.logic.output import OutputBuilder, fact_id, integer_column, number_column, p_column, text_column
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, Correction, adjust_p_values
from analysis.logic.stats.factorial import sphericity
from analysis.logic.stats.location import f_test, normality, t_test
from analysis.logic.stats.noncentral import d_interval, eta_squared_interval


class RepeatedMeasuresParameters(Parameters):
    measurements: ColumnNames = columns(
        "Measurements",
        accepts=NUMERIC,
        min_items=3,
        max_items=30,
        help="Columns on one scale, of the same rows.",
    )
    correction: Correction = option("holm", "Correction of the pairwise tests")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: RepeatedMeasuresParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.measurements)
    data = frame.arrays(numeric=names)
    n, k = data.x.shape
    if n <= k:
        raise too_few_rows(n, k + 1, f"a repeated-measures analysis of {k} measurements")
    x = data.x - data.x.mean()
    means, people = x.mean(axis=0), x.mean(axis=1)
    residual = x - means[None, :] - people[:, None]
    within, error, between = n * float(means @ means), float((residual**2).sum()), k * float(people @ people)
    if error <= 1e-12 * max(1e-300, float((x**2).sum())):
        raise ProcedureError(
            "constant_difference",
            "The measurements differ by constant amounts in every row; nothing to test.",
            "/measurements",
        )
    df1, df2 = k - 1, (k - 1) * (n - 1)
    plain = f_test((within / df1) / (error / df2), df1, df2)
    shape = sphericity(data.x)
    corrected = f_test(plain.f, df1 * shape.greenhouse_geisser, df2 * shape.greenhouse_geisser)
    huynh = f_test(plain.f, df1 * shape.huynh_feldt, df2 * shape.huynh_feldt)
    builder = OutputBuilder(context, n=n)
    eta = within / (within + error)
    low, high = eta_squared_interval(plain.f, df1, df2, parameters.confidence)
    builder.fact(
        "partial_eta_squared",
        "Partial eta squared of the measurements",
        eta,
        unit="share",
        interval=(min(low, eta), max(high, eta)),
        interval_level=parameters.confidence,
        interval_method="Noncentral F",
        statistic=plain.f,
        df=(corrected.df1, corrected.df2),
        p=corrected.p,
        test="Repeated-measures F, Greenhouse-Geisser corrected",
        columns=names,
    )
    builder.fact(
        "generalised_eta_squared",
        "Generalised eta squared",
        within / (within + between + error),
        unit="share",
        columns=names,
    )
    builder.fact("greenhouse_geisser", "Greenhouse-Geisser epsilon", shape.greenhouse_geisser, columns=names)
    builder.fact("huynh_feldt", "Huynh-Feldt epsilon", shape.huynh_feldt, columns=names)
    builder.table(
        "anova",
        "Repeated-measures analysis of variance",
        [
            text_column("source", "Source"),
            number_column("ss", "Sum of squares"),
            number_column("df", "df"),
            number_column("f", "F"),
            p_column(),
        ],
        [
            ["Measurements", within, df1, plain.f, plain.p],
            ["Measurements, Greenhouse-Geisser", within, corrected.df1, plain.f, corrected.p],
            ["Measurements, Huynh-Feldt", within, huynh.df1, plain.f, huynh.p],
            ["People", between, n - 1, None, None],
            ["Residual", error, df2, None, None],
        ],
    )
    titles = [frame.column(name).title for name in names]
    rows, points = [], []
    for j, name in enumerate(names):
        spread = float(data.x[:, j].std(ddof=1))
        mean = float(data.x[:, j].mean())
        bounds = (
            t_test(mean, spread / math.sqrt(n), n - 1).interval(parameters.confidence)
            if spread > 0
            else (mean, mean)
        )
        builder.fact(
            fact_id("mean", name),
            f"Mean of {titles[j]}",
            mean,
            interval=bounds,
            interval_level=parameters.confidence,
            interval_method="Student's t",
            columns=[name],
        )
        rows.append([titles[j], n, mean, spread, *bounds])
        points.append({"measurement": titles[j], "mean": mean, "low": bounds[0], "high": bounds[1]})
    builder.table(
        "means",
        "Means",
        [
            text_column("measurement", "Measurement"),
            integer_column("n", "Rows"),
            number_column("mean", "Mean"),
            number_column("sd", "Standard deviation"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
        row_drills=[complete_drill(names)] * k,
    )
    _pairs(builder, data.x, names, titles, parameters)
    builder.chart(
        intervals(
            "means",
            "Means of the measurements",
            "Mean of each measurement with its interval.",
            points,
            category="measurement",
            value="mean",
            low="low",
            high="high",
            category_title="Measurement",
            value_title="Mean",
        )
    )
    builder.assume(
        "Sphericity",
        shape.p >= 0.05,
        f"Mauchly's W = {shape.w:.3f}, p = {shape.p:.3g}; the corrected p-values do not need it.",
    )
    builder.assume("Normal residuals", *normality(residual.ravel()))
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows without all measurements are left out.", names)
    builder.notices(frame.notices)
    return builder.build(
        method="Repeated-measures F with Greenhouse-Geisser and Huynh-Feldt corrections; pairs by paired t tests.",
        missing_values="Rows that lack any measurement are left out.",
        references=(
            "Greenhouse & Geisser (1959), Psychometrika 24, 95-112",
            "Huynh & Feldt (1976), J. Educational Statistics 1, 69-82",
            "Mauchly (1940), Ann. Math. Statist. 11, 204-209",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction],
    )


def _pairs(
    builder: OutputBuilder,
    x: np.ndarray,
    names: Sequence[str],
    titles: Sequence[str],
    parameters: RepeatedMeasuresParameters,
) -> None:
    n, tests = x.shape[0], []
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            gap = x[:, i] - x[:, j]
            spread = float(gap.std(ddof=1))
            if spread > 0:
                tests.append((i, j, spread, t_test(float(gap.mean()), spread / math.sqrt(n), n - 1)))
    adjusted = adjust_p_values([t.p for *_, t in tests], parameters.correction)
    rows = []
    for (i, j, spread, test), p in zip(tests, adjusted, strict=True):
        low, high = test.interval(parameters.confidence)
        builder.fact(
            fact_id("mean_difference", names[i], names[j]),
            f"Mean difference: {titles[i]} less {titles[j]}",
            test.difference,
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Student's t, one pair at a time",
            statistic=test.t,
            df=(test.df,),
            p=test.p,
            adjusted_p=p,
            test="Paired t test",
            columns=[names[i], names[j]],
        )
        d = test.difference / spread
        d_low, d_high = d_interval(d, n, None, parameters.confidence)
        rows.append([titles[i], titles[j], test.difference, low, high, test.p, p, d, d_low, d_high])
    builder.table(
        "pairs",
        "Pairs of measurements",
        [
            text_column("first", "First"),
            text_column("second", "Second"),
            number_column("difference", "Difference"),
            number_column("low", "Low"),
            number_column("high", "High"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
            number_column("d", "Cohen's dz"),
            number_column("d_low", "dz, low"),
            number_column("d_high", "dz, high"),
        ],
        rows,
    )


def script(parameters: RepeatedMeasuresParameters, context: ScriptContext) -> str:
    return f"""
from statsmodels.stats.anova import AnovaRM

names = {literal(list(parameters.measurements))}
x = np.column_stack([number(name) for name in names])
x = x[~np.isnan(x).any(axis=1)]
n, k = x.shape
long = pd.DataFrame({{"y": x.ravel(), "who": np.repeat(np.arange(n), k), "what": np.tile(np.arange(k), n)}})
f = AnovaRM(long, "y", "who", within=["what"]).fit().anova_table["F Value"].iloc[0]
s = np.cov(x, rowvar=False)
centred = s - s.mean(axis=0) - s.mean(axis=1)[:, None] + s.mean()
results = {{
    "partial_eta_squared": f / (f + n - 1),
    "greenhouse_geisser": np.trace(centred) ** 2 / ((k - 1) * (centred**2).sum()),
}}
for name, mean in zip(names, x.mean(axis=0)):
    results[fact_id("mean", name)] = mean
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure is not Measure.SCALE for c in chosen):
        return None
    return Suggestion(
        0.3, {"measurements": [c.name for c in chosen]}, "Compares several measurements of the same rows."
    )


PROCEDURE = Procedure(
    key="repeated_measures",
    title="Repeated-measures ANOVA",
    question="Do several measurements of the same people differ in their mean?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=RepeatedMeasuresParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least three numeric columns on one scale and more rows than columns.",),
    supports_weights=False,
    tags=("ANOVA", "within subjects", "sphericity"),
)
