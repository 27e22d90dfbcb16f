"""JSON bodies, parsed strictly and with bounded depth."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_DEPTH = 32


class StrictJSONParser(JSONParser):
    """Refuses NaN, bodies nested deeper than ``MAX_DEPTH`` and strings holding NUL (PostgreSQL cannot store it)."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("The JSON body is nested too deeply.", code="malformed_json") from None
        except ParseError as error:
            raise ParseError(str(error.detail), code="malformed_json") from None
        _check(data, 0)
        return data


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError("The JSON body is nested too deeply.", code="malformed_json")
    if isinstance(value, str):
        if "\x00" in value:
            raise ParseError("Strings must not contain the NUL character.", code="malformed_json")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ParseError("Strings must be valid Unicode.", code="malformed_json") from None
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth)
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
