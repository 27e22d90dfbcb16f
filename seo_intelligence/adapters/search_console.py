"""Google Search Console API: measured positions, impressions and clicks of a verified property.

`searchanalytics.query` with at most 25,000 rows a request; rare queries are withheld by Google for privacy,
so an absent query is `not_found`, which does not mean that nobody searched.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from seo_intelligence.adapters.base import (
    Answer,
    Capability,
    KeywordIdea,
    KeywordQuery,
    Provider,
    QuotaLimits,
)
from seo_intelligence.adapters.google_auth import CREDENTIAL_FIELDS, TOKEN_URL, GoogleTokens
from seo_intelligence.logic.keywords.countries import ALPHA3
from seo_intelligence.logic.trends.series import Metric, Point, PointStatus, Scale, Series, SeriesKey

PAGE_ROWS = 25_000
MAX_ROWS = 500_000
_UNITS = {
    Metric.RANK: ("average position", Scale.ORDINAL, "position"),
    Metric.IMPRESSIONS: ("impressions/day", Scale.ABSOLUTE, "impressions"),
    Metric.CLICKS: ("clicks/day", Scale.ABSOLUTE, "clicks"),
}
_REASONS = {"quotaExceeded", "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"}


class SearchConsole(Provider):
    """Search Console with an OAuth refresh token of a user who may read the property."""

    name = "search_console"
    label = "Google Search Console"
    capabilities = frozenset({Capability.RANK, Capability.IDEAS})
    credential_fields = (*CREDENTIAL_FIELDS, "property")
    default_url = "https://www.googleapis.com"
    default_limits = QuotaLimits(calls_per_day=10_000)
    note = "Measured on your own site. Queries made by few people are withheld by Google."

    def __init__(self, context: Any, token_url: str = TOKEN_URL) -> None:
        super().__init__(context)
        self._tokens = GoogleTokens(self, token_url)

    def rank(self, queries: Sequence[KeywordQuery], site: str, start: dt.date, end: dt.date) -> Answer:
        """Daily average position, impressions and clicks; queries of one market share the requests."""
        markets: dict[tuple[str, str], dict[str, list[KeywordQuery]]] = defaultdict(lambda: defaultdict(list))
        for query in queries:
            markets[query.country, query.device][query.text.casefold()].append(query)
        series: list[Series] = []
        calls = 0
        for (country, device), wanted in markets.items():
            found: dict[str, list[tuple[dt.date, Mapping[str, Any]]]] = defaultdict(list)
            for row in self._rows(start, end, ["date", "query"], country, device):
                text = str(row["keys"][1]).casefold()
                if text in wanted:
                    found[text].append((dt.date.fromisoformat(row["keys"][0]), row))
            calls += 1
            for text, same in wanted.items():
                for query in same:
                    series.extend(self._series(query, found.get(text, []), start))
        return Answer(tuple(series), calls)

    def ideas(self, query: KeywordQuery, limit: int) -> list[KeywordIdea]:
        """Queries that contain the words of `query` and for which the property was shown in the last 90 days."""
        end = self.context.now().date() - dt.timedelta(days=2)
        rows = self._rows(
            end - dt.timedelta(days=89), end, ["query"], query.country, query.device, contains=query.text
        )
        found = sorted(
            ((str(row["keys"][0]), float(row["impressions"])) for row in rows), key=lambda item: -item[1]
        )
        return [
            KeywordIdea(text, demand, "impressions/90 days", self.name)
            for text, demand in found
            if text.casefold() != query.text.casefold()
        ][:limit]

    def _series(
        self, query: KeywordQuery, rows: list[tuple[dt.date, Mapping[str, Any]]], start: dt.date
    ) -> Iterator[Series]:
        now = self.context.now()
        for metric, (unit, scale, field) in _UNITS.items():
            key = SeriesKey(query.text, metric, unit, scale, self.name, query.country, "", query.device)
            if rows:
                points = [Point(date, float(row[field]), now) for date, row in rows]
            elif metric is Metric.RANK:
                points = [Point(start, None, now, PointStatus.NOT_FOUND, detail="no rows for this query")]
            else:
                continue
            yield Series.build(key, points)

    def _rows(
        self,
        start: dt.date,
        end: dt.date,
        dimensions: list[str],
        country: str,
        device: str,
        contains: str = "",
    ) -> Iterator[Mapping[str, Any]]:
        filters = []
        if country:
            filters.append(
                {"dimension": "country", "operator": "equals", "expression": ALPHA3[country].lower()}
            )
        if device:
            filters.append({"dimension": "device", "operator": "equals", "expression": device.upper()})
        if contains:
            filters.append({"dimension": "query", "operator": "contains", "expression": contains})
        body: dict[str, Any] = {
            "startDate": start.isoformat(),
            "endDate": end.isoformat(),
            "dimensions": dimensions,
            "type": "web",
            "dataState": "final",
            "rowLimit": PAGE_ROWS,
        }
        if filters:
            body["dimensionFilterGroups"] = [{"groupType": "and", "filters": filters}]
        property_ = quote(self.credential("property"), safe="")
        url = f"{self.url}/webmasters/v3/sites/{property_}/searchAnalytics/query"
        for offset in range(0, MAX_ROWS, PAGE_ROWS):
            rows = self._query(url, {**body, "startRow": offset}).get("rows", [])
            yield from rows
            if len(rows) < PAGE_ROWS:
                return

    def _query(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        payload = json.dumps(body).encode()
        for attempt in (1, 2):
            headers = {**self._tokens.headers(), "content-type": "application/json"}
            response = self.call("searchanalytics", "POST", url, headers=headers, body=payload)
            if response.status == 401 and attempt == 1:
                self._tokens.forget()
                continue
            break
        if response.status in (403, 429):
            reason = _reason(self.json(response))
            if response.status == 429 or reason in _REASONS:
                raise self.fail("rate_limited", f"Search Console's quota is used up ({reason}).", 900.0)
        self.raise_for_status(response)
        answer = self.json(response)
        if not isinstance(answer, dict):
            raise self.fail("bad_answer", "Search Console sent an answer without rows.")
        return answer


def _reason(payload: Any) -> str:
    try:
        return str(payload["error"]["errors"][0]["reason"])
    except (KeyError, IndexError, TypeError):
        return ""
