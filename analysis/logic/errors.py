"""Refusals of the computation, each with a stable code and a sentence the analyst can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ProcedureError(Exception):
    """A run cannot give an honest answer.

    code: stable word for programs. detail: what is wrong and what to do. pointer: JSON pointer into the
    parameters ("/rows/0"), or "" for the run as a whole. context: JSON-safe particulars.
    """

    def __init__(
        self, code: str, detail: str, pointer: str = "", context: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.context = dict(context or {})

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.code, self.detail, self.pointer, self.context))


class InvalidParameters(ProcedureError):
    """One or more parameters are wrong; `errors` holds one ProcedureError per fault."""

    def __init__(self, errors: Sequence[ProcedureError]) -> None:
        first = errors[0]
        super().__init__("invalid_parameters", "; ".join(e.detail for e in errors), first.pointer)
        self.errors = tuple(errors)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.errors,))


class RunCancelled(Exception):
    """Raised inside `RunContext.checkpoint` when the run was asked to stop."""


def text_where_numbers(column: str, count: int, examples: Sequence[tuple[int, str]]) -> ProcedureError:
    """`examples` are (1-based row, value) of the first offenders."""
    shown = "; ".join(f"row {row}: {value[:60]!r}" for row, value in examples)
    return ProcedureError(
        "text_where_numbers_needed",
        f"Column {column!r} must hold numbers, but {count:,} value{'s are' if count != 1 else ' is'} text "
        f"({shown}). Clean these values or declare them as missing codes.",
        context={
            "column": column,
            "count": count,
            "examples": [{"row": row, "value": value[:200]} for row, value in examples],
        },
    )


def dates_where_numbers(column: str) -> ProcedureError:
    return ProcedureError(
        "dates_where_numbers_needed",
        f"Column {column!r} holds dates, but this parameter needs numbers.",
        context={"column": column},
    )


def unknown_column(column: str, pointer: str) -> ProcedureError:
    return ProcedureError(
        "unknown_column", f"The Dataset has no column {column!r}.", pointer, {"column": column}
    )


def too_many_categories(column: str, count: int, limit: int) -> ProcedureError:
    return ProcedureError(
        "too_many_categories",
        f"Column {column!r} has {count:,} different values; at most {limit:,} can be used as categories. "
        "Choose a grouping column, or recode the values into fewer groups.",
        context={"column": column, "count": count, "limit": limit},
    )


def no_rows(why: str) -> ProcedureError:
    return ProcedureError("no_rows", f"No rows are left to analyse: {why}.")


def all_missing(column: str) -> ProcedureError:
    return ProcedureError(
        "all_missing",
        f"Column {column!r} has no usable value: every one is missing after filter, weight and missing codes.",
        context={"column": column},
    )


def constant_column(column: str, value: object) -> ProcedureError:
    return ProcedureError(
        "constant_column",
        f"Column {column!r} has the single value {value!r} in all rows used, so it can explain nothing.",
        context={"column": column},
    )


def too_few_rows(n: int, needed: int, why: str) -> ProcedureError:
    return ProcedureError(
        "too_few_rows",
        f"{n:,} complete row{'s' if n != 1 else ''} left, but {why} needs at least {needed:,}.",
        context={"n": n, "needed": needed},
    )


def collinear(columns: Sequence[str]) -> ProcedureError:
    names = ", ".join(repr(c) for c in columns)
    return ProcedureError(
        "collinear_columns",
        f"These columns are exact linear combinations of one another or of the constant: {names}. "
        "Remove at least one of them.",
        context={"columns": list(columns)},
    )


def perfect_separation(columns: Sequence[str]) -> ProcedureError:
    names = ", ".join(repr(c) for c in columns)
    return ProcedureError(
        "perfect_separation",
        f"The outcome is predicted without error by {names}; maximum likelihood estimates do not exist. "
        "Remove the separating column or use the regularised model.",
        context={"columns": list(columns)},
    )


def bad_weights(column: str, detail: str) -> ProcedureError:
    return ProcedureError(
        "bad_weights", f"Column {column!r} cannot serve as weight: {detail}.", "", {"column": column}
    )


def did_not_converge(what: str, iterations: int) -> ProcedureError:
    return ProcedureError(
        "did_not_converge",
        f"{what} did not converge in {iterations:,} iterations; no figures are given.",
        context={"iterations": iterations},
    )


def values_too_large(columns: Sequence[str] = ()) -> ProcedureError:
    """Numbers whose squares or sums leave the range of double precision."""
    names = ", ".join(repr(c) for c in columns)
    return ProcedureError(
        "values_too_large",
        f"Values {f'of {names} ' if names else ''}are too large or too small to calculate with. "
        "Rescale the columns or declare such values as missing codes.",
        context={"columns": list(columns)},
    )


def too_large(detail: str) -> ProcedureError:
    return ProcedureError("too_large", detail)
