"""JSON and JSON Lines: objects become rows, nested objects become columns with dotted names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_ingestion.contracts import Repair, SourceKind
from data_ingestion.logic.delimited.encoding import decode_bytes, find_encoding
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.formats.staging import StagedTable
from data_ingestion.logic.tables import IngestLimits

_BATCH = 5_000
_MAX_DEPTH = 20


def parse_json(path: Path, work_dir: Path, limits: IngestLimits, kind: SourceKind) -> list[StagedTable]:
    """One text table from an array of objects, an object that holds one, or one object per line.

    Lists of plain values become ``a; b; c``; other lists stay JSON text. Lines that are not JSON are rejected.
    """
    rejects: list[dict[str, Any]] = []
    rows = _line_objects(path, rejects) if kind is SourceKind.JSON_LINES else _document_objects(path, rejects)
    labels: dict[str, int] = {}
    batches: list[Path] = []
    batch: list[dict[str, str]] = []
    count = 0
    for row in rows:
        for key in row:
            if key not in labels:
                labels[key] = len(labels)
                if len(labels) > limits.max_columns:
                    raise IngestError(
                        "too_many_columns", f"The objects have more than {limits.max_columns:,} keys."
                    )
        batch.append(row)
        count += 1
        if len(batch) >= _BATCH:
            batches.append(_spill(batch, list(labels), work_dir, len(batches)))
            batch = []
    if not count:
        raise IngestError("file_no_tables", "The JSON file holds no objects.")
    if batch:
        batches.append(_spill(batch, list(labels), work_dir, len(batches)))
    target = work_dir / "staged-1.parquet"
    _merge(batches, len(labels), target)
    repairs = []
    if any("." in label for label in labels):
        repairs.append(
            Repair(kind="flattened", message="Nested objects became columns with dotted names.").as_dict()
        )
    return [
        StagedTable(
            name="", path=str(target), labels=list(labels), header_rows=0, repairs=repairs, rejects=rejects
        )
    ]


def _line_objects(path: Path, rejects: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    encoding = find_encoding(path)
    with path.open(
        "r", encoding=encoding.name if not encoding.mixed else "utf-8", errors="replace", newline=""
    ) as text:
        for number, line in enumerate(text, start=1):
            stripped = line.strip("\ufeff\r\n\t \x00")
            if not stripped:
                continue
            try:
                yield _row(json.loads(stripped))
            except (json.JSONDecodeError, RecursionError):
                rejects.append({"row": number, "reason": "not_json", "raw": stripped[:10_000]})


def _document_objects(path: Path, rejects: list[dict[str, Any]]) -> Iterator[dict[str, str]]:
    text, _ = decode_bytes(path.read_bytes(), find_encoding(path))
    try:
        document = json.loads(text.lstrip("\ufeff"))
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and text.lstrip()[:1] == "{":
            yield from _line_objects(path, rejects)  # long objects, one per line
            return
        code = "file_truncated" if error.pos >= len(text.rstrip()) - 2 else "file_damaged"
        raise IngestError(
            code,
            f"The JSON text is not valid at line {error.lineno}, column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from error
    except RecursionError as error:
        raise IngestError("file_damaged", "The JSON text is nested too deeply.") from error
    for item in _records(document):
        yield _row(item)


def _records(document: Any, depth: int = 0) -> list[Any]:
    """The list of rows: the document itself or its longest list of objects, else the document as one row."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return [document]
    lists = [
        value
        for value in document.values()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    ]
    if lists:
        return max(lists, key=len)
    if document and all(isinstance(value, list) for value in document.values()):
        lengths = {len(value) for value in document.values()}
        if len(lengths) == 1:  # column-wise: {"a": [1, 2], "b": [3, 4]}
            return [dict(zip(document, row, strict=True)) for row in zip(*document.values(), strict=True)]
    if depth < 3:
        for value in document.values():
            if isinstance(value, dict) and any(isinstance(inner, list) for inner in value.values()):
                found = _records(value, depth + 1)
                if len(found) > 1:
                    return found
    return [document]


def _row(item: Any) -> dict[str, str]:
    row: dict[str, str] = {}
    if isinstance(item, dict):
        _flatten(item, "", row, 0)
    elif isinstance(item, list):
        for index, value in enumerate(item):
            row[f"column_{index + 1}"] = _text(value)
    else:
        row["value"] = _text(item)
    return row


def _flatten(item: dict[str, Any], prefix: str, row: dict[str, str], depth: int) -> None:
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and value and depth < _MAX_DEPTH:
            _flatten(value, f"{name}.", row, depth + 1)
        else:
            row[name] = _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, list) and all(not isinstance(item, list | dict) for item in value):
        return "; ".join(_text(item) for item in value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return repr(value) if isinstance(value, float) else str(value)


def _spill(batch: list[dict[str, str]], labels: list[str], work_dir: Path, number: int) -> Path:
    path = work_dir / f"json-{number}.parquet"
    arrays = [pa.array([row.get(label, "") for row in batch], pa.string()) for label in labels]
    pq.write_table(pa.Table.from_arrays(arrays, names=[f"c{i}" for i in range(len(labels))]), path)
    return path


def _merge(batches: list[Path], width: int, target: Path) -> None:
    """Earlier pieces may lack columns that appeared later; those cells are empty."""
    schema = pa.schema([(f"c{index}", pa.string()) for index in range(width)])
    with pq.ParquetWriter(target, schema, compression="snappy") as writer:
        for path in batches:
            table = pq.read_table(path)
            arrays = [column.combine_chunks() for column in table.columns]
            arrays += [pa.array([""] * table.num_rows, pa.string())] * (width - table.num_columns)
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            path.unlink()
