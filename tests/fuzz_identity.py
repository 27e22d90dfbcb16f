"""Prints an access token of an owner with a project and a dataset, for fuzzing a throw-away database."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")

import django

django.setup()

from accounts.tests import factories as accounts
from data_ingestion.tests import factories as data
from plugzero_api.kernel.tenancy import team_scope


def main() -> None:
    team = accounts.create_team("Fuzz")
    user = accounts.create_member(team, "OWNER")
    with team_scope(team.pk):
        data.make_dataset(data.make_project(team.pk, "Fuzz"))
    print(accounts.headers(user, team)["HTTP_AUTHORIZATION"].removeprefix("Bearer "), team.pk)


main()
