"""Export of a run as a stand-alone Python script.

The script needs pandas and pyarrow, plus NumPy, SciPy, statsmodels or scikit-learn where the method does.
A procedure writes only the body; this module writes the part before it (reading, missing codes, filter,
weights) and after it (printing). The body finds

    data      pandas DataFrame: the run's rows, missing codes as NaN/None, index = 0-based row number
    weights   NumPy array of row weights (ones without a weight column)

    number(name)   a column as float64 array with NaN (text scores and checks as in `Frame.number_sql`)
    fact_id(...)   the id of a fact, by the same rules as `analysis.logic.output.fact_id`
    SEED           the run's seed

and must assign `results`, a dict from fact id to number. Strings of a user enter a script only through
`literal` (repr), never as code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.contracts import ColumnMeta, Measure, Storage, json_safe


@dataclass(frozen=True, slots=True)
class ScriptContext:
    """What the script generator knows of a run. `file_name` is the default of the script's first argument."""

    columns: tuple[ColumnMeta, ...]
    filter: Mapping[str, Any] | None = None
    weight: str | None = None
    seed: int = 20_240_229
    file_name: str = "dataset.parquet"
    confidence: float = 0.95

    def column(self, name: str) -> ColumnMeta:
        return next(c for c in self.columns if c.name == name)


def literal(value: Any) -> str:
    """Python source of a plain value; safe for any text."""
    return ascii(json_safe(value))


_READ = '''\
import json
import sys

import numpy as np
import pandas as pd

DATASET = sys.argv[1] if len(sys.argv) > 1 else {file_name}
WEIGHT = {weight}
SEED = {seed}
# Column -> stored values that mean "no answer".
MISSING = {missing}
# Ordinal text columns are scored by the position of their label.
SCORES = {scores}
FILTER = {filter}
USED = {used}


def compare(series, op, value):
    """Three-valued comparison: missing stays missing."""
    if op in ("is_missing", "not_missing"):
        return (series.isna() if op == "is_missing" else series.notna()).astype("boolean")
    if op in ("contains", "starts_with"):
        text = series.astype("string").str.lower()
        needle = value.lower()
        known = text.str.contains(needle, regex=False) if op == "contains" else text.str.startswith(needle)
    else:
        typed = [convert(series, v) for v in (value if isinstance(value, list) else [value])]
        if op == "in":
            known = series.isin(typed)
        elif op == "not_in":
            known = ~series.isin(typed)
        elif op == "between":
            known = (series >= typed[0]) & (series <= typed[1])
        else:
            known = getattr(series, op)(typed[0])
    return known.astype("boolean").mask(series.isna())


def convert(series, value):
    if pd.api.types.is_datetime64_any_dtype(series):
        return pd.Timestamp(value)
    if pd.api.types.is_bool_dtype(series):
        return bool(value)
    if pd.api.types.is_numeric_dtype(series):
        return float(value)
    return str(value)


def keep(frame, tree):
    if "and" in tree or "or" in tree:
        parts = [keep(frame, child) for child in tree.get("and", tree.get("or"))]
        joined = parts[0]
        for part in parts[1:]:
            joined = joined & part if "and" in tree else joined | part
        return joined
    if "not" in tree:
        return ~keep(frame, tree["not"])
    return compare(frame[tree["column"]], tree["op"], tree.get("value"))


def number(name):
    """Values of a column as float64; missing and infinite values are NaN."""
    series = data[name]
    if name in SCORES:
        return series.map({{label: float(i + 1) for i, label in enumerate(SCORES[name])}}).to_numpy(dtype=float)
    values = pd.to_numeric(series, errors="raise").astype("float64").to_numpy(copy=True, na_value=np.nan)
    values[~np.isfinite(values)] = np.nan
    return values


def fact_id(*parts):
    """Id of a figure in the platform's result."""
    written = []
    for part in parts:
        part = part.item() if isinstance(part, np.generic) else part
        part = part.isoformat() if hasattr(part, "isoformat") else part
        part = int(part) if isinstance(part, float) and part.is_integer() and abs(part) < 1e15 else part
        written.append(str(part).removesuffix("T00:00:00").replace("%", "%25").replace(".", "%2E"))
    return ".".join(written)


data = pd.read_parquet(DATASET, columns=USED)
for name in data.columns:
    if str(data[name].dtype) == "object" and data[name].dropna().map(lambda v: hasattr(v, "isoformat")).all():
        data[name] = pd.to_datetime(data[name])
    for code in MISSING.get(name, []):
        data[name] = data[name].mask(data[name] == code)
if FILTER is not None:
    data = data[keep(data, FILTER).fillna(False).astype(bool)]
weights = np.ones(len(data))
if WEIGHT is not None:
    weights = number(WEIGHT)
    usable = np.isfinite(weights) & (weights > 0)
    data, weights = data[usable], weights[usable]

'''

_WRITE = """

def plain(value):
    if value is None:
        return None
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


print(json.dumps({name: plain(value) for name, value in results.items()}, indent=2))
"""


def stand_alone_script(title: str, body: str, context: ScriptContext, used: Sequence[str]) -> str:
    """The complete script. `used` are the columns the parameters refer to; filter and weight are added."""
    from analysis.logic.filters import filter_columns

    names = list(
        dict.fromkeys([*used, *filter_columns(context.filter), *([context.weight] if context.weight else [])])
    )
    metas = [context.column(name) for name in names]
    head = _READ.format(
        file_name=literal(context.file_name),
        weight=literal(context.weight),
        seed=int(context.seed),
        missing=literal({m.name: list(m.missing_codes) for m in metas if m.missing_codes}),
        scores=literal(
            {
                m.name: [str(value) for value, _ in m.value_labels]
                for m in metas
                if m.storage is Storage.TEXT and m.measure is Measure.ORDINAL and m.value_labels
            }
        ),
        filter=literal(None if context.filter is None else json.loads(json.dumps(json_safe(context.filter)))),
        used=literal(names),
    )
    opening = f'"""{_comment(title)}: reproduces the figures of one run. Prints them as JSON."""'
    return f"{opening}\n\n{head}{body.strip()}\n{_WRITE}"


def _comment(text: str) -> str:
    return "".join(character for character in text if character.isalnum() or character in " -,()/'")
