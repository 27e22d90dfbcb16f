"""Request and response bodies of seo_intelligence."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from plugzero_api.kernel.api.serializers import StrictSerializer
from seo_intelligence.adapters.base import Capability
from seo_intelligence.logic.checks.registry import CATEGORIES, all_checks
from seo_intelligence.logic.compare import FindingState
from seo_intelligence.logic.keywords.intent import InformationalKind, Intent
from seo_intelligence.logic.page import Severity
from seo_intelligence.logic.root_causes import CauseKind
from seo_intelligence.logic.trends.series import Granularity, Metric, PointStatus, Scale
from seo_intelligence.models import (
    AlertDelivery,
    AlertEvent,
    AlertRule,
    AuditedPage,
    AuditSchedule,
    AuditStatus,
    CompetitorDomain,
    DeliveryChannel,
    DeliveryStatus,
    IntentSource,
    IssueCause,
    KeywordSeries,
    KeywordTarget,
    PageIssue,
    Recurrence,
    ScopeMode,
    SiteAudit,
)

MAX_PAGES = 100_000


def _values(kind: Any) -> list[str]:
    return [item.value for item in kind]


SEVERITIES = _values(Severity)
CAUSE_KINDS = _values(CauseKind)
STATES = _values(FindingState)
DEVICES = ("", "desktop", "mobile", "tablet")


def title_of(check_id: str) -> str:
    spec = all_checks().get(check_id)
    return spec.title if spec else check_id


# -- audits
# -----------------------------------------------------------------------------------------------------------
class AuditOptionsSerializer(StrictSerializer):
    target_url = serializers.CharField(
        max_length=2000, help_text="Start page; https:// is added when no scheme is given."
    )
    scope_mode = serializers.ChoiceField(choices=ScopeMode.choices, default=ScopeMode.HOST)
    include_patterns = serializers.ListField(
        child=serializers.CharField(max_length=500),
        max_length=25,
        default=list,
        help_text="Regular expressions.",
    )
    exclude_patterns = serializers.ListField(
        child=serializers.CharField(max_length=500),
        max_length=25,
        default=list,
        help_text="Regular expressions.",
    )
    max_pages = serializers.IntegerField(min_value=1, max_value=MAX_PAGES, default=500)
    max_depth = serializers.IntegerField(min_value=0, max_value=100, default=20)
    max_seconds = serializers.IntegerField(min_value=10, max_value=4 * 3600, default=3600)
    user_agent = serializers.CharField(max_length=200, allow_blank=True, default="")
    obey_robots = serializers.BooleanField(default=True)
    owner_permits_speed = serializers.BooleanField(
        default=False, help_text="The site's owner allows several connections and no delay."
    )
    crawl_delay = serializers.FloatField(
        min_value=0, max_value=30, default=0.0, help_text="Seconds between requests."
    )
    use_sitemaps = serializers.BooleanField(default=True)
    check_resources = serializers.BooleanField(
        default=False, help_text="Also ask for files and external link targets (at most 400)."
    )

    def validate_user_agent(self, value: str) -> str:
        if not value.isascii() or not (value.isprintable()):
            raise serializers.ValidationError("Use printable ASCII characters.", code="invalid")
        return value


class AuditStartSerializer(AuditOptionsSerializer):
    project = serializers.UUIDField()


class AuditResumeSerializer(StrictSerializer):
    max_pages = serializers.IntegerField(min_value=1, max_value=MAX_PAGES, required=False)
    max_seconds = serializers.IntegerField(min_value=10, max_value=4 * 3600, required=False)


class SiteAuditSerializer(serializers.ModelSerializer[SiteAudit]):
    project = serializers.UUIDField(source="project_id")
    competitor = serializers.UUIDField(source="competitor_id", allow_null=True)
    schedule = serializers.UUIDField(source="schedule_id", allow_null=True)
    previous = serializers.UUIDField(source="previous_id", allow_null=True)
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    audit_status = serializers.ChoiceField(choices=AuditStatus.choices)
    scope_mode = serializers.ChoiceField(choices=ScopeMode.choices)
    include_patterns = serializers.ListField(child=serializers.CharField())
    exclude_patterns = serializers.ListField(child=serializers.CharField())
    caps = serializers.ListField(child=serializers.CharField(), help_text="Limits that cut the crawl short.")
    pages_skipped = serializers.DictField(
        child=serializers.IntegerField(), help_text="URLs not fetched, by reason."
    )
    state_counts = serializers.DictField(
        child=serializers.IntegerField(), help_text="Issues by state since the previous audit."
    )
    score = serializers.FloatField(allow_null=True, help_text="Health score, 0-100.")
    score_low = serializers.FloatField(allow_null=True)
    score_high = serializers.FloatField(allow_null=True)

    class Meta:
        model = SiteAudit
        fields: tuple[str, ...] = (
            "id", "project", "target_url", "home_url", "audit_status", "task_id", "error_code", "error_detail",
            "scope_mode", "include_patterns", "exclude_patterns", "max_pages", "max_depth", "max_seconds", "user_agent",
            "obey_robots", "owner_permits_speed", "crawl_delay", "use_sitemaps", "check_resources", "competitor",
            "schedule", "previous", "pages_crawled", "pages_failed", "pages_skipped", "pages_unvisited",
            "indexable_pages", "bytes_fetched", "crawl_seconds", "end_reason", "caps", "is_resumable", "score",
            "score_low", "score_high", "score_reason", "formula_version", "errors_count", "warnings_count",
            "notices_count", "affected_pages", "fixes_count", "state_counts", "dataset_id", "created_by", "created_at",
            "started_at", "finished_at",
        )  # fmt: skip


class SiteAuditDetailSerializer(SiteAuditSerializer):
    site_facts = serializers.DictField(help_text="robots.txt, sitemaps, certificate and probes.")
    checks_run = serializers.DictField(
        child=serializers.CharField(), help_text="Checks with a hash of their settings."
    )

    class Meta(SiteAuditSerializer.Meta):
        fields = (*SiteAuditSerializer.Meta.fields, "site_facts", "checks_run")


class AuditedPageSerializer(serializers.ModelSerializer[AuditedPage]):
    class Meta:
        model = AuditedPage
        fields: tuple[str, ...] = (
            "id", "url", "status", "fetch_error", "final_url", "content_type", "size", "ttfb_ms", "total_ms", "depth",
            "is_html", "is_indexable", "in_sitemap", "title", "description", "h1", "canonical", "language",
            "word_count", "template", "inlinks", "inlinks_follow", "outlinks", "pagerank", "errors_count",
            "warnings_count", "notices_count",
        )  # fmt: skip


class PageIssueSerializer(serializers.ModelSerializer[PageIssue]):
    page = serializers.UUIDField(source="page_id", allow_null=True)
    cause = serializers.UUIDField(source="cause_id")
    title = serializers.SerializerMethodField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    state = serializers.CharField(
        help_text="Since the previous audit; empty when there is nothing to compare with."
    )
    evidence = serializers.DictField(help_text="The exact values, selectors or headers seen.")

    class Meta:
        model = PageIssue
        fields: tuple[str, ...] = (
            "id", "check_id", "title", "category", "severity", "url", "target", "value", "evidence", "is_proven",
            "state", "page", "cause",
        )  # fmt: skip

    def get_title(self, row: PageIssue) -> str:
        return title_of(row.check_id)


class AuditedPageDetailSerializer(AuditedPageSerializer):
    redirects = serializers.ListField(child=serializers.ListField())
    robots = serializers.ListField(child=serializers.CharField())
    hreflangs = serializers.ListField(child=serializers.ListField())
    facts = serializers.DictField()
    issues = serializers.SerializerMethodField()

    class Meta(AuditedPageSerializer.Meta):
        fields = (
            *AuditedPageSerializer.Meta.fields, "redirects", "robots", "hreflangs", "text_hash", "simhash",
            "transfer_size", "facts", "issues",
        )  # fmt: skip

    @extend_schema_field(PageIssueSerializer(many=True))
    def get_issues(self, row: AuditedPage) -> Any:
        return PageIssueSerializer(row.issues.order_by("check_id")[:500], many=True).data


class IssueCauseSerializer(serializers.ModelSerializer[IssueCause]):
    title = serializers.SerializerMethodField()
    means = serializers.SerializerMethodField()
    how_to_fix = serializers.SerializerMethodField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    cause_kind = serializers.ChoiceField(choices=CAUSE_KINDS)
    points = serializers.FloatField(help_text="What it costs the score; all points add up to 100 - score.")

    class Meta:
        model = IssueCause
        fields: tuple[str, ...] = (
            "id", "key", "check_id", "title", "means", "how_to_fix", "category", "severity", "cause_kind", "subject",
            "pages_count", "issues_count", "new_count", "template_share", "points",
        )  # fmt: skip

    def get_title(self, row: IssueCause) -> str:
        return title_of(row.check_id)

    def get_means(self, row: IssueCause) -> str:
        spec = all_checks().get(row.check_id)
        return spec.means if spec else ""

    def get_how_to_fix(self, row: IssueCause) -> str:
        spec = all_checks().get(row.check_id)
        return spec.fix if spec else ""


class CategoryCountSerializer(serializers.Serializer[Any]):
    category = serializers.CharField()
    title = serializers.CharField()
    error = serializers.IntegerField()
    warning = serializers.IntegerField()
    notice = serializers.IntegerField()
    points = serializers.FloatField()
    checks_run = serializers.IntegerField()
    checks_failed = serializers.IntegerField()


class StatusCountSerializer(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    pages = serializers.IntegerField()


class AuditOverviewSerializer(serializers.Serializer[Any]):
    categories = CategoryCountSerializer(many=True, help_text="Issues by category and severity.")
    statuses = StatusCountSerializer(many=True)
    depths = StatusCountSerializer(many=True)
    templates = StatusCountSerializer(many=True)
    fixes = serializers.IntegerField()
    affected_pages = serializers.IntegerField()


class DiffCheckSerializer(serializers.Serializer[Any]):
    check_id = serializers.CharField()
    title = serializers.CharField()
    new = serializers.IntegerField()
    fixed = serializers.IntegerField()
    persisting = serializers.IntegerField()
    regressed = serializers.IntegerField()
    not_rechecked = serializers.IntegerField()


class DiffFindingSerializer(serializers.Serializer[Any]):
    check_id = serializers.CharField()
    url = serializers.CharField()
    target = serializers.CharField()
    state = serializers.ChoiceField(choices=STATES)


class AuditDiffSerializer(serializers.Serializer[Any]):
    previous = serializers.UUIDField()
    current = serializers.UUIDField()
    compared_urls = serializers.IntegerField(help_text="URLs that both audits visited.")
    score_change = serializers.FloatField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    outside = serializers.IntegerField(help_text="Current findings with nothing to compare with.")
    changed_checks = serializers.ListField(child=serializers.CharField())
    appeared = serializers.ListField(child=serializers.CharField())
    vanished = serializers.ListField(child=serializers.CharField())
    checks = DiffCheckSerializer(many=True)
    count = serializers.IntegerField()
    findings = DiffFindingSerializer(many=True)


class PageLinkSerializer(serializers.Serializer[Any]):
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    anchor = serializers.CharField()
    nofollow = serializers.BooleanField()
    position = serializers.CharField()


class PageLinksSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    links = PageLinkSerializer(many=True)


class GraphNodeSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField(allow_null=True)
    depth = serializers.IntegerField(allow_null=True)
    template = serializers.CharField()
    pagerank = serializers.FloatField()
    inlinks = serializers.IntegerField()
    errors_count = serializers.IntegerField()


class GraphEdgeSerializer(serializers.Serializer[Any]):
    source = serializers.IntegerField(help_text="Index into nodes.")  # type: ignore[assignment]
    target = serializers.IntegerField(help_text="Index into nodes.")
    weight = serializers.IntegerField()


class LinkGraphSerializer(serializers.Serializer[Any]):
    nodes = GraphNodeSerializer(many=True)
    edges = GraphEdgeSerializer(many=True)
    total_links = serializers.IntegerField()


class DemandRankSerializer(serializers.Serializer[Any]):
    cause = IssueCauseSerializer()
    demand = serializers.FloatField(
        allow_null=True, help_text="Searches or impressions a month; null when unknown."
    )
    priority = serializers.FloatField()
    basis = serializers.ListField(child=serializers.CharField())
    keywords = serializers.ListField(child=serializers.CharField())


# -- checks
# -----------------------------------------------------------------------------------------------------------
class CheckSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    title = serializers.CharField()
    severity = serializers.ChoiceField(choices=SEVERITIES)
    category = serializers.CharField()
    category_title = serializers.SerializerMethodField()
    scope = serializers.CharField()
    phase = serializers.CharField(help_text="h raw HTML, g link graph, x extra requests.")
    means = serializers.CharField()
    fix = serializers.CharField()
    thresholds = serializers.DictField(help_text="Defaults; a project may set its own.")
    scored = serializers.BooleanField()

    def get_category_title(self, spec: Any) -> str:
        return CATEGORIES[spec.category]


class CheckSettingsSerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField(source="project_id")
    thresholds = serializers.DictField(child=serializers.DictField())
    disabled = serializers.ListField(child=serializers.CharField())


class CheckSettingsWriteSerializer(StrictSerializer):
    project = serializers.UUIDField()
    thresholds = serializers.DictField(child=serializers.DictField(), default=dict)
    disabled = serializers.ListField(child=serializers.CharField(max_length=60), max_length=500, default=list)


# -- schedules
# --------------------------------------------------------------------------------------------------------
class AuditScheduleWriteSerializer(AuditOptionsSerializer):
    project = serializers.UUIDField()
    recurrence = serializers.ChoiceField(choices=Recurrence.choices)
    cron = serializers.CharField(max_length=100, allow_blank=True, default="", help_text="Five fields, UTC.")
    is_active = serializers.BooleanField(default=True)
    first_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="When to start the first audit."
    )


class AuditScheduleChangeSerializer(AuditScheduleWriteSerializer):
    project = None  # type: ignore[assignment]


class AuditScheduleSerializer(serializers.ModelSerializer[AuditSchedule]):
    project = serializers.UUIDField(source="project_id")
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    recurrence = serializers.ChoiceField(choices=Recurrence.choices)
    scope_mode = serializers.ChoiceField(choices=ScopeMode.choices)
    include_patterns = serializers.ListField(child=serializers.CharField())
    exclude_patterns = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = AuditSchedule
        fields: tuple[str, ...] = (
            "id", "project", "target_url", "recurrence", "cron", "is_active", "next_at", "last_at", "last_error",
            "scope_mode", "include_patterns", "exclude_patterns", "max_pages", "max_depth", "max_seconds", "user_agent",
            "obey_robots", "owner_permits_speed", "crawl_delay", "use_sitemaps", "check_resources", "created_by",
            "created_at",
        )  # fmt: skip


# -- competitors
# ------------------------------------------------------------------------------------------------------
class CompetitorWriteSerializer(StrictSerializer):
    project = serializers.UUIDField()
    url = serializers.CharField(max_length=2000)
    name = serializers.CharField(max_length=120, allow_blank=True, default="")


class CompetitorRenameSerializer(StrictSerializer):
    name = serializers.CharField(max_length=120, allow_blank=True)


class CompetitorAuditSerializer(StrictSerializer):
    max_pages = serializers.IntegerField(min_value=5, max_value=5_000, default=100)


class CompetitorSerializer(serializers.ModelSerializer[CompetitorDomain]):
    project = serializers.UUIDField(source="project_id")
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)

    class Meta:
        model = CompetitorDomain
        fields: tuple[str, ...] = ("id", "project", "domain", "name", "url", "created_by", "created_at")


class ComparedSiteSerializer(serializers.Serializer[Any]):
    competitor = serializers.UUIDField(allow_null=True, help_text="Null for the project's own site.")
    audit = serializers.UUIDField()
    domain = serializers.CharField()
    name = serializers.CharField()
    technical_score = serializers.FloatField()
    indexable_pages = serializers.IntegerField()
    audited_at = serializers.DateTimeField()
    by_category = serializers.DictField(child=serializers.FloatField())


class CompetitorComparisonSerializer(serializers.Serializer[Any]):
    sample_pages = serializers.IntegerField(help_text="Pages of each site that were rated.")
    not_audited = serializers.ListField(child=serializers.CharField())
    sites = ComparedSiteSerializer(many=True)


# -- keywords
# ---------------------------------------------------------------------------------------------------------
class KeywordWriteSerializer(StrictSerializer):
    project = serializers.UUIDField()
    query = serializers.CharField(max_length=200)
    country = serializers.CharField(max_length=2, allow_blank=True, default="")
    language = serializers.RegexField(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, default="en")
    device = serializers.ChoiceField(choices=DEVICES, default="", allow_blank=True)
    landing_url = serializers.CharField(max_length=2000, allow_blank=True, default="")
    intent = serializers.ChoiceField(choices=_values(Intent), required=False, allow_null=True)


class KeywordChangeSerializer(StrictSerializer):
    landing_url = serializers.CharField(max_length=2000, allow_blank=True, required=False)
    intent = serializers.ChoiceField(
        choices=_values(Intent), required=False, allow_null=True, help_text="Null goes back to the rules."
    )


class KeywordTargetSerializer(serializers.ModelSerializer[KeywordTarget]):
    project = serializers.UUIDField(source="project_id")
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    intent = serializers.ChoiceField(choices=_values(Intent))
    intent_source = serializers.ChoiceField(choices=IntentSource.choices)
    intent_kind = serializers.ChoiceField(choices=["", *_values(InformationalKind)])
    intent_signals = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = KeywordTarget
        fields: tuple[str, ...] = (
            "id", "project", "query", "country", "language", "device", "landing_url", "intent", "intent_kind",
            "intent_source", "intent_signals", "created_by", "created_at",
        )  # fmt: skip


class ClassifyRequestSerializer(StrictSerializer):
    query = serializers.CharField(max_length=500)
    landing_url = serializers.CharField(max_length=2000, allow_blank=True, default="")


class ClassifiedIntentSerializer(serializers.Serializer[Any]):
    intent = serializers.ChoiceField(choices=_values(Intent))
    intent_kind = serializers.ChoiceField(choices=["", *_values(InformationalKind)])
    confidence = serializers.FloatField()
    signals = serializers.ListField(child=serializers.CharField())


class KeywordFetchSerializer(StrictSerializer):
    project = serializers.UUIDField()
    provider = serializers.CharField(max_length=40)
    capability = serializers.ChoiceField(choices=[c.value for c in Capability if c is not Capability.IDEAS])
    start = serializers.DateField()
    end = serializers.DateField()
    keywords = serializers.ListField(child=serializers.UUIDField(), max_length=1_000, default=list)

    def validate_end(self, value: Any) -> Any:
        if value > timezone.now().date():
            raise serializers.ValidationError("The period ends in the future.", code="future")
        return value


class KeywordIdeaSerializer(serializers.Serializer[Any]):
    query = serializers.CharField()
    demand = serializers.FloatField(allow_null=True)
    unit = serializers.CharField()
    provider = serializers.CharField()
    intent = serializers.ChoiceField(choices=_values(Intent))
    is_tracked = serializers.BooleanField()


class ExportImportSerializer(serializers.Serializer[Any]):
    project = serializers.UUIDField()
    file = serializers.FileField(
        max_length=255, help_text="ZIP or CSV of a Search Console performance export."
    )


class ExportImportedSerializer(serializers.Serializer[Any]):
    keywords_added = serializers.IntegerField()
    points_stored = serializers.IntegerField()
    pages_stored = serializers.IntegerField()


class KeywordSeriesSerializer(serializers.ModelSerializer[KeywordSeries]):
    keyword = serializers.UUIDField(source="keyword_id")
    metric = serializers.ChoiceField(choices=_values(Metric))
    scale = serializers.ChoiceField(choices=_values(Scale))
    granularity = serializers.ChoiceField(choices=_values(Granularity))

    class Meta:
        model = KeywordSeries
        fields: tuple[str, ...] = (
            "id", "keyword", "metric", "unit", "scale", "provider", "geo", "language", "device", "granularity",
            "request", "created_at", "updated_at",
        )  # fmt: skip


class SeriesPointSerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    value = serializers.FloatField(allow_null=True)
    point_status = serializers.ChoiceField(choices=_values(PointStatus))
    is_estimate = serializers.BooleanField()
    detail = serializers.CharField()
    retrieved_at = serializers.DateTimeField()


class SeriesWithPointsSerializer(KeywordSeriesSerializer):
    note = serializers.CharField()
    points = SeriesPointSerializer(many=True)

    class Meta(KeywordSeriesSerializer.Meta):
        fields = (*KeywordSeriesSerializer.Meta.fields, "note", "points")


class GrowthSerializer(serializers.Serializer[Any]):
    window = serializers.IntegerField(help_text="Periods on each side.")
    before = serializers.FloatField()
    after = serializers.FloatField()
    absolute = serializers.FloatField()
    relative = serializers.FloatField(allow_null=True)
    n_before = serializers.IntegerField()
    n_after = serializers.IntegerField()


class SeasonalitySerializer(serializers.Serializer[Any]):
    period = serializers.IntegerField()
    strength = serializers.FloatField(help_text="0 to 1.")
    effects = serializers.ListField(child=serializers.FloatField())
    peak = serializers.IntegerField()
    trough = serializers.IntegerField()
    interpolated = serializers.IntegerField()


class ChangePointSerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    before = serializers.FloatField()
    after = serializers.FloatField()
    shift = serializers.FloatField()


class ForecastPointSerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    mean = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class ForecastSerializer(serializers.Serializer[Any]):
    level = serializers.FloatField()
    method = serializers.CharField()
    n = serializers.IntegerField()
    backtest_error = serializers.FloatField(allow_null=True)
    points = ForecastPointSerializer(many=True)


class GrowthAnswerSerializer(serializers.Serializer[Any]):
    result = GrowthSerializer(allow_null=True)
    reason = serializers.CharField(help_text="Why there is no result.")


class SeasonalityAnswerSerializer(serializers.Serializer[Any]):
    result = SeasonalitySerializer(allow_null=True)
    reason = serializers.CharField()


class ChangePointsAnswerSerializer(serializers.Serializer[Any]):
    result = ChangePointSerializer(many=True, allow_null=True)
    reason = serializers.CharField()


class ForecastAnswerSerializer(serializers.Serializer[Any]):
    result = ForecastSerializer(allow_null=True)
    reason = serializers.CharField()


class SeriesAnalysisSerializer(serializers.Serializer[Any]):
    growth = GrowthAnswerSerializer()
    year_over_year = GrowthAnswerSerializer()
    seasonality = SeasonalityAnswerSerializer()
    change_points = ChangePointsAnswerSerializer()
    forecast = ForecastAnswerSerializer()


# -- providers
# --------------------------------------------------------------------------------------------------------
class ProviderConnectSerializer(StrictSerializer):
    project = serializers.UUIDField()
    credentials = serializers.DictField(child=serializers.CharField(max_length=4_000), default=dict)
    calls_per_day = serializers.IntegerField(min_value=0, max_value=10_000_000, allow_null=True, default=None)
    cost_per_month = serializers.DecimalField(
        max_digits=10, decimal_places=4, min_value=0, allow_null=True, default=None
    )


class ProviderSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField(help_text="A caveat to show beside its numbers.")
    capabilities = serializers.ListField(child=serializers.ChoiceField(choices=_values(Capability)))
    credential_fields = serializers.ListField(child=serializers.CharField())
    is_connected = serializers.BooleanField()
    calls_per_day = serializers.IntegerField(allow_null=True)
    cost_per_month = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()
    calls_this_month = serializers.IntegerField()
    cost_this_month = serializers.FloatField()


# -- alerts
# -----------------------------------------------------------------------------------------------------------
class AlertRuleWriteSerializer(StrictSerializer):
    project = serializers.UUIDField()
    alert_event = serializers.ChoiceField(choices=AlertEvent.choices)
    threshold = serializers.DecimalField(
        max_digits=7,
        decimal_places=2,
        min_value=0,
        default=Decimal(1),
        help_text="Points of the score, or number of new errors.",
    )
    delivery_channel = serializers.ChoiceField(choices=DeliveryChannel.choices)
    webhook_url = serializers.CharField(max_length=2000, allow_blank=True, default="")
    is_active = serializers.BooleanField(default=True)


class AlertRuleChangeSerializer(StrictSerializer):
    alert_event = serializers.ChoiceField(choices=AlertEvent.choices, required=False)
    threshold = serializers.DecimalField(max_digits=7, decimal_places=2, min_value=0, required=False)
    webhook_url = serializers.CharField(max_length=2000, required=False)
    is_active = serializers.BooleanField(required=False)


class AlertRuleSerializer(serializers.ModelSerializer[AlertRule]):
    project = serializers.UUIDField(source="project_id")
    created_by = serializers.UUIDField(source="created_by_id", allow_null=True)
    alert_event = serializers.ChoiceField(choices=AlertEvent.choices)
    delivery_channel = serializers.ChoiceField(choices=DeliveryChannel.choices)
    threshold = serializers.FloatField()

    class Meta:
        model = AlertRule
        fields: tuple[str, ...] = (
            "id", "project", "alert_event", "threshold", "delivery_channel", "webhook_url", "is_active", "created_by",
            "created_at",
        )  # fmt: skip


class CreatedAlertRuleSerializer(AlertRuleSerializer):
    webhook_secret = serializers.CharField(help_text="Signs the webhooks (HMAC-SHA256); shown this once.")

    class Meta(AlertRuleSerializer.Meta):
        fields = (*AlertRuleSerializer.Meta.fields, "webhook_secret")


class AlertDeliverySerializer(serializers.ModelSerializer[AlertDelivery]):
    rule = serializers.UUIDField(source="rule_id")
    audit = serializers.UUIDField(source="audit_id")
    delivery_status = serializers.ChoiceField(choices=DeliveryStatus.choices)
    content = serializers.DictField()

    class Meta:
        model = AlertDelivery
        fields: tuple[str, ...] = (
            "id",
            "rule",
            "audit",
            "content",
            "delivery_status",
            "error",
            "sent_at",
            "created_at",
        )
