"""Typed parameters of procedures: one declaration gives validation, JSON Schema and the generated form.

    class CrosstabParameters(Parameters):
        rows: ColumnName = column("Rows", accepts=CATEGORICAL)
        columns: ColumnName = column("Columns", accepts=CATEGORICAL, help="One column per category.")
        confidence: float = option(0.95, "Confidence level", ge=0.5, lt=1)

Extension keys in the JSON Schema: `x-role` "column" | "columns" | "option", `x-accepts` list of measures that
fit (a hint for the form; whether values really are numbers is decided on the data), `x-allow-duplicates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from analysis.contracts import ColumnMeta, Measure
from analysis.logic.errors import InvalidParameters, ProcedureError, unknown_column

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
ColumnNames = tuple[ColumnName, ...]

CATEGORICAL = (Measure.NOMINAL, Measure.ORDINAL, Measure.BINARY)
NUMERIC = (Measure.SCALE, Measure.ORDINAL, Measure.BINARY)
RATING = (Measure.ORDINAL, Measure.SCALE)
BINARY = (Measure.BINARY, Measure.NOMINAL, Measure.ORDINAL)
TEXTUAL = (Measure.TEXT, Measure.NOMINAL)
TEMPORAL = (Measure.DATE,)
ANY = tuple(Measure)

_REQUIRED: Any = ...


class Parameters(BaseModel):
    """Base of every procedure's parameters: unknown names and non-finite numbers are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_max_length=10_000)


def column(
    title: str,
    *,
    accepts: Sequence[Measure] = ANY,
    help: str = "",
    default: Any = _REQUIRED,
) -> Any:
    """A field that names one column. Give `default=None` and type `ColumnName | None` for an optional one."""
    return Field(
        default,
        title=title,
        description=help or None,
        json_schema_extra={"x-role": "column", "x-accepts": [str(m) for m in accepts]},
    )


def columns(
    title: str,
    *,
    accepts: Sequence[Measure] = ANY,
    help: str = "",
    min_items: int = 1,
    max_items: int = 200,
    default: Any = _REQUIRED,
) -> Any:
    """A field that names several different columns (type `ColumnNames`)."""
    return Field(
        default,
        title=title,
        description=help or None,
        min_length=min_items,
        max_length=max_items,
        json_schema_extra={"x-role": "columns", "x-accepts": [str(m) for m in accepts]},
    )


def option(default: Any, title: str, *, help: str = "", **bounds: Any) -> Any:
    """Any other field; `bounds` are pydantic's (ge, gt, le, lt, min_length, max_length, pattern)."""
    return Field(
        default, title=title, description=help or None, json_schema_extra={"x-role": "option"}, **bounds
    )


P = TypeVar("P", bound=Parameters)


def validate(model: type[P], raw: Mapping[str, Any], available: Sequence[ColumnMeta]) -> P:
    """Parameters checked against the schema and the Dataset's columns.

    Raises InvalidParameters with one entry per fault; pointers are relative to the parameters object.
    """
    try:
        parameters = model.model_validate(dict(raw))
    except ValidationError as error:
        raise InvalidParameters(
            [
                ProcedureError(
                    "invalid_parameter", _sentence(fault), _pointer(fault["loc"]), {"rule": fault["type"]}
                )
                for fault in error.errors(include_url=False, include_input=False, include_context=False)
            ]
        ) from None
    faults = _column_faults(parameters, {c.name for c in available})
    if faults:
        raise InvalidParameters(faults)
    return parameters


def used_columns(parameters: Parameters) -> tuple[str, ...]:
    """Names of all columns the parameters refer to, each once, in order of declaration."""
    names: dict[str, None] = {}
    for _, name in _column_references(parameters):
        names[name] = None
    return tuple(names)


def _column_references(parameters: Parameters) -> list[tuple[str, str]]:
    references: list[tuple[str, str]] = []
    for field_name, info in type(parameters).model_fields.items():
        role = (
            (info.json_schema_extra or {}).get("x-role") if isinstance(info.json_schema_extra, dict) else None
        )
        value = getattr(parameters, field_name)
        if value is None:
            continue
        if role == "column":
            references.append((f"/{_escape(field_name)}", value))
        elif role == "columns":
            references += [(f"/{_escape(field_name)}/{i}", name) for i, name in enumerate(value)]
    return references


def _column_faults(parameters: Parameters, available: set[str]) -> list[ProcedureError]:
    faults: list[ProcedureError] = []
    seen: set[tuple[str, str]] = set()
    for pointer, name in _column_references(parameters):
        if name not in available:
            faults.append(unknown_column(name, pointer))
            continue
        parent = pointer.rsplit("/", 1)[0]
        if parent and (parent, name) in seen:
            faults.append(
                ProcedureError(
                    "duplicate_column", f"Column {name!r} is chosen twice.", pointer, {"column": name}
                )
            )
        seen.add((parent, name))
    return faults


def _escape(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _pointer(location: Sequence[int | str]) -> str:
    return "".join(f"/{_escape(part)}" for part in location)


def _sentence(fault: Mapping[str, Any]) -> str:
    where = _pointer(fault["loc"]) or "/"
    return f"{where}: {fault['msg']}."
