"""Validate and apply recipes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import duckdb
from pydantic import ValidationError

from data_ingestion.contracts import ColumnProfile, ColumnSchema
from data_ingestion.logic.duck import session
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.profile import profile_parquet
from data_ingestion.logic.recipe import steps as steps_package
from data_ingestion.logic.recipe.base import Resolver, Step, TableSource, TableState, parquet_relation
from data_ingestion.logic.store import copy_to_parquet
from data_ingestion.logic.tables import IngestLimits, Progress, no_progress

MAX_STEPS = 100


@dataclass(frozen=True, slots=True)
class StepReport:
    """What one step did."""

    number: int
    kind: str
    rows_before: int
    rows_after: int
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "number": self.number,
            "kind": self.kind,
            "rows_before": self.rows_before,
            "rows_after": self.rows_after,
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class AppliedRecipe:
    """The new version: Parquet file, schema, profile, and a report per step."""

    parquet_path: Path
    row_count: int
    columns: tuple[ColumnSchema, ...]
    profile: tuple[ColumnProfile, ...]
    reports: tuple[StepReport, ...]


@cache
def _step_kinds() -> dict[str, type[Step]]:
    kinds: dict[str, type[Step]] = {}
    for module_info in pkgutil.iter_modules(steps_package.__path__):
        module = importlib.import_module(f"{steps_package.__name__}.{module_info.name}")
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, Step)
                and value is not Step
                and value.__module__ == module.__name__
            ):
                kinds[get_args(value.model_fields["kind"].annotation)[0]] = value
    return dict(sorted(kinds.items()))


#: kind -> step model, found in ``steps/``.
STEP_KINDS: dict[str, type[Step]] = _step_kinds()


def recipe_schema() -> dict[str, Any]:
    """JSON schema per step kind, for forms and API documents."""
    return {
        kind: {"summary": model.summary, "schema": model.model_json_schema()}
        for kind, model in STEP_KINDS.items()
    }


def parse_recipe(raw: Sequence[Any]) -> list[Step]:
    """Validate a list of JSON objects with ``kind``; raises ``IngestError`` ``recipe_invalid`` with JSON pointers."""
    if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
        raise IngestError("recipe_invalid", "A recipe is a list of steps.")
    if len(raw) > MAX_STEPS:
        raise IngestError("recipe_invalid", f"A recipe has at most {MAX_STEPS} steps.")
    parsed: list[Step] = []
    errors: list[dict[str, str]] = []
    for index, item in enumerate(raw):
        kind = item.get("kind") if isinstance(item, dict) else None
        model = STEP_KINDS.get(kind) if isinstance(kind, str) else None
        if model is None:
            errors.append(
                {"pointer": f"/{index}/kind", "detail": f"Unknown step; known are {', '.join(STEP_KINDS)}."}
            )
            continue
        try:
            parsed.append(model.model_validate(item))
        except ValidationError as error:
            errors += [
                {
                    "pointer": "/" + "/".join(str(part) for part in (index, *found["loc"])),
                    "detail": found["msg"],
                }
                for found in error.errors()
            ]
    if errors:
        raise IngestError("recipe_invalid", f"The recipe is not valid: {errors[0]['detail']}", errors=errors)
    return parsed


def apply_recipe(
    source: TableSource,
    steps: Sequence[Step],
    *,
    target: Path,
    resolve: Resolver,
    progress: Progress = no_progress,
    limits: IngestLimits | None = None,
) -> AppliedRecipe:
    """Apply ``steps`` to ``source`` and write the result to ``target`` (never the source file).

    ``resolve`` gives the tables that append and join steps name. Raises ``IngestError``; then there is no ``target``.
    """
    limits = limits or IngestLimits()
    reports: list[StepReport] = []
    with session(limits, target.parent) as connection:
        state = TableState(
            connection, parquet_relation(source.path), list(source.columns), resolve, source.name
        )
        rows = state.scalar("count(*)")
        for number, step in enumerate(steps, start=1):
            progress("step", number - 1, len(steps))
            state.step = number
            state.notes = []
            before = rows
            kind = getattr(step, "kind", "")
            try:
                step.apply(state)
                if step.changes_rows:
                    rows = state.scalar("count(*)")
            except duckdb.Error as error:
                if isinstance(error, duckdb.OutOfMemoryException | duckdb.IOException):
                    raise
                raise IngestError(
                    "recipe_invalid", f"Step {number} ({kind}) cannot be applied to this table.", step=number
                ) from error
            if not state.columns:
                raise IngestError(
                    "recipe_invalid", f"Step {number} ({kind}) would leave no column.", step=number
                )
            reports.append(StepReport(number, kind, before, rows, tuple(state.notes)))
        progress("write", len(steps), len(steps))
        try:
            copy_to_parquet(connection, state.sql, target, state.used_parameters(state.sql))
        except (
            duckdb.ConversionException,
            duckdb.InvalidInputException,
            duckdb.OutOfRangeException,
        ) as error:
            raise IngestError("recipe_invalid", "The recipe fails on a value of this table.") from error
        columns = tuple(state.columns)
        profile = profile_parquet(connection, target, columns)
    return AppliedRecipe(target, rows, columns, profile, tuple(reports))
