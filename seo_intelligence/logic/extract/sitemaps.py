"""Sitemap files: XML urlset and index, plain text, gzip; bounded in bytes, entries and depth."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml import etree

from seo_intelligence.logic.page import SitemapEntry, SitemapFacts
from seo_intelligence.logic.urls import BadURL, is_absolute, normalise

MAX_URLS = 50_000
MAX_BYTES = 50 * 1024 * 1024
MAX_READ_URLS = 100_000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML = "{http://www.w3.org/1999/xhtml}link"
_CHUNK = 1 << 16


class SitemapTooLarge(ValueError):
    """The file grows beyond the limit when decompressed."""


def gunzip(body: bytes, limit: int = MAX_BYTES + _CHUNK) -> bytes:
    """Decompress at most `limit` bytes; raises `SitemapTooLarge` beyond, `OSError` for broken data."""
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > limit:
                    raise SitemapTooLarge(f"more than {limit} bytes when decompressed")
                parts.append(chunk)
    except (EOFError, zlib.error) as error:
        raise OSError(str(error)) from error
    return b"".join(parts)


def parse_sitemap(
    url: str, status: int | None, body: bytes, *, declared_in_robots: bool = False
) -> SitemapFacts:
    """Facts of one sitemap answer. Fault codes: gzip, too_large_bytes, too_many_urls, xml, root, namespace,
    empty, bad_loc. Entities are not expanded and nothing is fetched.
    """
    faults: list[tuple[str, str]] = []
    if status != 200:
        return SitemapFacts(url, status, "invalid", len(body), declared_in_robots=declared_in_robots)
    if body[:2] == b"\x1f\x8b":
        try:
            body = gunzip(body)
        except SitemapTooLarge as error:
            return SitemapFacts(
                url, status, "invalid", MAX_BYTES + 1, faults=(("too_large_bytes", str(error)),),
                declared_in_robots=declared_in_robots,
            )  # fmt: skip
        except OSError as error:
            faults.append(("gzip", str(error)))
            body = b""
    if len(body) > MAX_BYTES:
        faults.append(("too_large_bytes", f"{len(body)} bytes"))
    start = body[:512].lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"<"):
        kind, entries, children, count, found = _parse_xml(body)
    else:
        kind, entries, children, count, found = _parse_text(body)
    faults.extend(found)
    if count > MAX_URLS:
        faults.append(("too_many_urls", f"{count} URLs"))
    return SitemapFacts(
        url,
        status,
        kind,
        len(body),
        tuple(entries),
        tuple(children),
        tuple(faults),
        declared_in_robots,
        count,
    )


_Parsed = tuple[str, list[SitemapEntry], list[str], int, list[tuple[str, str]]]


def _entry(raw: str, lastmod: str, alternates: tuple[tuple[str, str], ...]) -> SitemapEntry:
    try:
        return SitemapEntry(normalise(raw), raw, lastmod, alternates)
    except BadURL:
        return SitemapEntry("", raw, lastmod, alternates)


def _parse_text(body: bytes) -> _Parsed:
    lines = [line.strip() for line in body.decode("utf-8-sig", "replace").splitlines() if line.strip()]
    if not lines or not all(is_absolute(line) for line in lines[:20]):
        return "invalid", [], [], 0, [("xml", "neither XML nor a list of URLs")]
    return "text", [_entry(line, "", ()) for line in lines[:MAX_READ_URLS]], [], len(lines), []


def _parse_xml(body: bytes) -> _Parsed:
    entries: list[SitemapEntry] = []
    children: list[str] = []
    faults: list[tuple[str, str]] = []
    kind, count, bad = "", 0, 0
    events = etree.iterparse(
        io.BytesIO(body), events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        remove_comments=True, remove_pis=True, huge_tree=False,
    )  # fmt: skip
    try:
        for event, element in events:
            name = etree.QName(element)
            if not kind:
                kind = {"urlset": "urlset", "sitemapindex": "index"}.get(name.localname, "invalid")
                if kind == "invalid":
                    faults.append(("root", f"<{name.localname}>"))
                    break
                if name.namespace not in (NAMESPACE, NAMESPACE.replace("http:", "https:")):
                    faults.append(("namespace", str(name.namespace)))
            if event == "start" or name.localname not in ("url", "sitemap"):
                continue
            loc = lastmod = ""
            alternates: list[tuple[str, str]] = []
            for child in element:
                if not isinstance(child.tag, str):
                    continue
                local = etree.QName(child).localname
                if local == "loc":
                    loc = (child.text or "").strip()
                elif local == "lastmod":
                    lastmod = (child.text or "").strip()
                elif child.tag == _XHTML and child.get("hreflang"):
                    alternates.append((child.get("hreflang") or "", child.get("href") or ""))
            count += 1
            if not is_absolute(loc):
                bad += 1
                if bad <= 5:
                    faults.append(("bad_loc", loc[:160]))
            elif name.localname == "sitemap":
                children.append(loc)
            elif count <= MAX_READ_URLS:
                entries.append(_entry(loc, lastmod, tuple(alternates)))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        faults.append(("xml", str(error)[:160]))
    if not count and not faults:
        faults.append(("empty", "no entries"))
    return kind or "invalid", entries, children, count, faults


@dataclass(slots=True)
class SitemapQueue:
    """Which sitemap files to read next: each once, so that an index that names itself ends."""

    max_files: int = 500
    max_depth: int = 3
    _seen: set[str] | None = None
    skipped: int = 0

    def accept(self, base: str, children: tuple[str, ...], depth: int) -> list[str]:
        """The children not seen before, within the limits; the rest is counted in `skipped`."""
        seen = self._seen = self._seen if self._seen is not None else set()
        fresh: list[str] = []
        for child in children:
            try:
                url = normalise(urljoin(base, child))
            except ValueError:
                continue
            if url in seen:
                continue
            if depth > self.max_depth or len(seen) >= self.max_files:
                self.skipped += 1
                continue
            seen.add(url)
            fresh.append(url)
        return fresh
