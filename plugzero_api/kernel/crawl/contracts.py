"""What a crawl is asked to do and what it reports. Standard library only; everything here may leave the
kernel.

Sizes are bytes, durations seconds, times Unix epoch seconds. A crawl is a stream of events; each event is
small and complete, so a consumer can store a batch and forget it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plugzero_api.kernel.crawl.pages import FetchedPage

MAX_PATTERNS = 50
MAX_PATTERN_LENGTH = 500
MIN_MEMORY_BYTES = 128_000_000


class CrawlRequestInvalid(ValueError):
    """The request cannot be carried out as written; the message is for the user."""


class ScopeMode(StrEnum):
    """Which URLs belong to the crawl, relative to the start URLs."""

    HOST = "host"  # the same host, with or without "www."
    SUBDOMAINS = "subdomains"  # the host and everything below it
    FOLDER = "folder"  # the same host, below the start URL's directory
    LISTED = "listed"  # the start URLs and nothing else (their redirects are followed)


class Cap(StrEnum):
    """A limit that cut the crawl short. Absence of a page proves nothing once one of these was reported."""

    PAGES = "pages"
    DEPTH = "depth"
    TIME = "time"
    BYTES = "bytes"
    MEMORY = "memory"
    QUEUE = "queue"


class EndReason(StrEnum):
    FINISHED = "finished"  # the queue is empty
    CAP_REACHED = "cap_reached"
    CANCELLED = "cancelled"
    HOST_UNAVAILABLE = "host_unavailable"  # refused or failed for longer than our patience
    CHILD_DIED = "child_died"  # the crawl process was killed or crashed
    STALLED = "stalled"  # the crawl process stopped answering and was killed


@dataclass(frozen=True, slots=True)
class CrawlScope:
    """``include`` and ``exclude`` are regular expressions searched in the whole URL; start URLs always
    pass."""

    mode: ScopeMode = ScopeMode.HOST
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        patterns = (*self.include, *self.exclude)
        if len(patterns) > MAX_PATTERNS:
            raise CrawlRequestInvalid(f"At most {MAX_PATTERNS} include and exclude patterns are allowed.")
        for pattern in patterns:
            if len(pattern) > MAX_PATTERN_LENGTH:
                raise CrawlRequestInvalid(f"A pattern is longer than {MAX_PATTERN_LENGTH} characters.")
            try:
                re.compile(pattern)
            except (re.error, RecursionError, OverflowError) as error:
                raise CrawlRequestInvalid(f"The pattern {pattern!r} is not valid: {error}.") from None


@dataclass(frozen=True, slots=True)
class CrawlLimits:
    max_pages: int = 500
    max_depth: int = 20
    max_seconds: float = 3600.0
    max_page_bytes: int = 5_000_000  # after decompression; a longer page is cut and flagged
    max_total_bytes: int = 2_000_000_000
    max_memory_bytes: int = 512_000_000  # resident memory of the crawl process
    max_queued: int = 500_000  # URLs remembered
    page_timeout: float = 30.0
    page_processing_timeout: float = 20.0
    max_redirects: int = 10
    max_query_variants: int = 200  # distinct query strings per path before they count as a trap
    restarts: int = 1  # how often a crawl process that died is started again within one call

    def __post_init__(self) -> None:
        for name in ("max_pages", "max_seconds", "max_page_bytes", "max_total_bytes", "page_timeout"):
            if getattr(self, name) <= 0:
                raise CrawlRequestInvalid(f"{name} must be positive.")
        if self.max_memory_bytes < MIN_MEMORY_BYTES:
            raise CrawlRequestInvalid("A crawl needs at least 128 MB of memory.")
        if self.max_depth < 0 or self.max_redirects < 0:
            raise CrawlRequestInvalid("max_depth and max_redirects must not be negative.")


@dataclass(frozen=True, slots=True)
class Politeness:
    """The default is polite: robots.txt obeyed, one connection per host, the delay follows the server's
    latency.

    More than one connection, or no throttle, needs the permission of the site's owner.
    """

    user_agent: str = "PlugZeroBot/1.0"
    robots_token: str = "PlugZeroBot"
    obey_robots: bool = True
    autothrottle: bool = True
    min_delay: float = 0.1
    max_delay: float = 30.0  # also the longest Crawl-delay that is honoured in full
    concurrency_per_host: int = 1
    max_attempts: int = 4  # per URL, for 429, 5xx and connections that fail
    patience: float = 300.0  # how long a host may refuse everything before the crawl gives up
    max_retry_after: float = 120.0

    @classmethod
    def owner_permits(cls, *, concurrency: int = 16, **changes: Any) -> Politeness:
        """For a site whose owner allows full speed. robots.txt is still obeyed unless
        ``obey_robots=False``."""
        values = {"autothrottle": False, "min_delay": 0.0, "concurrency_per_host": concurrency, **changes}
        return cls(**values)


LinkExtractor = Callable[["FetchedPage"], Iterable[str]]
PageProcessor = Callable[["FetchedPage"], Any]


@dataclass(frozen=True)
class CrawlRequest:
    """One crawl. ``job_dir`` holds its queue, seen set and undelivered events: calling again with the same
    directory resumes.

    ``link_extractor`` and ``page_processor`` are module-level functions; they run in the crawl process,
    which has no Django, no database and none of our environment variables. The extractor yields URLs
    (absolute or relative to the page); the processor returns anything JSON can hold, delivered as
    ``PageFetched.facts``. Without ``keep_body`` only facts cross the pipe.
    """

    start_urls: tuple[str, ...]
    job_dir: Path
    scope: CrawlScope = field(default_factory=CrawlScope)
    limits: CrawlLimits = field(default_factory=CrawlLimits)
    politeness: Politeness = field(default_factory=Politeness)
    link_extractor: LinkExtractor | None = None
    page_processor: PageProcessor | None = None
    keep_body: bool = True
    use_sitemaps: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    allow_hosts: tuple[str, ...] = ()  # exceptions of the operator; the runner adds the setting's
    resolver: Callable[[str, int], Sequence[str]] | None = None  # instead of the system's; module-level too

    def __post_init__(self) -> None:
        if not self.start_urls:
            raise CrawlRequestInvalid("A crawl needs at least one start URL.")
        if len(self.start_urls) > 100_000:
            raise CrawlRequestInvalid("At most 100,000 start URLs are allowed.")


@dataclass(frozen=True, slots=True)
class TlsReport:
    """``problem`` is None for a valid certificate, else one of ``expired``, ``not_yet_valid``,
    ``self_signed``, ``untrusted``, ``hostname_mismatch``, ``invalid``. Such hosts are crawled all the same,
    without trust."""

    problem: str | None
    protocol: str
    not_after: float | None = None
    subject: str = ""
    issuer: str = ""


@dataclass(frozen=True, slots=True)
class PageFetched:
    """One URL was answered. A redirect is an answer of its own: ``redirect_to`` says where it points (already
    canonical), and the target's event carries the ``redirect_chain`` that led to it, as (url, status) pairs.
    ``ttfb`` is from sending the request to the first byte of the answer, ``total`` includes connecting."""

    url: str
    depth: int
    status: int
    headers: tuple[tuple[str, str], ...]
    fetched_at: float
    ttfb: float
    total: float
    content_type: str = ""
    size: int = 0
    wire_size: int = 0
    truncated: bool = False
    http_version: str = "1.1"
    address: str = ""
    tls: TlsReport | None = None
    redirect_to: str | None = None
    redirect_chain: tuple[tuple[str, int], ...] = ()
    referrer: str | None = None
    attempts: int = 1
    links: int = 0
    processing_error: str | None = None
    facts: Any = None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class PageFailed:
    """No answer. ``reason`` is the code of a :class:`FetchError`, or ``redirect_loop``."""

    url: str
    depth: int
    reason: str
    detail: str = ""
    attempts: int = 1
    referrer: str | None = None
    redirect_chain: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class PageSkipped:
    """Found but not fetched: ``robots``, ``robots_unreachable``, ``scope``, ``depth``, ``url_not_allowed``,
    ``queue`` or ``trap:<kind>``. Reported once per URL and at most 5,000 times per reason; the statistics
    count all."""

    url: str
    depth: int
    reason: str
    referrer: str | None = None


@dataclass(frozen=True, slots=True)
class RobotsFetched:
    """robots.txt of one host. ``status`` is 0 when it could not be fetched. ``disallows_all`` speaks for
    us."""

    url: str
    status: int
    body: str
    disallows_all: bool
    crawl_delay: float | None = None
    sitemaps: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SitemapFetched:
    """``entries`` are the URLs of a sitemap or the children of an index, at most 50,000, as (loc,
    lastmod)."""

    url: str
    status: int
    kind: str
    entries: tuple[tuple[str, str], ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CapReached:
    cap: Cap
    queued: int


@dataclass(frozen=True, slots=True)
class CrawlStats:
    """Sums over the whole crawl, earlier runs of a resumed one included. ``rss`` is of the crawl process
    now."""

    fetched: int = 0
    failed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    queued: int = 0
    bytes: int = 0
    seconds: float = 0.0
    rss: int = 0


@dataclass(frozen=True, slots=True)
class CrawlEnded:
    """The last event of every call. ``complete`` is True only if everything in scope was visited."""

    reason: EndReason
    complete: bool
    resumable: bool
    caps: tuple[Cap, ...] = ()
    stats: CrawlStats = field(default_factory=CrawlStats)
    detail: str = ""


CrawlEvent = (
    PageFetched
    | PageFailed
    | PageSkipped
    | RobotsFetched
    | SitemapFetched
    | CapReached
    | CrawlStats
    | CrawlEnded
)
