"""When a host may be asked again, and what it forbids. Pure: time is passed in."""

from __future__ import annotations

import email.utils
from dataclasses import dataclass, field
from typing import Any

from protego import Protego

from plugzero_api.kernel.crawl.contracts import Politeness

MAX_ROBOTS_BYTES = 512_000  # RFC 9309 asks for at least 500 KiB
_FIRST_BACKOFF = 1.0
_MAX_BACKOFF = 60.0
_MAX_FIRST_CONTACT = 2.0
_OUTAGE_URLS = 3

# Answers that say "later": worth another attempt after a pause.
BUSY_STATUSES = frozenset({429, 503})
# Answers that may be accidents: one more attempt, no pause for the whole host.
FAULTY_STATUSES = frozenset({408, 500, 502, 504, 520, 521, 522, 523, 524})


@dataclass(slots=True)
class HostState:
    """How one host has treated us. ``busy`` and ``answered`` are reported by the crawl, in order."""

    politeness: Politeness
    answered_once: bool = False
    not_before: float = 0.0
    trouble_since: float | None = None
    _level: int = 0
    _refused: set[str] = field(default_factory=set)

    def answered(self) -> None:
        """A usable answer came: the slate is clean."""
        self.answered_once = True
        self.trouble_since = None
        self._refused.clear()
        self._level = 0

    def busy(self, url: str, now: float, retry_after: float | None, *, silent: bool = False) -> None:
        """The host asked for a pause, or did not answer (``silent``). Pauses double, a Retry-After is kept when
        longer. A host that never answered anything is most likely not there: its pauses stay short."""
        if self.trouble_since is None:
            self.trouble_since = now
        self._refused.add(url)
        if now < self.not_before:
            return  # a sibling request in flight was told the same
        pause = min(_FIRST_BACKOFF * 2**self._level, _MAX_BACKOFF)
        if silent and not self.answered_once:
            pause = min(pause, _MAX_FIRST_CONTACT)
        self._level += 1
        if retry_after is not None:
            pause = max(pause, min(retry_after, self.politeness.max_retry_after))
        self.not_before = now + pause

    @property
    def down(self) -> bool:
        """A host that used to answer now refuses several URLs in a row: an outage, not a bad page."""
        return self.answered_once and len(self._refused) >= _OUTAGE_URLS

    def exhausted(self, now: float) -> bool:
        """The host has refused everything for longer than our patience."""
        return self.trouble_since is not None and now - self.trouble_since > self.politeness.patience

    def may_retry(self, attempts: int, now: float) -> bool:
        """Attempts per URL are limited, except while the host is down as a whole."""
        if attempts < self.politeness.max_attempts:
            return True
        return self.down and not self.exhausted(now)


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date); None if absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdecimal():
        return float(int(text[:9]))
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, moment.timestamp() - now)


@dataclass(frozen=True, slots=True)
class RobotsRules:
    """What robots.txt tells us (RFC 9309): a missing file allows all, a failing server forbids all."""

    token: str
    parser: Any = None
    forbid_all: bool = False

    @classmethod
    def from_answer(cls, token: str, status: int, body: bytes) -> RobotsRules:
        if 200 <= status < 300:
            return cls(token, Protego.parse(body[:MAX_ROBOTS_BYTES].decode("utf-8-sig", "replace")))
        # 429 is a 4xx, but it says "not now", not "no rules".
        return cls(token, forbid_all=status >= 500 or status == 429)

    def allows(self, url: str) -> bool:
        if self.forbid_all:
            return False
        return self.parser is None or bool(self.parser.can_fetch(url, self.token))

    @property
    def crawl_delay(self) -> float | None:
        if self.parser is None:
            return None
        delay = self.parser.crawl_delay(self.token)
        return None if delay is None else max(0.0, float(delay))

    @property
    def sitemaps(self) -> tuple[str, ...]:
        return () if self.parser is None else tuple(self.parser.sitemaps)[:100]
