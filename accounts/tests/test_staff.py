"""The staff admin: who gets in, and what it leaves on record."""

from __future__ import annotations

import time

import pyotp
import pytest
from django.contrib import admin
from django.test import Client

from accounts.models import ActivityLog, Session, User
from accounts.services.sessions import open_session
from accounts.tests.endpoint_cases import with_totp
from accounts.tests.factories import PASSWORD, create_team, create_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff():
    return create_user("staff@example.com", is_staff=True, is_superuser=True)


def sign_in(client, password=PASSWORD, code="", email="staff@example.com"):
    return client.post("/admin/login/", {"username": email, "password": password, "code": code})


def entered(client):
    return client.get("/admin/").status_code == 200


def test_staff_without_second_factor_enter_only_where_none_is_required(staff, settings):
    client = Client()
    settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR = False
    assert sign_in(client).status_code == 302
    assert entered(client)
    settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR = True
    assert not entered(client)
    assert b"second factor" in sign_in(Client()).content


def test_staff_with_second_factor_must_show_it_everywhere(staff, settings):
    settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR = False
    secret = with_totp(staff)
    client = Client()
    assert sign_in(client).status_code == 200
    assert not entered(client)
    assert sign_in(client, code="000000").status_code == 200
    code = pyotp.TOTP(secret).now()
    assert sign_in(client, code=code).status_code == 302
    settings.PLUGZERO_ADMIN_REQUIRE_TWO_FACTOR = True
    assert entered(client)
    replay = Client()
    sign_in(replay, code=code)
    assert not entered(replay)


def test_users_who_are_no_staff_do_not_enter():
    create_user("plain@example.com")
    client = Client()
    assert sign_in(client, email="plain@example.com").status_code == 200
    assert not entered(client)


def test_sign_in_is_throttled(staff, settings):
    settings.PLUGZERO_THROTTLES = {**settings.PLUGZERO_THROTTLES, "admin_login": ((3, 60),)}
    for _ in range(3):
        assert b"Try again in" not in sign_in(Client(), password="wrong").content
    assert b"Try again in" in sign_in(Client()).content


def test_staff_session_ends_after_an_hour(staff, monkeypatch):
    client = Client()
    sign_in(client)
    assert entered(client)
    later = time.time() + 3700
    monkeypatch.setattr("accounts.staff_site.time.time", lambda: later)
    assert not entered(client)


@pytest.mark.parametrize(("entry", "status"), [("127.0.0.0/8", 302), ("10.0.0.1", 404), ("nonsense", 404)])
def test_other_addresses_find_no_admin(settings, entry, status):
    settings.PLUGZERO_ADMIN_ALLOW_IPS = [entry]
    assert Client().get("/admin/").status_code == status
    assert Client().get("/admin/login/").status_code == (200 if status == 302 else 404)


def test_sign_ins_and_failures_are_on_record(staff):
    sign_in(Client(), password="wrong")
    sign_in(Client())
    actions = list(
        ActivityLog._base_manager.filter(actor_id=staff.pk)
        .order_by("sequence")
        .values_list("action", flat=True)
    )
    assert actions == ["staff.login_failed", "staff.login_succeeded"]


def test_every_page_of_every_model_opens_and_the_log_cannot_be_written(staff):
    client = Client()
    sign_in(client)
    for model, model_admin in admin.site._registry.items():
        path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert client.get(path).status_code == 200, path
        if model_admin.search_fields and not any("__exact" in f for f in model_admin.search_fields):
            assert client.get(path + "?q=a").status_code == 200, path
    entry = ActivityLog._base_manager.first()
    page = f"/admin/accounts/activitylog/{entry.pk}/"
    assert client.get(page + "change/").status_code == 200
    assert client.post(page + "change/", {"action": "x"}).status_code == 403
    assert client.post(page + "delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/accounts/activitylog/add/").status_code == 403


def test_writes_and_actions_are_audited_and_deactivation_ends_sessions(staff):
    client = Client()
    sign_in(client)
    team = create_team("Old name")
    page = f"/admin/accounts/team/{team.pk}/change/"
    form = {
        "name": "New name",
        "limits": "{}",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
    }
    assert client.post(page, form).status_code == 302
    assert ActivityLog._base_manager.filter(
        team_id=team.pk, action="staff.changed", actor_id=staff.pk
    ).exists()

    victim = create_user("leaver@example.com")
    open_session(user=victim, with_second_factor=False)
    body = {"action": "deactivate", "_selected_action": [str(victim.pk)]}
    assert client.post("/admin/accounts/user/", body).status_code == 302
    victim.refresh_from_db()
    assert not victim.is_active
    assert Session.objects.get(user=victim).revoked_reason == "ended by staff"
    acted = ActivityLog._base_manager.get(action="staff.action")
    assert acted.actor_id == staff.pk
    assert acted.after["action"] == "deactivate"
    told = ActivityLog._base_manager.get(action="user.deactivated")
    assert (told.chain_id, told.actor_kind) == (victim.pk, "system")


def test_accounts_made_by_staff_are_canonical_and_get_a_personal_team(staff):
    client = Client()
    sign_in(client)
    form = {
        "email": "New.Person@Example.COM",
        "name": "New",
        "usable_password": "true",
        "password1": "a phrase nobody guesses",
        "password2": "a phrase nobody guesses",
    }
    answer = client.post("/admin/accounts/user/add/", form)
    assert answer.status_code == 302, answer.content
    user = User.objects.get(email="new.person@example.com")
    assert user.memberships(manager="_base_manager").get().role == "OWNER"


def test_no_secret_is_shown_to_staff(staff):
    client = Client()
    sign_in(client)
    secret = with_totp(staff)
    html = client.get(f"/admin/accounts/user/{staff.pk}/change/").content.decode()
    assert secret not in html
    assert staff.password not in html
