"""Who is in a team. Every change takes the team's row lock first, and judges the actor anew under it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.errors import LastOwner, MemberNotFound, PersonalTeamFixed, RoleTooHigh, TeamNotFound
from accounts.logic.roles import may_assign
from accounts.models import ApiKey, Role, Team, TeamMembership
from accounts.services.activity import record_activity
from plugzero_api.kernel.access import Access, Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput, PermissionDenied
from plugzero_api.kernel.plugins import permissions_of_role
from plugzero_api.kernel.tenancy import existing_restrictions

UNCHANGED: Any = object()


def lock_team(principal: Principal, *, needs: str) -> tuple[Team, TeamMembership]:
    """The team, locked for the transaction, and the actor's membership as it is now.

    Two owners who demote each other at once come here one after the other, and the second has lost the right.
    Raises ``TeamNotFound`` or ``PermissionDenied``.
    """
    if principal.access is None:
        raise TeamNotFound
    team = Team.objects.select_for_update().filter(pk=principal.access.team_id).first()
    actor = TeamMembership.objects.filter(user_id=principal.user_id, is_suspended=False).first()
    if team is None or actor is None:
        raise TeamNotFound
    if needs not in permissions_of_role(actor.role):
        raise PermissionDenied(f"This needs the right '{needs}'.", permission=needs)
    return team, actor


def checked_projects(access: Access, project_ids: Iterable[UUID] | None) -> list[str] | None:
    """A restriction as stored. Raises ``InvalidInput`` for an id that is none of the team's, or outside the
    actor's own restriction."""
    if project_ids is None:
        if access.restricted_to is not None:
            raise InvalidInput(
                "You are limited to some projects yourself.",
                errors=[FieldError("/project_ids", "beyond_own_restriction", "Name projects you can see.")],
            )
        return None
    wanted = set(project_ids)
    known = existing_restrictions(wanted)
    if wanted - known:
        raise InvalidInput(
            "A project does not exist in this team.",
            errors=[FieldError("/project_ids", "unknown_project", "Name projects of this team.")],
        )
    return sorted(str(value) for value in wanted)


def _locked_member(member_id: UUID) -> TeamMembership:
    member = TeamMembership.objects.select_for_update().filter(pk=member_id).first()
    if member is None:
        raise MemberNotFound
    return member


def _check_not_last_owner(member: TeamMembership) -> None:
    others = TeamMembership.objects.filter(role=Role.OWNER, is_suspended=False).exclude(pk=member.pk)
    if member.role == Role.OWNER and not member.is_suspended and not others.exists():
        raise LastOwner("Make somebody else an owner first.")


def change_member(
    *,
    principal: Principal,
    member_id: UUID,
    role: str = UNCHANGED,
    project_ids: Iterable[UUID] | None = UNCHANGED,
    is_suspended: bool = UNCHANGED,
) -> None:
    """Change a member's role, restriction or suspension; it counts from their next request on.

    Raises ``MemberNotFound``, ``RoleTooHigh``, ``LastOwner`` or ``InvalidInput``.
    """
    with transaction.atomic():
        team, actor = lock_team(principal, needs="members.manage")
        access = _access_of(principal)
        member = _locked_member(member_id)
        before = {
            "role": member.role,
            "project_ids": member.project_ids,
            "is_suspended": member.is_suspended,
        }
        wanted_role = member.role if role is UNCHANGED else role
        if not may_assign(actor.role, present=member.role, wanted=wanted_role):
            raise RoleTooHigh(f"As {actor.role} you cannot do this to an {member.role}.")
        if wanted_role != Role.OWNER or is_suspended is True:
            _check_not_last_owner(member)
        if team.is_personal and member.role == Role.OWNER and wanted_role != Role.OWNER:
            raise PersonalTeamFixed("The owner of a personal team stays its owner.")
        member.role = wanted_role
        if project_ids is not UNCHANGED:
            member.project_ids = checked_projects(access, project_ids)
        if is_suspended is not UNCHANGED:
            member.is_suspended = is_suspended
        if member.role == Role.OWNER and member.project_ids is not None:
            raise InvalidInput(
                "An owner sees all projects.",
                errors=[FieldError("/project_ids", "owner_unrestricted", "Leave this null for owners.")],
            )
        member.save(update_fields=["role", "project_ids", "is_suspended"])
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="member.changed",
            object_type="member",
            object_id=member.pk,
            object_label=str(member.user_id),
            before=before,
            after={
                "role": member.role,
                "project_ids": member.project_ids,
                "is_suspended": member.is_suspended,
            },
        )


def remove_member(*, principal: Principal, member_id: UUID) -> None:
    """Take somebody out of the team; their keys of this team go too.

    Raises ``MemberNotFound``, ``RoleTooHigh`` or ``LastOwner``.
    """
    with transaction.atomic():
        team, actor = lock_team(principal, needs="members.manage")
        member = _locked_member(member_id)
        if not may_assign(actor.role, present=member.role, wanted=member.role):
            raise RoleTooHigh(f"As {actor.role} you cannot remove an {member.role}.")
        _remove(principal, team, member, action="member.removed")


def leave_team(*, principal: Principal) -> None:
    """Raises ``LastOwner`` or ``PersonalTeamFixed``."""
    with transaction.atomic():
        team, actor = lock_team(principal, needs="team.view")
        _remove(principal, team, actor, action="member.left")


def _remove(principal: Principal, team: Team, member: TeamMembership, *, action: str) -> None:
    if team.is_personal and member.role == Role.OWNER:
        raise PersonalTeamFixed("The owner of a personal team stays in it.")
    _check_not_last_owner(member)
    ApiKey.objects.filter(created_by_id=member.user_id).delete()
    record_activity(
        actor=principal,
        team_id=team.pk,
        action=action,
        object_type="member",
        object_id=member.pk,
        object_label=str(member.user_id),
        before={"role": member.role},
    )
    member.delete()


def transfer_ownership(*, principal: Principal, member_id: UUID) -> None:
    """Make another member OWNER and step down to ADMIN. Raises ``MemberNotFound`` or ``PersonalTeamFixed``."""
    with transaction.atomic():
        team, actor = lock_team(principal, needs="team.transfer")
        if team.is_personal:
            raise PersonalTeamFixed("A personal team cannot be handed over.")
        member = _locked_member(member_id)
        if member.is_suspended or member.pk == actor.pk:
            raise MemberNotFound("Choose another active member.")
        before = {"owner": actor.user_id}
        member.role, member.project_ids = Role.OWNER, None
        member.save(update_fields=["role", "project_ids"])
        actor.role = Role.ADMIN
        actor.save(update_fields=["role"])
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="team.transferred",
            object_type="team",
            object_id=team.pk,
            object_label=team.name,
            before=before,
            after={"owner": member.user_id},
        )


def _access_of(principal: Principal) -> Access:
    if principal.access is None:
        raise TeamNotFound
    return principal.access
