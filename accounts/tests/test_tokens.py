"""Tokens that must not open anything, and the two signing keys of a rotation."""

from __future__ import annotations

import time
import uuid
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Session, User
from accounts.services import tokens
from accounts.services.sessions import open_session
from accounts.tests.factories import create_member, create_team, create_user, old_session, token_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def session():
    user = create_user()
    return Session.objects.get(pk=open_session(user=user, with_second_factor=False).session_id)


def claims(session, **changes):
    now = int(time.time())
    made = {
        "token_type": "access",
        "sub": str(session.user_id),
        "sid": str(session.pk),
        "jti": uuid.uuid4().hex,
        "iat": now,
        "exp": now + 600,
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def signed(payload, *, key=None, algorithm="HS256", kid=None):
    key = settings.JWT_SIGNING_KEYS[0] if key is None else key
    kid = tokens.key_id(settings.JWT_SIGNING_KEYS[0]) if kid is None else kid
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid})


def asked(anonymous, token):
    return anonymous.get("me/", HTTP_AUTHORIZATION=f"Bearer {token}")


def test_well_made_token_opens(anonymous, session):
    assert asked(anonymous, signed(claims(session))).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": int(time.time()) - 1},
        {"exp": None},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"aud": "another-api"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"jti": None},
        {"sub": "5f1c9a52-7d0e-4c39-9a53-0d8c6f6f2b11"},
        {"sub": "1 OR 1=1"},
        {"sub": 7},
        {"sid": "0a4e8f0c-3b1d-4f5e-8c1a-6a2f9d3e7b22"},
        {"sid": None},
        {"sid": ["x"]},
        {"token_type": "refresh"},
        {"token_type": "challenge"},
        {"token_type": None},
    ],
)
def test_wrong_claims_do_not(anonymous, session, changes):
    answer = asked(anonymous, signed(claims(session, **changes)))
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_wrong_key_algorithm_and_shape_do_not(anonymous, session):
    payload = claims(session)
    good = signed(payload)
    head, body, signature = good.split(".")
    unsigned = jwt.encode(payload, None, algorithm="none", headers={"kid": "x"})
    unsigned_known = jwt.encode(
        payload, None, algorithm="none", headers={"kid": tokens.key_id(settings.JWT_SIGNING_KEYS[0])}
    )
    forged = [
        signed(payload, key="x" * 64),
        signed(payload, key=settings.SECRET_KEY),
        signed(payload, algorithm="HS512"),
        signed(payload, kid="unknown"),
        signed(payload, kid=""),
        unsigned,
        unsigned_known,
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-2]}AA",
        f"{head}.{body}",
        "garbage",
        "a.b.c",
        "",
        "x" * 10_000,
        "ünïcode",
    ]
    for token in forged:
        assert asked(anonymous, token).status_code == 401, token[:40]


def test_refresh_and_challenge_tokens_are_no_access_tokens(anonymous):
    user = create_user()
    pair = open_session(user=user, with_second_factor=False)
    assert asked(anonymous, pair.refresh).status_code == 401
    assert asked(anonymous, str(tokens.challenge_token(user_id=user.pk))).status_code == 401
    assert anonymous.post("auth/refresh/", {"refresh": pair.access}).status_code == 401


def test_other_schemes_are_refused(anonymous):
    for header in ("Basic dXNlcjpwYXNz", "Token abc", "Bearer", "Bearer a b", "Api-Key", "Api-Key pz_x_y"):
        assert anonymous.get("me/", HTTP_AUTHORIZATION=header).status_code == 401, header


def test_deactivation_counts_from_the_next_request(anonymous, session):
    token = token_of(session)
    assert asked(anonymous, token).status_code == 200
    User.objects.filter(pk=session.user_id).update(is_active=False)
    assert asked(anonymous, token).status_code == 401


def test_signing_key_can_be_replaced_without_signing_anybody_out(anonymous, session, settings):
    old, new = "o" * 30 + "0123456789" * 3, "n" * 30 + "0123456789" * 3
    settings.JWT_SIGNING_KEYS = [old]
    token = token_of(session)
    settings.JWT_SIGNING_KEYS = [new, old]
    assert asked(anonymous, token).status_code == 200
    fresh = token_of(session)
    assert jwt.get_unverified_header(fresh)["kid"] == tokens.key_id(new)
    settings.JWT_SIGNING_KEYS = [new]
    assert asked(anonymous, token).status_code == 401
    assert asked(anonymous, fresh).status_code == 200


def test_signing_key_is_not_the_secret_key():
    assert settings.SECRET_KEY not in settings.JWT_SIGNING_KEYS
    assert timedelta(minutes=10) >= settings.ACCESS_TOKEN_LIFETIME


def test_no_token_outlives_its_session():
    user = create_user()
    session = old_session(user, settings.SESSION_ABSOLUTE_LIFETIME - timedelta(minutes=2))
    payload = jwt.decode(token_of(session), options={"verify_signature": False})
    assert payload["exp"] == int(session.expires_at.timestamp())


def test_identity_team_and_role_cost_one_query(anonymous):
    team = create_team()
    user = create_member(team)
    create_member(team)
    token = open_session(user=user, with_second_factor=False).access
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = anonymous.get(
            "tasks/00000000-0000-7000-8000-000000000000/",
            HTTP_AUTHORIZATION=f"Bearer {token}",
            HTTP_X_TEAM_ID=str(team.pk),
        )
    assert answer.json()["code"] == "task_not_found"
    statements = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(statements) == 2, statements
    assert "accounts_session" in statements[0] and "kernel_taskrun" in statements[1]


@pytest.mark.parametrize("value", ["garbage", "-1", "9" * 400, "' OR 1=1", "00000000"])
def test_team_header_that_is_no_id_is_an_error(owner, value):
    answer = owner.client.get("tasks/", HTTP_X_TEAM_ID=value)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/X-Team-ID"


def test_several_teams_ask_for_the_header_and_one_does_not(anonymous):
    team = create_team()
    user = create_member(team)
    headers = {"HTTP_AUTHORIZATION": f"Bearer {open_session(user=user, with_second_factor=False).access}"}
    assert anonymous.get("tasks/", **headers).status_code == 200
    from accounts.tests.factories import add_member

    add_member(create_team(), user)
    answer = anonymous.get("tasks/", **headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "team_required")
    assert anonymous.get("me/", **headers).status_code == 200
