"""Every accuracy case reaches its least digits."""

from __future__ import annotations

import pytest

from analysis.tests.accuracy.cases import Case, all_cases, log_relative_error


@pytest.mark.parametrize("case", all_cases(), ids=lambda c: f"{c.procedure}-{c.dataset}-{c.figure}")
def test_certified_figures_are_met_to_the_stated_digits(case: Case) -> None:
    assert case.digits() >= case.least


def test_digits_are_counted_as_log_relative_error() -> None:
    assert log_relative_error(1.001, 1.0) == pytest.approx(3.0)
    assert log_relative_error(float("nan"), 1.0) == 0.0
    assert log_relative_error(1e-9, 0.0) == pytest.approx(9.0)
    assert log_relative_error(5.0, 5.0) == 15.0
