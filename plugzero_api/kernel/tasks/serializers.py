"""The TaskRun as clients see it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from plugzero_api.kernel.models import TaskRun, TaskState


class TaskProgressSerializer(serializers.Serializer[Any]):
    current = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    stage = serializers.CharField()
    message = serializers.CharField()


class TaskResultSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()
    url = serializers.CharField()


class TaskErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()


def represent(run: TaskRun) -> dict[str, Any]:
    """The TaskRun resource; shared by the API and the event stream."""
    return {
        "task_id": str(run.pk),
        "kind": run.kind,
        "state": run.state,
        "project_id": str(run.project_id) if run.project_id else None,
        "created_by": str(run.created_by_id) if run.created_by_id else None,
        "attempt": run.attempt,
        "cancel_requested": run.cancel_requested,
        "progress": {
            "current": run.progress_current,
            "total": run.progress_total,
            "stage": run.progress_stage,
            "message": run.progress_message,
        },
        "result": {"type": run.result_type, "id": run.result_id, "url": run.result_url}
        if run.result_type
        else None,
        "error": {"code": run.error_code, "title": run.error_title, "detail": run.error_detail}
        if run.error_code
        else None,
        "created_at": run.created_at.isoformat(),
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


class TaskRunSerializer(serializers.Serializer[TaskRun]):
    task_id = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=TaskState.choices)
    project_id = serializers.UUIDField(allow_null=True)
    created_by = serializers.UUIDField(allow_null=True)
    attempt = serializers.IntegerField()
    cancel_requested = serializers.BooleanField()
    progress = TaskProgressSerializer()
    result = TaskResultSerializer(allow_null=True)
    error = TaskErrorSerializer(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: TaskRun) -> dict[str, Any]:
        return represent(instance)
