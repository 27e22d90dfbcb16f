"""A small real site on a local port, changed at will by tests, and a larger generated one for measurements."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, dict[str, str], bytes]


def html(title: str, body: str = "", *, head: str = "", description: str = "") -> bytes:
    """A page that most checks like."""
    meta = f'<meta name="description" content="{description}">' if description else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>{meta}'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}</head>'
        f"<body><main><h1>{title} in detail</h1>{body}</main></body></html>"
    ).encode()


def words(count: int, salt: str = "") -> str:
    """Readable filler, different for each salt."""
    base = [
        "river",
        "stone",
        "garden",
        "window",
        "lantern",
        "market",
        "harbour",
        "village",
        "kitchen",
        "letter",
        "summer",
        "winter",
    ]
    offset = sum(map(ord, salt))
    return " ".join(f"{base[(i * 7 + offset) % 12]}{'.' if i % 11 == 10 else ''}" for i in range(count))


@dataclass
class LocalSite:
    """Answers `pages[path]` (HTML bytes, an `Answer`, or a function of the path); all else is a 404."""

    pages: dict[str, Any] = field(default_factory=dict)
    fallback: Callable[[str], Answer | None] | None = None
    requests: list[str] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> Answer:
                path = self.path
                site.requests.append(path)
                found = site.pages.get(path)
                if found is None and site.fallback is not None:
                    found = site.fallback(path)
                if callable(found):
                    found = found(path)
                if found is None:
                    return 404, {"Content-Type": "text/html; charset=utf-8"}, html("Nothing here")
                if isinstance(found, bytes):
                    return 200, {"Content-Type": "text/html; charset=utf-8"}, found
                return found  # type: ignore[no-any-return]

            def do_GET(self) -> None:
                status, headers, body = self._answer()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_HEAD = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.server.server_port}/"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        ).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def shop(products: int = 8) -> dict[str, Any]:
    """Pages of a small shop: home, category, products (without descriptions), an article, one broken link."""
    links = "".join(f'<a href="/product/{n}">Product number {n}</a> ' for n in range(products))
    footer = '<a href="/gone">Old offers</a>'
    pages: dict[str, Any] = {
        "/": html(
            "The little shop of useful things",
            f'<p>{words(220, "home")}</p><a href="/shop">Shop</a> <a href="/about">About us</a> {footer}',
            description="A little shop with useful things for house and garden, sent within two days.",
        ),
        "/shop": html(
            "All products of the little shop",
            f"<p>{words(210, 'shop')}</p>{links}{footer}",
            description="All products of the little shop on one page, with prices and delivery times.",
        ),
        "/about": html(
            "About the people of the little shop",
            f'<p>{words(230, "about")}</p><a href="/">Home</a> {footer}',
            description="Who we are, where our workshop stands, and why we make things that last.",
        ),
        "/robots.txt": (200, {"Content-Type": "text/plain"}, b"User-agent: *\nAllow: /\n"),
    }
    for n in range(products):
        pages[f"/product/{n}"] = html(
            f"Useful product number {n} for the house",
            f'<p>{words(205, str(n))}</p><a href="/shop">Back</a> {footer}',
        )
    return pages
