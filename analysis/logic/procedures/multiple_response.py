"""Multiple-response tables: sets of yes/no columns or of columns that each hold one of several answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.contracts import (
    CellType,
    ColumnMeta,
    FilterTree,
    Measure,
    ProcedureFamily,
    ProcedureOutput,
    Scalar,
    Suggestion,
    TableColumn,
)
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, no_rows, too_many_categories
from analysis.logic.frame import Category, Frame
from analysis.logic.output import (
    OutputBuilder,
    clean,
    equals,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import (
    CATEGORICAL,
    ColumnName,
    ColumnNames,
    Parameters,
    column,
    columns,
    option,
)
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES
from analysis.logic.stats.contingency import column_letters, proportion_letters
from analysis.logic.stats.proportions import wilson_interval

MAX_ITEMS = 200
MAX_GROUPS = 52
CHOSEN_WORDS = frozenset(
    {"true", "1", "yes", "y", "x", "selected", "checked", "quoted", "mentioned", "ja", "oui", "si"}
)


class MultipleResponseParameters(Parameters):
    columns: ColumnNames = columns("Answer columns", accepts=CATEGORICAL, min_items=2, max_items=100)
    coding: Literal["dichotomies", "categories"] = option(
        "dichotomies",
        "Coding",
        help="Dichotomies: one yes/no column per answer. Categories: each column holds one of the answers.",
    )
    counted_value: str | None = option(
        None,
        "Counted value",
        help="The value that means 'chosen' in dichotomies; found by itself when left empty.",
    )
    by: ColumnName | None = column("Groups", accepts=CATEGORICAL, default=None)
    correction: Literal["none", "bonferroni", "holm", "bh"] = option("bonferroni", "Correction of letters")
    alpha: float = option(0.05, "Significance level", gt=0, lt=0.5)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


@dataclass(frozen=True, slots=True)
class Item:
    """One answer of the set: `codes[column]` is the category index that means it, per column position."""

    key: Scalar
    label: str
    codes: dict[int, int]
    drill: FilterTree


@dataclass(frozen=True, slots=True)
class Mentions:
    """Counts per item and group; bases per group. A row counts once per item and is in the base if it answered."""

    n: npt.NDArray[np.int64]
    weighted: npt.NDArray[np.float64]
    base_n: npt.NDArray[np.int64]
    base: npt.NDArray[np.float64]
    base_squares: npt.NDArray[np.float64]
    responders: int
    left_out: int


def compute(frame: Frame, parameters: MultipleResponseParameters, context: RunContext) -> ProcedureOutput:
    frame.require_rows()
    items = (
        _dichotomies(frame, parameters) if parameters.coding == "dichotomies" else _answers(frame, parameters)
    )
    if len(items) > MAX_ITEMS:
        raise too_many_categories(parameters.columns[0], len(items), MAX_ITEMS)
    groups = (
        (Category(None, "All", 0, 0.0),)
        if parameters.by is None
        else frame.categories(parameters.by, MAX_GROUPS)
    )
    mentions = _count(frame, parameters, items, len(groups))
    if not mentions.base_n.sum():
        raise no_rows("no row answered any of the columns")
    total, base = mentions.weighted.sum(axis=1), float(mentions.base.sum())
    effective = base**2 / float(mentions.base_squares.sum())
    n_base = int(mentions.base_n.sum())
    builder = OutputBuilder(context, n=n_base, weighted_n=base)
    responses = float(total.sum())
    builder.fact(
        "responders",
        "Rows with at least one mention",
        mentions.responders,
        unit="rows",
        columns=parameters.columns,
    )
    builder.fact(
        "mentions_per_row", "Mentions per answering row", responses / base, columns=parameters.columns
    )
    rows, points = [], []
    for i, item in enumerate(items):
        share = total[i] / base
        low, high = wilson_interval(share, effective, parameters.confidence)
        builder.fact(
            fact_id("share", item.key),
            f"Share of rows that mention {item.label!r}",
            share,
            unit="share",
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[parameters.columns[c] for c in item.codes],
        )
        rows.append(
            [
                item.label,
                int(mentions.n[i].sum()),
                total[i],
                total[i] / responses if responses else None,
                share,
                low,
                high,
            ]
        )
        points.append({"answer": item.label, "share": share, "low": low, "high": high})
    builder.table(
        "mentions",
        "Mentions",
        [
            text_column("answer", "Answer"),
            integer_column("n", "Rows"),
            number_column("weighted_n", "Weighted rows"),
            percent_column("of_mentions", "Share of mentions"),
            percent_column("of_rows", "Share of rows"),
            percent_column("low", "Low"),
            percent_column("high", "High"),
        ],
        rows,
        row_drills=[i.drill for i in items] if parameters.by is None else _within(items, parameters.by),
        notes=["Shares of rows can add up to more than 100%."],
    )
    if len(items) <= 60:
        builder.chart(
            bars(
                "mentions",
                "Mentions",
                "Share of the answering rows that mention each answer.",
                points,
                category="answer",
                value="share",
                category_title="Answer",
                value_title="Share of rows",
                value_format=".0%",
                low="low",
                high="high",
            )
        )
    if parameters.by is not None:
        _by_groups(builder, frame, parameters, context, items, groups, mentions)
    if mentions.left_out:
        builder.notice(
            "missing_left_out", f"{mentions.left_out:,} rows without any answer or group are left out."
        )
    builder.notices(frame.notices)
    return builder.build(
        method=(
            "A row counts once per answer, however often it repeats it. The base is the rows that answered at least "
            "one of the columns. Letters compare groups by pooled z tests."
        ),
        missing_values="Rows missing in all answer columns (or in the group column) are left out.",
        weights="Shares are weighted; intervals and letters rest on Kish's effective bases.",
        multiple_testing=CORRECTION_NAMES[parameters.correction] if parameters.by else "",
        references=("Wilson (1927), JASA 22, 209-212",),
    )


def _within(items: Sequence[Item], by: str) -> list[FilterTree]:
    return [{"and": [item.drill, {"column": by, "op": "not_missing"}]} for item in items]


def _dichotomies(frame: Frame, parameters: MultipleResponseParameters) -> list[Item]:
    items = []
    for position, name in enumerate(parameters.columns):
        categories = frame.categories(name)
        code = _chosen_code(name, categories, parameters.counted_value)
        drill = {"column": name, "op": "is_missing"} if code is None else equals(name, categories[code].value)
        if code is None:  # the value never occurs here: nobody chose this answer
            drill = {"and": [drill, {"column": name, "op": "not_missing"}]}
        items.append(Item(name, frame.column(name).title, {} if code is None else {position: code}, drill))
    return items


def _chosen_code(name: str, categories: Sequence[Category], counted: str | None) -> int | None:
    if counted is not None:
        wanted = counted.strip().lower()
        for i, category in enumerate(categories):
            if wanted in (category.label.lower(), str(category.value).lower()):
                return i
        return None
    found = [
        i
        for i, c in enumerate(categories)
        if str(c.value).strip().lower() in CHOSEN_WORDS or c.label.strip().lower() in CHOSEN_WORDS
    ]
    if len(found) == 1:
        return found[0]
    if len(categories) == 1 and not found and str(categories[0].value).lower() not in ("0", "false", "no"):
        return 0  # a column that holds a text when chosen and nothing otherwise
    if not found and all(str(c.value).lower() in ("0", "false", "no") for c in categories):
        return None
    raise ProcedureError(
        "counted_value_needed",
        f"Which value of {name!r} means 'chosen' cannot be told from its {len(categories)} values; name it.",
        "/counted_value",
        {"column": name, "values": [c.value for c in categories[:20]]},
    )


def _answers(frame: Frame, parameters: MultipleResponseParameters) -> list[Item]:
    codes: dict[Scalar, dict[int, int]] = {}
    labels: dict[Scalar, str] = {}
    for position, name in enumerate(parameters.columns):
        for code, category in enumerate(frame.categories(name)):
            codes.setdefault(category.value, {})[position] = code
            labels.setdefault(category.value, category.label)
    return [
        Item(value, labels[value], places, {"or": [equals(parameters.columns[p], value) for p in places]})
        for value, places in codes.items()
    ]


def _count(
    frame: Frame, parameters: MultipleResponseParameters, items: Sequence[Item], groups: int
) -> Mentions:
    shape = (len(items), groups)
    n, weighted = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    base_n, base, squares = np.zeros(groups, dtype=np.int64), np.zeros(groups), np.zeros(groups)
    responders = left_out = 0
    names = [*parameters.columns, *([] if parameters.by is None else [parameters.by])]
    for chunk in frame.chunks(categorical=names, stage="counting"):
        answers = chunk.codes[:, : len(parameters.columns)]
        group = (
            np.zeros(len(answers), dtype=np.int64)
            if parameters.by is None
            else chunk.codes[:, -1].astype(np.int64)
        )
        used = (answers >= 0).any(axis=1) & (group >= 0)
        left_out += int((~used).sum())
        answers, group, weights = answers[used], group[used], chunk.weights[used]
        base_n += np.bincount(group, minlength=groups)
        base += np.bincount(group, weights, minlength=groups)
        squares += np.bincount(group, weights * weights, minlength=groups)
        any_mention = np.zeros(len(answers), dtype=bool)
        for i, item in enumerate(items):
            mentioned = np.zeros(len(answers), dtype=bool)
            for position, code in item.codes.items():
                mentioned |= answers[:, position] == code
            any_mention |= mentioned
            n[i] += np.bincount(group[mentioned], minlength=groups)
            weighted[i] += np.bincount(group[mentioned], weights[mentioned], minlength=groups)
        responders += int(any_mention.sum())
    return Mentions(n, weighted, base_n, base, squares, responders, left_out)


def _by_groups(
    builder: OutputBuilder,
    frame: Frame,
    parameters: MultipleResponseParameters,
    context: RunContext,
    items: Sequence[Item],
    groups: Sequence[Category],
    mentions: Mentions,
) -> None:
    assert parameters.by is not None
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = mentions.weighted / mentions.base
        bases = np.where(mentions.base_squares > 0, mentions.base**2 / mentions.base_squares, 0.0)
    hidden = mentions.base_n < context.suppress_below
    letters = proportion_letters(
        shares, np.where(hidden, 0.0, bases), parameters.alpha, parameters.correction, smallest_base=1e-9
    )
    names = column_letters(len(groups))
    title = frame.column(parameters.by).title

    def header(kind: CellType) -> list[TableColumn]:
        return [
            text_column("answer", "Answer"),
            *(
                TableColumn(
                    f"g{g}",
                    f"{group.label} ({names[g]})",
                    kind,
                    group=title,
                    drill=equals(parameters.by or "", group.value),
                )
                for g, group in enumerate(groups)
            ),
        ]

    drills = [item.drill for item in items]
    builder.table(
        "by_group",
        f"Share of rows by {title}",
        header(CellType.PERCENT),
        [
            [item.label, *(None if hidden[g] else clean(shares[i, g]) for g in range(len(groups)))]
            for i, item in enumerate(items)
        ],
        row_drills=drills,
    )
    builder.table(
        "letters",
        "Significant differences between groups",
        header(CellType.TEXT),
        [[item.label, *letters[i]] for i, item in enumerate(items)],
        row_drills=drills,
    )
    builder.table(
        "counts_by_group",
        f"Rows by {title}",
        header(CellType.INTEGER),
        [[item.label, *mentions.n[i].tolist()] for i, item in enumerate(items)],
        row_drills=drills,
    )
    for i, item in enumerate(items):
        for g, group in enumerate(groups):
            builder.fact(
                fact_id("share", item.key, group.value),
                f"Share of rows in {group.label} that mention {item.label!r}",
                shares[i, g],
                unit="share",
                n=int(mentions.base_n[g]),
                weighted_n=mentions.base[g],
                interval=wilson_interval(shares[i, g], bases[g], parameters.confidence),
                interval_level=parameters.confidence,
                interval_method="Wilson score",
                columns=[*(parameters.columns[c] for c in item.codes), parameters.by],
            )


def script(parameters: MultipleResponseParameters, context: ScriptContext) -> str:
    labels = {name: {str(v): t for v, t in context.column(name).value_labels} for name in parameters.columns}
    return f"""
