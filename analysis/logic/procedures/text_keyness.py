"""Keyness: words that one group uses more than the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, all_missing
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    p_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import CATEGORICAL, TEXTUAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.adjust import CORRECTION_NAMES, adjust_p_values
from analysis.logic.stats.proportions import normal_quantile
from analysis.logic.stats.words import STOP_WORDS, TOKEN, log_likelihood, log_ratio, terms, tokens


class KeynessParameters(Parameters):
    text: ColumnName = column("Open answers", accepts=TEXTUAL)
    groups: ColumnName = column("Groups", accepts=CATEGORICAL)
    fewest: int = option(5, "A term must occur in at least", ge=2, le=1_000, help="Answers.")
    phrases: bool = option(False, "Also pairs of words")
    listed: int = option(20, "Terms listed per group", ge=1, le=100)
    correction: Literal["bh", "holm", "bonferroni", "none"] = option("bh", "Correction over terms and groups")
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def compute(frame: Frame, parameters: KeynessParameters, context: RunContext) -> ProcedureOutput:
    from scipy.special import chdtrc

    if parameters.text == parameters.groups:
        raise ProcedureError("duplicate_column", "Text and groups must be different columns.", "/groups")
    texts, _, _ = frame.texts(parameters.text)
    data = frame.arrays(categorical=[parameters.groups], complete=False, limit=30)
    codes, categories = data.codes[parameters.groups], data.categories[parameters.groups]
    used = [i for i, text in enumerate(texts) if text is not None and text.strip() and codes[i] >= 0]
    if not used:
        raise all_missing(parameters.text)
    k = len(categories)
    counts: list[Counter[str]] = [Counter() for _ in range(k)]
    everywhere: Counter[str] = Counter()
    answers = np.zeros(k, dtype=int)
    for done, i in enumerate(used):
        if done % 5_000 == 0:
            context.checkpoint("counting words", done, len(used))
        # A term counts once per answer, so that one long answer cannot make a word key.
        found = set(terms(tokens(texts[i] or ""), 2 if parameters.phrases else 1))
        counts[codes[i]].update(found)
        everywhere.update(found)
        answers[codes[i]] += 1
    present = [g for g in range(k) if answers[g]]
    if len(present) < 2:
        raise ProcedureError("one_group", f"Only one group of {parameters.groups!r} has answers.", "/groups")
    words = sorted(term for term, n in everywhere.items() if n >= parameters.fewest)
    if not words:
        raise ProcedureError(
            "too_few_terms",
            f"No term occurs in at least {parameters.fewest} answers; lower the limit.",
            "/fewest",
        )
    builder = OutputBuilder(context, n=len(used))
    total = int(answers.sum())
    found_rows = []
    for g in present:
        for term in words:
            a, b = counts[g][term], everywhere[term] - counts[g][term]
            n_a, n_b = int(answers[g]), total - int(answers[g])
            g2 = log_likelihood(a, b, n_a, n_b) + log_likelihood(n_a - a, n_b - b, n_a, n_b)
            found_rows.append((g, term, a, b, n_a, n_b, g2, float(chdtrc(1, g2))))
    adjusted = adjust_p_values([row[7] for row in found_rows], parameters.correction)
    z = normal_quantile(parameters.confidence)
    rows: list[list[object]] = []
    points: list[dict[str, object]] = []
    for g in present:
        own = [
            (row, p)
            for row, p in zip(found_rows, adjusted, strict=True)
            if row[0] == g and row[2] * row[5] > row[3] * row[4]
        ]
        own.sort(key=lambda item: (-item[0][6], item[0][1]))
        for (_, term, a, b, n_a, n_b, g2, p), p_adjusted in own[: parameters.listed]:
            ratio = log_ratio(a, b, n_a, n_b)
            error = np.sqrt(1 / (a + 0.5) - 1 / (n_a + 0.5) + 1 / (b + 0.5) - 1 / (n_b + 0.5)) / np.log(2)
            low, high = ratio - z * error, ratio + z * error
            label = categories[g].label
            builder.fact(
                fact_id("log_ratio", categories[g].value, term),
                f"How much more {label} says {term!r} (doublings)",
                ratio,
                n=n_a,
                interval=(low, high),
                interval_level=parameters.confidence,
                interval_method="Normal on the log ratio of shares",
                statistic=g2,
                df=(1,),
                p=p,
                adjusted_p=p_adjusted,
                test="Log-likelihood G2",
                columns=[parameters.text, parameters.groups],
            )
            rows.append([label, term, a, a / n_a, b / n_b, ratio, low, high, g2, p, p_adjusted])
            if len([1 for point in points if point["group"] == label]) < 10:
                points.append({"term": term, "group": label, "ratio": ratio, "key": f"{label}: {term}"})
    for g in present:
        builder.fact(
            fact_id("answers", categories[g].value),
            f"Answers of {categories[g].label}",
            int(answers[g]),
            base_rule=False,
            columns=[parameters.groups],
        )
    builder.table(
        "keyness",
        "Key terms by group",
        [
            text_column("group", "Group"),
            text_column("term", "Term"),
            integer_column("answers", "Answers with it"),
            percent_column("share", "Share in the group"),
            percent_column("other", "Share elsewhere"),
            number_column("ratio", "Log ratio"),
            number_column("low", "Low"),
            number_column("high", "High"),
            number_column("g2", "G2"),
            p_column(),
            p_column("adjusted_p", "Adjusted p"),
        ],
        rows,
    )
    builder.chart(
        bars(
            "keyness",
            "Key terms by group",
            "How many doublings more often each group uses its key terms than the others.",
            points,
            category="key",
            value="ratio",
            category_title="Term",
            value_title="Log ratio",
        )
    )
    builder.assume(
        "Answers independent",
        None,
        "A term counts once per answer; several answers of one person break this.",
    )
    gone = len(texts) - len(used)
    if gone:
        builder.notice("missing", f"{gone:,} rows without text or group are left out.", [parameters.text])
    builder.notices(frame.notices)
    return builder.build(
        method="Share of a group's answers with a term against all others: log-likelihood G2 and binary log ratio.",
        missing_values="Rows without text or group are left out.",
        references=(
            "Dunning (1993), Computational Linguistics 19, 61-74",
            "Rayson & Garside (2000), ACL workshop 1-6",
        ),
        multiple_testing=CORRECTION_NAMES[parameters.correction],
    )


def script(parameters: KeynessParameters, context: ScriptContext) -> str:
    return f"""
