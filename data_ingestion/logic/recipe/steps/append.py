"""Append the rows of other Datasets."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from data_ingestion.logic.recipe.base import Step, TableState, parquet_relation
from data_ingestion.logic.union import match_columns, union_select


class DatasetVersion(BaseModel):
    """Names another Dataset; without ``version`` the newest."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    dataset_id: str = Field(min_length=1, max_length=64)
    version: int | None = Field(default=None, ge=1)


class Append(Step):
    """Rows of ``datasets`` follow; columns are matched by alike names, types widened where they differ.

    ``source_column`` is a new column with the name of the Dataset each row came from.
    """

    kind: Literal["append"]
    datasets: list[DatasetVersion] = Field(min_length=1, max_length=100)
    source_column: str | None = Field(default=None, min_length=1, max_length=200)
    summary = "Append the rows of other Datasets"
    changes_rows = True

    def apply(self, state: TableState) -> None:
        sources = [state.resolve(item.dataset_id, item.version) for item in self.datasets]
        matched = match_columns([state.columns, *[list(source.columns) for source in sources]])
        if self.source_column:
            state.require_free(self.source_column)
        selects = [state.sql, *[parquet_relation(source.path) for source in sources]]
        names = [state.name, *[source.name for source in sources]]
        state.sql, state.columns = union_select(
            selects,
            matched,
            names=names if self.source_column else None,
            source_column=self.source_column,
            bind=state.bind,
        )
        state.notes += matched.notes
