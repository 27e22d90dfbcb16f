"""DuckDB sessions for the engine: memory-capped, without network or extension loading.

The only places user text meets SQL are ``quote_name`` (identifiers) and ``quote_text`` (literals that DuckDB does
not accept as parameters, such as reader options); everything else goes in as bound parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.tables import IngestLimits

_DISK_FULL_MARKS = ("no space left", "disk full", "enospc", "failed to write", "max_temp_directory_size")


def quote_name(name: str) -> str:
    """``name`` as a quoted SQL identifier."""
    return '"' + name.replace('"', '""').replace("\x00", "") + '"'


def quote_text(text: str) -> str:
    """``text`` as a SQL string literal."""
    return "'" + text.replace("'", "''").replace("\x00", "") + "'"


@contextmanager
def session(limits: IngestLimits, spill_dir: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """An in-memory connection capped at ``limits.memory_bytes``; larger work spills below ``spill_dir``.

    Raises ``IngestError`` ``storage_full`` or ``parser_memory`` instead of DuckDB's own errors for those two.
    """
    with TemporaryDirectory(prefix="duckdb-", dir=spill_dir) as spill:
        connection = duckdb.connect(
            config={
                "memory_limit": f"{limits.memory_bytes // (1024 * 1024)}MB",
                "threads": str(limits.threads),
                "temp_directory": spill,
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "enable_external_access": "true",
                "preserve_insertion_order": "true",
            }
        )
        # One time zone everywhere: cells are calendar values, not instants of the server's location.
        connection.execute("SET TimeZone = 'UTC'")
        try:
            yield connection
        except duckdb.OutOfMemoryException as error:
            raise IngestError("parser_memory", "The table needs more memory than allowed.") from error
        except (duckdb.IOException, OSError) as error:
            if any(mark in str(error).lower() for mark in _DISK_FULL_MARKS):
                raise IngestError("storage_full", "There is no space left to write the table.") from error
            raise
        finally:
            connection.close()
