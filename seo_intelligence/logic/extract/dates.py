"""Dates as pages write them."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_to_datetime

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january januar janvier enero", "feb february februar février febrero", "mar march märz mars marzo",
         "apr april avril abril", "may mai mayo", "jun june juni juin junio", "jul july juli juillet julio",
         "aug august août agosto", "sep sept september septembre septiembre", "oct october oktober octobre octubre okt",
         "nov november novembre noviembre", "dec december dezember décembre diciembre dez"),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"\b((?:19|20)\d\d)-(\d\d?)-(\d\d?)")
_DAY_MONTH = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|\.|er)?\s+(?:de\s+)?([^\W\d_]{3,10})\.?,?\s+(?:de\s+)?((?:19|20)\d\d)\b"
)
_MONTH_DAY = re.compile(r"\b([^\W\d_]{3,10})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b")
_LABELLED = re.compile(
    r"\b(?:published|posted|last\s+updated|updated|modified|written|veröffentlicht|aktualisiert|publié|mis à jour|"
    r"publicado|actualizado|pubblicato|aggiornato)\b(?:\s+(?:on|am|le|el|il))?\s*:?\s*(.{6,32})",
    re.IGNORECASE | re.DOTALL,
)
_URL_DATE = re.compile(r"/((?:19|20)\d\d)[/-](0[1-9]|1[0-2])[/-](0[1-9]|[12]\d|3[01])(?=[/-]|\.|\Z)")


def _date(year: str, month: int, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), month, int(day))
    except ValueError:
        return None


def parse_date(text: str) -> dt.date | None:
    """First date in the text: ISO 8601, `3 March 2021` or `March 3, 2021` (five languages)."""
    iso = _ISO.search(text)
    if iso:
        return _date(iso.group(1), int(iso.group(2)), iso.group(3))
    for pattern, day, month in ((_DAY_MONTH, 1, 2), (_MONTH_DAY, 2, 1)):
        match = pattern.search(text)
        if match and match.group(month).lower() in _MONTHS:
            return _date(match.group(3), _MONTHS[match.group(month).lower()], match.group(day))
    return None


def labelled_dates(text: str) -> tuple[dt.date, ...]:
    """Dates that follow a word such as "Published" or "Updated" in visible text."""
    found = (parse_date(match.group(1)) for match in _LABELLED.finditer(text[:20_000]))
    return tuple(date for date in found if date is not None)


def url_date(url: str) -> dt.date | None:
    """A `/2024/05/31/` date in the path."""
    match = _URL_DATE.search(url)
    return _date(match.group(1), int(match.group(2)), match.group(3)) if match else None


def parse_moment(text: str) -> dt.datetime | None:
    """A date and time in ISO 8601, RFC 822/850 or plain form, as an aware UTC datetime."""
    text = text.strip()
    try:
        moment = dt.datetime.fromisoformat(text.replace(" GMT", "+00:00"))
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            date = parse_date(text)
            if date is None:
                return None
            moment = dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC)
