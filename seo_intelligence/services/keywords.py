"""Keyword targets, their series, imports, trend analysis and demand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks import ResultRef, Run, TaskRunInfo
from seo_intelligence.adapters.base import (
    Answer,
    Capability,
    CapabilityMissing,
    KeywordIdea,
    KeywordQuery,
    Provider,
    ProviderError,
)
from seo_intelligence.adapters.search_console_export import ExportUnreadable as Unreadable
from seo_intelligence.adapters.search_console_export import SearchConsoleExport, read_export
from seo_intelligence.errors import (
    ExportUnreadable,
    KeywordExists,
    KeywordNotFound,
    SeriesNotAnalysable,
    SeriesNotFound,
)
from seo_intelligence.logic.keywords.countries import is_country
from seo_intelligence.logic.keywords.intent import classify_intent
from seo_intelligence.logic.page import Finding, Severity
from seo_intelligence.logic.root_causes import CauseKind, RootCause
from seo_intelligence.logic.trends import analysis
from seo_intelligence.logic.trends.demand import KeywordDemand, demand_by_page, rank_by_demand
from seo_intelligence.logic.trends.series import (
    Granularity,
    Metric,
    Point,
    PointStatus,
    Scale,
    Series,
    SeriesKey,
)
from seo_intelligence.models import (
    IntentSource,
    IssueCause,
    KeywordSeries,
    KeywordTarget,
    PageIssue,
    PagePerformance,
    SeriesPoint,
    SiteAudit,
)
from seo_intelligence.services import audits, providers
from seo_intelligence.services.crawling import url_hash

FETCH_TASK = "seo_intelligence.fetch_keyword_series"
EXPORT_PROVIDER = "search_console_export"
OWN_IDEAS = "project"
MAX_KEYWORDS_PER_FETCH = 1_000
MAX_IMPORTED_KEYWORDS = 1_000


# -- targets
# ----------------------------------------------------------------------------------------------------------
def get_keyword(keyword_id: UUID) -> KeywordTarget:
    """Raises ``KeywordNotFound``."""
    keyword = KeywordTarget.find(pk=keyword_id)
    if keyword is None:
        raise KeywordNotFound
    return keyword


def _intent_columns(query: str, landing_url: str) -> dict[str, Any]:
    result = classify_intent(query, landing_url or None)
    return {
        "intent": result.intent.value,
        "intent_kind": result.kind.value if result.kind else "",
        "intent_source": IntentSource.RULES,
        "intent_signals": list(result.signals),
    }


def _check_market(values: Mapping[str, Any]) -> None:
    if values.get("country") and not is_country(values["country"]):
        message = "Give a country as two capital letters (ISO 3166-1), or leave it empty for worldwide."
        raise InvalidInput(message, errors=[FieldError("/country", "invalid", message)])


def query_key(query: str) -> str:
    """What makes two spellings one keyword: case and spaces aside."""
    return " ".join(query.casefold().split())


def create_keyword(
    *, team_id: UUID, actor: Principal, project_id: UUID, values: Mapping[str, Any]
) -> KeywordTarget:
    """Track a query. Raises ``ProjectNotFound``, ``InvalidInput`` or ``KeywordExists``."""
    ingestion.get_project(project_id=project_id)
    _check_market(values)
    query = " ".join(values["query"].split())
    landing = audits.normal_target(values["landing_url"]) if values.get("landing_url") else ""
    columns = _intent_columns(query, landing)
    if values.get("intent"):
        columns |= {"intent": values["intent"], "intent_source": IntentSource.MANUAL, "intent_signals": []}
    try:
        with transaction.atomic():
            keyword = KeywordTarget.objects.create(
                team_id=team_id,
                project_id=project_id,
                query=query,
                query_key=query_key(query),
                country=values.get("country", ""),
                language=values.get("language", "en"),
                device=values.get("device", ""),
                landing_url=landing,
                created_by_id=actor.user_id,
                **columns,
            )
            _record(keyword, actor, "added")
    except IntegrityError:
        raise KeywordExists(f"'{query}' is already tracked for this market and device.") from None
    return keyword


def update_keyword(*, keyword: KeywordTarget, actor: Principal, changes: Mapping[str, Any]) -> KeywordTarget:
    """Change landing page or intent; an intent of None goes back to the rules."""
    columns: dict[str, Any] = {}
    if "landing_url" in changes:
        columns["landing_url"] = (
            audits.normal_target(changes["landing_url"]) if changes["landing_url"] else ""
        )
    landing = columns.get("landing_url", keyword.landing_url)
    if changes.get("intent"):
        columns |= {"intent": changes["intent"], "intent_source": IntentSource.MANUAL, "intent_signals": []}
    elif "intent" in changes or (keyword.intent_source == IntentSource.RULES and "landing_url" in columns):
        columns |= _intent_columns(keyword.query, landing)
    with transaction.atomic():
        for name, value in columns.items():
            setattr(keyword, name, value)
        keyword.save(update_fields=list(columns))
        _record(keyword, actor, "updated")
    return keyword


def delete_keyword(*, keyword: KeywordTarget, actor: Principal) -> None:
    with transaction.atomic():
        _record(keyword, actor, "deleted")
        keyword.delete()


def _record(keyword: KeywordTarget, actor: Principal, verb: str) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=keyword.team_id,
        action=f"keyword.{verb}",
        object_type="keyword",
        object_id=keyword.pk,
        object_label=keyword.query,
    )


# -- series
# -----------------------------------------------------------------------------------------------------------
def series_key(row: KeywordSeries, query: str) -> SeriesKey:
    return SeriesKey(
        query,
        Metric(row.metric),
        row.unit,
        Scale(row.scale),
        row.provider,
        row.geo,
        row.language,
        row.device,
        Granularity(row.granularity),
        row.request,
    )


def get_series_row(series_id: UUID) -> KeywordSeries:
    """Raises ``SeriesNotFound``."""
    row = (
        KeywordSeries.objects.select_related("keyword")
        .filter(pk=series_id, keyword__in=KeywordTarget.objects.all())
        .first()
    )
    if row is None:
        raise SeriesNotFound
    return row


def load_series(row: KeywordSeries) -> Series:
    """The series with all its points."""
    points = [
        Point(p.date, p.value, p.retrieved_at, PointStatus(p.point_status), p.is_estimate, p.detail)
        for p in SeriesPoint.objects.filter(series=row).order_by("date")
    ]
    return Series.build(series_key(row, row.keyword.query), points)


def store_series(keyword: KeywordTarget, series: Series) -> KeywordSeries:
    """Join `series` to what is stored under its key; a failure never replaces a value."""
    key = series.key
    with transaction.atomic():
        row, _ = KeywordSeries.objects.get_or_create(
            keyword=keyword,
            metric=key.metric.value,
            unit=key.unit,
            scale=key.scale.value,
            provider=key.provider,
            geo=key.geo,
            language=key.language,
            device=key.device,
            granularity=key.granularity.value,
            request=key.request,
            defaults={"team_id": keyword.team_id},
        )
        stored = load_series(row)
        merged = stored.merge(Series.build(stored.key, series.points))
        before = {point.date: point for point in stored.points}
        changed = [point for point in merged.points if before.get(point.date) != point]
        SeriesPoint.objects.filter(series=row, date__in=[p.date for p in changed]).delete()
        SeriesPoint.objects.bulk_create(
            [
                SeriesPoint(
                    team_id=keyword.team_id,
                    series=row,
                    date=p.date,
                    value=p.value,
                    point_status=p.status.value,
                    is_estimate=p.is_estimate,
                    detail=p.detail[:2000],
                    retrieved_at=p.retrieved_at,
                )
                for p in changed
            ],
            batch_size=500,
        )
        row.save(update_fields=["updated_at"])
    return row


# -- asking providers
# -------------------------------------------------------------------------------------------------
def start_fetch(
    *,
    team_id: UUID,
    actor: Principal,
    project_id: UUID,
    provider: str,
    capability: str,
    start: dt.date,
    end: dt.date,
    keyword_ids: Sequence[UUID] = (),
    idempotency_key: str | None = None,
) -> TaskRunInfo:
    """Ask a provider about the project's keywords (all unless named) in a task.

    Raises ``ProjectNotFound``, ``ProviderNotFound``, ``ProviderNotConnected`` or ``InvalidInput``.
    """
    ingestion.get_project(project_id=project_id)
    opened = providers.open_provider(team_id=team_id, project_id=project_id, name=provider)
    if Capability(capability) not in opened.capabilities or capability == Capability.IDEAS:
        message = f"{opened.label} offers: {', '.join(sorted(c.value for c in opened.capabilities))}."
        raise InvalidInput(message, errors=[FieldError("/capability", "not_offered", message)])
    if start > end:
        message = "The period ends before it starts."
        raise InvalidInput(message, errors=[FieldError("/end", "before_start", message)])
    chosen = _chosen(project_id, keyword_ids)
    if not chosen:
        raise InvalidInput("The project has no keywords to ask about.")
    return tasks.start(
        FETCH_TASK,
        team_id=team_id,
        user_id=actor.user_id,
        project_id=project_id,
        args={
            "project_id": str(project_id),
            "provider": provider,
            "capability": capability,
            "start": start.isoformat(),
            "end": end.isoformat(),
            "keyword_ids": [str(keyword.pk) for keyword in chosen],
        },
        idempotency_key=idempotency_key,
    )


def _chosen(project_id: UUID, keyword_ids: Sequence[UUID]) -> list[KeywordTarget]:
    rows = KeywordTarget.objects.filter(project_id=project_id)
    if keyword_ids:
        rows = rows.filter(pk__in=keyword_ids)
        if rows.count() != len(set(keyword_ids)):
            raise KeywordNotFound
    return list(rows.order_by("query_key")[:MAX_KEYWORDS_PER_FETCH])


def fetch_series(
    run: Run,
    *,
    project_id: UUID,
    provider: str,
    capability: str,
    start: dt.date,
    end: dt.date,
    keyword_ids: Sequence[UUID],
) -> ResultRef:
    """Ask the provider and store what it says. A look-up that failed for good leaves `failed` points.

    Raises ``UpstreamUnavailable`` (tried again) or ``ProviderFailed``.
    """
    chosen = _chosen(project_id, keyword_ids)
    assert run.team_id is not None
    opened = providers.open_provider(team_id=run.team_id, project_id=project_id, name=provider)
    run.progress(0, len(chosen), stage="ask", message=f"Asking {opened.label}")
    targets: dict[tuple[str, str, str, str], KeywordTarget] = {}
    for keyword in chosen:
        targets.setdefault((keyword.query, keyword.country, keyword.language, keyword.device), keyword)
    queries = [KeywordQuery(k.query, k.country, k.language, k.device) for k in targets.values()]
    try:
        answer = _ask(opened, Capability(capability), queries, project_id, start, end)
    except CapabilityMissing as error:
        raise InvalidInput(str(error)) from None
    except ProviderError as error:
        raise providers.translated(error) from error
    by_query: dict[str, list[KeywordTarget]] = {}
    for keyword in targets.values():
        by_query.setdefault(keyword.query, []).append(keyword)
    for number, series in enumerate(answer.series, 1):
        for keyword in _matching(by_query.get(series.key.keyword, []), series.key):
            store_series(keyword, series)
        run.progress(number, len(answer.series), stage="store")
    return ResultRef("keyword_series", str(project_id), "/api/v1/seo/keywords/")


def _ask(
    provider: Provider,
    capability: Capability,
    queries: Sequence[KeywordQuery],
    project_id: UUID,
    start: dt.date,
    end: dt.date,
) -> Answer:
    if capability is Capability.VOLUME:
        return provider.volume(queries)
    if capability is Capability.INTEREST:
        return provider.interest(queries, start, end)
    return provider.rank(queries, _site_of(project_id), start, end)


def _matching(keywords: Iterable[KeywordTarget], key: SeriesKey) -> list[KeywordTarget]:
    """The targets a series speaks for; a series without place, language or device speaks for all of them."""
    return [
        keyword
        for keyword in keywords
        if key.geo in ("", keyword.country)
        and (not key.language or key.language.split("-")[0] == keyword.language.split("-")[0])
        and (not key.device or not keyword.device or key.device == keyword.device)
    ]


def _site_of(project_id: UUID) -> str:
    """The project's own site: that of its latest audit, or of a landing page."""
    audit = (
        SiteAudit.objects.filter(project_id=project_id, competitor__isnull=True)
        .order_by("-created_at")
        .first()
    )
    if audit is not None:
        return audit.target_url
    landing = (
        KeywordTarget.objects.filter(project_id=project_id)
        .exclude(landing_url="")
        .values_list("landing_url", flat=True)
    )
    found = landing.first()
    if not found:
        raise InvalidInput(
            "Audit the site once, or give a keyword a landing page, so that its rank can be found."
        )
    return found


