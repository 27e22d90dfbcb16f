"""Latent class analysis of categorical answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import heatmap
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, constant_column, did_not_converge, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, ColumnNames, Parameters, columns, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.clusters import LatentClasses, latent_classes, relative_entropy


class LatentClassParameters(Parameters):
    items: ColumnNames = columns("Items", accepts=CATEGORICAL, min_items=2, max_items=40)
    classes: int | None = option(
        None, "Classes", ge=1, le=12, help="By default the number with the lowest BIC."
    )
    largest: int = option(5, "Largest number tried", ge=1, le=10)
    starts: int = option(10, "Random starts", ge=1, le=100)


def compute(frame: Frame, parameters: LatentClassParameters, context: RunContext) -> ProcedureOutput:
    names = list(parameters.items)
    for name in names:
        frame.categories(name, 20)
    data = frame.arrays(categorical=names, complete=False)
    codes = np.column_stack([data.codes[name] for name in names])
    blank = (codes < 0).all(axis=1)
    codes, weights = codes[~blank], data.weights[~blank]
    n = int(weights.size)
    levels = []
    for j, name in enumerate(names):
        present = np.unique(codes[codes[:, j] >= 0, j])
        if present.size < 2:
            raise constant_column(
                name, data.categories[name][int(present[0])].value if present.size else None
            )
        levels.append(len(data.categories[name]))
    scaled = weights * (n / weights.sum())
    patterns, inverse = np.unique(codes, axis=0, return_inverse=True)
    pattern_weights = np.bincount(inverse.ravel(), scaled).astype(np.float64)
    tried = [parameters.classes] if parameters.classes else list(range(1, parameters.largest + 1))
    cells = math.prod(levels)
    fits: list[LatentClasses] = []
    for done, k in enumerate(tried):
        count = k - 1 + k * sum(size - 1 for size in levels)
        if count >= min(n, cells):
            if parameters.classes or not fits:
                if count >= n:
                    raise too_few_rows(n, count + 1, f"a latent class model with {count} parameters")
                raise ProcedureError(
                    "not_identified",
                    f"{k} classes need {count} parameters, but the items have only {cells:,} answer patterns.",
                    "/classes",
                )
            break
        fits.append(
            latent_classes(
                patterns,
                levels,
                pattern_weights,
                k,
                context.generator(k),
                starts=parameters.starts if k > 1 else 1,
                checkpoint=partial(_report, context, done, len(tried)),
            )
        )
    bic = [fit.parameters * math.log(n) - 2 * fit.log_likelihood for fit in fits]
    fit = fits[int(np.argmin(bic))]
    if not fit.converged:
        raise did_not_converge("The latent class model", fit.iterations)
    k = fit.sizes.size
    builder = OutputBuilder(context, n=n, weighted_n=weights.sum())
    builder.fact("classes", "Classes", k, base_rule=False)
    builder.fact("log_likelihood", "Log-likelihood", fit.log_likelihood, columns=names)
    builder.fact("bic", "Bayesian information criterion", min(bic), columns=names)
    entropy = relative_entropy(fit.posterior, pattern_weights)
    builder.fact("entropy", "Relative entropy (1 = clear classes)", entropy, columns=names)
    assigned = fit.posterior.argmax(axis=1)
    for c in range(k):
        builder.fact(
            fact_id("size", c + 1),
            f"Share of class {c + 1}",
            fit.sizes[c],
            unit="share",
            n=int(np.bincount(inverse.ravel()) @ (assigned == c)),
            columns=names,
        )
    rows, points = [], []
    for j, name in enumerate(names):
        title = frame.column(name).title
        for level, category in enumerate(data.categories[name]):
            for c in range(k):
                builder.fact(
                    fact_id("response", name, category.value, c + 1),
                    f"Share answering {category.label} to {title} in class {c + 1}",
                    fit.responses[j][c, level],
                    unit="share",
                    columns=[name],
                )
                points.append(
                    {
                        "answer": f"{title}: {category.label}",
                        "class": str(c + 1),
                        "share": fit.responses[j][c, level],
                    }
                )
            rows.append([title, category.label, *fit.responses[j][:, level]])
    builder.table(
        "responses",
        "Answers by class",
        [
            text_column("item", "Item"),
            text_column("answer", "Answer"),
            *[percent_column(f"class{c + 1}", f"Class {c + 1} ({fit.sizes[c]:.0%})") for c in range(k)],
        ],
        rows,
    )
    builder.table(
        "selection",
        "Numbers of classes tried",
        [
            integer_column("classes", "Classes"),
            number_column("log_likelihood", "Log-likelihood"),
            integer_column("parameters", "Parameters"),
            number_column("aic", "AIC"),
            number_column("bic", "BIC"),
            number_column("entropy", "Entropy"),
        ],
        [
            [
                f.sizes.size,
                f.log_likelihood,
                f.parameters,
                2 * f.parameters - 2 * f.log_likelihood,
                b,
                relative_entropy(f.posterior, pattern_weights),
            ]
            for f, b in zip(fits, bic, strict=True)
        ],
    )
    builder.chart(
        heatmap(
            "responses",
            "Answers by class",
            "Share giving each answer within each class.",
            points[:4_000],
            x="class",
            y="answer",
            value="share",
            x_title="Class",
            y_title="Answer",
            value_title="Share",
            domain=(0.0, 1.0),
        )
    )
    builder.assume(
        "Clear classes",
        entropy >= 0.6 if k > 1 else None,
        f"Relative entropy {entropy:.2f}; below 0.6 classes overlap much.",
    )
    builder.assume(
        "Local independence",
        None,
        "Within a class the items must not be related; items that ask the same twice break this.",
    )
    if blank.any():
        builder.notice(
            "missing", f"{int(blank.sum()):,} rows answer none of the items and are left out.", names
        )
    builder.notices(frame.notices)
    return builder.build(
        method=f"Latent class model by EM on answer patterns, best of {parameters.starts} random starts; classes "
        "numbered by size; number by BIC when not given.",
        missing_values="Missing answers are treated as missing at random; rows without any answer are left out.",
        weights="Pseudo-maximum likelihood with weights scaled to the number of rows.",
        references=(
            "Goodman (1974), Biometrika 61, 215-231",
            "Collins & Lanza (2010), Latent Class and Latent Transition Analysis",
        ),
        seed=context.seed,
    )


def _report(context: RunContext, done: int, models: int, start: int, starts: int) -> None:
    context.checkpoint("fitting", done * starts + start, models * starts)


def script(parameters: LatentClassParameters, context: ScriptContext) -> str:
    return f"""
