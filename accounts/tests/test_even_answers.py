"""Known and unknown addresses are answered alike: body, status and time."""

from __future__ import annotations

import time

import pytest

from accounts.models import Session
from accounts.tests.factories import create_user
from plugzero_api.kernel.ids import uuid7

pytestmark = pytest.mark.django_db
PHRASE = "a phrase nobody guesses"


@pytest.fixture(autouse=True)
def _unlimited(settings):
    settings.PLUGZERO_THROTTLES = dict.fromkeys(settings.PLUGZERO_THROTTLES, ((10**6, 1),))


def timed(anonymous, path, body):
    started = time.perf_counter()
    answer = anonymous.post(path, body)
    return time.perf_counter() - started, answer


def comparable(answer):
    if not answer.content:
        return answer.status_code
    body = {**answer.json(), "request_id": "", "email": ""}
    return answer.status_code, body


def compare(anonymous, path, bodies, rounds):
    """The quickest answer to each body, in seconds: what a patient observer on a quiet machine would see.

    A busy machine blurs the difference, so the observer goes on until it is small, five times as long at most.
    """
    times = {name: [] for name in bodies}
    shapes = set()
    for number in range(5 * rounds):
        for name, body in bodies.items():
            taken, answer = timed(anonymous, path, body(number))
            times[name].append(taken)
            shapes.add(str(comparable(answer)))
        quickest = [min(values) for values in times.values()]
        if number + 1 >= rounds and max(quickest) <= 1.05 * min(quickest):
            break
    assert len(shapes) == 1, shapes
    return quickest


def assert_alike(quickest):
    assert max(quickest) <= 1.10 * min(quickest), quickest


def test_login_answers_alike(anonymous):
    create_user("known@example.com")
    bodies = {
        "known": lambda n: {"email": "known@example.com", "password": f"wrong {n}"},
        "unknown": lambda n: {"email": f"unknown{n}@example.com", "password": f"wrong {n}"},
    }
    assert_alike(compare(anonymous, "auth/login/", bodies, 40))
    assert not Session.objects.exists()


def test_reset_answers_alike(anonymous, settings):
    settings.PLUGZERO_EVEN_ANSWER_SECONDS = 0.12
    create_user("known@example.com")
    bodies = {
        "known": lambda n: {"email": "known@example.com"},
        "unknown": lambda n: {"email": f"unknown{n}@example.com"},
    }
    assert_alike(compare(anonymous, "auth/password-reset/", bodies, 15))


def test_sign_up_answers_alike(anonymous, settings):
    settings.PLUGZERO_EVEN_ANSWER_SECONDS = 0.5
    create_user("known@example.com")
    bodies = {
        "known": lambda n: {"email": "known@example.com", "password": PHRASE, "name": "N"},
        "unknown": lambda n: {"email": f"{uuid7().hex}@example.com", "password": PHRASE, "name": "N"},
    }
    assert_alike(compare(anonymous, "auth/register/", bodies, 6))


def test_deactivated_account_answers_like_a_wrong_password(anonymous):
    create_user("gone@example.com", is_active=False)
    create_user("known@example.com")
    from accounts.tests.factories import PASSWORD

    gone = anonymous.post("auth/login/", {"email": "gone@example.com", "password": PASSWORD})
    wrong = anonymous.post("auth/login/", {"email": "known@example.com", "password": "wrong"})
    assert comparable(gone) == comparable(wrong)
