"""Datasets over HTTP: previews, profiles, rejects, versions, comparison; and the door other micro-apps use."""

from __future__ import annotations

import csv
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import connections

from data_ingestion import services as ingestion
from data_ingestion.errors import DatasetNotFound, DatasetVersionNotFound, ProjectNotFound
from data_ingestion.models import Dataset
from data_ingestion.tests.actions import (
    assert_problem,
    create_project,
    detail,
    done,
    ingest,
    rows_of,
    upload,
)
from data_ingestion.tests.factories import make_dataset, make_project
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import TeamScopeMissing, team_scope

NAMES = ('a "quoted" one', "emoji 😀", "x'; DROP TABLE data_ingestion_dataset; --", "plain")


@pytest.fixture
def hundred(owner: Any) -> str:
    """A Dataset of 100 rows: n = 0..99, group = n mod 3 (missing every tenth row), day = January 2024."""
    with owner.scope():
        table = pa.table(
            {
                "n": pa.array(range(100), pa.int64()),
                "group": [None if n % 10 == 0 else f"g{n % 3}" for n in range(100)],
                "share": [n / 10 for n in range(100)],
                "late": [n > 50 for n in range(100)],
                "day": pa.array([19723 + n % 31 for n in range(100)], pa.int32()).cast(pa.date32()),
            }
        )
        return str(make_dataset(make_project(owner.team_id), table=table, name="Hundred").pk)


def preview(actor: Any, dataset: str, **query: Any) -> Any:
    text = "&".join(
        f"{name}={quote(json.dumps(item) if isinstance(item, dict) else str(item))}"
        for name, value in query.items()
        for item in (value if isinstance(value, list) else [value])
    )
    return actor.client.get(f"datasets/{dataset}/preview/?{text}")


def first(response: Any) -> list[Any]:
    assert response.status_code == 200, response.content
    return [row[0] for row in response.json()["rows"]]


def test_a_preview_starts_with_fifty_rows_and_pages_to_any_offset(owner: Any, hundred: str) -> None:
    page = preview(owner, hundred).json()
    assert (len(page["rows"]), page["offset"], page["total"], page["version"]) == (50, 0, 100, 1)
    assert page["columns"] == ["n", "group", "share", "late", "day"]
    assert page["rows"][1] == [1, "g1", 0.1, False, "2024-01-02"]
    assert first(preview(owner, hundred, offset=97, limit=10)) == [97, 98, 99]
    assert first(preview(owner, hundred, offset=10**11)) == []


def test_columns_and_order_can_be_chosen(owner: Any, hundred: str) -> None:
    page = preview(owner, hundred, column=["share", "n"], sort=["-late", "-n"], limit=2).json()
    assert page["columns"] == ["share", "n"]
    assert page["rows"] == [[9.9, 99], [9.8, 98]]


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"column": "n", "op": "between", "value": [3, 5]}, [3, 4, 5]),
        ({"column": "n", "op": "in", "value": [7, "9", 1000]}, [7, 9]),
        ({"column": "group", "op": "is_missing"}, list(range(0, 100, 10))),
        (
            {"and": [{"column": "n", "op": "lt", "value": 12}, {"column": "group", "op": "not_missing"}]},
            [n for n in range(12) if n % 10],
        ),
        (
            {
                "all": [
                    {"column": "n", "op": "ge", "value": 98},
                    {"column": "late", "op": "eq", "value": True},
                ]
            },
            [98, 99],
        ),
        (
            {"or": [{"column": "n", "op": "eq", "value": 1}, {"column": "n", "op": "eq", "value": 2}]},
            [1, 2],
        ),
        ({"not": {"column": "n", "op": "gt", "value": 1}}, [0, 1]),
        ({"column": "n", "op": "gt", "value": 10**60}, []),
        ({"column": "day", "op": "eq", "value": "2024-01-31"}, [30, 61, 92]),
        ({"column": "group", "op": "eq", "value": "x' OR '1'='1"}, []),
    ],
)
def test_filters_select_rows_and_tell_their_number(
    owner: Any, hundred: str, tree: dict[str, Any], expected: list[int]
) -> None:
    response = preview(owner, hundred, filter=tree, limit=1000)
    assert first(response) == expected
    assert response.json()["total"] == len(expected)


