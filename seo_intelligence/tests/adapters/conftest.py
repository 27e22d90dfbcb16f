"""A local HTTP server that speaks the providers' protocols, and a transport that may only reach it."""

from __future__ import annotations

import datetime as dt
import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from seo_intelligence.adapters.base import (
    HttpResponse,
    MemoryLedger,
    ProviderContext,
    QuotaLimits,
    TransportError,
)

NOW = dt.datetime(2026, 3, 15, 12, 0, tzinfo=dt.UTC)


class Request:
    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        parts = urlsplit(path)
        self.method, self.path, self.headers, self.body = method, parts.path, headers, body
        self.query = parse_qs(parts.query)

    def json(self) -> Any:
        return json.loads(self.body)


class FakeServer:
    """Answers with what `routes[path]` returns: (status, payload[, headers]); keeps every request."""

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}
        self.requests: list[Request] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body
                )
                fake.requests.append(request)
                route = fake.routes.get(request.path)
                answer = route(request) if route else (404, {"error": "no such path"})
                status, payload, headers = (*answer, {}) if len(answer) == 2 else answer
                data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
                self.send_response(status)
                for name, value in {"content-type": "application/json", **headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = _serve

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def route(self, path: str, answer: Any) -> None:
        self.routes[path] = answer if callable(answer) else (lambda _request: answer)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def transport(method: str, url: str, *, headers: Any, body: bytes | None) -> HttpResponse:
    request = urllib.request.Request(url, data=body, headers=dict(headers), method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return HttpResponse(
                response.status, {k.lower(): v for k, v in response.headers.items()}, response.read()
            )
    except urllib.error.HTTPError as error:
        return HttpResponse(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())
    except OSError as error:
        raise TransportError(type(error).__name__) from None


@pytest.fixture
def server():
    fake = FakeServer()
    yield fake
    fake.close()


@pytest.fixture
def make_context(server):
    def make(credentials=None, limits=None, base_url=None):
        ledger = MemoryLedger(limits or {}, lambda: NOW)
        return ProviderContext(transport, ledger, lambda: NOW, credentials or {}, base_url or server.url)

    return make


@pytest.fixture
def limits():
    return QuotaLimits
