"""Keys act as their maker within their scopes, and end in every way they should."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ActivityLog, ApiKey, TeamMembership, User
from plugzero_api.kernel.testing.plugin import ApiClient

pytestmark = pytest.mark.django_db


def make(actor, scopes=("team.view",), **more):
    body = {"name": "Robot", "scopes": list(scopes), **more}
    return actor.client.post(f"teams/{actor.team_id}/api-keys/", body)


def using(key, path, method="get", body=None, **headers):
    return ApiClient().request(method, path, body, HTTP_AUTHORIZATION=f"Api-Key {key}", **headers)


@pytest.fixture
def key(owner):
    return make(owner).json()["key"]


def test_key_is_shown_once_and_stored_as_an_hmac(owner, key):
    listed = owner.client.get(f"teams/{owner.team_id}/api-keys/")
    assert key not in listed.content.decode()
    prefix = listed.json()["results"][0]["prefix"]
    assert key.startswith(f"pz_{prefix}_")
    with connection.cursor() as cursor:
        for table in ("accounts_apikey", "accounts_activitylog"):
            cursor.execute(f"SELECT * FROM {table}")
            assert key.split("_", 2)[2] not in str(cursor.fetchall())


def test_key_reads_what_its_scope_allows_and_no_more(owner, key):
    assert using(key, f"teams/{owner.team_id}/").status_code == 200
    refused = using(key, f"teams/{owner.team_id}/activity/")
    assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")
    assert using(key, "tasks/").status_code == 403


def test_key_cannot_touch_the_account_of_its_maker(owner, key):
    for method, path in (("get", "me/"), ("post", "me/totp/"), ("get", "me/export/"), ("post", "teams/")):
        assert using(key, path, method).status_code == 403, path


def test_key_needs_no_team_header_and_refuses_another_teams(owner, key, stranger):
    answer = using(key, f"teams/{owner.team_id}/", HTTP_X_TEAM_ID=str(stranger.team_id))
    assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")
    assert using(key, f"teams/{stranger.team_id}/").status_code == 404


def test_scopes_beyond_the_makers_rights_are_refused(act_as):
    admin = act_as("ADMIN")
    answer = make(admin, ["team.view", "team.delete"])
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/scopes"
    assert make(admin, ["no.such.right"]).status_code == 400


def test_key_never_has_more_rights_than_its_maker_has_now(owner, act_as):
    admin = act_as("ADMIN")
    key = make(admin, ["team.view", "activity.view"]).json()["key"]
    path = f"teams/{owner.team_id}/activity/"
    assert using(key, path).status_code == 200
    TeamMembership._base_manager.filter(user=admin.user).update(role="VIEWER")
    assert using(key, path).status_code == 403
    assert using(key, f"teams/{owner.team_id}/").status_code == 200


@pytest.mark.parametrize(
    "end", ["revoked", "expired", "suspended", "removed", "deactivated", "tampered", "cut"]
)
def test_ended_keys_are_401(owner, act_as, end):
    admin = act_as("ADMIN")
    made = make(admin).json()
    key = made["key"]
    path = f"teams/{owner.team_id}/"
    assert using(key, path).status_code == 200
    mine = TeamMembership._base_manager.filter(user=admin.user)
    if end == "revoked":
        assert owner.client.delete(f"{path}api-keys/{made['id']}/").status_code == 204
    if end == "expired":
        ApiKey._base_manager.update(expires_at=timezone.now() - timedelta(seconds=1))
    if end == "suspended":
        mine.update(is_suspended=True)
    if end == "removed":
        owner.client.delete(f"{path}members/{mine.get().pk}/")
    if end == "deactivated":
        User.objects.filter(pk=admin.user_id).update(is_active=False)
    if end == "tampered":
        key = key[:-1] + ("A" if key[-1] != "A" else "B")
    if end == "cut":
        key = key[:20]
    assert using(key, path).status_code == 401


def test_expiry_must_lie_ahead(owner):
    assert make(owner, expires_at="2001-01-01T00:00:00Z").status_code == 400


def test_last_use_is_noted_at_most_once_a_minute_and_identity_is_one_query(owner, key):
    path = f"teams/{owner.team_id}/"
    using(key, path)
    row = ApiKey._base_manager.get()
    assert row.last_used_at is not None and row.last_used_ip == "127.0.0.1"
    with CaptureQueriesContext(connection) as queries:
        using(key, "tasks/00000000-0000-7000-8000-000000000000/")
    statements = [q["sql"] for q in queries]
    assert len(statements) == 1 and "accounts_apikey" in statements[0]


def test_making_and_ending_keys_and_what_they_do_is_on_record(owner):
    made = make(owner, ["team.view", "team.manage", "members.manage"]).json()
    using(made["key"], f"teams/{owner.team_id}/", "patch", {"name": "Renamed"})
    owner.client.delete(f"teams/{owner.team_id}/api-keys/{made['id']}/")
    rows = ActivityLog._base_manager.filter(team_id=owner.team_id).order_by("sequence")
    assert [(row.action, row.actor_kind) for row in rows] == [
        ("api_key.created", "user"),
        ("team.changed", "api_key"),
        ("api_key.revoked", "user"),
    ]
    assert str(rows[1].api_key_id) == made["id"]


def test_keys_cannot_do_what_needs_a_confirmed_session(owner):
    key = make(owner, ["team.delete", "api_keys.manage"]).json()["key"]
    answer = using(key, f"teams/{owner.team_id}/", "delete")
    assert answer.json()["code"] == "reauthentication_required"
    body = {"name": "more", "scopes": ["team.delete"]}
    answer = using(key, f"teams/{owner.team_id}/api-keys/", "post", body)
    assert answer.json()["code"] == "reauthentication_required"
