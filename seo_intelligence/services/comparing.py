"""Two audits of a site side by side, and a project's site beside its competitors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks import TaskRunInfo
from seo_intelligence.errors import (
    AuditScopesDiffer,
    CompetitorExists,
    CompetitorNotFound,
    SamplesNotComparable,
)
from seo_intelligence.logic import competitors as side_by_side
from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.logic.compare import Comparison, FindingState, ScopeMismatch, compare_audits
from seo_intelligence.logic.page import Finding, Severity
from seo_intelligence.models import AuditedPage, AuditStatus, CompetitorDomain, PageIssue, SiteAudit
from seo_intelligence.services import audits, checking

MAX_LISTED_URLS = 200


@dataclass(frozen=True, slots=True)
class AuditDiff:
    """A comparison with the audits it compares."""

    previous: SiteAudit
    current: SiteAudit
    comparison: Comparison


def diff_audits(*, previous: SiteAudit, current: SiteAudit) -> AuditDiff:
    """Compare two finished audits. Raises ``AuditScopesDiffer`` naming the settings that differ."""
    try:
        before, after = checking.snapshot(previous), checking.snapshot(current)
        fixed = checking.fixed_earlier(current, previous, after.findings - before.findings)
        comparison = compare_audits(before, after, fixed)
    except ScopeMismatch as mismatch:
        raise AuditScopesDiffer(
            str(mismatch),
            errors=[
                FieldError(f"/{d.setting}", "differs", f"{d.previous} -> {d.current}")
                for d in mismatch.differences
            ],
        ) from None
    return AuditDiff(previous, current, comparison)


def describe_diff(diff: AuditDiff, *, state: FindingState | None, offset: int, limit: int) -> dict[str, Any]:
    """A diff as the API tells it: counts by state and check, and one page of the findings."""
    specs = all_checks()
    chosen = sorted(
        ((key, found) for key, found in diff.comparison.states.items() if state is None or found is state),
        key=lambda item: (item[1].value, item[0].check_id, item[0].url or "", item[0].target),
    )
    by_check: dict[str, dict[str, int]] = {}
    for key, found in diff.comparison.states.items():
        row = by_check.setdefault(key.check_id, {s.value: 0 for s in FindingState})
        row[found.value] += 1
    scores = [diff.previous.score, diff.current.score]
    change = scores[1] - scores[0] if scores[0] is not None and scores[1] is not None else None
    return {
        "previous": diff.previous.pk,
        "current": diff.current.pk,
        "compared_urls": diff.comparison.compared_urls,
        "score_change": change,
        "counts": {found.value: number for found, number in diff.comparison.counts().items()},
        "outside": diff.comparison.outside,
        "changed_checks": sorted(diff.comparison.changed_checks),
        "appeared": sorted(diff.comparison.appeared)[:MAX_LISTED_URLS],
        "vanished": sorted(diff.comparison.vanished)[:MAX_LISTED_URLS],
        "checks": [
            {"check_id": c, "title": specs[c].title if c in specs else c, **row}
            for c, row in sorted(by_check.items())
        ],
        "count": len(chosen),
        "findings": [
            {"check_id": k.check_id, "url": k.url or "", "target": k.target, "state": found.value}
            for k, found in chosen[offset : offset + limit]
        ],
    }


# -- competitors
# ------------------------------------------------------------------------------------------------------
def get_competitor(competitor_id: UUID) -> CompetitorDomain:
    """Raises ``CompetitorNotFound``."""
    competitor = CompetitorDomain.find(pk=competitor_id)
    if competitor is None:
        raise CompetitorNotFound
    return competitor


def add_competitor(
    *, team_id: UUID, actor: Principal, project_id: UUID, url: str, name: str = ""
) -> CompetitorDomain:
    """Raises ``ProjectNotFound``, ``AuditTargetInvalid`` or ``CompetitorExists``."""
    ingestion.get_project(project_id=project_id)
    target = audits.normal_target(url)
    domain = (urlsplit(target).hostname or "").removeprefix("www.")
    try:
        with transaction.atomic():
            competitor = CompetitorDomain.objects.create(
                team_id=team_id,
                project_id=project_id,
                domain=domain[:253],
                name=name,
                url=target,
                created_by_id=actor.user_id,
            )
            _record(competitor, actor, "added")
    except IntegrityError:
        raise CompetitorExists(f"{domain} is already tracked in this project.") from None
    return competitor


def rename_competitor(*, competitor: CompetitorDomain, actor: Principal, name: str) -> CompetitorDomain:
    with transaction.atomic():
        competitor.name = name
        competitor.save(update_fields=["name"])
        _record(competitor, actor, "renamed")
    return competitor


def delete_competitor(*, competitor: CompetitorDomain, actor: Principal) -> None:
    with transaction.atomic():
        _record(competitor, actor, "deleted")
        competitor.delete()


def _record(competitor: CompetitorDomain, actor: Principal, verb: str) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=competitor.team_id,
        action=f"competitor.{verb}",
        object_type="competitor",
        object_id=competitor.pk,
        object_label=competitor.domain,
    )


def audit_competitor(
    *, competitor: CompetitorDomain, actor: Principal, max_pages: int, idempotency_key: str | None = None
) -> TaskRunInfo:
    """Audit a rival with the project's own check settings, politely. Raises as ``start_audit``."""
    _, info = audits.start_audit(
        team_id=competitor.team_id,
        actor=actor,
        project_id=competitor.project_id,
        options={"target_url": competitor.url, "max_pages": max_pages},
        competitor=competitor,
        idempotency_key=idempotency_key,
    )
    return info


