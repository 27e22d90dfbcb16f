"""Header rows: telling them from data, and reading damaged ones."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from data_ingestion.logic.delimited.cells import TYPED, cell_kind
from data_ingestion.logic.delimited.tokenizer import Dialect, Record, cell_value, cell_values, split_line

_ALTERNATIVES = (",", ";", "\t", "|", " ")
_LEXICON: dict[str, frozenset[str]] = {
    "date": frozenset(["date", "day", "dob", "datum", "fecha", "dates", "birthday"]),
    "time": frozenset(["time", "hour", "zeit", "hora", "heure", "times"]),
    "datetime": frozenset(["datetime", "timestamp", "date", "time", "created", "updated"]),
    "integer": frozenset(
        [
            "qty",
            "count",
            "quantity",
            "number",
            "no",
            "age",
            "year",
            "n",
            "num",
            "rank",
            "score",
            "size",
            "total",
            "votes",
            "week",
            "month",
            "id",
            "units",
        ]
    ),
    "number": frozenset(
        [
            "price",
            "cost",
            "amount",
            "value",
            "total",
            "rate",
            "score",
            "lat",
            "lon",
            "latitude",
            "longitude",
            "weight",
            "height",
            "average",
            "mean",
            "share",
        ]
    ),
    "currency": frozenset(
        ["price", "cost", "amount", "revenue", "value", "total", "salary", "income", "fee", "sales", "budget"]
    ),
    "percent": frozenset(["percent", "percentage", "rate", "share", "pct"]),
    "url": frozenset(["url", "link", "website", "web", "href", "uri", "homepage", "page"]),
    "email": frozenset(["email", "mail"]),
    "code": frozenset(
        [
            "id",
            "code",
            "sku",
            "key",
            "productid",
            "product",
            "item",
            "number",
            "ref",
            "reference",
            "zip",
            "isbn",
        ]
    ),
    "word": frozenset(
        [
            "name",
            "title",
            "type",
            "category",
            "city",
            "country",
            "state",
            "region",
            "status",
            "gender",
            "brand",
            "group",
            "class",
            "product",
            "producttype",
        ]
    ),
    "text": frozenset(
        [
            "description",
            "comment",
            "comments",
            "text",
            "notes",
            "note",
            "remark",
            "address",
            "title",
            "summary",
            "details",
            "productdescription",
        ]
    ),
    "empty": frozenset(["comments", "comment", "notes", "note", "remark", "remarks", "other"]),
}
_ALL_WORDS = frozenset().union(*_LEXICON.values())
_CASE_CHANGE = re.compile(
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Z]{2})(?=[a-z])|(?<=\")(?=\S)|(?<=\S)(?=\")"
)


def column_kinds(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The prevailing kind of each column; ``""`` where none prevails, ``empty`` where nothing is filled."""
    kinds: list[str] = []
    for index in range(width):
        counts = Counter(cell_kind(row[index][:200]) for row in rows if index < len(row))
        filled = Counter({k: n for k, n in counts.items() if k not in ("empty", "missing")})
        total = sum(filled.values())
        if not total:
            kinds.append("empty")
            continue
        if filled["integer"] and filled["number"]:
            filled["number"] += filled.pop("integer")
        kind, count = filled.most_common(1)[0]
        kinds.append(kind if count >= 0.6 * total else "")
    return kinds


def typed_columns(kinds: Sequence[str]) -> list[int]:
    """Columns whose data a header cell would not look like."""
    return [index for index, kind in enumerate(kinds) if kind in TYPED or kind == "code"]


def looks_like_data(cells: Sequence[str], kinds: Sequence[str], typed: Sequence[int]) -> bool | None:
    """True for data, False for a header-like row, None when the row says nothing about it."""
    if _is_row_of_years(cells):
        return False
    agree = disagree = 0.0
    for index in typed:
        if index >= len(cells):
            continue
        kind = cell_kind(cells[index][:200])
        if kind in ("empty", "missing"):
            continue
        if kind == kinds[index] or (
            kind in TYPED and not (kind == "integer" and _is_year_like(cells[index]))
        ):
            agree += 1
        elif kind in TYPED:
            agree += 0.25
        else:
            disagree += 1
    if disagree == 0 and agree < 0.5:
        return None
    return agree >= disagree


def _is_row_of_years(cells: Sequence[str]) -> bool:
    """``Country,2018,2019,2020``: rising years beside words head a table."""
    years = [int(cell) for cell in cells if cell_kind(cell[:200]) == "integer" and _is_year_like(cell)]
    others = [cell for cell in cells if cell_kind(cell[:200]) in TYPED and not _is_year_like(cell)]
    return len(years) >= 2 and not others and all(a < b for a, b in itertools.pairwise(years))


def _is_year_like(text: str) -> bool:
    stripped = text.strip()
    return len(stripped) == 4 and stripped[:2] in ("19", "20")


