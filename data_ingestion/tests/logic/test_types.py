"""Types and meanings of columns, decided on hand-made values."""

from __future__ import annotations

import pytest

from data_ingestion.contracts import ColumnSchema, MeasureLevel, PhysicalType, SemanticType
from data_ingestion.logic.store import unique_names
from data_ingestion.logic.types.numbers import find_number_format
from data_ingestion.logic.types.plan import plan_column, settle_text
from data_ingestion.logic.types.scales import order_scale
from data_ingestion.logic.types.semantics import find_multi_select, header_suggests_pii


@pytest.mark.parametrize(
    ("values", "physical", "semantic"),
    [
        (["1", "2", "n/a"], "integer", "integer"),
        (["1", "2.5", "-"], "number", "number"),
        (["1e3", "2.5e-2"], "number", "number"),
        (["5 stars", "4 stars", "1 star"], "integer", "integer"),
        (["1,234.50 €", "12.00 €"], "number", "currency"),
        (["$1,200", "$9.5", "-$3"], "number", "currency"),
        (["1.234,50", "12,3"], "number", "number"),
        (["1 234,5", "2,3"], "number", "number"),
        (["12%", "3.5 %"], "number", "percentage"),
        (["(12.5)", "3.0"], "number", "number"),
        (["007", "012"], "text", "free_text"),
        (["A12", "A13"], "text", "free_text"),
        (["12a", "12b"], "text", "free_text"),
        (["<5", "6"], "text", "free_text"),
        (["99999999999999999999", "1"], "text", "free_text"),
        (["nan", "inf"], "text", "free_text"),
        (["2024-01-31", "2024-02-01"], "date", "date"),
        (["2024-02-31", "2024-02-01"], "text", "free_text"),
        (["31/01/2024", "01/02/2024"], "date", "date"),
        (["1 Jan 2024", "15 Feb 2024"], "date", "date"),
        (["2024-01-31 10:00", "2024-01-31 11:30"], "datetime", "datetime"),
        (["2024-01-31T10:00:00Z"], "datetime", "datetime"),
        (["1/2/2024 3:04 PM"], "datetime", "datetime"),
        (["10:00", "23:59"], "time", "time"),
        (["true", "false", "TRUE"], "boolean", "boolean"),
        (["Yes", "No", "N/A"], "boolean", "boolean"),
        (["Yes", "No", "Maybe"], "text", "free_text"),
        (["a@b.org", "c.d@e.co.uk"], "text", "email"),
        (["+49 30 1234567", "+44 20 7946 0958"], "text", "phone"),
        (["https://a.org/x", "http://b.org"], "text", "url"),
        (["10.0.0.1", "192.168.1.77"], "text", "ip_address"),
        (["Germany", "France", "Côte d'Ivoire"], "text", "country"),
        (["a;b", "b;c", "a", "b", "c;a", "a;b;c"], "text", "multi_select"),
        (["1h 30m", "45 min"], "text", "duration"),
        (["", "", ""], "text", "empty"),
    ],
)
def test_type_and_meaning(values, physical, semantic):
    plan = plan_column("column", "column", values)
    assert (plan.physical.value, plan.semantic.value) == (physical, semantic)


@pytest.mark.parametrize(
    ("header", "values", "semantic"),
    [
        ("latitude", ["52.5", "-33.9"], "latitude"),
        ("lng", ["13.4", "151.2"], "longitude"),
        ("zip", ["10115", "80331"], "postcode"),
        ("country", ["DE", "FR", "USA"], "country"),
        ("respondent_id", ["11", "12", "13", "14"], "identifier"),
        ("age", ["11", "12", "13", "14"], "integer"),
        ("mobile", ["0301234567", "0309876543"], "phone"),
    ],
)
def test_header_helps_where_values_are_ambiguous(header, values, semantic):
    assert plan_column(header, header, values).semantic.value == semantic


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        ("1,234.50 €", ["1,234.50 €", "3.10 €"], 1234.5),
        ("1.234,50", ["1.234,50", "2,5"], 1234.5),
        ("12%", ["12%", "13.5%"], 12.0),
        ("5 stars", ["5 stars", "1 star"], 5),
        ("(12.5)", ["(12.5)", "1.0"], -12.5),
        ("-$3.5", ["-$3.5", "$9.5"], -3.5),
        ("1 234,5", ["1 234,5", "2,5"], 1234.5),
        ("−4.5 kg", ["−4.5 kg", "3 kg"], -4.5),
    ],
)
def test_written_numbers_have_the_right_value_and_keep_their_text(run, rows_of, cell, column, value):
    (table,) = run("id\tx\n" + "".join(f"{i}\t{text}\n" for i, text in enumerate(column)))
    row = rows_of(table)[0]
    assert row["x"] == value
    assert row["x (raw)"] == cell
    assert table.columns[1].raw_column == "x (raw)"
    assert table.columns[2].is_raw


