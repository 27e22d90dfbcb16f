"""Who is asking: what authentication yields and permissions are judged by."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from plugzero_api.kernel.errors import DomainError


@dataclass(frozen=True, slots=True)
class Access:
    """What a user may do in a team. ``restricted_to`` None means all of the team's projects."""

    user_id: UUID
    team_id: UUID
    role: str
    permissions: frozenset[str]
    restricted_to: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """The identity behind a request: a user's session, or an API key of theirs; in one team or (None) in none yet.

    ``teams`` are the ids of the teams the user could act in, for the answer that asks to choose one.
    ``refusal`` says why ``access`` is None although a team was named or could be chosen (suspended, second factor
    owed, no such team); what needs no team is open all the same.
    """

    user_id: UUID
    kind: str
    access: Access | None
    session_id: UUID | None = None
    api_key_id: UUID | None = None
    teams: tuple[UUID, ...] = ()
    refusal: DomainError | None = None
    is_authenticated: bool = field(default=True, init=False)

    @property
    def throttle_key(self) -> str:
        return f"{self.kind}:{self.api_key_id or self.user_id}"

    def may(self, permission: str) -> bool:
        return self.access is not None and permission in self.access.permissions
