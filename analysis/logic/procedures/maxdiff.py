"""MaxDiff (best-worst scaling): counts and aggregate logit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.contracts import ColumnMeta, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, did_not_converge
from analysis.logic.frame import Arrays, Frame
from analysis.logic.groups import group_drill
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import ANY, CATEGORICAL, NUMERIC, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.choice import CHOICE_SCRIPT, ChoiceModel, fit_choices, logit_shares
from analysis.logic.stats.proportions import normal_quantile


class MaxDiffParameters(Parameters):
    respondent: ColumnName = column("Respondent", accepts=ANY)
    task: ColumnName = column("Task", accepts=ANY, help="Number of the question within a respondent.")
    item: ColumnName = column("Item shown", accepts=CATEGORICAL)
    choice: ColumnName = column(
        "Choice", accepts=NUMERIC, help="1 = best, -1 = worst, 0 = shown and not chosen."
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def _task_ids(data: Arrays, parameters: MaxDiffParameters) -> tuple[np.ndarray, np.ndarray]:
    """0-based id of the task of each row, and of the respondent of each task."""
    who = data.codes[parameters.respondent].astype(np.int64)
    key = who * (len(data.categories[parameters.task]) + 1) + data.codes[parameters.task]
    _, first, task = np.unique(key, return_index=True, return_inverse=True)
    _, cluster = np.unique(who[first], return_inverse=True)
    return task.ravel(), cluster.ravel()


def compute(frame: Frame, parameters: MaxDiffParameters, context: RunContext) -> ProcedureOutput:
    names = [parameters.respondent, parameters.task, parameters.item]
    if len({*names, parameters.choice}) < 4:
        raise ProcedureError("duplicate_column", "The four columns must be different.", "/item")
    data = frame.arrays(numeric=[parameters.choice], categorical=names, limit=1_000_000)
    frame.categories(parameters.item, 200)
    choice = data.column(parameters.choice)
    if not np.isin(choice, (-1.0, 0.0, 1.0)).all():
        bad = ~np.isin(choice, (-1.0, 0.0, 1.0))
        raise ProcedureError(
            "bad_choice_code",
            f"{parameters.choice!r} must hold 1 (best), -1 (worst) or 0; row {int(data.rows[bad][0])} holds "
            f"{float(choice[bad][0]):g}.",
            "/choice",
        )
    task, cluster = _task_ids(data, parameters)
    tasks = cluster.size
    best, worst = np.bincount(task, choice == 1, tasks), np.bincount(task, choice == -1, tasks)
    size = np.bincount(task, minlength=tasks)
    good = (best == 1) & (worst == 1) & (size >= 3)
    if not good.any():
        raise ProcedureError(
            "no_complete_task",
            "No task has at least three items with exactly one best and one worst.",
            "/choice",
        )
    rows_kept = good[task]
    codes = data.codes[parameters.item]
    items = [c for k, c in enumerate(data.categories[parameters.item]) if (codes[rows_kept] == k).any()]
    place = np.full(len(data.categories[parameters.item]), -1)
    place[[data.categories[parameters.item].index(c) for c in items]] = np.arange(len(items))
    item, picked = place[codes[rows_kept]], choice[rows_kept]
    renumber = np.cumsum(good) - 1
    task = renumber[task[rows_kept]]
    cluster = cluster[good]
    row_weights = data.weights[rows_kept]
    task_weights = np.bincount(task, row_weights) / np.bincount(task)
    respondents = np.unique(cluster).size
    builder = OutputBuilder(context, n=int(good.sum()), weighted_n=task_weights.sum())
    shown, w_shown = np.bincount(item, minlength=len(items)), np.bincount(item, row_weights, len(items))
    w_best = np.bincount(item, row_weights * (picked == 1), len(items))
    w_worst = np.bincount(item, row_weights * (picked == -1), len(items))
    never = [c.label for k, c in enumerate(items) if w_best[k] == 0 and w_worst[k] == 0]
    context.checkpoint("fitting", 0, 1)
    model = _fit(item, task, picked, task_weights, cluster, len(items))
    utility = np.concatenate([[0.0], model.coefficients])
    centred = utility - utility.mean()
    transform = np.vstack([np.zeros(len(items) - 1), np.eye(len(items) - 1)])
    transform = transform - transform.mean(axis=0)
    errors = np.sqrt(np.einsum("ij,jk,ik->i", transform, model.covariance, transform))
    share = logit_shares(centred)
    z = normal_quantile(parameters.confidence)
    rows, drills, points = [], [], []
    used = [parameters.item, parameters.choice]
    for k in np.argsort(-centred, kind="stable"):
        category = items[k]
        count_score = (w_best[k] - w_worst[k]) / w_shown[k]
        low, high = centred[k] - z * errors[k], centred[k] + z * errors[k]
        builder.fact(
            fact_id("utility", category.value),
            f"Utility of {category.label} (logit, mean of all items 0)",
            centred[k],
            n=int(shown[k]),
            weighted_n=w_shown[k],
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Normal, errors clustered by respondent",
            columns=used,
        )
        builder.fact(
            fact_id("share_of_preference", category.value),
            f"Share of preference of {category.label}",
            share[k],
            unit="share",
            n=int(shown[k]),
            columns=used,
        )
        builder.fact(
            fact_id("best_minus_worst", category.value),
            f"Times best less times worst, per showing, of {category.label}",
            count_score,
            n=int(shown[k]),
            columns=used,
        )
        rows.append(
            [
                category.label,
                int(shown[k]),
                w_best[k] / w_shown[k],
                w_worst[k] / w_shown[k],
                count_score,
                centred[k],
                low,
                high,
                share[k],
            ]
        )
        drills.append(
            group_drill(
                parameters.item,
                category.value,
                *[n for n in names if n != parameters.item],
                parameters.choice,
            )
        )
        points.append({"item": category.label, "share": share[k]})
    builder.fact(
        "mcfadden_r2",
        "McFadden's pseudo R squared",
        model.mcfadden,
        unit="share",
        columns=used,
    )
    builder.fact("respondents", "Respondents", respondents, base_rule=False)
    all_kept = bool(good.all())
    builder.table(
        "items",
        "Items",
        [
            text_column("item", "Item"),
            integer_column("n" if all_kept else "shown", "Times shown"),
            percent_column("best", "Best when shown"),
            percent_column("worst", "Worst when shown"),
            number_column("count", "Best less worst"),
            number_column("utility", "Utility"),
            number_column("low", "Low"),
            number_column("high", "High"),
            percent_column("share", "Share of preference"),
        ],
        rows,
        row_drills=drills if all_kept else (),
    )
    builder.chart(
        bars(
            "shares",
            "Share of preference",
            "Share of preference of each item by the logit model; all items sum to one.",
            points,
            category="item",
            value="share",
            category_title="Item",
            value_title="Share of preference",
            value_format=".1%",
        )
    )
    if never:
        builder.notice("never_chosen", f"Never chosen as best or worst: {', '.join(never[:10])}.", used)
    balance = shown.max() / shown.min()
    builder.assume(
        "Balanced design",
        bool(balance <= 1.5),
        f"The most shown item appears {balance:.2f} times as often as the least shown.",
    )
    builder.assume(
        "One set of utilities",
        None,
        "The aggregate logit describes the average respondent; differences between people are not modelled.",
    )
    if not all_kept:
        builder.notice(
            "incomplete_tasks",
            f"{int((~good).sum()):,} tasks without exactly one best and one worst are left out.",
        )
    if data.dropped:
        builder.notice(
            "missing",
            f"{data.dropped:,} rows with a missing value are left out.",
            [*names, parameters.choice],
        )
    builder.notices(frame.notices)
    return builder.build(
        method="Counts per showing; conditional logit of the best item of all shown and then the worst of the rest, "
        "errors clustered by respondent.",
        missing_values="Rows with a missing value and tasks without one best and one worst are left out.",
        weights="A task weighs the mean weight of its rows.",
        references=(
            "Louviere, Flynn & Marley (2015), Best-Worst Scaling",
            "McFadden (1974), Conditional logit analysis of qualitative choice behavior",
        ),
    )


def _fit(
    item: np.ndarray,
    task: np.ndarray,
    picked: np.ndarray,
    weights: np.ndarray,
    cluster: np.ndarray,
    items: int,
) -> ChoiceModel:
    """Best of all shown, then worst of the rest; the first item is the reference."""
    x = np.zeros((item.size, items))
    x[np.arange(item.size), item] = 1.0
    x = x[:, 1:]
    rest = picked != 1
    try:
        model = fit_choices(
            np.vstack([x, -x[rest]]),
            np.concatenate([task, task[rest] + weights.size]),
            np.concatenate([picked == 1, picked[rest] == -1]),
            np.concatenate([weights, weights]),
            np.concatenate([cluster, cluster]),
        )
    except np.linalg.LinAlgError:
        raise ProcedureError(
            "items_not_connected",
            "The items fall into groups that were never shown together, so they cannot be put on one scale.",
            "/item",
        ) from None
    if not model.converged:
        raise (
            ProcedureError(
                "perfect_separation",
                "At least one item is always best or always worst when shown, so its utility has no finite estimate. "
                "Use more respondents or leave the item out.",
                "/item",
            )
            if np.abs(model.coefficients).max() > 15
            else did_not_converge("The choice model", model.iterations)
        )
    return model


def script(parameters: MaxDiffParameters, context: ScriptContext) -> str:
    return f"""
{CHOICE_SCRIPT}

