"""Response headers that carry indexing facts: X-Robots-Tag and Link."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seo_intelligence.logic.page import Canonical, Hreflang
from seo_intelligence.logic.urls import BadURL, resolve

_KNOWN = frozenset(
    [
        "all",
        "noindex",
        "nofollow",
        "none",
        "nosnippet",
        "noarchive",
        "nocache",
        "noimageindex",
        "notranslate",
        "indexifembedded",
        "index",
        "follow",
        "nositelinkssearchbox",
        "noai",
        "noimageai",
        "noodp",
        "noydir",
    ]
)
_VALUED = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")
_AGENT = re.compile(r"^\s*([a-zA-Z0-9_\-]+)\s*:\s*(.*)$", re.DOTALL)
_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[a-zA-Z*-]+\s*=\s*(?:\"[^\"]*\"|[^\s,;]+))*)")
_PARAM = re.compile(r";\s*([a-zA-Z*-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s,;]+))")
RESPECTED_AGENTS = ("googlebot", "robots", "*")


def parse_robots_directives(content: str) -> tuple[frozenset[str], str]:
    """Directives in lower case (`max-snippet:0` kept whole) and the value of unavailable_after, if any."""
    content = content.lower() if "unavailable_after" not in content.lower() else content
    unavailable = ""
    match = re.search(r"unavailable_after\s*:\s*(.+)$", content, re.IGNORECASE)
    if match:
        # The date itself may contain a comma (RFC 822), so it is taken to the end of the value.
        unavailable = match.group(1).strip()
        content = content[: match.start()]
    parts = (part.strip().lower().replace(" ", "") for part in content.split(","))
    return frozenset(part for part in parts if part), unavailable


def x_robots_tag(values: Iterable[str]) -> tuple[frozenset[str], str]:
    """Directives that apply to all crawlers or Googlebot; those for other agents are left out."""
    directives: set[str] = set()
    unavailable = ""
    for value in values:
        match = _AGENT.match(value)
        if match and match.group(1).lower() not in (*_KNOWN, *_VALUED):
            if match.group(1).lower() not in RESPECTED_AGENTS:
                continue
            value = match.group(2)
        found, until = parse_robots_directives(value)
        directives |= found
        unavailable = unavailable or until
    return frozenset(directives), unavailable


def link_header(
    values: Iterable[str], base: str
) -> tuple[list[Canonical], list[Hreflang], dict[str, list[str]]]:
    """Canonicals, alternates and next/prev targets of the Link headers (RFC 8288)."""
    canonicals: list[Canonical] = []
    alternates: list[Hreflang] = []
    sequence: dict[str, list[str]] = {"next": [], "prev": []}
    for value in values:
        for match in _LINK.finditer(value):
            params = {
                p.group(1).lower(): p.group(2) or p.group(3) or "" for p in _PARAM.finditer(match.group(2))
            }
            rels = params.get("rel", "").lower().split()
            href = match.group(1).strip()
            try:
                url = resolve(base, href)[0]
            except BadURL:
                url = ""
            if "canonical" in rels:
                canonicals.append(Canonical(url, href, "header", True, "hreflang" in params))
            if "alternate" in rels and "hreflang" in params:
                alternates.append(Hreflang(params["hreflang"], url, href, "header"))
            for rel in ("next", "prev"):
                if rel in rels and url:
                    sequence[rel].append(url)
    return canonicals, alternates, sequence
