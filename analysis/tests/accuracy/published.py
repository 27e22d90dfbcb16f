"""Published tables, and results of Stata and R that travel inside the statsmodels and scipy wheels."""

from __future__ import annotations

import importlib.util
from itertools import permutations
from pathlib import Path
from types import ModuleType

import numpy as np
import scipy.stats

from analysis.logic.stats.drivers import lmg
from analysis.tests.accuracy.cases import Case, number, output_of
from analysis.tests.logic.harness import Data, dataset


def _fisher_module() -> ModuleType:
    path = Path(scipy.stats.__file__).parent / "tests" / "data" / "fisher_exact_results_from_r.py"
    spec = importlib.util.spec_from_file_location("fisher_exact_results_from_r", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _from_table(table: np.ndarray) -> Data:
    """Rows behind a table of counts."""
    pairs = [
        (i, j) for i in range(table.shape[0]) for j in range(table.shape[1]) for _ in range(int(table[i, j]))
    ]
    return dataset({"row": [f"r{i}" for i, _ in pairs], "column": [f"c{j}" for _, j in pairs]})


def _fisher() -> list[Case]:
    cases = []
    for parameters, result in _fisher_module().data:
        table = np.asarray(parameters.table)
        if parameters.alternative != "two.sided" or parameters.confidence_level != 0.95 or table.min() < 0:
            continue
        if (table.sum(axis=0) == 0).any() or (table.sum(axis=1) == 0).any() or table.sum() > 20_000:
            continue
        output = output_of("crosstab", {"rows": "row", "columns": "column"}, _from_table(table))
        cases.append(
            Case(
                "crosstab",
                f"2 x 2 table {table.ravel().tolist()}",
                "Fisher's exact p",
                (float(result.pvalue),),
                lambda output=output: [number(output().fact("fisher_p").value)],
                10,
                "R 3.6.2 fisher.test (in scipy)",
            )
        )
    return cases[:12]


def _agresti() -> list[Case]:
    # Agresti (2013), table 3.2: highest degree by belief in God. The chi-square in rational arithmetic.
    from fractions import Fraction

    counts = [[9, 8, 27, 8, 47, 236], [23, 39, 88, 49, 179, 706], [28, 48, 89, 19, 104, 293]]
    total = sum(map(sum, counts))
    rows, columns = [sum(r) for r in counts], [sum(c) for c in zip(*counts, strict=True)]
    exact = sum(
        (Fraction(counts[i][j]) - Fraction(rows[i] * columns[j], total)) ** 2
        / Fraction(rows[i] * columns[j], total)
        for i in range(3)
        for j in range(6)
    )
    output = output_of("crosstab", {"rows": "row", "columns": "column"}, _from_table(np.array(counts)))
    return [
        Case(
            "crosstab",
            "Education by belief (Agresti 2013, 3.2)",
            "chi-square",
            (float(exact),),
            lambda: [number(output().fact("chi_square").value)],
            13,
            "rational arithmetic; the book prints 76.1",
        )
    ]


def _grunfeld() -> list[Case]:
    from statsmodels.datasets import grunfeld
    from statsmodels.regression.tests.results import results_grunfeld_ols_robust_cluster as stata

    frame = grunfeld.data.load_pandas().data
    # The Stata results are for ten firms; the data set has an eleventh.
    frame = frame[frame["firm"] != "American Steel"]
    columns = {
        "invest": frame["invest"].to_numpy(),
        "mvalue": frame["value"].to_numpy(),
        "kstock": frame["capital"].to_numpy(),
        "company": frame["firm"].astype(str).tolist(),
    }
    data = dataset(columns)
    parameters = {
        "outcome": "invest",
        "predictors": ["mvalue", "kstock"],
        "errors": "cluster",
        "cluster": "company",
    }
    output = output_of("linear_regression", parameters, data)
    table = stata.results_cluster.params_table

    def ordered(column: int) -> list[float]:
        rows = {row[0]: number(row[column]) for row in output().table("coefficients").rows}
        return [rows["mvalue"], rows["kstock"], rows["Intercept"]]

    return [
        Case(
            "linear_regression",
            "Grunfeld, clustered by firm",
            figure,
            tuple(float(v) for v in table[:, place]),
            lambda column=column: ordered(column),
            least,
            "Stata (in statsmodels)",
            "single-precision data in Stata",
        )
        for figure, place, column, least in (("estimates", 0, 1, 6), ("clustered standard errors", 1, 2, 6))
    ]


def _shapley() -> list[Case]:
    rng = np.random.default_rng(20)
    p, n = 7, 400
    x = rng.normal(size=(n, p)) + rng.normal(size=(n, 1))
    y = x @ np.linspace(-0.4, 1.0, p) + rng.normal(size=n)
    r = np.corrcoef(np.column_stack([x, y]).T)

    def explained(subset: tuple[int, ...]) -> float:
        chosen = list(subset)
        return (
            float(r[p, chosen] @ np.linalg.solve(r[np.ix_(chosen, chosen)], r[chosen, p])) if chosen else 0.0
        )

    known: dict[tuple[int, ...], float] = {}
    shares = np.zeros(p)
    orders = list(permutations(range(p)))
    for order in orders:
        before = 0.0
        for at, j in enumerate(order):
            subset = tuple(sorted(order[: at + 1]))
            now = known.setdefault(subset, explained(subset))
            shares[j] += (now - before) / len(orders)
            before = now
    return [
        Case(
            "key_drivers",
            "7 correlated predictors",
            "LMG of each",
            tuple(float(v) for v in shares),
            lambda: [float(v) for v in lmg(r[:p, :p], r[:p, p])],
            11,
            f"average over all {len(orders):,} orderings",
        )
    ]


def _ranks() -> list[Case]:
    # Kendall (1970), table 1.2 form: ten pupils ranked in mathematics and music, tau = 0.51111... = 23/45
    a, b = [7, 4, 3, 10, 6, 2, 9, 8, 1, 5], [5, 7, 3, 10, 1, 9, 6, 2, 8, 4]
    concordant = sum(
        (1 if (a[i] - a[j]) * (b[i] - b[j]) > 0 else -1) for i in range(10) for j in range(i + 1, 10)
    )
    rho = 1 - 6 * sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) / 990
    data = dataset({"a": a, "b": b})
    kendall = output_of("correlation", {"columns": ["a", "b"], "method": "kendall"}, data)
    spearman = output_of("correlation", {"columns": ["a", "b"], "method": "spearman"}, data)
    return [
        Case(
            "correlation", "Ten pupils (Kendall 1970)", "tau", (concordant / 45,),
            lambda: [number(kendall().fact("kendall.a.b").value)], 14, "definition: pairs counted one by one",
        ),
        Case(
            "correlation", "Ten pupils (Kendall 1970)", "rho", (rho,),
            lambda: [number(spearman().fact("spearman.a.b").value)], 14, "definition: 1 - 6 sum d^2 / (n^3 - n)",
        ),
    ]  # fmt: skip


CASES: list[Case] = [*_fisher(), *_agresti(), *_grunfeld(), *_shapley(), *_ranks()]
