"""``manage.py startmicroapp NAME``: a new micro-app with the anatomy all of them share."""

from __future__ import annotations

import keyword
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

TEMPLATES = {
    "__init__.py": "",
    "apps.py": '''"""{title}: what this micro-app is."""

from plugzero_api.kernel.plugins import EVERYONE, Manifest, MicroAppConfig, Permission


class {config}(MicroAppConfig):
    name = "{name}"
    manifest = Manifest(
        slug="{name}",
        title="{title}",
        description="Say in one sentence what it does for a researcher.",
        requires=("accounts", "data_ingestion"),
        permissions=(Permission("{name}.view", "See {lower}", EVERYONE),),
    )
''',
    "contracts.py": '"""Frozen values that may leave this app; standard library only."""\n',
    "errors.py": '"""Expected failures: subclasses of DomainError with code, status and title."""\n',
    "services.py": '"""THE DOOR: what other micro-apps may call. Typed, keyword-only, ids and contracts only."""\n',
    "selectors.py": '"""Reads for this app\'s own views."""\n',
    "models.py": '"""Tables of this app; team-owned ones inherit TeamOwnedModel."""\n',
    "admin.py": '"""Pages for staff."""\n',
    "logic/__init__.py": '"""Pure algorithms: no ORM, clock, network or settings."""\n',
    "adapters/__init__.py": '"""One module per outside provider, behind a Protocol."""\n',
    "migrations/__init__.py": "",
    "tests/__init__.py": "",
    "tests/logic/__init__.py": "",
    "tests/endpoint_cases.py": '''"""How the inherited endpoint suite exercises the routes of this app."""

from plugzero_api.kernel.testing.cases import EndpointCase

CASES: dict[str, EndpointCase] = {{}}
''',
    "README.md": """# {name}

{title}: purpose in two sentences.

- **Door.** `services.py`: nothing yet.
- **Tasks.** None.
- **Permissions.** `{name}.view`: everyone in the team.
- **Settings.** None. Switch off with `PLUGZERO_DISABLED_APPS={name}`.
""",
}


class Command(BaseCommand):
    help = "Write a new micro-app; it is plugged in at the next start, with no other file edited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="snake_case package name")
        parser.add_argument("--into", default=str(settings.BASE_DIR), help="folder to write it into")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if not name.isidentifier() or keyword.iskeyword(name) or name != name.lower():
            raise CommandError(f"{name!r} is no snake_case package name.")
        target = Path(options["into"]) / name
        if target.exists():
            raise CommandError(f"{target} exists already.")
        words = {
            "name": name,
            "title": name.replace("_", " ").capitalize(),
            "lower": name.replace("_", " "),
            "config": "".join(part.capitalize() for part in name.split("_")) + "Config",
        }
        for relative, template in TEMPLATES.items():
            path = target / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(template.format(**words))
        self.stdout.write(f"{target} is ready: start with its README.md and apps.py.")
