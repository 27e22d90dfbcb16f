"""Authenticator app, recovery codes, passkeys, the login challenge, and teams that require a second factor."""

from __future__ import annotations

import threading
from datetime import timedelta

import pyotp
import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import ActivityLog, RecoveryCode, Session, TotpDevice
from accounts.services import factors, tokens
from accounts.services.sessions import open_session
from accounts.tests.authenticator import SoftAuthenticator
from accounts.tests.endpoint_cases import with_totp
from accounts.tests.factories import PASSWORD, create_user
from plugzero_api.kernel.errors import RateLimited

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return create_user("zoe@example.com")


def challenged(anonymous, user):
    answer = anonymous.post("auth/login/", {"email": user.email, "password": PASSWORD}).json()
    assert "access" not in answer
    return answer


def verify(anonymous, challenge, method, code="", **more):
    body = {"challenge": challenge, "method": method, "code": code, **more}
    return anonymous.post("auth/login/verify/", body)


def set_up(actor):
    """An authenticator app through the API: its secret and the recovery codes."""
    made = actor.client.post("me/totp/").json()
    assert made["uri"].startswith("otpauth://totp/") and made["secret"] in made["uri"]
    codes = actor.client.post("me/totp/confirm/", {"code": pyotp.TOTP(made["secret"]).now()}).json()
    return made["secret"], codes["recovery_codes"]


def free_the_step(user):
    """As if the last code had been used a while ago."""
    TotpDevice.objects.filter(user=user).update(last_step=0)


def test_set_up_shows_ten_codes_ends_other_sessions_and_tells_the_owner(owner, delivered):
    other = open_session(user=owner.user, with_second_factor=False)
    _, codes = set_up(owner)
    assert len(set(codes)) == 10
    assert Session.objects.get(pk=other.session_id).revoked_reason == "second factor changed"
    assert owner.client.get("me/").json()["two_factor"] == {
        "totp": True,
        "passkeys": 0,
        "recovery_codes_left": 10,
    }
    assert "authenticator app was set up" in delivered()[0].body
    assert owner.client.post("me/totp/").json()["code"] == "two_factor_already_on"


def test_wrong_first_code_leaves_the_app_out_of_force(owner, anonymous):
    owner.client.post("me/totp/")
    assert owner.client.post("me/totp/confirm/", {"code": "000000"}).status_code == 401
    assert owner.client.get("me/").json()["two_factor"]["totp"] is False
    answer = anonymous.post("auth/login/", {"email": owner.user.email, "password": PASSWORD})
    assert "access" in answer.json()


def test_sign_in_asks_for_the_code_and_takes_each_code_once(anonymous, user):
    secret = with_totp(user)
    answer = challenged(anonymous, user)
    assert answer["methods"] == ["totp"]
    code = pyotp.TOTP(secret).now()
    done = verify(anonymous, answer["challenge"], "totp", code)
    assert done.status_code == 200 and done.json()["user"]["email"] == user.email
    again = verify(anonymous, challenged(anonymous, user)["challenge"], "totp", code)
    assert (again.status_code, again.json()["code"]) == (401, "invalid_code")


def test_a_challenge_completes_one_sign_in(anonymous, user):
    secret = with_totp(user)
    challenge = challenged(anonymous, user)["challenge"]
    assert verify(anonymous, challenge, "totp", pyotp.TOTP(secret).now()).status_code == 200
    free_the_step(user)
    answer = verify(anonymous, challenge, "totp", pyotp.TOTP(secret).now())
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_challenge")


def test_challenge_ends_with_time_password_and_account(anonymous, user, monkeypatch):
    with_totp(user)
    challenge = challenged(anonymous, user)["challenge"]
    user.password_changed_at = timezone.now() + timedelta(seconds=5)
    user.save()
    assert verify(anonymous, challenge, "totp", "123456").json()["code"] == "invalid_challenge"
    monkeypatch.setattr(tokens.ChallengeToken, "lifetime", timedelta(seconds=-1))
    late = str(tokens.challenge_token(user_id=user.pk))
    assert verify(anonymous, late, "totp", "123456").json()["code"] == "invalid_challenge"
    for garbage in ("x", "a.b.c", open_session(user=user, with_second_factor=False).access):
        assert verify(anonymous, garbage, "totp", "123456").json()["code"] == "invalid_challenge"


