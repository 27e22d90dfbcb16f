"""Fetch a user-supplied URL within limits. The only way an app makes a plain request to such a URL.

    result = fetch("https://example.com/data.csv", max_bytes=5_000_000, accept=("text/csv",))
    result = fetch_to_file(url, path, max_bytes=2_000_000_000)
    result = post_json(webhook_url, {"event": "report.ready"})

No cookies, no credentials, no proxy from the environment: a request carries what the caller passes and a
fixed set of headers. One connection per hop, never reused, so no state passes between tenants.
"""

from __future__ import annotations

import errno
import http.client
import json
import os
import ssl
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import urllib3
from urllib3.exceptions import HTTPError as Urllib3Error
from urllib3.exceptions import SSLError as Urllib3SSLError

from plugzero_api.kernel.errors import StorageFull
from plugzero_api.kernel.http.connections import (
    Budget,
    GuardedConnection,
    GuardedTLSConnection,
    HeadersTooLarge,
)
from plugzero_api.kernel.http.decoding import ACCEPT_ENCODING, DecodingError, StreamDecoder
from plugzero_api.kernel.http.errors import (
    CertificateInvalid,
    ContentTypeNotAllowed,
    FetchFailed,
    FetchTimeout,
    ResponseTooLarge,
    TooManyRedirects,
    UndecodableResponse,
    UnexpectedStatus,
    UrlNotAllowed,
)
from plugzero_api.kernel.http.guard import Guard, default_guard
from plugzero_api.kernel.http.urls import VettedUrl

USER_AGENT = "PlugZeroBot/1.0"
MAX_REDIRECTS = 10
MAX_HEADER_BYTES = 65_536
_CHUNK = 65_536
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Headers that frame the message or steer the connection are ours alone.
_FRAMING = "host connection content-length transfer-encoding accept-encoding upgrade te trailer expect"
_RESERVED_HEADERS = frozenset(_FRAMING.split(" "))
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key", "x-goog-api-key"})


