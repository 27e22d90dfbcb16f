"""Group comparisons, choice models, factors, designs and limited outcomes against published results."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from analysis.contracts import Measure, ProcedureOutput
from analysis.tests.accuracy.cases import Case, number, output_of
from analysis.tests.logic.harness import Data, dataset


def _statistic(output: Callable[[], ProcedureOutput], fact: str) -> float:
    return number(output().fact(fact).statistic)


def _sleep() -> list[Case]:
    # Student (1908): t and its p for the paired differences; the square of t is rational.
    first = [Fraction(v, 10) for v in (7, -16, -2, -12, -1, 34, 37, 8, 0, 20)]
    second = [Fraction(v, 10) for v in (19, 8, 11, 1, -1, 44, 55, 16, 46, 34)]
    gaps = [a - b for a, b in zip(first, second, strict=True)]
    mean = sum(gaps) / 10
    variance = sum((g - mean) ** 2 for g in gaps) / 9
    t = -math.sqrt(mean**2 / (variance / 10))
    data = dataset({"a": [float(v) for v in first], "b": [float(v) for v in second]})
    output = output_of("t_test_paired", {"first": "a", "second": "b"}, data)
    return [
        Case(
            "t_test_paired",
            "Sleep (Student 1908)",
            "mean difference, t",
            (float(mean), t),
            lambda: [
                number(output().fact("mean_difference.a.b").value),
                _statistic(output, "mean_difference.a.b"),
            ],
            13,
            "rational arithmetic; R prints t = -4.0621, p = 0.002833",
        )
    ]


def _plants() -> list[Case]:
    groups = {
        "ctrl": (417, 558, 518, 611, 450, 461, 517, 453, 533, 514),
        "trt1": (481, 417, 441, 359, 587, 383, 603, 489, 432, 469),
        "trt2": (631, 512, 554, 550, 537, 529, 492, 615, 580, 526),
    }
    exact = {name: [Fraction(v, 100) for v in values] for name, values in groups.items()}
    everything = [v for values in exact.values() for v in values]
    grand = sum(everything) / 30
    means = {name: sum(values) / 10 for name, values in exact.items()}
    between = sum(10 * (m - grand) ** 2 for m in means.values())
    within = sum((v - means[name]) ** 2 for name, values in exact.items() for v in values)
    f = (between / 2) / (within / 27)
    data = dataset(
        {"w": [float(v) for v in everything], "g": [name for name, values in exact.items() for _ in values]}
    )
    classic = output_of("one_way_anova", {"outcome": "w", "groups": "g", "variances": "equal"}, data)
    kruskal = output_of("kruskal_wallis", {"outcome": "w", "groups": "g"}, data)
    return [
        Case(
            "one_way_anova",
            "PlantGrowth (Dobson 1983)",
            "F, eta squared",
            (float(f), float(between / (between + within))),
            lambda: [_statistic(classic, "eta_squared.w.g"), number(classic().fact("eta_squared.w.g").value)],
            12,
            "rational arithmetic; R prints F = 4.846",
        ),
        Case(
            "kruskal_wallis",
            "PlantGrowth (Dobson 1983)",
            "H, p",
            (7.988229, 0.01842376),
            lambda: [
                _statistic(kruskal, "epsilon_squared.w.g"),
                number(kruskal().fact("epsilon_squared.w.g").p),
            ],
            6.5,
            "R kruskal.test, printed to 7 digits",
        ),
    ]


def _limited_outcomes() -> list[Case]:
    """Stata's and R's results that statsmodels ships for its own tests."""
    import statsmodels.api as sm
    from statsmodels.discrete.tests.results.results_discrete import Anes, Spector

    spector, cases = sm.datasets.spector.load_pandas(), []
    table = spector.exog.assign(grade=spector.endog.astype(int))
    # Stata held the predictors in single precision; only with the same rounding do its digits follow.
    single = {name: table[name].astype(np.float32).astype(float) for name in ("GPA", "TUCE", "PSI")}
    data: Data = dataset({**single, "grade": table["grade"]}, grade=Measure.BINARY)
    logit = output_of("logistic_regression", {"outcome": "grade", "predictors": ["GPA", "TUCE", "PSI"]}, data)
    stata = Spector().logit
    names = ["coefficient.GPA", "coefficient.TUCE", "coefficient.PSI", "coefficient.constant"]
    cases.append(
        Case(
            "logistic_regression",
            "Spector & Mazzeo (1980)",
            "coefficients, log-likelihood",
            (*map(float, stata.params), float(stata.llf)),
            lambda: [
                *[number(logit().fact(name).value) for name in names],
                number(logit().fact("log_likelihood").value),
            ],
            11,
            "Stata logit (in statsmodels)",
            "printed digits of the reference",
        )
    )
    anes = sm.datasets.anes96.load_pandas().data
    votes = dataset({"pid": anes["PID"].astype(int), "pop": np.log(anes["popul"] + 0.1),
                     "selfLR": anes["selfLR"], "age": anes["age"], "educ": anes["educ"],
                     "income": anes["income"]}, pid=Measure.ORDINAL)  # fmt: skip
    predictors = ["pop", "selfLR", "age", "educ", "income"]
    multi = output_of("multinomial_regression", {"outcome": "pid", "predictors": predictors}, votes)
    wanted = np.asarray(Anes().mnlogit_basezero.params)
    certified = tuple(float(wanted[k, j]) for j in range(6) for k in range(5))
    cases.append(
        Case(
            "multinomial_regression",
            "American National Election Study 1996",
            "coefficients of six contrasts",
            certified,
            lambda: [
                number(multi().fact(f"coefficient.{j + 1}.{name}").value)
                for j in range(6)
                for name in predictors
            ],
            5,
            "Stata mlogit (in statsmodels)",
            "printed digits of the reference",
        )
    )
    return cases


def _designs() -> list[Case]:
    # Cochran (1977), stratified and clustered samples whose variance is rational.
    data = dataset(
        {
            "x": [1.0, 3, 5, 10, 12, 11, 15],
            "h": list("aaabbbb"),
            "size": [100] * 3 + [300] * 4,
            "w": [100 / 3] * 3 + [75.0] * 4,
        }
    )
    output = output_of(
        "survey_estimates", {"outcomes": ["x"], "strata": "h", "population": "size"}, data, weight="w"
    )
    variance = (
        Fraction(1, 16) * Fraction(97, 100) * Fraction(4, 3)
        + Fraction(9, 16) * Fraction(296, 300) * Fraction(14, 3) / 4
    )
    return [
        Case(
            "survey_estimates",
            "two strata, finite population",
            "mean, standard error",
            (9.75, math.sqrt(variance)),
            lambda: [number(output().fact("mean.x").value), number(output().fact("standard_error.x").value)],
            13,
            "Cochran (1977) section 5, rational arithmetic",
        )
    ]


def _correspondence() -> list[Case]:
    # Greenacre (1984), staff groups by smoking.
    table = {
        "SM": (4, 2, 3, 2),
        "JM": (4, 3, 7, 4),
        "SE": (25, 10, 12, 4),
        "JE": (18, 24, 33, 13),
        "SC": (10, 6, 7, 2),
    }
    staff = [g for g, counts in table.items() for n in counts for _ in range(n)]
    smoking = [
        kind
        for counts in table.values()
        for kind, n in zip(("none", "light", "medium", "heavy"), counts, strict=True)
        for _ in range(n)
    ]
    output = output_of(
        "correspondence_analysis", {"rows": "s", "columns": "k"}, dataset({"s": staff, "k": smoking})
    )
    rows = {g: sum(c) for g, c in table.items()}
    columns = [sum(c[j] for c in table.values()) for j in range(4)]
    exact = (
        sum(
            (Fraction(c[j]) - Fraction(rows[g] * columns[j], 193)) ** 2 / Fraction(rows[g] * columns[j], 193)
            for g, c in table.items()
            for j in range(4)
        )
        / 193
    )
    return [
        Case(
            "correspondence_analysis",
            "Smokers (Greenacre 1984)",
            "total inertia",
            (float(exact),),
            lambda: [number(output().fact("total_inertia").value)],
            13,
            "rational arithmetic; the book prints 0.0852",
        )
    ]


CASES: list[Case] = [*_sleep(), *_plants(), *_limited_outcomes(), *_designs(), *_correspondence()]
