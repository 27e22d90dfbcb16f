"""``/api/v1/me/``: the user's sessions, second factors and security events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import mixins
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.models import ActivityLog, Passkey, Session
from accounts.serializers import (
    ActivitySerializer,
    EndedSessionsSerializer,
    PasskeyAddedSerializer,
    PasskeyCreateSerializer,
    PasskeyOptionsSerializer,
    PasskeySerializer,
    RecoveryCodesSerializer,
    SessionSerializer,
    TotpCodeSerializer,
    TotpSetupSerializer,
)
from accounts.services import factors, passkeys, sessions
from accounts.services.reauthentication import require_recent
from plugzero_api.kernel.api.permissions import SIGNED_IN
from plugzero_api.kernel.api.views import PlatformView, PlatformViewSet


class SessionViewSet(mixins.ListModelMixin, PlatformViewSet):
    """The user's living sessions."""

    permission_of = {"list": SIGNED_IN, "destroy": SIGNED_IN, "end_others": SIGNED_IN}
    queryset = Session.objects.none()
    serializer_class = SessionSerializer

    def get_queryset(self) -> Any:
        return selectors.living_sessions_of(user_id=self.principal.user_id)

    def get_serializer_context(self) -> dict[str, Any]:
        session_id = self.principal.session_id if self.request.auth else None
        return {**super().get_serializer_context(), "session_id": session_id}

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """End one session; its tokens stop working at once."""
        sessions.revoke_session(user_id=self.principal.user_id, session_id=pk)
        return Response(status=204)

    @extend_schema(request=None, responses=EndedSessionsSerializer)
    def end_others(self, request: Request) -> Response:
        """Log out everywhere else."""
        ended = sessions.revoke_sessions(
            user_id=self.principal.user_id,
            reason="logged out everywhere",
            keep=self.principal.session_id,
        )
        return Response({"ended": ended})


class TotpView(PlatformView):
    permission_of = {"post": SIGNED_IN, "delete": SIGNED_IN}

    @extend_schema(request=None, responses={201: TotpSetupSerializer}, operation_id="me_totp_start")
    def post(self, request: Request) -> Response:
        """A new secret for an authenticator app; me/totp/confirm/ puts it in force. Needs a recent confirmation."""
        require_recent(self.principal)
        secret, uri = factors.start_totp(principal=self.principal)
        return Response({"secret": secret, "uri": uri}, status=201)

    @extend_schema(responses={204: None}, operation_id="me_totp_remove")
    def delete(self, request: Request) -> Response:
        """Remove the authenticator app. Needs a recent confirmation."""
        require_recent(self.principal)
        factors.remove_totp(principal=self.principal)
        return Response(status=204)


class TotpConfirmView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(
        request=TotpCodeSerializer, responses=RecoveryCodesSerializer, operation_id="me_totp_confirm"
    )
    def post(self, request: Request) -> Response:
        """Put the authenticator app in force by its first code; other sessions end."""
        body = TotpCodeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        codes = factors.confirm_totp(principal=self.principal, code=body.validated_data["code"])
        return Response({"recovery_codes": codes})


class RecoveryCodesView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=None, responses=RecoveryCodesSerializer, operation_id="me_recovery_codes_renew")
    def post(self, request: Request) -> Response:
        """Ten new recovery codes; the old ones end. Needs a recent confirmation."""
        require_recent(self.principal)
        return Response({"recovery_codes": factors.renew_recovery_codes(principal=self.principal)})


class PasskeyOptionsView(PlatformView):
    permission_of = {"post": SIGNED_IN}

    @extend_schema(request=None, responses=PasskeyOptionsSerializer, operation_id="me_passkey_options")
    def post(self, request: Request) -> Response:
        """What the browser needs to make a passkey. Needs a recent confirmation."""
        require_recent(self.principal)
        options, token = passkeys.registration_options(user_id=self.principal.user_id)
        return Response({"options": options, "token": token})


class PasskeyViewSet(mixins.ListModelMixin, PlatformViewSet):
    """The user's passkeys."""

    permission_of = {"list": SIGNED_IN, "create": SIGNED_IN, "destroy": SIGNED_IN}
    queryset = Passkey.objects.none()
    serializer_class = PasskeySerializer

    def get_queryset(self) -> Any:
        return selectors.passkeys_of(user_id=self.principal.user_id)

    @extend_schema(request=PasskeyCreateSerializer, responses={201: PasskeyAddedSerializer})
    def create(self, request: Request) -> Response:
        """Store the passkey the browser made; a first factor comes with recovery codes."""
        body = PasskeyCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        require_recent(self.principal)
        passkey, codes = factors.add_passkey(principal=self.principal, **body.validated_data)
        return Response({"passkey": PasskeySerializer(passkey).data, "recovery_codes": codes}, status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        """Remove a passkey. Needs a recent confirmation."""
        require_recent(self.principal)
        factors.remove_passkey(principal=self.principal, passkey_id=pk)
        return Response(status=204)


class OwnActivityViewSet(mixins.ListModelMixin, PlatformViewSet):
    """Security events of the account itself: sign-ins, failures, changes of factors and address."""

    permission_of = {"list": SIGNED_IN}
    queryset = ActivityLog.objects.none()
    serializer_class = ActivitySerializer

    def get_queryset(self) -> Any:
        return selectors.activity_of_account(user_id=self.principal.user_id)

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "names": {}}
