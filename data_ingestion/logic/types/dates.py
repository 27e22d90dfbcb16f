"""Dates, times and timestamps: which format reads every value of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

ISO_DATE_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
ISO_DATETIME_PATTERN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
ISO_OFFSET_PATTERN = ISO_DATETIME_PATTERN + r" ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
TIME_PATTERN = r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"

_ISO_DATE = re.compile(ISO_DATE_PATTERN)
_ISO_DATETIME = re.compile(ISO_DATETIME_PATTERN)
_ISO_OFFSET = re.compile(ISO_OFFSET_PATTERN)
_TIME = re.compile(TIME_PATTERN)
_NUMERIC_DATE = re.compile(r"(\d{1,4})([/.\-])(\d{1,2})\2(\d{2,4})(.*)", re.DOTALL)
_HAS_DIGIT_AND_LETTER = re.compile(r"(?=.*\d)(?=.*[A-Za-z])")

_TIME_PARTS = (
    "",
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    "T%H:%M",
    " %H:%M:%S.%f",
    " %I:%M:%S %p",
    " %I:%M %p",
    ", %H:%M:%S",
    ", %I:%M:%S %p",
)
_MONTH_NAME_FORMATS = (
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %Y",
    "%B %Y",
    "%d. %B %Y",
    "%a, %d %b %Y",
)


@dataclass(frozen=True, slots=True)
class TemporalFormat:
    """How a column writes points in time.

    ``pattern`` is the RE2 guard for the ISO forms; ``formats`` are strptime formats for all others. ``ambiguous``
    is true when day and month could be swapped for every value seen.
    """

    kind: str  # "date", "datetime", "time"
    pattern: str | None = None
    formats: tuple[str, ...] = ()
    has_offset: bool = False
    ambiguous: bool = False


def find_temporal_format(values: Sequence[str]) -> TemporalFormat | None:
    """The format that reads *every* one of ``values`` (trimmed, no missing tokens), or None."""
    if not values or max(map(len, values)) > 40:
        return None
    if all(_ISO_DATE.fullmatch(v) for v in values):
        return TemporalFormat("date", pattern=ISO_DATE_PATTERN) if _all_real(values, "%Y-%m-%d") else None
    if all(_ISO_DATETIME.fullmatch(v) or _ISO_DATE.fullmatch(v) for v in values):
        try:
            for value in values:
                datetime.fromisoformat(value)
        except ValueError:
            return None
        return TemporalFormat("datetime", pattern=rf"(?:{ISO_DATETIME_PATTERN}|{ISO_DATE_PATTERN})")
    if all(_ISO_OFFSET.fullmatch(v) for v in values):
        return TemporalFormat("datetime", pattern=ISO_OFFSET_PATTERN, has_offset=True)
    if all(_TIME.fullmatch(v) for v in values):
        return TemporalFormat("time", pattern=TIME_PATTERN)
    if all(_NUMERIC_DATE.fullmatch(v) for v in values):
        return _numeric(values)
    if all(_HAS_DIGIT_AND_LETTER.match(v) for v in values):
        return _first_fitting(values, [d + t for d in _MONTH_NAME_FORMATS for t in _TIME_PARTS])
    return None


def _numeric(values: Sequence[str]) -> TemporalFormat | None:
    matches = [m for v in values if (m := _NUMERIC_DATE.fullmatch(v))]
    separators = {m[2] for m in matches}
    if len(separators) != 1:
        return None
    sep = separators.pop()
    if all(len(m[1]) == 4 for m in matches):
        return _first_fitting(values, [f"%Y{sep}%m{sep}%d{t}" for t in _TIME_PARTS])
    if any(len(m[1]) == 4 for m in matches):
        return None
    years = {len(m[4]) for m in matches}
    if len(years) != 1 or years == {3}:
        return None
    year = "%Y" if years == {4} else "%y"
    day_first = [f"%d{sep}%m{sep}{year}{t}" for t in _TIME_PARTS]
    month_first = [f"%m{sep}%d{sep}{year}{t}" for t in _TIME_PARTS]
    by_day = _first_fitting(values, day_first)
    by_month = _first_fitting(values, month_first)
    if by_day is None or by_month is None:
        return by_day or by_month
    # Both orders read every value: unpadded or AM/PM slash dates are the American habit, all else day first.
    american = sep == "/" and (
        any("%p" in f for f in by_month.formats) or any(len(m[1]) == 1 or len(m[3]) == 1 for m in matches)
    )
    chosen = by_month if american else by_day
    same = all(m[1].zfill(2) == m[3].zfill(2) for m in matches)
    return TemporalFormat(chosen.kind, formats=chosen.formats, ambiguous=not same)


def _first_fitting(values: Sequence[str], formats: Sequence[str]) -> TemporalFormat | None:
    """One format for all values, or a date format with two time layouts where cells mix them."""
    fitting: list[str] = []
    left = list(values)
    while left and len(fitting) <= 2:
        # Only formats that read the first open value can help; prose fails all of them at once.
        rests = [(fmt, [v for v in left if not _reads(v, fmt)]) for fmt in formats if _reads(left[0], fmt)]
        if not rests:
            return None
        fmt, left = min(rests, key=lambda item: len(item[1]))
        fitting.append(fmt)
    if left or len(fitting) > 2:
        return None
    kind = "datetime" if any("%H" in f or "%I" in f for f in fitting) else "date"
    return TemporalFormat(kind, formats=tuple(fitting))


def _reads(value: str, fmt: str) -> bool:
    try:
        datetime.strptime(value, fmt)
    except ValueError:
        return False
    return True


def _all_real(values: Sequence[str], fmt: str) -> bool:
    return all(_reads(value, fmt) for value in values)
