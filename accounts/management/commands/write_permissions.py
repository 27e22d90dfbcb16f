"""``manage.py write_permissions``: write ``docs/permissions.md``, or check that it is up to date."""

from __future__ import annotations

import difflib
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.permission_document import render

PATH = settings.BASE_DIR / "docs" / "permissions.md"


class Command(BaseCommand):
    help = "Writes docs/permissions.md from the manifests and views; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        text = render()
        if not options["check"]:
            PATH.parent.mkdir(exist_ok=True)
            PATH.write_text(text)
            self.stdout.write(f"Wrote {PATH.relative_to(settings.BASE_DIR)}.")
            return
        present = PATH.read_text() if PATH.exists() else ""
        if present != text:
            lines = difflib.unified_diff(
                present.splitlines(), text.splitlines(), "present", "wanted", lineterm=""
            )
            shown = "\n".join(list(lines)[:20])
            raise CommandError(
                f"docs/permissions.md is out of date: run manage.py write_permissions.\n{shown}"
            )
