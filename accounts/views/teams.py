"""``/api/v1/teams/``: teams, their members, invitations, keys and activity.

Addresses below ``teams/{team_pk}/`` answer for the team of the request only; every other id is unknown there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.filters import ActivityFilter
from accounts.models import ActivityLog, ApiKey, Invitation, Team, TeamMembership
from accounts.serializers import (
    ActivitySerializer,
    ApiKeyCreateSerializer,
    ApiKeySerializer,
    InvitationCreateSerializer,
    InvitationSerializer,
    IssuedApiKeySerializer,
    MemberSerializer,
    MemberUpdateSerializer,
    TeamCreateSerializer,
    TeamSerializer,
    TeamUpdateSerializer,
    TransferSerializer,
    UsageSerializer,
)
from accounts.services import activity_export, api_keys, invitations, limits, members, teams
from accounts.services.reauthentication import require_recent
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


class InTeamViewSet(PlatformViewSet):
    """Base of what lies below one team: the team in the address must be the team of the request."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.team = teams.get_team(principal=self.principal, team_id=self.kwargs["team_pk"])


class TeamViewSet(InTeamViewSet):
    """The team of the request."""

    permission_of = {
        "retrieve": "team.view",
        "partial_update": "team.manage",
        "destroy": "team.delete",
        "leave": "team.view",
        "transfer": "team.transfer",
        "usage": "team.view",
    }
    queryset = Team.objects.none()
    serializer_class = TeamSerializer

    def _representation(self) -> dict[str, Any]:
        team = selectors.teams_of(user_id=self.principal.user_id).get(pk=self.team.pk)
        return dict(TeamSerializer(team).data)

    @extend_schema(responses=TeamSerializer)
    def retrieve(self, request: Request, team_pk: UUID) -> Response:
        """The team, with one's own role in it."""
        return Response(self._representation())

    @extend_schema(request=TeamUpdateSerializer, responses=TeamSerializer)
    def partial_update(self, request: Request, team_pk: UUID) -> Response:
        """Rename the team, or require a second factor of all members (needs a recent confirmation)."""
        body = TeamUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if "requires_two_factor" in body.validated_data:
            require_recent(self.principal)
        teams.update_team(principal=self.principal, **body.validated_data)
        return Response(self._representation())

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team_pk: UUID) -> Response:
        """Delete the team with all its data. Needs a recent confirmation."""
        require_recent(self.principal)
        teams.delete_team(principal=self.principal)
        return Response(status=204)

    @extend_schema(request=None, responses={204: None})
    def leave(self, request: Request, team_pk: UUID) -> Response:
        """Leave the team; its last owner cannot."""
        members.leave_team(principal=self.principal)
        return Response(status=204)

    @extend_schema(request=TransferSerializer, responses={204: None})
    def transfer(self, request: Request, team_pk: UUID) -> Response:
        """Make another member OWNER and step down to ADMIN. Needs a recent confirmation."""
        body = TransferSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        require_recent(self.principal)
        members.transfer_ownership(principal=self.principal, **body.validated_data)
        return Response(status=204)

    @extend_schema(responses=UsageSerializer)
    def usage(self, request: Request, team_pk: UUID) -> Response:
        """What the plan allows and what is used; null: no limit."""
        found = limits.list_plan_limits(team_id=self.team.pk)
        return Response(
            {"limits": [{"key": item.key, "used": item.used, "limit": item.limit} for item in found]}
        )


class MemberViewSet(mixins.ListModelMixin, InTeamViewSet):
    """Members of the team."""

    permission_of = {
        "list": "team.view",
        "partial_update": "members.manage",
        "destroy": "members.manage",
    }
    queryset = TeamMembership.objects.none()
    serializer_class = MemberSerializer

    def get_queryset(self) -> Any:
        return TeamMembership.objects.select_related("user").order_by("created_at", "id")

    @extend_schema(request=MemberUpdateSerializer, responses=MemberSerializer)
    def partial_update(self, request: Request, team_pk: UUID, pk: UUID) -> Response:
        """Change role, project restriction or suspension. It counts from the member's next request on."""
        body = MemberUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        members.change_member(principal=self.principal, member_id=pk, **body.validated_data)
        return Response(MemberSerializer(self.get_queryset().get(pk=pk)).data)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team_pk: UUID, pk: UUID) -> Response:
        """Take a member out of the team."""
        members.remove_member(principal=self.principal, member_id=pk)
        return Response(status=204)


