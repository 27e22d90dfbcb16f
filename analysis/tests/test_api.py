"""The catalogue of procedures, suggestions, and the list of results."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.logic.registry import procedures
from analysis.tests.actions import COLUMNS, analyse, finish, make_survey, start
from data_ingestion.tests.actions import assert_problem
from plugzero_api.kernel.ids import uuid7


def test_every_procedure_is_listed_with_the_schema_of_its_form(viewer: Any) -> None:
    listed = {row["key"]: row for row in viewer.client.get("analysis/procedures/").json()}
    assert set(listed) == set(procedures())
    for row in listed.values():
        assert row["title"]
        assert row["question"]
        assert row["parameters_schema"]["type"] == "object"
        assert row["parameters_schema"]["properties"]


def test_one_procedure_and_none(viewer: Any) -> None:
    assert viewer.client.get("analysis/procedures/crosstab/").json()["key"] == "crosstab"
    assert_problem(viewer.client.get("analysis/procedures/nope/"), 404, "procedure_not_found")


def suggest(actor: Any, dataset: str, columns: Any) -> Any:
    return actor.client.post("analysis/suggest/", {"dataset": dataset, "columns": columns})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["city", "vote"], "crosstab"),
        (["score", "weight"], "correlation"),
        (["score"], "profile"),
    ],
)
def test_suggestions_fit_the_columns_and_run_as_they_are(
    owner: Any, columns: list[str], expected: str
) -> None:
    dataset = make_survey(owner)
    found = suggest(owner, dataset, columns).json()
    assert expected in [row["procedure"] for row in found]
    assert [row["score"] for row in found] == sorted((row["score"] for row in found), reverse=True)
    assert all(row["reason"] for row in found)
    first = found[0]
    run = finish(start(owner, dataset, first["procedure"], first["parameters"]))
    assert run.state == "SUCCESS", (run.error_code, run.error_detail)


@pytest.mark.parametrize(
    ("columns", "status", "code", "pointer"),
    [
        (["city", "nope"], 422, "unknown_column", "/columns/1"),
        ([], 400, "invalid_input", "/columns"),
        ("city", 400, "invalid_input", "/columns"),
        ([{"a": 1}], 400, "invalid_input", "/columns"),
        (["city"] * 51, 400, "invalid_input", "/columns"),
    ],
)
def test_faulty_suggestion_requests(owner: Any, columns: Any, status: int, code: str, pointer: str) -> None:
    problem = assert_problem(suggest(owner, make_survey(owner), columns), status, code)
    assert problem["errors"][0]["pointer"].startswith(pointer)


def test_suggestions_for_a_foreign_dataset(owner: Any, stranger: Any) -> None:
    assert_problem(suggest(owner, make_survey(stranger), ["city"]), 404, "dataset_not_found")
    assert_problem(suggest(owner, str(uuid7()), ["city"]), 404, "dataset_not_found")


def test_the_list_is_filtered_and_leaves_the_outputs_out(
    owner: Any, django_assert_max_num_queries: Any
) -> None:
    dataset, other = make_survey(owner), make_survey(owner, {"a": COLUMNS["city"], "b": COLUMNS["vote"]})
    crosstab = analyse(owner, dataset)
    segments = analyse(owner, dataset, "segments", {"segments": ["city"], "measures": ["score"]})
    analyse(owner, other, parameters={"rows": "a", "columns": "b"})
    with django_assert_max_num_queries(6):
        listed = owner.client.get(f"analysis/results/?dataset={dataset}&ordering=procedure").json()
    assert [row["id"] for row in listed["results"]] == [crosstab["id"], segments["id"]]
    assert "output" not in listed["results"][0]
    assert owner.client.get("analysis/results/?procedure=segments").json()["count"] == 1
    assert owner.client.get("analysis/results/").json()["count"] == 3
    assert_problem(owner.client.get("analysis/results/?dataset=x"), 400, "invalid_input")
