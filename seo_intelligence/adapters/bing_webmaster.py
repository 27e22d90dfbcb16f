"""Bing Webmaster Tools API (JSON): query statistics of a verified site, keyword impressions, related keywords.

Bing answers errors with status 400 and an `ErrorCode`; dates come as `/Date(milliseconds)/`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from seo_intelligence.adapters.base import (
    Answer,
    Capability,
    KeywordIdea,
    KeywordQuery,
    Provider,
    QuotaLimits,
)
from seo_intelligence.logic.trends.series import (
    Granularity,
    Metric,
    Point,
    PointStatus,
    Scale,
    Series,
    SeriesKey,
)

_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_ERRORS = {
    2: "invalid_request",
    3: "unauthorised",
    4: "rate_limited",
    5: "rate_limited",
    6: "forbidden",
    7: "invalid_request",
    8: "invalid_request",
    14: "forbidden",
    18: "rate_limited",
}
_METRICS = (
    (Metric.RANK, "average position", Scale.ORDINAL, "AvgImpressionPosition"),
    (Metric.IMPRESSIONS, "impressions/week", Scale.ABSOLUTE, "Impressions"),
    (Metric.CLICKS, "clicks/week", Scale.ABSOLUTE, "Clicks"),
)


class BingWebmaster(Provider):
    """Bing Webmaster Tools with an API key; `site_url` is the verified site."""

    name = "bing_webmaster"
    label = "Bing Webmaster Tools"
    capabilities = frozenset({Capability.RANK, Capability.VOLUME, Capability.IDEAS})
    credential_fields = ("api_key", "site_url")
    default_url = "https://ssl.bing.com"
    default_limits = QuotaLimits(calls_per_day=10_000)
    note = "Measured on Bing. Volumes are impressions in Bing's results and much smaller than Google's."

    def rank(self, queries: Sequence[KeywordQuery], site: str, start: dt.date, end: dt.date) -> Answer:
        """Weekly average position, impressions and clicks; Bing has no split by country or device here."""
        rows = self._get("GetQueryStats", siteUrl=self.credential("site_url"))
        found: dict[str, list[tuple[dt.date, dict[str, Any]]]] = defaultdict(list)
        for row in rows:
            date = self._date(row)
            if start <= date <= end:
                found[str(row["Query"]).casefold()].append((date, row))
        now = self.context.now()
        series = []
        for query in queries:
            own = found.get(query.text.casefold(), [])
            for metric, unit, scale, field in _METRICS:
                key = SeriesKey(query.text, metric, unit, scale, self.name, granularity=Granularity.WEEK)
                # Bing says -1 for a position it does not know.
                points = [Point(d, float(row[field]), now) for d, row in own if float(row[field]) >= 0]
                if not points and metric is Metric.RANK:
                    points = [Point(start, None, now, PointStatus.NOT_FOUND, detail="no rows for this query")]
                if points:
                    series.append(Series.build(key, points))
        return Answer(tuple(series), 1)

    def volume(self, queries: Sequence[KeywordQuery]) -> Answer:
        """Weekly impressions of each query in Bing's results."""
        now = self.context.now()
        series = []
        for query in queries:
            key = SeriesKey(
                query.text,
                Metric.VOLUME,
                "Bing impressions/week",
                Scale.ABSOLUTE,
                self.name,
                query.country,
                query.language,
                granularity=Granularity.WEEK,
            )
            rows = self._get("GetKeywordStats", **self._market(query))
            points = [Point(self._date(row), float(row["Impressions"]), now) for row in rows]
            if not points:
                points = [Point(now.date(), None, now, PointStatus.NOT_FOUND, detail="too few searches")]
            series.append(Series.build(key, points))
        return Answer(tuple(series), len(queries))

    def ideas(self, query: KeywordQuery, limit: int) -> list[KeywordIdea]:
        """Related keywords of the last 30 days."""
        end = self.context.now().date()
        rows = self._get(
            "GetRelatedKeywords",
            **self._market(query),
            startDate=(end - dt.timedelta(days=30)).isoformat(),
            endDate=end.isoformat(),
        )
        ideas = [
            KeywordIdea(str(r["Query"]), float(r["Impressions"]), "Bing impressions/30 days", self.name)
            for r in rows
        ]
        return sorted(ideas, key=lambda idea: -(idea.demand or 0.0))[:limit]

    @staticmethod
    def _market(query: KeywordQuery) -> dict[str, str]:
        language = (
            query.language
            if "-" in query.language or not query.country
            else f"{query.language}-{query.country}"
        )
        return {"q": query.text, "country": query.country.lower(), "language": language}

    def _date(self, row: dict[str, Any]) -> dt.date:
        match = _DATE.fullmatch(str(row.get("Date", "")))
        if not match:
            raise self.fail("bad_answer", "Bing sent a row without a date.")
        return dt.datetime.fromtimestamp(int(match.group(1)) / 1000, tz=dt.UTC).date()

    def _get(self, operation: str, **parameters: str) -> list[dict[str, Any]]:
        query = urlencode({**parameters, "apikey": self.credential("api_key")})
        response = self.call(operation, "GET", f"{self.url}/webmaster/api.svc/json/{operation}?{query}")
        if response.status == 400:
            payload = self.json(response)
            number = payload.get("ErrorCode") if isinstance(payload, dict) else None
            code = _ERRORS.get(number if isinstance(number, int) else -1, "invalid_request")
            wait = 3600.0 if code == "rate_limited" else None
            raise self.fail(code, f"Bing Webmaster Tools refused the request (error {number}).", wait)
        self.raise_for_status(response)
        rows = self.json(response)
        if not isinstance(rows, dict) or not isinstance(rows.get("d"), list):
            raise self.fail("bad_answer", "Bing sent an answer without rows.")
        return list(self._records(rows["d"]))

    def _records(self, rows: list[Any]) -> Iterator[dict[str, Any]]:
        for row in rows:
            if not isinstance(row, dict):
                raise self.fail("bad_answer", "Bing sent a row that is not a record.")
            yield row
