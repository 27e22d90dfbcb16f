"""Find the dialect of a text sample.

Every candidate (delimiter, quote) reads the sample; the score is the share of records with the most frequent width
times how much the resulting cells look like single values, times a small prior for common delimiters. The idea of
joining row consistency with cell types is that of van den Burg, Nazábal and Sutton, "Wrangling messy CSV files by
detecting row and type patterns", Data Mining and Knowledge Discovery 33 (2019); scores and priors are our own.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from data_ingestion.logic.delimited.cells import cell_kind
from data_ingestion.logic.delimited.tokenizer import Dialect, Record, cell_value, iter_records

_PRIORS: dict[str, float] = {
    ",": 1.0,
    ";": 1.0,
    "\t": 1.0,
    "|": 0.98,
    "~": 0.8,
    "^": 0.8,
    "§": 0.8,
    "¦": 0.8,
    "\x01": 0.9,
    "\x1e": 0.9,
    "\x1f": 0.9,
    ":": 0.6,
    " ": 0.6,
    "#": 0.5,
    "*": 0.5,
    "&": 0.5,
    "=": 0.4,
    "/": 0.3,
}
_LONG_DELIMITERS = ("~|~", "|~|", "||", "::", "#|#", "^|^", "\\t", ";;", "@@", "~~")
_RARE = frozenset("~^§¦\x01\x1e\x1f#*&=/")
_MAX_RECORDS = 240
_CLEAN_KINDS = {"empty": 0.9, "missing": 1.0, "word": 0.9, "code": 1.0, "text": 0.25}


def find_dialect(sample: str) -> Dialect:
    """The most plausible dialect of ``sample`` (which should end at a line end). A single column gives ``","``."""
    lines = [line for line in re.split(r"\r\n|\n|\r", sample) if line.strip()][:_MAX_RECORDS]
    if not lines:
        return Dialect(",")
    best, best_score = Dialect(","), -1.0
    for delimiter in _candidates(sample, lines):
        for quote in ('"', "'"):
            if quote == "'" and not _wraps_cells(sample, delimiter, quote):
                continue
            dialect = Dialect(delimiter, quote, quote)
            score = _score(sample, dialect)
            if quote == "'":
                score *= 0.97
            if score > best_score:
                best, best_score = dialect, score
    best = _with_escape(sample, _doubled(sample, best))
    return _with_skipped_space(sample, best)


def _doubled(sample: str, dialect: Dialect) -> Dialect:
    """``||`` read as ``|`` leaves every second cell empty in every record."""
    if len(dialect.delimiter) > 1:
        return dialect
    checked = 0
    for record in iter_records(sample, dialect):
        if record.is_blank:
            continue
        if len(record.cells) < 3 or len(record.cells) % 2 == 0 or any(record.cells[1::2]):
            return dialect
        checked += 1
        if checked >= _MAX_RECORDS:
            break
    return replace(dialect, delimiter=dialect.delimiter * 2) if checked >= 2 else dialect


def _candidates(sample: str, lines: list[str]) -> list[str]:
    found = [d for d in _LONG_DELIMITERS if sum(d in line for line in lines) >= 0.9 * len(lines)]
    for delimiter in _PRIORS:
        present = sum(delimiter in line for line in lines)
        if present and (delimiter not in _RARE or present >= 0.8 * len(lines)):
            found.append(delimiter)
    return found or [","]


def _wraps_cells(sample: str, delimiter: str, quote: str) -> bool:
    q, d = re.escape(quote), re.escape(delimiter)
    opened = len(re.findall(rf"(?:^|{d}|[\r\n]) ?{q}(?=\S)", sample[:65536]))
    closed = len(re.findall(rf"{q} ?(?={d}|[\r\n]|$)", sample[:65536]))
    return min(opened, closed) >= 2


def _score(sample: str, dialect: Dialect) -> float:
    records: list[Record] = []
    for record in iter_records(sample, dialect):
        if not record.is_blank:
            records.append(record)
            if len(records) >= _MAX_RECORDS:
                break
    if not records:
        return 0.0
    widths = Counter(len(record.cells) for record in records)
    # The widest of the frequent widths wins ties: a second narrower table must not hide the first.
    mode = max(widths, key=lambda w: (widths[w] * (w - 1) / w, w))
    agreeing = [record for record in records if len(record.cells) == mode]
    share = _consistency(widths, len(records))
    clean = 0.0
    count = 0
    for record in agreeing[:80]:
        for raw in record.cells:
            kind = cell_kind(cell_value(raw, dialect)[:200])
            clean += _CLEAN_KINDS.get(kind, 1.0)
            if kind == "text" and dialect.quote and raw.strip()[:1] == dialect.quote == raw.strip()[-1:]:
                clean += 0.6  # quoted prose is one value by the writer's own word
            count += 1
    type_share = clean / max(1, count)
    if mode == 1:
        return 0.05 * type_share
    overlong = sum(1 for record in records if record.lines > 1) / len(records)
    prior = _PRIORS.get(dialect.delimiter, 0.97 * 1.15 if len(dialect.delimiter) > 1 else 0.5)
    return share * (0.25 + 0.75 * type_share) * prior * (1 - 0.5 * overlong) * _quote_fit(records, dialect)


def _quote_fit(records: list[Record], dialect: Dialect) -> float:
    """0.4 to 1: how many of the double quotes stand where this dialect lets them, at both ends of a cell."""
    fitting = total = 0
    for record in records:
        for raw in record.cells:
            count = raw.count('"')
            if not count:
                continue
            total += count
            body = raw.strip(" \t")
            if (dialect.quote == '"' and len(body) >= 2 and body[0] == '"' == body[-1]) or (
                dialect.quote != '"' and body[:1] == dialect.quote == body[-1:]
            ):
                fitting += count
    return 0.4 + 0.6 * fitting / total if total else 1.0


def _consistency(widths: Counter[int], total: int) -> float:
    """Close to 1 for few widths with several cells each; two stacked tables still score well."""
    weighted = sum(n * n * (w - 1) / w for w, n in widths.items())
    return weighted / (total * total) if total else 0.0


def _with_escape(sample: str, dialect: Dialect) -> Dialect:
    """Backslash escapes are used when a backslash stands before quotes that do not end a cell."""
    quote = dialect.quote
    escaped = re.findall(
        rf"(?<!\\)\\{re.escape(quote)}(?!\s*(?:{re.escape(dialect.delimiter)}|[\r\n]|\Z))", sample
    )
    if not escaped:
        return dialect
    doubled = len(
        re.findall(rf"[^\s{re.escape(quote)}\\]{re.escape(quote * 2)}[^{re.escape(quote)}]", sample)
    )
    candidate = replace(dialect, escape="\\")
    if len(escaped) >= doubled and _score(sample, candidate) >= 0.98 * _score(sample, dialect):
        return candidate
    return dialect


def _with_skipped_space(sample: str, dialect: Dialect) -> Dialect:
    """``", "`` is the delimiter when (nearly) every cell after the first starts with a blank."""
    if dialect.delimiter in (" ", "\t"):
        return dialect
    spaced = others = 0
    for number, record in enumerate(iter_records(sample, dialect)):
        if number > _MAX_RECORDS:
            break
        for raw in record.cells[1:]:
            if raw.startswith(" "):
                spaced += 1
            else:
                others += 1
    if spaced and spaced >= 0.9 * (spaced + others):
        return replace(dialect, skip_space=True)
    return dialect
