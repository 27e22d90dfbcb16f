"""A local forward proxy that vets every connection of a browser.

A browser resolves names and follows redirects on its own, so vetting the URLs it announces proves nothing
about the addresses it connects to. Here it connects to nobody: all it knows is this proxy, which resolves
each host once, judges the answer and opens the connection itself. Bytes are counted for all connections
together, and at the cap or the deadline everything is closed.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import functools
import hmac
import secrets
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from plugzero_api.kernel.http.addresses import IPAddress
from plugzero_api.kernel.http.errors import FetchError, FetchFailed, UrlNotAllowed
from plugzero_api.kernel.http.guard import Guard
from plugzero_api.kernel.http.urls import canonical_host

_CHUNK = 65_536
_MAX_HEAD = 65_536
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 10.0
_MAX_CONNECTIONS = 256
_HOP_HEADERS = frozenset(
    {"proxy-authorization", "proxy-connection", "connection", "keep-alive", "te", "trailer", "upgrade"}
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection that was not made, and the code of the error that says why."""

    host: str
    port: int
    code: str


class GuardedProxy:
    """Runs in a thread of its own between ``start`` and ``stop``. Usable as a context manager.

    ``username`` and ``password`` keep other users of the machine out. ``open_window`` starts a new account
    of bytes and time; connections outside a window are refused.
    """

    def __init__(self, guard: Guard) -> None:
        self.username = "browser"
        self.password = secrets.token_urlsafe(24)
        self.port = 0
        self.refusals: list[Refusal] = []
        self.received = 0
        self.exceeded = False
        self._guard = guard
        self._max_bytes = 0
        self._deadline = 0.0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="guarded-proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._window: asyncio.TimerHandle | None = None
        expected = base64.b64encode(f"{self.username}:{self.password}".encode())
        self._credentials = b"Basic " + expected

    def __enter__(self) -> GuardedProxy:
        self.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()
        self._call(self._listen())

    def stop(self) -> None:
        """Close everything; the thread has ended when this returns."""
        if self._thread.is_alive():
            self._call(self._shut())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
        if not self._thread.is_alive():
            self._loop.close()

    def open_window(self, *, max_bytes: int, seconds: float) -> None:
        """Allow ``max_bytes`` to be received within ``seconds`` from now; earlier connections are dropped."""
        self._call(self._open_window(max_bytes, seconds))

    def close_window(self) -> None:
        self._call(self._open_window(0, 0.0))

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    # -- in the loop's thread
    # ------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0, limit=_MAX_HEAD)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        self._drop_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _open_window(self, max_bytes: int, seconds: float) -> None:
        self._drop_all()
        if self._window is not None:
            self._window.cancel()
        self.refusals = []
        self.received = 0
        self.exceeded = False
        self._max_bytes = max_bytes
        self._deadline = time.monotonic() + seconds
        self._window = self._loop.call_later(seconds, self._drop_all)

    def _drop_all(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if len(self._writers) <= _MAX_CONNECTIONS and time.monotonic() < self._deadline:
                await self._serve(reader, writer)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError):
            pass  # either side went away or sent no HTTP: the browser sees a closed connection
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            with contextlib.suppress(Exception):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        method, target, _version = first.split(b" ", 2)
        headers = [
            (name.strip(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)
        ]
        sent = next((value for name, value in headers if name.lower() == b"proxy-authorization"), b"")
        if not hmac.compare_digest(sent, self._credentials):
            writer.write(
                b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="guard"\r\n'
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
            await writer.drain()
            return
        if method == b"CONNECT":
            host, _, port = target.decode("ascii").rpartition(":")
            upstream = await self._connect(canonical_or_empty(host), int(port))
            if upstream is None:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await self._relay(
                self._copy(reader, upstream[1]), self._copy(upstream[0], writer, counted=True), upstream[1]
            )
        else:
            try:
                url = self._guard.vet(target.decode("ascii"))
            except UrlNotAllowed as error:
                self.refusals.append(Refusal(target.decode("ascii", "replace")[:200], 0, error.code))
                return
            upstream = await self._connect(url.host, url.port)
            if upstream is None:
                return
            kept = [
                name + b": " + value
                for name, value in headers
                if name.lower().decode("latin-1") not in _HOP_HEADERS and name.lower() != b"host"
            ]
            lengths = {value for name, value in headers if name.lower() == b"content-length"}
            coded = any(name.lower() == b"transfer-encoding" for name, _ in headers)
            if coded or len(lengths) > 1:
                return  # browsers send neither; two ways to read a length are how requests get smuggled
            lead = b"%s %s HTTP/1.1" % (method, url.target.encode("ascii"))
            host_line = b"Host: " + url.host_header.encode("ascii")
            upstream[1].write(b"\r\n".join([lead, host_line, *kept, b"Connection: close", b"", b""]))
            await self._relay(
                self._send_body(reader, upstream[1], int(lengths.pop()) if lengths else 0),
                self._return_answer(upstream[0], writer),
                upstream[1],
            )

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """A connection to a vetted address of ``host``; None, with the reason noted, if there is none."""
        try:
            addresses = await self._addresses(host, port)
            return await self._open(addresses, port)
        except FetchError as error:
            self.refusals.append(Refusal(host, port, error.code))
            return None

    async def _addresses(self, host: str, port: int) -> tuple[IPAddress, ...]:
        if not host:
            raise UrlNotAllowed("The host name is not valid.")
        known = self._guard.cached_addresses(host, port)
        if known is not None:
            return known
        left = max(0.1, min(_CONNECT_SECONDS, self._deadline - time.monotonic()))
        return await self._loop.run_in_executor(
            None, functools.partial(self._guard.addresses, host, port, timeout=left)
        )

    @staticmethod
    async def _open(
        addresses: tuple[IPAddress, ...], port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for address in addresses:
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    return await asyncio.open_connection(str(address), port, limit=_MAX_HEAD)
        raise FetchFailed

    async def _relay(
        self,
        upward: Coroutine[Any, Any, None],
        downward: Coroutine[Any, Any, None],
        up_writer: asyncio.StreamWriter,
    ) -> None:
        """Run both directions until one ends, then close the other."""
        self._writers.add(up_writer)
        directions = [asyncio.ensure_future(upward), asyncio.ensure_future(downward)]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            self._writers.discard(up_writer)
            with contextlib.suppress(Exception):
                up_writer.close()

    @staticmethod
    async def _send_body(reader: asyncio.StreamReader, up_writer: asyncio.StreamWriter, length: int) -> None:
        """Pass on the one request's body, then wait for the browser to leave. A further request on this
        connection could be meant for another host and is not passed on."""
        while length:
            data = await reader.read(min(length, _CHUNK))
            if not data:
                return
            length -= len(data)
            up_writer.write(data)
            await up_writer.drain()
        await reader.read(1)

    async def _return_answer(self, up_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on the answer with ``Connection: close``, so that the browser opens a new connection per
        request."""
        async with asyncio.timeout(max(0.1, self._deadline - time.monotonic())):
            head = await up_reader.readuntil(b"\r\n\r\n")
            while head[9:10] == b"1":
                head = await up_reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        kept = [
            line
            for line in lines
            if line.partition(b":")[0].strip().lower().decode("latin-1") not in _HOP_HEADERS
        ]
        writer.write(b"\r\n".join([first, *kept, b"Connection: close", b"", b""]))
        self.received += len(head)
        length = next(
            (int(line.partition(b":")[2]) for line in kept if line.lower().startswith(b"content-length:")),
            None,
        )
        await self._copy(up_reader, writer, counted=True, length=length)

    async def _copy(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        counted: bool = False,
        length: int | None = None,
    ) -> None:
        """Copy until the end, or ``length`` bytes. What the browser receives counts against the window."""
        while length is None or length > 0:
            data = await reader.read(_CHUNK if length is None else min(length, _CHUNK))
            if not data:
                return
            if length is not None:
                length -= len(data)
            if counted:
                self.received += len(data)
                if self.received > self._max_bytes:
                    self.exceeded = True
                    self._drop_all()
                    return
            writer.write(data)
            await writer.drain()


def canonical_or_empty(host: str) -> str:
    """The canonical form of a CONNECT target's host, empty if it is none (judged as refused by the
    caller)."""
    try:
        return canonical_host(host)
    except UrlNotAllowed:
        return ""
