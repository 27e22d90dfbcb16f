"""New versions from old ones: recipes, undoing repairs, restoring, uniting Datasets."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import services as accounts
from data_ingestion.adapters import storage
from data_ingestion.contracts import ColumnProfile, ColumnSchema, RepairReceipt, SourceKind
from data_ingestion.errors import DatasetNotFound, DatasetRequestInvalid, FileUnusable, NothingToUndo
from data_ingestion.logic.archives import inflate_gzip
from data_ingestion.logic.delimited.reader import read_delimited
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.kinds import is_gzip
from data_ingestion.logic.published import describe_table, text_table
from data_ingestion.logic.recipe import TableSource, apply_recipe, parse_recipe
from data_ingestion.logic.tables import IngestedTable, IngestLimits
from data_ingestion.logic.versions import VersionDifference, compare_versions
from data_ingestion.models import CleaningRecipe, Dataset, DatasetSource, DatasetVersion
from data_ingestion.services.datasets import (
    StoredVersion,
    columns_of,
    get_dataset,
    get_version,
    lock_dataset,
    next_number,
    store_version,
    write_version,
)
from data_ingestion.services.projects import get_project_row
from plugzero_api.kernel import tasks
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.ids import uuid7

RECIPE_TASK = "data_ingestion.apply_recipe"
UNDO_TASK = "data_ingestion.undo_repairs"
UNITE_TASK = "data_ingestion.unite_datasets"


def checked_steps(steps: list[Any]) -> list[Any]:
    """The steps, validated. Raises ``DatasetRequestInvalid`` with a pointer per fault."""
    try:
        parse_recipe(steps)
    except IngestError as error:
        raise DatasetRequestInvalid(error, prefix="/steps") from error
    return steps


def save_recipe(*, dataset: Dataset, actor: Principal, steps: list[Any]) -> CleaningRecipe:
    """Keep the steps with the Dataset without applying them. Raises ``DatasetRequestInvalid``."""
    checked_steps(steps)
    with transaction.atomic():
        recipe, _ = CleaningRecipe.objects.update_or_create(
            dataset=dataset,
            defaults={"steps": steps, "updated_by_id": actor.user_id},
            create_defaults={
                "steps": steps,
                "updated_by_id": actor.user_id,
                "team_id": dataset.team_id,
                "dataset": dataset,
            },
        )
        accounts.record_activity(
            actor=actor,
            team_id=dataset.team_id,
            action="recipe.saved",
            object_type="dataset",
            object_id=dataset.pk,
            object_label=dataset.name,
        )
    return recipe


def start_recipe(
    *, dataset: Dataset, actor: Principal, steps: list[Any], version: int | None, idempotency_key: str | None
) -> tasks.TaskRunInfo:
    """Start applying steps to a version. Raises ``DatasetRequestInvalid`` or ``DatasetVersionNotFound``."""
    checked_steps(steps)
    number = get_version(dataset, version).number
    return tasks.start(
        RECIPE_TASK,
        team_id=dataset.team_id,
        user_id=actor.user_id,
        args={"dataset_id": str(dataset.pk), "version": number, "steps": steps},
        project_id=dataset.project_id,
        idempotency_key=idempotency_key,
    )


def _resolve(dataset_id: str, version: int | None) -> TableSource:
    """The table another Dataset of the team contributes to a step."""
    try:
        dataset = get_dataset(UUID(dataset_id))
        row = get_version(dataset, version)
    except (DatasetNotFound, ValueError):
        raise IngestError("recipe_invalid", f"There is no dataset {dataset_id[:64]}.") from None
    return TableSource(storage.local_path(row.storage_name), columns_of(row), dataset.name)


def run_recipe(run: tasks.Run, *, dataset_id: UUID, version: int, steps: list[Any]) -> tasks.ResultRef:
    """Apply steps to a version and write the result as the Dataset's next version."""
    dataset = get_dataset(dataset_id)
    source = get_version(dataset, version)
    with tempfile.TemporaryDirectory(prefix="recipe-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        table, reports = _apply(run, dataset, source, steps, Path(folder))
        stored = store_version(dataset.team_id, dataset.pk, table)
    note = f"{len(steps)} cleaning steps on version {version}"
    return _add_version(
        run, dataset, stored, note, parent=version, recipe={"steps": steps, "reports": reports}
    )


def _apply(
    run: tasks.Run, dataset: Dataset, source: DatasetVersion, steps: list[Any], folder: Path
) -> tuple[IngestedTable, list[dict[str, Any]]]:
    try:
        applied = apply_recipe(
            TableSource(storage.local_path(source.storage_name), columns_of(source), dataset.name),
            parse_recipe(steps),
            target=folder / "table.parquet",
            resolve=_resolve,
            progress=lambda stage, done, total: run.progress(done, total, stage=stage),
        )
    except IngestError as error:
        raise DatasetRequestInvalid(error, prefix="/steps") from error
    table = _described(
        dataset.name,
        applied.parquet_path,
        applied.row_count,
        applied.columns,
        applied.profile,
        source.row_count,
    )
    return table, [report.as_dict() for report in applied.reports]


def _described(
    name: str,
    path: Path,
    rows: int,
    columns: tuple[ColumnSchema, ...],
    profile: tuple[ColumnProfile, ...],
    rows_in: int,
) -> IngestedTable:
    """A computed table in the shape of an ingested one; rows the steps removed are not rejects."""
    return IngestedTable(
        name=name,
        source_kind=SourceKind.PARQUET,
        source_name="",
        parquet_path=path,
        row_count=rows,
        columns=columns,
        profile=profile,
        receipt=RepairReceipt(rows_in=rows, rows_out=rows, dialect={"rows_before_cleaning": rows_in}),
    )


def _add_version(
    run: tasks.Run,
    dataset: Dataset,
    stored: StoredVersion,
    note: str,
    *,
    parent: int,
    recipe: dict[str, Any] | None = None,
) -> tasks.ResultRef:
    with run.completing() as complete:
        locked = lock_dataset(dataset.pk)
        write_version(
            locked,
            next_number(locked),
            stored,
            created_by_id=run.user_id,
            note=note,
            recipe=recipe,
            parent_number=parent,
        )
        result = _ref(dataset.pk)
        complete(result)
    return result


def _ref(dataset_id: UUID) -> tasks.ResultRef:
    return tasks.ResultRef("dataset", str(dataset_id), f"/api/v1/datasets/{dataset_id}/")


def start_undo(*, dataset: Dataset, actor: Principal, idempotency_key: str | None) -> tasks.TaskRunInfo:
    """Start undoing the repairs of a file's first version. Raises ``NothingToUndo``."""
    first = get_version(dataset, 1)
    if dataset.raw_file_id is None or not first.receipt or not first.receipt["repair_count"]:
        raise NothingToUndo("There is nothing to undo: the file was taken as it is.")
    return tasks.start(
        UNDO_TASK,
        team_id=dataset.team_id,
        user_id=actor.user_id,
        args={"dataset_id": str(dataset.pk)},
        project_id=dataset.project_id,
        idempotency_key=idempotency_key,
    )


def undo_repairs(run: tasks.Run, *, dataset_id: UUID) -> tasks.ResultRef:
    """A version with every cell as the text that stands in the file; no type, unit or missing token is read.

    Only delimited text has cells to go back to. Raises ``NothingToUndo`` or ``FileUnusable``.
    """
    dataset = get_dataset(dataset_id)
    raw = dataset.raw_file
    if raw is None or raw.source_kind != "delimited":
        raise NothingToUndo("Only delimited text files have their cells kept as text.")
    with tempfile.TemporaryDirectory(prefix="undo-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        try:
            cells = _cells_of_file(storage.local_path(raw.storage_name), dataset.source_name, Path(folder))
        except IngestError as error:
            raise FileUnusable(error) from error
        table = describe_table(cells, name=dataset.name, labels={}, work_dir=Path(folder), as_text=True)
        stored = store_version(dataset.team_id, dataset.pk, table)
    return _add_version(run, dataset, stored, "Repairs undone: all cells as text of the file", parent=1)


def _cells_of_file(path: Path, source_name: str, folder: Path) -> Any:
    """The cells of the table a Dataset was made from, as text."""
    if is_gzip(path):
        inflated = folder / "inflated"
        inflate_gzip(path, inflated, IngestLimits())
        path = inflated
    tables = [table for table in read_delimited(path).tables if table.rows]
    # The first table of a file has no source name, the others are "table 2", "table 3" ...
    number = int(source_name.removeprefix("table ")) if source_name else 1
    return text_table(tables[number - 1].header, tables[number - 1].rows)


def restore_version(*, dataset: Dataset, actor: Principal, number: int) -> DatasetVersion:
    """Make an older version the newest again, as a new version with the same content."""
    source = get_version(dataset, number)
    with transaction.atomic():
        locked = lock_dataset(dataset.pk)
        copy = DatasetVersion.objects.get(pk=source.pk)
        copy.pk = uuid7()
        copy._state.adding = True
        copy.number = next_number(locked)
        copy.parent_number = number
        copy.recipe = None
        copy.note = f"Version {number} restored"
        copy.created_by_id = actor.user_id
        copy.save(force_insert=True)
        Dataset.objects.filter(pk=dataset.pk).update(current_version=copy.number)
        accounts.record_activity(
            actor=actor,
            team_id=dataset.team_id,
            action="dataset.version_restored",
            object_type="dataset",
            object_id=dataset.pk,
            object_label=f"{dataset.name} v{number}",
        )
    return copy


def compare(dataset: Dataset, *, left: int, right: int, key: str | None) -> VersionDifference:
    """What differs between two versions. Raises ``DatasetVersionNotFound`` or ``DatasetRequestInvalid``."""
    sides = [get_version(dataset, number) for number in (left, right)]
    tables = [(storage.local_path(side.storage_name), columns_of(side)) for side in sides]
    with tempfile.TemporaryDirectory(prefix="compare-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        try:
            return compare_versions(tables[0], tables[1], key=key, work_dir=Path(folder))
        except IngestError as error:
            raise DatasetRequestInvalid(error) from error


def start_union(
    *,
    actor: Principal,
    project_id: UUID,
    name: str,
    dataset_ids: list[UUID],
    idempotency_key: str | None,
) -> tasks.TaskRunInfo:
    """Start making one Dataset of several. Raises ``ProjectNotFound`` or ``DatasetNotFound``."""
    project = get_project_row(project_id)
    for dataset_id in dataset_ids:
        get_dataset(dataset_id)
    return tasks.start(
        UNITE_TASK,
        team_id=project.team_id,
        user_id=actor.user_id,
        args={"project_id": str(project.pk), "name": name, "dataset_ids": [str(key) for key in dataset_ids]},
        project_id=project.pk,
        idempotency_key=idempotency_key,
    )


def unite_datasets(run: tasks.Run, *, project_id: UUID, name: str, dataset_ids: list[str]) -> tasks.ResultRef:
    """One Dataset with the rows of several; headers are matched fuzzily, ``source_dataset`` names the origin."""
    project = get_project_row(project_id)
    first = get_dataset(UUID(dataset_ids[0]))
    steps = [
        {
            "kind": "append",
            "datasets": [{"dataset_id": other} for other in dataset_ids[1:]],
            "source_column": "source_dataset",
        }
    ]
    dataset_id = uuid7()
    with tempfile.TemporaryDirectory(prefix="unite-", dir=settings.FILE_UPLOAD_TEMP_DIR) as folder:
        table, reports = _apply(run, first, get_version(first), steps, Path(folder))
        stored = store_version(project.team_id, dataset_id, table)
    with run.completing() as complete:
        get_project_row(project_id)  # deleted meanwhile: nothing to put the union into
        dataset = Dataset.objects.create(
            id=dataset_id,
            team_id=project.team_id,
            project=project,
            name=name,
            dataset_source=DatasetSource.DERIVED,
            created_by_id=run.user_id,
        )
        write_version(
            dataset,
            1,
            stored,
            created_by_id=run.user_id,
            note=f"Union of {len(dataset_ids)} datasets",
            recipe={"steps": steps, "reports": reports},
        )
        complete(_ref(dataset_id))
    return _ref(dataset_id)
