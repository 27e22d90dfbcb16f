import datetime as dt

import pytest

from seo_intelligence.adapters.base import KeywordQuery, ProviderError, QuotaLimits
from seo_intelligence.adapters.search_console import PAGE_ROWS, SearchConsole
from seo_intelligence.logic.trends.series import Metric, PointStatus

SECRETS = {"client_id": "c", "client_secret": "s", "refresh_token": "r", "property": "sc-domain:shop.example"}
PATH = "/webmasters/v3/sites/sc-domain%3Ashop.example/searchAnalytics/query"
START, END = dt.date(2026, 3, 1), dt.date(2026, 3, 3)


def row(date, query, clicks=2, impressions=40, position=7.5):
    return {
        "keys": [date, query],
        "clicks": clicks,
        "impressions": impressions,
        "ctr": clicks / impressions,
        "position": position,
    }


@pytest.fixture
def console(server, make_context):
    server.route("/token", (200, {"access_token": "good", "expires_in": 3600, "token_type": "Bearer"}))

    def make(**options):
        return SearchConsole(make_context(SECRETS, **options), token_url=server.url + "/token")

    return make


def test_positions_impressions_and_clicks_become_series_of_their_own_unit(server, console):
    rows = [
        row("2026-03-01", "Red Shoes"),
        row("2026-03-02", "red shoes", position=6.0),
        row("2026-03-01", "other"),
    ]
    server.route(PATH, (200, {"rows": rows, "responseAggregationType": "byProperty"}))
    answer = console().rank([KeywordQuery("red shoes", "DE", device="mobile")], "shop.example", START, END)
    by_metric = {s.key.metric: s for s in answer.series}
    assert [p.value for p in by_metric[Metric.RANK].points] == [7.5, 6.0]
    assert by_metric[Metric.IMPRESSIONS].key.unit == "impressions/day"
    assert by_metric[Metric.CLICKS].points[0].value == 2.0
    sent = server.requests[-1].json()
    assert sent["rowLimit"] == 25000 and sent["dimensions"] == ["date", "query"]
    assert sent["dimensionFilterGroups"][0]["filters"] == [
        {"dimension": "country", "operator": "equals", "expression": "deu"},
        {"dimension": "device", "operator": "equals", "expression": "MOBILE"},
    ]
    assert server.requests[-1].headers["authorization"] == "Bearer good"


def test_a_query_without_rows_is_not_found_and_has_no_invented_zero(server, console):
    server.route(PATH, (200, {"responseAggregationType": "byProperty"}))
    (series,) = console().rank([KeywordQuery("rare thing")], "shop.example", START, END).series
    assert series.key.metric is Metric.RANK
    assert [(p.status, p.value) for p in series.points] == [(PointStatus.NOT_FOUND, None)]


def test_all_pages_of_rows_are_read(server, console):
    def pages(request):
        start = request.json()["startRow"]
        if start == 0:
            return 200, {"rows": [row("2026-03-01", f"q{i}") for i in range(PAGE_ROWS)]}
        return 200, {"rows": [row("2026-03-01", "last one")]}

    server.route(PATH, pages)
    answer = console().rank([KeywordQuery("last one")], "shop.example", START, END)
    assert answer.series[0].points[0].status is PointStatus.OK
    assert [r.json()["startRow"] for r in server.requests if r.path == PATH] == [0, PAGE_ROWS]


def test_an_expired_access_token_is_renewed_once(server, console):
    answers = iter([(401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}), (200, {"rows": []})])
    server.route(PATH, lambda _r: next(answers))
    console().rank([KeywordQuery("a")], "shop.example", START, END)
    assert [r.path for r in server.requests] == ["/token", PATH, "/token", PATH]


def test_a_revoked_refresh_token_says_connect_again(server, console):
    server.route("/token", (400, {"error": "invalid_grant", "error_description": "Token has been revoked."}))
    with pytest.raises(ProviderError, match="Connect again") as error:
        console().rank([KeywordQuery("a")], "shop.example", START, END)
    assert error.value.code == "unauthorised"


@pytest.mark.parametrize(
    ("status", "payload", "code"),
    [
        (403, {"error": {"code": 403, "errors": [{"reason": "quotaExceeded"}]}}, "rate_limited"),
        (403, {"error": {"code": 403, "errors": [{"reason": "forbidden"}]}}, "forbidden"),
        (429, {"error": {"code": 429, "errors": [{"reason": "rateLimitExceeded"}]}}, "rate_limited"),
        (400, {"error": {"code": 400, "errors": [{"reason": "invalidParameter"}]}}, "invalid_request"),
        (503, {"error": {"code": 503}}, "unavailable"),
        (200, b"<html>oops", "bad_answer"),
    ],
)
def test_each_failure_has_its_code(server, console, status, payload, code):
    server.route(PATH, (status, payload))
    with pytest.raises(ProviderError) as error:
        console().rank([KeywordQuery("a")], "shop.example", START, END)
    assert error.value.code == code


def test_the_daily_quota_stops_before_the_call(server, console):
    provider = console(limits={"search_console": QuotaLimits(calls_per_day=0)})
    with pytest.raises(ProviderError) as error:
        provider.rank([KeywordQuery("a")], "shop.example", START, END)
    assert (error.value.code, error.value.retry_after) == ("quota_exhausted", 12 * 3600)
    assert server.requests == []


def test_missing_credentials_are_named(make_context):
    with pytest.raises(ProviderError, match="client_id, client_secret, refresh_token, property"):
        SearchConsole(make_context())


def test_ideas_are_other_queries_by_impressions(server, console):
    rows = [
        {"keys": ["shoes"], "clicks": 1, "impressions": 900, "ctr": 0, "position": 3},
        {"keys": ["blue shoes"], "clicks": 1, "impressions": 20, "ctr": 0, "position": 3},
        {"keys": ["red shoes"], "clicks": 1, "impressions": 50, "ctr": 0, "position": 3},
    ]
    server.route(PATH, (200, {"rows": rows}))
    assert [(i.text, i.demand) for i in console().ideas(KeywordQuery("shoes"), 5)] == [
        ("red shoes", 50.0),
        ("blue shoes", 20.0),
    ]
