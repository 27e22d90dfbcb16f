"""Column means, exception tests, banner tab book, multiple response."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analysis.contracts import Measure
from analysis.logic.stats.adjust import adjust_p_values
from analysis.logic.stats.contingency import mean_letters
from analysis.logic.stats.proportions import newcombe_difference
from analysis.tests.logic.harness import Data, check_procedure, dataset, refusal, run, survey


@pytest.mark.parametrize("weight", [None, "weight"])
@pytest.mark.parametrize(
    ("key", "parameters"),
    [
        ("column_means", {"measures": ["age", "spend", "overall"], "groups": "region"}),
        ("exceptions", {"questions": ["overall", "buys"], "groups": ["region", "gender"]}),
        ("banner", {"questions": ["overall", "buys", "gender"], "banner": ["region", "gender"]}),
        ("multiple_response", {"columns": ["buys", "gender"], "counted_value": "true", "by": "region"}),
    ],
)
def test_table_procedures_follow_the_contract(
    tmp_path: Path, key: str, parameters: dict[str, object], weight: str | None
) -> None:
    check_procedure(key, parameters, survey(), tmp_path, weight=weight)


def brands() -> Data:
    return dataset(
        {
            "acme": [1, 1, 0, 0, 1, None] * 5,
            "bolt": [0, 1, 0, 1, 1, None] * 5,
            "core": [0, 0, 0, 0, 0, None] * 5,
            "group": ["a", "a", "a", "b", "b", "b"] * 5,
        },
        acme=Measure.BINARY,
        bolt=Measure.BINARY,
        core=Measure.BINARY,
    )


def test_mentions_are_shares_of_answering_rows(tmp_path: Path) -> None:
    output = check_procedure("multiple_response", {"columns": ["acme", "bolt", "core"]}, brands(), tmp_path)
    assert output.n == 25
    assert output.fact("share.acme").value == pytest.approx(15 / 25)
    assert output.fact("share.core").value == 0.0
    assert output.fact("responders").value == 20
    assert output.fact("mentions_per_row").value == pytest.approx(30 / 25)
    assert output.table("mentions").rows[0][3] == pytest.approx(15 / 30)


def test_a_row_that_repeats_an_answer_counts_once(tmp_path: Path) -> None:
    data = dataset({"first": ["tv", "web", "tv"] * 10, "second": ["tv", "print", None] * 10})
    output = check_procedure(
        "multiple_response", {"columns": ["first", "second"], "coding": "categories"}, data, tmp_path
    )
    assert output.fact("share.tv").value == pytest.approx(2 / 3)
    assert output.table("mentions").rows[0][1] == 20


def test_an_unclear_chosen_value_is_asked_for(tmp_path: Path) -> None:
    data = dataset({"p": ["red", "blue"] * 10, "q": ["red", "blue"] * 10})
    error = refusal("multiple_response", {"columns": ["p", "q"]}, data, tmp_path)
    assert (error.code, error.pointer) == ("counted_value_needed", "/counted_value")


def test_welch_letters_agree_with_scipy() -> None:
    rng = np.random.default_rng(4)
    groups = [rng.normal(m, s, n) for m, s, n in ((0, 1, 40), (0.6, 2, 60), (1.4, 1, 30))]
    means = np.array([[g.mean() for g in groups]])
    variances = np.array([[g.var(ddof=1) / g.size for g in groups]])
    df = np.array([[g.size - 1 for g in groups]])
    p = stats.ttest_ind(groups[0], groups[1], equal_var=False).pvalue
    exact = mean_letters(means, variances, p * 1.0001, "none", df)
    below = mean_letters(means, variances, p * 0.9999, "none", df)
    assert "A" in exact[0][1].split()
    assert "A" not in below[0][1].split()


def test_exception_matches_a_two_proportion_test_by_hand(tmp_path: Path) -> None:
    # 30 of 50 in a, 20 of 60 elsewhere: pooled 50/110, z = 0.266667 / (sqrt(.454545*.545455*(1/50+1/60)))
    data = dataset({"q": ["y"] * 30 + ["n"] * 20 + ["y"] * 20 + ["n"] * 40, "g": ["a"] * 50 + ["b"] * 60})
    output = run(
        "exceptions", {"questions": ["q"], "groups": ["g"], "correction": "bonferroni"}, data, tmp_path
    )
    fact = output.fact("difference.q.y.g.a")
    pooled = 50 / 110
    z = (0.6 - 1 / 3) / (pooled * (1 - pooled) * (1 / 50 + 1 / 60)) ** 0.5
    assert fact.statistic == pytest.approx(z)
    assert fact.p == pytest.approx(2 * stats.norm.sf(z))
    assert fact.adjusted_p == pytest.approx(min(1, 4 * 2 * stats.norm.sf(z)))
    assert output.fact("tested").value == 4


def test_newcombe_interval_of_the_published_example() -> None:
    # Newcombe (1998), table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339
    low, high = newcombe_difference(56 / 70, 70, 48 / 80, 80)
    assert (low, high) == (pytest.approx(0.0524, abs=5e-5), pytest.approx(0.3339, abs=5e-5))


def test_corrections_agree_with_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    p = np.array([0.001, 0.2, 0.013, 0.04, 0.04, 0.9])
    for ours, theirs in (("bonferroni", "bonferroni"), ("holm", "holm"), ("bh", "fdr_bh")):
        np.testing.assert_allclose(adjust_p_values(p, ours), multipletests(p, method=theirs)[1])
    with_gap = adjust_p_values(np.array([0.01, np.nan, 0.03]), "bonferroni")
    np.testing.assert_allclose(with_gap, [0.02, np.nan, 0.06])


def test_a_wide_banner_is_refused(tmp_path: Path) -> None:
    values = [str(i) for i in range(90)]
    data = dataset({"q": ["a", "b"] * 45, "x": values, "y": values})
    error = refusal("banner", {"questions": ["q"], "banner": ["x", "y"]}, data, tmp_path)
    assert (error.code, error.pointer) == ("banner_too_wide", "/banner")


def test_book_corrects_its_tests_by_holm(tmp_path: Path) -> None:
    output = run(
        "banner", {"questions": ["overall", "buys"], "banner": ["region", "gender"]}, survey(), tmp_path
    )
    facts = [f for f in output.facts if f.id.startswith("cramers_v")]
    np.testing.assert_allclose(
        [f.adjusted_p for f in facts], adjust_p_values([f.p or 0.0 for f in facts], "holm"), rtol=1e-12
    )
