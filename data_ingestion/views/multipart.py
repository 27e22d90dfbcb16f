"""Multipart bodies that must have arrived as a whole."""

from __future__ import annotations

from typing import IO, Any, cast

from django.http import UnreadablePostError
from django.utils.http import parse_header_parameters
from rest_framework.parsers import MultiPartParser

from data_ingestion.errors import FileIncomplete

_TAIL_BYTES = 256


class WholeMultiPartParser(MultiPartParser):
    """Refuses a body that ends before its closing boundary; the usual parser takes what came for the whole file.

    Raises ``FileIncomplete``.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        watched = _Watched(stream)
        try:
            parsed = super().parse(cast(IO[Any], watched), media_type, parser_context)
        except UnreadablePostError:
            raise FileIncomplete("The connection broke while the file was sent. Send it again.") from None
        _, parameters = parse_header_parameters(media_type or "")
        if f"--{parameters.get('boundary', '')}--".encode() not in watched.tail:
            for file in parsed.files.values():
                cast(IO[Any], file).close()
            raise FileIncomplete("The body ends before its last part does. Send the file again.")
        return parsed


class _Watched:
    """A stream that remembers the last bytes read from it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.tail = b""

    def read(self, size: int = -1) -> bytes:
        block: bytes = self.stream.read(size)
        if block:
            self.tail = (self.tail + block)[-_TAIL_BYTES:]
        return block
