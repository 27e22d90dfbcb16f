"""Roles, owners, restriction to projects, leaving, deleting, one's own data."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from django.db import connection

from accounts.models import ActivityLog, ApiKey, Session, Team, TeamMembership, User
from accounts.services import access, members
from accounts.services.registration import create_user_with_team
from accounts.tests.factories import add_member, create_member, create_team, create_user, headers
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import DomainError
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.tenancy import every_team, team_scope

pytestmark = pytest.mark.django_db


def membership(actor):
    return TeamMembership._base_manager.get(team=actor.team, user=actor.user)


def change(actor, target, **body):
    path = f"teams/{actor.team_id}/members/{membership(target).pk}/"
    return actor.client.patch(path, body)


def code(answer):
    return (answer.status_code, answer.json()["code"])


def test_a_changed_role_counts_from_the_next_request(owner, member):
    path = f"teams/{owner.team_id}/invitations/"
    assert member.client.get(path).status_code == 403
    assert change(owner, member, role="ADMIN").status_code == 200
    assert member.client.get(path).status_code == 200
    change(owner, member, role="VIEWER")
    assert member.client.get(path).status_code == 403


def test_a_removed_or_suspended_member_is_out_at_once(owner, act_as):
    suspended, removed = act_as("MEMBER"), act_as("MEMBER")
    path = f"teams/{owner.team_id}/"
    change(owner, suspended, is_suspended=True)
    assert code(suspended.client.get(path)) == (403, "membership_suspended")
    assert owner.client.delete(f"{path}members/{membership(removed).pk}/").status_code == 204
    assert code(removed.client.get(path)) == (404, "team_not_found")
    assert access.find_access(user_id=suspended.user_id, team_id=owner.team_id) is None
    assert access.find_access(user_id=removed.user_id, team_id=owner.team_id) is None


def test_admins_cannot_touch_owners_or_make_them(owner, act_as):
    admin, member = act_as("ADMIN"), act_as("MEMBER")
    assert code(change(admin, owner, role="VIEWER")) == (403, "role_too_high")
    assert code(change(admin, owner, is_suspended=True)) == (403, "role_too_high")
    assert code(change(admin, member, role="OWNER")) == (403, "role_too_high")
    assert code(change(admin, admin, role="OWNER")) == (403, "role_too_high")
    removal = admin.client.delete(f"teams/{owner.team_id}/members/{membership(owner).pk}/")
    assert code(removal) == (403, "role_too_high")
    invitation = {"email": "x@example.com", "role": "OWNER"}
    assert code(admin.client.post(f"teams/{owner.team_id}/invitations/", invitation)) == (
        403,
        "role_too_high",
    )


def test_the_last_owner_cannot_go(owner, act_as):
    path = f"teams/{owner.team_id}/"
    assert code(change(owner, owner, role="ADMIN")) == (409, "last_owner")
    assert code(change(owner, owner, is_suspended=True)) == (409, "last_owner")
    assert code(owner.client.post(f"{path}leave/")) == (409, "last_owner")
    second = act_as("OWNER", is_suspended=True)
    assert code(owner.client.post(f"{path}leave/")) == (409, "last_owner")
    change(owner, second, is_suspended=False)
    assert owner.client.post(f"{path}leave/").status_code == 204


def test_ownership_is_handed_over(owner, member):
    path = f"teams/{owner.team_id}/transfer/"
    assert owner.client.post(path, {"member_id": str(membership(member).pk)}).status_code == 204
    assert membership(member).role == "OWNER"
    assert membership(owner).role == "ADMIN"
    assert owner.client.post(path, {"member_id": str(membership(member).pk)}).status_code == 403


def test_personal_team_stays_with_its_person(anonymous):
    user_id, team_id = create_user_with_team(email="p@example.com", password="x" * 12, verified=True)
    person = headers(User.objects.get(pk=user_id), team_id)
    other = add_member(Team.objects.get(pk=team_id), create_user(), "ADMIN")
    for method, path, body in (
        ("delete", f"teams/{team_id}/", None),
        ("post", f"teams/{team_id}/leave/", None),
        ("post", f"teams/{team_id}/transfer/", {"member_id": str(other.pk)}),
    ):
        answer = anonymous.request(method, path, body, **person)
        assert code(answer) == (409, "personal_team_fixed"), path


def a_project(actor):
    """A row of whatever model members can be restricted to; the app that has it may be switched off."""
    from django.apps import apps

    from plugzero_api.kernel.tenancy import TeamOwnedModel

    for model in apps.get_models():
        if issubclass(model, TeamOwnedModel) and model.restriction_field in {"id", "pk"}:
            with team_scope(actor.team_id):
                return model.objects.create(name="Project")
    pytest.skip("no installed app has projects")


def test_a_member_can_be_limited_to_projects_of_the_team(owner, member, stranger):
    mine, theirs = a_project(owner), a_project(stranger)
    body = {"project_ids": [str(mine.pk)]}
    assert change(owner, member, **body).json()["project_ids"] == [str(mine.pk)]
    found = access.find_access(user_id=member.user_id, team_id=owner.team_id)
    assert found.restricted_to == frozenset({mine.pk})
    for foreign in (theirs.pk, uuid7()):
        refused = change(owner, member, project_ids=[str(foreign)])
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["code"] == "unknown_project"
    assert change(owner, member, project_ids=None).json()["project_ids"] is None
    assert change(owner, owner, project_ids=[str(mine.pk)]).status_code == 400


def test_who_is_limited_cannot_give_more_than_they_see(owner, act_as):
    seen, hidden = a_project(owner), a_project(owner)
    admin = act_as("ADMIN", project_ids=[str(seen.pk)])
    member = act_as("MEMBER")
    assert change(admin, member, project_ids=[str(hidden.pk)]).status_code == 400
    assert change(admin, admin, project_ids=None).status_code == 400
    assert change(admin, member, project_ids=[str(seen.pk)]).status_code == 200
    invitation = {"email": "x@example.com", "role": "MEMBER"}
    assert admin.client.post(f"teams/{owner.team_id}/invitations/", invitation).status_code == 400


@pytest.mark.parametrize(
    "field", ["role", "team", "team_id", "is_staff", "is_superuser", "id", "email_verified"]
)
def test_power_cannot_be_assigned_through_other_bodies(anonymous, owner, field):
    assert owner.client.patch("me/", {"name": "x", field: "OWNER"}).status_code == 400
    assert owner.client.post("teams/", {"name": "x", field: "OWNER"}).status_code == 400
    body = {"email": "m@example.com", "password": "a phrase nobody guesses", "name": "", field: True}
    assert anonymous.post("auth/register/", body).status_code == 400
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize("pk", ["-1", "0", "9" * 60, "abc", "1.5", "%00", "..", "00000000-0000-0000-0000"])
def test_ids_that_are_none_are_unknown(owner, pk):
    assert owner.client.get(f"teams/{pk}/").status_code == 404
    assert owner.client.delete(f"teams/{owner.team_id}/members/{pk}/").status_code == 404


@pytest.mark.parametrize("value", [-1, 10**400, "x", None, [], {}, True, "00000000"])
def test_ids_in_bodies_that_are_none_are_refused(owner, value):
    answer = owner.client.post(f"teams/{owner.team_id}/transfer/", {"member_id": value})
    assert answer.status_code in {400, 404}
    assert membership(owner).role == "OWNER"


def test_deleting_a_team_takes_its_rows_and_leaves_its_log(owner, member):
    with owner.scope():
        ApiKey.objects.create(name="k", prefix="abcdefghij", secret_hash="0" * 64, created_by=owner.user)
    assert member.client.delete(f"teams/{owner.team_id}/").status_code == 403
    assert owner.client.delete(f"teams/{owner.team_id}/").status_code == 204
    with every_team("test"):
        assert not ApiKey.objects.exists() and not TeamMembership.objects.filter(team=owner.team_id).exists()
    assert ActivityLog._base_manager.filter(team_id=owner.team_id, action="team.deleted").exists()


def test_account_can_be_deleted_once_its_teams_are_handed_over(owner, act_as, anonymous):
    refused = owner.client.delete("me/")
    assert code(refused) == (409, "teams_still_owned")
    assert refused.json()["teams"] == [str(owner.team_id)]
    heir = act_as("OWNER")
    assert owner.client.delete("me/").status_code == 204
    assert not User.objects.filter(pk=owner.user_id).exists()
    assert owner.client.get("me/").status_code == 401
    assert Team.objects.filter(pk=heir.team_id).exists()


def test_deleting_an_account_takes_its_personal_team_unless_others_are_in_it(anonymous):
    user_id, team_id = create_user_with_team(email="p@example.com", password="x" * 12, verified=True)
    person = headers(User.objects.get(pk=user_id))
    guest = add_member(Team.objects.get(pk=team_id), create_user(), "VIEWER")
    assert code(anonymous.delete("me/", **person)) == (409, "teams_still_owned")
    TeamMembership._base_manager.filter(pk=guest.pk).delete()
    assert anonymous.delete("me/", **person).status_code == 204
    assert not Team.objects.filter(pk=team_id).exists()


def test_own_data_holds_what_is_known_and_no_secret(owner):
    session_ids = {str(pk) for pk in Session.objects.filter(user=owner.user).values_list("pk", flat=True)}
    answer = owner.client.get("me/export/")
    assert answer["Content-Disposition"].startswith("attachment")
    found = answer.json()
    assert found["user"]["email"] == owner.user.email
    assert found["teams"][0]["role"] == "OWNER"
    assert {item["id"] for item in found["sessions"]} == session_ids
    assert "argon2" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_owners_demoting_each_other_at_once_leave_one_owner():
    team = create_team()
    owners = [create_member(team, "OWNER") for _ in range(2)]
    ids = {
        user.pk: pk
        for pk, user in ((m.pk, m.user) for m in TeamMembership._base_manager.select_related("user"))
    }
    start = threading.Barrier(2)
    outcomes: list[str] = []

    def demote(actor, target):
        found = access.find_access(user_id=actor.pk, team_id=team.pk)
        principal = Principal(user_id=actor.pk, kind="session", access=found)
        start.wait()
        try:
            with team_scope(team.pk):
                members.change_member(principal=principal, member_id=ids[target.pk], role="VIEWER")
            outcomes.append("done")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=demote, args=(owners[0], owners[1])),
        threading.Thread(target=demote, args=(owners[1], owners[0])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "permission_denied"]
    assert TeamMembership._base_manager.filter(team=team, role="OWNER").count() == 1


def test_task_of_a_removed_member_ends_revoked_without_effect(owner, member, run_task):
    from plugzero_api.kernel.tasks import micro_task, registry, start

    done: list[UUID] = []

    @micro_task("test.touch", permission="tasks.cancel")
    def touch(run, n):
        done.append(run.id)

    try:
        with member.scope():
            kept = start("test.touch", team_id=member.team_id, user_id=member.user_id, args={"n": 1})
            lost = start("test.touch", team_id=member.team_id, user_id=member.user_id, args={"n": 2})
        assert run_task(kept.task_id).state == "SUCCESS"
        change(owner, member, role="VIEWER")
        row = run_task(lost.task_id)
        assert (row.state, row.error_code) == ("REVOKED", "starter_lost_access")
        assert done == [kept.task_id]
    finally:
        registry.unregister("test.touch")
