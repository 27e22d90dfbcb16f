"""Carrying out an audit: probe, crawl, check, judge, store, tell."""

from __future__ import annotations

import logging
import shutil
import time
from uuid import UUID

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from plugzero_api.kernel import logs
from plugzero_api.kernel.crawl import CrawlRequestInvalid
from plugzero_api.kernel.errors import DomainError
from plugzero_api.kernel.http import errors as http_errors
from plugzero_api.kernel.tasks import LeaseLost, ResultRef, Run, TaskCancelled
from seo_intelligence.errors import AuditFailed, AuditTargetInvalid, SiteUnreachable
from seo_intelligence.logic.checks.registry import CheckSettings
from seo_intelligence.logic.page import Site
from seo_intelligence.logic.processing import AuditProcessor
from seo_intelligence.logic.urls import host_of, same_site
from seo_intelligence.models import AuditStatus, SiteAudit
from seo_intelligence.services import alerts, checking, settings
from seo_intelligence.services.crawling import CrawlOutcome, crawl_folder, crawl_site, user_agent_of
from seo_intelligence.services.probing import Asker, gather_site

logger = logging.getLogger(__name__)
_HOME_ATTEMPTS = 3
_HOME_PAUSE = 1.0
DATABASE_ERRORS = (OperationalError, InterfaceError)


def audit_ref(audit: SiteAudit) -> ResultRef:
    return ResultRef("site_audit", str(audit.pk), f"/api/v1/seo/audits/{audit.pk}/")


def run_audit(run: Run, *, audit_id: UUID) -> ResultRef:
    """Carry out (or go on with) a pending audit. Expected failures are written to the audit and raised."""
    audit = SiteAudit.objects.select_related("previous").get(pk=audit_id)
    if audit.audit_status == AuditStatus.COMPLETED:
        return audit_ref(audit)
    try:
        _carry_out(run, audit)
    except TaskCancelled:
        _end(audit, AuditStatus.CANCELLED)
        raise
    except LeaseLost:
        raise
    except CrawlRequestInvalid as error:
        failure = AuditTargetInvalid(str(error))
        _end(audit, AuditStatus.FAILED, failure)
        raise failure from None
    except DomainError as error:
        _end(audit, AuditStatus.FAILED, error)
        raise
    except DATABASE_ERRORS:
        raise
    except Exception:
        # A fault of ours: the task runtime logs it; the audit must not look as if it still ran.
        _end(audit, AuditStatus.FAILED, AuditFailed())
        raise
    if not audit.is_resumable:
        shutil.rmtree(crawl_folder(audit), ignore_errors=True)
    return audit_ref(audit)


def _end(audit: SiteAudit, status: AuditStatus, error: DomainError | None = None) -> None:
    SiteAudit.objects.filter(pk=audit.pk).exclude(audit_status=AuditStatus.COMPLETED).update(
        audit_status=status,
        error_code=error.code if error else "",
        error_detail=error.detail if error else "",
        is_resumable=crawl_folder(audit).exists(),
        finished_at=timezone.now(),
    )


def _carry_out(run: Run, audit: SiteAudit) -> None:
    thresholds, disabled = settings.applied(audit.project_id)
    audit.started_at = audit.started_at or timezone.now()
    audit.audit_status = AuditStatus.RUNNING
    audit.checks_run = settings.fingerprints(thresholds, disabled)
    run.progress(0, None, stage="probe", message="Asking the site for robots.txt, sitemaps and certificate")
    audit.home_url, asker = _home_of(audit)
    with run.fenced():
        audit.save(update_fields=["started_at", "audit_status", "checks_run", "home_url"])
    site = gather_site(audit.home_url, asker, include_subdomains=audit.scope_mode == "subdomains")
    processor = AuditProcessor(site, thresholds=thresholds, disabled=disabled, now=audit.started_at)
    outcome = crawl_site(run, audit, processor)
    _refuse_silence(outcome)
    site.tls = outcome.tls
    _finish(run, audit, site, CheckSettings(thresholds, disabled, audit.started_at), outcome)


def _home_of(audit: SiteAudit) -> tuple[str, Asker]:
    """The page that the target leads to on its own site, and how the site is asked.

    Raises ``HostNotPublic`` or ``UrlNotAllowed`` for addresses that may not be fetched and
    ``SiteUnreachable`` for a site that gives no answer. One that answers badly is left to the crawl.
    """
    asker = Asker(user_agent_of(audit))
    for attempt in range(_HOME_ATTEMPTS):
        try:
            answer = asker.get(audit.target_url, max_bytes=200_000)
        except (http_errors.HostNotPublic, http_errors.UrlNotAllowed):
            raise
        except http_errors.CertificateInvalid:
            asker = Asker(asker.user_agent, verify=False)
        except http_errors.FetchFailed as error:
            # Pages of an earlier run are worth more than this answer: the crawl has patience with its host.
            if audit.pages_crawled:
                break
            if attempt + 1 == _HOME_ATTEMPTS:
                raise _unreachable(error.detail) from None
            time.sleep(_HOME_PAUSE)
        except http_errors.FetchError:
            break
        else:
            wide = audit.scope_mode == "subdomains"
            same = same_site(host_of(answer.url), host_of(audit.target_url), include_subdomains=wide)
            return (answer.url if same else audit.target_url), asker
    return audit.target_url, asker


def _unreachable(detail: str) -> SiteUnreachable:
    return SiteUnreachable(f"{detail} Check the address, or try again when the site answers.")


def _refuse_silence(outcome: CrawlOutcome) -> None:
    """A site of which nothing could be seen has no result, unless robots.txt is the reason: that is a finding."""
    blocked = outcome.skipped["robots"] + outcome.skipped["robots_unreachable"]
    if outcome.fetched or outcome.robots_blocks_all or blocked:
        return
    raise _unreachable(outcome.detail or "No page could be fetched.")


def _finish(
    run: Run, audit: SiteAudit, site: Site, check_settings: CheckSettings, outcome: CrawlOutcome
) -> None:
    caps = checking.caps_of(outcome)
    run.progress(0, None, stage="check", message="Building the link graph")
    crawled = checking.load_crawl(audit, site, caps)
    run.progress(0, None, stage="check", message="Running the checks of the whole site")
    checking.check_crawl(audit, crawled, check_settings)
    checking.forget_text(crawled)
    run.progress(0, None, stage="judge", message="Grouping and scoring")
    judged = checking.judge(audit, crawled, outcome, caps)
    checking.write_results(run, audit, crawled, judged)
    columns = checking.result_columns(audit, crawled, judged, outcome, caps)
    # Arrow and DuckDB need room of their own for what follows.
    crawled.findings.clear()
    crawled.late.clear()
    run.progress(0, None, stage="publish", message="Publishing pages and links")
    links = checking.store_links(audit, crawled.graph)
    dataset = checking.publish_pages(audit, crawled.graph, crawled.templates) if len(crawled.graph) else None
    columns |= {"links_storage_name": links, "dataset_id": dataset.dataset_id if dataset else None}
    with run.completing() as complete:
        for name, value in columns.items():
            setattr(audit, name, value)
        audit.save(update_fields=list(columns))
        alerts.queue_alerts(audit)
        complete(audit_ref(audit))
    logs.event(
        logger,
        "seo.audit.finished",
        audit_id=str(audit.pk),
        pages=audit.pages_crawled,
        score=float(audit.score) if audit.score is not None else None,
    )
