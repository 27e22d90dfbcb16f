"""Classification and regression trees (CART) with cost-complexity pruning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import constant_column, too_few_rows, values_too_large
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
from analysis.logic.stats.pruning import pruned_predictions

OUTCOME_MEASURES = (Measure.SCALE, Measure.ORDINAL, Measure.BINARY, Measure.NOMINAL)
Condition = tuple[str, str, Any]


class CartParameters(Parameters):
    outcome: ColumnName = column("Outcome", accepts=OUTCOME_MEASURES)
    kind: Literal["classification", "regression"] = option(
        "classification", "Outcome is", help="A category or a number."
    )
    predictors: ColumnNames = columns(
        "Numeric predictors", accepts=NUMERIC, min_items=0, max_items=100, default=()
    )
    factors: ColumnNames = columns(
        "Categorical predictors", accepts=CATEGORICAL, min_items=0, max_items=30, default=()
    )
    depth: int = option(4, "Levels at most", ge=1, le=10)
    smallest_leaf: int = option(20, "Fewest rows of a leaf", ge=1, le=1_000_000)
    folds: int = option(5, "Folds for pruning", ge=3, le=20)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.predictors and not self.factors:
            raise ValueError("choose at least one predictor")
        if self.outcome in (*self.predictors, *self.factors):
            raise ValueError("the outcome cannot also be a predictor")
        if set(self.predictors) & set(self.factors):
            raise ValueError("a column is either a numeric or a categorical predictor")
        return self


def make_tree(parameters: CartParameters, seed: int, alpha: float = 0.0) -> Any:
    """A scikit-learn tree with the run's settings."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if parameters.kind == "classification" else DecisionTreeRegressor
    return kind(
        max_depth=parameters.depth,
        min_samples_leaf=parameters.smallest_leaf,
        ccp_alpha=alpha,
        random_state=seed % 2**32,
    )


def compute(frame: Frame, parameters: CartParameters, context: RunContext) -> ProcedureOutput:
    classify = parameters.kind == "classification"
    for name in (*parameters.factors, *([parameters.outcome] if classify else [])):
        frame.categories(name, 60)
    data = frame.arrays(
        numeric=[*parameters.predictors, *([] if classify else [parameters.outcome])],
        categorical=[*parameters.factors, *([parameters.outcome] if classify else [])],
    )
    if data.n < max(2 * parameters.smallest_leaf, 2 * parameters.folds):
        raise too_few_rows(data.n, max(2 * parameters.smallest_leaf, 2 * parameters.folds), "a tree")
    y = data.codes[parameters.outcome] if classify else data.column(parameters.outcome)
    if np.ptp(y) == 0:
        shown = data.categories[parameters.outcome][int(y[0])].value if classify else float(y[0])
        raise constant_column(parameters.outcome, shown)
    features: list[tuple[str, Category | None]] = [(name, None) for name in parameters.predictors]
    blocks = [data.column(name) for name in parameters.predictors]
    for name in parameters.factors:
        for k, category in enumerate(data.categories[name]):
            features.append((name, category))
            blocks.append((data.codes[name] == k).astype(np.float64))
    x = np.column_stack(blocks)
    # Splits are searched in single precision.
    if np.abs(x).max(initial=0.0) > np.finfo(np.float32).max:
        raise values_too_large(parameters.predictors)
    w = data.weights * (data.n / data.weights.sum())
    alpha, cv_loss = _prune(x, y, w, parameters, context)
    tree = make_tree(parameters, context.seed, alpha).fit(x, y, sample_weight=w)
    builder = OutputBuilder(context, n=data.n, weighted_n=data.weights.sum())
    null = _loss(np.full(data.n, _centre(y, w, classify)), y, w, classify)
    builder.fact("pruning", "Cost of a leaf (chosen by cross-validation)", alpha, base_rule=False)
    builder.fact(
        "cross_validated",
        "Error out of sample over that without a tree",
        cv_loss / null if null > 0 else None,
        unit="share",
        columns=[parameters.outcome],
    )
    fitted = tree.predict(x)
    builder.fact(
        "accuracy" if classify else "r_squared",
        "Share classified correctly (same rows)" if classify else "R squared (same rows)",
        1 - _loss(fitted, y, w, classify) / (1 if classify else null),
        unit="share",
        columns=[parameters.outcome],
    )
    _leaves(builder, frame, tree.tree_, features, x, y, w, data.weights, parameters, data.categories)
    _importance(builder, frame, tree.feature_importances_, features)
    builder.assume(
        "Rules found and judged on the same rows",
        None,
        "Leaves look better on the rows they were found in; see the error out of sample.",
    )
    if tree.tree_.node_count == 1:
        builder.notice("no_split", "No split lowers the error out of sample; the tree is one leaf.")
    if data.dropped:
        builder.notice("missing", f"{data.dropped:,} rows with a missing value are left out.")
    builder.notices(frame.notices)
    return builder.build(
        method=f"CART ({'Gini impurity' if classify else 'squared error'}), pruned by cost complexity with the least "
        f"mean error over {parameters.folds} seeded folds; categories enter as yes/no splits.",
        missing_values="Rows with a missing value in any column used are left out.",
        weights="Weights enter impurity, pruning and shares.",
        references=("Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees",),
        seed=context.seed,
    )