def list_ideas(*, team_id: UUID, keyword: KeywordTarget, provider: str, limit: int) -> list[dict[str, Any]]:
    """Related keywords with their intent, from a provider or (``project``) from the queries the project knows.

    Raises ``ProviderFailed``, ``ProviderNotConnected`` or ``InvalidInput``.
    """
    if provider == OWN_IDEAS:
        return _described_ideas(keyword, _own_ideas(keyword)[:limit])
    opened = providers.open_provider(team_id=team_id, project_id=keyword.project_id, name=provider)
    query = KeywordQuery(keyword.query, keyword.country, keyword.language, keyword.device)
    try:
        ideas = opened.ideas(query, limit)
    except CapabilityMissing as error:
        raise InvalidInput(str(error)) from None
    except ProviderError as error:
        raise providers.translated(error) from error
    return _described_ideas(keyword, ideas)


def _own_ideas(keyword: KeywordTarget) -> list[KeywordIdea]:
    """Queries of the project that share a word with the keyword, by their newest measured impressions."""
    wanted = set(keyword.query_key.split())
    newest: dict[UUID, tuple[float | None, str]] = {}
    points = (
        SeriesPoint.objects.filter(
            series__keyword__project_id=keyword.project_id,
            series__metric=Metric.IMPRESSIONS.value,
            value__isnull=False,
        )
        .order_by("date")
        .values_list("series__keyword_id", "value", "series__unit")
    )
    for keyword_id, value, unit in points.iterator(chunk_size=5_000):
        newest[keyword_id] = (value, unit)
    others = KeywordTarget.objects.filter(project_id=keyword.project_id).exclude(query_key=keyword.query_key)
    ideas = [
        KeywordIdea(other.query, demand, unit, OWN_IDEAS)
        for other in others.order_by("query_key")
        if wanted & set(other.query_key.split())
        for demand, unit in [newest.get(other.pk, (None, ""))]
    ]
    return sorted(ideas, key=lambda idea: -(idea.demand or 0.0))


