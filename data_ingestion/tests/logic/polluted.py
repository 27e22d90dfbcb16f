"""Our own generator of polluted CSV files, one pollution per file, and the scores they are judged by.

The pollution families and the ten measures (success; header, record and cell precision, recall and F1 over
multisets) follow the description of the Pollock benchmark (Vitagliano, Hameed, Jiang, Reisener, Wu, Naumann:
"Pollock: A Data Loading Benchmark", PVLDB 16(8), 2023). The source tables are made here from word lists.
"""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Cell = tuple[str, bool]  # text, quoted in the source


@dataclass(frozen=True)
class Polluted:
    """One polluted file: its name and family, the bytes, and the rows (header first) a perfect loader gives."""

    name: str
    family: str
    data: bytes
    clean: list[list[str]]


@dataclass
class Source:
    """A clean table: header and rows with the quoting of the source file."""

    name: str
    rows: list[list[Cell]]

    def clean(self) -> list[list[str]]:
        return [[text for text, _ in row] for row in self.rows]


_ADJECTIVES = [
    "Light",
    "Heavy",
    "Foldable",
    "Classic",
    "Modern",
    "Compact",
    "Robust",
    "Soft",
    "Waterproof",
    "Recycled",
]
_THINGS = [
    "Desk Lamp",
    "Camping Chair",
    "Rain Jacket",
    "Trail Bike",
    "Café Table",
    "Toolbox",
    "Hat",
    "Wool Socks",
]
_ENDINGS = [
    "Great for small rooms, long evenings and readers who won't compromise.",
    "Folds flat, weighs little, and fits in every car.",
    'The "no rain" guarantee holds for two years, whatever the weather.',
    "Made for people who don't like to wait.",
    'Comes with a 12" bar, screws and a cloth bag.',
    "Our customers' favourite, now in blue, green and red.",
]


def shop_source(rows: int = 40, seed: int = 7) -> Source:
    """Dates, times, counts, codes, prices, unquoted names with blanks, quoted prose, quoted URLs, empty notes."""
    rng = random.Random(seed)
    header = ["Day", "Hour", "Units", "ITEMCODE", "Price", "ItemName", "LongText", "Link", "Remarks"]
    table: list[list[Cell]] = [[(name, name in ("LongText", "Link")) for name in header]]
    for number in range(rows):
        code = f"{rng.choice(['AB', 'QX', 'LT'])}-{rng.randint(1000, 9999)}"
        item = f"{rng.choice(_ADJECTIVES)} {rng.choice(_THINGS)}"
        if rng.random() < 0.3:
            item = f"Men's {item}"
        table.append(
            [
                (f"{1 + number % 28:02}/{1 + number // 28:02}/2019", False),
                (f"{number % 24:02}:{rng.choice(['00', '15', '30', '45'])}", False),
                (str(rng.randint(0, 12)), False),
                (code, False),
                (f"${rng.uniform(2, 99):.{rng.choice([1, 2])}f}", False),
                (item, False),
                (f"This {item.lower()} is a good choice. {rng.choice(_ENDINGS)}", True),
                (f"https://shop.example.org/item/{code.replace('-', '_')}.html", True),
                ("call back" if number == 17 else "", False),
            ]
        )
    return Source("shop", table)


def survey_source(rows: int = 40, seed: int = 11) -> Source:
    """Respondent ids, ages, Likert answers, decimal scores, quoted open answers."""
    rng = random.Random(seed)
    header = ["respondent", "age", "gender", "q1_satisfied", "q2_score", "started", "open_answer"]
    answers = ["Very satisfied", "Satisfied", "Neutral", "Dissatisfied"]
    table: list[list[Cell]] = [[(name, False) for name in header]]
    table += [
        [
            (f"R{number + 100:05}", False),
            (str(rng.randint(18, 88)), False),
            (rng.choice(["female", "male", "other"]), False),
            (rng.choice(answers), False),
            (f"{rng.uniform(0, 10):.2f}", False),
            (f"2024-0{rng.randint(1, 9)}-{rng.randint(10, 28)}", False),
            (f"{rng.choice(_ENDINGS)} {rng.choice(['Fine.', 'Next time, please call.', 'OK'])}", True),
        ]
        for number in range(rows)
    ]
    return Source("survey", table)


