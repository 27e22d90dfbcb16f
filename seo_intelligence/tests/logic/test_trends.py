import datetime as dt

import numpy as np
import pytest

from seo_intelligence.logic.trends.analysis import (
    SeriesTooShort,
    change_points,
    forecast,
    growth,
    seasonality,
    year_over_year,
)
from seo_intelligence.logic.trends.series import (
    Granularity,
    Metric,
    Point,
    PointStatus,
    Scale,
    ScaleMismatch,
    Series,
    SeriesKey,
    next_period,
)

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
START = dt.date(2022, 1, 3)  # a Monday


def key(metric=Metric.VOLUME, scale=Scale.ABSOLUTE, granularity=Granularity.MONTH, **more):
    return SeriesKey("shoes", metric, "searches/month", scale, "dataforseo", granularity=granularity, **more)


def series(values, the_key=None, start=START):
    the_key = the_key or key()
    points, date = [], start
    for value in values:
        status = PointStatus.OK if value is not None else PointStatus.NOT_CHECKED
        points.append(Point(date, value, NOW, status))
        date = next_period(date, the_key.granularity)
    return Series.build(the_key, points)


class TestSeries:
    def test_different_scales_never_join(self):
        left = series([1.0])
        right = series([50.0], key(Metric.INTEREST, Scale.RELATIVE_WINDOW, request="r1"))
        with pytest.raises(ScaleMismatch, match="metric, scale, request"):
            left.merge(right)

    def test_two_windows_of_a_relative_scale_never_join(self):
        first = series([50.0], key(Metric.INTEREST, Scale.RELATIVE_WINDOW, request="r1"))
        second = series([50.0], key(Metric.INTEREST, Scale.RELATIVE_WINDOW, request="r2"))
        with pytest.raises(ScaleMismatch, match="request"):
            first.merge(second)

    def test_a_relative_window_must_name_its_request(self):
        with pytest.raises(ValueError, match="request"):
            key(Metric.INTEREST, Scale.RELATIVE_WINDOW)

    def test_the_three_kinds_of_absence_are_kept_apart_and_are_not_zero(self):
        points = [
            Point(START, None, NOW, PointStatus.NOT_FOUND),
            Point(START + dt.timedelta(7), None, NOW, PointStatus.FAILED, detail="quota"),
            Point(START + dt.timedelta(14), None, NOW, PointStatus.NOT_CHECKED),
            Point(START + dt.timedelta(21), 0.0, NOW),
        ]
        built = Series.build(key(Metric.RANK, Scale.ORDINAL, Granularity.WEEK), points)
        assert [p.status.value for p in built.points] == ["not_found", "failed", "not_checked", "ok"]
        assert list(built.known()) == [(START + dt.timedelta(21), 0.0)]

    @pytest.mark.parametrize(
        ("value", "status"),
        [(1.0, PointStatus.FAILED), (None, PointStatus.OK), (float("nan"), PointStatus.OK)],
    )
    def test_a_value_and_its_status_must_agree(self, value, status):
        with pytest.raises(ValueError, match="point"):
            Point(START, value, NOW, status)

    def test_a_later_failure_does_not_hide_an_earlier_value(self):
        later = NOW + dt.timedelta(hours=1)
        built = Series.build(
            key(),
            [Point(START, 5.0, NOW), Point(START, None, later, PointStatus.FAILED), Point(START, 6.0, later)],
        )
        assert [p.value for p in built.points] == [6.0]


class TestGrowth:
    def test_growth_compares_neighbouring_windows(self):
        result = growth(series([10.0, 10.0, 15.0, 15.0]), 2)
        assert (result.before, result.after, result.absolute, result.relative) == (10, 15, 5, 0.5)

    def test_ranks_are_compared_by_median_and_have_no_percentage(self):
        result = growth(series([9.0, 8.0, 90.0, 4.0, 3.0, 5.0], key(Metric.RANK, Scale.ORDINAL)), 3)
        assert (result.before, result.after, result.relative) == (9.0, 4.0, None)

    def test_growth_from_zero_has_no_percentage(self):
        assert growth(series([0.0, 4.0]), 1).relative is None

    def test_year_over_year_uses_the_same_month(self):
        result = year_over_year(series([float(i) for i in range(1, 25)]))
        assert (result.before, result.after, result.relative) == (12.0, 24.0, 1.0)

    def test_one_year_is_not_enough_for_year_over_year(self):
        with pytest.raises(SeriesTooShort):
            year_over_year(series([1.0] * 12))

    def test_values_that_were_not_checked_are_left_out(self):
        result = growth(series([10.0, None, 20.0, None]), 2)
        assert (result.before, result.after, result.n_before, result.n_after) == (10, 20, 1, 1)