def _centre(y: np.ndarray, w: np.ndarray, classify: bool) -> float:
    return float(np.bincount(y, w).argmax()) if classify else float(np.average(y, weights=w))


def _loss(predicted: np.ndarray, y: np.ndarray, w: np.ndarray, classify: bool) -> float:
    each = (predicted != y).astype(float) if classify else (predicted - y) ** 2
    return float(w @ each) / float(w.sum())


def _prune(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, parameters: CartParameters, context: RunContext
) -> tuple[float, float]:
    """Pruning strength with the least cross-validated error, and that error."""
    path = make_tree(parameters, context.seed).cost_complexity_pruning_path(x, y, sample_weight=w).ccp_alphas
    alphas = np.unique(np.maximum(np.sqrt(path[:-1] * path[1:]) if path.size > 1 else path, 0.0))
    alphas = np.append(alphas, path[-1] * 1.0001 + 1e-12)
    if alphas.size > 25:
        alphas = alphas[np.linspace(0, alphas.size - 1, 25).round().astype(int)]
    order = np.random.default_rng(context.seed).permutation(y.size)
    parts = np.array_split(order, parameters.folds)
    loss = np.zeros((parameters.folds, alphas.size))
    for f, part in enumerate(parts):
        train = np.concatenate([p for p in parts if p is not part])
        context.checkpoint("pruning", f, parameters.folds)
        model = make_tree(parameters, context.seed).fit(x[train], y[train], sample_weight=w[train])
        for k, predicted in enumerate(pruned_predictions(model, x[part], alphas)):
            loss[f, k] = _loss(predicted, y[part], w[part], parameters.kind == "classification")
    mean = loss.mean(axis=0)
    best = int(np.flatnonzero(mean <= mean.min() + 1e-12)[-1])  # the simplest tree among equals
    return float(alphas[best]), float(mean[best])


