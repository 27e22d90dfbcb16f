"""Set-up shared by accounts' tests."""

from __future__ import annotations

import re

import pytest
from django.core import mail

from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tasks.runtime import execute


@pytest.fixture(autouse=True)
def _fast_answers(settings):
    """Answers of even length have tests of their own; elsewhere they would only be slow."""
    settings.PLUGZERO_EVEN_ANSWER_SECONDS = 0


@pytest.fixture
def delivered():
    """Run the mail tasks that wait and return the mails sent since the last call."""

    def run():
        before = len(mail.outbox)
        for pk in TaskRun._base_manager.filter(kind="accounts.send_mail", state="PENDING").values_list(
            "pk", flat=True
        ):
            execute(pk)
        return mail.outbox[before:]

    return run


@pytest.fixture
def token_in():
    """The one-time token of the link in a mail."""

    def find(message):
        return re.search(r"#token=([\w-]+)", message.body)[1]

    return find
