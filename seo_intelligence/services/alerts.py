"""Telling people: rules, the messages an audit calls for, and their delivery.

Messages are written in the transaction that finishes the audit and sent by a task of their own, so an audit
never waits for a webhook and a message is neither lost nor sent twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel import logs, tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.http import default_guard, post_json
from plugzero_api.kernel.http.errors import FetchError, UrlNotAllowed
from plugzero_api.kernel.tasks import UpstreamUnavailable
from plugzero_api.kernel.tasks.errors import TooManyActiveTasks
from plugzero_api.kernel.tenancy import team_scope
from seo_intelligence.errors import AlertRuleNotFound
from seo_intelligence.logic.checks.registry import all_checks
from seo_intelligence.logic.page import Severity
from seo_intelligence.models import (
    AlertDelivery,
    AlertEvent,
    AlertRule,
    DeliveryChannel,
    DeliveryStatus,
    IssueCause,
    SiteAudit,
)

logger = logging.getLogger(__name__)
DELIVER_TASK = "seo_intelligence.deliver_alert"
SIGNATURE_HEADER = "X-PlugZero-Signature"
MAX_LISTED = 20
RESTART_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(days=1)


def get_rule(rule_id: UUID) -> AlertRule:
    """Raises ``AlertRuleNotFound``."""
    rule = AlertRule.find(pk=rule_id)
    if rule is None:
        raise AlertRuleNotFound
    return rule


def _check_channel(channel: str, url: str) -> str:
    if channel == DeliveryChannel.EMAIL:
        return ""
    try:
        return default_guard().vet(url).url
    except UrlNotAllowed as error:
        raise InvalidInput(
            error.detail, errors=[FieldError("/webhook_url", error.code, error.detail)]
        ) from None


def create_rule(
    *, team_id: UUID, actor: Principal, project_id: UUID, values: Mapping[str, Any]
) -> tuple[AlertRule, str]:
    """A new rule and the secret that signs its webhooks ("" for e-mail), which is told this once.

    E-mail goes to the person who makes the rule. Raises ``ProjectNotFound`` or ``InvalidInput``.
    """
    ingestion.get_project(project_id=project_id)
    channel = values["delivery_channel"]
    url = _check_channel(channel, values.get("webhook_url", ""))
    if channel == DeliveryChannel.EMAIL and actor.user_id is None:
        message = "An e-mail rule belongs to a person; sign in to make one."
        raise InvalidInput(message, errors=[FieldError("/delivery_channel", "invalid", message)])
    secret = secrets.token_urlsafe(32) if channel == DeliveryChannel.WEBHOOK else ""
    with transaction.atomic():
        rule = AlertRule.objects.create(
            team_id=team_id,
            project_id=project_id,
            alert_event=values["alert_event"],
            threshold=values.get("threshold", Decimal(1)),
            delivery_channel=channel,
            webhook_url=url,
            webhook_secret=secret,
            is_active=values.get("is_active", True),
            created_by_id=actor.user_id,
        )
        _record(rule, actor, "created")
    return rule, secret


def update_rule(*, rule: AlertRule, actor: Principal, changes: Mapping[str, Any]) -> AlertRule:
    """Change threshold, address or activity. Raises ``InvalidInput``."""
    columns = {name: changes[name] for name in ("threshold", "is_active", "alert_event") if name in changes}
    if "webhook_url" in changes:
        columns["webhook_url"] = _check_channel(rule.delivery_channel, changes["webhook_url"])
    with transaction.atomic():
        for name, value in columns.items():
            setattr(rule, name, value)
        rule.save(update_fields=list(columns))
        _record(rule, actor, "updated")
    return rule


def delete_rule(*, rule: AlertRule, actor: Principal) -> None:
    with transaction.atomic():
        _record(rule, actor, "deleted")
        rule.delete()


def _record(rule: AlertRule, actor: Principal, verb: str) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=rule.team_id,
        action=f"alert_rule.{verb}",
        object_type="alert_rule",
        object_id=rule.pk,
        object_label=str(rule),
    )


def queue_alerts(audit: SiteAudit) -> int:
    """Write the messages that the finished `audit` calls for and start their delivery; returns how many.

    Call inside the transaction that finishes the audit. Audits of competitors and first audits call for none.
    """
    if audit.previous is None or audit.competitor_id is not None:
        return 0
    queued = 0
    for rule in AlertRule.objects.filter(project_id=audit.project_id, is_active=True):
        content = _content(rule, audit, audit.previous)
        if content is None:
            continue
        delivery, created = AlertDelivery.objects.get_or_create(
            rule=rule, audit=audit, defaults={"team_id": audit.team_id, "content": content}
        )
        if created:
            _start_delivery(delivery, audit.project_id)
            queued += 1
    return queued


def _start_delivery(delivery: AlertDelivery, project_id: UUID) -> None:
    try:
        tasks.start(
            DELIVER_TASK,
            team_id=delivery.team_id,
            project_id=project_id,
            args={"delivery_id": str(delivery.pk)},
        )
    except TooManyActiveTasks:
        # A full queue must not undo the audit; `restart_pending` sends the message later.
        logs.event(logger, "seo.alert.postponed", delivery_id=str(delivery.pk))


def restart_pending() -> int:
    """Start the delivery of messages that still wait after ten minutes; returns how many. Runs over all teams."""
    now = timezone.now()
    waiting = AlertDelivery.objects.select_related("rule").filter(
        delivery_status=DeliveryStatus.PENDING,
        created_at__range=(now - GIVE_UP_AFTER, now - RESTART_AFTER),
    )
    for delivery in waiting:
        with team_scope(delivery.team_id):
            _start_delivery(delivery, delivery.rule.project_id)
    return len(waiting)


def _content(rule: AlertRule, audit: SiteAudit, previous: SiteAudit) -> dict[str, Any] | None:
    """What to tell, or None when the rule's condition is not met."""
    base = {
        "event": rule.alert_event,
        "project_id": str(audit.project_id),
        "audit_id": str(audit.pk),
        "target_url": audit.target_url,
        "finished_at": timezone.now().isoformat(),
        "link": f"{settings.PLUGZERO_DASHBOARD_URL}/seo/audits/{audit.pk}",
    }
    if rule.alert_event == AlertEvent.SCORE_DROP:
        if audit.score is None or previous.score is None:
            return None
        fall = previous.score - audit.score
        if fall < rule.threshold or fall <= 0:
            return None
        return {**base, "score": str(audit.score), "previous_score": str(previous.score), "fall": str(fall)}
    causes = list(
        IssueCause.objects.filter(audit=audit, severity=Severity.ERROR.value, new_count__gt=0).order_by(
            "position"
        )
    )
    count = sum(cause.new_count for cause in causes)
    if count < max(rule.threshold, 1):
        return None
    specs = all_checks()
    return {
        **base,
        "new_errors": count,
        "errors": [
            {
                "check_id": cause.check_id,
                "title": specs[cause.check_id].title if cause.check_id in specs else cause.check_id,
                "new": cause.new_count,
                "subject": cause.subject,
            }
            for cause in causes[:MAX_LISTED]
        ],
    }


