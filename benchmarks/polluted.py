"""Score the delimited-text reader on polluted CSV files.

``python benchmarks/polluted.py`` generates our own polluted files and prints the score of every pollution family
(10 is perfect). ``python benchmarks/polluted.py --in DIR --out DIR`` reads every file of a folder and writes what
was loaded as ``<name>_converted.csv`` (plain UTF-8 CSV, header first when the file has one) for scoring elsewhere.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data_ingestion.logic.delimited.reader import read_delimited_text
from data_ingestion.tests.logic.polluted import generate, score_all, shop_source, survey_source


def load_rows(path: Path) -> list[list[str]]:
    """What the reader loads, as rows with the header first (when the file has one)."""
    header, rows = read_delimited_text(path)
    return [*([header] if header is not None else []), *rows]


def convert_folder(source: Path, target: Path, suffix: str) -> None:
    """Read each file in ``source`` and write its normalised copy to ``target``."""
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if not path.is_file():
            continue
        with (target / f"{path.name}{suffix}").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_MINIMAL).writerows(load_rows(path))


def score_own(every: int) -> None:
    """Generate, load, score, print."""
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder) / "polluted.csv"

        def load(data: bytes) -> list[list[str]]:
            scratch.write_bytes(data)
            return load_rows(scratch)

        began = time.perf_counter()
        print(f"{'family':<20}{'files':>7}{'mean':>9}{'worst':>9}  worst file")
        everything: list[float] = []
        families: list[float] = []
        table: dict[str, list[tuple[str, float]]] = {}
        for source in (shop_source(84), survey_source(84)):
            for family, scores in score_all(generate(source, every=every), load).items():
                table.setdefault(family, []).extend(scores)
        for family, scores in table.items():
            values = [value for _, value in scores]
            worst = min(scores, key=lambda item: item[1])
            everything += values
            families.append(sum(values) / len(values))
            print(f"{family:<20}{len(values):>7}{families[-1]:>9.4f}{worst[1]:>9.4f}  {worst[0]}")
        print(
            f"{'all files':<20}{len(everything):>7}{sum(everything) / len(everything):>9.4f}{min(everything):>9.4f}"
        )
        print(f"{'mean of families':<27}{sum(families) / len(families):>9.4f}")
        print(f"{time.perf_counter() - began:.1f} s")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--in", dest="source", type=Path, help="folder of polluted files")
    parser.add_argument("--out", dest="target", type=Path, help="folder for the normalised files")
    parser.add_argument("--suffix", default="_converted.csv", help="appended to each file name")
    parser.add_argument("--every", type=int, default=1, help="use each n-th of the per-cell files")
    arguments = parser.parse_args()
    if bool(arguments.source) != bool(arguments.target):
        parser.error("--in and --out belong together")
    if arguments.source:
        convert_folder(arguments.source, arguments.target, arguments.suffix)
    else:
        score_own(arguments.every)


if __name__ == "__main__":
    main()
