"""Running procedures: keying, sharing and storing results."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import services as accounts
from analysis.contracts import ColumnMeta, Measure, Storage
from analysis.errors import AnalysisRefused, ProcedureNotFound, ResultNotFound
from analysis.logic.context import RunContext
from analysis.logic.errors import ProcedureError
from analysis.logic.frame import Frame
from analysis.logic.registry import Procedure, find_procedure
from analysis.models import AnalysisResult, AnalysisRun
from data_ingestion import services as ingestion
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal

RUN_TASK = "analysis.run_procedure"
DEFAULT_SEED = RunContext().seed

_STORAGE = {
    "integer": Storage.INTEGER,
    "number": Storage.REAL,
    "boolean": Storage.BOOLEAN,
    "date": Storage.DATE,
    "datetime": Storage.DATETIME,
    "time": Storage.TEXT,
    "text": Storage.TEXT,
}


def get_procedure(key: str) -> Procedure[Any]:
    """Raises ``ProcedureNotFound``."""
    procedure = find_procedure(key)
    if procedure is None:
        raise ProcedureNotFound(f"There is no procedure '{key[:60]}'. See /api/v1/analysis/procedures/.")
    return procedure


def column_metas(columns: Sequence[ingestion.ColumnSchema]) -> tuple[ColumnMeta, ...]:
    """A Dataset's columns in the words of the procedures."""
    return tuple(_column_meta(column) for column in columns)


def columns_of_dataset(*, team_id: UUID, dataset_id: UUID) -> tuple[ColumnMeta, ...]:
    """The columns of a Dataset's current version. Raises ``DatasetNotFound``."""
    return column_metas(ingestion.open_dataset(team_id=team_id, dataset_id=dataset_id).columns)


def _column_meta(column: ingestion.ColumnSchema) -> ColumnMeta:
    storage = _STORAGE[column.physical_type.value]
    return ColumnMeta(
        name=column.name,
        storage=storage,
        measure=_measure(column, storage),
        label=column.label,
        value_labels=tuple((_stored(value, storage), label) for value, label in column.value_labels.items()),
        # The engine has already turned missing codes of text files into nulls; labelled codes remain values.
        missing_codes=tuple(
            _stored(code, storage) for code in column.missing_codes if _is_stored(code, storage)
        ),
        is_pii=column.is_pii,
    )


def _measure(column: ingestion.ColumnSchema, storage: Storage) -> Measure:
    special = {
        "free_text": Measure.TEXT,
        "multi_select": Measure.TEXT,
        "identifier": Measure.IDENTIFIER,
    }.get(column.semantic_type.value)
    if special is not None:
        return special
    if storage is Storage.BOOLEAN:
        return Measure.BINARY
    if storage in (Storage.DATE, Storage.DATETIME):
        return Measure.DATE
    return Measure(column.measure_level.value)


def _is_stored(value: str, storage: Storage) -> bool:
    try:
        _stored(value, storage)
    except ValueError:
        return False
    return True


def _stored(value: str, storage: Storage) -> Any:
    if storage is Storage.INTEGER:
        return int(float(value))
    if storage is Storage.REAL:
        return float(value)
    if storage is Storage.BOOLEAN:
        return value.lower() == "true"
    return value


