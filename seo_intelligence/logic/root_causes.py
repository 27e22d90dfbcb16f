"""Fewer things to fix: findings grouped by what they have in common.

A defect in a navigation bar is reported once per page that carries it; the person who repairs it changes one
file. Findings of one check are therefore gathered, in this order of preference:

``shared_target``  several pages point at the same thing (a broken link, a heavy script): fix or replace the
target
``shared_value``   several pages carry the same value (a duplicate title, one boilerplate description)
``template``       most pages made by one template have the defect: fix the template
``site``           the finding is about the whole site
``page``           what is left over: one group per check with the single pages as evidence
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from seo_intelligence.logic.page import Finding, Severity

MIN_SHARED = 2
MIN_TEMPLATE_PAGES = 3
MIN_TEMPLATE_SHARE = 0.5
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}


class CauseKind(StrEnum):
    """What the findings of a group share."""

    SHARED_TARGET = "shared_target"
    SHARED_VALUE = "shared_value"
    TEMPLATE = "template"
    SITE = "site"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class RootCause:
    """One thing to fix. `key` identifies the cause over several audits of the same site.

    `subject` is the shared target, value or template ("" for site and page causes). `findings` are indices
    into the sequence that was grouped; `pages` the number of distinct URLs among them; `template_share` the
    affected part of the template's pages (None for other kinds).
    """

    key: str
    check_id: str
    kind: CauseKind
    subject: str
    severity: Severity
    findings: tuple[int, ...]
    pages: int
    template_share: float | None = None


def cause_key(check_id: str, kind: CauseKind, subject: str) -> str:
    """Stable identifier of a cause: 16 hexadecimal digits."""
    return hashlib.sha256(f"{check_id}\x1f{kind}\x1f{subject}".encode()).hexdigest()[:16]


def _cause(
    findings: Sequence[Finding],
    indices: Sequence[int],
    kind: CauseKind,
    subject: str,
    share: float | None = None,
) -> RootCause:
    chosen = [findings[i] for i in indices]
    check_id = chosen[0].check_id
    return RootCause(
        key=cause_key(check_id, kind, subject),
        check_id=check_id,
        kind=kind,
        subject=subject,
        severity=min((f.severity for f in chosen), key=_RANK.__getitem__),
        findings=tuple(indices),
        pages=len({f.url for f in chosen if f.url is not None}),
        template_share=share,
    )


def _take_shared(
    findings: Sequence[Finding], indices: list[int], attribute: str, kind: CauseKind
) -> tuple[list[RootCause], list[int]]:
    """Causes for findings that share `attribute` on several pages, and the indices left over."""
    groups: dict[str, list[int]] = defaultdict(list)
    rest: list[int] = []
    for index in indices:
        subject = getattr(findings[index], attribute)
        if subject:
            groups[subject].append(index)
        else:
            rest.append(index)
    causes: list[RootCause] = []
    for subject, members in groups.items():
        if len({findings[i].url for i in members}) >= MIN_SHARED:
            causes.append(_cause(findings, members, kind, subject))
        else:
            rest.extend(members)
    return causes, sorted(rest)


def group_findings(
    findings: Sequence[Finding],
    template_of: Mapping[str, str],
    *,
    template_share: float = MIN_TEMPLATE_SHARE,
    template_pages: int = MIN_TEMPLATE_PAGES,
) -> list[RootCause]:
    """Group `findings` into causes; every finding belongs to exactly one.

    `template_of` maps every crawled HTML page to its template (`templates.assign_templates`); it also tells
    how many pages a template has. Result order: severity, then pages touched (most first), then check id and
    subject.
    """
    sizes = Counter(template_of.values())
    by_check: dict[str, list[int]] = defaultdict(list)
    causes: list[RootCause] = []
    for index, finding in enumerate(findings):
        by_check[finding.check_id].append(index)
    for indices in by_check.values():
        site = [i for i in indices if findings[i].url is None]
        rest = [i for i in indices if findings[i].url is not None]
        if site:
            causes.append(_cause(findings, site, CauseKind.SITE, ""))
        shared, rest = _take_shared(findings, rest, "target", CauseKind.SHARED_TARGET)
        causes += shared
        shared, rest = _take_shared(findings, rest, "value", CauseKind.SHARED_VALUE)
        causes += shared
        by_template: dict[str, list[int]] = defaultdict(list)
        for index in rest:
            by_template[template_of.get(findings[index].url or "", "")].append(index)
        single: list[int] = []
        for template, members in by_template.items():
            pages = len({findings[i].url for i in members})
            share = pages / sizes[template] if template and sizes[template] else 0.0
            if pages >= template_pages and share >= template_share:
                causes.append(_cause(findings, members, CauseKind.TEMPLATE, template, round(share, 4)))
            else:
                single += members
        if single:
            causes.append(_cause(findings, sorted(single), CauseKind.PAGE, ""))
    causes.sort(key=lambda c: (_RANK[c.severity], -c.pages, c.check_id, c.subject))
    return causes


def fixes_summary(causes: Iterable[RootCause], findings: Sequence[Finding]) -> tuple[int, int]:
    """How many distinct pages are affected and how many fixes remove the findings: `(pages, fixes)`.

    A left-over `page` group needs one fix per page; every other cause needs one.
    """
    pages: set[str] = set()
    fixes = 0
    for cause in causes:
        pages.update(url for i in cause.findings if (url := findings[i].url) is not None)
        fixes += cause.pages if cause.kind is CauseKind.PAGE else 1
    return len(pages), fixes
