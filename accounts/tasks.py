"""Tasks of accounts."""

from __future__ import annotations

from uuid import UUID

from accounts.services import maintenance
from accounts.services.mail import deliver
from plugzero_api.kernel.tasks import Run, micro_task


@micro_task("accounts.send_mail", queue="default", soft_limit=60, max_retries=8)
def send_mail(run: Run, mail_id: str) -> None:
    """Send one queued mail."""
    deliver(mail_id=UUID(mail_id))


@micro_task("accounts.purge_expired", queue="default", soft_limit=120)
def purge_expired(run: Run) -> None:
    """Remove sessions, links and mails that nobody can use any more."""
    maintenance.purge_expired()
