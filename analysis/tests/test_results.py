"""Results: the rows behind a cell, comparison, and exports that reproduce the figures."""

from __future__ import annotations

import ast
import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis.models import AnalysisResult
from analysis.tests.actions import COLUMNS, CROSSTAB, analyse, make_survey
from data_ingestion.tests.actions import assert_problem
from plugzero_api.kernel.ids import uuid7

NOT_BONN = {"column": "city", "op": "ne", "value": "Bonn"}


@pytest.fixture
def result(owner: Any) -> dict[str, Any]:
    return analyse(owner, make_survey(owner), filter=NOT_BONN)


def behind(actor: Any, result: dict[str, Any], **query: Any) -> Any:
    text = "&".join(f"{key}={value}" for key, value in query.items())
    return actor.client.get(f"analysis/results/{result['id']}/rows/?{text}")


def test_every_drillable_cell_leads_to_exactly_its_rows(owner: Any, result: dict[str, Any]) -> None:
    people = [
        {"city": city, "vote": vote}
        for city, vote in zip(COLUMNS["city"], COLUMNS["vote"], strict=True)
        if city != "Bonn"
    ]
    table = next(table for table in result["output"]["tables"] if any(table["row_drills"]))
    drills = [(place, drill) for place, drill in enumerate(table["row_drills"]) if drill]
    columns = [column for column in table["columns"] if column["drill"] is not None]
    assert drills
    assert columns
    for place, drill in drills:
        for column in columns:
            wanted = [drill, column["drill"]]
            expected = [
                who
                for who in people
                if all(leaf["op"] == "not_missing" or who[leaf["column"]] == leaf["value"] for leaf in wanted)
            ]
            body = behind(owner, result, table=table["id"], row=place, column=column["key"], limit=500).json()
            assert body["count"] == len(expected)
            assert [{"city": row["city"], "vote": row["vote"]} for row in body["rows"]] == expected


def test_rows_behind_a_row_are_paged(owner: Any, result: dict[str, Any]) -> None:
    table = next(table for table in result["output"]["tables"] if any(table["row_drills"]))
    place = next(index for index, drill in enumerate(table["row_drills"]) if drill)
    whole = behind(owner, result, table=table["id"], row=place, limit=500).json()
    pages = [
        behind(owner, result, table=table["id"], row=place, limit=7, offset=offset).json()
        for offset in range(0, whole["count"], 7)
    ]
    assert [row for page in pages for row in page["rows"]] == whole["rows"]
    assert {page["count"] for page in pages} == {whole["count"]}
    assert behind(owner, result, table=table["id"], row=place, offset=10**9).json()["rows"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"table": "nope", "row": 0}, 404, "cell_not_found"),
        ({"table": "{table}", "row": 10_000}, 404, "cell_not_found"),
        ({"table": "{table}", "row": 0, "column": "nope"}, 404, "cell_not_found"),
        ({"table": "{table}", "row": -1}, 400, "invalid_input"),
        ({"table": "{table}"}, 400, "invalid_input"),
        ({"table": "{table}", "row": 0, "limit": 501}, 400, "invalid_input"),
        ({"table": "{table}", "row": 0, "where": "1"}, 400, "invalid_input"),
    ],
)
def test_cells_that_are_not_there(
    owner: Any, result: dict[str, Any], query: dict[str, Any], status: int, code: str
) -> None:
    table = result["output"]["tables"][0]["id"]
    query = {key: table if value == "{table}" else value for key, value in query.items()}
    assert_problem(behind(owner, result, **query), status, code)


def export(actor: Any, result: dict[str, Any], kind: str) -> Any:
    response = actor.client.get(f"analysis/results/{result['id']}/export/?as={kind}")
    assert response.status_code == 200, response.content
    return response


def test_json_is_the_whole_output(owner: Any, result: dict[str, Any]) -> None:
    assert json.loads(export(owner, result, "json").content) == result["output"]


def test_csv_holds_every_fact_and_cell(owner: Any, result: dict[str, Any]) -> None:
    rows = list(csv.reader(io.StringIO(export(owner, result, "csv").content.decode("utf-8-sig"))))
    place = rows.index(["Facts"])
    facts = {row[0]: row for row in rows[place + 2 :] if row}
    assert set(facts) == {fact["id"] for fact in result["output"]["facts"]}
    for fact in result["output"]["facts"]:
        if isinstance(fact["value"], int | float):
            assert float(facts[fact["id"]][2]) == fact["value"]
    titles = [table["title"] for table in result["output"]["tables"]]
    assert [row[0] for row in rows if len(row) == 1 and row[0] in titles] == titles


