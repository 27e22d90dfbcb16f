"""Fetch a page as a browser renders it, under the same guard as every other fetch.

    with GuardedBrowser() as browser:
        rendered = browser.render("https://example.com/", evaluate="() => document.title")

Chromium runs with a proxy that vets every connection (see ``proxy``), a resolver that resolves nothing, no
service workers, no web sockets, no downloads and no state shared between two pages. JavaScript of the page
is hostile code: a watchdog kills the browser when it outlives the total time or outgrows its memory.

Playwright's synchronous interface keeps an event loop running in its thread, where Django would then refuse
database access; so it lives in a thread of its own, and callers may be anything.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, Request, Route, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from plugzero_api.kernel.http.errors import (
    CertificateInvalid,
    FetchError,
    FetchFailed,
    FetchTimeout,
    HostNotPublic,
    ResponseTooLarge,
    TooManyRedirects,
    UrlNotAllowed,
)
from plugzero_api.kernel.http.fetch import MAX_REDIRECTS, USER_AGENT, Redirect
from plugzero_api.kernel.http.guard import Guard, default_guard
from plugzero_api.kernel.http.proxy import GuardedProxy
from plugzero_api.kernel.processes import marked_family, resident_bytes

_EXECUTABLES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_ARGUMENTS = (
    # Nothing is resolved or reached except through the proxy, whose address needs no resolution.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--proxy-bypass-list=<-loopback>",
    "--dns-prefetch-disable",
    "--disable-quic",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-gpu",
    "--disable-features=WebRTC,MediaRouter,OptimizationHints,Translate",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-first-run",
    "--no-pings",
)
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "FONTCONFIG_PATH", "FONTCONFIG_FILE")
_SETTLE_SECONDS = 3.0
_GRACE_SECONDS = 3.0
_WATCH_SECONDS = 0.25
_MARKER = "PLUGZERO_BROWSER"
_MAX_REQUESTS_REPORTED = 2_000
_MAX_CONSOLE = 100
_MAX_FACTS = 1_000_000  # characters of JSON
_READ_DOCUMENT = """limit => {
  const doctype = document.doctype ? new XMLSerializer().serializeToString(document.doctype) : '';
  const html = doctype + (document.documentElement ? document.documentElement.outerHTML : '');
  return [html.slice(0, limit), html.length > limit];
}"""
_TIMINGS = """() => {
  const entry = performance.getEntriesByType('navigation')[0];
  return entry ? [entry.responseStart, entry.domContentLoadedEventEnd, entry.loadEventEnd] : [0, 0, 0];
}"""


class BrowserUnavailable(FetchError):
    """Chromium is not installed, or did not start."""

    code = "browser_unavailable"
    status = 503
    title = "The browser for rendering pages is not available"


@dataclass(frozen=True, slots=True)
class RenderedRequest:
    """One request that the page made. ``status`` is 0 without an answer, ``failure`` then says why:
    ``blocked`` for what the guard refused, else Chromium's net error."""

    url: str
    resource_type: str
    status: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class RenderTimings:
    """Seconds from the start of the navigation, 0 for what did not happen; ``total`` is the whole call."""

    first_byte: float
    dom_content_loaded: float
    load: float
    total: float


@dataclass(frozen=True, slots=True)
class RenderedPage:
    """``html`` is the serialised DOM after scripts ran, cut at the cap (``truncated``). ``facts`` is what
    ``evaluate`` returned. ``settled`` is False when the page was still busy when it was read."""

    url: str
    status: int
    headers: dict[str, str]
    html: str
    truncated: bool
    facts: Any
    redirects: tuple[Redirect, ...]
    requests: tuple[RenderedRequest, ...]
    console_errors: tuple[str, ...]
    received: int
    settled: bool
    timings: RenderTimings


def find_chromium() -> str | None:
    """Path of the system's Chromium (or the setting ``PLUGZERO_CHROMIUM_PATH``), None if there is none."""
    from django.conf import settings

    configured = str(getattr(settings, "PLUGZERO_CHROMIUM_PATH", "") or "")
    if configured:
        return configured if Path(configured).is_file() else None
    return next((path for path in map(shutil.which, _EXECUTABLES) if path), None)


@dataclass(frozen=True, slots=True)
class _Order:
    """One call of ``render``; ``started`` and ``deadline`` are on the monotonic clock."""

    url: str
    evaluate: str | None
    started: float
    deadline: float
    max_bytes: int
    max_html: int
    settle: float
    viewport: tuple[int, int]
    mobile: bool


