"""The shared crawl runner: a polite, resumable, guarded crawl in a process of its own.

See :func:`plugzero_api.kernel.crawl.runner.crawl` and the contracts it speaks.
"""

from plugzero_api.kernel.crawl.contracts import (
    Cap,
    CapReached,
    CrawlEnded,
    CrawlEvent,
    CrawlLimits,
    CrawlRequest,
    CrawlRequestInvalid,
    CrawlScope,
    CrawlStats,
    EndReason,
    PageFailed,
    PageFetched,
    PageSkipped,
    Politeness,
    RobotsFetched,
    ScopeMode,
    SitemapFetched,
    TlsReport,
)
from plugzero_api.kernel.crawl.pages import FetchedPage, extract_links
from plugzero_api.kernel.crawl.runner import crawl

__all__ = [
    "Cap",
    "CapReached",
    "CrawlEnded",
    "CrawlEvent",
    "CrawlLimits",
    "CrawlRequest",
    "CrawlRequestInvalid",
    "CrawlScope",
    "CrawlStats",
    "EndReason",
    "FetchedPage",
    "PageFailed",
    "PageFetched",
    "PageSkipped",
    "Politeness",
    "RobotsFetched",
    "ScopeMode",
    "SitemapFetched",
    "TlsReport",
    "crawl",
    "extract_links",
]
