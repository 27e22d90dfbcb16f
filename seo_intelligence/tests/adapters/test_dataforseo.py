import base64
import datetime as dt
from decimal import Decimal

import pytest

from seo_intelligence.adapters.base import KeywordQuery, ProviderError, QuotaLimits
from seo_intelligence.adapters.dataforseo import DataForSEO
from seo_intelligence.logic.trends.series import PointStatus

SERP = "/v3/serp/google/organic/live/regular"
VOLUME = "/v3/keywords_data/google_ads/search_volume/live"
IDEAS = "/v3/dataforseo_labs/google/keyword_ideas/live"
SECRETS = {"login": "me", "password": "pw"}
DAY = dt.date(2026, 3, 15)


def answer(result, cost=0.002, code=20000, message="Ok."):
    task = {"id": "1", "status_code": code, "status_message": message, "cost": cost, "result": result}
    return {"version": "0.1", "status_code": 20000, "status_message": "Ok.", "cost": cost, "tasks": [task]}


def organic(rank, domain):
    return {
        "type": "organic",
        "rank_group": rank,
        "rank_absolute": rank + 2,
        "domain": domain,
        "url": f"https://{domain}/x",
    }


@pytest.fixture
def api(make_context):
    return DataForSEO(make_context(SECRETS))


def test_the_first_organic_result_of_the_domain_is_its_position(server, api):
    items = [
        {"type": "paid", "rank_group": 1, "domain": "www.shop.example"},
        organic(1, "notshop.example"),
        organic(4, "blog.shop.example"),
    ]
    server.route(SERP, (200, answer([{"keyword": "shoes", "items": items}])))
    result = api.rank([KeywordQuery("shoes", "US", device="mobile")], "https://www.shop.example/", DAY, DAY)
    (point,) = result.series[0].points
    assert (point.value, point.detail) == (4.0, "https://blog.shop.example/x")
    assert result.cost == Decimal("0.002")
    (task,) = server.requests[0].json()
    assert task == {
        "keyword": "shoes",
        "location_code": 2840,
        "language_code": "en",
        "depth": 100,
        "device": "mobile",
    }
    assert server.requests[0].headers["authorization"] == "Basic " + base64.b64encode(b"me:pw").decode()


@pytest.mark.parametrize(
    "payload",
    [
        answer([{"items": [organic(1, "other.example")]}]),
        answer(None, code=40102, message="No Search Results."),
    ],
)
def test_a_site_beyond_the_results_is_not_found(server, api, payload):
    server.route(SERP, (200, payload))
    (point,) = api.rank([KeywordQuery("shoes", "US")], "shop.example", DAY, DAY).series[0].points
    assert (point.status, point.value) == (PointStatus.NOT_FOUND, None)


def test_one_failed_look_up_does_not_spoil_the_others(server, api):
    answers = iter(
        [
            answer(None, code=50000, message="Internal Error."),
            answer([{"items": [organic(2, "shop.example")]}]),
        ]
    )
    server.route(SERP, lambda _r: (200, next(answers)))
    result = api.rank([KeywordQuery("a", "US"), KeywordQuery("b", "US")], "shop.example", DAY, DAY)
    assert [s.points[0].status for s in result.series] == [PointStatus.FAILED, PointStatus.OK]
    assert result.series[0].points[0].detail == "unavailable"


def test_monthly_volumes_are_estimates_with_their_months(server, api):
    row = {
        "keyword": "shoes",
        "search_volume": 1000,
        "monthly_searches": [
            {"year": 2026, "month": 2, "search_volume": 880},
            {"year": 2026, "month": 1, "search_volume": None},
        ],
    }
    server.route(VOLUME, (200, answer([row, {"keyword": "none", "monthly_searches": None}], cost=0.075)))
    result = api.volume([KeywordQuery("Shoes", "US"), KeywordQuery("none", "US")])
    assert result.calls == 1 and result.cost == Decimal("0.075")
    known, unknown = result.series
    assert [(p.date, p.value, p.is_estimate) for p in known.points] == [(dt.date(2026, 2, 1), 880.0, True)]
    assert unknown.points[0].status is PointStatus.NOT_FOUND


def test_ideas(server, api):
    items = [
        {"keyword": "boots", "keyword_info": {"search_volume": 10}},
        {"keyword": "sandals", "keyword_info": {"search_volume": 90}},
        {"keyword": "clogs", "keyword_info": None},
    ]
    server.route(IDEAS, (200, answer([{"items": items}])))
    assert [(i.text, i.demand) for i in api.ideas(KeywordQuery("shoes", "US"), 10)] == [
        ("sandals", 90.0),
        ("boots", 10.0),
        ("clogs", None),
    ]


def test_the_monthly_budget_stops_before_money_is_spent(server, make_context):
    limits = {"dataforseo": QuotaLimits(cost_per_month=Decimal("0.1"))}
    api = DataForSEO(make_context(SECRETS, limits=limits))
    server.route(VOLUME, (200, answer([], cost=0.075)))
    api.volume([KeywordQuery("a", "US")])
    with pytest.raises(ProviderError) as error:
        api.volume([KeywordQuery("b", "US")])
    assert error.value.code == "quota_exhausted"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "payload", "code"),
    [
        (401, {"status_code": 40100, "status_message": "Unauthorized."}, "unauthorised"),
        (
            200,
            {"status_code": 40200, "status_message": "Payment Required.", "tasks": None},
            "payment_required",
        ),
        (200, {"status_code": 40202, "status_message": "Rate limit per minute exceeded."}, "rate_limited"),
        (200, {"status_code": 40203, "status_message": "Daily limit."}, "quota_exhausted"),
        (200, answer(None, code=40501, message="Invalid Field: 'location_code'."), "invalid_request"),
        (200, {"status_code": 20000, "tasks": []}, "bad_answer"),
        (200, b"nonsense", "bad_answer"),
        (500, {}, "unavailable"),
    ],
)
def test_each_failure_has_its_code(server, api, status, payload, code):
    server.route(VOLUME, (status, payload))
    with pytest.raises(ProviderError) as error:
        api.volume([KeywordQuery("a", "US")])
    assert error.value.code == code


def test_a_keyword_without_country_is_refused_before_it_costs(server, api):
    with pytest.raises(ProviderError, match="country"):
        api.volume([KeywordQuery("a")])
    assert server.requests == []
