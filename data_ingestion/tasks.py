"""Task kinds of data_ingestion; each is one service call."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from data_ingestion.services import cleaning, exports, files, web
from plugzero_api.kernel.tasks import ResultRef, Run, micro_task


@micro_task(files.INGEST_TASK, queue="compute", soft_limit=3600, permission="files.upload")
def ingest_file(run: Run, *, file_id: str) -> ResultRef:
    """Make Datasets from an uploaded file."""
    return files.ingest_stored_file(run, file_id=UUID(file_id))


@micro_task(web.URL_TASK, queue="compute", soft_limit=3600, permission="files.upload")
def ingest_url(run: Run, *, project_id: str, url: str) -> ResultRef:
    """Fetch a file from the web and make Datasets from it."""
    return web.ingest_url(run, project_id=UUID(project_id), url=url)


@micro_task(cleaning.RECIPE_TASK, queue="compute", soft_limit=3600, permission="datasets.update")
def apply_recipe(run: Run, *, dataset_id: str, version: int, steps: list[Any]) -> ResultRef:
    """Make a Dataset's next version by cleaning steps."""
    return cleaning.run_recipe(run, dataset_id=UUID(dataset_id), version=version, steps=steps)


@micro_task(cleaning.UNDO_TASK, queue="compute", soft_limit=3600, permission="datasets.update")
def undo_repairs(run: Run, *, dataset_id: str) -> ResultRef:
    """Make a version with the cells as they stand in the file."""
    return cleaning.undo_repairs(run, dataset_id=UUID(dataset_id))


@micro_task(cleaning.UNITE_TASK, queue="compute", soft_limit=3600, permission="datasets.update")
def unite_datasets(run: Run, *, project_id: str, name: str, dataset_ids: list[str]) -> ResultRef:
    """Make one Dataset of several."""
    return cleaning.unite_datasets(run, project_id=UUID(project_id), name=name, dataset_ids=dataset_ids)


@micro_task(exports.EXPORT_TASK, queue="compute", soft_limit=3600, permission="datasets.export")
def export_dataset(run: Run, *, dataset_id: str, version: int, export_format: str) -> ResultRef:
    """Write a Dataset version as a file."""
    return exports.write_dataset(
        run, dataset_id=UUID(dataset_id), version=version, export_format=export_format
    )


@micro_task("data_ingestion.remove_orphans", queue="default", soft_limit=600)
def remove_orphans(run: Run) -> None:
    """Delete stored objects that no row names any more."""
    files.remove_orphans()
