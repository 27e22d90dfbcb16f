"""Parquet, Arrow IPC and Feather: typed already; nested columns are flattened to plain ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from data_ingestion.contracts import SourceKind
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.formats.staging import StagedTable
from data_ingestion.logic.tables import IngestLimits

_BATCH = 20_000


def parse_columnar(path: Path, work_dir: Path, limits: IngestLimits, kind: SourceKind) -> list[StagedTable]:
    """One typed table: structs become dotted columns, lists and maps text, dictionaries their values."""
    target = work_dir / "staged-1.parquet"
    writer: pq.ParquetWriter | None = None
    count = 0
    names: list[str] = []
    try:
        for batch in _batches(path, kind):
            table = _flat(pa.Table.from_batches([batch]))
            if table.num_columns > limits.max_columns:
                raise IngestError("too_many_columns", f"The table has {table.num_columns:,} columns.")
            if writer is None:
                names = list(table.column_names)
                table = table.rename_columns([f"c{i}" for i in range(len(names))])
                writer = pq.ParquetWriter(target, table.schema, compression="snappy")
            else:
                table = table.rename_columns([f"c{i}" for i in range(len(names))]).cast(writer.schema)
            writer.write_table(table)
            count += table.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        raise IngestError("file_damaged", "The file is damaged or cut off and could not be read.") from error
    finally:
        if writer is not None:
            writer.close()
    if not count:
        raise IngestError("file_header_only", "The table has columns but no rows.")
    columns = [{"name": name, "label": name} for name in names]
    return [StagedTable(name="", path=str(target), labels=names, typed=True, columns=columns)]


def _batches(path: Path, kind: SourceKind) -> Iterator[pa.RecordBatch]:
    if kind is SourceKind.PARQUET:
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(batch_size=_BATCH)
    elif kind is SourceKind.FEATHER:
        yield from feather.read_table(path, memory_map=False).to_batches(max_chunksize=_BATCH)
    else:
        with pa.OSFile(str(path), "rb") as source:
            try:
                reader = ipc.open_file(source)
            except pa.ArrowInvalid:
                source.seek(0)
                with ipc.open_stream(source) as stream:
                    yield from stream
                return
            for index in range(reader.num_record_batches):
                yield reader.get_batch(index)


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    arrays, names = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        arrays.append(_plain(column))
        names.append(name)
    return pa.Table.from_arrays(arrays, names=names)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if (
        pa.types.is_list(kind)
        or pa.types.is_large_list(kind)
        or pa.types.is_map(kind)
        or pa.types.is_fixed_size_list(kind)
    ):
        return pa.array([_joined(value) for value in column.to_pylist()], pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array(
            [
                None if v is None else v.decode("utf-8", errors="replace").replace("\x00", "")
                for v in column.to_pylist()
            ],
            pa.string(),
        )
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        # Instants become UTC calendar values, as everywhere in the engine.
        return column.cast(pa.timestamp("us", tz=kind.tz), safe=False).cast(pa.timestamp("us"))
    if pa.types.is_null(kind):
        return pa.array([None] * len(column), pa.string())
    if pa.types.is_uint64(kind) or pa.types.is_duration(kind) or pa.types.is_interval(kind):
        return pa.array([None if v is None else str(v) for v in column.to_pylist()], pa.string())
    return column


def _joined(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, list):
        return "; ".join("" if item is None else str(item) for item in value)
    return str(value)
