"""``/api/v1/me/``: the signed-in user's own account."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors
from accounts.serializers import MeSerializer, MeUpdateSerializer
from accounts.services import profile
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
    permission_of = {"get": SIGNED_IN, "patch": SIGNED_IN}

    @extend_schema(responses=MeSerializer, operation_id="me_get")
    def get(self, request: Request) -> Response:
        """The signed-in user."""
        return Response(MeSerializer(represent_me(self.principal)).data)

    @extend_schema(request=MeUpdateSerializer, responses=MeSerializer, operation_id="me_update")
    def patch(self, request: Request) -> Response:
        """Change the name."""
        body = MeUpdateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        profile.update_profile(principal=self.principal, name=body.validated_data["name"])
        return Response(MeSerializer(represent_me(self.principal)).data)
