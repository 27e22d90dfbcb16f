"""Technical scores of several sites side by side, on samples that can be compared.

Sites differ in size and audits in depth, so each site is rated on the same number of pages: its first
indexable pages in breadth-first order (depth, then URL), with PageRank as the weight, by the same checks. A
category is compared only over checks that ran on every site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from seo_intelligence.logic.page import Finding
from seo_intelligence.logic.score import ScoredPage, calculate_score

MIN_SAMPLE = 5


@dataclass(frozen=True, slots=True)
class SampledPage:
    """An indexable page with its click depth (None when reached only by a sitemap) and PageRank."""

    url: str
    depth: int | None
    pagerank: float


@dataclass(frozen=True, slots=True)
class AuditedSite:
    """One site as input to a comparison: indexable pages, findings and the ids of the checks that ran."""

    domain: str
    pages: Sequence[SampledPage]
    findings: Sequence[Finding]
    checks: frozenset[str]


@dataclass(frozen=True, slots=True)
class TechnicalScore:
    """Scores of one site: overall and per category, 0-100, on `sample_pages` pages of `indexable_pages`."""

    domain: str
    technical_score: Decimal
    by_category: Mapping[str, Decimal]
    sample_pages: int
    indexable_pages: int


class SamplesNotComparable(ValueError):
    """A site has too few indexable pages, or no check ran on all sites."""


def sample_pages(pages: Iterable[SampledPage], size: int) -> list[SampledPage]:
    """The first `size` pages in breadth-first order; pages without a depth come last."""
    ordered = sorted(pages, key=lambda p: (p.depth is None, p.depth or 0, p.url))
    return ordered[:size]


def compare_sites(
    sites: Sequence[AuditedSite],
    category_of: Mapping[str, str],
    *,
    unscored: frozenset[str] = frozenset(),
    min_sample: int = MIN_SAMPLE,
) -> list[TechnicalScore]:
    """Score all `sites` on equally large samples by the checks they have in common; input order is kept.

    `category_of` maps check ids to category names.

    Raises:
        SamplesNotComparable: a site has fewer than `min_sample` indexable pages, or there is no common check.
    """
    if not sites:
        return []
    size = min(len(site.pages) for site in sites)
    if size < min_sample:
        short = [site.domain for site in sites if len(site.pages) < min_sample]
        raise SamplesNotComparable(
            f"At least {min_sample} indexable pages are needed on each site; too few on: {', '.join(short)}."
        )
    common = frozenset.intersection(*(site.checks for site in sites)) - unscored
    if not common:
        raise SamplesNotComparable("No check ran on all of the sites.")
    categories = sorted({category_of[check] for check in common if check in category_of})
    result = []
    for site in sites:
        sample = [ScoredPage(p.url, p.pagerank) for p in sample_pages(site.pages, size)]
        usable = [f for f in site.findings if f.check_id in common]
        overall = calculate_score(sample, usable, lambda f: f.check_id).score
        by_category: dict[str, Decimal] = {}
        for category in categories:
            chosen = [f for f in usable if category_of.get(f.check_id) == category]
            value = calculate_score(sample, chosen, lambda f: f.check_id).score
            assert value is not None
            by_category[category] = value
        assert overall is not None
        result.append(TechnicalScore(site.domain, overall, by_category, size, len(site.pages)))
    return result
