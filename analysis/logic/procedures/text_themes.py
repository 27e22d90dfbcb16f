"""Themes of open answers: TF-IDF with NMF or k-means, named by their top terms, with quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from analysis.contracts import ColumnMeta, Measure, ProcedureFamily, ProcedureOutput, Suggestion
from analysis.logic.charts import bars
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError, all_missing, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import (
    OutputBuilder,
    fact_id,
    integer_column,
    number_column,
    percent_column,
    text_column,
)
from analysis.logic.parameters import TEXTUAL, ColumnName, Parameters, column, option
from analysis.logic.registry import Procedure
from analysis.logic.script import ScriptContext, literal
from analysis.logic.stats.proportions import wilson_interval
from analysis.logic.stats.words import STOP_WORDS, TOKEN, terms, tokens, vocabulary

MAX_TERMS = 4_000
MAX_TEXTS = 200_000


class TextThemesParameters(Parameters):
    text: ColumnName = column("Open answers", accepts=TEXTUAL)
    themes: int | None = option(
        None, "Themes", ge=2, le=40, help="By default from 3 to 12 with the number of texts."
    )
    method: Literal["nmf", "k_means"] = option(
        "nmf", "Method", help="nmf: a text may touch several themes; k_means: each text has one."
    )
    fewest: int = option(3, "A term must occur in at least", ge=1, le=1_000, help="Texts.")
    phrases: bool = option(True, "Also pairs of words")
    quotes: int = option(3, "Quotes per theme", ge=0, le=10)
    confidence: float = option(0.95, "Confidence level", ge=0.5, le=0.999)


def tfidf(documents: Sequence[Sequence[str]], words: Sequence[str]) -> Any:
    """Sparse (texts, terms) matrix: logarithmic frequency times smoothed inverse document frequency, unit rows."""
    from scipy.sparse import csr_matrix, diags

    index = {word: k for k, word in enumerate(words)}
    data, rows, places = [], [], []
    for i, document in enumerate(documents):
        counts: dict[int, int] = {}
        for word in document:
            if word in index:
                counts[index[word]] = counts.get(index[word], 0) + 1
        for k, n in counts.items():
            rows.append(i)
            places.append(k)
            data.append(1 + np.log(n))
    matrix = csr_matrix((data, (rows, places)), shape=(len(documents), len(words)))
    frequency = np.asarray((matrix > 0).sum(axis=0)).ravel()
    idf = np.log((1 + len(documents)) / (1 + frequency)) + 1
    weighted = matrix @ diags(idf)
    length = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return diags(np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)) @ weighted


def compute(frame: Frame, parameters: TextThemesParameters, context: RunContext) -> ProcedureOutput:
    texts, numbers, weights = frame.texts(parameters.text)
    present = [i for i, text in enumerate(texts) if text is not None and text.strip()]
    if not present:
        raise all_missing(parameters.text)
    if len(present) > MAX_TEXTS:
        raise ProcedureError(
            "too_large", f"{len(present):,} texts; at most {MAX_TEXTS:,} can be themed. Filter the rows."
        )
    documents = []
    for done, i in enumerate(present):
        if done % 5_000 == 0:
            context.checkpoint("reading words", done, len(present))
        documents.append(terms(tokens(texts[i] or ""), 2 if parameters.phrases else 1))
    words = vocabulary(documents, parameters.fewest, 0.6, MAX_TERMS)
    count = parameters.themes or int(np.clip(round(np.sqrt(len(present) / 12)), 3, 12))
    if len(present) < 5 * count:
        raise too_few_rows(len(present), 5 * count, f"finding {count} themes")
    if len(words) < count:
        raise ProcedureError(
            "too_few_terms",
            f"Only {len(words)} terms occur in at least {parameters.fewest} texts; lower the limit.",
            "/fewest",
        )
    matrix = tfidf(documents, words)
    blank = np.asarray(matrix.sum(axis=1)).ravel() == 0
    kept = np.array(present)[~blank]
    matrix, weight = matrix[~blank], weights[kept]
    if matrix.shape[0] < count:
        raise too_few_rows(int(matrix.shape[0]), count, f"finding {count} themes")
    context.checkpoint("finding themes", 0, 1)
    strength, top = _themes(matrix, count, parameters.method, context)
    assigned = strength.argmax(axis=1)
    assigned[strength.max(axis=1) <= 0] = -1
    sizes = np.bincount(assigned[assigned >= 0], weight[assigned >= 0], count)
    order = [int(k) for k in np.argsort(-sizes, kind="stable") if (assigned == k).any()]
    builder = OutputBuilder(context, n=int(matrix.shape[0]), weighted_n=weight.sum())
    efficiency = float(weight.sum() ** 2 / (weight * weight).sum())
    rows, quote_rows, points = [], [], []
    for number, k in enumerate(order, start=1):
        best = [words[j] for j in np.argsort(-top[k], kind="stable")[:8] if top[k, j] > 0]
        name = _name(best)
        share = float(sizes[k] / weight.sum())
        low, high = wilson_interval(share, efficiency, parameters.confidence)
        n = int((assigned == k).sum())
        builder.fact(
            fact_id("theme", number),
            f"Share of answers about {name}",
            share,
            unit="share",
            n=n,
            weighted_n=sizes[k],
            interval=(low, high),
            interval_level=parameters.confidence,
            interval_method="Wilson score",
            columns=[parameters.text],
            base_rule=False,
        )
        rows.append([number, name, ", ".join(best), n, share])
        points.append({"theme": name, "share": share, "low": low, "high": high})
        inside = np.flatnonzero(assigned == k)
        quote_rows += [
            [number, name, int(numbers[kept[i]]), (texts[kept[i]] or "")[:500], float(strength[i, k])]
            for i in inside[np.argsort(-strength[inside, k], kind="stable")][: parameters.quotes]
        ]
    builder.table(
        "themes",
        "Themes",
        [
            integer_column("theme", "Theme"),
            text_column("name", "Name"),
            text_column("terms", "Top terms"),
            integer_column("answers", "Answers"),
            percent_column("share", "Share"),
        ],
        rows,
    )
    if quote_rows:
        builder.table(
            "quotes",
            "Representative quotes",
            [
                integer_column("theme", "Theme"),
                text_column("name", "Name"),
                integer_column("row", "Row"),
                text_column("quote", "Quote"),
                number_column("strength", "Strength"),
            ],
            quote_rows,
        )
    builder.fact("terms", "Terms used", len(words), base_rule=False)
    builder.fact("texts", "Answers with a term", int(matrix.shape[0]), base_rule=False)
    builder.chart(
        bars(
            "themes",
            "Themes",
            "Share of the answers whose strongest theme it is.",
            points,
            category="theme",
            value="share",
            category_title="Theme",
            value_title="Share",
            value_format=".0%",
            low="low",
            high="high",
        )
    )
    builder.notice(
        "machine_named", "Names are the top terms; read the quotes before giving a theme a better one."
    )
    if blank.any():
        builder.notice(
            "no_terms",
            f"{int(blank.sum()):,} answers hold no frequent term and belong to no theme.",
            [parameters.text],
        )
    if len(texts) > len(present):
        builder.notice(
            "missing", f"{len(texts) - len(present):,} rows without text are left out.", [parameters.text]
        )
    builder.assume(
        "Stable themes",
        None,
        "Themes depend on their number and on the seed; compare a run with one theme more.",
    )
    builder.notices(frame.notices)
    return builder.build(
        method=f"TF-IDF of words{' and word pairs' if parameters.phrases else ''}, "
        f"{'non-negative matrix factorisation' if parameters.method == 'nmf' else 'k-means'} with {count} themes; "
        "an answer counts for its strongest theme.",
        missing_values="Empty answers and answers without a frequent term are left out.",
        weights="Shares are weighted; themes are found unweighted.",
        references=(
            "Lee & Seung (1999), Nature 401, 788-791",
            "Salton & Buckley (1988), Inf. Proc. & Management 24, 513-523",
        ),
        seed=context.seed,
    )


def _themes(matrix: Any, count: int, method: str, context: RunContext) -> tuple[np.ndarray, np.ndarray]:
    """Strength (texts, themes) and term weights (themes, terms)."""
    seed = context.seed % 2**32
    if method == "nmf":
        from sklearn.decomposition import NMF

        model = NMF(count, init="nndsvda", random_state=seed, max_iter=400)
        strength = model.fit_transform(matrix)
        scale = np.sqrt((model.components_**2).sum(axis=1))
        return strength * scale, model.components_
    from sklearn.cluster import KMeans

    fit = KMeans(count, n_init=5, random_state=seed).fit(matrix)
    centres = fit.cluster_centers_ / np.maximum(
        np.sqrt((fit.cluster_centers_**2).sum(axis=1, keepdims=True)), 1e-300
    )
    similarity = np.asarray(matrix @ centres.T)
    # The assignment of the clustering decides; similarity only orders the quotes.
    out = np.zeros_like(similarity)
    at = np.arange(similarity.shape[0])
    out[at, fit.labels_] = np.maximum(similarity[at, fit.labels_], 1e-9)
    return out, centres


def _name(best: Sequence[str]) -> str:
    """Up to three top terms, leaving out words already part of a chosen phrase."""
    chosen: list[str] = []
    for term in best:
        if not any(term in other.split() or other in term.split() for other in chosen):
            chosen.append(term)
        if len(chosen) == 3:
            break
    return ", ".join(chosen)


def script(parameters: TextThemesParameters, context: ScriptContext) -> str:
    return f"""