@dataclass
class _Recording:
    """What one page did, filled by Playwright's events."""

    max_requests: int
    blocked: set[str] = field(default_factory=set)
    requests: list[RenderedRequest] = field(default_factory=list)
    document_hosts: set[str] = field(default_factory=set)
    too_many_redirects: bool = False
    console: list[str] = field(default_factory=list)
    started: int = 0


class GuardedBrowser:
    """One Chromium for a sequence of renders. Each render has a context of its own: no cookies, cache or
    storage is shared. A browser that had to be killed is started again by the next render."""

    def __init__(
        self,
        *,
        guard: Guard | None = None,
        executable: str | None = None,
        user_agent: str = USER_AGENT,
        max_memory_bytes: int = 1_500_000_000,
        skipped_types: Sequence[str] = ("media",),
        accept_bad_certificates: bool = False,
    ) -> None:
        self._guard = guard or default_guard(cache_seconds=60)
        self._executable = executable or find_chromium()
        self._user_agent = user_agent
        self._max_memory = max_memory_bytes
        self._skipped = frozenset(skipped_types)
        self._marker = secrets.token_hex(16)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="browser")
        self._accept_bad_certificates = accept_bad_certificates
        self._proxy: GuardedProxy | None = None
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None
        self._profile: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> GuardedBrowser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End Chromium, its driver and the proxy."""
        self._executor.submit(self._close).result()

    def _close(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None:
            with contextlib.suppress(PlaywrightError):
                browser.close()
        playwright, self._playwright = self._playwright, None
        if playwright is not None:
            with contextlib.suppress(PlaywrightError):
                playwright.stop()
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.stop()
        profile, self._profile = self._profile, None
        if profile is not None:
            with contextlib.suppress(OSError):
                profile.cleanup()

    def render(
        self,
        url: str,
        *,
        evaluate: str | None = None,
        total_timeout: float = 30.0,
        max_bytes: int = 30_000_000,
        max_html: int = 10_000_000,
        max_requests: int = 500,
        settle: float = _SETTLE_SECONDS,
        viewport: tuple[int, int] = (1280, 800),
        mobile: bool = False,
    ) -> RenderedPage:
        """Open ``url``, let it settle (no network for half a second, at most ``settle`` seconds) and read it.

        ``evaluate`` is a JavaScript function without arguments; its result must be JSON of at most 1 MB and
        becomes ``facts`` (None if it is larger or throws). ``max_bytes`` counts everything received for the
        page.

        Raises a ``FetchError``: :class:`HostNotPublic`, :class:`FetchTimeout`, :class:`ResponseTooLarge`, ...
        """
        started = time.monotonic()
        vetted = self._guard.vet(url)
        self._guard.addresses(vetted.host, vetted.port, timeout=total_timeout)
        order = _Order(
            url=vetted.url,
            evaluate=evaluate,
            started=started,
            deadline=started + total_timeout,
            max_bytes=max_bytes,
            max_html=max_html,
            settle=settle,
            viewport=viewport,
            mobile=mobile,
        )
        return self._executor.submit(self._render, order, _Recording(max_requests)).result()

    def _render(self, order: _Order, recording: _Recording) -> RenderedPage:
        """In the browser's thread."""
        browser = self._started()
        proxy = self._proxy
        assert proxy is not None
        # Starting Chromium counts: a caller that gave ten seconds waits ten seconds.
        proxy.open_window(max_bytes=order.max_bytes, seconds=_left(order.deadline) / 1000)
        watchdog = _Watchdog(self._marker, order.deadline + _GRACE_SECONDS, self._max_memory)
        try:
            with watchdog:
                try:
                    with self._context(browser, recording, order) as context:
                        return self._read(context, recording, order)
                except PlaywrightError as error:
                    self._raise(error, recording, watchdog, order.deadline)
        finally:
            if watchdog.fired:
                self._close()
            else:
                proxy.close_window()
        raise AssertionError("unreachable")

    def _started(self) -> Browser:
        if self._browser is not None and self._browser.is_connected():
            return self._browser
        self._close()
        if self._executable is None:
            raise BrowserUnavailable("Chromium is not installed on this server.")
        self._proxy = GuardedProxy(self._guard)
        self._proxy.start()
        self._profile = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        environment: dict[str, str | float | bool] = {
            name: os.environ[name] for name in _ENVIRONMENT if name in os.environ
        }
        environment["HOME"] = self._profile.name
        environment[_MARKER] = self._marker
        try:
            self._playwright = sync_playwright().start()
            self._browser = self._playwright.chromium.launch(
                executable_path=self._executable,
                headless=True,
                # Chromium refuses its sandbox to root; everyone else keeps it.
                chromium_sandbox=os.geteuid() != 0,
                args=list(_ARGUMENTS),
                env=environment,
                proxy={
                    "server": self._proxy.url,
                    "username": self._proxy.username,
                    "password": self._proxy.password,
                },
                timeout=30_000,
            )
        except PlaywrightError as error:
            self._close()
            raise BrowserUnavailable("Chromium could not be started on this server.") from error
        return self._browser

    @contextlib.contextmanager
    def _context(self, browser: Browser, recording: _Recording, order: _Order) -> Iterator[BrowserContext]:
        context = browser.new_context(
            user_agent=self._user_agent,
            viewport={"width": order.viewport[0], "height": order.viewport[1]},
            is_mobile=order.mobile,
            has_touch=order.mobile,
            accept_downloads=False,
            service_workers="block",
            ignore_https_errors=self._accept_bad_certificates,
            permissions=[],
            locale="en-US",
        )
        try:
            context.route("**/*", lambda route: self._judge(route, recording))
            context.route_web_socket("**/*", lambda socket: socket.close())
            yield context
        finally:
            with contextlib.suppress(PlaywrightError):
                context.close()

    def _judge(self, route: Route, recording: _Recording) -> None:
        """Every request passes here before it is sent; redirects of it are judged by the proxy."""
        request = route.request
        recording.started += 1
        try:
            if recording.started > recording.max_requests or request.resource_type in self._skipped:
                raise UrlNotAllowed
            if request.url.startswith(("http:", "https:")):
                # A fragment never leaves the browser, and spaces in it are no reason to refuse.
                self._guard.vet(request.url.partition("#")[0])
            elif not request.url.startswith(("data:", "blob:", "about:")):
                raise UrlNotAllowed
        except UrlNotAllowed:
            recording.blocked.add(request.url)
            with contextlib.suppress(PlaywrightError):
                route.abort("blockedbyclient")
            return
        with contextlib.suppress(PlaywrightError):
            route.continue_()

    def _read(self, context: BrowserContext, recording: _Recording, order: _Order) -> RenderedPage:
        page = context.new_page()
        _listen(page, context, recording)
        page.on("request", lambda request: self._follow_document(request, recording))
        response = page.goto(order.url, wait_until="domcontentloaded", timeout=_left(order.deadline))
        if response is None:
            raise FetchFailed
        settled = True
        try:
            page.wait_for_load_state("networkidle", timeout=min(order.settle * 1000, _left(order.deadline)))
        except PlaywrightError:
            settled = False
        if page.is_closed() or time.monotonic() > order.deadline:
            raise FetchTimeout
        html, truncated = _document(page, order.max_html)
        facts: Any = None
        if order.evaluate is not None:
            facts = _evaluate(page, order.evaluate)
        first_byte, ready, load = _navigation_times(page)
        proxy = self._proxy
        assert proxy is not None
        if proxy.exceeded:
            raise ResponseTooLarge("The page with all it loads is larger than allowed.")
        return RenderedPage(
            url=page.url,
            status=response.status,
            headers=response.headers,
            html=html,
            truncated=truncated,
            facts=facts,
            redirects=_redirects(response.request),
            requests=tuple(recording.requests),
            console_errors=tuple(recording.console),
            received=proxy.received,
            settled=settled,
            timings=RenderTimings(
                first_byte=first_byte,
                dom_content_loaded=ready,
                load=load,
                total=time.monotonic() - order.started,
            ),
        )

    def _follow_document(self, request: Request, recording: _Recording) -> None:
        """Note where the document comes from, and cut the network at the hop that is one too many (Chromium
        itself would follow twenty)."""
        if not request.is_navigation_request():
            return
        with contextlib.suppress(UrlNotAllowed):
            recording.document_hosts.add(self._guard.vet(request.url.partition("#")[0]).host)
        if _hops(request) > MAX_REDIRECTS:
            recording.too_many_redirects = True
            if self._proxy is not None:
                self._proxy.close_window()

    def _raise(
        self, error: PlaywrightError, recording: _Recording, watchdog: _Watchdog, deadline: float
    ) -> None:
        """Say what a failed navigation was, in the words of the guard."""
        proxy = self._proxy
        if watchdog.fired == "memory":
            raise ResponseTooLarge("The page needs more memory than allowed.") from None
        if recording.too_many_redirects or "ERR_TOO_MANY_REDIRECTS" in error.message:
            raise TooManyRedirects(f"More than {MAX_REDIRECTS} redirects.") from None
        if watchdog.fired == "time" or time.monotonic() > deadline - 0.05:
            raise FetchTimeout from None
        if proxy is not None and proxy.exceeded:
            raise ResponseTooLarge("The page with all it loads is larger than allowed.") from None
        if "ERR_CERT_" in error.message:
            raise CertificateInvalid from None
        refusals = proxy.refusals if proxy is not None else []
        # Chromium also calls home; only the hosts of the document itself say why it failed.
        codes = {refusal.code for refusal in refusals if refusal.host in recording.document_hosts}
        if HostNotPublic.code in codes:
            raise HostNotPublic from None
        if UrlNotAllowed.code in codes or recording.blocked or "ERR_UNSAFE_REDIRECT" in error.message:
            raise UrlNotAllowed("The page leads to a URL that cannot be fetched.") from None
        if "Timeout" in error.message:
            raise FetchTimeout from None
        raise FetchFailed from None


