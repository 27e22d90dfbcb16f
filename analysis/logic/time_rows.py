"""Reads a time series for the procedures of the time family."""

from __future__ import annotations

import numpy as np

from analysis.logic.errors import ProcedureError, all_missing, too_few_rows
from analysis.logic.frame import Frame
from analysis.logic.output import OutputBuilder
from analysis.logic.script import literal
from analysis.logic.stats.series import Series, regular_series


def read_series(
    frame: Frame, time: str, value: str | None, step: str, how: str, needed: int
) -> tuple[Series, int, float]:
    """The regular series, rows used and their weight.

    Raises ProcedureError for a column that is no date, a missing outcome, or fewer than `needed` steps.
    """
    frame.require_rows()
    times, weights = frame.dates(time)
    if how != "count" and value is None:
        raise ProcedureError("value_needed", "Name the column whose mean or sum is followed.", "/value")
    values = np.ones(times.size)
    if how != "count" and value is not None:
        values = frame.arrays(numeric=[value], complete=False).column(value)
    keep = ~np.isnat(times) & np.isfinite(values)
    if not keep.any():
        raise all_missing(time if np.isnat(times).all() else str(value))
    series = regular_series(times[keep], values[keep], weights[keep], step, how)
    if series.values.size > 20_000:
        raise ProcedureError(
            "too_many_steps",
            f"{series.values.size:,} steps between the first and last date; choose a longer step.",
            "/step",
        )
    if series.values.size < needed:
        raise too_few_rows(series.values.size, needed, f"this method (steps of a {step})")
    return series, int(keep.sum()), float(weights[keep].sum())


def filled(series: Series, builder: OutputBuilder, column: str) -> np.ndarray:
    """Values with empty steps interpolated linearly, said in a notice."""
    gaps = np.isnan(series.values)
    if gaps.any():
        builder.notice(
            "empty_steps",
            f"{int(gaps.sum()):,} of {gaps.size:,} steps have no row; they are interpolated.",
            [column],
        )
    at = np.arange(gaps.size)
    return np.interp(at, at[~gaps], series.values[~gaps])


def series_source(time: str, value: str | None, step: str, how: str) -> str:
    """Source that assigns `series` (values per step, interpolated) and `starts` (ISO dates)."""
    rule = {"day": "D", "week": "W-SUN", "month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}[step]
    return f"""
moments = pd.to_datetime(data[{literal(time)}])
outcome = np.ones(len(data)) if {literal(how == "count")} else number({literal(value)})
keep = moments.notna().to_numpy() & np.isfinite(outcome)
periods = pd.PeriodIndex(moments[keep], freq={literal(rule)})
total = pd.Series(outcome[keep] * weights[keep]).groupby(periods).sum()
base = pd.Series(weights[keep]).groupby(periods).sum()
whole = pd.period_range(total.index.min(), total.index.max(), freq={literal(rule)})
if {literal(how)} == "mean":
    series = (total / base).reindex(whole).interpolate().to_numpy()
else:
    series = total.reindex(whole).fillna(0.0).to_numpy()
starts = [str(p.start_time.date()) for p in whole]
"""
