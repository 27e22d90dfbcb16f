"""Users, teams and tokens for tests of any micro-app."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts.models import Role, Session, Team, TeamMembership, User
from accounts.services import tokens
from accounts.services.sessions import open_session
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team

PASSWORD = "correct horse battery staple"
_hashed: dict[str, str] = {}


def create_user(email: str | None = None, *, password: str = PASSWORD, **fields: object) -> User:
    """A user with a confirmed address. The password is hashed once per test run, since Argon2 is slow by design."""
    from django.contrib.auth.hashers import make_password

    if password not in _hashed:
        _hashed[password] = make_password(password)
    fields = {"email_verified_at": timezone.now(), "name": "Test Person", **fields}
    return User.objects.create(
        email=email or f"user-{uuid7().hex}@example.com", password=_hashed[password], **fields
    )


def create_team(name: str = "Test team", **fields: object) -> Team:
    return Team.objects.create(name=name, **fields)


def add_member(team: Team, user: User, role: str = Role.MEMBER, **fields: object) -> TeamMembership:
    with every_team("test data"):
        made: TeamMembership = TeamMembership.objects.create(team=team, user=user, role=role, **fields)
        return made


def create_member(team: Team, role: str = Role.MEMBER, **fields: object) -> User:
    """A new user who is in ``team`` only."""
    user = create_user()
    add_member(team, user, role, **fields)
    return user


def access_token(user: User, *, two_factor: bool = False) -> str:
    """An access token of a new session."""
    return open_session(user=user, with_second_factor=two_factor).access


def old_session(user: User, age: timedelta) -> Session:
    """A session that was opened ``age`` ago."""
    moment = timezone.now() - age
    return Session.objects.create(
        user=user,
        confirmed_at=moment,
        last_used_at=moment,
        expires_at=moment + settings.SESSION_ABSOLUTE_LIFETIME,
    )


def token_of(session: Session) -> str:
    return tokens.access_token(user_id=session.user_id, session_id=session.pk, until=session.expires_at)


def headers(user: User, team: Team | UUID | None = None) -> dict[str, str]:
    """Keyword arguments for Django's test client: a fresh session's token, and the team."""
    found = {"HTTP_AUTHORIZATION": f"Bearer {access_token(user)}"}
    if team is not None:
        found["HTTP_X_TEAM_ID"] = str(team.pk if isinstance(team, Team) else team)
    return found
