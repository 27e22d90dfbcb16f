"""Choice-based conjoint: part-worths, importances and a share simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ProcedureFamily, ProcedureOutput
from analysis.logic.charts import bars, intervals
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, did_not_converge
from analysis.logic.frame import Category, Frame
from analysis.logic.groups import levels_source
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import (
    ANY,
    CATEGORICAL,
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
from analysis.logic.stats.choice import CHOICE_SCRIPT, fit_choices, logit_shares
from analysis.logic.stats.proportions import normal_quantile


class ChoiceConjointParameters(Parameters):
    respondent: ColumnName = column("Respondent", accepts=ANY)
    task: ColumnName = column("Task", accepts=ANY)
    chosen: ColumnName = column(
        "Chosen", accepts=NUMERIC, help="1 for the chosen alternative of a task, else 0."
    )
    attributes: ColumnNames = columns("Attributes with levels", accepts=CATEGORICAL, max_items=20)
    linear: ColumnNames = columns(
        "Attributes with a linear effect",
        accepts=NUMERIC,
        min_items=0,
        max_items=10,
        default=(),
        help="Such as price.",
    )
    scenarios: tuple[dict[str, str | float | bool], ...] = option(
        (),
        "Products to simulate",
        help="Each product gives a value for every attribute; shares of preference among them are computed.",
        max_length=20,
    )
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)

    @model_validator(mode="after")
    def _scenarios(self) -> Self:
        wanted = {*self.attributes, *self.linear}
        for number, scenario in enumerate(self.scenarios, start=1):
            if set(scenario) != wanted:
                raise ValueError(f"product {number} must give a value for exactly the attributes chosen")
        if len(self.scenarios) == 1:
            raise ValueError("a simulation needs at least two products")
        if set(self.attributes) & set(self.linear):
            raise ValueError("an attribute cannot have levels and a linear effect at once")
        return self


def compute(frame: Frame, parameters: ChoiceConjointParameters, context: RunContext) -> ProcedureOutput:
    attributes, linear = list(parameters.attributes), list(parameters.linear)
    ids = [parameters.respondent, parameters.task]
    data = frame.arrays(
        numeric=[parameters.chosen, *linear], categorical=[*ids, *attributes], limit=1_000_000
    )
    for name in attributes:
        frame.categories(name, 60)
    chosen = data.column(parameters.chosen)
    if not np.isin(chosen, (0.0, 1.0)).all():
        raise ProcedureError(
            "bad_choice_code", f"{parameters.chosen!r} must hold 1 for chosen and 0 else.", "/chosen"
        )
    who = data.codes[ids[0]].astype(np.int64)
    key = who * (len(data.categories[ids[1]]) + 1) + data.codes[ids[1]]
    _, first, task = np.unique(key, return_index=True, return_inverse=True)
    task = task.ravel()
    good = (np.bincount(task, chosen) == 1) & (np.bincount(task) >= 2)
    if not good.any():
        raise ProcedureError(
            "no_complete_task", "No task has two alternatives and exactly one choice.", "/chosen"
        )
    kept = good[task]
    set_id = (np.cumsum(good) - 1)[task[kept]]
    _, cluster = np.unique(who[first][good], return_inverse=True)
    levels: dict[str, list[Category]] = {}
    blocks, slices, at = [], {}, 0
    for name in attributes:
        codes = data.codes[name][kept]
        present = [k for k in range(len(data.categories[name])) if (codes == k).any()]
        if len(present) < 2:
            raise constant_column(name, data.categories[name][present[0]].value)
        levels[name] = [data.categories[name][k] for k in present]
        # Effects coding: part-worths of an attribute sum to zero and the last level is minus the others.
        block = np.zeros((codes.size, len(present) - 1))
        for j, k in enumerate(present[:-1]):
            block[codes == k, j] = 1.0
        block[codes == present[-1]] = -1.0
        blocks.append(block)
        slices[name] = slice(at, at + block.shape[1])
        at += block.shape[1]
    centre, scale = {}, {}
    for name in linear:
        values = data.column(name)[kept]
        centre[name], scale[name] = float(values.mean()), float(values.std())
        if scale[name] == 0:
            raise constant_column(name, centre[name])
        blocks.append(((values - centre[name]) / scale[name])[:, None])
        slices[name] = slice(at, at + 1)
        at += 1
    x = np.hstack(blocks)
    _refuse_collinear(x, set_id, slices)
    weights = np.bincount(set_id, data.weights[kept]) / np.bincount(set_id)
    try:
        model = fit_choices(
            x,
            set_id,
            chosen[kept] == 1,
            weights,
            cluster.ravel(),
            checkpoint=lambda done, total: context.checkpoint("fitting", done, total),
        )
    except np.linalg.LinAlgError:
        raise ProcedureError(
            "perfect_separation",
            "A level is always or never chosen; its part-worth has no finite estimate.",
            "/attributes",
        ) from None
    if not model.converged:
        if np.abs(model.coefficients).max() > 15:
            raise ProcedureError(
                "perfect_separation",
                "A level is always or never chosen; its part-worth has no finite estimate.",
                "/attributes",
            )
        raise did_not_converge("The choice model", model.iterations)
    builder = OutputBuilder(context, n=int(good.sum()), weighted_n=weights.sum())
    z = normal_quantile(parameters.confidence)
    rows, points, ranges = [], [], {}
    for name in attributes:
        part = slices[name]
        size = len(levels[name])
        transform = np.vstack([np.eye(size - 1), -np.ones(size - 1)])
        worth = transform @ model.coefficients[part]
        errors = np.sqrt(np.einsum("ij,jk,ik->i", transform, model.covariance[part, part], transform))
        ranges[name] = float(worth.max() - worth.min())
        codes, categories = data.codes[name][kept], data.categories[name]
        for k, category in enumerate(levels[name]):
            low, high = worth[k] - z * errors[k], worth[k] + z * errors[k]
            shown = int((codes == categories.index(category)).sum())
            builder.fact(
                fact_id("part_worth", name, category.value),
                f"Part-worth of {frame.column(name).title}: {category.label}",
                worth[k],
                n=shown,
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Normal, errors clustered by respondent",
                statistic=worth[k] / errors[k],
                p=_two_sided(worth[k] / errors[k]),
                test="Wald z",
                columns=[name],
            )
            rows.append([frame.column(name).title, category.label, shown, worth[k], low, high])
            points.append(
                {
                    "level": f"{frame.column(name).title}: {category.label}",
                    "worth": worth[k],
                    "low": low,
                    "high": high,
                }
            )
    for name in linear:
        slope = float(model.coefficients[slices[name]][0]) / scale[name]
        error = float(np.sqrt(model.covariance[slices[name], slices[name]][0, 0])) / scale[name]
        values = data.column(name)[kept]
        ranges[name] = abs(slope) * float(np.ptp(values))
        builder.fact(
            fact_id("slope", name),
            f"Utility per unit of {frame.column(name).title}",
            slope,
            interval=(slope - z * error, slope + z * error),
            interval_level=parameters.confidence,
            interval_method="Normal, errors clustered by respondent",
            statistic=slope / error,
            p=_two_sided(slope / error),
            test="Wald z",
            columns=[name],
        )
        rows.append(
            [
                frame.column(name).title,
                "per unit",
                int(values.size),
                slope,
                slope - z * error,
                slope + z * error,
            ]
        )
    total = sum(ranges.values())
    for name, span in ranges.items():
        builder.fact(
            fact_id("importance", name),
            f"Importance of {frame.column(name).title}",
            span / total if total else None,
            unit="share",
            columns=[name],
        )
    builder.fact("mcfadden_r2", "McFadden's pseudo R squared", model.mcfadden, unit="share")
    builder.fact("respondents", "Respondents", int(cluster.max()) + 1, base_rule=False)
    builder.table(
        "part_worths",
        "Part-worths",
        [
            text_column("attribute", "Attribute"),
            text_column("level", "Level"),
            integer_column("shown", "Times shown"),
            number_column("worth", "Part-worth"),
            number_column("low", "Low"),
            number_column("high", "High"),
        ],
        rows,
    )
    builder.table(
        "importances",
        "Importance of the attributes",
        [text_column("attribute", "Attribute"), percent_column("importance", "Importance")],
        [
            [frame.column(name).title, span / total if total else None]
            for name, span in sorted(ranges.items(), key=lambda r: -r[1])
        ],
    )
    builder.chart(
        intervals(
            "part_worths",
            "Part-worths",
            "Part-worth of each level with its interval; the levels of an attribute sum to zero.",
            points,
            category="level",
            value="worth",
            low="low",
            high="high",
            category_title="Level",
            value_title="Part-worth",
            reference=0.0,
        )
    )
    if parameters.scenarios:
        designs = np.vstack(
            [
                _design(s, k, attributes, levels, linear, centre, scale)
                for k, s in enumerate(parameters.scenarios)
            ]
        )
        _simulate(builder, designs, model.coefficients, model.covariance, parameters, context)
    builder.assume(
        "Independence of irrelevant alternatives",
        None,
        "The logit assumes that a new product draws from all others in proportion to their shares.",
    )
    builder.assume("One set of part-worths", None, "The aggregate model describes the average respondent.")
    if (~good).any():
        builder.notice(
            "incomplete_tasks", f"{int((~good).sum()):,} tasks without exactly one choice are left out."
        )
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} alternatives with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method="Conditional logit with effects-coded levels by Newton's method, errors clustered by respondent; "
        "importance = range of an attribute's part-worths over the sum of ranges.",
        missing_values="Alternatives with a missing value and tasks without exactly one choice are left out.",
        weights="A task weighs the mean weight of its rows.",
        references=(
            "McFadden (1974), Conditional logit analysis of qualitative choice behavior",
            "Louviere & Woodworth (1983), J. Marketing Research 20, 350-367",
        ),
        seed=context.seed,
    )


def _two_sided(z: float) -> float:
    from scipy.special import ndtr

    return 2 * float(ndtr(-abs(z)))


def _refuse_collinear(x: np.ndarray, sets: np.ndarray, slices: Mapping[str, slice]) -> None:
    """Only differences within a task inform the model; refuse attributes without any of their own."""
    n_sets = int(sets.max()) + 1
    size = np.bincount(sets, minlength=n_sets)
    centred = (
        x - np.column_stack([np.bincount(sets, x[:, k], n_sets) / size for k in range(x.shape[1])])[sets]
    )
    rank = 0
    for name, part in slices.items():
        new = int(np.linalg.matrix_rank(centred[:, : part.stop]))
        if new < rank + (part.stop - part.start):
            raise ProcedureError(
                "collinear_columns",
                f"Within the tasks, {name!r} does not vary on its own: it is fixed, or a combination of the attributes "
                "before it. Leave one of them out.",
                "/attributes",
                {"columns": [name]},
            )
        rank = new


def _design(
    scenario: Mapping[str, str | float | bool],
    index: int,
    attributes: Sequence[str],
    levels: Mapping[str, Sequence[Category]],
    linear: Sequence[str],
    centre: Mapping[str, float],
    scale: Mapping[str, float],
) -> np.ndarray:
    parts: list[float] = []
    for name in attributes:
        names = [fact_id(c.value).lower() for c in levels[name]]
        wanted = fact_id(scenario[name]).lower()
        if wanted not in names:
            raise ProcedureError(
                "unknown_level",
                f"{name!r} has no level {wanted!r}.",
                f"/scenarios/{index}",
                {"levels": names},
            )
        position = names.index(wanted)
        row = np.zeros(len(names) - 1)
        if position == len(names) - 1:
            row[:] = -1.0
        else:
            row[position] = 1.0
        parts += row.tolist()
    for name in linear:
        try:
            parts.append((float(scenario[name]) - centre[name]) / scale[name])
        except ValueError:
            raise ProcedureError(
                "not_a_number", f"{name!r} of a product must be a number.", f"/scenarios/{index}"
            ) from None
    return np.array(parts)


def _simulate(
    builder: OutputBuilder,
    designs: np.ndarray,
    beta: np.ndarray,
    covariance: np.ndarray,
    parameters: ChoiceConjointParameters,
    context: RunContext,
) -> None:
    shares = logit_shares(designs @ beta)
    draws = context.generator().multivariate_normal(beta, covariance, size=2_000, method="eigh")
    simulated = logit_shares(draws @ designs.T)
    tail = (1 - parameters.confidence) / 2
    low, high = np.quantile(simulated, [tail, 1 - tail], axis=0)
    rows = []
    for k, share in enumerate(shares):
        label = f"Product {k + 1}"
        bounds = (min(float(low[k]), share), max(float(high[k]), share))
        builder.fact(
            fact_id("simulated_share", k + 1),
            f"Simulated share of preference of product {k + 1}",
            share,
            unit="share",
            interval=bounds,
            interval_level=parameters.confidence,
            interval_method="2,000 draws of the estimates' normal distribution",
        )
        text = ", ".join(f"{name} = {value}" for name, value in parameters.scenarios[k].items())
        rows.append([label, text, share, *bounds])
    builder.table(
        "simulation",
        "Simulated shares of preference",
        [
            text_column("product", "Product"),
            text_column("profile", "Profile"),
            percent_column("share", "Share"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
        ],
        rows,
    )
    builder.chart(
        bars(
            "simulation",
            "Simulated shares of preference",
            "Share of preference of each simulated product with its interval.",
            [{"product": row[0], "share": row[2], "low": row[3], "high": row[4]} for row in rows],
            category="product",
            value="share",
            category_title="Product",
            value_title="Share",
            value_format=".0%",
            low="low",
            high="high",
        )
    )


def script(parameters: ChoiceConjointParameters, context: ScriptContext) -> str:
    orders = ", ".join(
        f"{literal(name)}: [fact_id(v) for v in {levels_source(context, name)}]"
        for name in parameters.attributes
    )
    return f"""
{CHOICE_SCRIPT}

