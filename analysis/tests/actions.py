"""What an analyst does over HTTP, in the words of the tests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pyarrow as pa

from data_ingestion.tests.factories import make_dataset, make_project
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tasks.runtime import execute

CROSSTAB = {"rows": "city", "columns": "vote"}
COLUMNS = {
    "city": ["Oslo", "Rome", "Bonn", "Oslo"] * 30,
    "vote": ["yes", "no", "yes", "no", "yes", "yes"] * 20,
    "score": [float(n % 11) for n in range(120)],
    "weight": [0.5 + n % 3 for n in range(120)],
    "negative": [-1.0] * 120,
    "text": [f"comment {n}" for n in range(120)],
}


def make_survey(actor: Any, columns: dict[str, Any] | None = None, project: Any = None) -> str:
    """A Dataset of 120 respondents, or of the given columns."""
    with actor.scope():
        where = project or make_project(actor.team_id)
        return str(make_dataset(where, table=pa.table(columns or COLUMNS), name="Survey").pk)


def start(actor: Any, dataset: str, procedure: str = "crosstab", parameters: Any = None, **body: Any) -> Any:
    headers = {key: body.pop(key) for key in list(body) if key.startswith("HTTP_")}
    return actor.client.post(
        "analysis/run/",
        {
            "dataset": dataset,
            "procedure": procedure,
            "parameters": CROSSTAB if parameters is None else parameters,
            **body,
        },
        **headers,
    )


def finish(response: Any) -> TaskRun:
    """Run the accepted task as a worker would; returns its row, whatever came of it."""
    assert response.status_code == 202, response.content
    task_id = UUID(response.json()["task_id"])
    execute(task_id)
    row: TaskRun = TaskRun._base_manager.get(pk=task_id)
    return row


def analyse(
    actor: Any, dataset: str, procedure: str = "crosstab", parameters: Any = None, **body: Any
) -> dict[str, Any]:
    """The stored result of a run that must succeed."""
    run = finish(start(actor, dataset, procedure, parameters, **body))
    assert run.state == "SUCCESS", (run.error_code, run.error_detail)
    response = actor.client.get(f"analysis/results/{run.result_id}/")
    assert response.status_code == 200, response.content
    result: dict[str, Any] = response.json()
    return result