def _described_ideas(keyword: KeywordTarget, ideas: Sequence[KeywordIdea]) -> list[dict[str, Any]]:
    known = KeywordTarget.objects.filter(project_id=keyword.project_id)
    tracked = set(known.values_list("query_key", flat=True))
    return [
        {
            "query": idea.text,
            "demand": idea.demand,
            "unit": idea.unit,
            "provider": idea.provider,
            "intent": classify_intent(idea.text).intent.value,
            "is_tracked": query_key(idea.text) in tracked,
        }
        for idea in ideas
    ]


# -- import of a Search Console export
# --------------------------------------------------------------------------------
def import_export(
    *, team_id: UUID, actor: Principal, project_id: UUID, content: bytes, filename: str
) -> dict[str, int]:
    """Take over queries, pages and days of an export. Existing keywords get points, the biggest others are added.

    Raises ``ProjectNotFound`` or ``ExportUnreadable``.
    """
    ingestion.get_project(project_id=project_id)
    try:
        export = read_export(content, filename)
    except Unreadable as error:
        raise ExportUnreadable(str(error)) from None
    now = timezone.now()
    with transaction.atomic():
        added, points = _import_queries(team_id, actor, project_id, export, now)
        pages = _import_pages(team_id, project_id, export, now)
        accounts.record_activity(
            actor=actor,
            team_id=team_id,
            action="search_console_export.imported",
            object_type="project",
            object_id=project_id,
            object_label=filename[:200],
            after={"keywords_added": added, "points": points, "pages": pages},
        )
    return {"keywords_added": added, "points_stored": points, "pages_stored": pages}


