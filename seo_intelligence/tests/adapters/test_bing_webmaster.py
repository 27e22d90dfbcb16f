import datetime as dt

import pytest

from seo_intelligence.adapters.base import KeywordQuery, ProviderError
from seo_intelligence.adapters.bing_webmaster import BingWebmaster
from seo_intelligence.logic.trends.series import Granularity, Metric, PointStatus

BASE = "/webmaster/api.svc/json/"
START, END = dt.date(2024, 5, 1), dt.date(2024, 6, 1)


@pytest.fixture
def bing(make_context):
    return BingWebmaster(make_context({"api_key": "k", "site_url": "https://shop.example/"}))


def stats(query, date_ms, position=4, impressions=120, clicks=6):
    return {
        "__type": "QueryStats:#Microsoft.Bing.Webmaster.Api",
        "AvgClickPosition": position,
        "AvgImpressionPosition": position,
        "Clicks": clicks,
        "Date": f"/Date({date_ms})/",
        "Impressions": impressions,
        "Query": query,
    }


def test_query_statistics_become_weekly_series(server, bing):
    server.route(
        BASE + "GetQueryStats",
        (200, {"d": [stats("Dog Beds", 1716015600000), stats("dog beds", 1716620400000, position=-1)]}),
    )
    series = {
        s.key.metric: s for s in bing.rank([KeywordQuery("dog beds")], "shop.example", START, END).series
    }
    assert series[Metric.RANK].key.granularity is Granularity.WEEK
    assert [(p.date, p.value) for p in series[Metric.RANK].points] == [(dt.date(2024, 5, 18), 4.0)]
    assert [p.value for p in series[Metric.IMPRESSIONS].points] == [120.0, 120.0]
    assert server.requests[0].query == {"siteUrl": ["https://shop.example/"], "apikey": ["k"]}


def test_a_query_bing_does_not_list_is_not_found(server, bing):
    server.route(BASE + "GetQueryStats", (200, {"d": []}))
    (series,) = bing.rank([KeywordQuery("dog beds")], "shop.example", START, END).series
    assert series.points[0].status is PointStatus.NOT_FOUND


def test_volumes_are_labelled_as_impressions_on_bing(server, bing):
    server.route(
        BASE + "GetKeywordStats",
        (
            200,
            {
                "d": [
                    {
                        "__type": "KeywordStats:#Microsoft.Bing.Webmaster.Api",
                        "BroadImpressions": 200256,
                        "Date": "/Date(1716015600000)/",
                        "Impressions": 4693,
                        "Query": "dog beds",
                    }
                ]
            },
        ),
    )
    (series,) = bing.volume([KeywordQuery("dog beds", "BE", "nl")]).series
    assert (series.key.unit, series.points[0].value) == ("Bing impressions/week", 4693.0)
    assert server.requests[0].query["language"] == ["nl-BE"]
    assert server.requests[0].query["country"] == ["be"]


def test_an_empty_volume_is_not_found(server, bing):
    server.route(BASE + "GetKeywordStats", (200, {"d": []}))
    assert bing.volume([KeywordQuery("dog beds", "BE")]).series[0].points[0].status is PointStatus.NOT_FOUND


def test_ideas_come_most_wanted_first(server, bing):
    rows = [{"Query": "a", "Impressions": 3, "BroadImpressions": 9}, {"Query": "b", "Impressions": 30}]
    server.route(BASE + "GetRelatedKeywords", (200, {"d": rows}))
    assert [i.text for i in bing.ideas(KeywordQuery("dog beds", "US"), 10)] == ["b", "a"]


@pytest.mark.parametrize(
    ("status", "payload", "code"),
    [
        (400, {"ErrorCode": 3, "Message": "ERROR!!! InvalidApiKey"}, "unauthorised"),
        (400, {"ErrorCode": 4, "Message": "ERROR!!! ThrottleUser"}, "rate_limited"),
        (400, {"ErrorCode": 14, "Message": "ERROR!!! NotAuthorized"}, "forbidden"),
        (400, {"ErrorCode": 7, "Message": "ERROR!!! InvalidUrl"}, "invalid_request"),
        (500, {}, "unavailable"),
        (200, {"unexpected": 1}, "bad_answer"),
        (200, {"d": [{"Query": "x", "Date": "yesterday"}]}, "bad_answer"),
    ],
)
def test_each_failure_has_its_code(server, bing, status, payload, code):
    server.route(BASE + "GetQueryStats", (status, payload))
    with pytest.raises(ProviderError) as error:
        bing.rank([KeywordQuery("x")], "shop.example", START, END)
    assert error.value.code == code
    assert "k" not in error.value.args[0].split()
