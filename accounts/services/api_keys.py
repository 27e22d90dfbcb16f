"""API keys: made once, shown once, stored as a visible prefix and an HMAC."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import selectors
from accounts.contracts import IssuedApiKey
from accounts.errors import ApiKeyNotFound
from accounts.models import ApiKey
from accounts.services.activity import record_activity
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import FieldError, InvalidInput

_KEY = re.compile(r"pz_([a-z0-9]{10})_([A-Za-z0-9_-]{43})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_TOUCH_EVERY = timedelta(minutes=1)


def split_key(raw: str) -> tuple[str, str] | None:
    """The prefix and the secret of a well-formed key."""
    match = _KEY.fullmatch(raw)
    return (match[1], match[2]) if match else None


def touch_api_key(*, key_id: UUID, last_used_at: datetime | None, address: str) -> None:
    """Note the use of a key, at most once a minute, so that reading stays reading."""
    now = timezone.now()
    if last_used_at is not None and now - last_used_at < _TOUCH_EVERY:
        return
    ApiKey._base_manager.filter(pk=key_id).filter(
        Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - _TOUCH_EVERY)
    ).update(last_used_at=now, last_used_ip=address[:45])


def create_api_key(
    *, principal: Principal, name: str, scopes: Iterable[str], expires_at: datetime | None = None
) -> IssuedApiKey:
    """A key of the principal's team that may do ``scopes`` as long as its maker may.

    Raises ``InvalidInput`` for a scope the maker does not hold, or an expiry that has passed.
    """
    access = principal.access
    if access is None:
        raise ApiKeyNotFound
    wanted = tuple(sorted(set(scopes)))
    foreign = [scope for scope in wanted if scope not in access.permissions]
    if foreign:
        raise InvalidInput(
            "A key can only do what you may do yourself.",
            errors=[FieldError("/scopes", "not_held", f"You do not hold {', '.join(foreign[:5])}.")],
        )
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInput(errors=[FieldError("/expires_at", "in_the_past", "Give a time in the future.")])
    prefix = "".join(secrets.choice(_ALPHABET) for _ in range(10))
    secret = secrets.token_urlsafe(32)
    with transaction.atomic():
        row = ApiKey.objects.create(
            name=name,
            prefix=prefix,
            secret_hash=selectors.hash_secret(secret, purpose="api-key"),
            scopes=list(wanted),
            created_by_id=access.user_id,
            expires_at=expires_at,
        )
        record_activity(
            actor=principal,
            team_id=access.team_id,
            action="api_key.created",
            object_type="api_key",
            object_id=row.pk,
            object_label=f"{name} ({prefix})",
            after={"scopes": list(wanted), "expires_at": expires_at},
        )
    return IssuedApiKey(row.pk, name, prefix, f"pz_{prefix}_{secret}", wanted, expires_at)


def revoke_api_key(*, principal: Principal, key_id: UUID) -> None:
    """End a key at once; a key already ended stays as it is. Raises ``ApiKeyNotFound``."""
    with transaction.atomic():
        row = ApiKey.objects.select_for_update().filter(pk=key_id).first()
        if row is None:
            raise ApiKeyNotFound
        if row.revoked_at is None:
            row.revoked_at = timezone.now()
            row.save(update_fields=["revoked_at"])
            record_activity(
                actor=principal,
                team_id=row.team_id,
                action="api_key.revoked",
                object_type="api_key",
                object_id=row.pk,
                object_label=str(row),
            )
