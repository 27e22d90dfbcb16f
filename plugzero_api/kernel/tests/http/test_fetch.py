from __future__ import annotations

import datetime
import gzip
import json
import os
import resource
import socket
import ssl
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import trustme

from plugzero_api.kernel.errors import StorageFull
from plugzero_api.kernel.http import errors
from plugzero_api.kernel.http.addresses import AllowList
from plugzero_api.kernel.http.fetch import fetch, fetch_to_file, post_json
from plugzero_api.kernel.http.guard import Guard
from plugzero_api.kernel.tests.http.servers import RawServer, redirect_to, respond, serve


def opened(*servers: RawServer, resolver: Callable[[str, int], list[str]] | None = None) -> Guard:
    """A guard whose operator opened exactly these servers."""
    allow = AllowList.parse([f"127.0.0.1:{server.port}" for server in servers])
    return Guard(allow=allow, resolver=resolver) if resolver else Guard(allow=allow)


def port_open_but_not_listed() -> Guard:
    return Guard(allow=AllowList.parse(["198.51.100.1:*"]))


HELLO = respond(b"hello", headers={"Content-Type": "text/plain; charset=UTF-8", "X-Twice": "a"})


def test_returns_status_headers_body_and_timings() -> None:
    with serve(HELLO) as server:
        result = fetch(server.url("/x?y=1"), guard=opened(server))
    assert (result.status, result.body, result.size, result.ok) == (200, b"hello", 5, True)
    assert (result.content_type, result.charset) == ("text/plain", "utf-8")
    assert result.url == server.url("/x?y=1")
    assert 0 <= result.timings.connect <= result.timings.first_byte <= result.timings.total < 5
    assert server.requests[0].startswith(b"GET /x?y=1 HTTP/1.1\r\n")


def test_error_statuses_are_results() -> None:
    with serve(respond(b"gone", status="410 Gone")) as server:
        result = fetch(server.url(), guard=opened(server))
    assert (result.status, result.ok, result.body) == (410, False, b"gone")


# -- addresses
# ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①", "0", "[::1]"],
)
def test_loopback_is_refused_in_every_spelling_without_a_connection(host: str) -> None:
    with serve(HELLO) as server, pytest.raises(errors.HostNotPublic):
        fetch(f"http://{host}:{server.port}/", guard=port_open_but_not_listed())
    assert server.accepts == 0


