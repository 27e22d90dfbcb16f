"""Shared fixtures of the engine tests: a scratch folder and a one-call ingest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from data_ingestion.logic.pipeline import ingest
from data_ingestion.logic.tables import IngestedTable, IngestLimits

Ingest = Callable[..., list[IngestedTable]]


@pytest.fixture
def work_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path, work_dir: Path) -> Ingest:
    """``run(data, name)`` ingests bytes or text and returns the tables."""

    def call(
        data: bytes | str, name: str = "upload.csv", limits: IngestLimits | None = None
    ) -> list[IngestedTable]:
        path = tmp_path / "upload.bin"
        path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        return ingest(path, original_name=name, work_dir=work_dir, limits=limits)

    return call


@pytest.fixture
def rows_of() -> Callable[[IngestedTable], list[dict[str, Any]]]:
    """The rows of a table as dictionaries."""

    def read(table: IngestedTable) -> list[dict[str, Any]]:
        return pq.read_table(table.parquet_path).to_pylist()

    return read