def _import_queries(
    team_id: UUID, actor: Principal, project_id: UUID, export: SearchConsoleExport, now: dt.datetime
) -> tuple[int, int]:
    period = export.period
    date = period[1] if period else now.date()
    days = (period[1] - period[0]).days + 1 if period else 0
    told = f"{days} days" if days else "period"
    known: dict[str, list[KeywordTarget]] = {}
    for keyword in KeywordTarget.objects.filter(project_id=project_id):
        known.setdefault(keyword.query_key, []).append(keyword)
    added = points = 0
    for row in sorted(export.queries, key=lambda r: -r.impressions):
        text = " ".join(row.key.split())
        if not text or len(text) > 200:
            continue
        targets = known.get(query_key(text))
        if targets is None:
            if added >= MAX_IMPORTED_KEYWORDS:
                continue
            targets = [
                KeywordTarget.objects.create(
                    team_id=team_id,
                    project_id=project_id,
                    query=text,
                    query_key=query_key(text),
                    created_by_id=actor.user_id,
                    **_intent_columns(text, ""),
                )
            ]
            known[query_key(text)] = targets
            added += 1
        values = (
            (Metric.RANK, f"average position over {told}", Scale.ORDINAL, row.position),
            (Metric.IMPRESSIONS, f"impressions over {told}", Scale.ABSOLUTE, float(row.impressions)),
            (Metric.CLICKS, f"clicks over {told}", Scale.ABSOLUTE, float(row.clicks)),
        )
        for keyword in targets:
            for metric, unit, scale, value in values:
                if value is None:
                    continue
                key = SeriesKey(
                    keyword.query, metric, unit, scale, EXPORT_PROVIDER, granularity=Granularity.MONTH
                )
                store_series(keyword, Series.build(key, [Point(date, value, now)]))
                points += 1
    return added, points