class InvitationViewSet(mixins.ListModelMixin, InTeamViewSet):
    """Invitations of the team, newest first."""

    permission_of = {
        "list": "members.manage",
        "create": "members.manage",
        "destroy": "members.manage",
        "resend": "members.manage",
    }
    queryset = Invitation.objects.none()
    serializer_class = InvitationSerializer

    def get_queryset(self) -> Any:
        return Invitation.objects.order_by("-created_at")

    @extend_schema(request=InvitationCreateSerializer, responses={201: InvitationSerializer})
    def create(self, request: Request, team_pk: UUID) -> Response:
        """Invite somebody by e-mail. The link works once, for 7 days, for this address only."""
        body = InvitationCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        invitation = invitations.invite(principal=self.principal, **body.validated_data)
        return Response(InvitationSerializer(invitation).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team_pk: UUID, pk: UUID) -> Response:
        """Withdraw an open invitation."""
        invitations.revoke(principal=self.principal, invitation_id=pk)
        return Response(status=204)

    @extend_schema(request=None, responses=InvitationSerializer)
    def resend(self, request: Request, team_pk: UUID, pk: UUID) -> Response:
        """Send an open invitation again, with a new link; the old one ends."""
        invitation = invitations.resend(principal=self.principal, invitation_id=pk)
        return Response(InvitationSerializer(invitation).data)


class ApiKeyViewSet(mixins.ListModelMixin, InTeamViewSet):
    """API keys of the team."""

    permission_of = {
        "list": "api_keys.manage",
        "create": "api_keys.manage",
        "destroy": "api_keys.manage",
    }
    queryset = ApiKey.objects.none()
    serializer_class = ApiKeySerializer

    def get_queryset(self) -> Any:
        return ApiKey.objects.select_related("created_by").order_by("-created_at")

    @extend_schema(request=ApiKeyCreateSerializer, responses={201: IssuedApiKeySerializer})
    def create(self, request: Request, team_pk: UUID) -> Response:
        """Make a key. It acts as its maker within its scopes, and is shown this once. Needs a recent confirmation."""
        body = ApiKeyCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        require_recent(self.principal)
        issued = api_keys.create_api_key(principal=self.principal, **body.validated_data)
        return Response(IssuedApiKeySerializer(issued).data, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, team_pk: UUID, pk: UUID) -> Response:
        """End a key at once."""
        api_keys.revoke_api_key(principal=self.principal, key_id=pk)
        return Response(status=204)


class ActivityViewSet(mixins.ListModelMixin, InTeamViewSet):
    """What happened in the team, newest first."""

    permission_of = {"list": "activity.view", "export": "activity.view"}
    query_parameters = {"export": tuple(ActivityFilter.base_filters)}
    queryset = ActivityLog.objects.none()
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilter

    def get_queryset(self) -> Any:
        return ActivityLog.objects.order_by("-created_at", "-sequence")

    def get_serializer_context(self) -> dict[str, Any]:
        names = selectors.names_of_members(team_id=self.team.pk) if hasattr(self, "team") else {}
        return {**super().get_serializer_context(), "names": names}

    @extend_schema(responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.STR, "One line per action.")})
    def export(self, request: Request, team_pk: UUID) -> StreamingHttpResponse:
        """The same as CSV, with the same filters."""
        entries = self.filter_queryset(self.get_queryset())
        lines = activity_export.export_activity(principal=self.principal, entries=entries)
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="activity.csv"'
        return response
