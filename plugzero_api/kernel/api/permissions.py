"""Permissions stand beside the view: ``permission_of = {action: code}``; an action without one is refused."""

from __future__ import annotations

from typing import Any, Final

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput, PermissionDenied

# Marks of actions that need no right in a team: a signed-in user's own things, and the public ones.
SIGNED_IN: Final = "signed_in"
PUBLIC: Final = "public"


class TeamRequired(InvalidInput):
    code = "team_required"
    title = "Say which team this request is for"


def permission_for(view: Any, method: str) -> str | None:
    """The permission code (or mark) of the view's present action; None when nobody declared one."""
    table: dict[str, str] = getattr(view, "permission_of", {})
    return table.get(getattr(view, "action", None) or method.lower())


class HasTeamPermission(BasePermission):
    """401 for strangers, 400 when the team is unclear, 403 for a missing right; no declaration means no entry."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = permission_for(view, request.method or "")
        if needed == PUBLIC:
            return True
        principal = request.auth
        if not isinstance(principal, Principal):
            return False
        if needed is None:
            # Methods the view does not have end as 405 in the dispatcher; a forgotten declaration ends here.
            if request.method and request.method.lower() not in view.http_method_names:
                return True
            return getattr(view, "action", None) is None and not hasattr(
                view, request.method.lower() if request.method else ""
            )
        if needed == SIGNED_IN:
            return principal.kind == "session"
        if principal.refusal is not None:
            raise principal.refusal
        if principal.access is None:
            raise TeamRequired(
                "You are in several teams: name one in the X-Team-ID header.",
                errors=[FieldError("/X-Team-ID", "required", "The id of one of your teams.")],
            )
        if not principal.may(needed):
            raise PermissionDenied(f"This needs the right '{needed}'.", permission=needed)
        return True
