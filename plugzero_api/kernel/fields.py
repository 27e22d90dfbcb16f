"""Encrypted model field: Fernet with a rotating key list (the first key encrypts, all decrypt)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import models


def _cipher() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.PLUGZERO_FIELD_KEYS])


def encrypt(text: str) -> str:
    return _cipher().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """Raises ``cryptography.fernet.InvalidToken`` when no key of the list fits."""
    return _cipher().decrypt(token.encode()).decode()


def rotate(token: str) -> str:
    """The same secret under the first key."""
    return _cipher().rotate(token.encode()).decode()


# Django's fields are generic for the type checker only.
if TYPE_CHECKING:
    _TextField = models.TextField[str, str]
else:
    _TextField = models.TextField


class EncryptedTextField(_TextField):
    """Text that is readable in Python and ciphertext in the database; it cannot be searched."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in {"isnull", "exact"}:
            raise TypeError("Encrypted fields cannot be searched.")
        return super().get_lookup(lookup_name)
