"""The guard: resolve a host once, judge every answer, hand out only addresses that may be connected to.

Everything that reaches the network for a user-supplied URL asks here:
:func:`~plugzero_api.kernel.http.fetch.fetch`, the crawl runner (as Scrapy's resolver) and the browser's
proxy. A caller connects to the addresses it is given and never resolves the name again, so a second,
different DNS answer has nobody to mislead.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from plugzero_api.kernel.http.addresses import AllowList, IPAddress, may_connect, parse_address, unwrap
from plugzero_api.kernel.http.errors import FetchFailed, HostNotPublic
from plugzero_api.kernel.http.urls import VettedUrl, join_url, vet_url

Resolver = Callable[[str, int], Sequence[str]]
"""(host, port) -> addresses as text. Raises ``OSError`` when the name is unknown."""

_MAX_ANSWERS = 32
_CACHE_SIZE = 4096


def system_resolver(host: str, port: int) -> list[str]:
    """Addresses from the operating system, in its order of preference."""
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


@dataclass
class Guard:
    """``allow`` holds the operator's exceptions; ``resolver`` is replaced in tests.

    ``cache_seconds`` keeps *verdicts* for a crawl that opens many connections to a few hosts. It is 0 (off)
    for single fetches. A cached verdict is still the vetted address itself, so caching opens no rebinding
    window.
    """

    allow: AllowList = field(default_factory=AllowList)
    resolver: Resolver = system_resolver
    cache_seconds: float = 0.0
    _cache: dict[tuple[str, int], tuple[float, tuple[IPAddress, ...]]] = field(
        default_factory=dict, repr=False
    )

    def vet(self, url: str) -> VettedUrl:
        """Judge the text of ``url``; see :func:`vet_url`."""
        return vet_url(url, self.allow)

    def vet_redirect(self, base: VettedUrl, location: str) -> VettedUrl:
        return join_url(base, location, self.allow)

    def addresses(self, host: str, port: int, *, timeout: float = 10.0) -> tuple[IPAddress, ...]:
        """Resolve ``host`` once and return its addresses if *every* one of them may be connected to on
        ``port``.

        One refused address in a mixed answer refuses the host: a resolver that mixes is either broken or
        hostile. Raises :class:`HostNotPublic`, or :class:`FetchFailed` when resolution takes longer than
        ``timeout`` seconds.
        """
        known = self.cached_addresses(host, port)
        if known is not None:
            return known
        answers = self._resolve(host, port, timeout)
        if not answers or not all(may_connect(host, answer, port, self.allow) for answer in answers):
            raise HostNotPublic
        # A mapped address is connected to in the form that was judged.
        vetted = tuple(dict.fromkeys(unwrap(answer)[0] for answer in answers))
        if self.cache_seconds:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[host, port] = (time.monotonic() + self.cache_seconds, vetted)
        return vetted

    def cached_addresses(self, host: str, port: int) -> tuple[IPAddress, ...] | None:
        """An earlier verdict that is still fresh, without any waiting; None if there is none."""
        cached = self._cache.get((host, port))
        return cached[1] if cached is not None and cached[0] > time.monotonic() else None

    def _resolve(self, host: str, port: int, timeout: float) -> list[IPAddress]:
        literal = parse_address(host)
        if literal is not None:
            return [literal]
        answers: list[IPAddress] = []
        for text in _resolve_within(self.resolver, host, port, timeout)[:_MAX_ANSWERS]:
            address = parse_address(text)
            if address is None:
                raise HostNotPublic
            answers.append(address)
        return answers


def _resolve_within(resolver: Resolver, host: str, port: int, timeout: float) -> Sequence[str]:
    """``getaddrinfo`` has no timeout of its own, so it runs in a thread that is left behind when it hangs."""
    outcome: queue.SimpleQueue[Sequence[str] | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            outcome.put(resolver(host, port))
        except Exception as error:
            outcome.put(error)

    threading.Thread(target=work, name="resolve", daemon=True).start()
    try:
        result = outcome.get(timeout=max(timeout, 0.001))
    except queue.Empty:
        raise FetchFailed from None
    if isinstance(result, (OSError, UnicodeError)):
        raise HostNotPublic from None
    if isinstance(result, Exception):
        raise result
    return result


def default_guard(*, cache_seconds: float = 0.0) -> Guard:
    """The guard with the operator's ``PLUGZERO_FETCH_ALLOW_HOSTS``. The one place that reads the setting."""
    from django.conf import settings

    entries: Sequence[str] = getattr(settings, "PLUGZERO_FETCH_ALLOW_HOSTS", ())
    return Guard(allow=AllowList.parse(entries), cache_seconds=cache_seconds)
