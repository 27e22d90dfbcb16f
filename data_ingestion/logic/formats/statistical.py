"""SPSS, Stata and SAS files through pyreadstat, with labels, missing codes and measure level."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from data_ingestion.contracts import MeasureLevel, SourceKind
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.formats.staging import StagedTable, cell_text
from data_ingestion.logic.tables import IngestLimits

_CHUNK_ROWS = 50_000
_READERS: dict[SourceKind, Callable[..., Any]] = {
    SourceKind.SPSS: pyreadstat.read_sav,
    SourceKind.SPSS_PORTABLE: pyreadstat.read_por,
    SourceKind.STATA: pyreadstat.read_dta,
    SourceKind.SAS: pyreadstat.read_sas7bdat,
    SourceKind.SAS_TRANSPORT: pyreadstat.read_xport,
}
_WITH_USER_MISSING = frozenset({SourceKind.SPSS, SourceKind.STATA, SourceKind.SAS})
_MEASURES = {"nominal": MeasureLevel.NOMINAL, "ordinal": MeasureLevel.ORDINAL, "scale": MeasureLevel.SCALE}


def parse_statistical(
    path: Path, work_dir: Path, limits: IngestLimits, kind: SourceKind
) -> list[StagedTable]:
    """One typed table. Stored codes stay; their wording goes to ``value_labels``.

    User-missing codes stay in the staging file and are listed in ``missing_codes``; the caller turns them into NULL.
    """
    reader = _READERS[kind]
    options: dict[str, Any] = {"user_missing": True} if kind in _WITH_USER_MISSING else {}
    try:
        _, meta = reader(str(path), metadataonly=kind is not SourceKind.SPSS_PORTABLE, **options)
        if len(meta.column_names) > limits.max_columns:
            raise IngestError("too_many_columns", f"The file has {len(meta.column_names):,} variables.")
        target = work_dir / "staged-1.parquet"
        kinds = _write(path, reader, options, meta, target, kind)
    except pyreadstat.ReadstatError as error:
        raise IngestError("file_damaged", f"The {kind.value} file is damaged or cut off: {error}.") from error
    except (UnicodeDecodeError, pa.ArrowException, OverflowError) as error:
        raise IngestError("file_damaged", f"The {kind.value} file could not be read.") from error
    columns = [
        _describe(name, position, meta, kinds[name]) for position, name in enumerate(meta.column_names)
    ]
    return [
        StagedTable(
            name=meta.table_name or "",
            path=str(target),
            labels=[column["label"] or column["name"] for column in columns],
            typed=True,
            columns=columns,
        )
    ]


def _write(
    path: Path, reader: Callable[..., Any], options: dict[str, Any], meta: Any, target: Path, kind: SourceKind
) -> dict[str, str]:
    """Write all rows in pieces; returns the storage kind per column ("double", "string", "date", ...)."""
    writer: pq.ParquetWriter | None = None
    schema: pa.Schema | None = None
    try:
        if kind is SourceKind.SPSS_PORTABLE:
            pieces = iter([reader(str(path))])
        else:
            pieces = pyreadstat.read_file_in_chunks(reader, str(path), chunksize=_CHUNK_ROWS, **options)
        for frame, _ in pieces:
            if schema is None:
                schema = _schema(frame, meta)
                writer = pq.ParquetWriter(target, schema, compression="snappy")
            assert writer is not None
            writer.write_table(_table(frame, schema, meta.column_names))
        if schema is None:
            raise IngestError(
                "file_header_only", "The file has variables but no cases.", columns=len(meta.column_names)
            )
    finally:
        if writer is not None:
            writer.close()
    return {name: str(field.type) for name, field in zip(meta.column_names, schema, strict=True)}


def _schema(frame: pd.DataFrame, meta: Any) -> pa.Schema:
    fields = []
    for position, name in enumerate(meta.column_names):
        declared = meta.readstat_variable_types.get(name, "double")
        original = str(meta.original_variable_types.get(name, "")).upper()
        if declared == "string":
            kind = pa.string()
        elif (
            pd.api.types.is_datetime64_any_dtype(frame[name])
            or "DATETIME" in original
            or original.startswith("%TC")
        ):
            kind = pa.timestamp("us")
        elif _is_date_format(original):
            kind = pa.date32()
        elif _is_time_format(original):
            kind = pa.time64("us")
        else:
            kind = pa.float64()
        fields.append(pa.field(f"c{position}", kind))
    return pa.schema(fields)


def _is_date_format(original: str) -> bool:
    return original.startswith(
        ("DATE", "ADATE", "EDATE", "SDATE", "JDATE", "MMDDYY", "DDMMYY", "YYMMDD", "%TD", "%D")
    )


def _is_time_format(original: str) -> bool:
    return original.startswith("TIME") and "STAMP" not in original


def _table(frame: pd.DataFrame, schema: pa.Schema, names: list[str]) -> pa.Table:
    arrays = []
    for name, field in zip(names, schema, strict=True):
        values = frame[name]
        try:
            if pa.types.is_string(field.type):
                texts = [None if _is_null(v) else str(v) for v in values]
                arrays.append(
                    pa.array([None if t is None or not t.strip() else t for t in texts], pa.string())
                )
            elif pa.types.is_floating(field.type):
                numbers = pd.to_numeric(values, errors="coerce")
                arrays.append(pa.array(numbers.astype("float64"), pa.float64(), from_pandas=True))
            else:
                arrays.append(
                    pa.array([None if _is_null(v) else v for v in values], field.type, from_pandas=True)
                )
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise IngestError("file_damaged", f"The variable {name} holds values of mixed kinds.") from error
    return pa.Table.from_arrays(arrays, schema=schema)


def _is_null(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value) or value is pd.NaT


def _describe(name: str, position: int, meta: Any, storage: str) -> dict[str, Any]:
    labels = meta.variable_value_labels.get(name, {})
    codes: list[str] = []
    for entry in meta.missing_ranges.get(name, []):
        low, high = entry["lo"], entry["hi"]
        if low == high:
            codes.append(cell_text(low))
        elif isinstance(low, str):
            codes += [low, str(high)]
        else:
            codes.append(f"{cell_text(low)}..{cell_text(high)}")
    codes += [str(code) for code in meta.missing_user_values.get(name, [])]
    return {
        "name": name,
        "label": meta.column_labels[position] or "",
        "storage": storage,
        "value_labels": {cell_text(code): str(label) for code, label in labels.items()},
        "missing_codes": codes,
        "measure_level": _MEASURES.get(str(meta.variable_measure.get(name, ""))),
    }