def _left(deadline: float) -> float:
    """Milliseconds until ``deadline``, at least 1 (Playwright takes 0 for no limit)."""
    return max(1.0, (deadline - time.monotonic()) * 1000)


def _listen(page: Page, context: BrowserContext, recording: _Recording) -> None:
    def finished(request: Request) -> None:
        if len(recording.requests) < _MAX_REQUESTS_REPORTED:
            response = request.response() if request.redirected_to is None else None
            status = response.status if response is not None else 0
            recording.requests.append(
                RenderedRequest(request.url[:2048], request.resource_type, status, None)
            )

    def failed(request: Request) -> None:
        if len(recording.requests) < _MAX_REQUESTS_REPORTED:
            reason = "blocked" if request.url in recording.blocked else (request.failure or "failed")
            recording.requests.append(RenderedRequest(request.url[:2048], request.resource_type, 0, reason))

    def complained(text: str) -> None:
        if len(recording.console) < _MAX_CONSOLE:
            recording.console.append(text[:500])

    page.on("requestfinished", finished)
    page.on("requestfailed", failed)
    page.on("console", lambda message: complained(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complained(str(error)))
    page.on("dialog", lambda dialog: dialog.dismiss())
    # Pop-ups would be pages that nobody reads.
    context.on("page", lambda other: other.close() if other is not page else None)


def _document(page: Page, limit: int) -> tuple[str, bool]:
    """The page's own scripts share the world this runs in, so the answer is checked like any other input."""
    answer = page.evaluate(_READ_DOCUMENT, limit)
    if not (isinstance(answer, list) and len(answer) == 2 and isinstance(answer[0], str)):
        raise FetchFailed("The page could not be read after its scripts had run.")
    return answer[0][:limit], bool(answer[1]) or len(answer[0]) > limit


def _navigation_times(page: Page) -> tuple[float, float, float]:
    answer = page.evaluate(_TIMINGS)
    if not (isinstance(answer, list) and len(answer) == 3):
        return 0.0, 0.0, 0.0
    first, ready, load = (
        max(0.0, value / 1000) if isinstance(value, (int, float)) else 0.0 for value in answer
    )
    return first, ready, load


def _evaluate(page: Page, source: str) -> Any:
    # No eval in the page, whose content security policy may forbid it.
    wrapped = (
        "async limit => { const value = await (" + source + ")();"
        " const text = JSON.stringify(value === undefined ? null : value);"
        " return text.length > limit ? null : text; }"
    )
    try:
        text = page.evaluate(wrapped, _MAX_FACTS)
        return None if text is None else json.loads(text)
    except PlaywrightError:
        if page.is_closed():
            raise
        return None
    except (TypeError, ValueError, RecursionError):
        return None  # the page replaced JSON.stringify: its facts are worthless


def _hops(request: Request) -> int:
    count = 0
    previous = request.redirected_from
    while previous is not None:
        count += 1
        previous = previous.redirected_from
    return count


def _redirects(request: Request) -> tuple[Redirect, ...]:
    chain: list[Redirect] = []
    previous = request.redirected_from
    while previous is not None:
        response = previous.response()
        chain.append(Redirect(previous.url, response.status if response is not None else 0))
        previous = previous.redirected_from
    return tuple(reversed(chain))


class _Watchdog:
    """Kills the Chromium marked ``marker`` when time or memory run out: a page in an endless loop answers
    no one, and Playwright would wait for it for ever. ``fired`` is ``time``, ``memory`` or empty."""

    def __init__(self, marker: str, deadline: float, max_memory: int) -> None:
        self.fired = ""
        self._marker = f"{_MARKER}={marker}".encode()
        self._deadline = deadline
        self._max_memory = max_memory
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="browser-watchdog", daemon=True)

    def __enter__(self) -> _Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._done.set()
        self._thread.join(5)

    def _watch(self) -> None:
        while not self._done.wait(_WATCH_SECONDS):
            late = time.monotonic() > self._deadline
            family = marked_family(self._marker)
            if late or max(map(resident_bytes, family), default=0) > self._max_memory:
                self.fired = "time" if late else "memory"
                for pid in family:
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                return
