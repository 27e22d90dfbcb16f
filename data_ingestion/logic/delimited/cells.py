"""What kind of text a cell is: the evidence behind dialect, header and repair decisions."""

from __future__ import annotations

import re
from functools import lru_cache

_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("integer", re.compile(r"[+-]?\d+")),
    (
        "number",
        re.compile(r"[+-]?(?:\d+[.,]\d*|[.,]\d+|\d{1,3}(?:[,. ]\d{3})+(?:[.,]\d+)?)(?:[eE][+-]?\d+)?"),
    ),
    ("percent", re.compile(r"[+-]?\d+(?:[.,]\d+)? ?%")),
    (
        "currency",
        re.compile(r"[+-]?(?:[$€£¥₹]|US\$|USD|EUR|GBP) ?-?\d[\d.,]*|-?\d[\d.,]* ?(?:[$€£¥₹]|USD|EUR|GBP)"),
    ),
    (
        "date",
        re.compile(
            r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
            r"|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
        ),
    ),
    ("time", re.compile(r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?")),
    (
        "datetime",
        re.compile(
            r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})[T ,]+\d{1,2}:\d{2}"
            r"(?::\d{2}(?:[.,]\d+)?)?(?: ?[AaPp][Mm])?(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?"
        ),
    ),
    ("url", re.compile(r"(?:https?|ftp)://\S+|www\.\S+\.\S+", re.IGNORECASE)),
    ("email", re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")),
    ("ip", re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")),
    ("boolean", re.compile(r"true|false", re.IGNORECASE)),
    ("code", re.compile(r"(?=[^ ]*\d)[A-Za-z]{1,6}[-_]?\d[\w\-]*")),
)
_MISSING = frozenset({"na", "n/a", "#n/a", "null", "nan", "-", "--", ".", "none", "\\n", "?"})
#: Kinds that a header cell hardly ever has.
TYPED = frozenset(
    {"number", "percent", "currency", "date", "time", "datetime", "url", "email", "ip", "boolean", "integer"}
)


@lru_cache(maxsize=65536)
def cell_kind(text: str) -> str:
    """``empty``, ``missing``, one of the typed kinds, ``code``, ``word`` (short) or ``text``."""
    stripped = text.strip()
    if not stripped:
        return "empty"
    if stripped.casefold() in _MISSING:
        return "missing"
    if len(stripped) <= 200:
        for name, pattern in _KINDS:
            if pattern.fullmatch(stripped):
                return name
    if len(stripped) <= 40 and stripped[0].isalnum() and stripped.count(" ") <= 4:
        return "word"
    return "text"


_RUNS = re.compile(r"\d+|[A-Z]+|[a-zà-öø-ÿ]+|\s+|[^\W\d_]+")


def fine_shape(text: str) -> str:
    """Digits keep their run length (up to 4), letter runs collapse: ``28/01/2018`` -> ``99/99/9999``."""
    return _RUNS.sub(_fine_run, text[:60])


def _fine_run(match: re.Match[str]) -> str:
    run = match[0]
    if run[0].isdigit():
        return "9" * min(len(run), 5)
    if run[0].isspace():
        return " "
    if run.isupper():
        return "A" * min(len(run), 3)
    return "a"


def coarse_shape(text: str) -> str:
    """Every run collapses to one letter; long texts are just ``text``."""
    if len(text) > 60:
        return "text"
    shape = _RUNS.sub(lambda m: "9" if m[0][0].isdigit() else (" " if m[0][0].isspace() else "a"), text)
    return re.sub(r"a(?: a)+", "a a", shape)
