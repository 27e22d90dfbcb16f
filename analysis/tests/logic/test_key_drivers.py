"""Key drivers: exact Shapley shares against the enumeration of all orderings."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pytest

from analysis.logic.context import RunContext
from analysis.logic.stats.drivers import all_subsets_r_squared, lmg, relative_weights
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


def correlations(p: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(200, p)) + rng.normal(size=(200, 1))
    y = x @ rng.uniform(-0.5, 1, p) + rng.normal(size=200)
    r = np.corrcoef(np.column_stack([x, y]).T)
    return r[:p, :p], r[:p, p]


def explained(r: np.ndarray, with_y: np.ndarray, subset: tuple[int, ...]) -> float:
    chosen = list(subset)
    return (
        float(with_y[chosen] @ np.linalg.solve(r[np.ix_(chosen, chosen)], with_y[chosen])) if chosen else 0.0
    )


@pytest.mark.parametrize("p", [1, 2, 3, 6])
def test_shapley_shares_equal_the_average_over_all_orderings(p: int) -> None:
    r, with_y = correlations(p)
    average = np.zeros(p)
    orders = list(permutations(range(p)))
    for order in orders:
        before = 0.0
        for position, j in enumerate(order):
            now = explained(r, with_y, order[: position + 1])
            average[j] += (now - before) / len(orders)
            before = now
    np.testing.assert_allclose(lmg(r, with_y), average, rtol=1e-10, atol=1e-13)


def test_every_subset_has_its_r_squared() -> None:
    r, with_y = correlations(5)
    found = all_subsets_r_squared(r, with_y)
    for mask in range(32):
        subset = tuple(j for j in range(5) if mask >> j & 1)
        assert found[mask] == pytest.approx(explained(r, with_y, subset), abs=1e-12)


def test_both_measures_add_up_to_r_squared() -> None:
    r, with_y = correlations(12)
    full = explained(r, with_y, tuple(range(12)))
    assert lmg(r, with_y).sum() == pytest.approx(full, rel=1e-12)
    assert relative_weights(r, with_y).sum() == pytest.approx(full, rel=1e-12)


def test_relative_weights_of_two_predictors_are_the_shapley_shares() -> None:
    # For two predictors the two measures coincide (Thomas, Zumbo, Kwan & Schweitzer 2014).
    r, with_y = correlations(2)
    np.testing.assert_allclose(relative_weights(r, with_y), lmg(r, with_y), rtol=1e-10)


@pytest.mark.parametrize("weight", [None, "weight"])
def test_key_drivers_follow_the_contract(tmp_path: Path, weight: str | None) -> None:
    output = check_procedure(
        "key_drivers",
        {"outcome": "overall", "drivers": ["service", "price", "age", "spend"], "replicates": 100},
        survey(),
        tmp_path,
        weight=weight,
    )
    assert output.fact("importance.service").value > output.fact("importance.price").value
    assert output.fact("importance.price").value > output.fact("importance.spend").value


def test_another_seed_moves_only_intervals_and_the_forest(tmp_path: Path) -> None:
    parameters = {"outcome": "overall", "drivers": ["service", "price"], "replicates": 100}
    one = run("key_drivers", parameters, survey(), tmp_path, context=RunContext(seed=1))
    two = run("key_drivers", parameters, survey(), tmp_path, context=RunContext(seed=2))
    assert one.fact("importance.service").value == two.fact("importance.service").value
    assert one.fact("importance.service").interval != two.fact("importance.service").interval
    assert (one.seed, two.seed) == (1, 2)


def test_bootstrap_interval_of_r_squared_has_the_width_theory_gives(tmp_path: Path) -> None:
    # Two independent drivers, R^2 = 2/3; asymptotic variance of R^2 is 4 R^2 (1 - R^2)^2 / n.
    rng = np.random.default_rng(9)
    n = 3_000
    a, b = rng.normal(size=(2, n))
    data = dataset({"a": a, "b": b, "y": a + b + rng.normal(size=n)})
    output = run(
        "key_drivers", {"outcome": "y", "drivers": ["a", "b"], "forest_check": False}, data, tmp_path
    )
    interval = output.fact("r_squared").interval
    assert interval is not None and interval.low is not None and interval.high is not None
    expected = 2 * 1.96 * (4 * (2 / 3) * (1 / 3) ** 2 / n) ** 0.5
    assert interval.high - interval.low == pytest.approx(expected, rel=0.2)


def test_an_interaction_is_revealed_by_the_forest(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 1_500))
    data = dataset({"a": a, "b": b, "y": a * b + 0.2 * a + 0.1 * rng.normal(size=1_500)})
    output = run("key_drivers", {"outcome": "y", "drivers": ["a", "b"], "replicates": 0}, data, tmp_path)
    assert "non_linear" in {n.code for n in output.notices}


@pytest.mark.parametrize(
    ("drivers", "code"), [(["a", "copy"], "collinear_columns"), (["a", "one"], "constant_column")]
)
def test_degenerate_drivers_are_named(tmp_path: Path, drivers: list[str], code: str) -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=50)
    data = dataset({"a": a, "copy": 3 * a - 1, "one": [1.5] * 50, "y": rng.normal(size=50)})
    error = refusal("key_drivers", {"outcome": "y", "drivers": drivers}, data, tmp_path)
    assert error.code == code


def test_more_than_22_drivers_are_refused_by_the_schema(tmp_path: Path) -> None:
    data = dataset({f"x{i}": [1.0, 2.0] for i in range(24)})
    error = refusal(
        "key_drivers", {"outcome": "x0", "drivers": [f"x{i}" for i in range(1, 24)]}, data, tmp_path
    )
    assert (error.code, error.pointer) == ("invalid_parameters", "/drivers")
