from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugzero_api.kernel.crawl.pages import FetchedPage, extract_links


def html(body: bytes | str, content_type: str = "text/html", **changes: object) -> FetchedPage:
    data = body.encode() if isinstance(body, str) else body
    return FetchedPage(
        url="https://x.test/dir/page",
        status=200,
        headers=(("Content-Type", content_type),),
        body=data,
        content_type=content_type.partition(";")[0],
    )


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("käse".encode(), "text/html; charset=utf-8", "käse"),
        ("käse".encode("latin-1"), "text/html; charset=iso-8859-1", "käse"),
        ("käse".encode("latin-1"), "text/html", "käse"),
        ("käse".encode(), "text/html", "käse"),
        (b'<meta charset="windows-1251">\xe4\xee\xec', "text/html", '<meta charset="windows-1251">дом'),
        ("\ufeffkäse".encode(), "text/html; charset=latin-1", "käse"),
        ("käse".encode("utf-16"), "text/html", "käse"),
        ("käse".encode(), "text/html; charset=nonsense", "käse"),
        (b"k\xffse", "text/html; charset=utf-8", "k\ufffdse"),
    ],
)
def test_text_is_decoded_by_mark_header_meta_and_guess(body: bytes, content_type: str, expected: str) -> None:
    assert html(body, content_type).text == expected


def test_links_of_all_kinds_are_found() -> None:
    page = html(
        """<base href="/base/"><a href=" a ">x</a><a href="#top">x</a><a href="mailto:a@b">x</a><a>x</a>
        <a href="JavaScript:void(0)">x</a><area href="/area"><iframe src="frame"></iframe>
        <link rel="canonical" href="/canon"><link rel="stylesheet" href="/s.css"><link rel="next" href="?p=2">
        <link rel="alternate" type="application/rss+xml" href="/feed">
        <meta http-equiv="refresh" content="5; url='/moved'">"""
    )
    assert set(extract_links(page)) == {"a", "/area", "frame", "/canon", "?p=2", "/moved"}
    assert page.base_url == "https://x.test/base/"


def test_non_html_has_no_document_and_no_links() -> None:
    page = html(b'<a href="/x">', "application/pdf")
    assert page.document is None and list(extract_links(page)) == []


def test_missing_content_type_is_guessed_from_the_body() -> None:
    page = FetchedPage(
        url="https://x.test/", status=200, headers=(), body=b"  <!DOCTYPE html><a href=/x>", content_type=""
    )
    assert list(extract_links(page)) == ["/x"]


def test_huge_and_deep_documents_are_survived() -> None:
    wide = html("<p>x<a href='/last'>" * 100_000)
    assert next(iter(extract_links(wide))) == "/last"
    deep = html("<div>" * 50_000 + "<a href='/x'>")
    list(extract_links(deep))


@given(st.binary(max_size=400))
def test_any_bytes_are_survived(body: bytes) -> None:
    for data in (body, b"<html><body>" + body + b"<a href=/x>"):
        page = html(data)
        assert isinstance(page.text, str)
        assert all(isinstance(link, str) for link in extract_links(page))
