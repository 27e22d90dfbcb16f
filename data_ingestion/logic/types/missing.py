"""Texts that mean "no answer was recorded" in the files researchers exchange."""

from __future__ import annotations

#: Compared after trimming and case folding. "none" and "no answer" are left out: in a survey they are answers.
MISSING_TOKENS: frozenset[str] = frozenset(
    {
        "",
        "-",
        "--",
        "---",
        "–",
        "—",
        ".",
        "..",
        "...",
        "?",
        "na",
        "n/a",
        "n.a.",
        "n.a",
        "#n/a",
        "#na",
        "#n/v",
        "#null!",
        "#div/0!",
        "#value!",
        "#ref!",
        "#name?",
        "#num!",
        "nan",
        "-nan",
        "null",
        "(null)",
        "<na>",
        "nil",
        "nat",
        "missing",
        "not available",
        "not applicable",
        "\\n",
        "k.a.",
        "s/o",
    }
)

#: These words are missing marks only beside numbers or dates; in a text column they stay text.
WEAK_TOKENS: frozenset[str] = frozenset(
    {"?", "missing", "not applicable", "not available", "nil", "na", "-", ".", "\\n"}
)


def is_missing(text: str) -> bool:
    """Whether ``text`` stands for a missing value in a typed (non-text) column."""
    return text.strip().casefold() in MISSING_TOKENS


def is_missing_text(text: str) -> bool:
    """Whether ``text`` stands for a missing value even in a text column."""
    folded = text.strip().casefold()
    return folded in MISSING_TOKENS and folded not in WEAK_TOKENS
