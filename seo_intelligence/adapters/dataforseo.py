"""DataForSEO v3: live Google positions, monthly search volumes and keyword ideas. Paid per call.

Every answer has status 200 and its own `status_code`, for the whole and for each task; the price of the call
is in the answer and goes to the ledger. Location codes are 2000 plus the numeric country code.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from seo_intelligence.adapters.base import (
    Answer,
    Capability,
    KeywordIdea,
    KeywordQuery,
    Provider,
    ProviderError,
    QuotaLimits,
)
from seo_intelligence.logic.keywords.countries import NUMERIC
from seo_intelligence.logic.trends.series import (
    Granularity,
    Metric,
    Point,
    PointStatus,
    Scale,
    Series,
    SeriesKey,
)

MAX_KEYWORDS = 1000
DEPTH = 100
"""How many results are looked at for a position; a site beyond is `not_found`."""

_NO_RESULTS = 40102
_ESTIMATE = {"serp": Decimal("0.002"), "search_volume": Decimal("0.075"), "keyword_ideas": Decimal("0.02")}


class DataForSEO(Provider):
    """DataForSEO with API login and password."""

    name = "dataforseo"
    label = "DataForSEO"
    capabilities = frozenset({Capability.RANK, Capability.VOLUME, Capability.IDEAS})
    credential_fields = ("login", "password")
    default_url = "https://api.dataforseo.com"
    default_limits = QuotaLimits(calls_per_day=2_000, cost_per_month=Decimal(50))
    note = "Positions are one live look at Google; volumes are Google Ads estimates in rounded steps."

    def rank(self, queries: Sequence[KeywordQuery], site: str, start: dt.date, end: dt.date) -> Answer:
        """Today's organic position of `site` (a domain, its subdomains included) for each query."""
        now = self.context.now()
        domain = _domain(site)
        series, cost = [], Decimal(0)
        for query in queries:
            key = SeriesKey(
                query.text,
                Metric.RANK,
                "organic position",
                Scale.ORDINAL,
                self.name,
                query.country,
                query.language,
                query.device or "desktop",
            )
            task = {**self._market(query), "keyword": query.text, "depth": DEPTH}
            task["device"] = "mobile" if query.device in {"mobile", "tablet"} else "desktop"
            try:
                results, price = self._post("serp", "/v3/serp/google/organic/live/regular", task)
            except ProviderError as error:
                if error.code in {"unauthorised", "payment_required", "quota_exhausted", "forbidden"}:
                    raise
                point = Point(now.date(), None, now, PointStatus.FAILED, detail=error.code)
            else:
                cost += price
                point = self._position(results, domain, now)
            series.append(Series.build(key, [point]))
        return Answer(tuple(series), len(queries), cost)

    def volume(self, queries: Sequence[KeywordQuery]) -> Answer:
        """Monthly Google Ads search volumes, 1,000 keywords a call; queries must not differ only by device."""
        now = self.context.now()
        series, cost, calls = [], Decimal(0), 0
        ordered = sorted(queries, key=lambda q: (q.country, q.language))
        for _, same in groupby(ordered, key=lambda q: (q.country, q.language)):
            asked = list(same)
            for offset in range(0, len(asked), MAX_KEYWORDS):
                batch = asked[offset : offset + MAX_KEYWORDS]
                task = {**self._market(batch[0]), "keywords": sorted({q.text for q in batch})}
                results, price = self._post(
                    "search_volume", "/v3/keywords_data/google_ads/search_volume/live", task
                )
                cost, calls = cost + price, calls + 1
                rows = {str(row.get("keyword", "")).casefold(): row for row in results}
                series += [self._volumes(query, rows.get(query.text.casefold()), now) for query in batch]
        return Answer(tuple(series), calls, cost)

    def ideas(self, query: KeywordQuery, limit: int) -> list[KeywordIdea]:
        """Keywords of the same topic with their monthly volume."""
        task = {**self._market(query), "keywords": [query.text], "limit": min(limit, 1000)}
        results, _ = self._post("keyword_ideas", "/v3/dataforseo_labs/google/keyword_ideas/live", task)
        ideas = []
        for item in (results[0].get("items") or []) if results else []:
            volume = (item.get("keyword_info") or {}).get("search_volume")
            ideas.append(
                KeywordIdea(
                    str(item["keyword"]),
                    None if volume is None else float(volume),
                    "searches/month",
                    self.name,
                )
            )
        return sorted(ideas, key=lambda idea: -(idea.demand or 0.0))[:limit]

    def _market(self, query: KeywordQuery) -> dict[str, Any]:
        if not query.country:
            raise self.fail("invalid_request", "DataForSEO needs a country for each keyword.")
        return {
            "location_code": 2000 + NUMERIC[query.country],
            "language_code": query.language.split("-")[0].lower(),
        }

    def _position(self, results: list[dict[str, Any]], domain: str, now: dt.datetime) -> Point:
        for item in (results[0].get("items") or []) if results else []:
            host = str(item.get("domain") or "").lower()
            if item.get("type") == "organic" and (host == domain or host.endswith("." + domain)):
                return Point(now.date(), float(item["rank_group"]), now, detail=str(item.get("url") or ""))
        return Point(now.date(), None, now, PointStatus.NOT_FOUND, detail=f"not in the first {DEPTH} results")

    def _volumes(self, query: KeywordQuery, row: Mapping[str, Any] | None, now: dt.datetime) -> Series:
        key = SeriesKey(
            query.text,
            Metric.VOLUME,
            "searches/month",
            Scale.ABSOLUTE,
            self.name,
            query.country,
            query.language,
            granularity=Granularity.MONTH,
        )
        months = (row or {}).get("monthly_searches") or []
        points = [
            Point(
                dt.date(int(m["year"]), int(m["month"]), 1), float(m["search_volume"]), now, is_estimate=True
            )
            for m in months
            if m.get("search_volume") is not None
        ]
        if not points:
            first = now.date().replace(day=1)
            points = [Point(first, None, now, PointStatus.NOT_FOUND, detail="no volume for this keyword")]
        return Series.build(key, points)

    def _post(
        self, operation: str, path: str, task: Mapping[str, Any]
    ) -> tuple[list[dict[str, Any]], Decimal]:
        secret = f"{self.credential('login')}:{self.credential('password')}".encode()
        response = self.call(
            operation,
            "POST",
            self.url + path,
            headers={
                "authorization": "Basic " + base64.b64encode(secret).decode(),
                "content-type": "application/json",
            },
            body=json.dumps([task]).encode(),
            estimate=_ESTIMATE[operation],
            books=False,
        )
        self.raise_for_status(response)
        payload = self.json(response)
        cost = Decimal(0)
        if isinstance(payload, dict):
            try:
                cost = Decimal(str(payload.get("cost") or 0))
            except InvalidOperation:
                cost = _ESTIMATE[operation]
        self.context.ledger.record(self.name, operation, 1, cost)
        if not isinstance(payload, dict):
            raise self.fail("bad_answer", "DataForSEO sent an answer without tasks.")
        self._check(payload)
        tasks = payload.get("tasks") or []
        if not tasks:
            raise self.fail("bad_answer", "DataForSEO sent an answer without tasks.")
        if tasks[0].get("status_code") == _NO_RESULTS:
            return [], cost
        self._check(tasks[0])
        return [row for row in tasks[0].get("result") or [] if isinstance(row, dict)], cost

    def _check(self, part: Mapping[str, Any]) -> None:
        code = part.get("status_code")
        message = str(part.get("status_message") or "")[:200]
        if not isinstance(code, int):
            raise self.fail("bad_answer", "DataForSEO sent an answer without a status.")
        if code < 40_000:
            return
        if code in {40100, 40101, 40104}:
            raise self.fail("unauthorised", f"DataForSEO refused the credentials ({message}).")
        if code in {40200, 40210}:
            raise self.fail("payment_required", f"The DataForSEO account has no credit left ({message}).")
        if code == 40202:
            raise self.fail("rate_limited", f"DataForSEO asks to slow down ({message}).", 60.0)
        if code == 40203:
            raise self.fail(
                "quota_exhausted", f"DataForSEO's daily cost limit is reached ({message}).", 86_400.0
            )
        if code >= 50_000:
            raise self.fail("unavailable", f"DataForSEO had an internal error ({message}).", 300.0)
        raise self.fail("invalid_request", f"DataForSEO rejected the request ({message}).")


def _domain(site: str) -> str:
    host = urlsplit(site if "//" in site else "//" + site).hostname or ""
    return host.lower().removeprefix("www.")
