"""Time-based one-time passwords (RFC 6238): 6 digits, 30-second steps, one step of drift either way."""

from __future__ import annotations

import hmac

import pyotp

STEP_SECONDS = 30
DRIFT_STEPS = 1


def matching_step(secret: str, code: str, *, now: float, last_step: int) -> int | None:
    """The time step ``code`` is right for, or None. Steps up to ``last_step`` are used up.

    ``secret`` is base32; ``now`` Unix time in seconds.
    """
    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    totp = pyotp.TOTP(secret)
    present = int(now) // STEP_SECONDS
    found = None
    # All candidates are compared whatever the first says: the time tells nothing.
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits) and step > last_step:
            found = step
    return found