import re
from collections import Counter
from scipy.stats import chi2_contingency

STOP = set({literal(sorted(STOP_WORDS))})
TOKEN = re.compile({literal(TOKEN.pattern)})
text, groups = {literal(parameters.text)}, {literal(parameters.groups)}
counts, answers = {{}}, Counter()
for said, group in zip(data[text], data[groups]):
    if pd.isna(said) or pd.isna(group) or not str(said).strip():
        continue
    words = [m.group().lower().replace("\\u2019", "'") for m in TOKEN.finditer(str(said))]
    words = [w for w in words if len(w) >= 2 and w not in STOP]
    if {parameters.phrases}:
        words += [" ".join(pair) for pair in zip(words, words[1:])]
    counts.setdefault(group, Counter()).update(set(words))
    answers[group] += 1
everywhere = sum(counts.values(), Counter())
results = {{fact_id("answers", group): n for group, n in answers.items()}}
for group in counts:
    found = []
    for term, n in everywhere.items():
        a, n_a = counts[group][term], answers[group]
        b, n_b = n - a, sum(answers.values()) - n_a
        if n >= {parameters.fewest} and a * n_b > b * n_a:
            table = [[a, n_a - a], [b, n_b - b]]
            g2 = chi2_contingency(table, correction=False, lambda_="log-likelihood").statistic if n < n_a + n_b else 0.0
            found.append((-g2, term, a, b, n_a, n_b))
    for _, term, a, b, n_a, n_b in sorted(found)[:{parameters.listed}]:
        add = 0.5 if a == 0 or b == 0 else 0.0
        results[fact_id("log_ratio", group, term)] = np.log2(((a + add) / n_a) / ((b + add) / n_b))
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    texts = [c for c in chosen if c.measure is Measure.TEXT]
    groups = [c for c in chosen if c.measure in (Measure.NOMINAL, Measure.BINARY)]
    if len(chosen) != 2 or len(texts) != 1 or len(groups) != 1:
        return None
    return Suggestion(
        0.85, {"text": texts[0].name, "groups": groups[0].name}, "Finds what each group says more often."
    )


PROCEDURE = Procedure(
    key="text_keyness",
    title="Key words of groups",
    question="Which words does one group use more than the others?",
    family=ProcedureFamily.TEXT,
    version=1,
    parameters=KeynessParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A text column and a grouping column with up to 30 groups.",),
    supports_weights=False,
    tags=("keyness", "word frequency", "log-likelihood"),
)
