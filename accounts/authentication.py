"""How a request says who it is from: ``Bearer <access token>`` or ``Api-Key <key>``, and ``X-Team-ID``.

Identity, session, team and role come from one query, made for every request: a revoked session, a removed or
suspended member and a changed role count from the next request on.
"""

from __future__ import annotations

import hmac
from uuid import UUID

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts import selectors
from accounts.contracts import SignedInUser
from accounts.errors import MembershipSuspended, TeamNotFound, TwoFactorRequired
from accounts.origin import remember_origin
from accounts.services.access import access_of
from accounts.services.api_keys import split_key, touch_api_key
from accounts.services.tokens import AccessToken
from plugzero_api.kernel.access import Access, Principal
from plugzero_api.kernel.api.throttling import client_address
from plugzero_api.kernel.errors import DomainError, FieldError, InvalidInput

MAX_CREDENTIAL = 4096


class TeamAuthentication(BaseAuthentication):
    """Yields ``(SignedInUser, Principal)``; None without an Authorization header."""

    def authenticate(self, request: Request) -> tuple[SignedInUser, Principal] | None:
        address = client_address(request._request)
        remember_origin(ip_address=address, user_agent=request.headers.get("User-Agent", ""))
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, credential = header.partition(" ")
        credential = credential.strip()
        if len(credential) > MAX_CREDENTIAL or not credential.isascii():
            raise AuthenticationFailed("The credential is not valid.")
        if scheme.lower() == "bearer":
            return _session(credential, _named_team(request))
        if scheme.lower() == "api-key":
            return _api_key(credential, _named_team(request), address)
        raise AuthenticationFailed("Use 'Bearer <access token>' or 'Api-Key <key>'.")

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="plugzero"'


def _named_team(request: Request) -> UUID | None:
    raw = request.headers.get("X-Team-ID")
    if raw is None or not raw.strip():
        return None
    try:
        return UUID(raw.strip())
    except ValueError:
        message = "X-Team-ID must be the id of one of your teams."
        raise InvalidInput(message, errors=[FieldError("/X-Team-ID", "invalid", message)]) from None


def _session(raw: str, team_id: UUID | None) -> tuple[SignedInUser, Principal]:
    try:
        token = AccessToken.read(raw)
        session_id, user_id = token.session_id, token.user_id
    except (TokenError, KeyError, ValueError, AttributeError, TypeError):
        raise AuthenticationFailed("The access token is not valid.") from None
    identity = selectors.find_identity(session_id=session_id, user_id=user_id)
    if identity is None:
        raise AuthenticationFailed("The session has ended.")
    access, refusal = _choose(identity, team_id)
    user = SignedInUser(identity.user_id, identity.email, identity.name, identity.is_staff)
    teams = tuple(row.team_id for row in identity.memberships if not row.is_suspended)
    return user, Principal(
        user_id=identity.user_id,
        kind="session",
        access=access,
        session_id=session_id,
        teams=teams,
        refusal=refusal,
    )


def _choose(
    identity: selectors.IdentityRow, team_id: UUID | None
) -> tuple[Access | None, DomainError | None]:
    """The membership the request acts by: the named team's, or the only one there is."""
    rows = identity.memberships
    if team_id is not None:
        rows = tuple(row for row in rows if row.team_id == team_id)
        if not rows:
            return None, TeamNotFound("X-Team-ID names none of your teams.")
    if len(rows) != 1:
        return None, None
    row = rows[0]
    if row.is_suspended:
        return None, MembershipSuspended("Ask an owner or administrator of the team.")
    if row.requires_two_factor and identity.two_factor_at is None:
        return None, TwoFactorRequired("Set up a second factor in your profile and sign in with it.")
    access = access_of(
        user_id=identity.user_id, team_id=row.team_id, role=row.role, project_ids=row.project_ids
    )
    return access, None


def _api_key(raw: str, team_id: UUID | None, address: str) -> tuple[SignedInUser, Principal]:
    parts = split_key(raw)
    row = selectors.find_api_key(prefix=parts[0]) if parts else None
    if parts is None or row is None:
        raise AuthenticationFailed("The API key is not valid.")
    if not hmac.compare_digest(selectors.hash_secret(parts[1], purpose="api-key"), row.secret_hash):
        raise AuthenticationFailed("The API key is not valid.")
    touch_api_key(key_id=row.id, last_used_at=row.last_used_at, address=address)
    refusal = None
    access: Access | None = access_of(
        user_id=row.user_id,
        team_id=row.team_id,
        role=row.role,
        project_ids=row.project_ids,
        scopes=row.scopes,
    )
    if team_id is not None and team_id != row.team_id:
        access, refusal = None, TeamNotFound("X-Team-ID names another team than the key's.")
    user = SignedInUser(row.user_id, row.email, row.name)
    return user, Principal(
        user_id=row.user_id,
        kind="api_key",
        access=access,
        api_key_id=row.id,
        teams=(row.team_id,),
        refusal=refusal,
    )
