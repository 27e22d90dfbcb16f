"""A local site that the guard lets through, and a project to audit it in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seo_intelligence.tests.local_site import LocalSite, shop


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Iterator[LocalSite]:
    settings.PLUGZERO_FETCH_ALLOW_HOSTS = ["127.0.0.1:*"]
    settings.RUN_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "media")},
        },
    }
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    local = LocalSite(shop())
    yield local
    local.close()


@pytest.fixture
def project(owner: Any) -> Any:
    """The id of a project of the owner's team."""
    from data_ingestion import services as ingestion

    with owner.scope():
        created = ingestion.create_project(team_id=owner.team_id, actor=None, name="Shop")
    return created.pk


@pytest.fixture
def audit_site(owner: Any, project: Any, run_task: Any) -> Any:
    """Start an audit through the API and carry it out; returns the audit as the API tells it."""

    def audit(url: str, **options: Any) -> dict[str, Any]:
        body = {"project": str(project), "target_url": url, "owner_permits_speed": True, **options}
        response = owner.client.post("seo/audits/", body)
        assert response.status_code == 202, response.content
        run = run_task(response.json()["task_id"])
        listed = owner.client.get("seo/audits/?ordering=-created_at").json()["results"][0]
        detail = owner.client.get(f"seo/audits/{listed['id']}/").json()
        return {**detail, "run": run}

    return audit
