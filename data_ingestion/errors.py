"""Expected failures of projects, files and datasets."""

from __future__ import annotations

from data_ingestion.logic.errors import IngestError
from plugzero_api.kernel.errors import DomainError


class ProjectNotFound(DomainError):
    code = "project_not_found"
    status = 404
    title = "There is no such project"


class FileNotFound(DomainError):
    code = "file_not_found"
    status = 404
    title = "There is no such file"


class DatasetNotFound(DomainError):
    code = "dataset_not_found"
    status = 404
    title = "There is no such dataset"


class DatasetVersionNotFound(DomainError):
    code = "dataset_version_not_found"
    status = 404
    title = "The dataset has no such version"


class FileEmpty(DomainError):
    code = "file_empty"
    status = 400
    title = "The file is empty."


class FileIncomplete(DomainError):
    code = "file_incomplete"
    status = 400
    title = "The upload was cut off"


class FileUnusable(DomainError):
    """What the file engine says about a file, under the engine's own code and title."""

    status = 422

    def __init__(self, error: IngestError) -> None:
        self.code = error.code
        self.title = error.title
        super().__init__(error.detail, context=error.context)
        if error.code == "storage_full":
            self.status = 507
