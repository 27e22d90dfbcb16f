"""Describing a table that was computed elsewhere: its columns, profile and a receipt without repairs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_ingestion.contracts import (
    ColumnSchema,
    MeasureLevel,
    PhysicalType,
    RepairReceipt,
    SemanticType,
    SourceKind,
)
from data_ingestion.logic.duck import session
from data_ingestion.logic.profile import profile_parquet
from data_ingestion.logic.store import unique_names
from data_ingestion.logic.tables import IngestedTable, IngestLimits

if TYPE_CHECKING:
    import pyarrow as pa

_CATEGORY_MAXIMUM = 50


def text_table(header: list[str] | None, rows: list[list[str]]) -> pa.Table:
    """Cells as text columns; short rows are filled with nulls, missing headers are numbered."""
    import pyarrow as pa

    width = max([len(header or []), *(len(row) for row in rows)], default=0)
    names = unique_names(
        [*(header or []), *(f"column {index + 1}" for index in range(len(header or []), width))]
    )
    cells = [[row[index] if index < len(row) else None for row in rows] for index in range(width)]
    return pa.table([pa.array(column, pa.string()) for column in cells], names=names)


def describe_table(
    table: Any, *, name: str, labels: dict[str, str], work_dir: Path, as_text: bool = False
) -> IngestedTable:
    """Write ``table`` (a pyarrow Table or RecordBatchReader) as Parquet into ``work_dir`` and describe it.

    ``as_text`` keeps text columns free text instead of reading few distinct values as a category.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = work_dir / "table.parquet"
    rows = 0
    batches = table.to_batches() if isinstance(table, pa.Table) else table
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    columns = tuple(_column(field, labels.get(field.name, "")) for field in table.schema)
    with session(IngestLimits(), work_dir) as connection:
        profile = profile_parquet(connection, path, columns)
    columns = (
        columns
        if as_text
        else tuple(
            _settle_text(column, described.distinct)
            for column, described in zip(columns, profile, strict=True)
        )
    )
    return IngestedTable(
        name=name,
        source_kind=SourceKind.PARQUET,
        source_name="",
        parquet_path=path,
        row_count=rows,
        columns=columns,
        profile=profile,
        receipt=RepairReceipt(rows_in=rows, rows_out=rows),
    )


def _column(field: pa.Field, label: str) -> ColumnSchema:
    import pyarrow.types as types

    kind = field.type
    for matches, physical, semantic, level in (
        (types.is_boolean, PhysicalType.BOOLEAN, SemanticType.BOOLEAN, MeasureLevel.NOMINAL),
        (types.is_integer, PhysicalType.INTEGER, SemanticType.INTEGER, MeasureLevel.SCALE),
        (types.is_floating, PhysicalType.NUMBER, SemanticType.NUMBER, MeasureLevel.SCALE),
        (types.is_decimal, PhysicalType.NUMBER, SemanticType.NUMBER, MeasureLevel.SCALE),
        (types.is_date, PhysicalType.DATE, SemanticType.DATE, MeasureLevel.SCALE),
        (types.is_timestamp, PhysicalType.DATETIME, SemanticType.DATETIME, MeasureLevel.SCALE),
        (types.is_time, PhysicalType.TIME, SemanticType.TIME, MeasureLevel.SCALE),
    ):
        if matches(kind):
            return ColumnSchema(field.name, label, physical, semantic, level)
    return ColumnSchema(field.name, label)


def _settle_text(column: ColumnSchema, distinct: int) -> ColumnSchema:
    if column.physical_type is not PhysicalType.TEXT or not 0 < distinct <= _CATEGORY_MAXIMUM:
        return column
    return ColumnSchema(
        column.name, column.label, PhysicalType.TEXT, SemanticType.CATEGORY, MeasureLevel.NOMINAL
    )
