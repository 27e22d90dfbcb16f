"""From a delimited text file to typed Parquet tables.

Files up to a few megabytes are read completely by ``reader``. Larger ones are judged on a sample and loaded by DuckDB
within its memory cap; only the rows DuckDB rejects are repaired here, patched into a copy in their place, and
loaded again. Where a large file is too irregular for that, it is rewritten record by record first.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import duckdb
import pyarrow as pa

from data_ingestion.contracts import RejectedRow, Repair, RepairReceipt, SourceKind
from data_ingestion.logic.delimited.encoding import FoundEncoding, find_encoding, transcode
from data_ingestion.logic.delimited.models import ColumnModel, learn_models
from data_ingestion.logic.delimited.reader import (
    DelimitedText,
    TextTable,
    declared_separator,
    fix_row,
    parse_text,
    read_delimited,
    read_lines,
)
from data_ingestion.logic.delimited.structure import Line, find_tables
from data_ingestion.logic.delimited.tokenizer import Dialect, Record, cell_values, iter_records
from data_ingestion.logic.duck import quote_text, session
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.rejects import write_rejects
from data_ingestion.logic.store import StoredTable, store_text_relation
from data_ingestion.logic.tables import IngestedTable, IngestLimits, Progress

SMALL_BYTES = 6 * 1024 * 1024
_SAMPLE_BYTES = 512 * 1024
_SAMPLE_PLACES = 12
_SAMPLE_ROWS = 3000
_MAX_PATCHES = 20_000
_LINE_BYTES = 4 * 1024 * 1024
_LONG_LINE_BYTES = 64 * 1024 * 1024
_MAX_PATCH_ROUNDS = 5
_CHUNK_CHARS = 4 * 1024 * 1024


def load_delimited(
    path: Path, *, original_name: str, work_dir: Path, progress: Progress, limits: IngestLimits
) -> list[IngestedTable]:
    """All tables of the text file at ``path`` as typed Parquet below ``work_dir``.

    Raises ``IngestError`` ``file_empty``, ``file_header_only``, ``file_binary_junk``, ``line_too_long``,
    ``too_many_columns`` ...
    """
    size = path.stat().st_size
    if size == 0:
        raise IngestError("file_empty", "The file has no content. Check the export and upload it again.")
    progress("encoding", 0, size)
    encoding = find_encoding(path)
    name = Path(original_name).stem or "table"
    if size <= SMALL_BYTES:
        found = read_delimited(path)
        return _store_small(found, name=name, work_dir=work_dir, progress=progress, limits=limits)
    _check_line_length(path, limits)
    return _load_bulk(path, encoding, name=name, work_dir=work_dir, progress=progress, limits=limits)


def load_text(
    text: str, *, name: str, work_dir: Path, progress: Progress, limits: IngestLimits
) -> list[IngestedTable]:
    """Like ``load_delimited`` for text that is in memory already."""
    return _store_small(parse_text(text), name=name, work_dir=work_dir, progress=progress, limits=limits)


def _check_width(width: int, limits: IngestLimits) -> None:
    if width > limits.max_columns:
        raise IngestError(
            "too_many_columns",
            f"The table has {width:,} columns; at most {limits.max_columns:,} are allowed.",
            columns=width,
            limit=limits.max_columns,
        )


def _store_small(
    found: DelimitedText, *, name: str, work_dir: Path, progress: Progress, limits: IngestLimits
) -> list[IngestedTable]:
    if not found.tables:
        raise IngestError("file_empty", "The file has only blank lines.")
    tables = [table for table in found.tables if table.rows]
    if not tables:
        header = found.tables[0].header or []
        raise IngestError(
            "file_header_only",
            "The file has a header but no rows under it.",
            columns=len(header),
            header=header[:50],
        )
    stored: list[IngestedTable] = []
    for number, table in enumerate(tables, start=1):
        _check_width(table.width, limits)
        progress("types", number - 1, len(tables))
        table_name = name if number == 1 else f"{name} ({number})"
        stored.append(
            _store_text_table(
                table,
                found,
                name=table_name,
                number=number,
                work_dir=work_dir,
                progress=progress,
                limits=limits,
            )
        )
    return stored


def _store_text_table(
    table: TextTable,
    found: DelimitedText,
    *,
    name: str,
    number: int,
    work_dir: Path,
    progress: Progress,
    limits: IngestLimits,
) -> IngestedTable:
    source_columns = [f"c{index}" for index in range(table.width)]
    columns = list(zip(*table.rows, strict=True))
    kept = [i for i, values in enumerate(columns) if table.labels[i].strip() or any(map(str.strip, values))]
    if kept and len(kept) < table.width:
        # A delimiter at the end of every line makes a column without name and content.
        table.repairs.append(
            Repair(
                kind="empty_column",
                message="Columns without name and content were left out.",
                count=table.width - len(kept),
            )
        )
        columns = [columns[i] for i in kept]
        table.labels = [table.labels[i] for i in kept]
        source_columns = [f"c{index}" for index in range(len(kept))]
    arrow = pa.table(
        {key: pa.array(values, pa.string()) for key, values in zip(source_columns, columns, strict=True)}
    )
    with session(limits, work_dir) as connection:

        def relation_of(columns: Sequence[str]) -> str:
            connection.register("source_rows", arrow.select(list(columns)))
            return "source_rows"

        result = store_text_relation(
            connection,
            relation=relation_of,
            source_columns=source_columns,
            labels=table.labels,
            samples=[_spread(values, _SAMPLE_ROWS) for values in columns],
            parquet_path=work_dir / f"table-{number}.parquet",
            before_write=lambda: progress("write", 0, len(table.rows)),
        )
    return _ingested(
        result,
        table,
        name=name,
        number=number,
        work_dir=work_dir,
        encoding=found.encoding,
        dialect=found.dialect,
        fallback_lines=found.fallback_lines,
        limits=limits,
    )


def _spread(values: Sequence[str], count: int) -> list[str]:
    """Head, tail and an even spread between: late oddities are more likely to be seen."""
    if len(values) <= count:
        return list(values)
    step = len(values) / (count - 200)
    middle = [values[int(i * step)] for i in range(count - 200)]
    return [*values[:100], *middle, *values[-100:]]


def _ingested(
    result: StoredTable,
    table: TextTable,
    *,
    name: str,
    number: int,
    work_dir: Path,
    encoding: FoundEncoding,
    dialect: Dialect,
    fallback_lines: int,
    limits: IngestLimits,
) -> IngestedTable:
    repairs = [*_encoding_repairs(encoding, fallback_lines), *table.repairs, *result.repairs]
    rejects_path = write_rejects(table.rejects, work_dir / f"table-{number}.rejects.parquet")
    receipt = RepairReceipt(
        rows_in=result.row_count + len(table.rejects),
        rows_out=result.row_count,
        rows_rejected=len(table.rejects),
        repairs=tuple(repairs[: limits.max_listed_repairs]),
        repair_count=len(repairs),
        dialect={
            **dialect.as_dict(),
            "encoding": encoding.name + (" with windows-1252 lines" if encoding.mixed else ""),
            "header_rows": table.header_rows,
            "preamble_rows": len(table.preamble),
        },
    )
    return IngestedTable(
        name=name,
        source_kind=SourceKind.DELIMITED,
        source_name="" if number == 1 else f"table {number}",
        parquet_path=work_dir / f"table-{number}.parquet",
        row_count=result.row_count,
        columns=result.columns,
        profile=result.profile,
        receipt=receipt,
        rejects_path=rejects_path,
    )


def _encoding_repairs(encoding: FoundEncoding, fallback_lines: int) -> Iterator[Repair]:
    if encoding.mixed:
        yield Repair(
            kind="encoding",
            message="Some lines are not valid UTF-8; they were read as Windows-1252.",
            count=max(1, fallback_lines),
        )
    elif encoding.name != "utf-8":
        yield Repair(
            kind="encoding",
            message=f"The text was converted from {encoding.name}.",
            before=encoding.name,
            after="utf-8",
        )
    if encoding.has_nul:
        yield Repair(kind="nul_bytes", message="NUL bytes were removed.")


# --- bulk ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _BulkLayout:
    """What the sample says about a large file."""

    dialect: Dialect
    table: TextTable
    skip_lines: int
    models: list[ColumnModel]
    regular: bool
    samples: list[list[str]] = field(default_factory=list)


def _load_bulk(
    path: Path,
    encoding: FoundEncoding,
    *,
    name: str,
    work_dir: Path,
    progress: Progress,
    limits: IngestLimits,
) -> list[IngestedTable]:
    scratch: list[Path] = []
    fallback_lines = 0
    try:
        source = path
        if not encoding.is_clean_utf8:
            source = work_dir / "source.utf8"
            scratch.append(source)
            with path.open("rb") as raw, source.open("wb") as text:
                fallback_lines = transcode(raw, text, encoding)
        layout = _judge_sample(source, limits)
        _check_width(layout.table.width, limits)
        _add_spread_samples(source, layout)
        result: StoredTable | None = None
        if layout.regular:
            patched = work_dir / "source.patched"
            scratch.append(patched)
            result = _load_with_duckdb(source, patched, layout, work_dir, progress, limits)
        if result is None:
            rewritten = work_dir / "source.rewritten"
            scratch.append(rewritten)
            result = _load_rewritten(source, rewritten, layout, work_dir, progress, limits)
        return [
            _ingested(
                result,
                layout.table,
                name=name,
                number=1,
                work_dir=work_dir,
                encoding=encoding,
                dialect=layout.dialect,
                fallback_lines=fallback_lines,
                limits=limits,
            )
        ]
    finally:
        for file in scratch:
            file.unlink(missing_ok=True)


def _check_line_length(path: Path, limits: IngestLimits) -> None:
    """A line over the limit is no table row; finding out by parsing would need the memory the limit guards."""
    longest = current = 0
    with path.open("rb") as stream:
        # Lines inside one piece are shorter than the piece, so only those that cross its edges need measuring.
        while chunk := stream.read(min(8 * 1024 * 1024, limits.max_line_bytes)):
            ends = chunk.count(b"\n") + chunk.count(b"\r")
            if not ends:
                current += len(chunk)
            else:
                first = min(p for p in (chunk.find(b"\n"), chunk.find(b"\r")) if p >= 0)
                longest = max(longest, current + first)
                current = len(chunk) - max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) - 1
            longest = max(longest, current)
            if longest > limits.max_line_bytes:
                raise IngestError(
                    "line_too_long",
                    f"A line is longer than {limits.max_line_bytes // (1024 * 1024)} MB. Is this a table?",
                    limit=limits.max_line_bytes,
                )


def _judge_sample(source: Path, limits: IngestLimits) -> _BulkLayout:
    with source.open("rb") as stream:
        head = stream.read(_SAMPLE_BYTES)
        while b"\n" not in head and b"\r" not in head and len(head) <= limits.max_line_bytes:
            more = stream.read(_SAMPLE_BYTES)
            if not more:
                break
            head += more
    cut = max(head.rfind(b"\n"), head.rfind(b"\r")) + 1
    text = (head[:cut] or head).decode("utf-8", errors="ignore").removeprefix("\ufeff")
    found = parse_text(text)
    if not found.tables:
        raise IngestError("file_empty", "The beginning of the file has only blank lines.")
    dialect = found.dialect
    _, skipped = declared_separator(text)
    lines = read_lines(text, dialect, start=skipped)
    # The sample ends in the middle of the table, so the "footnotes" of the sample are ordinary rows.
    layouts = find_tables(lines, dialect, lambda line, width: None)
    first = layouts[0]
    rows = found.tables[0].rows
    width = found.tables[0].width
    begin = (first.body or lines[-1:])[0].record
    endings = {ending for ending in ("\r\n", "\n", "\r") if re.search(_ONLY[ending], text)}
    regular = (
        len(found.tables) == 1
        and len(dialect.delimiter) == 1
        and not dialect.skip_space
        and endings in ({"\n"}, {"\r\n"})
        and not found.tables[0].rejects
        and bool(rows)
    )
    table = TextTable(
        header=found.tables[0].header,
        labels=found.tables[0].labels,
        rows=[],
        width=width,
        rows_in=0,
        repairs=[repair for repair in found.tables[0].repairs if repair.kind != "ragged_row"],
        preamble=found.tables[0].preamble,
        header_rows=found.tables[0].header_rows,
    )
    layout = _BulkLayout(
        dialect=dialect,
        table=table,
        skip_lines=begin.line - 1,
        models=learn_models(rows, width),
        regular=regular,
    )
    layout.samples = (
        [list(values) for values in zip(*rows[:_SAMPLE_ROWS], strict=True)]
        if rows
        else [[] for _ in range(width)]
    )
    return layout


_ONLY = {"\r\n": r"\r\n", "\n": r"(?<!\r)\n", "\r": r"\r(?!\n)"}


def _add_spread_samples(source: Path, layout: _BulkLayout) -> None:
    """Records from places all over the file, so that the type hypothesis knows more than the beginning."""
    size = source.stat().st_size
    rng = random.Random(size)
    with source.open("rb") as stream:
        for place in range(1, _SAMPLE_PLACES + 1):
            offset = (
                size - 65536
                if place == _SAMPLE_PLACES
                else int(size * (place - rng.random()) / _SAMPLE_PLACES)
            )
            stream.seek(max(0, offset))
            piece = stream.read(65536)
            cut = piece.find(b"\n")
            text = piece[cut + 1 :].decode("utf-8", errors="ignore")
            records = list(iter_records(text, layout.dialect))[1:-1]
            for record in records:
                if len(record.cells) == layout.table.width and record.lines == 1:
                    for values, cell in zip(layout.samples, cell_values(record, layout.dialect), strict=True):
                        values.append(cell)


def _reader_sql(
    path: Path, layout: _BulkLayout, *, dialect: Dialect, skip: int, limits: IngestLimits, rejects: bool
) -> str:
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(layout.table.width))
    # DuckDB holds several buffers per thread and sizes them by the longest line it has to expect.
    line_size = min(limits.max_line_bytes, _LINE_BYTES if rejects else _LONG_LINE_BYTES)
    options = [
        quote_text(str(path)),
        "auto_detect = false",
        "header = false",
        f"skip = {skip}",
        f"delim = {quote_text(dialect.delimiter)}",
        f"quote = {quote_text(dialect.quote)}",
        f"escape = {quote_text(dialect.escape)}",
        f"columns = {{{columns}}}",
        f"max_line_size = {line_size}",
        f"buffer_size = {line_size}",
    ]
    if rejects:
        options += ["store_rejects = true", "rejects_limit = 0"]
    return f"read_csv({', '.join(options)})"


def _store_relation(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    layout: _BulkLayout,
    work_dir: Path,
    progress: Progress,
    limits: IngestLimits,
) -> StoredTable:
    return store_text_relation(
        connection,
        relation=relation,
        source_columns=[f"c{index}" for index in range(layout.table.width)],
        labels=layout.table.labels,
        samples=layout.samples,
        parquet_path=work_dir / "table-1.parquet",
        before_write=lambda: progress("load", 0, 0),
    )


def _load_with_duckdb(
    source: Path, patched: Path, layout: _BulkLayout, work_dir: Path, progress: Progress, limits: IngestLimits
) -> StoredTable | None:
    """Load with DuckDB, repairing what it rejects; None when the file proves too irregular.

    A quote that never closes hides the rows behind it from DuckDB, so patched files are loaded again a few times.
    """
    current = source
    for attempt in range(_MAX_PATCH_ROUNDS):
        with session(limits, work_dir) as connection:
            relation = _reader_sql(
                current, layout, dialect=layout.dialect, skip=layout.skip_lines, limits=limits, rejects=True
            )
            try:
                result = _store_relation(connection, relation, layout, work_dir, progress, limits)
            except (duckdb.InvalidInputException, IngestError) as error:
                if isinstance(error, IngestError) and error.code != "file_damaged":
                    raise
                return None
            # DuckDB counts bytes from 1.
            rejected = connection.execute(
                "SELECT DISTINCT line_byte_position - 1, line, csv_line FROM reject_errors ORDER BY 1 "
                f"LIMIT {_MAX_PATCHES + 1}"
            ).fetchall()
        if not rejected:
            return result
        if len(rejected) > _MAX_PATCHES or attempt == _MAX_PATCH_ROUNDS - 1:
            return None
        progress("repair", 0, len(rejected))
        following = patched.with_name(f"{patched.name}{attempt}")
        try:
            if not _patch(current, following, rejected, layout):
                return None
            following.replace(patched)
        finally:
            following.unlink(missing_ok=True)
        current = patched
    return None


def _patch(
    source: Path, patched: Path, rejected: Sequence[tuple[int, int, str]], layout: _BulkLayout
) -> bool:
    """Copy ``source`` with the rejected stretches replaced by repaired records; False when they do not line up."""
    position = 0
    with source.open("rb") as old, patched.open("wb") as new:
        for start, line, csv_line in rejected:
            if start is None or start < position:
                continue
            _copy_bytes(old, new, start - position)
            expected = csv_line.encode("utf-8")
            if "\n" in csv_line:
                # An unclosed quote swallowed lines that may be sound: repair the first, read the others again.
                stretch = old.readline()
                if not expected.startswith(stretch.rstrip(b"\r\n")):
                    return False
            else:
                stretch = old.read(len(expected)) + old.readline()
                if not stretch.startswith(expected.rstrip(b"\r\n")):
                    return False
            position = start + len(stretch)
            for record in read_lines(stretch.decode("utf-8", errors="replace"), layout.dialect):
                written = _repaired(record, line, layout)
                if written is not None:
                    new.write(_as_csv(written, layout.dialect).encode("utf-8"))
        _copy_bytes(old, new, None)
    return True


def _copy_bytes(old: IO[bytes], new: IO[bytes], count: int | None) -> None:
    while count is None or count > 0:
        piece = old.read(min(count, 1 << 20) if count is not None else 1 << 20)
        if not piece:
            return
        new.write(piece)
        if count is not None:
            count -= len(piece)


def _repaired(line: Line, first_line: int, layout: _BulkLayout) -> list[str] | None:
    """The cells of one rejected line put right, or None after noting it as rejected."""
    width = layout.table.width
    number = first_line + line.record.line - 1
    if len(line.cells) == width:
        layout.table.repairs.append(
            Repair(
                kind="quoting",
                message="Stray or unbalanced quotes were read as text.",
                row=number,
                before=line.record.raw[:300],
            )
        )
        return line.cells
    found = fix_row(line, width, layout.dialect, layout.models)
    if found is None:
        layout.table.rejects.append(RejectedRow(number, "not_a_table_row", line.record.raw))
        return None
    cells, how = found
    layout.table.repairs.append(
        Repair(
            kind="ragged_row",
            message=f"{len(line.cells)} fields read as {width}: {how}.",
            row=number,
            before=line.record.raw[:300],
            after=" | ".join(cells)[:300],
        )
    )
    return cells


def _as_csv(cells: Sequence[str], dialect: Dialect) -> str:
    quote = dialect.quote or '"'
    escape = dialect.escape or quote
    return dialect.delimiter.join(quote + _escaped(cell, quote, escape) + quote for cell in cells) + "\n"


def _escaped(cell: str, quote: str, escape: str) -> str:
    if escape != quote:
        cell = cell.replace(escape, escape + escape)
    return cell.replace(quote, escape + quote)


def _load_rewritten(
    source: Path,
    rewritten: Path,
    layout: _BulkLayout,
    work_dir: Path,
    progress: Progress,
    limits: IngestLimits,
) -> StoredTable:
    """Rewrite the file record by record as plain CSV (any dialect, any damage), then load that."""
    layout.table.rejects.clear()
    layout.table.repairs = [
        repair for repair in layout.table.repairs if repair.kind not in ("ragged_row", "quoting")
    ]
    size = source.stat().st_size
    done = 0
    header = [cell.strip() for cell in layout.table.header or []]
    with (
        source.open("r", encoding="utf-8-sig", errors="replace", newline="") as text,
        rewritten.open("w", encoding="utf-8", newline="") as out,
    ):
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for record in _stream_records(text, layout.dialect):
            if record.line <= layout.skip_lines or record.is_blank:
                continue
            done += len(record.raw) + 1
            if done % (1 << 22) < len(record.raw) + 1:
                progress("rewrite", min(done, size), size)
            line = Line(record, cell_values(record, layout.dialect))
            if header and [cell.strip() for cell in line.cells] == header:
                layout.table.rejects.append(RejectedRow(record.line, "repeated_header", record.raw))
                continue
            cells: list[str] | None = line.cells
            if len(line.cells) != layout.table.width:
                cells = _repaired(line, 1, layout)
            if cells is not None:
                writer.writerow(cells)
    plain = Dialect(",")
    with session(limits, work_dir) as connection:
        relation = _reader_sql(rewritten, layout, dialect=plain, skip=0, limits=limits, rejects=False)
        return _store_relation(connection, relation, layout, work_dir, progress, limits)


def _stream_records(text: IO[str], dialect: Dialect) -> Iterator[Record]:
    """Records of a stream, holding one piece of a few million characters at a time."""
    rest = ""
    line = 1
    while True:
        piece = text.read(_CHUNK_CHARS)
        buffer = rest + piece
        records = list(iter_records(buffer, dialect, line=line))
        if not piece:
            yield from records
            return
        # The last record may continue in the next piece; so may a CR LF pair that was cut.
        held = records[-1:] if len(records) > 1 else records
        complete = records[: len(records) - len(held)]
        yield from complete
        rest, line = _after(buffer, complete), held[0].line if held else line


def _after(buffer: str, complete: Sequence[Record]) -> str:
    """The text that follows the ``complete`` records (their line ends may be one or two characters long)."""
    position = 0
    for record in complete:
        position += len(record.raw)
        position += 2 if buffer.startswith("\r\n", position) else 1
    return buffer[position:]
