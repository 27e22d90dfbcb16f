"""Site audits: what was asked, the pages seen, the issues found and their root causes."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from plugzero_api.kernel.tenancy import TeamOwnedModel
from seo_intelligence.logic.compare import FindingState
from seo_intelligence.logic.page import Severity
from seo_intelligence.logic.root_causes import CauseKind

MAX_URL = 2000

SEVERITIES = [(item.value, item.value) for item in Severity]
CAUSE_KINDS = [(item.value, item.value) for item in CauseKind]
FINDING_STATES = [(item.value, item.value) for item in FindingState]


class ScopeMode(models.TextChoices):
    HOST = "host", "The host, with or without www"
    SUBDOMAINS = "subdomains", "The host and its subdomains"
    FOLDER = "folder", "The folder of the address"


class AuditStatus(models.TextChoices):
    PENDING = "PENDING", "Waits to start"
    RUNNING = "RUNNING", "Crawls or checks"
    COMPLETED = "COMPLETED", "Finished"
    FAILED = "FAILED", "Ended without a result"
    CANCELLED = "CANCELLED", "Cancelled"


class Recurrence(models.TextChoices):
    WEEKLY = "WEEKLY", "Every week"
    MONTHLY = "MONTHLY", "Every month"
    CRON = "CRON", "By a cron line"


class AuditOptions(models.Model):
    """What to crawl and how; the same columns on an audit and on the schedule that starts audits."""

    target_url = models.CharField(max_length=MAX_URL)
    scope_mode = models.CharField(max_length=12, choices=ScopeMode.choices, default=ScopeMode.HOST)
    include_patterns = models.JSONField(default=list, blank=True)
    exclude_patterns = models.JSONField(default=list, blank=True)
    max_pages = models.PositiveIntegerField(default=500)
    max_depth = models.PositiveSmallIntegerField(default=20)
    max_seconds = models.PositiveIntegerField(default=3600)
    user_agent = models.CharField(max_length=200, blank=True, default="")
    obey_robots = models.BooleanField(default=True)
    # More than one connection, or a fixed delay of zero, needs the permission of the site's owner.
    owner_permits_speed = models.BooleanField(default=False)
    crawl_delay = models.FloatField(default=0.0)
    use_sitemaps = models.BooleanField(default=True)
    check_resources = models.BooleanField(default=False)

    class Meta:
        abstract = True


class CompetitorDomain(TeamOwnedModel):
    """A rival host of the project; its audits use the same checks on a comparable sample."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    domain = models.CharField(max_length=253)
    name = models.CharField(max_length=120, blank=True, default="")
    url = models.CharField(max_length=MAX_URL)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["domain"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["project", "domain"], name="seo_competitor_once")
        ]

    def __str__(self) -> str:
        return self.domain


