"""Excel (.xlsx, .xls, .xlsb) and OpenDocument spreadsheets through calamine; every sheet becomes a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import python_calamine

from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.formats.staging import StagedTable, cell_text, stage_text_rows
from data_ingestion.logic.tables import IngestLimits


def parse_spreadsheet(path: Path, work_dir: Path, limits: IngestLimits) -> list[StagedTable]:
    """The tables of all sheets that hold any, in sheet order.

    Calamine places cells by their own references, so a wrong ``<dimension>`` does not hide rows.
    """
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
    except python_calamine.PasswordError as error:
        raise IngestError(
            "file_encrypted", "The file is protected by a password. Remove it and upload again."
        ) from error
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise IngestError("file_damaged", "The spreadsheet is damaged and could not be opened.") from error
    staged: list[StagedTable] = []
    names = workbook.sheet_names
    for number, sheet_name in enumerate(names[: limits.max_sheets], start=1):
        try:
            sheet = workbook.get_sheet_by_name(sheet_name)
        except python_calamine.WorksheetNotFound:
            continue  # chart sheets have no cells
        except (python_calamine.CalamineError, ValueError) as error:
            raise IngestError(
                "file_damaged", f"The sheet {sheet_name[:80]!r} is damaged.", sheet=sheet_name
            ) from error
        staged.extend(
            stage_text_rows(_texts(sheet), name=sheet_name, work_dir=work_dir, number=number, limits=limits)
        )
    return staged


def _texts(sheet: python_calamine.CalamineSheet) -> Iterator[list[str]]:
    for row in sheet.iter_rows():
        yield [cell_text(value) for value in row]
