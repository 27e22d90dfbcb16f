"""Precision and recall per check over the planted defects and the clean sites.

* A planted defect is found when its check fires on every URL the case names.
* A false alarm is a finding on a clean site, on a page that the case did not touch, or on a near miss of its check.
  Other checks that fire on a touched page are neither: a page without title is rightly reported by several.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.tests.accuracy.crawl import audit
from seo_intelligence.tests.accuracy.defects import CASES
from seo_intelligence.tests.accuracy.sites import STYLES

# Checks whose subject is the relation between pages: changing one page rightly moves their findings to others.
_RELATIONAL_PREFIXES = (
    "ln.single_in",
    "ln.orphan",
    "sm.orphan",
    "crawl.depth",
    "robots.",
    "sm.",
    "ai.",
    "df.",
)


@dataclass(frozen=True)
class Score:
    """Counts of one check."""

    check_id: str
    planted: int
    found: int
    near_misses: int
    false_alarms: int

    @property
    def recall(self) -> float:
        """Share of planted defects found."""
        return self.found / self.planted if self.planted else 0.0

    @property
    def precision(self) -> float:
        """Found defects among found defects and false alarms."""
        total = self.found + self.false_alarms
        return self.found / total if total else 0.0


@dataclass(frozen=True)
class Result:
    """All scores, and what went wrong in words."""

    scores: tuple[Score, ...]
    clean_pages: int
    problems: tuple[str, ...]


def measure() -> Result:
    """Run every clean site and every case."""
    planted: dict[str, int] = defaultdict(int)
    found: dict[str, int] = defaultdict(int)
    near: dict[str, int] = defaultdict(int)
    alarms: dict[str, int] = defaultdict(int)
    problems: list[str] = []
    clean_pages = 0
    baseline: dict[str, set[str | None]] = {}
    for style, build in STYLES.items():
        graph, findings = audit(build())
        clean_pages += len(graph)
        baseline[style] = set(graph.pages)
        for finding in findings:
            alarms[finding.check_id] += 1
            problems.append(f"clean {style}: {finding.check_id} {finding.url} {dict(finding.evidence)}")
    for case in CASES:
        site = STYLES[case.style]()
        expected = set(case.plant(site))
        _, findings = audit(site)
        fired = {f.url for f in findings if f.check_id == case.check_id}
        if case.near_miss:
            near[case.check_id] += 1
            if fired & (site.changed or {None}):
                alarms[case.check_id] += 1
                problems.append(f"near miss {case.name}: fired on {sorted(map(str, fired))}")
        else:
            planted[case.check_id] += 1
            if _covers(expected, fired):
                found[case.check_id] += 1
            else:
                problems.append(
                    f"missed {case.name}: expected {sorted(map(str, expected))}, got {sorted(map(str, fired))}"
                )
        untouched = baseline[case.style] - site.changed - expected
        for finding in findings:
            if finding.url not in untouched or finding.target in site.changed:
                continue
            if not finding.check_id.startswith(_RELATIONAL_PREFIXES):
                alarms[finding.check_id] += 1
                problems.append(
                    f"elsewhere {case.name}: {finding.check_id} {finding.url} {dict(finding.evidence)}"
                )
    scores = tuple(
        Score(check_id, planted[check_id], found[check_id], near[check_id], alarms[check_id])
        for check_id in all_checks()
    )
    return Result(scores, clean_pages, tuple(problems))


def _covers(expected: set[str | None], fired: set[str | None]) -> bool:
    """Site-wide findings may carry the home page's address."""
    return bool(fired) if expected == {None} else expected <= fired
