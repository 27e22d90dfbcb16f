"""Leaving the platform: a copy of one's data, and the end of the account."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from accounts.errors import TeamsStillOwned
from accounts.models import (
    ActivityLog,
    ApiKey,
    Invitation,
    Passkey,
    Role,
    Session,
    Team,
    TeamMembership,
    User,
)
from accounts.services.activity import record_activity
from accounts.services.sessions import revoke_sessions
from accounts.services.throttles import throttle
from plugzero_api.kernel.access import Principal

MAX_ACTIVITIES = 50_000


def export_own_data(*, principal: Principal) -> dict[str, Any]:
    """Everything accounts holds about the user, as JSON values; secrets are no data. Raises ``RateLimited``."""
    throttle("export_user", principal.user_id)
    user = User.objects.get(pk=principal.user_id)
    memberships = TeamMembership._base_manager.filter(user=user).select_related("team")
    activities = ActivityLog._base_manager.filter(actor_id=user.pk).order_by("-created_at")[:MAX_ACTIVITIES]
    found = {
        "user": {
            "id": user.pk,
            "email": user.email,
            "name": user.name,
            "email_verified_at": user.email_verified_at,
            "created_at": user.created_at,
            "last_login": user.last_login,
        },
        "teams": [
            {"id": m.team_id, "name": m.team.name, "role": m.role, "joined_at": m.created_at}
            for m in memberships
        ],
        "sessions": list(
            Session.objects.filter(user=user).values(
                "id", "user_agent", "ip_address", "created_at", "last_used_at", "expires_at", "revoked_at"
            )
        ),
        "passkeys": list(
            Passkey.objects.filter(user=user).values("id", "name", "created_at", "last_used_at")
        ),
        "api_keys": list(
            ApiKey._base_manager.filter(created_by=user).values(
                "id", "team_id", "name", "prefix", "scopes", "created_at", "last_used_at", "revoked_at"
            )
        ),
        "invitations_received": list(
            Invitation._base_manager.filter(email=user.email).values("id", "team_id", "role", "created_at")
        ),
        "activity": [
            {
                "action": entry.action,
                "object_type": entry.object_type,
                "object_id": entry.object_id,
                "ip_address": entry.ip_address,
                "created_at": entry.created_at,
            }
            for entry in activities
        ],
    }
    with transaction.atomic():
        record_activity(
            actor=principal, team_id=None, action="user.exported", object_type="user", object_id=user.pk
        )
    return found


def delete_account(*, principal: Principal) -> None:
    """End the account and its Personal Team. Raises ``TeamsStillOwned``, naming the teams in the way."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=principal.user_id)
        mine = TeamMembership._base_manager.filter(user=user, role=Role.OWNER).values_list(
            "team_id", flat=True
        )
        # The locks keep another owner from leaving one of them at this moment.
        teams = list(Team.objects.select_for_update().filter(pk__in=list(mine)).order_by("pk"))
        counted = Team.objects.filter(pk__in=[team.pk for team in teams]).annotate(
            members=Count("memberships"),
            other_owners=Count(
                "memberships",
                filter=Q(memberships__role=Role.OWNER, memberships__is_suspended=False)
                & ~Q(memberships__user=user),
            ),
        )
        in_the_way = [
            team
            for team in counted
            if (team.is_personal and team.members > 1) or (not team.is_personal and not team.other_owners)
        ]
        if in_the_way:
            raise TeamsStillOwned(
                "Hand over, empty or delete first: " + ", ".join(team.name for team in in_the_way[:10]) + ".",
                teams=[str(team.pk) for team in in_the_way],
            )
        revoke_sessions(user_id=user.pk, reason="account deleted")
        record_activity(
            actor=principal, team_id=None, action="user.deleted", object_type="user", object_id=user.pk
        )
        for team in counted:
            if team.is_personal:
                team.delete()
        user.delete()
