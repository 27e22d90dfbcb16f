"""urllib3 connections that go to vetted addresses only and obey one deadline for everything they do.

The host name stays the connection's name (Host header, SNI, certificate check); only the TCP connect is
taken over. The time limit sits in the socket: every receive and send gets the time that is *left*, so a
server that sends one byte per second cannot renew it.
"""

from __future__ import annotations

import functools
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection

from plugzero_api.kernel.http.addresses import IPAddress

_CONNECT_TIMEOUT = 10.0


class HeadersTooLarge(OSError):
    """The answer's header section passed its cap. An ``OSError`` so that http.client lets it through."""


@dataclass(slots=True)
class Budget:
    """What one exchange may still use. ``header_bytes`` is None once the headers have been read."""

    deadline: float
    header_bytes: int | None = None

    def remaining(self) -> float:
        """Seconds left; raises ``TimeoutError`` when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("deadline passed")
        return left

    def received(self, count: int) -> None:
        if self.header_bytes is not None:
            self.header_bytes -= count
            if self.header_bytes < 0:
                raise HeadersTooLarge


class _BudgetedSocket(socket.socket):
    budget: Budget

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self.settimeout(self.budget.remaining())
        count = super().recv_into(buffer, nbytes, flags)
        self.budget.received(count)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        self.settimeout(self.budget.remaining())
        super().sendall(data, flags)


class _BudgetedTLSSocket(ssl.SSLSocket):
    # None during the handshake, which obeys the timeout of the plain socket as a whole.
    budget: Budget | None = None

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        if self.budget is None:
            return super().recv_into(buffer, nbytes, flags)
        self.settimeout(self.budget.remaining())
        count = super().recv_into(buffer, nbytes, flags)
        self.budget.received(count)
        return count

    def send(self, data: Any, flags: int = 0) -> int:
        if self.budget is not None:
            self.settimeout(self.budget.remaining())
        return super().send(data, flags)


@functools.cache
def verifying_context() -> ssl.SSLContext:
    """TLS with verification: the machine's trust store (so an operator's own authority works) plus
    certifi's."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def connect(addresses: Sequence[IPAddress], port: int, budget: Budget) -> _BudgetedSocket:
    """Connect to the first address that accepts. Raises ``OSError`` (``TimeoutError`` at the deadline)."""
    error: OSError = ConnectionError("no address")
    for index, address in enumerate(addresses):
        family = socket.AF_INET if address.version == 4 else socket.AF_INET6
        # The last address may use all the time; the ones before leave some for it.
        share = min(_CONNECT_TIMEOUT, budget.remaining() / (len(addresses) - index))
        sock: _BudgetedSocket | None = None
        try:
            sock = _BudgetedSocket(family, socket.SOCK_STREAM)
            sock.budget = budget
            sock.settimeout(share)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect((str(address), port))
            return sock
        except OSError as failed:
            error = failed
            if sock is not None:
                sock.close()
    raise error


class GuardedConnection(HTTPConnection):
    """Plain HTTP to one of ``addresses``."""

    def __init__(self, host: str, port: int, *, addresses: Sequence[IPAddress], budget: Budget) -> None:
        super().__init__(host, port, timeout=None, blocksize=65536)
        self._addresses = addresses
        self._budget = budget

    def _new_conn(self) -> socket.socket:
        return connect(self._addresses, self.port or 80, self._budget)


class GuardedTLSConnection(HTTPSConnection):
    """HTTPS to one of ``addresses``; certificate and host name are verified against ``host``."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        addresses: Sequence[IPAddress],
        budget: Budget,
        context: ssl.SSLContext | None = None,
    ) -> None:
        context = context or verifying_context()
        context.sslsocket_class = _BudgetedTLSSocket
        super().__init__(host, port, timeout=None, blocksize=65536, ssl_context=context)
        self._addresses = addresses
        self._budget = budget

    def _new_conn(self) -> socket.socket:
        sock = connect(self._addresses, self.port or 443, self._budget)
        sock.settimeout(self._budget.remaining())
        return sock

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, _BudgetedTLSSocket):
            self.sock.budget = self._budget
