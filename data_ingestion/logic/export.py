"""Write a Dataset as CSV, Excel, Parquet, SPSS or JSON Lines."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat
import xlsxwriter

from data_ingestion.contracts import ColumnSchema, ExportFormat, MeasureLevel, PhysicalType
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.preview import json_value
from data_ingestion.logic.tables import Progress, no_progress

_BATCH = 10_000
_EXCEL_ROWS = 1_048_575
_EXCEL_COLUMNS = 16_384
_EXCEL_TEXT = 32_767
_SPSS_TEXT = 32_767
_SPSS_LABEL = 255
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
SUFFIXES: dict[ExportFormat, str] = {
    ExportFormat.CSV: ".csv",
    ExportFormat.XLSX: ".xlsx",
    ExportFormat.PARQUET: ".parquet",
    ExportFormat.SAV: ".sav",
    ExportFormat.JSON_LINES: ".jsonl",
}


def write_export(
    parquet_path: Path,
    columns: Sequence[ColumnSchema],
    target: Path,
    *,
    format: ExportFormat,
    progress: Progress = no_progress,
) -> int:
    """Write the Parquet table as ``format`` to ``target``; returns the number of rows.

    Text cells that a spreadsheet would run as a formula get a leading apostrophe in CSV (text and headers; numbers
    are not touched) and are written as strings in Excel. Raises ``IngestError`` ``export_invalid`` where the format
    cannot hold the table.
    """
    partial = target.with_name(target.name + ".partial")
    try:
        if format is ExportFormat.PARQUET:
            shutil.copyfile(parquet_path, partial)
            rows = pq.read_metadata(parquet_path).num_rows
        elif format is ExportFormat.CSV:
            rows = _write_csv(parquet_path, columns, partial, progress)
        elif format is ExportFormat.JSON_LINES:
            rows = _write_json_lines(parquet_path, columns, partial, progress)
        elif format is ExportFormat.XLSX:
            rows = _write_excel(parquet_path, columns, partial, progress)
        else:
            rows = _write_sav(parquet_path, columns, partial)
        partial.replace(target)
    except OSError as error:
        if error.errno in (28, 122):
            raise IngestError("storage_full", "There is no space left to write the export.") from error
        raise
    finally:
        partial.unlink(missing_ok=True)
    return int(rows)


def escape_formula(text: str) -> str:
    """``text`` with an apostrophe before anything a spreadsheet program would evaluate."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _batches(
    path: Path, columns: Sequence[ColumnSchema], progress: Progress
) -> Iterator[list[tuple[Any, ...]]]:
    names = [column.name for column in columns]
    with pq.ParquetFile(path) as file:
        total = file.metadata.num_rows
        done = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=names):
            yield list(zip(*(batch.column(name).to_pylist() for name in names), strict=True))
            done += batch.num_rows
            progress("export", done, total)


def _write_csv(path: Path, columns: Sequence[ColumnSchema], target: Path, progress: Progress) -> int:
    count = 0
    with target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([escape_formula(column.label or column.name) for column in columns])
        for rows in _batches(path, columns, progress):
            writer.writerows([[_csv_text(value) for value in row] for row in rows])
            count += len(rows)
    return count


def _csv_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return escape_formula(value)
    if isinstance(value, float):
        return repr(value)
    return value.isoformat(sep=" ") if isinstance(value, datetime) else str(value)


def _write_json_lines(path: Path, columns: Sequence[ColumnSchema], target: Path, progress: Progress) -> int:
    count = 0
    names = [column.name for column in columns]
    with target.open("w", encoding="utf-8") as stream:
        for rows in _batches(path, columns, progress):
            for row in rows:
                record = {name: json_value(value) for name, value in zip(names, row, strict=True)}
                stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += len(rows)
    return count


def _write_excel(path: Path, columns: Sequence[ColumnSchema], target: Path, progress: Progress) -> int:
    total = pq.read_metadata(path).num_rows
    if total > _EXCEL_ROWS or len(columns) > _EXCEL_COLUMNS:
        raise IngestError(
            "export_invalid",
            f"Excel holds at most {_EXCEL_ROWS:,} rows and {_EXCEL_COLUMNS:,} columns. Export as CSV or Parquet.",
            rows=total,
            columns=len(columns),
        )
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
    }
    count = 0
    workbook = xlsxwriter.Workbook(str(target), options)
    try:
        sheet = workbook.add_worksheet("Data")
        bold = workbook.add_format({"bold": True})
        formats = {
            date: workbook.add_format({"num_format": "yyyy-mm-dd"}),
            datetime: workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            time: workbook.add_format({"num_format": "hh:mm:ss"}),
        }
        for index, column in enumerate(columns):
            sheet.write_string(0, index, (column.label or column.name)[:_EXCEL_TEXT], bold)
        sheet.freeze_panes(1, 0)
        for rows in _batches(path, columns, progress):
            for row in rows:
                count += 1
                for index, value in enumerate(row):
                    _write_excel_cell(sheet, count, index, value, formats)
        _write_labels_sheet(workbook, columns)
    finally:
        workbook.close()
    return count


