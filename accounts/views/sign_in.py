"""``/api/v1/auth/``: what can be done without being signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contracts import Challenge, TokenPair
from accounts.serializers import (
    ChallengeSerializer,
    EmailChangeStateSerializer,
    InvitationAcceptNewSerializer,
    InvitationPreviewSerializer,
    LinkTokenSerializer,
    LoginSerializer,
    LoginVerifySerializer,
    PasskeyOptionsSerializer,
    PasswordResetConfirmSerializer,
    PasswordResetSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegisterSerializer,
    SignedInSerializer,
    TokenPairSerializer,
    check_new_password,
)
from accounts.services import addresses, invitations, passwords, registration, sessions
from accounts.services import login as login_service
from accounts.services.factors import Proof
from accounts.services.throttles import throttle_address
from plugzero_api.kernel.api.permissions import PUBLIC
from plugzero_api.kernel.api.views import PlatformView


def signed_in(outcome: TokenPair | Challenge) -> dict[str, Any]:
    if isinstance(outcome, Challenge):
        return {"challenge": outcome.token, "methods": list(outcome.methods)}
    return {
        "access": outcome.access,
        "refresh": outcome.refresh,
        "user": {"id": outcome.user.id, "email": outcome.user.email, "name": outcome.user.name},
    }


class RegisterView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=RegisterSerializer, responses={202: RegisteredSerializer}, operation_id="auth_register"
    )
    def post(self, request: Request) -> Response:
        """Ask for an account. The answer is the same whether or not the address is known; the rest comes by mail."""
        body = RegisterSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        registration.register(**body.validated_data)
        return Response(
            {
                "email": body.validated_data["email"],
                "verification_required": settings.PLUGZERO_REQUIRE_VERIFIED_EMAIL,
            },
            status=202,
        )


class LoginView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(request=LoginSerializer, responses=SignedInSerializer, operation_id="auth_login")
    def post(self, request: Request) -> Response:
        """Sign in. Users with a second factor get a challenge for auth/login/verify/ instead of tokens."""
        body = LoginSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(signed_in(login_service.login(**body.validated_data)))


class RefreshView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(request=RefreshSerializer, responses=TokenPairSerializer, operation_id="auth_refresh")
    def post(self, request: Request) -> Response:
        """New tokens for a refresh token, which is used up. Using it again later ends the session."""
        body = RefreshSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        throttle_address("refresh_ip")
        pair = sessions.refresh_session(refresh=body.validated_data["refresh"])
        return Response({"access": pair.access, "refresh": pair.refresh})


class LogoutView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(request=RefreshSerializer, responses={204: None}, operation_id="auth_logout")
    def post(self, request: Request) -> Response:
        """End the session the refresh token belongs to; all its access tokens end with it."""
        body = RefreshSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        sessions.end_session_of_token(refresh=body.validated_data["refresh"])
        return Response(status=204)


class LoginVerifyView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=LoginVerifySerializer, responses=SignedInSerializer, operation_id="auth_login_verify"
    )
    def post(self, request: Request) -> Response:
        """Complete a sign-in with the second factor."""
        body = LoginVerifySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        challenge = values.pop("challenge")
        return Response(signed_in(login_service.verify_login(challenge=challenge, proof=Proof(**values))))


class LoginPasskeyOptionsView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=ChallengeSerializer,
        responses=PasskeyOptionsSerializer,
        operation_id="auth_login_passkey_options",
    )
    def post(self, request: Request) -> Response:
        """What the browser needs to complete a sign-in with a passkey."""
        body = ChallengeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        options, token = login_service.passkey_options(**body.validated_data)
        return Response({"options": options, "token": token})


class PasswordResetView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(request=PasswordResetSerializer, responses={202: None}, operation_id="auth_password_reset")
    def post(self, request: Request) -> Response:
        """Ask for a reset link. The answer is the same whether or not the address has an account."""
        body = PasswordResetSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        passwords.request_reset(email=body.validated_data["email"])
        return Response(status=202)


class PasswordResetConfirmView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=PasswordResetConfirmSerializer,
        responses={204: None},
        operation_id="auth_password_reset_confirm",
    )
    def post(self, request: Request) -> Response:
        """Set a new password by a mailed link. All sessions end; a second factor stays in force."""
        body = PasswordResetConfirmSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        passwords.confirm_reset(
            token=body.validated_data["token"],
            new=body.validated_data["password"],
            check=lambda password, user: check_new_password(password, user=user),
        )
        return Response(status=204)


class VerifyEmailView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(request=LinkTokenSerializer, responses={204: None}, operation_id="auth_verify_email")
    def post(self, request: Request) -> Response:
        """Confirm an address by a mailed link."""
        body = LinkTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        addresses.confirm_address(**body.validated_data)
        return Response(status=204)


class EmailChangeConfirmView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=LinkTokenSerializer,
        responses=EmailChangeStateSerializer,
        operation_id="auth_email_change_confirm",
    )
    def post(self, request: Request) -> Response:
        """One mailbox's consent to a change of address; the change happens with the second."""
        body = LinkTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response({"changed": addresses.confirm_change(**body.validated_data)})


class InvitationPreviewView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=LinkTokenSerializer,
        responses=InvitationPreviewSerializer,
        operation_id="auth_invitation_preview",
    )
    def post(self, request: Request) -> Response:
        """What the holder of an invitation's token is invited to."""
        body = LinkTokenSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(InvitationPreviewSerializer(invitations.preview(**body.validated_data)).data)


class InvitationAcceptNewView(PlatformView):
    permission_of = {"post": PUBLIC}

    @extend_schema(
        request=InvitationAcceptNewSerializer,
        responses={201: SignedInSerializer},
        operation_id="auth_invitation_accept",
    )
    def post(self, request: Request) -> Response:
        """Make the account an invitation was sent for, join the team, and sign in."""
        body = InvitationAcceptNewSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data
        check_new_password(values["password"], user=invitations.check_password_for(token=values["token"]))
        return Response(signed_in(invitations.accept_as_new(**values)), status=201)
