"""Where the tables are in a sequence of records: preamble, header rows, body, footnotes, further tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from data_ingestion.logic.delimited.cells import TYPED, cell_kind
from data_ingestion.logic.delimited.header import (
    column_kinds,
    looks_like_data,
    read_damaged_header,
    typed_columns,
)
from data_ingestion.logic.delimited.tokenizer import Dialect, Record

_HEADER_SEARCH = 60
_MAX_HEADER_ROWS = 5
_KIND_SAMPLE = 400


@dataclass(slots=True)
class Line:
    """A record with its cell texts; ``gap`` tells that blank lines stand before it."""

    record: Record
    cells: list[str]
    gap: bool = False

    @property
    def filled(self) -> int:
        """Number of cells that are not blank."""
        return sum(1 for cell in self.cells if cell.strip())


@dataclass(slots=True)
class TableLayout:
    """One table: ``header`` rows as texts (empty list: the file has no header), and its parts in order."""

    width: int
    header: list[list[str]]
    header_lines: list[Line]
    body: list[Line]
    preamble: list[Line] = field(default_factory=list)
    footer: list[Line] = field(default_factory=list)
    header_repair: str = ""


def find_tables(
    lines: Sequence[Line], dialect: Dialect, fit_row: Callable[[Line, int], list[str] | None]
) -> list[TableLayout]:
    """Cut ``lines`` (no blank records) into tables.

    ``fit_row(line, width)`` is a best effort to read a damaged line as ``width`` cells.
    """
    tables: list[TableLayout] = []
    rest = list(lines)
    while rest:
        layout, used = _next_table(rest, dialect, fit_row)
        tables.append(layout)
        rest = rest[used:]
    return _drop_fragments(tables)


def _next_table(
    lines: list[Line], dialect: Dialect, fit_row: Callable[[Line, int], list[str] | None]
) -> tuple[TableLayout, int]:
    width = _first_width(lines, spaced=dialect.delimiter == " ")
    kinds = _kinds(lines, width)
    typed = typed_columns(kinds)
    first_data = _first_data_row(lines, width, kinds, typed, fit_row)
    header_start, header, repair = _header_above(lines, first_data, width, kinds, typed, dialect)
    if header and len(header[-1]) > width:
        width = len(header[-1])
    end = _table_end(lines, first_data, width, header[-1] if header else None, kinds, typed)
    body = lines[first_data:end]
    footer = _footer(body, width, kinds)
    if footer:
        body = body[: len(body) - len(footer)]
    layout = TableLayout(
        width=width,
        header=header,
        header_lines=lines[header_start:first_data],
        body=body,
        preamble=lines[:header_start],
        footer=footer,
        header_repair=repair,
    )
    return layout, end


def _first_width(lines: Sequence[Line], *, spaced: bool = False) -> int:
    """Width of the first table: the frequent width that occurs first in a run.

    With blanks as delimiter (``spaced``) cells may hold blanks, so rows are often wider than their header.
    """
    counts = Counter(len(line.cells) for line in lines)
    head = lines[0].cells
    names = not any(cell_kind(cell[:200]) in TYPED for cell in head) and len(set(head)) == len(head)
    if spaced and names and len(head) > 2 and min(counts) >= len(head) - 1:
        return len(head)
    total = len(lines)
    wide = {w: n for w, n in counts.items() if w > 1}
    if not wide or (counts[1] > 0.8 * total and max(wide.values()) < 3):
        return 1
    strongest = max(wide.values())
    runs: dict[int, int] = {}
    run_width, run = 0, 0
    for line in lines:
        w = len(line.cells)
        run = run + 1 if w == run_width else 1
        run_width = w
        if w > 1:
            runs[w] = max(runs.get(w, 0), run)
            enough = n_enough(total)
            if run >= enough and counts[w] >= 0.2 * strongest:
                return w
    return max(wide, key=lambda w: (wide[w], w))


def n_enough(total: int) -> int:
    """How many equal records in a row make a table in a file of ``total`` records."""
    return max(2, min(5, total // 4))


def _kinds(lines: Sequence[Line], width: int) -> list[str]:
    rows = [line.cells for line in lines if len(line.cells) == width]
    if len(rows) > 3:
        rows = rows[1:]  # the header would dilute a short column
    step = max(1, len(rows) // _KIND_SAMPLE)
    first = rows[:_KIND_SAMPLE] if len(rows) <= 2 * _KIND_SAMPLE else rows[::step]
    return column_kinds(first, width)


def _first_data_row(
    lines: Sequence[Line],
    width: int,
    kinds: Sequence[str],
    typed: Sequence[int],
    fit_row: Callable[[Line, int], list[str] | None],
) -> int:
    """Index of the first data row (``len(lines)`` when there is only a header)."""
    if not typed:
        return _first_row_of_text_table(lines, width)
    for index, line in enumerate(lines[:_HEADER_SEARCH]):
        cells = line.cells
        if len(cells) != width:
            if line.filled < max(2, 0.5 * width) and len(line.record.raw) < 60 and width > 2:
                continue
            fitted = fit_row(line, width)
            if fitted is None:
                continue
            cells = fitted
            # A damaged row must speak clearly: at least half of the typed columns have to agree.
            agreeing = sum(1 for j in typed if cell_kind(cells[j][:200]) == kinds[j])
            if agreeing < max(1, 0.5 * len(typed)):
                continue
        verdict = looks_like_data(cells, kinds, typed)
        if verdict is None and len(line.cells) == width and line.filled >= max(2, 0.5 * width) and index > 0:
            previous = lines[index - 1]
            # Under a full header a row without typed cells is data with gaps, unless it repeats the header.
            if (
                len(previous.cells) == width
                and previous.filled >= 0.5 * width
                and previous.cells != line.cells
            ):
                verdict = not _all_short(line.cells)
        if verdict:
            return index
    for index, line in enumerate(lines):
        if len(line.cells) == width and line.filled >= 0.5 * width:
            return min(index + 1, len(lines))
    return min(1, len(lines))


def _all_short(cells: Sequence[str]) -> bool:
    return all(len(cell) <= 40 for cell in cells)


def _first_row_of_text_table(lines: Sequence[Line], width: int) -> int:
    """A table without typed columns: its first full row is the header unless it evidently is data."""
    full = [
        i
        for i, line in enumerate(lines[:_HEADER_SEARCH])
        if len(line.cells) == width and line.filled >= 0.7 * width
    ]
    if not full:
        full = [i for i, line in enumerate(lines[:_HEADER_SEARCH]) if len(line.cells) == width]
    if not full:
        return 0
    start = full[0]
    cells = lines[start].cells
    typed_cells = sum(1 for cell in cells if cell_kind(cell[:200]) in TYPED)
    if typed_cells > 0.5 * width:
        return start
    below = [line.cells for line in lines[start + 1 : start + 400] if len(line.cells) == width]
    if len(below) >= 3:
        repeats = sum(
            1 for j in range(width) if cells[j].strip() and any(row[j] == cells[j] for row in below)
        )
        if repeats > 0.5 * width and lines[start].cells not in below[:_MAX_HEADER_ROWS]:
            return start
        if len({cell.casefold().strip() for cell in cells}) < 0.6 * width:
            return start
    following = start + 1
    while following < len(lines) and following < start + _MAX_HEADER_ROWS and lines[following].cells == cells:
        following += 1
    return following


def _header_above(
    lines: Sequence[Line],
    first_data: int,
    width: int,
    kinds: Sequence[str],
    typed: Sequence[int],
    dialect: Dialect,
) -> tuple[int, list[list[str]], str]:
    """(index of the first header row, header rows, repair) of the header directly above the data."""
    header: list[list[str]] = []
    repair = ""
    index = first_data - 1
    while index >= 0 and len(header) < _MAX_HEADER_ROWS:
        line = lines[index]
        cells: list[str] | None = line.cells
        if header and lines[index + 1].gap:
            break
        if len(line.cells) != width:
            if header:
                break
            cells = _header_of_other_width(line, width, kinds, dialect)
            if cells is None:
                break
            repair = cells.pop()
        assert cells is not None
        filled = sum(1 for cell in cells if cell.strip())
        if width > 2 and filled < (2 if not header else max(2, 0.4 * width)):
            break
        if header and not _is_upper_header(cells, typed, header[0]):
            break
        header.insert(0, cells)
        index -= 1
    return index + 1, header, repair


def _header_of_other_width(
    line: Line, width: int, kinds: Sequence[str], dialect: Dialect
) -> list[str] | None:
    """Header cells with the repair text appended, or None."""
    if len(line.cells) > width:
        trimmed = list(line.cells)
        while len(trimmed) > width and not trimmed[-1].strip():
            trimmed.pop()
        if len(trimmed) == width:
            return [*trimmed, "empty cells at the end of the header dropped"]
    found = read_damaged_header(line.record, width, kinds, dialect)
    if found is not None:
        return [*found[0], found[1]]
    if len(line.cells) > width and line.filled == len(line.cells) and len(line.cells) <= 2 * width:
        return [*line.cells, "the header has more columns than the rows"]
    if width - 1 <= len(line.cells) < width and line.filled >= 2:
        if kinds[0] == "integer":
            return ["", *line.cells, "the first column has no name"]
        return [*line.cells, *[""] * (width - len(line.cells)), "the header has fewer columns than the rows"]
    if 0.6 * width <= len(line.cells) < width and line.filled >= 2:
        return [*line.cells, *[""] * (width - len(line.cells)), "the header has fewer columns than the rows"]
    return None


def _is_upper_header(cells: Sequence[str], typed: Sequence[int], below: Sequence[str]) -> bool:
    """Whether a row above a header row belongs to it: texts over typed columns, mostly filled or a repeat."""
    if list(cells) == list(below):
        return True
    over = [cells[j] for j in typed if j < len(cells) and cells[j].strip()]
    if not over:
        return False
    return all(cell_kind(cell[:200]) not in TYPED or cell_kind(cell[:200]) == "integer" for cell in over)


def _table_end(
    lines: Sequence[Line],
    first_data: int,
    width: int,
    header: list[str] | None,
    kinds: Sequence[str],
    typed: Sequence[int],
) -> int:
    """Index where the next table starts, or ``len(lines)``."""
    total = len(lines)
    for index in range(first_data + 1, total):
        line = lines[index]
        cells = line.cells
        if header is not None and len(header) > 1 and _is_header_again(cells, header):
            return index
        if len(cells) != width:
            run = _run_length(lines, index)
            if run >= 3 and len(cells) > 1 and _starts_table(lines, index, run, line.gap, typed, kinds):
                return index
        elif line.gap and typed and index + 1 < total:
            following = lines[index + 1].cells
            if (
                len(following) == width
                and looks_like_data(cells, kinds, typed) is False
                and line.filled >= max(2, 0.5 * width)
                and any(cell_kind(cell[:200]) in TYPED for cell in following)
            ):
                return index
    return total


def _is_header_again(cells: Sequence[str], header: Sequence[str]) -> bool:
    """The header of the first table (or its beginning, or with columns added) stands here again."""
    shared = min(len(cells), len(header))
    if shared < 2 or shared < 0.5 * len(header):
        return False
    return list(cells[:shared]) == list(header[:shared])


def _run_length(lines: Sequence[Line], start: int) -> int:
    width = len(lines[start].cells)
    run = 0
    for line in lines[start : start + 50]:
        if len(line.cells) != width or (run and line.gap):
            break
        run += 1
    return run


def _starts_table(
    lines: Sequence[Line], index: int, run: int, gap: bool, typed: Sequence[int], kinds: Sequence[str]
) -> bool:
    """Whether a run of records of another width starting here is a table of its own and not just ragged rows."""
    first = lines[index]
    width = len(first.cells)
    if first.filled < 0.6 * width:
        return False
    rows = [line.cells for line in lines[index + 1 : index + run]]
    own = column_kinds(rows, width)
    own_typed = typed_columns(own)
    verdict = looks_like_data(first.cells, own, own_typed) if own_typed else None
    if verdict is False:
        return True
    return gap and verdict is None and len(set(first.cells)) == width


def _footer(body: Sequence[Line], width: int, kinds: Sequence[str]) -> list[Line]:
    """Trailing notes: lines that hold a single text while table rows hold several cells, and blank rows."""
    if width < 2 or len(body) < 2:
        return []
    filled = sorted(line.filled for line in body)
    usual = filled[len(filled) // 2]
    footer: list[Line] = []
    for line in reversed(body[1:]):
        lonely = line.filled <= 1 and (usual >= 3 or (usual == 2 and line.gap))
        short = len(line.cells) != width or line.filled == 0 or (bool(line.cells[0].strip()) and usual >= 3)
        if lonely and short and not _could_be_row(line, width):
            footer.append(line)
            continue
        if line.gap and len(line.cells) != width and line.filled <= max(1, 0.34 * usual):
            footer.append(line)
            continue
        break
    # A gap above a note takes the lines between with it.
    return list(reversed(footer))


def _could_be_row(line: Line, width: int) -> bool:
    """A single cell that holds as many blanks or other delimiters as a row has columns may be a damaged row."""
    raw = line.record.raw
    if len(line.cells) == width:
        return False
    typed = sum(1 for part in raw.split() if cell_kind(part) in TYPED)
    return (typed >= 2 and len(raw.split()) >= width - 1) or any(raw.count(d) >= width - 1 for d in ";\t|,")


def _drop_fragments(tables: list[TableLayout]) -> list[TableLayout]:
    """Tables without any row that follow a real one are notes: they become footnotes of the one before."""
    kept: list[TableLayout] = []
    for table in tables:
        if kept and not table.body:
            kept[-1].footer.extend([*table.preamble, *table.header_lines, *table.footer])
        else:
            kept.append(table)
    return kept
