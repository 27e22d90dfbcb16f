"""Mail: a row and a task in the transaction of what the mail tells about, so neither is without the other."""

from __future__ import annotations

import json
import logging
import smtplib
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import OutgoingMail
from plugzero_api.kernel import logs
from plugzero_api.kernel.tasks import UpstreamUnavailable, start

logger = logging.getLogger(__name__)


def send_mail(*, to: str, template: str, **values: Any) -> None:
    """Queue the template ``accounts/mail/<template>.txt`` for ``to`` (a canonical address)."""
    mail = OutgoingMail.objects.create(
        recipient=to, template=template, content=json.dumps(values, default=str)
    )
    start("accounts.send_mail", team_id=None, args={"mail_id": str(mail.pk)})


def dashboard_link(path: str, token: str) -> str:
    """The token travels in the fragment: browsers do not send it to servers, logs or referrers."""
    return f"{settings.PLUGZERO_DASHBOARD_URL.rstrip('/')}{path}#token={token}"


def compose(mail: OutgoingMail) -> EmailMessage:
    """Subject is the template's first line. A line break in a header is refused, never repaired."""
    values = {key: _one_line(value) for key, value in json.loads(mail.content).items()}
    text = render_to_string(
        f"accounts/mail/{mail.template}.txt", {**values, "product": "PlugZero Intelligence"}
    )
    subject, _, body = text.partition("\n")
    if "\n" in mail.recipient or "\r" in mail.recipient:
        raise ValueError("A line break in the recipient.")
    return EmailMessage(
        subject=subject.strip(),
        body=body.strip() + "\n",
        to=[mail.recipient],
        headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
    )


def _one_line(value: object) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())


def deliver(*, mail_id: UUID) -> None:
    """Send one mail unless it was sent. Raises ``UpstreamUnavailable`` when the mail server is at fault.

    No transaction is held while the server talks; the task's lease keeps a second sender away.
    """
    mail = OutgoingMail.objects.filter(pk=mail_id, sent_at__isnull=True).first()
    if mail is None:
        return
    try:
        compose(mail).send()
    except (smtplib.SMTPException, OSError) as error:
        logs.event(logger, "accounts.mail.failed", level=logging.WARNING, error=type(error).__name__)
        raise UpstreamUnavailable("The mail server did not take the message.") from error
    # One-time links must not rest in our tables once they are on their way.
    mail.content, mail.sent_at = "", timezone.now()
    mail.save(update_fields=["content", "sent_at"])
