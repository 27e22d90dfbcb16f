"""New accounts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import Role, Team, TeamMembership, User
from accounts.services.activity import record_activity
from plugzero_api.kernel.tenancy import team_scope


def create_user_with_team(
    *, email: str, password: str | None, name: str = "", verified: bool = False, **fields: Any
) -> tuple[UUID, UUID]:
    """A user with a Personal Team, whose OWNER the user is. Returns ``(user_id, team_id)``.

    Raises ``accounts.logic.emails.InvalidEmail`` or ``django.db.IntegrityError`` for an address already taken.
    """
    with transaction.atomic():
        user = User.objects.create_user(
            email,
            password,
            name=name,
            email_verified_at=timezone.now() if verified else None,
            password_changed_at=timezone.now(),
            **fields,
        )
        team = create_personal_team(user)
    return user.pk, team.pk


def create_personal_team(user: User) -> Team:
    team = Team.objects.create(
        name=f"{user.name or user.email.partition('@')[0]}'s team"[:120], is_personal=True
    )
    with team_scope(team.pk):
        TeamMembership.objects.create(user=user, role=Role.OWNER)
    record_activity(
        actor=user.pk,
        team_id=team.pk,
        action="team.created",
        object_type="team",
        object_id=team.pk,
        object_label=team.name,
    )
    return team
