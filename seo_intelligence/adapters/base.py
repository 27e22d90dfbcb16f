"""What every provider of keyword data offers, and what it costs.

A provider says what it can do (`Capability`), answers with series that carry their unit, scale and
provenance, and asks the `Ledger` before each paid or limited call. Network access is injected as a
`Transport`, so that the only way out stays the platform's guarded fetch. A look-up that breaks raises
`ProviderError`; a look-up that works and finds nothing answers with `not_found` points. The two are never
mixed up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple, Protocol

from seo_intelligence.logic.keywords.countries import is_country
from seo_intelligence.logic.trends.series import Series


class Capability(StrEnum):
    """What a provider can be asked for."""

    RANK = "rank"
    VOLUME = "volume"
    INTEREST = "interest"
    IDEAS = "ideas"


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """A keyword in a market. `country` is ISO 3166-1 alpha-2 or "" for worldwide, `language` a BCP 47 tag."""

    text: str
    country: str = ""
    language: str = "en"
    device: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise ValueError("a keyword cannot be blank")
        if self.country and not is_country(self.country):
            raise ValueError(f"{self.country!r} is not a country code")
        if self.device not in {"", "desktop", "mobile", "tablet"}:
            raise ValueError(f"{self.device!r} is not a device")


@dataclass(frozen=True, slots=True)
class KeywordIdea:
    """A related keyword with its demand, in `unit`, as the provider tells it (None when it does not)."""

    text: str
    demand: float | None
    unit: str
    provider: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Series found, the calls made and the money spent on them (`currency` of the provider)."""

    series: tuple[Series, ...]
    calls: int
    cost: Decimal = Decimal(0)


