"""Records and cells of delimited text, reading forgivingly.

A quote closes a cell only before a delimiter, a line end or the end of the text; any other quote inside is literal.
An opening quote that never closes is literal too. So one stray quote cannot swallow the rest of a file unless a
later quote happens to close it, and those records are recognised by their width and repaired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates and protects its cells. ``quote`` and ``escape`` may be empty (none).

    ``escape`` equal to ``quote`` means doubled quotes. ``skip_space`` drops one blank after each delimiter (", ").
    """

    delimiter: str
    quote: str = '"'
    escape: str = '"'
    skip_space: bool = False

    def as_dict(self) -> dict[str, str]:
        """JSON-ready form for the receipt."""
        shown = self.delimiter + (" " if self.skip_space else "")
        return {"delimiter": shown, "quote": self.quote, "escape": self.escape}


@dataclass(slots=True)
class Record:
    """One record: its raw text without the line end, raw cells (quotes still on), 1-based first line, line count."""

    raw: str
    cells: list[str]
    line: int
    lines: int

    @property
    def is_blank(self) -> bool:
        """Whether nothing but blanks is on the line."""
        return not self.raw.strip()


@lru_cache(maxsize=256)
def _cell_pattern(delimiter: str, quote: str, escape: str) -> re.Pattern[str]:
    d = re.escape(delimiter)
    plain = f"[^{d}\\r\\n]*" if len(delimiter) == 1 else f"(?:(?!{d})[^\\r\\n])*"
    if not quote:
        return re.compile(f"(?P<u>{plain})(?P<end>{d}|\\r\\n|\\n|\\r|\\Z)")
    q = re.escape(quote)
    blank = "".join(c for c in " \t" if c != delimiter)
    pad = f"[{blank}]*" if blank else ""
    stop = f"{pad}(?:{d}|[\\r\\n]|\\Z)"
    inner = f"[^{q}]+|{q}{q}|{q}(?!{stop})"
    if escape and escape != quote:
        e = re.escape(escape)
        inner = f"[^{q}{e}]+|{e}.|{e}|{q}{q}(?!{stop})|{q}(?!{stop})"
    quoted = f"(?P<q>{pad}{q}(?:{inner})*+{q}{pad})"
    return re.compile(f"(?:{quoted}|(?P<u>{plain}))(?P<end>{d}|\\r\\n|\\n|\\r|\\Z)", re.DOTALL)


def iter_records(text: str, dialect: Dialect, *, start: int = 0, line: int = 1) -> Iterator[Record]:
    """The records of ``text`` from offset ``start`` (which is on line ``line``)."""
    match_cell = _cell_pattern(dialect.delimiter, dialect.quote, dialect.escape).match
    position = start
    length = len(text)
    delimiter = dialect.delimiter
    while position < length:
        begin = position
        cells: list[str] = []
        while True:
            match = match_cell(text, position)
            if match is None:  # pragma: no cover - the unquoted branch always matches
                raise AssertionError("cell pattern did not match")
            cells.append(match["u"] if match["u"] is not None else match["q"])
            end = match["end"]
            position = match.end()
            if end != delimiter:
                break
        raw = text[begin : position - len(end)]
        inside = raw.count("\n") + raw.count("\r") - raw.count("\r\n")
        yield Record(raw, cells, line, inside + 1)
        line += inside + 1


def split_line(raw: str, dialect: Dialect) -> list[str]:
    """Raw cells of one record text (line ends inside quotes stay inside; a trailing rest is appended)."""
    cells: list[str] = []
    for record in iter_records(raw, dialect):
        cells.extend(record.cells)
    return cells or [""]


def cell_value(raw: str, dialect: Dialect, *, first: bool = False) -> str:
    """The text a raw cell stands for: quotes and escapes removed, nothing else touched."""
    quote = dialect.quote
    if not quote or quote not in raw:
        if dialect.skip_space and not first and raw.startswith(" "):
            raw = raw[1:]
        if dialect.escape and dialect.escape != quote and dialect.escape in raw:
            return _unescape(raw, dialect)
        return raw
    body = raw.strip(" \t")
    if len(body) >= 2 and body[0] == quote and body[-1] == quote:
        inner = body[1:-1]
        if dialect.escape == quote:
            return inner.replace(quote + quote, quote)
        if dialect.escape:
            return _unescape(inner, dialect).replace(quote + quote, quote)
        return inner
    if dialect.skip_space and not first and raw.startswith(" "):
        raw = raw[1:]
    if dialect.escape and dialect.escape != quote:
        return _unescape(raw, dialect)
    return raw


def _unescape(text: str, dialect: Dialect) -> str:
    """Drop the escape character before quotes, delimiters and itself; elsewhere a backslash is just a backslash."""
    escape = dialect.escape
    if escape not in text:
        return text
    protected = re.escape(dialect.quote) if dialect.quote else ""
    protected += re.escape(dialect.delimiter[0]) + re.escape(escape)
    return re.sub(f"{re.escape(escape)}([{protected}])", r"\1", text)


def cell_values(record: Record, dialect: Dialect) -> list[str]:
    """The texts of all cells of a record."""
    return [cell_value(raw, dialect, first=index == 0) for index, raw in enumerate(record.cells)]
