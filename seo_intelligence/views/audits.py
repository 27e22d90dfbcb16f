"""``/api/v1/seo/audits/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformViewSet, accepted
from plugzero_api.kernel.errors import FieldError, InvalidInput
from plugzero_api.kernel.tasks.serializers import TaskRunSerializer
from seo_intelligence import selectors
from seo_intelligence.filters import AuditedPageFilter, IssueCauseFilter, PageIssueFilter, SiteAuditFilter
from seo_intelligence.logic.compare import FindingState
from seo_intelligence.models import AuditedPage, IssueCause, PageIssue, SiteAudit
from seo_intelligence.serializers import (
    STATES,
    AuditDiffSerializer,
    AuditedPageDetailSerializer,
    AuditedPageSerializer,
    AuditOverviewSerializer,
    AuditResumeSerializer,
    AuditStartSerializer,
    DemandRankSerializer,
    IssueCauseSerializer,
    LinkGraphSerializer,
    PageIssueSerializer,
    PageLinksSerializer,
    SiteAuditDetailSerializer,
    SiteAuditSerializer,
)
from seo_intelligence.services import audits, comparing, exports, keywords, links

MAX_LIMIT = 500
_EXPORTS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
PAGING = [
    OpenApiParameter("offset", int),
    OpenApiParameter("limit", int, description=f"At most {MAX_LIMIT}; 50 unless given."),
]


def whole_number(request: Request, name: str, *, default: int, minimum: int = 0, maximum: int) -> int:
    """A query parameter from `minimum` to `maximum`. Raises ``InvalidInput``."""
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) <= 12 and minimum <= int(raw) <= maximum:
        return int(raw)
    message = f"{name} must be a whole number from {minimum} to {maximum}."
    raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid", message)])


def identifier(request: Request, name: str) -> UUID:
    """A query parameter that names an object. Raises ``InvalidInput``."""
    try:
        return UUID(request.query_params.get(name, ""))
    except ValueError:
        message = f"{name} must be the id of an object."
        raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid", message)]) from None


def choice(request: Request, name: str, known: list[str], default: str) -> str:
    """A query parameter out of `known`. Raises ``InvalidInput``."""
    value = request.query_params.get(name, default)
    if value in known or value == default:
        return value
    message = f"{name} must be one of {', '.join(known)}."
    raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid_choice", message)])


class SiteAuditViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Site audits: a crawl, its issues, its score."""

    permission_of = {
        "list": "seo.view",
        "create": "seo.audit",
        "retrieve": "seo.view",
        "destroy": "seo.delete",
        "cancel": "seo.audit",
        "resume": "seo.audit",
        "overview": "seo.view",
        "page": "seo.view",
        "diff": "seo.view",
        "links": "seo.view",
        "graph": "seo.view",
        "demand": "seo.view",
        "export": "seo.export",
    }
    query_parameters = {
        "diff": ("with", "state", "offset", "limit"),
        "links": ("url", "direction", "offset", "limit"),
        "graph": ("nodes",),
        "export": ("as", "table"),
    }
    queryset = SiteAudit._base_manager.none()
    serializer_class = SiteAuditSerializer
    filterset_class = SiteAuditFilter

    def get_queryset(self) -> Any:
        return selectors.list_audits()

    @extend_schema(request=AuditStartSerializer, responses={202: TaskRunSerializer})
    def create(self, request: Request) -> Response:
        """Start an audit; the task's result is the audit. Takes an Idempotency-Key."""
        body = AuditStartSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        options = dict(body.validated_data)
        _, info = audits.start_audit(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=options.pop("project"),
            options=options,
            idempotency_key=self.idempotency_key(),
        )
        return accepted(info)

    @extend_schema(responses=SiteAuditDetailSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(SiteAuditDetailSerializer(audits.get_audit(pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Delete the audit with its pages and issues; the published Dataset stays."""
        audits.delete_audit(audit=audits.get_audit(pk), actor=self.principal)
        return Response(status=204)

    @extend_schema(request=None, responses=SiteAuditDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: UUID) -> Response:
        """Cancel a waiting or running audit; a running one stops at its next batch of pages."""
        audit = audits.cancel_audit(audit=audits.get_audit(pk), actor=self.principal)
        return Response(SiteAuditDetailSerializer(audit).data)

    @extend_schema(request=AuditResumeSerializer, responses={202: TaskRunSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: UUID) -> Response:
        """Go on with an audit that was cut short, where its queue still exists."""
        audit = audits.get_audit(pk)
        body = AuditResumeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return accepted(audits.resume_audit(audit=audit, actor=self.principal, changes=body.validated_data))

    @extend_schema(responses=AuditOverviewSerializer)
    @action(detail=True, methods=["get"])
    def overview(self, request: Request, pk: UUID) -> Response:
        """The issue map by category and severity, and how pages spread."""
        return Response(AuditOverviewSerializer(selectors.overview(audits.get_finished_audit(pk))).data)

    @extend_schema(responses=AuditedPageDetailSerializer)
    @action(detail=True, methods=["get"])
    def page(self, request: Request, pk: UUID, page_id: UUID) -> Response:
        """One page with its facts and issues."""
        row = selectors.get_page(audits.get_audit(pk), page_id)
        return Response(AuditedPageDetailSerializer(row).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("with", OpenApiTypes.UUID, required=True, description="The earlier audit."),
            OpenApiParameter("state", str, enum=STATES),
            *PAGING,
        ],
        responses=AuditDiffSerializer,
    )
    @action(detail=True, methods=["get"])
    def diff(self, request: Request, pk: UUID) -> Response:
        """What changed since an earlier audit of the same scope."""
        current = audits.get_finished_audit(pk)
        previous = audits.get_finished_audit(identifier(request, "with"))
        state = choice(request, "state", STATES, "")
        found = comparing.describe_diff(
            comparing.diff_audits(previous=previous, current=current),
            state=FindingState(state) if state else None,
            offset=whole_number(request, "offset", default=0, maximum=10**9),
            limit=whole_number(request, "limit", default=50, maximum=MAX_LIMIT),
        )
        return Response(AuditDiffSerializer(found).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("url", str, required=True, description="A page of the audit."),
            OpenApiParameter("direction", str, enum=["in", "out"], description="in unless given."),
            *PAGING,
        ],
        responses=PageLinksSerializer,
    )
    @action(detail=True, methods=["get"])
    def links(self, request: Request, pk: UUID) -> Response:
        """Internal links to a page, or from it."""
        audit = audits.get_finished_audit(pk)
        count, rows = links.links_of_page(
            audit,
            url=request.query_params.get("url", ""),
            incoming=choice(request, "direction", ["in", "out"], "in") == "in",
            offset=whole_number(request, "offset", default=0, maximum=10**9),
            limit=whole_number(request, "limit", default=50, maximum=MAX_LIMIT),
        )
        return Response(
            {"count": count, "links": PageLinksSerializer({"count": count, "links": rows}).data["links"]}
        )

    @extend_schema(
        parameters=[OpenApiParameter("nodes", int, description="How many pages; 100 unless given.")],
        responses=LinkGraphSerializer,
    )
    @action(detail=True, methods=["get"])
    def graph(self, request: Request, pk: UUID) -> Response:
        """The pages with the highest internal PageRank and the links among them."""
        audit = audits.get_finished_audit(pk)
        nodes = whole_number(request, "nodes", default=100, minimum=1, maximum=links.MAX_NODES)
        return Response(LinkGraphSerializer(links.link_graph(audit, nodes=nodes)).data)

    @extend_schema(responses=DemandRankSerializer(many=True))
    @action(detail=True, methods=["get"])
    def demand(self, request: Request, pk: UUID) -> Response:
        """The fixes in the order of the search demand of the pages they touch."""
        ranked = keywords.rank_audit_by_demand(audits.get_finished_audit(pk))
        return Response(DemandRankSerializer(ranked, many=True).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("as", str, enum=list(_EXPORTS), description="xlsx unless given."),
            OpenApiParameter(
                "table", str, enum=list(exports.TABLES), description="For CSV; issues unless given."
            ),
        ],
        responses={200: OpenApiTypes.BINARY},
    )
    @action(detail=True, methods=["get"])
    def export(self, request: Request, pk: UUID) -> HttpResponseBase:
        """The audit as a workbook, one table as CSV, or a report as PDF."""
        audit = audits.get_finished_audit(pk)
        wanted = choice(request, "as", list(_EXPORTS), "xlsx")
        table = choice(request, "table", list(exports.TABLES), "issues")
        response: HttpResponseBase
        if wanted == "csv":
            response = StreamingHttpResponse(
                _in_scope(exports.as_csv(audit, table)), content_type=_EXPORTS["csv"]
            )
            name = f"audit-{audit.pk}-{table}.csv"
        else:
            content = exports.as_xlsx(audit) if wanted == "xlsx" else exports.as_pdf(audit)
            response = HttpResponse(content, content_type=_EXPORTS[wanted])
            name = f"audit-{audit.pk}.{wanted}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["Content-Security-Policy"] = "default-src 'none'; sandbox"
        response["Cache-Control"] = "no-store"
        return response


def _in_scope(chunks: Any) -> Any:
    """The chunks of an export, made inside the team scope of the request although they are sent after it."""
    from plugzero_api.kernel.tenancy import require_scope, team_scope

    scope = require_scope()
    team_id = scope.team_id
    assert team_id is not None

    def produce() -> Any:
        while True:
            with team_scope(team_id, restricted_to=scope.restricted_to):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    return produce()


class AuditPageViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Pages of an audit."""

    permission_of = {"list": "seo.view"}
    queryset = AuditedPage._base_manager.none()
    serializer_class = AuditedPageSerializer
    filterset_class = AuditedPageFilter

    def get_queryset(self) -> Any:
        return selectors.list_pages(audits.get_audit(self.kwargs["pk"]))


class AuditFixViewSet(mixins.ListModelMixin, PlatformViewSet):
    """What to fix: issues grouped by template, shared target or shared value."""

    permission_of = {"list": "seo.view"}
    queryset = IssueCause._base_manager.none()
    serializer_class = IssueCauseSerializer
    filterset_class = IssueCauseFilter

    def get_queryset(self) -> Any:
        return selectors.list_causes(audits.get_finished_audit(self.kwargs["pk"]))


class AuditIssueViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Issues of an audit with their evidence."""

    permission_of = {"list": "seo.view"}
    queryset = PageIssue._base_manager.none()
    serializer_class = PageIssueSerializer
    filterset_class = PageIssueFilter

    def get_queryset(self) -> Any:
        return selectors.list_issues(audits.get_finished_audit(self.kwargs["pk"]))
