"""The Celery application; its settings are Django's ``CELERY_*``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")

app = Celery("plugzero")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
