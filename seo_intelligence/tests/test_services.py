"""Schedules, alerts, competitors, demand and keyword series behind their services."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from plugzero_api.kernel.errors import InvalidInput
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tasks import UpstreamUnavailable
from plugzero_api.kernel.tenancy import every_team
from plugzero_api.kernel.testing.cases import Scene
from seo_intelligence import services
from seo_intelligence.adapters.base import HttpResponse, TransportError
from seo_intelligence.errors import ProviderFailed
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
    AlertDelivery,
    AuditSchedule,
    CompetitorDomain,
    KeywordSeries,
    KeywordTarget,
    PagePerformance,
    ProviderCharge,
    SeriesPoint,
    SiteAudit,
)
from seo_intelligence.services import alerts, audits, comparing, keywords, providers, schedules
from seo_intelligence.services.crawling import url_hash
from seo_intelligence.tests.endpoint_cases import finished_audit

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def scene(owner: Any, project: Any) -> Scene:
    made = Scene(owner.team, owner.user, "canary")
    made.memory["project"] = project
    return made


class TestSchedules:
    @pytest.mark.parametrize(
        ("recurrence", "cron", "expected"),
        [
            ("WEEKLY", "", dt.datetime(2026, 2, 7, 9, 30, tzinfo=dt.UTC)),
            ("MONTHLY", "", dt.datetime(2026, 2, 28, 9, 30, tzinfo=dt.UTC)),
            ("CRON", "0 4 * * 1", dt.datetime(2026, 2, 2, 4, 0, tzinfo=dt.UTC)),
        ],
    )
    def test_the_next_time_follows_the_recurrence(
        self, recurrence: str, cron: str, expected: dt.datetime
    ) -> None:
        assert schedules.next_time(recurrence, cron, NOW) == expected

    @pytest.mark.parametrize(
        "line", ["* * * * *", "*/5 * * * *", "soon", "0 4 * *", "0 4 * * 1 2026", "@hourly"]
    )
    def test_lines_that_are_wrong_or_too_frequent_are_refused(self, line: str) -> None:
        with pytest.raises(InvalidInput):
            schedules.check_cron(line)

    def test_a_due_audit_starts_once_and_moves_on(self, owner: Any, project: Any) -> None:
        with owner.scope():
            schedule = AuditSchedule.objects.create(
                project_id=project,
                target_url="https://shop.example/",
                recurrence="WEEKLY",
                next_at=NOW - dt.timedelta(days=15),
                max_pages=7,
                created_by_id=owner.user_id,
            )
        with every_team("test"):
            assert schedules.start_due_audits(NOW) == 1
            assert schedules.start_due_audits(NOW) == 0
            schedule.refresh_from_db()
            audit = SiteAudit.objects.get(schedule=schedule)
        assert schedule.next_at > NOW
        assert (audit.max_pages, audit.created_by_id) == (7, owner.user_id)
        assert TaskRun._base_manager.get(pk=audit.task_id).kind == audits.RUN_TASK

    def test_a_schedule_that_cannot_start_keeps_the_reason(self, owner: Any, project: Any) -> None:
        with owner.scope():
            schedule = AuditSchedule.objects.create(
                project_id=project, target_url="https://shop.example/", recurrence="WEEKLY", next_at=NOW
            )
            audits.start_audit(
                team_id=owner.team_id,
                actor=None,
                project_id=project,
                options={"target_url": schedule.target_url},
            )
        with every_team("test"):
            assert schedules.start_due_audits(NOW) == 0
            schedule.refresh_from_db()
        assert "already" in schedule.last_error and schedule.next_at > NOW


class TestAlerts:
    def rule(self, owner: Any, project: Any, **values: Any) -> Any:
        defaults = {"alert_event": "SCORE_DROP", "threshold": Decimal(5), "delivery_channel": "EMAIL"}
        actor = _principal(owner)
        with owner.scope():
            return alerts.create_rule(
                team_id=owner.team_id, actor=actor, project_id=project, values={**defaults, **values}
            )

    def audits(self, owner: Any, scene: Scene, before: str, after: str) -> SiteAudit:
        previous = finished_audit(scene, score=Decimal(before))
        return finished_audit(scene, score=Decimal(after), previous=previous)

    @pytest.mark.parametrize(("after", "told"), [("84.0", True), ("85.5", False), ("95.0", False)])
    def test_a_fall_of_the_score_is_told_from_the_threshold_on(
        self, owner: Any, project: Any, scene: Scene, after: str, told: bool
    ) -> None:
        self.rule(owner, project)
        with owner.scope():
            audit = self.audits(owner, scene, "90.0", after)
            assert alerts.queue_alerts(audit) == int(told)
            assert alerts.queue_alerts(audit) == 0, "an audit is told once"

    def test_the_mail_goes_to_the_owner_of_the_rule(self, owner: Any, project: Any, scene: Scene) -> None:
        self.rule(owner, project)
        with owner.scope():
            alerts.queue_alerts(self.audits(owner, scene, "90", "60"))
            delivery = AlertDelivery.objects.get()
            alerts.deliver_alert(delivery_id=delivery.pk)
            alerts.deliver_alert(delivery_id=delivery.pk)
            delivery.refresh_from_db()
        (message,) = mail.outbox
        assert message.to == [owner.user.email]
        assert "fell by 30.0 points" in message.subject
        assert delivery.delivery_status == "SENT"

    def test_new_errors_are_told_with_their_causes(self, owner: Any, project: Any, scene: Scene) -> None:
        self.rule(owner, project, alert_event="NEW_ERROR", threshold=Decimal(1))
        with owner.scope():
            audit = self.audits(owner, scene, "90", "90")
            assert alerts.queue_alerts(audit) == 0
            audit.causes.update(new_count=3)
            assert alerts.queue_alerts(audit) == 1
            content = AlertDelivery.objects.get().content
        assert (content["new_errors"], content["errors"][0]["check_id"]) == (3, "ti.missing")

    def test_a_webhook_is_signed_and_a_refused_one_is_tried_again(
        self, owner: Any, project: Any, scene: Scene, site: Any
    ) -> None:
        received: list[Any] = []
        site.pages["/hook"] = (500, {}, b"no")
        original = site.server.RequestHandlerClass

        def do_post(handler: Any) -> None:
            body = handler.rfile.read(int(handler.headers["Content-Length"]))
            received.append((handler.headers[alerts.SIGNATURE_HEADER], body))
            status = 500 if len(received) == 1 else 204
            handler.send_response(status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        original.do_POST = do_post
        rule, secret = self.rule(owner, project, delivery_channel="WEBHOOK", webhook_url=f"{site.url}hook")
        with owner.scope():
            alerts.queue_alerts(self.audits(owner, scene, "90", "60"))
            delivery = AlertDelivery.objects.get(rule=rule)
            with pytest.raises(UpstreamUnavailable):
                alerts.deliver_alert(delivery_id=delivery.pk)
            alerts.deliver_alert(delivery_id=delivery.pk)
            delivery.refresh_from_db()
        assert delivery.delivery_status == "SENT"
        signature, body = received[1]
        assert signature == alerts.signature_of(body, secret)
        assert json.loads(body)["score"] == "60"

    def test_a_full_queue_postpones_the_message_and_not_the_audit(
        self, owner: Any, project: Any, scene: Scene, settings: Any
    ) -> None:
        self.rule(owner, project)
        limits = settings.TASK_TEAM_LIMITS
        settings.TASK_TEAM_LIMITS = {**limits, "default": 0}
        with owner.scope():
            assert alerts.queue_alerts(self.audits(owner, scene, "90", "60")) == 1
            AlertDelivery.objects.update(created_at=timezone.now() - dt.timedelta(minutes=11))
        settings.TASK_TEAM_LIMITS = limits
        with every_team("test"):
            assert not TaskRun.objects.exists()
            assert alerts.restart_pending() == 1
            assert TaskRun.objects.get().kind == alerts.DELIVER_TASK

    def test_webhooks_to_private_addresses_are_not_sent(self, owner: Any, project: Any, scene: Scene) -> None:
        rule, _ = self.rule(owner, project, delivery_channel="WEBHOOK", webhook_url="http://10.0.0.1/hook")
        with owner.scope():
            alerts.queue_alerts(self.audits(owner, scene, "90", "60"))
            delivery = AlertDelivery.objects.get(rule=rule)
            with pytest.raises(UpstreamUnavailable):
                alerts.deliver_alert(delivery_id=delivery.pk)
            delivery.refresh_from_db()
        assert delivery.delivery_status == "FAILED"


class TestCompetitors:
    def test_sites_are_scored_side_by_side_on_equal_samples(
        self, owner: Any, project: Any, scene: Scene
    ) -> None:
        with owner.scope():
            rival = CompetitorDomain.objects.create(
                project_id=project, domain="rival.example", url="https://rival.example/"
            )
            CompetitorDomain.objects.create(
                project_id=project, domain="later.example", url="https://later.example/"
            )
            finished_audit(scene)
            other = finished_audit(scene, competitor=rival, target_url="https://rival.example/")
            other.issues.all().delete()
            found = comparing.compare_with_competitors(project_id=project)
        own, theirs = found["sites"]
        assert (found["sample_pages"], found["not_audited"]) == (6, ["later.example"])
        assert (own["competitor"], theirs["domain"]) == (None, "rival.example")
        assert own["technical_score"] < theirs["technical_score"] == 100
        assert set(own["by_category"]) == {"titles"}


class TestDemand:
    def test_fixes_on_wanted_pages_come_first(self, owner: Any, project: Any, scene: Scene) -> None:
        with owner.scope():
            audit = finished_audit(scene)
            wanted, _ = f"{audit.home_url}0", f"{audit.home_url}1"
            keyword = KeywordTarget.objects.create(
                project_id=project,
                query="shoes",
                query_key="shoes",
                intent="informational",
                landing_url=wanted,
            )
            key = SeriesKey(
                "shoes",
                Metric.VOLUME,
                "searches/month",
                Scale.ABSOLUTE,
                "dataforseo",
                granularity=Granularity.MONTH,
            )
            points = [Point(dt.date(2026, month, 1), 100.0 * month, NOW) for month in (1, 2, 3)]
            keywords.store_series(keyword, Series.build(key, points))
            (ranked,) = keywords.rank_audit_by_demand(audit)
            assert (ranked["demand"], ranked["keywords"], ranked["basis"]) == (200.0, ["shoes"], ["volume"])
            PagePerformance.objects.create(
                project_id=project,
                url=wanted,
                url_hash=url_hash(wanted),
                provider="search_console_export",
                clicks=1,
                impressions=304,
                period_start=dt.date(2026, 1, 1),
                period_end=dt.date(2026, 1, 10),
                retrieved_at=NOW,
            )
            (ranked,) = keywords.rank_audit_by_demand(audit)
        assert ranked["demand"] == pytest.approx(924.16)
        assert ranked["basis"] == ["impressions"]


class TestSeries:
    KEY = SeriesKey(
        "shoes", Metric.RANK, "organic position", Scale.ORDINAL, "dataforseo", "US", "en", "desktop"
    )

    @pytest.fixture
    def keyword(self, owner: Any, project: Any) -> KeywordTarget:
        with owner.scope():
            return KeywordTarget.objects.create(
                project_id=project, query="shoes", query_key="shoes", country="US", intent="informational"
            )

    def test_a_failure_never_replaces_a_value_and_each_scale_is_a_series_of_its_own(
        self, owner: Any, keyword: KeywordTarget
    ) -> None:
        day = dt.date(2026, 1, 1)
        later = NOW + dt.timedelta(hours=1)
        other = SeriesKey("shoes", Metric.RANK, "average position", Scale.ORDINAL, "search_console")
        with owner.scope():
            keywords.store_series(keyword, Series.build(self.KEY, [Point(day, 4.0, NOW)]))
            keywords.store_series(
                keyword,
                Series.build(self.KEY, [Point(day, None, later, PointStatus.FAILED, detail="timeout")]),
            )
            keywords.store_series(keyword, Series.build(other, [Point(day, 6.5, NOW)]))
            assert KeywordSeries.objects.filter(keyword=keyword).count() == 2
            assert sorted(p.value for p in SeriesPoint.objects.all()) == [4.0, 6.5]

    def test_fetching_stores_what_the_provider_says_and_books_the_calls(
        self, owner: Any, project: Any, keyword: KeywordTarget, run_task: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        items = [{"timestamp": "2026010100", "views": 50, "article": "Shoes"}]

        def transport(method: str, url: str, *, headers: Any, body: Any) -> HttpResponse:
            assert url.startswith(
                "https://wikimedia.org/api/rest_v1/metrics/pageviews/per-article/en.wikipedia/"
            )
            return HttpResponse(200, {}, json.dumps({"items": items}).encode())

        monkeypatch.setattr(providers, "guarded_transport", transport)
        with owner.scope():
            info = keywords.start_fetch(
                team_id=owner.team_id,
                actor=_principal(owner),
                project_id=project,
                provider="wikimedia",
                capability="interest",
                start=dt.date(2026, 1, 1),
                end=dt.date(2026, 1, 2),
            )
        assert run_task(info.task_id).state == "SUCCESS"
        with owner.scope():
            (point,) = SeriesPoint.objects.all()
            (charge,) = ProviderCharge.objects.all()
            described = {p["provider"]: p for p in providers.describe_providers(project_id=project)}
        assert (point.value, point.detail, point.series.scale) == (50.0, "Shoes", "proxy")
        assert (charge.provider, charge.calls) == ("wikimedia", 1)
        assert described["wikimedia"]["calls_this_month"] == 1

    def test_a_provider_that_is_away_is_tried_again_and_one_that_refuses_is_not(
        self, owner: Any, project: Any, keyword: KeywordTarget, run_task: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def start() -> Any:
            with owner.scope():
                return keywords.start_fetch(
                    team_id=owner.team_id,
                    actor=_principal(owner),
                    project_id=project,
                    provider="wikimedia",
                    capability="interest",
                    start=dt.date(2026, 1, 1),
                    end=dt.date(2026, 1, 2),
                ).task_id

        def away(*_: Any, **__: Any) -> HttpResponse:
            raise TransportError("no answer")

        monkeypatch.setattr(providers, "guarded_transport", away)
        assert run_task(start()).state == "RETRY"
        monkeypatch.setattr(providers, "guarded_transport", lambda *_, **__: HttpResponse(403, {}, b""))
        run = run_task(start())
        assert (run.state, run.error_code) == ("FAILURE", ProviderFailed.code)
        with owner.scope():
            assert not SeriesPoint.objects.exists()

    def test_secrets_are_encrypted_and_never_described(self, owner: Any, project: Any) -> None:
        from django.db import connection

        with owner.scope():
            providers.connect(
                team_id=owner.team_id,
                actor=_principal(owner),
                project_id=project,
                name="google_trends",
                credentials={"api_key": "very-secret-key"},
                calls_per_day=5,
                cost_per_month=None,
            )
            described = providers.describe_providers(project_id=project)
            opened = providers.open_provider(team_id=owner.team_id, project_id=project, name="google_trends")
        assert opened.credential("api_key") == "very-secret-key"
        assert "very-secret-key" not in str(described)
        with connection.cursor() as cursor:
            cursor.execute("SELECT credentials FROM seo_intelligence_providerconnection")
            assert "very-secret-key" not in cursor.fetchone()[0]


def test_other_apps_see_audits_and_fixes_through_the_door(owner: Any, scene: Scene) -> None:
    with owner.scope():
        audit = finished_audit(scene)
        ref = services.find_latest_audit(project_id=scene.memory["project"])
        fixes = services.list_fixes(audit_id=audit.pk)
    assert ref is not None and (ref.audit_id, ref.score) == (audit.pk, Decimal("83.3333"))
    assert [(fix.check_id, fix.severity, fix.pages) for fix in fixes] == [("ti.missing", "error", 1)]
    assert fixes[0].how_to_fix


def test_old_crawl_folders_are_removed_and_young_ones_kept(
    owner: Any, scene: Scene, settings: Any, tmp_path: Any
) -> None:
    settings.RUN_DIR = tmp_path
    with owner.scope():
        young = finished_audit(scene, is_resumable=True)
        old = finished_audit(scene, is_resumable=True, finished_at=timezone.now() - dt.timedelta(days=30))
    for name in (str(young.pk), str(old.pk), "stray"):
        (tmp_path / "crawls" / name).mkdir(parents=True)
    with every_team("test"):
        assert audits.remove_crawl_folders() == 2
        old.refresh_from_db()
    assert [folder.name for folder in (tmp_path / "crawls").iterdir()] == [str(young.pk)]
    assert not old.is_resumable


def _principal(owner: Any) -> Any:
    from accounts import services as accounts
    from plugzero_api.kernel.access import Principal

    access = accounts.find_access(user_id=owner.user_id, team_id=owner.team_id)
    return Principal(owner.user_id, "session", access)
