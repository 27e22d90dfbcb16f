"""robots.txt, sitemaps and llms.txt, well-formed and hostile."""

from __future__ import annotations

import gzip

import pytest

from seo_intelligence.logic.extract.llms import llms_faults
from seo_intelligence.logic.extract.robots import allowed, parse_robots
from seo_intelligence.logic.extract.sitemaps import NAMESPACE, SitemapQueue, parse_sitemap
from seo_intelligence.logic.page import FetchError

URL = "https://a.test/robots.txt"


def urlset(rows: str, namespace: str = NAMESPACE) -> bytes:
    return f'<?xml version="1.0"?><urlset xmlns="{namespace}">{rows}</urlset>'.encode()


def row(loc: str) -> str:
    return f"<url><loc>{loc}</loc><lastmod>2024-01-02</lastmod></url>"


def test_groups_sitemaps_and_faults_are_read() -> None:
    facts = parse_robots(
        URL,
        200,
        b"User-agent: A\nUser-agent: B\nDisallow: /x\n\nUser-agent: *\nAllow: /\nNope: 1\nSitemap: https://a.test/s.xml",
    )
    assert facts.rules[0].agents == ("a", "b")
    assert facts.rules[1].agents == ("*",)
    assert facts.sitemaps == ("https://a.test/s.xml",)
    assert [(line, code) for line, code, _ in facts.faults] == [(7, "unknown_directive")]


@pytest.mark.parametrize(
    ("status", "error", "expected"),
    [(404, None, True), (403, None, True), (503, None, False), (None, FetchError.TIMEOUT, False)],
)
def test_access_without_robots_follows_rfc_9309(
    status: int | None, error: FetchError | None, expected: bool
) -> None:
    assert allowed(parse_robots(URL, status, b"", error), "https://a.test/", "Bot") is expected


def test_longest_rule_wins_and_named_group_replaces_star() -> None:
    facts = parse_robots(
        URL, 200, b"User-agent: *\nDisallow: /a\nAllow: /a/b\n\nUser-agent: Named\nDisallow: /z"
    )
    assert not allowed(facts, "https://a.test/a/x", "Other")
    assert allowed(facts, "https://a.test/a/b/c", "Other")
    assert allowed(facts, "https://a.test/a/x", "Named")


def test_sitemap_entries_and_alternates_are_read() -> None:
    xml = urlset(
        "<url><loc> https://a.test/en </loc><xhtml:link xmlns:xhtml='http://www.w3.org/1999/xhtml' rel='alternate' "
        "hreflang='de' href='https://a.test/de'/></url>"
    )
    entry = parse_sitemap("https://a.test/s.xml", 200, xml).entries[0]
    assert entry.url == "https://a.test/en"
    assert entry.alternates == (("de", "https://a.test/de"),)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (urlset(row("https://a.test/"), "urn:other"), "namespace"),
        (urlset(row("/relative")), "bad_loc"),
        (urlset(""), "empty"),
        (b"<html><body></body></html>", "root"),
        (urlset(row("https://a.test/"))[:-12], "xml"),
        (b"some words", "xml"),
        (gzip.compress(urlset(row("https://a.test/")))[:30], "gzip"),
    ],
)
def test_faulty_sitemaps_are_named(body: bytes, code: str) -> None:
    assert code in [fault for fault, _ in parse_sitemap("https://a.test/s.xml", 200, body).faults]


def test_gzip_bomb_stops_at_the_limit() -> None:
    bomb = gzip.compress(b"\0" * 120_000_000, 9)
    assert len(bomb) < 200_000
    facts = parse_sitemap("https://a.test/s.xml.gz", 200, bomb)
    assert [code for code, _ in facts.faults] == ["too_large_bytes"]
    assert facts.entries == ()


def test_entity_expansion_is_refused() -> None:
    bomb = (
        b'<!DOCTYPE u [<!ENTITY a "xxxxxxxxxx"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        + urlset("<url><loc>&b;</loc></url>")[21:]
    )
    facts = parse_sitemap("https://a.test/s.xml", 200, bomb)
    assert all("xxxx" not in entry.raw for entry in facts.entries)


def test_fifty_thousand_entries_pass_and_one_more_is_reported() -> None:
    rows = "".join(f"<url><loc>https://a.test/{n}</loc></url>" for n in range(50_000))
    full = parse_sitemap("https://a.test/s.xml", 200, urlset(rows))
    assert (len(full.entries), full.faults) == (50_000, ())
    more = parse_sitemap("https://a.test/s.xml", 200, urlset(rows + row("https://a.test/x")))
    assert [code for code, _ in more.faults] == ["too_many_urls"]


def test_sitemap_index_loops_end() -> None:
    queue = SitemapQueue(max_files=3)
    assert queue.accept("https://a.test/i.xml", ("https://a.test/i.xml", "/b.xml"), 1) == [
        "https://a.test/i.xml",
        "https://a.test/b.xml",
    ]
    assert queue.accept("https://a.test/b.xml", ("/i.xml", "/c.xml", "/d.xml"), 2) == ["https://a.test/c.xml"]
    assert queue.skipped == 1


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("# Name\n\n- [Home](https://a.test/): start", ()),
        ("Name\n\n- [Home](https://a.test/)", ("no_h1",)),
        ("# A\n\n# B\n", ("several_h1", "no_links")),
        ("<!doctype html><html>", ("html",)),
    ],
)
def test_llms_txt_needs_one_heading_and_links(text: str, faults: tuple[str, ...]) -> None:
    assert llms_faults(text) == faults
