"""Does a URL belong to the crawl? Pure; URLs are in the canonical form of ``kernel.http.urls``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from plugzero_api.kernel.crawl.contracts import CrawlScope, ScopeMode
from plugzero_api.kernel.http.addresses import STANDARD_PORTS


def _site(host: str) -> str:
    return host.removeprefix("www.")


def _port(scheme: str, port: int | None) -> int:
    """80 and 443 are one site; any other port is a site of its own (0 stands for the standard ones)."""
    return 0 if port is None or port in STANDARD_PORTS else port


@dataclass
class ScopeRules:
    """Compiled scope. ``adopt`` widens it when a start URL redirects elsewhere (``example.com`` to
    ``shop.example.org``): the user named the site by an address that has moved."""

    mode: ScopeMode
    include: tuple[re.Pattern[str], ...]
    exclude: tuple[re.Pattern[str], ...]
    starts: set[str] = field(default_factory=set)
    _bases: set[tuple[str, int, str]] = field(default_factory=set)

    @classmethod
    def compile(cls, scope: CrawlScope, start_urls: tuple[str, ...]) -> ScopeRules:
        rules = cls(
            mode=scope.mode,
            include=tuple(re.compile(pattern) for pattern in scope.include),
            exclude=tuple(re.compile(pattern) for pattern in scope.exclude),
        )
        for url in start_urls:
            rules.adopt(url)
        return rules

    def adopt(self, url: str) -> None:
        self.starts.add(url)
        parts = urlsplit(url)
        folder = parts.path.rpartition("/")[0] + "/" if self.mode is ScopeMode.FOLDER else "/"
        self._bases.add((_site(parts.hostname or ""), _port(parts.scheme, parts.port), folder))

    def contains(self, url: str) -> bool:
        """True if ``url`` may be fetched as a page of this crawl."""
        if url in self.starts:
            return True
        if self.mode is ScopeMode.LISTED:
            return False
        parts = urlsplit(url)
        host = parts.hostname or ""
        if not self._in_site(host, _port(parts.scheme, parts.port), parts.path):
            return False
        if self.include and not any(pattern.search(url) for pattern in self.include):
            return False
        return not any(pattern.search(url) for pattern in self.exclude)

    def _in_site(self, host: str, port: int, path: str) -> bool:
        site = _site(host)
        if self.mode is ScopeMode.SUBDOMAINS:
            return any(
                port == base_port and (site == base or host.endswith("." + base))
                for base, base_port, _ in self._bases
            )
        if self.mode is ScopeMode.HOST:
            return (site, port, "/") in self._bases
        return any(
            site == base and port == base_port and path.startswith(folder)
            for base, base_port, folder in self._bases
        )
