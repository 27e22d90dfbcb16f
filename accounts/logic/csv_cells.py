"""CSV cells that a spreadsheet shows instead of running."""

from __future__ import annotations

_STARTERS = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral_cell(value: object) -> str:
    """Text as it is, or behind an apostrophe when a spreadsheet would take it for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_STARTERS) else text
