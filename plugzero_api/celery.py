"""The Celery application; its settings are Django's ``CELERY_*``."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")
# Workers are many processes already; threads of the linear algebra library inside each only get in their way.
# Read when NumPy is first imported, hence here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

app = Celery("plugzero")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would close the connection pool around every task, which costs more than a small task itself; the task
# runtime checks connections before use.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000_000_000
app.autodiscover_tasks()