class AuditSchedule(AuditOptions, TeamOwnedModel):
    """When to start an audit again. Whoever moves ``next_at`` forward by a conditional update starts it."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    recurrence = models.CharField(max_length=8, choices=Recurrence.choices)
    cron = models.CharField(max_length=100, blank=True, default="")
    is_active = models.BooleanField(default=True)
    next_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=300, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["is_active", "next_at"], name="seo_schedule_due")
        ]

    def __str__(self) -> str:
        return f"{self.recurrence} {self.target_url}"


class SiteAudit(AuditOptions, TeamOwnedModel):
    """One crawl-and-check of a site, with its score and what it depends on."""

    restriction_field = "project_id"

    project = models.ForeignKey("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    competitor = models.ForeignKey(
        CompetitorDomain, on_delete=models.CASCADE, null=True, related_name="audits"
    )
    schedule = models.ForeignKey(AuditSchedule, on_delete=models.SET_NULL, null=True, related_name="audits")
    previous = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    task_id = models.UUIDField(null=True)
    audit_status = models.CharField(max_length=10, choices=AuditStatus.choices, default=AuditStatus.PENDING)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_detail = models.TextField(blank=True, default="")
    # -- what was seen
    home_url = models.CharField(max_length=MAX_URL, blank=True, default="")
    pages_crawled = models.PositiveIntegerField(default=0)
    pages_failed = models.PositiveIntegerField(default=0)
    pages_skipped = models.JSONField(default=dict)
    pages_unvisited = models.PositiveIntegerField(default=0)
    indexable_pages = models.PositiveIntegerField(default=0)
    bytes_fetched = models.BigIntegerField(default=0)
    crawl_seconds = models.FloatField(default=0.0)
    end_reason = models.CharField(max_length=20, blank=True, default="")
    caps = models.JSONField(default=list)
    is_resumable = models.BooleanField(default=False)
    site_facts = models.JSONField(default=dict)
    # -- what was found
    checks_run = models.JSONField(default=dict)
    score = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    score_low = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    score_high = models.DecimalField(max_digits=7, decimal_places=4, null=True)
    score_reason = models.CharField(max_length=60, blank=True, default="")
    formula_version = models.CharField(max_length=10, blank=True, default="")
    errors_count = models.PositiveIntegerField(default=0)
    warnings_count = models.PositiveIntegerField(default=0)
    notices_count = models.PositiveIntegerField(default=0)
    affected_pages = models.PositiveIntegerField(default=0)
    fixes_count = models.PositiveIntegerField(default=0)
    state_counts = models.JSONField(default=dict)
    dataset_id = models.UUIDField(null=True)
    links_storage_name = models.CharField(max_length=255, blank=True, default="")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["-created_at"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["project", "-created_at"], name="seo_audit_project_recent"),
            models.Index(fields=["project", "audit_status"], name="seo_audit_project_status"),
        ]

    def __str__(self) -> str:
        return self.target_url


class AuditedPage(TeamOwnedModel):
    """One URL of an audit with what a check, a table or an export needs of it."""

    audit = models.ForeignKey(SiteAudit, on_delete=models.CASCADE, related_name="pages")
    url = models.CharField(max_length=MAX_URL)
    url_hash = models.CharField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    fetch_error = models.CharField(max_length=30, blank=True, default="")
    final_url = models.CharField(max_length=MAX_URL, blank=True, default="")
    redirects = models.JSONField(default=list)
    content_type = models.CharField(max_length=100, blank=True, default="")
    size = models.BigIntegerField(default=0)
    transfer_size = models.BigIntegerField(null=True)
    ttfb_ms = models.FloatField(null=True)
    total_ms = models.FloatField(null=True)
    depth = models.PositiveSmallIntegerField(null=True)
    is_html = models.BooleanField(default=False)
    is_indexable = models.BooleanField(default=False)
    in_sitemap = models.BooleanField(default=False)
    title = models.CharField(max_length=500, blank=True, default="")
    description = models.CharField(max_length=1000, blank=True, default="")
    h1 = models.CharField(max_length=500, blank=True, default="")
    canonical = models.CharField(max_length=MAX_URL, blank=True, default="")
    robots = models.JSONField(default=list)
    hreflangs = models.JSONField(default=list)
    language = models.CharField(max_length=35, blank=True, default="")
    word_count = models.PositiveIntegerField(default=0)
    text_hash = models.CharField(max_length=16, blank=True, default="")
    simhash = models.CharField(max_length=16, blank=True, default="")
    template = models.CharField(max_length=300, blank=True, default="")
    inlinks = models.PositiveIntegerField(default=0)
    inlinks_follow = models.PositiveIntegerField(default=0)
    outlinks = models.PositiveIntegerField(default=0)
    pagerank = models.FloatField(default=0.0)
    errors_count = models.PositiveIntegerField(default=0)
    warnings_count = models.PositiveIntegerField(default=0)
    notices_count = models.PositiveIntegerField(default=0)
    facts = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar[list[str]] = ["-pagerank", "url"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["audit", "url_hash"], name="seo_page_once")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["audit", "-pagerank"], name="seo_page_rank"),
            models.Index(fields=["audit", "status"], name="seo_page_status"),
        ]

    def __str__(self) -> str:
        return self.url


class IssueCause(TeamOwnedModel):
    """One thing to fix: the issues of a check that share a target, a value or a template."""

    audit = models.ForeignKey(SiteAudit, on_delete=models.CASCADE, related_name="causes")
    key = models.CharField(max_length=16)
    check_id = models.CharField(max_length=60)
    category = models.CharField(max_length=30)
    severity = models.CharField(max_length=8, choices=SEVERITIES)
    cause_kind = models.CharField(max_length=16, choices=CAUSE_KINDS)
    subject = models.CharField(max_length=MAX_URL, blank=True, default="")
    pages_count = models.PositiveIntegerField()
    issues_count = models.PositiveIntegerField()
    new_count = models.PositiveIntegerField(default=0)
    template_share = models.FloatField(null=True)
    points = models.DecimalField(max_digits=7, decimal_places=4, default=0)
    position = models.PositiveIntegerField()

    class Meta:
        ordering: ClassVar[list[str]] = ["position"]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["audit", "key"], name="seo_cause_once")
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.subject}"


class PageIssue(TeamOwnedModel):
    """A failed check with its evidence. ``page`` is null for findings about the whole site or about URLs that
    were not visited."""

    audit = models.ForeignKey(SiteAudit, on_delete=models.CASCADE, related_name="issues")
    page = models.ForeignKey(AuditedPage, on_delete=models.CASCADE, null=True, related_name="issues")
    cause = models.ForeignKey(IssueCause, on_delete=models.CASCADE, related_name="issues")
    # Hash of check, URL and target: the identity of the issue from audit to audit.
    key = models.CharField(max_length=16)
    check_id = models.CharField(max_length=60)
    category = models.CharField(max_length=30)
    severity = models.CharField(max_length=8, choices=SEVERITIES)
    url = models.CharField(max_length=MAX_URL, blank=True, default="")
    target = models.CharField(max_length=MAX_URL, blank=True, default="")
    value = models.CharField(max_length=500, blank=True, default="")
    evidence = models.JSONField(default=dict)
    is_proven = models.BooleanField(default=True)
    state = models.CharField(max_length=14, choices=FINDING_STATES, blank=True, default="")

    class Meta:
        ordering: ClassVar[list[str]] = ["check_id", "url"]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["audit", "check_id"], name="seo_issue_check"),
            models.Index(fields=["audit", "key"], name="seo_issue_key"),
        ]

    def __str__(self) -> str:
        return f"{self.check_id} {self.url}"


class CheckSettingsRow(TeamOwnedModel):
    """A project's own thresholds and switched-off checks; what is not named keeps its default."""

    restriction_field = "project_id"

    project = models.OneToOneField("data_ingestion.Project", on_delete=models.CASCADE, related_name="+")
    thresholds = models.JSONField(default=dict)
    disabled = models.JSONField(default=list)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "check settings"
        verbose_name_plural = "check settings"

    def __str__(self) -> str:
        return f"Check settings of {self.project_id}"
