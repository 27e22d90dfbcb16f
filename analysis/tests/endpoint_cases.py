"""The routes of analysis for the inherited endpoint suite."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from analysis.models import AnalysisResult
from data_ingestion.models import Dataset
from data_ingestion.tests.endpoint_cases import a_dataset, a_project
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.testing.cases import EndpointCase, Scene

READ = frozenset({"get"})


def make_result(scene: Scene, dataset: Dataset) -> AnalysisResult:
    """A computed crosstab of the scene's Dataset."""
    from analysis.logic.registry import procedures
    from analysis.services.runs import open_frame, run_context

    procedure = procedures()["crosstab"]
    result = AnalysisResult(
        team_id=scene.team_id,
        project_id=dataset.project_id,
        key=uuid7().hex,
        dataset_id=dataset.pk,
        dataset_name=scene.canary,
        dataset_version=1,
        version_hash="h",
        procedure=procedure.key,
        procedure_version=procedure.version,
        parameters={"rows": "city", "columns": "vote"},
        task_id=uuid7(),
        computed_at=timezone.now(),
        seconds=0.1,
    )
    with open_frame(result, context=run_context()) as frame:
        parameters = procedure.validate(result.parameters, frame.columns)
        result.parameters = parameters.model_dump(mode="json")
        result.output = procedure.run(frame, parameters, frame.context).to_dict()
    result.save(force_insert=True)
    return result


def a_result(scene: Scene) -> AnalysisResult:
    return scene.once("result", lambda: make_result(scene, a_dataset(scene)))


def another_result(scene: Scene) -> AnalysisResult:
    return scene.once("result 2", lambda: make_result(scene, a_dataset(scene)))


def _of_result(scene: Scene) -> dict[str, Any]:
    return {"pk": a_result(scene).pk}


def _listed(scene: Scene) -> dict[str, Any]:
    a_result(scene)
    return {}


CASES = {
    "analysis-procedure-list": EndpointCase(),
    "analysis-procedure-detail": EndpointCase(kwargs=lambda s: {"key": "crosstab"}),
    "analysis-suggest": EndpointCase(
        body={"post": lambda s: {"dataset": str(a_dataset(s).pk), "columns": ["city", "vote"]}}
    ),
    "analysis-run": EndpointCase(
        body={
            "post": lambda s: {
                "dataset": str(a_dataset(s).pk),
                "procedure": "crosstab",
                "parameters": {"rows": "city", "columns": "vote"},
            }
        }
    ),
    "analysis-compare": EndpointCase(
        body={"post": lambda s: {"left": str(a_result(s).pk), "right": str(another_result(s).pk)}}
    ),
    "analysis-result-list": EndpointCase(
        kwargs=_listed,
        query={"get": lambda s: {"project": str(a_project(s).pk), "dataset": str(a_dataset(s).pk)}},
    ),
    "analysis-result-detail": EndpointCase(kwargs=_of_result, project_bound=frozenset({"get", "delete"})),
    "analysis-result-rows": EndpointCase(
        kwargs=_of_result,
        query={"get": lambda s: {"table": a_result(s).output["tables"][0]["id"], "row": "0"}},
        project_bound=READ,
    ),
    "analysis-result-export": EndpointCase(
        kwargs=_of_result, query={"get": lambda s: {"as": "csv"}}, project_bound=READ
    ),
    "analysis-result-script": EndpointCase(kwargs=_of_result, project_bound=READ),
}
