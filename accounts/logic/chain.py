"""The hash chain of the activity log: each entry's hash covers its columns and its predecessor's hash."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

SECRET_FIELDS = re.compile(
    r"pass(word|phrase)?|secret|token|key_hash|credential|otp|seed|cookie|authorization", re.I
)
REDACTED = "[redacted]"
MAX_TEXT = 2000
MAX_ITEMS = 200


def loggable(value: Any, name: str = "") -> Any:
    """``value`` as JSON that reads back equal from every database; secrets redacted, long text cut.

    Floats become text: a JSON column may give 1e16 back as an integer, which would break the hash.
    """
    if SECRET_FIELDS.search(name) and value not in (None, "", [], {}):
        return REDACTED
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Enum):
        return loggable(value.value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return {str(key)[:100]: loggable(item, str(key)) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [loggable(item, name) for item in list(ordered)[:MAX_ITEMS]]
    return str(value).replace("\x00", "")[:MAX_TEXT]


def changed_fields(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both sides as loggable JSON, without the fields that are equal in both. The comparison precedes redaction."""
    before, after = before or {}, after or {}
    same = {key for key in before if key in after and before[key] == after[key]}
    old: dict[str, Any] = loggable({key: value for key, value in before.items() if key not in same})
    new: dict[str, Any] = loggable({key: value for key, value in after.items() if key not in same})
    return old, new


def entry_hash(previous_hash: str, columns: Mapping[str, Any]) -> str:
    """SHA-256 over the predecessor's hash and the canonical JSON of ``columns``."""
    canonical = json.dumps(
        {key: loggable(value) if not isinstance(value, dict) else value for key, value in columns.items()},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(f"{previous_hash}\n{canonical}".encode()).hexdigest()
