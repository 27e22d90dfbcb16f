"""Expected failures of analyses."""

from __future__ import annotations

from analysis.logic.errors import InvalidParameters, ProcedureError
from plugzero_api.kernel.errors import DomainError, FieldError


class ProcedureNotFound(DomainError):
    code = "procedure_not_found"
    status = 404
    title = "There is no such procedure"


class ResultNotFound(DomainError):
    code = "result_not_found"
    status = 404
    title = "There is no such result"


class CellNotFound(DomainError):
    code = "cell_not_found"
    status = 404
    title = "The result has no such cell"


class CellHasNoRows(DomainError):
    code = "cell_has_no_rows"
    status = 422
    title = "No set of rows stands behind this cell"


class ResultsNotComparable(DomainError):
    code = "results_not_comparable"
    status = 422
    title = "These two results cannot be compared"


class AnalysisRefused(DomainError):
    """What a procedure says about its input, under the procedure's own stable code."""

    status = 422
    title = "The analysis cannot be done on this input"

    def __init__(self, error: ProcedureError, *, prefix: str = "") -> None:
        self.code = error.code
        if isinstance(error, InvalidParameters):
            self.status = 400
            faults = error.errors
        else:
            faults = (error,) if error.pointer else ()
        super().__init__(
            error.detail,
            errors=[FieldError(f"{prefix}{fault.pointer}", fault.code, fault.detail) for fault in faults],
        )
