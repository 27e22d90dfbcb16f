"""Multiple imputation: means with honest errors where answers are missing, beside the complete rows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import NUMERIC, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats import imputation
from analysis.logic.stats.imputation import chained_imputations, rubin
from analysis.logic.stats.location import t_test
from analysis.logic.stats.moments import column_moments


class ImputationParameters(Parameters):
    variables: ColumnNames = columns(
        "Variables with missing answers", accepts=NUMERIC, min_items=2, max_items=60
    )
    sets: int = option(20, "Imputations", ge=2, le=200)
    cycles: int = option(10, "Cycles", ge=1, le=100)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: ImputationParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.variables)
    data = frame.arrays(numeric=names, complete=False)
    blank = np.isnan(data.x).all(axis=1)
    x, weights = data.x[~blank], data.weights[~blank]
    n = len(x)
    if n < len(names) + 10:
        raise too_few_rows(n, len(names) + 10, f"an imputation of {len(names)} variables")
    absent = np.isnan(x)
    for k, name in enumerate(names):
        observed = x[~absent[:, k], k]
        if observed.size < len(names) + 5:
            raise ProcedureError(
                "too_few_answers",
                f"{name!r} has only {observed.size} answers, too few to impute from.",
                f"/variables/{k}",
            )
        if np.ptp(observed) == 0:
            raise constant_column(name, float(observed[0]))
    scaled = weights * (n / weights.sum())
    sets = parameters.sets if absent.any() else 1
    weighted = frame.weight is not None
    completed = chained_imputations(
        x,
        scaled,
        sets,
        parameters.cycles,
        context.generator(),
        checkpoint=lambda done, total: context.checkpoint("imputing", done, total),
    )
    moments = [column_moments(c, weights if weighted else None) for c in completed]
    builder = OutputBuilder(context, n=n, weighted_n=weights.sum())
    plain = column_moments(x, weights if weighted else None)
    rows, points = [], []
    for k, name in enumerate(names):
        title = frame.column(name).title
        pooled = rubin(
            np.array([m.mean[0, k] for m in moments]),
            np.array([m.standard_error[0, k] ** 2 for m in moments]),
            n - 1,
        )
        low, high = t_test(pooled.value, pooled.standard_error, pooled.df).interval(parameters.confidence)
        seen = int(plain.n[0, k])
        alone = t_test(float(plain.mean[0, k]), float(plain.standard_error[0, k]), seen - 1).interval(
            parameters.confidence
        )
        builder.fact(
            fact_id("mean", name),
            f"Mean of {title}, missing answers imputed",
            pooled.value,
            n=n,
            weighted_n=weights.sum(),
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Rubin's rules",
            df=(pooled.df,),
            columns=names,
        )
        builder.fact(
            fact_id("complete_mean", name),
            f"Mean of {title} of those who answered",
            plain.mean[0, k],
            n=seen,
            interval=alone,
            interval_level=parameters.confidence,
            interval_method="Student's t",
            columns=[name],
        )
        builder.fact(
            fact_id("missing_information", name),
            f"Fraction of missing information on {title}",
            pooled.missing_information,
            unit="share",
            columns=names,
        )
        builder.fact(
            fact_id("missing_share", name),
            f"Share of rows without {title}",
            float(absent[:, k].mean()),
            unit="share",
            columns=[name],
        )
        rows.append(
            [
                title,
                seen,
                float(absent[:, k].mean()),
                plain.mean[0, k],
                pooled.value,
                pooled.standard_error,
                low,
                high,
                pooled.missing_information,
            ]
        )
        points += [
            {"variable": title, "what": "Imputed", "mean": pooled.value, "low": low, "high": high},
            {
                "variable": title,
                "what": "Answered",
                "mean": plain.mean[0, k],
                "low": alone[0],
                "high": alone[1],
            },
        ]
    builder.table(
        "imputed",
        "Means with imputed answers",
        [
            text_column("variable", "Variable"),
            integer_column("answered", "Answers"),
            percent_column("missing", "Missing"),
            number_column("complete", "Mean of answers"),
            number_column("mean", "Imputed mean"),
            number_column("se", "Standard error"),
            number_column("low", "Low"),
            number_column("high", "High"),
            percent_column("fmi", "Missing information"),
        ],
        rows,
    )
    builder.chart(
        intervals(
            "means",
            "Means of the answers and with imputation",
            "Mean of each variable of those who answered and with missing answers imputed, with intervals.",
            points,
            category="variable",
            value="mean",
            low="low",
            high="high",
            category_title="Variable",
            value_title="Mean",
            colour="what",
            colour_title="",
        )
    )
    builder.assume(
        "Missing at random",
        None,
        "Whether an answer is missing may depend on the other variables given, not on the answer itself.",
    )
    worst = float(absent.mean(axis=0).max())
    builder.assume(
        "Not too much missing",
        worst <= 0.5,
        f"At most {worst:.0%} of a variable is missing; above half, results rest on the model.",
    )
    if not absent.any():
        builder.notice("nothing_missing", "No answer is missing; the figures are those of the data.")
    if blank.any():
        builder.notice(
            "all_blank", f"{int(blank.sum()):,} rows answer none of the variables and are left out.", names
        )
    builder.notices(frame.notices)
    return builder.build(
        method=f"Chained equations with predictive mean matching (5 donors), {sets} imputations of "
        f"{parameters.cycles} cycles, pooled by Rubin's rules.",
        missing_values="Missing answers are imputed from the other variables; rows without any answer are left out.",
        weights="Weights enter the imputation regressions and the means.",
        references=(
            "Van Buuren (2018), Flexible Imputation of Missing Data",
            "Rubin (1987), Multiple Imputation for Nonresponse in Surveys",
            "Barnard & Rubin (1999), Biometrika 86, 948-955",
        ),
        seed=context.seed,
    )


def script(parameters: ImputationParameters, context: ScriptContext) -> str:
    # The draws depend on the exact order of random numbers, so the script carries the algorithm itself.
    source = inspect.getsource(imputation).replace("from __future__ import annotations\n", "")
    return f"""
{source}

names = {literal(list(parameters.variables))}
x = np.column_stack([number(name) for name in names])
kept = ~np.isnan(x).all(axis=1)
x, w = x[kept], weights[kept]
sets = {parameters.sets} if np.isnan(x).any() else 1
rng = np.random.default_rng([SEED, 0])
completed = list(chained_imputations(x, w * len(w) / w.sum(), sets, {parameters.cycles}, rng))
results = {{}}
for k, name in enumerate(names):
    seen = ~np.isnan(x[:, k])
    results[fact_id("mean", name)] = np.mean([np.average(c[:, k], weights=w) for c in completed])
    results[fact_id("complete_mean", name)] = np.average(x[seen, k], weights=w[seen])
    results[fact_id("missing_share", name)] = 1 - seen.mean()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure not in (Measure.SCALE, Measure.ORDINAL) for c in chosen):
        return None
    return Suggestion(
        0.15, {"variables": [c.name for c in chosen]}, "Fills missing answers without pretending certainty."
    )


PROCEDURE = Procedure(
    key="multiple_imputation",
    title="Multiple imputation",
    question="What would the means be had everybody answered?",
    family=ProcedureFamily.QUALITY,
    version=1,
    parameters=ImputationParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two related numeric columns.",),
    randomised=True,
    cost="heavy",
    tags=("missing data", "MICE", "Rubin"),
)
