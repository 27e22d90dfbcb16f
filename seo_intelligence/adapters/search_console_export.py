"""Import of a Search Console performance export: the ZIP of CSV files, or one of its CSV files. Needs no key.

The export has one table per dimension (Queries, Pages, Countries, Devices, Dates or Chart) with the columns
clicks, impressions, CTR and position; file names and headings come in the language of the user, so tables are
recognised by shape: a first column of dates, URLs, or text, then two whole numbers, a percentage and a
decimal. `Filters.csv` holds the report's settings. Numbers may have a decimal comma. The export covers one
period and has no day-by-query split: a query therefore becomes one point for the period, a date one point for
the day.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

MAX_FILES = 20
MAX_FILE_BYTES = 50_000_000
MAX_ROWS = 200_000


class ExportUnreadable(ValueError):
    """The file is not a Search Console performance export; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class ExportRow:
    """One line of a table: what it is about, counts over the period, CTR 0-1, average position (None for 0 shown)."""

    key: str
    clicks: int
    impressions: int
    ctr: float
    position: float | None


@dataclass(frozen=True, slots=True)
class SearchConsoleExport:
    """Tables of an export. `dates` has ISO dates as keys. `filters` are the lines of the filter table."""

    queries: tuple[ExportRow, ...] = ()
    pages: tuple[ExportRow, ...] = ()
    dates: tuple[ExportRow, ...] = ()
    filters: tuple[tuple[str, str], ...] = ()

    @property
    def period(self) -> tuple[dt.date, dt.date] | None:
        """First and last day, from the table of dates."""
        days = [dt.date.fromisoformat(row.key) for row in self.dates]
        return (min(days), max(days)) if days else None


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SMALL_TABLES = {"countries", "devices", "search appearance"}


def read_export(content: bytes, filename: str = "") -> SearchConsoleExport:
    """Read a ZIP or CSV export.

    Raises:
        ExportUnreadable: not a ZIP or CSV, damaged, too large, or without a table of queries, pages or dates.
    """
    tables = list(_zip_tables(content)) if content[:4] == b"PK\x03\x04" else [(filename, content)]
    found: dict[str, tuple[ExportRow, ...]] = {}
    filters: tuple[tuple[str, str], ...] = ()
    for name, data in tables:
        header, rows = _csv_rows(name, data)
        if len(header) == 2 and not found.get("filters"):
            filters = tuple((row[0], row[1]) for row in rows if len(row) >= 2)
            continue
        kind = _kind(name, header, rows)
        if kind:
            found[kind] = tuple(_row(name, kind, row) for row in rows)
    if not found:
        raise ExportUnreadable("No table of queries, pages or dates was found in the file.")
    return SearchConsoleExport(filters=filters, **found)


def _zip_tables(content: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
        members = [m for m in archive.infolist() if m.filename.lower().endswith(".csv") and not m.is_dir()]
        if len(members) > MAX_FILES:
            raise ExportUnreadable(f"The archive has more than {MAX_FILES} tables.")
        for member in members:
            with archive.open(member) as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
            if len(data) > MAX_FILE_BYTES:
                raise ExportUnreadable(f"{member.filename} is larger than {MAX_FILE_BYTES} bytes.")
            yield member.filename.rsplit("/", 1)[-1], data
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError):
        raise ExportUnreadable("The archive is damaged or protected by a password.") from None


def _csv_rows(name: str, data: bytes) -> tuple[list[str], list[list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ExportUnreadable(f"{name or 'The file'} is not a text in UTF-8.") from None
    if "\x00" in text:
        raise ExportUnreadable(f"{name or 'The file'} is not a text file.")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = []
        for row in csv.reader(io.StringIO(text), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                rows.append([cell.strip() for cell in row])
            if len(rows) > MAX_ROWS:
                raise ExportUnreadable(f"{name or 'The file'} has more than {MAX_ROWS} rows.")
    except csv.Error:
        raise ExportUnreadable(f"{name or 'The file'} is not a CSV file.") from None
    if not rows:
        raise ExportUnreadable(f"{name or 'The file'} is empty.")
    return rows[0], rows[1:]


def _kind(name: str, header: list[str], rows: list[list[str]]) -> str | None:
    stem = name.rsplit(".", 1)[0].lower()
    if len(header) < 5 or not rows or stem in _SMALL_TABLES:
        return None
    keys = [row[0] for row in rows if row]
    if all(_DATE.fullmatch(key) for key in keys):
        return "dates"
    if all(re.match(r"https?://", key) for key in keys):
        return "pages"
    heading = header[0].lower()
    named = any(
        word in f"{stem} {heading}"
        for word in ("quer", "anfrag", "requêt", "consulta", "zoek", "zapyt", "クエリ")
    )
    return "queries" if named or (stem not in {"", "devices"} and len(keys) > 5) else None


def _row(name: str, kind: str, row: list[str]) -> ExportRow:
    if len(row) < 5:
        raise ExportUnreadable(f"{name or 'The file'} has a line with fewer than five columns.")
    try:
        clicks, impressions = (_whole(cell) for cell in row[1:3])
        ctr = _decimal(row[3].rstrip("% \u00a0")) / 100
        position = _decimal(row[4])
    except ValueError:
        raise ExportUnreadable(f"{name or 'The file'} has a line without numbers: {row[0][:80]!r}.") from None
    if clicks > impressions or not 0 <= ctr <= 1 or position < 0:
        raise ExportUnreadable(f"{name or 'The file'} has impossible numbers for {row[0][:80]!r}.")
    return ExportRow(row[0], clicks, impressions, ctr, position if impressions else None)


def _whole(cell: str) -> int:
    digits = re.sub(r"[\s\u00a0\u202f.,']", "", cell)
    return int(digits)


def _decimal(cell: str) -> float:
    return float(cell.replace("\u00a0", "").replace("\u202f", "").replace(",", "."))
