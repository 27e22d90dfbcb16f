"""Series of keyword measurements: every point with its provenance, every series with one unit and one scale.

A rank of 3, a volume of 1,900 searches a month and an interest of 62 on somebody's 0-100 scale are different
quantities, and two providers' volumes are two opinions. `SeriesKey` therefore names the metric, unit, scale,
provider, place, language and device; points with another key cannot enter a series (`ScaleMismatch`). A
missing value has a reason: *not found* (the provider looked and there is nothing), *not checked* (nobody
looked) or *failed* (the look-up broke); none of them is zero.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum


class Metric(StrEnum):
    """What a series measures."""

    RANK = "rank"
    VOLUME = "volume"
    INTEREST = "interest"
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    PAGEVIEWS = "pageviews"


class Scale(StrEnum):
    """How values of a series may be read.

    `ordinal`: order only (ranks); `absolute`: counts; `relative_window`: 0-100 within one request, comparable
    only inside it; `relative_fixed`: relative numbers that keep their scale between requests; `proxy`: counts
    of something else that tends to move with demand.
    """

    ORDINAL = "ordinal"
    ABSOLUTE = "absolute"
    RELATIVE_WINDOW = "relative_window"
    RELATIVE_FIXED = "relative_fixed"
    PROXY = "proxy"


class Granularity(StrEnum):
    """Length of the period a point stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class PointStatus(StrEnum):
    """Whether a point has a value, and if not, why."""

    OK = "ok"
    NOT_FOUND = "not_found"
    NOT_CHECKED = "not_checked"
    FAILED = "failed"


SEASON_LENGTH = {Granularity.DAY: 7, Granularity.WEEK: 52, Granularity.MONTH: 12}
"""Points in one season: the week of daily data, the year of weekly and monthly data."""


@dataclass(frozen=True, slots=True)
class SeriesKey:
    """Identity of a series. `request` separates windows of a `relative_window` scale and is empty otherwise.

    `geo` is an ISO 3166 code ("" for worldwide), `language` a BCP 47 tag ("" for all), `device` desktop,
    mobile, tablet or "" for all.
    """

    keyword: str
    metric: Metric
    unit: str
    scale: Scale
    provider: str
    geo: str = ""
    language: str = ""
    device: str = ""
    granularity: Granularity = Granularity.DAY
    request: str = ""

    def __post_init__(self) -> None:
        if (self.scale is Scale.RELATIVE_WINDOW) != bool(self.request):
            raise ValueError("a relative_window series, and no other, names the request that fixes its scale")


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement of the period that starts on `date`; `value` is None exactly when `status` is not OK.

    `detail` explains a failure or a finding in a few words (the URL that ranks, the error code).
    """

    date: dt.date
    value: float | None
    retrieved_at: dt.datetime
    status: PointStatus = PointStatus.OK
    is_estimate: bool = False
    detail: str = ""

    def __post_init__(self) -> None:
        if (self.value is not None) != (self.status is PointStatus.OK):
            raise ValueError("a point has a value exactly when its status is ok")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError("the value of a point must be finite")
        if self.retrieved_at.tzinfo is None:
            raise ValueError("retrieved_at must be an aware datetime")


class ScaleMismatch(ValueError):
    """Points or series of different scales, units, providers or places were about to be mixed."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one key, one per date, in order of date."""

    key: SeriesKey
    points: tuple[Point, ...]

    @classmethod
    def build(cls, key: SeriesKey, points: Iterable[Point]) -> Series:
        """Sort the points; of several for one date the one retrieved last wins, but never a failure over a value."""
        best: dict[dt.date, Point] = {}
        for point in points:
            other = best.get(point.date)
            if other is None or _preference(point) > _preference(other):
                best[point.date] = point
        return cls(key, tuple(best[date] for date in sorted(best)))

    def merge(self, other: Series) -> Series:
        """Join two series of the same key.

        Raises:
            ScaleMismatch: the keys differ.
        """
        if self.key != other.key:
            names = [
                name
                for name in SeriesKey.__dataclass_fields__
                if getattr(self.key, name) != getattr(other.key, name)
            ]
            raise ScaleMismatch(f"Series that differ in {', '.join(names)} cannot be joined.")
        return Series.build(self.key, (*self.points, *other.points))

    def known(self) -> Iterator[tuple[dt.date, float]]:
        """Dates and values of the points that have one."""
        for point in self.points:
            if point.value is not None:
                yield point.date, point.value

    def between(self, start: dt.date, end: dt.date) -> Series:
        """The part of the series from `start` to `end`, both included."""
        return replace(self, points=tuple(p for p in self.points if start <= p.date <= end))

    def regular(self) -> tuple[list[dt.date], list[float | None]]:
        """Every period from the first to the last known value; None where no value is known.

        Dates are those of the calendar (the same day of each month for monthly series).
        """
        known = dict(self.known())
        if not known:
            return [], []
        dates: list[dt.date] = []
        current, last = min(known), max(known)
        while current <= last:
            dates.append(current)
            current = next_period(current, self.key.granularity)
        return dates, [known.get(date) for date in dates]


def _preference(point: Point) -> tuple[bool, bool, dt.datetime]:
    return (
        point.status in (PointStatus.OK, PointStatus.NOT_FOUND),
        point.status is not PointStatus.NOT_CHECKED,
        point.retrieved_at,
    )


def next_period(date: dt.date, granularity: Granularity) -> dt.date:
    """Start of the period after the one that starts on `date`."""
    if granularity is Granularity.DAY:
        return date + dt.timedelta(days=1)
    if granularity is Granularity.WEEK:
        return date + dt.timedelta(days=7)
    year, month = (date.year + 1, 1) if date.month == 12 else (date.year, date.month + 1)
    return date.replace(year=year, month=month, day=min(date.day, 28))
