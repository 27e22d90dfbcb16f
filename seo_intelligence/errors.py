"""Expected failures of site audits, competitors, keywords and alerts."""

from __future__ import annotations

from plugzero_api.kernel.errors import Conflict, DomainError, InvalidInput, NotFound


class AuditNotFound(NotFound):
    code = "audit_not_found"
    title = "There is no such site audit"


class AuditAlreadyRunning(Conflict):
    code = "audit_already_running"
    title = "An audit of this site is already waiting or running in the project"


class AuditNotFinished(Conflict):
    code = "audit_not_finished"
    title = "The audit has no results yet"


class AuditNotCancellable(Conflict):
    code = "audit_not_cancellable"
    title = "The audit has already ended"


class AuditNotResumable(Conflict):
    code = "audit_not_resumable"
    title = "The audit cannot be continued"


class AuditTargetInvalid(InvalidInput):
    code = "audit_target_invalid"
    title = "This address cannot be audited"


class AuditScopesDiffer(Conflict):
    code = "audit_scopes_differ"
    title = "The audits looked at different things and cannot be compared"


class SamplesNotComparable(Conflict):
    code = "samples_not_comparable"
    title = "The sites cannot be compared on equal samples"


class SiteUnreachable(DomainError):
    code = "site_unreachable"
    status = 502
    title = "The site gave no usable answer"


class AuditFailed(DomainError):
    code = "internal_error"
    status = 500
    title = "Something went wrong on our side"


class CheckNotFound(NotFound):
    code = "check_not_found"
    title = "There is no such check"


class CheckSettingInvalid(InvalidInput):
    code = "check_setting_invalid"
    title = "A check setting has no meaning"


class ScheduleNotFound(NotFound):
    code = "audit_schedule_not_found"
    title = "There is no such audit schedule"


class CompetitorNotFound(NotFound):
    code = "competitor_not_found"
    title = "There is no such competitor"


class CompetitorExists(Conflict):
    code = "competitor_exists"
    title = "This competitor is already tracked in the project"


class KeywordNotFound(NotFound):
    code = "keyword_not_found"
    title = "There is no such keyword"


class KeywordExists(Conflict):
    code = "keyword_exists"
    title = "This keyword is already tracked in the project"


class SeriesNotFound(NotFound):
    code = "series_not_found"
    title = "There is no such series"


class SeriesNotAnalysable(DomainError):
    code = "series_not_analysable"
    status = 422
    title = "The series does not allow this analysis"


class ProviderNotFound(NotFound):
    code = "provider_not_found"
    title = "There is no such provider of keyword data"


class ProviderNotConnected(Conflict):
    code = "provider_not_connected"
    title = "The project has no connection to this provider"


class ProviderFailed(DomainError):
    """A provider's own failure, under the provider layer's stable code."""

    code = "provider_failed"
    status = 502
    title = "The provider of keyword data did not answer as expected"


class ExportUnreadable(InvalidInput):
    code = "export_unreadable"
    title = "The file is not a Search Console export"


class AlertRuleNotFound(NotFound):
    code = "alert_rule_not_found"
    title = "There is no such alert rule"