def _write_excel_cell(sheet: Any, row: int, index: int, value: Any, formats: dict[type, Any]) -> None:
    if value is None:
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, index, value)
    elif isinstance(value, int | float):
        # Excel stores doubles: longer integers would silently change, so they go in as text.
        if isinstance(value, int) and abs(value) >= 10**15:
            sheet.write_string(row, index, str(value))
        elif value == value and abs(value) != float("inf"):
            sheet.write_number(row, index, value)
    elif isinstance(value, datetime | date | time):
        if isinstance(value, date) and value.year < 1900:
            sheet.write_string(row, index, value.isoformat())
        else:
            sheet.write_datetime(row, index, value, formats[type(value)])
    else:
        sheet.write_string(row, index, str(value)[:_EXCEL_TEXT])


def _write_labels_sheet(workbook: Any, columns: Sequence[ColumnSchema]) -> None:
    labelled = [
        column for column in columns if any(code != text for code, text in column.value_labels.items())
    ]
    if not labelled:
        return
    sheet = workbook.add_worksheet("Value labels")
    for index, title in enumerate(("column", "value", "label")):
        sheet.write_string(0, index, title)
    row = 0
    for column in labelled:
        for code, text in column.value_labels.items():
            row += 1
            for index, value in enumerate((column.name, code, text)):
                sheet.write_string(row, index, value[:_EXCEL_TEXT])


def spss_names(columns: Sequence[ColumnSchema]) -> list[str]:
    """Valid, unique SPSS variable names: a letter first, letters, digits and ``_``, at most 64 bytes."""
    names: list[str] = []
    taken: set[str] = set()
    reserved = {"all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with"}
    for position, column in enumerate(columns, start=1):
        base = "".join(char if char.isalnum() or char == "_" else "_" for char in column.name).strip("_")
        if not base or not base[0].isalpha():
            base = f"v_{base}" if base else f"v{position}"
        if base.casefold() in reserved:
            base += "_"
        while len(base.encode("utf-8")) > 56:
            base = base[:-1]
        name, number = base, 1
        while name.casefold() in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _write_sav(path: Path, columns: Sequence[ColumnSchema], target: Path) -> int:
    """SPSS with variable labels, value labels, measure level; ordered texts become numbers with labels."""
    table = pq.read_table(path, columns=[column.name for column in columns])
    names = spss_names(columns)
    series: dict[str, pd.Series] = {}
    value_labels: dict[str, dict[Any, str]] = {}
    measures: dict[str, str] = {}
    for column, name in zip(columns, names, strict=True):
        values = table.column(column.name)
        series[name], labels = _spss_series(column, values)
        if labels:
            value_labels[name] = labels
        measures[name] = (
            column.measure_level.value if column.measure_level is not MeasureLevel.SCALE else "scale"
        )
    frame = pd.DataFrame(series)
    try:
        pyreadstat.write_sav(
            frame,
            str(target),
            column_labels=[(column.label or column.name)[:_SPSS_LABEL] for column in columns],
            variable_value_labels=value_labels,
            variable_measure=measures,
        )
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError) as error:
        raise IngestError("export_invalid", f"The table cannot be written for SPSS: {error}.") from error
    return int(table.num_rows)


def _spss_series(column: ColumnSchema, values: pa.ChunkedArray) -> tuple[pd.Series, dict[Any, str]]:
    kind = column.physical_type
    items = values.to_pylist()
    if kind is PhysicalType.TEXT and column.measure_level is MeasureLevel.ORDINAL and column.value_labels:
        codes = {text: float(number) for number, text in enumerate(column.value_labels, start=1)}
        if all(item is None or item in codes for item in items):
            numbers = pd.Series([None if item is None else codes[item] for item in items], dtype="float64")
            return numbers, {code: text[:120] for text, code in codes.items()}
    if kind in (PhysicalType.INTEGER, PhysicalType.NUMBER):
        labels: dict[Any, str] = {}
        for code, text in column.value_labels.items():
            try:
                labels[float(code)] = text[:120]
            except ValueError:
                continue
        return pd.Series(items, dtype="float64"), labels
    if kind is PhysicalType.BOOLEAN:
        texts = column.value_labels
        numbers = pd.Series([None if item is None else float(item) for item in items], dtype="float64")
        return numbers, {0.0: texts.get("false", "No"), 1.0: texts.get("true", "Yes")}
    if kind is PhysicalType.DATETIME:
        return pd.Series(pd.to_datetime(pd.Series(items, dtype="object"), errors="coerce")), {}
    if kind is PhysicalType.DATE:
        return pd.Series(items, dtype="object"), {}
    if kind is PhysicalType.TIME:
        return pd.Series([None if item is None else item.isoformat() for item in items], dtype="object"), {}
    labels = {
        code: text[:120] for code, text in column.value_labels.items() if code != text and len(code) <= 8
    }
    return pd.Series(
        [None if item is None else str(item)[:_SPSS_TEXT] for item in items], dtype="object"
    ), labels