table = data[{literal([parameters.respondent, parameters.task, parameters.item])}].copy()
table.columns = ["who", "task", "item"]
table["choice"], table["w"] = number({literal(parameters.choice)}), weights
table = table.dropna()
groups = table.groupby(["who", "task"])["choice"]
best, worst = (groups.transform(lambda c, k=k: (c == k).sum()) for k in (1, -1))
table = table[(best == 1) & (worst == 1) & (groups.transform("size") >= 3)]
results = {{}}
for value, part in table.groupby("item"):
    results[fact_id("best_minus_worst", value)] = (part["w"] * part["choice"]).sum() / part["w"].sum()
dummies = pd.get_dummies(table["item"], dtype=float)
key = table.groupby(["who", "task"]).ngroup().to_numpy()
rest = (table["choice"] != 1).to_numpy()
x = np.vstack([dummies.to_numpy()[:, 1:], -dummies.to_numpy()[rest, 1:]])
y = np.r_[(table["choice"] == 1).to_numpy(), (table["choice"] == -1).to_numpy()[rest]].astype(float)
w = np.tile(np.bincount(key, table["w"]) / np.bincount(key), 2)
utility = np.r_[0.0, fit_choices(x, y, np.r_[key, key[rest] + key.max() + 1], w)]
for value, u in zip(dummies.columns, utility - utility.mean()):
    results[fact_id("utility", value)] = u
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    found: dict[str, str] = {}
    for c in chosen:
        words = c.name.lower()
        for key, hints in (
            ("respondent", ("respondent", "resp", "person")),
            ("task", ("task", "set", "screen")),
            ("item", ("item",)),
            ("choice", ("choice", "pick", "answer")),
        ):
            if key not in found and any(hint in words for hint in hints):
                found[key] = c.name
                break
    if len(found) != 4 or len(chosen) != 4:
        return None
    return Suggestion(0.8, found, "One row per item shown with best and worst choices.")


PROCEDURE = Procedure(
    key="maxdiff",
    title="MaxDiff (best-worst scaling)",
    question="Which items matter most when people must choose?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=MaxDiffParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("One row per item shown in a task.", "Exactly one best (1) and one worst (-1) per task."),
    tags=("best-worst", "preference", "logit"),
)
