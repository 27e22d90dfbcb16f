"""Reading results: rows behind a cell, comparison, exports."""

from __future__ import annotations

import csv
import io
import json
from typing import Any
from uuid import UUID

from accounts import services as accounts
from analysis.contracts import Scalar, table_from_dict
from analysis.errors import AnalysisRefused, CellHasNoRows, CellNotFound, ResultNotFound, ResultsNotComparable
from analysis.logic.errors import ProcedureError
from analysis.logic.parameters import used_columns
from analysis.logic.script import ScriptContext, stand_alone_script
from analysis.models import AnalysisResult
from analysis.services.runs import column_metas, get_procedure, open_frame, run_context
from data_ingestion import services as ingestion
from plugzero_api.kernel.access import Principal

# Characters that make a spreadsheet read a cell as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def get_result(result_id: UUID) -> AnalysisResult:
    """A computed result of the present team scope. Raises ``ResultNotFound``."""
    result = AnalysisResult.find(pk=result_id)
    if result is None or result.output is None:
        raise ResultNotFound
    return result


def output_of(result: AnalysisResult) -> dict[str, Any]:
    """The stored output. Raises ``ResultNotFound`` while it is still being computed."""
    if result.output is None:
        raise ResultNotFound
    output: dict[str, Any] = result.output
    return output


def cell_filter(result: AnalysisResult, *, table_id: str, row: int, column: str | None) -> dict[str, Any]:
    """The condition that selects the rows behind a cell. Raises ``CellNotFound`` or ``CellHasNoRows``."""
    stored = next((table for table in output_of(result)["tables"] if table["id"] == table_id), None)
    if stored is None:
        raise CellNotFound("Name a table of the result.")
    try:
        condition = table_from_dict(stored).cell_filter(row, column)
    except (IndexError, KeyError):
        raise CellNotFound("Name a row of the table, counted from 0, and one of its columns.") from None
    if condition is None:
        raise CellHasNoRows("This cell is computed over all rows of the run, not over a part of them.")
    return dict(condition)


def rows_behind(
    result: AnalysisResult, *, condition: dict[str, Any], offset: int, limit: int
) -> tuple[int, list[dict[str, Scalar]]]:
    """A page of Dataset rows that satisfy ``condition`` within the run's own filter, and their number."""
    try:
        with open_frame(result, context=run_context()) as frame:
            return frame.rows(filter=condition, offset=offset, limit=limit)
    except ProcedureError as error:
        raise AnalysisRefused(error) from error


def compare_results(left: AnalysisResult, right: AnalysisResult) -> list[dict[str, Any]]:
    """Facts of two results of one procedure side by side, matched by id, in the left one's order.

    Raises ``ResultsNotComparable`` for different procedures.
    """
    if left.procedure != right.procedure:
        raise ResultsNotComparable(
            f"The left one is '{left.procedure}', the right one '{right.procedure}'. Compare runs of one procedure."
        )
    sides = [{fact["id"]: fact for fact in output_of(side)["facts"]} for side in (left, right)]
    order = [*sides[0], *(key for key in sides[1] if key not in sides[0])]
    return [_pair(key, sides[0].get(key), sides[1].get(key)) for key in order]


def _pair(key: str, left: dict[str, Any] | None, right: dict[str, Any] | None) -> dict[str, Any]:
    shown = left or right or {}
    values = [float(side["value"]) for side in (left, right) if side and _is_number(side["value"])]
    return {
        "id": key,
        "name": shown.get("name", key),
        "unit": shown.get("unit", ""),
        "left": left,
        "right": right,
        "difference": values[1] - values[0] if len(values) == 2 else None,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def script_of(result: AnalysisResult) -> str:
    """A stand-alone Python program that reproduces the result from the Dataset's Parquet file."""
    procedure = get_procedure(result.procedure)
    handle = ingestion.open_dataset(
        team_id=result.team_id, dataset_id=result.dataset_id, version=result.dataset_version
    )
    metas = column_metas(handle.columns)
    parameters = procedure.validate(result.parameters, metas)
    context = ScriptContext(
        columns=metas,
        filter=result.row_filter,
        weight=result.weight or None,
        seed=result.seed or run_context().seed,
    )
    return stand_alone_script(
        procedure.title, procedure.script(parameters, context), context, used_columns(parameters)
    )


def as_json(result: AnalysisResult) -> bytes:
    return json.dumps(result.output, ensure_ascii=False, indent=1).encode()


def as_csv(result: AnalysisResult) -> bytes:
    """All tables, then the facts, each under its title."""
    target = io.StringIO(newline="")
    writer = csv.writer(target)
    for title, header, rows in _sheets(result):
        writer.writerow([neutralise(title)])
        writer.writerow([neutralise(cell) for cell in header])
        writer.writerows([neutralise(cell) for cell in row] for row in rows)
        writer.writerow([])
    return target.getvalue().encode("utf-8-sig")


def as_xlsx(result: AnalysisResult) -> bytes:
    """One sheet per table and one for the facts."""
    import xlsxwriter

    target = io.BytesIO()
    names: set[str] = set()
    with xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        bold = book.add_format({"bold": True})
        for title, header, rows in _sheets(result):
            sheet = book.add_worksheet(_sheet_name(title, names))
            sheet.write_row(0, 0, header, bold)
            sheet.freeze_panes(1, 0)
            for index, row in enumerate(rows, start=1):
                sheet.write_row(
                    index,
                    0,
                    [cell if isinstance(cell, int | float | bool) else str(cell or "") for cell in row],
                )
            sheet.autofit()
    return target.getvalue()


def neutralise(cell: Any) -> Any:
    """The cell as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return "" if cell is None else cell


def _sheets(result: AnalysisResult) -> list[tuple[str, list[str], list[list[Any]]]]:
    output = output_of(result)
    sheets: list[tuple[str, list[str], list[list[Any]]]] = []
    for table in output["tables"]:
        keys = [column["key"] for column in table["columns"]]
        header = [column["label"] or column["key"] for column in table["columns"]]
        sheets.append((table["title"], header, [[row.get(key) for key in keys] for row in table["rows"]]))
    fields = ["id", "name", "value", "unit", "n", "weighted_n", "p", "adjusted_p", "test"]
    facts = [[fact.get(field) for field in fields] for fact in output["facts"]]
    return [*sheets, ("Facts", fields, facts)]


def _sheet_name(title: str, taken: set[str]) -> str:
    base = "".join(" " if char in "[]:*?/\\'" else char for char in title).strip()[:28] or "Table"
    name, number = base, 2
    while name.lower() in taken:
        name, number = f"{base} {number}"[:31], number + 1
    taken.add(name.lower())
    return name


def delete_result(*, result: AnalysisResult, actor: Principal) -> None:
    accounts.record_activity(
        actor=actor,
        team_id=result.team_id,
        action="analysis.deleted",
        object_type="analysis_result",
        object_id=result.pk,
        object_label=f"{result.procedure}: {result.dataset_name}",
    )
    result.delete()
