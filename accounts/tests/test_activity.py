"""The log grows and nothing else; its chain shows what was done to it behind the application's back."""

from __future__ import annotations

import csv
import io
import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from accounts import append_only
from accounts.models import ActivityChain, ActivityLog
from accounts.services.activity import NIL, record_activity, verify_activity_log
from accounts.tests.factories import create_team, create_user
from plugzero_api.kernel.ids import uuid7

pytestmark = pytest.mark.django_db


def write(team_id, count=3, **more):
    for number in range(count):
        record_activity(
            actor=None, team_id=team_id, action="thing.done", object_type="thing", object_id=number, **more
        )


def faults(team_id):
    return [fault.what for fault in verify_activity_log(chain_id=team_id)]


@pytest.fixture
def unguarded():
    """Somebody with more power than the application: the triggers are off."""
    append_only.remove(connection)
    yield
    append_only.install(connection)


def test_an_untouched_log_verifies():
    team = uuid7()
    write(
        team,
        after={"number": 1.5, "big": 10**30, "text": "ünï\x00\u2028", "list": [1, None, True, {"a": 1e16}]},
    )
    assert faults(team) == []
    call_command("verify_activity_log", stdout=io.StringIO())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows.filter(sequence=2).update(action="other"), "was changed after it was written"),
        (lambda rows: rows.filter(sequence=2).update(after={"x": 1}), "was changed after it was written"),
        (lambda rows: rows.filter(sequence=2).update(actor_id=uuid7()), "was changed after it was written"),
        (
            lambda rows: rows.filter(sequence=2).update(ip_address="1.2.3.4"),
            "was changed after it was written",
        ),
        (lambda rows: rows.filter(sequence=2).delete(), "entries 2 to 2 are missing"),
        (lambda rows: rows.filter(sequence=1).delete(), "entries 1 to 1 are missing"),
        (lambda rows: rows.filter(sequence=3).delete(), "entries 3 to 3 are missing"),
        (lambda rows: rows.delete(), "entries 1 to 3 are missing"),
    ],
)
def test_changed_and_removed_entries_are_found(unguarded, change, what):
    team = uuid7()
    write(team)
    change(ActivityLog._base_manager.filter(chain_id=team))
    assert what in faults(team)
    with pytest.raises(CommandError):
        call_command("verify_activity_log", stdout=io.StringIO())


def test_an_entry_rewritten_with_a_fitting_hash_breaks_the_next_link(unguarded):
    from accounts.services.activity import hash_of

    team = uuid7()
    write(team)
    entry = ActivityLog._base_manager.get(chain_id=team, sequence=2)
    entry.action = "other"
    ActivityLog._base_manager.filter(pk=entry.pk).update(action="other", hash=hash_of(entry))
    assert faults(team) == ["does not follow the entry before it"]


def test_entries_without_a_chain_are_found(unguarded):
    team = uuid7()
    write(team, 1)
    ActivityChain.objects.filter(pk=team).delete()
    assert "entries without a chain head" in [fault.what for fault in verify_activity_log()]


@pytest.mark.parametrize("statement", ["UPDATE {t} SET action = 'x'", "DELETE FROM {t}"])
def test_the_database_refuses_changes_and_removals(statement):
    write(uuid7(), 1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format(t=append_only.TABLE))
    assert ActivityLog._base_manager.count() == 1


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="SQLite has no TRUNCATE")
def test_the_database_refuses_to_truncate():
    write(uuid7(), 1)
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {append_only.TABLE}")


def test_entry_shares_the_fate_of_its_action():
    team = uuid7()
    with pytest.raises(RuntimeError), transaction.atomic():
        write(team, 1)
        raise RuntimeError
    assert not ActivityLog._base_manager.filter(chain_id=team).exists()


