"""NPS, CSAT/CES, TURF, price research, MaxDiff and choice-based conjoint."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.choice import fit_choices
from analysis.logic.stats.price import crossing, isotonic_falling
from analysis.logic.stats.reach import best_sets
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run


def _customers(n: int = 300) -> Data:
    rng = np.random.default_rng(11)
    likely = rng.integers(0, 11, n)
    base = rng.uniform(8, 14, n)
    gaps = rng.uniform(0.5, 6, (n, 3))
    stated = np.round(
        np.column_stack([base, base + gaps[:, 0], base + gaps[:, :2].sum(1), base + gaps.sum(1)]), 1
    )
    stated[::37, 0] = 99
    top = rng.uniform(5, 30, n)
    return dataset(
        {
            "nps": [None if i % 23 == 0 else int(v) for i, v in enumerate(likely)],
            "csat": rng.integers(1, 6, n),
            "ces": rng.integers(1, 6, n),
            "region": np.array(["n", "s", "e"])[rng.integers(0, 3, n)],
            **{f"p{k}": stated[:, k] for k in range(4)},
            **{f"buy{price}": top >= price for price in (10, 15, 20, 25)},
            **{f"item{k}": rng.random(n) < 0.1 + 0.08 * k for k in range(6)},
            "weight": np.round(rng.uniform(0.5, 2, n), 3),
        },
        nps=Measure.ORDINAL,
        csat=Measure.ORDINAL,
        ces=Measure.ORDINAL,
    )


def _maxdiff(respondents: int = 60) -> Data:
    rng = np.random.default_rng(2)
    utility = {"price": 1.0, "taste": 0.6, "brand": 0.0, "size": -0.4, "colour": -1.2}
    names = list(utility)
    rows: dict[str, list] = {"who": [], "task": [], "item": [], "pick": [], "w": []}
    for who in range(respondents):
        weight = float(np.round(rng.uniform(0.5, 2), 2))
        for task in range(5):
            shown = rng.choice(names, 4, replace=False)
            noise = np.array([utility[s] for s in shown]) + rng.gumbel(size=4)
            best = int(np.argmax(noise))
            rest = [k for k in range(4) if k != best]
            worst = rest[int(np.argmax(-np.array([utility[shown[k]] for k in rest]) + rng.gumbel(size=3)))]
            for k, item in enumerate(shown):
                for key, value in zip(
                    rows,
                    (who, task, str(item), 1 if k == best else -1 if k == worst else 0, weight),
                    strict=True,
                ):
                    rows[key].append(value)
    return dataset(rows, who=Measure.IDENTIFIER, task=Measure.ORDINAL)


def _conjoint(respondents: int = 80) -> Data:
    rng = np.random.default_rng(4)
    worth = {"red": 0.5, "blue": -0.5, "green": 0.0}
    rows: dict[str, list] = {
        "who": [],
        "task": [],
        "colour": [],
        "size": [],
        "price": [],
        "chosen": [],
        "w": [],
    }
    for who in range(respondents):
        weight = float(np.round(rng.uniform(0.5, 2), 2))
        for task in range(6):
            profiles = [
                (str(rng.choice(list(worth))), str(rng.choice(["s", "l"])), float(rng.choice([5, 8, 12])))
                for _ in range(3)
            ]
            v = [worth[c] + (0.4 if s == "l" else -0.4) - 0.2 * p for c, s, p in profiles]
            pick = int(np.argmax(np.array(v) + rng.gumbel(size=3)))
            for k, (c, s, p) in enumerate(profiles):
                for key, value in zip(rows, (who, task, c, s, p, int(k == pick), weight), strict=True):
                    rows[key].append(value)
    return dataset(rows, who=Measure.IDENTIFIER, task=Measure.ORDINAL)


PRICES = {"too_cheap": "p0", "cheap": "p1", "expensive": "p2", "too_expensive": "p3", "replicates": 100}
CONJOINT = {
    "respondent": "who",
    "task": "task",
    "chosen": "chosen",
    "attributes": ["colour", "size"],
    "linear": ["price"],
}
MAXDIFF = {"respondent": "who", "task": "task", "item": "item", "choice": "pick"}


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("net_promoter_score", {"rating": "nps", "groups": "region"}),
        ("satisfaction_scores", {"ratings": ["csat", "ces"], "groups": "region", "good_end": "low"}),
        ("turf", {"items": [f"item{k}" for k in range(6)], "must_have": ["item2"], "largest": 4}),
        ("van_westendorp", PRICES),
        (
            "gabor_granger",
            {
                "intents": ["buy25", "buy10", "buy15", "buy20"],
                "prices": [25, 10, 15, 20],
                "unit_cost": 4,
                "replicates": 100,
            },
        ),
    ],
)
def test_market_metrics_follow_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, _customers(), tmp_path, weight=weight)


@pytest.mark.parametrize("weight", [None, "w"])
def test_choice_models_follow_the_contract(weight: str | None, tmp_path: Path) -> None:
    check_procedure("maxdiff", MAXDIFF, _maxdiff(), tmp_path / "a", weight=weight, tolerance=1e-5)
    scenarios = [{"colour": "red", "size": "l", "price": 8}, {"colour": "blue", "size": "s", "price": 5}]
    check_procedure(
        "choice_conjoint",
        CONJOINT | {"scenarios": scenarios},
        _conjoint(),
        tmp_path / "b",
        weight=weight,
        tolerance=1e-5,
    )


def test_nps_is_promoters_less_detractors_with_its_interval(tmp_path: Path) -> None:
    data = dataset({"q": [10] * 40 + [9] * 10 + [8] * 20 + [6] * 20 + [0] * 10}, q=Measure.ORDINAL)
    fact = run("net_promoter_score", {"rating": "q"}, data, tmp_path).fact("nps.q")
    assert fact.value == pytest.approx(20)
    # By hand: variance = .5 + .3 - .2^2 = .76, error = sqrt(.76 / 100) = .0871780, on Fisher's scale / .96.
    half = 1.959963985 * math.sqrt(0.0076) / 0.96
    assert fact.interval is not None
    assert fact.interval.low == pytest.approx(100 * math.tanh(math.atanh(0.2) - half))
    assert fact.interval.high == pytest.approx(100 * math.tanh(math.atanh(0.2) + half))


def test_turf_finds_the_best_pair_and_agrees_with_enumeration(tmp_path: Path) -> None:
    data = dataset(
        {"a": [1, 1, 1, 1, 0, 0, 0], "b": [1, 1, 1, 0, 0, 0, 0], "c": [0, 0, 0, 0, 1, 1, 0]},
        a=Measure.SCALE,
        b=Measure.SCALE,
        c=Measure.SCALE,
    )
    output = run("turf", {"items": ["a", "b", "c"], "largest": 2}, data, tmp_path)
    assert output.fact("reach.1").value == pytest.approx(4 / 7)
    assert output.fact("reach.2").value == pytest.approx(6 / 7)
    assert output.fact("reach.2").source_columns == ("a", "c")
    rng = np.random.default_rng(0)
    chosen, weights = rng.random((80, 8)) < 0.3, rng.uniform(0.5, 2, 80)
    exhaustive = max(
        float(weights[chosen[:, list(s)].any(axis=1)].sum()) / weights.sum()
        for s in itertools.combinations(range(8), 3)
    )
    best, exact = best_sets(chosen, weights, 3, 1)
    assert exact and best[0][0] == pytest.approx(exhaustive)
    beam, exact = best_sets(chosen, weights, 3, 1, limit=1)
    assert not exact and beam[0][0] == pytest.approx(exhaustive)


def test_crossing_interpolates_between_prices() -> None:
    prices = np.array([1.0, 2.0, 3.0])
    assert crossing(prices, np.array([1.0, 0.6, 0.0]), np.array([0.0, 0.2, 1.0])) == pytest.approx(
        2 + 0.4 / 1.4
    )
    assert math.isnan(crossing(prices, np.array([1.0, 1.0, 1.0]), np.zeros(3)))


def test_price_points_of_three_people_by_hand(tmp_path: Path) -> None:
    data = dataset({"a": [1.0, 2, 3], "b": [2.0, 3, 4], "c": [3.0, 4, 5], "d": [4.0, 5, 6]})
    output = run(
        "van_westendorp",
        {"too_cheap": "a", "cheap": "b", "expensive": "c", "too_expensive": "d", "replicates": 100},
        data,
        tmp_path,
        context=None,
    )
    # Three rows are below the publication threshold of five, so every figure is withheld.
    assert all(fact.suppressed for fact in output.facts)
    fivefold = dataset(
        {
            key: [v for v in values for _ in range(5)]
            for key, values in {
                "a": [1.0, 2, 3],
                "b": [2.0, 3, 4],
                "c": [3.0, 4, 5],
                "d": [4.0, 5, 6],
            }.items()
        }
    )
    output = run(
        "van_westendorp",
        {"too_cheap": "a", "cheap": "b", "expensive": "c", "too_expensive": "d", "replicates": 100},
        fivefold,
        tmp_path,
    )
    # too cheap 1, 2/3, 1/3, 0, 0, 0 and too expensive 0, 0, 0, 1/3, 2/3, 1 on 1..6 meet half-way between 3 and 4.
    assert output.fact("optimal_price").value == pytest.approx(3.5)
    # cheap 1, 1, 2/3, 1/3, 0, 0 and expensive 0, 0, 1/3, 2/3, 1, 1 also meet at 3.5.
    assert output.fact("indifference_price").value == pytest.approx(3.5)
    # too cheap 1, 2/3, 1/3 and not cheap 0, 0, 1/3 meet at 3.
    assert output.fact("marginal_cheapness").value == pytest.approx(3.0)
    assert output.fact("marginal_expensiveness").value == pytest.approx(4.0)


def test_pool_adjacent_violators_by_hand() -> None:
    assert isotonic_falling(np.array([0.5, 0.7, 0.2]), np.ones(3)) == pytest.approx([0.6, 0.6, 0.2])


def test_choice_model_recovers_the_closed_form_of_two_alternatives() -> None:
    # 30 of 40 choose the first of two: the utility difference is log(30 / 10).
    x = np.tile([[1.0], [0.0]], (40, 1))
    chosen = np.array([v for k in range(40) for v in ((True, False) if k < 30 else (False, True))])
    model = fit_choices(x, np.repeat(np.arange(40), 2), chosen, np.ones(40))
    assert model.coefficients[0] == pytest.approx(math.log(3), abs=1e-10)
    assert math.sqrt(model.covariance[0, 0]) == pytest.approx(math.sqrt(1 / 30 + 1 / 10), abs=1e-10)


def test_simulated_shares_follow_from_the_part_worths(tmp_path: Path) -> None:
    scenarios = [{"colour": "red", "size": "l", "price": 8}, {"colour": "blue", "size": "s", "price": 5}]
    output = run("choice_conjoint", CONJOINT | {"scenarios": scenarios}, _conjoint(), tmp_path)
    value = {fact.id: fact.value for fact in output.facts}
    first = value["part_worth.colour.red"] + value["part_worth.size.l"] + 8 * value["slope.price"]
    second = value["part_worth.colour.blue"] + value["part_worth.size.s"] + 5 * value["slope.price"]
    assert value["simulated_share.1"] == pytest.approx(1 / (1 + math.exp(second - first)), abs=1e-10)
    assert value["slope.price"] < 0 < value["part_worth.colour.red"]


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        ("net_promoter_score", {"rating": "x"}, {"x": [1, 2, 99]}, "rating_out_of_range"),
        ("satisfaction_scores", {"ratings": ["x"]}, {"x": [1, 2, 9]}, "rating_out_of_range"),
        ("turf", {"items": ["x", "y"]}, {"x": [0, 0], "y": [0, 0]}, "nothing_chosen"),
        ("gabor_granger", {"intents": ["x", "y"], "prices": [1]}, {"x": [1], "y": [1]}, "invalid_parameters"),
        ("gabor_granger", {"intents": ["x", "y"], "prices": [1, 2]}, {"x": [0], "y": [0]}, "nobody_buys"),
        (
            "van_westendorp",
            {"too_cheap": "a", "cheap": "b", "expensive": "c", "too_expensive": "d"},
            {"a": [9, 9], "b": [1, 1], "c": [2, 2], "d": [3, 3]},
            "prices_out_of_order",
        ),
        (
            "maxdiff",
            MAXDIFF,
            {"who": [1, 1], "task": [1, 1], "item": ["a", "b"], "pick": [2, 0]},
            "bad_choice_code",
        ),
        (
            "maxdiff",
            MAXDIFF,
            {"who": [1, 1], "task": [1, 1], "item": ["a", "b"], "pick": [1, 0]},
            "no_complete_task",
        ),
        (
            "choice_conjoint",
            {"respondent": "who", "task": "task", "chosen": "c", "attributes": ["a"]},
            {"who": [1, 1, 2, 2], "task": [1] * 4, "c": [1, 0, 1, 0], "a": ["x", "y", "x", "y"]},
            "perfect_separation",
        ),
        (
            "choice_conjoint",
            {"respondent": "who", "task": "task", "chosen": "c", "attributes": ["a"]},
            {"who": [1, 1, 2, 2], "task": [1] * 4, "c": [1, 0, 1, 0], "a": ["x", "x", "y", "y"]},
            "collinear_columns",
        ),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code
