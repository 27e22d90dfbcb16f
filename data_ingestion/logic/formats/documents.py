"""PDF and DOCX: their tables, and their text as a table of paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pdfplumber
import pypdfium2
from docx.opc.exceptions import PackageNotFoundError

from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.formats.staging import StagedTable, cell_text, stage_text_rows
from data_ingestion.logic.tables import IngestLimits

_MAX_PAGES = 2_000
_MAX_TABLE_PAGES = 300


def parse_pdf(path: Path, work_dir: Path, limits: IngestLimits) -> list[StagedTable]:
    """Ruled tables of a PDF (continued over pages where header or width agree), then its text by page and paragraph.

    Raises ``file_encrypted``, ``pdf_image_only`` or ``file_damaged``.
    """
    pages = _page_texts(path)
    if not any(text.strip() for text in pages):
        raise IngestError(
            "pdf_image_only", "The PDF has no selectable text; run OCR first.", pages=len(pages)
        )
    staged: list[StagedTable] = []
    for number, (page, rows) in enumerate(_pdf_tables(path), start=1):
        staged += stage_text_rows(
            rows, name=f"Table {number} (page {page})", work_dir=work_dir, number=number, limits=limits
        )
    paragraphs = [["page", "paragraph", "text"]]
    for page, text in enumerate(pages, start=1):
        for index, paragraph in enumerate(_paragraphs(text), start=1):
            paragraphs.append([str(page), str(index), paragraph])
    if len(paragraphs) > 1:
        staged += stage_text_rows(paragraphs, name="Text", work_dir=work_dir, number=10_000, limits=limits)
    return staged


def _page_texts(path: Path) -> list[str]:
    try:
        document = pypdfium2.PdfDocument(str(path))
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise IngestError(
                "file_encrypted", "The PDF is protected by a password. Remove it and upload again."
            ) from error
        raise IngestError("file_damaged", "The PDF is damaged or cut off and could not be opened.") from error
    texts = []
    with document:
        for index in range(min(len(document), _MAX_PAGES)):
            page = document[index]
            reader = page.get_textpage()
            texts.append(reader.get_text_bounded().replace("\x00", ""))
            reader.close()
            page.close()
    return texts


def _paragraphs(text: str) -> Iterator[str]:
    """Lines joined to paragraphs: a blank line or a sentence end before a short line ends one."""
    current: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        stripped = line.strip()
        if not stripped:
            if current:
                yield " ".join(current)
                current = []
            continue
        current.append(stripped)
        if stripped[-1] in ".!?:" and len(stripped) < 60:
            yield " ".join(current)
            current = []
    if current:
        yield " ".join(current)


def _pdf_tables(path: Path) -> list[tuple[int, list[list[str]]]]:
    tables: list[tuple[int, list[list[str]]]] = []
    with pdfplumber.open(path) as pdf:
        previous_page = 0
        for number, page in enumerate(pdf.pages[:_MAX_TABLE_PAGES], start=1):
            for index, found in enumerate(page.extract_tables()):
                rows = [[_clean(cell) for cell in row] for row in found]
                rows = [row for row in rows if any(cell.strip() for cell in row)]
                if len(rows) < 2 or len(rows[0]) < 2:
                    continue
                if (
                    index == 0
                    and tables
                    and previous_page == number - 1
                    and len(tables[-1][1][0]) == len(rows[0])
                ):
                    # The table of the page before goes on here, with or without its header repeated.
                    tables[-1][1].extend(rows[1:] if rows[0] == tables[-1][1][0] else rows)
                else:
                    tables.append((number, rows))
                previous_page = number
            page.close()
    return tables


def _clean(cell: Any) -> str:
    return " ".join(cell_text(cell).split())


def parse_docx(path: Path, work_dir: Path, limits: IngestLimits) -> list[StagedTable]:
    """Tables of a Word document, then its paragraphs with their style."""
    try:
        document = docx.Document(str(path))
    except (PackageNotFoundError, KeyError, ValueError, OSError) as error:
        raise IngestError("file_damaged", "The Word document is damaged and could not be opened.") from error
    staged: list[StagedTable] = []
    for number, table in enumerate(document.tables, start=1):
        rows = [[_clean(cell.text) for cell in row.cells] for row in table.rows]
        if len(rows) >= 2:
            staged += stage_text_rows(
                rows, name=f"Table {number}", work_dir=work_dir, number=number, limits=limits
            )
    paragraphs = [["paragraph", "style", "text"]]
    for paragraph in document.paragraphs:
        if paragraph.text.strip():
            style = paragraph.style.name if paragraph.style is not None else ""
            paragraphs.append([str(len(paragraphs)), str(style), paragraph.text.strip()])
    if len(paragraphs) > 1:
        staged += stage_text_rows(paragraphs, name="Text", work_dir=work_dir, number=10_000, limits=limits)
    return staged
