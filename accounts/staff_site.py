"""The staff admin's doors: address allow-list, throttled sign-in with second factor, short sessions, audited writes."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import Http404, HttpRequest, HttpResponse

from accounts.errors import InvalidCode
from accounts.models import Team, User
from accounts.origin import remember_origin
from accounts.services import factors
from accounts.services.activity import record_activity
from accounts.services.throttles import throttle, throttle_address
from plugzero_api.kernel.api.throttling import client_address
from plugzero_api.kernel.errors import RateLimited

# Django's admin classes are generic for the type checker only.
if TYPE_CHECKING:
    _ModelAdmin = ModelAdmin[Any]
else:
    _ModelAdmin = ModelAdmin

# Whoever signed in longer ago signs in again: staff reach every team's rows.
STAFF_SESSION_SECONDS = 3600
_SIGNED_IN_AT, _SECOND_FACTOR = "staff_signed_in_at", "staff_second_factor"


class StaffAuthenticationForm(AdminAuthenticationForm):
    """E-mail, password and, for those who have one, a code of the second factor (or a recovery code)."""

    code = forms.CharField(
        required=False,
        max_length=40,
        label="Code",
        help_text="From your authenticator app, or a recovery code.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def clean(self) -> dict[str, Any]:
        email = str(self.cleaned_data.get("username", "")).lower()
        try:
            throttle_address("admin_login")
            throttle("admin_login", email)
            cleaned: dict[str, Any] = super().clean()
            self._check_second_factor(str(self.cleaned_data.get("code", "")))
        except RateLimited as error:
            raise forms.ValidationError(error.detail, code="rate_limited") from None
        except forms.ValidationError:
            user = User.objects.filter(email=email).first()
            with transaction.atomic():
                record_activity(
                    actor=user.pk if user else None,
                    team_id=None,
                    action="staff.login_failed",
                    object_type="user",
                    object_id=user.pk if user else "",
                )
            raise
        return cleaned

    def _check_second_factor(self, code: str) -> None:
        user: Any = self.get_user()
        methods = factors.methods_of(user_id=user.pk)
        if not methods:
            if settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR:
                raise forms.ValidationError(
                    "Staff need a second factor: set one up in the dashboard first.", code="no_second_factor"
                )
            return
        method = factors.TOTP if code.strip().isdigit() else factors.RECOVERY_CODE
        try:
            factors.check_proof(user=user, proof=factors.Proof(method, code))
        except InvalidCode:
            raise self.get_invalid_login_error() from None
        user.second_factor_shown = True


class StaffAdminSite(AdminSite):
    """Registers every model with its writes on record, and lets only recently signed-in staff in."""

    login_form = StaffAuthenticationForm
    login_template = "accounts/staff_login.html"
    site_header = site_title = "PlugZero Intelligence staff"

    def has_permission(self, request: HttpRequest) -> bool:
        if not super().has_permission(request):
            return False
        if time.time() - request.session.get(_SIGNED_IN_AT, 0) > STAFF_SESSION_SECONDS:
            return False
        shown = bool(request.session.get(_SECOND_FACTOR))
        return shown or not settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            _admit(request)
            response: HttpResponse = inner(request, *args, **kwargs)
            return response

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        _admit(request)
        return super().login(request, extra_context)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        base = admin_class or ModelAdmin
        super().register(model_or_iterable, type(base.__name__, (AuditedAdmin, base), {}), **options)


class AuditedAdmin(_ModelAdmin):
    """Puts staff writes and actions into the activity log beside Django's own."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record(request, "staff.added", obj, message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        _record(request, "staff.changed", obj, message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            _record(request, "staff.deleted", obj, "")
        return super().log_deletions(request, queryset)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> Any:
        name = request.POST.get("action", "")
        chosen = request.POST.getlist("_selected_action")
        if name and chosen:
            with transaction.atomic():
                record_activity(
                    actor=_staff_id(request),
                    team_id=None,
                    action="staff.action",
                    object_type=self.opts.label_lower,
                    after={"action": name, "objects": chosen[:100], "count": len(chosen)},
                )
        return super().response_action(request, queryset, *args, **kwargs)


def _record(request: HttpRequest, action: str, obj: Any, message: Any) -> None:
    with transaction.atomic():
        record_activity(
            actor=_staff_id(request),
            team_id=obj.pk if isinstance(obj, Team) else getattr(obj, "team_id", None),
            action=action,
            object_type=obj._meta.label_lower,
            object_id=obj.pk,
            object_label=str(obj),
            after={"message": message} if message else None,
        )


def _staff_id(request: HttpRequest) -> Any:
    return request.user.pk


@receiver(user_logged_in)
def _remember_sign_in(sender: Any, request: HttpRequest, user: Any, **_: Any) -> None:
    """Only the admin signs in by Django's sessions; the form has left on the user what it has seen."""
    request.session[_SIGNED_IN_AT] = int(time.time())
    request.session[_SECOND_FACTOR] = bool(getattr(user, "second_factor_shown", False))
    with transaction.atomic():
        record_activity(
            actor=user.pk,
            team_id=None,
            action="staff.login_succeeded",
            object_type="user",
            object_id=user.pk,
            after={"second_factor": request.session[_SECOND_FACTOR]},
        )


def _admit(request: HttpRequest) -> None:
    """Note where the request is from; elsewhere than from the allow-list there is no admin at all."""
    address = client_address(request)
    remember_origin(ip_address=address, user_agent=request.headers.get("User-Agent", ""))
    allowed = settings.PLUGZERO_ADMIN_ALLOW_IPS
    if allowed and not any(_within(address, entry) for entry in allowed):
        raise Http404


def _within(address: str, entry: str) -> bool:
    try:
        network = ipaddress.ip_network(entry, strict=False)
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if network.version == 6 and network.prefixlen > 64:
        # Callers are known by their /64.
        network = network.supernet(new_prefix=64)
    return found in network
