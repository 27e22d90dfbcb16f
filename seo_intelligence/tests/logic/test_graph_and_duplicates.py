"""The link graph, internal PageRank, URL handling, near duplicates, and the runner."""

from __future__ import annotations

import datetime as dt
import random
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seo_intelligence.logic.checks.registry import CheckRunner, CheckSettings
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope
from seo_intelligence.logic.extract.page import extract_page
from seo_intelligence.logic.extract.text import jaccard, text_facts
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.near_duplicates import near_duplicate_pairs
from seo_intelligence.logic.page import Site
from seo_intelligence.logic.pagerank import pagerank
from seo_intelligence.logic.urls import BadURL, normalise, registrable_domain, resolve
from seo_intelligence.tests.accuracy.crawl import audit
from seo_intelligence.tests.accuracy.sites import STYLES, Answer, shop

HOME = "https://a.test/"


def graph_of(links: dict[str, str]) -> CrawlGraph:
    graph = CrawlGraph(HOME)
    for path, html in links.items():
        fetch = Fetch(HOME.rstrip("/") + path, 200, (("Content-Type", "text/html"),), html.encode())
        graph.add(extract_page(fetch, SiteScope(HOME)))
    graph.finish()
    return graph


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://a.test/b/../c/./d?x=1#f", "https://a.test/c/d?x=1"),
        ("https://a.test/%c3%a9 x", "https://a.test/%C3%A9%20x"),
        ("https://a.test:8443/", "https://a.test:8443/"),
        ("https://münchen.test/", "https://xn--mnchen-3ya.test/"),
        ("https://a.test?q=1", "https://a.test/?q=1"),
    ],
)
def test_urls_are_normalised(url: str, expected: str) -> None:
    assert normalise(url) == expected
    assert normalise(expected) == expected


@pytest.mark.parametrize(
    "url", ["", "/x", "mailto:a@b.c", "https://", "https://a b/", "http://[::1", "https://a.test:99999/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadURL):
        normalise(url)


@given(st.text(max_size=80))
def test_resolving_any_href_gives_a_url_or_bad_url(href: str) -> None:
    try:
        url, _ = resolve("https://a.test/x/", href)
    except BadURL:
        return
    assert normalise(url) == url


def test_registrable_domain_knows_public_suffixes() -> None:
    assert registrable_domain("www.shop.co.uk") == "shop.co.uk"
    assert registrable_domain("www.a.test") == registrable_domain("a.test") == "a.test"
    assert registrable_domain("127.0.0.1") == "127.0.0.1"


def test_pagerank_of_a_known_graph() -> None:
    # a -> b, a -> c, b -> c, c -> a with damping 0.85; the fixed point solved by hand.
    ranks = pagerank(np.array([0, 0, 1, 2]), np.array([1, 2, 2, 0]), np.array([True, True, True]))
    assert ranks == pytest.approx([0.387790, 0.214811, 0.397400], abs=1e-5)
    assert ranks.sum() == pytest.approx(1.0)


def test_inlinks_count_pages_once_and_ignore_self_links() -> None:
    graph = graph_of(
        {
            "/": '<a href="/b">1</a><a href="/b">2</a><a href="/">me</a>',
            "/b": '<a rel="nofollow" href="/">home</a>',
        }
    )
    assert graph.pages["https://a.test/b"].inlinks == 1
    assert graph.pages[HOME].inlinks == 1
    assert graph.pages[HOME].inlinks_follow == 0
    assert graph.pages["https://a.test/b"].doc is None


def _texts(count: int, copies: int, seed: int = 7) -> tuple[list[str], set[tuple[int, int]]]:
    source = random.Random(seed)
    vocabulary = [f"word{n}" for n in range(4000)]
    texts = [" ".join(source.choices(vocabulary, k=source.randint(150, 250))) for _ in range(count)]
    pairs = set()
    for n in range(copies):
        words = texts[n].split()
        for _ in range(2):
            words[source.randrange(len(words))] = "changed"
        pairs.add((n, len(texts)))
        texts.append(" ".join(words))
    return texts, pairs


def test_near_duplicates_are_those_that_brute_force_finds() -> None:
    texts, _ = _texts(120, 40)
    facts = [text_facts(t) for t in texts]
    found = {
        (i, j) for i, j, _ in near_duplicate_pairs([f.simhash for f in facts], [f.shingles for f in facts])
    }
    brute = {
        (i, j)
        for i in range(len(facts))
        for j in range(i + 1, len(facts))
        if jaccard(facts[i].shingles, facts[j].shingles) >= 0.9
    }
    assert found == brute
    assert len(found) >= 35


def test_twenty_thousand_pages_are_compared_in_time() -> None:
    texts, pairs = _texts(19_000, 1000)
    facts = [text_facts(t) for t in texts]
    started = time.process_time()
    found = {
        (i, j) for i, j, _ in near_duplicate_pairs([f.simhash for f in facts], [f.shingles for f in facts])
    }
    assert time.process_time() - started < 30
    expected = {(i, j) for i, j in pairs if jaccard(facts[i].shingles, facts[j].shingles) >= 0.9}
    assert expected <= found


def test_identical_texts_form_one_group_without_quadratic_work() -> None:
    facts = text_facts(" ".join(f"w{n}" for n in range(200)))
    started = time.process_time()
    pairs = list(near_duplicate_pairs([facts.simhash] * 3000, [facts.shingles] * 3000))
    assert len(pairs) == 2999
    assert time.process_time() - started < 20


def test_thresholds_are_settings_of_the_project() -> None:
    site = shop()
    _, strict = audit(site, {"ct.thin": {"min_words": 5000}})
    assert "ct.thin" in {f.check_id for f in strict}
    with pytest.raises(ValueError, match="no threshold"):
        CheckRunner(Site(HOME), CheckSettings({"ct.thin": {"minimum": 1}}))


def test_absence_is_not_proven_when_the_crawl_was_cut_short() -> None:
    site = shop()
    url = site.url("/lonely/")
    site.add("/lonely/", Answer(site.answers[site.url("/care/")].html.replace(site.url("/care/"), url)))
    site.lastmods[url] = "2026-05-05"
    _, whole = audit(site)
    site.truncated = ("pages",)
    _, cut = audit(site)
    assert all(f.proven for f in whole if f.check_id == "ln.orphan")
    assert [f.proven for f in cut if f.check_id == "ln.orphan"] == [False]


@pytest.mark.parametrize("style", sorted(STYLES))
def test_two_audits_of_one_site_agree(style: str) -> None:
    site = STYLES[style]()
    site.main(
        "/en/roofs/" if style == "services" else "/", "<img src='/x.png'>"
    ) if style != "magazine" else None
    first, second = audit(site)[1], audit(site)[1]
    assert first == second


def test_disabled_checks_do_not_run() -> None:
    site = Site(HOME)
    runner = CheckRunner(
        site, CheckSettings(disabled=frozenset({"ti.missing"}), now=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    )
    page = extract_page(Fetch(HOME, 200, (("Content-Type", "text/html"),), b"<p>x</p>"), SiteScope(HOME))
    assert "ti.missing" not in {f.check_id for f in runner.page(page)}
