"""Logistic, multinomial, ordinal, Poisson and regularised regression; factorial and repeated-measures ANOVA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.likelihood import Logistic, area_under_curve, separating_columns
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run, survey

# Spector & Mazzeo (1980) as shipped with statsmodels: GPA, TUCE, PSI and improvement of 32 students.
GPA = [2.66, 2.89, 3.28, 2.92, 4.0, 2.86, 2.76, 2.87, 3.03, 3.92, 2.63, 3.32, 3.57, 3.26, 3.53, 2.74,
       2.75, 2.83, 3.12, 3.16, 2.06, 3.62, 2.89, 3.51, 3.54, 2.83, 3.39, 2.67, 3.65, 4.0, 3.1, 2.39]  # fmt: skip
TUCE = [20, 22, 24, 12, 21, 17, 17, 21, 25, 29, 20, 23, 23, 25, 26, 19, 25, 19, 23, 25, 22, 28, 14, 26, 24, 27, 17,
        24, 21, 23, 21, 19]  # fmt: skip
PSI = [0] * 18 + [1] * 14
GRADE = [0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 0, 1]


def _students() -> Data:
    return dataset(
        {"gpa": GPA, "tuce": TUCE, "psi": PSI, "grade": GRADE}, grade=Measure.BINARY, psi=Measure.BINARY
    )


def _counts() -> Data:
    rng = np.random.default_rng(6)
    x, months = rng.normal(size=300), rng.integers(1, 13, 300).astype(float)
    region = np.array(["n", "s", "e"])[rng.integers(0, 3, 300)]
    return dataset(
        {
            "visits": rng.poisson(months * np.exp(-1 + 0.4 * x + 0.3 * (region == "s"))),
            "x": x,
            "months": months,
            "region": region,
            "weight": np.round(rng.uniform(0.5, 2, 300), 3),
        }
    )


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("logistic_regression", {"outcome": "buys", "predictors": ["service", "age"], "factors": ["region"]}),
        ("multinomial_regression", {"outcome": "region", "predictors": ["overall"], "factors": ["gender"]}),
        ("multinomial_regression", {"outcome": "region", "predictors": ["price"], "reference": "north"}),
        ("ordinal_regression", {"outcome": "service", "predictors": ["overall"], "factors": ["gender"]}),
        (
            "regularised_regression",
            {"outcome": "overall", "predictors": ["service", "price", "age"], "factors": ["region"]},
        ),
        (
            "regularised_regression",
            {"outcome": "spend", "predictors": ["service", "age"], "penalty": "ridge"},
        ),
    ],
)
def test_models_follow_the_contract(key: str, parameters: dict, weight: str | None, tmp_path: Path) -> None:
    check_procedure(key, parameters, survey(), tmp_path, weight=weight, tolerance=2e-5)


@pytest.mark.parametrize("weight", [None, "weight"])
def test_count_models_follow_the_contract(weight: str | None, tmp_path: Path) -> None:
    parameters = {"outcome": "visits", "predictors": ["x"], "factors": ["region"], "exposure": "months"}
    check_procedure("poisson_regression", parameters, _counts(), tmp_path, weight=weight)


@pytest.mark.parametrize("penalty", ["ridge", "elastic_net"])
def test_penalised_logistic_follows_the_contract(penalty: str, tmp_path: Path) -> None:
    parameters = {
        "outcome": "buys",
        "kind": "logistic",
        "predictors": ["service", "price"],
        "penalty": penalty,
        "folds": 3,
    }
    check_procedure("regularised_regression", parameters, survey(150), tmp_path, tolerance=1e-6)


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("factorial_anova", {"outcome": "spend", "factors": ["region", "gender"]}),
        (
            "factorial_anova",
            {"outcome": "overall", "factors": ["region", "gender"], "covariates": ["age"], "squares": "2"},
        ),
        ("repeated_measures", {"measurements": ["service", "price", "overall"]}),
    ],
)
def test_designs_follow_the_contract(key: str, parameters: dict, tmp_path: Path) -> None:
    check_procedure(key, parameters, survey(), tmp_path)


def test_spector_mazzeo_logit_gives_greenes_published_estimates(tmp_path: Path) -> None:
    output = run(
        "logistic_regression",
        {"outcome": "grade", "predictors": ["gpa", "tuce", "psi"]},
        _students(),
        tmp_path,
    )
    # Greene, Econometric Analysis, table of the binary choice models: logit column.
    for name, coefficient, error in (
        ("constant", -13.0213, 4.9313),
        ("gpa", 2.8261, 1.2629),
        ("tuce", 0.0952, 0.1416),
        ("psi", 2.3787, 1.0646),
    ):
        fact = output.fact(f"coefficient.{name}")
        assert fact.value == pytest.approx(coefficient, abs=5e-5)
        assert fact.value / fact.statistic == pytest.approx(error, abs=5e-5)
    assert output.fact("log_likelihood").value == pytest.approx(-12.8896, abs=5e-5)
    # Greene's average marginal effect of GPA is 0.3626.
    assert output.fact("marginal_effect.gpa").value == pytest.approx(0.3626, abs=5e-5)


def test_multinomial_and_ordinal_agree_with_statsmodels_on_the_election_study(tmp_path: Path) -> None:
    import statsmodels.api as sm
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    table = sm.datasets.anes96.load_pandas().data
    data = dataset(
        {
            "pid": table["PID"].astype(int),
            "age": table["age"],
            "educ": table["educ"],
            "income": table["income"],
        },
        pid=Measure.ORDINAL,
    )
    design = sm.add_constant(table[["age", "educ", "income"]])
    expected = sm.MNLogit(table["PID"], design).fit(disp=0, method="newton")
    parameters = {"outcome": "pid", "predictors": ["age", "educ", "income"]}
    output = run("multinomial_regression", parameters, data, tmp_path)
    for j in range(6):
        for name in ("age", "educ", "income"):
            fact = output.fact(f"coefficient.{j + 1}.{name}")
            assert fact.value == pytest.approx(expected.params.loc[name].iloc[j], rel=1e-8)
            assert fact.value / fact.statistic == pytest.approx(expected.bse.loc[name].iloc[j], rel=1e-7)
    ordered = OrderedModel(table["PID"].astype(int), table[["age", "educ", "income"]], distr="logit").fit(
        method="bfgs", disp=0, gtol=1e-8, maxiter=500
    )
    output = run("ordinal_regression", parameters, data, tmp_path)
    assert output.fact("log_likelihood").value == pytest.approx(ordered.llf, rel=1e-9)
    for name in ("age", "educ", "income"):
        fact = output.fact(f"coefficient.{name}")
        assert fact.value == pytest.approx(ordered.params[name], rel=1e-4)
        assert fact.value / fact.statistic == pytest.approx(ordered.bse[name], rel=1e-3)


def test_poisson_rates_of_two_groups_have_a_closed_form(tmp_path: Path) -> None:
    data = dataset({"y": [1, 3, 2, 6, 6, 9], "g": list("aaabbb")})
    output = run("poisson_regression", {"outcome": "y", "factors": ["g"], "errors": "model"}, data, tmp_path)
    assert output.fact("rate_ratio.g.b").value == pytest.approx(7 / 2)
    assert output.fact("coefficient.g.b").statistic == pytest.approx(
        np.log(3.5) / np.sqrt(1 / 6 + 1 / 21), rel=1e-9
    )


def test_separation_is_detected_and_the_column_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=60)
    data = dataset({"y": x > 0, "x": x, "noise": rng.normal(size=60)})
    error = refusal("logistic_regression", {"outcome": "y", "predictors": ["x", "noise"]}, data, tmp_path)
    assert error.code == "perfect_separation"
    assert "x" in error.context["columns"]
    # Quasi-complete: one level of a factor only ever says yes.
    quasi = dataset(
        {"y": [1] * 20 + [0, 1] * 20, "g": ["a"] * 20 + ["b"] * 40, "z": rng.normal(size=60)},
        y=Measure.BINARY,
    )
    error = refusal(
        "logistic_regression", {"outcome": "y", "predictors": ["z"], "factors": ["g"]}, quasi, tmp_path
    )
    assert error.code == "perfect_separation" and error.context["columns"] == ["g"]


def test_overlapping_outcomes_are_not_called_separated() -> None:
    x = np.column_stack([np.ones(6), [1.0, 2, 3, 4, 5, 6]])
    assert separating_columns(x, np.array([0.0, 0, 1, 0, 1, 1])) == []
    assert separating_columns(x, np.array([0.0, 0, 0, 1, 1, 1])) == [1]


def test_area_under_curve_counts_ties_half() -> None:
    y, score = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.4, 0.4, 0.1])
    assert area_under_curve(y, score, np.ones(4)) == pytest.approx((1 + 1 + 0.5 + 1) / 4)


def test_logistic_hessian_is_the_derivative_of_the_scores() -> None:
    rng = np.random.default_rng(0)
    x, y, w = rng.normal(size=(50, 3)), (rng.random(50) < 0.5).astype(float), rng.uniform(0.5, 2, 50)
    model, b, h = Logistic(x, y, w), np.array([0.2, -0.1, 0.4]), 1e-6
    numeric = np.column_stack(
        [(w @ model.scores(b + h * e) - w @ model.scores(b - h * e)) / (2 * h) for e in np.eye(3)]
    )
    assert numeric == pytest.approx(model.hessian(b), abs=1e-6)


def test_tooth_growth_gives_the_published_two_way_table(tmp_path: Path) -> None:
    # ToothGrowth (Crampton 1947; R datasets): supplement F = 15.572, dose F = 92.000, interaction F = 4.107.
    vc = [4.2, 11.5, 7.3, 5.8, 6.4, 10, 11.2, 11.2, 5.2, 7, 16.5, 16.5, 15.2, 17.3, 22.5, 17.3, 13.6, 14.5, 18.8, 15.5,
          23.6, 18.5, 33.9, 25.5, 26.4, 32.5, 26.7, 21.5, 23.3, 29.5]  # fmt: skip
    oj = [15.2, 21.5, 17.6, 9.7, 14.5, 10, 8.2, 9.4, 16.5, 9.7, 19.7, 23.3, 23.6, 26.4, 20, 25.2, 25.8, 21.2, 14.5, 27.3,
          25.5, 26.4, 22.4, 24.5, 24.8, 30.9, 26.4, 27.3, 29.4, 23]  # fmt: skip
    dose = ([0.5] * 10 + [1.0] * 10 + [2.0] * 10) * 2
    data = dataset({"len": vc + oj, "supp": ["VC"] * 30 + ["OJ"] * 30, "dose": dose}, dose=Measure.ORDINAL)
    for squares in ("2", "3"):
        output = run(
            "factorial_anova",
            {"outcome": "len", "factors": ["supp", "dose"], "squares": squares},
            data,
            tmp_path,
        )
        for names, f in (("supp", 15.572), ("dose", 92.0), ("supp.dose", 4.107)):
            assert output.fact(f"partial_eta_squared.{names}").statistic == pytest.approx(f, abs=5e-4)
        assert output.fact("partial_eta_squared.supp.dose").p == pytest.approx(0.02186, abs=5e-6)
    assert output.fact("marginal_mean.supp.OJ").value == pytest.approx(20.66333, abs=1e-5)


def test_repeated_measures_give_the_anova_by_hand(tmp_path: Path) -> None:
    import pandas as pd
    from statsmodels.stats.anova import AnovaRM

    x = np.array([[45, 50, 55], [42, 42, 45], [36, 41, 43], [39, 35, 40], [51, 55, 59], [44, 49, 56.0]])
    output = run(
        "repeated_measures",
        {"measurements": ["a", "b", "c"]},
        dataset({k: x[:, i] for i, k in enumerate("abc")}),
        tmp_path,
    )
    fact = output.fact("partial_eta_squared")
    # Laerd's textbook example of six people and three time points: F(2, 10) = 12.53, partial eta squared 0.715.
    assert fact.statistic == pytest.approx(12.53, abs=5e-3)
    assert fact.value == pytest.approx(0.715, abs=5e-4)
    long = pd.DataFrame({"y": x.ravel(), "who": np.repeat(np.arange(6), 3), "t": np.tile(np.arange(3), 6)})
    expected = AnovaRM(long, "y", "who", within=["t"]).fit().anova_table
    assert output.table("anova").rows[0][3] == pytest.approx(expected["F Value"].iloc[0], rel=1e-10)
    assert output.table("anova").rows[0][4] == pytest.approx(expected["Pr > F"].iloc[0], rel=1e-8)


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        (
            "logistic_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [1, 2, 3, 1], "x": [1, 2, 3, 5]},
            "not_binary",
        ),
        (
            "logistic_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [1, 1, 1, 1], "x": [1, 2, 3, 5]},
            "constant_column",
        ),
        (
            "logistic_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [0, 1, 0, 1], "x": [2, 2, 2, 2]},
            "constant_column",
        ),
        (
            "logistic_regression",
            {"outcome": "y", "predictors": ["x", "z"]},
            {"y": [0, 1, 0, 1, 0], "x": [1, 2, 3, 4, 6], "z": [2, 4, 6, 8, 12]},
            "collinear_columns",
        ),
        (
            "logistic_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [0, 1], "x": [1, 2]},
            "too_few_rows",
        ),
        (
            "poisson_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [0, -1, 2, 3], "x": [1, 2, 3, 5]},
            "not_a_count",
        ),
        (
            "factorial_anova",
            {"outcome": "y", "factors": ["a", "b"]},
            {"y": [1, 2, 3, 4, 5, 6], "a": list("xxyyxx"), "b": list("uvuuuv")},
            "empty_cells",
        ),
        (
            "repeated_measures",
            {"measurements": ["a", "b", "c"]},
            {"a": [1, 2], "b": [2, 3], "c": [4, 9]},
            "too_few_rows",
        ),
        (
            "repeated_measures",
            {"measurements": ["a", "b", "c"]},
            {"a": [1, 2, 3, 4], "b": [2, 3, 4, 5], "c": [4, 5, 6, 7]},
            "constant_difference",
        ),
        (
            "regularised_regression",
            {"outcome": "y", "predictors": ["x"]},
            {"y": [1, 2, 3, 5], "x": [1, 2, 4, 3]},
            "too_few_rows",
        ),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code
