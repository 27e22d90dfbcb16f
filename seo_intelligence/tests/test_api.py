"""What the API refuses and how its exports and imports look; the rest is in the inherited suite."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import openpyxl
import pypdfium2
import pytest

from plugzero_api.kernel.testing.cases import Scene
from seo_intelligence.models import PageIssue
from seo_intelligence.tests.endpoint_cases import finished_audit, keyword, pending_audit

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(owner: Any, project: Any) -> Scene:
    made = Scene(owner.team, owner.user, "canary")
    made.memory["project"] = project
    return made


@pytest.fixture
def audit(owner: Any, scene: Scene) -> Any:
    with owner.scope():
        return finished_audit(scene)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"target_url": "ftp://shop.example/"}, "/target_url"),
        ({"target_url": "http://user:pw@shop.example/"}, "/target_url"),
        ({"include_patterns": ["("]}, "/include_patterns"),
        ({"max_pages": 0}, "/max_pages"),
        ({"user_agent": "bad\nagent"}, "/user_agent"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_unusable_options_are_refused_at_their_place(
    owner: Any, project: Any, changes: dict[str, Any], pointer: str
) -> None:
    body = {"project": str(project), "target_url": "https://shop.example/", **changes}
    response = owner.client.post("seo/audits/", body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"].startswith(pointer)


def test_an_address_without_scheme_gets_https(owner: Any, project: Any) -> None:
    owner.client.post("seo/audits/", {"project": str(project), "target_url": "Shop.Example"})
    assert owner.client.get("seo/audits/").json()["results"][0]["target_url"] == "https://shop.example/"


def test_a_second_audit_of_the_same_site_waits(owner: Any, project: Any) -> None:
    body = {"project": str(project), "target_url": "https://shop.example/"}
    assert owner.client.post("seo/audits/", body).status_code == 202
    refused = owner.client.post("seo/audits/", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "audit_already_running")


def test_the_same_idempotency_key_starts_one_audit(owner: Any, project: Any) -> None:
    body = {"project": str(project), "target_url": "https://shop.example/"}
    answers = [
        owner.client.post("seo/audits/", body, HTTP_IDEMPOTENCY_KEY="k1").json()["task_id"] for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert owner.client.get("seo/audits/").json()["count"] == 1


def test_an_unfinished_audit_has_no_results_and_cannot_be_deleted(owner: Any, scene: Scene) -> None:
    with owner.scope():
        waiting = pending_audit(scene)
    for part in ("overview", "fixes", "issues", "graph", "export"):
        response = owner.client.get(f"seo/audits/{waiting.pk}/{part}/")
        assert (response.status_code, response.json()["code"]) == (409, "audit_not_finished"), part
    assert owner.client.delete(f"seo/audits/{waiting.pk}/").status_code == 409


def test_the_csv_neutralises_formulas(owner: Any, audit: Any) -> None:
    with owner.scope():
        PageIssue.objects.filter(audit=audit).update(value="=HYPERLINK(1)", evidence={"title": "+1"})
    response = owner.client.get(f"seo/audits/{audit.pk}/export/?as=csv&table=issues")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["value"] == "'=HYPERLINK(1)"
    assert response["Content-Disposition"] == f'attachment; filename="audit-{audit.pk}-issues.csv"'


def test_the_workbook_has_summary_fixes_issues_and_pages(owner: Any, audit: Any) -> None:
    response = owner.client.get(f"seo/audits/{audit.pk}/export/?as=xlsx")
    book = openpyxl.load_workbook(io.BytesIO(response.content))
    assert book.sheetnames == ["Summary", "Fixes", "Issues", "Pages"]
    assert (book["Pages"].max_row, book["Fixes"]["A2"].value) == (7, "ti.missing")


def test_the_pdf_tells_score_and_fixes(owner: Any, audit: Any) -> None:
    response = owner.client.get(f"seo/audits/{audit.pk}/export/?as=pdf")
    document = pypdfium2.PdfDocument(response.content)
    text = document[0].get_textpage().get_text_range()
    assert "83.3333" in text and "What to fix" in text and "16.67" in text


def test_an_unknown_export_is_refused(owner: Any, audit: Any) -> None:
    response = owner.client.get(f"seo/audits/{audit.pk}/export/?as=docx")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/as")


def test_the_overview_counts_by_category_and_severity(owner: Any, audit: Any) -> None:
    overview = owner.client.get(f"seo/audits/{audit.pk}/overview/").json()
    (titles,) = overview["categories"]
    assert (titles["category"], titles["error"], titles["checks_failed"], titles["points"]) == (
        "titles",
        1,
        1,
        16.6667,
    )
    assert overview["statuses"] == [{"label": "200", "pages": 6}]


def test_pages_can_be_filtered_and_sorted(owner: Any, audit: Any) -> None:
    page = f"seo/audits/{audit.pk}/pages/"
    assert owner.client.get(f"{page}?status_min=400").json()["count"] == 0
    assert owner.client.get(f"{page}?search=/3").json()["count"] == 1
    assert owner.client.get(f"{page}?ordering=-url").json()["results"][0]["url"].endswith("/5")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"thresholds": {"no.check": {"x": 1}}}, "unknown_check"),
        ({"thresholds": {"ti.long": {"no_threshold": 1}}}, "unknown_threshold"),
        ({"disabled": ["no.check"]}, "unknown_check"),
    ],
)
def test_settings_of_unknown_checks_are_refused(
    owner: Any, project: Any, settings: dict[str, Any], code: str
) -> None:
    response = owner.client.put("seo/check-settings/", {"project": str(project), **settings})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, code)


def test_a_keyword_gets_its_intent_and_a_person_may_correct_it(owner: Any, project: Any) -> None:
    body = {"project": str(project), "query": "  buy   Red Shoes ", "country": "US", "device": "mobile"}
    created = owner.client.post("seo/keywords/", body).json()
    assert (created["query"], created["intent"], created["intent_source"]) == (
        "buy Red Shoes",
        "transactional",
        "RULES",
    )
    again = owner.client.post("seo/keywords/", {**body, "query": "BUY red shoes"})
    assert (again.status_code, again.json()["code"]) == (409, "keyword_exists")
    address = f"seo/keywords/{created['id']}/"
    corrected = owner.client.patch(address, {"intent": "commercial"}).json()
    assert (corrected["intent"], corrected["intent_source"]) == ("commercial", "MANUAL")
    assert owner.client.patch(address, {"intent": None}).json()["intent"] == "transactional"


def test_an_export_of_search_console_becomes_keywords_points_and_page_weights(
    owner: Any, project: Any
) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(
            "Queries.csv", "Top queries,Clicks,Impressions,CTR,Position\nred shoes,3,90,3.33%,4.5\n"
        )
        archive.writestr(
            "Pages.csv", "Top pages,Clicks,Impressions,CTR,Position\nhttps://shop.example/,3,90,3.33%,4.5\n"
        )
        archive.writestr("Dates.csv", "Date,Clicks,Impressions,CTR,Position\n2026-01-01,3,90,3.33%,4.5\n")
    boundary = "x"
    body = (
        (
            f'--x\r\nContent-Disposition: form-data; name="project"\r\n\r\n{project}\r\n'
            '--x\r\nContent-Disposition: form-data; name="file"; filename="e.zip"\r\n\r\n'
        ).encode()
        + out.getvalue()
        + b"\r\n--x--\r\n"
    )
    kind = f"multipart/form-data; boundary={boundary}"
    answer = owner.client.request("POST", "seo/keywords/import/", body, CONTENT_TYPE=kind)
    assert answer.json() == {"keywords_added": 1, "points_stored": 3, "pages_stored": 1}
    repeated = owner.client.request("POST", "seo/keywords/import/", body, CONTENT_TYPE=kind)
    assert repeated.json()["keywords_added"] == 0
    (found,) = owner.client.get("seo/keywords/").json()["results"]
    series = owner.client.get(f"seo/keywords/{found['id']}/series/").json()
    assert {(s["metric"], s["scale"]) for s in series} == {
        ("rank", "ordinal"), ("impressions", "absolute"), ("clicks", "absolute")
    }  # fmt: skip
    rank = next(s for s in series if s["metric"] == "rank")
    points = owner.client.get(f"seo/series/{rank['id']}/").json()["points"]
    assert [(p["date"], p["value"], p["point_status"]) for p in points] == [("2026-01-01", 4.5, "ok")]


def test_a_broken_export_is_refused_with_the_reason(owner: Any, project: Any) -> None:
    body = (
        f'--x\r\nContent-Disposition: form-data; name="project"\r\n\r\n{project}\r\n'
        '--x\r\nContent-Disposition: form-data; name="file"; filename="e.csv"\r\n\r\na,b,c\r\n1,2,3\r\n--x--\r\n'
    ).encode()
    kind = "multipart/form-data; boundary=x"
    answer = owner.client.request("POST", "seo/keywords/import/", body, CONTENT_TYPE=kind)
    assert (answer.status_code, answer.json()["code"]) == (400, "export_unreadable")


def test_analysis_of_a_short_series_says_why_it_cannot(owner: Any, scene: Scene) -> None:
    from seo_intelligence.tests.endpoint_cases import series

    with owner.scope():
        row = series(scene)
    found = owner.client.get(f"seo/series/{row.pk}/analysis/").json()
    assert found["forecast"]["result"] is None
    assert "12 values are needed" in found["forecast"]["reason"]


def test_a_provider_without_connection_says_so(owner: Any, scene: Scene) -> None:
    with owner.scope():
        tracked = keyword(scene)
    response = owner.client.get(f"seo/keywords/{tracked.pk}/ideas/?provider=dataforseo")
    assert (response.status_code, response.json()["code"]) == (409, "provider_not_connected")


def test_a_connection_needs_exactly_its_credentials(owner: Any, project: Any) -> None:
    response = owner.client.put(
        "seo/providers/dataforseo/", {"project": str(project), "credentials": {"login": "me", "token": "x"}}
    )
    assert response.status_code == 400
    assert {e["pointer"] for e in response.json()["errors"]} == {
        "/credentials/password",
        "/credentials/token",
    }
