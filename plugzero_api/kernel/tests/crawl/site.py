"""A local web site for crawl tests and the benchmark: any path can misbehave, every request is remembered.

An asyncio protocol in a thread of its own (or a process, for benchmarks): fast enough not to be what is
measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field


@dataclass
class Reply:
    """What a path answers. ``delay`` waits before the head; ``drip`` sends the body byte by byte with that
    pause; ``reset`` closes the connection without an answer."""

    body: bytes = b""
    status: str = "200 OK"
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    reset: bool = False
    raw: bytes | None = None


@dataclass
class Hit:
    path: str
    time: float
    headers: dict[str, str]


Answerer = Callable[[str], Reply | None]


def page(*links: str, title: str = "Page", words: int = 50, head: str = "") -> Reply:
    """An HTML page with the given links."""
    anchors = "".join(f'<li><a href="{link}">to {link}</a></li>' for link in links)
    text = "lorem ipsum dolor sit amet consectetur " * (words // 6)
    return Reply(
        f"<!doctype html><html lang=en><head><title>{title}</title>{head}</head>"
        f"<body><h1>{title}</h1><ul>{anchors}</ul><p>{text}</p></body></html>".encode()
    )


def redirect(location: str, status: str = "301 Moved Permanently") -> Reply:
    return Reply(status=status, headers={"Location": location})


class LocalSite:
    """``pages`` maps a path (with query) to a reply; ``answer`` is asked for the rest, then 404."""

    def __init__(self, pages: dict[str, Reply] | None = None, answer: Answerer | None = None) -> None:
        self.pages = pages or {}
        self.answer = answer
        self.hits: list[Hit] = []
        self.connections = 0
        self.concurrent = 0
        self.max_concurrent = 0
        self.port = 0
        self.scheme = "http"

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def paths(self) -> list[str]:
        return [hit.path for hit in self.hits]

    def reply(self, path: str) -> Reply:
        known = self.pages.get(path)
        if known is None and self.answer is not None:
            known = self.answer(path)
        return known or Reply(b"<h1>not here</h1>", "404 Not Found")


class _Connection(asyncio.Protocol):
    def __init__(self, site: LocalSite) -> None:
        self._site = site
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._site.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            first, *lines = head.decode("latin-1").split("\r\n")
            path = first.split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in lines)
            self._site.hits.append(Hit(path, time.monotonic(), headers))
            reply = self._site.reply(path)
            if reply.delay or reply.drip:
                task = asyncio.ensure_future(self._slowly(reply))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self._send(reply)

    async def _slowly(self, reply: Reply) -> None:
        assert self._transport is not None
        self._site.concurrent += 1
        self._site.max_concurrent = max(self._site.max_concurrent, self._site.concurrent)
        try:
            await asyncio.sleep(reply.delay)
            if not reply.drip:
                self._send(reply)
                return
            self._transport.write(self._head(reply))
            for position in range(len(reply.body)):
                self._transport.write(reply.body[position : position + 1])
                await asyncio.sleep(reply.drip)
        finally:
            self._site.concurrent -= 1

    def _send(self, reply: Reply) -> None:
        assert self._transport is not None
        if reply.reset:
            self._transport.abort()
        elif reply.raw is not None:
            self._transport.write(reply.raw)
            self._transport.close()
        else:
            self._transport.write(self._head(reply) + reply.body)

    @staticmethod
    def _head(reply: Reply) -> bytes:
        lines = [
            f"HTTP/1.1 {reply.status}",
            f"Content-Type: {reply.content_type}",
            f"Content-Length: {len(reply.body)}",
            *(f"{name}: {value}" for name, value in reply.headers.items()),
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


@contextlib.contextmanager
def running(site: LocalSite, *, context: ssl.SSLContext | None = None, port: int = 0) -> Iterator[LocalSite]:
    """Serve ``site`` on 127.0.0.1 while the block runs."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: _Connection(site), "127.0.0.1", port, ssl=context)
    )
    site.port = server.sockets[0].getsockname()[1]
    site.scheme = "https" if context else "http"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def stop() -> None:
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:  # type: ignore[arg-type]
            task.cancel()

    try:
        yield site
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def generated_site(pages: int, *, links: int = 25, words: int = 400) -> LocalSite:
    """A site of ``pages`` pages below /p/, each linking to its children, neighbours and a fixed
    navigation."""

    def answer(path: str) -> Reply | None:
        if path == "/":
            number = 0
        elif path.startswith("/p/") and path[3:].isdigit() and int(path[3:]) < pages:
            number = int(path[3:])
        else:
            return None
        children = [number * 4 + step for step in range(1, 5)]
        neighbours = [(number * 7 + step * 31) % pages for step in range(links - 14)]
        targets = [f"/p/{target}" for target in children + neighbours if target < pages]
        navigation = [f"/p/{target}" for target in range(1, 11)]
        head = (
            f'<meta name="description" content="About page {number} of the generated site.">'
            f'<link rel="canonical" href="/p/{number}">'
        )
        return page(*navigation, *targets, title=f"Page number {number}", words=words, head=head)

    return LocalSite(answer=answer)
