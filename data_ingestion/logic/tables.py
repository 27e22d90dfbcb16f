"""Values that travel between the stages of the engine and to its caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from data_ingestion.contracts import ColumnProfile, ColumnSchema, RepairReceipt, SourceKind

#: ``progress(stage, current, total)``; raise from it to cancel (the engine leaves no half-made table).
Progress = Callable[[str, int, int], None]


def no_progress(stage: str, current: int, total: int) -> None:
    """The default progress sink."""


@dataclass(frozen=True, slots=True)
class IngestLimits:
    """Guards against hostile or absurd input. Sizes in bytes, times in seconds."""

    max_columns: int = 20_000
    max_rows: int = 200_000_000
    max_line_bytes: int = 64 * 1024 * 1024
    max_inflated_bytes: int = 20 * 1024**3
    max_inflation_ratio: float = 200.0
    inflation_free_bytes: int = 64 * 1024 * 1024
    memory_bytes: int = 256 * 1024 * 1024
    child_memory_bytes: int = 3 * 1024**3
    child_seconds: int = 600
    threads: int = 2
    max_listed_repairs: int = 500
    max_sheets: int = 200


@dataclass(frozen=True, slots=True)
class IngestedTable:
    """One table of a source file, written and profiled.

    ``parquet_path`` and ``rejects_path`` (None when nothing was rejected) lie in the caller's ``work_dir``;
    ``columns`` and ``profile`` are in Parquet column order. ``source_name`` is the sheet, member or page the table
    came from ("" when the file is one table).
    """

    name: str
    source_kind: SourceKind
    source_name: str
    parquet_path: Path
    row_count: int
    columns: tuple[ColumnSchema, ...]
    profile: tuple[ColumnProfile, ...]
    receipt: RepairReceipt
    rejects_path: Path | None = None
    notes: tuple[str, ...] = field(default=())
