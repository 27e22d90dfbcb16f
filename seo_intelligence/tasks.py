"""Task kinds of seo_intelligence; each is one service call."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from plugzero_api.kernel.tasks import ResultRef, Run, micro_task
from seo_intelligence.services import alerts, audits, keywords, running, schedules


@micro_task(audits.RUN_TASK, queue="crawl", soft_limit=5 * 3600, permission="seo.audit")
def run_audit(run: Run, *, audit_id: str) -> ResultRef:
    """Crawl and check a site."""
    return running.run_audit(run, audit_id=UUID(audit_id))


@micro_task(keywords.FETCH_TASK, queue="default", soft_limit=1800, permission="seo.manage")
def fetch_keyword_series(
    run: Run,
    *,
    project_id: str,
    provider: str,
    capability: str,
    start: str,
    end: str,
    keyword_ids: list[str],
) -> ResultRef:
    """Ask a provider about keywords."""
    return keywords.fetch_series(
        run,
        project_id=UUID(project_id),
        provider=provider,
        capability=capability,
        start=dt.date.fromisoformat(start),
        end=dt.date.fromisoformat(end),
        keyword_ids=[UUID(value) for value in keyword_ids],
    )


@micro_task("seo_intelligence.start_due_audits", queue="default", soft_limit=240)
def start_due_audits(run: Run) -> None:
    """Start the scheduled audits that are due."""
    schedules.start_due_audits()


@micro_task(alerts.DELIVER_TASK, queue="default", soft_limit=120, max_retries=6)
def deliver_alert(run: Run, *, delivery_id: str) -> None:
    """Send one alert."""
    alerts.deliver_alert(delivery_id=UUID(delivery_id))


@micro_task("seo_intelligence.remove_crawl_folders", queue="default", soft_limit=600)
def remove_crawl_folders(run: Run) -> None:
    """Delete the working files of audits that are over."""
    audits.remove_crawl_folders()
