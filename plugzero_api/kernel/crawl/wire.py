"""Events between the crawl process and its parent: length-prefixed frames of JSON with page bodies beside it.

JSON and not pickle: the crawl process parses hostile content, so what it says is data to its parent, never
code.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Iterator
from typing import Any

from plugzero_api.kernel.crawl import contracts as c

HEADER = struct.Struct(">BQI")
MAX_FRAME = 512 * 1024 * 1024

# child -> parent
BATCH = 1  # events; kept by the child until acknowledged
PULSE = 2  # statistics; also proof of life
ENDED = 3  # the last frame
# parent -> child
ACK = 10
STOP = 11

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        c.PageFetched,
        c.PageFailed,
        c.PageSkipped,
        c.RobotsFetched,
        c.SitemapFetched,
        c.CapReached,
        c.CrawlStats,
        c.CrawlEnded,
    )
}
_FIELDS = {name: [field.name for field in dataclasses.fields(kind)] for name, kind in _TYPES.items()}
_LENGTH = struct.Struct(">I")


class WireError(ValueError):
    """The other side sent something that is no frame of ours."""


def frame(kind: int, sequence: int, payload: bytes) -> bytes:
    return HEADER.pack(kind, sequence, len(payload)) + payload


def encode_events(events: list[c.CrawlEvent]) -> bytes:
    """``[length of JSON][JSON][body][body]...``; a body's place in the JSON holds its length."""
    rows: list[list[Any]] = []
    bodies: list[bytes] = []
    for event in events:
        name = type(event).__name__
        row: list[Any] = [name]
        for field in _FIELDS[name]:
            value = getattr(event, field)
            if field == "body" and isinstance(value, bytes):
                bodies.append(value)
                value = len(value)
            elif isinstance(value, (c.TlsReport, c.CrawlStats)):
                value = dataclasses.asdict(value)
            row.append(value)
        rows.append(row)
    head = json.dumps(rows, separators=(",", ":")).encode("ascii")
    return b"".join((_LENGTH.pack(len(head)), head, *bodies))


def decode_events(payload: bytes) -> list[c.CrawlEvent]:
    """The reverse of :func:`encode_events`; raises :class:`WireError`."""
    try:
        (length,) = _LENGTH.unpack_from(payload)
        position = _LENGTH.size + length
        rows = json.loads(payload[_LENGTH.size : position])
        events: list[c.CrawlEvent] = []
        for name, *values in rows:
            fields = dict(zip(_FIELDS[name], values, strict=True))
            if name == "PageFetched":
                if fields["body"] is not None:
                    size = int(fields["body"])
                    fields["body"] = payload[position : position + size]
                    if len(fields["body"]) != size:
                        raise WireError("a body is cut short")
                    position += size
                fields["headers"] = _pairs(fields["headers"])
                fields["redirect_chain"] = _pairs(fields["redirect_chain"])
                if fields["tls"] is not None:
                    fields["tls"] = c.TlsReport(**fields["tls"])
            elif name == "PageFailed":
                fields["redirect_chain"] = _pairs(fields["redirect_chain"])
            elif name == "RobotsFetched":
                fields["sitemaps"] = tuple(fields["sitemaps"])
            elif name == "SitemapFetched":
                fields["entries"] = _pairs(fields["entries"])
            elif name == "CapReached":
                fields["cap"] = c.Cap(fields["cap"])
            elif name == "CrawlEnded":
                fields["reason"] = c.EndReason(fields["reason"])
                fields["caps"] = tuple(c.Cap(cap) for cap in fields["caps"])
                fields["stats"] = c.CrawlStats(**fields["stats"])
            events.append(_TYPES[name](**fields))
        return events
    except (KeyError, TypeError, ValueError, struct.error, RecursionError) as error:
        raise WireError(str(error)) from error


def _pairs(rows: list[list[Any]]) -> tuple[Any, ...]:
    return tuple((first, second) for first, second in rows)


class FrameReader:
    """Cuts a byte stream into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Yield every complete (kind, sequence, payload)."""
        self._buffer += data
        while len(self._buffer) >= HEADER.size:
            kind, sequence, length = HEADER.unpack_from(self._buffer)
            if length > MAX_FRAME:
                raise WireError("a frame is too large")
            end = HEADER.size + length
            if len(self._buffer) < end:
                return
            payload = bytes(self._buffer[HEADER.size : end])
            del self._buffer[:end]
            yield kind, sequence, payload