@pytest.mark.parametrize(
    ("tree", "code", "pointer"),
    [
        ({"column": "nope", "op": "eq", "value": 1}, "column_unknown", "/filter"),
        ({"column": "n", "op": "like", "value": 1}, "filter_invalid", "/filter"),
        ({"column": "n", "op": "eq", "value": "many"}, "filter_invalid", "/filter"),
        ({"column": "n", "op": "eq", "value": None}, "filter_invalid", "/filter"),
        ({"column": "n", "op": "eq", "value": 1, "sql": "1=1"}, "filter_invalid", "/filter"),
        ({"column": "n", "op": "between", "value": [1]}, "filter_invalid", "/filter"),
        ({"column": "n", "op": "eq", "value": 10**400}, "filter_invalid", "/filter"),
        ({"column": "day", "op": "eq", "value": "2024-13-45"}, "filter_invalid", "/filter"),
        (
            {"and": [{"column": "n", "op": "is_missing"}, {"not": {"op": "eq"}}]},
            "filter_invalid",
            "/filter/and/1/not",
        ),
        ({"or": {"column": "n"}}, "filter_invalid", "/filter/or"),
        ({"xor": []}, "filter_invalid", "/filter"),
    ],
)
def test_faulty_filters_are_pointed_at(
    owner: Any, hundred: str, tree: dict[str, Any], code: str, pointer: str
) -> None:
    problem = assert_problem(preview(owner, hundred, filter=tree), 400, code)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_a_filter_nested_too_deeply_is_refused(owner: Any, hundred: str) -> None:
    tree: dict[str, Any] = {"column": "n", "op": "is_missing"}
    for _ in range(60):
        tree = {"not": tree}
    assert_problem(preview(owner, hundred, filter=tree), 400, "filter_invalid")


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("offset=-1", "invalid_input", "/offset"),
        ("offset=x", "invalid_input", "/offset"),
        ("limit=1001", "invalid_input", "/limit"),
        ("version=0", "invalid_input", "/version"),
        ("filter=[1]", "invalid_input", "/filter"),
        ("filter={", "invalid_input", "/filter"),
        ("filter=" + "[" * 3000, "invalid_input", "/filter"),
        ("column=nope", "column_unknown", "/column"),
        ("sort=-nope", "column_unknown", "/sort"),
        ("where=1", "invalid_input", "/where"),
    ],
)
def test_faulty_queries_are_pointed_at(owner: Any, hundred: str, query: str, code: str, pointer: str) -> None:
    problem = assert_problem(owner.client.get(f"datasets/{hundred}/preview/?{query}"), 400, code)
    assert problem["errors"][0]["pointer"] == pointer


def test_a_version_that_is_not_there(owner: Any, hundred: str) -> None:
    assert_problem(preview(owner, hundred, version=7), 404, "dataset_version_not_found")


def test_column_names_with_quotes_emoji_and_sql_are_only_names(owner: Any) -> None:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(NAMES)
    writer.writerows([[n, n * 2, n * 3, n * 4] for n in range(1, 6)])
    dataset = ingest(owner, line.getvalue().encode())
    assert [column["label"] for column in detail(owner, dataset)["columns"]] == list(NAMES)
    names = [column["name"] for column in detail(owner, dataset)["columns"]]
    for place, name in enumerate(names, start=1):
        page = preview(
            owner, dataset, column=name, sort=f"-{name}", filter={"column": name, "op": "gt", "value": place}
        )
        assert first(page) == [n * place for n in range(5, 1, -1)]
    assert owner.client.get("datasets/").json()["count"] == 1


