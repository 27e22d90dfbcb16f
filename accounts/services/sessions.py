"""Sessions: one per sign-in, renewed by rotation.

A refresh moves the session's ``generation`` by a conditional update, so of any number of concurrent refreshes one
moves it. The others (a second tab, a retried request) are answered from the generation just made if they come within
seconds and hold its immediate predecessor; an older token means that a copy is about, and ends the session.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts import selectors
from accounts.contracts import TokenPair, UserRef
from accounts.errors import InvalidRefreshToken, SessionNotFound
from accounts.models import Session, User
from accounts.origin import current_origin
from accounts.services import tokens
from accounts.services.activity import record_activity

GRACE = timedelta(seconds=10)


def open_session(*, user: User, with_second_factor: bool) -> TokenPair:
    """Sign the user in on a new session."""
    now = timezone.now()
    origin = current_origin()
    session = Session.objects.create(
        user=user,
        user_agent=origin.user_agent,
        ip_address=origin.ip_address,
        two_factor_at=now if with_second_factor else None,
        confirmed_at=now,
        last_used_at=now,
        expires_at=now + settings.SESSION_ABSOLUTE_LIFETIME,
    )
    return _pair(session, user)


def _pair(session: Session, user: User) -> TokenPair:
    return TokenPair(
        access=tokens.access_token(user_id=user.pk, session_id=session.pk, until=session.expires_at),
        refresh=tokens.refresh_token(
            user_id=user.pk, session_id=session.pk, generation=session.generation, until=session.expires_at
        ),
        session_id=session.pk,
        user=UserRef(user.pk, user.email, user.name),
    )


def refresh_session(*, refresh: str) -> TokenPair:
    """New tokens for a refresh token. Raises ``InvalidRefreshToken``."""
    try:
        token = tokens.RefreshToken.read(refresh)
        session_id, user_id, generation = token.session_id, token.user_id, token.generation
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        raise InvalidRefreshToken("Sign in again.") from None
    pair = _rotate(session_id=session_id, user_id=user_id, generation=generation)
    if pair is None:
        # Outside the transaction above, which must be free to commit the end of the session.
        raise InvalidRefreshToken("Sign in again.")
    return pair


@transaction.atomic
def _rotate(*, session_id: UUID, user_id: UUID, generation: int) -> TokenPair | None:
    now = timezone.now()
    origin = current_origin()
    alive = Session.objects.filter(
        pk=session_id, user_id=user_id, revoked_at__isnull=True, expires_at__gt=now
    )
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return None
    # Own columns only: a join would turn this into a subquery that PostgreSQL does not judge anew after a wait.
    moved = alive.filter(generation=generation).update(
        generation=generation + 1,
        rotated_at=now,
        last_used_at=now,
        ip_address=origin.ip_address,
        user_agent=origin.user_agent,
    )
    session = alive.first()
    if session is None:
        return None
    if moved:
        return _pair(session, user)
    if session.generation == generation + 1 and session.rotated_at and session.rotated_at > now - GRACE:
        return _pair(session, user)
    if generation < session.generation and _end(alive, reason="refresh token reused"):
        record_activity(
            actor=user_id,
            team_id=None,
            action="session.reuse_detected",
            object_type="session",
            object_id=session_id,
        )
    return None


def _end(sessions: QuerySet[Session], *, reason: str) -> int:
    return sessions.filter(revoked_at__isnull=True).update(revoked_at=timezone.now(), revoked_reason=reason)


def end_session_of_token(*, refresh: str) -> None:
    """Logout. A token that is no longer good has no session to end, which is what was asked for."""
    try:
        token = tokens.RefreshToken.read(refresh)
        session_id, user_id = token.session_id, token.user_id
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        return
    with transaction.atomic():
        if _end(Session.objects.filter(pk=session_id, user_id=user_id), reason="logout"):
            record_activity(
                actor=user_id,
                team_id=None,
                action="session.ended",
                object_type="session",
                object_id=session_id,
            )


def revoke_session(*, user_id: UUID, session_id: UUID) -> None:
    """End one of the user's own sessions. Raises ``SessionNotFound``."""
    with transaction.atomic():
        if not _end(
            selectors.living_sessions_of(user_id=user_id).filter(pk=session_id), reason="revoked by its user"
        ):
            raise SessionNotFound
        record_activity(
            actor=user_id, team_id=None, action="session.revoked", object_type="session", object_id=session_id
        )


def revoke_sessions(*, user_id: UUID, reason: str, keep: UUID | None = None) -> int:
    """End all of a user's sessions, or all but ``keep``. Returns how many."""
    sessions = Session.objects.filter(user_id=user_id)
    if keep is not None:
        sessions = sessions.exclude(pk=keep)
    ended = _end(sessions, reason=reason)
    if ended:
        record_activity(
            actor=user_id,
            team_id=None,
            action="session.all_ended",
            object_type="user",
            object_id=user_id,
            after={"sessions": ended, "reason": reason},
        )
    return ended
