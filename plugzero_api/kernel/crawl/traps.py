"""Crawler traps: URL spaces that never end. Pure; the detector remembers counts, nothing else.

Each rule answers with a reason, and errs towards crawling: a page wrongly skipped is a finding missed.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit

MAX_URL_LENGTH = 2048
MAX_SEGMENTS = 30
MAX_REPEATS = 4
MAX_CYCLES = 3
MAX_DATES = 150

# Parameters that carry a visit, not content. Matched case-insensitively against the whole name.
_SESSION_NAMES = (
    r"phpsessid|jsessionid|aspsessionid\w*|asp\.net_sessionid|cfid|cftoken|jservsessionid|sessionid|session_id|"
    r"session-id|sessid|sid|zenid|oscsid|osCsid|viewstate|__viewstate|s_id|xtcsid|mscsid"
)
_SESSION_PARAMETER = re.compile(rf"(?i)(?:^|(?<=[?&;]))(?:{_SESSION_NAMES})=[^&;#]*(?:&|;|$)")
_SESSION_PATH = re.compile(rf"(?i);(?:{_SESSION_NAMES})=[^/?#;]*|/\([a-z]\([a-z0-9]{{16,}}\)\)")
_DATE = re.compile(
    r"(?<!\d)(?P<year>(?:1[0-9]|2[0-9]|[3-9]\d)\d{2})(?:[-/_.](?P<month>0?[1-9]|1[0-2])(?!\d)|(?=&|$|/))"
)
_CALENDAR_HINT = re.compile(
    r"(?i)calend|kalend|event|termin|agenda|schedule|archiv|(?:^|[?&_/-])(?:year|month|week|date|day)\b"
)
_DIGITS = re.compile(r"\d+")


def strip_session(url: str) -> str:
    """``url`` without session ids in query or path, so that one page keeps one address."""
    path, mark, query = url.partition("?")
    if ";" in path or "/(" in path:
        path = _SESSION_PATH.sub("", path)
    if mark and "=" in query:
        query = _SESSION_PARAMETER.sub("", query).rstrip("&;")
    return f"{path}?{query}" if query else path


@dataclass
class TrapDetector:
    """``judge`` is asked once per new URL, in the order of discovery. ``this_year`` bounds plausible
    calendars."""

    this_year: int
    max_query_variants: int = 200
    _variants: Counter[str] = field(default_factory=Counter)
    _dates: Counter[str] = field(default_factory=Counter)

    def judge(self, url: str) -> str | None:
        """The kind of trap that ``url`` belongs to, or None."""
        if len(url) > MAX_URL_LENGTH:
            return "url_too_long"
        parts = urlsplit(url)
        segments = [segment for segment in parts.path.split("/") if segment]
        if len(segments) > MAX_SEGMENTS:
            return "path_too_deep"
        if len(segments) >= MAX_REPEATS and _repeats(segments):
            return "repeated_segments"
        if self._endless_calendar(url, parts.path, parts.query):
            return "calendar"
        if parts.query:
            key = f"{parts.netloc}{parts.path}"
            self._variants[key] += 1
            if self._variants[key] > self.max_query_variants:
                return "query_variants"
        return None

    def _endless_calendar(self, url: str, path: str, query: str) -> bool:
        place = f"{path}?{query}" if query else path
        if not any(char.isdigit() for char in place):
            return False
        dates = list(_DATE.finditer(place))
        if not dates or not (_CALENDAR_HINT.search(place) or _only_date(path)):
            return False
        if any(not 1990 <= int(found["year"]) <= self.this_year + 2 for found in dates):
            return True
        # Everything but the numbers is the same: a calendar's page per day or month.
        template = _DIGITS.sub("0", url)
        self._dates[template] += 1
        return self._dates[template] > MAX_DATES


def _repeats(segments: list[str]) -> bool:
    counts = Counter(segment for segment in segments if not segment.isdigit())
    if counts and max(counts.values()) >= MAX_REPEATS:
        return True
    for length in range(1, len(segments) // MAX_CYCLES + 1):
        for start in range(len(segments) - length * MAX_CYCLES + 1):
            unit = segments[start : start + length]
            if all(part.isdigit() for part in unit):
                continue
            if all(
                segments[start + turn * length : start + (turn + 1) * length] == unit
                for turn in range(1, MAX_CYCLES)
            ):
                return True
    return False


def _only_date(path: str) -> bool:
    """The path ends in its date (``/2031/05/17/``): an index of days, not an article with a slug."""
    segments = [segment for segment in path.split("/") if segment]
    return len(segments) >= 2 and segments[-1].isdigit() and segments[-2].isdigit()