def deliver_alert(*, delivery_id: UUID) -> None:
    """Send one message. Raises ``UpstreamUnavailable`` when a later attempt may succeed."""
    delivery = AlertDelivery.objects.select_related("rule", "rule__created_by").filter(pk=delivery_id).first()
    if delivery is None or delivery.delivery_status == DeliveryStatus.SENT:
        return
    rule = delivery.rule
    if not rule.is_active:
        _settle(delivery, DeliveryStatus.FAILED, "The rule was switched off.")
        return
    if rule.delivery_channel == DeliveryChannel.EMAIL:
        _send_mail(delivery, rule)
    else:
        _post(delivery, rule)
    _settle(delivery, DeliveryStatus.SENT)


def _settle(delivery: AlertDelivery, status: DeliveryStatus, error: str = "") -> None:
    delivery.delivery_status = status
    delivery.error = error[:300]
    delivery.sent_at = timezone.now() if status == DeliveryStatus.SENT else None
    delivery.save(update_fields=["delivery_status", "error", "sent_at"])


def signature_of(body: bytes, secret: str) -> str:
    """HMAC-SHA256 of the exact body, as sent in the signature header."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _post(delivery: AlertDelivery, rule: AlertRule) -> None:
    payload = {"id": str(delivery.pk), **delivery.content}
    body = json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        answer = post_json(
            rule.webhook_url, payload, headers={SIGNATURE_HEADER: signature_of(body, rule.webhook_secret)}
        )
    except FetchError as error:
        _settle(delivery, DeliveryStatus.FAILED, error.detail)
        raise UpstreamUnavailable(f"The webhook could not be reached: {error.detail}") from None
    if not answer.ok:
        _settle(delivery, DeliveryStatus.FAILED, f"The webhook answered with status {answer.status}.")
        raise UpstreamUnavailable(f"The webhook answered with status {answer.status}.")


def _send_mail(delivery: AlertDelivery, rule: AlertRule) -> None:
    owner = rule.created_by
    if owner is None or accounts.find_access(user_id=owner.pk, team_id=rule.team_id) is None:
        _settle(delivery, DeliveryStatus.FAILED, "The owner of the rule has left the team.")
        return
    subject, text = mail_text(delivery.content)
    try:
        send_mail(subject, text, settings.DEFAULT_FROM_EMAIL, [owner.email])
    except OSError as error:
        _settle(
            delivery,
            DeliveryStatus.FAILED,
            f"The mail server did not take the message: {type(error).__name__}",
        )
        raise UpstreamUnavailable("The mail server did not take the message.") from None


def mail_text(content: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text of a message."""
    site = str(content["target_url"])[:150]
    if content["event"] == AlertEvent.SCORE_DROP:
        subject = f"The health score of {site} fell by {Decimal(content['fall']):.1f} points"
        lines = [f"Score: {Decimal(content['score']):.1f} (before: {Decimal(content['previous_score']):.1f})"]
    else:
        subject = f"{content['new_errors']} new errors on {site}"
        lines = [
            f"- {error['title']}: {error['new']}" + (f" ({error['subject']})" if error["subject"] else "")
            for error in content["errors"]
        ]
    return " ".join(subject.split()), "\n".join([*lines, "", str(content["link"]), ""])
