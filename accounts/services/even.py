"""Answers that take the same time whatever they found."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings


@contextmanager
def even_answer() -> Iterator[None]:
    """Leave the block no sooner than PLUGZERO_EVEN_ANSWER_SECONDS after entering it, also by an exception."""
    until = time.monotonic() + settings.PLUGZERO_EVEN_ANSWER_SECONDS
    try:
        yield
    finally:
        time.sleep(max(0.0, until - time.monotonic()))
