import datetime as dt

import pytest

from seo_intelligence.adapters.base import Capability, CapabilityMissing, KeywordQuery, ProviderError
from seo_intelligence.adapters.wikimedia import Wikimedia, article_title
from seo_intelligence.logic.trends.series import PointStatus, Scale

BASE = "/api/rest_v1/metrics/pageviews/per-article/"
START, END = dt.date(2026, 1, 1), dt.date(2026, 1, 2)


@pytest.fixture
def wiki(make_context):
    return Wikimedia(make_context())


def item(day, views):
    return {
        "project": "de.wikipedia",
        "article": "Elektrisches_Auto",
        "granularity": "daily",
        "timestamp": f"202601{day:02}00",
        "access": "all-access",
        "agent": "user",
        "views": views,
    }


def test_views_are_a_proxy_series_with_the_article_as_provenance(server, wiki):
    path = BASE + "de.wikipedia/all-access/user/Elektrisches_Auto/daily/2026010100/2026010200"
    server.route(path, (200, {"items": [item(1, 500), item(2, 620)]}))
    (series,) = wiki.interest([KeywordQuery("elektrisches Auto", "DE", "de-DE")], START, END).series
    assert series.key.scale is Scale.PROXY
    assert [(p.date, p.value, p.detail) for p in series.points] == [
        (START, 500.0, "Elektrisches_Auto"),
        (END, 620.0, "Elektrisches_Auto"),
    ]


def test_an_unknown_article_is_not_found(wiki):
    (series,) = wiki.interest([KeywordQuery("no such thing")], START, END).series
    assert series.points[0].status is PointStatus.NOT_FOUND


def test_days_before_the_counting_began_were_not_checked(server, wiki):
    (series,) = wiki.interest([KeywordQuery("x")], dt.date(2010, 1, 1), dt.date(2010, 2, 1)).series
    assert series.points[0].status is PointStatus.NOT_CHECKED
    assert server.requests == []


def test_another_title_can_be_given(server, wiki):
    path = BASE + "en.wikipedia/all-access/user/Electric_car/daily/2026010100/2026010200"
    server.route(path, (200, {"items": [item(1, 5)]}))
    answer = wiki.interest([KeywordQuery("ev")], START, END, {"ev": "electric car"})
    assert answer.series[0].points[0].value == 5.0


def test_being_throttled_says_how_long_to_wait(server, wiki):
    path = BASE + "en.wikipedia/all-access/user/X/daily/2026010100/2026010200"
    server.route(path, (429, {"title": "Too many requests"}, {"retry-after": "17"}))
    with pytest.raises(ProviderError) as error:
        wiki.interest([KeywordQuery("x")], START, END)
    assert (error.value.code, error.value.retry_after) == ("rate_limited", 17.0)


def test_a_server_that_is_gone_is_unavailable(make_context):
    wiki = Wikimedia(make_context(base_url="http://127.0.0.1:9"))
    with pytest.raises(ProviderError) as error:
        wiki.interest([KeywordQuery("x")], START, END)
    assert error.value.code == "unavailable"


def test_what_it_cannot_do_is_refused(wiki):
    assert Capability.RANK not in wiki.capabilities
    with pytest.raises(CapabilityMissing):
        wiki.rank([KeywordQuery("x")], "shop.example", START, END)


@pytest.mark.parametrize(
    ("text", "title"), [("new  york", "New_york"), ("éclair", "Éclair"), ("iPhone", "IPhone")]
)
def test_article_titles(text, title):
    assert article_title(text) == title
