"""Pure errors of the file engine. The Django side maps ``code`` to a problem+json answer."""

from __future__ import annotations

from typing import Any

#: code -> title. Codes are part of the API: never rename one, only add.
INGEST_ERROR_TITLES: dict[str, str] = {
    "file_empty": "The file is empty.",
    "file_header_only": "The file has a header but no rows.",
    "file_binary_junk": "The file is not text and no known format.",
    "file_kind_unsupported": "This kind of file is not supported.",
    "file_truncated": "The file is cut off or damaged.",
    "file_damaged": "The file is damaged.",
    "file_encrypted": "The file is protected by a password.",
    "file_no_tables": "The file holds no table and no text.",
    "pdf_image_only": "The PDF has no selectable text; run OCR first.",
    "archive_bomb": "The file inflates to an unreasonable size.",
    "xml_forbidden": "The file holds XML entities or external references, which are refused.",
    "line_too_long": "A line is longer than allowed.",
    "too_many_columns": "The table has more columns than allowed.",
    "too_many_rows": "The table has more rows than allowed.",
    "parser_timeout": "Reading the file took too long.",
    "parser_memory": "Reading the file needs more memory than allowed.",
    "parser_crashed": "The file made its parser stop.",
    "storage_full": "There is no space left to write the table.",
    "cancelled": "The work was cancelled.",
    "column_unknown": "A column does not exist.",
    "filter_invalid": "The filter is not valid.",
    "expression_invalid": "The expression is not valid.",
    "recipe_invalid": "The cleaning recipe is not valid.",
    "export_invalid": "The table cannot be written in this format.",
}


class IngestError(Exception):
    """An expected failure on a user's file or request.

    ``code`` is one of ``INGEST_ERROR_TITLES``; ``detail`` is a sentence the user can act on; ``context`` holds
    JSON-ready facts (position, limit, found value).
    """

    def __init__(self, code: str, detail: str, **context: Any) -> None:
        if code not in INGEST_ERROR_TITLES:
            raise ValueError(f"unknown ingest error code {code!r}")
        super().__init__(detail)
        self.code = code
        self.title = INGEST_ERROR_TITLES[code]
        self.detail = detail
        self.context = context

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross the child-process boundary; the default pickling would lose the keyword context.
        return (_rebuild, (self.code, self.detail, self.context))


def _rebuild(code: str, detail: str, context: dict[str, Any]) -> IngestError:
    return IngestError(code, detail, **context)
