"""The facts of a crawl on disk, in the order in which they came, until the audit is finished.

A batch is written and flushed before the crawl runner is told that it arrived, so a worker that is killed
loses nothing: the next one reads what is there and the runner delivers the rest. Each batch is one
length-prefixed zlib block of JSON; a block cut short by a crash ends the reading.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_LENGTH = struct.Struct(">I")
_MAX_BLOCK = 256 * 1024 * 1024


class FactSpool:
    """An append-only file of JSON records."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, records: Sequence[Any]) -> None:
        """Write records so that they survive the process. Call before acknowledging their batch."""
        if not records:
            return
        block = zlib.compress(json.dumps(records, separators=(",", ":"), allow_nan=False).encode(), 1)
        with self._path.open("ab") as stream:
            stream.write(_LENGTH.pack(len(block)) + block)
            stream.flush()
            os.fsync(stream.fileno())

    def repair(self) -> None:
        """Cut off a block that was being written when the process died, so that later blocks can be read."""
        if self._path.exists():
            os.truncate(self._path, max((end for end, _ in self._blocks()), default=0))

    def records(self) -> Iterator[Any]:
        """All records, oldest first."""
        for _, block in self._blocks():
            yield from json.loads(zlib.decompress(block))

    def _blocks(self) -> Iterator[tuple[int, bytes]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as stream:
            while len(head := stream.read(_LENGTH.size)) == _LENGTH.size:
                (length,) = _LENGTH.unpack(head)
                block = stream.read(length) if length <= _MAX_BLOCK else b""
                if len(block) < length or not _intact(block):
                    return
                yield stream.tell(), block


def _intact(block: bytes) -> bool:
    try:
        inflater = zlib.decompressobj()
        inflater.decompress(block)
    except zlib.error:
        return False
    return inflater.eof
