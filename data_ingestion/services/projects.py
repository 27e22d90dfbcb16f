"""Projects: create, change, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Sum

from accounts import services as accounts
from data_ingestion.contracts import ProjectRef
from data_ingestion.errors import ProjectNotFound
from data_ingestion.models import Project, RawDataFile
from plugzero_api.kernel.access import Principal


def get_project_row(project_id: UUID) -> Project:
    """A project of the present team scope. Raises ``ProjectNotFound``."""
    project = Project.find(pk=project_id)
    if project is None:
        raise ProjectNotFound
    return project


def get_project(*, project_id: UUID) -> ProjectRef:
    """Raises ``ProjectNotFound``."""
    project = get_project_row(project_id)
    return ProjectRef(project_id=str(project.pk), name=project.name)


def create_project(*, team_id: UUID, actor: Principal | None, name: str, description: str = "") -> Project:
    """Create a project in the team. Raises ``PlanLimitReached``."""
    with transaction.atomic():
        accounts.add_usage(team_id=team_id, key="projects")
        project = Project.objects.create(
            team_id=team_id,
            name=name,
            description=description,
            created_by_id=actor.user_id if actor else None,
        )
        accounts.record_activity(
            actor=actor,
            team_id=team_id,
            action="project.created",
            object_type="project",
            object_id=project.pk,
            object_label=name,
        )
    return project


def update_project(*, project: Project, actor: Principal, changes: dict[str, Any]) -> Project:
    before = {key: getattr(project, key) for key in changes}
    with transaction.atomic():
        for key, value in changes.items():
            setattr(project, key, value)
        project.save(update_fields=[*changes, "updated_at"])
        accounts.record_activity(
            actor=actor,
            team_id=project.team_id,
            action="project.updated",
            object_type="project",
            object_id=project.pk,
            object_label=project.name,
            before=before,
            after=changes,
        )
    return project


def delete_project(*, project: Project, actor: Principal) -> None:
    """Delete a project with all that hangs on it; its stored objects go with the next orphan sweep."""
    with transaction.atomic():
        accounts.record_activity(
            actor=actor,
            team_id=project.team_id,
            action="project.deleted",
            object_type="project",
            object_id=project.pk,
            object_label=project.name,
        )
        stored = RawDataFile.objects.filter(project=project).aggregate(total=Sum("size"))["total"] or 0
        project.delete()
        accounts.add_usage(team_id=project.team_id, key="projects", by=-1)
        if stored:
            accounts.add_usage(team_id=project.team_id, key="storage_bytes", by=-stored)
