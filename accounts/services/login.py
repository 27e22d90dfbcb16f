"""Signing in: password first, then the second factor if there is one.

Whatever is wrong, the answer and its cost are the same: one password hash, one log entry.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts.contracts import Challenge, TokenPair
from accounts.errors import InvalidChallenge, InvalidCredentials
from accounts.logic.emails import InvalidEmail, normalise_email
from accounts.models import Session, User
from accounts.origin import current_origin
from accounts.services import factors, links, passkeys, tokens
from accounts.services.activity import record_activity
from accounts.services.sessions import open_session
from accounts.services.throttles import forgive, throttle, throttle_address
from plugzero_api.kernel.counters import raise_counter

_KNOWN_FOR = timedelta(days=30)


def login(*, email: str, password: str) -> TokenPair | Challenge:
    """Tokens, or a challenge when a second factor is set up.

    Raises ``InvalidCredentials`` or ``RateLimited``. Tries are counted before the password is looked at, so
    parallel ones cannot slip through; a stranger's tries do not lock out an address the user has used before.
    """
    try:
        address = normalise_email(email)
    except InvalidEmail:
        address = email.lower()[:254]
    origin = current_origin().ip_address
    throttle_address("login_ip")
    throttle("login_account_ip", address, origin)
    user = User.objects.filter(email=address).first()
    known_here = Session.objects.filter(
        user=user, ip_address=origin, created_at__gt=timezone.now() - _KNOWN_FOR
    ).exists()
    if not known_here:
        throttle("login_account", address)
    if user is None or not user.has_usable_password():
        make_password(password)
        right = False
    else:
        right = user.check_password(password)
    usable = (
        user is not None
        and user.is_active
        and (user.email_verified_at is not None or not settings.PLUGZERO_REQUIRE_VERIFIED_EMAIL)
    )
    if user is None or not right or not usable:
        with transaction.atomic():
            record_activity(
                actor=user.pk if user else None,
                team_id=None,
                action="login.failed",
                object_type="user",
                object_id=user.pk if user else "",
            )
            if user is not None and right and user.is_active:
                links.send_verification(user=user)
        raise InvalidCredentials("The e-mail or the password is wrong, or the address is not confirmed yet.")
    forgive("login_account_ip", address, origin)
    methods = factors.methods_of(user_id=user.pk)
    if methods:
        return Challenge(str(tokens.challenge_token(user_id=user.pk)), methods)
    return complete_login(user=user, with_second_factor=False)


def complete_login(*, user: User, with_second_factor: bool) -> TokenPair:
    """Open the session and put the sign-in on record."""
    with transaction.atomic():
        pair = open_session(user=user, with_second_factor=with_second_factor)
        User.objects.filter(pk=user.pk).update(last_login=timezone.now())
        record_activity(
            actor=user.pk,
            team_id=None,
            action="login.succeeded",
            object_type="session",
            object_id=pair.session_id,
            after={"second_factor": with_second_factor},
        )
    return pair


def verify_login(*, challenge: str, proof: factors.Proof) -> TokenPair:
    """Complete a sign-in by the second factor. Raises ``InvalidChallenge``, ``InvalidCode`` or ``RateLimited``."""
    token, user = _challenged(challenge)
    factors.check_proof(user=user, proof=proof)
    if raise_counter(f"challenge:{token['jti']}", window=600).value > 1:
        raise InvalidChallenge("Sign in again.")
    return complete_login(user=user, with_second_factor=True)


def passkey_options(*, challenge: str) -> tuple[dict[str, Any], str]:
    """What the browser needs to answer with a passkey. Raises ``InvalidChallenge``."""
    throttle_address("login_ip")
    _, user = _challenged(challenge)
    return passkeys.authentication_options(user_id=user.pk)


def _challenged(challenge: str) -> tuple[tokens.ChallengeToken, User]:
    try:
        token = tokens.ChallengeToken.read(challenge)
        user = User.objects.filter(pk=token.user_id, is_active=True).first()
        issued = datetime.fromtimestamp(token["iat"], UTC)
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        raise InvalidChallenge("Sign in again.") from None
    # Times of tokens are whole seconds.
    changed = user.password_changed_at if user else None
    if user is None or (changed is not None and changed.replace(microsecond=0) > issued):
        raise InvalidChallenge("Sign in again.")
    return token, user
