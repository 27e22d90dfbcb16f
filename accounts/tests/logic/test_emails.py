"""One spelling per mailbox; addresses that only look alike are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.logic.emails import InvalidEmail, mask_email, normalise_email


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann.Lee@EXAMPLE.Com ", "ann.lee@example.com"),
        ("o'neil+tag@sub.example.co.uk", "o'neil+tag@sub.example.co.uk"),
        ("info@bücher.example", "info@xn--bcher-kva.example"),
        ("info@ＥＸＡＭＰＬＥ.com", "info@example.com"),
    ],
)
def test_spellings_of_one_mailbox_become_one(raw, canonical):
    assert normalise_email(raw) == canonical


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@example",
        "ann@@example.com",
        "a nn@example.com",
        "аnn@example.com",  # Cyrillic a
        "ａnn@example.com",  # full-width a
        "annı@example.com",  # dotless i
        "ann@example.com\nBcc: victim@example.com",
        "ann@example.com\r\n",
        "ann\x00@example.com",
        "ann\u200b@example.com",
        "ann@exa mple.com",
        "ann@-example.com",
        "ann@example..com",
        ".ann@example.com",
        "a..b@example.com",
        '"quoted"@example.com',
        "ann@[127.0.0.1]",
        f"{'a' * 65}@example.com",
        f"a@{'b' * 64}.com",
        f"a@{'.'.join(['b' * 60] * 5)}.com",
    ],
)
def test_other_text_is_no_address(raw):
    with pytest.raises(InvalidEmail):
        normalise_email(raw)


@given(st.text(max_size=80))
def test_whatever_is_accepted_is_ascii_on_one_line_and_stays_what_it_is(raw):
    try:
        canonical = normalise_email(raw)
    except InvalidEmail:
        return
    assert canonical.isascii() and canonical.isprintable() and " " not in canonical
    assert normalise_email(canonical) == canonical


def test_masked_address_does_not_give_the_mailbox_away():
    assert mask_email("ann.lee@example.com") == "a***@example.com"
