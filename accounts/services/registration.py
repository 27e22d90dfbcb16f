"""New accounts. Whether an address is already known shows neither in the answer nor in its time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import LinkPurpose, Role, Team, TeamMembership, User
from accounts.services import links
from accounts.services.activity import record_activity
from accounts.services.even import even_answer
from accounts.services.mail import dashboard_link, send_mail
from accounts.services.throttles import throttle, throttle_address
from plugzero_api.kernel.errors import RateLimited


def create_user_with_team(
    *, email: str, password: str | None, name: str = "", verified: bool = False, **fields: Any
) -> tuple[UUID, UUID]:
    """A user with a Personal Team, whose OWNER the user is. Returns ``(user_id, team_id)``.

    Raises ``accounts.logic.emails.InvalidEmail`` or ``django.db.IntegrityError`` for an address already taken.
    """
    now = timezone.now()
    with transaction.atomic():
        user = User.objects.create_user(
            email,
            password,
            name=name,
            email_verified_at=now if verified else None,
            password_changed_at=now,
            **fields,
        )
        team = create_personal_team(owner=user)
    return user.pk, team.pk


def create_personal_team(*, owner: User) -> Team:
    name = (owner.name or owner.email.partition("@")[0])[:100]
    return create_team(owner=owner, name=f"{name}'s team", is_personal=True)


def create_team(*, owner: User, name: str, is_personal: bool = False) -> Team:
    """A team with its first OWNER."""
    with transaction.atomic():
        team = Team.objects.create(name=name, is_personal=is_personal)
        # The base manager: the request may be working in another team's scope.
        TeamMembership._base_manager.create(team=team, user=owner, role=Role.OWNER)
        record_activity(
            actor=owner.pk,
            team_id=team.pk,
            action="team.created",
            object_type="team",
            object_id=team.pk,
            object_label=name,
            after={"name": name, "is_personal": is_personal},
        )
    return team


def register(*, email: str, password: str, name: str) -> None:
    """Make an account and mail the confirmation; for a known address, mail its owner instead.

    ``email`` is canonical and ``password`` has passed the validators. Raises ``RateLimited``.
    """
    throttle_address("register_ip")
    with even_answer():
        if User.objects.filter(email=email).exists():
            make_password(password)
            _tell_owner(email)
            return
        try:
            with transaction.atomic():
                user_id, _ = create_user_with_team(email=email, password=password, name=name)
                user = User.objects.get(pk=user_id)
                record_activity(
                    actor=user_id,
                    team_id=None,
                    action="user.registered",
                    object_type="user",
                    object_id=user_id,
                )
                links.send_verification(user=user)
        except IntegrityError:
            # Somebody was faster with the same address.
            _tell_owner(email)


def _tell_owner(email: str) -> None:
    user = User.objects.filter(email=email, is_active=True).first()
    if user is None:
        return
    try:
        throttle("mail_address", email)
    except RateLimited:
        return
    with transaction.atomic():
        # A reset link, not a confirmation: whoever made the account may not be the owner of the address, and
        # choosing a password takes it back from them.
        token = links.issue_link(user=user, purpose=LinkPurpose.RESET_PASSWORD, email=email)
        send_mail(
            to=email,
            template="already_registered",
            name=user.name,
            link=dashboard_link("/reset-password", token),
        )
