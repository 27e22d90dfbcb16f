"""Linear regression: against statsmodels, certified data, and bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.logic.errors import ProcedureError
from analysis.logic.stats import regression
from analysis.logic.stats.regression import Piece, fit, fit_arrays
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


@pytest.mark.parametrize("errors", ["auto", "classical", "hc0", "hc1", "hc2", "hc3"])
@pytest.mark.parametrize("weight", [None, "weight"])
def test_regression_follows_the_contract(tmp_path: Path, errors: str, weight: str | None) -> None:
    check_procedure(
        "linear_regression",
        {
            "outcome": "overall",
            "predictors": ["service", "age"],
            "factors": ["region", "buys"],
            "errors": errors,
        },
        survey(200),
        tmp_path,
        weight=weight,
    )


def test_clustered_regression_follows_the_contract(tmp_path: Path) -> None:
    check_procedure(
        "linear_regression",
        {"outcome": "overall", "predictors": ["price"], "errors": "cluster", "cluster": "service"},
        survey(200),
        tmp_path,
    )


def numbers(n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(17)
    x = rng.normal(5, 2, (n, 3))
    y = 1 + x @ [1.0, -2.0, 0.5] + rng.normal(size=n) * np.abs(x[:, 0])
    return x, y, rng.uniform(0.3, 3, n)


@pytest.mark.parametrize("limits", [(0, 0), (10**9, 10**9)], ids=["gram", "qr"])
@pytest.mark.parametrize("errors", ["classical", "hc0", "hc1", "hc2", "hc3"])
@pytest.mark.parametrize("weighted", [False, True])
def test_both_paths_agree_with_statsmodels(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], errors: str, weighted: bool
) -> None:
    import statsmodels.api as sm

    monkeypatch.setattr(regression, "ALWAYS_EXTENDED_WORK", limits[0])
    monkeypatch.setattr(regression, "EXTENDED_WORK", limits[1])
    x, y, w = numbers()
    ours = fit_arrays(x, y, w if weighted else None, covariance=errors)  # type: ignore[arg-type]
    kind = "nonrobust" if errors == "classical" else errors.upper()
    theirs = sm.WLS(y, sm.add_constant(x), w if weighted else 1.0).fit(cov_type=kind)
    np.testing.assert_allclose(ours.coefficients, theirs.params, rtol=1e-11)
    np.testing.assert_allclose(ours.errors, theirs.bse, rtol=1e-11)
    assert ours.r_squared == pytest.approx(theirs.rsquared, rel=1e-12)
    assert ours.method == ("gram" if limits[0] == 0 else "qr_extended")


def test_clustered_errors_agree_with_statsmodels() -> None:
    import statsmodels.api as sm

    x, y, _ = numbers()
    clusters = np.arange(300) % 23
    piece = [Piece(x[a:b], y[a:b], None, clusters[a:b]) for a, b in ((0, 100), (100, 300))]
    ours = fit(lambda: iter(piece), ["a", "b", "c"], covariance="cluster", clusters=23)
    theirs = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": clusters})
    np.testing.assert_allclose(ours.errors, theirs.bse, rtol=1e-10)
    assert ours.df == 22


def test_studentised_breusch_pagan_agrees_with_statsmodels() -> None:
    import statsmodels.api as sm
    from statsmodels.stats.diagnostic import het_breuschpagan

    x, y, _ = numbers()
    expected = het_breuschpagan(sm.OLS(y, sm.add_constant(x)).fit().resid, sm.add_constant(x))
    assert fit_arrays(x, y).breusch_pagan == pytest.approx(expected[:2], rel=1e-9)


def test_linearised_errors_are_hc0_times_n_over_n_less_one() -> None:
    x, y, w = numbers()
    np.testing.assert_allclose(
        fit_arrays(x, y, w, covariance="linearised").errors,
        fit_arrays(x, y, w, covariance="hc0").errors * (300 / 299) ** 0.5,
    )


def test_ill_conditioned_large_data_fall_back_to_streamed_qr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "EXTENDED_WORK", 0)
    monkeypatch.setattr(regression, "ALWAYS_EXTENDED_WORK", 0)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(4_000, 2))
    x = np.column_stack([x, x[:, 0] + 1e-5 * rng.normal(size=4_000)])
    y = x.sum(axis=1) + rng.normal(size=4_000)
    pieces = [Piece(x[i : i + 700], y[i : i + 700]) for i in range(0, 4_000, 700)]
    ours = fit(lambda: iter(pieces), ["a", "b", "c"])
    expected = np.linalg.lstsq(np.column_stack([np.ones(4_000), x]), y, rcond=None)[0]
    assert ours.method == "qr"
    np.testing.assert_allclose(ours.coefficients, expected, rtol=1e-8)


def test_collinear_columns_are_named_and_only_they() -> None:
    x, y, _ = numbers()
    with pytest.raises(ProcedureError) as caught:
        fit_arrays(np.column_stack([x, x[:, 0] + 2 * x[:, 2]]), y, names=["a", "b", "c", "d"])
    assert caught.value.code == "collinear_columns"
    assert caught.value.context["columns"] == ["a", "c", "d"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"x": [3.0] * 20}, "constant_column"),
        ({"y": ["one"] * 20}, "text_where_numbers_needed"),
        ({"x": [None] * 19 + [1.0]}, "too_few_rows"),
    ],
)
def test_data_that_carry_no_model_are_refused(
    tmp_path: Path, change: dict[str, list[object]], code: str
) -> None:
    rng = np.random.default_rng(0)
    columns = {"x": rng.normal(size=20), "z": rng.normal(size=20), "y": rng.normal(size=20)} | change
    assert (
        refusal(
            "linear_regression", {"outcome": "y", "predictors": ["x", "z"]}, dataset(columns), tmp_path
        ).code
        == code
    )


def test_fewer_rows_than_predictors_are_refused(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    data = dataset({name: rng.normal(size=4) for name in "abcdy"})
    error = refusal("linear_regression", {"outcome": "y", "predictors": list("abcd")}, data, tmp_path)
    assert error.code == "too_few_rows"
    assert error.context == {"n": 4, "needed": 6}


@pytest.mark.parametrize(
    "parameters",
    [
        {"outcome": "overall"},
        {"outcome": "overall", "predictors": ["overall"]},
        {"outcome": "overall", "predictors": ["age"], "errors": "cluster"},
        {"outcome": "overall", "predictors": ["age"], "surprise": 1},
    ],
)
def test_contradictory_parameters_are_refused(tmp_path: Path, parameters: dict[str, object]) -> None:
    assert refusal("linear_regression", parameters, survey(50), tmp_path).code == "invalid_parameters"


def test_dates_where_numbers_are_needed_are_named(tmp_path: Path) -> None:
    import datetime as dt

    data = dataset({"y": [dt.date(2024, 1, d) for d in range(1, 21)], "x": list(range(20))})
    assert refusal("linear_regression", {"outcome": "y", "predictors": ["x"]}, data, tmp_path).code == (
        "dates_where_numbers_needed"
    )


def test_progress_can_cancel_a_run(tmp_path: Path) -> None:
    from analysis.logic.context import RunContext
    from analysis.logic.errors import RunCancelled

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "fitting":
            raise RunCancelled

    with pytest.raises(RunCancelled):
        run(
            "linear_regression",
            {"outcome": "overall", "predictors": ["price"]},
            survey(),
            tmp_path,
            context=RunContext(progress=stop),
        )
