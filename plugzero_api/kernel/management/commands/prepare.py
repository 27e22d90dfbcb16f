"""``manage.py prepare``: bring database and static files to the state of this release."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Command(BaseCommand):
    help = "Apply missing migrations and collect static files when packages changed."

    def handle(self, *args: Any, **options: Any) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0, interactive=False)
            self.stdout.write("  database is up to date")
        stamp = settings.STATIC_ROOT / ".collected"
        lock = settings.BASE_DIR / "requirements.txt"
        if not stamp.exists() or stamp.stat().st_mtime < lock.stat().st_mtime:
            call_command("collectstatic", verbosity=0, interactive=False)
            stamp.touch()
            self.stdout.write("  static files are collected")
