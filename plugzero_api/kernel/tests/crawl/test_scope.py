from __future__ import annotations

import pytest

from plugzero_api.kernel.crawl.contracts import CrawlRequestInvalid, CrawlScope, ScopeMode
from plugzero_api.kernel.crawl.scope import ScopeRules


@pytest.mark.parametrize(
    ("mode", "start", "url", "inside"),
    [
        (ScopeMode.HOST, "https://example.com/", "https://example.com/a", True),
        (ScopeMode.HOST, "https://example.com/", "http://www.example.com/a", True),
        (ScopeMode.HOST, "https://www.example.com/", "https://example.com/a", True),
        (ScopeMode.HOST, "https://example.com/", "https://blog.example.com/", False),
        (ScopeMode.HOST, "https://example.com/", "https://example.com.evil.test/", False),
        (ScopeMode.HOST, "https://example.com/", "https://notexample.com/", False),
        (ScopeMode.HOST, "https://example.com/", "https://example.com:8443/", False),
        (ScopeMode.HOST, "https://example.com:8443/", "https://example.com:8443/x", True),
        (ScopeMode.SUBDOMAINS, "https://www.example.com/", "https://a.b.example.com/", True),
        (ScopeMode.SUBDOMAINS, "https://example.com/", "https://notexample.com/", False),
        (ScopeMode.SUBDOMAINS, "https://shop.example.com/", "https://blog.example.com/", False),
        (ScopeMode.FOLDER, "https://example.com/docs/index.html", "https://example.com/docs/a/b", True),
        (ScopeMode.FOLDER, "https://example.com/docs/", "https://example.com/docsother/", False),
        (ScopeMode.FOLDER, "https://example.com/docs/", "https://example.com/", False),
        (ScopeMode.LISTED, "https://example.com/a", "https://example.com/a", True),
        (ScopeMode.LISTED, "https://example.com/a", "https://example.com/b", False),
    ],
)
def test_modes_decide_by_host_and_folder(mode: ScopeMode, start: str, url: str, inside: bool) -> None:
    assert ScopeRules.compile(CrawlScope(mode), (start,)).contains(url) is inside


def test_include_and_exclude_patterns_narrow_the_scope_but_never_the_start() -> None:
    scope = CrawlScope(include=(r"/shop/", r"/blog/"), exclude=(r"\?sort=", r"/private"))
    rules = ScopeRules.compile(scope, ("https://example.com/",))
    assert rules.contains("https://example.com/")
    assert rules.contains("https://example.com/shop/a")
    assert not rules.contains("https://example.com/about")
    assert not rules.contains("https://example.com/shop/a?sort=price")
    assert not rules.contains("https://example.com/shop/private/a")


def test_adopted_host_belongs_to_the_scope() -> None:
    rules = ScopeRules.compile(CrawlScope(), ("https://old.example/",))
    assert not rules.contains("https://new.example/a")
    rules.adopt("https://new.example/")
    assert rules.contains("https://new.example/a") and rules.contains("https://old.example/a")


@pytest.mark.parametrize("patterns", [("(",), ("a" * 501,), ("a",) * 51, ("(?P<x>a)(?P<x>b)",)])
def test_bad_patterns_are_refused_with_a_sentence(patterns: tuple[str, ...]) -> None:
    with pytest.raises(CrawlRequestInvalid):
        CrawlScope(exclude=patterns)
