"""Changing and resetting passwords."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from accounts import selectors
from accounts.errors import InvalidCredentials, InvalidLink
from accounts.models import EmailLink, LinkPurpose, User
from accounts.services import links
from accounts.services.activity import record_activity
from accounts.services.even import even_answer
from accounts.services.mail import dashboard_link, send_mail
from accounts.services.sessions import revoke_sessions
from accounts.services.throttles import throttle, throttle_address
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import RateLimited

CheckPassword = Callable[[str, User], None]


def change_password(*, principal: Principal, current: str, new: str, check: CheckPassword) -> None:
    """Set a new password; all other sessions and open links end.

    ``check`` raises for a password the installation does not accept. Raises ``InvalidCredentials``, ``RateLimited``.
    """
    throttle("reauthenticate", principal.user_id)
    user = User.objects.get(pk=principal.user_id)
    if not user.check_password(current):
        raise InvalidCredentials("The present password is wrong.")
    check(new, user)
    with transaction.atomic():
        _set(user, new)
        revoke_sessions(user_id=user.pk, reason="password changed", keep=principal.session_id)
        record_activity(
            actor=principal, team_id=None, action="password.changed", object_type="user", object_id=user.pk
        )
        send_mail(to=user.email, template="security_notice", what="The password was changed.")


def _set(user: User, password: str) -> None:
    user.set_password(password)
    user.password_changed_at = timezone.now()
    user.save(update_fields=["password", "password_changed_at"])
    links.void_links(user_id=user.pk)


def request_reset(*, email: str) -> None:
    """Mail a reset link if the address has an account; nobody can tell from outside. Raises ``RateLimited``."""
    throttle_address("mail_ip")
    with even_answer():
        user = User.objects.filter(email=email, is_active=True).first()
        if user is None:
            return
        try:
            throttle("mail_address", email)
        except RateLimited:
            return
        with transaction.atomic():
            token = links.issue_link(user=user, purpose=LinkPurpose.RESET_PASSWORD, email=email)
            send_mail(to=email, template="reset_password", link=dashboard_link("/reset-password", token))
            record_activity(
                actor=None,
                team_id=None,
                action="password.reset_requested",
                object_type="user",
                object_id=user.pk,
            )


def confirm_reset(*, token: str, new: str, check: CheckPassword) -> None:
    """Set a new password by a mailed link. All sessions end; the second factor stays.

    Raises ``InvalidLink`` or what ``check`` raises (the link is then still good).
    """
    throttle_address("link_ip")
    token_hash = selectors.hash_secret(token, purpose=f"link-{LinkPurpose.RESET_PASSWORD}")
    link = EmailLink.objects.filter(token_hash=token_hash).select_related("user").first()
    if link is None:
        raise InvalidLink("Ask for a new link.")
    check(new, link.user)
    with transaction.atomic():
        user = links.consume_link(token=token, purpose=LinkPurpose.RESET_PASSWORD).user
        _set(user, new)
        # The link came by mail, so the address is its reader's.
        if user.email_verified_at is None:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
        revoke_sessions(user_id=user.pk, reason="password reset")
        record_activity(
            actor=user.pk, team_id=None, action="password.reset", object_type="user", object_id=user.pk
        )
        send_mail(to=user.email, template="security_notice", what="The password was reset by a mailed link.")
