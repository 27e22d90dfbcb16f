"""What changed between two audits of one site.

Only what both audits could see is compared. Five states: *new* (absent before, on a URL visited by both),
*fixed* (gone, on a URL visited by both), *persisting*, *regressed* (fixed in an earlier audit and back again)
and *not re-checked* (found before, but the URL was not visited or the check not run or not conclusive this
time). Audits with different scopes are not compared at all: `ScopeMismatch` says which setting differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import NamedTuple


class FindingState(StrEnum):
    """Fate of a finding between two audits."""

    NEW = "new"
    FIXED = "fixed"
    PERSISTING = "persisting"
    REGRESSED = "regressed"
    NOT_RECHECKED = "not_rechecked"


class FindingKey(NamedTuple):
    """Identity of a finding over time. The evidence may change while the finding persists.

    `url` is None for findings about the site; `target` is "" when the check has none.
    """

    check_id: str
    url: str | None
    target: str = ""


@dataclass(frozen=True, slots=True)
class AuditScope:
    """The settings that decide which URLs an audit may see and how they look to it."""

    host: str
    include_subdomains: bool = False
    folder: str = "/"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    max_pages: int = 0
    max_depth: int | None = None
    user_agent: str = ""
    obey_robots: bool = True
    render: bool = False


class ScopeDifference(NamedTuple):
    """One setting that differs: its name and both values as text."""

    setting: str
    previous: str
    current: str


class ScopeMismatch(ValueError):
    """The two audits looked at different things; `differences` says which settings differ."""

    def __init__(self, differences: tuple[ScopeDifference, ...]) -> None:
        self.differences = differences
        told = "; ".join(f"{d.setting}: {d.previous} -> {d.current}" for d in differences)
        super().__init__(f"The audits cannot be compared because their scopes differ ({told}).")


@dataclass(frozen=True, slots=True)
class AuditSnapshot:
    """What a comparison needs to know of one audit.

    `visited` holds every URL that was fetched (whatever the answer). `checks` maps each check that ran to a
    fingerprint of its settings and version. `truncated` tells that a cap ended the crawl. A finding
    about the whole site is compared only between complete crawls; one with a target only while a target that
    was visited before is visited again.
    """

    scope: AuditScope
    visited: frozenset[str]
    checks: Mapping[str, str]
    findings: frozenset[FindingKey]
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """Result of comparing two audits. `states` covers every finding that can be compared.

    `outside` counts current findings that have no counterpart to compare with (URL not visited or check not
    run before). `appeared` and `vanished` are URLs that only one audit visited; with a truncated crawl on the
    other side they prove nothing and are left empty. `changed_checks` ran in both with different settings.
    """

    states: Mapping[FindingKey, FindingState]
    outside: int
    compared_urls: int
    appeared: frozenset[str]
    vanished: frozenset[str]
    changed_checks: frozenset[str]

    def counts(self) -> dict[FindingState, int]:
        """Number of findings in each of the five states."""
        counter = Counter(self.states.values())
        return {state: counter[state] for state in FindingState}


def scope_differences(previous: AuditScope, current: AuditScope) -> tuple[ScopeDifference, ...]:
    """Settings in which two scopes differ, in the order of `AuditScope`."""
    found = []
    for item in fields(AuditScope):
        before, after = getattr(previous, item.name), getattr(current, item.name)
        if before != after:
            found.append(ScopeDifference(item.name, _told(before), _told(after)))
    return tuple(found)


def _told(value: object) -> str:
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def compare_audits(
    previous: AuditSnapshot, current: AuditSnapshot, fixed_earlier: Iterable[FindingKey] = ()
) -> Comparison:
    """Compare two audits of one scope.

    `fixed_earlier` are findings that some comparison before this one called fixed; those that are back are
    *regressed* instead of *new*.

    Raises:
        ScopeMismatch: the scopes differ.
    """
    differences = scope_differences(previous.scope, current.scope)
    if differences:
        raise ScopeMismatch(differences)
    both = previous.visited & current.visited
    run_in_both = previous.checks.keys() & current.checks.keys()
    changed = frozenset(c for c in run_in_both if previous.checks[c] != current.checks[c])
    comparable = run_in_both - changed
    was_fixed = frozenset(fixed_earlier)
    lost = previous.visited - current.visited

    def seen_by_both(key: FindingKey) -> bool:
        if key.check_id not in comparable:
            return False
        if key.url is None:
            return not (previous.truncated or current.truncated)
        return key.url in both and key.target not in lost

    states: dict[FindingKey, FindingState] = {}
    outside = 0
    for key in current.findings:
        if key in previous.findings:
            states[key] = FindingState.PERSISTING
        elif seen_by_both(key):
            states[key] = FindingState.REGRESSED if key in was_fixed else FindingState.NEW
        else:
            outside += 1
    for key in previous.findings - current.findings:
        states[key] = FindingState.FIXED if seen_by_both(key) else FindingState.NOT_RECHECKED
    return Comparison(
        states=states,
        outside=outside,
        compared_urls=len(both),
        appeared=frozenset() if previous.truncated else current.visited - previous.visited,
        vanished=frozenset() if current.truncated else previous.visited - current.visited,
        changed_checks=changed,
    )