def test_the_profile_is_over_all_rows(owner: Any) -> None:
    lines = ["score,city", *(f"{n},{'Oslo' if n % 4 else 'Rome'}" for n in range(1, 1001)), ",Oslo"]
    dataset = ingest(owner, "\n".join(lines).encode())
    body = owner.client.get(f"datasets/{dataset}/profile/").json()
    score, city = body["columns"]
    assert (body["row_count"], body["version"]) == (1001, 1)
    assert (score["count"], score["missing"], score["distinct"]) == (1000, 1, 1000)
    assert (score["minimum"], score["maximum"], score["mean"]) == (1, 1000, 500.5)
    assert score["sd"] == pytest.approx(288.8194, abs=1e-3)
    assert score["quartiles"] == pytest.approx([250.75, 500.5, 750.25], abs=0.6)
    assert sum(count for _, _, count in score["histogram"]) == 1000
    assert city["top_values"] == [["Oslo", 751], ["Rome", 250]]
    assert body["receipt"]["rows_in"] == 1001 == body["receipt"]["rows_out"]


def test_a_late_text_cell_is_neither_lost_nor_silent(owner: Any) -> None:
    lines = ["id,score", *(f"{n},{n % 7}" for n in range(5000)), "5000,refused"]
    dataset = ingest(owner, "\n".join(lines).encode())
    body = owner.client.get(f"datasets/{dataset}/profile/").json()
    receipt = body["receipt"]
    assert receipt["rows_in"] == receipt["rows_out"] + receipt["rows_rejected"] == 5001
    assert receipt["repair_count"] > 0
    assert any(repair["column"] == "score" for repair in receipt["repairs"])
    kept = json.dumps(rows_of(owner, dataset, "&offset=5000"))
    assert "refused" in kept


def rejected_file() -> bytes:
    lines = ["a,b,c", *(f"{n},{n},{n}" for n in range(200))]
    lines.insert(100, '=cmd|" /C calc"!A0')
    return "\n".join(lines).encode()


def test_rejected_rows_come_as_a_csv_no_spreadsheet_runs(owner: Any) -> None:
    with owner.scope():
        dataset = make_dataset(make_project(owner.team_id), rejects=True)
        from data_ingestion.adapters import storage
        from data_ingestion.contracts import RejectedRow
        from data_ingestion.logic.rejects import write_rejects
        from data_ingestion.services.datasets import get_version

        path = storage.local_path(get_version(dataset).rejects_storage_name)
        write_rejects(
            [RejectedRow(5, "too few cells", '=HYPERLINK("http://x")'), RejectedRow(9, "x", 'a,"b')], path
        )
    response = owner.client.get(f"datasets/{dataset.pk}/rejects/")
    text = b"".join(response.streaming_content).decode()
    assert list(csv.reader(io.StringIO(text))) == [
        ["row", "reason", "raw"],
        ["5", "too few cells", '\'=HYPERLINK("http://x")'],
        ["9", "x", 'a,"b'],
    ]
    assert response["Content-Disposition"].startswith("attachment")
    assert "sandbox" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"


def test_rows_in_are_rows_out_and_rows_rejected(owner: Any) -> None:
    dataset = ingest(owner, rejected_file())
    receipt = owner.client.get(f"datasets/{dataset}/profile/").json()["receipt"]
    assert receipt["rows_in"] == receipt["rows_out"] + receipt["rows_rejected"] == 201
    assert detail(owner, dataset)["row_count"] == receipt["rows_out"]


def test_without_rejected_rows_there_is_no_file(owner: Any, hundred: str) -> None:
    assert_problem(owner.client.get(f"datasets/{hundred}/rejects/"), 404, "no_rejected_rows")


