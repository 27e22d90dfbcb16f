"""Decompression in bounded steps, so that a few kilobytes cannot become gigabytes.

Pure: bytes in, bytes out. A step yields about ``STEP`` bytes (brotli rounds up, to less than twice that),
whatever the input claims; the caller counts what it gets and stops when its cap is reached.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]

if sys.version_info >= (3, 14):  # pragma: no cover
    from compression import zstd
else:
    from backports import zstd

STEP = 65536
MAX_LAYERS = 2
ACCEPT_ENCODING = "gzip, deflate, br, zstd"


class DecodingError(ValueError):
    """The encoding is unknown, damaged, cut short or stacked too deep."""


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


class _Zlib:
    """gzip (several members allowed) and deflate (with or without the zlib header, as servers send both)."""

    def __init__(self, encoding: str) -> None:
        self._gzip = encoding == "gzip"
        self._engine: Any = zlib.decompressobj(31) if self._gzip else None
        self._started = False
        self._head = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._engine is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return
            # The zlib header's low nibble is 8 and its two bytes are a multiple of 31 (RFC 1950).
            zlib_header = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._engine = zlib.decompressobj(15 if zlib_header else -15)
        while data:
            if self._engine.eof:
                if not self._gzip or data[:1] != b"\x1f":
                    return  # padding after the stream is ignored, as browsers do
                self._engine = zlib.decompressobj(31)
            self._started = True
            try:
                out = self._engine.decompress(data, STEP)
            except zlib.error as error:
                raise DecodingError(str(error)) from None
            data = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
            if out:
                yield out
            elif not self._engine.eof and not data:
                return
        # Output may still sit in the engine when the input is used up exactly at a step's limit.
        while self._engine is not None and not self._engine.eof:
            out = self._engine.decompress(b"", STEP)
            if not out:
                return
            yield out

    def finish(self) -> None:
        if (self._head and self._engine is None) or (self._started and not self._engine.eof):
            raise DecodingError("compressed data ends early")


class _Brotli:
    def __init__(self) -> None:
        self._engine = brotli.Decompressor()
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._started = self._started or bool(data)
        try:
            while not self._engine.is_finished():
                out = self._engine.process(data, output_buffer_limit=STEP)
                data = b""
                if out:
                    yield out
                elif self._engine.can_accept_more_data():
                    return  # input used up and nothing left inside either
        except brotli.error as error:
            raise DecodingError(str(error)) from None

    def finish(self) -> None:
        if self._started and not self._engine.is_finished():
            raise DecodingError("compressed data ends early")


class _Zstd:
    def __init__(self) -> None:
        self._engine = self._fresh()
        self._started = False

    @staticmethod
    def _fresh() -> Any:
        # 8 MB is the largest window that RFC 9659 lets an HTTP sender ask of a receiver.
        return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._started = self._started or bool(data)
        try:
            while True:
                if self._engine.eof:
                    data = self._engine.unused_data + data
                    if not data:
                        return
                    self._engine = self._fresh()
                out = self._engine.decompress(data, max_length=STEP)
                data = b""
                if out:
                    yield out
                if not self._engine.eof and self._engine.needs_input:
                    return
                if not out and not self._engine.eof:
                    return
        except zstd.ZstdError as error:
            raise DecodingError(str(error)) from None

    def finish(self) -> None:
        if self._started and not self._engine.eof:
            raise DecodingError("compressed data ends early")


def _decoder(encoding: str) -> _Decoder:
    if encoding in ("gzip", "x-gzip"):
        return _Zlib("gzip")
    if encoding == "deflate":
        return _Zlib("deflate")
    if encoding == "br":
        return _Brotli()
    if encoding == "zstd":
        return _Zstd()
    raise DecodingError(f"unknown content encoding {encoding[:20]!r}")


class StreamDecoder:
    """Undo a ``Content-Encoding`` header. ``feed`` yields pieces of at most ``STEP`` bytes; ``finish``
    checks the end."""

    def __init__(self, content_encoding: str) -> None:
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name and name != "identity"]
        if len(names) > MAX_LAYERS:
            raise DecodingError(f"more than {MAX_LAYERS} content encodings")
        self._layers = [_decoder(name) for name in reversed(names)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        pieces: Iterable[bytes] = (data[start : start + STEP] for start in range(0, len(data), STEP))
        for layer in self._layers:
            pieces = _through(layer, pieces)
        yield from pieces

    def finish(self) -> None:
        for layer in self._layers:
            layer.finish()


def _through(layer: _Decoder, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from layer.feed(piece)
