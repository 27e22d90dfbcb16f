"""Micro-apps come and go by one setting or one installed package; the rest never notices."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from plugzero_api.kernel.discovery import enabled_apps

ROOT = Path(__file__).resolve().parents[2]
LEAVES = {
    "analysis": "/api/v1/analysis/procedures/",
    "seo_intelligence": "/api/v1/seo/audits/",
    "media_intelligence": None,
}


def installation(tmp_path: Path, *paths: str, **env: str) -> dict[str, Any]:
    """What a fresh process sees under ``env``; ``paths`` are requested anonymously."""
    done = subprocess.run(
        [sys.executable, "tests/plugins/inspect_installation.py", *paths],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "", "PLUGZERO_RUN_DIR": str(tmp_path / "run"), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.parametrize("leaf", LEAVES)
def test_a_leaf_switched_off_is_gone_and_the_rest_works(leaf: str, tmp_path: Path) -> None:
    path = LEAVES[leaf]
    paths = ["/health/live", "/api/v1/projects/", *([path] if path else [])]
    seen = installation(tmp_path, *paths, PLUGZERO_DISABLED_APPS=leaf)
    assert leaf not in seen["slugs"]
    assert seen["errors"] == []
    assert seen["statuses"]["/health/live"] == 200
    assert seen["statuses"]["/api/v1/projects/"] == 401
    if path:
        assert seen["statuses"][path] == 404
    manifest = next(
        value.manifest
        for value in vars(import_module(f"{leaf}.apps")).values()
        if isinstance(value, type) and getattr(value, "name", None) == leaf
    )
    for prefix in manifest.url_prefixes:
        assert not [found for found in seen["paths"] if found.startswith(f"/api/v1/{prefix}/")]
    assert not {permission.code for permission in manifest.permissions} & set(seen["permissions"])
    assert not set(manifest.tasks) & set(seen["tasks"])
    assert not {item.key for item in manifest.navigation} & set(seen["navigation"])
    assert not {schedule.name for schedule in manifest.schedules} & set(seen["schedules"])
    assert leaf not in seen["admin"]


def test_an_outside_package_joins_with_every_extension_point(tmp_path: Path) -> None:
    seen = installation(tmp_path, "/api/v1/field-notes/", PYTHONPATH=str(ROOT / "tests" / "outside_app"))
    assert seen["errors"] == []
    assert "field_notes" in seen["slugs"]
    assert seen["statuses"]["/api/v1/field-notes/"] == 401
    assert {"field_notes.view", "field_notes.write"} <= set(seen["permissions"])
    assert "field_notes.tally" in seen["tasks"]
    assert "field-notes" in seen["navigation"]
    assert "field_notes.tick" in seen["schedules"]
    assert "/api/v1/field-notes/{id}/" in seen["paths"]
    assert "field_notes" in seen["admin"]


@pytest.mark.parametrize(
    ("disabled", "complaint"),
    [("no_such_app", "not installed"), ("accounts", "foundation"), ("data_ingestion", "foundation")],
)
def test_switching_off_what_cannot_be_is_refused_at_start(disabled: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint):
        enabled_apps(ROOT, [disabled])


def test_the_five_micro_apps_are_the_folders_with_an_apps_module() -> None:
    folders = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert folders == {"accounts", "analysis", "data_ingestion", "media_intelligence", "seo_intelligence"}


def test_startmicroapp_writes_an_app_that_plugs_in_without_another_edit(tmp_path: Path) -> None:
    env = {**os.environ, "PLUGZERO_RUN_DIR": str(tmp_path / "run"), "DATABASE_URL": ""}
    subprocess.run(
        [sys.executable, "manage.py", "startmicroapp", "panel_care", "--into", str(tmp_path)],
        cwd=ROOT,
        env=env,
        check=True,
        capture_output=True,
    )
    for expected in (
        "apps.py",
        "contracts.py",
        "errors.py",
        "services.py",
        "models.py",
        "tests",
        "logic",
        "README.md",
    ):
        assert (tmp_path / "panel_care" / expected).exists(), expected
    meta = tmp_path / "panel_care-1.dist-info"
    meta.mkdir()
    (meta / "METADATA").write_text("Metadata-Version: 2.1\nName: panel-care\nVersion: 1\n")
    (meta / "entry_points.txt").write_text(
        "[plugzero.micro_apps]\npanel_care = panel_care.apps:PanelCareConfig\n"
    )
    seen = installation(tmp_path, PYTHONPATH=str(tmp_path))
    assert "panel_care" in seen["slugs"]
    assert seen["errors"] == []
