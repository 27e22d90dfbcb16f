"""Confirming an account's e-mail address, and changing it with the consent of both mailboxes."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.errors import InvalidLink
from accounts.models import EmailLink, LinkPurpose, User
from accounts.services import links
from accounts.services.activity import record_activity
from accounts.services.even import even_answer
from accounts.services.mail import dashboard_link, send_mail
from accounts.services.throttles import throttle, throttle_address
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.ids import uuid7


def confirm_address(*, token: str) -> None:
    """Raises ``InvalidLink``."""
    throttle_address("link_ip")
    with transaction.atomic():
        user = links.consume_link(token=token, purpose=LinkPurpose.VERIFY_EMAIL).user
        if user.email_verified_at is None:
            user.email_verified_at = timezone.now()
            user.save(update_fields=["email_verified_at"])
            record_activity(
                actor=user.pk, team_id=None, action="email.verified", object_type="user", object_id=user.pk
            )


def resend_verification(*, principal: Principal) -> None:
    """Mail the confirmation again, unless the address is confirmed or was written to too often."""
    user = User.objects.get(pk=principal.user_id)
    if user.email_verified_at is None:
        with transaction.atomic():
            links.send_verification(user=user)


def request_change(*, principal: Principal, new_email: str) -> None:
    """Ask both mailboxes whether the address may change. The answer does not tell whether the new one is taken.

    Raises ``RateLimited``.
    """
    throttle("mail_address", "change", principal.user_id)
    with even_answer():
        user = User.objects.get(pk=principal.user_id)
        if User.objects.filter(email=new_email).exists():
            return
        group = uuid7()
        with transaction.atomic():
            for purpose, address, template in (
                (LinkPurpose.CHANGE_EMAIL_OLD, user.email, "change_email_old"),
                (LinkPurpose.CHANGE_EMAIL_NEW, new_email, "change_email_new"),
            ):
                token = links.issue_link(user=user, purpose=purpose, email=address, group_id=group)
                send_mail(to=address, template=template, link=dashboard_link("/confirm-email-change", token))
            record_activity(
                actor=principal,
                team_id=None,
                action="email.change_requested",
                object_type="user",
                object_id=user.pk,
            )


def confirm_change(*, token: str) -> bool:
    """Note one mailbox's consent; True when both have given theirs and the address is changed.

    Raises ``InvalidLink``.
    """
    throttle_address("link_ip")
    try:
        with transaction.atomic():
            link = _consume(token)
            # Serialises the two confirmations of one change.
            user = User.objects.select_for_update().get(pk=link.user_id)
            given = EmailLink.objects.filter(group_id=link.group_id, used_at__isnull=False)
            new = given.filter(purpose=LinkPurpose.CHANGE_EMAIL_NEW).first()
            old = given.filter(purpose=LinkPurpose.CHANGE_EMAIL_OLD).first()
            if new is None or old is None:
                return False
            if old.email != user.email:
                raise InvalidLink("The address was changed meanwhile.")
            user.email, user.email_verified_at = new.email, timezone.now()
            user.save(update_fields=["email", "email_verified_at"])
            links.void_links(user_id=user.pk)
            record_activity(
                actor=user.pk, team_id=None, action="email.changed", object_type="user", object_id=user.pk
            )
            send_mail(to=old.email, template="security_notice", what="The e-mail address was changed.")
            return True
    except IntegrityError:
        raise InvalidLink("The address cannot be used any more.") from None


def _consume(token: str) -> EmailLink:
    try:
        return links.consume_link(token=token, purpose=LinkPurpose.CHANGE_EMAIL_NEW)
    except InvalidLink:
        return links.consume_link(token=token, purpose=LinkPurpose.CHANGE_EMAIL_OLD)
