"""Clean up blanks and letter case in text columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from data_ingestion.contracts import PhysicalType
from data_ingestion.logic.duck import quote_name
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.recipe.base import Step, TableState


class Trim(Step):
    """Remove blanks at both ends, optionally collapse inner blanks and change case; by default in all text columns.

    Texts that become empty become missing.
    """

    kind: Literal["trim"]
    columns: list[str] = []
    collapse: bool = False
    case: Literal["keep", "lower", "upper"] = "keep"
    summary = "Clean up blanks and letter case"

    def apply(self, state: TableState) -> None:
        names = self.columns or [
            c.name for c in state.columns if c.physical_type is PhysicalType.TEXT and not c.is_raw
        ]
        changes = {}
        for name in names:
            column = state.column(name)
            if column.physical_type is not PhysicalType.TEXT:
                raise IngestError("recipe_invalid", f"{name!r} is no text column.", step=state.step)
            sql = f"trim({quote_name(name)}, ' \t\r\n\u00a0')"
            if self.collapse:
                sql = f"regexp_replace({sql}, '\\s+', ' ', 'g')"
            labels = column.value_labels
            if self.case != "keep":
                sql = f"{self.case}({sql})"
                fold = str.lower if self.case == "lower" else str.upper
                labels = {fold(code): text for code, text in labels.items()}
            changes[name] = (f"nullif({sql}, '')", replace(column, value_labels=labels))
        state.change(changes)
