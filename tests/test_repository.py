"""Promises about the repository itself: doors, deployment files, documents."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
MICRO_APPS = ("accounts", "analysis", "data_ingestion", "media_intelligence", "seo_intelligence")


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


@pytest.mark.parametrize("app", MICRO_APPS)
def test_no_micro_app_reaches_another_by_name_in_a_string(app: str) -> None:
    others = "|".join(name for name in MICRO_APPS if name != app)
    dotted = re.compile(rf"""["'](?:{others})\.(?!Project["']|User["']|Team["'])[a-z_]+\.[\w.]+["']""")
    for path in tracked(f"{app}/*.py"):
        if "/tests/" in str(path) or "/migrations/" in str(path):
            continue
        text = path.read_text()
        assert "apps.get_model" not in text, path
        assert not dotted.search(text), f"{path}: {dotted.search(text)}"


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def test_compose_runs_each_queue_in_a_worker_of_its_own() -> None:
    from django.conf import settings

    commands = [" ".join(service.get("command", [])) for service in compose()["services"].values()]
    for queue in settings.TASK_QUEUES:
        assert any(f"-Q {queue} " in command for command in commands), queue


def test_compose_services_are_restricted_and_watched() -> None:
    for name, service in compose()["services"].items():
        if name in {"postgres", "redis", "prepare", "beat"}:
            continue
        assert "healthcheck" in service, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name


def test_compose_publishes_ports_on_loopback_only() -> None:
    for name, service in compose()["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name


def test_every_variable_of_the_example_environment_is_read_somewhere() -> None:
    read = "".join(path.read_text() for path in tracked("plugzero_api/settings/*.py", "docker-compose.yml"))
    names = re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.M)
    assert len(names) > 10
    for name in names:
        assert name in read, name


def test_every_setting_read_from_the_environment_is_in_the_readme() -> None:
    documented = (ROOT / "README.md").read_text() + (ROOT / "docs" / "configuration.md").read_text()
    for path in tracked("plugzero_api/settings/*.py"):
        for name in re.findall(r"""env\.(?:text|flag|number|names)\(\s*"([A-Z0-9_]+)""", path.read_text()):
            assert f"`{name}`" in documented, name


def test_every_runtime_dependency_has_its_reason_written_down() -> None:
    reasons = (ROOT / "docs" / "dependencies.md").read_text().lower()
    for line in (ROOT / "requirements.in").read_text().splitlines():
        name = re.split(r"[\[<>=]", line.strip())[0].lower()
        if name and not name.startswith("#"):
            assert f"`{name}`" in reasons, name


def test_each_micro_app_has_its_page() -> None:
    for app in MICRO_APPS:
        assert (ROOT / app / "README.md").stat().st_size > 300, app


def test_nothing_committed_names_this_machine() -> None:
    forbidden = re.compile(r"(/work/|/root/|/home/(?!plugzero)\w+/)")
    for path in tracked(
        "*.py", "*.md", "*.yml", "*.json", "Makefile", "scripts/*", ".ci/*", "*.ts", "*.tsx", "*.mjs"
    ):
        if path.name == "test_repository.py":
            continue
        assert not forbidden.search(path.read_text(errors="ignore")), path
