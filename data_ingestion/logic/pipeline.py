"""The engine's front door: any file in, typed and profiled Parquet tables out."""

from __future__ import annotations

from pathlib import Path

from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.tables import IngestedTable, IngestLimits, Progress, no_progress


def ingest(
    path: Path,
    *,
    original_name: str,
    work_dir: Path,
    progress: Progress = no_progress,
    limits: IngestLimits | None = None,
) -> list[IngestedTable]:
    """Turn the file at ``path`` into tables written below ``work_dir``.

    ``original_name`` only names the tables; the kind is decided from the bytes. ``progress(stage, current, total)``
    is called between steps and may raise to cancel. The source file is never changed. Raises ``IngestError``; after
    any error no table file is left in ``work_dir``.
    """
    from data_ingestion.logic.delimited.load import load_delimited

    limits = limits or IngestLimits()
    before = set(work_dir.iterdir())
    try:
        tables = load_delimited(path, original_name=original_name, work_dir=work_dir, progress=progress, limits=limits)
    except BaseException:
        _remove_new(work_dir, before)
        raise
    if not tables:
        raise IngestError("file_no_tables", "The file holds no table.")
    return tables


def _remove_new(work_dir: Path, before: set[Path]) -> None:
    for path in set(work_dir.iterdir()) - before:
        if path.is_file():
            path.unlink(missing_ok=True)
