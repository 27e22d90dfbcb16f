"""One fetched answer to a `Page`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from sys import intern
from typing import Any

from lxml import etree

from seo_intelligence.logic.extract import threats
from seo_intelligence.logic.extract.dates import labelled_dates, parse_date, parse_moment
from seo_intelligence.logic.extract.decode import decode
from seo_intelligence.logic.extract.fetch import Fetch, SiteScope, header_map
from seo_intelligence.logic.extract.headers import link_header, parse_robots_directives, x_robots_tag
from seo_intelligence.logic.extract.language import ALL_STOP_WORDS, detect
from seo_intelligence.logic.extract.pixels import DESCRIPTION_PX, TITLE_PX, text_width
from seo_intelligence.logic.extract.source import SourceFacts, scan, without_head_noscript
from seo_intelligence.logic.extract.structured import json_ld, microdata, walk
from seo_intelligence.logic.extract.text import flesch_inputs, squash, text_facts, top_terms
from seo_intelligence.logic.extract.walk import Walker
from seo_intelligence.logic.page import (
    Document,
    Element,
    FetchError,
    Hop,
    Page,
    StructuredError,
    StructuredItem,
)
from seo_intelligence.logic.urls import BadURL, host_of, normalise, resolve

_HTML_TYPES = ("text/html", "application/xhtml+xml")
_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|copyright)[^\d]{0,40}(?:(?:19|20)\d\d\s*[-–—]\s*)?((?:19|20)\d\d)", re.IGNORECASE
)
_REFRESH = re.compile(r"^\s*[\d.]+\s*[;,]\s*(?:url\s*=\s*)?['\"]?\s*([^'\"]+)", re.IGNORECASE)
_ROBOTS_NAMES = ("robots", "googlebot")
_PARSER_OPTIONS: dict[str, Any] = {
    "encoding": "utf-8",
    "huge_tree": True,
    "remove_pis": True,
    "remove_comments": True,
}
_CHARS_PER_TOKEN = 4


def pages_from_fetch(fetch: Fetch, scope: SiteScope) -> list[Page]:
    """The pages that one request gave: the redirecting URL (if any hop was followed) and the one that
    answered."""
    url = _normal(fetch.url)
    if not fetch.redirects:
        return [extract_page(fetch, scope)]
    final = _normal(fetch.final_url or fetch.redirects[-1].location)
    redirecting = Page(
        url, fetch.redirects[0].status, fetch.error, final, fetch.status, tuple(fetch.redirects), fetch.ttfb_ms,
        fetch.total_ms, depth=fetch.depth, in_sitemaps=fetch.in_sitemaps, robots_allowed=fetch.robots_allowed,
    )  # fmt: skip
    if fetch.status is None or not scope.internal(final):
        return [redirecting]
    answer = Fetch(
        final, fetch.status, fetch.headers, fetch.body, ttfb_ms=fetch.ttfb_ms, total_ms=fetch.total_ms,
        transfer_bytes=fetch.transfer_bytes, http_version=fetch.http_version, depth=fetch.depth,
        truncated_body=fetch.truncated_body,
    )  # fmt: skip
    return [redirecting, extract_page(answer, scope)]


def _normal(url: str) -> str:
    try:
        return normalise(url)
    except BadURL:
        return url


def extract_page(fetch: Fetch, scope: SiteScope) -> Page:
    """Facts of one answer. Never raises on bad HTML, encodings or headers."""
    headers = dict(header_map(fetch.headers))
    content_type = headers.get("content-type", "").split(";")[0].strip().lower()
    page = Page(
        url=_normal(fetch.url),
        status=fetch.status,
        error=fetch.error,
        final_url=_normal(fetch.final_url or fetch.url),
        final_status=fetch.status,
        redirects=fetch.redirects,
        ttfb_ms=fetch.ttfb_ms,
        total_ms=fetch.total_ms,
        bytes=len(fetch.body),
        transfer_bytes=fetch.transfer_bytes,
        headers=headers,
        set_cookies=tuple(value for name, value in fetch.headers if name.lower() == "set-cookie"),
        content_type=content_type,
        http_version=fetch.http_version,
        truncated_body=fetch.truncated_body,
        retry_after_count=fetch.retry_after_count,
        robots_allowed=fetch.robots_allowed,
        depth=fetch.depth,
        in_sitemaps=fetch.in_sitemaps,
    )
    if page.is_redirect:
        _single_hop(page, headers.get("location", ""))
        return page
    page.is_html = content_type in _HTML_TYPES or (not content_type and b"<html" in fetch.body[:2048].lower())
    robots_values = [value for name, value in fetch.headers if name.lower() == "x-robots-tag"]
    page.robots_header, until = x_robots_tag(robots_values)
    page.unavailable_after = parse_moment(until) if until else None
    canonicals, alternates, sequence = link_header(
        (value for name, value in fetch.headers if name.lower() == "link"), page.url
    )
    page.canonicals, page.hreflangs = tuple(canonicals), tuple(alternates)
    page.next_urls, page.prev_urls = tuple(sequence["next"]), tuple(sequence["prev"])
    if page.is_html and fetch.body:
        _extract_html(page, fetch.body, headers, scope)
    return page


def _single_hop(page: Page, location: str) -> None:
    if page.redirects or not location or page.status is None:
        return
    try:
        target = resolve(page.url, location)[0]
    except BadURL:
        target = location
    page.redirects = (Hop(page.url, page.status, target),)
    page.final_url, page.final_status = target, None
    if target == page.url:
        page.error = FetchError.REDIRECT_LOOP


def parse_html(text: str) -> etree._Element | None:
    """The tree of an HTML text, None when nothing can be parsed."""
    parser = etree.HTMLParser(**_PARSER_OPTIONS)
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None


def _extract_html(page: Page, body: bytes, headers: dict[str, str], scope: SiteScope) -> None:
    text, charset = decode(body, headers.get("content-type", ""))
    source = scan(text)
    marker = threats.challenge_marker(page.status, headers, text)
    page.is_challenge = bool(marker)
    root = parse_html(without_head_noscript(text))
    walker = Walker(page.url, host_of(scope.home_url), include_subdomains=scope.include_subdomains)
    if root is not None:
        walker.run(root)
        walker.finish()
    doc = page.doc = Document(doctype=source.doctype, charset_declared=charset, html_chars=len(text))
    doc.challenge_text = marker
    _head(page, doc, walker)
    _structured(page, doc, walker, root)
    _text(page, doc, walker)
    _links(page, doc, walker)
    _markup(doc, walker, source)
    doc.secrets = threats.secrets(text)
    page.obfuscated_scripts = threats.obfuscated(walker.inline_scripts)
    page.template = intern(template_key(walker.skeleton))
    page.ids = frozenset(map(intern, walker.ids.keys() | walker.anchor_names))


def template_key(skeleton: Iterable[str]) -> str:
    """Key of the page's upper structure: tags with their first class, numbers removed, down to the fourth
    level.

    Content lives deeper than that on most templates, so pages of one template share the key.
    """
    tokens = sorted({re.sub(r"\d{2,}", "#", token) for token in skeleton})
    return blake2b("|".join(tokens).encode("utf-8", "replace"), digest_size=6).hexdigest()


def _head(page: Page, doc: Document, walker: Walker) -> None:
    doc.metas = tuple(walker.metas)
    doc.html_lang = walker.html_lang
    page.lang = intern((walker.html_lang or "").strip().lower())
    page.titles = tuple(walker.titles)
    page.title_px = text_width(page.title, TITLE_PX)
    page.descriptions = tuple(squash(m.content) for m in walker.metas if m.key == "description" and m.in_head)
    page.description_px = text_width(page.description, DESCRIPTION_PX)
    page.canonicals = (*walker.canonicals, *page.canonicals)
    page.hreflangs = (*walker.hreflangs, *page.hreflangs)
    page.next_urls = tuple(u for u in (*walker.next_urls, *page.next_urls) if u)
    page.prev_urls = tuple(u for u in (*walker.prev_urls, *page.prev_urls) if u)
    directives: set[str] = set()
    for meta in walker.metas:
        if meta.key in _ROBOTS_NAMES and meta.attr == "name":
            found, until = parse_robots_directives(meta.content)
            directives |= found
            if until and page.unavailable_after is None:
                page.unavailable_after = parse_moment(until)
        elif meta.key == "refresh" and meta.attr == "http-equiv":
            match = _REFRESH.match(meta.content)
            if match:
                target = walker.absolute(match.group(1).strip())[0]
                doc.meta_refresh = target if target and target != page.url else doc.meta_refresh
    page.robots_meta = frozenset(directives)
    page.h1 = tuple(h.text for h in walker.headings if h.level == 1 and h.text)
    doc.headings = tuple(walker.headings)


def _structured(page: Page, doc: Document, walker: Walker, root: etree._Element | None) -> None:
    items: list[StructuredItem] = []
    errors: list[StructuredError] = []
    for block in walker.json_ld:
        found, wrong = json_ld(block)
        items.extend(found)
        errors.extend(wrong)
    if walker.has_microdata and root is not None:
        items.extend(microdata(root))
    doc.structured, doc.structured_errors = tuple(items), tuple(errors)
    page.schema_types = frozenset(intern(t) for item in items for t in item.types)
    published, modified = _article_dates(items, doc)
    page.date_published, page.date_modified = published, modified


def _article_dates(items: Sequence[StructuredItem], doc: Document) -> tuple[dt.date | None, dt.date | None]:
    values: dict[str, dt.date] = {}
    for item in items:
        for _, props in walk(item.props):
            for key in ("datePublished", "dateModified"):
                value = props.get(key)
                if key not in values and isinstance(value, str):
                    date = parse_date(value)
                    if date is not None:
                        values[key] = date
    for meta in doc.metas:
        key = {"article:published_time": "datePublished", "article:modified_time": "dateModified"}.get(
            meta.key, ""
        )
        if key and key not in values:
            date = parse_date(meta.content)
            if date is not None:
                values[key] = date
    return values.get("datePublished"), values.get("dateModified")


def _text(page: Page, doc: Document, walker: Walker) -> None:
    main = squash("".join(walker.main_parts)) if walker.has_main else ""
    text = main or squash("".join((*walker.main_parts, *walker.body_parts)))
    facts = text_facts(text)
    page.word_count, page.text_hash = facts.word_count, facts.text_hash
    page.simhash, page.shingles = facts.simhash, facts.shingles
    doc.text = text
    doc.text_chars = len(text) + walker.other_chars
    doc.detected_lang, doc.detected_confidence = detect(facts.words, text)
    doc.top_terms = top_terms(facts.words, ALL_STOP_WORDS)
    page.terms = tuple(intern(term) for term, _ in doc.top_terms)
    page.spam_terms = threats.spam_terms(text, facts.words)
    doc.sentences, doc.syllables = flesch_inputs(text, facts.words)
    dates = [parse_date(text) for text, hinted in walker.time_texts if hinted]
    doc.visible_dates = (
        *(d for d in dates if d is not None),
        *labelled_dates(f"{text[:3000]} {text[-500:]}"),
    )
    footer = "".join(walker.footer_parts)
    years = [int(year) for year in _COPYRIGHT.findall(footer)]
    doc.copyright_year = max(years) if years else None
    doc.hidden_chars, doc.hidden_links = walker.hidden_chars, walker.hidden_links


def _links(page: Page, doc: Document, walker: Walker) -> None:
    doc.links, doc.images = tuple(walker.links), tuple(walker.images)
    doc.resources, doc.forms, doc.videos = tuple(walker.resources), tuple(walker.forms), tuple(walker.videos)
    doc.preconnects = frozenset(walker.preconnects)
    page.outlink_count = len({link.url for link in doc.links if link.url})
    page.affiliate_links = sum(threats.is_affiliate(link) for link in doc.links if not link.internal)
    page.external_hosts = frozenset(
        intern(host_of(link.url)) for link in doc.links if link.url and not link.internal
    )


def _markup(doc: Document, walker: Walker, source: SourceFacts) -> None:
    faults: dict[str, tuple[Element, ...]] = {kind: tuple(found) for kind, found in walker.faults.items()}
    if source.invalid_head:
        faults["invalid_head"] = source.invalid_head
    doc.markup = faults
    doc.heads, doc.bodies = source.heads, source.bodies
    doc.has_main, doc.has_skip_link = walker.has_main, walker.has_skip_link
    doc.dom_nodes, doc.max_dom_depth, doc.max_children = walker.nodes, walker.max_depth, walker.max_children
    doc.inline_svg_bytes = walker.svg_bytes
    doc.font_faces_without_display = walker.font_faces_without_display


def estimated_tokens(html_chars: int) -> int:
    """Rough number of language-model tokens of an HTML text (four characters each)."""
    return html_chars // _CHARS_PER_TOKEN
