"""``manage.py load_demo``: the demo team with a real survey (development only)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from data_ingestion.services import demo


class Command(BaseCommand):
    help = "Create the demo user and its project on real survey data; does nothing when they exist."

    def handle(self, *args: Any, **options: Any) -> None:
        created = demo.load_demo()
        self.stdout.write(
            f"Demo project {'created' if created else 'is there'}: {demo.EMAIL} / {demo.PASSWORD}"
        )
