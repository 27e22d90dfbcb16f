"""Logs and metrics."""

from plugzero_api.settings import env

LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "plugzero_api.kernel.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # DRF's expected 4xx answers are counted by the metrics; as log lines they only drown the rest.
        "django.request": {"level": "ERROR"},
        "django.server": {"level": "WARNING"},
    },
}

# Metrics, the API document and health details answer 404 unless the caller may see them.
PLUGZERO_METRICS_TOKEN = env.text("PLUGZERO_METRICS_TOKEN")
PLUGZERO_PUBLIC_SCHEMA = env.flag("PLUGZERO_PUBLIC_SCHEMA", env.text("PLUGZERO_ENVIRONMENT") != "production")
