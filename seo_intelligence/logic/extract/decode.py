"""Bytes of an HTML page to text, by the precedence of the HTML standard: BOM, header, meta, then a guess."""

from __future__ import annotations

import codecs
import re

_PRESCAN_BYTES = 1024
_META_CHARSET = re.compile(rb"""<meta[^>]{0,300}?charset\s*=\s*["']?\s*([a-zA-Z0-9_.:\-]+)""", re.IGNORECASE)
_HEADER_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([a-zA-Z0-9_.:\-]+)""", re.IGNORECASE)
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
# The encoding standard maps these labels to their Windows supersets.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
}


def _codec(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except LookupError:
        return None
    return _SUPERSETS.get(name, name)


def declared_charset(body: bytes, content_type: str) -> str | None:
    """Label found in the header or in the first 1,024 bytes; `bom` when only a byte order mark says it."""
    header = _HEADER_CHARSET.search(content_type)
    if header:
        return header.group(1).lower()
    meta = _META_CHARSET.search(body[:_PRESCAN_BYTES])
    if meta:
        return meta.group(1).decode("ascii").lower()
    return "bom" if any(body.startswith(bom) for bom, _ in _BOMS) else None


def decode(body: bytes, content_type: str) -> tuple[str, str | None]:
    """Text and declared charset. Undecodable bytes become U+FFFD; NUL bytes are removed; never raises."""
    declared = declared_charset(body, content_type)
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace").replace("\0", ""), declared
    codec = _codec(declared) if declared else None
    if codec is not None:
        # A meta tag read as ASCII cannot be UTF-16 (HTML standard, "prescan").
        codec = "utf-8" if codec.startswith(("utf-16", "utf-32")) else codec
        try:
            text = body.decode(codec, "replace")
        except (UnicodeError, LookupError):
            text = body.decode("utf-8", "replace")
    else:
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = body.decode("cp1252", "replace")
    return (text.replace("\0", "") if "\0" in text else text), declared