attributes, linear = {literal(list(parameters.attributes))}, {literal(list(parameters.linear))}
order = {{{orders}}}
table = data[[{literal(parameters.respondent)}, {literal(parameters.task)}, *attributes]].copy()
table.columns = ["who", "task", *range(len(attributes))]
table["y"], table["w"] = number({literal(parameters.chosen)}), weights
for name in linear:
    table[("linear", name)] = number(name)
table = table.dropna()
groups = table.groupby(["who", "task"])["y"]
table = table[(groups.transform("sum") == 1) & (groups.transform("size") >= 2)]
columns = []
for k, name in enumerate(attributes):
    values = table[k].map(fact_id).to_numpy()
    order[name] = [level for level in order[name] if level in set(values)]
    for level in order[name][:-1]:
        columns.append((values == level) * 1.0 - (values == order[name][-1]))
columns += [table[("linear", name)].to_numpy() for name in linear]
results = {{"respondents": table["who"].nunique()}}
x, key = np.column_stack(columns), table.groupby(["who", "task"]).ngroup().to_numpy()
spread, w = x.std(axis=0), np.bincount(key, table["w"]) / np.bincount(key)
beta = fit_choices(x / spread, table["y"].to_numpy(), key, w) / spread
for k, name in enumerate(attributes):
    size = len(order[name]) - 1
    worths, beta = np.r_[beta[:size], -beta[:size].sum()], beta[size:]
    for level, worth in zip(order[name], worths):
        results["part_worth." + fact_id(name) + "." + level] = worth
for name, slope in zip(linear, beta):
    results[fact_id("slope", name)] = slope
"""


PROCEDURE = Procedure(
    key="choice_conjoint",
    title="Choice-based conjoint",
    question="What is each feature worth, and which product would people choose?",
    family=ProcedureFamily.MARKET,
    version=1,
    parameters=ChoiceConjointParameters,
    compute=compute,
    script=script,
    requirements=("One row per alternative shown in a task.", "Exactly one chosen alternative per task."),
    randomised=True,
    tags=("conjoint", "CBC", "part-worth", "simulator", "willingness to pay"),
)
