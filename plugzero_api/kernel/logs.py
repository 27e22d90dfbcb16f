"""Structured logs: one JSON object a line, UTC, with the request's or task's context, secrets redacted."""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, str] = MappingProxyType({})
_context: ContextVar[Mapping[str, str]] = ContextVar("log_context", default=_NOTHING)

_SECRET_KEYS = re.compile(
    r"pass(word|phrase)?|secret|token|authorization|api_?key|cookie|credential|otp|seed", re.I
)
_SECRET_TEXT = re.compile(
    r"(eyJ[\w-]{8,}\.[\w-]+\.[\w-]*)|((?:Bearer|Api-Key)\s+\S+)|([\w.+-]+@[\w-]+\.[\w.-]+)|(postgres(?:ql)?://\S+)|(rediss?://\S+)"
)
_REDACTED = "[redacted]"


@contextmanager
def context(**fields: str | None) -> Iterator[None]:
    """Add fields (request_id, task_id, team_id ...) to every event logged inside."""
    token = _context.set({**_context.get(), **{key: value for key, value in fields.items() if value}})
    try:
        yield
    finally:
        _context.reset(token)


def bind(**fields: str | None) -> None:
    """Add fields to the rest of the present context (authentication does, once it knows the team)."""
    _context.set({**_context.get(), **{key: value for key, value in fields.items() if value}})


def current_request_id() -> str | None:
    return _context.get().get("request_id")


def event(logger: logging.Logger, name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log a structured event: ``name`` is ``area.object.verb``; fields are values, never sentences."""
    logger.log(level, name, extra={"fields": fields})


def _clean(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key):
        return _REDACTED
    if isinstance(value, dict):
        return {str(inner): _clean(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(key, item) for item in value]
    if isinstance(value, int | float | bool) or value is None:
        return value
    return _SECRET_TEXT.sub(_REDACTED, str(value))


class JsonFormatter(logging.Formatter):
    """Formats a record as JSON. Newlines and control characters are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _SECRET_TEXT.sub(_REDACTED, record.getMessage()),
            **_context.get(),
        }
        for key, value in getattr(record, "fields", {}).items():
            entry.setdefault(key, _clean(key, value))
        if record.exc_info:
            text = "".join(traceback.format_exception(*record.exc_info))
            entry["traceback"] = _SECRET_TEXT.sub(_REDACTED, text)
        return json.dumps(entry, default=str, ensure_ascii=False)
