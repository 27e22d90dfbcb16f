"""What leaves accounts: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """The user of a request, as read with the membership in one query: no row, so nothing can be saved by chance."""

    id: UUID
    email: str
    name: str
    is_staff: bool = False
    is_active: bool = field(default=True, init=False)
    is_authenticated: bool = field(default=True, init=False)
    is_anonymous: bool = field(default=False, init=False)

    @property
    def pk(self) -> UUID:
        return self.id


@dataclass(frozen=True, slots=True)
class UserRef:
    id: UUID
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class TeamRef:
    id: UUID
    name: str
    is_personal: bool


@dataclass(frozen=True, slots=True)
class TokenPair:
    access: str
    refresh: str
    session_id: UUID
    user: UserRef


@dataclass(frozen=True, slots=True)
class Challenge:
    """The second factor that is still owed: a token for the next step and the methods that would do."""

    token: str
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A new key; ``key`` is shown this once."""

    id: UUID
    name: str
    prefix: str
    key: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanLimit:
    """``limit`` None: no limit."""

    key: str
    used: int
    limit: int | None
