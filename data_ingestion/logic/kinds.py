"""The true kind of a file, decided from its bytes; its name is never trusted."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from data_ingestion.contracts import SourceKind
from data_ingestion.logic.errors import IngestError

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAS = bytes.fromhex("000000000000000000000000c2ea8160b31411cfbd92080009c7318c181f1011")
_UNSUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
    (b"{\\rtf", "a rich-text document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"OggS", "a media file"),
    (b"ID3", "a media file"),
    (b"\x1aE\xdf\xa3", "a media file"),
)
_HEAD = 4096


def is_gzip(path: Path) -> bool:
    """Whether the file starts as a gzip stream."""
    with path.open("rb") as stream:
        return stream.read(3) == b"\x1f\x8b\x08"


def find_kind(path: Path) -> SourceKind:
    """The kind of the (not compressed) file at ``path``.

    Raises ``IngestError`` ``file_empty``, ``file_encrypted``, ``file_kind_unsupported`` or ``file_truncated``.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        size = stream.seek(0, 2)
    if not head:
        raise IngestError("file_empty", "The file has no content. Check the export and upload it again.")
    for mark, what in _UNSUPPORTED:
        if head.startswith(mark):
            raise IngestError(
                "file_kind_unsupported", f"This is {what}; upload a table or a document.", found=what
            )
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(b"PAR1"):
        return SourceKind.PARQUET
    if head.startswith(b"ARROW1"):
        return SourceKind.ARROW
    if head.startswith(b"FEA1"):
        return SourceKind.FEATHER
    if head.startswith(b"\xff\xff\xff\xff") and size > 8 and head[7] == 0:
        return SourceKind.ARROW
    if b"%PDF-" in head[:1024]:
        return SourceKind.PDF
    if head.startswith((b"$FL2", b"$FL3")):
        return SourceKind.SPSS
    if b"ASCII SPSS PORT FILE" in head[:512]:
        return SourceKind.SPSS_PORTABLE
    if head.startswith(_SAS):
        return SourceKind.SAS
    if head.startswith(b"HEADER RECORD*******LIB"):
        return SourceKind.SAS_TRANSPORT
    if head.startswith(b"<stata_dta>") or (
        head[0] in range(104, 116) and head[1:2] in (b"\x01", b"\x02") and head[2:3] == b"\x01"
    ):
        return SourceKind.STATA
    return _text_kind(head)


def _zip_kind(path: Path) -> SourceKind:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                kind = archive.read("mimetype").decode("ascii", errors="ignore").strip()
                if kind == "application/vnd.oasis.opendocument.spreadsheet":
                    return SourceKind.ODS
                if kind.startswith("application/vnd.oasis"):
                    raise IngestError(
                        "file_kind_unsupported", "Only OpenDocument spreadsheets can be read.", found=kind
                    )
            if any(info.flag_bits & 0x1 for info in archive.infolist()):
                raise IngestError(
                    "file_encrypted", "The archive is protected by a password. Remove it and upload again."
                )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise IngestError(
            "file_truncated", "The file is cut off or damaged. Upload it again from the original."
        ) from error
    if "xl/workbook.bin" in names:
        return SourceKind.XLSB
    if "xl/workbook.xml" in names or any(name.startswith("xl/worksheets/") for name in names):
        return SourceKind.XLSX
    if any(name.startswith("word/") for name in names):
        return SourceKind.DOCX
    raise IngestError(
        "file_kind_unsupported",
        "This is a ZIP archive; upload the files inside one by one.",
        found="zip archive",
    )


def _ole_kind(path: Path) -> SourceKind:
    """Old Office containers name their streams in UTF-16 in a directory that may lie anywhere in the file."""
    wanted = {
        name: name.encode("utf-16-le") for name in ("EncryptedPackage", "Workbook", "Book", "WordDocument")
    }
    seen: set[str] = set()
    with path.open("rb") as stream:
        tail = b""
        while chunk := stream.read(1 << 20):
            block = tail + chunk
            seen |= {name for name, mark in wanted.items() if mark in block}
            tail = block[-64:]
    if "EncryptedPackage" in seen:
        raise IngestError(
            "file_encrypted", "The file is protected by a password. Remove it and upload again."
        )
    if "Workbook" in seen or "Book" in seen:
        return SourceKind.XLS
    raise IngestError(
        "file_kind_unsupported", "This old Office file is no spreadsheet. Save it as .xlsx or .docx."
    )


_JSON_START = re.compile(rb"\s*(?:\[\s*(?:[\[{\"\d\-tfn\]])|\{\s*(?:\"|\}))")


def _text_kind(head: bytes) -> SourceKind:
    text = head.removeprefix(b"\xef\xbb\xbf")
    if not _JSON_START.match(text):
        return SourceKind.DELIMITED
    first, _, rest = text.lstrip().partition(b"\n")
    if first.rstrip().endswith(b"}") and first.startswith(b"{") and rest.lstrip()[:1] == b"{":
        return SourceKind.JSON_LINES
    # "[1] a,b" or "{id},{name}" are text tables that only start like JSON.
    if text.lstrip().startswith(b"[") and re.match(rb"\[[^\]\"{}\[]*\][^,\s\]]", text.lstrip()):
        return SourceKind.DELIMITED
    return SourceKind.JSON
