"""HTML to page facts, on ordinary and hostile input."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seo_intelligence.logic.extract.decode import decode
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.headers import link_header, parse_robots_directives, x_robots_tag
from seo_intelligence.logic.extract.image_size import image_size
from seo_intelligence.logic.extract.language import detect
from seo_intelligence.logic.extract.page import extract_page, pages_from_fetch
from seo_intelligence.logic.extract.pixels import text_width
from seo_intelligence.logic.extract.text import flesch_reading_ease, jaccard, text_facts, tokenize
from seo_intelligence.logic.page import FetchError, Hop, Page, Position

SCOPE = SiteScope("https://a.test/")
HTML = (("Content-Type", "text/html; charset=utf-8"),)


def extract(
    html: str | bytes, *, headers: tuple[tuple[str, str], ...] = HTML, url: str = "https://a.test/x/"
) -> Page:
    body = html.encode() if isinstance(html, str) else html
    return extract_page(Fetch(url, 200, headers, body), SCOPE)


def test_head_facts_are_read() -> None:
    page = extract(
        '<html lang="en-GB"><head><title> A  title </title><meta name="Description" content="Text">'
        '<link rel="canonical" href="/x/"><meta name="ROBOTS" content="NoIndex, follow">'
        '<link rel="alternate" hreflang="de" href="https://a.test/de/"></head><body><h1>One</h1></body></html>'
    )
    assert page.titles == ("A title",)
    assert page.descriptions == ("Text",)
    assert page.canonical == "https://a.test/x/"
    assert page.noindex
    assert page.lang == "en-gb"
    assert [(h.lang, h.url) for h in page.hreflangs] == [("de", "https://a.test/de/")]
    assert page.h1 == ("One",)


def test_links_keep_anchor_rel_position_and_fragment() -> None:
    page = extract(
        '<nav><a href="/n">Nav</a></nav><main><a rel="nofollow ugc" href="../y?b=1#part">'
        '<img src="i.png" alt="Pic"></a>'
        '<a href="https://b.test/">Out</a></main><footer><a href="mailto:x@y.z">Mail</a></footer>'
    )
    assert page.doc is not None
    nav, picture, out, mail = page.doc.links
    assert nav.position is Position.NAV
    assert (picture.url, picture.fragment, picture.anchor) == ("https://a.test/y?b=1", "part", "Pic")
    assert picture.nofollow
    assert picture.internal
    assert not out.internal
    assert mail.url == ""
    assert mail.position is Position.FOOTER


def test_main_text_leaves_out_navigation_scripts_and_footer() -> None:
    page = extract(
        "<body><header>Brand</header><nav>Menu</nav><div><p>The <b>main</b>text stays.</p><script>var x</script></div>"
        "<footer>Imprint</footer></body>"
    )
    assert page.doc is not None
    assert page.doc.text == "The maintext stays."


def test_noscript_image_in_head_does_not_close_the_head() -> None:
    page = extract(
        '<html><head><noscript><img src="https://t.test/p.gif"></noscript><link rel="canonical" href="https://a.test/x/">'
        "</head><body></body></html>"
    )
    assert page.canonicals[0].in_head


def test_base_href_moves_relative_links() -> None:
    page = extract('<head><base href="https://a.test/deep/dir/"></head><body><a href="y">Y</a></body>')
    assert page.doc is not None
    assert page.doc.links[0].url == "https://a.test/deep/dir/y"


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("Grüße".encode(), "text/html; charset=utf-8", "Grüße"),
        ("Grüße".encode("latin-1"), "text/html; charset=iso-8859-1", "Grüße"),
        (b'<meta charset="windows-1252">Gr\xfc\xdfe', "text/html", "Grüße"),
        ("\ufeffGrüße".encode(), "text/html; charset=iso-8859-1", "Grüße"),
        ("Grüße".encode("utf-16"), "text/html", "Grüße"),
        (b"Gr\xfc\xdfe", "text/html", "Grüße"),
        ("Grüße".encode(), "text/html; charset=no-such-charset", "Grüße"),
        (b'<meta charset="utf-16">plain', "text/html", "plain"),
    ],
)
def test_encodings_are_decided_as_browsers_do(body: bytes, content_type: str, expected: str) -> None:
    assert expected in decode(body, content_type)[0]


def test_undecodable_bytes_do_not_stop_extraction() -> None:
    page = extract(b"<title>A\xff\xfe\x00B</title><h1>\x80\x81</h1><p>text</p>")
    assert page.title.startswith("A")


@pytest.mark.parametrize(
    "html", ["", " ", "\x00", "<", "<!--", "<html", "</div></div>", "<title>", "plain words"]
)
def test_degenerate_html_gives_a_page(html: str) -> None:
    assert extract(html).status == 200


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="<>/=\"'ahtmlbodysciprk !-&;#\x00é\n", max_size=300))
def test_any_markup_can_be_extracted(html: str) -> None:
    extract(f"<html><body>{html}")


def test_hundred_thousand_nodes_are_counted_in_seconds() -> None:
    started = time.process_time()
    page = extract("<body>" + "<p>word <b>bold</b></p>" * 50_000)
    assert page.doc is not None
    assert page.doc.dom_nodes > 100_000
    assert time.process_time() - started < 20


def test_deep_nesting_does_not_overflow_the_stack() -> None:
    page = extract("<div>" * 20_000 + "deep")
    assert page.doc is not None
    assert page.doc.max_dom_depth > 200


def test_ten_megabytes_are_read() -> None:
    page = extract("<body><p>" + "lorem word " * 950_000 + "</p><a href='/end'>End</a>")
    assert page.bytes > 10_000_000
    assert page.word_count == 200_000
    assert page.doc is not None
    assert page.doc.links[0].url == "https://a.test/end"


def test_followed_redirects_give_one_page_per_url() -> None:
    hops = (
        Hop("https://a.test/old", 301, "https://a.test/mid"),
        Hop("https://a.test/mid", 302, "https://a.test/new"),
    )
    fetch = Fetch(
        "https://a.test/old", 200, HTML, b"<title>New</title>", final_url="https://a.test/new", redirects=hops
    )
    old, new = pages_from_fetch(fetch, SCOPE)
    assert (old.status, old.final_status, old.final_url) == (301, 200, "https://a.test/new")
    assert (new.url, new.title) == ("https://a.test/new", "New")


def test_single_redirect_answer_resolves_its_location() -> None:
    page = extract_page(Fetch("https://a.test/a", 302, (("Location", "../b"),)), SCOPE)
    assert page.redirects == (Hop("https://a.test/a", 302, "https://a.test/b"),)
    looping = extract_page(Fetch("https://a.test/a", 301, (("Location", "/a"),)), SCOPE)
    assert looping.error is FetchError.REDIRECT_LOOP


def test_robots_header_for_other_agents_is_left_out() -> None:
    assert x_robots_tag(["noindex", "otherbot: nofollow"])[0] == {"noindex"}
    assert x_robots_tag(["googlebot: nofollow"])[0] == {"nofollow"}
    assert x_robots_tag(["max-snippet: 0"])[0] == {"max-snippet:0"}
    assert x_robots_tag(["unavailable_after: 25 Jun 2026 15:00:00 GMT"])[1] == "25 Jun 2026 15:00:00 GMT"


def test_unavailable_after_keeps_its_date() -> None:
    directives, until = parse_robots_directives("noarchive, unavailable_after: Wed, 03 Jan 2024 10:00:00 GMT")
    assert directives == {"noarchive"}
    assert until == "Wed, 03 Jan 2024 10:00:00 GMT"
    page = extract('<head><meta name="robots" content="unavailable_after: 2024-01-03T10:00:00+01:00"></head>')
    assert page.unavailable_after == dt.datetime(2024, 1, 3, 9, tzinfo=dt.UTC)


def test_link_header_gives_canonicals_alternates_and_sequence() -> None:
    canonicals, alternates, sequence = link_header(
        [
            '<https://a.test/c>; rel="canonical", </n>; rel=next',
            '<https://a.test/de>; rel="alternate"; hreflang="de"',
        ],
        "https://a.test/x",
    )
    assert [c.url for c in canonicals] == ["https://a.test/c"]
    assert [(a.lang, a.url) for a in alternates] == [("de", "https://a.test/de")]
    assert sequence["next"] == ["https://a.test/n"]


def test_json_ld_graph_and_microdata_are_typed() -> None:
    page = extract(
        '<script type="application/ld+json">{"@context":"https://schema.org","@graph":[{"@type":"Article","datePublished":'
        '"2024-05-01"},{"@type":["Product","Thing"]}]}</script><div itemscope itemtype="https://schema.org/Event">'
        '<span itemprop="name">Fair</span><div itemprop="location" itemscope itemtype="https://schema.org/Place">'
        '<b itemprop="name">Hall</b></div></div>'
    )
    assert page.schema_types == {"Article", "Product", "Thing", "Event"}
    assert page.date_published == dt.date(2024, 5, 1)
    assert page.doc is not None
    event = page.doc.structured[-1].props
    assert event["name"] == "Fair"
    assert event["location"]["name"] == "Hall"


def test_pixel_width_follows_helvetica_metrics() -> None:
    # W = 944, i = 222 thousandths of an em.
    assert text_width("W" * 10, 20) == 189
    assert text_width("i" * 10, 20) == 44
    assert text_width("漢字", 20) == 40


def test_flesch_matches_a_hand_computed_value() -> None:
    # 206.835 - 1.015 * 100/5 - 84.6 * 140/100
    assert flesch_reading_ease(100, 5, 140) == pytest.approx(68.095)


def test_equal_texts_share_all_hashes_and_small_edits_stay_close() -> None:
    words = [f"w{n}" for n in range(300)]
    a, b = text_facts(" ".join(words)), text_facts("  ".join(words).upper())
    assert (a.text_hash, a.simhash, a.shingles) == (b.text_hash, b.simhash, b.shingles)
    edited = text_facts(" ".join(["new", *words[1:]]))
    # One changed word at the start removes one of 298 shingles and adds one.
    assert jaccard(a.shingles, edited.shingles) == pytest.approx(297 / 299)
    assert (a.simhash ^ edited.simhash).bit_count() <= 6


def test_ideographs_count_as_words() -> None:
    assert tokenize("漢字 and kana") == ["漢", "字", "and", "kana"]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        (
            "Das ist ein Haus und der Garten ist schön, aber wir haben nicht viel Zeit für die Arbeit. " * 4,
            "de",
        ),
        ("This is the house and the garden is nice, but we do not have much time for the work. " * 4, "en"),
        (
            "La maison est dans le village et nous avons un jardin pour les enfants avec des arbres. " * 4,
            "fr",
        ),
        ("Esta es la casa y el jardín es muy bonito, pero no tenemos tiempo para los niños. " * 4, "es"),
    ],
)
def test_language_is_recognised(text: str, lang: str) -> None:
    found, confidence = detect(tuple(tokenize(text)), text)
    assert found == lang
    assert confidence >= 0.9


def test_short_texts_have_no_language() -> None:
    assert detect(("the", "and"), "the and") == (None, 0.0)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big"), (640, 480)),
        (b"GIF89a" + (30).to_bytes(2, "little") + (20).to_bytes(2, "little"), (30, 20)),
        (b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc2\0\x11\x08\x01\x2c\x02\x58" + b"\0" * 20, (600, 300)),
        (
            b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + (799).to_bytes(3, "little") + (599).to_bytes(3, "little"),
            (800, 600),
        ),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + b"\x20\x03\x58\x02", (800, 600)),
        (b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 5 + (799 | 599 << 14).to_bytes(4, "little"), (800, 600)),
        (b"\xff\xd8\xff", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0", None),
        (b"<svg/>", None),
        (b"", None),
    ],
)
def test_image_size_is_read_from_the_header(data: bytes, size: tuple[int, int] | None) -> None:
    assert image_size(data) == size


@given(st.binary(max_size=60))
def test_image_size_never_raises(data: bytes) -> None:
    for prefix in (b"", b"\xff\xd8", b"GIF89a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"RIFF\0\0\0\0WEBPVP8X"):
        image_size(prefix + data)
