"""Keeping tables from growing without bound."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from accounts.models import EmailLink, OutgoingMail, Session

_KEPT = timedelta(days=30)


def purge_expired() -> None:
    """Delete what ended over 30 days ago: sessions, one-time links, sent mail."""
    limit = timezone.now() - _KEPT
    Session.objects.filter(Q(expires_at__lt=limit) | Q(revoked_at__lt=limit)).delete()
    EmailLink.objects.filter(expires_at__lt=limit).delete()
    OutgoingMail.objects.filter(created_at__lt=limit).delete()
