"""RFC 6238 appendix B (SHA-1), truncated to six digits."""

from __future__ import annotations

import base64

import pytest

from accounts.logic.totp import matching_step

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("now", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_published_values_match_their_step(now, code):
    assert matching_step(SECRET, code, now=now, last_step=0) == now // 30


@pytest.mark.parametrize(
    ("drift", "accepted"), [(-61, False), (-30, True), (0, True), (30, True), (60, False)]
)
def test_one_step_of_drift_either_way(drift, accepted):
    # 1111111111 lies in the middle of step 37037037 (it began at ...110).
    found = matching_step(SECRET, "050471", now=1111111110 + drift, last_step=0)
    assert (found == 37037037) is accepted


def test_a_used_step_matches_no_more():
    assert matching_step(SECRET, "050471", now=1111111111, last_step=37037037) is None
    assert matching_step(SECRET, "050471", now=1111111111, last_step=37037036) == 37037037


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "٠٥٠٤٧١", "050471x", "-50471"])
def test_other_text_is_no_code(code):
    assert matching_step(SECRET, code, now=1111111111, last_step=0) is None
