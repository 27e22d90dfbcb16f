"""The health score of a site and what each issue costs.

Formula, version 1
------------------
Only indexable pages count. For page p let w(p) be its share of internal PageRank among indexable pages, times
``1 + log10(1 + impressions)`` where search impressions are known, normalised to sum to 1. Each check counts
at most once per page, with severity s = 20 (error), 6 (warning) or 1 (notice). With S the sum over the checks
that fail on p::

    loss(p)   = S / (S + 100)
    score     = 100 * (1 - sum over p of w(p) * loss(p))
    points(g) = 100 * sum over p of w(p) * (s of g on p) / (S + 100)

so the points of all groups add up to exactly ``100 - score``. A first error costs a page a sixth of its
worth, each further one a little less, and no page falls below zero. A finding about the whole site counts on
every indexable page. Files that are not HTML pages never enter w or loss, so crawling them changes nothing.

Arithmetic is done on integers and fractions; the published score and points have four decimals, rounded by
the largest-remainder method, which keeps the sum exact.

When the crawl was cut short the score is given with an interval: the known but unvisited share u of the site
is assumed to lose, on average, no less than the 5th and no more than the 95th percentile of the pages that
were seen; findings that are not proven are left out of the upper end.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Generic, TypeVar

from seo_intelligence.logic.page import Finding, Severity

G = TypeVar("G", bound=Hashable)
K = TypeVar("K", bound=Hashable)

FORMULA_VERSION = "1"
SEVERITY_WEIGHT: Mapping[Severity, int] = {Severity.ERROR: 20, Severity.WARNING: 6, Severity.NOTICE: 1}
"""Weight s of one failed check."""

HALF_LOSS = 100
"""The sum of weights at which a page has lost half of its worth."""

QUANTUM = Decimal("0.0001")
_UNITS = 10_000
_WEIGHT_TOTAL = 10**15
_LOW, _HIGH = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class ScoredPage:
    """One indexable page: PageRank of any scale (non-negative), search impressions or None when unknown."""

    url: str
    pagerank: float
    impressions: float | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """Range in which the score of the whole site lies under the stated assumptions."""

    low: Decimal
    high: Decimal
    unvisited_share: Decimal


@dataclass(frozen=True, slots=True)
class HealthScore(Generic[G]):
    """A score from 0 to 100 with the points each group costs.

    `score` is None when no page is indexable: there is then nothing to rate. `points` holds every group that
    costs something or was found on an indexable page; its values sum to exactly ``100 - score``.
    """

    score: Decimal | None
    points: Mapping[G, Decimal]
    indexable_pages: int
    formula_version: str = FORMULA_VERSION
    interval: Interval | None = None
    reason: str = ""


def page_weights(pages: Iterable[ScoredPage]) -> dict[str, int]:
    """Integer weights that sum to exactly 10**15, in proportion to PageRank times the impressions factor.

    Pages that all have rank zero are weighted equally. Ties are resolved by URL, so the result does not
    depend on the order of the pages.
    """
    raw: dict[str, float] = {}
    for page in pages:
        factor = 1.0 if page.impressions is None else 1.0 + math.log10(1.0 + max(0.0, page.impressions))
        value = page.pagerank * factor
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"weight of {page.url} is not a finite non-negative number")
        raw[page.url] = value
    if not raw:
        return {}
    # Ranks agree between runs to about 1e-12; fewer digits make the weights reproducible bit for bit.
    peak = max(raw.values())
    scaled = {url: Fraction(round(value / peak * 1e9)) if peak else Fraction(1) for url, value in raw.items()}
    total = sum(scaled.values())
    return _largest_remainder(
        {url: value * _WEIGHT_TOTAL / total for url, value in scaled.items()}, _WEIGHT_TOTAL
    )


def _largest_remainder(exact: Mapping[K, Fraction], total: int) -> dict[K, int]:
    """Round to integers that sum to `total` (Hamilton's method); ties go by the text of the key."""
    floors = {key: math.floor(value) for key, value in exact.items()}
    missing = total - sum(floors.values())
    order = sorted(exact, key=lambda key: (floors[key] - exact[key], str(key)))
    for key in order[:missing]:
        floors[key] += 1
    return floors


def _decimal(units: int) -> Decimal:
    return (Decimal(units) * QUANTUM).quantize(QUANTUM)


def _quantile(losses: list[tuple[int, Fraction]], share: float) -> Fraction:
    """Weighted quantile of page losses; `losses` are (weight, loss) pairs."""
    ordered = sorted(losses, key=lambda item: item[1])
    limit = share * sum(weight for weight, _ in ordered)
    running = 0
    for weight, loss in ordered:
        running += weight
        if running >= limit:
            return loss
    return ordered[-1][1]


def calculate_score(
    pages: Iterable[ScoredPage],
    findings: Iterable[Finding],
    group_of: Callable[[Finding], G],
    *,
    unscored: frozenset[str] = frozenset(),
    unvisited: int = 0,
    truncated: bool = False,
) -> HealthScore[G]:
    """Score the indexable `pages` by the `findings` and attribute the lost points to `group_of(finding)`.

    `unscored` names checks that inform but never cost points. `unvisited` counts URLs in scope that were
    discovered and not fetched; with `truncated` the result carries an interval.
    """
    weights = page_weights(pages)
    if not weights:
        return HealthScore(None, {}, 0, reason="no_indexable_pages")
    per_page: dict[str, dict[str, tuple[int, G, bool]]] = defaultdict(dict)
    site_wide: dict[str, tuple[int, G, bool]] = {}
    for finding in findings:
        if finding.check_id in unscored or (finding.url is not None and finding.url not in weights):
            continue
        holder = site_wide if finding.url is None else per_page[finding.url]
        entry = (SEVERITY_WEIGHT[finding.severity], group_of(finding), finding.proven)
        previous = holder.get(finding.check_id)
        # The strongest finding of a check stands for the page; ties go to the smaller group for
        # reproducibility.
        if previous is None or (-entry[0], str(entry[1])) < (-previous[0], str(previous[1])):
            holder[finding.check_id] = entry
    # numerators[group][denominator] sums weight * severity; the page's loss is min(100, total) / 100.
    numerators: dict[G, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    losses: list[tuple[int, Fraction]] = []
    unproven_gain = Fraction(0)
    for url, weight in weights.items():
        failed = {**site_wide, **per_page[url]} if url in per_page else site_wide
        total = sum(entry[0] for entry in failed.values())
        denominator = total + HALF_LOSS
        for severity, group, _ in failed.values():
            numerators[group][denominator] += weight * severity
        losses.append((weight, Fraction(total, total + HALF_LOSS)))
        if truncated:
            proven = sum(entry[0] for entry in failed.values() if entry[2])
            unproven_gain += weight * (losses[-1][1] - Fraction(proven, proven + HALF_LOSS))
    exact = {
        group: sum((Fraction(n, d) for d, n in by_denominator.items()), Fraction(0)) * 100 / _WEIGHT_TOTAL
        for group, by_denominator in numerators.items()
    }
    lost = sum(exact.values(), Fraction(0))
    lost_units = int(
        (Decimal(lost.numerator) / Decimal(lost.denominator) / QUANTUM).to_integral_value(ROUND_HALF_EVEN)
    )
    units = _largest_remainder({g: value * _UNITS for g, value in exact.items()}, lost_units) if exact else {}
    score = _decimal(100 * _UNITS - lost_units)
    interval = None
    if truncated:
        gain = unproven_gain * 100 / _WEIGHT_TOTAL
        interval = _interval(100 - lost, gain, losses, len(weights), unvisited)
    return HealthScore(score, {g: _decimal(n) for g, n in units.items()}, len(weights), interval=interval)


def _interval(
    score: Fraction, unproven_gain: Fraction, losses: list[tuple[int, Fraction]], visited: int, unvisited: int
) -> Interval:
    share = Fraction(unvisited, visited + unvisited)
    low = (1 - share) * score + share * 100 * (1 - _quantile(losses, _HIGH))
    high = (1 - share) * (score + unproven_gain) + share * 100 * (1 - _quantile(losses, _LOW))

    def bounded(value: Fraction) -> Decimal:
        number = Decimal(value.numerator) / Decimal(value.denominator)
        return min(Decimal(100), max(Decimal(0), number)).quantize(QUANTUM)

    return Interval(
        bounded(min(low, score)),
        bounded(max(high, score)),
        (Decimal(share.numerator) / Decimal(share.denominator)).quantize(QUANTUM),
    )