def test_brute_force_of_codes_is_stopped_after_five_tries(anonymous, user):
    secret = with_totp(user)
    challenge = challenged(anonymous, user)["challenge"]
    for _ in range(5):
        assert verify(anonymous, challenge, "totp", "000000").status_code == 401
    blocked = verify(anonymous, challenge, "totp", pyotp.TOTP(secret).now())
    assert blocked.status_code == 429
    assert int(blocked["Retry-After"]) > 0
    failures = ActivityLog._base_manager.filter(chain_id=user.pk, action="second_factor.failed")
    assert failures.count() == 5


def test_recovery_codes_work_once_are_hashed_and_tell_the_owner(owner, anonymous, delivered):
    _, codes = set_up(owner)
    delivered()
    stored = set(RecoveryCode.objects.values_list("code_hash", flat=True))
    assert not stored & set(codes) and all(len(value) == 64 for value in stored)
    answer = challenged(anonymous, owner.user)
    assert answer["methods"] == ["totp", "recovery_code"]
    typed = codes[0].upper().replace("-", " ")
    assert verify(anonymous, answer["challenge"], "recovery_code", typed).status_code == 200
    assert "recovery code was used" in delivered()[0].body
    again = verify(anonymous, challenged(anonymous, owner.user)["challenge"], "recovery_code", codes[0])
    assert again.status_code == 401


def test_one_users_recovery_code_is_nothing_for_another(act_as, anonymous):
    ann, bob = act_as("OWNER"), act_as("MEMBER")
    _, codes = set_up(ann)
    set_up(bob)
    answer = verify(anonymous, challenged(anonymous, bob.user)["challenge"], "recovery_code", codes[0])
    assert answer.status_code == 401


def test_renewed_recovery_codes_replace_the_old(owner):
    _, codes = set_up(owner)
    renewed = owner.client.post("me/recovery-codes/").json()["recovery_codes"]
    assert not set(codes) & set(renewed)
    assert RecoveryCode.objects.filter(user=owner.user).count() == 10


def test_removing_the_last_factor_removes_the_recovery_codes(owner):
    set_up(owner)
    assert owner.client.delete("me/totp/").status_code == 204
    assert not RecoveryCode.objects.exists()
    assert owner.client.delete("me/totp/").json()["code"] == "two_factor_not_set_up"


def test_secret_is_ciphertext_in_the_database(user):
    secret = with_totp(user)
    with connection.cursor() as cursor:
        cursor.execute("SELECT secret FROM accounts_totpdevice")
        stored = cursor.fetchone()[0]
    assert secret not in stored
    assert TotpDevice.objects.get().secret == secret


def test_password_reset_does_not_skip_the_second_factor(anonymous, user, delivered, token_in):
    with_totp(user)
    anonymous.post("auth/password-reset/", {"email": user.email})
    token = token_in(delivered()[0])
    body = {"token": token, "password": "quite another phrase"}
    assert anonymous.post("auth/password-reset/confirm/", body).status_code == 204
    answer = anonymous.post("auth/login/", {"email": user.email, "password": body["password"]}).json()
    assert "challenge" in answer and "access" not in answer


def test_team_can_require_a_second_factor(owner, act_as, anonymous):
    member = act_as("MEMBER")
    path = f"teams/{owner.team_id}/"
    assert owner.client.patch(path, {"requires_two_factor": True}).json()["code"] == "two_factor_required"
    set_up(owner)
    assert owner.client.patch(path, {"requires_two_factor": True}).status_code == 200
    refused = member.client.get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "two_factor_required")
    assert member.client.get("me/").status_code == 200
    set_up(member)
    assert member.client.get(path).status_code == 200


