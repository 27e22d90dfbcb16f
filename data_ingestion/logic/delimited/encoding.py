"""Which encoding a text file is in, and its text as clean UTF-8."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charset_normalizer import from_bytes

from data_ingestion.logic.errors import IngestError

_SAMPLE_BYTES = 256 * 1024
_CHUNK = 4 * 1024 * 1024
_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Control characters that text files do not hold (tab, line ends, form feed, escape and separators are allowed).
_CONTROL = bytes(set(range(32)) - {9, 10, 11, 12, 13, 26, 27, 28, 29, 30, 31} - {1})
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


@dataclass(frozen=True, slots=True)
class FoundEncoding:
    """``name`` is a Python codec. ``mixed`` means UTF-8 with some lines in Windows-1252.

    ``has_nul`` reports NUL bytes in a one-byte encoding; they are dropped. ``bom`` is the number of bytes to skip.
    """

    name: str
    bom: int = 0
    mixed: bool = False
    has_nul: bool = False

    @property
    def is_clean_utf8(self) -> bool:
        """Whether the bytes after the mark can be read as they are."""
        return self.name == "utf-8" and not self.mixed and not self.has_nul


def find_encoding(path: Path) -> FoundEncoding:
    """Decide the encoding from a byte-order mark, from validity over the *whole* file, then from statistics.

    Raises ``IngestError`` ``file_binary_junk`` when the bytes are not text in any encoding.
    """
    with path.open("rb") as stream:
        head = stream.read(_SAMPLE_BYTES)
    for mark, name in _BOMS:
        if head.startswith(mark):
            if name == "utf-8":
                return _scan_utf8(path, bom=len(mark), head=head)
            return FoundEncoding(name, bom=len(mark))
    wide = _wide_without_mark(head)
    if wide is not None:
        return FoundEncoding(wide)
    _refuse_binary(head)
    return _scan_utf8(path, bom=0, head=head)


def _wide_without_mark(head: bytes) -> str | None:
    """UTF-16 text of western scripts has a NUL in every second byte."""
    if len(head) < 4:
        return None
    even, odd = head[0:4096:2], head[1:4096:2]
    if odd.count(0) > 0.6 * len(odd) and even.count(0) < 0.1 * len(even):
        return "utf-16-le"
    if even.count(0) > 0.6 * len(even) and odd.count(0) < 0.1 * len(odd):
        return "utf-16-be"
    return None


def _refuse_binary(head: bytes) -> None:
    if not head:
        return
    controls = len(head) - len(head.translate(None, delete=_CONTROL))
    nul = head.count(0)
    if controls - nul > 0.02 * len(head) or nul > 0.3 * len(head):
        raise IngestError(
            "file_binary_junk",
            "The file holds binary data, not text. Check that the right file was uploaded.",
        )


def _scan_utf8(path: Path, *, bom: int, head: bytes) -> FoundEncoding:
    """One pass: is every byte valid UTF-8, and are there NUL bytes?"""
    decoder = codecs.getincrementaldecoder("utf-8")()
    has_nul = False
    valid = True
    bad_part = b""
    with path.open("rb") as stream:
        stream.seek(bom)
        while chunk := stream.read(_CHUNK):
            has_nul = has_nul or b"\x00" in chunk
            if valid:
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    valid = False
                    bad_part = chunk[max(0, error.start - 65536) : error.start + 65536]
        if valid:
            try:
                decoder.decode(b"", final=True)
            except UnicodeDecodeError:
                valid, bad_part = False, head[-64:]
    if valid:
        return FoundEncoding("utf-8", bom=bom, has_nul=has_nul)
    judged = head + bad_part
    good = sum(len(m) for m in _MULTIBYTE.findall(judged))
    high = sum(byte >= 0x80 for byte in judged)
    # Windows-1252 text almost never forms valid UTF-8 sequences by chance: a fair share of them means a mixture.
    if bom or good >= 0.3 * max(1, high):
        return FoundEncoding("utf-8", bom=bom, mixed=True, has_nul=has_nul)
    return FoundEncoding(_legacy_encoding(judged, high), has_nul=has_nul)


def _legacy_encoding(judged: bytes, high: int) -> str:
    if high <= 0.12 * max(1, len(judged)):
        # Few non-ASCII bytes: a western single-byte file. Statistics guess wildly on so little evidence.
        text = judged.decode("cp1252", errors="replace")
        letters = sum(
            char.isalpha() or char in "€£¥°§«»–—’‘“”…²³½ºª·×±\xa0" for char in text if ord(char) >= 0x80
        )
        if letters >= 0.7 * high:
            return "cp1252"
    best = from_bytes(judged[:_SAMPLE_BYTES]).best()
    if best is None or best.encoding in ("ascii", "utf_8"):
        return "cp1252"
    return {"latin_1": "cp1252", "gb2312": "gb18030", "shift_jis": "cp932"}.get(best.encoding, best.encoding)


class _MixedDecoder:
    """Line-wise UTF-8, falling back to Windows-1252 for lines that are not valid."""

    def __init__(self) -> None:
        self.fallback_lines = 0

    def decode(self, chunk: bytes) -> str:
        try:
            return chunk.decode("utf-8")
        except UnicodeDecodeError:
            pass
        parts: list[str] = []
        for line in chunk.splitlines(keepends=True):
            try:
                parts.append(line.decode("utf-8"))
            except UnicodeDecodeError:
                self.fallback_lines += 1
                parts.append(_decode_western(line))
        return "".join(parts)


def _decode_western(data: bytes) -> str:
    """Windows-1252; its five undefined bytes read as Latin-1 control characters instead of failing."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in data)


def decode_bytes(data: bytes, found: FoundEncoding) -> tuple[str, int]:
    """(text, lines that needed the fallback) for bytes that start at the beginning of the file."""
    body = data[found.bom :]
    if found.mixed:
        decoder = _MixedDecoder()
        text = decoder.decode(body)
        fallback = decoder.fallback_lines
    elif found.name == "cp1252":
        text, fallback = _decode_western(body), 0
    else:
        text, fallback = body.decode(found.name, errors="replace"), 0
    return text.replace("\x00", ""), fallback


def transcode(source: IO[bytes], target: IO[bytes], found: FoundEncoding) -> int:
    """Stream ``source`` to ``target`` as UTF-8 without NUL bytes; returns the number of fallback lines."""
    source.seek(found.bom)
    if found.mixed or found.name == "cp1252":
        decoder = _MixedDecoder()
        rest = b""
        while chunk := source.read(_CHUNK):
            chunk = rest + chunk
            cut = max(chunk.rfind(b"\n"), chunk.rfind(b"\r")) + 1 or len(chunk)
            chunk, rest = chunk[:cut], chunk[cut:]
            text = decoder.decode(chunk) if found.mixed else _decode_western(chunk)
            target.write(text.replace("\x00", "").encode("utf-8"))
        tail = decoder.decode(rest) if found.mixed else _decode_western(rest)
        target.write(tail.replace("\x00", "").encode("utf-8"))
        return decoder.fallback_lines
    incremental = codecs.getincrementaldecoder(found.name)(errors="replace")
    while chunk := source.read(_CHUNK):
        target.write(incremental.decode(chunk).replace("\x00", "").encode("utf-8"))
    target.write(incremental.decode(b"", final=True).replace("\x00", "").encode("utf-8"))
    return 0
