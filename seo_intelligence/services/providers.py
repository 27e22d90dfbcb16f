"""Connections to providers of keyword data: credentials, limits, the ledger, and the way to the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts import services as accounts
from data_ingestion import services as ingestion
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.http import fetch
from plugzero_api.kernel.http.errors import FetchError
from plugzero_api.kernel.tasks import UpstreamUnavailable
from seo_intelligence.adapters import providers
from seo_intelligence.adapters.base import (
    HttpResponse,
    Provider,
    ProviderContext,
    ProviderError,
    QuotaLimits,
    TransportError,
    check_quota,
)
from seo_intelligence.errors import ProviderFailed, ProviderNotConnected, ProviderNotFound
from seo_intelligence.models import ProviderCharge, ProviderConnection

MAX_ANSWER = 60_000_000
TIMEOUT = 60.0
USER_AGENT = "PlugZeroIntelligence/1.0 (self-hosted market research platform)"
_RETRYABLE = frozenset({"rate_limited", "unavailable"})


def get_provider_class(name: str) -> type[Provider]:
    """Raises ``ProviderNotFound``."""
    found = providers().get(name)
    if found is None:
        raise ProviderNotFound(f"There is no provider '{name[:40]}'.")
    return found


def guarded_transport(
    method: str, url: str, *, headers: Mapping[str, str], body: bytes | None
) -> HttpResponse:
    """The adapters' transport: the platform's guarded fetch, without redirects."""
    try:
        answer = fetch(
            url,
            method=method,
            headers={"User-Agent": USER_AGENT, **headers},
            body=body,
            max_bytes=MAX_ANSWER,
            total_timeout=TIMEOUT,
            max_redirects=-1,
        )
    except FetchError as error:
        raise TransportError(error.title) from None
    return HttpResponse(answer.status, answer.headers, answer.body)


@dataclass(slots=True)
class DatabaseLedger:
    """The ledger of one project in the database."""

    team_id: UUID
    project_id: UUID
    limits: QuotaLimits
    currency: str

    def reserve(self, provider: str, operation: str, calls: int, estimate: Decimal) -> None:
        """See `adapters.base.Ledger.reserve`."""
        now = timezone.now()
        used = self._since(provider, now.replace(hour=0, minute=0, second=0, microsecond=0))
        month = self._since(provider, now.replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        check_quota(
            provider,
            self.limits,
            calls_today=used["calls"],
            cost_this_month=month["cost"],
            calls=calls,
            estimate=estimate,
            now=now,
        )

    def record(self, provider: str, operation: str, calls: int, cost: Decimal) -> None:
        """See `adapters.base.Ledger.record`."""
        ProviderCharge.objects.create(
            team_id=self.team_id,
            project_id=self.project_id,
            provider=provider,
            operation=operation,
            calls=calls,
            cost=cost,
            currency=self.currency,
        )

    def _since(self, provider: str, moment: datetime) -> dict[str, Any]:
        sums = ProviderCharge.objects.filter(
            project_id=self.project_id, provider=provider, created_at__gte=moment
        ).aggregate(calls=Sum("calls"), cost=Sum("cost"))
        return {"calls": sums["calls"] or 0, "cost": sums["cost"] or Decimal(0)}


def find_connection(project_id: UUID, provider: str) -> ProviderConnection | None:
    return ProviderConnection.find(project_id=project_id, provider=provider)


def limits_of(kind: type[Provider], connection: ProviderConnection | None) -> QuotaLimits:
    """The project's own limits, the provider's defaults where it set none."""
    defaults = kind.default_limits
    if connection is None:
        return defaults
    return QuotaLimits(
        connection.calls_per_day if connection.calls_per_day is not None else defaults.calls_per_day,
        connection.cost_per_month if connection.cost_per_month is not None else defaults.cost_per_month,
    )


def open_provider(*, team_id: UUID, project_id: UUID, name: str) -> Provider:
    """A provider ready to be asked. Raises ``ProviderNotFound`` or ``ProviderNotConnected``."""
    kind = get_provider_class(name)
    connection = find_connection(project_id, name)
    if connection is None and kind.credential_fields:
        raise ProviderNotConnected(f"Connect {kind.label} to this project first.")
    credentials = json.loads(connection.credentials or "{}") if connection else {}
    ledger = DatabaseLedger(team_id, project_id, limits_of(kind, connection), kind.currency)
    try:
        return kind(ProviderContext(guarded_transport, ledger, timezone.now, credentials))
    except ProviderError as error:
        raise ProviderNotConnected(str(error)) from None


def translated(error: ProviderError) -> Exception:
    """A provider's error as the platform tells it: to be tried again where waiting helps."""
    if error.code in _RETRYABLE:
        wait = int(error.retry_after) if error.retry_after else None
        return UpstreamUnavailable(str(error), retry_after=wait)
    return ProviderFailed(str(error), reason=error.code, provider=error.provider)


