"""Extractors for tests and the benchmark: module-level, since the crawl process imports them by name."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from typing import Any

from plugzero_api.kernel.crawl import FetchedPage

_WORD = re.compile(r"\w+")


def extract_content(page: FetchedPage) -> dict[str, Any] | None:
    """Title, metas, headings, words, links with anchors, images and structured data of one page."""
    document = page.document
    if document is None:
        return None
    body = document.find("body")
    text = " ".join(body.itertext()) if body is not None else ""
    return {
        "title": document.findtext(".//title"),
        "metas": {
            meta.get("name"): meta.get("content") for meta in document.iter("meta") if meta.get("name")
        },
        "canonical": [link.get("href") for link in document.iter("link") if link.get("rel") == "canonical"],
        "headings": [(node.tag, node.text_content()) for node in document.iter("h1", "h2", "h3", "h4")],
        "words": len(_WORD.findall(text)),
        "links": [(a.get("href"), a.text_content(), a.get("rel")) for a in document.iter("a")],
        "images": [(image.get("src"), image.get("alt")) for image in document.iter("img")],
        "structured": [
            node.text for node in document.iter("script") if node.get("type") == "application/ld+json"
        ],
    }


def title_only(page: FetchedPage) -> str | None:
    return None if page.document is None else page.document.findtext(".//title")


def failing(page: FetchedPage) -> None:
    if page.url.endswith("/bad"):
        raise KeyError("what extractors do with odd pages")


def unserialisable(page: FetchedPage) -> object:
    return {1, 2, 3} if page.url.endswith("/bad") else "fine"


def hanging(page: FetchedPage) -> None:
    if page.url.endswith("/bad"):
        while True:
            time.sleep(0.01)


def killing_the_process_once(page: FetchedPage) -> None:
    """SIGKILL on /bad, as the kernel's out-of-memory killer would; the marker file makes it happen once."""
    if page.url.endswith("/bad"):
        try:
            os.close(os.open("killed-once", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return
        os.kill(os.getpid(), signal.SIGKILL)


def killing_the_process(page: FetchedPage) -> None:
    if page.url.endswith("/bad"):
        os.kill(os.getpid(), signal.SIGKILL)


def hoarding(page: FetchedPage) -> None:
    _hoard.append(bytearray(os.urandom(1_000_000)) * 20)


_hoard: list[bytearray] = []


def environment(page: FetchedPage) -> dict[str, str]:
    return dict(os.environ)


def no_links(page: FetchedPage) -> Iterator[str]:
    return iter(())


def rebinding(host: str, port: int) -> list[str]:
    """A name that is public at first and loopback on every later question."""
    _asked.append(host)
    return ["198.51.100.7"] if len(_asked) == 1 else ["127.0.0.1"]


_asked: list[str] = []


def all_loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def mixed(host: str, port: int) -> list[str]:
    return ["127.0.0.1", "198.51.100.7"]


def unknown(host: str, port: int) -> list[str]:
    raise OSError("Name or service not known")
