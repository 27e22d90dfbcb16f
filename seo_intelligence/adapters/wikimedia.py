"""Wikimedia pageviews: how often an encyclopedia article was read. Needs no key.

Reading about a thing moves with searching for it but is not searching for it, so these series are on the
`proxy` scale. The article is the keyword with its first letter in upper case, unless another title is given.
Asked politely: the service wants a descriptive User-Agent and at most 100 requests a second; a 404 means that
there is no such article or that nobody read it in the period.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from seo_intelligence.adapters.base import Answer, Capability, KeywordQuery, Provider, QuotaLimits
from seo_intelligence.logic.trends.series import Metric, Point, PointStatus, Scale, Series, SeriesKey

FIRST_DAY = dt.date(2015, 7, 1)
"""Pageviews are counted since then."""


class Wikimedia(Provider):
    """Daily views of Wikipedia articles by people (crawlers excluded)."""

    name = "wikimedia"
    label = "Wikipedia pageviews"
    capabilities = frozenset({Capability.INTEREST})
    default_url = "https://wikimedia.org"
    default_limits = QuotaLimits(calls_per_day=20_000)
    note = "Views of the Wikipedia article of this name: a proxy for interest, not a count of searches."

    def interest(
        self,
        queries: Sequence[KeywordQuery],
        start: dt.date,
        end: dt.date,
        titles: Mapping[str, str] | None = None,
    ) -> Answer:
        """Daily views from `start` to `end`. `titles` maps a keyword to the article when it has another name."""
        return Answer(
            tuple(self._article(query, start, end, (titles or {}).get(query.text)) for query in queries),
            len(queries),
        )

    def _article(self, query: KeywordQuery, start: dt.date, end: dt.date, title: str | None) -> Series:
        language = query.language.split("-")[0].lower() or "en"
        access = {"desktop": "desktop", "mobile": "mobile-web"}.get(query.device, "all-access")
        key = SeriesKey(
            query.text,
            Metric.PAGEVIEWS,
            "article views/day",
            Scale.PROXY,
            self.name,
            language=language,
            device=query.device if access != "all-access" else "",
        )
        now = self.context.now()
        first = max(start, FIRST_DAY)
        if first > end:
            return Series.build(
                key, [Point(start, None, now, PointStatus.NOT_CHECKED, detail="before July 2015")]
            )
        name = quote(article_title(title or query.text), safe="")
        response = self.call(
            "per-article",
            "GET",
            f"{self.url}/api/rest_v1/metrics/pageviews/per-article/{language}.wikipedia/{access}/user/{name}"
            f"/daily/{first:%Y%m%d}00/{end:%Y%m%d}00",
        )
        if response.status == 404:
            return Series.build(
                key, [Point(first, None, now, PointStatus.NOT_FOUND, detail="no such article")]
            )
        self.raise_for_status(response)
        payload = self.json(response)
        try:
            points = [self._point(item, now) for item in payload["items"]]
        except (KeyError, TypeError, ValueError):
            raise self.fail("bad_answer", "Wikimedia sent an answer without views.") from None
        return Series.build(key, points)

    @staticmethod
    def _point(item: Mapping[str, Any], now: dt.datetime) -> Point:
        date = dt.datetime.strptime(str(item["timestamp"])[:8], "%Y%m%d").date()
        return Point(date, float(item["views"]), now, detail=str(item["article"]))


def article_title(text: str) -> str:
    """Title of the article named like `text`: first letter in upper case, spaces as underscores."""
    cleaned = "_".join(text.split())
    return cleaned[:1].upper() + cleaned[1:]
