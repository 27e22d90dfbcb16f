"""Teams and their rules."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts import selectors
from accounts.errors import PersonalTeamFixed, TeamNotFound, TwoFactorRequired
from accounts.models import Team, User
from accounts.services import registration
from accounts.services.activity import record_activity
from accounts.services.members import lock_team
from accounts.services.throttles import throttle
from plugzero_api.kernel.access import Principal


def create_team(*, principal: Principal, name: str) -> UUID:
    """A new team owned by the principal. Raises ``RateLimited``."""
    throttle("team_create_user", principal.user_id)
    return registration.create_team(owner=User.objects.get(pk=principal.user_id), name=name).pk


def get_team(*, principal: Principal, team_id: UUID) -> Team:
    """The team of the request if it is ``team_id``. Raises ``TeamNotFound`` for every other id."""
    access = principal.access
    team = Team.objects.filter(pk=team_id).first() if access and access.team_id == team_id else None
    if team is None:
        raise TeamNotFound
    return team


def update_team(
    *, principal: Principal, name: str | None = None, requires_two_factor: bool | None = None
) -> None:
    """Rename the team or change whether members need a second factor.

    Raises ``TwoFactorRequired`` when the one who asks has not signed in with one: it would lock them out.
    """
    with transaction.atomic():
        team, _ = lock_team(principal, needs="team.manage")
        before = {"name": team.name, "requires_two_factor": team.requires_two_factor}
        if requires_two_factor and not team.requires_two_factor:
            signed_in_with = selectors.session_of(principal).filter(two_factor_at__isnull=False)
            if not signed_in_with.exists():
                raise TwoFactorRequired("Sign in with a second factor yourself first.")
        team.name = team.name if name is None else name
        if requires_two_factor is not None:
            team.requires_two_factor = requires_two_factor
        team.save(update_fields=["name", "requires_two_factor"])
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="team.changed",
            object_type="team",
            object_id=team.pk,
            object_label=team.name,
            before=before,
            after={"name": team.name, "requires_two_factor": team.requires_two_factor},
        )


def delete_team(*, principal: Principal) -> None:
    """Delete the team with all its data. Its activity log stays. Raises ``PersonalTeamFixed``."""
    with transaction.atomic():
        team, _ = lock_team(principal, needs="team.delete")
        if team.is_personal:
            raise PersonalTeamFixed("A personal team goes with its account.")
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="team.deleted",
            object_type="team",
            object_id=team.pk,
            object_label=team.name,
        )
        team.delete()
