"""Audit findings ranked by the demand of the pages they touch.

The demand of a page is the sum over its keywords of their yearly-average monthly demand; volumes of different
providers are not added up: per keyword one source is used, in the order impressions (measured on this site),
volume. An issue group's demand is that of its distinct pages, weighted by severity, so that an error on the
page a thousand people look for comes before notices on pages nobody does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from seo_intelligence.logic.page import Finding
from seo_intelligence.logic.root_causes import RootCause
from seo_intelligence.logic.score import SEVERITY_WEIGHT
from seo_intelligence.logic.trends.series import Metric

SOURCE_ORDER = (Metric.IMPRESSIONS, Metric.VOLUME)


@dataclass(frozen=True, slots=True)
class KeywordDemand:
    """Monthly demand of one keyword for one landing page, in impressions or searches per month (`metric`)."""

    keyword: str
    landing_url: str
    monthly: float
    metric: Metric
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A root cause with the demand behind it.

    `demand` is the monthly demand of the affected pages, `priority` demand times severity weight, `keywords`
    the biggest ones among them, `basis` the metrics used. Causes without any known demand have `demand` None
    and come last, in the order of severity: unknown demand is not zero demand.
    """

    cause: RootCause
    demand: float | None
    priority: float
    keywords: tuple[str, ...]
    basis: tuple[Metric, ...]


def demand_by_page(demands: Iterable[KeywordDemand]) -> dict[str, list[KeywordDemand]]:
    """Best-sourced demand per page and keyword, biggest first."""
    chosen: dict[tuple[str, str], KeywordDemand] = {}
    for demand in demands:
        if demand.metric not in SOURCE_ORDER:
            raise ValueError(f"{demand.metric} does not measure demand in searches or impressions")
        key = (demand.landing_url, demand.keyword.casefold())
        known = chosen.get(key)
        rank = (SOURCE_ORDER.index(demand.metric), -demand.monthly)
        if known is None or rank < (SOURCE_ORDER.index(known.metric), -known.monthly):
            chosen[key] = demand
    pages: dict[str, list[KeywordDemand]] = defaultdict(list)
    for demand in chosen.values():
        pages[demand.landing_url].append(demand)
    for rows in pages.values():
        rows.sort(key=lambda d: (-d.monthly, d.keyword))
    return dict(pages)


def rank_by_demand(
    causes: Sequence[RootCause],
    findings: Sequence[Finding],
    pages: Mapping[str, Sequence[KeywordDemand]],
    *,
    top_keywords: int = 5,
) -> list[RankedCause]:
    """Order `causes` by severity-weighted demand; `pages` comes from `demand_by_page`.

    A finding about the whole site touches every page with demand.
    """
    ranked = []
    for cause in causes:
        urls = {findings[i].url for i in cause.findings}
        touched = set(pages) if None in urls else urls & pages.keys()
        rows = sorted(
            (row for url in touched if url is not None for row in pages[url]),
            key=lambda d: (-d.monthly, d.keyword),
        )
        demand = sum(row.monthly for row in rows) if rows else None
        ranked.append(
            RankedCause(
                cause=cause,
                demand=demand,
                priority=(demand or 0.0) * SEVERITY_WEIGHT[cause.severity],
                keywords=tuple(dict.fromkeys(row.keyword for row in rows))[:top_keywords],
                basis=tuple(m for m in SOURCE_ORDER if any(row.metric is m for row in rows)),
            )
        )
    ranked.sort(
        key=lambda r: (r.demand is None, -r.priority, -SEVERITY_WEIGHT[r.cause.severity], r.cause.key)
    )
    return ranked
