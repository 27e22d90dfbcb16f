"""The file of rejected rows that a user can download: row number, reason, raw text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data_ingestion.contracts import RejectedRow

_SCHEMA = pa.schema([("row", pa.int64()), ("reason", pa.string()), ("raw", pa.string())])


def write_rejects(rejects: Sequence[RejectedRow], path: Path) -> Path | None:
    """Write ``rejects`` as Parquet (columns row, reason, raw); None when there is nothing to write."""
    if not rejects:
        return None
    table = pa.table(
        {
            "row": [reject.row for reject in rejects],
            "reason": [reject.reason for reject in rejects],
            "raw": [reject.raw for reject in rejects],
        },
        schema=_SCHEMA,
    )
    pq.write_table(table, path, compression="snappy")
    return path
