"""``/api/v1/analysis/procedures/`` and ``suggest/``"""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.errors import AnalysisRefused
from analysis.logic.errors import unknown_column
from analysis.logic.registry import Procedure, procedures, suggest
from analysis.serializers import ProcedureSerializer, SuggestionSerializer, SuggestRequestSerializer
from analysis.services.runs import columns_of_dataset, get_procedure
from plugzero_api.kernel.api.views import PlatformView


def represent(procedure: Procedure[Any]) -> dict[str, Any]:
    return {
        "key": procedure.key,
        "title": procedure.title,
        "question": procedure.question,
        "family": procedure.family.value,
        "version": procedure.version,
        "requirements": list(procedure.requirements),
        "supports_weights": procedure.supports_weights,
        "randomised": procedure.randomised,
        "cost": procedure.cost,
        "parameters_schema": procedure.schema(),
    }


class ProcedureListView(PlatformView):
    """All procedures with the schema of their parameters."""

    permission_of = {"get": "analysis.view"}

    @extend_schema(responses=ProcedureSerializer(many=True), operation_id="analysis_procedures_list")
    def get(self, request: Request) -> Response:
        return Response([represent(procedure) for procedure in procedures().values()])


class ProcedureDetailView(PlatformView):
    """One procedure."""

    permission_of = {"get": "analysis.view"}

    @extend_schema(responses=ProcedureSerializer, operation_id="analysis_procedures_get")
    def get(self, request: Request, key: str) -> Response:
        return Response(represent(get_procedure(key)))


class SuggestView(PlatformView):
    """Procedures that fit the chosen columns, best first, with parameters to start from."""

    permission_of = {"post": "analysis.view"}

    @extend_schema(
        request=SuggestRequestSerializer,
        responses=SuggestionSerializer(many=True),
        operation_id="analysis_suggest",
    )
    def post(self, request: Request) -> Response:
        body = SuggestRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        columns = columns_of_dataset(team_id=self.access.team_id, dataset_id=body.validated_data["dataset"])
        metas = {meta.name: meta for meta in columns}
        chosen = []
        for index, name in enumerate(body.validated_data["columns"]):
            if name not in metas:
                raise AnalysisRefused(unknown_column(name, f"/columns/{index}"))
            chosen.append(metas[name])
        return Response(
            [
                {
                    "procedure": procedure.key,
                    "title": procedure.title,
                    "score": suggestion.score,
                    "parameters": dict(suggestion.parameters),
                    "reason": suggestion.reason,
                }
                for procedure, suggestion in suggest(chosen)
            ]
        )
