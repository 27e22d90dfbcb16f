"""``/api/v1/teams/``: teams, their members, invitations, keys and activity."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.models import Team
from accounts.serializers import TeamCreateSerializer, TeamSerializer
from accounts.services import teams
from plugzero_api.kernel.api.permissions import SIGNED_IN
from plugzero_api.kernel.api.views import PlatformViewSet


class TeamListViewSet(mixins.ListModelMixin, PlatformViewSet):
    """The signed-in user's teams."""

    permission_of = {"list": SIGNED_IN, "create": SIGNED_IN}
    queryset = Team.objects.none()
    serializer_class = TeamSerializer

    def get_queryset(self) -> Any:
        return selectors.teams_of(user_id=self.principal.user_id)

    @extend_schema(request=TeamCreateSerializer, responses={201: TeamSerializer})
    def create(self, request: Request) -> Response:
        """Make a team; its maker is its OWNER."""
        body = TeamCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        team_id = teams.create_team(principal=self.principal, name=body.validated_data["name"])
        team = self.get_queryset().get(pk=team_id)
        return Response(
            TeamSerializer(team).data, status=201, headers={"Location": f"{request.path}{team_id}/"}
        )
