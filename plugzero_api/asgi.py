"""The event-stream process (``uvicorn plugzero_api.asgi:application``); the API itself runs under WSGI."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")
django.setup()

from plugzero_api.kernel.tasks.events import EventStream  # noqa: E402

application = EventStream()
