"""One mailbox, one token, one acceptance."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Invitation, TeamMembership, User
from accounts.services import invitations
from accounts.tests.factories import add_member, create_member, create_team, create_user, headers
from plugzero_api.kernel.access import Principal
from plugzero_api.kernel.errors import DomainError
from plugzero_api.kernel.tenancy import every_team

pytestmark = pytest.mark.django_db


def invite(actor, email="guest@example.com", role="MEMBER", **more):
    return actor.client.post(f"teams/{actor.team_id}/invitations/", {"email": email, "role": role, **more})


def accept(anonymous, user, token):
    return anonymous.post("me/invitations/accept/", {"token": token}, **headers(user))


def is_member(team_id, user):
    return TeamMembership._base_manager.filter(team_id=team_id, user=user).exists()


def code(answer):
    return (answer.status_code, answer.json()["code"])


NOT_USABLE = (409, "invitation_not_usable")


def test_existing_user_joins_with_the_role_they_were_invited_as(owner, anonymous, delivered, token_in):
    guest = create_user("guest@example.com")
    made = invite(owner, "Guest@Example.com", "VIEWER")
    assert made.status_code == 201 and "token" not in made.content.decode()
    message = delivered()[0]
    assert message.to == ["guest@example.com"]
    token = token_in(message)
    shown = anonymous.post("auth/invitations/preview/", {"token": token}).json()
    assert (shown["team_name"], shown["role"], shown["has_account"]) == ("Team A", "VIEWER", True)
    assert accept(anonymous, guest, token).json() == {"team_id": str(owner.team_id)}
    assert TeamMembership._base_manager.get(user=guest, team_id=owner.team_id).role == "VIEWER"
    listed = owner.client.get(f"teams/{owner.team_id}/invitations/").json()["results"]
    assert [item["invitation_state"] for item in listed] == ["accepted"]
    assert code(accept(anonymous, guest, token)) == NOT_USABLE


def test_new_user_joins_with_a_confirmed_address_and_a_personal_team(owner, anonymous, delivered, token_in):
    invite(owner)
    token = token_in(delivered()[0])
    body = {"token": token, "name": "Guest", "password": "password"}
    assert anonymous.post("auth/invitations/accept/", body).status_code == 400
    body["password"] = "a phrase nobody guesses"
    answer = anonymous.post("auth/invitations/accept/", body)
    assert answer.status_code == 201 and answer.json()["access"]
    guest = User.objects.get(email="guest@example.com")
    assert guest.email_verified_at is not None
    assert TeamMembership._base_manager.filter(user=guest).count() == 2
    assert code(anonymous.post("auth/invitations/accept/", body)) == NOT_USABLE


def test_invitation_is_for_its_address_only(owner, anonymous, delivered, token_in):
    thief = create_user("thief@example.com")
    invite(owner)
    token = token_in(delivered()[0])
    assert code(accept(anonymous, thief, token)) == NOT_USABLE
    assert not is_member(owner.team_id, thief)
    guest = create_user("guest@example.com")
    assert accept(anonymous, guest, token).status_code == 200


@pytest.mark.parametrize(
    "end", ["revoked", "expired", "resent", "inviter demoted", "inviter gone", "garbage"]
)
def test_ended_invitations_open_nothing(owner, act_as, anonymous, delivered, token_in, end):
    guest = create_user("guest@example.com")
    inviter = act_as("ADMIN")
    made = invite(inviter).json()
    token = token_in(delivered()[0])
    path = f"teams/{owner.team_id}/invitations/{made['id']}/"
    mine = TeamMembership._base_manager.filter(user=inviter.user)
    if end == "revoked":
        assert owner.client.delete(path).status_code == 204
        assert code(owner.client.delete(path)) == NOT_USABLE
        assert code(owner.client.post(f"{path}resend/")) == NOT_USABLE
    if end == "expired":
        Invitation._base_manager.update(expires_at=timezone.now() - timedelta(seconds=1))
    if end == "resent":
        assert owner.client.post(f"{path}resend/").status_code == 200
    if end == "inviter demoted":
        mine.update(role="VIEWER")
    if end == "inviter gone":
        mine.delete()
    if end == "garbage":
        token = "x" * 43
    assert code(accept(anonymous, guest, token)) == NOT_USABLE
    assert not is_member(owner.team_id, guest)
    if end == "resent":
        assert accept(anonymous, guest, token_in(delivered()[0])).status_code == 200


def test_one_open_invitation_per_address_and_none_for_members(owner, member):
    assert invite(owner).status_code == 201
    assert code(invite(owner, "GUEST@example.com")) == (409, "invitation_exists")
    assert code(invite(owner, member.user.email)) == (409, "already_member")
    Invitation._base_manager.update(expires_at=timezone.now())
    assert invite(owner).status_code == 201


@pytest.mark.parametrize("email", ["x", "a@b", "ann@example.com\nBcc: v@example.com", "аnn@example.com", ""])
def test_invitations_to_no_address_are_refused(owner, email):
    assert invite(owner, email).status_code == 400


def test_invitations_are_limited_and_count_as_members_of_the_plan(owner, settings):
    settings.PLUGZERO_PLAN_LIMITS = {**settings.PLUGZERO_PLAN_LIMITS, "members": 3}
    assert invite(owner, "a@example.com").status_code == 201
    assert invite(owner, "b@example.com").status_code == 201
    full = invite(owner, "c@example.com")
    assert code(full) == (403, "plan_limit_reached")
    assert (full.json()["used"], full.json()["limit"]) == (3, 3)
    settings.PLUGZERO_THROTTLES = {**settings.PLUGZERO_THROTTLES, "invite_team": ((3, 60),)}
    assert invite(owner, "d@example.com").status_code == 429


def test_token_is_not_in_the_database(owner, delivered, token_in):
    invite(owner)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_invitation")
        stored = str(cursor.fetchall())
    assert token_in(delivered()[0]) not in stored


@pytest.mark.django_db(transaction=True)
def test_concurrent_acceptances_make_one_membership():
    team = create_team()
    inviter, guest = create_member(team, "OWNER"), create_user("guest@example.com")
    with every_team("test data"):
        Invitation.objects.create(
            team=team,
            email=guest.email,
            role="MEMBER",
            token_hash=invitations._hash("token"),
            invited_by=inviter,
            sent_at=timezone.now(),
            expires_at=timezone.now() + timedelta(days=1),
        )
    start = threading.Barrier(6)
    outcomes = []

    def join():
        start.wait()
        try:
            invitations.accept(
                principal=Principal(user_id=guest.pk, kind="session", access=None), token="token"
            )
            outcomes.append("joined")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=join) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["invitation_not_usable"] * 5 + ["joined"]
    assert TeamMembership._base_manager.filter(team=team, user=guest).count() == 1


def test_a_member_already_in_the_team_uses_nothing_up(owner, anonymous, delivered, token_in):
    invite(owner)
    guest = create_user("guest@example.com")
    add_member(owner.team, guest, "VIEWER")
    assert code(accept(anonymous, guest, token_in(delivered()[0]))) == NOT_USABLE
    assert Invitation._base_manager.get().accepted_at is None
