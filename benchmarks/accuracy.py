"""Writes docs/accuracy.md: correct digits of every procedure against certified and published results.

python -m benchmarks.accuracy            write the table
python -m benchmarks.accuracy --check    only check: every case in the table, none below its least digits
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugzero_api.settings")

import numpy
import scipy

from analysis.logic.registry import procedures
from analysis.tests.accuracy.cases import Case, all_cases

TARGET = Path(__file__).parents[1] / "docs" / "accuracy.md"

HEAD = """\
<!-- Made by `make accuracy`; do not edit. -->

# Accuracy

Correct digits (log relative error of the worst figure, at most 15) of the procedures against certified values,
published results and results that other programs' authors ship in the statsmodels and scipy wheels. Each figure is
computed by the procedure itself from a Parquet file, as in a run. CI fails when a row falls below its least digits.

Made on {machine} with Python {python}, NumPy {numpy}, SciPy {scipy}.
"""


def title(case: Case) -> str:
    found = procedures().get(case.procedure)
    return found.title if found else case.procedure


def row(case: Case, digits: float) -> str:
    cells = (
        title(case),
        case.dataset,
        case.figure,
        f"{digits:.1f}",
        f"{case.least:g}",
        case.source,
        case.ceiling,
    )
    return f"| {' | '.join(cells)} |"


def main() -> int:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument(
        "--check", action="store_true", help="write nothing; fail when a row is missing or too low"
    )
    check = options.parse_args().check
    measured = [(case, case.digits()) for case in all_cases()]
    low = [
        f"{c.procedure} on {c.dataset}, {c.figure}: {d:.1f} < {c.least:g}" for c, d in measured if d < c.least
    ]
    for line in low:
        print("too few digits:", line, file=sys.stderr)
    if check:
        text = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
        missing = [c for c, _ in measured if f"| {title(c)} | {c.dataset} | {c.figure} |" not in text]
        for case in missing:
            print("not in docs/accuracy.md:", case.procedure, case.dataset, case.figure, file=sys.stderr)
        return 1 if low or missing else 0
    head = HEAD.format(
        machine=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        numpy=numpy.__version__,
        scipy=scipy.__version__,
    )
    table = [
        "| procedure | data | figures | digits | least | against | ceiling |",
        "|---|---|---|---|---|---|---|",
    ]
    table += [row(case, digits) for case, digits in measured]
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(head + "\n" + "\n".join(table) + "\n", encoding="utf-8")
    print(f"{len(measured)} rows in {TARGET}")
    return 1 if low else 0


if __name__ == "__main__":
    raise SystemExit(main())
