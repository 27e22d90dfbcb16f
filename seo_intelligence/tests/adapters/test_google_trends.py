import datetime as dt

import pytest

from seo_intelligence.adapters.base import KeywordQuery, ProviderError
from seo_intelligence.adapters.google_trends import GoogleTrends
from seo_intelligence.logic.trends.series import Granularity, PointStatus, Scale, ScaleMismatch

PATH = "/trends/v1beta/graph"
START, END = dt.date(2025, 1, 1), dt.date(2025, 2, 28)


@pytest.fixture
def trends(make_context):
    return GoogleTrends(make_context({"api_key": "k"}))


def lines(request):
    points = [{"date": "Jan 05 2025", "value": 40}, {"date": "Jan 12 2025", "value": 100}]
    return 200, {"lines": [{"term": term, "points": points} for term in request.query["terms"]]}


def test_interest_is_relative_to_its_request(server, trends):
    server.route(PATH, lines)
    (series,) = trends.interest([KeywordQuery("shoes", "GB")], START, END).series
    assert series.key.scale is Scale.RELATIVE_WINDOW and series.key.request
    assert series.key.granularity is Granularity.WEEK
    assert [p.value for p in series.points] == [40.0, 100.0]
    assert server.requests[0].query == {
        "terms": ["shoes"],
        "restrictions.geo": ["GB"],
        "restrictions.startDate": ["2025-01"],
        "restrictions.endDate": ["2025-02"],
        "key": ["k"],
    }


def test_six_terms_take_two_requests_whose_series_do_not_mix(server, trends):
    server.route(PATH, lines)
    answer = trends.interest([KeywordQuery(f"t{i}") for i in range(6)], START, END)
    assert answer.calls == 2
    assert len({s.key.request for s in answer.series}) == 2
    with pytest.raises(ScaleMismatch):
        answer.series[0].merge(answer.series[5])


def test_nothing_but_zeros_is_not_found(server, trends):
    server.route(PATH, (200, {"lines": [{"term": "x", "points": [{"date": "Jan 2025", "value": 0}]}]}))
    (series,) = trends.interest([KeywordQuery("x")], START, END).series
    assert series.points[0].status is PointStatus.NOT_FOUND


@pytest.mark.parametrize(
    ("status", "payload", "code"),
    [
        (400, {"error": {"errors": [{"reason": "keyInvalid", "message": "Bad Key"}]}}, "unauthorised"),
        (403, {"error": {"errors": [{"reason": "dailyLimitExceeded"}]}}, "rate_limited"),
        (403, {"error": {"errors": [{"reason": "accessNotConfigured"}]}}, "forbidden"),
        (500, b"", "unavailable"),
        (200, {"lines": [{"term": "x", "points": [{"date": "soon", "value": 1}]}]}, "bad_answer"),
        (200, [], "bad_answer"),
    ],
)
def test_each_failure_has_its_code(server, trends, status, payload, code):
    server.route(PATH, (status, payload))
    with pytest.raises(ProviderError) as error:
        trends.interest([KeywordQuery("x")], START, END)
    assert error.value.code == code