names, wanted = {literal(list(parameters.items))}, {literal(parameters.classes)}
blocks = []
for name in names:
    levels = data[name].dropna().unique()
    blocks.append(np.column_stack([(data[name] == v).fillna(False).to_numpy(dtype=float) for v in levels]))
answered = sum(block.sum(axis=1) for block in blocks) > 0
blocks = [block[answered] for block in blocks]
w = weights[answered] * answered.sum() / weights[answered].sum()


def fit(k, rng):
    sizes, shares = np.full(k, 1 / k), [rng.dirichlet(np.full(b.shape[1], 2.0), k) for b in blocks]
    before = -np.inf
    for _ in range(5_000):
        logs = np.log(sizes + 1e-300) + sum(b @ np.log(s + 1e-300).T for b, s in zip(blocks, shares))
        top = logs.max(axis=1, keepdims=True)
        posterior = np.exp(logs - top)
        value = w @ (np.log(posterior.sum(axis=1)) + top[:, 0])
        posterior /= posterior.sum(axis=1, keepdims=True)
        if value - before < 1e-12 * abs(value):
            break
        before = value
        sizes = w @ posterior / w.sum()
        shares = [(posterior * w[:, None]).T @ b for b in blocks]
        shares = [s / np.maximum(s.sum(axis=1, keepdims=True), 1e-300) for s in shares]
    return value


results = {{"classes": 1 if wanted is None else wanted}}
if wanted is not None:
    rng = np.random.default_rng(SEED)
    results["log_likelihood"] = max(fit(wanted, rng) for _ in range({parameters.starts} if wanted > 1 else 1))
else:
    counts = [sum(b.shape[1] - 1 for b in blocks) * k + k - 1 for k in range(1, {parameters.largest} + 1)]
    rng = np.random.default_rng(SEED)
    patterns = np.prod([b.shape[1] for b in blocks])
    scores = {{k: c * np.log(len(w)) - 2 * max(fit(k, rng) for _ in range({parameters.starts} if k > 1 else 1))
              for k, c in enumerate(counts, start=1) if c < min(len(w), patterns)}}
    results["classes"] = min(scores, key=scores.get)
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 4 or any(c.measure not in (Measure.BINARY, Measure.NOMINAL) for c in chosen):
        return None
    return Suggestion(0.4, {"items": [c.name for c in chosen]}, "Groups people by their pattern of answers.")


PROCEDURE = Procedure(
    key="latent_class",
    title="Latent class analysis",
    question="Which types of people give which patterns of answers?",
    family=ProcedureFamily.STRUCTURE,
    version=1,
    parameters=LatentClassParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two categorical columns with up to 20 categories.",),
    randomised=True,
    cost="heavy",
    tags=("LCA", "mixture", "segmentation", "EM"),
)
