"""Django with nothing on: no middleware, the same database, one view."""

from plugzero_api.settings import *  # noqa: F403

MIDDLEWARE: list[str] = []
ROOT_URLCONF = "benchmarks.service_site.bare_urls"