import re
from collections import Counter

from sklearn.cluster import KMeans
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import TfidfVectorizer

STOP = set({literal(sorted(STOP_WORDS))})
TOKEN = re.compile({literal(TOKEN.pattern)})


def terms(text):
    words = [m.group().lower().replace("\\u2019", "'") for m in TOKEN.finditer(text)]
    words = [w for w in words if len(w) >= 2 and w not in STOP]
    return words + ([" ".join(pair) for pair in zip(words, words[1:])] if {parameters.phrases} else [])


answers = data[{literal(parameters.text)}]
told = answers.notna().to_numpy() & answers.fillna("").astype(str).str.strip().ne("").to_numpy()
texts, w = list(answers[told].astype(str)), weights[told]
documents = [terms(text) for text in texts]
counts = Counter(term for document in documents for term in set(document))
fewest = {parameters.fewest}
most = max(fewest, 0.6 * len(documents))
kept = sorted((-n, t) for t, n in counts.items() if fewest <= n <= most)[:{MAX_TERMS}]
words = sorted(term for _, term in kept)
themes = {literal(parameters.themes)} or int(np.clip(round(np.sqrt(len(texts) / 12)), 3, 12))
matrix = TfidfVectorizer(analyzer=terms, vocabulary=words, sublinear_tf=True).fit_transform(texts)
used = np.asarray(matrix.sum(axis=1)).ravel() > 0
matrix, w = matrix[used], w[used]
if {literal(parameters.method)} == "nmf":
    model = NMF(themes, init="nndsvda", random_state=SEED % 2**32, max_iter=400)
    strength = model.fit_transform(matrix) * np.sqrt((model.components_**2).sum(axis=1))
    assigned = np.where(strength.max(axis=1) > 0, strength.argmax(axis=1), -1)
else:
    assigned = KMeans(themes, n_init=5, random_state=SEED % 2**32).fit(matrix).labels_
sizes = np.bincount(assigned[assigned >= 0], w[assigned >= 0], themes)
order = [k for k in np.argsort(-sizes, kind="stable") if (assigned == k).any()]
results = {{"terms": len(words), "texts": int(used.sum())}}
for theme, k in enumerate(order, start=1):
    results[fact_id("theme", theme)] = sizes[k] / w.sum()
"""


def suggests(chosen: Sequence[ColumnMeta]) -> Suggestion | None:
    if len(chosen) != 1 or chosen[0].measure is not Measure.TEXT:
        return None
    return Suggestion(0.9, {"text": chosen[0].name}, "Finds what the open answers are about.")


PROCEDURE = Procedure(
    key="text_themes",
    title="Themes of open answers",
    question="What do people write about?",
    family=ProcedureFamily.TEXT,
    version=1,
    parameters=TextThemesParameters,
    compute=compute,
    script=script,
    suggests=suggests,
    requirements=("A text column with at least five answers per theme.",),
    randomised=True,
    cost="heavy",
    tags=("topics", "comments", "verbatim", "TF-IDF", "NMF"),
)
