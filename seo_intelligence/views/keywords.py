"""``/api/v1/seo/keywords/``, ``series/`` and ``providers/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformView, PlatformViewSet, accepted
from plugzero_api.kernel.errors import FieldError, InvalidInput, PayloadTooLarge
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer
from seo_intelligence import selectors
from seo_intelligence.adapters import providers as known_providers
from seo_intelligence.filters import KeywordFilter
from seo_intelligence.logic.keywords.intent import classify_intent
from seo_intelligence.models import KeywordSeries, KeywordTarget, SeriesPoint
from seo_intelligence.serializers import (
    ClassifiedIntentSerializer,
    ClassifyRequestSerializer,
    ExportImportedSerializer,
    ExportImportSerializer,
    KeywordChangeSerializer,
    KeywordFetchSerializer,
    KeywordIdeaSerializer,
    KeywordSeriesSerializer,
    KeywordTargetSerializer,
    KeywordWriteSerializer,
    ProviderConnectSerializer,
    ProviderSerializer,
    SeriesAnalysisSerializer,
    SeriesPointSerializer,
    SeriesWithPointsSerializer,
)
from seo_intelligence.services import keywords, providers
from seo_intelligence.views.audits import identifier, whole_number

MAX_EXPORT_BYTES = 50_000_000


class KeywordViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Queries the project wants to be found for."""

    permission_of = {
        "list": "seo.view",
        "create": "seo.manage",
        "retrieve": "seo.view",
        "partial_update": "seo.manage",
        "destroy": "seo.manage",
        "classify": "seo.view",
        "fetch": "seo.manage",
        "series": "seo.view",
        "ideas": "seo.manage",
    }
    query_parameters = {"ideas": ("provider", "limit")}
    queryset = KeywordTarget._base_manager.none()
    serializer_class = KeywordTargetSerializer
    filterset_class = KeywordFilter

    def get_queryset(self) -> Any:
        return selectors.list_keywords()

    @extend_schema(responses=KeywordTargetSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(KeywordTargetSerializer(keywords.get_keyword(pk)).data)

    @extend_schema(request=KeywordWriteSerializer, responses={201: KeywordTargetSerializer})
    def create(self, request: Request) -> Response:
        """Track a query; its intent is classified unless given."""
        body = KeywordWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        keyword = keywords.create_keyword(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values.pop("project"),
            values=values,
        )
        return Response(KeywordTargetSerializer(keyword).data, status=201)

    @extend_schema(request=KeywordChangeSerializer, responses=KeywordTargetSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        keyword = keywords.get_keyword(pk)
        body = KeywordChangeSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = keywords.update_keyword(keyword=keyword, actor=self.principal, changes=body.validated_data)
        return Response(KeywordTargetSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Stop tracking; the series are deleted."""
        keywords.delete_keyword(keyword=keywords.get_keyword(pk), actor=self.principal)
        return Response(status=204)

    @extend_schema(request=ClassifyRequestSerializer, responses=ClassifiedIntentSerializer)
    @action(detail=False, methods=["post"])
    def classify(self, request: Request) -> Response:
        """The search intent of a query by rules, with its landing page when known. Nothing is stored."""
        body = ClassifyRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = classify_intent(body.validated_data["query"], body.validated_data["landing_url"] or None)
        return Response(
            ClassifiedIntentSerializer(
                {
                    "intent": found.intent.value,
                    "intent_kind": found.kind.value if found.kind else "",
                    "confidence": found.confidence,
                    "signals": found.signals,
                }
            ).data
        )

    @extend_schema(request=KeywordFetchSerializer, responses={202: TaskRunSerializer})
    @action(detail=False, methods=["post"])
    def fetch(self, request: Request) -> Response:
        """Ask a provider for ranks, volumes or interest. Takes an Idempotency-Key."""
        body = KeywordFetchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        info = keywords.start_fetch(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values["project"],
            provider=values["provider"],
            capability=values["capability"],
            start=values["start"],
            end=values["end"],
            keyword_ids=values["keywords"],
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)

    @extend_schema(responses=KeywordSeriesSerializer(many=True))
    @action(detail=True, methods=["get"])
    def series(self, request: Request, pk: UUID) -> Response:
        """The keyword's series, one per metric, provider, place and device."""
        rows = selectors.list_series(keywords.get_keyword(pk))
        return Response(KeywordSeriesSerializer(rows, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "provider",
                str,
                required=True,
                description="A provider, or `project` for the project's own queries.",
            ),
            OpenApiParameter("limit", int, description="At most 200; 50 unless given."),
        ],
        responses=KeywordIdeaSerializer(many=True),
    )
    @action(detail=True, methods=["get"])
    def ideas(self, request: Request, pk: UUID) -> Response:
        """Related keywords from a provider; a paid provider charges for the call."""
        found = keywords.list_ideas(
            team_id=self.access.team_id,
            keyword=keywords.get_keyword(pk),
            provider=request.query_params.get("provider", ""),
            limit=whole_number(request, "limit", default=50, minimum=1, maximum=200),
        )
        return Response(KeywordIdeaSerializer(found, many=True).data)


class ExportImportView(PlatformView):
    """Import of a Search Console performance export; needs no key."""

    permission_of = {"post": "seo.manage"}
    parser_classes = [MultiPartParser]

    @extend_schema(
        request={"multipart/form-data": ExportImportSerializer},
        responses=ExportImportedSerializer,
        operation_id="seo_keywords_import",
    )
    def post(self, request: Request) -> Response:
        """Take over queries, pages and days of the ZIP or CSV."""
        body = ExportImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        upload = body.validated_data["file"]
        if upload.size > MAX_EXPORT_BYTES:
            raise PayloadTooLarge(f"The file is larger than {MAX_EXPORT_BYTES} bytes.")
        counts = keywords.import_export(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=body.validated_data["project"],
            content=upload.read(),
            filename=upload.name or "",
        )
        return Response(ExportImportedSerializer(counts).data)


class SeriesViewSet(PlatformViewSet):
    """One series with its points and what can be read from them."""

    permission_of = {"retrieve": "seo.view", "analysis": "seo.view"}
    query_parameters = {"analysis": ("horizon", "level")}
    queryset = KeywordSeries._base_manager.none()
    serializer_class = SeriesWithPointsSerializer

    @extend_schema(responses=SeriesWithPointsSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        """The points with their provenance; a missing value says why it is missing."""
        row = keywords.get_series_row(pk)
        provider = known_providers().get(row.provider)
        points = SeriesPoint.objects.filter(series=row).order_by("date")
        return Response(
            {
                **KeywordSeriesSerializer(row).data,
                "note": provider.note if provider else "",
                "points": SeriesPointSerializer(points, many=True).data,
            }
        )

    @extend_schema(
        parameters=[
            OpenApiParameter("horizon", int, description="Periods to forecast; 12 unless given."),
            OpenApiParameter(
                "level", int, description="Coverage of the interval in percent, 50-99; 90 unless given."
            ),
        ],
        responses=SeriesAnalysisSerializer,
    )
    @action(detail=True, methods=["get"])
    def analysis(self, request: Request, pk: UUID) -> Response:
        """Growth, year over year, seasonality, change points and forecast."""
        found = keywords.analyse_series(
            keywords.get_series_row(pk),
            horizon=whole_number(request, "horizon", default=12, minimum=1, maximum=366),
            level=whole_number(request, "level", default=90, minimum=50, maximum=99) / 100,
        )
        return Response(SeriesAnalysisSerializer(found).data)


class ProviderViewSet(PlatformViewSet):
    """Providers of keyword data and the project's connections to them."""

    permission_of = {"list": "seo.view", "update": "seo.connect", "destroy": "seo.connect"}
    query_parameters = {"list": ("project",), "destroy": ("project",)}
    serializer_class = ProviderSerializer
    pagination_class = None

    @extend_schema(
        parameters=[OpenApiParameter("project", OpenApiTypes.UUID, required=True)],
        responses=ProviderSerializer(many=True),
        filters=False,
    )
    def list(self, request: Request) -> Response:
        """All providers: capabilities, whether connected, limits and this month's use."""
        described = providers.describe_providers(project_id=identifier(request, "project"))
        return Response(ProviderSerializer(described, many=True).data)

    @extend_schema(request=ProviderConnectSerializer, responses=ProviderSerializer)
    def update(self, request: Request, name: str) -> Response:
        """Connect a provider or change its limits. Credentials are stored encrypted and never returned."""
        body = ProviderConnectSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        providers.connect(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values["project"],
            name=name,
            credentials=values["credentials"],
            calls_per_day=values["calls_per_day"],
            cost_per_month=values["cost_per_month"],
        )
        return Response(ProviderSerializer(_described(values["project"], name)).data)

    @extend_schema(
        parameters=[OpenApiParameter("project", OpenApiTypes.UUID, required=True)], responses={204: None}
    )
    def destroy(self, request: Request, name: str) -> Response:
        """Forget the credentials."""
        providers.get_provider_class(name)
        providers.disconnect(project_id=identifier(request, "project"), actor=self.principal, name=name)
        return Response(status=204)


def _described(project_id: UUID, name: str) -> dict[str, Any]:
    for row in providers.describe_providers(project_id=project_id):
        if row["provider"] == name:
            return row
    raise InvalidInput(errors=[FieldError("/name", "unknown", "There is no such provider.")])
