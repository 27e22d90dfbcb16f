import dataclasses
import datetime as dt
import json

import pytest

from seo_intelligence.logic import wire
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.page import Finding, Page, Severity, Site
from seo_intelligence.logic.processing import AuditProcessor, followable, page_row

HOME = "https://shop.example/"
HTML = b"""<!doctype html><html lang="en"><head><title>Red shoes</title>
<meta name="description" content="All our red shoes"><link rel="canonical" href="/red"> <link rel="alternate"
hreflang="de" href="https://shop.example/de/rot"> <script
type="application/ld+json">{"@context":"https://schema.org","@type":"Article","datePublished":"2026-01-02"}</script>
<script src="/a.js"></script></head><body><main><h1>Red shoes</h1><p id="x">Shoes that are red.</p>
<a href="/blue" rel="nofollow">Blue</a><a href="https://other.example/">Other</a><img src="/i.png"></main></body></html>"""


def page(url=HOME + "red"):
    fetch = Fetch(
        url, 200, (("Content-Type", "text/html; charset=utf-8"), ("ETag", '"1"')), HTML, ttfb_ms=12.5, depth=1
    )
    return extract_page(fetch, SiteScope(HOME))


def through_json(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_a_page_survives_with_everything_the_graph_needs():
    before = page()
    after = wire.unpack_page(through_json(wire.pack_page(before)))
    skipped = {"doc", "headers"}
    for field in dataclasses.fields(Page):
        if field.name not in skipped:
            assert getattr(after, field.name) == getattr(before, field.name), field.name
    assert [(x.url, x.anchor, x.internal, x.nofollow, x.position) for x in after.doc.links] == [
        (x.url, x.anchor, x.internal, x.nofollow, x.position) for x in before.doc.links
    ]
    assert {(r.url, r.kind) for r in after.doc.resources} == {(r.url, r.kind) for r in before.doc.resources}


def test_the_home_page_survives_whole():
    before = page(HOME)
    after = wire.unpack_page(through_json(wire.pack_page(before, full=True)))
    assert after.headers == before.headers
    for field in dataclasses.fields(before.doc):
        assert getattr(after.doc, field.name) == getattr(before.doc, field.name), field.name


def test_a_finding_survives_and_odd_evidence_becomes_json():
    before = Finding(
        "a.b", HOME, Severity.WARNING, {"when": dt.date(2026, 1, 2), "share": float("nan"), "set": {2, 1}}
    )
    after = wire.unpack_finding(through_json(wire.pack_finding(before)))
    assert after.evidence == {"when": "2026-01-02", "share": None, "set": [1, 2]}
    assert (after.check_id, after.url, after.severity) == ("a.b", HOME, Severity.WARNING)
    assert wire.unpack_finding(through_json(wire.pack_finding(before)), evidence=False).evidence == {}


@pytest.mark.parametrize("junk", [None, [], {}, {"url": 1, "titles": 3}, {"url": HOME, "links": [[1]]}, "x"])
def test_what_is_no_page_is_refused(junk):
    with pytest.raises(wire.WireError):
        wire.unpack_page(junk)


@pytest.mark.parametrize("junk", [None, [], ["a"], ["a", None, "huge", {}, None, None, True]])
def test_what_is_no_finding_is_refused(junk):
    with pytest.raises(wire.WireError):
        wire.unpack_finding(junk)


def test_the_crawl_follows_internal_links_and_alternates_only():
    assert followable(page()) == [HOME + "blue", HOME + "red", HOME + "de/rot"]


def test_the_row_of_a_page_counts_its_elements():
    row = page_row(page())
    assert (row["images"], row["images_without_alt"], row["links_internal"], row["links_external"]) == (
        1,
        1,
        1,
        1,
    )
    assert row["headings"] == [[1, "Red shoes"]]
    assert row["structured_types"] == ["Article"]


def test_the_processor_is_picklable_before_and_after_use():
    import pickle

    processor = AuditProcessor(Site(HOME), now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    facts = pickle.loads(pickle.dumps(processor)).facts(page())
    assert facts["page"]["url"] == HOME + "red"
    assert pickle.loads(pickle.dumps(processor)).home_url == HOME
