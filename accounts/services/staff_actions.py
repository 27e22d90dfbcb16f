"""What staff do to accounts in bulk; each affected account's own record tells of it."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, Passkey, RecoveryCode, TotpDevice, User
from accounts.services.activity import record_activity
from accounts.services.sessions import revoke_sessions


def deactivate(*, users: Iterable[User]) -> int:
    """No sign-in any more, and no session. Returns how many accounts."""
    users = list(users)
    with transaction.atomic():
        for user in users:
            User.objects.filter(pk=user.pk).update(is_active=False)
            _record(user, "user.deactivated")
        end_sessions(users=users)
    return len(users)


def end_sessions(*, users: Iterable[User]) -> int:
    """Returns how many sessions ended."""
    with transaction.atomic():
        return sum(revoke_sessions(user_id=user.pk, reason="ended by staff") for user in users)


def remove_second_factors(*, users: Iterable[User]) -> int:
    """For people who lost theirs and were identified otherwise. Returns how many accounts."""
    users = list(users)
    with transaction.atomic():
        for user in users:
            for model in (TotpDevice, Passkey, RecoveryCode):
                model._default_manager.filter(user_id=user.pk).delete()
            _record(user, "second_factors.removed_by_staff")
        end_sessions(users=users)
    return len(users)


def revoke_keys(*, keys: Iterable[ApiKey]) -> int:
    """Returns how many keys ended."""
    count = 0
    with transaction.atomic():
        for key in keys:
            if ApiKey._base_manager.filter(pk=key.pk, revoked_at__isnull=True).update(
                revoked_at=timezone.now()
            ):
                count += 1
                record_activity(
                    actor=None,
                    team_id=key.team_id,
                    action="api_key.revoked",
                    object_type="api_key",
                    object_id=key.pk,
                    object_label=str(key),
                )
    return count


def _record(user: User, action: str) -> None:
    # In the account's own chain, so that its owner sees it; the staff member's entry is in theirs.
    record_activity(
        actor=None, account_id=user.pk, team_id=None, action=action, object_type="user", object_id=user.pk
    )
