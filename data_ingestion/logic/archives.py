"""Guards for compressed input: inflated sizes, and XML that could expand or reach outside."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from pathlib import Path

from data_ingestion.logic.errors import IngestError
from data_ingestion.logic.tables import IngestLimits

_CHUNK = 1 << 20
_XML_HEAD = 64 * 1024
_MAX_MEMBERS = 10_000


def inflate_gzip(path: Path, target: Path, limits: IngestLimits) -> None:
    """Decompress ``path`` to ``target``, stopping at the first sign of a bomb.

    Raises ``IngestError`` ``archive_bomb``, ``file_truncated`` or ``storage_full``.
    """
    packed = max(1, path.stat().st_size)
    written = 0
    try:
        with gzip.open(path, "rb") as source, target.open("wb") as out:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                _refuse_bomb(written, packed, limits)
                out.write(chunk)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise IngestError(
            "file_truncated", "The compressed file is cut off or damaged. Upload it again."
        ) from error


def _refuse_bomb(inflated: int, packed: int, limits: IngestLimits) -> None:
    too_big = inflated > limits.max_inflated_bytes
    too_dense = inflated > limits.inflation_free_bytes and inflated > limits.max_inflation_ratio * packed
    if too_big or too_dense:
        raise IngestError(
            "archive_bomb",
            "The file inflates to far more than its size and was refused.",
            inflated_bytes=inflated,
            packed_bytes=packed,
        )


def check_office_archive(path: Path, limits: IngestLimits) -> None:
    """Refuse Office archives that inflate absurdly or whose XML declares entities.

    The declared sizes are checked against the bytes that really come out, because a bomb may lie about them.
    """
    packed = max(1, path.stat().st_size)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > _MAX_MEMBERS:
                raise IngestError(
                    "archive_bomb", "The file holds too many parts and was refused.", parts=len(members)
                )
            _refuse_bomb(sum(member.file_size for member in members), packed, limits)
            for member in members:
                if member.flag_bits & 0x1:
                    raise IngestError(
                        "file_encrypted", "The file is protected by a password. Remove it and upload again."
                    )
                if member.filename.endswith((".xml", ".rels", ".vml")):
                    with archive.open(member) as stream:
                        _refuse_entities(stream.read(_XML_HEAD))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise IngestError(
            "file_truncated", "The file is cut off or damaged. Upload it again from the original."
        ) from error


def _refuse_entities(head: bytes) -> None:
    """A document type declaration has no place in Office files; it is the door to XXE and billion laughs."""
    texts = [head]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:4:2] == b"\x00\x00" or head[1:4:2] == b"\x00\x00":
        texts.append(head.replace(b"\x00", b""))
    if any(b"<!DOCTYPE" in text.upper() or b"<!ENTITY" in text.upper() for text in texts):
        raise IngestError("xml_forbidden", "The file declares XML entities, which are refused for safety.")
