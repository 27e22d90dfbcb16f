"""Teams and their rules."""

from __future__ import annotations

from uuid import UUID

from accounts.models import User
from accounts.services import registration
from accounts.services.throttles import throttle
from plugzero_api.kernel.access import Principal


def create_team(*, principal: Principal, name: str) -> UUID:
    """A new team owned by the principal. Raises ``RateLimited``."""
    throttle("team_create_user", principal.user_id)
    return registration.create_team(owner=User.objects.get(pk=principal.user_id), name=name).pk
