"""Run a crawl from a task: one child process, events in batches.

    for batch in crawl(CrawlRequest(start_urls=("https://example.com/",), job_dir=folder,
    page_processor=extract)):
        store(batch)

A batch is acknowledged when the loop asks for the next one. Stop iterating, crash, or be killed: calling
again with the same ``job_dir`` resumes with everything that was not acknowledged (so consumers write by
natural key, the URL). The child is a plain subprocess and not a ``multiprocessing`` one, because Celery's
prefork workers are daemonic.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import pickle
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from plugzero_api.kernel.crawl import wire
from plugzero_api.kernel.crawl.contracts import (
    CrawlEnded,
    CrawlEvent,
    CrawlRequest,
    CrawlRequestInvalid,
    CrawlStats,
    EndReason,
)
from plugzero_api.kernel.crawl.pages import extract_links
from plugzero_api.kernel.http.addresses import AllowList
from plugzero_api.kernel.processes import resident_bytes

log = logging.getLogger(__name__)

REQUEST_FILE = "request.pickle"
IDENTITY_FILE = "identity.json"
LOG_FILE = "child.log"
_POLL = 0.5
# The child sends a pulse twice per second. One page may keep it busy for its processing limit and a slow
# parse.
_STALL_SECONDS = 90.0
_STOP_SECONDS = 20.0
_MEMORY_TOLERANCE = 1.5
_LATE_SECONDS = 60.0
# What a crawl process may know of our environment: nothing that is secret and nothing that names a proxy.
_ENVIRONMENT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "VIRTUAL_ENV",
    "TMPDIR",
)


def crawl(
    request: CrawlRequest, *, should_stop: Callable[[], bool] | None = None
) -> Iterator[list[CrawlEvent]]:
    """Yield batches of events; the very last event is a :class:`CrawlEnded`.

    ``should_stop`` is asked about twice per second; when it answers True the crawl ends with what is in
    flight left in the queue. Batches that hold only a :class:`CrawlStats` are progress reports. A child
    that dies is started again ``limits.restarts`` times; after that the end's reason is ``child_died`` and
    the crawl can be resumed.

    Raises :class:`CrawlRequestInvalid` when ``job_dir`` belongs to a crawl with other start URLs or scope.
    """
    request = _prepare(request)
    restarts = request.limits.restarts
    delivered = 0
    while True:
        with contextlib.closing(_Child(request, delivered)) as child:
            yield from child.batches(should_stop)
            delivered = child.delivered
            ended = child.ended
        if ended.reason not in (EndReason.CHILD_DIED, EndReason.STALLED) or restarts <= 0:
            yield [ended]
            return
        log.warning("crawl process ended (%s), starting it again", ended.detail)
        restarts -= 1


def _prepare(request: CrawlRequest) -> CrawlRequest:
    """Settle defaults and write what the child reads."""
    from django.conf import settings

    allowed: Sequence[str] = getattr(settings, "PLUGZERO_FETCH_ALLOW_HOSTS", ())
    request = replace(
        request,
        allow_hosts=(*request.allow_hosts, *allowed),
        link_extractor=request.link_extractor or extract_links,
        job_dir=request.job_dir.resolve(),
    )
    try:
        AllowList.parse(request.allow_hosts)
    except ValueError as error:
        raise CrawlRequestInvalid(str(error)) from None
    request.job_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    scope = request.scope
    identity = hashlib.sha256(
        json.dumps([sorted(request.start_urls), scope.mode, scope.include, scope.exclude]).encode()
    ).hexdigest()
    identity_file = request.job_dir / IDENTITY_FILE
    if identity_file.exists():
        if json.loads(identity_file.read_text())["identity"] != identity:
            raise CrawlRequestInvalid("This crawl was started with other start URLs or another scope.")
    else:
        identity_file.write_text(json.dumps({"identity": identity}))
    for function in (request.link_extractor, request.page_processor, request.resolver):
        if getattr(function, "__module__", None) == "__main__":
            raise CrawlRequestInvalid("Extractors must live in a module that the crawl process can import.")
    try:
        data = pickle.dumps(request)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise CrawlRequestInvalid(f"Extractors must be module-level functions: {error}") from None
    (request.job_dir / REQUEST_FILE).write_bytes(data)
    return request


class _Child:
    """One life of the crawl process."""

    def __init__(self, request: CrawlRequest, delivered: int) -> None:
        self.delivered = delivered
        self.ended = CrawlEnded(EndReason.CHILD_DIED, complete=False, resumable=True)
        self._limits = request.limits
        self._last_stats = CrawlStats()
        self._started = time.monotonic()
        self._stop_sent: float | None = None
        self._log_path = request.job_dir / LOG_FILE
        self._log = self._log_path.open("ab")
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path or str(Path.cwd()) for path in sys.path)
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        # jemalloc-like behaviour from glibc: return freed page trees to the system, one arena is enough
        environment["MALLOC_ARENA_MAX"] = "2"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "plugzero_api.kernel.crawl.child", str(request.job_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            cwd=request.job_dir,
            start_new_session=True,
        )
        self._reader = wire.FrameReader()

    def batches(self, should_stop: Callable[[], bool] | None) -> Iterator[list[CrawlEvent]]:
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        heard = time.monotonic()
        while True:
            readable, _, _ = select.select([descriptor], [], [], _POLL)
            if readable:
                data = os.read(descriptor, 1 << 18)
                if not data:
                    self._died()
                    return
                heard = time.monotonic()
                try:
                    for kind, sequence, payload in self._reader.feed(data):
                        events = wire.decode_events(payload)
                        if kind == wire.ENDED:
                            (self.ended,) = events  # type: ignore[assignment]
                            return
                        if kind == wire.PULSE:
                            (self._last_stats,) = events  # type: ignore[assignment]
                            yield events
                        elif sequence > self.delivered:
                            yield events
                            self.delivered = sequence
                            self._command(wire.ACK, sequence)
                        else:
                            self._command(wire.ACK, sequence)
                        heard = time.monotonic()  # the consumer's own time is not the child's silence
                except wire.WireError as error:
                    self._kill(EndReason.CHILD_DIED, f"unreadable frame: {error}")
                    return
            if should_stop is not None and self._stop_sent is None and should_stop():
                self._stop_sent = time.monotonic()
                self._command(wire.STOP, 0)
            if self._overdue(heard):
                return

    def _overdue(self, heard: float) -> bool:
        """Kill a child that does not keep its own limits."""
        now = time.monotonic()
        if now - heard > _STALL_SECONDS:
            self._kill(EndReason.STALLED, "no sign of life")
        elif self._stop_sent is not None and now - self._stop_sent > _STOP_SECONDS:
            self._kill(EndReason.CANCELLED, "did not stop in time")
        elif now - self._started > self._limits.max_seconds + _LATE_SECONDS:
            self._kill(EndReason.STALLED, "did not keep the time limit")
        elif resident_bytes(self._process.pid) > self._limits.max_memory_bytes * _MEMORY_TOLERANCE:
            self._kill(EndReason.CHILD_DIED, "memory limit exceeded")
        else:
            return False
        return True

    def _command(self, kind: int, sequence: int) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a child that is gone is noticed by its output
            self._process.stdin.write(wire.frame(kind, sequence, b""))
            self._process.stdin.flush()

    def _died(self) -> None:
        code = self._process.wait()
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}: {self._last_words()}"
        self.ended = replace(self.ended, detail=how, stats=self._last_stats)

    def _last_words(self) -> str:
        lines = self._log_path.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""

    def _kill(self, reason: EndReason, detail: str) -> None:
        self._process.kill()
        self._process.wait()
        self.ended = replace(self.ended, reason=reason, detail=detail, stats=self._last_stats)

    def close(self) -> None:
        """End the child if it still runs: it sees its input end, or is killed."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
