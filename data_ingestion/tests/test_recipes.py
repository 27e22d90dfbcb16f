"""Cleaning over HTTP: recipes, other Datasets in them, undoing repairs, unions."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from data_ingestion.models import Dataset, DatasetVersion
from data_ingestion.services import cleaning
from data_ingestion.tests.actions import (
    assert_problem,
    create_project,
    detail,
    done,
    finish,
    ingest,
    rows_of,
    stored_objects,
    upload,
)
from plugzero_api.kernel.ids import uuid7

PEOPLE = b"id,city,score\n1,Oslo,5\n2,Rome,3\n3,Oslo,4\n"
REGIONS = b"city,region\nOslo,North\nRome,South\n"


def apply(actor: Any, dataset: str, steps: list[Any], **body: Any) -> Any:
    return actor.client.post(f"datasets/{dataset}/recipe/apply/", {"steps": steps, **body})


def columns(actor: Any, dataset: str) -> list[str]:
    return [column["name"] for column in detail(actor, dataset)["columns"]]


def test_steps_are_kept_and_applied_to_a_new_version(member: Any) -> None:
    dataset = ingest(member, PEOPLE)
    assert member.client.get(f"datasets/{dataset}/recipe/").json()["steps"] == []
    steps = [
        {"kind": "rename", "columns": {"city": "town"}},
        {"kind": "filter", "where": {"column": "score", "op": "gt", "value": 3}},
        {"kind": "derive", "column": "double", "expression": "[score] * 2"},
    ]
    saved = member.client.put(f"datasets/{dataset}/recipe/", {"steps": steps})
    assert saved.json()["steps"] == steps
    assert saved.json()["updated_by"] == str(member.user_id)
    assert detail(member, dataset)["current_version"] == 1

    assert done(apply(member, dataset, steps)) == dataset
    body = detail(member, dataset)
    assert (body["current_version"], body["row_count"]) == (2, 2)
    assert columns(member, dataset) == ["id", "town", "score", "double"]
    assert [row[3] for row in rows_of(member, dataset)] == [10, 8]
    newest = member.client.get(f"datasets/{dataset}/versions/").json()[0]
    assert newest["note"] == "3 cleaning steps on version 1"
    profile = member.client.get(f"datasets/{dataset}/profile/").json()
    assert [column["name"] for column in profile["columns"]] == ["id", "town", "score", "double"]
    with member.scope():
        assert DatasetVersion.objects.get(number=2).recipe["steps"] == steps


def test_an_older_version_can_be_cleaned(owner: Any) -> None:
    dataset = ingest(owner, PEOPLE)
    done(apply(owner, dataset, [{"kind": "select", "columns": ["id"]}]))
    done(apply(owner, dataset, [{"kind": "rename", "columns": {"city": "town"}}], version=1))
    assert columns(owner, dataset) == ["id", "town", "score"]
    assert_problem(apply(owner, dataset, [], version=99), 404, "dataset_version_not_found")


@pytest.mark.parametrize(
    ("steps", "pointer"),
    [
        ([{"kind": "explode"}], "/steps/0/kind"),
        ([{}], "/steps/0/kind"),
        ([{"kind": "rename", "columns": {}}], "/steps/0/columns"),
        ([{"kind": "trim"}, {"kind": "split", "column": "city", "separator": ""}], "/steps/1/separator"),
        ([{"kind": "trim", "sql": "x"}], "/steps/0/sql"),
    ],
)
def test_faulty_steps_are_pointed_at_before_anything_runs(owner: Any, steps: list[Any], pointer: str) -> None:
    dataset = ingest(owner, PEOPLE)
    for response in (
        apply(owner, dataset, steps),
        owner.client.put(f"datasets/{dataset}/recipe/", {"steps": steps}),
    ):
        problem = assert_problem(response, 400, "recipe_invalid")
        assert pointer in [error["pointer"] for error in problem["errors"]]
    assert owner.client.get(f"datasets/{dataset}/recipe/").json()["steps"] == []


@pytest.mark.parametrize("steps", ["x", [1], [[]], [{"kind": "trim"}] * 101])
def test_what_is_no_list_of_steps(owner: Any, steps: Any) -> None:
    dataset = ingest(owner, PEOPLE)
    assert_problem(apply(owner, dataset, steps), 400, "invalid_input")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"kind": "rename", "columns": {"nope": "x"}}, "column_unknown"),
        ({"kind": "derive", "column": "x", "expression": "[score] +"}, "expression_invalid"),
        ({"kind": "derive", "column": "x", "expression": "read_text('/etc/passwd')"}, "expression_invalid"),
        ({"kind": "filter", "where": {"column": "score", "op": "sql", "value": "1"}}, "filter_invalid"),
        ({"kind": "retype", "column": "city", "to": "integer", "strict": True}, None),
    ],
)
def test_steps_that_do_not_fit_the_data_fail_and_leave_no_version(
    owner: Any, step: dict[str, Any], code: str | None
) -> None:
    dataset = ingest(owner, PEOPLE)
    before = stored_objects(owner)
    response = apply(owner, dataset, [{"kind": "trim"}, step])
    if response.status_code == 202:
        row = finish(response)
        assert row.state == "FAILURE"
        assert row.error_code != "internal_error"
        assert code is None or row.error_code == code
    else:
        assert_problem(response, 400, "recipe_invalid")
        assert code is None
    assert detail(owner, dataset)["current_version"] == 1
    assert stored_objects(owner) == before


def test_joining_with_another_dataset(owner: Any) -> None:
    people, regions = ingest(owner, PEOPLE), ingest(owner, REGIONS)
    steps = [{"kind": "join", "dataset": {"dataset_id": regions}, "left_on": ["city"], "right_on": ["city"]}]
    done(apply(owner, people, steps))
    assert [row[-1] for row in rows_of(owner, people)] == ["North", "South", "North"]


def test_appending_another_dataset(owner: Any) -> None:
    first, second = ingest(owner, PEOPLE), ingest(owner, b"ID,City,Score\n4,Bonn,1\n")
    steps = [{"kind": "append", "datasets": [{"dataset_id": second}], "source_column": "file"}]
    done(apply(owner, first, steps))
    rows = rows_of(owner, first)
    assert len(rows) == 4
    assert rows[3][:3] == [4, "Bonn", 1]


@pytest.mark.parametrize("kind", ["join", "append"])
def test_a_dataset_of_another_team_in_a_step_is_like_none(owner: Any, stranger: Any, kind: str) -> None:
    dataset, foreign = ingest(owner, PEOPLE), ingest(stranger, REGIONS)
    details = []
    for other in (foreign, str(uuid7())):
        step = {"kind": kind, "datasets": [{"dataset_id": other}]}
        if kind == "join":
            step = {
                "kind": kind,
                "dataset": {"dataset_id": other},
                "left_on": ["city"],
                "right_on": ["city"],
            }
        row = finish(apply(owner, dataset, [step]))
        assert (row.state, row.error_code) == ("FAILURE", "recipe_invalid")
        details.append(row.error_detail.replace(other, "ID"))
    assert details[0] == details[1]
    assert detail(owner, dataset)["current_version"] == 1


def test_a_dataset_deleted_while_it_is_cleaned(owner: Any, monkeypatch: Any) -> None:
    dataset = ingest(owner, PEOPLE)
    response = apply(owner, dataset, [{"kind": "trim"}])
    real = cleaning.store_version

    def delete_meanwhile(*args: Any) -> Any:
        Dataset.objects.all().delete()
        return real(*args)

    monkeypatch.setattr(cleaning, "store_version", delete_meanwhile)
    row = finish(response)
    assert (row.state, row.error_code) == ("FAILURE", "dataset_not_found")


def test_two_recipes_started_from_one_version_both_become_versions(owner: Any) -> None:
    dataset = ingest(owner, PEOPLE)
    first = apply(owner, dataset, [{"kind": "select", "columns": ["id"]}])
    second = apply(owner, dataset, [{"kind": "select", "columns": ["city"]}])
    done(second)
    done(first)
    versions = owner.client.get(f"datasets/{dataset}/versions/").json()
    assert [(row["number"], row["column_count"]) for row in versions] == [(3, 1), (2, 1), (1, 3)]
    assert columns(owner, dataset) == ["id"]


MESSY = b'id,price,rating\n1,"1,234.50 EUR",5 stars\n2,n/a,4 stars\n3,99.00 EUR,3 stars\n'


@pytest.mark.parametrize(("content", "name"), [(MESSY, "messy.csv"), (gzip.compress(MESSY), "messy.csv.gz")])
def test_repairs_can_be_undone_as_a_version_of_raw_text(owner: Any, content: bytes, name: str) -> None:
    dataset = ingest(owner, content, name)
    receipt = owner.client.get(f"datasets/{dataset}/profile/").json()["receipt"]
    assert receipt["repair_count"] > 0
    assert done(owner.client.post(f"datasets/{dataset}/undo-repairs/")) == dataset
    assert rows_of(owner, dataset) == [
        ["1", "1,234.50 EUR", "5 stars"],
        ["2", "n/a", "4 stars"],
        ["3", "99.00 EUR", "3 stars"],
    ]
    assert {column["physical_type"] for column in detail(owner, dataset)["columns"]} == {"text"}
    assert detail(owner, dataset)["current_version"] == 2


def test_undoing_the_second_table_of_a_file_gives_the_second_table(owner: Any) -> None:
    first_table = ["name;year"] + [f"Ann {n};20{n:02}" for n in range(8)]
    second_table = ["city;price;n"] + [f"Oslo {n};{n},50 EUR;{n}" for n in range(8)]
    done(upload(owner, create_project(owner), "\n".join([*first_table, "", "", *second_table]).encode()))
    listed = owner.client.get("datasets/").json()["results"]
    second = next((row for row in listed if row["source_name"] == "table 2"), None)
    assert second is not None, listed
    response = owner.client.post(f"datasets/{second['id']}/undo-repairs/")
    done(response)
    assert rows_of(owner, second["id"])[0] == ["Oslo 0", "0,50 EUR", "0"]


def test_nothing_to_undo(owner: Any) -> None:
    dataset = ingest(owner, b"a,b\n1,2\n3,4\n")
    receipt = owner.client.get(f"datasets/{dataset}/profile/").json()["receipt"]
    assert receipt["repair_count"] == 0
    assert_problem(owner.client.post(f"datasets/{dataset}/undo-repairs/"), 409, "nothing_to_undo")


def unite(actor: Any, project: str, datasets: list[str], **body: Any) -> Any:
    return actor.client.post(
        "datasets/unite/", {"project": project, "name": "All waves", "datasets": datasets, **body}
    )


def test_a_union_matches_headers_fuzzily_and_names_the_origin(owner: Any) -> None:
    project = create_project(owner)
    first = done(upload(owner, project, PEOPLE, "wave1.csv"))
    second = done(upload(owner, project, b"Id, City ,SCORE\n9,Bonn,2\n", "wave2.csv"))
    united = done(unite(owner, project, [first, second]))
    body = detail(owner, united)
    assert (body["name"], body["row_count"], body["dataset_source"]) == ("All waves", 4, "DERIVED")
    rows = rows_of(owner, united)
    assert rows[3][:3] == [9, "Bonn", 2]
    assert [row[-1] for row in rows] == ["wave1"] * 3 + ["wave2"]
    assert (detail(owner, first)["current_version"], detail(owner, second)["current_version"]) == (1, 1)


def test_unions_refuse_foreign_unknown_and_too_few_datasets(owner: Any, stranger: Any) -> None:
    project, mine, foreign = create_project(owner), ingest(owner), ingest(stranger)
    for other in (foreign, str(uuid7())):
        assert_problem(unite(owner, project, [mine, other]), 404, "dataset_not_found")
    assert_problem(unite(owner, create_project(stranger), [mine, mine]), 404, "project_not_found")
    assert_problem(unite(owner, project, [mine]), 400, "invalid_input")
    assert_problem(unite(owner, project, [mine, "x"]), 400, "invalid_input")


def test_the_kinds_of_steps_are_described_for_forms(viewer: Any) -> None:
    kinds = {row["kind"]: row for row in viewer.client.get("datasets/steps/").json()}
    assert {"rename", "recode", "join", "append", "drop_duplicates", "derive"} <= set(kinds)
    assert kinds["rename"]["summary"]
    assert kinds["rename"]["parameters_schema"]["properties"]["columns"]


def test_viewers_may_read_but_not_clean(owner: Any, viewer: Any) -> None:
    dataset = ingest(owner, PEOPLE)
    assert viewer.client.get(f"datasets/{dataset}/recipe/").status_code == 200
    assert_problem(apply(viewer, dataset, []), 403, "permission_denied")
    assert_problem(viewer.client.put(f"datasets/{dataset}/recipe/", {"steps": []}), 403, "permission_denied")
