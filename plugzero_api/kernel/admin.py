"""Task runs for staff: find, cancel, try again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest

from plugzero_api.kernel.models import Counter, Leadership, ScheduleState, TaskRun, TaskState
from plugzero_api.kernel.tasks import rows
from plugzero_api.kernel.tenancy import every_team

# Django's admin classes are generic for the type checker only.
if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class EveryTeamAdmin(_ModelAdmin):
    """Base of admin pages of team-owned models: staff see all teams, and every page says so by its filter."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.model._base_manager.all()

    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        with every_team("staff admin"):
            return super().changeform_view(*args, **kwargs)

    def changelist_view(self, *args: Any, **kwargs: Any) -> Any:
        with every_team("staff admin"):
            return super().changelist_view(*args, **kwargs)

    def delete_view(self, *args: Any, **kwargs: Any) -> Any:
        with every_team("staff admin"):
            return super().delete_view(*args, **kwargs)


class ReadOnlyAdmin(EveryTeamAdmin):
    """Rows that only code may write."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(TaskRun)
class TaskRunAdmin(ReadOnlyAdmin):
    list_display = (
        "id",
        "kind",
        "state",
        "team",
        "queue",
        "attempt",
        "error_code",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "kind", "queue", "error_code")
    search_fields = ("id__exact", "kind", "trace_id")
    list_select_related = ("team",)
    date_hierarchy = "created_at"
    actions = ("cancel_runs", "retry_runs")

    @admin.action(description="Cancel the chosen runs")
    def cancel_runs(self, request: HttpRequest, queryset: QuerySet[TaskRun]) -> None:
        done = sum(rows.revoke_waiting(run.pk) or rows.request_cancel(run.pk) for run in queryset)
        self.message_user(
            request, f"{done} runs are cancelled or stop at their next checkpoint.", messages.SUCCESS
        )

    @admin.action(description="Run the chosen failed or revoked runs again")
    def retry_runs(self, request: HttpRequest, queryset: QuerySet[TaskRun]) -> None:
        done = queryset.filter(state__in=(TaskState.FAILURE, TaskState.REVOKED)).update(
            state=TaskState.PENDING,
            cancel_requested=False,
            crashes=0,
            retries=0,
            error_code="",
            error_title="",
            error_detail="",
            finished_at=None,
            run_after=None,
            expires_at=None,
            dispatched_at=None,
            version=F("version") + 1,
        )
        self.message_user(request, f"{done} runs wait to be run again.", messages.SUCCESS)


@admin.register(ScheduleState)
class ScheduleStateAdmin(ReadOnlyAdmin):
    list_display = ("name", "next_at", "last_at")


@admin.register(Leadership)
class LeadershipAdmin(ReadOnlyAdmin):
    list_display = ("role", "holder", "until")


@admin.register(Counter)
class CounterAdmin(ReadOnlyAdmin):
    list_display = ("key", "count", "expires_at")
    search_fields = ("key",)
