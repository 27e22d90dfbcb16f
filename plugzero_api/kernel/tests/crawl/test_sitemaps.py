from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugzero_api.kernel.crawl.sitemaps import MAX_ENTRIES, parse_sitemap

NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def urlset(*locs: str) -> bytes:
    body = "".join(f"<url><loc> {loc} </loc><lastmod>2026-01-02</lastmod></url>" for loc in locs)
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {NS}>{body}</urlset>'.encode()


def test_urlset_is_read() -> None:
    sitemap = parse_sitemap(urlset("https://x.test/a", "https://x.test/b?c=1&amp;d=2"))
    assert sitemap.kind == "urlset" and sitemap.problem is None
    assert sitemap.entries == (("https://x.test/a", "2026-01-02"), ("https://x.test/b?c=1&d=2", "2026-01-02"))


def test_index_is_read() -> None:
    body = f"<sitemapindex {NS}><sitemap><loc>https://x.test/1.xml</loc></sitemap></sitemapindex>".encode()
    assert parse_sitemap(body).kind == "index"
    assert parse_sitemap(body).entries == (("https://x.test/1.xml", ""),)


@pytest.mark.parametrize(
    ("body", "kind", "count", "problem"),
    [
        (b"", "unknown", 0, "empty"),
        (b"https://x.test/a\nhttps://x.test/b\n", "text", 2, None),
        (b"\xef\xbb\xbfhttps://x.test/a\n", "text", 1, None),
        (b"hello", "unknown", 0, "not_a_sitemap"),
        (b"<html><body>404</body></html>", "unknown", 0, "not_a_sitemap"),
        (urlset("https://x.test/a", "https://x.test/b")[:-30], "urlset", 1, "damaged_xml"),
        (b"<rss><channel><item><link>https://x.test/n</link></item></channel></rss>", "feed", 1, None),
        (b'<feed><entry><link href="https://x.test/n"/></entry></feed>', "feed", 1, None),
    ],
)
def test_odd_files_yield_what_can_be_read(body: bytes, kind: str, count: int, problem: str | None) -> None:
    sitemap = parse_sitemap(body)
    assert (sitemap.kind, len(sitemap.entries), sitemap.problem) == (kind, count, problem)


def test_entries_stop_at_the_protocol_limit() -> None:
    assert (
        len(parse_sitemap(urlset(*[f"https://x.test/{n}" for n in range(MAX_ENTRIES)])).entries)
        == MAX_ENTRIES
    )
    over = parse_sitemap(urlset(*[f"https://x.test/{n}" for n in range(MAX_ENTRIES + 1)]))
    assert len(over.entries) == MAX_ENTRIES and over.problem == "too_many_entries"


def test_entities_are_not_expanded() -> None:
    bomb = (
        b'<!DOCTYPE u [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        + urlset("&b;&b;")[38:]
    )
    assert all("aaaaaaaaaaaaaaaaaaaa" not in loc for loc, _ in parse_sitemap(bomb).entries)
    outside = b'<!DOCTYPE u [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + urlset("&x;")[38:]
    assert all("root:" not in loc for loc, _ in parse_sitemap(outside).entries)


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(body: bytes) -> None:
    parse_sitemap(body)
    parse_sitemap(b"<urlset>" + body)
