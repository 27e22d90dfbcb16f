"""Second factors: authenticator app, recovery codes, passkeys."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pyotp
from django.db import transaction
from django.utils import timezone

from accounts import selectors
from accounts.errors import InvalidCode, TwoFactorAlreadyOn, TwoFactorNotSetUp
from accounts.logic.totp import matching_step
from accounts.models import Passkey, RecoveryCode, TotpDevice, User
from accounts.services import passkeys
from accounts.services.activity import record_activity
from accounts.services.mail import send_mail
from accounts.services.sessions import revoke_sessions
from accounts.services.throttles import throttle
from plugzero_api.kernel.access import Principal

TOTP, PASSKEY, RECOVERY_CODE = "totp", "passkey", "recovery_code"
METHODS = (TOTP, PASSKEY, RECOVERY_CODE)
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_ISSUER = "PlugZero Intelligence"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a user shows: a code, or for passkeys the token of the options and the browser's credential."""

    method: str
    code: str = ""
    token: str = ""
    credential: dict[str, Any] | None = None


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


def check_proof(*, user: User, proof: Proof) -> None:
    """Judge and use up a proof. Raises ``InvalidCode`` or ``RateLimited``; tries are counted first."""
    throttle("second_factor", user.pk)
    if proof.method == TOTP:
        right = _use_totp(user_id=user.pk, code=proof.code, confirmed=True)
    elif proof.method == RECOVERY_CODE:
        right = _use_recovery_code(user_id=user.pk, code=proof.code)
    elif proof.method == PASSKEY:
        right = passkeys.use_passkey(user_id=user.pk, token=proof.token, credential=proof.credential or {})
    else:
        right = False
    if not right:
        with transaction.atomic():
            record_activity(
                actor=user.pk,
                team_id=None,
                action="second_factor.failed",
                object_type="user",
                object_id=user.pk,
                after={"method": proof.method},
            )
        raise InvalidCode("The code is wrong, used or too old.")


def _use_totp(*, user_id: UUID, code: str, confirmed: bool) -> bool:
    device = TotpDevice.objects.filter(user_id=user_id, confirmed_at__isnull=not confirmed).first()
    if device is None:
        return False
    step = matching_step(device.secret, code, now=time.time(), last_step=device.last_step)
    if step is None:
        return False
    # The update decides: of two uses of one code at once, one moves the step.
    return bool(TotpDevice.objects.filter(pk=device.pk, last_step__lt=step).update(last_step=step))


def _use_recovery_code(*, user_id: UUID, code: str) -> bool:
    used = RecoveryCode.objects.filter(
        user_id=user_id, code_hash=_hash_recovery_code(user_id, code), used_at__isnull=True
    ).update(used_at=timezone.now())
    if used:
        with transaction.atomic():
            user = User.objects.get(pk=user_id)
            record_activity(
                actor=user_id,
                team_id=None,
                action="recovery_code.used",
                object_type="user",
                object_id=user_id,
            )
            send_mail(to=user.email, template="security_notice", what="A recovery code was used to sign in.")
    return bool(used)


def _hash_recovery_code(user_id: UUID, code: str) -> str:
    plain = "".join(char for char in code.lower() if char.isalnum())
    return selectors.hash_secret(f"{user_id}:{plain}", purpose="recovery-code")


def start_totp(*, principal: Principal) -> tuple[str, str]:
    """A new secret, not yet in force: ``(base32 secret, otpauth:// address for the QR code)``.

    Raises ``TwoFactorAlreadyOn``.
    """
    user = User.objects.get(pk=principal.user_id)
    with transaction.atomic():
        # The row lock keeps two set-ups at once from leaving a secret nobody was shown.
        User.objects.select_for_update().get(pk=user.pk)
        device = TotpDevice.objects.filter(user=user).first()
        if device is not None and device.confirmed_at is not None:
            raise TwoFactorAlreadyOn("Remove the present authenticator app first.")
        secret = pyotp.random_base32(32)
        TotpDevice.objects.update_or_create(
            user=user, defaults={"secret": secret, "confirmed_at": None, "last_step": 0}
        )
    return secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=_ISSUER)


