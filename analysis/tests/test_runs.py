"""Running procedures: one computation per question, honest refusals, and Datasets that change under way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from analysis.models import AnalysisResult, AnalysisRun
from analysis.services import runs
from analysis.tests.actions import COLUMNS, CROSSTAB, analyse, finish, make_survey, start
from data_ingestion.models import Dataset, Project
from data_ingestion.tests.actions import assert_problem, create_project
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.models import TaskRun


def test_a_run_ends_with_facts_a_table_and_a_chart(member: Any) -> None:
    result = analyse(member, make_survey(member))
    output = result["output"]
    assert output["n"] == 120
    assert output["facts"]
    assert output["tables"]
    assert output["charts"][0]["spec"]["$schema"].endswith("v6.json")
    assert output["method"]["references"]
    assert (result["procedure"], result["dataset_version"]) == ("crosstab", 1)
    assert result["seconds"] > 0


def test_an_equal_run_answers_at_once_from_the_store(owner: Any, monkeypatch: Any) -> None:
    dataset = make_survey(owner)
    first = analyse(owner, dataset)

    def computed_again(*_: Any, **__: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(runs, "open_frame", computed_again)
    again = start(owner, dataset)
    assert (again.status_code, again.json()["state"]) == (202, "SUCCESS")
    run = TaskRun._base_manager.get(pk=again.json()["task_id"])
    assert run.result_id == first["id"]
    with owner.scope():
        assert AnalysisResult.objects.count() == 1
        assert AnalysisRun.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "shared"),
    [
        ({"parameters": {**CROSSTAB, "alpha": 0.05}}, True),
        ({"seed": 7}, True),
        ({"parameters": {**CROSSTAB, "alpha": 0.01}}, False),
        ({"filter": {"column": "city", "op": "ne", "value": "Bonn"}}, False),
        ({"weight": "weight"}, False),
    ],
)
def test_what_makes_two_runs_the_same(owner: Any, change: dict[str, Any], shared: bool) -> None:
    dataset = make_survey(owner)
    first, second = analyse(owner, dataset), analyse(owner, dataset, **change)
    assert (first["id"] == second["id"]) is shared


def test_the_seed_counts_where_chance_takes_part(owner: Any) -> None:
    dataset = make_survey(owner)
    parameters = {"variables": ["score", "weight"], "clusters": 2}
    first, second, again = (analyse(owner, dataset, "k_means", parameters, seed=s) for s in (1, 2, 1))
    assert first["id"] != second["id"]
    assert first["id"] == again["id"]
    assert (first["seed"], second["seed"]) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_identical_runs_at_once_share_one_computation(owner: Any) -> None:
    dataset = make_survey(owner)

    def send(_: int) -> str:
        try:
            response = start(owner, dataset)
            assert response.status_code == 202, response.content
            return str(response.json()["task_id"])
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        tasks = list(pool.map(send, range(8)))
    assert len(set(tasks)) == 1
    with owner.scope():
        assert AnalysisResult.objects.count() == 1
        assert AnalysisRun.objects.count() == 8
    assert TaskRun._base_manager.filter(kind=runs.RUN_TASK).count() == 1


def test_equal_content_in_two_datasets_is_two_results(owner: Any, act_as: Any) -> None:
    with owner.scope():
        hidden = Project.objects.create(team_id=owner.team_id, name="Hidden")
        mine = Project.objects.create(team_id=owner.team_id, name="Mine")
    theirs = make_survey(owner, project=hidden)
    ours = make_survey(owner, project=mine)
    first = analyse(owner, theirs)
    restricted = act_as("MEMBER", project_ids=[str(mine.pk)])
    second = analyse(restricted, ours)
    assert (first["dataset"], second["dataset"]) == (theirs, ours)
    assert_problem(restricted.client.get(f"analysis/results/{first['id']}/"), 404, "result_not_found")
    listed = restricted.client.get("analysis/results/").json()["results"]
    assert [row["id"] for row in listed] == [second["id"]]


@pytest.mark.parametrize(
    ("parameters", "pointers"),
    [
        ({}, ["/parameters/rows", "/parameters/columns"]),
        ({**CROSSTAB, "rows": "nope"}, ["/parameters/rows"]),
        ({**CROSSTAB, "alpha": 0.7}, ["/parameters/alpha"]),
        ({**CROSSTAB, "alpha": "much"}, ["/parameters/alpha"]),
        ({**CROSSTAB, "correction": "guess"}, ["/parameters/correction"]),
        ({**CROSSTAB, "sql": "DROP TABLE x"}, ["/parameters/sql"]),
        ({"rows": ["city"], "columns": "vote"}, ["/parameters/rows"]),
    ],
)
def test_faulty_parameters_are_pointed_at(
    owner: Any, parameters: dict[str, Any], pointers: list[str]
) -> None:
    problem = assert_problem(
        start(owner, make_survey(owner), parameters=parameters), 400, "invalid_parameters"
    )
    assert [error["pointer"] for error in problem["errors"]] == pointers
    assert not TaskRun._base_manager.exists()


@pytest.mark.parametrize(
    ("tree", "code", "pointer"),
    [
        ({"column": "nope", "op": "eq", "value": 1}, "unknown_column", "/filter"),
        ({"column": "score", "op": "like", "value": 1}, "invalid_filter", "/filter/op"),
        ({"column": "score", "op": "eq"}, "invalid_filter", "/filter"),
        (
            {"and": [{"column": "score", "op": "is_missing"}, {"or": []}]},
            "invalid_filter",
            "/filter/and/1/or",
        ),
        ({"column": "score", "op": "between", "value": [1]}, "invalid_filter", "/filter/value"),
        ({"sql": "1=1"}, "invalid_filter", "/filter"),
    ],
)
def test_faulty_filters_are_pointed_at(owner: Any, tree: dict[str, Any], code: str, pointer: str) -> None:
    response = start(owner, make_survey(owner), filter=tree)
    assert response.status_code in (400, 422)
    problem = assert_problem(response, response.status_code, code)
    assert problem["errors"][0]["pointer"].startswith(pointer)


@pytest.mark.parametrize(
    ("weight", "code"),
    [("nope", "unknown_column"), ("negative", "bad_weights"), ("text", None)],
)
def test_faulty_weights_are_refused(owner: Any, weight: str, code: str | None) -> None:
    response = start(owner, make_survey(owner), weight=weight)
    if response.status_code == 202:
        run = finish(response)
        assert run.state == "FAILURE"
        assert run.error_code not in ("", "internal_error")
        assert code is None or run.error_code == code
    else:
        assert response.status_code in (400, 422)
        assert code is None or response.json()["code"] == code


@pytest.mark.parametrize(
    ("columns", "procedure", "parameters", "code"),
    [
        (
            {"a": ["x", "y"] * 20, "b": ["u"] * 40},
            "linear_regression",
            {"outcome": "a", "predictors": ["b"]},
            None,
        ),
        ({"a": [1.0] * 40, "b": list(range(40))}, "correlation", {"columns": ["a", "b"]}, None),
        (
            {"rating": [None, None, None], "g": ["x", "y", "x"]},
            "net_promoter_score",
            {"rating": "rating"},
            None,
        ),
        (
            {"a": [f"level {n}" for n in range(5000)], "b": ["x", "y"] * 2500},
            "crosstab",
            {"rows": "a", "columns": "b"},
            "too_many_categories",
        ),
        (
            {"y": [1.0, 2.0, 4.0], "a": [1.0, 5.0, 2.0], "b": [3.0, 1.0, 2.0], "c": [0.0, 1.0, 5.0]},
            "linear_regression",
            {"outcome": "y", "predictors": ["a", "b", "c"]},
            "too_few_rows",
        ),
    ],
)
def test_data_a_procedure_cannot_use_is_refused_with_a_code(
    owner: Any, columns: dict[str, Any], procedure: str, parameters: dict[str, Any], code: str | None
) -> None:
    response = start(owner, make_survey(owner, columns), procedure, parameters)
    if response.status_code != 202:
        assert response.status_code in (400, 422), response.content
        assert response.json()["code"] != "internal_error"
        assert code is None or response.json()["code"] == code
        return
    run = finish(response)
    if run.state == "SUCCESS":
        # Answered, but never silently: what cannot be computed is said.
        output = owner.client.get(f"analysis/results/{run.result_id}/").json()["output"]
        assert code is None
        assert output["notices"]
    else:
        assert run.error_code != "internal_error"
        assert run.error_detail
        assert code is None or run.error_code == code


def test_nothing_left_after_the_filter_is_said(owner: Any) -> None:
    run = finish(start(owner, make_survey(owner), filter={"column": "score", "op": "gt", "value": 1000}))
    assert (run.state, run.error_code) == ("FAILURE", "no_rows")
    with owner.scope():
        assert AnalysisResult.objects.get().output is None
    assert owner.client.get("analysis/results/").json()["count"] == 0


def test_a_refused_run_can_be_tried_again(owner: Any) -> None:
    dataset = make_survey(owner)
    nothing = {"column": "score", "op": "gt", "value": 1000}
    first = finish(start(owner, dataset, filter=nothing))
    second = finish(start(owner, dataset, filter=nothing))
    assert first.pk != second.pk
    assert second.error_code == "no_rows"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"procedure": "nope"}, 404, "procedure_not_found"),
        ({"dataset": str(uuid7())}, 404, "dataset_not_found"),
        ({"dataset": "x"}, 400, "invalid_input"),
        ({"version": 9}, 404, "dataset_version_not_found"),
        ({"version": 0}, 400, "invalid_input"),
        ({"seed": -1}, 400, "invalid_input"),
        ({"seed": 2**60}, 400, "invalid_input"),
        ({"filter": [1]}, 400, "invalid_input"),
        ({"parameters": "x"}, 400, "invalid_input"),
        ({"team": "mine"}, 400, "invalid_input"),
    ],
)
def test_faulty_requests(owner: Any, change: dict[str, Any], status: int, code: str) -> None:
    body = {"dataset": make_survey(owner), "procedure": "crosstab", "parameters": CROSSTAB, **change}
    assert_problem(owner.client.post("analysis/run/", body), status, code)


def test_a_foreign_dataset_is_like_none(owner: Any, stranger: Any) -> None:
    foreign, unknown = start(owner, make_survey(stranger)), start(owner, str(uuid7()))
    assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}


def test_a_dataset_deleted_before_the_run_begins(owner: Any) -> None:
    dataset = make_survey(owner)
    response = start(owner, dataset)
    assert owner.client.delete(f"datasets/{dataset}/").status_code == 204
    run = finish(response)
    assert (run.state, run.error_code) == ("FAILURE", "dataset_not_found")


def _meanwhile(monkeypatch: Any, act: Any) -> None:
    """Do something after the figures are computed and before they are stored."""
    real = runs.open_frame

    def open_then_act(*args: Any, **kwargs: Any) -> Any:
        frame = real(*args, **kwargs)
        act()
        return frame

    monkeypatch.setattr(runs, "open_frame", open_then_act)


def test_a_project_deleted_in_mid_run(owner: Any, monkeypatch: Any) -> None:
    response = start(owner, make_survey(owner))
    _meanwhile(monkeypatch, lambda: Project.objects.all().delete())
    run = finish(response)
    assert (run.state, run.error_code) == ("FAILURE", "result_not_found")


def test_a_dataset_deleted_in_mid_run_leaves_a_result_of_what_was_read(owner: Any, monkeypatch: Any) -> None:
    response = start(owner, make_survey(owner))
    _meanwhile(monkeypatch, lambda: Dataset.objects.all().delete())
    run = finish(response)
    assert run.state == "SUCCESS"
    result = owner.client.get(f"analysis/results/{run.result_id}/").json()
    assert result["dataset_name"] == "Survey"
    rows = owner.client.get(
        f"analysis/results/{run.result_id}/rows/?table={result['output']['tables'][0]['id']}&row=0"
    )
    assert_problem(rows, 404, "dataset_not_found")


def test_a_dataset_cleaned_in_mid_run_gives_the_figures_of_the_version_asked_for(
    owner: Any, monkeypatch: Any
) -> None:
    dataset = make_survey(owner)
    response = start(owner, dataset)
    steps = [{"kind": "filter", "where": {"column": "city", "op": "eq", "value": "Rome"}}]
    finish(owner.client.post(f"datasets/{dataset}/recipe/apply/", {"steps": steps}))
    run = finish(response)
    result = owner.client.get(f"analysis/results/{run.result_id}/").json()
    assert (result["dataset_version"], result["output"]["n"]) == (1, 120)
    newest = analyse(owner, dataset)
    assert (newest["dataset_version"], newest["output"]["n"]) == (2, 30)


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_run_stops_and_can_be_started_again(owner: Any, monkeypatch: Any) -> None:
    dataset = make_survey(owner)
    waiting = start(owner, dataset)
    assert owner.client.post(f"tasks/{waiting.json()['task_id']}/cancel/").status_code == 200
    assert finish(waiting).state == "REVOKED"

    running = start(owner, dataset)
    assert running.json()["task_id"] != waiting.json()["task_id"]
    real = runs.open_frame

    def cancel_then_open(*args: Any, **kwargs: Any) -> Any:
        owner.client.post(f"tasks/{running.json()['task_id']}/cancel/")
        kwargs["context"].checkpoint("read", 0, 1)
        return real(*args, **kwargs)

    monkeypatch.setattr(runs, "open_frame", cancel_then_open)
    assert finish(running).state == "REVOKED"
    monkeypatch.undo()
    assert analyse(owner, dataset)["output"]["n"] == 120


def test_one_idempotency_key_is_one_run(owner: Any) -> None:
    dataset = make_survey(owner)
    first, again = (start(owner, dataset, HTTP_IDEMPOTENCY_KEY="run-1") for _ in range(2))
    assert first.json()["task_id"] == again.json()["task_id"]
    other = start(owner, dataset, parameters={**CROSSTAB, "alpha": 0.01}, HTTP_IDEMPOTENCY_KEY="run-1")
    assert_problem(other, 422, "idempotency_key_reused")
    with owner.scope():
        assert AnalysisResult.objects.count() == 1


@pytest.mark.parametrize(
    "name", ['a "quoted" one', "emoji 😀", "x'; DROP TABLE analysis_analysisresult; --", "[b]"]
)
def test_column_names_with_quotes_emoji_and_sql_are_only_names(owner: Any, name: str) -> None:
    dataset = make_survey(
        owner, {name: COLUMNS["city"], "vote": COLUMNS["vote"], f"{name} w": COLUMNS["weight"]}
    )
    result = analyse(
        owner,
        dataset,
        parameters={"rows": name, "columns": "vote"},
        filter={"column": name, "op": "ne", "value": "x' OR 1=1 --"},
        weight=f"{name} w",
    )
    assert result["output"]["n"] == 120
    table = result["output"]["tables"][0]
    rows = owner.client.get(f"analysis/results/{result['id']}/rows/?table={table['id']}&row=0").json()
    assert 0 < rows["count"] < 120
    assert name in rows["columns"]


def test_viewers_may_read_but_not_run(owner: Any, viewer: Any) -> None:
    dataset = make_survey(owner)
    assert_problem(start(viewer, dataset), 403, "permission_denied")
    result = analyse(owner, dataset)
    assert viewer.client.get(f"analysis/results/{result['id']}/").status_code == 200
    assert create_project(owner)
