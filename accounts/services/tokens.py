"""The JSON Web Tokens of this platform: simplejwt's token classes over a ring of our own keys.

The first of JWT_SIGNING_KEYS signs and is named in the ``kid`` header; all of them verify, so a key can be
replaced without signing anybody out. HS256 only, with issuer and audience.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Self
from uuid import UUID

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenBackendExpiredToken, TokenError
from rest_framework_simplejwt.tokens import Token

ALGORITHM = "HS256"
_REQUIRED = ["exp", "iat", "aud", "iss", "sub", "jti"]


def key_id(key: str) -> str:
    """A public name of a signing key that tells nothing about it."""
    return hashlib.sha256(f"kid:{key}".encode()).hexdigest()[:12]


def _base64url(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


class KeyRing(TokenBackend):
    """Signs with the first key, verifies with the one the token names."""

    def __init__(self, keys: list[str]) -> None:
        super().__init__(ALGORITHM, keys[0], audience=settings.JWT_AUDIENCE, issuer=settings.JWT_ISSUER)
        self._keys = {key_id(key): key for key in keys}
        self._signing_id = key_id(keys[0])
        # Prepared once: PyJWT otherwise inspects a text key anew for every token.
        self._verifying = {
            name: jwt.PyJWK({"kty": "oct", "k": _base64url(key), "alg": ALGORITHM})
            for name, key in self._keys.items()
        }

    def encode(self, payload: dict[str, Any]) -> str:
        claims = {**payload, "aud": self.audience, "iss": self.issuer}
        return jwt.encode(
            claims, self._keys[self._signing_id], algorithm=ALGORITHM, headers={"kid": self._signing_id}
        )

    def decode(self, token: Any, verify: bool = True) -> dict[str, Any]:
        try:
            key = self._verifying[jwt.get_unverified_header(token).get("kid", "")]
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": _REQUIRED},
            )
        except jwt.ExpiredSignatureError as error:
            raise TokenBackendExpiredToken("Token is expired") from error
        except (jwt.InvalidTokenError, KeyError, TypeError, ValueError) as error:
            raise TokenBackendError("Token is invalid") from error
        return claims


_rings: dict[tuple[str, ...], KeyRing] = {}


def key_ring() -> KeyRing:
    keys = tuple(settings.JWT_SIGNING_KEYS)
    if keys not in _rings:
        _rings[keys] = KeyRing(list(keys))
    return _rings[keys]


class PlatformToken(Token):
    """Base of our tokens; ``read`` is the only way in from outside."""

    @classmethod
    def read(cls, raw: str) -> Self:
        """Verify a received token. Raises ``rest_framework_simplejwt.exceptions.TokenError``."""
        try:
            return cls(raw)  # type: ignore[arg-type]
        except (KeyError, ValueError, TypeError, OverflowError) as error:
            raise TokenError("Token is invalid") from error

    def get_token_backend(self) -> TokenBackend:
        return key_ring()

    @cached_property
    def user_id(self) -> UUID:
        return UUID(self["sub"])

    @cached_property
    def session_id(self) -> UUID:
        return UUID(self["sid"])


class AccessToken(PlatformToken):
    token_type = "access"
    lifetime = settings.ACCESS_TOKEN_LIFETIME


class RefreshToken(PlatformToken):
    """``gen`` is the session's generation it was made for."""

    token_type = "refresh"
    lifetime = settings.REFRESH_TOKEN_LIFETIME

    @cached_property
    def generation(self) -> int:
        return int(self["gen"])


class ChallengeToken(PlatformToken):
    """Proof of a right password while the second factor is still owed."""

    token_type = "challenge"
    lifetime = timedelta(minutes=5)


def access_token(*, user_id: UUID, session_id: UUID, until: datetime) -> str:
    token = AccessToken()
    token["sub"], token["sid"] = str(user_id), str(session_id)
    return _signed(token, until)


def refresh_token(*, user_id: UUID, session_id: UUID, generation: int, until: datetime) -> str:
    token = RefreshToken()
    token["sub"], token["sid"], token["gen"] = str(user_id), str(session_id), generation
    return _signed(token, until)


def challenge_token(*, user_id: UUID) -> ChallengeToken:
    token = ChallengeToken()
    token["sub"] = str(user_id)
    return token


def _signed(token: PlatformToken, until: datetime) -> str:
    # No token outlives its session.
    token["exp"] = min(token["exp"], int(until.timestamp()))
    return str(token)
