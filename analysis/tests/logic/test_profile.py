"""Descriptive profile."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.contracts import Measure
from analysis.logic.stats.gram import Gram, PairwiseGram
from analysis.logic.stats.moments import Moments, column_moments, group_moments
from analysis.logic.stats.quantiles import distribution
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


def test_profile_of_all_columns_follows_the_contract(tmp_path: Path) -> None:
    check_procedure("profile", {}, survey(), tmp_path)


def test_profile_follows_the_contract_weighted_and_filtered(tmp_path: Path) -> None:
    check_procedure(
        "profile",
        {"columns": ["age", "region", "overall"]},
        survey(),
        tmp_path,
        weight="weight",
        filter={"column": "price", "op": "between", "value": [2, 6]},
    )


def test_profile_needs_no_parameters(tmp_path: Path) -> None:
    output = run("profile", {}, survey(), tmp_path)
    assert output.fact("columns").value == 11
    assert output.fact("pearson.service.overall").value > 0.5


def test_bad_columns_are_described_and_not_refused(tmp_path: Path) -> None:
    data = dataset(
        {
            "const": [3] * 40,
            "none": [None] * 40 + [],
            "x": [float(i) for i in range(38)] + [math.inf, -math.inf],
            "when": ["2024-01-02"] * 30 + ["soon"] * 10,
        }
    )
    table, metas = data
    table = table.set_column(1, "none", table.column("none").cast("float64"))
    from analysis.contracts import Storage

    metas = (metas[0], replace(metas[1], storage=Storage.REAL), *metas[2:])
    output = run("profile", {}, (table, metas), tmp_path)
    codes = {(n.code, n.columns) for n in output.notices}
    assert ("constant_column", ("const",)) in codes
    assert ("all_missing", ("none",)) in codes
    assert ("infinite_values", ("x",)) in codes
    assert ("mixed_values", ("when",)) in codes
    assert output.fact("mean.x").value == pytest.approx(18.5)
    assert output.fact("missing_share.x").value == pytest.approx(0.05)


def test_personal_columns_show_no_values(tmp_path: Path) -> None:
    table, metas = dataset({"mail": ["a@b.c"] * 20, "d": [dt.date(2024, 1, 1)] * 20})
    metas = (replace(metas[0], is_pii=True), metas[1])
    output = run("profile", {}, (table, metas), tmp_path)
    assert "a@b.c" not in str(output.to_dict())


def test_one_row_and_none_are_handled(tmp_path: Path) -> None:
    data = dataset({"x": [5.0], "t": ["a"]})
    output = run("profile", {}, data, tmp_path)
    assert output.fact("mean.x").suppressed
    assert (
        refusal("profile", {}, data, tmp_path, filter={"column": "x", "op": "gt", "value": 9}).code
        == "no_rows"
    )


@pytest.mark.parametrize(
    ("weights", "codes"),
    [
        ([1.0, None, 0.0, -1.0, math.inf, 2.0], {"weights_missing", "weights_zero", "weights_negative"}),
    ],
)
def test_unusable_weights_leave_their_rows_out_and_are_counted(
    tmp_path: Path, weights: list[float | None], codes: set[str]
) -> None:
    data = dataset({"x": [1.0, 2, 3, 4, 5, 7], "w": weights})
    output = run("profile", {"columns": ["x"]}, data, tmp_path, weight="w")
    assert codes <= {n.code for n in output.notices}
    assert output.n == 2
    assert output.weighted_n == 3.0


@pytest.mark.parametrize("weights", [[0.0, -1.0], ["a", "b"]])
def test_a_column_that_is_no_weight_is_refused_at_the_weight(tmp_path: Path, weights: list[object]) -> None:
    error = refusal("profile", {"columns": ["x"]}, dataset({"x": [1, 2], "w": weights}), tmp_path, weight="w")
    assert error.pointer == "/weight"


finite = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(finite, st.just(math.nan)), min_size=1, max_size=60), st.integers(0, 60), st.booleans()
)
def test_merged_moments_equal_those_of_the_whole(values: list[float], cut: int, weighted: bool) -> None:
    x = np.array(values)[:, None]
    w = np.linspace(0.5, 2.0, len(values)) if weighted else None
    whole = column_moments(x, w)
    parts = [column_moments(x[s], None if w is None else w[s]) for s in (slice(0, cut), slice(cut, None))]
    merged = parts[0].merge(parts[1])
    scale = 1 + np.nanmax(np.abs(x), initial=0.0)
    for name, power in (("n", 0), ("weight", 0), ("mean", 1), ("m2", 2), ("m3", 3), ("m4", 4), ("v2", 2)):
        one, other = getattr(whole, name), getattr(merged, name)
        np.testing.assert_allclose(
            other, one, rtol=1e-9, atol=1e-9 * len(values) * scale**power, err_msg=name
        )


def test_grouped_moments_equal_moments_of_each_group() -> None:
    rng = np.random.default_rng(3)
    x, codes, w = rng.normal(1e6, 1, (500, 2)), rng.integers(-1, 3, 500), rng.uniform(0.1, 3, 500)
    x[::17, 1] = np.nan
    grouped = group_moments(x, codes, 3, w)
    for g in range(3):
        alone = column_moments(x[codes == g], w[codes == g])
        for name in ("n", "weight", "mean", "m2", "v2", "low", "high"):
            np.testing.assert_allclose(getattr(grouped, name)[g], getattr(alone, name)[0], rtol=1e-10)
    assert Moments.empty(3, 2).merge(grouped).mean.tolist() == grouped.mean.tolist()


def test_skewness_and_kurtosis_are_those_of_scipy() -> None:
    from scipy.stats import kurtosis, skew

    x = np.random.default_rng(5).gamma(2, size=(300, 1))
    moments = column_moments(x[:100]).merge(column_moments(x[100:]))
    assert moments.skewness[0, 0] == pytest.approx(skew(x[:, 0], bias=False), rel=1e-12)
    assert moments.kurtosis[0, 0] == pytest.approx(kurtosis(x[:, 0], bias=False), rel=1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_pairwise_gram_equals_a_loop_over_pairs(weighted: bool) -> None:
    rng = np.random.default_rng(11)
    x = rng.normal(1e5, 1, (400, 4))
    x[rng.random(x.shape) < 0.1] = np.nan
    w = rng.uniform(0.2, 2, 400) if weighted else None
    merged = PairwiseGram.empty(4)
    for part in (slice(0, 150), slice(150, 151), slice(151, 400)):
        merged = merged.merge(PairwiseGram.of(x[part], None if w is None else w[part]))
    for i in range(4):
        for j in range(4):
            both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
            cov = np.cov(x[both, i], x[both, j], aweights=None if w is None else w[both])
            expected = cov[0, 1] / math.sqrt(cov[0, 0] * cov[1, 1])
            assert merged.correlation[i, j] == pytest.approx(expected, abs=1e-9)
            assert merged.n[i, j] == both.sum()


def test_gram_of_parts_equals_gram_of_all() -> None:
    x = np.random.default_rng(2).normal(1e8, 1, (300, 3))
    w = np.linspace(1, 2, 300)
    whole, parts = Gram.of(x, w), Gram.of(x[:7], w[:7]).merge(Gram.of(x[7:], w[7:]))
    np.testing.assert_allclose(parts.scatter, whole.scatter, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(
        whole.correlation, np.corrcoef(x.T, ddof=0) if w is None else whole.correlation
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(-50, 50), min_size=1, max_size=80), st.floats(0.1, 9))
def test_equal_weights_do_not_move_quantiles(values: list[int], weight: float) -> None:
    x = np.array(values, dtype=float)
    plain = distribution(x.copy())
    weighted = distribution(x.copy(), np.full(x.size, weight))
    np.testing.assert_allclose(plain.quantiles, np.quantile(x, [0.05, 0.25, 0.5, 0.75, 0.95]), atol=1e-12)
    np.testing.assert_allclose(weighted.quantiles, plain.quantiles, atol=1e-9)
    assert plain.distinct == len(set(values))
    assert plain.histogram.sum() == len(values)
    assert weighted.histogram.sum() == pytest.approx(weight * len(values))


def test_measure_of_identifiers_is_not_averaged(tmp_path: Path) -> None:
    output = run("profile", {}, dataset({"id": list(range(50))}, id=Measure.IDENTIFIER), tmp_path)
    assert all(not f.id.startswith("mean") for f in output.facts)
    assert output.fact("distinct.id").value == 50
