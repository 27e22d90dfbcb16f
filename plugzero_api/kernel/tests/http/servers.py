"""Small local servers for the fetch tests: each serves one raw behaviour and counts what it accepted."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Handler = Callable[[socket.socket, bytes], None]


@dataclass
class RawServer:
    """Accepts on 127.0.0.1, reads one request head and hands the socket to ``handler``."""

    handler: Handler
    context: ssl.SSLContext | None = None
    accepts: int = 0
    requests: list[bytes] = field(default_factory=list)
    port: int = 0

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        scheme = "https" if self.context else "http"
        return f"{scheme}://{host}:{self.port}{path}"


@contextlib.contextmanager
def serve(handler: Handler, *, context: ssl.SSLContext | None = None) -> Iterator[RawServer]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = RawServer(handler, context, port=listener.getsockname()[1])
    open_sockets: list[socket.socket] = []

    def talk(sock: socket.socket) -> None:
        try:
            if context is not None:
                sock = context.wrap_socket(sock, server_side=True)
            with sock:
                head = b""
                while b"\r\n\r\n" not in head:
                    data = sock.recv(65536)
                    if not data:
                        return
                    head += data
                server.requests.append(head)
                handler(sock, head)
        except OSError:
            pass  # the client closed first: many tests end that way

    def accept() -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            server.accepts += 1
            open_sockets.append(sock)
            threading.Thread(target=talk, args=(sock,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield server
    finally:
        # shutdown wakes the accepting thread; close alone would leave it waiting on a freed descriptor
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for sock in open_sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


def respond(
    body: bytes = b"", *, status: str = "200 OK", headers: dict[str, str] | None = None, length: bool = True
) -> Handler:
    """A handler that sends one fixed answer."""
    head = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if length:
        head.append(f"Content-Length: {len(body)}")
    data = "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body

    def handler(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(data)

    return handler


def redirect_to(location: str, status: str = "302 Found") -> Handler:
    return respond(status=status, headers={"Location": location})