def _import_pages(team_id: UUID, project_id: UUID, export: SearchConsoleExport, now: dt.datetime) -> int:
    period = export.period
    rows = {
        url_hash(row.key): PagePerformance(
            team_id=team_id,
            project_id=project_id,
            url=row.key[:2000],
            url_hash=url_hash(row.key),
            provider=EXPORT_PROVIDER,
            clicks=row.clicks,
            impressions=row.impressions,
            position=row.position,
            period_start=period[0] if period else None,
            period_end=period[1] if period else None,
            retrieved_at=now,
        )
        for row in export.pages
    }
    PagePerformance.objects.filter(
        project_id=project_id, provider=EXPORT_PROVIDER, url_hash__in=list(rows)
    ).delete()
    PagePerformance.objects.bulk_create(rows.values(), batch_size=500)
    return len(rows)


# -- reading series
# ---------------------------------------------------------------------------------------------------
def analyse_series(row: KeywordSeries, *, horizon: int, level: float) -> dict[str, Any]:
    """Growth, year over year, seasonality, change points and forecast; what is not possible says why.

    Raises ``SeriesNotAnalysable`` when the series has no value at all.
    """
    series = load_series(row)
    if not any(True for _ in series.known()):
        raise SeriesNotAnalysable("The series has no known value.")
    window = {Granularity.DAY: 28, Granularity.WEEK: 8, Granularity.MONTH: 3}[series.key.granularity]
    return {
        "growth": _attempt(lambda: _growth(analysis.growth(series, window), window)),
        "year_over_year": _attempt(lambda: _growth(analysis.year_over_year(series, window), window)),
        "seasonality": _attempt(lambda: _seasonality(analysis.seasonality(series))),
        "change_points": _attempt(
            lambda: [
                {"date": c.date, "before": c.before, "after": c.after, "shift": c.shift}
                for c in analysis.change_points(series)
            ]
        ),
        "forecast": _attempt(lambda: _forecast(analysis.forecast(series, horizon, level=level))),
    }


def _attempt(compute: Any) -> dict[str, Any]:
    try:
        return {"result": compute(), "reason": ""}
    except ValueError as error:  # too short, too many gaps, or a scale that forbids it
        return {"result": None, "reason": str(error)}


def _growth(found: analysis.Growth, window: int) -> dict[str, Any]:
    return {
        "window": window,
        "before": found.before,
        "after": found.after,
        "absolute": found.absolute,
        "relative": found.relative,
        "n_before": found.n_before,
        "n_after": found.n_after,
    }


def _seasonality(found: analysis.Seasonality) -> dict[str, Any]:
    return {
        "period": found.period,
        "strength": found.strength,
        "effects": list(found.effects),
        "peak": found.peak,
        "trough": found.trough,
        "interpolated": found.interpolated,
    }


