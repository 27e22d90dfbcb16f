"""All addresses: the kernel's, each installed micro-app's under /api/v1/, documents, admin, health."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from plugzero_api.kernel import health
from plugzero_api.kernel.api.documents import RedocView, SchemaView, SwaggerView
from plugzero_api.kernel.checks import load_conventional_module
from plugzero_api.kernel.plugins import installed_micro_apps

handler400 = "plugzero_api.kernel.api.problems.bad_request_view"
handler404 = "plugzero_api.kernel.api.problems.not_found_view"
handler500 = "plugzero_api.kernel.api.problems.server_error_view"

urlpatterns: list[URLPattern | URLResolver] = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("metrics", health.metrics, name="metrics"),
]
urlpatterns += [
    path("api/v1/", include(f"{config.name}.urls"))
    for config in installed_micro_apps()
    if load_conventional_module(config.name, "urls") is not None
]
if settings.PLUGZERO_PUBLIC_SCHEMA:
    urlpatterns += [
        path("api/schema/", SchemaView.as_view(), name="schema"),
        path("api/docs/", SwaggerView.as_view(), name="docs"),
        path("api/redoc/", RedocView.as_view(), name="redoc"),
    ]
if settings.PLUGZERO_ADMIN_ENABLED:
    urlpatterns.append(path(settings.PLUGZERO_ADMIN_PATH, admin.site.urls))
