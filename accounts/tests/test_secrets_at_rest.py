"""Encrypted columns and their key rotation; the permission document."""

from __future__ import annotations

import base64
import hashlib
import io

import pytest
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import OutgoingMail, TotpDevice
from accounts.services.mail import send_mail
from accounts.tests.endpoint_cases import with_totp
from accounts.tests.factories import create_user

pytestmark = pytest.mark.django_db


def key(name):
    return base64.urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode()


def test_rotation_puts_every_secret_under_the_newest_key(settings):
    settings.PLUGZERO_FIELD_KEYS = [key("old")]
    secret = with_totp(create_user())
    send_mail(to="a@example.com", template="security_notice", what="note")
    settings.PLUGZERO_FIELD_KEYS = [key("new"), key("old")]
    assert TotpDevice.objects.get().secret == secret
    call_command("rotate_field_keys", stdout=io.StringIO())
    settings.PLUGZERO_FIELD_KEYS = [key("new")]
    assert TotpDevice.objects.get().secret == secret
    assert "note" in OutgoingMail.objects.get().content
    settings.PLUGZERO_FIELD_KEYS = [key("old")]
    with pytest.raises(InvalidToken):
        TotpDevice.objects.get()


def test_ciphertext_is_all_a_dump_shows():
    secret = with_totp(create_user())
    send_mail(to="a@example.com", template="security_notice", what="unmistakable text")
    dumped = ""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            dumped += str(cursor.fetchall())
    assert secret not in dumped
    assert "unmistakable text" not in dumped


def test_permission_document_is_up_to_date():
    call_command("write_permissions", "--check")


def test_permission_document_check_notices_drift(tmp_path, monkeypatch):
    from accounts.management.commands import write_permissions

    monkeypatch.setattr(write_permissions, "PATH", tmp_path / "permissions.md")
    with pytest.raises(CommandError, match="out of date"):
        call_command("write_permissions", "--check")