def test_rebinding_name_is_resolved_once_and_the_vetted_address_is_used() -> None:
    """A resolver that answers a public address first and 127.0.0.1 afterwards gets no second question."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["198.51.100.7"] if len(asked) == 1 else ["127.0.0.1"]

    with serve(HELLO) as server:
        guard = Guard(allow=AllowList.parse([f"198.51.100.7:{server.port}"]), resolver=rebinding)
        with pytest.raises(errors.FetchFailed):
            fetch(f"http://rebind.test:{server.port}/", guard=guard, total_timeout=1)
        assert asked == ["rebind.test"]
        with pytest.raises(errors.HostNotPublic):
            fetch(f"http://rebind.test:{server.port}/", guard=guard, total_timeout=1)
    assert server.accepts == 0


@pytest.mark.parametrize(
    "answer", [["8.8.8.8", "127.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["8.8.8.8", "::1"], [], ["junk"]]
)
def test_one_private_address_in_a_mixed_answer_refuses_the_host(answer: list[str]) -> None:
    with pytest.raises(errors.HostNotPublic):
        Guard(resolver=lambda host, port: answer).addresses("mixed.test", 80)


def test_unknown_and_private_hosts_get_the_same_answer() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    messages = []
    for guard in (Guard(resolver=unknown), Guard(resolver=lambda host, port: ["10.0.0.5"])):
        with pytest.raises(errors.HostNotPublic) as caught:
            fetch("http://db.internal/", guard=guard)
        messages.append((caught.value.code, caught.value.detail))
    assert messages[0] == messages[1]


def test_a_hanging_resolver_ends_within_the_total_time() -> None:
    guard = Guard(resolver=lambda host, port: time.sleep(5) or ["8.8.8.8"])
    started = time.monotonic()
    with pytest.raises(errors.FetchFailed):
        fetch("http://slow-dns.test/", guard=guard, total_timeout=0.3)
    assert time.monotonic() - started < 2


def test_cached_verdict_is_the_vetted_address() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    guard = Guard(resolver=lambda host, port: next(answers), cache_seconds=60)
    assert guard.addresses("a.test", 80) == guard.addresses("a.test", 80)
    assert [str(address) for address in guard.addresses("a.test", 80)] == ["8.8.8.8"]


def test_the_setting_is_the_allow_list(settings: object) -> None:
    with serve(HELLO) as server:
        settings.PLUGZERO_FETCH_ALLOW_HOSTS = [f"127.0.0.1:{server.port}"]  # type: ignore[attr-defined]
        assert fetch(server.url()).body == b"hello"
        settings.PLUGZERO_FETCH_ALLOW_HOSTS = []  # type: ignore[attr-defined]
        with pytest.raises(errors.FetchError):
            fetch(server.url())
    assert server.accepts == 1


# -- redirects
# ---------------------------------------------------------------------------------------------------


def test_redirect_from_public_to_private_is_refused_at_the_hop() -> None:
    with serve(HELLO) as private, serve(redirect_to(private.url())) as public:
        guard = Guard(
            allow=AllowList.parse([f"127.0.0.1:{public.port}", f"198.51.100.1:{private.port}"]),
        )
        with pytest.raises(errors.HostNotPublic):
            fetch(public.url(), guard=guard)
    assert (public.accepts, private.accepts) == (1, 0)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "gopher://x/", "http://u:p@h/", "//a\\b/", "http://[::1"]
)
def test_redirect_to_a_forbidden_url_is_refused(target: str) -> None:
    with serve(redirect_to(target)) as server, pytest.raises(errors.UrlNotAllowed):
        fetch(server.url(), guard=opened(server))
    assert server.accepts == 1


def test_https_redirecting_to_file_is_refused() -> None:
    authority = trustme.CA()
    with serve(redirect_to("file:///etc/passwd"), context=server_context(authority)) as server:
        guard = opened(server, resolver=lambda host, port: ["127.0.0.1"])
        with pytest.raises(errors.UrlNotAllowed):
            fetch(server.url(host="shop.test"), guard=guard, tls_context=client_context(authority))


def counting_hops(last: int) -> Callable[[socket.socket, bytes], None]:
    def handler(sock: socket.socket, request: bytes) -> None:
        number = int(request.split(b" ")[1].strip(b"/") or b"0")
        (HELLO if number == last else redirect_to(f"/{number + 1}"))(sock, request)

    return handler


def test_ten_hops_are_followed_and_reported() -> None:
    with serve(counting_hops(10)) as server:
        result = fetch(server.url("/0"), guard=opened(server))
    assert result.url == server.url("/10") and result.body == b"hello"
    assert [(hop.url, hop.status) for hop in result.redirects] == [
        (server.url(f"/{number}"), 302) for number in range(10)
    ]


def test_the_eleventh_hop_is_refused() -> None:
    with serve(counting_hops(11)) as server, pytest.raises(errors.TooManyRedirects):
        fetch(server.url("/0"), guard=opened(server))
    assert server.accepts == 11


def test_redirect_loop_is_noticed_before_the_cap() -> None:
    with serve(redirect_to("/")) as server, pytest.raises(errors.TooManyRedirects):
        fetch(server.url(), guard=opened(server))
    assert server.accepts == 1


def test_credentials_of_the_caller_do_not_follow_to_another_origin() -> None:
    with serve(HELLO) as other, serve(redirect_to(other.url())) as first:
        fetch(
            first.url(),
            headers={"Authorization": "Bearer secret", "X-Api-Key": "secret", "X-Trace": "1"},
            guard=opened(first, other),
        )
    assert b"secret" in first.requests[0]
    assert b"secret" not in other.requests[0] and b"X-Trace: 1" in other.requests[0]


@pytest.mark.parametrize(
    ("status", "method"), [("302 Found", b"GET"), ("303 See Other", b"GET"), ("307 T", b"POST")]
)
def test_method_after_a_redirect_follows_the_status(status: str, method: bytes) -> None:
    with serve(HELLO) as other, serve(redirect_to(other.url(), status)) as first:
        fetch(first.url(), method="POST", body=b"x=1", guard=opened(first, other))
    assert other.requests[0].startswith(method + b" ")


# -- limits
# ------------------------------------------------------------------------------------------------------


def endless(piece: bytes, pause: float, head: bytes = b"") -> Callable[[socket.socket, bytes], None]:
    def handler(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(head)
        while True:
            sock.sendall(piece)
            time.sleep(pause)

    return handler


OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"


def test_dripping_body_ends_at_the_total_deadline() -> None:
    with serve(endless(b"x", 0.05, OK_HEAD)) as server:
        started = time.monotonic()
        with pytest.raises(errors.FetchTimeout):
            fetch(server.url(), guard=opened(server), total_timeout=0.6)
    assert 0.5 < time.monotonic() - started < 1.5


def test_dripping_headers_end_at_the_total_deadline() -> None:
    with serve(endless(b"X", 0.05, b"HTTP/1.1 200 OK\r\nX-Slow: ")) as server:
        started = time.monotonic()
        with pytest.raises(errors.FetchFailed):
            fetch(server.url(), guard=opened(server), total_timeout=0.6)
    assert time.monotonic() - started < 1.5


def test_dripping_redirects_share_one_deadline() -> None:
    def slow_hop(sock: socket.socket, request: bytes) -> None:
        time.sleep(0.2)
        counting_hops(100)(sock, request)

    with serve(slow_hop) as server:
        started = time.monotonic()
        with pytest.raises(errors.FetchFailed):
            fetch(server.url("/0"), guard=opened(server), total_timeout=0.7)
    assert time.monotonic() - started < 1.5


def test_dripping_tls_handshake_ends_at_the_total_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        guard = Guard(allow=AllowList.parse([f"127.0.0.1:{port}"]))
        started = time.monotonic()
        with pytest.raises(errors.FetchFailed):
            fetch(f"https://127.0.0.1:{port}/", guard=guard, total_timeout=0.5)
    assert time.monotonic() - started < 1.5


def test_body_over_the_cap_is_refused_declared_or_not() -> None:
    for handler in (respond(b"x" * 5000), endless(b"x" * 4096, 0.001, OK_HEAD)):
        with serve(handler) as server, pytest.raises(errors.ResponseTooLarge):
            fetch(server.url(), guard=opened(server), max_bytes=4999)


def test_body_of_exactly_the_cap_is_accepted() -> None:
    with serve(respond(b"x" * 5000)) as server:
        assert len(fetch(server.url(), guard=opened(server), max_bytes=5000).body) == 5000


def test_truncate_cuts_at_the_cap() -> None:
    with serve(endless(b"x" * 4096, 0.001, OK_HEAD)) as server:
        assert fetch(server.url(), guard=opened(server), max_bytes=5000, truncate=True).body == b"x" * 5000


def repeated(compress: Callable[[bytes], bytes], size: int) -> bytes:
    return compress(b"\0" * size)


def zstd_bomb(size: int) -> bytes:
    zstd = pytest.importorskip("compression.zstd" if os.sys.version_info >= (3, 14) else "backports.zstd")
    return zstd.compress(b"\0" * size)


BOMB = 200_000_000


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda data: brotli.compress(data, quality=1)),
        ("zstd", None),
        ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
    ],
)
def test_decompression_bomb_is_stopped_in_bounded_memory(
    encoding: str, compress: Callable[[bytes], bytes] | None
) -> None:
    bomb = compress(bytes(BOMB)) if compress else zstd_bomb(BOMB)
    assert len(bomb) < 1_000_000
    with serve(respond(bomb, headers={"Content-Encoding": encoding})) as server:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.monotonic()
        with pytest.raises(errors.ResponseTooLarge):
            fetch(server.url(), guard=opened(server), max_bytes=10_000_000)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert time.monotonic() - started < 3
    assert grown < 20_000  # kilobytes: under twice the cap


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "identity"])
def test_compressed_bodies_are_decoded(encoding: str) -> None:
    text = os.urandom(3000) * 100
    zstd = pytest.importorskip("compression.zstd" if os.sys.version_info >= (3, 14) else "backports.zstd")
    encoders = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress, "zstd": zstd.compress}
    body = encoders.get(encoding, bytes)(text)
    with serve(respond(body, headers={"Content-Encoding": encoding})) as server:
        assert fetch(server.url(), guard=opened(server)).body == text


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"not gzip"),
        ("gzip", gzip.compress(b"x" * 999)[:-9]),
        ("rot13", b"x"),
        ("gzip,br,gzip", b"x"),
    ],
)
def test_undecodable_bodies_are_refused(encoding: str, body: bytes) -> None:
    answer = respond(body, headers={"Content-Encoding": encoding})
    with serve(answer) as server, pytest.raises(errors.UndecodableResponse):
        fetch(server.url(), guard=opened(server))


@pytest.mark.parametrize("piece", [b"X-Flood: " + b"y" * 1000 + b"\r\n", b"y" * 1000])
def test_header_flood_is_refused(piece: bytes) -> None:
    with (
        serve(endless(piece, 0, b"HTTP/1.1 200 OK\r\n")) as server,
        pytest.raises(errors.FetchError) as caught,
    ):
        fetch(server.url(), guard=opened(server), total_timeout=5)
    assert caught.value.code in ("response_too_large", "fetch_failed")


def test_headers_over_the_byte_cap_are_refused() -> None:
    flood = respond(b"", headers={f"X-{number}": "y" * 900 for number in range(90)})
    with serve(flood) as server, pytest.raises(errors.ResponseTooLarge):
        fetch(server.url(), guard=opened(server))


def test_content_type_gate_refuses_before_the_body_is_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
    with serve(endless(b"x", 0.05, head)) as server:
        started = time.monotonic()
        with pytest.raises(errors.ContentTypeNotAllowed):
            fetch(server.url(), guard=opened(server), accept=("text/html", "text/*"))
        assert time.monotonic() - started < 2


@pytest.mark.parametrize("accept", [("text/plain",), ("text/*",), ("*/*",), ()])
def test_content_type_gate_accepts_the_types_asked_for(accept: tuple[str, ...]) -> None:
    with serve(HELLO) as server:
        assert fetch(server.url(), guard=opened(server), accept=accept).ok


def test_missing_content_type_does_not_pass_a_gate() -> None:
    with serve(respond(b"x")) as server, pytest.raises(errors.ContentTypeNotAllowed):
        fetch(server.url(), guard=opened(server), accept=("text/csv",))


def test_truncated_body_is_an_error() -> None:
    def handler(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this")

    with serve(handler) as server, pytest.raises(errors.FetchFailed):
        fetch(server.url(), guard=opened(server))


# -- what the user learns, what we send
# ----------------------------------------------------------------------------


def test_open_closed_and_silent_ports_are_not_told_apart() -> None:
    def not_http(sock: socket.socket, _request: bytes) -> None:
        sock.sendall(b"220 smtp ready\r\n")

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    seen = set()
    with serve(not_http) as open_port, serve(lambda sock, request: time.sleep(3)) as silent:
        for port in (open_port.port, silent.port, closed):
            guard = Guard(allow=AllowList.parse([f"127.0.0.1:{port}"]))
            with pytest.raises(errors.FetchError) as caught:
                fetch(f"http://127.0.0.1:{port}/", guard=guard, total_timeout=0.5)
            seen.add((caught.value.code, caught.value.status, caught.value.title, caught.value.detail))
    assert len(seen) == 1


def test_no_cookies_credentials_or_proxy_settings_leave_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    setting_cookie = respond(
        b"", status="302 Found", headers={"Set-Cookie": "sid=secret; Path=/", "Location": "/2"}
    )

    def handler(sock: socket.socket, request: bytes) -> None:
        (HELLO if request.startswith(b"GET /2") else setting_cookie)(sock, request)

    with serve(HELLO) as proxy, serve(handler) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        fetch(server.url(), guard=opened(server, proxy))
    assert proxy.accepts == 0
    assert len(server.requests) == 2
    for request in server.requests:
        names = {line.split(b":")[0].lower() for line in request.split(b"\r\n")[1:] if line}
        assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}
        assert b"secret" not in request


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\r\nY": "a"}, {"X": "a\x00"}])
def test_header_injection_is_refused(headers: dict[str, str]) -> None:
    with serve(HELLO) as server, pytest.raises(errors.UrlNotAllowed):
        fetch(server.url(), headers=headers, guard=opened(server))
    assert server.accepts == 0


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection"])
def test_framing_headers_belong_to_the_fetcher(name: str) -> None:
    with pytest.raises(ValueError, match="set by the fetcher"):
        fetch(
            "http://example.com/", headers={name: "x"}, guard=Guard(resolver=lambda host, port: ["8.8.8.8"])
        )


# -- TLS
# ---------------------------------------------------------------------------------------------------------


def server_context(authority: trustme.CA, *names: str, expired: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    certificate = authority.issue_cert(*(names or ("shop.test",)), not_after=past if expired else None)
    certificate.configure_cert(context)
    return context


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_keeps_the_host_name_although_the_vetted_address_is_connected_to() -> None:
    authority = trustme.CA()
    names: list[str | None] = []
    context = server_context(authority)
    context.sni_callback = lambda _sock, name, _context: names.append(name)
    with serve(HELLO, context=context) as server:
        guard = opened(server, resolver=lambda host, port: ["127.0.0.1"])
        result = fetch(server.url(host="shop.test"), guard=guard, tls_context=client_context(authority))
    assert result.body == b"hello" and names == ["shop.test"]
    assert f"Host: shop.test:{server.port}".encode() in server.requests[0]


@pytest.mark.parametrize("case", ["other name", "expired", "unknown authority"])
def test_bad_certificates_are_refused_before_a_request_is_sent(case: str) -> None:
    authority = trustme.CA()
    context = server_context(
        authority, "other.test" if case == "other name" else "shop.test", expired=case == "expired"
    )
    trusted = trustme.CA() if case == "unknown authority" else authority
    with serve(HELLO, context=context) as server:
        guard = opened(server, resolver=lambda host, port: ["127.0.0.1"])
        with pytest.raises(errors.CertificateInvalid):
            fetch(server.url(host="shop.test"), guard=guard, tls_context=client_context(trusted))
    assert server.requests == []


def test_slow_body_over_tls_ends_at_the_deadline() -> None:
    authority = trustme.CA()
    with serve(endless(b"x", 0.05, OK_HEAD), context=server_context(authority)) as server:
        guard = opened(server, resolver=lambda host, port: ["127.0.0.1"])
        started = time.monotonic()
        with pytest.raises(errors.FetchTimeout):
            fetch(
                server.url(host="shop.test"),
                guard=guard,
                tls_context=client_context(authority),
                total_timeout=0.8,
            )
    assert time.monotonic() - started < 2


# -- files and webhooks
# ------------------------------------------------------------------------------------------


def test_download_appears_complete_under_its_name(tmp_path: Path) -> None:
    with serve(respond(gzip.compress(b"a,b\n1,2\n"), headers={"Content-Encoding": "gzip"})) as server:
        result = fetch_to_file(server.url(), tmp_path / "data.csv", max_bytes=100, guard=opened(server))
    assert result.path is not None and result.path.read_bytes() == b"a,b\n1,2\n"
    assert (result.size, result.body) == (8, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


@pytest.mark.parametrize(
    "handler", [respond(b"x" * 200), respond(b"", status="404 Not Found"), endless(b"x", 0.02, OK_HEAD)]
)
def test_failed_download_leaves_nothing_and_keeps_the_old_file(
    tmp_path: Path, handler: Callable[..., None]
) -> None:
    (tmp_path / "data.csv").write_bytes(b"old")
    with serve(handler) as server, pytest.raises(errors.FetchError):
        fetch_to_file(
            server.url(), tmp_path / "data.csv", max_bytes=100, total_timeout=0.5, guard=opened(server)
        )
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"] and (
        tmp_path / "data.csv"
    ).read_bytes() == b"old"


def test_full_disk_is_reported_as_such() -> None:
    class Full(type(Path())):  # type: ignore[misc]
        def open(self, *args: object, **kwargs: object) -> object:
            return open("/dev/full", "wb", buffering=0)  # noqa: PTH123

        def with_name(self, name: str) -> Path:
            return Full(super().with_name(name))

    with serve(respond(b"x" * 50)) as server, pytest.raises(StorageFull):
        fetch_to_file(server.url(), Full("/nonexistent-target"), max_bytes=100, guard=opened(server))


def test_post_json_sends_the_payload_and_follows_nothing() -> None:
    with serve(HELLO) as target, serve(redirect_to(target.url(), "307 T")) as server:
        result = post_json(server.url("/hook"), {"event": "done", "n": 1}, guard=opened(server, target))
    assert result.status == 307 and target.accepts == 0
    assert b"content-type: application/json" in server.requests[0].lower()


def test_post_json_refuses_private_hosts_and_bad_numbers() -> None:
    with pytest.raises(errors.HostNotPublic):
        post_json("http://169.254.169.254/latest", {}, guard=Guard())
    with pytest.raises(ValueError, match="JSON"):
        post_json("http://example.com/", {"n": float("nan")}, guard=Guard())


def test_json_bodies_are_read_or_refused() -> None:
    with serve(respond(json.dumps({"a": 1}).encode())) as good, serve(respond(b"[" * 100_000)) as bad:
        guard = opened(good, bad)
        assert fetch(good.url(), guard=guard).json() == {"a": 1}
        with pytest.raises(errors.UndecodableResponse):
            fetch(bad.url(), guard=guard).json()