@dataclass(frozen=True, slots=True)
class Redirect:
    """One hop: ``url`` answered ``status`` and pointed to the next."""

    url: str
    status: int


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. ``dns`` to ``first_byte`` belong to the last hop, ``total`` covers all."""

    dns: float
    connect: float
    first_byte: float
    total: float


@dataclass(frozen=True, slots=True)
class FetchResult:
    """A finished exchange. ``body`` is decoded and empty when written to ``path``; ``headers`` has
    lower-case names, repeated headers joined by ``", "``. Statuses of 400 and above are results, not
    errors."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    path: Path | None
    size: int
    redirects: tuple[Redirect, ...]
    timings: Timings

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """Media type in lower case without parameters, empty if the server sent none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset parameter of the content type, if any."""
        for parameter in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset" and value.strip():
                return value.strip(" \"'").lower()
        return None

    def json(self) -> Any:
        """The body as JSON; raises :class:`UndecodableResponse` when it is not."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise UndecodableResponse("The answer is not valid JSON.") from None


def fetch(
    url: str,
    *,
    method: str = "GET",
    max_bytes: int = 10_000_000,
    total_timeout: float = 30.0,
    accept: Sequence[str] = (),
    max_redirects: int = MAX_REDIRECTS,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    max_header_bytes: int = MAX_HEADER_BYTES,
    truncate: bool = False,
    guard: Guard | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> FetchResult:
    """Fetch ``url`` into memory.

    ``max_bytes`` counts after decompression (and on the wire); ``total_timeout`` (seconds) covers all hops
    and the body. ``accept`` lists media types (``text/html``, ``image/*``); a successful answer of another
    type is refused before its body is read. With ``truncate`` a longer body is cut at the cap instead of
    refused.

    Raises a subclass of :class:`~plugzero_api.kernel.http.errors.FetchError`.
    """
    pieces: list[bytes] = []
    exchange = _Exchange(
        guard=guard or default_guard(),
        method=method.upper(),
        body=body,
        headers=headers or {},
        accept=tuple(accept),
        max_bytes=max_bytes,
        max_header_bytes=max_header_bytes,
        max_redirects=max_redirects,
        truncate=truncate,
        tls_context=tls_context,
        deadline=time.monotonic() + total_timeout,
    )
    answer = exchange.run(url, lambda _status: pieces.append)
    return answer.result(body=b"".join(pieces), path=None)


def fetch_to_file(
    url: str,
    path: Path,
    *,
    max_bytes: int,
    total_timeout: float = 600.0,
    accept: Sequence[str] = (),
    max_redirects: int = MAX_REDIRECTS,
    headers: Mapping[str, str] | None = None,
    max_header_bytes: int = MAX_HEADER_BYTES,
    guard: Guard | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> FetchResult:
    """Stream ``url`` to ``path``, which appears complete or not at all (temporary neighbour, fsync, rename).

    Any status but 200 raises :class:`UnexpectedStatus`; a full disk raises ``StorageFull``.
    """
    exchange = _Exchange(
        guard=guard or default_guard(),
        method="GET",
        body=None,
        headers=headers or {},
        accept=tuple(accept),
        max_bytes=max_bytes,
        max_header_bytes=max_header_bytes,
        max_redirects=max_redirects,
        truncate=False,
        tls_context=tls_context,
        deadline=time.monotonic() + total_timeout,
    )
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
    stream: IO[bytes] | None = None

    def open_sink(status: int) -> Callable[[bytes], Any]:
        nonlocal stream
        if status != 200:
            raise UnexpectedStatus(f"The server answered with status {status}.", http_status=status)
        stream = partial.open("xb")
        return stream.write

    try:
        answer = exchange.run(url, open_sink)
        assert stream is not None
        stream.flush()
        os.fsync(stream.fileno())
        stream.close()
        partial.replace(path)
    except _SinkError as error:
        if error.cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from None
        raise error.cause from None
    finally:
        if stream is not None:
            stream.close()
        partial.unlink(missing_ok=True)
    return answer.result(body=b"", path=path)


def post_json(
    url: str,
    payload: Any,
    *,
    headers: Mapping[str, str] | None = None,
    total_timeout: float = 10.0,
    max_bytes: int = 65_536,
    guard: Guard | None = None,
    tls_context: ssl.SSLContext | None = None,
) -> FetchResult:
    """POST ``payload`` as JSON, for webhooks. Redirects are not followed (a 3xx is the result): a signed
    body must reach the address its owner registered and no other. A long answer is cut at ``max_bytes``."""
    body = json.dumps(payload, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    return fetch(
        url,
        method="POST",
        body=body,
        headers={"content-type": "application/json", **(headers or {})},
        total_timeout=total_timeout,
        max_bytes=max_bytes,
        max_redirects=-1,
        truncate=True,
        guard=guard,
        tls_context=tls_context,
    )


class _SinkError(Exception):
    """The local file could not be written; kept apart from errors of the network."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass(slots=True)
class _Answer:
    url: VettedUrl
    status: int
    headers: dict[str, str]
    size: int
    redirects: list[Redirect]
    timings: Timings

    def result(self, *, body: bytes, path: Path | None) -> FetchResult:
        return FetchResult(
            url=self.url.url,
            status=self.status,
            headers=self.headers,
            body=body,
            path=path,
            size=self.size,
            redirects=tuple(self.redirects),
            timings=self.timings,
        )


@dataclass(slots=True)
class _Exchange:
    """One request with its redirects."""

    guard: Guard
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    accept: tuple[str, ...]
    max_bytes: int
    max_header_bytes: int
    max_redirects: int
    truncate: bool
    tls_context: ssl.SSLContext | None
    deadline: float

    def run(self, url: str, open_sink: Callable[[int], Callable[[bytes], Any]]) -> _Answer:
        """Follow redirects to the final answer and write its decoded body to what ``open_sink(status)``
        returns."""
        if self.method not in _METHODS:
            raise ValueError(f"method {self.method!r}")
        started = time.monotonic()
        current = self.guard.vet(url)
        headers = self._request_headers()
        redirects: list[Redirect] = []
        seen = {current.url}
        while True:
            hop_started = time.monotonic()
            budget = Budget(self.deadline, self.max_header_bytes)
            addresses = self.guard.addresses(current.host, current.port, timeout=self._left())
            resolved = time.monotonic()
            connection = self._connection(current, addresses, budget)
            try:
                response, connected = self._send(connection, current, headers)
                first_byte = time.monotonic()
                budget.header_bytes = None
                location = response.headers.get("location")
                if response.status in _REDIRECTS and location is not None and self.max_redirects >= 0:
                    redirects.append(Redirect(current.url, response.status))
                    following = self.guard.vet_redirect(current, location)
                    if len(redirects) > self.max_redirects:
                        raise TooManyRedirects(f"More than {self.max_redirects} redirects.")
                    if following.url in seen:
                        raise TooManyRedirects("The redirects form a loop.")
                    seen.add(following.url)
                    headers = self._after_redirect(response.status, current, following, headers)
                    current = following
                    continue
                size = self._read(response, open_sink(response.status))
                finished = time.monotonic()
                return _Answer(
                    url=current,
                    status=response.status,
                    headers={name.lower(): value for name, value in response.headers.items()},
                    size=size,
                    redirects=redirects,
                    timings=Timings(
                        dns=resolved - hop_started,
                        connect=connected - resolved,
                        first_byte=first_byte - hop_started,
                        total=finished - started,
                    ),
                )
            finally:
                connection.close()

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise FetchFailed
        return left

    def _request_headers(self) -> dict[str, str]:
        accept = ", ".join(self.accept) + ", */*;q=0.1" if self.accept else "*/*"
        headers = {"User-Agent": USER_AGENT, "Accept": accept}
        for name, value in self.headers.items():
            if name.lower() in _RESERVED_HEADERS:
                raise ValueError(f"header {name!r} is set by the fetcher")
            if any(ord(char) < 32 or ord(char) == 127 for char in name + value):
                raise UrlNotAllowed("A header contains control characters.")
            headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
            headers[name] = value
        headers["Accept-Encoding"] = ACCEPT_ENCODING
        headers["Connection"] = "close"
        return headers

    def _after_redirect(
        self, status: int, current: VettedUrl, following: VettedUrl, headers: dict[str, str]
    ) -> dict[str, str]:
        dropped: set[str] = set()
        if status == 303 or (status in (301, 302) and self.method == "POST"):
            if self.method != "HEAD":
                self.method = "GET"
            self.body = None
            dropped.add("content-type")
        if following.origin != current.origin:
            dropped |= _SECRET_HEADERS
        return {name: value for name, value in headers.items() if name.lower() not in dropped}

    def _connection(
        self, url: VettedUrl, addresses: Sequence[Any], budget: Budget
    ) -> GuardedConnection | GuardedTLSConnection:
        if url.scheme == "https":
            return GuardedTLSConnection(
                url.host, url.port, addresses=addresses, budget=budget, context=self.tls_context
            )
        return GuardedConnection(url.host, url.port, addresses=addresses, budget=budget)

    def _send(
        self, connection: GuardedConnection | GuardedTLSConnection, url: VettedUrl, headers: dict[str, str]
    ) -> tuple[urllib3.HTTPResponse, float]:
        """Connect, send, read the headers. Everything that fails here says the same thing to the user."""
        try:
            connection.connect()
            connected = time.monotonic()
            connection.request(
                self.method,
                url.target,
                body=self.body,
                headers={"Host": url.host_header, **headers},
                preload_content=False,
                decode_content=False,
            )
            return connection.getresponse(), connected
        except HeadersTooLarge:
            raise ResponseTooLarge("The answer's headers are too large.") from None
        except (ssl.SSLCertVerificationError, Urllib3SSLError) as error:
            if _is_certificate_error(error):
                raise CertificateInvalid from None
            raise FetchFailed from None
        except (OSError, http.client.HTTPException, Urllib3Error, ValueError):
            raise FetchFailed from None

    def _read(self, response: urllib3.HTTPResponse, write: Callable[[bytes], Any]) -> int:
        self._check_type(response)
        declared = response.headers.get("content-length", "")
        if (
            not self.truncate
            and declared.isdecimal()
            and int(declared) > self.max_bytes
            and self.method != "HEAD"
        ):
            raise ResponseTooLarge(f"The answer is larger than {self.max_bytes} bytes.")
        size = 0
        try:
            for piece in self._pieces(response):
                room = self.max_bytes - size
                if len(piece) > room:
                    if not self.truncate:
                        raise ResponseTooLarge(f"The answer is larger than {self.max_bytes} bytes.")
                    piece = piece[:room]
                size += len(piece)
                try:
                    write(piece)
                except OSError as error:
                    raise _SinkError(error) from error
                if self.truncate and size >= self.max_bytes:
                    return size
        except DecodingError:
            raise UndecodableResponse from None
        except TimeoutError:
            raise FetchTimeout from None
        except Urllib3Error as error:
            if isinstance(error.__cause__, TimeoutError) or isinstance(
                error, urllib3.exceptions.ReadTimeoutError
            ):
                raise FetchTimeout from None
            raise FetchFailed("The connection ended before the answer was complete.") from None
        except (OSError, http.client.HTTPException):
            raise FetchFailed("The connection ended before the answer was complete.") from None
        return size

    def _pieces(self, response: urllib3.HTTPResponse) -> Iterator[bytes]:
        decoder = StreamDecoder(response.headers.get("content-encoding", ""))
        wire = 0
        for chunk in response.stream(_CHUNK, decode_content=False):
            wire += len(chunk)
            if wire > self.max_bytes + _CHUNK and not self.truncate:
                raise ResponseTooLarge(f"The answer is larger than {self.max_bytes} bytes.")
            yield from decoder.feed(chunk)
        if self.method != "HEAD":
            decoder.finish()

    def _check_type(self, response: urllib3.HTTPResponse) -> None:
        if not self.accept or not 200 <= response.status < 300 or response.status == 204:
            return
        sent = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        for wanted in self.accept:
            if wanted in ("*/*", sent) or (wanted.endswith("/*") and sent.startswith(wanted[:-1])):
                return
        raise ContentTypeNotAllowed(
            f"The server sent {sent[:80] or 'no content type'!r}.", content_type=sent[:80]
        )


def _is_certificate_error(error: BaseException) -> bool:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        if isinstance(current, ssl.SSLCertVerificationError):
            return True
        seen.add(id(current))
        inner = current.args[0] if current.args and isinstance(current.args[0], BaseException) else None
        current = inner or current.__cause__ or current.__context__
    return False
