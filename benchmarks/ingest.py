"""Cost of ingestion against DuckDB's own CSV reader on the same file in the same run.

``python benchmarks/ingest.py`` writes a CSV of 1,000,000 rows and 20 mixed columns, then measures, each in a fresh
process: DuckDB ``read_csv(sample_size=-1)`` to Parquet (the baseline), and our ``ingest`` (typed Parquet *and* full
profile). It prints CPU time, peak memory and their ratio, and the time of preview pages. ``--gigabytes 2`` adds a
large file (ours only) to show that memory does not grow with it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

_WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
_ANSWERS = ["Strongly disagree", "Disagree", "Neutral", "Agree", "Strongly agree"]


def write_csv(path: Path, rows: int, *, seed: int = 1) -> None:
    """A survey-like CSV: ids, codes, numbers with gaps, categories, Likert answers, dates, texts, coordinates."""
    # Imported here: the measured processes must not pay for the generator's libraries.
    import numpy as np
    import pandas as pd

    words = np.array(_WORDS)
    rng = np.random.default_rng(seed)
    first = True
    for start in range(0, rows, 200_000):
        n = min(200_000, rows - start)
        frame = pd.DataFrame(
            {
                "id": np.arange(start, start + n),
                "code": [f"R{value:010x}" for value in rng.integers(0, 2**39, n)],
                "age": rng.integers(18, 90, n),
                "income": np.where(rng.random(n) < 0.05, np.nan, rng.normal(50_000, 12_000, n).round(2)),
                "score": rng.random(n).round(4),
                "visits": rng.poisson(3, n),
                "gender": rng.choice(["male", "female", "other"], n),
                "region": rng.choice(["North", "South", "East", "West", "Centre"], n),
                "agree": rng.choice(_ANSWERS, n),
                "signup": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 1500, n), unit="D"),
                "seen": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 10**8, n), unit="s"),
                "active": rng.choice(["true", "false"], n),
                "email": [f"user{value}@example.org" for value in rng.integers(0, 10**6, n)],
                "city": rng.choice(["Berlin", "Paris", "London", "Madrid", "Rome", "Vienna"], n),
                "latitude": rng.uniform(-90, 90, n).round(5),
                "longitude": rng.uniform(-180, 180, n).round(5),
                "rating": rng.integers(1, 6, n),
                "comment": [" ".join(chosen) for chosen in words[rng.integers(0, 10, (n, 3))]],
                "amount": rng.exponential(50, n).round(2),
                "tag": rng.choice(["a", "b", "c"], n),
            }
        )
        frame.to_csv(path, index=False, mode="w" if first else "a", header=first)
        first = False


def run_duckdb(source: Path, folder: Path) -> None:
    """The baseline: types from all rows, Parquet out, no profile."""
    import duckdb

    connection = duckdb.connect(config={"threads": "2", "memory_limit": "256MB"})
    target = folder / "baseline.parquet"
    connection.execute(
        f"COPY (SELECT * FROM read_csv('{source}', sample_size = -1)) TO '{target}' (FORMAT parquet)"
    )


def run_ours(source: Path, folder: Path) -> None:
    """Typed Parquet, receipt and full profile, then preview pages."""
    from data_ingestion.logic.pipeline import ingest
    from data_ingestion.logic.preview import read_page

    work = folder / "work"
    work.mkdir(exist_ok=True)
    began = time.process_time()
    (table,) = ingest(source, original_name=source.name, work_dir=work)
    used = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pages = {}
    read_page(table.parquet_path, table.columns, row_count=table.row_count)
    for name, options in {
        "first page": {},
        "last page": {"offset": table.row_count - 50},
        "filtered": {"where": {"column": "age", "op": "gt", "value": 80}},
        "sorted": {"sort": ["-income"]},
    }.items():
        start = time.perf_counter()
        read_page(table.parquet_path, table.columns, row_count=table.row_count, **options)
        pages[name] = (time.perf_counter() - start) * 1000
    print(json.dumps({"ingest_cpu": used, "ingest_mb": peak, "rows": table.row_count, "pages_ms": pages}))


def measure(what: str, source: Path, folder: Path) -> dict[str, float | dict[str, float]]:
    """CPU seconds (process and children, imports included) and peak resident memory (MB) of one part."""
    command = [sys.executable, __file__, "--part", what, "--source", str(source), "--folder", str(folder)]
    began = time.perf_counter()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall = time.perf_counter() - began
    lines = [json.loads(line) for line in output.splitlines()]
    return {"wall": wall, **{key: value for line in lines for key, value in line.items()}}


def generate(source: Path, rows: int) -> None:
    """Write the CSV in a process of its own: a child starts with the peak memory of its parent."""
    command = [sys.executable, __file__, "--part", "generate", "--source", str(source), "--rows", str(rows)]
    subprocess.run(command, check=True)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--gigabytes", type=float, default=0.0, help="also ingest a file of this size")
    parser.add_argument("--part", choices=["generate", "duckdb", "ours"], help=argparse.SUPPRESS)
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part == "generate":
        write_csv(arguments.source, arguments.rows)
        return
    if arguments.part:
        (run_duckdb if arguments.part == "duckdb" else run_ours)(arguments.source, arguments.folder)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu": usage.ru_utime + usage.ru_stime, "rss_mb": usage.ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "survey.csv"
        generate(source, arguments.rows)
        size = source.stat().st_size / 1e6
        base, ours = measure("duckdb", source, folder), measure("ours", source, folder)
        print(f"{arguments.rows:,} rows x 20 columns, {size:.0f} MB CSV")
        print(f"{'':<34}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}")
        print(
            f"{'DuckDB read_csv -> Parquet':<34}{base['cpu']:>8.2f}{base['wall']:>8.2f}{base['rss_mb']:>9.0f}"
        )
        print(
            f"{'ingest -> Parquet + full profile':<34}{ours['cpu']:>8.2f}{ours['wall']:>8.2f}{ours['rss_mb']:>9.0f}"
        )
        print(f"CPU ratio {ours['cpu'] / base['cpu']:.2f} (goal: at most 2), peak memory goal: under 400 MB")
        pages = ours["pages_ms"]
        assert isinstance(pages, dict)
        print(
            "preview: "
            + ", ".join(f"{name} {value:.0f} ms" for name, value in pages.items())
            + " (goal: under 100 ms)"
        )
        if arguments.gigabytes:
            source.unlink()
            generate(source, int(arguments.rows * arguments.gigabytes * 1000 / size))
            large = measure("ours", source, folder)
            print(
                f"{source.stat().st_size / 1e9:.2f} GB: {large['rows']:,} rows, CPU {large['cpu']:.1f} s, "
                f"peak {large['ingest_mb']:.0f} MB"
            )


if __name__ == "__main__":
    main()
