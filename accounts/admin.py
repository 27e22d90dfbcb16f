"""Users, teams and the record of what happened, for staff. There is no way to act as somebody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.logic.emails import InvalidEmail, normalise_email
from accounts.models import (
    ActivityLog,
    ApiKey,
    Invitation,
    OutgoingMail,
    Passkey,
    Session,
    Team,
    TeamMembership,
    UsageCounter,
    User,
)
from accounts.services import registration, staff_actions
from plugzero_api.kernel.admin import EveryTeamAdmin, ReadOnlyAdmin

# Django's admin classes are generic for the type checker only.
if TYPE_CHECKING:
    _UserCreationForm = AdminUserCreationForm[User]
    _UserAdmin = DjangoUserAdmin[User]
    _TabularInline = admin.TabularInline[TeamMembership, Team]
else:
    _UserCreationForm, _UserAdmin, _TabularInline = (
        AdminUserCreationForm,
        DjangoUserAdmin,
        admin.TabularInline,
    )


class UserAddForm(_UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")

    def clean_email(self) -> str:
        try:
            return normalise_email(self.cleaned_data["email"])
        except InvalidEmail as error:
            raise forms.ValidationError(str(error)) from None


@admin.register(User)
class UserAdmin(_UserAdmin):
    add_form = UserAddForm
    ordering = ("email",)
    list_display = ("email", "name", "is_active", "is_staff", "email_verified_at", "last_login", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email", "name", "id__exact")
    date_hierarchy = "created_at"
    readonly_fields = ("email", "last_login", "created_at", "password_changed_at", "email_verified_at")
    actions = ("deactivate", "activate", "end_sessions", "remove_second_factors")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Times", {"fields": ("created_at", "last_login", "email_verified_at", "password_changed_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj is not None else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # People delete their own accounts; staff deactivate them.
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            registration.create_personal_team(owner=obj)
        elif not obj.is_active:
            staff_actions.end_sessions(users=[obj])

    @admin.action(description="Deactivate: no sign-in, all sessions end")
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = staff_actions.deactivate(users=queryset.exclude(pk=str(request.user.pk)))
        self.message_user(request, f"{count} accounts are deactivated.", messages.SUCCESS)

    @admin.action(description="Activate")
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self.message_user(
            request, f"{queryset.update(is_active=True)} accounts are active.", messages.SUCCESS
        )

    @admin.action(description="End all sessions")
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = staff_actions.end_sessions(users=queryset)
        self.message_user(request, f"{count} sessions ended.", messages.SUCCESS)

    @admin.action(description="Remove second factors (identity was checked)")
    def remove_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        count = staff_actions.remove_second_factors(users=queryset)
        self.message_user(request, f"{count} accounts have no second factor now.", messages.SUCCESS)


class MembershipInline(_TabularInline):
    model = TeamMembership
    extra = 0
    fields = ("user", "role", "is_suspended", "project_ids", "created_at")
    readonly_fields = ("created_at",)
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return TeamMembership._base_manager.select_related("user")


@admin.register(Team)
class TeamAdmin(EveryTeamAdmin):
    list_display = ("name", "is_personal", "requires_two_factor", "created_at", "id")
    list_filter = ("is_personal", "requires_two_factor")
    search_fields = ("name", "id__exact", "memberships__user__email")
    date_hierarchy = "created_at"
    inlines = (MembershipInline,)


@admin.register(TeamMembership)
class TeamMembershipAdmin(ReadOnlyAdmin):
    list_display = ("user", "team", "role", "is_suspended", "created_at")
    list_filter = ("role", "is_suspended")
    search_fields = ("user__email", "team__name")
    list_select_related = ("user", "team")


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "ip_address", "user_agent", "last_used_at", "expires_at", "revoked_at")
    list_filter = ("revoked_reason",)
    search_fields = ("user__email", "ip_address")
    list_select_related = ("user",)
    date_hierarchy = "created_at"


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    list_display = ("email", "team", "role", "sent_at", "expires_at", "accepted_at", "revoked_at")
    list_filter = ("role",)
    search_fields = ("email", "team__name")
    list_select_related = ("team",)
    exclude = ("token_hash",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "team", "created_by", "expires_at", "last_used_at", "revoked_at")
    search_fields = ("name", "prefix", "team__name", "created_by__email")
    list_select_related = ("team", "created_by")
    exclude = ("secret_hash",)
    actions = ("revoke",)

    @admin.action(description="Revoke")
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = staff_actions.revoke_keys(keys=queryset)
        self.message_user(request, f"{count} keys are revoked.", messages.SUCCESS)


@admin.register(Passkey)
class PasskeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "user", "created_at", "last_used_at")
    search_fields = ("user__email",)
    exclude = ("public_key",)


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    list_display = ("recipient", "template", "created_at", "sent_at")
    list_filter = ("template",)
    search_fields = ("recipient",)
    exclude = ("content",)


@admin.register(UsageCounter)
class UsageCounterAdmin(ReadOnlyAdmin):
    list_display = ("team", "key", "period", "used")
    list_filter = ("key", "period")
    search_fields = ("team__name",)


@admin.register(ActivityLog)
class ActivityLogAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "action",
        "actor_kind",
        "actor_id",
        "object_type",
        "object_label",
        "ip_address",
    )
    list_filter = ("action", "actor_kind", "object_type")
    search_fields = ("team_id__exact", "actor_id__exact", "object_id", "object_label", "request_id")
    date_hierarchy = "created_at"
