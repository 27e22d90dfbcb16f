"""HTTP/1.1 over asyncio for the crawl process: vetted addresses only, kept-alive connections, bounded
everything.

Scrapy's own handlers resolve names themselves, buffer whole bodies before they inflate them and have no
deadline that a dripping server cannot stretch. This client does one thing, GET with a bounded answer, at
the same processor cost.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import certifi

from plugzero_api.kernel.crawl.contracts import TlsReport
from plugzero_api.kernel.http.addresses import IPAddress
from plugzero_api.kernel.http.decoding import ACCEPT_ENCODING, DecodingError, StreamDecoder
from plugzero_api.kernel.http.errors import (
    FetchFailed,
    FetchTimeout,
    ResponseTooLarge,
    UndecodableResponse,
)
from plugzero_api.kernel.http.guard import Guard
from plugzero_api.kernel.http.urls import VettedUrl

MAX_HEADER_BYTES = 65_536
_CHUNK = 65_536
_CONNECT_TIMEOUT = 10.0
_IDLE_SECONDS = 15.0
_MAX_IDLE_PER_ORIGIN = 32
_VERIFY_PROBLEMS = {
    9: "not_yet_valid",
    10: "expired",
    18: "self_signed",
    19: "untrusted",
    20: "untrusted",
    21: "untrusted",
    62: "hostname_mismatch",
    64: "hostname_mismatch",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer. ``body`` is decoded; ``truncated`` says that it was cut at the byte limit."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    wire_size: int
    truncated: bool
    ttfb: float
    total: float
    http_version: str
    address: str
    tls: TlsReport | None

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name), None)


@dataclass(slots=True, eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    address: str
    tls: TlsReport | None
    used: bool = False
    idle_since: float = 0.0

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self.writer.transport.abort()


class BrokenAnswer(FetchFailed):
    """The server did answer, but not with usable HTTP: a fault of one page, no sign that the host is down."""


class _Stale(Exception):
    """A kept-alive connection turned out to be closed; nothing of the answer was seen."""


@dataclass
class CrawlClient:
    guard: Guard
    headers: tuple[tuple[str, str], ...]
    closing: bool = False
    _idle: dict[tuple[str, str, int], list[_Connection]] = field(default_factory=dict)
    _busy: set[_Connection] = field(default_factory=set)
    _tls: dict[tuple[str, int], TlsReport] = field(default_factory=dict)
    _strict: ssl.SSLContext | None = None
    _lenient: ssl.SSLContext | None = None

    async def fetch(self, url: VettedUrl, *, max_bytes: int, timeout: float) -> Answer:
        """GET ``url``. Raises a ``FetchError``; ``timeout`` (seconds) covers everything from resolution to
        last byte."""
        started = time.monotonic()
        answering = [False]
        try:
            async with asyncio.timeout(timeout):
                while True:
                    connection = await self._acquire(url, timeout)
                    self._busy.add(connection)
                    try:
                        answer, reusable = await self._exchange(
                            connection, url, max_bytes, started, answering
                        )
                    except _Stale:
                        connection.close()
                        continue
                    except BaseException:
                        connection.close()
                        raise
                    finally:
                        self._busy.discard(connection)
                    self._release(url, connection, reusable)
                    return answer
        except TimeoutError:
            raise (FetchTimeout() if answering[0] else FetchFailed()) from None
        except DecodingError:
            raise UndecodableResponse from None
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError):
            if answering[0]:
                raise BrokenAnswer("The connection ended before the answer was complete.") from None
            raise FetchFailed from None

    def close(self) -> None:
        """Drop all connections; requests in flight fail at once."""
        self.closing = True
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        for connection in tuple(self._busy):
            connection.close()

    # -- connections
    # -------------------------------------------------------------------------------------------

    async def _acquire(self, url: VettedUrl, timeout: float) -> _Connection:
        if self.closing:
            raise FetchFailed
        idle = self._idle.get(url.origin)
        while idle:
            connection = idle.pop()
            fresh = time.monotonic() - connection.idle_since < _IDLE_SECONDS
            if fresh and not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.close()
        addresses = self.guard.cached_addresses(url.host, url.port)
        if addresses is None:
            addresses = await asyncio.get_running_loop().run_in_executor(
                None, lambda: self.guard.addresses(url.host, url.port, timeout=timeout)
            )
        return await self._connect(url, addresses)

    def _release(self, url: VettedUrl, connection: _Connection, reusable: bool) -> None:
        idle = self._idle.setdefault(url.origin, [])
        if reusable and not self.closing and len(idle) < _MAX_IDLE_PER_ORIGIN:
            connection.used = True
            connection.idle_since = time.monotonic()
            idle.append(connection)
        else:
            connection.close()

    async def _connect(self, url: VettedUrl, addresses: tuple[IPAddress, ...]) -> _Connection:
        error: Exception = FetchFailed()
        for address in addresses:
            try:
                async with asyncio.timeout(_CONNECT_TIMEOUT if len(addresses) > 1 else None):
                    if url.scheme == "https":
                        return await self._connect_tls(url, str(address))
                    reader, writer = await asyncio.open_connection(
                        str(address), url.port, limit=MAX_HEADER_BYTES
                    )
                    return _Connection(reader, writer, str(address), None)
            except (OSError, TimeoutError) as failed:
                error = failed
        raise error

    async def _connect_tls(self, url: VettedUrl, address: str) -> _Connection:
        """Verify once per host; a host that fails is crawled without trust and every page says so."""
        key = (url.host, url.port)
        known = self._tls.get(key)
        if known is None or known.problem is None:
            try:
                reader, writer = await self._open_tls(url, address, self._strict_context())
            except ssl.SSLCertVerificationError as failed:
                problem = _VERIFY_PROBLEMS.get(failed.verify_code, "invalid")
            except ssl.SSLError:
                problem = "legacy_protocol"
            else:
                report = known or _report(writer, None)
                self._tls[key] = report
                return _Connection(reader, writer, address, report)
        else:
            problem = known.problem
        reader, writer = await self._open_tls(url, address, self._lenient_context())
        report = known if known is not None and known.problem else _report(writer, problem)
        self._tls[key] = report
        return _Connection(reader, writer, address, report)

    async def _open_tls(
        self, url: VettedUrl, address: str, context: ssl.SSLContext
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(
            address, url.port, ssl=context, server_hostname=url.host, limit=MAX_HEADER_BYTES
        )

    def _strict_context(self) -> ssl.SSLContext:
        if self._strict is None:
            self._strict = ssl.create_default_context()
            self._strict.load_verify_locations(certifi.where())
        return self._strict

    def _lenient_context(self) -> ssl.SSLContext:
        if self._lenient is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            # Nothing secret is sent, and an audit must be able to look at outdated servers.
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            self._lenient = context
        return self._lenient

    # -- one exchange
    # ------------------------------------------------------------------------------------------

    async def _exchange(
        self,
        connection: _Connection,
        url: VettedUrl,
        max_bytes: int,
        started: float,
        answering: list[bool],
    ) -> tuple[Answer, bool]:
        lines = [f"GET {url.target} HTTP/1.1", f"Host: {url.host_header}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Accept-Encoding: {ACCEPT_ENCODING}\r\n\r\n")
        sent = time.monotonic()
        try:
            connection.writer.write("\r\n".join(lines).encode("latin-1"))
            head = await _read_head(connection.reader)
        except (ConnectionError, asyncio.IncompleteReadError) as error:
            if connection.used and not getattr(error, "partial", b""):
                raise _Stale from None
            raise
        ttfb = time.monotonic() - sent
        answering[0] = True
        version, status, headers = _parse_head(head)
        fields = {name.lower(): value for name, value in headers}
        decoder = StreamDecoder(fields.get("content-encoding", ""))
        body = bytearray()
        wire = 0
        truncated = False
        framing = _Framing.of(status, headers, fields)
        async for piece in framing.read(connection.reader):
            wire += len(piece)
            for decoded in decoder.feed(piece):
                body += decoded
                if len(body) > max_bytes:
                    break
            if len(body) > max_bytes or wire > max_bytes + _CHUNK:
                truncated = True
                del body[max_bytes:]
                break
        if not truncated and wire:
            decoder.finish()
        tokens = fields.get("connection", "").lower()
        reusable = (
            not truncated
            and framing.delimited
            and "close" not in tokens
            and (version == "1.1" or "keep-alive" in tokens)
        )
        answer = Answer(
            status=status,
            headers=headers,
            body=bytes(body),
            wire_size=wire,
            truncated=truncated,
            ttfb=ttfb,
            total=time.monotonic() - started,
            http_version=version,
            address=connection.address,
            tls=connection.tls,
        )
        return answer, reusable


@dataclass(slots=True)
class _Framing:
    """How the length of a body is told: by a number, in chunks, or by the end of the connection (RFC 9112,
    6.3)."""

    chunked: bool
    length: int | None

    @property
    def delimited(self) -> bool:
        return self.chunked or self.length is not None

    @classmethod
    def of(cls, status: int, headers: tuple[tuple[str, str], ...], fields: dict[str, str]) -> _Framing:
        if status in (204, 304):
            return cls(False, 0)
        coding = fields.get("transfer-encoding", "").strip().lower()
        if coding:
            if coding != "chunked":
                raise BrokenAnswer
            return cls(True, None)
        lengths = {value.strip() for name, value in headers if name.lower() == "content-length"}
        if not lengths:
            return cls(False, None)
        text = lengths.pop()
        if lengths or not (text.isascii() and text.isdecimal()) or len(text) > 18:
            raise BrokenAnswer
        return cls(False, int(text))

    async def read(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        if self.chunked:
            while True:
                line = await reader.readuntil(b"\n")
                digits = line.split(b";", 1)[0].strip()
                if not digits or len(digits) > 16:
                    raise BrokenAnswer
                left = int(digits, 16)
                if left == 0:
                    break
                while left:
                    piece = await reader.read(min(left, _CHUNK))
                    if not piece:
                        raise EOFError
                    left -= len(piece)
                    yield piece
                await reader.readuntil(b"\n")
            for _ in range(100):  # trailers
                if (await reader.readuntil(b"\n")).strip() == b"":
                    return
            raise BrokenAnswer
        if self.length is None:
            while piece := await reader.read(_CHUNK):
                yield piece
            return
        left = self.length
        while left:
            piece = await reader.read(min(left, _CHUNK))
            if not piece:
                raise EOFError
            left -= len(piece)
            yield piece


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    """The status line and headers of the final answer; interim (1xx) answers are passed over."""
    for _ in range(5):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise ResponseTooLarge("The answer's headers are too large.") from None
        if head[9:10] != b"1":
            return head
    raise BrokenAnswer


def _parse_head(head: bytes) -> tuple[str, int, tuple[tuple[str, str], ...]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    protocol, _, rest = first.partition(" ")
    code = rest[:3]
    if protocol not in ("HTTP/1.1", "HTTP/1.0") or not (
        len(code) == 3 and code.isascii() and code.isdecimal()
    ):
        raise BrokenAnswer
    headers: list[tuple[str, str]] = []
    for line in lines:
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name[0] in " \t":
            continue  # folded or malformed lines are ignored, as browsers do
        headers.append((name.strip(), value.strip()))
    return protocol[5:], int(code), tuple(headers)


def _report(writer: asyncio.StreamWriter, problem: str | None) -> TlsReport:
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    protocol = tls.version() or ""
    der = tls.getpeercert(binary_form=True)
    if der is None:
        return TlsReport(problem=problem, protocol=protocol)
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        return TlsReport(
            problem=problem,
            protocol=protocol,
            not_after=certificate.not_valid_after_utc.timestamp(),
            subject=certificate.subject.rfc4514_string()[:500],
            issuer=certificate.issuer.rfc4514_string()[:500],
        )
    except ValueError:
        return TlsReport(problem=problem, protocol=protocol)
