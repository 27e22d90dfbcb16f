"""One-time links: 256 random bits in the mail, an HMAC of them in the table."""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from accounts import selectors
from accounts.errors import InvalidLink
from accounts.models import EmailLink, LinkPurpose, User
from accounts.services.mail import dashboard_link, send_mail
from accounts.services.throttles import throttle
from plugzero_api.kernel.errors import RateLimited

LIFETIMES = {
    LinkPurpose.VERIFY_EMAIL: timedelta(days=3),
    LinkPurpose.RESET_PASSWORD: timedelta(hours=1),
    LinkPurpose.CHANGE_EMAIL_OLD: timedelta(hours=24),
    LinkPurpose.CHANGE_EMAIL_NEW: timedelta(hours=24),
}


def issue_link(*, user: User, purpose: LinkPurpose, email: str, group_id: UUID | None = None) -> str:
    """A new token; earlier links of the purpose die with it."""
    now = timezone.now()
    EmailLink.objects.filter(user=user, purpose=purpose, used_at__isnull=True).update(expires_at=now)
    token = secrets.token_urlsafe(32)
    EmailLink.objects.create(
        user=user,
        purpose=purpose,
        email=email,
        group_id=group_id,
        token_hash=selectors.hash_secret(token, purpose=f"link-{purpose}"),
        expires_at=now + LIFETIMES[purpose],
    )
    return token


def consume_link(*, token: str, purpose: LinkPurpose) -> EmailLink:
    """Use a link up, in the caller's transaction. Raises ``InvalidLink`` for one unknown, used, expired or void."""
    now = timezone.now()
    rows = EmailLink.objects.filter(
        token_hash=selectors.hash_secret(token, purpose=f"link-{purpose}"), purpose=purpose
    )
    # The update decides: of two uses at once, one changes the row.
    if not rows.filter(used_at__isnull=True, expires_at__gt=now).update(used_at=now):
        raise InvalidLink("Ask for a new link.")
    link = rows.select_related("user").get()
    moved = purpose != LinkPurpose.CHANGE_EMAIL_NEW and link.email != link.user.email
    if moved or not link.user.is_active:
        raise InvalidLink("Ask for a new link.")
    return link


def void_links(*, user_id: UUID) -> None:
    """End all open links of the user."""
    EmailLink.objects.filter(user_id=user_id, used_at__isnull=True).update(expires_at=timezone.now())


def send_verification(*, user: User) -> None:
    """Mail the link that confirms the user's address; silently not more often than the mail limits allow."""
    try:
        throttle("mail_address", user.email)
    except RateLimited:
        return
    token = issue_link(user=user, purpose=LinkPurpose.VERIFY_EMAIL, email=user.email)
    send_mail(
        to=user.email, template="verify_email", name=user.name, link=dashboard_link("/verify-email", token)
    )