def latest_of(audits_of_site: QuerySet[SiteAudit]) -> SiteAudit | None:
    """The newest finished audit among them."""
    return audits_of_site.filter(audit_status=AuditStatus.COMPLETED).order_by("-created_at").first()


def compare_with_competitors(*, project_id: UUID, audit: SiteAudit | None = None) -> dict[str, Any]:
    """Technical scores of the project's site (its latest audit unless given) and its audited competitors.

    Raises ``ProjectNotFound``, ``InvalidInput`` when there is nothing to compare or ``SamplesNotComparable``.
    """
    ingestion.get_project(project_id=project_id)
    own = audit or latest_of(SiteAudit.objects.filter(project_id=project_id, competitor__isnull=True))
    if own is None:
        raise InvalidInput("Audit your own site first.")
    rivals = []
    waiting = []
    for competitor in CompetitorDomain.objects.filter(project_id=project_id).order_by("domain"):
        latest = latest_of(SiteAudit.objects.filter(competitor=competitor))
        if latest is None:
            waiting.append(competitor.domain)
        else:
            rivals.append((competitor, latest))
    if not rivals:
        raise InvalidInput("No competitor has a finished audit yet.")
    chosen = [own, *(latest for _, latest in rivals)]
    specs = all_checks()
    try:
        scores = side_by_side.compare_sites(
            [_audited_site(item) for item in chosen],
            {check_id: spec.category for check_id, spec in specs.items()},
            unscored=frozenset(c for c, spec in specs.items() if not spec.scored),
        )
    except side_by_side.SamplesNotComparable as error:
        raise SamplesNotComparable(str(error)) from None
    names = ["", *(competitor.name for competitor, _ in rivals)]
    ids: Sequence[Any] = [None, *(competitor.pk for competitor, _ in rivals)]
    return {
        "sample_pages": scores[0].sample_pages,
        "not_audited": waiting,
        "sites": [
            {
                "competitor": competitor_id,
                "audit": item.pk,
                "domain": score.domain,
                "name": name,
                "technical_score": score.technical_score,
                "indexable_pages": score.indexable_pages,
                "audited_at": item.finished_at,
                "by_category": {category: Decimal(value) for category, value in score.by_category.items()},
            }
            for item, score, name, competitor_id in zip(chosen, scores, names, ids, strict=True)
        ],
    }


def _audited_site(audit: SiteAudit) -> side_by_side.AuditedSite:
    pages = AuditedPage.objects.filter(audit=audit, is_indexable=True).values_list("url", "depth", "pagerank")
    issues = PageIssue.objects.filter(audit=audit).values_list("check_id", "url", "severity")
    return side_by_side.AuditedSite(
        domain=(urlsplit(audit.target_url).hostname or "").removeprefix("www."),
        pages=[side_by_side.SampledPage(*row) for row in pages],
        findings=[
            Finding(check_id, url or None, Severity(severity), {})
            for check_id, url, severity in issues.iterator(chunk_size=5_000)
        ],
        checks=frozenset(audit.checks_run),
    )
