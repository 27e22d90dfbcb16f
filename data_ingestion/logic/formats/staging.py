"""What a format parser hands over: staging Parquet files described by JSON-ready values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_ingestion.contracts import RejectedRow, Repair
from data_ingestion.logic.delimited.header import join_header
from data_ingestion.logic.delimited.structure import Line, find_tables
from data_ingestion.logic.delimited.tokenizer import Dialect, Record
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.tables import IngestLimits

_BATCH_ROWS = 20_000
_STRUCTURE_ROWS = 2_000
_SEPARATOR = "\x1f"
_DIALECT = Dialect(_SEPARATOR, "", "")


@dataclass(slots=True)
class StagedTable:
    """One parsed table.

    ``typed`` tables carry their own physical types and, in ``columns``, what the format knows about each column
    (label, value_labels, missing_codes, measure_level); text tables (all VARCHAR) get their types from the values.
    """

    name: str
    path: str
    labels: list[str]
    typed: bool = False
    columns: list[dict[str, Any]] = field(default_factory=list)
    header_rows: int = 0
    repairs: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form for the manifest."""
        return asdict(self)


def cell_text(value: Any) -> str:
    """A spreadsheet or document value as the text a person would read: ``3.0`` -> ``3``, dates in ISO 8601."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if (
            value == int(value) and abs(value) < 1e15
            if value == value and abs(value) != float("inf")
            else False
        ):
            return str(int(value))
        return repr(value)
    if isinstance(value, datetime):
        if value.time() == time(0):
            return value.date().isoformat()
        return (
            value.replace(microsecond=0).isoformat(sep=" ")
            if value.microsecond == 0
            else value.isoformat(sep=" ")
        )
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value).replace("\x00", "")


def stage_text_rows(
    rows: Iterable[Sequence[str]], *, name: str, work_dir: Path, number: int, limits: IngestLimits
) -> list[StagedTable]:
    """Find the tables in rows of texts (a sheet, a table of a document) and write their bodies.

    Preamble, header rows, footnotes and further tables are found as in delimited text. A sheet with more rows than
    the structure finder looks at is one table, judged on its beginning.
    """
    iterator = iter(rows)
    head = [list(row) for row in islice(iterator, _STRUCTURE_ROWS)]
    following = next(iterator, None)
    lines = _lines(head)
    if not lines:
        return []
    width = max(len(line.cells) for line in lines)
    if width > limits.max_columns:
        raise IngestError(
            "too_many_columns", f"A table has {width:,} columns; at most {limits.max_columns:,} are allowed."
        )
    layouts = find_tables(lines, _DIALECT, lambda line, width: None)
    staged: list[StagedTable] = []
    if following is not None:
        # Long sheet: what looked like the end inside the first rows is the middle of the table.
        layout = layouts[0]
        start = layout.body[0].record.line if layout.body else len(head)
        body: Iterator[Sequence[str]] = _chain(head[start - 1 :], following, iterator)
        layouts = layouts[:1]
        layout.footer = []
        bodies = [body]
    else:
        bodies = [(line.cells for line in layout.body) for layout in layouts]
    for index, (layout, body) in enumerate(zip(layouts, bodies, strict=True), start=1):
        path = work_dir / f"staged-{number}-{index}.parquet"
        count = _write_text(body, layout.width, path)
        if not count:
            path.unlink(missing_ok=True)
            continue
        repairs = []
        if layout.preamble:
            repairs.append(
                Repair(
                    kind="preamble",
                    message=f"{len(layout.preamble)} lines before the table were set aside.",
                    row=layout.preamble[0].record.line,
                    before=" | ".join(layout.preamble[0].cells)[:300],
                    count=len(layout.preamble),
                ).as_dict()
            )
        if not layout.header:
            repairs.append(
                Repair(kind="no_header", message="There is no header; columns were numbered.").as_dict()
            )
        elif len(layout.header) > 1:
            repairs.append(
                Repair(
                    kind="header_rows",
                    message=f"{len(layout.header)} header rows were joined into one.",
                    count=len(layout.header),
                ).as_dict()
            )
        labels = join_header(layout.header, repeat=False) if layout.header else [""] * layout.width
        labels = [*labels, *[""] * (layout.width - len(labels))][: layout.width]
        staged.append(
            StagedTable(
                name=name if index == 1 else f"{name} ({index})",
                path=str(path),
                labels=labels,
                header_rows=len(layout.header),
                repairs=repairs,
                rejects=[
                    asdict(RejectedRow(line.record.line, "footnote", " | ".join(line.cells)))
                    for line in layout.footer
                ],
            )
        )
    return staged


def _chain(
    first: list[list[str]], second: Sequence[str], rest: Iterator[Sequence[str]]
) -> Iterator[Sequence[str]]:
    for row in (*first, second):
        if any(cell.strip() for cell in row):
            yield row
    for row in rest:
        if any(cell.strip() for cell in row):
            yield row


def _lines(rows: Sequence[Sequence[str]]) -> list[Line]:
    width = max((_used(row) for row in rows), default=0)
    lines: list[Line] = []
    gap = False
    for number, row in enumerate(rows, start=1):
        if not any(cell.strip() for cell in row):
            gap = True
            continue
        cells = [*row, *[""] * (width - len(row))][:width]
        lines.append(Line(Record(_SEPARATOR.join(cells), list(cells), number, 1), list(cells), gap))
        gap = False
    return lines


def _used(row: Sequence[str]) -> int:
    return max((index for index, cell in enumerate(row, start=1) if cell.strip()), default=0)


def _write_text(rows: Iterable[Sequence[str]], width: int, path: Path) -> int:
    schema = pa.schema([(f"c{index}", pa.string()) for index in range(width)])
    count = 0
    iterator = iter(rows)
    with pq.ParquetWriter(path, schema, compression="snappy") as writer:
        while batch := list(islice(iterator, _BATCH_ROWS)):
            padded = [[*row, *[""] * (width - len(row))][:width] for row in batch]
            arrays = [pa.array(values, pa.string()) for values in zip(*padded, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            count += len(batch)
    return count
