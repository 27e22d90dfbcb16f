"""Reading query parameters that no FilterSet describes."""

from __future__ import annotations

from rest_framework.request import Request

from plugzero_api.kernel.errors import FieldError, InvalidInput


def whole_number(request: Request, name: str, *, default: int | None, maximum: int, minimum: int = 0) -> int:
    """A query parameter from ``minimum`` to ``maximum``; required when ``default`` is None.

    Raises ``InvalidInput``.
    """
    raw = request.query_params.get(name)
    if raw is None and default is not None:
        return default
    if (
        raw is not None
        and raw.isascii()
        and raw.isdigit()
        and len(raw) <= 13
        and minimum <= int(raw) <= maximum
    ):
        return int(raw)
    message = f"{name} must be a whole number from {minimum} to {maximum}."
    raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid", message)])
