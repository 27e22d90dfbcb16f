"""``/api/v1/auth/``: what can be done without being signed in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.contracts import Challenge, TokenPair
from accounts.serializers import (
    LoginSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegisterSerializer,
    SignedInSerializer,
    TokenPairSerializer,
)
from accounts.services import login as login_service
from accounts.services import registration, sessions
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
