"""The guarded browser with a real Chromium against local sites."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import os
import socket
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from django.conf import settings

from plugzero_api.kernel.http import errors
from plugzero_api.kernel.http.addresses import AllowList
from plugzero_api.kernel.http.browser import BrowserUnavailable, GuardedBrowser, RenderedPage, find_chromium
from plugzero_api.kernel.http.guard import Guard
from plugzero_api.kernel.http.proxy import GuardedProxy
from plugzero_api.kernel.processes import marked_family
from plugzero_api.kernel.tests.crawl.site import LocalSite, Reply, redirect, running
from plugzero_api.kernel.tests.http.servers import serve

needs_chromium = pytest.mark.skipif(
    settings.configured and find_chromium() is None, reason="Chromium is not installed (apt install chromium)"
)
pytestmark = pytest.mark.browser


def html(body: str, **changes: object) -> Reply:
    return Reply(
        f"<!doctype html><html><head><title>t</title></head><body>{body}</body></html>".encode(), **changes
    )  # type: ignore[arg-type]


class Rig:
    """One Chromium for the module; each test sets what the guard permits and how names resolve."""

    def __init__(self) -> None:
        self.names: dict[str, Callable[[], list[str]]] = {}
        self.guard = Guard(resolver=self._resolve)
        self.browser = GuardedBrowser(guard=self.guard)

    def _resolve(self, host: str, port: int) -> list[str]:
        if host not in self.names:
            raise OSError("unknown")
        return self.names[host]()

    def open(self, *sites: LocalSite) -> None:
        self.guard.allow = AllowList.parse([f"127.0.0.1:{site.port}" for site in sites])

    def render(self, url: str, **options: object) -> RenderedPage:
        return self.browser.render(url, **{"settle": 1.0, "total_timeout": 15.0, **options})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def _rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.browser.close()


@pytest.fixture
def rig(_rig: Rig) -> Rig:
    _rig.names = {}
    _rig.guard.allow = AllowList()
    return _rig


@needs_chromium
def test_the_dom_after_scripts_is_returned_with_facts_and_requests(rig: Rig) -> None:
    site = LocalSite(
        {
            "/": html('<h1 id=x style="height:40px"></h1><script src="/s.js"></script><img src="/none.png">'),
            "/s.js": Reply(
                b"document.getElementById('x').textContent = 'by script'", content_type="text/javascript"
            ),
        }
    )
    with running(site):
        rig.open(site)
        page = rig.render(
            site.url(), evaluate="() => document.getElementById('x').getBoundingClientRect().height"
        )
    assert '<h1 id="x" style="height:40px">by script</h1>' in page.html and page.html.startswith(
        "<!DOCTYPE html>"
    )
    assert (page.status, page.facts, page.settled, page.truncated) == (200, 40, True, False)
    assert page.url == site.url() and page.headers["content-type"].startswith("text/html")
    assert {(request.resource_type, request.status) for request in page.requests} >= {
        ("document", 200),
        ("script", 200),
        ("image", 404),
    }
    assert page.received > 200 and 0 < page.timings.first_byte <= page.timings.total


@needs_chromium
def test_redirect_chain_is_reported(rig: Rig) -> None:
    site = LocalSite({"/": redirect("/b"), "/b": redirect("/c", "302 Found"), "/c": html("end")})
    with running(site):
        rig.open(site)
        page = rig.render(site.url())
        assert page.url == site.url("/c")
        assert [(hop.url, hop.status) for hop in page.redirects] == [(site.url(), 301), (site.url("/b"), 302)]


@needs_chromium
@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:{port}/", errors.HostNotPublic),
        ("http://2130706433:{port}/", errors.HostNotPublic),
        ("http://0x7f.1:{port}/", errors.HostNotPublic),
        ("http://[::1]:{port}/", errors.HostNotPublic),
        ("http://[::ffff:127.0.0.1]:{port}/", errors.HostNotPublic),
        ("http://①②⑦.⓪.⓪.①:{port}/", errors.HostNotPublic),
        ("http://169.254.169.254/", errors.HostNotPublic),
        ("http://[64:ff9b::7f00:1]/", errors.HostNotPublic),
        ("file:///etc/passwd", errors.UrlNotAllowed),
        ("gopher://127.0.0.1:{port}/", errors.UrlNotAllowed),
        ("data:text/html,x", errors.UrlNotAllowed),
        ("chrome://version", errors.UrlNotAllowed),
        ("http://a:b@127.0.0.1:{port}/", errors.UrlNotAllowed),
        ("http://127.0.0.1:{port}\\@x/", errors.UrlNotAllowed),
        ("http://127.0.0.1:{port}/\r\nX: y", errors.UrlNotAllowed),
    ],
)
def test_private_and_forbidden_urls_are_refused(rig: Rig, url: str, error: type[errors.FetchError]) -> None:
    site = LocalSite({"/": html("secret")})
    with running(site):
        rig.guard.allow = AllowList.parse(["198.51.100.1:*"])
        with pytest.raises(error):
            rig.render(url.format(port=site.port))
    assert site.connections == 0


@needs_chromium
def test_subrequests_of_every_kind_cannot_reach_private_addresses(rig: Rig) -> None:
    private = LocalSite(answer=lambda path: Reply(b"secret", headers={"Access-Control-Allow-Origin": "*"}))
    with running(private):
        target = private.url().rstrip("/")
        named = f"http://internal.test:{private.port}"
        body = f"""
            <img src="{target}/img"><img src="{named}/img"><iframe src="{target}/frame"></iframe>
            <link rel=stylesheet href="{target}/css"><link rel=preconnect href="{target}"><script src="{target}/js">
            </script><link rel=prefetch href="{target}/prefetch"><link rel=dns-prefetch href="//internal.test">
            <object data="{target}/object"></object><video src="{target}/video"></video>
            <form id=f action="{target}/form" target=frame method=post><input name=a></form><iframe name=frame></iframe>
            <script>
              fetch("{target}/fetch", {{mode: "no-cors"}}).catch(() => 0);
              const x = new XMLHttpRequest(); x.open("GET", "{named}/xhr"); x.send();
              navigator.sendBeacon("{target}/beacon", "x");
              try {{ new WebSocket("ws://127.0.0.1:{private.port}/ws"); }} catch (e) {{}}
              try {{ new EventSource("{target}/events"); }} catch (e) {{}}
              try {{ new Worker("{target}/worker"); }} catch (e) {{}}
              window.open("{target}/popup");
              document.getElementById("f").submit();
              fetch("/jump").catch(() => 0);
            </script>"""
        site = LocalSite({"/": html(body), "/jump": redirect(f"{target}/jumped")})
        with running(site):
            rig.guard.allow = AllowList.parse([f"127.0.0.1:{site.port}", f"198.51.100.1:{private.port}"])
            rig.names["internal.test"] = lambda: ["127.0.0.1"]
            page = rig.render(site.url(), settle=2.0)
    assert page.status == 200 and "/jump" in site.paths()
    assert private.connections == 0
    assert any(request.failure for request in page.requests)


@needs_chromium
def test_name_that_changes_to_loopback_between_vetting_and_loading_is_refused(rig: Rig) -> None:
    private = LocalSite({"/": html("secret")})
    with running(private):
        answers = iter([["198.51.100.7"]])
        rig.names["rebind.test"] = lambda: next(answers, ["127.0.0.1"])
        rig.guard.allow = AllowList.parse([f"198.51.100.7:{private.port}"])
        with pytest.raises(errors.FetchError):
            rig.render(f"http://rebind.test:{private.port}/", total_timeout=5)
    assert private.connections == 0


@needs_chromium
def test_mixed_answer_refuses_the_host(rig: Rig) -> None:
    site = LocalSite({"/": html("x")})
    with running(site):
        rig.open(site)
        rig.names["mixed.test"] = lambda: ["127.0.0.1", "198.51.100.7"]
        with pytest.raises(errors.HostNotPublic):
            rig.render(f"http://mixed.test:{site.port}/")
    assert site.connections == 0


@needs_chromium
@pytest.mark.parametrize("how", ["header", "script", "refresh"])
def test_navigation_to_a_private_address_is_refused(rig: Rig, how: str) -> None:
    private = LocalSite({"/": html("secret")})
    with running(private):
        moves = {
            "header": redirect(private.url(), "302 Found"),
            "script": html(f"<script>location = '{private.url()}'</script>"),
            "refresh": html(f"<meta http-equiv=refresh content='0; url={private.url()}'>"),
        }
        site = LocalSite({"/": moves[how]})
        with running(site):
            rig.guard.allow = AllowList.parse([f"127.0.0.1:{site.port}", f"198.51.100.1:{private.port}"])
            try:
                page = rig.render(site.url())
                assert how != "header" and "secret" not in page.html
            except errors.FetchError as error:
                assert error.code in ("host_not_public", "url_not_allowed", "fetch_failed")
    assert private.connections == 0


@needs_chromium
def test_redirect_to_file_and_script_navigation_to_file_read_nothing(rig: Rig) -> None:
    site = LocalSite(
        {"/r": redirect("file:///etc/passwd"), "/s": html("<script>location='file:///etc/passwd'</script>")}
    )
    with running(site):
        rig.open(site)
        with pytest.raises(errors.FetchError):
            rig.render(site.url("/r"))
        assert "root:" not in rig.render(site.url("/s")).html


@needs_chromium
def test_the_eleventh_hop_is_refused(rig: Rig) -> None:
    site = LocalSite(
        answer=lambda path: html("end") if path == "/10" else redirect(f"/{int(path[1:] or 0) + 1}")
    )
    endless = LocalSite(answer=lambda path: redirect(f"/{int(path[1:] or 0) + 1}"))
    with running(site), running(endless):
        rig.open(site, endless)
        assert len(rig.render(site.url("/0")).redirects) == 10
        with pytest.raises(errors.TooManyRedirects):
            rig.render(endless.url("/0"))
    assert len(endless.paths()) < 20


@needs_chromium
def test_dripping_page_ends_within_the_total_time(rig: Rig) -> None:
    site = LocalSite({"/": Reply(b"<p>" + b"x" * 10_000, drip=0.05)})
    with running(site):
        rig.open(site)
        started = time.monotonic()
        try:
            rig.render(site.url(), total_timeout=3)
        except errors.FetchError as error:
            assert error.code == "fetch_timeout"
        assert time.monotonic() - started < 8


@needs_chromium
def test_endless_loop_is_killed_and_the_next_render_works(rig: Rig) -> None:
    site = LocalSite({"/": html("<script>for(;;){}</script>"), "/ok": html("fine")})
    with running(site):
        rig.open(site)
        started = time.monotonic()
        with pytest.raises(errors.FetchTimeout):
            rig.render(site.url(), total_timeout=3)
        assert time.monotonic() - started < 12
        assert "fine" in rig.render(site.url("/ok")).html


@needs_chromium
def test_loop_that_starts_after_loading_is_killed_too(rig: Rig) -> None:
    site = LocalSite({"/": html("<script>setTimeout(() => { for(;;){} }, 300)</script>")})
    with running(site):
        rig.open(site)
        with pytest.raises(errors.FetchTimeout):
            rig.render(site.url(), total_timeout=3)


@needs_chromium
def test_memory_hog_is_killed() -> None:
    site = LocalSite({"/": html("<script>const a=[];for(;;){a.push(new Uint8Array(5e7).fill(1))}</script>")})
    with running(site):
        guard = Guard(allow=AllowList.parse([f"127.0.0.1:{site.port}"]))
        hog = GuardedBrowser(guard=guard, max_memory_bytes=600_000_000)
        with hog as browser, pytest.raises(errors.FetchError) as caught:
            browser.render(site.url(), total_timeout=15)
    assert caught.value.code in ("response_too_large", "fetch_failed")


@needs_chromium
def test_bytes_are_capped_over_all_requests(rig: Rig) -> None:
    images = "".join(f"<img src='/{number}.png'>" for number in range(20))
    site = LocalSite({"/": html(images)}, lambda path: Reply(os.urandom(200_000), content_type="image/png"))
    with running(site):
        rig.open(site)
        with pytest.raises(errors.ResponseTooLarge):
            rig.render(site.url(), max_bytes=1_000_000)


@needs_chromium
def test_html_is_cut_at_its_cap(rig: Rig) -> None:
    bomb = gzip.compress(b"<p>" + b"some words " * 300_000)
    site = LocalSite({"/": Reply(bomb, headers={"Content-Encoding": "gzip"})})
    with running(site):
        rig.open(site)
        page = rig.render(site.url(), max_html=100_000)
    assert page.truncated and len(page.html) == 100_000


@needs_chromium
def test_requests_per_page_are_limited(rig: Rig) -> None:
    site = LocalSite({"/": html("<script>for(let i=0;i<300;i++) fetch('/x'+i).catch(()=>0)</script>")})
    with running(site):
        rig.open(site)
        rig.render(site.url(), max_requests=20)
    assert len(site.hits) <= 20


@needs_chromium
def test_renders_share_no_cookies_and_send_no_secrets(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    cookie = html(
        "<script>localStorage.x = 1; document.cookie = 'js=1'</script>", headers={"Set-Cookie": "sid=secret"}
    )
    site = LocalSite({"/": cookie, "/2": html("x")})
    with running(site):
        rig.open(site)
        rig.render(site.url())
        page = rig.render(site.url("/2"), evaluate="() => [document.cookie, localStorage.length]")
    assert page.facts == ["", 0]
    for hit in site.hits:
        assert not {"cookie", "authorization", "proxy-authorization", "proxy-connection"} & set(hit.headers)


@needs_chromium
def test_hostile_page_cannot_spoil_what_is_read(rig: Rig) -> None:
    site = LocalSite(
        {
            "/": html(
                "<script>String.prototype.slice = () => 7; JSON.stringify = () => '{'; Array.prototype.map=0</script>"
            ),
            "/csp": html("x", headers={"Content-Security-Policy": "default-src 'none'; script-src 'none'"}),
        }
    )
    with running(site):
        rig.open(site)
        with contextlib.suppress(errors.FetchFailed):
            assert isinstance(rig.render(site.url(), evaluate="() => 1").html, str)
        assert rig.render(site.url("/csp"), evaluate="() => 1 + 1").facts == 2


@needs_chromium
def test_certificates_are_verified_unless_asked_otherwise() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("shop.test").configure_cert(context)
    site = LocalSite({"/": html("fine")})
    with running(site, context=context):
        guard = Guard(
            allow=AllowList.parse([f"127.0.0.1:{site.port}"]), resolver=lambda host, port: ["127.0.0.1"]
        )
        with GuardedBrowser(guard=guard) as browser, pytest.raises(errors.CertificateInvalid):
            browser.render(site.url("/", "shop.test"))
        with GuardedBrowser(guard=guard, accept_bad_certificates=True) as browser:
            assert "fine" in browser.render(site.url("/", "shop.test")).html


@needs_chromium
def test_closed_and_silent_ports_are_not_told_apart(rig: Rig) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        closed = unused.getsockname()[1]
    with serve(lambda sock, request: None) as odd:
        rig.guard.allow = AllowList.parse([f"127.0.0.1:{closed}", f"127.0.0.1:{odd.port}"])
        seen = set()
        for port in (closed, odd.port):
            with pytest.raises(errors.FetchError) as caught:
                rig.render(f"http://127.0.0.1:{port}/", total_timeout=5)
            seen.add((caught.value.code, caught.value.detail))
    assert seen == {("fetch_failed", "The server did not give a usable answer.")}


@needs_chromium
def test_closing_leaves_no_process_and_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not pytest's own folder: Chromium's socket needs a short path.
    tmp_path = Path(tempfile.mkdtemp(prefix="b-", dir="/tmp"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    site = LocalSite({"/": html("x")})
    with running(site):
        browser = GuardedBrowser(guard=Guard(allow=AllowList.parse([f"127.0.0.1:{site.port}"])))
        browser.render(site.url())
        marker = f"PLUGZERO_BROWSER={browser._marker}".encode()
        assert marked_family(marker)
        browser.close()
    deadline = time.monotonic() + 5
    while marked_family(marker) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert marked_family(marker) == set()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("browser-")]


def test_missing_chromium_is_a_clear_error() -> None:
    browser = GuardedBrowser(
        guard=Guard(resolver=lambda host, port: ["8.8.8.8"]), executable="/nonexistent/chromium"
    )
    with pytest.raises(BrowserUnavailable):
        browser.render("http://example.com/")
    browser.close()


# -- the proxy alone
# -------------------------------------------------------------------------------------------------


def through(proxy: GuardedProxy, head: str, *, credentials: bool = True) -> bytes:
    token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    extra = f"Proxy-Authorization: Basic {token}\r\n" if credentials else ""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as sock:
        sock.sendall(f"{head}\r\n{extra}\r\n".encode())
        data = b""
        while piece := sock.recv(65536):
            data += piece
        return data


@pytest.fixture
def proxied() -> Iterator[tuple[LocalSite, GuardedProxy]]:
    site = LocalSite({"/": html("through")})
    with running(site):
        guard = Guard(
            allow=AllowList.parse([f"127.0.0.1:{site.port}"]),
            resolver=lambda host, port: ["127.0.0.1", "10.0.0.1"] if host == "mixed.test" else ["127.0.0.1"],
        )
        with GuardedProxy(guard) as proxy:
            proxy.open_window(max_bytes=100_000, seconds=20)
            yield site, proxy


def test_proxy_passes_vetted_requests(proxied: tuple[LocalSite, GuardedProxy]) -> None:
    site, proxy = proxied
    answer = through(proxy, f"GET {site.url('/', 'shop.test')} HTTP/1.1")
    assert b"through" in answer and b"Connection: close" in answer
    assert set(site.hits[0].headers) == {"host", "connection"}


@pytest.mark.parametrize(
    "head",
    [
        "GET http://mixed.test:{port}/ HTTP/1.1",
        "CONNECT mixed.test:{port} HTTP/1.1",
        "CONNECT 127.0.0.1:1 HTTP/1.1",
        "CONNECT 127.0.0.1 HTTP/1.1",
        "CONNECT a b:80 HTTP/1.1",
        "GET file:///etc/passwd HTTP/1.1",
        "GET /relative HTTP/1.1",
        "GET http://a@127.0.0.1:{port}/ HTTP/1.1",
        "nonsense",
    ],
)
def test_proxy_refuses_the_rest_without_a_connection(
    proxied: tuple[LocalSite, GuardedProxy], head: str
) -> None:
    site, proxy = proxied
    assert b"200" not in through(proxy, head.format(port=site.port))
    assert site.connections == 0


def test_proxy_refuses_strangers(proxied: tuple[LocalSite, GuardedProxy]) -> None:
    site, proxy = proxied
    assert through(proxy, f"GET {site.url()} HTTP/1.1", credentials=False).startswith(b"HTTP/1.1 407")
    assert site.connections == 0


def test_proxy_serves_one_request_per_connection(proxied: tuple[LocalSite, GuardedProxy]) -> None:
    """A second request on the connection could name another host; it must not reach the first one's
    server."""
    site, proxy = proxied
    token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    head = f"GET {site.url()} HTTP/1.1\r\nProxy-Authorization: Basic {token}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as sock:
        sock.sendall(head.encode() * 2)
        while sock.recv(65536):
            pass
    assert len(site.hits) <= 1


def test_proxy_tunnels_are_closed_at_the_byte_cap_and_after_the_window(
    proxied: tuple[LocalSite, GuardedProxy],
) -> None:
    site, proxy = proxied
    site.pages["/big"] = Reply(b"x" * 500_000)
    token = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=5)
    connection.set_tunnel("127.0.0.1", site.port, headers={"Proxy-Authorization": f"Basic {token}"})
    connection.request("GET", "/big")
    with pytest.raises((http.client.HTTPException, OSError)):
        connection.getresponse().read()
    assert proxy.exceeded
    proxy.close_window()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as sock:
        sock.sendall(b"GET http://x/ HTTP/1.1\r\n\r\n")
        if not sock.recv(10):
            raise OSError("closed without an answer")
