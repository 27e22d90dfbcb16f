"""Crosstab: published tables, tests, letters, drills, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.contracts import Measure
from analysis.logic.stats.contingency import (
    adjusted_residuals,
    column_letters,
    fisher_exact,
    noncentral_chi_square_interval,
    pearson_chi_square,
    proportion_letters,
    rao_scott,
)
from analysis.tests.logic.harness import check_procedure, dataset, refusal, run, survey


def test_crosstab_follows_the_contract(tmp_path: Path) -> None:
    check_procedure("crosstab", {"rows": "overall", "columns": "region"}, survey(), tmp_path)


def test_crosstab_follows_the_contract_weighted_and_filtered(tmp_path: Path) -> None:
    check_procedure(
        "crosstab",
        {"rows": "buys", "columns": "service", "correction": "holm"},
        survey(),
        tmp_path,
        weight="weight",
        filter={"not": {"column": "region", "op": "in", "value": ["east"]}},
    )


def test_lady_tasting_tea_has_fishers_p(tmp_path: Path) -> None:
    # Agresti (2013), table 3.9: 3 of 4 right; two-sided p = 0.4857
    data = dataset({"poured": ["m"] * 4 + ["t"] * 4, "guess": list("mmmt") + list("mttt")})
    output = run("crosstab", {"rows": "guess", "columns": "poured"}, data, tmp_path)
    assert output.fact("fisher_p").value == pytest.approx(34 / 70, abs=1e-12)
    assert output.fact("chi_square").value == pytest.approx(2.0)


def test_chi_square_and_residuals_of_a_published_table() -> None:
    # Agresti (2013), table 3.2, education by belief in God: X2 = 76.1, G2 = 73.2, df = 10
    table = np.array(
        [[9, 8, 27, 8, 47, 236], [23, 39, 88, 49, 179, 706], [28, 48, 89, 19, 104, 293]], dtype=float
    )
    test = pearson_chi_square(table)
    assert test.statistic == pytest.approx(76.1483, abs=1e-3)
    assert test.df == (10,)
    # Adjusted residuals printed in Agresti's table 3.3
    residuals = adjusted_residuals(table)
    assert residuals[0, 0] == pytest.approx(-0.4, abs=0.05)
    assert residuals[2, 5] == pytest.approx(-6.4, abs=0.35)
    assert np.abs(residuals[:, 5]).max() > 5


def test_rao_scott_with_equal_weights_is_pearson_over_its_trace() -> None:
    table = np.array([[30.0, 20.0], [10.0, 40.0]])
    n = int(table.sum())
    test = rao_scott(table, table, n)
    pearson = pearson_chi_square(table)
    # Under simple random sampling the design effect is that of estimated margins: close to 1.
    assert test.statistic == pytest.approx(pearson.statistic, rel=0.25)
    scaled = rao_scott(table * 3, table * 9, n)
    assert scaled.statistic == pytest.approx(test.statistic, rel=1e-10)
    assert scaled.p == pytest.approx(test.p, rel=1e-8)


def test_letters_mark_the_higher_column_only() -> None:
    shares = np.array([[0.6, 0.4, 0.5], [0.4, 0.6, 0.5]])
    letters = proportion_letters(shares, np.array([500.0, 500.0, 10.0]), 0.05, "bonferroni")
    # z(A,B) = 0.2 / sqrt(0.5*0.5*2/500) = 6.32; C is too small to differ
    assert letters == [["B", "", ""], ["", "A", ""]]
    assert proportion_letters(shares, np.array([500.0, 4.0, 4.0]), 0.05, "none") == [
        ["", "", ""],
        ["", "", ""],
    ]


def test_column_letters_continue_after_z() -> None:
    assert column_letters(28)[-3:] == ["Z", "AA", "AB"]


def test_noncentral_limits_invert_the_distribution() -> None:
    from scipy.stats import ncx2

    low, high = noncentral_chi_square_interval(30.0, 4, 0.95)
    assert ncx2.cdf(30.0, 4, low) == pytest.approx(0.975, abs=1e-8)
    assert ncx2.cdf(30.0, 4, high) == pytest.approx(0.025, abs=1e-8)


def test_monte_carlo_fisher_is_near_the_exact_value_and_repeatable() -> None:
    # R: fisher.test(matrix(c(3,1,0,1,2,4),2,byrow=TRUE))$p.value; enumeration of all tables gives the same
    from itertools import product
    from math import comb

    table = np.array([[3, 1, 0], [1, 2, 4]])
    row, column = table.sum(axis=1), table.sum(axis=0)

    def probability(first: tuple[int, ...]) -> float:
        return float(np.prod([comb(int(c), a) for c, a in zip(column, first, strict=True)])) / comb(
            int(column.sum()), int(row[0])
        )

    tables = [t for t in product(*(range(int(c) + 1) for c in column)) if sum(t) == row[0]]
    exact = sum(probability(t) for t in tables if probability(t) <= probability((3, 1, 0)) + 1e-12)
    outcome = fisher_exact(table, np.random.default_rng(1))
    assert outcome.approximate
    assert outcome.p == pytest.approx(exact, abs=0.01)
    assert fisher_exact(table, np.random.default_rng(1)).p == outcome.p


def test_a_single_answer_gives_shares_but_no_test(tmp_path: Path) -> None:
    data = dataset({"a": ["x"] * 20, "b": ["p", "q"] * 10})
    output = run("crosstab", {"rows": "a", "columns": "b"}, data, tmp_path)
    assert {n.code for n in output.notices} >= {"not_testable"}
    assert all(f.id.startswith("column_share") for f in output.facts)


def test_columns_on_fewer_than_five_rows_are_withheld(tmp_path: Path) -> None:
    data = dataset({"a": ["x", "y"] * 20, "b": ["p"] * 37 + ["q"] * 3})
    output = run("crosstab", {"rows": "a", "columns": "b"}, data, tmp_path)
    assert output.fact("column_share.x.q").suppressed
    assert output.fact("column_share.x.q").value is None
    assert output.table("column_percent").rows[0][2] is None


@pytest.mark.parametrize(
    ("columns", "filter", "code"),
    [
        ({"a": ["x"] * 9, "b": [None] * 8 + ["q"]}, {"column": "b", "op": "is_missing"}, "no_rows"),
        ({"a": ["x", None], "b": [None, "q"]}, None, "no_rows"),
        ({"a": [f"{i}" for i in range(101)], "b": ["q"] * 101}, None, "too_many_categories"),
    ],
)
def test_tables_that_cannot_be_made_are_refused(
    tmp_path: Path, columns: dict[str, list[str | None]], filter: dict[str, str] | None, code: str
) -> None:
    assert (
        refusal("crosstab", {"rows": "a", "columns": "b"}, dataset(columns), tmp_path, filter=filter).code
        == code
    )


def test_names_and_values_with_quotes_sql_and_emoji_are_only_data(tmp_path: Path) -> None:
    evil = "x\"; DROP TABLE d; -- \U0001f600 ' {0}"
    data = dataset({evil: ["it's", 'say "hi"', "$v0", "a.b"] * 10, "b": ["p", "p", "q", "q"] * 10})
    output = check_procedure("crosstab", {"rows": evil, "columns": "b"}, data, tmp_path)
    assert output.n == 40


def test_missing_codes_are_no_answers(tmp_path: Path) -> None:
    from dataclasses import replace

    table, metas = dataset({"a": [1, 2, 99] * 10, "b": ["p", "q"] * 15}, a=Measure.ORDINAL)
    metas = (replace(metas[0], missing_codes=(99,), value_labels=((2, "No"), (1, "Yes"))), metas[1])
    output = check_procedure("crosstab", {"rows": "a", "columns": "b"}, (table, metas), tmp_path)
    assert output.n == 20
    assert [row[0] for row in output.table("counts").rows] == ["No", "Yes", "Total"]
