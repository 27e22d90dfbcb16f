"""Site audits as the API and other apps see them: start, cancel, resume, delete."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.crawl import CrawlRequestInvalid, CrawlScope
from plugzero_api.kernel.errors import FieldError
from plugzero_api.kernel.http import default_guard
from plugzero_api.kernel.http.errors import UrlNotAllowed
from plugzero_api.kernel.tasks import TaskRunInfo
from plugzero_api.kernel.tasks.errors import TaskAlreadyFinished, TaskNotFound
from seo_intelligence.contracts import AuditRef, FixRef, StartedAudit
from seo_intelligence.errors import (
    AuditAlreadyRunning,
    AuditNotCancellable,
    AuditNotFinished,
    AuditNotFound,
    AuditNotResumable,
    AuditTargetInvalid,
)
from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.models import AuditSchedule, AuditStatus, CompetitorDomain, IssueCause, SiteAudit
from seo_intelligence.models.audits import AuditOptions
from seo_intelligence.services.checking import audit_scope
from seo_intelligence.services.crawling import crawl_folder

RUN_TASK = "seo_intelligence.run_audit"
OPTION_FIELDS = tuple(field.name for field in AuditOptions._meta.get_fields())
ACTIVE = (AuditStatus.PENDING, AuditStatus.RUNNING)
KEEP_CRAWL_FOLDERS = timedelta(days=7)


def get_audit(audit_id: UUID) -> SiteAudit:
    """An audit of the present team scope. Raises ``AuditNotFound``."""
    audit = SiteAudit.find(pk=audit_id)
    if audit is None:
        raise AuditNotFound
    return audit


def get_finished_audit(audit_id: UUID) -> SiteAudit:
    """Raises ``AuditNotFound`` or ``AuditNotFinished``."""
    audit = get_audit(audit_id)
    if audit.audit_status != AuditStatus.COMPLETED:
        raise AuditNotFinished(f"The audit is {audit.get_audit_status_display().lower()}.")
    return audit


def normal_target(url: str) -> str:
    """The address in canonical form, with ``https://`` when no scheme was given. Raises ``AuditTargetInvalid``."""
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        return default_guard().vet(text).url
    except UrlNotAllowed as error:
        message = error.detail
        raise AuditTargetInvalid(message, errors=[FieldError("/target_url", error.code, message)]) from None


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options with a canonical address and patterns that compile. Raises ``AuditTargetInvalid``."""
    checked = {name: value for name, value in options.items() if name in OPTION_FIELDS}
    if "target_url" in checked:
        checked["target_url"] = normal_target(checked["target_url"])
    try:
        CrawlScope(
            include=tuple(checked.get("include_patterns", ())),
            exclude=tuple(checked.get("exclude_patterns", ())),
        )
    except CrawlRequestInvalid as error:
        raise AuditTargetInvalid(
            str(error), errors=[FieldError("/include_patterns", "invalid_pattern", str(error))]
        ) from None
    return checked


def start_audit(
    *,
    team_id: UUID,
    actor: Principal | None,
    project_id: UUID,
    options: Mapping[str, Any],
    competitor: CompetitorDomain | None = None,
    schedule: AuditSchedule | None = None,
    idempotency_key: str | None = None,
) -> tuple[UUID | None, TaskRunInfo]:
    """Create an audit and start its task; the audit's id is None for a replayed request.

    Raises ``ProjectNotFound``, ``AuditTargetInvalid``, ``AuditAlreadyRunning`` or ``PlanLimitReached``.
    """
    ingestion.get_project(project_id=project_id)
    checked = checked_options(options)
    fingerprint = tasks.fingerprint_of(RUN_TASK, {"project": str(project_id), **checked})
    replay = tasks.find_replay(team_id=team_id, key=idempotency_key, fingerprint=fingerprint)
    if replay is not None:
        return None, replay
    user_id = actor.user_id if actor else schedule.created_by_id if schedule else None
    with transaction.atomic():
        accounts.check_plan_limit(team_id=team_id, key="crawled_pages", by=1)
        audit = SiteAudit(
            team_id=team_id,
            project_id=project_id,
            competitor=competitor,
            schedule=schedule,
            created_by_id=user_id,
            **checked,
        )
        _refuse_second(audit)
        audit.previous = _previous_of(audit)
        audit.save(force_insert=True)
        info = tasks.start(
            RUN_TASK,
            team_id=team_id,
            user_id=user_id,
            project_id=project_id,
            args={"audit_id": str(audit.pk)},
            idempotency_key=idempotency_key,
            fingerprint=fingerprint,
        )
        SiteAudit.objects.filter(pk=audit.pk).update(task_id=info.task_id)
        accounts.record_activity(
            actor=actor,
            team_id=team_id,
            action="audit.started",
            object_type="site_audit",
            object_id=audit.pk,
            object_label=audit.target_url,
        )
    return audit.pk, info


def _refuse_second(audit: SiteAudit) -> None:
    """One audit of an address at a time; rows whose task has ended otherwise are settled on the way."""
    same = SiteAudit.objects.filter(
        project_id=audit.project_id, target_url=audit.target_url, audit_status__in=ACTIVE
    )
    for other in same:
        if other.task_id is not None and tasks.is_active(task_id=other.task_id):
            raise AuditAlreadyRunning(
                f"An audit of {audit.target_url} is already waiting or running. Wait for it or cancel it.",
                audit_id=str(other.pk),
            )
        settle(other)


def settle(audit: SiteAudit) -> None:
    """Bring an audit whose task ended without it (cancelled while waiting, given up) to a final state."""
    SiteAudit.objects.filter(pk=audit.pk, audit_status__in=ACTIVE).update(
        audit_status=AuditStatus.CANCELLED,
        is_resumable=crawl_folder(audit).exists(),
        finished_at=timezone.now(),
    )


def settle_abandoned() -> int:
    """Settle all audits whose task is no longer active; returns how many. Runs over all teams."""
    settled = 0
    for audit in SiteAudit.objects.filter(audit_status__in=ACTIVE, task_id__isnull=False):
        if not tasks.is_active(task_id=audit.task_id):
            settle(audit)
            settled += 1
    return settled


def _previous_of(audit: SiteAudit) -> SiteAudit | None:
    """The last finished audit that looked at the same thing."""
    candidates = SiteAudit.objects.filter(
        project_id=audit.project_id,
        target_url=audit.target_url,
        competitor=audit.competitor,
        audit_status=AuditStatus.COMPLETED,
    ).order_by("-created_at")[:20]
    scope = audit_scope(audit)
    return next((other for other in candidates if audit_scope(other) == scope), None)


def cancel_audit(*, audit: SiteAudit, actor: Principal) -> SiteAudit:
    """Cancel an audit: at once while it waits, at its next batch of pages while it runs.

    Raises ``AuditNotCancellable``.
    """
    if audit.audit_status not in ACTIVE or audit.task_id is None:
        raise AuditNotCancellable
    try:
        run = tasks.cancel(task_id=audit.task_id)
    except (TaskAlreadyFinished, TaskNotFound):
        settle(audit)
        raise AuditNotCancellable from None
    if run.finished_at is not None:
        settle(audit)
    with transaction.atomic():
        accounts.record_activity(
            actor=actor,
            team_id=audit.team_id,
            action="audit.cancelled",
            object_type="site_audit",
            object_id=audit.pk,
            object_label=audit.target_url,
        )
    audit.refresh_from_db()
    return audit


def resume_audit(*, audit: SiteAudit, actor: Principal, changes: Mapping[str, Any]) -> TaskRunInfo:
    """Go on with an audit that was cut short, with other limits where given (`max_pages`, `max_seconds`).

    Raises ``AuditNotResumable`` or ``AuditAlreadyRunning``.
    """
    if audit.audit_status in ACTIVE:
        raise AuditAlreadyRunning(f"The audit of {audit.target_url} is waiting or running.")
    if not audit.is_resumable or not crawl_folder(audit).exists():
        raise AuditNotResumable("Its queue is gone, or it saw everything. Start a new audit.")
    with transaction.atomic():
        _refuse_second(audit)
        for name in ("max_pages", "max_seconds"):
            if changes.get(name) is not None:
                setattr(audit, name, changes[name])
        audit.audit_status = AuditStatus.PENDING
        audit.error_code = audit.error_detail = ""
        audit.finished_at = None
        info = tasks.start(
            RUN_TASK,
            team_id=audit.team_id,
            user_id=actor.user_id,
            project_id=audit.project_id,
            args={"audit_id": str(audit.pk)},
        )
        audit.task_id = info.task_id
        audit.save()
        accounts.record_activity(
            actor=actor,
            team_id=audit.team_id,
            action="audit.resumed",
            object_type="site_audit",
            object_id=audit.pk,
            object_label=audit.target_url,
        )
    return info


def delete_audit(*, audit: SiteAudit, actor: Principal) -> None:
    """Delete an audit with pages and issues. Raises ``AuditAlreadyRunning`` while it is active."""
    if audit.audit_status in ACTIVE:
        raise AuditAlreadyRunning("Cancel the audit before deleting it.")
    links = audit.links_storage_name
    folder = crawl_folder(audit)
    with transaction.atomic():
        accounts.record_activity(
            actor=actor,
            team_id=audit.team_id,
            action="audit.deleted",
            object_type="site_audit",
            object_id=audit.pk,
            object_label=audit.target_url,
        )
        audit.delete()

    def remove_files() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        if links:
            default_storage.delete(links)

    transaction.on_commit(remove_files, robust=True)


def remove_crawl_folders() -> int:
    """Delete crawl folders of audits that are gone or finished a week ago; returns how many. All teams."""
    root = crawl_folder(SiteAudit()).parent
    if not root.exists():
        return 0
    limit = timezone.now() - KEEP_CRAWL_FOLDERS
    finished = SiteAudit.objects.filter(finished_at__lt=limit).exclude(audit_status__in=ACTIVE)
    keep = {str(pk) for pk in SiteAudit.objects.exclude(pk__in=finished).values_list("pk", flat=True)}
    stale = [folder for folder in root.iterdir() if folder.name not in keep]
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)
    finished.filter(is_resumable=True).update(is_resumable=False)
    return len(stale)


# -- the door
# ---------------------------------------------------------------------------------------------------------
def start_site_audit(
    *, team_id: UUID, project_id: UUID, target_url: str, actor: Principal | None = None, max_pages: int = 500
) -> StartedAudit:
    """Start an audit of `target_url`. Raises as `start_audit`."""
    audit_id, info = start_audit(
        team_id=team_id,
        actor=actor,
        project_id=project_id,
        options={"target_url": target_url, "max_pages": max_pages},
    )
    assert audit_id is not None
    return StartedAudit(audit_id, info.task_id)


def audit_ref_of(audit: SiteAudit) -> AuditRef:
    return AuditRef(
        audit_id=audit.pk,
        project_id=audit.project_id,
        target_url=audit.target_url,
        status=audit.audit_status,
        score=audit.score,
        pages_crawled=audit.pages_crawled,
        dataset_id=audit.dataset_id,
        finished_at=audit.finished_at,
    )


def get_site_audit(*, audit_id: UUID) -> AuditRef:
    """Raises ``AuditNotFound``."""
    return audit_ref_of(get_audit(audit_id))


def find_latest_audit(*, project_id: UUID) -> AuditRef | None:
    """The project's newest finished audit of its own sites, or None."""
    audit = (
        SiteAudit.objects.filter(
            project_id=project_id, audit_status=AuditStatus.COMPLETED, competitor__isnull=True
        )
        .order_by("-created_at")
        .first()
    )
    return audit_ref_of(audit) if audit else None


def list_fixes(*, audit_id: UUID, limit: int = 50) -> list[FixRef]:
    """What to fix first: causes in the order of severity and pages touched. Raises ``AuditNotFound``."""
    specs = all_checks()
    rows = IssueCause.objects.filter(audit=get_audit(audit_id)).order_by("position")[:limit]
    return [
        FixRef(
            check_id=row.check_id,
            title=specs[row.check_id].title if row.check_id in specs else row.check_id,
            severity=row.severity,
            how_to_fix=specs[row.check_id].fix if row.check_id in specs else "",
            subject=row.subject,
            pages=row.pages_count,
            points=row.points,
        )
        for row in rows
    ]
