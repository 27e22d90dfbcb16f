"""The crawl's memory on disk: queue, seen set and events that the parent has not acknowledged.

One SQLite file per job, owned by the crawl process. A commit takes finished URLs, new URLs and their events
together, so after a kill nothing that was reported is fetched again and nothing fetched goes unreported;
what was in flight since the last commit (at most half a second) is fetched again. Queue order is breadth
first.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_REFILL = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS url (
    id INTEGER PRIMARY KEY, url TEXT NOT NULL, depth INTEGER NOT NULL, state INTEGER NOT NULL,
    referrer TEXT, chain TEXT, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS url_queue ON url (depth, id) WHERE state = 0;
CREATE TABLE IF NOT EXISTS spool (sequence INTEGER PRIMARY KEY, payload BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


@dataclass(slots=True, eq=False)
class QueuedUrl:
    id: int
    url: str
    depth: int
    referrer: str | None
    chain: tuple[tuple[str, int], ...] = ()
    attempts: int = 0


def _fingerprint(url: str) -> int:
    """64 bits: with a million URLs a collision (a page missed) has a chance of 1 in 37 million."""
    return int.from_bytes(hashlib.blake2b(url.encode(), digest_size=8).digest(), "big")


class Frontier:
    def __init__(self, path: Path, *, max_queued: int) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("PRAGMA cache_size=-4096")
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN IMMEDIATE")
        self._max = max_queued
        self._new: list[tuple[int, str, int, str | None, str | None]] = []
        self._done: list[tuple[int, int]] = []
        self._ready: deque[QueuedUrl] = deque()
        self._retry: deque[QueuedUrl] = deque()
        self._held: set[int] = set()  # ids in _ready, _retry or in flight
        self._seen = {_fingerprint(url) for (url,) in self._db.execute("SELECT url FROM url")}
        self._next_id = (self._db.execute("SELECT max(id) FROM url").fetchone()[0] or 0) + 1
        self._sequence = self._db.execute("SELECT max(sequence) FROM spool").fetchone()[0] or 0
        self._sequence = max(self._sequence, int(self.get("sequence", 0)))
        self._queued: int = self._db.execute("SELECT count(*) FROM url WHERE state = 0").fetchone()[0]

    # -- queue
    # -------------------------------------------------------------------------------------------------

    @property
    def queued(self) -> int:
        """URLs not finished, those in flight included."""
        return self._queued

    @property
    def full(self) -> bool:
        return len(self._seen) >= self._max

    def is_new(self, url: str) -> bool:
        return _fingerprint(url) not in self._seen

    def remember(self, url: str) -> bool:
        """Mark ``url`` as seen for this run without queueing it. True if it was new."""
        key = _fingerprint(url)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def add(
        self, url: str, depth: int, referrer: str | None = None, chain: tuple[tuple[str, int], ...] = ()
    ) -> bool:
        """Queue ``url`` unless it was seen before. Returns whether it was queued."""
        if self.full or not self.remember(url):
            return False
        self._new.append((self._next_id, url, depth, referrer, json.dumps(chain) if chain else None))
        self._next_id += 1
        self._queued += 1
        return True

    def next(self) -> QueuedUrl | None:
        """The next URL, shallowest first; URLs waiting for another attempt come before all."""
        if self._retry:
            return self._retry.popleft()
        if not self._ready:
            self._refill()
        return self._ready.popleft() if self._ready else None

    def finish(self, item: QueuedUrl) -> None:
        self._held.discard(item.id)
        self._done.append((item.attempts, item.id))
        self._queued -= 1

    def retry(self, item: QueuedUrl) -> None:
        """Put ``item`` back to the front of the queue."""
        self._retry.append(item)

    def release(self, item: QueuedUrl) -> None:
        """Forget that ``item`` was handed out; it stays queued for a later run."""
        self._held.discard(item.id)

    def urls(self) -> Iterator[str]:
        """All URLs in order of discovery, to rebuild what is derived from them."""
        for (url,) in self._db.execute("SELECT url FROM url ORDER BY id"):
            yield url

    def _refill(self) -> None:
        self._write()
        rows = self._db.execute(
            "SELECT id, url, depth, referrer, chain, attempts FROM url WHERE state = 0 ORDER BY depth, id LIMIT ?",
            (_REFILL + len(self._held),),
        )
        for row_id, url, depth, referrer, chain, attempts in rows:
            if row_id not in self._held:
                self._held.add(row_id)
                pairs = tuple((hop, status) for hop, status in json.loads(chain)) if chain else ()
                self._ready.append(QueuedUrl(row_id, url, depth, referrer, pairs, attempts))

    # -- events
    # ------------------------------------------------------------------------------------------------

    def commit(self, payload: bytes | None = None) -> int:
        """Make everything so far durable, with ``payload`` (a batch of events) if given. Returns its
        number."""
        self._write()
        if payload is not None:
            self._sequence += 1
            self._db.execute("INSERT INTO spool VALUES (?, ?)", (self._sequence, payload))
            self.set("sequence", self._sequence)
        self._db.execute("COMMIT")
        self._db.execute("BEGIN IMMEDIATE")
        return self._sequence

    def acknowledge(self, sequence: int) -> None:
        self._db.execute("DELETE FROM spool WHERE sequence <= ?", (sequence,))

    def spooled(self) -> list[int]:
        """Numbers of the batches that were not acknowledged, oldest first."""
        return [row[0] for row in self._db.execute("SELECT sequence FROM spool ORDER BY sequence")]

    def payload(self, sequence: int) -> bytes:
        row = self._db.execute("SELECT payload FROM spool WHERE sequence = ?", (sequence,)).fetchone()
        return bytes(row[0])

    # -- facts about the run
    # -----------------------------------------------------------------------------------

    def get(self, key: str, default: Any = None) -> Any:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return default if row is None else json.loads(row[0])

    def set(self, key: str, value: Any) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def close(self) -> None:
        self._write()
        self._db.execute("COMMIT")
        self._db.close()

    def _write(self) -> None:
        if self._new:
            self._db.executemany(
                "INSERT INTO url (id, url, depth, state, referrer, chain) VALUES (?, ?, ?, 0, ?, ?)",
                self._new,
            )
            self._new.clear()
        if self._done:
            self._db.executemany("UPDATE url SET state = 1, attempts = ? WHERE id = ?", self._done)
            self._done.clear()