def _write(
    rows: Sequence[Sequence[Cell]],
    *,
    delimiter: str = ",",
    quote: str = '"',
    escape: str = '"',
    newline: str = "\r\n",
) -> str:
    return "".join(_line(row, delimiter=delimiter, quote=quote, escape=escape) + newline for row in rows)


def _line(row: Sequence[Cell], *, delimiter: str = ",", quote: str = '"', escape: str = '"') -> str:
    return delimiter.join(_cell(cell, quote, escape) for cell in row)


def _cell(cell: Cell, quote: str, escape: str) -> str:
    text, quoted = cell
    if not quoted:
        return text
    return quote + text.replace('"', escape + '"') + quote


def generate(source: Source, *, every: int = 1) -> Iterator[Polluted]:
    """All pollutions of ``source``; of the per-cell families only each ``every``-th file."""
    clean = source.clean()
    lines = [_line(row) for row in source.rows]

    def make(
        name: str, family: str, text: str, rows: list[list[str]] | None = None, encoding: str = "utf-8"
    ) -> Polluted:
        return Polluted(
            f"{source.name}_{name}", family, text.encode(encoding), clean if rows is None else rows
        )

    joined = _write(source.rows)
    yield make("source", "source", joined)
    yield make("no_payload", "file", "", [])
    yield make("no_trailing_newline", "file", joined.removesuffix("\r\n"))
    yield make("double_trailing_newline", "file", joined + "\r\n")
    yield make("no_header", "header", _write(source.rows[1:]), clean[1:])
    for extra in (2, 3):
        head = [" ".join([name] * extra) for name in clean[0]]
        text = _write([[(n, False) for n in clean[0]]] * (extra - 1)) + joined
        yield make(f"header_multirow_{extra}", "header", text, [head, *clean[1:]])
    width = len(clean[0])
    empty = "," * (width - 1)
    yield make("preamble", "preamble", f"PREAMBLE{empty}\r\n{empty}\r\n{joined}")
    yield make("preamble_plain", "preamble", f"Sales report\r\nMade on Monday\r\n\r\n{joined}")
    yield make("footnote", "footnote", f"{joined}{empty}\r\nSource: our own shop{empty}\r\n")
    yield make("footnote_plain", "footnote", f"{joined}\r\nSource: our own shop\r\n")
    second = [[(text, "," in text) for text, _ in row] for row in source.rows[:-1]]
    yield make("multitable_less", "multitable", joined + _write([row[:-1] for row in second]))
    yield make("multitable_same", "multitable", joined + _write(second))
    yield make(
        "multitable_more",
        "multitable",
        joined + _write([[*row, row[-1] if i else ("col1", False)] for i, row in enumerate(second)]),
    )
    yield make("header_only", "size", lines[0] + "\r\n", clean[:1])
    yield make("one_data_row", "size", _write(source.rows[:2]), clean[:2])
    for name, newline in (("lf", "\n"), ("cr", "\r")):
        yield make(f"record_delimiter_{name}", "record delimiter", _write(source.rows, newline=newline))
    mixed = "".join(line + ("\r\n", "\n", "\r")[i % 3] for i, line in enumerate(lines))
    yield make("record_delimiter_mixed", "record delimiter", mixed)
    for name, delimiter in (
        ("semicolon", ";"),
        ("tab", "\t"),
        ("comma_space", ", "),
        ("space", " "),
        ("pipe", "|"),
    ):
        yield make(f"field_delimiter_{name}", "field delimiter", _write(source.rows, delimiter=delimiter))
    yield make("quotation_apostrophe", "quotation", _write(source.rows, quote="'", escape=""))
    yield make("escape_backslash", "escape", _write(source.rows, escape="\\"))
    yield make("escape_none", "escape", _write(source.rows, escape=""))
    for encoding in ("utf-16", "latin-1", "utf-8-sig"):
        yield make(f"encoding_{encoding}", "encoding", joined, encoding=encoding)
    number = 0
    for index, row in enumerate(source.rows):
        space = _line(row, delimiter=" ")
        number += 1
        if number % every == 0 or index < 2:
            yield make(f"row_field_delimiter_{index}_space", "row delimiter", _with_line(lines, index, space))
        for column in range(width):
            number += 1
            if number % every and not (index < 2 and every < 50):
                continue
            cells = [_cell(cell, '"', '"') for cell in row]
            extra_text = ",".join([*cells[:column], "", *cells[column:]])
            yield make(
                f"row_more_sep_{index}_{column}", "extra separator", _with_line(lines, index, extra_text)
            )
            if column:
                glued = [*cells[: column - 1], cells[column - 1] + cells[column], *cells[column + 1 :]]
                yield make(
                    f"row_less_sep_{index}_{column}",
                    "missing separator",
                    _with_line(lines, index, ",".join(glued)),
                )
            text, quoted = row[column]
            stray = [list(r) for r in clean]
            stray[index][column] = '"' + text
            cells[column] = '""' + cells[column][1:] if quoted else '"' + cells[column]
            yield make(
                f"row_extra_quote_{index}_{column}",
                "stray quote",
                _with_line(lines, index, ",".join(cells)),
                stray,
            )


