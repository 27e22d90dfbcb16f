"""Google Trends API (v1beta `graph`): relative interest of up to five terms, 0-100 within one request.

Every request has its own scale: its highest point is 100. Terms asked together may be compared, series of
different requests may not, so each request gets an identifier that becomes part of the series key. Access
needs an API key that Google grants on application.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from seo_intelligence.adapters.base import (
    Answer,
    Capability,
    HttpResponse,
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

MAX_TERMS = 5
_DATE_FORMATS = ("%b %d %Y", "%b %Y", "%Y-%m-%d")


class GoogleTrends(Provider):
    """Google Trends with an API key."""

    name = "google_trends"
    label = "Google Trends"
    capabilities = frozenset({Capability.INTEREST})
    credential_fields = ("api_key",)
    default_url = "https://www.googleapis.com"
    default_limits = QuotaLimits(calls_per_day=5_000)
    note = "Relative interest, 0-100 within one request; not a number of searches."

    def interest(self, queries: Sequence[KeywordQuery], start: dt.date, end: dt.date) -> Answer:
        """Interest from the month of `start` to that of `end`; queries of a country are asked five at a time."""
        series: list[Series] = []
        calls = 0
        for country, same in groupby(sorted(queries, key=lambda q: q.country), key=lambda q: q.country):
            asked = list(same)
            for offset in range(0, len(asked), MAX_TERMS):
                series.extend(self._request(asked[offset : offset + MAX_TERMS], country, start, end))
                calls += 1
        return Answer(tuple(series), calls)

    def _request(
        self, queries: list[KeywordQuery], country: str, start: dt.date, end: dt.date
    ) -> list[Series]:
        parameters = [("terms", query.text) for query in queries]
        if country:
            parameters.append(("restrictions.geo", country))
        parameters += [("restrictions.startDate", f"{start:%Y-%m}"), ("restrictions.endDate", f"{end:%Y-%m}")]
        now = self.context.now()
        request = hashlib.sha256(f"{parameters}{now.isoformat()}".encode()).hexdigest()[:12]
        url = (
            f"{self.url}/trends/v1beta/graph?{urlencode([*parameters, ('key', self.credential('api_key'))])}"
        )
        response = self.call("graph", "GET", url)
        self._raise(response)
        payload = self.json(response)
        lines = payload.get("lines") if isinstance(payload, dict) else None
        if not isinstance(lines, list):
            raise self.fail("bad_answer", "Google Trends sent an answer without lines.")
        found = {str(line.get("term", "")).casefold(): line.get("points") or [] for line in lines}
        return [
            self._series(query, found.get(query.text.casefold(), []), request, start, now)
            for query in queries
        ]

    def _series(
        self, query: KeywordQuery, rows: list[dict[str, Any]], request: str, start: dt.date, now: dt.datetime
    ) -> Series:
        try:
            dated = [(self._date(str(row["date"])), float(row["value"])) for row in rows]
        except (KeyError, TypeError, ValueError):
            raise self.fail("bad_answer", "Google Trends sent a point without date or value.") from None
        granularity = _granularity([date for date, _ in dated])
        key = SeriesKey(
            query.text,
            Metric.INTEREST,
            "0-100 within the request",
            Scale.RELATIVE_WINDOW,
            self.name,
            query.country,
            granularity=granularity,
            request=request,
        )
        points = [Point(date, value, now, is_estimate=True) for date, value in dated]
        if not any(value for _, value in dated):
            # All zero means below the reporting threshold, which is not the same as nobody.
            points = [Point(start, None, now, PointStatus.NOT_FOUND, detail="too few searches")]
        return Series.build(key, points)

    @staticmethod
    def _date(text: str) -> dt.date:
        for form in _DATE_FORMATS:
            try:
                return dt.datetime.strptime(text, form).date()
            except ValueError:
                continue
        raise ValueError(text)

    def _raise(self, response: HttpResponse) -> None:
        if response.status < 400:
            return
        payload = self.json(response) if response.body[:1] == b"{" else {}
        error = payload.get("error", {})
        reasons = {str(e.get("reason", "")) for e in error.get("errors", []) if isinstance(e, dict)}
        if (
            response.status in (400, 403)
            and reasons & {"keyInvalid", "badRequest"}
            and "key" in str(error).lower()
        ):
            raise self.fail("unauthorised", "Google Trends refused the API key.")
        if reasons & {"dailyLimitExceeded", "quotaExceeded", "rateLimitExceeded"}:
            raise self.fail("rate_limited", "The quota of the Google Trends key is used up.", 86_400.0)
        self.raise_for_status(response)


def _granularity(dates: list[dt.date]) -> Granularity:
    if len(dates) < 2:
        return Granularity.MONTH
    step = (dates[1] - dates[0]).days
    return Granularity.DAY if step <= 2 else Granularity.WEEK if step <= 10 else Granularity.MONTH