def _leaves(
    builder: OutputBuilder,
    frame: Frame,
    tree: Any,
    features: Sequence[tuple[str, Category | None]],
    x: np.ndarray,
    y: np.ndarray,
    w: np.ndarray,
    weights: np.ndarray,
    parameters: CartParameters,
    categories: Any,
) -> None:
    classify = parameters.kind == "classification"
    outcome = list(categories[parameters.outcome]) if classify else []
    used = [parameters.outcome, *parameters.predictors, *parameters.factors]
    rows: list[list[Any]] = []
    drills: list[Any] = []
    points: list[dict[str, Any]] = []

    def walk(node: int, conditions: tuple[Condition, ...], mask: np.ndarray) -> None:
        if tree.children_left[node] != -1:
            k, threshold = int(tree.feature[node]), float(tree.threshold[node])
            name, category = features[k]
            # The library compares in single precision; the threshold is exact in double.
            left = x[:, k].astype(np.float32) <= threshold
            both: tuple[Condition, Condition]
            if category is None:
                both = ((name, "le", threshold), (name, "gt", threshold))
            else:
                both = ((name, "ne", category), (name, "eq", category))
            walk(int(tree.children_left[node]), (*conditions, both[0]), mask & left)
            walk(int(tree.children_right[node]), (*conditions, both[1]), mask & ~left)
            return
        number, n = len(rows) + 1, int(mask.sum())
        rule = " and ".join(_sentence(frame, c) for c in conditions) or "All"
        drill: list[Any] = [
            {"column": c[0], "op": c[1], "value": getattr(c[2], "value", c[2])} for c in conditions
        ]
        drill += [{"column": name, "op": "not_missing"} for name in used]
        drills.append({"and": drill})
        if classify:
            share = np.bincount(y[mask], w[mask], len(outcome)) / w[mask].sum()
            top = int(share.argmax())
            rows.append([number, rule, n, outcome[top].label, *share])
            for k, category in enumerate(outcome):
                builder.fact(
                    fact_id("share", number, category.value),
                    f"Share of {category.label} in leaf {number}",
                    share[k],
                    unit="share",
                    n=n,
                    weighted_n=weights[mask].sum(),
                    columns=used,
                )
                points.append({"leaf": str(number), "answer": category.label, "share": share[k]})
        else:
            mean = float(np.average(y[mask], weights=w[mask]))
            spread = float(np.sqrt(np.average((y[mask] - mean) ** 2, weights=w[mask])))
            rows.append([number, rule, n, mean, spread])
            builder.fact(
                fact_id("mean", number),
                f"Mean in leaf {number}",
                mean,
                n=n,
                weighted_n=weights[mask].sum(),
                columns=used,
            )
            points.append({"leaf": str(number), "mean": mean})

    walk(0, (), np.ones(y.size, dtype=bool))
    builder.fact("leaves", "Leaves", len(rows), base_rule=False)
    last = (
        [
            text_column("top", "Most frequent"),
            *[percent_column(f"share{k}", c.label) for k, c in enumerate(outcome)],
        ]
        if classify
        else [number_column("mean", "Mean"), number_column("sd", "Standard deviation")]
    )
    builder.table(
        "leaves",
        "Leaves",
        [integer_column("leaf", "Leaf"), text_column("rule", "Rule"), integer_column("n", "Rows"), *last],
        rows,
        row_drills=drills,
    )
    builder.chart(
        bars(
            "leaves",
            f"{frame.column(parameters.outcome).title} by leaf",
            "Outcome within each leaf of the tree.",
            points[:2_000],
            category="leaf",
            value="share" if classify else "mean",
            category_title="Leaf",
            value_title="Share" if classify else "Mean",
            colour="answer" if classify else None,
            colour_title=frame.column(parameters.outcome).title if classify else None,
            stack="normalize" if classify else None,
        )
    )


def _sentence(frame: Frame, condition: Condition) -> str:
    name, op, value = condition
    title = frame.column(name).title
    if isinstance(value, Category):
        return f"{title} is {'not ' if op == 'ne' else ''}{value.label}"
    return f"{title} {'at most' if op == 'le' else 'above'} {value:.6g}"


def _importance(
    builder: OutputBuilder,
    frame: Frame,
    importances: np.ndarray,
    features: Sequence[tuple[str, Category | None]],
) -> None:
    total: dict[str, float] = {}
    for (name, _), value in zip(features, importances, strict=True):
        total[name] = total.get(name, 0.0) + float(value)
    for name, value in total.items():
        builder.fact(
            fact_id("importance", name),
            f"Importance of {frame.column(name).title} (share of the error removed)",
            value,
            unit="share",
            columns=[name],
        )
    builder.table(
        "importance",
        "Importance",
        [text_column("predictor", "Predictor"), percent_column("importance", "Share of the error removed")],
        [[frame.column(n).title, v] for n, v in sorted(total.items(), key=lambda item: -item[1])],
    )


