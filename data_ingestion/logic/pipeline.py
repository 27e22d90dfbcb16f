"""The engine's front door: any file in, typed and profiled Parquet tables out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from data_ingestion.contracts import RejectedRow, Repair, RepairReceipt, SourceKind
from data_ingestion.logic.archives import check_office_archive, inflate_gzip
from data_ingestion.logic.delimited.load import load_delimited
from data_ingestion.logic.duck import quote_text, session
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.kinds import find_kind, is_gzip
from data_ingestion.logic.rejects import write_rejects
from data_ingestion.logic.sandbox import parse_in_child
from data_ingestion.logic.store import StoredTable, store_text_relation
from data_ingestion.logic.tables import IngestedTable, IngestLimits, Progress, no_progress
from data_ingestion.logic.typed_store import store_typed_relation

_OFFICE = frozenset({SourceKind.XLSX, SourceKind.XLSB, SourceKind.ODS, SourceKind.DOCX})
_WHOLE_NUMBERS = frozenset(
    {SourceKind.SPSS, SourceKind.SPSS_PORTABLE, SourceKind.STATA, SourceKind.SAS, SourceKind.SAS_TRANSPORT}
)
_NO_SPACE = frozenset({28, 122})  # ENOSPC, EDQUOT
_SAMPLE_ROWS = 3000


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
    limits = limits or IngestLimits()
    before = set(work_dir.iterdir())
    try:
        tables = _ingest(path, original_name, work_dir, progress, limits)
    except BaseException as error:
        _remove_new(work_dir, before)
        if isinstance(error, OSError) and error.errno in _NO_SPACE:
            raise IngestError("storage_full", "There is no space left to write the table.") from error
        raise
    keep = {table.parquet_path for table in tables} | {
        table.rejects_path for table in tables if table.rejects_path
    }
    _remove_new(work_dir, before | keep)
    return tables


def _ingest(
    path: Path, original_name: str, work_dir: Path, progress: Progress, limits: IngestLimits
) -> list[IngestedTable]:
    if path.stat().st_size == 0:
        raise IngestError("file_empty", "The file has no content. Check the export and upload it again.")
    if is_gzip(path):
        progress("inflate", 0, path.stat().st_size)
        inflated = work_dir / "source.inflated"
        inflate_gzip(path, inflated, limits)
        path = inflated
        original_name = original_name.removesuffix(".gz").removesuffix(".GZ")
        if is_gzip(path):
            raise IngestError(
                "file_kind_unsupported", "The file is compressed twice; decompress it once and upload again."
            )
    kind = find_kind(path)
    if kind is SourceKind.DELIMITED:
        return load_delimited(
            path, original_name=original_name, work_dir=work_dir, progress=progress, limits=limits
        )
    if kind in _OFFICE:
        check_office_archive(path, limits)
    progress("parse", 0, 0)
    staged = parse_in_child(path, kind, work_dir, limits)
    if not staged:
        raise IngestError("file_no_tables", "The file holds no table with rows and no text.")
    name = Path(original_name).stem or kind.value
    tables: list[IngestedTable] = []
    for number, entry in enumerate(staged, start=1):
        progress("types", number - 1, len(staged))
        tables.append(
            _store(entry, kind, name, number, several=len(staged) > 1, work_dir=work_dir, limits=limits)
        )
    return tables


def _store(
    entry: dict[str, Any],
    kind: SourceKind,
    name: str,
    number: int,
    *,
    several: bool,
    work_dir: Path,
    limits: IngestLimits,
) -> IngestedTable:
    target = work_dir / f"table-{number}.parquet"
    staged = Path(entry["path"])
    relation = f"read_parquet({quote_text(str(staged))})"
    sources = [f"c{index}" for index in range(len(entry["labels"]))]
    with session(limits, work_dir) as connection:
        result: StoredTable
        if entry["typed"]:
            result = store_typed_relation(
                connection,
                relation=relation,
                source_columns=sources,
                described=entry["columns"],
                parquet_path=target,
                whole_numbers=kind in _WHOLE_NUMBERS,
            )
        else:
            rows = connection.execute(
                f"SELECT * FROM {relation} USING SAMPLE {_SAMPLE_ROWS} ROWS (reservoir, 7)"
            ).fetchall()
            head = connection.execute(f"SELECT * FROM {relation} LIMIT 200").fetchall()
            result = store_text_relation(
                connection,
                relation=relation,
                source_columns=sources,
                labels=entry["labels"],
                samples=[[row[index] for row in (*head, *rows)] for index in range(len(sources))],
                parquet_path=target,
            )
    staged.unlink(missing_ok=True)
    rejects = [RejectedRow(**reject) for reject in entry["rejects"]]
    repairs = [*(Repair(**repair) for repair in entry["repairs"]), *result.repairs]
    receipt = RepairReceipt(
        rows_in=result.row_count + len(rejects),
        rows_out=result.row_count,
        rows_rejected=len(rejects),
        repairs=tuple(repairs[: limits.max_listed_repairs]),
        repair_count=len(repairs),
        dialect={"kind": kind.value, "header_rows": entry["header_rows"]},
    )
    return IngestedTable(
        name=f"{name}: {entry['name']}" if several and entry["name"] else name,
        source_kind=kind,
        source_name=entry["name"],
        parquet_path=target,
        row_count=result.row_count,
        columns=result.columns,
        profile=result.profile,
        receipt=receipt,
        rejects_path=write_rejects(rejects, work_dir / f"table-{number}.rejects.parquet"),
    )


def _remove_new(work_dir: Path, keep: set[Path]) -> None:
    for path in set(work_dir.iterdir()) - keep:
        if path.is_file():
            path.unlink(missing_ok=True)