def test_who_where_and_which_request_are_on_record_without_secrets_or_addresses(owner):
    answer = owner.client.patch(f"teams/{owner.team_id}/", {"name": "New"}, HTTP_X_REQUEST_ID="request-1234")
    assert answer.status_code == 200
    entry = ActivityLog._base_manager.get(team_id=owner.team_id)
    assert (entry.actor_id, entry.ip_address, entry.request_id) == (
        owner.user_id,
        "127.0.0.1",
        "request-1234",
    )
    assert (entry.before, entry.after) == ({"name": "Team A"}, {"name": "New"})
    invitation = {"email": "guest@example.com", "role": "VIEWER"}
    owner.client.post(f"teams/{owner.team_id}/invitations/", invitation)
    told = ActivityLog._base_manager.get(action="invitation.sent")
    assert told.object_label == "g***@example.com"
    record_activity(actor=None, team_id=None, action="x.y", after={"password": "s3cret", "name": "a\nb"})
    assert "s3cret" not in str(ActivityLog._base_manager.get(chain_id=NIL).after)


def test_origin_of_one_request_is_not_taken_for_another(owner):
    owner.client.get("me/")
    record_activity(actor=None, team_id=owner.team_id, action="system.acted")
    assert ActivityLog._base_manager.get(action="system.acted").ip_address == ""


def test_feed_filters_and_names_actors(owner, act_as, stranger):
    admin = act_as("ADMIN")
    owner.client.patch(f"teams/{owner.team_id}/", {"name": "One"})
    admin.client.patch(f"teams/{owner.team_id}/", {"name": "Two"})
    record_activity(actor=stranger.user_id, team_id=stranger.team_id, action="team.changed")
    path = f"teams/{owner.team_id}/activity/"
    rows = owner.client.get(path).json()["results"]
    assert [row["after"]["name"] for row in rows] == ["Two", "One"]
    assert rows[0]["actor"] == {"kind": "user", "id": str(admin.user_id), "name": "Test Person"}
    assert owner.client.get(f"{path}?actor_id={owner.user_id}").json()["count"] == 1
    assert owner.client.get(f"{path}?action=team.changed").json()["count"] == 2
    assert owner.client.get(f"{path}?until=2001-01-01T00:00:00Z").json()["count"] == 0
    assert owner.client.get(f"{path}?since=yesterday").status_code == 400
    assert owner.client.get(f"{path}?actor_id=me").status_code == 400


def test_export_is_filtered_neutralised_and_itself_on_record(owner):
    record_activity(
        actor=owner.user_id, team_id=owner.team_id, action="thing.done", object_label="=1+1", after={"a": "b"}
    )
    record_activity(actor=owner.user_id, team_id=owner.team_id, action="other.done")
    answer = owner.client.get(f"teams/{owner.team_id}/activity/export/?action=thing.done")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(line["action"], line["object_label"]) for line in lines] == [("thing.done", "'=1+1")]
    assert answer["Content-Disposition"].startswith("attachment")
    assert ActivityLog._base_manager.filter(action="activity.exported").count() == 1


def test_a_user_who_is_gone_stays_in_the_log_by_id_only(owner, act_as):
    admin = act_as("ADMIN")
    admin.client.patch(f"teams/{owner.team_id}/", {"name": "One"})
    assert admin.client.delete("me/").status_code == 204
    row = owner.client.get(f"teams/{owner.team_id}/activity/?action=team.changed").json()["results"][0]
    assert row["actor"] == {"kind": "user", "id": str(admin.user_id), "name": ""}
    assert faults(owner.team_id) == []


@pytest.mark.django_db(transaction=True)
def test_parallel_writers_make_one_unbroken_chain():
    team, user = create_team(), create_user()
    start = threading.Barrier(6)

    def run():
        start.wait()
        for _ in range(5):
            with transaction.atomic():
                record_activity(actor=user.pk, team_id=team.pk, action="thing.done")
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = list(
        ActivityLog._base_manager.filter(chain_id=team.pk)
        .order_by("sequence")
        .values_list("sequence", flat=True)
    )
    assert sequences == list(range(1, 31))
    assert faults(team.pk) == []
