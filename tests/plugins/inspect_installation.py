"""Run in a fresh process with an installation's environment: prints, as JSON, what that installation has."""

import json
import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")
sys.path[:0] = [os.getcwd()]

import django

django.setup()

from django.contrib import admin
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import Client

from plugzero_api.kernel.api.schema import PlatformSchemaGenerator
from plugzero_api.kernel.plugins import installed_micro_apps, permission_matrix
from plugzero_api.kernel.tasks.registry import registered_kinds


def main() -> None:
    call_command("migrate", verbosity=0)
    client = Client()
    document = PlatformSchemaGenerator().get_schema(request=None, public=True)
    manifests = [config.manifest for config in installed_micro_apps()]
    print(
        json.dumps(
            {
                "slugs": [manifest.slug for manifest in manifests],
                "errors": [str(message) for message in run_checks() if message.is_serious()],
                "permissions": sorted(permission_matrix()),
                "tasks": sorted(registered_kinds()),
                "navigation": [item.key for manifest in manifests for item in manifest.navigation],
                "schedules": [schedule.name for manifest in manifests for schedule in manifest.schedules],
                "paths": sorted(document["paths"]),
                "admin": sorted({model._meta.app_label for model in admin.site._registry}),
                "statuses": {path: client.get(path).status_code for path in sys.argv[1:]},
            }
        )
    )


main()