def _forecast(found: analysis.Forecast) -> dict[str, Any]:
    return {
        "level": found.level,
        "method": found.method,
        "n": found.n,
        "backtest_error": found.backtest_error,
        "points": [{"date": p.date, "mean": p.mean, "low": p.low, "high": p.high} for p in found.points],
    }


# -- demand
# -----------------------------------------------------------------------------------------------------------
def demand_of_keywords(project_id: UUID) -> list[KeywordDemand]:
    """Monthly demand per keyword and landing page, from the stored volumes and impressions."""
    demands: list[KeywordDemand] = []
    rows = (
        KeywordSeries.objects.select_related("keyword")
        .filter(keyword__project_id=project_id, metric__in=[Metric.VOLUME.value, Metric.IMPRESSIONS.value])
        .exclude(keyword__landing_url="")
    )
    for row in rows:
        series = load_series(row)
        monthly = _monthly(series)
        if monthly is not None:
            estimated = any(point.is_estimate for point in series.points)
            demands.append(
                KeywordDemand(
                    row.keyword.query, row.keyword.landing_url, monthly, series.key.metric, estimated
                )
            )
    return demands


def demand_of_pages(project_id: UUID) -> list[KeywordDemand]:
    """Monthly impressions of whole pages, over all queries, where a search engine measured them."""
    demands = []
    for page in PagePerformance.objects.filter(project_id=project_id):
        days = (page.period_end - page.period_start).days + 1 if page.period_end and page.period_start else 90
        demands.append(KeywordDemand("", page.url, page.impressions * 30.4 / days, Metric.IMPRESSIONS))
    return demands


def _monthly(series: Series) -> float | None:
    """Average per month over the last year of known values; None for sums over a period of their own."""
    if " over " in series.key.unit:
        return None
    values = [value for _, value in series.known()]
    per_month = {Granularity.DAY: 30.4, Granularity.WEEK: 4.35, Granularity.MONTH: 1.0}[
        series.key.granularity
    ]
    year = {Granularity.DAY: 365, Granularity.WEEK: 52, Granularity.MONTH: 12}[series.key.granularity]
    recent = values[-year:]
    return sum(recent) / len(recent) * per_month if recent else None


def rank_audit_by_demand(audit: SiteAudit) -> list[dict[str, Any]]:
    """The audit's causes in the order of the demand of the pages they touch."""
    rows = list(IssueCause.objects.filter(audit=audit).order_by("position"))
    keywords = demand_by_page(demand_of_keywords(audit.project_id))
    # What was measured for the whole page counts instead of the sum over the keywords somebody thought of.
    pages = {**keywords, **demand_by_page(demand_of_pages(audit.project_id))}
    urls_of: dict[UUID, set[str]] = {row.pk: set() for row in rows}
    links = PageIssue.objects.filter(audit=audit).values_list("cause_id", "url").distinct()
    for cause_id, url in links.iterator(chunk_size=5_000):
        urls_of[cause_id].add(url)
    findings: list[Finding] = []
    causes: list[RootCause] = []
    by_key = {}
    for row in rows:
        first = len(findings)
        findings += [
            Finding(row.check_id, url or None, Severity(row.severity), {}) for url in sorted(urls_of[row.pk])
        ]
        causes.append(
            RootCause(
                row.key, row.check_id, CauseKind(row.cause_kind), row.subject, Severity(row.severity),
                tuple(range(first, len(findings))), row.pages_count, row.template_share,
            )
        )  # fmt: skip
        by_key[row.key] = row
    ranked = rank_by_demand(causes, findings, pages)
    return [
        {
            "cause": by_key[item.cause.key],
            "demand": item.demand,
            "priority": item.priority,
            "basis": [metric.value for metric in item.basis],
            "keywords": _keywords_of(item.cause, findings, keywords),
        }
        for item in ranked
    ]


def _keywords_of(
    cause: RootCause, findings: Sequence[Finding], keywords: Mapping[str, list[KeywordDemand]]
) -> list[str]:
    urls = {findings[index].url or "" for index in cause.findings}
    rows = sorted(
        (row for url in urls for row in keywords.get(url, [])), key=lambda d: (-d.monthly, d.keyword)
    )
    return list(dict.fromkeys(row.keyword for row in rows))[:5]
