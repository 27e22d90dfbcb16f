"""The order of roles, and who may give which."""

from __future__ import annotations

from plugzero_api.kernel.plugins import ADMIN, MEMBER, OWNER, VIEWER

RANK = {VIEWER: 0, MEMBER: 1, ADMIN: 2, OWNER: 3}


def may_assign(actor: str, *, present: str | None, wanted: str) -> bool:
    """Whether ``actor`` may move somebody from ``present`` (None: not yet a member) to ``wanted``.

    Nobody handles a role above their own.
    """
    return RANK[wanted] <= RANK[actor] and (present is None or RANK[present] <= RANK[actor])