def script(parameters: CartParameters, context: ScriptContext) -> str:
    classify = parameters.kind == "classification"
    factors = ", ".join(f"{literal(n)}: {levels_source(context, n)}" for n in parameters.factors)
    outcome = literal(parameters.outcome)
    return f"""
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

classify, names, factors = {literal(classify)}, {literal(list(parameters.predictors))}, {{{factors}}}
numbers = {{name: number(name) for name in [*names, *([] if classify else [{outcome}])]}}
keep = np.ones(len(data), dtype=bool)
for values in numbers.values():
    keep &= ~np.isnan(values)
for name in [*factors, *([{outcome}] if classify else [])]:
    keep &= data[name].notna().to_numpy()
if classify:
    levels = [fact_id(v) for v in {levels_source(context, parameters.outcome)}]
    y = data.loc[keep, {outcome}].map(fact_id).map(levels.index).to_numpy()
else:
    y = numbers[{outcome}][keep]
columns = [numbers[name][keep] for name in names]
owners = list(names)
for name, values in factors.items():
    for level in values:
        columns.append((data.loc[keep, name] == level).to_numpy(dtype=float))
        owners.append(name)
x = np.column_stack(columns)
w = weights[keep] * keep.sum() / weights[keep].sum()
kind = DecisionTreeClassifier if classify else DecisionTreeRegressor


def tree(alpha, rows):
    model = kind(max_depth={parameters.depth}, min_samples_leaf={parameters.smallest_leaf}, ccp_alpha=alpha,
                 random_state=SEED % 2**32)
    return model.fit(x[rows], y[rows], sample_weight=w[rows])


path = tree(0.0, slice(None)).cost_complexity_pruning_path(x, y, sample_weight=w).ccp_alphas
alphas = np.unique(np.maximum(np.sqrt(path[:-1] * path[1:]) if path.size > 1 else path, 0.0))
alphas = np.append(alphas, path[-1] * 1.0001 + 1e-12)
if alphas.size > 25:
    alphas = alphas[np.linspace(0, alphas.size - 1, 25).round().astype(int)]
parts = np.array_split(np.random.default_rng(SEED).permutation(len(y)), {parameters.folds})
loss = np.zeros((len(parts), len(alphas)))
for f, part in enumerate(parts):
    train = np.concatenate([p for p in parts if p is not part])
    for k, alpha in enumerate(alphas):
        said = tree(alpha, train).predict(x[part])
        loss[f, k] = np.average(said != y[part] if classify else (said - y[part]) ** 2, weights=w[part])
mean = loss.mean(axis=0)
best = np.flatnonzero(mean <= mean.min() + 1e-12)[-1]
model = tree(alphas[best], slice(None))
results = {{"pruning": alphas[best], "leaves": int(model.get_n_leaves())}}
for name in dict.fromkeys(owners):
    results[fact_id("importance", name)] = model.feature_importances_[np.array(owners) == name].sum()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or chosen[0].measure not in OUTCOME_MEASURES:
        return None
    numeric = [c.name for c in chosen[1:] if c.measure in (Measure.SCALE, Measure.ORDINAL)]
    factors = [c.name for c in chosen[1:] if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(numeric) + len(factors) != len(chosen) - 1:
        return None
    kind = "regression" if chosen[0].measure is Measure.SCALE else "classification"
    return Suggestion(
        0.35,
        {"outcome": chosen[0].name, "kind": kind, "predictors": numeric, "factors": factors},
        "Explains an outcome by simple rules.",
    )


PROCEDURE = Procedure(
    key="cart_tree",
    title="Decision tree (CART)",
    question="Which simple rules tell the outcome?",
    family=ProcedureFamily.MODEL,
    version=1,
    parameters=CartParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two leaves' worth of complete rows.",),
    randomised=True,
    cost="heavy",
    tags=("decision tree", "classification", "regression", "rules"),
)
