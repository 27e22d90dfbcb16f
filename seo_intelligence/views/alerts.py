"""``/api/v1/seo/alert-rules/`` and ``alert-deliveries/``"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.views import PlatformViewSet
from seo_intelligence import selectors
from seo_intelligence.filters import AlertDeliveryFilter, AlertRuleFilter
from seo_intelligence.models import AlertDelivery, AlertRule
from seo_intelligence.serializers import (
    AlertDeliverySerializer,
    AlertRuleChangeSerializer,
    AlertRuleSerializer,
    AlertRuleWriteSerializer,
    CreatedAlertRuleSerializer,
)
from seo_intelligence.services import alerts


class AlertRuleViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Whom to tell when a score drops or a new error appears."""

    permission_of = {
        "list": "seo.view",
        "create": "seo.manage",
        "retrieve": "seo.view",
        "partial_update": "seo.manage",
        "destroy": "seo.manage",
    }
    queryset = AlertRule._base_manager.none()
    serializer_class = AlertRuleSerializer
    filterset_class = AlertRuleFilter

    def get_queryset(self) -> Any:
        return selectors.list_rules()

    @extend_schema(responses=AlertRuleSerializer)
    def retrieve(self, request: Request, pk: UUID) -> Response:
        return Response(AlertRuleSerializer(alerts.get_rule(pk)).data)

    @extend_schema(request=AlertRuleWriteSerializer, responses={201: CreatedAlertRuleSerializer})
    def create(self, request: Request) -> Response:
        """A webhook rule gets a secret that signs its messages; e-mail goes to whoever makes the rule."""
        body = AlertRuleWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        rule, secret = alerts.create_rule(
            team_id=self.access.team_id,
            actor=self.principal,
            project_id=values.pop("project"),
            values=values,
        )
        return Response({**AlertRuleSerializer(rule).data, "webhook_secret": secret}, status=201)

    @extend_schema(request=AlertRuleChangeSerializer, responses=AlertRuleSerializer)
    def partial_update(self, request: Request, pk: UUID) -> Response:
        rule = alerts.get_rule(pk)
        body = AlertRuleChangeSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        changed = alerts.update_rule(rule=rule, actor=self.principal, changes=body.validated_data)
        return Response(AlertRuleSerializer(changed).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        alerts.delete_rule(rule=alerts.get_rule(pk), actor=self.principal)
        return Response(status=204)


class AlertDeliveryViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Messages that were sent, wait, or could not be sent."""

    permission_of = {"list": "seo.view"}
    queryset = AlertDelivery._base_manager.none()
    serializer_class = AlertDeliverySerializer
    filterset_class = AlertDeliveryFilter

    def get_queryset(self) -> Any:
        return selectors.list_deliveries()