def confirm_totp(*, principal: Principal, code: str) -> list[str]:
    """Put the new secret in force by a first code; returns fresh recovery codes, shown this once.

    Raises ``TwoFactorNotSetUp`` or ``InvalidCode``. Other sessions end.
    """
    user_id = principal.user_id
    throttle("second_factor", user_id)
    if not TotpDevice.objects.filter(user_id=user_id, confirmed_at__isnull=True).exists():
        raise TwoFactorNotSetUp("Start the set-up first.")
    if not _use_totp(user_id=user_id, code=code, confirmed=False):
        raise InvalidCode("The code does not fit. Check the clock of your device.")
    with transaction.atomic():
        TotpDevice.objects.filter(user_id=user_id).update(confirmed_at=timezone.now())
        codes = _new_recovery_codes(user_id)
        changed(principal, action="totp.enabled", what="An authenticator app was set up.")
    return codes


def changed(principal: Principal, *, action: str, what: str, object_id: object = "") -> None:
    """What follows every change of a second factor: other sessions end, the log and the owner are told."""
    user = User.objects.get(pk=principal.user_id)
    has_factor = bool(methods_of(user_id=user.pk))
    selectors.session_of(principal).update(two_factor_at=timezone.now() if has_factor else None)
    revoke_sessions(user_id=user.pk, reason="second factor changed", keep=principal.session_id)
    record_activity(
        actor=principal, team_id=None, action=action, object_type="user", object_id=object_id or user.pk
    )
    send_mail(to=user.email, template="security_notice", what=what)


def remove_totp(*, principal: Principal) -> None:
    """Take the authenticator app out of force. Raises ``TwoFactorNotSetUp``."""
    user_id = principal.user_id
    with transaction.atomic():
        if not TotpDevice.objects.filter(user_id=user_id).delete()[0]:
            raise TwoFactorNotSetUp("There is no authenticator app to remove.")
        forget_idle_recovery_codes(user_id=user_id)
        changed(principal, action="totp.disabled", what="The authenticator app was removed.")


def forget_idle_recovery_codes(*, user_id: UUID) -> None:
    """Recovery codes stand in for a factor; without one they go."""
    if not methods_of(user_id=user_id):
        RecoveryCode.objects.filter(user_id=user_id).delete()


def renew_recovery_codes(*, principal: Principal) -> list[str]:
    """Ten new codes; the old ones end. Raises ``TwoFactorNotSetUp``."""
    user_id = principal.user_id
    if not methods_of(user_id=user_id):
        raise TwoFactorNotSetUp("Set up a second factor first.")
    with transaction.atomic():
        codes = _new_recovery_codes(user_id)
        changed(principal, action="recovery_codes.renewed", what="New recovery codes were made.")
    return codes


def _new_recovery_codes(user_id: UUID) -> list[str]:
    codes = [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2))
        for _ in range(RECOVERY_CODES)
    ]
    RecoveryCode.objects.filter(user_id=user_id).delete()
    RecoveryCode.objects.bulk_create(
        RecoveryCode(user_id=user_id, code_hash=_hash_recovery_code(user_id, code)) for code in codes
    )
    return codes


def add_passkey(
    *, principal: Principal, token: str, credential: dict[str, Any], name: str
) -> tuple[Passkey, list[str]]:
    """Store a passkey the browser made; returns it and, for a first factor, recovery codes.

    Raises ``PasskeyRefused``.
    """
    user_id = principal.user_id
    first = not methods_of(user_id=user_id)
    with transaction.atomic():
        passkey = passkeys.register_passkey(user_id=user_id, token=token, credential=credential, name=name)
        codes = _new_recovery_codes(user_id) if first else []
        changed(
            principal, action="passkey.added", what=f"The passkey {name} was added.", object_id=passkey.pk
        )
    return passkey, codes


def remove_passkey(*, principal: Principal, passkey_id: UUID) -> None:
    """Raises ``PasskeyNotFound``."""
    user_id = principal.user_id
    with transaction.atomic():
        name = passkeys.delete_passkey(user_id=user_id, passkey_id=passkey_id)
        forget_idle_recovery_codes(user_id=user_id)
        changed(
            principal, action="passkey.removed", what=f"The passkey {name} was removed.", object_id=passkey_id
        )