def test_excel_has_a_sheet_per_table_and_no_formula(owner: Any) -> None:
    import openpyxl

    dataset = make_survey(owner, {"city": ["=1+1", "@SUM(A1)", "-2", "Oslo"] * 30, "vote": COLUMNS["vote"]})
    result = analyse(owner, dataset)
    book = openpyxl.load_workbook(io.BytesIO(export(owner, result, "xlsx").content))
    assert len(book.worksheets) == len(result["output"]["tables"]) + 1
    cells = [cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line]
    assert all(cell.data_type != "f" for cell in cells)
    assert "=1+1" in {cell.value for cell in cells}
    text = export(owner, result, "csv").content.decode("utf-8-sig")
    assert not [
        cell
        for row in csv.reader(io.StringIO(text))
        for cell in row
        if cell.startswith(("=", "@")) or (cell.startswith("-") and not _is_number(cell))
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_exports_are_attachments_that_cannot_run(owner: Any, result: dict[str, Any]) -> None:
    for kind in ("json", "csv", "xlsx"):
        response = export(owner, result, kind)
        assert response["Content-Disposition"] == (f'attachment; filename="crosstab-{result["id"]}.{kind}"')
        assert "sandbox" in response["Content-Security-Policy"]
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Cache-Control"] == "no-store"
    assert_problem(owner.client.get(f"analysis/results/{result['id']}/export/?as=exe"), 400, "invalid_input")


@pytest.mark.parametrize(
    ("procedure", "parameters", "body"),
    [
        ("crosstab", CROSSTAB, {"filter": NOT_BONN}),
        ("crosstab", CROSSTAB, {"weight": "weight"}),
        ("t_test_independent", {"outcomes": ["score"], "groups": "vote"}, {}),
        ("segments", {"segments": ["city"], "measures": ["score"]}, {"weight": "weight"}),
    ],
)
def test_the_script_reproduces_the_figures_outside_the_platform(
    owner: Any, tmp_path: Path, procedure: str, parameters: dict[str, Any], body: dict[str, Any]
) -> None:
    dataset = make_survey(owner)
    result = analyse(owner, dataset, procedure, parameters, **body)
    script = owner.client.get(f"analysis/results/{result['id']}/script/")
    assert script["Content-Disposition"].endswith('.py"')
    (tmp_path / "script.py").write_bytes(script.content)
    with owner.scope():
        from data_ingestion import services as ingestion

        data = ingestion.open_dataset(team_id=owner.team_id, dataset_id=dataset).path
    done = subprocess.run(
        [sys.executable, "-I", "script.py", str(data)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    facts = {fact["id"]: fact["value"] for fact in result["output"]["facts"]}
    shared = [key for key in printed if isinstance(facts.get(key), int | float)]
    assert shared
    for key in shared:
        assert printed[key] == pytest.approx(facts[key], rel=1e-9, abs=1e-12), key


def test_nothing_a_user_typed_becomes_code_of_the_script(owner: Any) -> None:
    name = '"""\nimport os; os.system("id")\n"""'
    result = analyse(
        owner,
        make_survey(owner, {name: COLUMNS["city"], "vote": COLUMNS["vote"]}),
        parameters={"rows": name, "columns": "vote"},
        filter={"column": name, "op": "ne", "value": "'); import os; ("},
    )
    script = owner.client.get(f"analysis/results/{result['id']}/script/").content.decode()
    imported = {
        alias.name
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert "os" not in imported


def test_two_results_are_compared_fact_by_fact(owner: Any, result: dict[str, Any]) -> None:
    other = analyse(owner, result["dataset"])
    response = owner.client.post("analysis/compare/", {"left": result["id"], "right": other["id"]})
    body = response.json()
    assert (body["left"]["id"], body["right"]["id"]) == (result["id"], other["id"])
    by_id = {fact["id"]: fact["value"] for fact in result["output"]["facts"]}
    pairs = {pair["id"]: pair for pair in body["facts"]}
    assert set(by_id) <= set(pairs)
    numeric = [pair for pair in pairs.values() if pair["difference"] is not None]
    assert numeric
    for pair in numeric:
        assert pair["difference"] == pair["right"]["value"] - pair["left"]["value"]


def test_results_of_two_procedures_are_not_comparable(owner: Any, result: dict[str, Any]) -> None:
    other = analyse(owner, result["dataset"], "segments", {"segments": ["city"], "measures": ["score"]})
    body = {"left": result["id"], "right": other["id"]}
    assert_problem(owner.client.post("analysis/compare/", body), 422, "results_not_comparable")


def test_foreign_and_unknown_results_look_the_same(owner: Any, stranger: Any, result: dict[str, Any]) -> None:
    for path in ("", "rows/?table=x&row=0", "export/", "script/"):
        foreign = stranger.client.get(f"analysis/results/{result['id']}/{path}")
        unknown = stranger.client.get(f"analysis/results/{uuid7()}/{path}")
        assert_problem(foreign, 404, "result_not_found")
        assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    body = {"left": result["id"], "right": result["id"]}
    assert_problem(stranger.client.post("analysis/compare/", body), 404, "result_not_found")
    assert owner.client.get("analysis/results/").json()["count"] == 1


def test_deleting_a_result_lets_it_be_computed_anew(owner: Any, result: dict[str, Any]) -> None:
    assert owner.client.delete(f"analysis/results/{result['id']}/").status_code == 204
    with owner.scope():
        assert not AnalysisResult.objects.exists()
    assert analyse(owner, result["dataset"], filter=NOT_BONN)["id"] != result["id"]
