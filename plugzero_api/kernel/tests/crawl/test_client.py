"""The crawl's HTTP client against raw answers."""

from __future__ import annotations

import asyncio
import gzip
import socket

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from plugzero_api.kernel.crawl.client import Answer, BrokenAnswer, CrawlClient
from plugzero_api.kernel.http import errors
from plugzero_api.kernel.http.addresses import AllowList
from plugzero_api.kernel.http.guard import Guard
from plugzero_api.kernel.tests.http.servers import Handler, RawServer, serve

OK = b"HTTP/1.1 200 OK\r\n"


def sending(data: bytes) -> Handler:
    return lambda sock, request: sock.sendall(data)


def fetch(
    server: RawServer, times: int = 1, *, max_bytes: int = 10_000, timeout: float = 3.0
) -> list[Answer]:
    guard = Guard(allow=AllowList.parse([f"127.0.0.1:{server.port}"]), cache_seconds=60)

    async def run() -> list[Answer]:
        client = CrawlClient(guard, (("User-Agent", "test"),))
        url = guard.vet(server.url("/x"))
        answers = [await client.fetch(url, max_bytes=max_bytes, timeout=timeout) for _ in range(times)]
        client.close()
        return answers

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (OK + b"Content-Length: 5\r\n\r\nhello", 200, b"hello"),
        (OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello"),
        (OK + b"\r\nuntil the end", 200, b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", 200, b"old"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\n\r\n",
            200,
            b"hello world",
        ),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nTrailer: x\r\n\r\n", 200, b"a"),
        (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 99\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\nx", 200, b"x"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", 304, b""),
        (b"HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno", 404, b"no"),
        (OK + b"Broken header\r\n folded\r\nContent-Length: 1\r\n\r\nx", 200, b"x"),
        (OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"zipped"), 200, b"zipped"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", 200, b""),
    ],
)
def test_answers_in_every_framing_are_read(data: bytes, status: int, body: bytes) -> None:
    with serve(sending(data)) as server:
        (answer,) = fetch(server)
    assert (answer.status, answer.body, answer.truncated) == (status, body, False)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", errors.FetchFailed),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", errors.FetchFailed),
        (b"HTTP/2 200 OK\r\n\r\n", errors.FetchFailed),
        (b"HTTP/1.1 2000 OK?\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", errors.ResponseTooLarge),
        (b"HTTP/1.1 -20 OK\r\n\r\n", errors.FetchFailed),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 9, errors.FetchFailed),
        (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", BrokenAnswer),
        (OK + b"Content-Length: -5\r\n\r\n", BrokenAnswer),
        (OK + b"Content-Length: 99\r\n\r\nshort", BrokenAnswer),
        (OK + b"Transfer-Encoding: gzip\r\n\r\nx", BrokenAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nx\r\n", BrokenAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n", BrokenAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", BrokenAnswer),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"T: x\r\n" * 200 + b"\r\n", BrokenAnswer),
        (OK + b"Content-Encoding: gzip\r\n\r\nnot gzip", errors.UndecodableResponse),
        (OK + b"Content-Encoding: gzip, gzip, gzip\r\n\r\nx", errors.UndecodableResponse),
    ],
)
def test_unusable_answers_have_a_reason(data: bytes, error: type[errors.FetchError]) -> None:
    with serve(sending(data)) as server, pytest.raises(error):
        fetch(server)


def test_body_is_cut_at_the_limit_and_the_connection_given_up() -> None:
    with serve(sending(OK + b"Content-Length: 50000\r\n\r\n" + b"x" * 50_000)) as server:
        first, second = fetch(server, 2)
    assert first.truncated and first.body == b"x" * 10_000 == second.body
    assert server.accepts == 2


def test_connections_are_kept_alive() -> None:
    answer = OK + b"Content-Length: 1\r\n\r\nx"

    def handler(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(answer)
        while sock.recv(65536):
            sock.sendall(answer)

    with serve(handler) as server:
        assert [answer.body for answer in fetch(server, 5)] == [b"x"] * 5
    assert server.accepts == 1


def test_kept_connection_that_the_server_closed_is_replaced() -> None:
    """The server answers once per connection but does not announce that it will close."""
    with serve(sending(OK + b"Content-Length: 1\r\n\r\nx")) as server:
        assert len(fetch(server, 4)) == 4
    assert server.accepts == 4


@pytest.mark.parametrize("header", [b"Connection: close\r\n", b"Connection: Close, TE\r\n"])
def test_announced_close_is_respected(header: bytes) -> None:
    with serve(sending(OK + header + b"Content-Length: 1\r\n\r\nx")) as server:
        fetch(server, 2)
    assert server.accepts == 2


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.binary(max_size=200), st.binary(max_size=200).map(lambda tail: OK + tail)))
def test_any_bytes_end_as_an_answer_or_a_fetch_error(data: bytes) -> None:
    with serve(sending(data)) as server:
        try:
            (answer,) = fetch(server)
        except errors.FetchError:
            return
    assert 100 <= answer.status <= 999 and len(answer.body) <= 10_000
