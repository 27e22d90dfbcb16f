"""Lock-out, throttles and plan limits hold under parallel tries."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from accounts.errors import InvalidCredentials, PlanLimitReached
from accounts.models import ActivityLog, UsageCounter
from accounts.origin import remember_origin
from accounts.services import limits
from accounts.services.login import login
from accounts.services.throttles import forgive, throttle
from accounts.tests.factories import PASSWORD, create_team, create_user
from plugzero_api.kernel.errors import RateLimited
from plugzero_api.kernel.models import Counter

pytestmark = pytest.mark.django_db


def try_password(anonymous, email, password="wrong", **headers):
    return anonymous.post("auth/login/", {"email": email, "password": password}, **headers)


def in_parallel(count, work):
    """Run ``work`` in so many threads at once; returns the outcomes it appends."""
    start = threading.Barrier(min(count, 20))
    outcomes: list[str] = []

    def run(rounds):
        start.wait()
        for _ in range(rounds):
            work(outcomes)
        connection.close()

    threads = [threading.Thread(target=run, args=(max(1, count // 20),)) for _ in range(min(count, 20))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def test_sixth_wrong_password_is_not_looked_at(anonymous):
    create_user("vic@example.com")
    for _ in range(5):
        assert try_password(anonymous, "vic@example.com").status_code == 401
    blocked = try_password(anonymous, "vic@example.com", PASSWORD)
    assert blocked.status_code == 429
    assert 0 < int(blocked["Retry-After"]) <= 60


def test_unknown_addresses_are_locked_alike(anonymous):
    for _ in range(5):
        assert try_password(anonymous, "nobody@example.com").status_code == 401
    assert try_password(anonymous, "nobody@example.com").status_code == 429


def test_spelling_the_address_otherwise_is_no_way_around(anonymous):
    create_user("vic@example.com")
    for spelling in (
        "vic@example.com",
        "VIC@example.com",
        " vic@EXAMPLE.com",
        "Vic@Example.Com",
        "vic@example.coM",
    ):
        assert try_password(anonymous, spelling).status_code == 401
    assert try_password(anonymous, "vIC@example.com").status_code == 429


def test_a_right_password_clears_the_short_count(anonymous):
    create_user("vic@example.com")
    for _ in range(4):
        try_password(anonymous, "vic@example.com")
    assert try_password(anonymous, "vic@example.com", PASSWORD).status_code == 200
    assert try_password(anonymous, "vic@example.com").status_code == 401


def test_strangers_cannot_lock_out_an_owner_who_comes_from_a_known_address(anonymous, settings):
    settings.PLUGZERO_THROTTLES = {**settings.PLUGZERO_THROTTLES, "login_account": ((10, 300),)}
    create_user("vic@example.com")
    home = {"REMOTE_ADDR": "198.51.100.7"}
    assert try_password(anonymous, "vic@example.com", PASSWORD, **home).status_code == 200
    codes = {
        try_password(anonymous, "vic@example.com", REMOTE_ADDR=f"203.0.113.{n}").status_code
        for n in range(30)
    }
    assert codes == {401, 429}
    assert try_password(anonymous, "vic@example.com", PASSWORD, **home).status_code == 200


def test_forged_forwarding_headers_do_not_buy_tries(anonymous):
    create_user("vic@example.com")
    codes = [
        try_password(anonymous, "vic@example.com", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}").status_code
        for n in range(8)
    ]
    assert codes == [401] * 5 + [429] * 3


def test_behind_a_proxy_of_ours_the_hop_it_wrote_counts(anonymous, settings):
    settings.PLUGZERO_TRUSTED_PROXIES = 1
    create_user("vic@example.com")
    codes = [
        try_password(
            anonymous, "vic@example.com", HTTP_X_FORWARDED_FOR=f"10.{n}.0.1, 198.51.100.7"
        ).status_code
        for n in range(7)
    ]
    assert codes == [401] * 5 + [429] * 2


@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_parallel_wrong_passwords_five_are_looked_at(settings):
    settings.PLUGZERO_THROTTLES = {**settings.PLUGZERO_THROTTLES, "login_ip": ((1000, 60),)}
    create_user("vic@example.com")

    def attempt(outcomes):
        remember_origin(ip_address="203.0.113.9", user_agent="")
        try:
            login(email="vic@example.com", password="wrong")
            outcomes.append("in")
        except InvalidCredentials:
            outcomes.append("judged")
        except RateLimited:
            outcomes.append("limited")

    outcomes = in_parallel(100, attempt)
    assert len(outcomes) == 100
    assert outcomes.count("judged") == 5
    assert outcomes.count("limited") == 95
    assert ActivityLog._base_manager.filter(action="login.failed").count() == 5


def test_ten_thousand_tries_leave_a_handful_judged(monkeypatch, settings):
    """One address, one account, as fast as it goes: what is beyond the limit costs no password hash."""
    create_user("vic@example.com")
    judged = []
    monkeypatch.setattr(
        "accounts.models.users.User.check_password", lambda self, raw: judged.append(1) or False
    )
    remember_origin(ip_address="203.0.113.9", user_agent="")
    for _ in range(10_000):
        try:
            login(email="vic@example.com", password="wrong")
        except (InvalidCredentials, RateLimited):
            continue
    assert len(judged) == 5


def test_persistent_tries_wait_longer(settings):
    settings.PLUGZERO_THROTTLES = {**settings.PLUGZERO_THROTTLES, "login_account_ip": ((2, 60), (3, 1800))}
    throttle("login_account_ip", "a", "b")
    throttle("login_account_ip", "a", "b")
    with pytest.raises(RateLimited) as short:
        throttle("login_account_ip", "a", "b")
    assert short.value.retry_after <= 60
    Counter.objects.filter(key__contains="login_account_ip.0").delete()
    throttle("login_account_ip", "a", "b")
    with pytest.raises(RateLimited) as long:
        throttle("login_account_ip", "a", "b")
    assert 60 < long.value.retry_after <= 1800
    forgive("login_account_ip", "a", "b")
    throttle("login_account_ip", "a", "b")


def test_mail_to_one_address_is_limited_without_saying_so(anonymous, delivered):
    create_user("vic@example.com")
    answers = {
        anonymous.post("auth/password-reset/", {"email": "vic@example.com"}).status_code for _ in range(6)
    }
    assert answers == {202}
    assert len(delivered()) == 3


# Plan -----------------------------------------------------------------------------------------------------------


def test_usage_is_counted_checked_and_given_back():
    team = create_team(limits={"projects": 2})
    limits.add_usage(team.pk, "projects")
    limits.check_plan_limit(team.pk, "projects")
    limits.add_usage(team.pk, "projects")
    with pytest.raises(PlanLimitReached) as error:
        limits.check_plan_limit(team.pk, "projects")
    assert (error.value.code, error.value.extra["limit"]) == ("plan_limit_reached", 2)
    with pytest.raises(PlanLimitReached):
        limits.add_usage(team.pk, "projects")
    limits.add_usage(team.pk, "projects", -1)
    limits.add_usage(team.pk, "projects")
    limits.add_usage(team.pk, "projects", -99)
    assert limits.usage_of(team_id=team.pk, key="projects") == 0


def test_a_teams_own_limit_stands_before_the_installations_and_null_lifts_it(settings):
    settings.PLUGZERO_PLAN_LIMITS = {**settings.PLUGZERO_PLAN_LIMITS, "ai_calls": 1}
    limited, lifted = create_team(), create_team(limits={"ai_calls": None})
    limits.add_usage(limited.pk, "ai_calls")
    with pytest.raises(PlanLimitReached):
        limits.add_usage(limited.pk, "ai_calls")
    for _ in range(3):
        limits.add_usage(lifted.pk, "ai_calls")
    with pytest.raises(ValueError, match="no plan limit"):
        limits.check_plan_limit(limited.pk, "unicorns")


def test_monthly_limits_begin_anew_each_month():
    team = create_team(limits={"ai_calls": 1, "storage_bytes": 10})
    UsageCounter.objects.create(team=team, key="ai_calls", period="2001-01", used=1)
    UsageCounter.objects.create(team=team, key="storage_bytes", period="", used=10)
    limits.check_plan_limit(team.pk, "ai_calls")
    with pytest.raises(PlanLimitReached):
        limits.check_plan_limit(team.pk, "storage_bytes")


@pytest.mark.django_db(transaction=True)
def test_twenty_parallel_uses_at_the_edge_pass_five():
    team = create_team(limits={"storage_bytes": 5})

    def use(outcomes):
        try:
            limits.add_usage(team.pk, "storage_bytes")
            outcomes.append("counted")
        except PlanLimitReached:
            outcomes.append("refused")

    assert sorted(in_parallel(20, use)) == ["counted"] * 5 + ["refused"] * 15
    assert limits.usage_of(team_id=team.pk, key="storage_bytes") == 5


def test_meta_and_usage_show_the_plan(owner):
    limits.add_usage(owner.team_id, "crawled_pages", 7)
    shown = {item["key"]: item for item in owner.client.get("meta/").json()["plan"]}
    assert shown["crawled_pages"]["used"] == 7
    assert shown["members"]["used"] == 1
    usage = owner.client.get(f"teams/{owner.team_id}/usage/").json()["limits"]
    assert {item["key"]: item for item in usage} == shown
