"""NIST/ITL Statistical Reference Datasets: univariate, linear regression, analysis of variance."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import scipy.stats

from analysis.contracts import Measure, ProcedureOutput
from analysis.tests.accuracy.cases import Case, number, output_of
from analysis.tests.logic.harness import dataset

FOLDER = Path(__file__).parents[1] / "data" / "nist"
WHEEL = Path(scipy.stats.__file__).parent / "tests" / "data"
SOURCE = "NIST StRD"


def data_lines(path: Path) -> list[list[str]]:
    """Rows after the last line that starts with "Data"; a rule of dashes under it is skipped."""
    lines = path.read_text(encoding="ascii").splitlines()
    start = max(i for i, line in enumerate(lines) if line.startswith("Data"))
    return [line.split() for line in lines[start + 1 :] if line.strip() and not line.startswith("---")]


def certified_after(path: Path, pattern: str) -> tuple[float, ...]:
    """Numbers on the first line that matches, after the match."""
    for line in path.read_text(encoding="ascii").splitlines():
        found = re.search(pattern, line)
        if found:
            return tuple(
                float(v) for v in re.findall(r"[-+]?\d*\.?\d+(?:[Ee][-+]?\d+)?", line[found.end() :])
            )
    raise ValueError(f"{path.name} has no line like {pattern}")


def univariate(
    name: str, values: Sequence[float], mean: float, std: float, least: float, ceiling: str
) -> list[Case]:
    output = output_of("profile", {}, dataset({"y": np.asarray(values, dtype=float)}))
    return [
        Case("profile", name, "mean", (mean,), lambda: [number(output().fact("mean.y").value)], 14, SOURCE),
        Case(
            "profile",
            name,
            "standard deviation",
            (std,),
            lambda: [number(output().fact("std.y").value)],
            least,
            SOURCE,
            ceiling,
        ),
    ]


def _univariate_file(name: str, least: float, ceiling: str = "") -> list[Case]:
    path = FOLDER / f"{name}.dat"
    mean = certified_after(path, r"Sample Mean\s+ybar:")[0]
    std = certified_after(path, r"Sample Standard Deviation \(denom\. = n-1\)\s+s:")[0]
    return univariate(name, [float(row[0]) for row in data_lines(path)], mean, std, least, ceiling)


def _alternating(first: float, low: float, high: float) -> list[float]:
    """The constructed NumAcc series: one value, then 500 times (low, high)."""
    return [first, *([low, high] * 500)]


def _coefficient_figures(
    output: Callable[[], ProcedureOutput], ids: Sequence[str], figure: str
) -> Callable[[], list[float]]:
    def figures() -> list[float]:
        facts = [output().fact(f"coefficient.{name}") for name in ids]
        if figure == "estimates":
            return [number(f.value) for f in facts]
        # The table prints estimate / error as statistic; the error itself stands in the table of coefficients.
        rows = output().table("coefficients").rows
        return [number(row[2]) for row in rows]

    return figures


def _regression(
    name: str, path: Path, degree: int, least: tuple[float, float], intercept: bool = True
) -> list[Case]:
    rows = np.array([[float(v) for v in row] for row in data_lines(path)])
    y, x = rows[:, 0], rows[:, 1:]
    if degree > 1:
        x = np.column_stack([x[:, 0] ** k for k in range(1, degree + 1)])
    lines = [
        line.split() for line in path.read_text(encoding="ascii").splitlines() if re.match(r"\s+B\d+\s", line)
    ]
    estimates, errors = tuple(float(v[1]) for v in lines), tuple(float(v[2]) for v in lines)
    names = [f"x{j + 1}" for j in range(x.shape[1])]
    data = dataset({"y": y} | {column: x[:, j] for j, column in enumerate(names)})
    output = output_of(
        "linear_regression", {"outcome": "y", "predictors": names, "intercept": intercept}, data
    )
    ids = [*(["intercept"] if intercept else []), *names]
    return [
        Case(
            "linear_regression", name, f"{len(estimates)} estimates", estimates,
            _coefficient_figures(output, ids, "estimates"), least[0], SOURCE,
        ),
        Case(
            "linear_regression", name, f"{len(errors)} standard errors", errors,
            _coefficient_figures(output, ids, "errors"), least[1], SOURCE,
        ),
    ]  # fmt: skip


def _anova(name: str, least: float, ceiling: str) -> Case:
    path = WHEEL / "nist_anova" / f"{name}.dat"
    statistic = certified_after(path, r"Between \w+")[-1]
    rows = data_lines(path)
    data = dataset(
        {"group": [row[0] for row in rows], "y": [float(row[1]) for row in rows]}, group=Measure.NOMINAL
    )
    output = output_of("one_way_anova", {"outcome": "y", "groups": "group", "variances": "equal"}, data)
    return Case(
        "one_way_anova",
        name,
        "F",
        (statistic,),
        lambda: [number(output().fact("eta_squared.y.group").statistic)],
        least,
        SOURCE,
        ceiling,
    )


_TENTHS = "tenths near {} are not exact in binary"

CASES: list[Case] = [
    *_univariate_file("PiDigits", 14),
    *_univariate_file("Mavro", 12),
    *_univariate_file("Michelso", 13),
    *_univariate_file("NumAcc1", 14),
    *_univariate_file("NumAcc2", 14),
    *univariate(
        "NumAcc3", _alternating(1000000.2, 1000000.1, 1000000.3), 1000000.2, 0.1, 9, _TENTHS.format("1e6")
    ),
    *univariate(
        "NumAcc4", _alternating(10000000.2, 10000000.1, 10000000.3), 10000000.2, 0.1, 8, _TENTHS.format("1e7")
    ),
    *_regression("Norris", WHEEL / "nist_linregress" / "Norris.dat", 1, (13, 13)),
    *_regression("NoInt1", FOLDER / "NoInt1.dat", 1, (14, 14), intercept=False),
    *_regression("Pontius", FOLDER / "Pontius.dat", 2, (12, 12)),
    *_regression("Longley", FOLDER / "Longley.dat", 1, (13, 13)),
    *_regression("Wampler1", FOLDER / "Wampler1.dat", 5, (11, 11)),
    *_regression("Wampler2", FOLDER / "Wampler2.dat", 5, (12, 12)),
    *_regression("Wampler3", FOLDER / "Wampler3.dat", 5, (11, 11)),
    *(
        _anova(name, least, _TENTHS.format(near) if near else "")
        for name, least, near in (
            ("SiRstv", 12, ""),
            ("AtmWtAg", 9, "1e2"),
            ("SmLs01", 13, ""),
            ("SmLs02", 13, ""),
            ("SmLs03", 12, ""),
            ("SmLs04", 9, "1e6"),
            ("SmLs05", 9, "1e6"),
            ("SmLs06", 9, "1e6"),
            ("SmLs07", 3, "1e12"),
            ("SmLs08", 3, "1e12"),
            ("SmLs09", 3, "1e12"),
        )
    ),
]
