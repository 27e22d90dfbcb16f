"""What the crawler hands to the extractor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seo_intelligence.logic.page import FetchError, Hop
from seo_intelligence.logic.urls import host_of, same_site


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request with its answer.

    `url` is the URL asked for, `redirects` the hops that were followed, `final_url` where `status`,
    `headers` and `body` come from (the same as `url` without redirects). A crawler that schedules every hop
    itself passes the 3xx answer with its Location header and no `redirects`. `body` is already
    decompressed, `headers` keep repetitions.
    """

    url: str
    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    final_url: str = ""
    redirects: tuple[Hop, ...] = ()
    error: FetchError | None = None
    ttfb_ms: float | None = None
    total_ms: float | None = None
    transfer_bytes: int | None = None
    http_version: str = ""
    depth: int | None = None
    robots_allowed: bool = True
    truncated_body: bool = False
    retry_after_count: int = 0
    in_sitemaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SiteScope:
    """Which hosts count as internal."""

    home_url: str
    include_subdomains: bool = False

    def internal(self, url: str) -> bool:
        """True when the URL is on the audited site (`www.` ignored, subdomains when the audit includes
        them)."""
        return same_site(host_of(url), host_of(self.home_url), include_subdomains=self.include_subdomains)


def header_map(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Headers by lower-case name; repeated ones joined by a comma as RFC 9110 section 5.3 allows."""
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key == "set-cookie":
            continue
        joined[key] = f"{joined[key]}, {value}" if key in joined else value
    return joined
