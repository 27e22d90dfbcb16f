"""Expected failures of projects, files and datasets."""

from __future__ import annotations

from data_ingestion.logic.errors import IngestError
from plugzero_api.kernel.errors import DomainError, FieldError


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


class DatasetRequestInvalid(DomainError):
    """A filter, column, recipe or format the engine refuses, under its own code, with pointers where it has them."""

    status = 400

    def __init__(self, error: IngestError, *, prefix: str = "") -> None:
        self.code = error.code
        self.title = error.title
        faults = error.context.get("errors", [])
        super().__init__(
            error.detail,
            errors=[
                FieldError(f"{prefix}{fault['pointer']}", error.code, fault["detail"]) for fault in faults
            ],
        )


class UploadNotFound(DomainError):
    code = "upload_not_found"
    status = 404
    title = "There is no such upload"


class UploadOffsetMismatch(DomainError):
    code = "upload_offset_mismatch"
    status = 409
    title = "The chunk does not follow what has arrived"


class UploadIncomplete(DomainError):
    code = "upload_incomplete"
    status = 409
    title = "Not all bytes have arrived"


class ExportNotFound(DomainError):
    code = "export_not_found"
    status = 404
    title = "There is no such export"


class NothingToUndo(DomainError):
    code = "nothing_to_undo"
    status = 409
    title = "This version was read without repairs"


class NoRejectedRows(DomainError):
    code = "no_rejected_rows"
    status = 404
    title = "No row of this version was rejected"


class UrlNotUsable(DomainError):
    code = "url_not_usable"
    status = 422
    title = "The address gave no usable file"
