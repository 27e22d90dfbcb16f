"""Points of docs/security.md that concern the platform as a whole."""

from __future__ import annotations

import logging
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client
from kombu.exceptions import ContentDisallowed
from kombu.serialization import dumps, loads

from plugzero_api.celery import app as celery_app
from plugzero_api.kernel.api.operations import api_operations
from plugzero_api.kernel.api.permissions import PUBLIC
from plugzero_api.kernel.api.views import PlatformView
from plugzero_api.kernel.logs import JsonFormatter
from plugzero_api.kernel.tenancy import TeamManager, TeamScopeMissing

ROOT = Path(settings.BASE_DIR)
# SQL text for the product's own database may be written in these modules only.
_RAW_SQL_MODULES = {
    "accounts/append_only.py",
    "plugzero_api/kernel/clock.py",
    "plugzero_api/kernel/counters.py",
    "plugzero_api/kernel/health.py",
    "plugzero_api/kernel/management/commands/rotate_field_keys.py",
    "plugzero_api/kernel/prepared.py",
    # One UPDATE for many pages, by the keys of rows that were read inside the team's scope.
    "seo_intelligence/services/checking.py",
}
_RAW_SQL = re.compile(r"connection\.cursor\(|\.objects\.raw\(|_manager\.raw\(|\.extra\(|RawSQL\(")


def _team_models() -> list[Any]:
    return [model for model in apps.get_models() if isinstance(model._default_manager, TeamManager)]


@pytest.mark.parametrize("model", _team_models(), ids=lambda model: model._meta.label)
def test_every_team_owned_model_refuses_queries_outside_a_scope(model: Any) -> None:
    for query in (
        lambda: model.objects.all(),
        lambda: model.objects.filter(pk=1),
        lambda: model.objects.count(),
        lambda: model.objects.create(),
        lambda: model.objects.update(),
    ):
        with pytest.raises(TeamScopeMissing):
            query()


def test_every_model_with_a_team_is_guarded() -> None:
    """A model that points at a team and is not behind the guarded manager needs a reason, written here."""
    unguarded = {
        model._meta.label
        for model in apps.get_models()
        if any(field.name in {"team", "team_id"} for field in model._meta.concrete_fields)
        and not isinstance(model._default_manager, TeamManager)
    }
    assert unguarded == {
        # Reached by team and key only, inside the functions that start runs and count usage.
        "kernel.IdempotencyKey",
        "accounts.UsageCounter",
    }


def test_raw_sql_stays_where_it_was_reviewed() -> None:
    found = {
        str(path.relative_to(ROOT))
        for top in (
            "plugzero_api",
            "accounts",
            "data_ingestion",
            "analysis",
            "media_intelligence",
            "seo_intelligence",
        )
        for path in (ROOT / top).rglob("*.py")
        if "tests" not in path.parts and "migrations" not in path.parts and _RAW_SQL.search(path.read_text())
    }
    assert found <= _RAW_SQL_MODULES, found - _RAW_SQL_MODULES


def test_public_operations_are_these_and_no_others() -> None:
    """Whoever makes another one public changes this list knowingly."""
    public = {operation.name for operation in api_operations() if operation.permission == PUBLIC}
    assert public == {
        "auth-email-change-confirm",
        "auth-invitation-accept",
        "auth-invitation-preview",
        "auth-login",
        "auth-login-passkey-options",
        "auth-login-verify",
        "auth-logout",
        "auth-password-reset",
        "auth-password-reset-confirm",
        "auth-refresh",
        "auth-register",
        "auth-verify-email",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:3000", True),
        ("http://localhost:3000.evil.example", False),
        ("http://evil.example", False),
        ("null", False),
        ("http://LOCALHOST:3001", False),
    ],
)
def test_only_listed_origins_are_allowed_and_none_is_reflected(
    settings: Any, origin: str, allowed: bool
) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["http://localhost:3000"]
    for method in ("options", "get"):
        answer = getattr(Client(), method)(
            "/api/v1/meta/", HTTP_ORIGIN=origin, HTTP_ACCESS_CONTROL_REQUEST_METHOD="GET"
        )
        given = answer.headers.get("Access-Control-Allow-Origin")
        assert given == (origin if allowed else None)
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_broker_messages_are_json_and_pickles_are_refused() -> None:
    assert set(celery_app.conf.accept_content) == {"json"}
    assert celery_app.conf.task_serializer == "json"
    content_type, encoding, payload = dumps({"x": 1}, serializer="pickle")
    with pytest.raises(ContentDisallowed):
        loads(payload, content_type, encoding, accept=celery_app.conf.accept_content)


@pytest.mark.parametrize("operation", api_operations(), ids=lambda operation: operation.id)
def test_an_error_in_any_view_is_generic_and_traceable(operation: Any, monkeypatch: Any, owner: Any) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret-detail at /srv/app/views.py line 7")

    monkeypatch.setattr(PlatformView, "initial", fail)
    path = re.sub(r"<uuid:[^>]+>", "00000000-0000-7000-8000-000000000000", operation.route)
    path = "/" + re.sub(r"<[^>]+>", "x", path)
    answer = owner.client.request(operation.method, path, {})
    assert answer.status_code == 500
    body = answer.json()
    assert body["code"] == "internal_error"
    assert body["request_id"] == answer["X-Request-ID"]
    text = answer.content.decode()
    for leak in ("secret-detail", "Traceback", "/srv/", "RuntimeError", "Django", ".py"):
        assert leak not in text


def test_nothing_secret_reaches_the_logs(anonymous: Any, owner: Any, caplog: Any) -> None:
    secrets = {
        "password": "hunter2-hunter2-hunter2",
        "email": "private.person@example.com",
        "header": owner.client._headers["HTTP_AUTHORIZATION"].split()[1],
    }
    with caplog.at_level(logging.DEBUG):
        anonymous.post(
            "auth/register/", {"email": secrets["email"], "password": secrets["password"], "name": "P"}
        )
        anonymous.post("auth/login/", {"email": secrets["email"], "password": secrets["password"]})
        anonymous.post("auth/login/", {"email": secrets["email"], "password": "wrong"})
        anonymous.post("auth/refresh/", {"refresh": secrets["header"]})
        owner.client.get("me/")
        owner.client.get(f"tasks/?token={secrets['header']}")
        logging.getLogger("x").warning(
            "user %s\nforged line", secrets["email"], extra={"fields": {"password": "p"}}
        )
    formatter = JsonFormatter()
    # The database's own debug log shows statements; no handler of ours is ever set to that level.
    lines = [formatter.format(record) for record in caplog.records if record.name != "django.db.backends"]
    assert lines and all("\n" not in line for line in lines)
    for name, secret in secrets.items():
        assert not [line for line in lines if secret in line], name


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "a" * 5000, "[" * 200, "\\", "%00", "' OR '1'='1", "../../etc/passwd", "\u202e"]
)
def test_hostile_filter_values_are_answered_quickly_and_never_by_500(owner: Any, pattern: str) -> None:
    started = time.perf_counter()
    for operation in api_operations():
        if operation.method == "get" and "<" not in operation.route and operation.permission != PUBLIC:
            answer = owner.client.request(
                "GET", f"/{operation.route}", None, QUERY_STRING=urlencode({"page": pattern})
            )
            assert answer.status_code < 500, operation.id
    assert time.perf_counter() - started < 10
