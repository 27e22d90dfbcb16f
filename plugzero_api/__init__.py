"""Core configuration of the platform; the shared mechanism lives in ``plugzero_api.kernel``."""

from plugzero_api.celery import app as celery_app

__all__ = ["celery_app"]
