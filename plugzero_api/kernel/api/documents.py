"""The OpenAPI document and its two readers, with assets served from this installation (no CDN)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from plugzero_api.kernel.api.permissions import PUBLIC


class SchemaView(SpectacularAPIView):
    permission_of = {"get": PUBLIC}


class SwaggerView(SpectacularSwaggerView):
    permission_of = {"get": PUBLIC}
    url_name = "schema"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        # The library loosens this header for OAuth pop-ups, which we do not have.
        response["Cross-Origin-Opener-Policy"] = "same-origin"
        return response


class RedocView(SpectacularRedocView):
    permission_of = {"get": PUBLIC}
    url_name = "schema"
    # The library's own page loads fonts from another host.
    template_name = "kernel/redoc.html"
