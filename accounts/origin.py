"""Where the present request comes from: set by authentication, read by the activity log and by sessions."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

from plugzero_api.kernel import logs


@dataclass(frozen=True, slots=True)
class Origin:
    """``request_id`` ties the value to its request: a later one in the same thread never inherits it."""

    request_id: str
    ip_address: str
    user_agent: str


_NOWHERE = Origin("", "", "")
_origin: ContextVar[Origin] = ContextVar("request_origin", default=_NOWHERE)


def remember_origin(*, ip_address: str, user_agent: str) -> None:
    printable = "".join(char for char in user_agent if char.isprintable())
    _origin.set(Origin(logs.current_request_id() or "", ip_address[:45], printable[:300]))


def current_origin() -> Origin:
    origin = _origin.get()
    return origin if origin.request_id == (logs.current_request_id() or "") else _NOWHERE
