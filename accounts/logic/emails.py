"""One spelling per mailbox, so that two accounts can never mean the same address.

The local part must be ASCII: addresses that only look alike (Cyrillic letters, full-width forms, dotless i) would
otherwise be told apart by people and merged by mail servers. The domain is kept in its IDNA (ASCII) form.
"""

from __future__ import annotations

import re

import idna

MAX_LENGTH = 254
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class InvalidEmail(ValueError):
    """The text is not an e-mail address this platform can write to."""


def normalise_email(raw: str) -> str:
    """The canonical (lower-case ASCII) form of an address. Raises ``InvalidEmail``."""
    text = raw.strip(" ")
    local, at, domain = text.rpartition("@")
    if not at or not local.isascii() or len(local) > 64:
        raise InvalidEmail("The part before the @ must be 1 to 64 ASCII characters.")
    local = local.lower()
    if not _LOCAL.fullmatch(local):
        raise InvalidEmail("The part before the @ has characters that are not allowed.")
    try:
        domain = domain.lower() if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        raise InvalidEmail("The domain is not valid.") from None
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise InvalidEmail("The domain is not valid.")
    address = f"{local}@{domain}"
    if len(address) > MAX_LENGTH:
        raise InvalidEmail(f"An address may have {MAX_LENGTH} characters.")
    return address


def mask_email(address: str) -> str:
    """``j***@example.com``: enough to recognise an address, not enough to write to it."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