def result_key(
    *,
    dataset_id: UUID,
    version_hash: str,
    procedure: Procedure[Any],
    parameters: Mapping[str, Any],
    row_filter: Any,
    weight: str,
    seed: int,
) -> str:
    """Hash of everything that shapes the figures; the seed counts only where chance takes part.

    The Dataset counts although equal content gives equal figures: a result is listed, drilled into and forbidden to
    restricted members by its Dataset. Versions of one Dataset with the same content share results.
    """
    parts = [
        str(dataset_id),
        version_hash,
        procedure.key,
        procedure.version,
        parameters,
        row_filter,
        weight,
        seed if procedure.randomised else None,
        settings.ANALYSIS_FLAG_BELOW,
        settings.ANALYSIS_SUPPRESS_BELOW,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def start_run(
    *,
    team_id: UUID,
    actor: Principal,
    dataset_id: UUID,
    procedure_key: str,
    parameters: Mapping[str, Any],
    version: int | None = None,
    row_filter: Mapping[str, Any] | None = None,
    weight: str = "",
    seed: int | None = None,
    idempotency_key: str | None = None,
) -> tasks.TaskRunInfo:
    """Start a procedure, or answer at once from the stored result of an equal run.

    Raises ``ProcedureNotFound``, ``DatasetNotFound`` or ``AnalysisRefused`` (invalid parameters, filter, weight).
    """
    procedure = get_procedure(procedure_key)
    handle = ingestion.open_dataset(team_id=team_id, dataset_id=dataset_id, version=version)
    metas = column_metas(handle.columns)
    try:
        checked = procedure.validate(parameters, metas)
    except ProcedureError as error:
        raise AnalysisRefused(error, prefix="/parameters") from error
    _check_frame_inputs(handle, metas, row_filter=row_filter, weight=weight)
    canonical = checked.model_dump(mode="json")
    used_seed = DEFAULT_SEED if seed is None else seed
    key = result_key(
        dataset_id=dataset_id,
        version_hash=handle.version_hash,
        procedure=procedure,
        parameters=canonical,
        row_filter=row_filter,
        weight=weight,
        seed=used_seed,
    )
    with transaction.atomic():
        stored = AnalysisResult.objects.select_for_update().filter(key=key).first()
        if stored is None:
            stored = _new_result(
                team_id=team_id,
                project_id=UUID(handle.project_id),
                key=key,
                dataset_id=dataset_id,
                dataset_name=handle.name,
                dataset_version=handle.version,
                version_hash=handle.version_hash,
                procedure=procedure.key,
                procedure_version=procedure.version,
                parameters=canonical,
                row_filter=row_filter,
                weight=weight,
                seed=used_seed if procedure.randomised else None,
            )
        # Judged after the insert: whoever lost that race finds the winner's run here.
        if stored.output is not None:
            info = tasks.record_finished(
                RUN_TASK,
                team_id=team_id,
                user_id=actor.user_id,
                project_id=stored.project_id,
                args={"result_id": str(stored.pk)},
                result=_ref(stored),
            )
            _record_run(stored, info.task_id, actor)
            return info
        if tasks.is_active(task_id=stored.task_id):
            _record_run(stored, stored.task_id, actor)
            return tasks.get_run_info(task_id=stored.task_id)
        info = tasks.start(
            RUN_TASK,
            team_id=team_id,
            user_id=actor.user_id,
            args={"result_id": str(stored.pk)},
            project_id=stored.project_id,
            idempotency_key=idempotency_key,
        )
        if not info.replayed:
            AnalysisResult.objects.filter(pk=stored.pk).update(task_id=info.task_id)
            _record_run(stored, info.task_id, actor)
            accounts.record_activity(
                actor=actor,
                team_id=team_id,
                action="analysis.started",
                object_type="analysis_result",
                object_id=stored.pk,
                object_label=f"{procedure.title}: {handle.name}",
            )
    return info


def _new_result(**columns: Any) -> AnalysisResult:
    """Insert the result row; of two equal requests at once the second gets the first one's row."""
    try:
        with transaction.atomic():
            return AnalysisResult.objects.create(task_id=UUID(int=0), **columns)
    except IntegrityError:
        return AnalysisResult.objects.select_for_update().get(key=columns["key"])


def _record_run(result: AnalysisResult, task_id: UUID, actor: Principal) -> None:
    AnalysisRun.objects.create(
        team_id=result.team_id,
        project_id=result.project_id,
        result=result,
        task_id=task_id,
        created_by_id=actor.user_id,
    )


def _ref(result: AnalysisResult) -> tasks.ResultRef:
    return tasks.ResultRef("analysis_result", str(result.pk), f"/api/v1/analysis/results/{result.pk}/")


def _check_frame_inputs(
    handle: ingestion.DatasetHandle,
    metas: Sequence[ColumnMeta],
    *,
    row_filter: Mapping[str, Any] | None,
    weight: str,
) -> None:
    """Judge filter and weight before a task is started, so that mistakes are answered at once."""
    if row_filter is None and not weight:
        return
    try:
        with Frame(handle.path, metas, filter=row_filter, weight=weight or None):
            pass
    except ProcedureError as error:
        raise AnalysisRefused(error) from error


def open_frame(result: AnalysisResult, *, context: RunContext | None = None) -> Frame:
    """The rows a result was computed from. Raises ``DatasetNotFound`` when the Dataset is gone."""
    handle = ingestion.open_dataset(
        team_id=result.team_id, dataset_id=result.dataset_id, version=result.dataset_version
    )
    return Frame(
        handle.path,
        column_metas(handle.columns),
        filter=result.row_filter,
        weight=result.weight or None,
        context=context,
    )


def run_context(*, seed: int | None = None, progress: Any = None) -> RunContext:
    """The caps and thresholds of this installation."""
    extra: dict[str, Any] = {"progress": progress} if progress is not None else {}
    return RunContext(
        seed=DEFAULT_SEED if seed is None else seed,
        flag_below=settings.ANALYSIS_FLAG_BELOW,
        suppress_below=settings.ANALYSIS_SUPPRESS_BELOW,
        threads=settings.ANALYSIS_THREADS or os.cpu_count() or 1,
        memory_bytes=settings.ANALYSIS_MEMORY_BYTES,
        **extra,
    )


def compute_result(run: tasks.Run, *, result_id: UUID) -> tasks.ResultRef:
    """Compute a pending result and store its output. Raises ``AnalysisRefused`` with the procedure's code."""
    result = AnalysisResult.find(pk=result_id)
    if result is None:
        raise ResultNotFound
    if result.output is not None:
        return _ref(result)
    procedure = get_procedure(result.procedure)
    started = time.perf_counter()

    def report(stage: str, done: int, total: int) -> None:
        run.progress(done, total, stage=stage)

    try:
        with open_frame(result, context=run_context(seed=result.seed, progress=report)) as frame:
            parameters = procedure.validate(result.parameters, frame.columns)
            output = procedure.run(frame, parameters, frame.context).to_dict()
    except ProcedureError as error:
        raise AnalysisRefused(error, prefix="/parameters") from error
    with run.completing() as complete:
        stored = AnalysisResult.objects.filter(pk=result.pk).update(
            output=output, seconds=time.perf_counter() - started, computed_at=timezone.now()
        )
        if not stored:
            raise ResultNotFound("The project was deleted while the result was computed.")
        complete(_ref(result))
    return _ref(result)
