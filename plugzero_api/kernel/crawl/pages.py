"""A fetched page as extractors see it: bytes, text and one shared parse. Runs in the crawl process; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urljoin

import lxml.html
from lxml import etree
from w3lib.encoding import html_body_declared_encoding, http_content_type_encoding, read_bom, resolve_encoding

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
_NOT_FOLLOWED = ("javascript:", "mailto:", "tel:", "data:", "about:", "blob:", "sms:", "ftp:", "file:", "#")
_REFRESH_URL = re.compile(r"(?i)^\s*[\d.]*\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'>]+)")


class FetchedPage:
    """``body`` is decoded from its content encoding and possibly cut at the size limit (``truncated``).

    ``text`` and ``document`` are computed once and shared by link extractor and page processor.
    """

    __slots__ = (
        "__dict__",
        "body",
        "content_type",
        "depth",
        "headers",
        "http_version",
        "redirect_chain",
        "status",
        "total",
        "truncated",
        "ttfb",
        "url",
        "wire_size",
    )

    def __init__(
        self,
        *,
        url: str,
        status: int,
        headers: tuple[tuple[str, str], ...],
        body: bytes,
        content_type: str,
        depth: int = 0,
        truncated: bool = False,
        redirect_chain: tuple[tuple[str, int], ...] = (),
        ttfb: float = 0.0,
        total: float = 0.0,
        wire_size: int = 0,
        http_version: str = "1.1",
    ) -> None:
        self.url = url
        self.status = status
        self.headers = headers
        self.body = body
        self.content_type = content_type
        self.depth = depth
        self.truncated = truncated
        self.redirect_chain = redirect_chain
        self.ttfb = ttfb
        self.total = total
        self.wire_size = wire_size
        self.http_version = http_version

    def header(self, name: str) -> str | None:
        """First value of a header, or None."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def is_html(self) -> bool:
        if self.content_type:
            return self.content_type in HTML_TYPES
        head = self.body[:512].lstrip().lower()
        return head.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))

    @cached_property
    def encoding(self) -> str:
        """Byte order mark, then HTTP header, then meta declaration, then UTF-8 if it fits, then
        windows-1252."""
        mark, _ = read_bom(self.body)
        if mark:
            return str(mark)
        declared = http_content_type_encoding(self.header("content-type"))
        if not declared:
            declared = html_body_declared_encoding(self.body[:4096])
        resolved = resolve_encoding(declared) if declared else None
        if resolved:
            return str(resolved)
        sample = self.body[:65536]
        try:
            sample.decode("utf-8")
        except UnicodeDecodeError as error:
            # A character cut by the end of the sample is no proof against UTF-8.
            cut = len(self.body) > len(sample) and error.start >= len(sample) - 3
            if not cut:
                return "cp1252"
        return "utf-8"

    @cached_property
    def text(self) -> str:
        """The body as text. Undecodable bytes become U+FFFD: broken encodings never raise."""
        try:
            text = self.body.decode(self.encoding, "replace")
        except LookupError:
            text = self.body.decode("utf-8", "replace")
        return str(text.removeprefix("\ufeff"))

    @cached_property
    def document(self) -> Any:
        """The lxml tree of an HTML page, or None when the page is no HTML or holds no element."""
        if not self.is_html or not self.body:
            return None
        text = self.text.replace("\x00", "\ufffd")
        parser = lxml.html.HTMLParser(encoding="utf-8", recover=True, no_network=True, huge_tree=False)
        try:
            return lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
            return None

    @cached_property
    def base_url(self) -> str:
        """The URL that relative references of this page are resolved against."""
        if self.document is not None:
            for element in self.document.iter("base"):
                href = (element.get("href") or "").strip()
                if href:
                    try:
                        return str(urljoin(self.url, href))
                    except ValueError:
                        break
        return self.url


def extract_links(page: FetchedPage) -> Iterator[str]:
    """Default link extractor: anchors, areas, frames, canonical, pagination, alternates and meta refresh."""
    if page.document is None:
        return
    for element in page.document.iter("a", "area", "iframe", "frame", "link", "meta"):
        tag = element.tag
        if tag in ("a", "area"):
            reference = element.get("href")
        elif tag in ("iframe", "frame"):
            reference = element.get("src")
        elif tag == "link":
            relations = (element.get("rel") or "").lower().split()
            follow = {"canonical", "next", "prev", "alternate", "amphtml"}.intersection(relations)
            media = (element.get("type") or "text/html").lower()
            reference = element.get("href") if follow and media == "text/html" else None
        else:
            match = None
            if (element.get("http-equiv") or "").lower() == "refresh":
                match = _REFRESH_URL.match(element.get("content") or "")
            reference = match.group(1) if match else None
        if reference:
            reference = reference.strip()
            if reference and not reference.lower().startswith(_NOT_FOLLOWED):
                yield reference
