"""The OpenAPI document and its two readers, with assets served from this installation (no CDN)."""

from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from plugzero_api.kernel.api.permissions import PUBLIC


class SchemaView(SpectacularAPIView):
    permission_of = {"get": PUBLIC}


class SwaggerView(SpectacularSwaggerView):
    permission_of = {"get": PUBLIC}
    url_name = "schema"


class RedocView(SpectacularRedocView):
    permission_of = {"get": PUBLIC}
    url_name = "schema"