def monthly(n, *, season=30.0, trend=0.0, noise=1.0, level=200.0, seed=1):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    return list(level + trend * t + season * np.sin(2 * np.pi * t / 12) + rng.normal(0, noise, n))


class TestSeasonality:
    def test_a_yearly_wave_is_found_with_its_peak(self):
        result = seasonality(series(monthly(48), start=dt.date(2021, 1, 1)))
        assert result.period == 12
        assert result.strength > 0.9
        assert (result.peak, result.trough) == (4, 10)

    def test_noise_has_no_season(self):
        assert seasonality(series(monthly(60, season=0.0, noise=10.0))).strength < 0.4

    def test_the_busy_weekday_is_found_in_daily_data(self):
        values = [100.0 + (40.0 if i % 7 == 5 else 0.0) for i in range(70)]
        result = seasonality(series(values, key(granularity=Granularity.DAY)))
        assert (result.period, result.peak) == (7, 5)

    def test_interpolated_gaps_are_counted(self):
        values = monthly(48)
        values[10] = None
        assert seasonality(series(values)).interpolated == 1

    def test_too_many_gaps_are_refused(self):
        values = [v if i % 3 else None for i, v in enumerate(monthly(60))]
        with pytest.raises(SeriesTooShort, match="no value"):
            seasonality(series(values))


class TestChangePoints:
    def test_a_jump_is_dated_and_measured(self):
        rng = np.random.default_rng(3)
        values = np.concatenate([rng.normal(100, 5, 40), rng.normal(160, 5, 30)])
        weekly = series(list(values), key(granularity=Granularity.WEEK))
        (found,) = change_points(weekly)
        assert found.date == START + dt.timedelta(weeks=40)
        assert found.shift == pytest.approx(60, abs=4)

    def test_noise_alone_has_no_change(self):
        false = 0
        for seed in range(40):
            values = list(np.random.default_rng(seed).normal(100, 5, 80))
            false += bool(change_points(series(values, key(granularity=Granularity.WEEK))))
        assert false <= 2

    def test_a_season_is_not_a_change(self):
        assert change_points(series(monthly(60, noise=3.0))) == []

    def test_a_constant_series_has_no_change(self):
        assert change_points(series([7.0] * 30)) == []


class TestForecast:
    def test_a_season_is_carried_forward_and_beats_the_naive_forecast_on_a_trend(self):
        values = monthly(72, trend=1.5, noise=3.0)
        result = forecast(series(values[:60]), 12)
        truth = values[60:]
        assert result.method.startswith("ETS(A,Ad,A)")
        assert np.mean([abs(p.mean - t) for p, t in zip(result.points, truth, strict=True)]) < 12
        assert result.backtest_error is not None and result.backtest_error < 1

    def test_intervals_cover_as_often_as_they_say(self):
        inside = total = 0
        for seed in range(25):
            values = list(np.random.default_rng(seed).normal(100, 10, 66))
            result = forecast(series(values[:60]), 6, level=0.9)
            inside += sum(p.low <= v <= p.high for p, v in zip(result.points, values[60:], strict=True))
            total += 6
        assert 0.82 <= inside / total <= 0.98

    def test_bounds_of_the_scale_hold(self):
        values = [abs(v) % 100 for v in monthly(30, level=90, noise=8.0)]
        relative = series(values, key(Metric.INTEREST, Scale.RELATIVE_WINDOW, request="r"))
        assert all(0 <= p.low <= p.mean <= p.high <= 100 for p in forecast(relative, 24).points)

    def test_dates_go_on_from_the_last_one(self):
        result = forecast(series([5.0 + i % 3 for i in range(20)], start=dt.date(2022, 1, 1)), 2)
        assert [p.date for p in result.points] == [dt.date(2023, 9, 1), dt.date(2023, 10, 1)]

    def test_ranks_are_not_forecast(self):
        with pytest.raises(ValueError, match="ordinal"):
            forecast(series([3.0] * 30, key(Metric.RANK, Scale.ORDINAL)), 3)

    def test_a_short_series_is_refused(self):
        with pytest.raises(SeriesTooShort, match="12 values"):
            forecast(series([1.0, 2.0, 3.0]), 1)
