"""Invitations: one mailbox, one token, one acceptance."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import selectors
from accounts.contracts import TokenPair
from accounts.errors import (
    AlreadyMember,
    InvitationExists,
    InvitationNotFound,
    InvitationNotUsable,
    RoleTooHigh,
)
from accounts.logic.emails import mask_email
from accounts.logic.roles import may_assign
from accounts.models import Invitation, Team, TeamMembership, User
from accounts.services import limits
from accounts.services.activity import record_activity
from accounts.services.login import complete_login
from accounts.services.mail import dashboard_link, send_mail
from accounts.services.members import checked_projects, lock_team
from accounts.services.registration import create_user_with_team
from accounts.services.throttles import throttle, throttle_address
from plugzero_api.kernel.access import Principal

LIFETIME = timedelta(days=7)
_UNUSABLE = "It was used, withdrawn or has expired, or it is for another address. Ask for a new one."


def _hash(token: str) -> str:
    return selectors.hash_secret(token, purpose="invitation")


def invite(
    *, principal: Principal, email: str, role: str, project_ids: Iterable[UUID] | None = None
) -> Invitation:
    """Invite a canonical address. Raises ``AlreadyMember``, ``InvitationExists``, ``RoleTooHigh``,
    ``PlanLimitReached``, ``InvalidInput`` or ``RateLimited``."""
    throttle("invite_team", principal.access.team_id if principal.access else principal.user_id)
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        team, actor = lock_team(principal, needs="members.manage")
        if principal.access is None or not may_assign(actor.role, present=None, wanted=role):
            raise RoleTooHigh(f"As {actor.role} you cannot invite an {role}.")
        if TeamMembership.objects.filter(user__email=email).exists():
            raise AlreadyMember(f"{email} is in this team.")
        open_ones = Invitation.objects.filter(email=email, accepted_at__isnull=True, revoked_at__isnull=True)
        open_ones.filter(expires_at__lte=now).update(revoked_at=now)
        if open_ones.exists():
            raise InvitationExists("Send the open invitation again instead.")
        limits.check_plan_limit(team.pk, limits.MEMBERS)
        invitation: Invitation = Invitation.objects.create(
            email=email,
            role=role,
            project_ids=checked_projects(principal.access, project_ids),
            token_hash=_hash(token),
            invited_by_id=principal.user_id,
            sent_at=now,
            expires_at=now + LIFETIME,
        )
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="invitation.sent",
            object_type="invitation",
            object_id=invitation.pk,
            object_label=mask_email(email),
            after={"role": role, "project_ids": invitation.project_ids},
        )
        _mail(invitation, team, principal, token)
    return invitation


def _mail(invitation: Invitation, team: Team, principal: Principal, token: str) -> None:
    inviter = User.objects.get(pk=principal.user_id)
    send_mail(
        to=invitation.email,
        template="invitation",
        inviter=inviter.name or inviter.email,
        team=team.name,
        role=invitation.role.lower(),
        link=dashboard_link("/join", token),
    )


def resend(*, principal: Principal, invitation_id: UUID) -> Invitation:
    """A new token for an open invitation; the old one ends. Raises ``InvitationNotFound``, ``InvitationNotUsable``."""
    throttle("invite_team", principal.access.team_id if principal.access else principal.user_id)
    token = secrets.token_urlsafe(32)
    now = timezone.now()
    with transaction.atomic():
        team, _ = lock_team(principal, needs="members.manage")
        invitation = _get(invitation_id)
        if invitation.accepted_at is not None or invitation.revoked_at is not None:
            raise InvitationNotUsable("It was accepted or withdrawn.")
        throttle("mail_address", "invitation", invitation.email)
        invitation.token_hash, invitation.sent_at, invitation.expires_at = _hash(token), now, now + LIFETIME
        invitation.save(update_fields=["token_hash", "sent_at", "expires_at"])
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="invitation.resent",
            object_type="invitation",
            object_id=invitation.pk,
            object_label=mask_email(invitation.email),
        )
        _mail(invitation, team, principal, token)
    return invitation


def revoke(*, principal: Principal, invitation_id: UUID) -> None:
    """Withdraw an open invitation. Raises ``InvitationNotFound`` or ``InvitationNotUsable``."""
    with transaction.atomic():
        team, _ = lock_team(principal, needs="members.manage")
        invitation = _get(invitation_id)
        open_one = Invitation.objects.filter(
            pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True
        )
        if not open_one.update(revoked_at=timezone.now()):
            raise InvitationNotUsable("It was accepted or withdrawn before.")
        record_activity(
            actor=principal,
            team_id=team.pk,
            action="invitation.revoked",
            object_type="invitation",
            object_id=invitation.pk,
            object_label=mask_email(invitation.email),
        )


def _get(invitation_id: UUID) -> Invitation:
    invitation: Invitation | None = Invitation.objects.filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationNotFound
    return invitation


def _usable(token: str) -> Invitation:
    invitation = (
        Invitation._base_manager.filter(
            token_hash=_hash(token),
            accepted_at__isnull=True,
            revoked_at__isnull=True,
            expires_at__gt=timezone.now(),
        )
        .select_related("team", "invited_by")
        .first()
    )
    if invitation is None:
        raise InvitationNotUsable(_UNUSABLE)
    found: Invitation = invitation
    return found


def preview(*, token: str) -> dict[str, Any]:
    """What the holder of a token is invited to. Raises ``InvitationNotUsable`` or ``RateLimited``."""
    throttle_address("link_ip")
    invitation = _usable(token)
    return {
        "team_name": invitation.team.name,
        "role": invitation.role,
        "email": invitation.email,
        "has_account": User.objects.filter(email=invitation.email).exists(),
        "expires_at": invitation.expires_at,
    }


def accept(*, principal: Principal, token: str) -> UUID:
    """Join as the signed-in user, whose address must be the invited one. Returns the team's id.

    Raises ``InvitationNotUsable``.
    """
    throttle_address("link_ip")
    with transaction.atomic():
        user = User.objects.get(pk=principal.user_id)
        return _join(_usable(token), user)


def accept_as_new(*, token: str, name: str, password: str) -> TokenPair:
    """Make the account the invitation was sent for, join, and sign in. Raises ``InvitationNotUsable``."""
    throttle_address("link_ip")
    try:
        with transaction.atomic():
            invitation = _usable(token)
            user_id, _ = create_user_with_team(
                email=invitation.email, password=password, name=name, verified=True
            )
            user = User.objects.get(pk=user_id)
            _join(invitation, user)
    except IntegrityError:
        raise InvitationNotUsable("There is an account with this address: sign in to join.") from None
    return complete_login(user=user, with_second_factor=False)


def _join(invitation: Invitation, user: User) -> UUID:
    now = timezone.now()
    taken = Invitation._base_manager.filter(
        pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    )
    # The update decides: of two acceptances at once, one takes the invitation.
    if user.email != invitation.email or not taken.update(accepted_at=now):
        raise InvitationNotUsable(_UNUSABLE)
    if TeamMembership._base_manager.filter(team_id=invitation.team_id, user=user).exists():
        raise InvitationNotUsable("You are in this team already.")
    # Still the inviter's to give? Somebody who lost the right meanwhile has left no door open.
    inviter = TeamMembership._base_manager.filter(
        team_id=invitation.team_id, user=invitation.invited_by, is_suspended=False
    ).first()
    if inviter is None or not may_assign(inviter.role, present=None, wanted=invitation.role):
        raise InvitationNotUsable(_UNUSABLE)
    member = TeamMembership._base_manager.create(
        team_id=invitation.team_id, user=user, role=invitation.role, project_ids=invitation.project_ids
    )
    if user.email_verified_at is None:
        User.objects.filter(pk=user.pk).update(email_verified_at=now)
    record_activity(
        actor=user.pk,
        team_id=invitation.team_id,
        action="member.joined",
        object_type="member",
        object_id=member.pk,
        object_label=str(user.pk),
        after={"role": member.role, "project_ids": member.project_ids},
    )
    team_id: UUID = invitation.team_id
    return team_id


def check_password_for(*, token: str) -> User:
    """The unsaved user a new password is judged for. Raises ``InvitationNotUsable``."""
    return User(email=_usable(token).email)
