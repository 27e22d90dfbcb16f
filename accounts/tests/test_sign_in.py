"""Registering, signing in, refreshing, signing out."""

from __future__ import annotations

import pytest
from django.core import mail

from accounts.models import OutgoingMail, Session, User
from accounts.tests.factories import PASSWORD, create_user
from plugzero_api.kernel.models import TaskRun

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fast_answers(settings):
    settings.PLUGZERO_EVEN_ANSWER_SECONDS = 0


def sign_in(client, email, password=PASSWORD):
    return client.post("auth/login/", {"email": email, "password": password})


def test_sign_up_makes_a_user_with_a_personal_team_and_mails_the_confirmation(anonymous, run_task):
    body = {"email": "Ann@Example.com", "password": "a long enough phrase", "name": "Ann"}
    answer = anonymous.post("auth/register/", body)
    assert answer.status_code == 202, answer.content
    assert answer.json()["email"] == "ann@example.com"
    user = User.objects.get(email="ann@example.com")
    token = sign_in(anonymous, "ANN@example.com", "a long enough phrase").json()["access"]
    teams = anonymous.get("teams/", HTTP_AUTHORIZATION=f"Bearer {token}").json()["results"]
    assert [(team["name"], team["is_personal"], team["role"]) for team in teams] == [
        ("Ann's team", True, "OWNER")
    ]
    assert user.email_verified_at is None

    run = TaskRun._base_manager.get(kind="accounts.send_mail")
    assert run_task(run.pk).state == "SUCCESS"
    assert mail.outbox[0].to == ["ann@example.com"]
    assert "#token=" in mail.outbox[0].body
    assert OutgoingMail.objects.get().content == ""


def test_me_and_meta_tell_who_is_signed_in(anonymous):
    user = create_user("bo@example.com")
    answer = sign_in(anonymous, "bo@example.com").json()
    assert answer["user"]["id"] == str(user.pk)
    me = anonymous.get("me/", HTTP_AUTHORIZATION=f"Bearer {answer['access']}")
    assert me.json()["email"] == "bo@example.com"


def test_refresh_rotates_and_logout_ends_the_session_at_once(anonymous):
    create_user("cy@example.com")
    first = sign_in(anonymous, "cy@example.com").json()
    second = anonymous.post("auth/refresh/", {"refresh": first["refresh"]}).json()
    assert second["refresh"] != first["refresh"]
    assert anonymous.post("auth/logout/", {"refresh": second["refresh"]}).status_code == 204
    assert anonymous.get("me/", HTTP_AUTHORIZATION=f"Bearer {second['access']}").status_code == 401
    assert anonymous.post("auth/refresh/", {"refresh": second["refresh"]}).status_code == 401
    assert Session.objects.get().revoked_reason == "logout"


def test_no_credentials_is_401_with_a_challenge(anonymous):
    answer = anonymous.get("me/")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "not_authenticated"
