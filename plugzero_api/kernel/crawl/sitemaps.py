"""Reading sitemaps (sitemaps.org protocol 0.9): XML, text and feeds, damaged ones included. Pure.

Entity expansion and external entities are off, size is bounded by the caller's decompression, entries by
the protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

MAX_ENTRIES = 50_000
MAX_BYTES = 52_428_800


@dataclass(frozen=True, slots=True)
class Sitemap:
    """``kind`` is ``urlset``, ``index``, ``text``, ``feed`` or ``unknown``; entries are (loc, lastmod)."""

    kind: str
    entries: tuple[tuple[str, str], ...]
    problem: str | None = None


def parse_sitemap(body: bytes) -> Sitemap:
    """Read ``body`` (already decompressed). Never raises: a damaged file yields what could be read and a
    problem."""
    head = body[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head:
        return Sitemap("unknown", (), "empty")
    if not head.startswith(b"<"):
        return _parse_text(body)
    return _parse_xml(body.lstrip(b" \t\r\n"))


def _parse_text(body: bytes) -> Sitemap:
    entries = []
    for line in body.decode("utf-8-sig", "replace").splitlines():
        loc = line.strip()
        if loc.startswith(("http://", "https://")):
            entries.append((loc, ""))
            if len(entries) > MAX_ENTRIES:
                return Sitemap("text", tuple(entries[:MAX_ENTRIES]), "too_many_entries")
    return Sitemap("text" if entries else "unknown", tuple(entries), None if entries else "not_a_sitemap")


def _parse_xml(body: bytes) -> Sitemap:
    parser = etree.XMLPullParser(
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    kind = "unknown"
    problem: str | None = None
    entries: list[tuple[str, str]] = []
    loc = lastmod = ""
    try:
        for start in range(0, len(body), 65536):
            parser.feed(body[start : start + 65536])
            for event, element in parser.read_events():
                name = etree.QName(element).localname.lower() if isinstance(element.tag, str) else ""
                if event == "start":
                    if kind == "unknown":
                        kind = {
                            "urlset": "urlset",
                            "sitemapindex": "index",
                            "rss": "feed",
                            "feed": "feed",
                        }.get(name, "unknown")
                        if kind == "unknown":
                            return Sitemap("unknown", (), "not_a_sitemap")
                    continue
                parent = element.getparent()
                parent_name = etree.QName(parent).localname.lower() if parent is not None else ""
                if name in ("loc", "link") and parent_name in ("url", "sitemap", "item", "entry"):
                    loc = (element.text or element.get("href") or "").strip() or loc
                elif name in ("lastmod", "updated", "pubdate"):
                    lastmod = (element.text or "").strip()[:40]
                elif name in ("url", "sitemap", "item", "entry"):
                    if loc:
                        entries.append((loc, lastmod))
                    loc = lastmod = ""
                    element.clear()
                    while element.getprevious() is not None:
                        del element.getparent()[0]
                    if len(entries) > MAX_ENTRIES:
                        return Sitemap(kind, tuple(entries[:MAX_ENTRIES]), "too_many_entries")
        parser.close()
    except etree.XMLSyntaxError:
        problem = "damaged_xml"
    if problem is None and (parser.feed_error_log or parser.error_log):
        problem = "damaged_xml"
    if kind == "unknown" and problem is None:
        problem = "not_a_sitemap"
    return Sitemap(kind, tuple(entries), problem)
