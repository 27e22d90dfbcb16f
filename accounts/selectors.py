"""Reads for authentication and for this app's own views."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from accounts.models import (
    ActivityLog,
    ApiKey,
    Passkey,
    RecoveryCode,
    Session,
    Team,
    TeamMembership,
    TotpDevice,
)
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.prepared import PreparedRead


@dataclass(frozen=True, slots=True)
class MembershipRow:
    team_id: UUID
    role: str
    project_ids: list[str] | None
    is_suspended: bool
    requires_two_factor: bool


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """A valid session's user and all memberships, read at once."""

    user_id: UUID
    email: str
    name: str
    is_staff: bool
    two_factor_at: datetime | None
    memberships: tuple[MembershipRow, ...]


def _identity_rows(session_id: UUID, user_id: UUID) -> QuerySet[Any, Any]:
    return (
        Session.objects.filter(
            pk=session_id,
            user_id=user_id,
            user__is_active=True,
            revoked_at__isnull=True,
            expires_at__gt=Now(),
        )
        .order_by("user__memberships__created_at")
        .values_list(
            "user_id",
            "user__email",
            "user__name",
            "user__is_staff",
            "two_factor_at",
            "user__memberships__team_id",
            "user__memberships__role",
            "user__memberships__project_ids",
            "user__memberships__is_suspended",
            "user__memberships__team__requires_two_factor",
        )
    )


_identity = PreparedRead(_identity_rows, 2)


def find_identity(*, session_id: UUID, user_id: UUID) -> IdentityRow | None:
    """One query: the session if it is alive, its user if active, and every membership with its team's rules."""
    rows = _identity.run(session_id, user_id)
    if not rows:
        return None
    first = rows[0]
    memberships = tuple(MembershipRow(*row[5:]) for row in rows if row[5] is not None)
    user_id, email, name, is_staff, two_factor_at = first[:5]
    return IdentityRow(user_id, email, name, is_staff, two_factor_at, memberships)


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A live key with its maker's present membership."""

    id: UUID
    secret_hash: str
    scopes: list[str]
    last_used_at: datetime | None
    team_id: UUID
    user_id: UUID
    email: str
    name: str
    role: str
    project_ids: list[str] | None


def find_api_key(*, prefix: str) -> ApiKeyRow | None:
    """One query: the key if it is alive and its maker is still an active member of its team."""
    row: Any = (
        ApiKey._base_manager.filter(prefix=prefix, revoked_at__isnull=True, created_by__is_active=True)
        .exclude(expires_at__lte=Now())
        .filter(team__memberships__user_id=F("created_by_id"), team__memberships__is_suspended=False)
        .values_list(
            "id",
            "secret_hash",
            "scopes",
            "last_used_at",
            "team_id",
            "created_by_id",
            "created_by__email",
            "created_by__name",
            "team__memberships__role",
            "team__memberships__project_ids",
        )
        .first()
    )
    return None if row is None else ApiKeyRow(*row)


def hash_secret(secret: str, *, purpose: str) -> str:
    """HMAC-SHA256 of a random secret under a key of its own, as stored in the database."""
    key = hashlib.sha256(f"accounts.{purpose}:{settings.SECRET_KEY}".encode()).digest()
    return hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()


def second_factors_of(*, user_id: UUID) -> dict[str, Any]:
    """``{totp, passkeys, recovery_codes_left}``."""
    return {
        "totp": TotpDevice.objects.filter(user_id=user_id, confirmed_at__isnull=False).exists(),
        "passkeys": Passkey.objects.filter(user_id=user_id).count(),
        "recovery_codes_left": RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).count(),
    }


def teams_of(*, user_id: UUID) -> QuerySet[Team]:
    """The user's teams with the user's ``role`` in each; Personal Team first."""
    return (
        Team.objects.filter(memberships__user_id=user_id, memberships__is_suspended=False)
        .annotate(role=F("memberships__role"))
        .order_by("-is_personal", "name", "id")
    )


def living_sessions_of(*, user_id: UUID) -> QuerySet[Session]:
    """Most recently used first."""
    return Session.objects.filter(user_id=user_id, revoked_at__isnull=True, expires_at__gt=Now()).order_by(
        "-last_used_at", "id"
    )


def session_of(principal: Principal) -> QuerySet[Session]:
    """The session a request was made by; nothing for an API key."""
    if principal.session_id is None:
        return Session.objects.none()
    return Session.objects.filter(pk=principal.session_id)


def passkeys_of(*, user_id: UUID) -> QuerySet[Passkey]:
    return Passkey.objects.filter(user_id=user_id).order_by("created_at", "id")


def activity_of_account(*, user_id: UUID) -> QuerySet[ActivityLog]:
    """Events of the account itself, outside teams."""
    rows: QuerySet[ActivityLog] = ActivityLog._base_manager.filter(chain_id=user_id, team_id__isnull=True)
    return rows.order_by("-sequence")


def names_of_members(*, team_id: UUID) -> dict[UUID, str]:
    """User id -> name (or address) of everybody in the team."""
    rows = TeamMembership._base_manager.filter(team_id=team_id).values_list(
        "user_id", "user__name", "user__email"
    )
    return {user_id: name or email for user_id, name, email in rows}
