"""Series, forecasts, unusual rows, open answers and imputation."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.imputation import rubin
from analysis.logic.stats.series import pelt_mean_shifts, robust_z, step_index, step_start
from analysis.logic.stats.words import log_likelihood, log_ratio, tokens
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run, survey

# Annual flow of the Nile at Aswan 1871-1970 (Cobb 1978; statsmodels and R datasets).
NILE = [1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180, 799, 958, 1140,
        1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969,
        831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781,
        865, 845, 944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838,
        1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740]  # fmt: skip


def _nile() -> Data:
    return dataset({"year": [dt.date(1871 + k, 6, 1) for k in range(100)], "flow": [float(v) for v in NILE]})


def _monthly(months: int = 60) -> Data:
    rng = np.random.default_rng(3)
    dates, values = [], []
    for k in range(months):
        for _ in range(6):
            dates.append(dt.date(2019 + k // 12, k % 12 + 1, int(rng.integers(1, 28))))
            values.append(50 + 0.5 * k + 8 * math.sin(2 * math.pi * k / 12) + rng.normal())
    return dataset({"day": dates, "sales": values, "weight": np.round(rng.uniform(0.5, 2, len(dates)), 2)})


def _comments() -> Data:
    rng = np.random.default_rng(4)
    kinds = [
        [
            "delivery was late",
            "late delivery again",
            "the delivery came days late",
            "slow delivery, parcel late",
        ],
        ["price too high", "expensive price for quality", "the price is high", "high price, poor value"],
        [
            "friendly staff",
            "staff very friendly and helpful",
            "helpful staff in the shop",
            "the staff helped me, friendly",
        ],
    ]
    kind = rng.integers(0, 3, 240)
    texts = [str(rng.choice(kinds[k])) for k in kind]
    texts[::40] = [None] * len(texts[::40])
    return dataset(
        {
            "comment": texts,
            "segment": np.where(rng.random(240) < 0.8, np.array(["north", "south", "east"])[kind], "north"),
            "weight": np.round(rng.uniform(0.5, 2, 240), 2),
        },
        comment=Measure.TEXT,
    )


@pytest.mark.parametrize(
    ("key", "parameters", "weight"),
    [
        ("time_decomposition", {"time": "day", "value": "sales"}, None),
        ("time_decomposition", {"time": "day", "value": "sales", "step": "week", "period": 8}, "weight"),
        ("change_points", {"time": "day", "value": "sales", "step": "quarter", "smallest": 2}, "weight"),
        ("change_points", {"time": "day", "how": "count", "step": "week"}, None),
        ("forecast", {"time": "day", "value": "sales", "horizon": 4}, "weight"),
        (
            "forecast",
            {"time": "day", "value": "sales", "method": "arima", "season": False, "horizon": 3},
            None,
        ),
    ],
)
def test_time_procedures_follow_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, _monthly(), tmp_path, weight=weight, tolerance=1e-6)


@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("outliers", {"variables": ["spend", "age"]}),
        ("outliers", {"variables": ["spend", "age", "overall"], "method": "mahalanobis"}),
        ("outliers", {"variables": ["spend", "age"], "method": "isolation_forest", "share": 0.05}),
        ("multiple_imputation", {"variables": ["service", "age", "overall"], "sets": 3, "cycles": 2}),
    ],
)
def test_quality_procedures_follow_the_contract(key: str, parameters: dict, tmp_path: Path) -> None:
    check_procedure(key, parameters, survey(), tmp_path)


def test_weighted_imputation_follows_the_contract(tmp_path: Path) -> None:
    parameters = {"variables": ["service", "age"], "sets": 3, "cycles": 2}
    check_procedure("multiple_imputation", parameters, survey(), tmp_path, weight="weight")


@pytest.mark.parametrize(
    ("key", "parameters", "weight"),
    [
        ("text_themes", {"text": "comment", "themes": 3}, "weight"),
        ("text_themes", {"text": "comment", "themes": 3, "method": "k_means", "phrases": False}, None),
        ("text_keyness", {"text": "comment", "groups": "segment"}, None),
    ],
)
def test_text_procedures_follow_the_contract(
    key: str, parameters: dict, weight: str | None, tmp_path: Path
) -> None:
    check_procedure(key, parameters, _comments(), tmp_path, weight=weight)


def test_the_nile_changes_after_1898(tmp_path: Path) -> None:
    # Cobb (1978), Biometrika 65, 243-251: the level drops after 1898 (new dam), by about 248.
    output = run("change_points", {"time": "year", "value": "flow", "step": "year"}, _nile(), tmp_path)
    assert output.fact("changes").value == 1
    assert output.fact("shift.1899-01-01").value == pytest.approx(849.972222 - 1097.75, abs=1e-5)


def test_change_points_agree_with_trying_every_split() -> None:
    rng = np.random.default_rng(7)
    y = np.concatenate([rng.normal(0, 1, 15), rng.normal(4, 1, 12), rng.normal(-1, 1, 13)])
    penalty, best = 6.0, (math.inf, [])

    def cost(part: np.ndarray) -> float:
        return float(((part - part.mean()) ** 2).sum())

    for a in range(38):
        for b in range(a, 38):
            cuts = sorted({c for c in (a, b) if c >= 3})
            bounds = [0, *cuts, 40]
            if any(bounds[i + 1] - bounds[i] < 3 for i in range(len(bounds) - 1)):
                continue
            value = sum(cost(y[bounds[i] : bounds[i + 1]]) for i in range(len(bounds) - 1)) + penalty * len(
                cuts
            )
            best = min(best, (value, cuts))
    assert pelt_mean_shifts(y, penalty, 3) == best[1]


def test_a_pure_season_and_line_are_taken_apart(tmp_path: Path) -> None:
    dates = [dt.date(2015 + k // 12, k % 12 + 1, 1) for k in range(72)]
    values = [100 + 2 * k + 10 * math.cos(2 * math.pi * k / 12) for k in range(72)]
    output = run(
        "time_decomposition", {"time": "d", "value": "v"}, dataset({"d": dates, "v": values}), tmp_path
    )
    assert output.fact("trend_change").value == pytest.approx(142, rel=0.01)
    assert output.fact("season_strength").value > 0.99
    assert output.fact("season_high").value == "2020-01-01"


def test_weeks_start_on_monday_and_quarters_on_their_first_month() -> None:
    times = np.array(["2024-02-29", "2024-03-04"], dtype="datetime64[us]")
    assert [str(t) for t in step_start(step_index(times, "week"), "week")] == ["2024-02-26", "2024-03-04"]
    assert str(step_start(step_index(times, "quarter"), "quarter")[0]) == "2024-01-01"


def test_robust_z_by_hand() -> None:
    z = robust_z(np.array([1.0, 2, 3, 4, 100]))
    assert z[4] == pytest.approx((100 - 3) * 0.6744897501960817, rel=1e-12)
    assert robust_z(np.array([5.0, 5, 5, 5, 9]))[4] == pytest.approx(4 / (0.8 * math.sqrt(math.pi / 2)))


def test_unusual_rows_are_found_with_their_reason(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(50, 5, 200)
    y = x + rng.normal(0, 1, 200)
    x[17], (x[42], y[42]) = 500.0, (58.0, 42.0)
    data = dataset({"x": x, "y": y})
    by_column = run("outliers", {"variables": ["x", "y"]}, data, tmp_path).table("outliers")
    assert [row[0] for row in by_column.rows] == [18]
    assert "far above the median" in by_column.rows[0][2]
    together = run("outliers", {"variables": ["x", "y"], "method": "mahalanobis"}, data, tmp_path).table(
        "outliers"
    )
    assert {18, 43} <= {row[0] for row in together.rows}


def test_themes_are_the_three_topics_and_keyness_finds_their_words(tmp_path: Path) -> None:
    themes = run("text_themes", {"text": "comment", "themes": 3}, _comments(), tmp_path)
    names = " ".join(row[1] for row in themes.table("themes").rows)
    assert "delivery" in names and "price" in names and "staff" in names
    assert len(themes.table("quotes").rows) == 9
    key = run("text_keyness", {"text": "comment", "groups": "segment"}, _comments(), tmp_path)
    first = {}
    for row in key.table("keyness").rows:
        first.setdefault(row[0], row[1])
    assert first["south"] in ("price", "high") and first["east"] in ("staff", "friendly")


def test_keyness_measures_by_hand() -> None:
    # 10 of 100 against 5 of 200: expected 5 and 10; G2 = 2 (10 ln 2 + 5 ln .5).
    assert log_likelihood(10, 5, 100, 200) == pytest.approx(2 * (10 * math.log(2) + 5 * math.log(0.5)))
    assert log_ratio(10, 5, 100, 200) == pytest.approx(2.0)
    assert tokens("The Staff's re-ordering was GREAT, 24/7 — très bien!") == [
        "staff's",
        "re-ordering",
        "great",
        "bien",
    ]


def test_rubins_rules_by_hand() -> None:
    pooled = rubin(np.array([10.0, 12, 14]), np.array([4.0, 4, 4]), 1e9)
    # Within 4, between 4, total 4 + 4/3 * 4 = 28/3; df = (m - 1) (T / ((1 + 1/m) B))^2 = 2 (28/16)^2.
    assert pooled.value == 12 and pooled.standard_error == pytest.approx(math.sqrt(28 / 3))
    assert pooled.df == pytest.approx(2 * (28 / 16) ** 2, rel=1e-6)


def test_imputation_removes_the_bias_of_missing_at_random(tmp_path: Path) -> None:
    rng = np.random.default_rng(10)
    x = rng.normal(size=2_000)
    y = 2 * x + rng.normal(size=2_000)
    gone = rng.random(2_000) < 1 / (1 + np.exp(-2 * x))
    data = dataset({"x": x, "y": [None if g else float(v) for g, v in zip(gone, y, strict=True)]})
    output = run("multiple_imputation", {"variables": ["x", "y"], "sets": 5, "cycles": 3}, data, tmp_path)
    assert output.fact("complete_mean.y").value < -0.7
    assert output.fact("mean.y").value == pytest.approx(float(y.mean()), abs=0.15)


@pytest.mark.parametrize(
    ("key", "parameters", "columns", "code"),
    [
        ("forecast", {"time": "x", "value": "x"}, {"x": [1.0, 2.0]}, "not_a_date"),
        (
            "forecast",
            {"time": "t", "value": "x"},
            {"t": ["2020-01-01", "soon"], "x": [1.0, 2.0]},
            "not_a_date",
        ),
        (
            "forecast",
            {"time": "t", "value": "x"},
            {"t": ["2020-01-01", "2020-02-01"], "x": [1.0, 2.0]},
            "too_few_rows",
        ),
        ("forecast", {"time": "t"}, {"t": ["2020-01-01", "2020-02-01"]}, "value_needed"),
        (
            "time_decomposition",
            {"time": "t", "how": "count", "step": "year"},
            {"t": ["2020-01-01"]},
            "no_season",
        ),
        (
            "change_points",
            {"time": "t", "how": "count", "step": "day"},
            {"t": ["1900-01-01", "2020-01-01"]},
            "too_many_steps",
        ),
        ("outliers", {"variables": ["x"]}, {"x": [1.0, 2.0]}, "too_few_rows"),
        ("text_themes", {"text": "x", "themes": 5}, {"x": ["good service"] * 8}, "too_few_rows"),
        (
            "text_keyness",
            {"text": "x", "groups": "g"},
            {"x": ["good", "bad"], "g": ["a", "b"]},
            "too_few_terms",
        ),
        ("multiple_imputation", {"variables": ["x", "y"]}, {"x": [1, 2, 3], "y": [2, 3, 4]}, "too_few_rows"),
    ],
)
def test_bad_input_is_refused(key: str, parameters: dict, columns: dict, code: str, tmp_path: Path) -> None:
    assert refusal(key, parameters, dataset(columns), tmp_path).code == code