@pytest.mark.parametrize("odd", ["12.5.1", "1,2,3", "--5", "1e", "5 5", "$", "%", "12 kg 3"])
def test_texts_that_only_look_like_numbers_are_none(odd):
    assert find_number_format([odd, "1"]) is None


def test_ambiguous_day_and_month_are_receipted(run):
    (table,) = run("when,x\n01/02/2024,1\n03/04/2024,2\n")
    assert table.profile[0].minimum == "2024-02-01"
    assert "ambiguous_date_order" in {repair.kind for repair in table.receipt.repairs}


def test_missing_tokens_become_missing_and_are_listed(run, rows_of):
    (table,) = run("id,score,name\n1,5,ann\n2,n/a,-\n3,#N/A,#N/A\n4,-,bob\n")
    assert [row["score"] for row in rows_of(table)] == [5, None, None, None]
    assert [row["name"] for row in rows_of(table)] == ["ann", "-", None, "bob"]
    assert table.columns[1].missing_codes == ("#N/A", "-", "n/a")


@pytest.mark.parametrize(
    ("values", "order"),
    [
        (
            {"Agree", "Strongly disagree", "Neutral", "Strongly agree", "Disagree"},
            ("Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"),
        ),
        ({"Often", "Never", "Sometimes", "Always"}, ("Never", "Sometimes", "Often", "Always")),
        ({"65+", "18-24", "25-34", "under 18"}, ("under 18", "18-24", "25-34", "65+")),
        ({"2 - good", "1 - bad", "3 - best"}, ("1 - bad", "2 - good", "3 - best")),
        ({"stimme zu", "stimme nicht zu", "teils/teils"}, ("stimme nicht zu", "teils/teils", "stimme zu")),
        (
            {"Satisfied", "Neutral", "Very satisfied", "Don't know"},
            ("Neutral", "Satisfied", "Very satisfied", "Don't know"),
        ),
    ],
)
def test_answer_scales_are_put_in_order(values, order):
    assert order_scale(values) == order


@pytest.mark.parametrize(
    "values", [{"red", "green", "blue"}, {"Agree", "Disagree"}, {"Agree", "Sometimes", "Good"}]
)
def test_other_answers_are_no_scale(values):
    assert order_scale(values) is None


def test_likert_column_is_ordinal_with_its_order(run):
    answers = ["Agree", "Disagree", "Neutral", "Strongly agree", "Strongly disagree"]
    (table,) = run("id,q1\n" + "".join(f"{i},{answers[i % 5]}\n" for i in range(60)))
    column = table.columns[1]
    assert (column.semantic_type, column.measure_level) == (
        SemanticType.ORDERED_CATEGORY,
        MeasureLevel.ORDINAL,
    )
    assert list(column.value_labels) == [
        "Strongly disagree",
        "Disagree",
        "Neutral",
        "Agree",
        "Strongly agree",
    ]


def test_prose_with_commas_is_no_multi_select():
    prose = [f"I think, on day {i}, that it was fine, mostly thing {i * 7}" for i in range(40)]
    assert find_multi_select(prose) is None
    assert find_multi_select(["tv, radio", "radio, web", "tv", "web, tv", "radio", "web"] * 3)[0] == ","


@pytest.mark.parametrize(
    ("header", "personal"),
    [
        ("E-mail", True),
        ("firstName", True),
        ("Date of birth", True),
        ("name", True),
        ("product name", False),
        ("score", False),
        ("file_name", False),
        ("home address", True),
        ("shipping", False),
        ("IBAN", True),
    ],
)
def test_headers_that_announce_personal_data(header, personal):
    assert header_suggests_pii(header) is personal


def test_emails_are_flagged_whatever_the_header_says(run):
    (table,) = run("contact,score\nann@x.org,1\nbob@y.org,2\n")
    assert [column.is_pii for column in table.columns] == [True, False]


@pytest.mark.parametrize(
    ("count", "distinct", "values", "semantic"),
    [
        (100, 3, ["red", "green", "blue"], "category"),
        (100, 100, ["AB-1", "AB-2", "AB-3"], "identifier"),
        (100, 98, ["I like it very much.", "It broke after a day.", "Fine"], "free_text"),
        (0, 0, [], "empty"),
    ],
)
def test_text_meaning_is_settled_on_all_rows(count, distinct, values, semantic):
    schema = ColumnSchema(name="x", physical_type=PhysicalType.TEXT)
    assert settle_text(schema, count=count, distinct=distinct, values=values).semantic_type.value == semantic


def test_names_are_unique_without_regard_to_case():
    assert unique_names(["a", "A", "", " a ", ""]) == ["a", "A (2)", "column_3", "a (3)", "column_5"]


def test_offsets_are_turned_into_utc(run, rows_of):
    (table,) = run("id,at\n1,2024-01-31T10:00:00+02:00\n2,2024-01-31T10:00:00Z\n")
    assert [str(row["at"]) for row in rows_of(table)] == ["2024-01-31 08:00:00", "2024-01-31 10:00:00"]