def _with_line(lines: Sequence[str], index: int, replacement: str) -> str:
    return "".join((replacement if i == index else line) + "\r\n" for i, line in enumerate(lines))


# --- scores -------------------------------------------------------------------------------------------------------


def _normalised(cell: str) -> str:
    """Equal numbers and differently cased words count as equal, as in the benchmark."""
    text = cell.strip()
    try:
        return repr(float(text)) if text and any(c.isdigit() for c in text) else cell.lower()
    except ValueError:
        return cell.lower()


def _overlap(expected: Counter[str], found: Counter[str]) -> tuple[float, float, float]:
    if not expected:
        return 1.0, 1.0, 1.0
    common = (expected & found).total()
    if not common or not found:
        return 0.0, 0.0, 0.0
    precision, recall = common / found.total(), common / expected.total()
    return precision, recall, 2 * precision * recall / (precision + recall)


def score(clean: list[list[str]], loaded: list[list[str]] | None) -> float:
    """Sum of the ten measures, 0 to 10; ``loaded`` is None when loading failed."""
    if loaded is None:
        return 0.0
    if not clean:
        return 10.0
    total = 1.0
    head = [Counter(map(_normalised, rows[0])) if rows else Counter() for rows in (clean, loaded)]
    total += sum(_overlap(*head))
    records = [Counter("".join(map(_normalised, row)) for row in rows[1:]) for rows in (clean, loaded)]
    total += sum(_overlap(*records))
    cells = [Counter(cell for row in rows for cell in row) for rows in (clean, loaded)]
    return total + sum(_overlap(*cells))


def through_csv(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Write and read again as standard CSV, as the outside scorer does."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return list(csv.reader(io.StringIO(buffer.getvalue())))


def score_all(
    files: Iterator[Polluted], load: Callable[[bytes], list[list[str]]]
) -> dict[str, list[tuple[str, float]]]:
    """(file name, score) per family for a loader that turns bytes into rows (header first)."""
    table: dict[str, list[tuple[str, float]]] = {}
    for file in files:
        try:
            loaded: list[list[str]] | None = through_csv(load(file.data))
        except Exception:
            loaded = None
        table.setdefault(file.family, []).append((file.name, score(file.clean, loaded)))
    return table
