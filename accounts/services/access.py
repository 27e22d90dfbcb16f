"""Who may do what in which team."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from accounts.models import TeamMembership
from accounts.services import limits
from plugzero_api.kernel.access import Access, Principal
from plugzero_api.kernel.plugins import permissions_of_role


def access_of(
    *, user_id: UUID, team_id: UUID, role: str, project_ids: list[str] | None, scopes: list[str] | None = None
) -> Access:
    """The access a role gives; ``scopes`` (of an API key) narrows it."""
    permissions = permissions_of_role(role)
    if scopes is not None:
        permissions &= frozenset(scopes)
    return Access(
        user_id=user_id,
        team_id=team_id,
        role=role,
        permissions=permissions,
        restricted_to=None if project_ids is None else frozenset(UUID(value) for value in project_ids),
    )


def find_access(*, user_id: UUID, team_id: UUID) -> Access | None:
    """What the user may do in the team right now; None when deactivated, suspended or not a member."""
    row = (
        TeamMembership._base_manager.filter(
            user_id=user_id, team_id=team_id, is_suspended=False, user__is_active=True
        )
        .values_list("role", "project_ids")
        .first()
    )
    if row is None:
        return None
    return access_of(user_id=user_id, team_id=team_id, role=row[0], project_ids=row[1])


def describe_principal(principal: Principal) -> dict[str, Any]:
    """``{team, teams, plan}`` of ``/api/v1/meta/``."""
    memberships = (
        TeamMembership._base_manager.filter(user_id=principal.user_id, is_suspended=False)
        .select_related("team")
        .order_by("-team__is_personal", "team__name", "team_id")
    )
    teams = [
        {
            "id": membership.team_id,
            "name": membership.team.name,
            "role": membership.role,
            "is_personal": membership.team.is_personal,
        }
        for membership in memberships
    ]
    access = principal.access
    team = next((team for team in teams if access is not None and team["id"] == access.team_id), None)
    plan = limits.list_plan_limits(team_id=access.team_id) if access is not None else ()
    return {
        "team": team,
        "teams": teams,
        "plan": [{"key": item.key, "used": item.used, "limit": item.limit} for item in plan],
    }