def connect(
    *,
    team_id: UUID,
    actor: Principal,
    project_id: UUID,
    name: str,
    credentials: Mapping[str, str],
    calls_per_day: int | None,
    cost_per_month: Decimal | None,
) -> ProviderConnection:
    """Store (or replace) the credentials and limits of a provider. They are not told again.

    Raises ``ProjectNotFound``, ``ProviderNotFound`` or ``InvalidInput`` for credentials it does not take.
    """
    ingestion.get_project(project_id=project_id)
    kind = get_provider_class(name)
    wrong = sorted(set(credentials) ^ set(kind.credential_fields))
    if wrong:
        raise InvalidInput(
            f"{kind.label} takes: {', '.join(kind.credential_fields) or 'no credentials'}.",
            errors=[
                FieldError(f"/credentials/{field}", "unexpected_or_missing", "See the detail.")
                for field in wrong
            ],
        )
    values = {
        "credentials": json.dumps(dict(credentials)) if credentials else "",
        "calls_per_day": calls_per_day,
        "cost_per_month": cost_per_month,
    }
    with transaction.atomic():
        connection, _ = ProviderConnection.objects.update_or_create(
            project_id=project_id,
            provider=name,
            defaults=values,
            create_defaults={**values, "team_id": team_id},
        )
        _record(connection, actor, "connected")
    return connection


def disconnect(*, project_id: UUID, actor: Principal, name: str) -> None:
    """Forget the credentials. Raises ``ProviderNotConnected``."""
    connection = find_connection(project_id, name)
    if connection is None:
        raise ProviderNotConnected
    with transaction.atomic():
        _record(connection, actor, "disconnected")
        connection.delete()


def _record(connection: ProviderConnection, actor: Principal, verb: str) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=connection.team_id,
        action=f"keyword_provider.{verb}",
        object_type="keyword_provider",
        object_id=connection.pk,
        object_label=connection.provider,
    )


def describe_providers(*, project_id: UUID) -> list[dict[str, Any]]:
    """Every provider with its capabilities, whether it is connected, its limits and this month's use."""
    ingestion.get_project(project_id=project_id)
    connected = {row.provider: row for row in ProviderConnection.objects.filter(project_id=project_id)}
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    used = {
        row["provider"]: row
        for row in ProviderCharge.objects.filter(project_id=project_id, created_at__gte=month)
        .order_by()
        .values("provider")
        .annotate(calls=Sum("calls"), cost=Sum("cost"))
    }
    described = []
    for name, kind in providers().items():
        limits = limits_of(kind, connected.get(name))
        sums = used.get(name, {})
        described.append(
            {
                "provider": name,
                "label": kind.label,
                "note": kind.note,
                "capabilities": sorted(c.value for c in kind.capabilities),
                "credential_fields": list(kind.credential_fields),
                "is_connected": name in connected or not kind.credential_fields,
                "calls_per_day": limits.calls_per_day,
                "cost_per_month": limits.cost_per_month,
                "currency": kind.currency,
                "calls_this_month": sums.get("calls", 0),
                "cost_this_month": sums.get("cost", Decimal(0)),
            }
        )
    return described