def test_versions_are_listed_restored_and_compared(owner: Any) -> None:
    dataset = ingest(owner, b"id,city\n1,Oslo\n2,Rome\n3,Bonn\n")
    steps = [{"kind": "recode", "column": "city", "mapping": {"Rome": "Roma"}, "others": "keep"}]
    assert done(owner.client.post(f"datasets/{dataset}/recipe/apply/", {"steps": steps})) == dataset
    assert [row[1] for row in rows_of(owner, dataset)] == ["Oslo", "Roma", "Bonn"]
    assert [row[1] for row in rows_of(owner, dataset, "&version=1")] == ["Oslo", "Rome", "Bonn"]

    difference = owner.client.get(f"datasets/{dataset}/compare/?left=1&right=2&key=id").json()["difference"]
    assert "Roma" in json.dumps(difference)
    same = owner.client.get(f"datasets/{dataset}/compare/?left=2&right=2").json()["difference"]
    assert "Roma" not in json.dumps(same)

    restored = owner.client.post(f"datasets/{dataset}/restore/", {"number": 1})
    assert (restored.status_code, restored.json()["number"]) == (201, 3)
    assert [row[1] for row in rows_of(owner, dataset)] == ["Oslo", "Rome", "Bonn"]
    versions = owner.client.get(f"datasets/{dataset}/versions/").json()
    assert [row["number"] for row in versions] == [3, 2, 1]
    assert versions[0]["version_hash"] == versions[2]["version_hash"] != versions[1]["version_hash"]
    assert versions[0]["created_by"] == str(owner.user_id)
    assert detail(owner, dataset)["current_version"] == 3


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "invalid_input"),
        ("left=1", 400, "invalid_input"),
        ("left=1&right=x", 400, "invalid_input"),
        ("left=1&right=9", 404, "dataset_version_not_found"),
        ("left=1&right=1&key=nope", 400, "column_unknown"),
    ],
)
def test_faulty_comparisons(owner: Any, hundred: str, query: str, status: int, code: str) -> None:
    assert_problem(owner.client.get(f"datasets/{hundred}/compare/?{query}"), status, code)


@pytest.mark.parametrize("body", [{"number": 0}, {"number": "x"}, {}, {"number": 1, "note": "mine"}])
def test_faulty_restores(owner: Any, hundred: str, body: dict[str, Any]) -> None:
    assert_problem(owner.client.post(f"datasets/{hundred}/restore/", body), 400, "invalid_input")


def test_restoring_a_version_that_never_was(owner: Any, hundred: str) -> None:
    response = owner.client.post(f"datasets/{hundred}/restore/", {"number": 2})
    assert_problem(response, 404, "dataset_version_not_found")


def test_renaming_and_deleting(owner: Any, hundred: str) -> None:
    assert owner.client.patch(f"datasets/{hundred}/", {"name": "New"}).json()["name"] == "New"
    assert_problem(owner.client.patch(f"datasets/{hundred}/", {"name": "x" * 201}), 400, "invalid_input")
    assert owner.client.delete(f"datasets/{hundred}/").status_code == 204
    assert_problem(owner.client.get(f"datasets/{hundred}/"), 404, "dataset_not_found")


def test_lists_are_filtered_and_take_few_queries(owner: Any, django_assert_max_num_queries: Any) -> None:
    project = create_project(owner)
    for name in ("alpha", "beta", "alphabet"):
        done(upload(owner, project, name=f"{name}.csv"))
    with django_assert_max_num_queries(6):
        body = owner.client.get(f"datasets/?project={project}&search=alpha&ordering=name").json()
    assert [(row["name"], row["row_count"]) for row in body["results"]] == [("alpha", 4), ("alphabet", 4)]
    assert owner.client.get("datasets/?dataset_source=PUBLISHED").json()["count"] == 0


# --- the door ------------------------------------------------------------------------------------------------------


def table(*values: int) -> pa.Table:
    return pa.table({"n": pa.array(values, pa.int64())})


def publish(actor: Any, project: Any, source: str = "seo.audit:1", data: Any = None) -> Any:
    return ingestion.publish_table(
        team_id=actor.team_id,
        project_id=project.pk,
        name="Pages",
        source=source,
        table=data if data is not None else table(1, 2),
        labels={"n": "Number"},
        user_id=actor.user_id,
    )


