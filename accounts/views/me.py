"""``/api/v1/me/``: the signed-in user's own account."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.serializers import (
    EmailChangeSerializer,
    JoinedSerializer,
    LinkTokenSerializer,
    MeSerializer,
    MeUpdateSerializer,
    PasswordChangeSerializer,
    ReauthenticateSerializer,
    check_new_password,
)
from accounts.services import addresses, invitations, own_data, passwords, profile, reauthentication
from accounts.services.factors import Proof
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.api.permissions import SIGNED_IN
from plugzero_api.kernel.api.views import PlatformView


def represent_me(principal: Principal) -> dict[str, Any]:
    user = profile.get_user(user_id=principal.user_id)
    return {
        "id": user.pk,
        "email": user.email,
        "name": user.name,
        "email_verified": user.email_verified_at is not None,
        "is_staff": user.is_staff,
        "two_factor": selectors.second_factors_of(user_id=user.pk),
        "session_id": principal.session_id,
        "created_at": user.created_at,
    }


class MeView(PlatformView):
    permission_of = {"get": SIGNED_IN, "patch": SIGNED_IN, "delete": SIGNED_IN}

    @extend_schema(responses=MeSerializer, operation_id="me_get")
    def get(self, request: Request) -> Response:
        """The signed-in user."""
        return Response(MeSerializer(represent_me(self.principal)).data)

    @extend_schema(request=MeUpdateSerializer, responses=MeSerializer, operation_id="me_update")
    def patch(self, request: Request) -> Response:
        """Change the name."""
        body = MeUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        if "name" in body.validated_data:
            profile.update_profile(principal=self.principal, name=body.validated_data["name"])
        return Response(MeSerializer(represent_me(self.principal)).data)

    @extend_schema(responses={204: None}, operation_id="me_delete")
    def delete(self, request: Request) -> Response:
        """Delete the account and its personal team, after a recent confirmation."""
        reauthentication.require_recent(self.principal)
        own_data.delete_account(principal=self.principal)
        return Response(status=204)


class ReauthenticateView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=ReauthenticateSerializer, responses={204: None}, operation_id="me_reauthenticate")
    def post(self, request: Request) -> Response:
        """Confirm by password (and second factor) that it is still you; sensitive changes ask for it."""
        body = ReauthenticateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        proof = body.validated_data["proof"]
        reauthentication.reauthenticate(
            principal=self.principal,
            password=body.validated_data["password"],
            proof=Proof(**proof) if proof else None,
        )
        return Response(status=204)


class PasswordView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=PasswordChangeSerializer, responses={204: None}, operation_id="me_password_change")
    def post(self, request: Request) -> Response:
        """Change the password; all other sessions end."""
        body = PasswordChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        passwords.change_password(
            principal=self.principal,
            current=body.validated_data["current_password"],
            new=body.validated_data["password"],
            check=lambda password, user: check_new_password(password, user=user),
        )
        return Response(status=204)


class EmailView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=EmailChangeSerializer, responses={202: None}, operation_id="me_email_change")
    def post(self, request: Request) -> Response:
        """Ask for another address: both mailboxes get a link and both must agree. Needs a recent confirmation."""
        body = EmailChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        reauthentication.require_recent(self.principal)
        addresses.request_change(principal=self.principal, new_email=body.validated_data["email"])
        return Response(status=202)


class VerificationView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=None, responses={202: None}, operation_id="me_verification_resend")
    def post(self, request: Request) -> Response:
        """Mail the link that confirms the address once more."""
        addresses.resend_verification(principal=self.principal)
        return Response(status=202)


class ExportView(PlatformView):
    permission_of = {"get": SIGNED_IN}

    @extend_schema(
        responses={
            (200, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, "All data about the user.")
        },
        operation_id="me_export",
    )
    def get(self, request: Request) -> HttpResponse:
        """A copy of everything the accounts app holds about the user."""
        found = own_data.export_own_data(principal=self.principal)
        response = HttpResponse(JSONRenderer().render(found), content_type="application/json")
        response["Content-Disposition"] = 'attachment; filename="account.json"'
        return response


class InvitationAcceptView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(
        request=LinkTokenSerializer, responses=JoinedSerializer, operation_id="me_invitation_accept"
    )
    def post(self, request: Request) -> Response:
        """Join a team by an invitation sent to one's own address."""
        body = LinkTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(
            {"team_id": invitations.accept(principal=self.principal, token=body.validated_data["token"])}
        )
