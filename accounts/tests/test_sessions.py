"""Rotation, reuse, concurrency, absolute lifetime, and the user's own list."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.errors import InvalidRefreshToken
from accounts.models import ActivityLog, Session
from accounts.services import sessions, tokens
from accounts.tests.factories import create_user, old_session

pytestmark = pytest.mark.django_db


def refreshed(pair):
    return sessions.refresh_session(refresh=pair.refresh)


def generation(pair):
    return tokens.RefreshToken.read(pair.refresh).generation


@pytest.fixture
def user():
    return create_user()


@pytest.fixture
def pair(user):
    return sessions.open_session(user=user, with_second_factor=False)


def test_predecessor_is_answered_for_ten_seconds_from_the_same_lineage(pair):
    second = refreshed(pair)
    again = refreshed(pair)
    assert generation(again) == generation(second) == 2
    third = refreshed(again)
    assert generation(third) == 3


def test_predecessor_after_the_grace_ends_the_session_and_is_on_record(pair, user):
    second = refreshed(pair)
    Session.objects.update(rotated_at=timezone.now() - timedelta(seconds=11))
    with pytest.raises(InvalidRefreshToken):
        refreshed(pair)
    session = Session.objects.get()
    assert session.revoked_reason == "refresh token reused"
    assert ActivityLog._base_manager.filter(chain_id=user.pk, action="session.reuse_detected").count() == 1
    with pytest.raises(InvalidRefreshToken):
        refreshed(second)


def test_older_than_the_predecessor_has_no_grace(pair):
    refreshed(refreshed(pair))
    with pytest.raises(InvalidRefreshToken):
        refreshed(pair)
    assert Session.objects.get().revoked_at is not None


def test_reuse_ends_that_session_only(pair, user):
    other = sessions.open_session(user=user, with_second_factor=False)
    refreshed(refreshed(pair))
    with pytest.raises(InvalidRefreshToken):
        refreshed(pair)
    assert generation(refreshed(other)) == 2


def test_refreshing_does_not_prolong_a_session_beyond_its_absolute_lifetime(user, settings):
    session = old_session(user, settings.SESSION_ABSOLUTE_LIFETIME - timedelta(seconds=30))
    token = tokens.refresh_token(
        user_id=user.pk, session_id=session.pk, generation=1, until=session.expires_at
    )
    assert sessions.refresh_session(refresh=token)
    Session.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    made_before = tokens.refresh_token(
        user_id=user.pk, session_id=session.pk, generation=2, until=timezone.now() + timedelta(days=1)
    )
    with pytest.raises(InvalidRefreshToken):
        sessions.refresh_session(refresh=made_before)


def test_deactivated_user_cannot_refresh(pair, user):
    user.is_active = False
    user.save()
    with pytest.raises(InvalidRefreshToken):
        refreshed(pair)


def test_user_sees_and_ends_own_sessions(owner):
    other = sessions.open_session(user=owner.user, with_second_factor=False)
    listed = owner.client.get("me/sessions/").json()["results"]
    assert {item["id"] for item in listed} >= {str(other.session_id)}
    assert sum(item["is_current"] for item in listed) == 1
    assert owner.client.delete(f"me/sessions/{other.session_id}/").status_code == 204
    with pytest.raises(InvalidRefreshToken):
        refreshed(other)
    assert owner.client.delete(f"me/sessions/{other.session_id}/").status_code == 404


def test_log_out_everywhere_else_keeps_the_session_it_is_asked_from(owner):
    others = [sessions.open_session(user=owner.user, with_second_factor=False) for _ in range(3)]
    assert owner.client.post("me/sessions/end-others/").json() == {"ended": 3}
    assert owner.client.get("me/").status_code == 200
    for pair in others:
        with pytest.raises(InvalidRefreshToken):
            refreshed(pair)


def test_device_is_shown_without_control_characters(anonymous):
    user = create_user()
    answer = anonymous.post(
        "auth/login/",
        {"email": user.email, "password": "correct horse battery staple"},
        HTTP_USER_AGENT="Agent\x1b[31m\t/1.0",
    )
    assert answer.status_code == 200
    assert Session.objects.get(user=user).user_agent == "Agent[31m/1.0"


@pytest.mark.django_db(transaction=True)
def test_of_twelve_concurrent_refreshes_one_lineage_survives():
    user = create_user()
    pair = sessions.open_session(user=user, with_second_factor=False)
    start = threading.Barrier(12)
    made, failed = [], []

    def refresh():
        start.wait()
        try:
            made.append(sessions.refresh_session(refresh=pair.refresh))
        except InvalidRefreshToken:
            failed.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=refresh) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 12 and not failed
    assert {generation(item) for item in made} == {2}
    assert Session.objects.get().generation == 2
    # The lineage goes on as one: later uses of any of the answers move the same session.
    assert generation(refreshed(made[0])) == 3
    assert generation(refreshed(made[5])) == 3
