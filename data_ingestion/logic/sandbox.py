"""Run a format parser in a child process with memory, time and file-size limits.

The child is a fresh interpreter (not a fork: workers hold locks, connections and secrets that a parser of
untrusted bytes has no business with), gets a minimal environment, and answers with a manifest file. Run as
``python -m data_ingestion.logic.sandbox REQUEST`` it is the child.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data_ingestion.contracts import SourceKind
from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.tables import IngestLimits

_ROOT = Path(__file__).resolve().parents[2]
_SPREADSHEETS = frozenset({SourceKind.XLSX, SourceKind.XLS, SourceKind.XLSB, SourceKind.ODS})
_STATISTICAL = frozenset(
    {SourceKind.SPSS, SourceKind.SPSS_PORTABLE, SourceKind.STATA, SourceKind.SAS, SourceKind.SAS_TRANSPORT}
)
_COLUMNAR = frozenset({SourceKind.PARQUET, SourceKind.ARROW, SourceKind.FEATHER})
_MAX_ERROR_TEXT = 2_000


def parse_in_child(
    path: Path, kind: SourceKind, work_dir: Path, limits: IngestLimits
) -> list[dict[str, Any]]:
    """Parse ``path`` as ``kind`` in a limited child; returns the staged tables as JSON values.

    Raises what the parser raised, or ``parser_timeout``, ``parser_memory``, ``parser_crashed``.
    """
    request = work_dir / "parser-request.json"
    manifest = work_dir / "parser-manifest.json"
    request.write_text(
        json.dumps(
            {
                "path": str(path),
                "kind": kind.value,
                "work_dir": str(work_dir),
                "manifest": str(manifest),
                "limits": asdict(limits),
            }
        )
    )
    environment = {
        "PYTHONPATH": str(_ROOT),
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "LANG": "C.UTF-8",
        "TMPDIR": str(work_dir),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Thread pools multiply address space and a parser has no use for them.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "MALLOC_ARENA_MAX": "2",
    }
    try:
        child = subprocess.run(
            [sys.executable, "-m", "data_ingestion.logic.sandbox", str(request)],
            env=environment,
            cwd=work_dir,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=limits.child_seconds + 5,
            start_new_session=True,
            check=False,
        )
        answer = json.loads(manifest.read_text()) if manifest.exists() else None
    except subprocess.TimeoutExpired as error:
        raise IngestError("parser_timeout", "Reading the file took too long and was stopped.") from error
    finally:
        request.unlink(missing_ok=True)
        manifest.unlink(missing_ok=True)
    if answer is None:
        raise _death(child.returncode, child.stderr.decode("utf-8", errors="replace")[-_MAX_ERROR_TEXT:])
    if "error" in answer:
        told = answer["error"]
        raise IngestError(told["code"], told["detail"], **told["context"])
    tables: list[dict[str, Any]] = answer["tables"]
    return tables


def _death(returncode: int, stderr: str) -> IngestError:
    if returncode == -signal.SIGXCPU or (returncode == -signal.SIGKILL and "MemoryError" not in stderr):
        return IngestError(
            "parser_timeout", "Reading the file took too long and was stopped.", signal=-returncode
        )
    marks = (
        "MemoryError",
        "bad_alloc",
        "memory allocation",
        "Cannot allocate",
        "malloc of size",
        "capacity overflow",
    )
    if any(mark in stderr for mark in marks):
        return IngestError("parser_memory", "Reading the file needs more memory than allowed.")
    return IngestError(
        "parser_crashed", "The file made its parser stop. It is probably damaged.", status=returncode
    )


def _limit_self(limits: IngestLimits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.child_memory_bytes, limits.child_memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.child_seconds, limits.child_seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.max_inflated_bytes, limits.max_inflated_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _parse(path: Path, kind: SourceKind, work_dir: Path, limits: IngestLimits) -> list[dict[str, Any]]:
    """Import only the parser that is needed: each of these libraries costs start-up time and memory."""
    if kind in _SPREADSHEETS:
        from data_ingestion.logic.formats.spreadsheet import parse_spreadsheet

        staged = parse_spreadsheet(path, work_dir, limits)
    elif kind in _STATISTICAL:
        from data_ingestion.logic.formats.statistical import parse_statistical

        staged = parse_statistical(path, work_dir, limits, kind)
    elif kind in _COLUMNAR:
        from data_ingestion.logic.formats.columnar import parse_columnar

        staged = parse_columnar(path, work_dir, limits, kind)
    elif kind is SourceKind.PDF:
        from data_ingestion.logic.formats.documents import parse_pdf

        staged = parse_pdf(path, work_dir, limits)
    elif kind is SourceKind.DOCX:
        from data_ingestion.logic.formats.documents import parse_docx

        staged = parse_docx(path, work_dir, limits)
    else:
        from data_ingestion.logic.formats.json_tables import parse_json

        staged = parse_json(path, work_dir, limits, kind)
    return [table.as_dict() for table in staged]


def main(request_path: str) -> int:
    """The child: read the request, limit ourselves, parse, write the manifest."""
    request = json.loads(Path(request_path).read_text())
    limits = IngestLimits(**request["limits"])
    _limit_self(limits)
    manifest = Path(request["manifest"])
    partial = manifest.with_suffix(".partial")
    try:
        tables = _parse(Path(request["path"]), SourceKind(request["kind"]), Path(request["work_dir"]), limits)
        answer: dict[str, Any] = {"tables": tables}
    except IngestError as error:
        answer = {"error": {"code": error.code, "detail": error.detail, "context": error.context}}
    except MemoryError:
        answer = {
            "error": {
                "code": "parser_memory",
                "detail": "Reading the file needs more memory than allowed.",
                "context": {},
            }
        }
    except OSError as error:
        if error.errno not in (28, 27, 122):  # ENOSPC, EFBIG, EDQUOT
            raise
        answer = {
            "error": {
                "code": "storage_full",
                "detail": "There is no space left to write the table.",
                "context": {},
            }
        }
    partial.write_text(json.dumps(answer, default=str))
    partial.replace(manifest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
