"""What the activity log stores, and its hashes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.logic.chain import REDACTED, changed_fields, entry_hash, loggable
from accounts.logic.csv_cells import neutral_cell
from accounts.logic.roles import may_assign


@pytest.mark.parametrize(
    "name",
    ["password", "api_token", "totp_secret", "client_secret", "otp", "Authorization", "session_cookie"],
)
def test_values_of_secret_looking_names_are_redacted_at_any_depth(name):
    assert loggable({"outer": [{name: "s3cret"}]}) == {"outer": [{name: REDACTED}]}


def test_only_changed_fields_are_kept_and_changed_secrets_show_as_changed():
    before = {"name": "a", "role": "MEMBER", "password": "one"}
    after = {"name": "a", "role": "ADMIN", "password": "two"}
    assert changed_fields(before, after) == (
        {"role": "MEMBER", "password": REDACTED},
        {"role": "ADMIN", "password": REDACTED},
    )


def test_one_sided_records_keep_everything():
    assert changed_fields(None, {"name": "a"}) == ({}, {"name": "a"})
    assert changed_fields({"name": "a"}, None) == ({"name": "a"}, {})


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.uuids() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_values)
def test_loggable_values_survive_json_unchanged(value):
    stored = loggable(value)
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert loggable(stored) == stored


def test_hash_depends_on_every_column_and_on_the_predecessor():
    columns = {
        "id": UUID(int=1),
        "action": "x.done",
        "at": datetime(2026, 1, 2, tzinfo=UTC),
        "after": {"a": 1},
    }
    first = entry_hash("", columns)
    assert first == entry_hash("", dict(reversed(columns.items())))
    assert first != entry_hash("0" * 64, columns)
    for name in columns:
        assert first != entry_hash("", {**columns, name: "other"}), name


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_cells_that_a_spreadsheet_would_run_are_quoted(start):
    assert neutral_cell(f"{start}cmd|' /C calc'!A0").startswith("'")


def test_other_cells_stay_as_they_are():
    assert neutral_cell("a=b") == "a=b"
    assert neutral_cell(None) == ""


@pytest.mark.parametrize(
    ("actor", "present", "wanted", "allowed"),
    [
        ("OWNER", "OWNER", "MEMBER", True),
        ("OWNER", None, "OWNER", True),
        ("ADMIN", "MEMBER", "ADMIN", True),
        ("ADMIN", "OWNER", "MEMBER", False),
        ("ADMIN", "MEMBER", "OWNER", False),
        ("ADMIN", None, "OWNER", False),
        ("MEMBER", "VIEWER", "MEMBER", True),
    ],
)
def test_nobody_handles_a_role_above_their_own(actor, present, wanted, allowed):
    assert may_assign(actor, present=present, wanted=wanted) is allowed
