"""The link graph of one crawl, kept in flat arrays so that millions of links fit in memory."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from seo_intelligence.logic.page import POSITIONS, Hop, Link, Page, Position
from seo_intelligence.logic.pagerank import BoolArray, IntArray, inlink_counts, pagerank

# Not followed for any reason; and not followed because of the link's own rel attribute.
F_NOFOLLOW = 1
F_REL_NOFOLLOW = 2
_POSITION_SHIFT = 4


class Edge(NamedTuple):
    """One internal link, decoded from the edge table."""

    source: str
    target: str
    anchor: str
    fragment: str
    nofollow: bool
    position: Position


class _Interner:
    """Strings to dense integers and back."""

    __slots__ = ("index", "values")

    def __init__(self) -> None:
        self.index: dict[str, int] = {}
        self.values: list[str] = []

    def add(self, value: str) -> int:
        found = self.index.get(value)
        if found is None:
            found = self.index[value] = len(self.values)
            self.values.append(value)
        return found


class CrawlGraph:
    """All pages of one crawl and the internal links between them.

    `truncated` names the caps that ended the crawl early (`pages`, `time`, `bytes`, `depth`); empty when
    the whole site in scope was seen. Call `add` for every page, then `finish` once, before the graph
    checks.
    """

    def __init__(self, home_url: str, truncated: Iterable[str] = ()) -> None:
        self.home_url = home_url
        self.truncated: set[str] = set(truncated)
        self.pages: dict[str, Page] = {}
        self._urls = _Interner()
        self._texts = _Interner()
        self._source = array("I")
        self._target = array("I")
        self._anchor = array("I")
        self._fragment = array("I")
        self._flags = array("B")
        self._external: dict[str, array[int]] = {}
        self._resources: dict[str, tuple[str, array[int]]] = {}
        self._image_sizes: dict[tuple[str, float, float], array[int]] = {}
        self._non_ascii: dict[str, str] = {}
        self._redirect_edges: list[tuple[int, int]] = []

    # -- building ------------------------------------------------------------------------------------------
    def add(self, page: Page, *, keep_full: bool = False) -> None:
        """Store the page and its edges. Unless `keep_full`, element lists are dropped (`Page.slim`)."""
        self.pages[page.url] = page
        source = self._urls.add(page.url)
        doc = page.doc
        if doc is not None:
            self._add_links(
                source, doc.links, page_nofollow="nofollow" in page.robots or "none" in page.robots
            )
            for url, kind in {r.url: r.kind for r in doc.resources if r.url}.items():
                entry = self._resources.get(url)
                if entry is None:
                    entry = self._resources[url] = (kind, array("I"))
                entry[1].append(source)
            for image in doc.images:
                if image.url and image.width.isdigit() and image.height.isdigit():
                    size = (image.url, float(image.width), float(image.height))
                    self._image_sizes.setdefault(size, array("I")).append(source)
        if not keep_full and page.url != self.home_url:
            page.slim()

    def _add_links(self, source: int, links: Iterable[Link], *, page_nofollow: bool) -> None:
        seen: set[tuple[str, str, str, bool]] = set()
        for link in links:
            if not link.url:
                continue
            if not link.internal:
                users = self._external.setdefault(link.url, array("I"))
                if not users or users[-1] != source:
                    users.append(source)
                continue
            if (
                link.href is not None
                and not link.href.isascii()
                and not link.href.partition("#")[0].isascii()
            ):
                self._non_ascii.setdefault(link.url, link.href)
            nofollow = page_nofollow or link.nofollow
            key = (link.url, link.anchor, link.fragment, nofollow)
            if key in seen:
                continue
            seen.add(key)
            self._source.append(source)
            self._target.append(self._urls.add(link.url))
            self._anchor.append(self._texts.add(link.anchor))
            self._fragment.append(self._texts.add(link.fragment))
            self._flags.append(
                (F_NOFOLLOW if nofollow else 0)
                | (F_REL_NOFOLLOW if link.nofollow else 0)
                | POSITIONS.index(link.position) << _POSITION_SHIFT
            )

    def finish(self) -> None:
        """Compute in-links (distinct other source pages) and internal PageRank. May be called again after
        `add`.
        """
        self._redirect_edges.clear()
        for page in self.pages.values():
            if page.is_redirect and page.redirects:
                self._redirect_edges.append(
                    (self._urls.add(page.url), self._urls.add(page.redirects[-1].location))
                )
        # Files (images, PDFs) take no part, so that crawling them or not leaves the ranks of pages alone.
        crawled = np.fromiter((self._is_ranked(url) for url in self._urls.values), dtype=bool)
        source, target, follow = self._edge_arrays()
        counts = inlink_counts(source, target, follow, len(crawled))
        via = np.array(self._redirect_edges, dtype=np.int64).reshape(-1, 2)
        ranks = pagerank(
            np.concatenate([source[follow], via[:, 0]]), np.concatenate([target[follow], via[:, 1]]), crawled
        )
        for url, page in self.pages.items():
            index = self._urls.index[url]
            page.inlinks = int(counts.total[index])
            page.inlinks_follow = int(counts.follow[index])
            page.pagerank = float(ranks[index])

    def _is_ranked(self, url: str) -> bool:
        page = self.pages.get(url)
        return page is not None and (page.is_html or page.is_redirect)

    def _edge_arrays(self) -> tuple[IntArray, IntArray, BoolArray]:
        """Copies of the edge columns: source index, target index, followed."""
        flags = np.array(self._flags, dtype=np.uint8)
        return (
            np.array(self._source, dtype=np.int64),
            np.array(self._target, dtype=np.int64),
            (flags & F_NOFOLLOW) == 0,
        )

    # -- reading -------------------------------------------------------------------------------------------
    def get(self, url: str) -> Page | None:
        """The page crawled at this URL, if any."""
        return self.pages.get(url)

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages.values())

    def __len__(self) -> int:
        return len(self.pages)

    @property
    def edge_count(self) -> int:
        """Number of distinct internal links stored."""
        return len(self._source)

    def edges(self) -> Iterator[Edge]:
        """All internal links in the order in which they were found."""
        yield from self._decode(list(range(len(self._source))))

    def _decode(self, indices: list[int]) -> Iterator[Edge]:
        urls, texts = self._urls.values, self._texts.values
        for i in indices:
            flags = self._flags[i]
            yield Edge(
                urls[self._source[i]],
                urls[self._target[i]],
                texts[self._anchor[i]],
                texts[self._fragment[i]],
                bool(flags & F_NOFOLLOW),
                POSITIONS[flags >> _POSITION_SHIFT],
            )

    def edges_to(self, wanted: set[str]) -> Iterator[Edge]:
        """Internal links whose target is one of `wanted`, without decoding the others."""
        index = self._urls.index
        ids = [index[url] for url in wanted if url in index]
        if not ids or not self._target:
            return
        mask = np.zeros(len(self._urls.values), dtype=bool)
        mask[ids] = True
        yield from self._decode(np.flatnonzero(mask[np.frombuffer(self._target, dtype=np.uint32)]).tolist())

    def fragment_edges(self) -> Iterator[Edge]:
        """Internal links that carry a fragment."""
        if self._fragment:
            empty = self._texts.add("")
            yield from self._decode(
                np.flatnonzero(np.frombuffer(self._fragment, dtype=np.uint32) != empty).tolist()
            )

    def nofollow_edges(self) -> Iterator[Edge]:
        """Internal links whose own rel attribute says nofollow (not those of a nofollow page)."""
        if self._flags:
            flags = np.frombuffer(self._flags, dtype=np.uint8)
            yield from self._decode(np.flatnonzero(flags & F_REL_NOFOLLOW).tolist())

    def linked_urls(self) -> set[str]:
        """Every internal URL that some page links to, crawled or not."""
        return {self._urls.values[i] for i in set(self._target)}

    def external_targets(self) -> Mapping[str, list[str]]:
        """External link targets with the pages that link to them (for the second phase)."""
        urls = self._urls.values
        return {target: [urls[i] for i in users] for target, users in self._external.items()}

    def resource_urls(self) -> dict[str, str]:
        """Files used by pages: URL to kind (for the second phase)."""
        return {url: kind for url, (kind, _) in self._resources.items()}

    def resource_users(self, url: str) -> list[str]:
        """Pages that use a file."""
        entry = self._resources.get(url)
        return [self._urls.values[i] for i in entry[1]] if entry else []

    def image_sizes(self) -> Iterator[tuple[str, float, float, list[str]]]:
        """Image URL, declared width and height, and the pages that show it so."""
        for (url, width, height), users in self._image_sizes.items():
            yield url, width, height, [self._urls.values[i] for i in users]

    def non_ascii_hrefs(self) -> Iterator[tuple[str, str]]:
        """Internal URLs that are linked with unescaped letters outside ASCII, with an href."""
        yield from self._non_ascii.items()

    def resolve(self, url: str, limit: int = 20) -> tuple[tuple[Hop, ...], str, Page | None]:
        """Follow redirects that the crawl saw from `url`: hops, final URL, final page (None when not
        crawled).
        """
        hops: list[Hop] = []
        seen = {url}
        page = self.pages.get(url)
        while page is not None and page.is_redirect and page.redirects and len(hops) < limit:
            following = page.redirects
            hops.extend(following)
            target = following[-1].location
            if target in seen:
                return tuple(hops), target, page
            seen.add(target)
            url, page = target, self.pages.get(target)
        return tuple(hops), url, page
