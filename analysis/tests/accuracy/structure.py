"""Components, factors, clusters, classes, trees, series and words against results known without a program."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from itertools import product

import numpy as np

from analysis.tests.accuracy.cases import Case, number, output_of
from analysis.tests.logic.harness import dataset
from analysis.tests.logic.test_time_text_quality import NILE


def _components() -> list[Case]:
    # The correlation matrix of two columns has the eigenvalues 1 + r and 1 - r.
    a, b = [7, 4, 3, 10, 6, 2, 9, 8, 1, 5], [12, 9, 1, 14, 5, 6, 13, 4, 2, 11]
    mean_a, mean_b = Fraction(sum(a), 10), Fraction(sum(b), 10)
    cross = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    squares = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    r = float(cross) / math.sqrt(squares)
    output = output_of(
        "principal_components", {"variables": ["a", "b"], "replicates": 20}, dataset({"a": a, "b": b})
    )
    return [
        Case(
            "principal_components", "two columns of ten rows", "eigenvalues", (1 + r, 1 - r),
            lambda: [number(output().fact(f"eigenvalue.{k}").value) for k in (1, 2)],
            14, "closed form 1 + r, 1 - r",
        )
    ]  # fmt: skip


def _factor() -> list[Case]:
    # Rows whose sample correlations are exactly those of one factor; the model then has no residual.
    loadings = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    r = np.outer(loadings, loadings)
    np.fill_diagonal(r, 1.0)
    z = np.random.default_rng(3).normal(size=(200, 5))
    z -= z.mean(axis=0)
    z = z @ np.linalg.inv(np.linalg.cholesky(z.T @ z / 200)).T @ np.linalg.cholesky(r).T
    data = dataset({f"v{k}": z[:, k] for k in range(5)})
    cases = []
    for extraction, least in (("maximum_likelihood", 6), ("principal_axis", 6)):
        output = output_of(
            "factor_analysis",
            {
                "variables": [f"v{k}" for k in range(5)],
                "factors": 1,
                "extraction": extraction,
                "replicates": 20,
            },
            data,
        )
        cases.append(
            Case(
                "factor_analysis", "five variables of one factor", f"loadings, {extraction.replace('_', ' ')}",
                tuple(loadings.tolist()),
                lambda output=output: [number(output().fact(f"loading.v{k}.1").value) for k in range(5)],
                least, "model that made the correlations", "convergence tolerance",
            )
        )  # fmt: skip
    return cases


def _k_means() -> list[Case]:
    rng = np.random.default_rng(2)
    x = np.round(rng.normal(size=(9, 2)), 3)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    best = math.inf
    for labels in product(range(3), repeat=8):
        full = np.array([0, *labels])
        if len(set(full.tolist())) == 3:
            parts = [z[full == c] for c in range(3)]
            best = min(best, sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts))
    output = output_of(
        "k_means",
        {"variables": ["x", "y"], "clusters": 3, "starts": 50},
        dataset({"x": x[:, 0], "y": x[:, 1]}),
    )
    return [
        Case(
            "k_means", "nine points, three clusters", "variance explained", (1 - best / float((z * z).sum()),),
            lambda: [number(output().fact("variance_explained").value)],
            12, "best of all 6,561 assignments",
        )
    ]  # fmt: skip


def _latent_class() -> list[Case]:
    # Two classes and three yes/no items are just identified: 10,000 rows with the exact pattern shares
    # are fitted perfectly, so the likelihood is that of the observed pattern shares.
    tenths = ((6, (9, 8, 7)), (4, (2, 1, 3)))
    rows: list[tuple[int, ...]] = []
    logs = 0.0
    for pattern in product((0, 1), repeat=3):
        count = sum(
            size * math.prod(p if yes else 10 - p for p, yes in zip(shares, pattern, strict=True))
            for size, shares in tenths
        )
        rows += [pattern] * count
        logs += count * math.log(count / 10_000)
    data = dataset({f"q{j}": [bool(row[j]) for row in rows] for j in range(3)})
    output = output_of("latent_class", {"items": ["q0", "q1", "q2"], "classes": 2, "starts": 5}, data)
    return [
        Case(
            "latent_class", "10,000 rows of two known classes", "log-likelihood", (logs,),
            lambda: [number(output().fact("log_likelihood").value)],
            8, "just identified: likelihood of the pattern shares", "convergence tolerance of EM",
        ),
        Case(
            "latent_class", "10,000 rows of two known classes", "class sizes", (0.6, 0.4),
            lambda: [number(output().fact(f"size.{c}").value) for c in (1, 2)],
            3, "model that made the rows", "convergence tolerance of EM",
        ),
    ]  # fmt: skip


def _trees() -> list[Case]:
    counts = {("a", True): 70, ("a", False): 30, ("b", True): 25, ("b", False): 75}
    rows = [key for key, n in counts.items() for _ in range(n)]
    expected = {"a": Fraction(95, 2), "b": Fraction(95, 2)}
    chi = sum(
        (counts[g, True] - expected[g]) ** 2 / expected[g]
        + (counts[g, False] - (100 - expected[g])) ** 2 / (100 - expected[g])
        for g in "ab"
    )
    chaid = output_of(
        "chaid_tree", {"outcome": "y", "predictors": ["g"]},
        dataset({"g": [g for g, _ in rows], "y": [y for _, y in rows]}),
    )  # fmt: skip
    x = list(range(100))
    y = [(1 if k < 40 else 3) + Fraction((k * 7) % 5 - 2, 10) for k in x]
    sides = [y[:40], y[40:]]
    mean = sum(y) / 100
    total = sum((v - mean) ** 2 for v in y)
    within = sum(sum((v - sum(side) / len(side)) ** 2 for v in side) for side in sides)
    cart = output_of(
        "cart_tree",
        {"outcome": "y", "kind": "regression", "predictors": ["x"], "depth": 1},
        dataset({"x": [float(v) for v in x], "y": [float(v) for v in y]}),
    )
    return [
        Case(
            "chaid_tree", "2 x 2 table [70, 30, 25, 75]", "chi-square of the first split", (float(chi),),
            lambda: [number(chaid().fact("first_split").statistic)], 13, "rational arithmetic",
        ),
        Case(
            "cart_tree", "a step with noise, 100 rows", "R squared of one split", (float(1 - within / total),),
            lambda: [number(cart().fact("r_squared").value)], 12, "rational arithmetic",
        ),
    ]  # fmt: skip


def _nile() -> list[Case]:
    before, after = NILE[:28], NILE[28:]
    shift = Fraction(sum(after), len(after)) - Fraction(sum(before), len(before))
    data = dataset({"year": [dt.date(1871 + k, 6, 1) for k in range(100)], "flow": [float(v) for v in NILE]})
    output = output_of("change_points", {"time": "year", "value": "flow", "step": "year"}, data)
    return [
        Case(
            "change_points", "Nile (Cobb 1978)", "number of changes, shift from 1899", (1.0, float(shift)),
            lambda: [number(output().fact("changes").value), number(output().fact("shift.1899-01-01").value)],
            13, "rational arithmetic; Cobb dates the change after 1898",
        )
    ]  # fmt: skip


def _keyness() -> list[Case]:
    texts = ["late parcel"] * 8 + ["fine parcel"] * 2 + ["late parcel"] * 2 + ["fine parcel"] * 28
    groups = ["north"] * 10 + ["south"] * 30
    cells = ((8, 2), (2, 28))
    sides, answers = (10, 30), (10, 30)  # rows: groups; columns: with the word, without
    g2 = 2 * sum(
        cells[g][k] * math.log(cells[g][k] * 40 / (sides[g] * answers[k])) for g in (0, 1) for k in (0, 1)
    )
    output = output_of("text_keyness", {"text": "s", "groups": "g"}, dataset({"s": texts, "g": groups}))
    return [
        Case(
            "text_keyness", "'late' in 8 of 10 against 2 of 30", "log ratio, G2", (math.log2(12), g2),
            lambda: [
                number(output().fact("log_ratio.north.late").value),
                number(output().fact("log_ratio.north.late").statistic),
            ],
            13, "definition (Dunning 1993)",
        )
    ]  # fmt: skip


CASES: list[Case] = [
    *_components(), *_factor(), *_k_means(), *_latent_class(), *_trees(), *_nile(), *_keyness(),
]  # fmt: skip
