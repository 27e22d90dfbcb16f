"""Which second factors a user has."""

from __future__ import annotations

from uuid import UUID

from accounts.models import Passkey, RecoveryCode, TotpDevice

TOTP, PASSKEY, RECOVERY_CODE = "totp", "passkey", "recovery_code"


def methods_of(*, user_id: UUID) -> tuple[str, ...]:
    """The methods the user can complete a sign-in with; empty without a second factor."""
    found = []
    if TotpDevice.objects.filter(user_id=user_id, confirmed_at__isnull=False).exists():
        found.append(TOTP)
    if Passkey.objects.filter(user_id=user_id).exists():
        found.append(PASSKEY)
    if found and RecoveryCode.objects.filter(user_id=user_id, used_at__isnull=True).exists():
        found.append(RECOVERY_CODE)
    return tuple(found)
