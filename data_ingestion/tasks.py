"""Task kinds of data_ingestion; each is one service call."""

from __future__ import annotations

from uuid import UUID

from data_ingestion.services import files
from plugzero_api.kernel.tasks import ResultRef, Run, micro_task


@micro_task(files.INGEST_TASK, queue="compute", soft_limit=3600, permission="files.upload")
def ingest_file(run: Run, *, file_id: str) -> ResultRef:
    """Make Datasets from an uploaded file."""
    return files.ingest_stored_file(run, file_id=UUID(file_id))


@micro_task("data_ingestion.remove_orphans", queue="default", soft_limit=600)
def remove_orphans(run: Run) -> None:
    """Delete stored objects that no row names any more."""
    files.remove_orphans()
