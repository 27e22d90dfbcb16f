"""Small parts everything stands on: secrets, counters, logs, ids, settings."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection
from django.test import RequestFactory

from plugzero_api.kernel import counters, fields, logs
from plugzero_api.kernel.api.throttling import client_address, limit
from plugzero_api.kernel.errors import RateLimited
from plugzero_api.kernel.ids import uuid7

ROOT = Path(__file__).resolve().parents[3]


def test_ids_grow_with_time_and_are_version_seven() -> None:
    made = [uuid7() for _ in range(100)]
    assert {value.version for value in made} == {7}
    assert [value.int >> 80 for value in made] == sorted(value.int >> 80 for value in made)
    assert len(set(made)) == 100


def test_a_secret_survives_key_rotation_and_not_the_loss_of_its_key(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.PLUGZERO_FIELD_KEYS = [old]
    token = fields.encrypt("seed")
    settings.PLUGZERO_FIELD_KEYS = [new, old]
    rotated = fields.rotate(token)
    settings.PLUGZERO_FIELD_KEYS = [new]
    assert fields.decrypt(rotated) == "seed"
    with pytest.raises(InvalidToken):
        fields.decrypt(token)


@pytest.mark.django_db(transaction=True)
def test_parallel_counts_are_all_counted() -> None:
    def count(_: int) -> int:
        try:
            return counters.raise_counter("parallel", window=60).value
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        values = list(pool.map(count, range(40)))
    assert sorted(values) == list(range(1, 41))


def test_a_counter_starts_anew_after_its_window(db: None) -> None:
    assert counters.raise_counter("window", window=-1).value == 1
    assert counters.raise_counter("window", window=60).value == 1
    assert counters.raise_counter("window", window=60).value == 2
    assert counters.read_counter("window") == 2


def test_a_limit_says_when_to_come_back(db: None) -> None:
    limit("test", "key", rate=1, window=60)
    with pytest.raises(RateLimited) as refused:
        limit("test", "key", rate=1, window=60)
    assert 0 < (refused.value.retry_after or 0) <= 60


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "", "203.0.113.9"),
        (0, "198.51.100.1", "203.0.113.9"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (2, "198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "203.0.113.9"),
        (1, "garbage", "unknown"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ],
)
def test_forwarded_addresses_count_only_as_far_as_our_proxies(
    settings: Any, proxies: int, forwarded: str, expected: str
) -> None:
    settings.PLUGZERO_TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == expected


def formatted(message: str, **fields_: Any) -> dict[str, Any]:
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, None, None)
    record.fields = fields_
    result: dict[str, Any] = json.loads(logs.JsonFormatter().format(record))
    return result


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "Bearer abcdef",
        "ada@example.com",
        "postgres://user:pass@host/db",
    ],
)
def test_secrets_are_redacted_wherever_they_stand(secret: str) -> None:
    entry = formatted(f"value {secret}", note=secret, nested={"deep": [secret]})
    assert secret not in json.dumps(entry)


def test_fields_with_secret_names_are_redacted_and_newlines_cannot_forge_a_line() -> None:
    entry = formatted("a\nb", password="x", api_key="y", count=3)
    assert (entry["password"], entry["api_key"], entry["count"]) == ("[redacted]", "[redacted]", 3)
    record = logging.LogRecord("x", logging.INFO, "f", 1, "a\nlevel=critical", None, None)
    assert "\n" not in logs.JsonFormatter().format(record)


GOOD = "Xk3" + "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@pytest.mark.parametrize(
    ("env", "complaint"),
    [
        ({}, "SECRET_KEY must be set"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is a default or too short"),
        (
            {"SECRET_KEY": GOOD, "JWT_SIGNING_KEY": GOOD[::-1], "PLUGZERO_FIELD_KEYS": GOOD},
            "ALLOWED_HOSTS must be set",
        ),
        (
            {
                "SECRET_KEY": GOOD,
                "JWT_SIGNING_KEY": GOOD[::-1],
                "PLUGZERO_FIELD_KEYS": GOOD,
                "ALLOWED_HOSTS": "*",
            },
            "'*' is refused",
        ),
        (
            {"SECRET_KEY": GOOD, "JWT_SIGNING_KEY": GOOD, "ALLOWED_HOSTS": "a.example"},
            "must not contain SECRET_KEY",
        ),
        ({"DEBUG": "1"}, "DEBUG must be off"),
    ],
)
def test_production_refuses_to_start_unsafely(tmp_path: Path, env: dict[str, str], complaint: str) -> None:
    clean = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "LANG"}}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import django, os; os.environ['DJANGO_SETTINGS_MODULE'] = 'plugzero_api.settings'; django.setup()",
        ],
        cwd=ROOT,
        env={**clean, "PLUGZERO_ENVIRONMENT": "production", "PLUGZERO_RUN_DIR": str(tmp_path), **env},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert complaint in done.stderr
