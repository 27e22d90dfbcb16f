"""Sequences joined by rel next and prev."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from seo_intelligence.logic.checks.registry import NOTICE, WARNING, Context, Hit, check, document
from seo_intelligence.logic.graph import CrawlGraph
from seo_intelligence.logic.page import Page

_CATEGORY = "pagination"
_PAGE_NUMBER = re.compile(r"(?:[?&](?:page|p|paged|pg|seite)=|/(?:page|seite|p)[/-]?)(\d+)", re.IGNORECASE)


def _sequence_targets(graph: CrawlGraph) -> Iterator[tuple[Page, str, str]]:
    for page in graph:
        if page.status == 200:
            for rel, urls in (("next", page.next_urls), ("prev", page.prev_urls)):
                for url in urls:
                    yield page, rel, url


@check(
    id="pg.non200",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Pagination leads to no page",
    means="The rel next or prev target does not answer 200.",
    fix="Correct the sequence.",
)
def non_200(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, rel, url in _sequence_targets(graph):
        target = graph.get(url)
        if target is not None and target.status != 200:
            yield Hit({"rel": rel, "status": target.status}, url=page.url, target=url, value=url)


@check(
    id="pg.noindex",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Pagination leads to a noindex page",
    means="The rel next or prev target cannot be indexed, so its items may not be found.",
    fix="Let all pages of the sequence be indexed.",
)
def noindex(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page, rel, url in _sequence_targets(graph):
        target = graph.get(url)
        if (
            target is not None
            and target.status == 200
            and not target.indexable
            and not target.canonical_elsewhere
        ):
            yield Hit({"rel": rel, "robots": sorted(target.robots)}, url=page.url, target=url, value=url)


@check(
    id="pg.not_linked",
    severity=NOTICE,
    category=_CATEGORY,
    audience="ok_html",
    title="Pagination without a visible link",
    means="The next or previous page is named in the head, but no link leads there.",
    fix="Add links to the next and previous page.",
)
def not_linked(page: Page, ctx: Context) -> Iterator[Hit]:
    linked = {link.url for link in document(page).links}
    for rel, urls in (("next", page.next_urls), ("prev", page.prev_urls)):
        for url in urls:
            if url not in linked:
                yield Hit({"rel": rel, "url": url}, target=url)


@check(
    id="pg.loop",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Pagination runs in a circle",
    means="Following rel next comes back to a page already seen.",
    fix="Let the last page have no next.",
)
def loop(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    reported: set[str] = set()
    for page in graph:
        path: list[str] = []
        current: Page | None = page
        while current is not None and current.next_urls and len(path) < 1000 and current.url not in reported:
            if current.url in path:
                cycle = path[path.index(current.url) :]
                reported.update(cycle)
                yield Hit({"cycle": cycle[:20]}, url=min(cycle), target=current.url, value=min(cycle))
                break
            path.append(current.url)
            current = graph.get(current.next_urls[0])


@check(
    id="pg.sequence",
    severity=WARNING,
    category=_CATEGORY,
    phase="g",
    title="Pagination does not match",
    means="The next page does not name this page as its previous one.",
    fix="Generate next and prev from the same list.",
)
def sequence(graph: CrawlGraph, ctx: Context) -> Iterator[Hit]:
    for page in graph:
        if page.status != 200 or not page.next_urls:
            continue
        following = graph.get(page.next_urls[0])
        if following is not None and following.status == 200 and following is not page:
            own = {page.url, page.canonical}
            if following.prev_urls and own.isdisjoint(following.prev_urls):
                evidence = {"next": following.url, "prev_of_next": list(following.prev_urls[:3])}
                yield Hit(evidence, url=page.url, target=following.url)
            elif not following.prev_urls:
                yield Hit({"next": following.url, "prev_of_next": []}, url=page.url, target=following.url)


@check(
    id="pg.canon_to_first",
    severity=WARNING,
    category=_CATEGORY,
    audience="ok_html",
    title="Later page is canonicalised to the first",
    means="Page two and later name the first page as canonical, so their items may not be found.",
    fix="Let each page of a sequence name itself.",
)
def canonical_to_first(page: Page, ctx: Context) -> Iterator[Hit]:
    if not page.canonical_elsewhere:
        return
    match = _PAGE_NUMBER.search(page.url)
    if match is None or int(match.group(1)) < 2:
        if page.prev_urls and page.canonical in page.prev_urls:
            yield Hit({"canonical": page.canonical}, target=page.canonical, value=page.canonical)
        return
    own, canonical = urlsplit(page.url), urlsplit(page.canonical)
    other = _PAGE_NUMBER.search(page.canonical)
    base = own.path[: own.path.find(match.group(0))] if match.group(0) in own.path else own.path
    if own.netloc == canonical.netloc and canonical.path.rstrip("/").startswith(base.rstrip("/")):
        same_list = canonical.path.rstrip("/") == base.rstrip("/") or other is not None
        if same_list and (other is None or int(other.group(1)) == 1):
            yield Hit(
                {"canonical": page.canonical, "page": int(match.group(1))},
                target=page.canonical,
                value=page.canonical,
            )