def read_damaged_header(
    record: Record, width: int, kinds: Sequence[str], dialect: Dialect
) -> tuple[list[str], str] | None:
    """(names, what was repaired) for a header whose number of cells is not ``width``; None if it cannot be one."""
    cells = cell_values(record, dialect)
    empty = [index for index, cell in enumerate(cells) if not cell.strip()]
    if len(cells) > width and len(cells) - width <= len(empty):
        # Drop the superfluous empty cells; where there is a choice, those away from the end first.
        surplus = set(empty[: len(cells) - width])
        return [
            cell for index, cell in enumerate(cells) if index not in surplus
        ], "an extra separator dropped"
    other = _other_readings(record.raw, width, dialect)
    if other is not None:
        return other
    if len(cells) > width:
        return None
    if len(cells) == width - 1 and width >= 2:
        cut = _cut_header(record, width, kinds, dialect)
        if cut is not None:
            return cut, "a missing separator restored"
    return None


def _other_readings(raw: str, width: int, dialect: Dialect) -> tuple[list[str], str] | None:
    quote = dialect.quote
    if quote and raw.count(quote) % 2:
        for position in [i for i, char in enumerate(raw) if char == quote][:40]:
            masked = raw[:position] + "\ue000" + raw[position + 1 :]
            cells = split_line(masked, dialect)
            if len(cells) == width:
                names = [
                    cell_value(c, dialect, first=i == 0).replace("\ue000", quote) for i, c in enumerate(cells)
                ]
                return names, "a stray quote kept as text"
    for other in _ALTERNATIVES:
        if other == dialect.delimiter or other not in raw:
            continue
        alternative = replace(dialect, delimiter=other, skip_space=False)
        cells = split_line(raw, alternative)
        if len(cells) == width and width > 1:
            names = [cell_value(cell, alternative) for cell in cells]
            if sum(bool(name.strip()) for name in names) >= 0.6 * width:
                return names, "fields separated by another delimiter"
    return None


def _cut_header(record: Record, width: int, kinds: Sequence[str], dialect: Dialect) -> list[str] | None:
    """Cut the one cell that holds two names, where names and column kinds go together best."""
    best: tuple[float, list[str]] | None = None
    quote = dialect.quote
    readings = [record.cells]
    if quote and quote in record.raw:
        readings.append(split_line(record.raw, replace(dialect, quote="")))
    for raw_cells in readings:
        if len(raw_cells) != width - 1:
            continue
        texts = [cell_value(cell, dialect, first=i == 0) for i, cell in enumerate(raw_cells)]
        for index, raw in enumerate(raw_cells):
            natural = {match.start() for match in _CASE_CHANGE.finditer(raw)}
            for place in range(1, len(raw)):
                first, second = raw[:place], raw[place:]
                score = 0.7 if place in natural else 0.0
                if quote:
                    if first.count(quote) % 2 or second.count(quote) % 2:
                        continue
                    if second.startswith(quote) or first.endswith(quote):
                        score += 3.0
                first, second = (
                    cell_value(first, dialect, first=True),
                    cell_value(second, dialect, first=True),
                )
                if not first.strip() or not second.strip():
                    continue
                names = [*texts[:index], first, second, *texts[index + 1 :]]
                score += sum(_affinity(name, kind) for name, kind in zip(names, kinds, strict=True))
                known = sum(part.casefold() in _ALL_WORDS for part in (first, second))
                if known == 2 or place in natural:
                    score += 0.8 * known
                else:
                    score -= 0.8
                if min(len(first), len(second)) < 2:
                    score -= 1.0
                if first[-1] in "_- " or second[0] in "_- ":
                    score -= 2.0
                if best is None or score > best[0]:
                    best = (score, names)
    return best[1] if best else None


def _affinity(name: str, kind: str) -> float:
    """How well a column name announces a kind of values."""
    folded = name.casefold()
    wanted = _LEXICON.get(kind, frozenset())
    if folded in wanted:
        return 1.5
    words = {w.casefold() for w in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    if words & wanted:
        return 1.0
    if kind not in ("word", "text", "") and any(
        word in other for word in words for k, other in _LEXICON.items() if k != kind
    ):
        return -0.3
    return 0.0


def join_header(rows: Sequence[Sequence[str]], *, repeat: bool) -> list[str]:
    """One name per column from several header rows, joined with a blank.

    With ``repeat`` equal parts are kept as often as they occur (the faithful text); without, once (a column name).
    """
    if len(rows) == 1:
        return list(rows[0])
    width = max((len(row) for row in rows), default=0)
    if not repeat:
        # A group heading stands over its first column only: it holds for the empty cells to its right too.
        rows = [*(_filled_right(row) for row in rows[:-1]), rows[-1]]
    names = []
    for index in range(width):
        parts = [row[index] for row in rows if index < len(row) and row[index].strip()]
        names.append(" ".join(parts if repeat else dict.fromkeys(part.strip() for part in parts)))
    return names


def _filled_right(row: Sequence[str]) -> list[str]:
    filled: list[str] = []
    for cell in row:
        filled.append(cell if cell.strip() or not filled else filled[-1])
    return filled
