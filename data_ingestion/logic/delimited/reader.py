"""Read messy delimited text completely: tables with header, raw text rows, repairs and rejected rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from data_ingestion.contracts import RejectedRow, Repair
from data_ingestion.logic.delimited.cells import cell_kind
from data_ingestion.logic.delimited.dialect import find_dialect
from data_ingestion.logic.delimited.encoding import FoundEncoding, decode_bytes, find_encoding
from data_ingestion.logic.delimited.header import join_header
from data_ingestion.logic.delimited.models import ColumnModel, learn_models
from data_ingestion.logic.delimited.repair import fix_record, is_suspicious
from data_ingestion.logic.delimited.structure import Line, TableLayout, find_tables
from data_ingestion.logic.delimited.tokenizer import Dialect, Record, cell_values, iter_records, split_line

_SAMPLE_CHARS = 128 * 1024
_SHOWN = 300


@dataclass(slots=True)
class TextTable:
    """One table as text.

    ``header`` holds one text per column (several header rows joined by a blank) or is None when the file has no
    header; ``labels`` are the same without repeated parts. ``rows`` hold exactly ``width`` raw texts each.
    """

    header: list[str] | None
    labels: list[str]
    rows: list[list[str]]
    width: int
    rows_in: int
    repairs: list[Repair] = field(default_factory=list)
    rejects: list[RejectedRow] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    header_rows: int = 0


@dataclass(slots=True)
class DelimitedText:
    """All tables of a text file with what was found about it."""

    tables: list[TextTable]
    dialect: Dialect
    encoding: FoundEncoding
    fallback_lines: int = 0


def read_delimited_text(path: Path) -> tuple[list[str] | None, list[list[str]]]:
    """(header, rows) of the first table of ``path``; all cells are the raw texts, header is None if there is none.

    An empty file gives ``(None, [])``. The whole file is held in memory: use ``load.load_delimited`` for bulk.
    """
    found = read_delimited(path)
    if not found.tables:
        return None, []
    return found.tables[0].header, found.tables[0].rows


def read_delimited(path: Path) -> DelimitedText:
    """Every table of the text file at ``path``."""
    encoding = find_encoding(path)
    text, fallback = decode_bytes(path.read_bytes(), encoding)
    found = parse_text(text)
    found.encoding, found.fallback_lines = encoding, fallback
    return found


def parse_text(text: str) -> DelimitedText:
    """Every table of ``text``."""
    sample = text_sample(text)
    separator, skipped = declared_separator(text)
    dialect = find_dialect(sample[skipped:])
    if separator:
        dialect = Dialect(separator, dialect.quote, dialect.escape)
    lines = read_lines(text, dialect, start=skipped)
    if not lines:
        return DelimitedText([], dialect, FoundEncoding("utf-8"))
    fitter = _Fitter(lines, dialect)
    layouts = find_tables(lines, dialect, fitter.fit)
    return DelimitedText([_finish(layout, dialect) for layout in layouts], dialect, FoundEncoding("utf-8"))


def text_sample(text: str) -> str:
    """The beginning of ``text``, cut at a line end."""
    if len(text) <= _SAMPLE_CHARS:
        return text
    cut = max(text.rfind("\n", 0, _SAMPLE_CHARS), text.rfind("\r", 0, _SAMPLE_CHARS))
    return text[: cut + 1] if cut > 0 else text[:_SAMPLE_CHARS]


_DECLARED = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t]*(?:\r\n|\n|\r)", re.IGNORECASE)


def declared_separator(text: str) -> tuple[str, int]:
    """(delimiter, length) of the ``sep=;`` line that spreadsheet programs write first, else ("", 0)."""
    match = _DECLARED.match(text)
    return (match[1], match.end()) if match else ("", 0)


def read_lines(text: str, dialect: Dialect, *, start: int = 0) -> list[Line]:
    """All records that are not blank; records that a stray quote glued together are taken apart."""
    records = list(iter_records(text, dialect, start=start, line=1 + (1 if start else 0)))
    records = _unglue(records, dialect)
    lines: list[Line] = []
    gap = False
    for record in records:
        if record.is_blank:
            gap = True
            continue
        lines.append(Line(record, cell_values(record, dialect), gap))
        gap = False
    return lines


def _unglue(records: list[Record], dialect: Dialect) -> list[Record]:
    """A record over several lines whose first line alone has the usual width swallowed its successors."""
    if not dialect.quote or not any(record.lines > 1 for record in records):
        return records
    counts: dict[int, int] = {}
    for record in records:
        if record.lines == 1 and not record.is_blank:
            counts[len(record.cells)] = counts.get(len(record.cells), 0) + 1
    if not counts:
        return records
    usual = max(counts, key=lambda w: counts[w])
    if usual < 2:
        return records
    result: list[Record] = []
    queue = list(reversed(records))
    while queue:
        record = queue.pop()
        if record.lines == 1 or (len(record.cells) == usual and record.raw.count(dialect.quote) % 2 == 0):
            result.append(record)
            continue
        first, rest = _split_first_line(record.raw)
        cells = split_line(first, dialect)
        rest_records = list(iter_records(rest, dialect, line=record.line + 1))
        rest_fits = any(len(r.cells) == usual for r in rest_records)
        if len(record.cells) == usual:
            glued = len(cells) == usual and rest_fits
        else:
            glued = len(cells) == usual or (rest_fits and len(record.cells) > usual)
        if glued:
            result.append(Record(first, cells, record.line, 1))
            queue.extend(reversed(rest_records))
        else:
            result.append(record)
    return result


def _split_first_line(raw: str) -> tuple[str, str]:
    match = re.search(r"\r\n|\n|\r", raw)
    return (raw[: match.start()], raw[match.end() :]) if match else (raw, "")


class _Fitter:
    """Reads damaged lines against models of the columns; models are learnt once per width."""

    def __init__(self, lines: Sequence[Line], dialect: Dialect) -> None:
        self._lines = lines
        self._dialect = dialect
        self._models: dict[int, list[ColumnModel]] = {}

    def fit(self, line: Line, width: int) -> list[str] | None:
        models = self._models.get(width)
        if models is None:
            models = learn_models([other.cells for other in self._lines], width)
            self._models[width] = models
        fix = fix_record(line.record.raw, self._dialect, models)
        return None if fix is None else fix.cells


def _finish(layout: TableLayout, dialect: Dialect) -> TextTable:
    """Repair the rows that have the wrong width, reject what is no row, and write the account."""
    width = layout.width
    table = TextTable(
        header=join_header(layout.header, repeat=True) if layout.header else None,
        labels=join_header(layout.header, repeat=False) if layout.header else [""] * width,
        rows=[],
        width=width,
        rows_in=len(layout.body) + len(layout.footer),
        preamble=[line.record.raw for line in layout.preamble],
        header_rows=len(layout.header),
    )
    _describe_structure(layout, table)
    good = [
        line.cells
        for line in layout.body
        if len(line.cells) == width and not is_suspicious(line.record.cells, dialect.quote)
    ]
    if dialect.delimiter == " " and len(good) < 0.2 * len(layout.body):
        good += anchored_rows([line.cells for line in layout.body], width)
    models: list[ColumnModel] | None = None
    for line in layout.body:
        cells = line.cells
        if len(cells) == width and not is_suspicious(line.record.cells, dialect.quote):
            table.rows.append(cells)
            continue
        if models is None:
            models = learn_models(good, width) if good else []
        if len(cells) == width:
            fix = fix_record(line.record.raw, dialect, models) if models else None
            if fix is None or fix.cells == cells:
                table.rows.append(cells)
                continue
        row = fix_row(line, width, dialect, models)
        if row is None:
            table.rejects.append(RejectedRow(line.record.line, "not_a_table_row", line.record.raw))
            continue
        cells, how = row
        table.rows.append(cells)
        table.repairs.append(
            Repair(
                kind="ragged_row",
                message=f"{len(line.cells)} fields read as {width}: {how}.",
                row=line.record.line,
                before=line.record.raw[:_SHOWN],
                after=" | ".join(cells)[:_SHOWN],
            )
        )
    for line in layout.footer:
        table.rejects.append(RejectedRow(line.record.line, "footnote", line.record.raw))
    return table


def anchored_rows(rows: Sequence[Sequence[str]], width: int) -> list[list[str]]:
    """Rows of blank-separated cells of which one column holds unquoted blanks.

    Counted from both ends the cells of all other columns have the same kind in nearly every row; whatever is left in
    the middle is the one column. Empty when the rows do not look like that.
    """
    longer = [row for row in rows if len(row) >= width]
    if len(longer) < 3:
        return []

    def steady(position: int) -> bool:
        kinds = Counter(cell_kind(row[position][:200]) for row in longer)
        kind, count = kinds.most_common(1)[0]
        return count >= 0.85 * len(longer) and kind != "word"

    left = 0
    while left < width - 1 and steady(left):
        left += 1
    right = 0
    while left + right < width - 1 and steady(-1 - right):
        right += 1
    if left + right != width - 1:
        return []
    found = []
    for row in longer:
        end = len(row) - right
        found.append([*row[:left], " ".join(row[left:end]), *row[end:]])
    return found


def fix_row(
    line: Line, width: int, dialect: Dialect, models: Sequence[ColumnModel]
) -> tuple[list[str], str] | None:
    """(cells, how) for a line of the wrong width, or None when it is no row of the table."""
    cells = line.cells
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]) and not models:
        return cells[:width], "empty fields at the end dropped"
    fix = fix_record(line.record.raw, dialect, models) if models else None
    if fix is not None:
        filled = sum(1 for cell in fix.cells if cell.strip())
        if filled <= 1 and width >= 3 and line.filled <= 1 and fix.cost > 1.2 * width:
            return None
        return fix.cells, fix.how
    if len(cells) < width:
        return [*cells, *[""] * (width - len(cells))], "missing fields at the end left empty"
    joined = dialect.delimiter.join(cells[width - 1 :])
    return [*cells[: width - 1], joined], "surplus fields kept in the last column"


def _describe_structure(layout: TableLayout, table: TextTable) -> None:
    if layout.preamble:
        table.repairs.append(
            Repair(
                kind="preamble",
                message=f"{len(layout.preamble)} lines before the table were set aside.",
                row=layout.preamble[0].record.line,
                before="\n".join(line.record.raw for line in layout.preamble)[:_SHOWN],
                count=len(layout.preamble),
            )
        )
    if not layout.header:
        table.repairs.append(
            Repair(kind="no_header", message="The file has no header; columns were numbered.")
        )
    elif len(layout.header) > 1:
        table.repairs.append(
            Repair(
                kind="header_rows",
                message=f"{len(layout.header)} header rows were joined into one.",
                row=layout.header_lines[0].record.line,
                count=len(layout.header),
            )
        )
    if layout.header_repair:
        line = layout.header_lines[-1].record
        table.repairs.append(
            Repair(
                kind="header_repaired",
                message=f"The header was damaged: {layout.header_repair}.",
                row=line.line,
                before=line.raw[:_SHOWN],
                after=" | ".join(layout.header[-1])[:_SHOWN],
            )
        )
