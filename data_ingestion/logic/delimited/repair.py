"""Put one broken record right: find the segmentation into columns that the good records make most plausible.

A record is read in several ways (as the dialect says, with one quote taken literally, with quotes opening anywhere,
with another delimiter). For each reading a dynamic programme aligns its tokens with the columns by these moves:
take a token, drop an empty one (extra delimiter), join neighbours (unprotected delimiter), cut a token (missing
delimiter), leave a column empty (missing cell). The cheapest reading wins.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from data_ingestion.logic.delimited.models import ColumnModel
from data_ingestion.logic.delimited.tokenizer import Dialect, cell_value, split_line

_DROP = 1.0
_JOIN = 1.6
_JOIN_SPACE = 0.15
_CUT = 2.2
_EMPTY = 1.8
_EMPTY_TAIL = 0.8
_MASK = 1.2
_ANYWHERE = 0.6
_OTHER_DELIMITER = 1.5
_MASKED = "\ue000"
_MAX_MASKS = 24
_MAX_TOKENS = 400
_INFINITE = float("inf")
_ALTERNATIVES = (" ", ",", ";", "\t", "|")
_CLASS_CHANGE = re.compile(
    r"(?<=\d)(?=[^\d.,:/\-\s])|(?<=[^\d.,:/\-+\s(])(?=[\d$€£+(-])|(?<=[a-zß-ÿ.)!?])(?=[A-Z\"'])"
    r"|(?<=[\"'])(?=\S)|(?<=\S)(?=[\"'])|(?<=[a-z])(?=https?://)|(?<= )(?=\S)|(?<=\S)(?= )"
)


@dataclass(frozen=True, slots=True)
class Fix:
    """A repaired record: its cell texts, what was done, and the cost (lower is more plausible)."""

    cells: list[str]
    how: str
    cost: float


@dataclass(slots=True)
class _Token:
    raw: str
    value: str
    #: The text the column models judge: ``value`` without a quote that is known to be stray.
    judged: str


def fix_record(raw: str, dialect: Dialect, models: Sequence[ColumnModel]) -> Fix | None:
    """The most plausible reading of ``raw`` as ``len(models)`` cells, or None when nothing fits at all."""
    best: Fix | None = None
    for how, extra, tokens, joiner in _readings(raw, dialect, len(models)):
        if len(tokens) > _MAX_TOKENS:
            continue
        limit = best.cost if best is not None else _INFINITE
        found = _align(tokens, models, dialect, joiner, limit - extra)
        if found is None:
            continue
        cells, moves, cost = found
        if best is None or cost + extra < best.cost:
            best = Fix(cells, " and ".join(filter(None, (how, *moves))) or "read again", cost + extra)
    return best


def _readings(raw: str, dialect: Dialect, width: int) -> list[tuple[str, float, list[_Token], str]]:
    """(what was assumed, its cost, tokens, text that joins tokens) for every way to read the record."""
    readings = [("", 0.0, _tokens(split_line(raw, dialect), dialect), dialect.delimiter)]
    quote = dialect.quote
    if quote and quote in raw:
        readings.append(
            (
                "quotes read inside cells",
                _ANYWHERE,
                _tokens(_toggle_split(raw, dialect), dialect),
                dialect.delimiter,
            )
        )
        bare = replace(dialect, quote="")
        readings.append(
            ("quotes read as text", 2 * _MASK, _tokens(split_line(raw, bare), bare), dialect.delimiter)
        )
        readings.extend(_masked_readings(raw, dialect, width))
    if len(readings[0][2]) < max(2, width):
        for other in _ALTERNATIVES:
            if other != dialect.delimiter and other in raw:
                alternative = replace(dialect, delimiter=other, skip_space=False)
                tokens = _tokens(split_line(raw, alternative), alternative)
                if len(tokens) >= max(2, 0.7 * width):
                    readings.append(
                        ("fields separated by another delimiter", _OTHER_DELIMITER, tokens, other)
                    )
    return readings


def _masked_readings(raw: str, dialect: Dialect, width: int) -> list[tuple[str, float, list[_Token], str]]:
    """Readings with one quote character taken literally (a stray quote leaves an odd number of them)."""
    positions = [i for i, char in enumerate(raw) if char == dialect.quote]
    if len(positions) % 2 == 0 or len(positions) > _MAX_MASKS:
        return []
    readings = []
    for position in positions:
        masked = raw[:position] + _MASKED + raw[position + 1 :]
        cells = split_line(masked, dialect)
        if len(cells) != width:
            continue
        tokens = [
            _Token(
                c.replace(_MASKED, dialect.quote),
                value.replace(_MASKED, dialect.quote),
                value.replace(_MASKED, ""),
            )
            for c, value in ((c, cell_value(c, dialect, first=i == 0)) for i, c in enumerate(cells))
        ]
        # A well-formed rest has no other quote inside an unquoted cell.
        untidy = sum(
            dialect.quote in t.judged and not _is_quoted(t.raw.strip(), dialect.quote) for t in tokens
        )
        readings.append(
            ("a stray quote kept as text", _MASK + 0.3 * max(0, untidy), tokens, dialect.delimiter)
        )
    return readings


def _tokens(cells: Sequence[str], dialect: Dialect) -> list[_Token]:
    values = [cell_value(raw, dialect, first=i == 0) for i, raw in enumerate(cells)]
    return [_Token(raw, value, value) for raw, value in zip(cells, values, strict=True)]


def _toggle_split(raw: str, dialect: Dialect) -> list[str]:
    """Split at delimiters outside quotes, where a quote opens and closes anywhere in a cell."""
    parts: list[str] = []
    inside = False
    start = position = 0
    delimiter, quote = dialect.delimiter, dialect.quote
    while position < len(raw):
        if raw[position] == quote:
            inside = not inside
            position += 1
        elif not inside and raw.startswith(delimiter, position):
            parts.append(raw[start:position])
            position += len(delimiter)
            start = position
        else:
            position += 1
    parts.append(raw[start:])
    return parts


def _align(
    tokens: list[_Token], models: Sequence[ColumnModel], dialect: Dialect, joiner: str, limit: float
) -> tuple[list[str], list[str], float] | None:
    """Cheapest alignment of ``tokens`` with the columns; None when it would cost ``limit`` or more."""
    width, count = len(models), len(tokens)
    max_join = max(1, count - width + 2)
    join_cost = _JOIN_SPACE if joiner == " " else _JOIN
    # best[i][j]: cheapest way to have used i tokens for the first j columns; came[i][j] tells the last move.
    best = [[_INFINITE] * (width + 1) for _ in range(count + 1)]
    came: list[list[tuple[int, int, list[str], str] | None]] = [
        [None] * (width + 1) for _ in range(count + 1)
    ]
    best[0][0] = 0.0

    def offer(i: int, j: int, cost: float, from_i: int, from_j: int, cells: list[str], move: str) -> None:
        if cost < best[i][j] and cost < limit:
            best[i][j] = cost
            came[i][j] = (from_i, from_j, cells, move)

    # A column can only be reached by about the right number of tokens; this band keeps long rows cheap.
    slack = abs(count - width) + 3
    for i in range(count + 1):
        for j in range(width + 1):
            here = best[i][j]
            if here >= limit:
                continue
            left_tokens, left_columns = count - i, width - j
            if i < count:
                token = tokens[i]
                if j < width:
                    offer(i + 1, j + 1, here + models[j].cost(token.judged), i, j, [token.value], "")
                    if left_tokens > left_columns or slack > 3:
                        for size in range(2, min(max_join, left_tokens) + 1):
                            text = joiner.join(t.raw for t in tokens[i : i + size])
                            text = cell_value(text, dialect, first=i == 0)
                            cost = here + join_cost * (size - 1) + models[j].cost(text)
                            offer(i + size, j + 1, cost, i, j, [text], "fields joined")
                if not token.value.strip():
                    offer(i + 1, j, here + _DROP, i, j, [], "an extra separator dropped")
                if j + 1 < width and left_tokens < left_columns:
                    cut = _best_cut(token, models[j], models[j + 1], dialect)
                    if cut is not None:
                        cost, first, second = cut
                        offer(
                            i + 1,
                            j + 2,
                            here + _CUT + cost,
                            i,
                            j,
                            [first, second],
                            "a missing separator restored",
                        )
            if j < width and left_tokens < left_columns:
                price = _EMPTY_TAIL if i == count else _EMPTY
                offer(i, j + 1, here + price + models[j].cost(""), i, j, [""], "a missing cell left empty")
    if best[count][width] >= limit:
        return None
    cells: list[list[str]] = []
    moves: dict[str, None] = {}
    i, j = count, width
    while (i, j) != (0, 0):
        step = came[i][j]
        if step is None:  # pragma: no cover - every finite state was offered by a predecessor
            return None
        i, j, texts, move = step
        cells.append(texts)
        if move:
            moves.setdefault(move)
    return [text for texts in reversed(cells) for text in texts], list(reversed(moves)), best[count][width]


def _best_cut(
    token: _Token, left: ColumnModel, right: ColumnModel, dialect: Dialect
) -> tuple[float, str, str] | None:
    """(cost, left text, right text) of the best place to cut a token whose separator was lost."""
    raw = token.raw
    if len(raw) < 2:
        return None
    places = set(range(1, len(raw))) if len(raw) <= 48 else {m.start() for m in _CLASS_CHANGE.finditer(raw)}
    places |= set(range(1, min(len(raw), 24)))
    natural = {m.start() for m in _CLASS_CHANGE.finditer(raw)}
    best: tuple[float, str, str] | None = None
    quote = dialect.quote
    for place in sorted(places):
        first_raw, second_raw = raw[:place], raw[place:]
        cost = 0.0 if place in natural else 0.25
        if quote and (first_raw.count(quote) % 2 or second_raw.count(quote) % 2):
            cost += 2.0
        if (
            quote
            and _is_quoted(second_raw, quote)
            and (_is_quoted(first_raw, quote) or quote not in first_raw)
        ):
            cost -= 0.8  # a cell that opens with a quote right here is the likeliest reading
        first = cell_value(first_raw, dialect, first=True)
        second = cell_value(second_raw, dialect, first=True)
        if not first.strip() or not second.strip():
            continue
        cost += left.cost(first) + right.cost(second)
        if best is None or cost < best[0]:
            best = (cost, first, second)
    return best


def _is_quoted(text: str, quote: str) -> bool:
    return len(text) >= 2 and text[0] == quote and text[-1] == quote


def is_suspicious(cells: Sequence[str], quote: str) -> bool:
    """Whether a record of the right width holds quotes inside unquoted cells (a lost separator may hide there)."""
    return bool(quote) and any(quote in raw and not _is_quoted(raw.strip(), quote) for raw in cells)