class ProviderError(Exception):
    """A look-up failed. `code` is stable, `retry_after` (seconds) is set when waiting helps.

    Codes: `unauthorised`, `forbidden`, `quota_exhausted`, `rate_limited`, `payment_required`,
    `invalid_request`, `unavailable`, `bad_answer`.
    """

    def __init__(self, provider: str, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.provider = provider
        self.code = code
        self.retry_after = retry_after


class CapabilityMissing(Exception):
    """The provider cannot answer this kind of question."""


class HttpResponse(NamedTuple):
    """An answer to a provider request: header names in lower case, decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportError(Exception):
    """No HTTP answer was obtained (name resolution, connection, time-out, blocked address, too large)."""


class Transport(Protocol):
    """Sends one request. Raises `TransportError`; every HTTP status is a result."""

    def __call__(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None
    ) -> HttpResponse: ...


class LedgerEntry(NamedTuple):
    """One charge: what was called how often and what it cost."""

    provider: str
    operation: str
    calls: int
    cost: Decimal
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """Caps of one provider: calls a day (UTC) and cost a calendar month; None is without limit."""

    calls_per_day: int | None = None
    cost_per_month: Decimal | None = None


class Ledger(Protocol):
    """Where calls and costs are counted. Implementations must be safe for use by several workers."""

    def reserve(self, provider: str, operation: str, calls: int, estimate: Decimal) -> None:
        """Refuse with `ProviderError("quota_exhausted")` when the caps do not allow these calls."""
        ...

    def record(self, provider: str, operation: str, calls: int, cost: Decimal) -> None:
        """Book calls that were made."""
        ...


@dataclass(slots=True)
class MemoryLedger:
    """A ledger for one process: command-line use and tests."""

    limits: Mapping[str, QuotaLimits]
    now: Callable[[], dt.datetime]
    entries: list[LedgerEntry] = field(default_factory=list)

    def reserve(self, provider: str, operation: str, calls: int, estimate: Decimal) -> None:
        """See `Ledger.reserve`."""
        now = self.now()
        own = [e for e in self.entries if e.provider == provider]
        check_quota(
            provider,
            self.limits.get(provider, QuotaLimits()),
            calls_today=sum(e.calls for e in own if e.at.date() == now.date()),
            cost_this_month=sum(
                (e.cost for e in own if (e.at.year, e.at.month) == (now.year, now.month)), Decimal(0)
            ),
            calls=calls,
            estimate=estimate,
            now=now,
        )

    def record(self, provider: str, operation: str, calls: int, cost: Decimal) -> None:
        """See `Ledger.record`."""
        self.entries.append(LedgerEntry(provider, operation, calls, cost, self.now()))


def check_quota(
    provider: str,
    limits: QuotaLimits,
    *,
    calls_today: int,
    cost_this_month: Decimal,
    calls: int,
    estimate: Decimal,
    now: dt.datetime,
) -> None:
    """Raise `ProviderError("quota_exhausted")` when `calls` more, costing `estimate`, would pass a cap."""
    if limits.calls_per_day is not None and calls_today + calls > limits.calls_per_day:
        midnight = (now + dt.timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        raise ProviderError(
            provider,
            "quota_exhausted",
            f"The daily limit of {limits.calls_per_day} calls is used up.",
            retry_after=(midnight - now).total_seconds(),
        )
    if limits.cost_per_month is not None and cost_this_month + estimate > limits.cost_per_month:
        raise ProviderError(
            provider, "quota_exhausted", f"The monthly budget of {limits.cost_per_month} is used up."
        )


@dataclass(slots=True)
class ProviderContext:
    """What a provider is given to work with. `now` returns aware UTC time."""

    transport: Transport
    ledger: Ledger
    now: Callable[[], dt.datetime]
    credentials: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None


class Provider:
    """Base of the providers: declares capabilities and refuses what is not among them.

    Class attributes: `name` (stable identifier), `label`, `capabilities`, `credential_fields` (names of the
    secrets it needs, empty when none), `default_url`, `default_limits`, `note` (a caveat to show beside its
    numbers).
    """

    name: ClassVar[str]
    label: ClassVar[str]
    capabilities: ClassVar[frozenset[Capability]]
    credential_fields: ClassVar[tuple[str, ...]] = ()
    default_url: ClassVar[str]
    default_limits: ClassVar[QuotaLimits] = QuotaLimits()
    currency: ClassVar[str] = "USD"
    note: ClassVar[str] = ""

    def __init__(self, context: ProviderContext) -> None:
        missing = [f for f in self.credential_fields if not context.credentials.get(f)]
        if missing:
            raise ProviderError(self.name, "unauthorised", f"Missing credentials: {', '.join(missing)}.")
        self.context = context
        self.url = (context.base_url or self.default_url).rstrip("/")

    def rank(self, queries: Sequence[KeywordQuery], site: str, start: dt.date, end: dt.date) -> Answer:
        """Positions of `site` for each query (metric rank, and impressions and clicks where measured)."""
        raise CapabilityMissing(f"{self.label} has no ranks.")

    def volume(self, queries: Sequence[KeywordQuery]) -> Answer:
        """Search volume of each query over time."""
        raise CapabilityMissing(f"{self.label} has no search volumes.")

    def interest(self, queries: Sequence[KeywordQuery], start: dt.date, end: dt.date) -> Answer:
        """Interest in each query over time, on the provider's own scale."""
        raise CapabilityMissing(f"{self.label} has no interest over time.")

    def ideas(self, query: KeywordQuery, limit: int) -> list[KeywordIdea]:
        """Keywords related to one query, most wanted first."""
        raise CapabilityMissing(f"{self.label} has no keyword ideas.")

    # -- shared plumbing
    # -----------------------------------------------------------------------------------------
    def fail(self, code: str, message: str, retry_after: float | None = None) -> ProviderError:
        """A `ProviderError` of this provider."""
        return ProviderError(self.name, code, message, retry_after)

    def credential(self, name: str) -> str:
        """A secret from the context."""
        return self.context.credentials[name]

    def call(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        estimate: Decimal = Decimal(0),
        books: bool = True,
    ) -> HttpResponse:
        """One request through the ledger and the transport. With `books` False the caller books the cost itself.

        A call is booked whether it succeeds or not: providers count both.
        """
        self.context.ledger.reserve(self.name, operation, 1, estimate)
        try:
            response = self.context.transport(
                method, url, headers={"accept": "application/json", **(headers or {})}, body=body
            )
        except TransportError as error:
            self.context.ledger.record(self.name, operation, 1, Decimal(0))
            raise self.fail("unavailable", f"{self.label} could not be reached: {error}") from None
        if books or response.status >= 400:
            self.context.ledger.record(self.name, operation, 1, Decimal(0))
        return response

    def raise_for_status(self, response: HttpResponse, detail: str = "") -> None:
        """Translate an HTTP error status; statuses below 400 pass."""
        status = response.status
        if status < 400:
            return
        told = f" ({detail})" if detail else ""
        if status == 401:
            raise self.fail("unauthorised", f"{self.label} refused the credentials{told}.")
        if status == 402:
            raise self.fail("payment_required", f"The {self.label} account has no credit left{told}.")
        if status == 403:
            raise self.fail("forbidden", f"The credentials do not allow this on {self.label}{told}.")
        if status == 429:
            raise self.fail(
                "rate_limited", f"{self.label} asks to slow down{told}.", retry_after_seconds(response, 60.0)
            )
        if status >= 500:
            raise self.fail(
                "unavailable",
                f"{self.label} answered with an error{told}.",
                retry_after_seconds(response, 300.0),
            )
        raise self.fail("invalid_request", f"{self.label} rejected the request{told}.")

    def json(self, response: HttpResponse) -> Any:
        """The body as JSON."""
        import json

        try:
            return json.loads(response.body)
        except (ValueError, RecursionError):
            raise self.fail("bad_answer", f"{self.label} sent something that is not JSON.") from None


def retry_after_seconds(response: HttpResponse, default: float) -> float:
    """Seconds from a Retry-After header (number form), else `default`; capped to a day."""
    value = response.headers.get("retry-after", "").strip()
    return min(float(value), 86_400.0) if value.isdecimal() else default
