"""``/api/v1/meta/``: what this installation has and what this user may do in it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.permissions import SIGNED_IN
from plugzero_api.kernel.api.views import PlatformView
from plugzero_api.kernel.plugins import installed_micro_apps


class MetaAppSerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()


class MetaNavigationSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    title = serializers.CharField()
    path = serializers.CharField()
    icon = serializers.CharField()
    section = serializers.CharField()


class MetaTeamSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.CharField()
    is_personal = serializers.BooleanField()


class MetaLimitSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)


class MetaSerializer(serializers.Serializer[Any]):
    apps = MetaAppSerializer(many=True)
    navigation = MetaNavigationSerializer(many=True)
    permissions = serializers.ListField(child=serializers.CharField())
    team = MetaTeamSerializer(allow_null=True)
    teams = MetaTeamSerializer(many=True)
    plan = MetaLimitSerializer(many=True)
    events_url = serializers.CharField(help_text="Base URL of the event streams; empty: same origin.")


class MetaView(PlatformView):
    """Installed micro-apps, the navigation and permissions of this user in this team, teams and plan limits."""

    permission_of = {"get": SIGNED_IN}

    @extend_schema(responses=MetaSerializer, operation_id="meta_get")
    def get(self, request: Request) -> Response:
        access = self.principal.access
        held = access.permissions if access else frozenset()
        items = sorted(
            (item for config in installed_micro_apps() for item in config.manifest.navigation),
            key=lambda item: (item.order, item.title),
        )
        described = import_string(settings.PLUGZERO_META_OF_PRINCIPAL)(self.principal)
        return Response(
            {
                "apps": [
                    {"slug": m.slug, "title": m.title, "description": m.description}
                    for m in (config.manifest for config in installed_micro_apps())
                ],
                "navigation": [
                    {"key": i.key, "title": i.title, "path": i.path, "icon": i.icon, "section": i.section}
                    for i in items
                    if i.permission in held
                ],
                "permissions": sorted(held),
                "events_url": settings.PLUGZERO_EVENTS_URL,
                **described,
            }
        )