# Passkeys -------------------------------------------------------------------------------------------------------


@pytest.fixture
def site(settings):
    settings.PLUGZERO_DASHBOARD_URL = "http://localhost:3000"


def enrol(actor, authenticator):
    made = actor.client.post("me/passkeys/options/").json()
    body = {"name": "Laptop", "token": made["token"], "credential": authenticator.create(made["options"])}
    return actor.client.post("me/passkeys/", body)


def passkey_login(anonymous, user, authenticator):
    challenge = challenged(anonymous, user)["challenge"]
    made = anonymous.post("auth/login/passkey-options/", {"challenge": challenge}).json()
    return verify(
        anonymous, challenge, "passkey", token=made["token"], credential=authenticator.get(made["options"])
    )


def test_passkey_signs_in_as_second_factor(site, owner, anonymous):
    authenticator = SoftAuthenticator()
    added = enrol(owner, authenticator)
    assert added.status_code == 201
    assert len(added.json()["recovery_codes"]) == 10
    assert passkey_login(anonymous, owner.user, authenticator).status_code == 200
    assert passkey_login(anonymous, owner.user, authenticator).status_code == 200


def test_passkey_of_another_site_or_user_and_cloned_ones_are_refused(site, owner, act_as, anonymous):
    phishing = SoftAuthenticator(origin="https://evil.example", rp_id="evil.example")
    assert enrol(owner, phishing).json()["code"] == "passkey_refused"

    mine, theirs = SoftAuthenticator(), SoftAuthenticator()
    enrol(owner, mine)
    other = act_as("MEMBER")
    enrol(other, theirs)
    assert passkey_login(anonymous, owner.user, theirs).status_code == 401

    mine.sign_count = 5
    assert passkey_login(anonymous, owner.user, mine).status_code == 200
    mine.sign_count = 2
    assert passkey_login(anonymous, owner.user, mine).status_code == 401


def test_a_passkey_answer_cannot_be_replayed(site, owner, anonymous):
    authenticator = SoftAuthenticator()
    enrol(owner, authenticator)
    challenge = challenged(anonymous, owner.user)["challenge"]
    made = anonymous.post("auth/login/passkey-options/", {"challenge": challenge}).json()
    answer = {"token": made["token"], "credential": authenticator.get(made["options"])}
    assert verify(anonymous, challenge, "passkey", **answer).status_code == 200
    fresh = challenged(anonymous, owner.user)["challenge"]
    assert verify(anonymous, fresh, "passkey", **answer).status_code == 401


@pytest.mark.parametrize(
    "credential", [{}, {"id": "x"}, {"id": 7, "response": []}, {"rawId": None, "type": "y"}]
)
def test_malformed_credentials_are_refused_not_crashed_on(site, owner, anonymous, credential):
    made = owner.client.post("me/passkeys/options/").json()
    body = {"name": "x", "token": made["token"], "credential": credential}
    assert owner.client.post("me/passkeys/", body).status_code == 400
    enrol(owner, SoftAuthenticator())
    challenge = challenged(anonymous, owner.user)["challenge"]
    token = anonymous.post("auth/login/passkey-options/", {"challenge": challenge}).json()["token"]
    assert verify(anonymous, challenge, "passkey", token=token, credential=credential).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_one_code_in_parallel_opens_one_session():
    user = create_user()
    code = pyotp.TOTP(with_totp(user)).now()
    start = threading.Barrier(5)
    outcomes = []

    def use():
        start.wait()
        try:
            factors.check_proof(user=user, proof=factors.Proof("totp", code))
            outcomes.append("right")
        except (factors.InvalidCode, RateLimited):
            outcomes.append("wrong")
        finally:
            connection.close()

    threads = [threading.Thread(target=use) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["right", "wrong", "wrong", "wrong", "wrong"]
