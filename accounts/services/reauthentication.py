"""Proof that the person at the session is still the one who signed in, before something sensitive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import selectors
from accounts.errors import InvalidCode, InvalidCredentials, ReauthenticationRequired
from accounts.models import User
from accounts.services import factors
from accounts.services.activity import record_activity
from accounts.services.throttles import forgive, throttle
from plugzero_api.kernel.access import Principal

WINDOW = timedelta(minutes=10)


def require_recent(principal: Principal) -> None:
    """Raises ``ReauthenticationRequired`` unless the session signed in or confirmed within ``WINDOW``."""
    since = timezone.now() - WINDOW
    if not selectors.session_of(principal).filter(confirmed_at__gt=since).exists():
        raise ReauthenticationRequired(
            "Confirm with your password (and second factor) at me/reauthenticate/, then try again."
        )


def reauthenticate(*, principal: Principal, password: str, proof: factors.Proof | None) -> None:
    """Confirm the session by password and, where one is set up, second factor.

    Raises ``InvalidCredentials``, ``InvalidCode`` or ``RateLimited``.
    """
    throttle("reauthenticate", principal.user_id)
    user = User.objects.get(pk=principal.user_id)
    if not user.check_password(password):
        raise InvalidCredentials("The password is wrong.")
    changes: dict[str, Any] = {"confirmed_at": timezone.now()}
    if factors.methods_of(user_id=user.pk):
        if proof is None:
            raise InvalidCode("A code of your second factor is needed too.")
        factors.check_proof(user=user, proof=proof)
        changes["two_factor_at"] = timezone.now()
    forgive("reauthenticate", principal.user_id)
    with transaction.atomic():
        selectors.session_of(principal).update(**changes)
        record_activity(
            actor=principal,
            team_id=None,
            action="session.confirmed",
            object_type="session",
            object_id=principal.session_id or "",
        )