def test_a_published_table_is_a_dataset_and_publishing_again_adds_a_version(owner: Any) -> None:
    with owner.scope():
        project = make_project(owner.team_id)
        first_ref, second = publish(owner, project), publish(owner, project, data=table(1, 2, 3))
        other = publish(owner, project, source="seo.audit:2")
        handle = ingestion.open_dataset(team_id=owner.team_id, dataset_id=second.dataset_id)
    assert (first_ref.dataset_id, first_ref.version) == (second.dataset_id, 1)
    assert (second.version, second.row_count, handle.row_count) == (2, 3, 3)
    assert other.dataset_id != second.dataset_id
    assert pq.read_table(handle.path).column("n").to_pylist() == [1, 2, 3]
    assert handle.column("n").label == "Number"
    body = detail(owner, second.dataset_id)
    assert (body["dataset_source"], body["current_version"]) == ("PUBLISHED", 2)


def test_a_stream_of_batches_can_be_published(owner: Any) -> None:
    batches = table(*range(1000)).to_batches(max_chunksize=100)
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, iter(batches))
    with owner.scope():
        assert publish(owner, make_project(owner.team_id), data=reader).row_count == 1000


def test_appending_gives_a_version_with_all_rows(owner: Any) -> None:
    with owner.scope():
        ref = publish(owner, make_project(owner.team_id))
        more = pa.table({"n": pa.array([3], pa.int64()), "text": ["new column"]})
        appended = ingestion.append_to_dataset(team_id=owner.team_id, dataset_id=ref.dataset_id, table=more)
    assert (appended.version, appended.row_count) == (2, 3)
    assert rows_of(owner, ref.dataset_id) == [[1, None], [2, None], [3, "new column"]]
    assert detail(owner, ref.dataset_id)["columns"][0]["label"] == "Number"


@pytest.mark.django_db(transaction=True)
def test_appends_at_once_lose_no_rows(owner: Any) -> None:
    with owner.scope():
        ref = publish(owner, make_project(owner.team_id), data=table(0))

    def append(value: int) -> None:
        try:
            with team_scope(owner.team_id):
                ingestion.append_to_dataset(
                    team_id=owner.team_id, dataset_id=ref.dataset_id, table=table(value)
                )
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(append, range(1, 5)))
    assert sorted(row[0] for row in rows_of(owner, ref.dataset_id)) == [0, 1, 2, 3, 4]
    assert detail(owner, ref.dataset_id)["current_version"] == 5


@pytest.mark.django_db(transaction=True)
def test_one_key_published_at_once_is_one_dataset(owner: Any) -> None:
    with owner.scope():
        project = make_project(owner.team_id)

    def run(value: int) -> None:
        try:
            with team_scope(owner.team_id):
                publish(owner, project, data=table(value))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(run, range(4)))
    with owner.scope():
        assert Dataset.objects.get().current_version == 4


def test_the_door_is_closed_to_other_teams_and_without_a_scope(owner: Any, stranger: Any) -> None:
    with owner.scope():
        project = make_project(owner.team_id)
        ref = publish(owner, project)
    with pytest.raises(TeamScopeMissing):
        ingestion.open_dataset(team_id=owner.team_id, dataset_id=ref.dataset_id)
    with stranger.scope():
        with pytest.raises(DatasetNotFound):
            ingestion.open_dataset(team_id=owner.team_id, dataset_id=ref.dataset_id)
        with pytest.raises(DatasetNotFound):
            ingestion.append_to_dataset(team_id=stranger.team_id, dataset_id=ref.dataset_id, table=table(1))
        with pytest.raises(ProjectNotFound):
            publish(stranger, project)
    with owner.scope():
        with pytest.raises(ProjectNotFound):
            ingestion.publish_table(
                team_id=stranger.team_id, project_id=project.pk, name="x", source="y", table=table(1)
            )
        with pytest.raises(DatasetVersionNotFound):
            ingestion.open_dataset(team_id=owner.team_id, dataset_id=ref.dataset_id, version=9)
        with pytest.raises(DatasetNotFound):
            ingestion.open_dataset(team_id=owner.team_id, dataset_id=uuid7())