columns, by = {literal(list(parameters.columns))}, {literal(parameters.by)}
answered = data[columns].notna().any(axis=1).to_numpy()
if by is not None:
    answered = answered & data[by].notna().to_numpy()
frame, w = data[answered], weights[answered]
CHOSEN = set({literal(sorted(CHOSEN_WORDS))})
COUNTED = {literal(parameters.counted_value)}
LABELS = {literal(labels)}


def is_chosen(name, value):
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    words = (text.strip().lower(), LABELS[name].get(text, text).strip().lower())
    if COUNTED is not None:
        return COUNTED.strip().lower() in words
    return any(word in CHOSEN for word in words) or (
        data[name].nunique() == 1 and text.lower() not in ("0", "false", "no")
    )


results = {{}}
if {literal(parameters.coding)} == "dichotomies":
    mentions = {{name: frame[name].map(lambda v: pd.notna(v) and is_chosen(name, v)) for name in columns}}
else:
    values = pd.unique(pd.concat([frame[name].dropna() for name in columns]))
    mentions = {{value: (frame[columns] == value).any(axis=1) for value in values}}
for key, chosen in mentions.items():
    chosen = chosen.to_numpy(dtype=bool)
    results[fact_id("share", key)] = w[chosen].sum() / w.sum()
    if by is not None:
        for group in pd.unique(frame[by]):
            inside = (frame[by] == group).to_numpy()
            results[fact_id("share", key, group)] = w[chosen & inside].sum() / w[inside].sum()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) < 3 or any(c.measure is not Measure.BINARY for c in chosen):
        return None
    return Suggestion(
        0.92, {"columns": [c.name for c in chosen]}, "Several yes/no columns form an answer set."
    )


PROCEDURE = Procedure(
    key="multiple_response",
    title="Multiple-response table",
    question="Which of several answers were mentioned, and by how many?",
    family=ProcedureFamily.TABLES,
    version=1,
    parameters=MultipleResponseParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("At least two columns of one answer set.",),
    tags=("multi-select", "check all that apply", "mentions"),
)
