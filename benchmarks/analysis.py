"""Speed and memory of the analysis engine, as ratios to the usual libraries in the same run.

    python -m benchmarks.analysis --rows 1000000
    python -m benchmarks.analysis --rows 10000000 --only profile

Data are generated (8 real, 6 rating and 6 text columns). Every job runs in a fresh process, is warmed up on a small
file so that imports do not count, and reports its own peak memory. Ours read Parquet; the others are given a
DataFrame that is already in memory, and only their computation is timed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.contracts import ColumnMeta, Measure, Storage

REALS = [f"x{i}" for i in range(8)]
RATINGS = [f"r{i}" for i in range(6)]
GROUPS = [f"g{i}" for i in range(6)]
PAIRS = [(f"r{i}", f"g{j}") for i in range(5) for j in range(3)]
SCALES = [f"s{i}" for i in range(20)]
WORDS = ["red", "green", "blue", "amber", "violet"]

METAS = (
    *(ColumnMeta(name, Storage.REAL, Measure.SCALE) for name in REALS),
    *(ColumnMeta(name, Storage.INTEGER, Measure.ORDINAL) for name in RATINGS),
    *(ColumnMeta(name, Storage.TEXT, Measure.NOMINAL) for name in GROUPS),
)
SCALE_METAS = tuple(ColumnMeta(name, Storage.INTEGER, Measure.ORDINAL) for name in SCALES)


def generate(path: Path, rows: int, seed: int = 1) -> None:
    """The mixed file: correlated reals and ratings, independent text groups of 3 to 5 levels."""
    rng = np.random.default_rng(seed)
    writer: pq.ParquetWriter | None = None
    for start in range(0, rows, 1_000_000):
        size = min(1_000_000, rows - start)
        common = rng.normal(size=size)
        columns: dict[str, Any] = {name: rng.normal(size=size) + 0.5 * common for name in REALS}
        columns |= {name: rating(rng, common) for name in RATINGS}
        columns |= {
            name: np.array(WORDS[: 3 + i % 3])[rng.integers(0, 3 + i % 3, size)]
            for i, name in enumerate(GROUPS)
        }
        table = pa.table(columns)
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def generate_scales(path: Path, rows: int, seed: int = 2) -> None:
    """Twenty five-point ratings."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=rows)
    pq.write_table(pa.table({name: rating(rng, common) for name in SCALES}), path)


def rating(rng: np.random.Generator, common: np.ndarray) -> np.ndarray:
    return np.clip(np.round(3 + 0.8 * common + rng.normal(size=common.size)), 1, 5).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Measured:
    seconds: float
    peak_mib: float


def _child(job: Callable[..., Callable[[], Any]], warm: Path, path: Path, repeats: int, pipe: Any) -> None:
    job(warm)()
    timed = job(path)
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        timed()
        times.append(time.perf_counter() - start)
    pipe.send((min(times), _peak_kib()))


