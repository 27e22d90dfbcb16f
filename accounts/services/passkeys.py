"""WebAuthn credentials. The challenge travels in a signed token that works once, so no state waits in between."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.errors import PasskeyNotFound, PasskeyRefused
from accounts.models import Passkey, User
from accounts.services import tokens
from plugzero_api.kernel.counters import raise_counter

MAX_PASSKEYS = 20
_LIFETIME = timedelta(minutes=5)


class PasskeyToken(tokens.PlatformToken):
    """Holds the challenge of one ceremony (``use``: register or sign_in) of one user."""

    token_type = "passkey"
    lifetime = _LIFETIME


def _site() -> tuple[str, str]:
    """``(relying party id, origin)``: passkeys belong to the dashboard's address."""
    parts = urlsplit(settings.PLUGZERO_DASHBOARD_URL)
    return parts.hostname or "", f"{parts.scheme}://{parts.netloc}"


def _token(user_id: UUID, use: str, challenge: bytes) -> str:
    token = PasskeyToken()
    token["sub"], token["use"], token["chal"] = str(user_id), use, bytes_to_base64url(challenge)
    return str(token)


def _challenge_of(raw: str, *, user_id: UUID, use: str) -> bytes:
    """The challenge of a token, used up. Raises ``PasskeyRefused``."""
    try:
        token = PasskeyToken.read(raw)
        fits = token.user_id == user_id and token["use"] == use
        challenge = base64url_to_bytes(token["chal"])
        once = fits and raise_counter(f"passkey-token:{token['jti']}", window=600).value == 1
    except (TokenError, KeyError, ValueError, TypeError, AttributeError):
        fits = once = False
        challenge = b""
    if not (fits and once):
        raise PasskeyRefused("Ask for new options and try again.")
    return challenge


def registration_options(*, user_id: UUID) -> tuple[dict[str, Any], str]:
    """Options for ``navigator.credentials.create`` and the token to send back with the result."""
    user = User.objects.get(pk=user_id)
    rp_id, _ = _site()
    options = webauthn.generate_registration_options(
        rp_id=rp_id,
        rp_name="PlugZero Intelligence",
        user_id=user.pk.bytes,
        user_name=user.email,
        user_display_name=user.name or user.email,
        exclude_credentials=_descriptors(user_id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return options_to_json_dict(options), _token(user_id, "register", options.challenge)


def authentication_options(*, user_id: UUID) -> tuple[dict[str, Any], str]:
    """Options for ``navigator.credentials.get`` and the token to send back with the result."""
    rp_id, _ = _site()
    options = webauthn.generate_authentication_options(rp_id=rp_id, allow_credentials=_descriptors(user_id))
    return options_to_json_dict(options), _token(user_id, "sign_in", options.challenge)


def _descriptors(user_id: UUID) -> list[PublicKeyCredentialDescriptor]:
    ids = Passkey.objects.filter(user_id=user_id).values_list("credential_id", flat=True)
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(value)) for value in ids]


def register_passkey(*, user_id: UUID, token: str, credential: dict[str, Any], name: str) -> Passkey:
    """Verify the browser's answer and store the credential. Raises ``PasskeyRefused``."""
    challenge = _challenge_of(token, user_id=user_id, use="register")
    rp_id, origin = _site()
    if Passkey.objects.filter(user_id=user_id).count() >= MAX_PASSKEYS:
        raise PasskeyRefused(f"There can be {MAX_PASSKEYS} passkeys; remove one first.")
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
        )
        with transaction.atomic():
            return Passkey.objects.create(
                user_id=user_id,
                name=name,
                credential_id=bytes_to_base64url(verified.credential_id),
                public_key=bytes_to_base64url(verified.credential_public_key),
                sign_count=verified.sign_count,
            )
    except (WebAuthnException, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PasskeyRefused("The browser's answer does not fit the request.") from error
    except IntegrityError as error:
        raise PasskeyRefused("This passkey is already in use.") from error


def use_passkey(*, user_id: UUID, token: str, credential: dict[str, Any]) -> bool:
    """Whether the browser's answer proves one of the user's passkeys; a cloned authenticator's does not."""
    try:
        challenge = _challenge_of(token, user_id=user_id, use="sign_in")
        passkey = Passkey.objects.filter(user_id=user_id, credential_id=str(credential.get("id", ""))).first()
        if passkey is None:
            return False
        rp_id, origin = _site()
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=rp_id,
            expected_origin=origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        )
    except (PasskeyRefused, WebAuthnException, ValueError, TypeError, KeyError, AttributeError):
        return False
    # The counter may not have moved meanwhile; authenticators without one always say 0.
    return bool(
        Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count).update(
            sign_count=verified.new_sign_count, last_used_at=timezone.now()
        )
    )


def delete_passkey(*, user_id: UUID, passkey_id: UUID) -> str:
    """Remove it and return its name. Raises ``PasskeyNotFound``."""
    passkey = Passkey.objects.filter(user_id=user_id, pk=passkey_id).first()
    if passkey is None:
        raise PasskeyNotFound
    passkey.delete()
    return passkey.name
