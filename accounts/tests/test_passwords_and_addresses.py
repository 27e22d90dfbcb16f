"""Passwords, one-time links, change of address, re-authentication, mail."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.mail.message import BadHeaderError
from django.db import connection
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from accounts.models import ActivityLog, EmailLink, LinkPurpose, OutgoingMail, Session, User
from accounts.serializers import check_new_password
from accounts.services import links
from accounts.services.mail import compose, send_mail
from accounts.services.sessions import open_session
from accounts.tests.factories import PASSWORD, create_user

pytestmark = pytest.mark.django_db
NEW = "quite another phrase"


@pytest.fixture
def user():
    return create_user("uma@example.com")


def reset(anonymous, token, password=NEW):
    return anonymous.post("auth/password-reset/confirm/", {"token": token, "password": password})


def can_sign_in(anonymous, user, password):
    answer = anonymous.post("auth/login/", {"email": user.email, "password": password})
    return "access" in answer.json()


@pytest.mark.parametrize(
    ("password", "accepted"),
    [
        ("short1!", False),
        ("password", False),
        ("12345678", False),
        ("iloveyou", False),
        ("qwertyuiop", False),
        ("uma@example.com", False),
        ("all lower case words", True),
        ("ünï çödé phrase", True),
        ("x9" * 64, True),
        (" leading and trailing ", True),
        ("a" * 257, False),
    ],
)
def test_passwords_need_length_and_rarity_not_composition(anonymous, password, accepted):
    body = {"email": "uma@example.com", "password": password, "name": ""}
    answer = anonymous.post("auth/register/", body)
    assert answer.status_code == (202 if accepted else 400)
    if accepted:
        user = User.objects.get(email="uma@example.com")
        assert user.password.startswith("argon2$argon2id$")
        assert can_sign_in(anonymous, user, password)
    else:
        assert answer.json()["errors"][0]["pointer"] == "/password"


def test_common_passwords_of_allowed_length_are_refused():
    common = [p for p in CommonPasswordValidator().passwords if len(p) >= 8]
    assert len(common) >= 3000
    for password in common:
        with pytest.raises(ValidationError):
            check_new_password(password, user=User(email="uma@example.com"))


def test_password_change_ends_other_sessions_and_open_links(owner, anonymous, delivered):
    other = open_session(user=owner.user, with_second_factor=False)
    token = links.issue_link(user=owner.user, purpose=LinkPurpose.RESET_PASSWORD, email=owner.user.email)
    body = {"current_password": PASSWORD, "password": NEW}
    assert owner.client.post("me/password/", {**body, "current_password": "wrong"}).status_code == 401
    assert owner.client.post("me/password/", body).status_code == 204
    assert owner.client.get("me/").status_code == 200
    assert Session.objects.get(pk=other.session_id).revoked_reason == "password changed"
    assert reset(anonymous, token).json()["code"] == "invalid_link"
    assert can_sign_in(anonymous, owner.user, NEW) and not can_sign_in(anonymous, owner.user, PASSWORD)
    assert "password was changed" in delivered()[0].body


def test_reset_link_works_once_ends_sessions_and_confirms_the_address(anonymous, user, delivered, token_in):
    User.objects.update(email_verified_at=None)
    pair = open_session(user=user, with_second_factor=False)
    assert anonymous.post("auth/password-reset/", {"email": "UMA@example.com"}).status_code == 202
    token = token_in(delivered()[0])
    weak = reset(anonymous, token, "password")
    assert weak.json()["errors"][0]["code"] == "weak_password"
    assert reset(anonymous, token).status_code == 204
    assert reset(anonymous, token, "yet another phrase").json()["code"] == "invalid_link"
    assert can_sign_in(anonymous, user, NEW)
    assert Session.objects.get(pk=pair.session_id).revoked_reason == "password reset"
    assert User.objects.get().email_verified_at is not None


def test_a_newer_link_ends_the_older(user):
    older = links.issue_link(user=user, purpose=LinkPurpose.RESET_PASSWORD, email=user.email)
    newer = links.issue_link(user=user, purpose=LinkPurpose.RESET_PASSWORD, email=user.email)
    with pytest.raises(links.InvalidLink):
        links.consume_link(token=older, purpose=LinkPurpose.RESET_PASSWORD)
    assert links.consume_link(token=newer, purpose=LinkPurpose.RESET_PASSWORD).user == user


@pytest.mark.parametrize("change", ["expired", "other purpose", "other address", "deactivated", "garbage"])
def test_links_that_are_void(user, change):
    purpose = LinkPurpose.RESET_PASSWORD
    token = links.issue_link(user=user, purpose=purpose, email=user.email)
    if change == "expired":
        EmailLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    if change == "other purpose":
        purpose = LinkPurpose.VERIFY_EMAIL
    if change == "other address":
        User.objects.update(email="moved@example.com")
    if change == "deactivated":
        User.objects.update(is_active=False)
    if change == "garbage":
        token = "x" * 43
    with pytest.raises(links.InvalidLink):
        links.consume_link(token=token, purpose=purpose)


def test_link_tokens_are_long_and_not_in_the_database(user):
    token = links.issue_link(user=user, purpose=LinkPurpose.RESET_PASSWORD, email=user.email)
    send_mail(to=user.email, template="reset_password", link=f"https://x/#token={token}")
    assert len(token) >= 43
    with connection.cursor() as cursor:
        for table in (
            "accounts_emaillink",
            "accounts_outgoingmail",
            "kernel_taskrun",
            "accounts_activitylog",
        ):
            cursor.execute(f"SELECT * FROM {table}")
            assert token not in str(cursor.fetchall()), table


def test_address_is_confirmed_by_its_link_only_once(anonymous, delivered, token_in):
    body = {"email": "new@example.com", "password": NEW, "name": "N"}
    anonymous.post("auth/register/", body)
    token = token_in(delivered()[0])
    assert anonymous.post("auth/verify-email/", {"token": token}).status_code == 204
    assert User.objects.get(email="new@example.com").email_verified_at is not None
    assert anonymous.post("auth/verify-email/", {"token": token}).status_code == 400


def test_where_confirmation_is_required_an_unconfirmed_account_looks_like_a_wrong_password(
    anonymous, settings, delivered
):
    settings.PLUGZERO_REQUIRE_VERIFIED_EMAIL = True
    create_user("new@example.com", email_verified_at=None)
    unconfirmed = anonymous.post("auth/login/", {"email": "new@example.com", "password": PASSWORD})
    wrong = anonymous.post("auth/login/", {"email": "new@example.com", "password": "wrong"})
    unknown = anonymous.post("auth/login/", {"email": "nobody@example.com", "password": "wrong"})

    def body(answer):
        return {**answer.json(), "request_id": ""}

    assert unconfirmed.status_code == wrong.status_code == unknown.status_code == 401
    assert body(unconfirmed) == body(wrong) == body(unknown)
    assert [message.subject for message in delivered()] == ["Confirm your e-mail address"]


def test_signing_up_with_a_known_address_mails_its_owner_and_changes_nothing(
    anonymous, user, delivered, token_in
):
    before = user.password
    answer = anonymous.post("auth/register/", {"email": "UMA@example.com", "password": NEW, "name": "Eve"})
    fresh = anonymous.post("auth/register/", {"email": "other@example.com", "password": NEW, "name": "Eve"})
    assert answer.status_code == fresh.status_code == 202
    assert set(answer.json()) == set(fresh.json())
    mails = {message.to[0]: message for message in delivered()}
    assert mails["uma@example.com"].subject == "You already have an account"
    user.refresh_from_db()
    assert user.password == before and user.name == "Test Person"
    # The link lets the owner of the mailbox take the account back from whoever made it.
    assert reset(anonymous, token_in(mails["uma@example.com"])).status_code == 204


def change_email(actor, address):
    return actor.client.post("me/email/", {"email": address})


def test_address_changes_when_both_mailboxes_agree_in_either_order(owner, anonymous, delivered, token_in):
    old = owner.user.email
    assert change_email(owner, "Fresh@Example.com").status_code == 202
    mails = {message.to[0]: token_in(message) for message in delivered()}
    confirm = "auth/email-change/confirm/"
    assert anonymous.post(confirm, {"token": mails["fresh@example.com"]}).json() == {"changed": False}
    assert User.objects.get(pk=owner.user_id).email == old
    assert anonymous.post(confirm, {"token": mails["fresh@example.com"]}).status_code == 400
    assert anonymous.post(confirm, {"token": mails[old]}).json() == {"changed": True}
    assert User.objects.get(pk=owner.user_id).email == "fresh@example.com"
    assert delivered()[0].to == [old]


def test_address_taken_meanwhile_or_already_is_not_given_away(owner, anonymous, delivered, token_in):
    create_user("taken@example.com")
    assert change_email(owner, "taken@example.com").status_code == 202
    assert delivered() == []
    assert change_email(owner, "free@example.com").status_code == 202
    mails = {message.to[0]: token_in(message) for message in delivered()}
    create_user("free@example.com")
    anonymous.post("auth/email-change/confirm/", {"token": mails["free@example.com"]})
    answer = anonymous.post("auth/email-change/confirm/", {"token": mails[owner.user.email]})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_link")


SENSITIVE = [
    ("post", "me/email/", {"email": "x@example.com"}),
    ("post", "me/totp/", None),
    ("delete", "me/totp/", None),
    ("post", "me/recovery-codes/", None),
    ("post", "me/passkeys/options/", None),
    ("post", "me/passkeys/", {"name": "x", "token": "x", "credential": {}}),
    ("delete", "me/passkeys/00000000-0000-7000-8000-000000000000/", None),
    ("delete", "me/", None),
    ("post", "teams/{team}/api-keys/", {"name": "x", "scopes": ["team.view"]}),
    ("post", "teams/{team}/transfer/", {"member_id": "00000000-0000-7000-8000-000000000000"}),
    ("patch", "teams/{team}/", {"requires_two_factor": False}),
    ("delete", "teams/{team}/", None),
]


@pytest.mark.parametrize(("method", "path", "body"), SENSITIVE, ids=lambda value: str(value))
def test_sensitive_changes_need_a_recent_confirmation(owner, method, path, body):
    Session.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    answer = owner.client.request(method, path.format(team=owner.team_id), body)
    assert (answer.status_code, answer.json()["code"]) == (403, "reauthentication_required")


def test_confirming_takes_password_and_second_factor(owner):
    import pyotp

    from accounts.tests.endpoint_cases import with_totp

    Session.objects.update(confirmed_at=timezone.now() - timedelta(minutes=11))
    assert owner.client.post("me/reauthenticate/", {"password": "wrong"}).status_code == 401
    assert owner.client.post("me/reauthenticate/", {"password": PASSWORD}).status_code == 204
    secret = with_totp(owner.user)
    assert owner.client.post("me/reauthenticate/", {"password": PASSWORD}).json()["code"] == "invalid_code"
    proof = {"method": "totp", "code": pyotp.TOTP(secret).now()}
    answer = owner.client.post("me/reauthenticate/", {"password": PASSWORD, "proof": proof})
    assert answer.status_code == 204
    assert owner.client.post("me/recovery-codes/").status_code == 200


# Mail -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["Ann\nBcc: victim@example.com", "Ann\r\nX: y", "see http://evil.example", "tab\there", "nul\x00"]
)
def test_names_with_line_breaks_or_links_are_refused(anonymous, owner, name):
    body = {"email": "a@example.com", "password": NEW, "name": name}
    assert anonymous.post("auth/register/", body).status_code == 400
    assert owner.client.patch("me/", {"name": name}).status_code == 400
    assert owner.client.post("teams/", {"name": name}).status_code == 400


def test_values_cannot_add_headers_or_lines_to_a_mail():
    send_mail(
        to="a@example.com",
        template="invitation",
        inviter="Eve\nBcc: victim@example.com",
        team="T\r\nSubject: other",
        role="member",
        link="https://x",
    )
    message = compose(OutgoingMail.objects.get())
    assert "\n" not in message.subject and "\r" not in message.subject
    assert set(message.message().keys()).isdisjoint({"Bcc", "Cc"})
    with pytest.raises((BadHeaderError, ValueError)):
        compose(
            OutgoingMail(recipient="a@example.com\nBcc: v@example.com", template="invitation", content="{}")
        )


def test_every_template_renders_without_html_escapes():
    from pathlib import Path

    import accounts

    folder = Path(accounts.__file__).parent / "templates" / "accounts" / "mail"
    for path in folder.glob("*.txt"):
        values = dict.fromkeys(("name", "inviter", "team", "role", "link", "what"), "O'Neil & Co")
        mail = OutgoingMail(recipient="a@example.com", template=path.stem, content=json.dumps(values))
        message = compose(mail)
        assert message.subject and "&" not in message.body.replace(" & ", ""), path
        assert "{" not in message.body


def test_mail_server_at_fault_leaves_the_mail_for_a_retry(monkeypatch, run_task):
    import smtplib

    from plugzero_api.kernel.models import TaskRun

    def refuse(self, **_):
        raise smtplib.SMTPServerDisconnected

    send_mail(to="a@example.com", template="security_notice", what="x")
    run = TaskRun._base_manager.get(kind="accounts.send_mail")
    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    assert run_task(run.pk).state == "RETRY"
    assert OutgoingMail.objects.get().sent_at is None


def test_security_events_of_the_account_are_shown_to_its_owner_only(owner, member):
    owner.client.patch("me/", {"name": "Another Name"})
    actions = [item["action"] for item in owner.client.get("me/activity/").json()["results"]]
    assert actions == ["user.renamed"]
    assert member.client.get("me/activity/").json()["results"] == []
    assert ActivityLog._base_manager.get(action="user.renamed").after == {"name": "Another Name"}
