"""Django REST framework and its OpenAPI document."""

from datetime import timedelta

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.TeamAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["plugzero_api.kernel.api.permissions.HasTeamPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["plugzero_api.kernel.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "plugzero_api.kernel.api.pagination.PageNumberPagination",
    "DEFAULT_FILTER_BACKENDS": ["plugzero_api.kernel.api.filters.ExplicitFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "plugzero_api.kernel.api.schema.PlatformSchema",
    "EXCEPTION_HANDLER": "plugzero_api.kernel.api.problems.problem_response",
    "DEFAULT_METADATA_CLASS": None,
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "STRICT_JSON": True,
    "COMPACT_JSON": True,
}

ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
REFRESH_TOKEN_LIFETIME = timedelta(days=14)
# A session ends this long after its sign-in however often it is refreshed.
SESSION_ABSOLUTE_LIFETIME = timedelta(days=60)
JWT_ISSUER = "plugzero"
JWT_AUDIENCE = "plugzero-api"

SPECTACULAR_SETTINGS = {
    "TITLE": "PlugZero Intelligence API",
    "DESCRIPTION": "Market research and marketing intelligence: collect data, compute on it, explain it.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "plugzero_api.kernel.api.schema.PlatformSchemaGenerator",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "plugzero_api.kernel.api.schema.close_response_objects",
    ],
}

# The kernel's one question to the accounts app: what may this user do in this team now?
PLUGZERO_ACCESS_OF_USER = "accounts.services.find_access"
# The kernel's second: the teams and plan shown by /api/v1/meta/ beside its own facts.
PLUGZERO_META_OF_PRINCIPAL = "accounts.services.describe_principal"