def _peak_kib() -> int:
    """Largest resident memory of this process since it began (ru_maxrss would include the parent's)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise RuntimeError("this benchmark reads /proc and needs Linux")


def measure(job: Callable[..., Callable[[], Any]], warm: Path, path: Path, repeats: int) -> Measured:
    """Best time of `repeats` and peak memory of a fresh process. `job(path)` prepares and returns what is timed."""
    context = multiprocessing.get_context("spawn")
    receive, send = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(job, warm, path, repeats, send))
    process.start()
    send.close()
    try:
        seconds, peak = receive.recv()
    except EOFError:
        raise SystemExit(f"{job.__name__} failed") from None
    finally:
        process.join()
    return Measured(seconds, peak / 1024)


# -- jobs: each prepares with a path and returns the part that is timed --------------------------------


def _procedure(key: str, parameters: dict[str, Any], metas: tuple[ColumnMeta, ...], path: Path) -> None:
    from analysis.logic.context import RunContext
    from analysis.logic.frame import Frame
    from analysis.logic.registry import find_procedure

    procedure = find_procedure(key)
    assert procedure is not None
    context = RunContext(threads=os.cpu_count() or 1, memory_bytes=512 * 1024**2)
    checked = procedure.validate(parameters, metas)
    with Frame(path, metas, context=context) as frame:
        procedure.run(frame, checked, context).to_dict()


def our_profile_and_crosstabs(path: Path) -> Callable[[], Any]:
    def run() -> None:
        _procedure("profile", {}, METAS, path)
        _procedure("banner", {"questions": RATINGS[:5], "banner": GROUPS[:3]}, METAS, path)

    return run


def pandas_describe_and_corr(path: Path) -> Callable[[], Any]:
    import pandas as pd

    frame = pd.read_parquet(path)

    def run() -> None:
        frame.describe()
        frame.corr(numeric_only=True)

    return run


def pandas_describe_corr_and_crosstabs(path: Path) -> Callable[[], Any]:
    import pandas as pd

    frame = pd.read_parquet(path)

    def run() -> None:
        frame.describe(include="all")
        frame.corr(numeric_only=True)
        for row, column in PAIRS:
            pd.crosstab(frame[row], frame[column])

    return run


def ydata_minimal(path: Path) -> Callable[[], Any]:
    import pandas as pd
    from ydata_profiling import ProfileReport

    frame = pd.read_parquet(path)
    return lambda: ProfileReport(frame, minimal=True, progress_bar=False).get_description()


def our_banner(path: Path) -> Callable[[], Any]:
    return lambda: _procedure("banner", {"questions": RATINGS[:5], "banner": GROUPS[:3]}, METAS, path)


def pandas_crosstabs(path: Path) -> Callable[[], Any]:
    import pandas as pd
    from scipy.stats import chi2_contingency

    frame = pd.read_parquet(path)
    return lambda: [chi2_contingency(pd.crosstab(frame[row], frame[column])) for row, column in PAIRS]


def our_crosstab(path: Path) -> Callable[[], Any]:
    return lambda: _procedure("crosstab", {"rows": "r0", "columns": "g0"}, METAS, path)


def our_spearman(path: Path) -> Callable[[], Any]:
    return lambda: _procedure("correlation", {"columns": SCALES, "method": "spearman"}, SCALE_METAS, path)


def pandas_spearman(path: Path) -> Callable[[], Any]:
    import pandas as pd

    frame = pd.read_parquet(path)
    return lambda: frame.corr(method="spearman")


PREDICTORS = [*REALS[1:], *RATINGS[:3]]


def our_regression(path: Path) -> Callable[[], Any]:
    return lambda: _procedure("linear_regression", {"outcome": "x0", "predictors": PREDICTORS}, METAS, path)


def statsmodels_regression(path: Path) -> Callable[[], Any]:
    import pandas as pd
    import statsmodels.api as sm

    frame = pd.read_parquet(path)
    return lambda: str(sm.OLS(frame["x0"], sm.add_constant(frame[PREDICTORS])).fit().summary())


def our_drivers(path: Path) -> Callable[[], Any]:
    return lambda: _procedure("key_drivers", {"outcome": "s0", "drivers": SCALES[1:11]}, SCALE_METAS, path)


def shapley_of_twenty(path: Path) -> Callable[[], Any]:
    from analysis.logic.stats.drivers import lmg

    rng = np.random.default_rng(3)
    r = np.corrcoef(rng.normal(size=(21, 500)) + rng.normal(size=500))
    return lambda: lmg(r[:20, :20], r[:20, 20])


@dataclass(frozen=True, slots=True)
class Comparison:
    """`goal` is the least other/ours ratio, or the most seconds when there is no other."""

    key: str
    title: str
    ours: Callable[[Path], Callable[[], Any]]
    other: Callable[[Path], Callable[[], Any]] | None
    goal: float
    scales: bool = False
    rows: int | None = None


def comparisons(rows: int) -> list[Comparison]:
    large = rows >= 5_000_000
    found = [
        Comparison(
            "profile",
            "Full profile, correlations, 15 crosstabs against pandas describe + corr alone",
            our_profile_and_crosstabs,
            pandas_describe_and_corr,
            3.0 if large else 1 / 1.3,
        ),
        Comparison(
            "profile_all",
            "The same against pandas describe(all) + corr + 15 crosstabs",
            our_profile_and_crosstabs,
            pandas_describe_corr_and_crosstabs,
            3.0,
        ),
        Comparison(
            "banner", "15 crosstabs with tests against pandas.crosstab", our_banner, pandas_crosstabs, 25
        ),
        Comparison("crosstab", "One crosstab, open to result", our_crosstab, None, 1.0),
        Comparison(
            "spearman",
            "Spearman matrix of 20 rating scales against pandas",
            our_spearman,
            pandas_spearman,
            40,
            True,
        ),
        Comparison(
            "regression", "OLS, 10 predictors, against statsmodels", our_regression, statsmodels_regression, 3
        ),
        Comparison("shapley", "Exact Shapley shares of 20 predictors", shapley_of_twenty, None, 1.0),
        Comparison("drivers", "Key drivers, 10 drivers, 100,000 rows", our_drivers, None, 2.0, True, 100_000),
    ]
    try:
        import ydata_profiling  # noqa: F401
    except ImportError:
        return found
    found.append(
        Comparison(
            "ydata",
            "Full profile against ydata-profiling minimal",
            our_profile_and_crosstabs,
            ydata_minimal,
            20,
        )
    )
    return found


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--only", nargs="*", help="keys of the comparisons to run")
    options.add_argument("--repeats", type=int, default=3, help="the best of so many runs counts")
    options.add_argument("--json", type=Path, help="also write the figures here")
    chosen = options.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        made: dict[tuple[bool, int], Path] = {}

        def data(scales: bool, rows: int) -> Path:
            if (scales, rows) not in made:
                path = Path(folder) / f"{'scales' if scales else 'mixed'}-{rows}.parquet"
                (generate_scales if scales else generate)(path, rows)
                made[(scales, rows)] = path
            return made[(scales, rows)]

        print(f"{chosen.rows:,} rows, {os.cpu_count()} cores\n")
        print(f"{'':76} {'ours':>8} {'MiB':>6} {'other':>8} {'MiB':>6} {'ratio':>7} {'goal':>7}")
        for item in comparisons(chosen.rows):
            if chosen.only and item.key not in chosen.only:
                continue
            rows = item.rows or chosen.rows
            warm, path = data(item.scales, 5_000), data(item.scales, rows)
            ours = measure(item.ours, warm, path, chosen.repeats)
            other = None if item.other is None else measure(item.other, warm, path, chosen.repeats)
            ratio = None if other is None else other.seconds / ours.seconds
            met = ours.seconds <= item.goal if ratio is None else ratio >= item.goal
            goal = f"<{item.goal:.1f}s" if ratio is None else f"{item.goal:.2f}x"
            line = f"{item.title:76} {ours.seconds:7.3f}s {ours.peak_mib:6.0f} "
            line += (
                f"{'':8} {'':6} {'':7}"
                if other is None
                else f"{other.seconds:7.3f}s {other.peak_mib:6.0f} {ratio:6.1f}x"
            )
            print(f"{line} {goal:>7} {'met' if met else 'MISSED'}", flush=True)
            results.append(
                {
                    "key": item.key,
                    "rows": rows,
                    "seconds": ours.seconds,
                    "peak_mib": ours.peak_mib,
                    "other_seconds": other.seconds if other else None,
                    "ratio": ratio,
                    "goal": item.goal,
                    "met": met,
                }
            )
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2), encoding="utf-8")
    return 0 if all(r["met"] for r in results) else 1


if __name__ == "__main__":
    sys.exit(main())
