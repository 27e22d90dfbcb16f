"""Accuracy of the checks over the planted-defect corpus, and the generated documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from seo_intelligence.logic import catalogue
from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.tests.accuracy.__main__ import TARGET, render
from seo_intelligence.tests.accuracy.measure import Result, measure

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture(scope="module")
def result() -> Result:
    return measure()


def test_every_check_has_a_planted_defect(result: Result) -> None:
    assert [s.check_id for s in result.scores if not s.planted] == []


def test_every_planted_defect_is_found(result: Result) -> None:
    assert [p for p in result.problems if p.startswith("missed")] == []


def test_clean_sites_near_misses_and_untouched_pages_raise_no_alarm(result: Result) -> None:
    assert [p for p in result.problems if not p.startswith("missed")] == []


def test_accuracy_table_is_current(result: Result) -> None:
    assert TARGET.read_text(encoding="utf-8") == render(result), "run make seo-accuracy"


def test_check_catalogue_is_current() -> None:
    assert (DOCS / "seo-checks.md").read_text(encoding="utf-8") == catalogue.render(), catalogue.COMMAND


def test_at_least_two_hundred_checks_explain_themselves() -> None:
    checks = all_checks()
    assert len(checks) >= 200
    for spec in checks.values():
        assert spec.means.strip().endswith("."), spec.id
        assert spec.fix.strip().endswith("."), spec.id
        assert spec.title.strip(), spec.id
