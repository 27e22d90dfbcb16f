"""A user's own account."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.services.activity import record_activity
from plugzero_api.kernel.access import Principal


def update_profile(*, principal: Principal, name: str) -> None:
    """Change the name others see."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=principal.user_id)
        before = user.name
        user.name = name
        user.save(update_fields=["name"])
        if before != name:
            record_activity(
                actor=principal,
                team_id=None,
                action="user.renamed",
                object_type="user",
                object_id=user.pk,
                before={"name": before},
                after={"name": name},
            )


def get_user(*, user_id: UUID) -> User:
    """The row of a signed-in user."""
    return User.objects.get(pk=user_id)
