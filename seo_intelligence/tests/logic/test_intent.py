import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seo_intelligence.logic.keywords.intent import InformationalKind, Intent, classify_intent

with (Path(__file__).parent / "intent_queries.tsv").open(encoding="utf-8") as source:
    LABELLED = list(csv.DictReader(source, delimiter="\t"))


@pytest.mark.parametrize("row", LABELLED, ids=lambda row: row["query"])
def test_labelled_query_with_landing_url(row):
    assert classify_intent(row["query"], row["url"]).intent == row["intent"]


def test_accuracy_without_landing_url_stays_above_the_target():
    right = sum(classify_intent(row["query"]).intent == row["intent"] for row in LABELLED)
    assert right / len(LABELLED) >= 0.92


def test_kind_of_information_is_told_apart():
    rows = [row for row in LABELLED if row["intent"] == "informational" and row["kind"]]
    wrong = [r["query"] for r in rows if classify_intent(r["query"], r["url"]).kind != r["kind"]]
    assert len(wrong) / len(rows) <= 0.05, wrong


@pytest.mark.parametrize(
    ("query", "with_url", "without"),
    [
        ("heb", ("https://www.heb.com/", Intent.NAVIGATIONAL), Intent.INFORMATIONAL),
        ("netflix", ("https://en.wikipedia.org/wiki/Netflix", Intent.INFORMATIONAL), Intent.NAVIGATIONAL),
        ("faceboook", ("https://www.facebook.com/", Intent.NAVIGATIONAL), Intent.INFORMATIONAL),
    ],
)
def test_the_landing_page_changes_the_reading(query, with_url, without):
    assert classify_intent(query, with_url[0]).intent is with_url[1]
    assert classify_intent(query).intent is without


def test_own_brands_are_read_as_sites():
    assert classify_intent("acme widgets store").intent is Intent.INFORMATIONAL
    assert classify_intent("acme widgets store", brands=["Acme Widgets"]).intent is Intent.NAVIGATIONAL


def test_commercial_folds_into_informational_in_the_three_classes():
    result = classify_intent("best laptop for students")
    assert (result.intent, result.intent.broder) == (Intent.COMMERCIAL, Intent.INFORMATIONAL)
    assert result.taxonomy_label in {kind.value for kind in InformationalKind}


def test_the_deciding_rule_is_told():
    assert classify_intent("download vlc").signals == ("'download'",)


@given(st.text(max_size=80), st.one_of(st.none(), st.text(max_size=60)))
def test_any_text_gets_an_intent(query, url):
    result = classify_intent(query, url)
    assert isinstance(result.intent, Intent)
    assert 0.0 <= result.confidence <= 1.0
    assert (result.kind is None) == (result.intent in {Intent.NAVIGATIONAL, Intent.TRANSACTIONAL})
