"""Which pages were made by the same template, from their URLs and, when known, the skeleton of their markup.

A template is named by a URL pattern such as `/shop/{slug}/{id}`. A path segment becomes a placeholder when it
looks generated (number, date, hash, locale, file) or when the same place under the same parent takes many
values. Pages of one pattern whose markup skeletons differ are split, so that `/{slug}` of articles and of
landing pages stay apart.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

MIN_VARIANTS = 5
"""A place under one parent is variable from this many distinct values on."""

_NUMBER = re.compile(r"^\d+$")
_YEAR = re.compile(r"^(19|20)\d\d$")
_DATE = re.compile(r"^(19|20)\d\d[-_.]?(0[1-9]|1[0-2])([-_.]?(0[1-9]|[12]\d|3[01]))?$")
_UUID = re.compile(r"^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$", re.I)
_HASH = re.compile(r"^(?=.*\d)(?=.*[a-f])[0-9a-f]{8,64}$", re.I)
_SLUG_ID = re.compile(r"^(.+[-_.])?\d{3,}([-_.].+)?$")
_LOCALE = re.compile(r"^[a-z]{2}([-_][a-z]{2})?$", re.I)
_PAGED = re.compile(r"^(page|p)[-_]?\d+$", re.I)
_EXTENSION = re.compile(r"\.(html?|php|aspx?|jsp|shtml|xhtml)$", re.I)


def _placeholder(segment: str, position: int) -> str | None:
    """The placeholder of a segment that looks generated, or None for a word."""
    bare = _EXTENSION.sub("", segment)
    suffix = segment[len(bare) :].lower()
    if _YEAR.match(bare):
        return "{year}" + suffix
    if _DATE.match(bare):
        return "{date}" + suffix
    if _NUMBER.match(bare):
        return "{number}" + suffix
    if _UUID.match(bare) or _HASH.match(bare):
        return "{id}" + suffix
    if _PAGED.match(bare):
        return "{page}" + suffix
    if position == 0 and _LOCALE.match(bare) and len(bare) == 5:
        return "{locale}" + suffix
    if _SLUG_ID.match(bare):
        return "{slug}" + suffix
    return None


def _segments(url: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    parts = urlsplit(url)
    path = tuple(unquote(s) for s in parts.path.split("/") if s)
    keys = tuple(sorted({key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}))
    return path, keys


def url_patterns(urls: Iterable[str], *, min_variants: int = MIN_VARIANTS) -> dict[str, str]:
    """Pattern of each URL, learnt from all of them together.

    Segments that look generated are replaced first; then, level by level, the remaining words under one
    parent are replaced by `{slug}` when at least `min_variants` of them occur and they are mostly leaves or
    alike in shape. A trailing slash, the scheme and the host do not matter; query parameters count by name.
    """
    split = {url: _segments(url) for url in urls}
    current: dict[str, tuple[str, ...]] = {
        url: tuple(_placeholder(s, i) or s for i, s in enumerate(path)) for url, (path, _) in split.items()
    }
    depth = max((len(p) for p in current.values()), default=0)
    for level in range(depth):
        children: dict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
        leaves: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for path in current.values():
            if len(path) > level and "{" not in path[level]:
                children[path[:level]][path[level]] += 1
                if len(path) == level + 1:
                    leaves[path[:level]].add(path[level])
        variable: dict[tuple[str, ...], set[str]] = {}
        for parent, values in children.items():
            # A folder name with many pages below it is a section; a value seen once or twice is a slug.
            rare = {value for value, count in values.items() if count <= 2}
            if len(rare) >= min_variants:
                variable[parent] = rare if level or len(rare) >= 3 * min_variants else rare & leaves[parent]
                if len(variable[parent]) < min_variants:
                    del variable[parent]
        if not variable:
            continue
        for url, path in current.items():
            if len(path) > level and path[level] in variable.get(path[:level], ()):
                extension = _EXTENSION.search(path[level])
                slug = "{slug}" + (extension.group(0).lower() if extension else "")
                current[url] = (*path[:level], slug, *path[level + 1 :])
    return {
        url: "/" + "/".join(path) + ("?" + "&".join(split[url][1]) if split[url][1] else "")
        for url, path in current.items()
    }


def assign_templates(
    skeletons: Mapping[str, str], *, min_variants: int = MIN_VARIANTS, min_share: float = 0.2
) -> dict[str, str]:
    """Template name of each URL; `skeletons` maps a URL to the signature of its markup ("" when unknown).

    Pages of one pattern are split by signature when a second signature covers at least `min_share` of them
    and three pages; rarer signatures stay with the pattern's main group.
    """
    patterns = url_patterns(skeletons, min_variants=min_variants)
    by_pattern: dict[str, Counter[str]] = defaultdict(Counter)
    for url, pattern in patterns.items():
        by_pattern[pattern][skeletons[url]] += 1
    names: dict[tuple[str, str], str] = {}
    for pattern, signatures in by_pattern.items():
        total = sum(signatures.values())
        ranked = sorted(signatures.items(), key=lambda item: (-item[1], item[0]))
        kept = [s for i, (s, n) in enumerate(ranked) if i == 0 or (n >= 3 and n / total >= min_share)]
        for signature in signatures:
            place = kept.index(signature) if signature in kept else 0
            names[pattern, signature] = pattern if place == 0 else f"{pattern} #{place + 1}"
    return {url: names[pattern, skeletons[url]] for url, pattern in patterns.items()}
