"""What may leave ``data_ingestion``: frozen values other micro-apps and the pure engine share.

Standard library only. Nothing here reads a file, a database or a setting.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class PhysicalType(StrEnum):
    """How a column is stored in Parquet."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    TEXT = "text"


class SemanticType(StrEnum):
    """What a column's values mean, whatever they are stored as."""

    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    CATEGORY = "category"
    ORDERED_CATEGORY = "ordered_category"
    MULTI_SELECT = "multi_select"
    FREE_TEXT = "free_text"
    IDENTIFIER = "identifier"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"
    CURRENCY = "currency"
    PERCENTAGE = "percentage"
    COUNTRY = "country"
    POSTCODE = "postcode"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    IP_ADDRESS = "ip_address"
    EMPTY = "empty"


class MeasureLevel(StrEnum):
    """Stevens' level of measurement; decides which statistics are allowed."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    SCALE = "scale"


class SourceKind(StrEnum):
    """The true kind of an uploaded file, decided from its bytes."""

    DELIMITED = "delimited"
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    PARQUET = "parquet"
    ARROW = "arrow"
    FEATHER = "feather"
    JSON = "json"
    JSON_LINES = "jsonl"
    SPSS = "sav"
    SPSS_PORTABLE = "por"
    STATA = "dta"
    SAS = "sas7bdat"
    SAS_TRANSPORT = "xpt"
    PDF = "pdf"
    DOCX = "docx"


class ExportFormat(StrEnum):
    """The formats a Dataset can be written to."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"
    SAV = "sav"
    JSON_LINES = "jsonl"


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """One column of a Dataset.

    ``name`` is unique inside the Dataset and is the Parquet column name; ``label`` is the wording shown to
    people (the original header, or the variable label of an SPSS file). ``value_labels`` maps a stored value
    (as text, because JSON object keys are text) to its label, in the order of the scale for an ordered category.
    ``missing_codes`` are the source texts or codes that were read as missing. ``raw_column`` names the column
    that keeps the original text where cleaning changed the meaning of cells. ``unit`` is a currency code,
    ``%`` or the unit word that was stripped from the cells ("stars").
    """

    name: str
    label: str = ""
    physical_type: PhysicalType = PhysicalType.TEXT
    semantic_type: SemanticType = SemanticType.FREE_TEXT
    measure_level: MeasureLevel = MeasureLevel.NOMINAL
    is_pii: bool = False
    value_labels: dict[str, str] = field(default_factory=dict)
    missing_codes: tuple[str, ...] = ()
    raw_column: str | None = None
    unit: str | None = None
    separator: str | None = None
    is_raw: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form; ``from_dict`` is its inverse."""
        return {
            "name": self.name,
            "label": self.label,
            "physical_type": self.physical_type.value,
            "semantic_type": self.semantic_type.value,
            "measure_level": self.measure_level.value,
            "is_pii": self.is_pii,
            "value_labels": dict(self.value_labels),
            "missing_codes": list(self.missing_codes),
            "raw_column": self.raw_column,
            "unit": self.unit,
            "separator": self.separator,
            "is_raw": self.is_raw,
        }

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> ColumnSchema:
        """Rebuild from ``as_dict`` output; unknown keys are ignored so that older code reads newer rows."""
        return cls(
            name=value["name"],
            label=value.get("label", ""),
            physical_type=PhysicalType(value.get("physical_type", PhysicalType.TEXT)),
            semantic_type=SemanticType(value.get("semantic_type", SemanticType.FREE_TEXT)),
            measure_level=MeasureLevel(value.get("measure_level", MeasureLevel.NOMINAL)),
            is_pii=bool(value.get("is_pii", False)),
            value_labels=dict(value.get("value_labels") or {}),
            missing_codes=tuple(value.get("missing_codes") or ()),
            raw_column=value.get("raw_column"),
            unit=value.get("unit"),
            separator=value.get("separator"),
            is_raw=bool(value.get("is_raw", False)),
        )


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """Statistics of one column over all rows. ``count`` is of values that are there: count + missing = rows.

    ``quartiles`` is (Q1, median, Q3). ``histogram`` is a list of (lower edge, upper edge, count) with the last
    bin closed. ``top_values`` is a list of (value as text, count), most frequent first. ``minimum`` and
    ``maximum`` are numbers for numeric columns, ISO 8601 text for dates and times, plain text otherwise.
    ``distinct_is_exact`` is false where an approximate counter was used (HyperLogLog, error about 2 %).
    """

    name: str
    count: int
    missing: int
    distinct: int
    distinct_is_exact: bool = True
    minimum: float | int | str | None = None
    maximum: float | int | str | None = None
    mean: float | None = None
    sd: float | None = None
    quartiles: tuple[float, float, float] | None = None
    histogram: tuple[tuple[float, float, int], ...] = ()
    top_values: tuple[tuple[str, int], ...] = ()
    samples: tuple[str, ...] = ()
    mean_length: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "name": self.name,
            "count": self.count,
            "missing": self.missing,
            "distinct": self.distinct,
            "distinct_is_exact": self.distinct_is_exact,
            "minimum": self.minimum,
            "maximum": self.maximum,
            "mean": self.mean,
            "sd": self.sd,
            "quartiles": list(self.quartiles) if self.quartiles else None,
            "histogram": [list(bin_) for bin_ in self.histogram],
            "top_values": [list(pair) for pair in self.top_values],
            "samples": list(self.samples),
            "mean_length": self.mean_length,
        }


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing the engine changed or decided.

    ``kind`` is a stable word (``encoding``, ``preamble``, ``ragged_row``, ``stray_quote`` ...); ``row`` is the
    1-based record number in the source (None for whole-file repairs) and ``column`` the column name where one is
    concerned. ``count`` says how many cells or rows one summarised entry stands for.
    """

    kind: str
    message: str
    row: int | None = None
    column: str | None = None
    before: str | None = None
    after: str | None = None
    count: int = 1

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "kind": self.kind,
            "message": self.message,
            "row": self.row,
            "column": self.column,
            "before": self.before,
            "after": self.after,
            "count": self.count,
        }


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A source record that is not part of the Dataset, kept with the reason."""

    row: int
    reason: str
    raw: str


@dataclass(frozen=True, slots=True)
class RepairReceipt:
    """The account of one table's ingestion: ``rows_in == rows_out + rows_rejected`` always holds.

    ``rows_in`` counts the records after the header, without blank lines. ``repairs`` lists at most
    the first few hundred single repairs; ``repair_count`` is the true number. ``dialect`` holds what was found
    (encoding, delimiter, quote, escape, header rows, preamble rows ...).
    """

    rows_in: int
    rows_out: int
    rows_rejected: int = 0
    repairs: tuple[Repair, ...] = ()
    repair_count: int = 0
    dialect: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "rows_in": self.rows_in,
            "rows_out": self.rows_out,
            "rows_rejected": self.rows_rejected,
            "repairs": [repair.as_dict() for repair in self.repairs],
            "repair_count": self.repair_count,
            "dialect": dict(self.dialect),
        }


@dataclass(frozen=True, slots=True)
class DatasetRef:
    """The identity of a published Dataset version."""

    dataset_id: str
    version: int
    row_count: int


@dataclass(frozen=True, slots=True)
class DatasetHandle:
    """An opened Dataset version: a local Parquet ``path`` that is readable while the caller works."""

    dataset_id: str
    project_id: str
    name: str
    version: int
    version_hash: str
    path: Path
    row_count: int
    columns: tuple[ColumnSchema, ...]

    def column(self, name: str) -> ColumnSchema:
        """The schema of column ``name``; raises ``KeyError`` when there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class ProjectRef:
    """A project as other micro-apps need it."""

    project_id: str
    name: str
